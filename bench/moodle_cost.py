"""What reading costs the college's Moodle, and what it costs us: calls, Moodle's time, our own speed and memory.

Run as ``python -m bench.moodle_cost``; ``--json`` prints one document, ``--learners`` and ``--courses`` make the
college smaller. The college is the simulator's even one (``generate_load``): by default 20,000 learners on 400 courses
with 3,200 assignments and 160,000 grades, a fifth of the assignments with a rubric or guide, half with workflow.
Moodle's time is added up on a virtual clock from the costs measured on real Moodle, not slept. The exit status is 1
when a budget is missed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

BUDGETS = {"first_pass_calls": 2500, "quiet_pass_calls": 60, "one_percent_pass_calls": 500, "peak_memory_mb": 200}
OCR = "OCR/03455"
SETTINGS = """
database = "nvqsync.db"
[moodle]
url = {url}
token = {token}
requests_per_second = 1000
"""


# ---------------------------------------------------------------- the college, in a process of its own


def virtual_seconds(function: str, asked: dict[str, Any], reply: Any) -> float:  # noqa: PLR0911
    """What the call would have taken real Moodle: a fixed cost, one for each thing checked, one for each row told."""
    rows = _rows(reply)
    ids = len(asked.get("assignmentids", ())) or len(asked.get("cmids", ())) or 1
    match function:
        case "mod_assign_get_grades" | "mod_assign_get_user_flags":
            return 0.028 + 0.0016 * ids + 25e-6 * rows
        case "mod_assign_get_assignments":
            return 0.028 + 0.006 * rows
        case "core_enrol_get_enrolled_users":
            return 0.028 + 0.0016 * rows
        case "gradereport_user_get_grade_items":
            return 0.045 + 0.0024 * rows
        case "mod_assign_get_submissions":
            return 0.028 + 0.0019 * rows
        case "mod_assign_get_submission_status":
            return 0.076
        case _:
            return 0.030 + 25e-6 * rows


def _rows(reply: Any) -> int:
    if isinstance(reply, list):
        return len(reply)
    if not isinstance(reply, dict):
        return 0
    inner = ("assignments", "courses", "usergrades", "instances", "areas")
    lists = [reply[key] for key in inner if isinstance(reply.get(key), list)]
    deep = ("grades", "userflags", "assignments", "gradeitems", "submissions")
    return sum(len(row.get(key, ())) for rows in lists for row in rows for key in deep if isinstance(row, dict)) or sum(
        map(len, lists)
    )


def serve(pipe: Connection, learners: int, courses: int) -> None:
    """Be the college's Moodle until told to stop; ``pipe`` takes ("cost" | "change" | "grade" | "stop")."""
    from connectors.moodle.simulator import server  # noqa: PLC0415
    from connectors.moodle.simulator.load import generate_load  # noqa: PLC0415

    college = generate_load(learners=learners, courses=courses, qualification=_offer())
    spent: Counter[str] = Counter()

    class Costed(server.Simulator):
        """A simulator that adds up what each call would have cost."""

        def _call(self, name: str, form: dict[str, Any]) -> Any:
            reply = super()._call(name, form)
            spent[name] += round(virtual_seconds(name, form, reply) * 1e6)
            return reply

    with Costed(college) as moodle:
        pipe.send((moodle.url, moodle.token))
        while (told := pipe.recv()) != "stop":
            if told == "cost":
                pipe.send((dict(moodle.calls), {name: us / 1e6 for name, us in spent.items()}))
                moodle.calls.clear()
                spent.clear()
            else:
                pipe.send(_change(college, share=0.01, seed=told))


def _offer() -> dict[str, Any]:
    from nvqsync.demo import plain  # noqa: PLC0415
    from nvqsync.plugin_manager import load_plugins  # noqa: PLC0415

    catalogue = load_plugins(entry_points=False).catalogue
    return plain(catalogue.qualifications[OCR], catalogue)


def _change(college: Any, *, share: float, seed: int) -> int:
    """An assessor goes over a random share of all grades."""
    rng = random.Random(seed)  # noqa: S311
    college.clock.advance(900)
    grader = next(iter(college.users.values()))
    every = [(a, user) for a in college.assignments.values() for user in a.grades]
    chosen = rng.sample(every, round(len(every) * share))
    for assignment, user_id in chosen:
        if assignment.form is not None:
            scores = [0 for _ in assignment.form.criteria]
            college.grade_rows(assignment, user_id, scores, grader=grader)
        else:
            college.grade(assignment, user_id, rng.choice((1, 2)), grader=grader)
        college.clock.advance(0)
    college.clock.advance(5)
    return len(chosen)


@contextmanager
def moodle(learners: int, courses: int) -> Iterator[tuple[Connection, str, str]]:
    """The college running in another process: its pipe, address and token."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, learners, courses))
    process.start()
    try:
        url, token = ours.recv()
        yield ours, url, token
    finally:
        ours.send("stop")
        process.join()


# ---------------------------------------------------------------- our side


def memory_mb() -> int:
    """The most memory this process ever held."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) // 1024 for line in text.splitlines() if line.startswith("VmHWM"))


def measure(learners: int, courses: int) -> dict[str, Any]:
    """Every figure."""
    from nvqsync.bootstrap import bootstrap  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder, moodle(learners, courses) as (pipe, url, token):
        config = Path(folder) / "nvqsync.toml"
        config.write_text(SETTINGS.format(url=json.dumps(url), token=json.dumps(token)), encoding="utf-8")
        app = bootstrap(config)
        figures: dict[str, Any] = {"learners": learners, "courses": courses}
        for name in ("first", "quiet", "one_percent", "full"):
            if name == "one_percent":
                figures["grades_changed"] = _ask(pipe, 1)
            if name in ("quiet", "one_percent"):
                _make_older(app, 15 * 60)
            figures |= {f"{name}_{key}": value for key, value in one_pass(app, pipe, full=name == "full").items()}
        figures["peak_memory_mb"] = memory_mb()
        return figures


def _ask(pipe: Connection, what: Any) -> Any:
    pipe.send(what)
    return pipe.recv()


def _make_older(app: Any, seconds: int) -> None:
    """As if the last pass had begun a quarter of an hour ago."""
    with app.open_store() as store, store.writing():
        store.execute("UPDATE passes SET started_at = ?", [app.now() - seconds])


def one_pass(app: Any, pipe: Connection, *, full: bool = False) -> dict[str, Any]:
    """Calls, Moodle's seconds and our own of one pass."""
    from nvqsync.sync import run_pass  # noqa: PLC0415

    _ask(pipe, "cost")
    started, cpu = time.perf_counter(), time.process_time()
    with app.open_store() as store, closing(app.open_lms()) as lms:
        report = run_pass(app, store, lms, by="bench", full=full)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    calls, spent = _ask(pipe, "cost")
    return {
        "pass_calls": sum(calls.values()),
        "pass_by_function": dict(sorted(calls.items(), key=lambda one: -one[1])),
        "pass_moodle_seconds": round(sum(spent.values()), 1),
        "pass_seconds": round(seconds, 1),
        "pass_own_cpu_seconds": round(cpu, 1),
        "pass_grades_told": sum(course.grades for course in report.courses),
        "pass_claims": report.claims,
        "pass_problems": len(report.problems),
        "pass_memory_mb": memory_mb(),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=20_000)
    parser.add_argument("--courses", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.learners, arguments.courses)
    missed = [name for name, most in BUDGETS.items() if figures[name] > most]
    if arguments.json:
        print(json.dumps(figures | {"missed": missed}, indent=2))
    else:
        for name, value in figures.items():
            if not isinstance(value, dict):
                print(
                    f"{name.replace('_', ' '):32} {value:>12,}"
                    + (f"   budget {BUDGETS[name]:,}" if name in BUDGETS else "")
                )
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
