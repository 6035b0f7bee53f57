"""A simulated Moodle as a process of its own, with marking going on: ``python -m tests.soak_moodle``.

Prints its address and token as one JSON line, marks without a pause until standard input is closed, then ends.
"""

from __future__ import annotations

import json
import random
import sys
import threading

from connectors.moodle.simulator.server import Simulator
from tests.rehearsal import COMPETENT, NOT_YET, UNITS, SmallCollege, small_college

LEARNERS = 12
BETWEEN = 0.02
"""Seconds between two marks."""


def mark(college: SmallCollege, luck: random.Random, stop: threading.Event) -> None:
    """Somebody is marked every moment: mostly competent, now and then a mark is taken back or overridden."""
    while not stop.wait(BETWEEN):
        assignment = college.assignments[luck.choice(UNITS)]
        learner = luck.choice(college.learners)
        value = COMPETENT if luck.random() < 0.8 else NOT_YET
        college.moodle.grade(assignment, learner, value, grader=college.assessor)


def main() -> None:
    """Serve and mark until standard input ends."""
    college, stop = small_college(LEARNERS), threading.Event()
    with Simulator(college.moodle) as moodle:
        marking = threading.Thread(target=mark, args=(college, random.Random(7), stop))
        marking.start()
        told = {"url": moodle.url, "token": moodle.token, "now": college.moodle.clock.now()}
        print(json.dumps(told), flush=True)
        sys.stdin.read()
        stop.set()
        marking.join()


if __name__ == "__main__":
    main()
