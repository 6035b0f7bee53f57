"""Internal quality assurance as it is recorded here: releases and simulated evidence. Records only; pure.

A release is the IQA's own record. Moodle's workflow state ``released`` says that a learner may see a mark; it never
stands in for one. Nothing is edited: a record made in error is taken back by another that names it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Simulation:
    """A learner's simulated activity for a unit: agreed by the IQA before it took place, and sampled afterwards."""

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
