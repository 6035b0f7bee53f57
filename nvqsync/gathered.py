"""Everything that is assessed for one qualification, in one record. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from nvqsync.evidence import Assessment, Assessor, PassDefaults, assess
from nvqsync.mapping import CourseMapping
from nvqsync.model import Assessed, LmsItem, Qualification, SignOff


@dataclass(frozen=True, slots=True)
class Gathered:
    """The mapped items of one qualification, and every learner's grades and sign-offs.

    ``items`` are by LMS id (``gone`` are those the LMS no longer shows), ``assessed`` and ``courses_of`` by learner.
    """

    qualification: Qualification
    mappings: tuple[CourseMapping, ...]
    items: Mapping[str, LmsItem]
    assessed: Mapping[str, Sequence[Assessed]]
    sign_offs: tuple[SignOff, ...]
    defaults: PassDefaults
    courses_of: Mapping[str, Collection[str]]
    gone: frozenset[str]

    def assess(self) -> Assessment:
        """What everyone's grades amount to."""
        return assess(
            self.qualification,
            self.mappings,
            self.items,
            self.assessed,
            self.sign_offs,
            self.defaults,
            self.courses_of,
        )

    def assessor(self) -> Assessor:
        """What assesses one learner at a time, whatever grades are put before it."""
        return Assessor(self.qualification, self.mappings, self.items, self.defaults)

    def signed_by_learner(self) -> dict[str, list[SignOff]]:
        """The sign-offs of each learner."""
        found: dict[str, list[SignOff]] = defaultdict(list)
        for sign_off in self.sign_offs:
            found[sign_off.learner_id].append(sign_off)
        return found
