"""Releases and simulations in a real database: only ever added to, told to the audit log, asked for by learner."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nvqsync.errors import InputError, UnknownName
from nvqsync.quality import IqaOutcome, Release, Simulation
from nvqsync.record_keeping.audit import first_bad
from nvqsync.storage import store_audit, store_quality
from nvqsync.store import Store

Q = "OCR/03455"
ON = dt.date(2026, 11, 20)
MINE = Release(Q, "31", ON, learner_id="7", units=("F/601/1609",))
ASKED = replace(MINE, outcome=IqaOutcome.ACTION, action="Date the second observation")
COHORT = replace(MINE, learner_id="", course_id="1", units=())
ACTED = Simulation("7", Q, "K/601/1", "31", ON, ON, "Nobody complained.")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A database with two learners, one of them on course 1."""
    with Store(tmp_path / "nvqsync.db") as found:
        with found.writing():
            found.execute(
                "INSERT INTO courses (lms_id, short_name, full_name, id_number) VALUES ('1', 'C', 'C', ?)", [Q]
            )
            for learner in ("7", "8"):
                found.execute("INSERT INTO learners VALUES (?, 'Sasha Invented', '', '', '', NULL)", [learner])
            found.execute("INSERT INTO memberships (course_id, learner_id, roles, active) VALUES ('1', '8', '[]', 1)")
        yield found


def record(store: Store, *releases: Release) -> list[Release]:
    return store_quality.record_releases(store, releases, by="g.price", at=1, why="Sampled in November.")


def test_a_release_comes_back_as_it_was_recorded(store: Store) -> None:
    """Outcome, day, sampled units and action are kept, each release under a number of its own."""
    assert record(store, MINE, ASKED) == [replace(MINE, id=1), replace(ASKED, id=2)]
    assert store_quality.releases(store, Q) == [replace(MINE, id=1), replace(ASKED, id=2)]
    assert store_quality.releases(store, "OCR/10378") == []


def test_a_cohorts_release_is_everybodys_on_the_course(store: Store) -> None:
    """Whoever is or was on the course has it beside their own; the other learner has not."""
    record(store, MINE, COHORT)
    found = store_quality.releases_by_learner(store, Q)
    assert {learner: [one.id for one in mine] for learner, mine in found.items()} == {"7": [1], "8": [2]}


def test_an_action_is_done_once(store: Store) -> None:
    """Done, it releases; a second time, or for a release that asked for nothing, it is refused."""
    record(store, ASKED, MINE)
    done = store_quality.action_done(store, 1, on=ON, iqa="31", by="g.price", at=2, why="Seen.")
    assert done.releases
    assert store_quality.release(store, 1) == done
    for number in (1, 2):
        with pytest.raises(InputError, match="no open action"):
            store_quality.action_done(store, number, on=ON, iqa="31", by="g.price", at=3, why="")


def test_what_is_taken_back_is_out_of_force_and_stays(store: Store) -> None:
    """It no longer counts, cannot be taken back again, and is still there with who took it back and why."""
    record(store, MINE)
    store_quality.take_back_release(store, 1, on=ON, by="exams", at=5, why="The wrong learner.")
    assert store_quality.releases_by_learner(store, Q) == {}
    with pytest.raises(UnknownName):
        store_quality.take_back_release(store, 1, on=ON, by="exams", at=6, why="Again.")
    (kept,) = store_quality.release_rows(store, taken_back=True)
    assert (kept["taken_back_by"], kept["taken_back_at"], kept["taken_back_why"]) == ("exams", 5, "The wrong learner.")


def test_a_simulation_is_sampled_once_and_taken_back_once(store: Store) -> None:
    """Its sample is a row of its own; a second sample is refused, and so is anything after it was taken back."""
    assert store_quality.record_simulation(store, ACTED, by="g.price", at=1).id == 1
    sampled = store_quality.sample_simulation(store, 1, iqa="32", on=ON, by="g.price", at=2)
    assert store_quality.simulations_by_learner(store, Q) == {"7": (sampled,)}
    assert (sampled.sampled_by, sampled.sampled_on) == ("32", ON)
    with pytest.raises(InputError, match="was sampled"):
        store_quality.sample_simulation(store, 1, iqa="32", on=ON, by="g.price", at=3)
    store_quality.take_back_simulation(store, 1, on=ON, by="exams", at=4, why="Never took place.")
    assert store_quality.simulations(store) == []
    with pytest.raises(UnknownName):
        store_quality.sample_simulation(store, 1, iqa="32", on=ON, by="g.price", at=5)


@pytest.mark.parametrize("table", ["releases", "simulations", "follow_ups"])
def test_nothing_recorded_is_ever_edited(store: Store, table: str) -> None:
    """The database itself refuses to change a row."""
    record(store, MINE)
    store_quality.record_simulation(store, ACTED, by="g.price", at=1)
    store_quality.take_back_release(store, 1, on=ON, by="exams", at=5, why="The wrong learner.")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"), store.writing():
        store.execute(f"UPDATE {table} SET recorded_by = 'nobody'")


def test_each_record_is_told_to_the_audit_log(store: Store) -> None:
    """Who, what and why, under the learner or the course, in a chain that is whole; a refused one leaves no trace."""
    record(store, ASKED, COHORT)
    store_quality.action_done(store, 1, on=ON, iqa="31", by="g.price", at=2, why="Seen.")
    with pytest.raises(InputError):
        store_quality.action_done(store, 1, on=ON, iqa="31", by="g.price", at=3, why="")
    store_quality.take_back_release(store, 2, on=ON, by="exams", at=4, why="The wrong course.")
    entries = store_audit.audit_entries(store)
    told = [(one.actor, one.subject, one.action) for one in entries]
    assert told == [
        ("g.price", "learner:7", "iqa-released"), ("g.price", "course:1", "iqa-released"),
        ("g.price", "learner:7", "iqa-action-done"), ("exams", "course:1", "iqa-taken-back"),
    ]  # fmt: skip
    assert first_bad(entries) is None
    assert "Date the second observation" in store_audit.audit_story(store, "learner:7")[0]["text"]
