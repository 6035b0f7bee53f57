"""The records everything else speaks in: frozen, typed, and ignorant of files, networks and databases.

Three families, in the order in which a fact travels:

* what an awarding body publishes: ``Unit``, ``Qualification``, ``Rule``, ``Requirement``;
* what an LMS told us: ``LmsCourse``, ``LmsItem``, ``LmsMember``, ``Observation``, ``CourseReading``;
* what we send out and hear back: ``BatchClaim``, ``Batch``, ``Answer``.

Moments are whole seconds since 1970 (UTC) in fields called ``..._at`` and ``datetime.date`` (a Europe/London day) in
fields called ``..._on``. Grades are ``Decimal``, never ``float``. Identifiers are text, whatever the LMS used.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

# ---------------------------------------------------------------- what an awarding body publishes


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact was read: the document and the place in it."""

    document: str
    section: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of the regulator's bank, shared by every body that offers it.

    ``outcomes`` counts the assessment criteria of each learning outcome, in order, e.g. ``(("1", 3), ("2", 4))``;
    ``None`` where no specification at hand gives them. ``glh`` is guided learning hours.
    """

    reference: str
    title: str
    level: int
    credit_value: int
    glh: int
    outcomes: tuple[tuple[str, int], ...] | None = None

    @property
    def criteria(self) -> tuple[str, ...] | None:
        """Every criterion number in order (``"1.1"``, ``"1.2"``, ...), or ``None`` where they are unknown."""
        if self.outcomes is None:
            return None
        return tuple(f"{outcome}.{n}" for outcome, count in self.outcomes for n in range(1, count + 1))


@dataclass(frozen=True, slots=True)
class QualificationUnit:
    """A bank unit as one qualification lists it: the body's own code for it, and the group it stands in.

    ``aliases`` are further codes that the body prints for the same unit. ``simulation`` says whether the
    specification lets simulated evidence count towards it.
    """

    code: str
    unit: Unit
    groups: tuple[str, ...]
    mandatory: bool
    aliases: tuple[str, ...] = ()
    simulation: bool = False


class Kind(StrEnum):
    """What a requirement asks for. ``docs/rules.md`` defines each with an example."""

    ALL_OF = "all_of"  # every unit named in `units`
    MIN_CREDITS = "min_credits"  # at least `need` credits from `groups` (all groups when empty)
    MIN_UNITS = "min_units"  # at least `need` units from `groups`
    MAX_CREDITS = "max_credits"  # at most `need` credits from `groups`; credit above it is left out
    MAX_UNITS = "max_units"  # at most `need` units from `groups`; further units are left out
    MIN_CREDITS_AT_LEVEL = "min_credits_at_level"  # at least `need` credits at `level` from `groups`
    BARRED = "barred"  # of the `units` named, at most one may count
    EQUIVALENT = "equivalent"  # the `units` named stand for one another: one of them counts, and does for all
    MAX_TRANSFERRED_CREDITS = "max_transferred_credits"  # at most `need` transferred credits from `groups`


class Comparison(StrEnum):
    """How ``min_credits_at_level`` compares a unit's level with the requirement's."""

    EXACTLY = "exactly"
    AT_LEAST = "at_least"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of a rule of combination, as data.

    ``id`` is stable across versions of the rule (``ROC-L2-1/mandatory``); ``says`` is what a person reads; ``need`` is
    credits or a number of units according to ``kind``.
    """

    id: str
    kind: Kind
    says: str
    source: Source
    need: int = 0
    groups: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    level: int | None = None
    comparison: Comparison = Comparison.EXACTLY


@dataclass(frozen=True, slots=True)
class RuleUnit:
    """What the rules engine needs to know of a unit: its code, its credits, level, GLH and groups."""

    code: str
    credits: int
    level: int
    glh: int
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeldOutside:
    """A unit that the rule does not list but that a learner may hold, and what to tell a person about it."""

    reference: str
    says: str
    source: Source


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of combination: the units on offer and what a selection of them must satisfy jointly."""

    units: tuple[RuleUnit, ...]
    requirements: tuple[Requirement, ...]
    groups_overlap: bool = False
    allows_exemptions: bool = True
    outside: tuple[HeldOutside, ...] = ()
    version: str = "1"


@dataclass(frozen=True, slots=True)
class Method:
    """An assessment method code as a body lists it. ``simulated`` marks the one that stands for simulation."""

    code: str
    title: str
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Qualification:
    """A qualification as its awarding body publishes it. ``id`` is ``BODY/CODE``, e.g. ``OCR/03455``.

    ``registration_closed`` is true where the body says that it takes no more entries, whether or not it gives the day.
    """

    id: str
    awarding_body: str
    code: str
    qualification_number: str | None
    title: str
    level: int
    credits: int
    units: tuple[QualificationUnit, ...]
    rule: Rule
    source: Source
    methods: tuple[Method, ...] = ()
    registration_end_on: dt.date | None = None
    certification_end_on: dt.date | None = None
    group_titles: Mapping[str, str] = field(default_factory=dict)
    registration_closed: bool = False


# ---------------------------------------------------------------- what an LMS told us


class Grading(StrEnum):
    """How the grade of an LMS item is expressed."""

    POINTS = "points"
    SCALE = "scale"
    RUBRIC = "rubric"
    GUIDE = "guide"
    NONE = "none"


class ItemKind(StrEnum):
    """What sort of thing of an LMS an item is. Words are part of the mapping file and of the JSON interface."""

    ASSIGNMENT = "assignment"
    OUTCOME = "outcome"  # rated beside the grade of the assignment it is part of
    COMPETENCY = "competency"  # rated once in a course: proficient or not


@dataclass(frozen=True, slots=True)
class LmsCourse:
    """A course of the LMS. ``id_number`` is empty where the college has set none.

    ``number_told`` is false where the LMS would not tell it just now: it is then the one last known, or empty.
    """

    lms_id: str
    short_name: str
    full_name: str
    id_number: str = ""
    number_told: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class GradingRow:
    """One row of a rubric or marking guide. ``top_score`` is its highest level's score, or the guide row's maximum."""

    row_id: str
    text: str
    top_score: Decimal


@dataclass(frozen=True, slots=True)
class LmsItem:
    """A graded item of a course (in Moodle, an assignment; where the mapping asks for them, an outcome or competency).

    ``scale`` lists the scale's items from the lowest; ``pass_mark`` is ``None`` where the LMS would not tell;
    ``identities_hidden`` is true while blind marking has not been revealed; ``hidden`` is ``None`` where unknown.
    ``url_path`` is where a person finds the item, relative to the site. ``part_of`` is the item whose release and
    attempts an outcome shares. A word of an outcome's ``scale`` is empty where the LMS has not told it.
    """

    lms_id: str
    course_id: str
    name: str
    id_number: str = ""
    grading: Grading = Grading.POINTS
    maximum: Decimal | None = None
    scale: tuple[str, ...] = ()
    pass_mark: Decimal | None = None
    rows: tuple[GradingRow, ...] = ()
    workflow: bool = False
    identities_hidden: bool = False
    team: bool = False
    hidden: bool | None = None
    url_path: str = ""
    kind: ItemKind = ItemKind.ASSIGNMENT
    part_of: str = ""


@dataclass(frozen=True, slots=True)
class LmsMember:
    """A person on a course's roster. ``roles`` are the LMS's short names. ``uln`` is as typed, unchecked."""

    lms_id: str
    name: str
    id_number: str = ""
    roles: tuple[str, ...] = ()
    active: bool = True
    uln: str = ""
    candidate_number: str = ""
    date_of_birth: dt.date | None = None


@dataclass(frozen=True, slots=True)
class RowScore:
    """What one rubric or guide row was given."""

    row_id: str
    score: Decimal


@dataclass(frozen=True, slots=True)
class GradebookEntry:
    """What the gradebook says beside the item's own grade. ``grade`` is ``None`` for an empty cell."""

    grade: Decimal | None
    hidden: bool = False
    overridden: bool = False


class Observation(NamedTuple):
    """One learner's latest grade on one item, exactly as read.

    ``grade`` is ``None`` where the LMS says "no grade". On a scale it is the 1-based place in the item's ``scale``.
    ``workflow_state`` is empty where the item has no marking workflow. ``grader_id`` is empty where nobody is named.
    ``gradebook`` is ``None`` where the gradebook was not read for this grade. ``resubmitting`` marks the last grade
    of an earlier attempt, shown because a newer attempt is open and has no grade yet.

    A tuple, because a college has hundreds of thousands: they are kept as ``Columns``, compared and written without a
    line of Python run for each. ``_replace`` gives one that differs.
    """

    item_id: str
    learner_id: str
    grade_id: str
    attempt: int
    grade: Decimal | None
    graded_at: int
    grader_id: str = ""
    workflow_state: str = ""
    rows: tuple[RowScore, ...] = ()
    gradebook: GradebookEntry | None = None
    resubmitting: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a reading could not see or does not trust, with its code, its subject and what to do about it.

    ``severity`` is ``"problem"`` (a person must act; the pass exits 1) or ``"note"``.
    """

    code: str
    says: str
    course_id: str = ""
    item_id: str = ""
    learner_id: str = ""
    severity: str = "problem"


@dataclass(frozen=True, slots=True)
class Covers:
    """What a reading covers. Absence proves something only inside it; the default covers everything.

    ``roster``: the members were read, so that someone not among them has left. ``grades``: the items whose grades were
    all read (``None``: every item's); of other items only changed grades are told. ``gradebook``: an observation tells
    what the gradebook says. ``learners``: the only learners the reading speaks of (``None``: everyone).
    """

    roster: bool = True
    grades: frozenset[str] | None = None
    gradebook: bool = True
    learners: frozenset[str] | None = None

    def all_grades_of(self, item_id: str) -> bool:
        """Whether every grade of the item was read, so that one that is not told is not there."""
        return self.grades is None or item_id in self.grades

    def speaks_of(self, learner_id: str) -> bool:
        """Whether the reading says anything about the learner."""
        return self.learners is None or learner_id in self.learners


ROSTER, NUMBERS, GRADES, GRADEBOOK = "roster", "numbers", "grades", "gradebook"
"""The bookmarks every reading may move: who is on the course, ID numbers and forms, grades, the gradebook."""
SOURCES = "sources"
"""And the bookmark of the outcomes and competencies that the mapping asks for."""
DETAILS = "details"
"""No bookmark, for it is asked of one course after the other: what of an item's settings bumps no time (``hidden``,
``pass_mark``)."""


@dataclass(frozen=True, slots=True)
class CourseReading:
    """One reading of one course: all of it, or what ``covers`` says.

    ``items`` is always the whole list. ``members`` is the roster as last known where ``covers.roster`` is false. An
    item in ``unread_items`` was not answered for: absence proves nothing. ``states`` gives, for items whose marking
    workflow was polled, each learner's state now, also where the grade itself was not told. ``bookmarks`` are the
    moments, by the server's clock, from which the next reading has to go on, by what was read; what could not be read
    has none, and keeps its old one.
    """

    course: LmsCourse
    items: tuple[LmsItem, ...]
    members: tuple[LmsMember, ...]
    observations: Sequence[Observation]
    server_time: int
    unread_items: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    covers: Covers = Covers()
    states: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    bookmarks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """One course to be read, and what is known of it, so that a connector need tell only what changed.

    Without ``bookmarks`` everything is asked for. ``refresh`` names what is to be read anew although nothing tells that
    it changed (``ROSTER``, ``NUMBERS``, ``GRADES``, ``GRADEBOOK``, ``DETAILS``, ``SOURCES``). ``items`` and ``members``
    are as last read, those who left not among them; ``unread`` are the items last left unread. ``learners`` limits the
    reading to a few, all of whose facts are then read anew. ``also`` are the kinds of items beside assignments that the
    mapping asks for. A connector that cannot tell what changed answers with everything.
    """

    course: LmsCourse
    bookmarks: Mapping[str, int] = field(default_factory=dict)
    refresh: frozenset[str] = frozenset()
    items: tuple[LmsItem, ...] = ()
    members: tuple[LmsMember, ...] = ()
    unread: frozenset[str] = frozenset()
    learners: frozenset[str] | None = None
    also: frozenset[ItemKind] = frozenset()


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """Who answered: the LMS's name, release and address, and its clock at that moment."""

    site_name: str
    release: str
    url: str
    server_time: int
    notices: tuple[Notice, ...] = ()


# ---------------------------------------------------------------- what goes out and what comes back


class ClaimKind(StrEnum):
    """What a claim asks the awarding body for."""

    FULL_AWARD = "full_award"
    UNITS = "units"


@dataclass(frozen=True, slots=True)
class BatchUnit:
    """A unit as a batch states it. ``achieved_on`` is the day its sign-off rests on.

    ``held``: the body has certificated it under another qualification, so it is not claimed again;
    ``progressed_from`` is the qualification under which it was achieved, where that is another one.
    """

    code: str
    unit_reference: str
    title: str
    level: int
    credit_value: int
    achieved_on: dt.date
    transferred: bool = False
    held: bool = False
    progressed_from: str | None = None


@dataclass(frozen=True, slots=True)
class BatchClaim:
    """One candidate's claim as a batch states it.

    ``key`` is the claim's deterministic key and travels as its idempotency key. ``uln`` is ``None`` where the candidate
    has none (a placeholder is never sent). ``name`` is the registered name, as the certificate will print it. ``note``
    is what a keying sheet says beside the name.
    """

    key: str
    claim_id: int
    kind: ClaimKind
    candidate_number: str
    name: str
    date_of_birth: dt.date | None
    uln: str | None
    units: tuple[BatchUnit, ...]
    credits: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one export carries: one awarding body, centre, qualification and route.

    ``audit_head`` is the end of the audit log when the batch was made (``ENTRY:DIGEST``): whoever holds the batch can
    tell whether entries were cut off or changed since.
    ``sheet`` is the number of its keying sheet and ``duplicate`` counts the reprints of it (0: the original); like a
    claim's ``note`` they are for the sheet alone and stand in no document that is handed over.
    """

    id: str
    awarding_body: str
    centre_number: str
    qualification_id: str
    qualification_number: str | None
    qualification_code: str
    qualification_title: str
    route: str
    created_at: int
    claims: tuple[BatchClaim, ...]
    audit_head: str = ""
    sheet: int = 0
    duplicate: int = 0


class Outcome(StrEnum):
    """What a portal says of one claim."""

    ACKNOWLEDGED = "acknowledged"
    AWAITING_AUTHORISATION = "awaiting_authorisation"
    CERTIFICATED = "certificated"
    RETURNED = "returned"
    REVOKED = "revoked"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Answer:
    """A portal's answer about one claim; ``words`` are the portal's own, kept as they came.

    ``provisional``: whether the certificate still waits for a verification visit; ``None`` where that is not said.
    """

    key: str
    outcome: Outcome
    words: str = ""
    reference: str = ""
    certificate_number: str = ""
    on: dt.date | None = None
    provisional: bool | None = None


# ---------------------------------------------------------------- what we remember and conclude


@dataclass(frozen=True, slots=True)
class Assessed:
    """An observation with its memory: who gave this very grade, when, and everyone who ever saved one here.

    A later save that leaves grade and rows as they were changes ``observation.graded_at`` but neither ``assessor_id``
    nor ``decided_at``; its grader joins ``graders_seen``. ``gone``: the LMS no longer shows the item or row;
    ``gone_confirmed``: a person said that the grade stands all the same.
    """

    observation: Observation
    assessor_id: str
    graders_seen: tuple[str, ...]
    decided_at: int
    gone: bool = False
    gone_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class SignOff:
    """A unit signed off in nvqsync by an assessor, for one learner and qualification."""

    learner_id: str
    qualification_id: str
    unit_reference: str
    assessor_id: str
    signed_at: int


class UnitStatus(StrEnum):
    """How far a learner is with a unit. Words are part of the JSON interface."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    READY = "ready"
    ACHIEVED = "achieved"
    TRANSFERRED = "transferred"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Decision:
    """One criterion decision and the grade it rests on; ``criterion`` is ``""`` for a whole-unit decision.

    ``grade_text`` is the grade in the tutor's terms (``Competent``, ``62 of 100``, ``row 1.1: 2 of 2``).
    ``cautions`` are codes or rule ids a person should know of when they rely on it.
    """

    unit_reference: str
    criterion: str
    met: bool
    course_id: str
    item_id: str
    grade_id: str
    attempt: int
    grade_text: str
    assessor_id: str
    graders_seen: tuple[str, ...]
    decided_at: int
    method: str = ""
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitOutcome:
    """What a learner's evidence amounts to for one unit of one qualification.

    ``criteria_total`` is ``None`` where the unit's criteria are unknown. ``achieved_at`` and ``signed_off_by`` are set
    when ``status`` is achieved; ``decisions`` are all that were made, met or not, in criterion order.
    """

    learner_id: str
    qualification_id: str
    unit_reference: str
    code: str
    status: UnitStatus
    criteria_met: tuple[str, ...] = ()
    criteria_total: int | None = None
    achieved_at: int | None = None
    signed_off_by: str = ""
    decisions: tuple[Decision, ...] = ()
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierClaim:
    """Another claim of the same candidate with the same body: ``units`` are references.

    ``account`` is the LMS id under which it was made where that is another account with the same candidate number.
    """

    claim_id: int
    qualification_id: str
    kind: ClaimKind
    units: tuple[str, ...]
    candidate_number: str
    certificated: bool
    account: str = ""


class Entry(StrEnum):
    """What a registration (OCR: entry) asks for: the full award, or units."""

    FULL_AWARD = "full_award"
    UNITS = "units"


@dataclass(frozen=True, slots=True)
class Registration:
    """A candidate registered with an awarding body for one qualification, under the name the certificate will print.

    ``id`` is 0 until it is stored. ``uln`` and ``candidate_number`` are as written, unchecked. ``start`` is the day the
    learner starts and ``end`` the last day the registration holds, both inclusive and where known; ``site`` is the
    centre's site under whose number the candidate is registered, empty for the main one.
    """

    learner_id: str
    qualification_id: str
    awarding_body: str
    registered_on: dt.date
    entry: Entry = Entry.FULL_AWARD
    candidate_number: str = ""
    name: str = ""
    date_of_birth: dt.date | None = None
    uln: str = ""
    start: dt.date | None = None
    end: dt.date | None = None
    site: str = ""
    id: int = 0
