"""What we ask the store about the LMS: passes, courses, items, learners, grades. Records in, records out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import repeat
from typing import Any

from nvqsync.columns import Columns
from nvqsync.model import (
    GRADEBOOK,
    GRADES,
    NUMBERS,
    ROSTER,
    Assessed,
    CourseReading,
    Covers,
    GradebookEntry,
    Grading,
    GradingRow,
    ItemKind,
    LmsCourse,
    LmsItem,
    LmsMember,
    Observation,
    RowScore,
)
from nvqsync.planning import FirstGrades, GradeChange, GradeKey, remember
from nvqsync.store import Store

# ---------------------------------------------------------------- passes


def begin_pass(store: Store, at: int) -> int:
    """Open a new pass and return its number."""
    with store.writing():
        return int(store.execute("INSERT INTO passes (started_at) VALUES (?)", [at]).lastrowid or 0)


def end_pass(store: Store, pass_id: int, at: int, outcome: str, report: dict[str, Any]) -> None:
    """Close a pass with its outcome and report."""
    with store.writing():
        sql = "UPDATE passes SET finished_at = ?, outcome = ?, report = ? WHERE id = ?"
        store.execute(sql, [at, outcome, json.dumps(report, ensure_ascii=False), pass_id])


def close_abandoned(store: Store, at: int) -> int:
    """Close passes whose process ended without a word (killed, power cut); returns how many. Only while none runs."""
    with store.writing():
        sql = "UPDATE passes SET finished_at = ?, outcome = 'interrupted' WHERE outcome = 'running'"
        return store.execute(sql, [at]).rowcount


REPORTS_KEPT = 10_000
"""Reports of so many passes are kept: a hundred days of them. Of older ones when and how they ended stays."""


def forget_reports(store: Store, keep: int = REPORTS_KEPT) -> int:
    """Empty the reports of all but the newest ``keep`` passes; returns how many. Counts passes: clocks may jump."""
    with store.writing():
        sql = "UPDATE passes SET report = '{}' WHERE id <= (SELECT MAX(id) FROM passes) - ? AND report <> '{}'"
        return store.execute(sql, [keep]).rowcount


def latest_passes(store: Store, count: int = 1) -> list[dict[str, Any]]:
    """The most recent passes, newest first, each with its report decoded."""
    rows = store.rows("SELECT * FROM passes ORDER BY id DESC LIMIT ?", [count])
    return [{**row, "report": json.loads(row["report"])} for row in rows]


# ---------------------------------------------------------------- writing a reading


FEW = 20
"""Up to so many learners are looked up one by one, not by looking through everybody's grades."""

AT_ONCE = 1000
"""So many grades are written in one transaction, so that nobody else waits for long."""

Planned = tuple[CourseReading, Sequence[GradeChange]]
"""A course as it was read, and the grades that changed."""


def record(store: Store, reading: CourseReading, changes: Sequence[GradeChange], pass_id: int) -> None:
    """Write one course as it was read."""
    for _ in recorded(store, [(reading, changes)], pass_id):
        pass


def recorded(store: Store, courses: Sequence[Planned], pass_id: int) -> Iterator[None]:
    """Write courses as they were read, all in one transaction; one that comes by itself in parts where it is large.

    Yields after each transaction. An equal row is not touched. Whoever something is new about is ``unjudged`` from the
    same transaction on, and bookmarks move in the same one as the last of what they stand for: a pass that is cut short
    reads again what it had not finished, and nobody whose facts were written is passed over.
    """
    first, *others = courses
    if not others and len(first[1]) > AT_ONCE:
        yield from _in_parts(store, first, pass_id)
        return
    with store.writing():
        for reading, changes in courses:
            new = _record_course(store, reading)
            _record_grades(store, changes, pass_id, told=new and reading.covers.roster)
            _record_bookmarks(store, reading, pass_id, new=new)
    yield


def _in_parts(store: Store, course: Planned, pass_id: int) -> Iterator[None]:
    reading, changes = course
    with store.writing():
        new = _record_course(store, reading)
    yield
    for start in range(0, len(changes), AT_ONCE):
        with store.writing():
            _record_grades(store, changes[start : start + AT_ONCE], pass_id, told=new and reading.covers.roster)
            if start + AT_ONCE >= len(changes):
                _record_bookmarks(store, reading, pass_id, new=new)
        yield


def _record_course(store: Store, reading: CourseReading) -> bool:
    """A course with its items and members; whether it is new. Where anything differs, that is about all on it."""
    course, before = reading.course, store.db.conn.total_changes
    told = [course.short_name, course.full_name, course.id_number, course.lms_id]
    sql = "INSERT INTO courses (short_name, full_name, id_number, lms_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
    new = store.execute(sql, told).rowcount == 1
    if not new:
        store.execute(
            """UPDATE courses SET short_name = ?1, full_name = ?2, id_number = ?3
            WHERE lms_id = ?4 AND (short_name, full_name, id_number) IS NOT (?1, ?2, ?3)""",
            told,
        )
    _record_items(store, reading)
    _record_members(store, reading)
    if not new:
        _mark_gone(store, reading)
    if store.db.conn.total_changes != before:
        sql = "INSERT OR IGNORE INTO unjudged SELECT learner_id FROM memberships WHERE course_id = ?"
        store.execute(sql, [course.lms_id])
    return new


def is_new(store: Store, course_id: str) -> bool:
    """Whether nothing was ever written of a course."""
    return store.execute("SELECT 1 FROM courses WHERE lms_id = ?", [course_id]).fetchone() is None


def _record_bookmarks(store: Store, reading: CourseReading, pass_id: int, *, new: bool) -> None:
    course_id = reading.course.lms_id
    if reading.covers.learners is None:
        if reading.unread_items or not new:
            _record_unread(store, reading)
        sql = "UPDATE courses SET read_at = ?, read_pass = ? WHERE lms_id = ?"
        store.execute(sql, [reading.server_time, pass_id, course_id])
    moved = reading.bookmarks or _whole_bookmarks(reading)
    store.execute_many(
        "INSERT INTO bookmarks (course_id, what, at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at",
        [(course_id, what, at) for what, at in sorted(moved.items())],
    )


def _whole_bookmarks(reading: CourseReading) -> dict[str, int]:
    """The bookmarks of a reading that names none of its own: a connector that always reads everything."""
    if reading.covers != Covers():
        return {}
    read = (ROSTER, NUMBERS) if reading.unread_items else (ROSTER, NUMBERS, GRADES, GRADEBOOK)
    return dict.fromkeys(read, reading.server_time)


def _record_items(store: Store, reading: CourseReading) -> None:
    store.execute_many(
        """INSERT INTO items (lms_id, course_id, name, id_number, facts) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET course_id = excluded.course_id, name = excluded.name,
            id_number = excluded.id_number, facts = excluded.facts, gone = 0
        WHERE (excluded.course_id, excluded.name, excluded.id_number, excluded.facts, 0)
            IS NOT (course_id, name, id_number, facts, gone)""",
        [(i.lms_id, i.course_id, i.name, i.id_number, _item_facts(i)) for i in reading.items],
    )


def _record_unread(store: Store, reading: CourseReading) -> None:
    """Remember what was left unread, so that it is read from the start next time."""
    store.execute(
        """UPDATE items SET unread = NOT unread WHERE course_id = ?
        AND unread IS NOT (lms_id IN (SELECT value FROM json_each(?)))""",
        [reading.course.lms_id, json.dumps(reading.unread_items)],
    )


def _record_members(store: Store, reading: CourseReading) -> None:
    if not reading.covers.roster:
        return
    store.execute_many(
        """INSERT INTO learners (lms_id, name, id_number, uln, candidate_number, date_of_birth)
        VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET name = excluded.name, id_number = excluded.id_number, uln = excluded.uln,
            candidate_number = excluded.candidate_number, date_of_birth = excluded.date_of_birth
        WHERE (excluded.name, excluded.id_number, excluded.uln, excluded.candidate_number, excluded.date_of_birth)
            IS NOT (name, id_number, uln, candidate_number, date_of_birth)""",
        [
            (m.lms_id, m.name, m.id_number, m.uln, m.candidate_number, m.date_of_birth and m.date_of_birth.isoformat())
            for m in reading.members
        ],
    )
    store.execute_many(
        """INSERT INTO memberships (course_id, learner_id, roles, active) VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET roles = excluded.roles, active = excluded.active, gone = 0
        WHERE (excluded.roles, excluded.active, 0) IS NOT (roles, active, gone)""",
        [(reading.course.lms_id, m.lms_id, _names(m.roles), int(m.active)) for m in reading.members],
    )


def _mark_gone(store: Store, reading: CourseReading) -> None:
    """Items that are not listed any more, and people who left the roster."""
    shown = [*(i.lms_id for i in reading.items), *reading.unread_items]
    store.execute(
        "UPDATE items SET gone = 1 WHERE course_id = ? AND NOT gone AND lms_id NOT IN (SELECT value FROM json_each(?))",
        [reading.course.lms_id, json.dumps(shown)],
    )
    if not reading.covers.roster:
        return
    only = reading.covers.learners
    store.execute(
        """UPDATE memberships SET gone = 1, left_at = ?4 WHERE course_id = ?1 AND NOT gone
            AND learner_id NOT IN (SELECT value FROM json_each(?2))
            AND (?3 IS NULL OR learner_id IN (SELECT value FROM json_each(?3)))""",
        [
            reading.course.lms_id, json.dumps([m.lms_id for m in reading.members]),
            None if only is None else json.dumps(sorted(only)), reading.server_time,
        ],
    )  # fmt: skip


SEEN = (
    "item_id", "learner_id", "grade_id", "attempt", "grade", "graded_at", "grader_id", "workflow_state", "row_scores",
    "gradebook", "resubmitting",
)  # fmt: skip
"""The columns of a grade that hold its observation, in the order of the observation's fields."""
DEFAULTS = (None,) * 7 + ("", "", "", 0)
"""What the table puts where nothing is told of a grade; the first seven always are."""
REMEMBERED = ("assessor_id", "graders_seen", "decided_at", "gone")
GRADE = ", ".join(f"grades.{name}" for name in (*SEEN, *REMEMBERED))


def _record_grades(store: Store, changes: Sequence[GradeChange], pass_id: int, *, told: bool) -> None:
    """Grades as they are now. The history keeps what each change replaced; ``appeared_in`` is where it begins.

    ``told``: everybody on the course stands as unjudged already.
    """
    if isinstance(changes, FirstGrades):
        if not told:
            not_judged(store, {*Columns.of(Observation, changes.observations).columns[1]})
        _appear(store, changes.observations, pass_id)
        return
    not_judged(store, {change.key[1] for change in changes})
    _appear(store, [change.after.observation for change in changes if change.before is None], pass_id)
    altered = [change for change in changes if change.before is not None]
    store.execute_many(
        f"UPDATE grades SET {', '.join(f'{name} = ?' for name in (*SEEN, *REMEMBERED))}"
        " WHERE item_id = ? AND learner_id = ?",
        [(*_grade_row(change.after), *change.key) for change in altered],
    )
    store.execute_many(
        """INSERT INTO grade_changes (pass_id, item_id, learner_id, change, before, after)
        VALUES (?, ?, ?, ?, ?, ?)""",
        [
            (pass_id, *change.key, change.kind.value, change.before and _told(change.before), _told(change.after))
            for change in altered
        ],
    )


def not_judged(store: Store, learners: Collection[str]) -> None:
    """Something about these learners is still to be judged."""
    store.execute_many("INSERT OR IGNORE INTO unjudged VALUES (?)", [(learner,) for learner in learners])


def unjudged(store: Store) -> set[str]:
    """The learners about whom something was written since they were last judged."""
    return {row["learner_id"] for row in store.rows("SELECT learner_id FROM unjudged")}


def judged(store: Store, learners: Collection[str]) -> None:
    """What is known of these learners has been judged."""
    with store.writing():
        store.execute_many("DELETE FROM unjudged WHERE learner_id = ?", [(learner,) for learner in learners])


def _appear(store: Store, seen: Sequence[Observation], pass_id: int) -> None:
    """Write grades nobody knew. Nothing need be remembered of them yet but themselves."""
    if not seen:
        return
    columns = dict(zip(SEEN, _columns(seen), strict=True))
    told = {name: column for name, column in columns.items() if column is not None}
    names, values = ", ".join((*told, "appeared_in")), ", ".join("?" * (len(told) + 1))
    sql = f"INSERT OR REPLACE INTO grades ({names}) VALUES ({values})"
    store.execute_many(sql, zip(*told.values(), repeat(pass_id), strict=False))


def _columns(seen: Sequence[Observation]) -> Iterator[list[Any] | None]:
    """Observations as the columns that hold them, one after the other; ``None`` where all hold the table's default."""
    columns = Columns.of(Observation, seen).columns
    item, learner, number, attempt, grade, at, grader, state, rows, entry, again = columns
    yield from (item, learner, number, attempt)
    yield [None if value is None else str(value) for value in grade]
    yield from (at, grader)
    yield state if any(state) else None
    yield [_scores_text(scores) if scores else "" for scores in rows] if any(rows) else None
    told = entry.count(None) < len(entry)
    yield ["" if value is None else _entry_text(value) for value in entry] if told else None
    yield list(map(int, again)) if any(again) else None


def _told(assessed: Assessed) -> str:
    """A grade as the change history keeps it. A first grade is told by what came after it, or by what still stands."""
    seen = assessed.observation
    grade = None if seen.grade is None else str(seen.grade)
    book = seen.gradebook and {"grade": _text(seen.gradebook.grade), "hidden": seen.gradebook.hidden}
    rows = [[row.row_id, str(row.score)] for row in seen.rows]
    told: dict[str, Any] = {"grade": grade, "attempt": seen.attempt, "rows": rows}
    told |= {"state": seen.workflow_state, "at": seen.graded_at, "grader": seen.grader_id, "gradebook": book}
    return json.dumps(told | {"gone": assessed.gone, "resubmitting": seen.resubmitting})


# ---------------------------------------------------------------- bookmarks, ID numbers, alarms


def bookmarks(store: Store, course_id: str | None = None) -> dict[str, dict[str, int]]:
    """Where each course's reading goes on from: by course, then by what was read (server's clock)."""
    where, parameters = ("WHERE course_id = ?", [course_id]) if course_id else ("", [])
    found: dict[str, dict[str, int]] = {}
    for row in store.rows(f"SELECT course_id, what, at FROM bookmarks {where} ORDER BY course_id, what", parameters):
        found.setdefault(row["course_id"], {})[row["what"]] = row["at"]
    return found


def rewind(store: Store, course_id: str, to: int | None = None) -> int:
    """Put a course's bookmarks back to ``to`` (none: to the very start); returns how many moved."""
    with store.writing():
        if to is None:
            return store.execute("DELETE FROM bookmarks WHERE course_id = ?", [course_id]).rowcount
        return store.execute("UPDATE bookmarks SET at = ? WHERE course_id = ? AND at > ?", [to, course_id, to]).rowcount


def course_numbers(store: Store) -> dict[str, tuple[str, int]]:
    """The ID number of every course ever seen, followed or not, and when it was last read (server's clock)."""
    rows = store.rows("SELECT course_id, id_number, read_at FROM course_numbers")
    return {row["course_id"]: (row["id_number"], row["read_at"]) for row in rows}


def record_course_numbers(store: Store, numbers: Iterable[tuple[str, str, int]]) -> None:
    """Keep ID numbers as read: course, number, moment."""
    with store.writing():
        sql = """INSERT INTO course_numbers VALUES (?, ?, ?)
            ON CONFLICT DO UPDATE SET id_number = excluded.id_number, read_at = excluded.read_at"""
        store.execute_many(sql, numbers)


def alarms(store: Store) -> dict[str, set[str]]:
    """What waits for a person's word, by course: ``unmapped``, ``vanished``."""
    found: dict[str, set[str]] = {}
    for row in store.rows("SELECT course_id, what FROM alarms"):
        found.setdefault(row["course_id"], set()).add(row["what"])
    return found


def raise_alarm(store: Store, course_id: str, what: str, at: int) -> None:
    """Let a course wait for a person. An alarm that is raised already keeps its day."""
    with store.writing():
        store.execute("INSERT OR IGNORE INTO alarms VALUES (?, ?, ?)", [course_id, what, at])


def clear_alarms(store: Store, course_id: str, what: str) -> None:
    """The alarm is over: the course reads as it should again, or a person said so."""
    with store.writing():
        store.execute("DELETE FROM alarms WHERE course_id = ? AND what = ?", [course_id, what])


def kept(store: Store, name: str) -> str:
    """A value kept between passes, empty when there is none."""
    rows = store.rows("SELECT value FROM kept WHERE name = ?", [name])
    return str(rows[0]["value"]) if rows else ""


def keep(store: Store, name: str, value: str) -> None:
    """Keep a value for the next pass."""
    with store.writing():
        store.execute("INSERT INTO kept VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", [name, value])


# ---------------------------------------------------------------- reading records back


def courses(store: Store) -> list[LmsCourse]:
    """Every course ever followed."""
    rows = store.rows("SELECT lms_id, short_name, full_name, id_number FROM courses ORDER BY CAST(lms_id AS INTEGER)")
    return [LmsCourse(**row) for row in rows]


def course_names(store: Store) -> dict[str, str]:
    """Every course's short name by its id; the id where it has none."""
    return {course.lms_id: course.short_name or course.lms_id for course in courses(store)}


def items(store: Store, course_ids: Iterable[str] | None = None, *, gone: bool = True) -> list[LmsItem]:
    """The items of the given courses (of all when ``None``); ``gone=False`` leaves out the deleted ones."""
    sql, parameters = "SELECT * FROM items WHERE (gone = 0 OR ?)", [int(gone)]
    if course_ids is not None:
        sql += " AND course_id IN (SELECT value FROM json_each(?))"
        return [_item(row) for row in store.rows(sql + " ORDER BY rowid", [*parameters, json.dumps(list(course_ids))])]
    return [_item(row) for row in store.rows(sql + " ORDER BY rowid", parameters)]


def gone_items(store: Store) -> set[str]:
    """The ids of items that the LMS no longer shows."""
    return {row["lms_id"] for row in store.rows("SELECT lms_id FROM items WHERE gone = 1")}


def grades(store: Store, course_ids: Iterable[str], learner_ids: Iterable[str] | None = None) -> list[Assessed]:
    """Every grade known in the given courses, of the given learners (of all when ``None``).

    Grades lie by item. A few learners are looked up in each; for more than that, all the grades are looked through.
    """
    sql = f"""SELECT {GRADE} FROM grades JOIN items ON items.lms_id = grades.item_id
        WHERE items.course_id IN (SELECT value FROM json_each(?))"""
    parameters = [json.dumps(list(course_ids))]
    if learner_ids is not None:
        wanted = list(learner_ids)
        sql += f" AND {'' if len(wanted) <= FEW else '+'}learner_id IN (SELECT value FROM json_each(?))"
        parameters.append(json.dumps(wanted))
    return [_assessed(row) for row in store.tuples(sql, parameters)]


def known_grades(store: Store, course_id: str) -> dict[GradeKey, Assessed]:
    """Every grade known in one course, by item and learner."""
    return {(a.observation.item_id, a.observation.learner_id): a for a in grades(store, [course_id])}


def roster(
    store: Store, course_ids: Iterable[str], roles: Iterable[str], learner_ids: Iterable[str] | None = None
) -> list[LmsMember]:
    """Everyone who holds or held one of ``roles`` in the given courses; active when active in any of them.

    ``learner_ids`` limits it to a few.
    """
    sql = """SELECT learners.*, json_group_array(memberships.roles) AS role_lists,
            MAX(memberships.active AND NOT memberships.gone) AS is_active
        FROM learners JOIN memberships ON memberships.learner_id = learners.lms_id
        WHERE memberships.course_id IN (SELECT value FROM json_each(?1))
            AND (?3 IS NULL OR learners.lms_id IN (SELECT value FROM json_each(?3)))
            AND EXISTS (SELECT 1 FROM json_each(memberships.roles) AS held
                WHERE held.value IN (SELECT value FROM json_each(?2)))
        GROUP BY learners.lms_id ORDER BY CAST(learners.lms_id AS INTEGER)"""
    only = None if learner_ids is None else json.dumps(sorted(learner_ids))
    return [_member(row) for row in store.rows(sql, [json.dumps(list(course_ids)), json.dumps(list(roles)), only])]


def unlike(store: Store, reading: CourseReading) -> tuple[dict[GradeKey, Assessed], Sequence[Observation]]:
    """The grades known of a course that a reading of it could change, and what it tells that could change them.

    Left out on both sides is what is stored exactly as it is told: of a whole reading nearly everything.
    """
    if is_new(store, reading.course.lms_id):
        return {}, reading.observations
    if reading.covers.grades is None:
        return _unlike_all(store, reading)
    moved = {(seen.item_id, seen.learner_id) for seen in reading.observations} | _moved(store, reading)
    return _graded(store, moved), reading.observations


def _unlike_all(store: Store, reading: CourseReading) -> tuple[dict[GradeKey, Assessed], Sequence[Observation]]:
    seen = Columns.of(Observation, reading.observations)
    columns = [
        repeat(default) if column is None else column for column, default in zip(_columns(seen), DEFAULTS, strict=True)
    ]
    told = list(zip(*columns, repeat(0, len(seen)), strict=False))
    silent = seen.columns[SEEN.index("gradebook")].count(None) == len(seen)  # what it said before stands
    names = ", ".join("''" if silent and name == "gradebook" else f"grades.{name}" for name in (*SEEN, "gone"))
    sql = f"SELECT {names} FROM grades JOIN items ON items.lms_id = grades.item_id WHERE items.course_id = ?"
    stored = store.tuples(sql, [reading.course.lms_id])
    same = set(stored).intersection(told)
    known = _graded(store, ((row[0], row[1]) for row in stored if row not in same))
    return known, [one for one, row in zip(seen, told, strict=True) if row not in same] if len(same) < len(told) else ()


def _moved(store: Store, reading: CourseReading) -> set[GradeKey]:
    """Where the grades are whose workflow state moved, and those of items that are all told or not listed any more."""
    found: set[GradeKey] = set()
    listed = {item.lms_id for item in reading.items}
    stated = {(i, who, state) for i, people in reading.states.items() for who, state in people.items()}
    told = {item_id: people.keys() for item_id, people in reading.states.items()}
    whole = reading.covers.grades or frozenset()
    items = {row[0] for row in store.execute("SELECT lms_id FROM items WHERE course_id = ?", [reading.course.lms_id])}
    wanted = json.dumps(sorted(item for item in items if item in told or item in whole or item not in listed))
    sql = """SELECT item_id, learner_id, workflow_state FROM json_each(?) AS wanted
        JOIN grades ON item_id = wanted.value"""
    for row in set(store.execute(sql, [wanted])) - stated:
        item_id, learner_id, _ = row
        if item_id in whole or item_id not in listed or learner_id in told[item_id]:
            found.add((item_id, learner_id))
    return found | {(i, who) for i, who, _ in stated if i in whole or i not in listed}


def _graded(store: Store, keys: Iterable[GradeKey]) -> dict[GradeKey, Assessed]:
    sql = f"""SELECT {GRADE} FROM json_each(?) AS wanted JOIN grades
        ON item_id = wanted.value ->> 0 AND learner_id = wanted.value ->> 1"""
    found = [_assessed(row) for row in store.tuples(sql, [json.dumps(sorted(keys))])]
    return {(a.observation.item_id, a.observation.learner_id): a for a in found}


def grade(store: Store, item_id: str, learner_id: str) -> Assessed | None:
    """One learner's grade on one item, as far as it is known."""
    return _graded(store, [(item_id, learner_id)]).get((item_id, learner_id))


def renumber(store: Store, course_id: str, id_number: str) -> None:
    """Give a course another ID number, once a person said that it is right."""
    with store.writing():
        store.execute("UPDATE courses SET id_number = ? WHERE lms_id = ?", [id_number, course_id])


def grades_held(store: Store, course_id: str) -> dict[str, int]:
    """How many grades are shown of each learner in a course."""
    sql = """SELECT learner_id, COUNT(*) AS n FROM grades JOIN items ON items.lms_id = item_id
        WHERE course_id = ? AND NOT grades.gone GROUP BY learner_id"""
    return {row["learner_id"]: row["n"] for row in store.rows(sql, [course_id])}


def unread_items(store: Store, course_id: str) -> set[str]:
    """The items of a course that were left unread by the last reading."""
    rows = store.rows("SELECT lms_id FROM items WHERE course_id = ? AND unread AND NOT gone", [course_id])
    return {row["lms_id"] for row in rows}


def members(store: Store, course_id: str, *, gone: bool = False) -> list[LmsMember]:
    """Everyone on one course's roster as last read, with their roles there; with ``gone`` those who left as well."""
    sql = """SELECT learners.*, json_array(memberships.roles) AS role_lists, memberships.active AS is_active
        FROM learners JOIN memberships ON memberships.learner_id = learners.lms_id
        WHERE course_id = ? AND (NOT gone OR ?) ORDER BY CAST(learners.lms_id AS INTEGER)"""
    return [_member(row) for row in store.rows(sql, [course_id, int(gone)])]


def courses_of(store: Store, course_ids: Iterable[str]) -> dict[str, set[str]]:
    """Which of the given courses each learner is or was on."""
    sql = "SELECT learner_id, course_id FROM memberships WHERE course_id IN (SELECT value FROM json_each(?))"
    found: dict[str, set[str]] = {}
    for row in store.rows(sql, [json.dumps(list(course_ids))]):
        found.setdefault(row["learner_id"], set()).add(row["course_id"])
    return found


def courses_of_learner(store: Store, learner_id: str) -> set[str]:
    """The courses a learner is or was on."""
    rows = store.rows("SELECT course_id FROM memberships WHERE learner_id = ?", [learner_id])
    return {row["course_id"] for row in rows}


def courses_of_learners(store: Store, learner_ids: Iterable[str]) -> set[str]:
    """The courses that any of these learners is or was on."""
    sql = "SELECT DISTINCT course_id FROM memberships WHERE learner_id IN (SELECT value FROM json_each(?))"
    return {row["course_id"] for row in store.rows(sql, [json.dumps(sorted(learner_ids))])}


def strays(store: Store) -> int:
    """How many grades and places on a roster are of an item, course or learner that is not there: always none."""
    sql = """SELECT (SELECT COUNT(*) FROM grades WHERE item_id NOT IN (SELECT lms_id FROM items)
                OR learner_id NOT IN (SELECT lms_id FROM learners))
            + (SELECT COUNT(*) FROM memberships WHERE course_id NOT IN (SELECT lms_id FROM courses)
                OR learner_id NOT IN (SELECT lms_id FROM learners)) AS n"""
    return int(store.rows(sql)[0]["n"])


def learner_ids(store: Store) -> set[str]:
    """The ids of everyone ever seen on a roster."""
    return {row["lms_id"] for row in store.rows("SELECT lms_id FROM learners")}


def learners(store: Store) -> list[LmsMember]:
    """Everyone ever seen on a roster."""
    return [_member(row) for row in store.rows("SELECT *, '[]' AS role_lists, 1 AS is_active FROM learners")]


# ---------------------------------------------------------------- rows to records and back


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


_unescaped = json.JSONEncoder(ensure_ascii=False).encode


def _item_facts(item: LmsItem) -> str:
    facts = {
        "grading": item.grading.value, "maximum": _text(item.maximum), "scale": item.scale,
        "pass_mark": _text(item.pass_mark), "workflow": item.workflow, "identities_hidden": item.identities_hidden,
        "team": item.team, "hidden": item.hidden, "url_path": item.url_path,
        "kind": item.kind.value, "part_of": item.part_of,
        "rows": [[row.row_id, row.text, str(row.top_score)] for row in item.rows],
    }  # fmt: skip
    return _unescaped(facts)


def _item(row: dict[str, Any]) -> LmsItem:
    facts = json.loads(row["facts"])
    return LmsItem(
        lms_id=row["lms_id"],
        course_id=row["course_id"],
        name=row["name"],
        id_number=row["id_number"],
        grading=Grading(facts["grading"]),
        maximum=_decimal(facts["maximum"]),
        scale=tuple(facts["scale"]),
        pass_mark=_decimal(facts["pass_mark"]),
        rows=tuple(GradingRow(row_id, text, Decimal(top)) for row_id, text, top in facts["rows"]),
        workflow=facts["workflow"],
        identities_hidden=facts["identities_hidden"],
        team=facts["team"],
        hidden=facts["hidden"],
        url_path=facts["url_path"],
        kind=ItemKind(facts["kind"]),
        part_of=facts["part_of"],
    )


def _scores_text(rows: Iterable[RowScore]) -> str:
    return json.dumps([[row.row_id, str(row.score)] for row in rows])


def _entry_text(entry: GradebookEntry) -> str:
    return json.dumps([_text(entry.grade), entry.hidden, entry.overridden])


def _grade_row(assessed: Assessed) -> tuple[Any, ...]:
    """A grade with its memory, as the columns hold it: nothing where it says no more than the observation."""
    seen, first = assessed.observation, remember(None, assessed.observation)
    return (
        *(default if column is None else column[0] for column, default in zip(_columns([seen]), DEFAULTS, strict=True)),
        None if assessed.assessor_id == first.assessor_id else assessed.assessor_id,
        None if assessed.graders_seen == first.graders_seen else json.dumps(assessed.graders_seen),
        None if assessed.decided_at == first.decided_at else assessed.decided_at,
        int(assessed.gone),
    )


def _assessed(row: tuple[Any, ...]) -> Assessed:
    """The other way round: a row of ``GRADE`` columns."""
    *told, assessor, graders, decided, gone = row
    item, learner, number, attempt, grade, at, grader, state, scores, entry, again = told
    rows = tuple(RowScore(id_, Decimal(score)) for id_, score in json.loads(scores)) if scores else ()
    book = _entry(*json.loads(entry)) if entry else None
    seen = Observation(item, learner, number, attempt, _grade_of(grade), at, grader, state, rows, book, bool(again))
    first = remember(None, seen)
    return Assessed(
        seen,
        first.assessor_id if assessor is None else assessor,
        first.graders_seen if graders is None else tuple(json.loads(graders)),
        first.decided_at if decided is None else decided,
        bool(gone),
    )


def _entry(grade: str | None, hidden: bool, overridden: bool) -> GradebookEntry:
    return GradebookEntry(_decimal(grade), hidden, overridden)


@lru_cache(maxsize=4096)
def _names(names: tuple[str, ...]) -> str:
    """Names as JSON. There are few different ones."""
    return json.dumps(names)


@lru_cache(maxsize=4096)
def _grade_of(text: str | None) -> Decimal | None:
    """A grade from its text. There are few different ones."""
    return _decimal(text)


def _member(row: dict[str, Any]) -> LmsMember:
    held = {role for roles in json.loads(row["role_lists"]) for role in json.loads(roles)}
    born = row["date_of_birth"]
    return LmsMember(
        lms_id=row["lms_id"],
        name=row["name"],
        id_number=row["id_number"],
        roles=tuple(sorted(held)),
        active=bool(row["is_active"]),
        uln=row["uln"],
        candidate_number=row["candidate_number"],
        date_of_birth=dt.date.fromisoformat(born) if born else None,
    )
