"""Learners who never claimed are erased by the daemon after a set time, and nobody else is."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from nvqsync import backup
from nvqsync.cli import program
from nvqsync.daemon import Daemon
from nvqsync.record_keeping import anonymising
from nvqsync.record_keeping.verifying import verify
from nvqsync.service.locks import only_one
from nvqsync.storage import store_audit, store_retention
from nvqsync.sync import run_pass
from tests.workshop import NOON, UNITS, Workshop, ready_to_export, workshop

DAY, MONTH = 86_400, 2_629_746
CLAIMED, BARE, REGISTERED, ENROLLED = 1, 2, 3, 4


@pytest.fixture
def shop(tmp_path: Path):
    """One with a claim, one with grades only, one registered, who all left; and one who is still on the roster."""
    with workshop(tmp_path, 4) as found:
        for number in (BARE, REGISTERED, ENROLLED):
            found.lms.grade(number, "F1")
        ready_to_export(found, [CLAIMED])
        found.register(REGISTERED)
        for number in (CLAIMED, BARE, REGISTERED):
            del found.lms.members[str(number)]
        found.lms.grades = {key: one for key, one in found.lms.grades.items() if key[1] == str(ENROLLED)}
        with found.open_store() as store:
            run_pass(found.app, store, found.lms, by="test", accept_vanished=["1"])
        yield found


def nights(shop: Workshop, months: float, **settings: object) -> Daemon:
    """A daemon so many months on: a pass, and the full one of the night after."""
    told = shop.app.settings
    told = told.model_copy(update={"retention": told.retention.model_copy(update=settings)})
    now = [NOON + int(months * MONTH)]
    daemon = Daemon(replace(shop.app, settings=told, now=lambda: now[0]), steady=lambda: now[0])
    for _ in range(2):
        now[0] += DAY
        shop.lms.clock = now[0]
        assert daemon.tick()
    return daemon


def erased(shop: Workshop) -> set[str]:
    with shop.open_store() as store:
        assert verify(store).sound
        return store_retention.anonymised(store)


def test_who_never_claimed_goes_at_night_and_nobody_else(shop: Workshop) -> None:
    """Not before the time is over; then only who has no claim, no registration and no place on a roster."""
    nights(shop, 23)
    assert erased(shop) == set()
    nights(shop, 25)
    assert erased(shop) == {str(BARE)}
    left = b"".join(path.read_bytes() for path in shop.folder.glob("nvqsync.db*") if path.is_file())
    assert b"Invented2" not in left
    assert all(f"Invented{number}".encode() in left for number in (CLAIMED, REGISTERED, ENROLLED))
    with shop.open_store() as store:
        (entry,) = [one for one in store_audit.audit_story(store, f"learner:{BARE}") if one["action"] == "erase"]
    assert entry["actor"] == "nvqsync"
    assert "UNCLAIMED (No claim. The last thing recorded is of 2026-11-10: 24 months from then.)" in entry["text"]
    nights(shop, 200)
    assert erased(shop) == {str(BARE)}, "whatever rests on a claim waits for a person"


def test_the_time_is_set(shop: Workshop) -> None:
    """Another time, or never: then nobody goes by themselves, and a person erases after the years."""
    nights(shop, 100, unclaimed_months="never")
    assert erased(shop) == set()
    nights(shop, 13, unclaimed_months=12)
    assert erased(shop) == {str(BARE)}


def test_what_hinders_it_is_told_and_tried_again(shop: Workshop, caplog: pytest.LogCaptureFixture) -> None:
    """While an export runs nobody is erased and the pass is no failure; the next night goes on."""
    caplog.set_level(logging.INFO, "nvqsync")
    with only_one(shop.app.settings.database, "export"):
        nights(shop, 25)
    assert "who never claimed was not erased, it is tried again tomorrow: Another export" in caplog.text
    assert erased(shop) == set()
    nights(shop, 26)
    assert erased(shop) == {str(BARE)}
    assert "they never claimed and their time is over: 1 learners" in caplog.text
    assert UNITS[0] not in caplog.text


def test_a_restore_says_whom_it_brings_back(shop: Workshop) -> None:
    """Who was erased since the backup was made stands in it still; the restored database would not know."""
    with shop.open_store() as store:
        made = backup.make(store, shop.folder / "elsewhere", now=NOON)
    answer = CliRunner().invoke(program, ["restore", str(made), "--dry-run"], env=shop.for_commands())
    assert "Erased after" not in answer.output
    nights(shop, 25)
    answer = CliRunner().invoke(program, ["restore", str(made), "--dry-run"], env=shop.for_commands())
    assert f"there again once it is restored: learners {BARE} (ids in the LMS)" in answer.output


def test_a_person_sees_who_would_go(shop: Workshop) -> None:
    """The rule and its day stand in the list beside everybody's."""
    with shop.open_store() as store:
        found = {one.records.learner_id: one.binding for one in anonymising.keeping(shop.app, store)}
    bare = found[str(BARE)]
    assert bare is not None
    assert (bare.rule, str(bare.until)) == ("UNCLAIMED", "2028-11-10")
