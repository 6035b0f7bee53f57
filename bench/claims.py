"""The claim queue at ten thousand claims: proposed and approved a second, and the most memory it takes.

Run as ``python -m bench.claims``; ``--claims`` makes it smaller, ``--json`` prints one document. Every learner has
finished OCR/03455 and is registered; the grades stand in a database as a pass leaves them, so that what is measured is
judging, gates, the queue and the audit log, with every commit on disk.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from nvqsync.bootstrap import App, bootstrap
from nvqsync.centres import centre_file
from nvqsync.centres.centre_entering import enter
from nvqsync.claims import Event
from nvqsync.model import CourseReading, Grading, LmsCourse, LmsItem, LmsMember, Observation, Registration
from nvqsync.planning import plan
from nvqsync.review import Deed, ready, working
from nvqsync.settling import settle
from nvqsync.storage import store_claims, store_lms
from nvqsync.store import Store
from tests import quality
from tests.rehearsal import CENTRE_FACTS
from tests.workshop import everything

OCR, UNITS, A_COURSE = "OCR/03455", ("F1", "F2", "A3", "B2", "C3", "D2"), 500
SETTINGS = """
database = "nvqsync.db"
[moodle]
url = "https://moodle.invalid"
"""
ASSESSOR = "77"


def measure(claims: int) -> dict[str, Any]:
    """Every figure for a queue of ``claims``. Times in seconds, memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nvqsync.toml"
        config.write_text(SETTINGS, encoding="utf-8")
        app = bootstrap(config)
        with app.open_store() as store:
            fill(app, store, claims)
            before = peak()
            proposing = timed(lambda: settle(app, store, by="bench"))
            quiet = timed(lambda: settle(app, store, by="bench"))
            approving = timed(lambda: approve(app, store))
            done = store_claims.count_by_status(store)
    return {
        "claims": done.get("approved", 0),
        "proposed_per_second": round(claims / proposing),
        "judged_again_per_second": round(claims / quiet),
        "approved_per_second": round(claims / approving),
        "propose_seconds": round(proposing, 1),
        "approve_seconds": round(approving, 1),
        "memory_before_mb": before,
        "peak_memory_mb": peak(),
    }


def approve(app: App, store: Store) -> int:
    """Approve all that is ready, as ``nvqsync claims approve --all-ready`` does; how many were."""
    slices = working(app, store, ready(store), Deed(Event.APPROVE, "bench", "Checked.", said=everything(app)))
    return sum(not result.refused for some in slices for result in some)


def fill(app: App, store: Store, learners: int) -> None:
    """A database in which this many learners have finished and are registered."""
    enter(app, store, centre_file.read(CENTRE_FACTS, "centre.toml").onto, by="bench")
    quality.staff(store, ASSESSOR, officers=("bench",))
    number = store_lms.begin_pass(store, app.now())
    for place, start in enumerate(range(0, learners, A_COURSE), 1):
        reading = course(place, range(start, min(start + A_COURSE, learners)), app.now())
        store_lms.record(store, reading, plan({}, reading), number)
        registered = [
            Registration(one.lms_id, OCR, "OCR", dt.date(2020, 9, 14), candidate_number=one.lms_id, name=one.name,
                         date_of_birth=dt.date(2006, 3, 1))
            for one in reading.members
        ]  # fmt: skip
        store_claims.record_registrations(store, registered, actor="bench", at=app.now())
        quality.release(store, OCR, [one.lms_id for one in reading.members], app.today)
    store_lms.end_pass(store, number, app.now(), "done", {})


def course(place: int, people: range, now: int) -> CourseReading:
    """One course with its learners, each unit graded Competent."""
    scale = ("Not yet competent", "Competent")
    items = tuple(
        LmsItem(f"{place}-{code}", f"{place}", f"{code} sign-off", code, Grading.SCALE, scale=scale) for code in UNITS
    )
    members = tuple(
        LmsMember(f"{n:08}", f"Sasha Invented{n}", f"S{n}", ("student",), date_of_birth=dt.date(2006, 3, 1))
        for n in people
    )
    return CourseReading(LmsCourse(f"{place}", f"CS-{place}", "Customer Service", OCR), items, members,
                         tuple(grades(items, members, now)), now)  # fmt: skip


def grades(items: tuple[LmsItem, ...], members: tuple[LmsMember, ...], now: int) -> Iterator[Observation]:
    """Competent, for everyone in everything."""
    for item in items:
        for one in members:
            yield Observation(item.lms_id, one.lms_id, f"{item.lms_id}-{one.lms_id}", 0, Decimal(2), now - 60, ASSESSOR)


def timed(work: Any) -> float:
    """The seconds some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def peak() -> int:
    """The most memory so far, in MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.claims)
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):24} {value:>12,}")


if __name__ == "__main__":
    main()
