"""What nvqsync itself needs for grades: from the bytes of Moodle's replies to committed rows with their history.

Run as ``python -m bench.own_rate``. The replies of ``mod_assign_get_grades`` for a college of 160,000 grades are made
first and not timed; then they are decoded, checked, put together by course, compared with what is known, and written.
Unpaced; and then paced as every pass is, with the time a one-row write of somebody else has to wait.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from connectors.moodle import bulk
from connectors.moodle.gathered import Gathered
from connectors.moodle.reading import assemble
from connectors.moodle.replies import Assignment, GradeRow
from connectors.moodle.simulator.load import generate_load
from connectors.moodle.simulator.server import Simulator
from connectors.moodle.wire import Answered
from nvqsync import backup
from nvqsync.columns import Columns
from nvqsync.model import LmsCourse, LmsMember
from nvqsync.passes.writing_down import Writer
from nvqsync.planning import plan
from nvqsync.service.heap import seldom_collected
from nvqsync.storage import store_lms
from nvqsync.store import Store

GOAL = 138_000
"""Twice the fastest rate at which a real Moodle was seen to serve grades, over four connections."""
MOST_WAIT = 50
"""Milliseconds."""


def made(learners: int, courses: int) -> list[tuple[Gathered, bytes]]:
    """Each course with its roster and assignments, and the bytes of its grades. Not timed."""
    college = generate_load(learners=learners, courses=courses)
    simulator = Simulator(college)
    found = []
    for course in college.courses.values():
        ids = course.assignment_ids
        form = {"wstoken": simulator.token, "wsfunction": "mod_assign_get_grades", "moodlewsrestformat": "json"}
        page, _ = simulator.answer(urlencode(form | {f"assignmentids[{n}]": one for n, one in enumerate(ids)}))
        gathered = Gathered(
            LmsCourse(str(course.id), course.short_name, course.full_name, course.id_number),
            college.clock.now(),
            assignments=tuple(_listed(college.assignments[n]) for n in ids),
            members=tuple(LmsMember(str(n), college.users[n].full_name, roles=("student",)) for n in course.enrolments),
            known={},
            gradebook_read=False,
        )
        gathered.forms.rows.update(dict.fromkeys((a.cmid for a in gathered.assignments), None))
        gathered.flags.rows.update({a.id: {} for a in gathered.assignments})
        gathered.scales = {n: college.scales[n].items for n in college.scales}
        gathered.report.id_numbers.update({a.id: "F1" for a in gathered.assignments})
        found.append((gathered, page.body.encode()))
    return found


def _listed(task: Any) -> Assignment:
    return Assignment(task.id, task.cmid, task.name, task.grade, task.workflow, identities_hidden=False, team=False)


def understood(raw: bytes) -> Answered[Columns[GradeRow]]:
    """The grades of an answer, as the client reads it."""
    found = bulk.grades(raw)
    assert found is not None  # noqa: S101 - nothing is odd about the simulator's answers
    return found


def written(store: Store, courses: list[tuple[Gathered, bytes]], *, breathe: Callable[[float], object]) -> int:
    """One pass's reading and writing of all courses; returns how many grades were new."""
    writer, found = Writer(store, store_lms.begin_pass(store, 1), breathe=breathe), 0
    for told, raw in courses:
        reading = assemble(replace(told, grades=understood(raw)))
        known, unlike = store_lms.unlike(store, reading)
        changes = plan(known, reading, unlike)
        writer.take(reading, changes)
        found += len(changes)
    writer.finish()
    return found


def rate(learners: int, courses: int, rounds: int) -> dict[str, list[float]]:
    """Grades a second of each round: by the wall, and by our own CPU time; by that when everything is read again and
    nothing has changed, when courses, items and people are known already, and of the barest that could be done."""
    college = made(learners, courses)
    gc.collect()
    gc.freeze()  # the replies of a whole college lie ready, which no pass has in memory
    grades_alone = [(replace(told, roster_read=False), raw) for told, raw in college]
    found: dict[str, list[float]] = {"wall": [], "own": [], "again": [], "grades_alone": [], "bare": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "nvqsync.db") as store, seldom_collected():
            started, own = time.perf_counter(), time.process_time()
            grades = written(store, college, breathe=_at_once)
            found["wall"].append(grades / (time.perf_counter() - started))
            found["own"].append(grades / (time.process_time() - own))
            own = time.process_time()
            assert written(store, college, breathe=_at_once) == 0  # noqa: S101 - nothing changed
            found["again"].append(grades / (time.process_time() - own))
        with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "nvqsync.db") as store, seldom_collected():
            _rosters(store, college)
            own = time.process_time()
            found["grades_alone"].append(written(store, grades_alone, breathe=_at_once) / (time.process_time() - own))
        with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "bare.db") as store:
            own = time.process_time()
            found["bare"].append(bare(store, [raw for _, raw in college]) / (time.process_time() - own))
    return found


def _rosters(store: Store, college: list[tuple[Gathered, bytes]]) -> None:
    """Everything but the grades: courses, items, people."""
    writer = Writer(store, store_lms.begin_pass(store, 1), breathe=_at_once)
    for told, _ in college:
        nothing = Answered({a.id: Columns.of(GradeRow, ()) for a in told.assignments})
        writer.take(assemble(replace(told, grades=nothing)), ())
    writer.finish()


def _at_once(seconds: float) -> None:
    """Unpaced."""


def bare(store: Store, replies: list[bytes]) -> int:
    """JSON to tuples to one table by the standard library, without a check, a roster or a comparison: the yardstick."""
    store.execute("CREATE TABLE bare (item, learner, id, attempt, grade, at, grader, PRIMARY KEY (item, learner))")
    fields = itemgetter("userid", "id", "attemptnumber", "grade", "timemodified", "grader")
    count = 0
    for raw in replies:
        told = json.loads(raw)["assignments"]
        rows = [(one["assignmentid"], *fields(grade)) for one in told for grade in one["grades"]]
        with store.writing():
            store.execute_many("INSERT INTO bare VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        count += len(rows)
    return count


class Held(Store):
    """A database that notes for how long each of its write transactions lasted: milliseconds of its own CPU time."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.held: list[float] = []

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Store]:
        """As ever."""
        started = time.thread_time()
        with super().writing(durable=durable):
            yield self
        self.held.append((time.thread_time() - started) * 1000)


def _page(path: Path, done: Event, answer: Connection) -> None:
    """Somebody at the pages, in a process of their own: one row, time and again; milliseconds each took."""
    taken: list[float] = []
    with Store(path) as store:
        answer.send("ready")
        while not done.wait(0.005):
            started = time.perf_counter()
            store_lms.keep(store, "page", str(len(taken)))
            taken.append((time.perf_counter() - started) * 1000)
    answer.send(taken)


def _backups(path: Path, done: Event, answer: Connection) -> None:
    """One backup after the other, in a process of its own; how many."""
    made = 0
    with Store(path) as store:
        answer.send("ready")
        while not done.wait(0.1):
            backup.make(store, path.parent / f"backup-{made}", now=1)
            made += 1
    answer.send(made)


def waits(learners: int, courses: int) -> dict[str, Any]:
    """What one-row writes of somebody else take while a pass writes, breathing as every pass does, and while one backup
    after the other is made; and how long the pass held the lock by its own CPU time, which a busy machine stretches
    less."""
    college, context = made(learners, courses), get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, Held(Path(folder) / "nvqsync.db") as store:
        done, pipes, started = context.Event(), [], []
        for job in (_page, _backups):
            ours, theirs = context.Pipe()
            started.append(context.Process(target=job, args=(store.path, done, theirs)))
            started[-1].start()
            pipes.append(ours)
        assert [pipe.recv() for pipe in pipes] == ["ready"] * 2  # noqa: S101 - nothing is measured before
        written(store, college, breathe=time.sleep)
        done.set()
        taken, backups = (pipe.recv() for pipe in pipes)
        for process in started:
            process.join()
    hundredths = statistics.quantiles(taken, n=100)
    return {
        "one_row_write_median_ms": round(hundredths[49], 1), "one_row_write_p99_ms": round(hundredths[98], 1),
        "one_row_writes": len(taken), "backups_meanwhile": backups,
        "longest_transaction_own_ms": round(max(store.held), 1),
    }  # fmt: skip


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=20_000)
    parser.add_argument("--courses", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rates = rate(given.learners, given.courses, given.rounds)
    figures: dict[str, Any] = {"grades_per_own_second_goal": GOAL}
    for name, found in rates.items():
        figures |= {f"{name}_best": round(max(found)), f"{name}_median": round(statistics.median(found))}
    figures |= waits(given.learners, given.courses) | {"load": round(os.getloadavg()[0], 1)}
    print(
        json.dumps(figures, indent=2)
        if given.json
        else "\n".join(f"{k.replace('_', ' '):28} {v:>12,}" for k, v in figures.items())
    )
    return int(figures["one_row_write_p99_ms"] > MOST_WAIT or figures["own_best"] < GOAL)


if __name__ == "__main__":
    sys.exit(main())
