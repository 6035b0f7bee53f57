"""From the store to standings: load what the LMS told us, map it, assess it, judge it. Reads; never writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nvqsync.assessing import confirming
from nvqsync.assessing.outcomes import with_parents
from nvqsync.evidence import Assessment, PassDefaults
from nvqsync.gathered import Gathered
from nvqsync.mapping import CourseMapping, map_course
from nvqsync.matching.mapping_file import MappingFile
from nvqsync.model import Assessed, LmsCourse, LmsItem, Notice, Qualification, UnitOutcome, UnitStatus
from nvqsync.plugin_manager import Plugins
from nvqsync.progress import LearnerProgress, progress
from nvqsync.progression import AchievedElsewhere, Elsewhere
from nvqsync.storage import store_adjustments, store_claims, store_confirmations, store_lms
from nvqsync.store import Store

Achieved = Mapping[str, Mapping[str, Sequence[UnitOutcome]]]
"""By learner and qualification: the units achieved there."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Everyone's progress in one qualification, and what its evidence could not use."""

    qualification: Qualification
    mappings: tuple[CourseMapping, ...]
    rows: tuple[LearnerProgress, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """What is needed to read standings out of a store."""

    store: Store
    plugins: Plugins
    mapping_file: MappingFile | None
    defaults: PassDefaults
    learner_roles: tuple[str, ...]

    def mappings(self, course_ids: Collection[str] | None = None) -> list[CourseMapping]:
        """The mapping of every course known, followed or not, from what the store holds of it; or of a few of them."""
        items: dict[str, list[LmsItem]] = defaultdict(list)
        for item in store_lms.items(self.store, course_ids):
            items[item.course_id].append(item)
        return [
            self.map(course, items[course.lms_id])
            for course in store_lms.courses(self.store)
            if course_ids is None or course.lms_id in course_ids
        ]

    def qualifications(self, course_ids: Collection[str] | None = None) -> list[tuple[LmsCourse, str]]:
        """Every course known, or a few, and the qualification each stands for, if any; items are not looked at."""
        return [
            (course, self.map(course, ()).qualification_id)
            for course in store_lms.courses(self.store)
            if course_ids is None or course.lms_id in course_ids
        ]

    def learners(self, learner_ids: Collection[str], qualification_ids: Iterable[str] | None = None) -> list[Standing]:
        """The standings of a few learners, from the courses that any of them is or was on and from no others."""
        mappings = self.mappings(store_lms.courses_of_learners(self.store, learner_ids))
        return self.standings(qualification_ids, learner_ids, mappings)

    def gone(self) -> frozenset[str]:
        """The ids of items that the LMS no longer shows."""
        return frozenset(store_lms.gone_items(self.store))

    def map(self, course: LmsCourse, items: Iterable[LmsItem]) -> CourseMapping:
        """The mapping of one course with the given items."""
        qualifications = self.plugins.catalogue.qualifications
        return map_course(course, list(items), qualifications, self.mapping_file, self.plugins.match_unit)

    def standings(
        self,
        qualification_ids: Iterable[str] | None = None,
        learners: Collection[str] | None = None,
        mappings: Iterable[CourseMapping] | None = None,
    ) -> list[Standing]:
        """Everyone's progress in the given qualifications, or in all that are followed, in the catalogue's order.

        ``learners`` limits it to a few; ``mappings`` are the mappings of all courses, where they are at hand.
        """
        by_qualification: dict[str, list[CourseMapping]] = defaultdict(list)
        for mapping in self.mappings() if mappings is None else mappings:
            if mapping.qualification_id:
                by_qualification[mapping.qualification_id].append(mapping)
        assessments = {q: self.gather(q, found, learners).assess() for q, found in by_qualification.items()}
        wanted = set(qualification_ids if qualification_ids is not None else by_qualification)
        achieved, certificated = _achieved(assessments), store_claims.certificated_units(self.store, learners)
        return [
            self._standing(q, by_qualification[q], assessments[q], self._elsewhere(q, achieved, certificated), learners)
            for q in self.plugins.catalogue.qualifications
            if q in wanted and q in by_qualification
        ]

    def gather(
        self, qualification_id: str, mappings: Sequence[CourseMapping], only: Collection[str] | None = None
    ) -> Gathered:
        """All that is assessed for one qualification, in the courses of ``mappings``; ``only`` for some learners."""
        courses = [mapping.course.lms_id for mapping in mappings]
        gone = self.gone()
        items = {item.lms_id: item for item in store_lms.items(self.store, courses)}
        confirmed = store_confirmations.about_grades(self.store)
        learners: dict[str, list[Assessed]] = defaultdict(list)
        for known in store_lms.grades(self.store, courses, only):
            source_gone = known.gone or known.observation.item_id in gone
            told = confirming.applied(replace(known, gone=source_gone), confirmed)
            learners[known.observation.learner_id].append(told)
        sign_offs = store_claims.sign_offs(self.store, qualification_id)
        members = store_lms.roster(self.store, courses, self.learner_roles, only)
        return Gathered(
            qualification=self.plugins.catalogue.qualifications[qualification_id],
            mappings=tuple(mappings),
            items=items,
            assessed={member.lms_id: with_parents(learners.get(member.lms_id, []), items) for member in members},
            sign_offs=tuple(one for one in sign_offs if only is None or one.learner_id in only),
            defaults=self.defaults,
            courses_of=store_lms.courses_of(self.store, courses),
            gone=gone,
        )

    def _standing(
        self,
        q: str,
        mappings: list[CourseMapping],
        assessment: Assessment,
        elsewhere: Mapping[str, Elsewhere],
        only: Collection[str] | None = None,
    ) -> Standing:
        qualification = self.plugins.catalogue.qualifications[q]
        members = store_lms.roster(self.store, [m.course.lms_id for m in mappings], self.learner_roles, only)
        adjustments = store_adjustments.by_learner(self.store, q)
        rows = progress(
            qualification, members, assessment.outcomes, elsewhere, adjustments, self.plugins.catalogue.units
        )
        return Standing(qualification, tuple(mappings), rows, assessment.notices)

    def _elsewhere(
        self, q: str, achieved: Achieved, certificated: Mapping[str, Sequence[AchievedElsewhere]]
    ) -> dict[str, Elsewhere]:
        """By learner, what they achieved under other qualifications than ``q``: by evidence, and by certificate."""
        found: dict[str, dict[str, tuple[AchievedElsewhere, ...]]] = defaultdict(lambda: defaultdict(tuple))
        for learner, by_qualification in achieved.items():
            for other, outcomes in by_qualification.items():
                for o in outcomes if other != q else ():
                    body = self.plugins.catalogue.qualifications[other].awarding_body
                    one = AchievedElsewhere(o.unit_reference, other, body, o.achieved_at, o)
                    found[learner][o.unit_reference] += (one,)
        for learner, units in certificated.items():
            for unit in units:
                if unit.qualification_id != q:
                    found[learner][unit.unit_reference] += (unit,)
        return dict(found)


def _achieved(assessments: Mapping[str, Assessment]) -> Achieved:
    """The units each learner achieved on their evidence, by learner and qualification."""
    found: dict[str, dict[str, list[UnitOutcome]]] = defaultdict(dict)
    for q, assessment in assessments.items():
        for learner, outcomes in assessment.outcomes.items():
            if achieved := [outcome for outcome in outcomes if outcome.status is UnitStatus.ACHIEVED]:
                found[learner][q] = achieved
    return found
