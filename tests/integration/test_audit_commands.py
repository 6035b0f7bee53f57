"""``audit`` and ``retention`` as a person types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine

from docs.told import DAY, NINE_O_CLOCK, invented_college
from nvqsync.store import Store
from tests.rehearsal import Rehearsal, rehearsing


@pytest.fixture
def years(tmp_path: Path) -> Iterator[tuple[Rehearsal, time_machine.Traveller]]:
    """The invented college after one pass, and its clock."""
    with (
        time_machine.travel(NINE_O_CLOCK, tick=False) as clock,
        rehearsing(tmp_path, invented_college()) as rehearsal,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("NVQSYNC_ACTOR", "j.lister")
        rehearsal.run("sync")
        yield rehearsal, clock


def gone(rehearsal: Rehearsal) -> None:
    """Claims withdrawn, and everyone off the roster: what the LMS would say once they have left."""
    for claim in rehearsal.claims():
        rehearsal.run("claims", "withdraw", str(claim["id"]), "--why", "Went to another centre.")
    with Store(rehearsal.database()) as store, store.writing():
        store.execute("UPDATE memberships SET gone = 1, left_at = ?", [NINE_O_CLOCK])


def test_retention_from_first_look_to_the_last_byte(years: tuple[Rehearsal, time_machine.Traveller]) -> None:
    """Shown with its day and rule, refused before it, looked at in a dry run, applied; then nothing is left to do."""
    rehearsal, clock = years
    gone(rehearsal)
    first = rehearsal.run("retention", "show", "CS-0101", "--json").json[0]
    assert (first["due"], first["earliest"], first["rule"]) == (False, "2029-11-09", "RET-1")
    early = rehearsal.run("learner", "erase", "CS-0101", "--rule", "Request", "--yes")
    assert early.status == 1
    assert "The earliest day is 2029-11-09." in early.err
    clock.shift(3 * 366 * DAY)
    copy = json.loads(rehearsal.run("learner", "export", "CS-0101").out)
    assert copy["records"]["learners"][0]["name"] == "Amira Holt"
    assert rehearsal.run("retention", "apply", "--dry-run", "--json").json["anonymised"] == []
    done = rehearsal.run("retention", "apply", "--yes", "--json").json
    assert (len(done["anonymised"]) >= 3, done["swept"]) == (True, True)
    assert b"Amira" not in rehearsal.database().read_bytes()
    verified = rehearsal.run("audit", "verify", "--json")
    assert (verified.status, verified.json["erased"] > 0) == (0, True)
    assert "The words were erased" in rehearsal.run("audit", "show", "1").out
    rehearsal.run("retention", "apply", "--yes")  # whoever assessed them: nothing of theirs is kept any more
    assert rehearsal.run("retention", "apply", "--json").json["anonymised"] == []


def test_who_was_asked_to_keep_the_portfolio_is_on_record(years: tuple[Rehearsal, time_machine.Traveller]) -> None:
    """Never for a day that has not come; a dry run records nothing."""
    rehearsal, _ = years
    assert rehearsal.run("retention", "asked", "CS-0101", "--on", "2027-01-01").status == 2
    assert rehearsal.run("retention", "asked", "CS-0101", "--on", "yesterday").status == 2
    rehearsal.run("retention", "asked", "CS-0101", "--dry-run")
    assert "asked to keep" not in rehearsal.run("audit", "show", "--learner", "CS-0101").out
    rehearsal.run("retention", "asked", "CS-0101", "--on", "2026-11-02")
    told = rehearsal.run("audit", "show", "--learner", "CS-0101").out
    assert "j.lister recorded that the candidate was asked to keep their portfolio. Asked on 2026-11-02" in told


def test_the_log_comes_a_page_at_a_time(years: tuple[Rehearsal, time_machine.Traveller]) -> None:
    """The pages put together are the log, and --since leaves out what was before."""
    rehearsal, clock = years
    whole = rehearsal.run("audit", "log", "--json").json
    first = rehearsal.run("audit", "log", "--limit", "1", "--json").json
    rest = rehearsal.run("audit", "log", "--after", str(first["next"]), "--json").json
    assert first["entries"] + rest["entries"] == whole["entries"]
    assert (whole["next"], rest["next"]) == (None, None)
    clock.shift(2 * DAY)
    rehearsal.run("claims", "hold", "1", "--why", "Name to be checked")
    since = rehearsal.run("audit", "log", "--since", "2026-11-11").out
    assert since.count("\n") == 1
    assert "j.lister put the claim on hold. Name to be checked." in since


def test_a_head_written_down_finds_a_log_cut_short(years: tuple[Rehearsal, time_machine.Traveller]) -> None:
    """The head of now is held to; one the log never had is a fault; what is no head is said to be none."""
    rehearsal, _ = years
    head = rehearsal.run("audit", "head").out.strip()
    assert rehearsal.run("audit", "verify", "--head", head).status == 0
    entry, _, digest = head.partition(":")
    later = rehearsal.run("audit", "verify", "--head", f"{int(entry) + 5}:{digest}")
    assert later.status == 1
    assert f"entry {int(entry) + 1} does not fit: it is missing" in later.out
    assert rehearsal.run("audit", "verify", "--head", "12").status == 2


def test_a_batch_file_outside_proves_the_log(years: tuple[Rehearsal, time_machine.Traveller]) -> None:
    """A batch file with another head than the log has at that entry is found, whatever the database says."""
    rehearsal, _ = years
    head = rehearsal.run("audit", "head").out.strip()
    folder = rehearsal.folder / "exports"
    folder.mkdir(exist_ok=True)
    (folder / "other.json").write_text(json.dumps({"audit_head": head[:-4] + "0bad"}), encoding="utf-8")
    (folder / "unlike.json").write_text("[]", encoding="utf-8")
    answer = rehearsal.run("audit", "verify")
    assert answer.status == 1
    assert "other.json names" in answer.out
