"""How far a generated learner has come, and what happened on the way: a list of dated events to be replayed.

An event is ``(moment, order, what)``; ``what`` is a call without arguments. Replaying all of them in order of time
gives row ids the order they would have had.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from connectors.moodle.simulator.coursework import DAY, Coursework
from connectors.moodle.simulator.records import Assignment
from connectors.moodle.simulator.state import College

Event = tuple[int, int, Callable[[], object]]
STAGES = {"complete": 0.35, "middle": 0.45, "early": 0.20}
ENDINGS = ("", "unreleased", "not_yet", "", "reopened", "resubmitted", "", "override", "hidden")


@dataclass(slots=True)
class Learner:
    """A learner's way through a qualification. ``ending`` is what happened to the last piece of work."""

    user_id: int
    stage: str
    ending: str
    units: list[str]
    works: list[Coursework]
    assessors: Sequence[int]
    iqa: int
    begins: int


@dataclass(slots=True)
class Timeline:
    """Collects events."""

    college: College
    rng: random.Random
    until: int
    events: list[Event] = field(default_factory=list)

    def _at(self, moment: int, what: Callable[[], object]) -> None:
        self.events.append((min(moment, self.until), len(self.events), what))

    def replay(self) -> None:
        """Let everything happen, oldest first."""
        self.events.sort(key=lambda event: event[:2])
        for _, _, what in self.events:
            what()
        self.events.clear()

    def follow(self, learner: Learner) -> None:
        """Plan one learner's way."""
        work = self._pieces(learner)
        done = work[: self._how_many(learner, len(work))]
        last = self._last(learner, done)
        span = self.until - 30 * DAY - learner.begins
        for place, piece in enumerate(done):
            moment = learner.begins + span * place // max(1, len(done)) + self.rng.randrange(DAY)
            ending = learner.ending if place == last else ""
            self._piece(learner, piece, moment, ending)

    def _last(self, learner: Learner, done: list[Assignment]) -> int:
        """Where the ending happens: at the last piece, or the last one that has to be released."""
        fitting = [n for n, piece in enumerate(done) if piece.workflow or learner.ending != "unreleased"]
        return fitting[-1] if fitting else -1

    def _pieces(self, learner: Learner) -> list[Assignment]:
        pieces = []
        for place, code in enumerate(learner.units):
            pieces += learner.works[place % len(learner.works)].by_unit[code]
        return pieces

    def _how_many(self, learner: Learner, most: int) -> int:
        if learner.stage == "complete":
            return most
        if learner.stage == "early":
            return self.rng.randrange(0, min(3, most) + 1)
        return most if learner.ending in ("unreleased", "not_yet", "reopened") else self._share(most)

    def _share(self, most: int) -> int:
        return max(1, min(most - 1, round(most * self.rng.uniform(0.3, 0.9))))

    # ------------------------------------------------------------ one piece of work

    def _piece(self, learner: Learner, piece: Assignment, moment: int, ending: str) -> None:
        grader = learner.assessors[self.rng.randrange(len(learner.assessors))]
        if piece.takes_submissions and self.rng.random() < 0.85:
            self._at(moment, partial(self.college.submit, piece, learner.user_id, at=min(moment, self.until)))
        moment += self.rng.randrange(2, 8) * DAY
        if ending == "resubmitted" or (not ending and self.rng.random() < 0.08):
            moment = self._resubmission(learner, piece, moment, grader)
        self._mark(learner, piece, moment, grader, met=ending not in ("not_yet", "reopened"))
        self._release(learner, piece, moment, ending)
        self._after(learner, piece, moment + 7 * DAY, ending)

    def _resubmission(self, learner: Learner, piece: Assignment, moment: int, grader: int) -> int:
        self._mark(learner, piece, moment, grader, met=False)
        for days, deed in ((2, self.college.reopen_attempt), (9, self.college.submit)):
            then = min(moment + days * DAY, self.until)
            self._at(then, partial(deed, piece, learner.user_id, at=then))
        return moment + 12 * DAY

    def _mark(self, learner: Learner, piece: Assignment, moment: int, grader: int, *, met: bool) -> None:
        at = min(moment, self.until)
        if piece.form is not None:
            tops = [row.top_score for row in piece.form.criteria]
            scores = tops if met else [0 if place % 2 == 0 else top for place, top in enumerate(tops)]
            what = partial(self.college.grade_rows, piece, learner.user_id, scores, grader=grader, at=at)
            return self._at(at, what)
        value = 2 if met else 1
        return self._at(at, partial(self.college.grade, piece, learner.user_id, value, grader=grader, at=at))

    def _release(self, learner: Learner, piece: Assignment, moment: int, ending: str) -> None:
        if not piece.workflow:
            return
        states = ("readyforreview", "inreview", "readyforrelease", "released")
        reached = states[: self.rng.randrange(1, 4)] if ending == "unreleased" else states
        for place, state in enumerate(reached, 1):
            at = min(moment + place * DAY, self.until)
            self._at(at, partial(self.college.set_workflow, piece, learner.user_id, state, at=at))

    def _after(self, learner: Learner, piece: Assignment, moment: int, ending: str) -> None:
        at = min(moment, self.until)
        if not ending and learner.stage == "middle" and self.rng.random() < 0.04:
            # an IQA opens the form and saves it as it was
            self._at(at, partial(self.college.save_again, piece, learner.user_id, at=at, grader=learner.iqa))
        if ending == "reopened":
            self._at(at, partial(self.college.reopen_attempt, piece, learner.user_id, at=at))
        elif ending == "override":
            value = 1 if piece.grade < 0 else 0
            self._at(at, partial(self.college.override, piece, learner.user_id, value, at=at))
        elif ending == "hidden":
            self._at(at, partial(self.college.hide, piece, learner.user_id))
