"""The main job measured: pass time, HTTP calls, verdicts a second and peak memory for the demo college.

Run as ``python -m bench.main_job``; ``--learners`` makes the college larger, ``--json`` prints one document.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from nvqsync.demo import Demo, full_cycle, running
from nvqsync.progress import achieved
from nvqsync.rules import judge
from nvqsync.store import Store
from nvqsync.sync import run_pass


def measure(learners: int, passes: int = 5) -> dict[str, Any]:
    """Every figure for a college of ``learners``, from a first pass to certificates. Times in seconds, memory in MB."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "demo", learners=learners) as demo,
        demo.app.open_store() as store,
    ):
        first, calls, grades = one_pass(demo, store)
        quiet = [one_pass(demo, store) for _ in range(passes)]
        started = time.perf_counter()
        cycle = full_cycle(demo, store, lambda text: None)
        return {
            "learners": learners,
            "grades": grades,
            "first_pass_seconds": round(first, 3),
            "first_pass_calls": calls,
            "quiet_pass_seconds": round(statistics.median(seconds for seconds, _, _ in quiet), 3),
            "quiet_pass_calls": quiet[-1][1],
            "full_cycle_seconds": round(time.perf_counter() - started, 3),
            "certificated": cycle.by_status.get("certificated", 0),
            "verdicts_per_second": verdicts_per_second(demo, store),
            "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }


def one_pass(demo: Demo, store: Store) -> tuple[float, int, int]:
    """Seconds, HTTP calls and grades read of one pass."""
    before = sum(demo.moodle.calls.values())
    started = time.perf_counter()
    with closing(demo.app.open_lms()) as lms:
        report = run_pass(demo.app, store, lms, by="bench")
    seconds = time.perf_counter() - started
    return seconds, sum(demo.moodle.calls.values()) - before, sum(course.grades for course in report.courses)


def verdicts_per_second(demo: Demo, store: Store, rounds: int = 20) -> int:
    """Verdicts a second on the college's own learners, none remembered from an earlier question."""
    standings = demo.app.reader(store).standings()
    questions = [(s.qualification.rule, tuple(achieved(row.outcomes))) for s in standings for row in s.rows]
    spent = 0.0
    for number in range(rounds):
        started = time.perf_counter()
        for rule, held in questions:
            judge(rule, held, budget=200_000 + number)  # another budget is another question to the engine's memory
        spent += time.perf_counter() - started
    return round(rounds * len(questions) / spent)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=240)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.learners)
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):24} {value:>12,}")


if __name__ == "__main__":
    main()
