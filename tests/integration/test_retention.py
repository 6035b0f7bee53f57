"""Records are kept as long as the rules say, and then taken out whole: no byte of a name stays in the file."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.interchange_mock.portal import Portal
from nvqsync.centre import Visit
from nvqsync.centres.centre_entering import enter
from nvqsync.centres.centre_record import CentreRecord
from nvqsync.claims import Event
from nvqsync.errors import InputError, NotAllowed
from nvqsync.quality import IqaOutcome, Release, Simulation
from nvqsync.record_keeping import anonymising, audit
from nvqsync.record_keeping.verifying import verify
from nvqsync.storage import (
    store_audit,
    store_centre,
    store_claims,
    store_declarations,
    store_lms,
    store_quality,
    store_retention,
)
from nvqsync.storage.holdings import ELSEWHERE, HOLDINGS, IMPERSONAL
from nvqsync.store import Store
from tests.quality import IQA_ID
from tests.workshop import NOON, ROOT, UNITS, Workshop, ready_to_export, set_up, uln

YEAR = 366 * 86400


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    """A portal that certificates everything."""
    with Portal(return_rate=0) as running:
        yield running


@pytest.fixture
def shop(tmp_path: Path, portal: Portal) -> Workshop:
    """Three learners with claims that wait for the verifier: no direct claim status, so no visit is waited for."""
    found = set_up(tmp_path, portal, 3)
    with found.open_store() as store:
        enter(found.app, store, _without_direct_claims, by="test")
    return found


def _visited(record: CentreRecord) -> CentreRecord:
    """The same record, with a visit that authorised the claims of the first two."""
    visit = Visit("OCR/03455", dt.date(2026, 11, 9), "Ottilie Brandt", learners=("1", "2"))
    return record.with_items(visit)


def _without_direct_claims(record: CentreRecord) -> CentreRecord:
    """The same record, but that every claim waits for the verifier."""
    approvals = (replace(one, direct_claim_from=None) for one in record.approvals)
    return record.with_items(*approvals)


def certificated(shop: Workshop, *numbers: int) -> None:
    """Claims of these learners, with their certificates; everyone then leaves the course."""
    ready_to_export(shop, numbers)
    shop.finish()
    with shop.open_store() as store, store.writing():
        for claim in store_claims.claims(store, "status = 'certificated'"):
            store_claims.change_claim(store, claim, claim.status, at=NOON, actor="officer", action="certificate",
                                      why="Seen on paper.", certificate_number=f"C{claim.id}00777",
                                      certificated_on="2026-11-10")  # fmt: skip
    assert {claim.certificate_number for claim in shop.claims()} == {f"C{n}00777" for n, _ in enumerate(numbers, 1)}


def leave(shop: Workshop, *numbers: int) -> None:
    """Take learners off the roster, and read it."""
    for number in numbers:
        del shop.lms.members[str(number)]
        for key in [key for key in shop.lms.grades if key[1] == str(number)]:
            del shop.lms.grades[key]
    with shop.open_store() as store:
        from nvqsync.sync import run_pass

        run_pass(shop.app, store, shop.app.open_lms(), by="test", accept_vanished=["1"])


def later(shop: Workshop, years: float) -> Workshop:
    """The same college so many years on."""
    moment = NOON + int(years * YEAR)
    return replace(shop, app=replace(shop.app, now=lambda: moment))


def apply(shop: Workshop, *learners: str) -> anonymising.Applied:
    """Anonymise these, or whoever's time is over."""
    with shop.open_store() as store:
        due = [one.records.learner_id for one in anonymising.over(shop.app, anonymising.keeping(shop.app, store))]
        return anonymising.apply(shop.app, store, list(learners) or due, by="officer")


def bytes_of(shop: Workshop) -> bytes:
    """Everything the database has on disk, but for the zeros that stand before the log's first digest.

    Whenever that digest begins with a one, the two together would read as the number of candidate 00000001.
    """
    database = shop.app.settings.database
    files = [file for file in sorted(database.parent.glob(f"{database.name}*")) if file.is_file()]
    return b"".join(file.read_bytes() for file in files).replace(audit.GENESIS.encode(), b"")


def counts(shop: Workshop) -> dict[str, object]:
    """The statistics: claims by status, and how many learners, registrations, batches there are."""
    with shop.open_store() as store:
        tables = ("learners", "registrations", "claims", "batches")
        many = {table: store.rows(f"SELECT COUNT(*) AS n FROM {table}")[0]["n"] for table in tables}
        credits = sum(claim.facts["credits"] for claim in store_claims.claims(store))
        return {**many, **store_claims.count_by_status(store), "credits": credits}


def test_no_byte_of_an_erased_person_stays_in_the_file(shop: Workshop) -> None:
    """What named those who left is gone from every page, who stayed is untouched, and the chain holds."""
    certificated(shop, 1, 2, 3)
    shop.act(Event.HOLD, 1)
    with shop.open_store() as store:
        store_retention.record_request(store, "1", dt.date(2026, 11, 9), actor="officer", at=NOON)
        fingerprint = _write_about(store)
    leave(shop, 1, 2)
    before = counts(shop)
    gone = ["Invented1", "Invented2", uln(1), uln(2), "00000001", "C100777", "Grandmother", fingerprint]
    assert all(word.encode() in bytes_of(shop) for word in gone)
    on = later(shop, 3.1)
    done = apply(on)
    assert (done.anonymised, done.swept) == (("1", "2"), True)
    assert done.files
    left = bytes_of(on)
    assert [word for word in gone if word.encode() in left] == []
    assert b"Invented3" in left
    assert counts(on) == before
    assert on.faults() == []


def _write_about(store: Store) -> str:
    """What people write in their own words about the first learner; returns their claim's fingerprint."""
    claim, on = store_claims.claim(store, 1), dt.date(2026, 11, 9)
    with store.writing():
        store_declarations.record_note(store, claim, "Grandmother wrote a statement.", actor="officer", at=NOON)
    asked = Release("OCR/03455", IQA_ID, on, IqaOutcome.ACTION, claim.learner_id, action="Ask the Grandmother.")
    (release,) = store_quality.record_releases(store, [asked], by="officer", at=NOON, why="Grandmother, again.")
    store_quality.action_done(store, release.id, on=on, iqa=IQA_ID, by="officer", at=NOON, why="Grandmother asked.")
    acted = Simulation(claim.learner_id, "OCR/03455", "R/601/1226", IQA_ID, on, on, "Grandmother was ill.")
    simulation = store_quality.record_simulation(store, acted, by="officer", at=NOON)
    store_quality.sample_simulation(store, simulation.id, iqa=IQA_ID, on=on, by="officer", at=NOON)
    return claim.fingerprint


def test_nobody_goes_before_the_day(shop: Workshop) -> None:
    """A day before three years nobody is due, and one erased by request is told the day."""
    certificated(shop, 1, 2)
    leave(shop, 1, 2)
    on = later(shop, 2.9)
    assert apply(on).anonymised == ()
    assert apply(on, "1").anonymised == ()
    with on.open_store() as store, pytest.raises(NotAllowed, match="The earliest day is 2029-11-10"):
        anonymising.erase(on.app, store, "1", by="officer", rule="Request of May 2029")


def test_whoever_is_on_a_roster_or_has_an_open_claim_stays(shop: Workshop) -> None:
    """However many years have passed."""
    ready_to_export(shop, [1, 2])
    leave(shop, 1)
    on = later(shop, 50)
    assert apply(on).anonymised == ()
    with on.open_store() as store:
        reasons = {one.records.learner_id: {hold.rule for hold in one.holds}
                   for one in anonymising.keeping(on.app, store)}  # fmt: skip
    assert "OPEN" in reasons["1"]
    assert "ROSTER" in reasons["2"]


def test_a_course_that_is_read_no_more_is_nobodys_roster(shop: Workshop) -> None:
    """Once other courses were read for a year without it. While nothing at all is read, everyone on it stays."""
    certificated(shop, 1)
    on = later(shop, 4)
    assert apply(on).anonymised == ()
    with on.open_store() as store, store.writing():
        store.execute("INSERT INTO courses VALUES ('2', 'NEW', 'New', '', ?, NULL)", [NOON + 2 * YEAR])
    assert "1" in apply(on).anonymised


def test_erasing_twice_changes_nothing(shop: Workshop) -> None:
    """The second run finds nobody and adds no entry."""
    certificated(shop, 1)
    leave(shop, 1)
    on = later(shop, 4)
    assert apply(on).anonymised == ("1",)
    with on.open_store() as store:
        entries = len(store_audit.audit_entries(store))
    assert apply(on).anonymised == ()
    assert apply(on, "1").anonymised == ()
    with on.open_store() as store:
        assert len(store_audit.audit_entries(store)) == entries
        with pytest.raises(NotAllowed, match="already"):
            anonymising.erase(on.app, store, "1", by="officer", rule="Request")


def test_who_was_erased_is_on_no_visits_list(shop: Workshop) -> None:
    """A visit keeps whom else it authorised, and nothing of the one who is gone."""
    certificated(shop, 1, 2)
    leave(shop, 1)
    on = later(shop, 4)
    with on.open_store() as store:
        enter(on.app, store, _visited, by="test")
    assert apply(on, "1").anonymised == ("1",)
    with on.open_store() as store:
        assert [visit.learners for visit in store_centre.read(store).visits] == [("2",)]
    assert on.faults() == []


def test_the_log_says_what_was_erased_under_which_rule(shop: Workshop) -> None:
    """The words are gone, and each entry points to the one that erased them."""
    certificated(shop, 1)
    leave(shop, 1)
    on = later(shop, 4)
    with on.open_store() as store:
        with pytest.raises(InputError, match="names the learner"):
            anonymising.erase(on.app, store, "1", by="officer", rule="Sasha asked for it")
        anonymising.erase(on.app, store, "1", by="officer", rule="Request of May 2030")
        story = store_audit.audit_story(store, "claim:1")
        last = store_audit.audit_story(store, "learner:1")[-1]
    assert last["action"] == "erase"
    assert "Request of May 2030" in last["text"]
    assert {entry["erased_by"] for entry in story if entry["action"] != "anonymise"} == {last["id"]}
    assert not [entry for entry in story if entry["text"] and entry["action"] != "anonymise"]


def test_who_comes_back_is_not_put_into_old_records(shop: Workshop) -> None:
    """A pass reads nothing of them and says so, until a person readmits them; the old claim keeps no name."""
    certificated(shop, 1)
    leave(shop, 1)
    on = later(shop, 4)
    on.lms.clock = on.app.now()
    apply(on)
    on.lms.enrol(1)
    on.lms.grade(1, *UNITS)
    report = on.sync()
    assert [notice.learner_id for notice in report.notices if notice.code == "anonymised-returned"] == ["1"]
    assert b"Invented1" not in bytes_of(on)
    with on.open_store() as store:
        assert store_lms.grades(store, ["1"], ["1"]) == []
        assert store_retention.readmit(store, "1", why="Enrolled for Level 3.", actor="officer", at=on.app.now())
    again = on.sync()
    assert not [notice for notice in again.notices if notice.code == "anonymised-returned"]
    assert b"Invented1" in bytes_of(on)
    assert [claim.certificate_number for claim in on.claims()] == [""]
    assert on.faults() == []


APPLY = """
import sys
from pathlib import Path
from nvqsync import clock
from nvqsync.record_keeping import anonymising
from nvqsync.bootstrap import bootstrap
app = bootstrap(Path(sys.argv[1]), lambda: int(sys.argv[2]))
with app.open_store() as store:
    due = [one.records.learner_id for one in anonymising.over(app, anonymising.keeping(app, store))]
    anonymising.apply(app, store, due, by="officer", tick=lambda done: print(done, flush=True))
"""


def test_killed_in_the_middle_the_next_run_goes_on(tmp_path: Path, portal: Portal) -> None:
    """Each learner is whole or anonymised, the chain verifies, and the next run finishes and sweeps."""
    shop = set_up(tmp_path, portal, 12)
    certificated(shop, 1, 2)
    shop.for_commands()
    leave(shop, *range(1, 13))
    on = later(shop, 60)
    with on.open_store() as store, store.writing():
        store.execute("UPDATE batches SET route = 'authorisation'")
    arguments = [sys.executable, "-c", APPLY, str(tmp_path / "csv_folder.toml"), str(on.app.now())]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    with on.open_store() as store:
        some = store_retention.anonymised(store)
        assert verify(store).sound
    assert len(some) >= 3
    time.sleep(0.05)
    apply(on)
    with on.open_store() as store:
        assert store_retention.anonymised(store) == {str(number) for number in range(1, 13)}
        assert verify(store).sound
    assert b"Invented" not in bytes_of(on)


def test_a_reader_in_the_way_is_told_of_and_the_next_run_sweeps(shop: Workshop) -> None:
    """While another process reads, the write-ahead log stays: the run says so, and the next one finishes the job."""
    certificated(shop, 1)
    leave(shop, 1)
    on = later(shop, 4)
    with on.open_store() as reader:
        reader.execute("PRAGMA busy_timeout = 50")
        with reader.reading():
            reader.rows("SELECT COUNT(*) FROM learners")
            with on.open_store() as store:
                store.execute("PRAGMA busy_timeout = 50")
                assert not anonymising.apply(on.app, store, ["1"], by="officer").swept
    assert apply(on).swept
    assert b"Invented1" not in bytes_of(on)


def test_every_table_says_what_it_holds_of_people(tmp_path: Path) -> None:
    """A table or column that nobody thought of cannot keep a person's name after erasure."""
    with Store(tmp_path / "a.db") as store:
        rows = store.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        tables = {row["name"] for row in rows if not row["name"].startswith("_")}
        assert tables == {holding.table for holding in HOLDINGS} | set(ELSEWHERE) | set(IMPERSONAL)
        for holding in HOLDINGS:
            columns = {row["name"] for row in store.rows(f"PRAGMA table_info({holding.table})")}
            assert holding.blank is None or columns == {holding.key, *holding.blank, *holding.keeps}
            assert holding.key in columns
        for table in IMPERSONAL:
            assert "learner_id" not in {row["name"] for row in store.rows(f"PRAGMA table_info({table})")}
    told = (ROOT / "docs" / "data-protection.md").read_text(encoding="utf-8")
    assert [table for table in tables if f"`{table}`" not in told] == []


def test_a_persons_copy_holds_all_about_them_and_nobody_else(shop: Workshop) -> None:
    """Rows of every table, the batches' lines and the log's words."""
    certificated(shop, 1, 2)
    with shop.open_store() as store:
        enter(shop.app, store, _visited, by="test")
        copy = dict(store_retention.everything_about(store, "1"))
    text = json.dumps(copy)
    assert [visit["learners"] for visit in copy["centre_visits"]] == [["1"]]
    assert all(word in text for word in ("Invented1", uln(1), "C100777"))
    assert "Invented2" not in text
    assert {len(copy[name]) for name in ("learners", "registrations", "claims", "batches")} == {1}
    assert len(copy["grades"]) == 6
