"""The database file: transactions, the audit log's triggers, and records that come back as they went in."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nvqsync.model import (
    CourseReading,
    Covers,
    GradebookEntry,
    Grading,
    GradingRow,
    LmsCourse,
    LmsItem,
    LmsMember,
    Observation,
    RowScore,
)
from nvqsync.planning import plan
from nvqsync.record_keeping.audit import first_bad
from nvqsync.storage import store_audit, store_lms
from nvqsync.store import Store

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
decimals = st.decimals(-1000, 1000, places=5)
maybe_decimals = st.none() | decimals
items = st.builds(
    LmsItem, lms_id=st.just("10"), course_id=st.just("1"), name=words, id_number=words,
    grading=st.sampled_from(Grading), maximum=maybe_decimals, scale=st.lists(words, max_size=3).map(tuple),
    pass_mark=maybe_decimals, rows=st.lists(st.builds(GradingRow, words, words, decimals), max_size=3).map(tuple),
    workflow=st.booleans(), identities_hidden=st.booleans(), team=st.booleans(), hidden=st.none() | st.booleans(),
    url_path=words,
)  # fmt: skip
members = st.builds(
    LmsMember, lms_id=st.just("7"), name=words, id_number=words, roles=st.just(("student",)), active=st.booleans(),
    uln=words, candidate_number=words, date_of_birth=st.none() | st.dates(),
)  # fmt: skip
observed = st.builds(
    Observation, item_id=st.just("10"), learner_id=st.just("7"), grade_id=words, attempt=st.integers(0, 9),
    grade=maybe_decimals, graded_at=st.integers(0, 2**40), grader_id=words, workflow_state=words,
    rows=st.lists(st.builds(RowScore, words, decimals), max_size=3).map(tuple),
    gradebook=st.none() | st.builds(GradebookEntry, maybe_decimals, st.booleans(), st.booleans()),
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "nvqsync.db") as opened:
        yield opened


@settings(max_examples=40, deadline=None)
@given(items, members, observed)
def test_what_was_read_comes_back_as_it_was(item: LmsItem, member: LmsMember, grade: Observation) -> None:
    """Names in any script, exact decimals, nulls and nested rows survive the database."""
    with TemporaryDirectory() as folder, Store(Path(folder) / "nvqsync.db") as store:
        reading = CourseReading(LmsCourse("1", "CS2", "Customer Service", "OCR/03455"), (item,), (member,), (grade,), 5)
        store_lms.record(store, reading, plan({}, reading), store_lms.begin_pass(store, 1))
        assert store_lms.items(store) == [item]
        assert store_lms.roster(store, ["1"], ["student"]) == [member]
        assert [known.observation for known in store_lms.grades(store, ["1"])] == [grade]
        assert store_lms.courses(store) == [reading.course]


@settings(max_examples=30, deadline=None)
@given(st.lists(observed, min_size=2, max_size=4))
def test_what_is_remembered_of_a_grade_comes_back_as_it_was(readings: list[Observation]) -> None:
    """Who gave the grade, when, and everyone who saved it: after each reading just what planning said."""
    with TemporaryDirectory() as folder, Store(Path(folder) / "nvqsync.db") as store:
        item, member = LmsItem("10", "1", "A3"), LmsMember("7", "A", roles=("student",))
        for at, seen in enumerate(readings):
            reading = CourseReading(LmsCourse("1", "C", "C"), (item,), (member,), (seen,), at)
            known = store_lms.known_grades(store, "1")
            changes = plan(known, reading)
            among, unlike = store_lms.unlike(store, reading)
            assert plan(among, reading, unlike) == changes
            store_lms.record(store, reading, changes, store_lms.begin_pass(store, at))
            expected = known | {change.key: change.after for change in changes}
            assert store_lms.known_grades(store, "1") == expected


people, things = ("7", "8", "9"), ("10", "11")
told_grades = st.builds(
    Observation, item_id=st.sampled_from(things), learner_id=st.sampled_from(people), grade_id=st.just("g"),
    attempt=st.integers(0, 1), grade=st.sampled_from([None, Decimal("2.00000"), Decimal(2), Decimal(3)]),
    graded_at=st.integers(1, 2), grader_id=st.sampled_from(["", "3"]),
    workflow_state=st.sampled_from(["", "released"]), resubmitting=st.booleans(),
    rows=st.sampled_from([(), (RowScore("r", Decimal(1)),)]),
    gradebook=st.none() | st.builds(GradebookEntry, st.sampled_from([None, Decimal(2)])),
)  # fmt: skip
covers = st.builds(
    Covers, roster=st.just(True), grades=st.none() | st.frozensets(st.sampled_from(things)), gradebook=st.booleans()
)
course_readings = st.builds(
    lambda seen, listed, covers, states: CourseReading(
        LmsCourse("1", "C", "C"), tuple(LmsItem(i, "1", i) for i in things if i in listed),
        tuple(LmsMember(who, who) for who in people), tuple(one for one in seen if one.item_id in listed), 1,
        covers=covers, states=states,
    ),
    st.lists(told_grades, unique_by=lambda one: (one.item_id, one.learner_id), max_size=6),
    st.sets(st.sampled_from(things)), covers,
    st.dictionaries(st.sampled_from(things), st.dictionaries(st.sampled_from(people), st.sampled_from(["", "new"]))),
)  # fmt: skip


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(course_readings, min_size=2, max_size=4))
def test_leaving_out_what_is_stored_already_changes_no_plan(store: Store, readings: list[CourseReading]) -> None:
    """Whole or partial, with or without gradebook and states: the same changes as from everything that is known."""
    with suppress(Undo), store.writing():
        for at, reading in enumerate(readings):
            everything = plan(store_lms.known_grades(store, "1"), reading)
            among, unlike = store_lms.unlike(store, reading)
            changes = plan(among, reading, unlike)
            assert sorted(changes, key=lambda one: one.key) == sorted(everything, key=lambda one: one.key)
            store_lms.record(store, reading, changes, store_lms.begin_pass(store, at))
        raise Undo


class Undo(Exception):
    """Takes back what an example wrote."""


def test_few_learners_and_many_are_found_alike(store: Store) -> None:
    """The two ways of looking grades up find the same."""
    people = tuple(LmsMember(str(number), "A", roles=("student",)) for number in range(100, 160))
    things = tuple(LmsItem(str(number), "1", "A3") for number in (1, 2))
    seen = tuple(
        Observation(i.lms_id, m.lms_id, f"{i.lms_id}-{m.lms_id}", 0, Decimal(2), 5) for i in things for m in people
    )
    reading = CourseReading(LmsCourse("1", "C", "C"), things, people, seen, 5)
    store_lms.record(store, reading, plan({}, reading), store_lms.begin_pass(store, 1))
    wanted = [member.lms_id for member in people[:50]] + ["999"]
    together = {known.observation for known in store_lms.grades(store, ["1"], wanted)}
    one_by_one = {known.observation for who in wanted for known in store_lms.grades(store, ["1"], [who])}
    assert len(wanted) > store_lms.FEW
    assert together == one_by_one == {one for one in seen if one.learner_id in wanted}


def test_a_grade_of_nobody_is_seen(store: Store) -> None:
    """The tables of grades have no foreign keys, for speed; the doctor asks this instead."""
    item, member = LmsItem("10", "1", "A3"), LmsMember("7", "A", roles=("student",))
    seen = Observation("10", "7", "1", 0, Decimal(2), 5)
    reading = CourseReading(LmsCourse("1", "C", "C"), (item,), (member,), (seen,), 5)
    store_lms.record(store, reading, plan({}, reading), store_lms.begin_pass(store, 1))
    assert store_lms.strays(store) == 0
    store.execute("UPDATE grades SET learner_id = '8'")
    assert store_lms.strays(store) == 1


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    """Everything inside one ``writing`` happens, or none of it."""
    with pytest.raises(ZeroDivisionError), store.writing():
        store.execute("INSERT INTO passes (started_at) VALUES (1)")
        _ = 1 / 0
    assert store_lms.latest_passes(store) == []


def test_a_transaction_inside_another_is_a_savepoint(store: Store) -> None:
    """The inner one is undone alone; the outer one keeps its own work."""
    with store.writing():
        store.execute("INSERT INTO passes (started_at) VALUES (1)")
        with pytest.raises(ZeroDivisionError), store.writing():
            store.execute("INSERT INTO passes (started_at) VALUES (2)")
            _ = 1 / 0
    assert [row["started_at"] for row in store_lms.latest_passes(store, 9)] == [1]


def test_the_audit_log_can_be_neither_edited_nor_cut(store: Store) -> None:
    """The database itself refuses, whoever asks."""
    with store.writing():
        for number in range(3):
            store_audit.append_audit(store, at=number, actor="a", subject="claim:1", action="hold", text="why")
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit WHERE id = 3"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            store.execute(statement)
    assert first_bad(store_audit.audit_entries(store)) is None


def test_two_full_award_claims_of_one_learner_cannot_be_open(store: Store) -> None:
    """The database refuses the second, whatever the code does; a withdrawn one leaves room."""
    store.execute("INSERT INTO learners VALUES ('7', 'A', '', '', '', NULL)")
    insert = """INSERT INTO claims (key, learner_id, qualification_id, awarding_body, kind, status, fingerprint, facts,
        blockers, cautions, created_at, updated_at) VALUES (?, '7', 'OCR/03455', 'OCR', 'full_award', ?, '', '{}', '[]',
        '[]', 1, 1)"""
    store.execute(insert, ["one", "withdrawn"])
    store.execute(insert, ["two", "certificated"])
    with pytest.raises(sqlite3.IntegrityError):
        store.execute(insert, ["three", "proposed"])


def test_the_file_is_readable_by_its_owner_only(store: Store) -> None:
    """It holds names and dates of birth."""
    assert store.path.stat().st_mode & 0o077 == 0


def test_a_birthday_survives(store: Store) -> None:
    """A date of birth is a day and stays one."""
    born = dt.date(2006, 3, 1)
    member = LmsMember("7", "A", roles=("student",), date_of_birth=born)
    reading = CourseReading(LmsCourse("1", "C", "C"), (), (member,), (), 5)
    store_lms.record(store, reading, (), store_lms.begin_pass(store, 1))
    assert store_lms.learners(store)[0].date_of_birth == born


def test_exact_decimals_are_kept_as_text(store: Store) -> None:
    """A grade of 0.1 stays exactly that."""
    grade = Observation("10", "7", "1", 0, Decimal("0.10000"), 1)
    reading = CourseReading(LmsCourse("1", "C", "C"), (LmsItem("10", "1", "x"),), (LmsMember("7", "A"),), (grade,), 5)
    store_lms.record(store, reading, plan({}, reading), store_lms.begin_pass(store, 1))
    assert store.rows("SELECT grade FROM grades") == [{"grade": "0.10000"}]


def test_old_reports_are_emptied_and_the_passes_stay(tmp_path: Path) -> None:
    """Of all but the newest passes only when and how they ended is kept; a second time there is nothing to do."""
    with Store(tmp_path / "nvqsync.db") as store:
        for number in range(5):
            store_lms.end_pass(store, store_lms.begin_pass(store, number), number, "done", {"courses": [number]})
        assert store_lms.forget_reports(store, keep=2) == 3
        assert store_lms.forget_reports(store, keep=2) == 0
        kept = [(row["id"], row["outcome"], bool(row["report"])) for row in store_lms.latest_passes(store, 9)]
    assert kept == [(5, "done", True), (4, "done", True), *((number, "done", False) for number in (3, 2, 1))]


def test_a_pass_whose_process_died_is_closed_once(tmp_path: Path) -> None:
    """What still says running, while none runs, was cut short; passes that ended keep their end."""
    with Store(tmp_path / "nvqsync.db") as store:
        store_lms.end_pass(store, store_lms.begin_pass(store, 1), 2, "problems", {})
        store_lms.begin_pass(store, 3)
        assert (store_lms.close_abandoned(store, 9), store_lms.close_abandoned(store, 9)) == (1, 0)
        assert [row["outcome"] for row in store_lms.latest_passes(store, 2)] == ["interrupted", "problems"]
