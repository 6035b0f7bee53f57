"""Internal quality assurance as it is recorded here: releases and simulated evidence. Pure.

A release is the IQA's own record. Moodle's workflow state ``released`` says that a learner may see a mark; it never
stands in for one. Nothing is edited: a record made in error is taken back by another that names it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from nvqsync.model import UnitOutcome, UnitStatus


class IqaOutcome(StrEnum):
    """What the IQA concluded."""

    AGREED = "agreed"
    ACTION = "action"
    REFERRED = "referred"


@dataclass(frozen=True, slots=True)
class Release:
    """An IQA released a learner's evidence for a qualification, or a whole cohort's (``course_id``).

    ``units`` are the references of those sampled, possibly none. ``action`` is what the assessor was asked to do;
    an outcome of ``action`` releases once ``action_done_on`` is set, ``referred`` never.
    """

    qualification_id: str
    iqa_id: str
    on: dt.date
    outcome: IqaOutcome = IqaOutcome.AGREED
    learner_id: str = ""
    course_id: str = ""
    units: tuple[str, ...] = ()
    action: str = ""
    action_done_on: dt.date | None = None
    id: int = 0

    @property
    def releases(self) -> bool:
        """Whether a claim may rest on it."""
        done = self.outcome is IqaOutcome.ACTION and self.action_done_on is not None
        return self.outcome is IqaOutcome.AGREED or done

    @property
    def open_action(self) -> bool:
        """Whether it asks for something that is not recorded as done."""
        return self.outcome is IqaOutcome.ACTION and self.action_done_on is None

    @property
    def looked_on(self) -> dt.date:
        """The day up to which the IQA has seen the evidence: the release's, or that of the action done."""
        return max(self.on, self.action_done_on or self.on)


@dataclass(frozen=True, slots=True)
class Simulation:
    """A learner's simulated activity for a unit: agreed by the IQA before it took place, and sampled afterwards.

    A unit may have several. A record stands for what was graded from ``activity_on`` on, and once it was sampled for
    what was graded up to ``sampled_on``.
    """

    learner_id: str
    qualification_id: str
    unit_reference: str
    agreed_by: str
    agreed_on: dt.date
    activity_on: dt.date
    reason: str
    sampled_by: str = ""
    sampled_on: dt.date | None = None
    id: int = 0

    @property
    def agreed_before(self) -> bool:
        """Whether the IQA agreed before the day of the activity."""
        return self.agreed_on < self.activity_on


def graders(unit: UnitOutcome) -> frozenset[str]:
    """Everybody who had a hand in a unit's evidence: assessors, every grader seen, who signed it off.

    The empty text among them stands for somebody whom the LMS does not name. A transferred unit, or one
    that the body has certificated already, has none.
    """
    if unit.status in {UnitStatus.TRANSFERRED, UnitStatus.HELD}:
        return frozenset()
    named = {name for decision in unit.decisions for name in (*decision.graders_seen, decision.assessor_id)}
    return frozenset(named | {unit.signed_off_by})


def verified_by_others(unit: UnitOutcome, releases: Iterable[Release]) -> bool:
    """Whether at least one of the releases is by somebody who had no hand in the unit's evidence."""
    hands = graders(unit)
    return any(one.iqa_id not in hands for one in releases)
