"""``python -m connectors.moodle.simulator``: a simulated Moodle by itself, until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import csv
import threading
from pathlib import Path

from connectors.moodle.simulator.access import RELEASES
from connectors.moodle.simulator.generator import generate_college
from connectors.moodle.simulator.server import TOKEN, Simulator
from connectors.moodle.simulator.state import College

_ENTRIES = ("id_number", "name", "date_of_birth", "uln", "candidate_number", "qualification", "registered_on", "entry")


def without_id_numbers(college: College, short_name: str) -> None:
    """Empty the ID numbers of a course and its activities, as where nobody ever entered any. Raises ``KeyError``."""
    course = {each.short_name: each for each in college.courses.values()}[short_name]
    college.set_course_id_number(course, "")
    for number in course.assignment_ids:
        college.set_id_number(number, "")


def write_registrations(college: College, file: Path) -> None:
    """Whom the awarding bodies know, as a CSV file that 'nvqsync registrations import' takes."""
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.DictWriter(out, _ENTRIES)
        rows.writeheader()
        rows.writerows(row | {"entry": "full_award"} for row in college.registrations)


def main(arguments: list[str] | None = None) -> int:
    """Parse, generate, serve."""
    parser = argparse.ArgumentParser(prog="python -m connectors.moodle.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8045, help="loopback port, 0 for any free one (default 8045)")
    parser.add_argument("--learners", type=int, default=240, help="size of the college (default 240)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another college (default 1)")
    parser.add_argument("--version", choices=sorted(RELEASES), default="4.5.6", help="the Moodle to behave like")
    parser.add_argument("--token", default=TOKEN, help="the token to accept")
    parser.add_argument("--no-id-numbers", metavar="COURSE", help="a course, by short name, without any ID number")
    parser.add_argument("--registrations", type=Path, metavar="FILE", help="write who is registered, as CSV")
    chosen = parser.parse_args(arguments)
    college = generate_college(chosen.seed, chosen.learners)
    if chosen.no_id_numbers:
        without_id_numbers(college, chosen.no_id_numbers)
    if chosen.registrations:
        write_registrations(college, chosen.registrations)
    with (
        contextlib.suppress(KeyboardInterrupt),
        Simulator(college, version=chosen.version, token=chosen.token, port=chosen.port) as simulator,
    ):
        print(f"Simulated Moodle {chosen.version}, {chosen.learners} invented learners: {simulator.url}")
        print(f"Token (good only here): {simulator.token}")
        print(f"Grade by hand: {simulator.url}/control    Stop: Ctrl-C", flush=True)
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
