"""The reading half of a pass: what to ask of which course, and writing down what came of it, course by course."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nvqsync.bootstrap import App
from nvqsync.errors import LmsError, TooMuchVanished
from nvqsync.hookspecs import LmsConnector
from nvqsync.mapping import CourseMapping, kinds_asked
from nvqsync.model import (
    DETAILS,
    GRADEBOOK,
    GRADES,
    NUMBERS,
    ROSTER,
    SOURCES,
    Asked,
    CourseReading,
    ItemKind,
    LmsCourse,
    Notice,
)
from nvqsync.passes.pass_report import CourseReport, PassReport, Tell
from nvqsync.passes.rotation import due, is_astray, one_after_the_other
from nvqsync.passes.writing_down import Writer
from nvqsync.planning import ChangeKind, GradeChange, VanishGuard, counted, plan, vanished, without
from nvqsync.service.heap import seldom_collected
from nvqsync.storage import store_lms, store_retention
from nvqsync.store import Store

WHOLE = frozenset({ROSTER, NUMBERS, GRADES, GRADEBOOK, DETAILS, SOURCES})
IN_TURN = frozenset({ROSTER, NUMBERS, SOURCES})
"""What bumps no time, and is read when a course's turn comes, whether or not anything seems to be new."""
UNMAPPED, VANISHED = "unmapped", "vanished"
"""The alarms that keep a course's claims here until a person says so, or the course reads as it should again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pass was asked to do.

    ``only`` limits it to courses by id or short name, ``learners`` to learners by id; ``accept`` names courses whose
    vanished grades a person has looked at; ``full`` reads everything anew, ``since`` changes from that moment on.
    """

    only: tuple[str, ...] = ()
    learners: frozenset[str] | None = None
    accept: tuple[str, ...] = ()
    full: bool = False
    since: int | None = None

    @property
    def reads(self) -> str:
        """How much that is, as the pass report says it."""
        if self.only or self.learners is not None:
            return "some"
        return "everything" if self.full else "changes"

    def names(self, course: LmsCourse) -> bool:
        """Whether the pass is about this course."""
        return not self.only or bool({course.lms_id, course.short_name} & set(self.only))

    def accepts(self, course: LmsCourse) -> bool:
        """Whether the course may lose whatever it lost."""
        return bool({course.lms_id, course.short_name} & set(self.accept))


@dataclass(slots=True)
class Observer:
    """One pass's reading. ``unread`` gathers the learners of whom something could not be read again."""

    app: App
    store: Store
    lms: LmsConnector
    report: PassReport
    wanted: Wanted
    unread: set[str] = field(default_factory=set)
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self.writer = Writer(self.store, self.report.pass_id)

    def observe(self, tell: Tell, elapsed: int | None) -> None:
        """Read every followed course and record it. Raises ``LmsError`` when nothing at all could be read."""
        site = self.report.site = self.lms.check()
        self.report.notices += site.notices
        marks = _of_this_clock(store_lms.bookmarks(self.store), site.server_time)
        turn = self._turn(marks, site.server_time, elapsed)
        followed = dict(self._followed(self._courses(turn, site.server_time)))
        in_turn = sorted(followed, key=lambda course: course.lms_id not in turn)  # together, for they ask the most
        detailed = one_after_the_other([course.lms_id for course in followed], self.report.pass_id)
        asked = (self._ask(course, marks.get(course.lms_id, {}), turn, detailed) for course in in_turn)
        if self.wanted.learners is not None:
            asked = (one for one in asked if one.learners)
        with seldom_collected():
            self._read(asked, {course.lms_id: mapping for course, mapping in followed.items()}, tell)

    def read_again(self, learners: Mapping[str, Collection[str]]) -> None:
        """Read everything about some learners again: course id to learner ids. What cannot be read is ``unread``."""
        known = {course.lms_id: course for course in store_lms.courses(self.store)}
        asked = (self._asked(known[c], {}, frozenset(), frozenset(who)) for c, who in sorted(learners.items()))
        for course, found in self.lms.read(asked):
            line = CourseReport(course, "")
            self._one(line, found)
            if line.error:
                self.unread |= set(learners[course.lms_id])
        self.writer.finish()

    # ------------------------------------------------------------ what to ask

    def _turn(self, marks: Mapping[str, Mapping[str, int]], now: int, elapsed: int | None) -> set[str]:
        """The courses whose roster and ID numbers are read in this pass whether or not anything seems to be new.

        One that is followed no more goes by its own ID number alone, like those that never were.
        """
        ages: dict[str, int | None] = {
            course.lms_id: min((marks.get(course.lms_id, {}).get(what) or 0) for what in (ROSTER, NUMBERS)) or None
            for course, followed in self.app.reader(self.store).qualifications()
            if followed
        }
        others = store_lms.course_numbers(self.store)
        for course_id, (_, at) in others.items():
            ages.setdefault(course_id, at)
        return set(ages) if self.wanted.full else due(ages, now, elapsed)

    def _courses(self, turn: Collection[str], now: int) -> Sequence[LmsCourse]:
        """Every visible course, its ID number asked for again only where its turn has come."""
        known = {course: number for course, (number, _) in store_lms.course_numbers(self.store).items()}
        courses = self.lms.courses(known, turn)
        asked = [
            course for course in courses if course.number_told and (course.lms_id not in known or course.lms_id in turn)
        ]
        store_lms.record_course_numbers(self.store, [(course.lms_id, course.id_number, now) for course in asked])
        return courses

    def _followed(self, courses: Sequence[LmsCourse]) -> Iterator[tuple[LmsCourse, CourseMapping]]:
        reader = self.app.reader(self.store)
        known = {course.lms_id: course for course in store_lms.courses(self.store)}
        names = {name for course in courses for name in (course.lms_id, course.short_name)}
        for missing in sorted({*self.wanted.only, *self.wanted.accept} - names):
            self.report.notices.append(Notice("no-such-course", f"No course {missing} is visible to the token."))
        for course in filter(self.wanted.names, courses):
            mapping = reader.map(course, [])
            if mapping.qualification_id:
                store_lms.clear_alarms(self.store, course.lms_id, UNMAPPED)
                yield course, mapping
            elif course.lms_id in known and reader.map(known[course.lms_id], []).qualification_id:
                self._alarm(course, "is no longer mapped to a qualification. Did its ID number change?")
            self.report.notices += [problem.notice() for problem in mapping.problems if not mapping.qualification_id]
        for course_id in sorted(known.keys() - {course.lms_id for course in courses}):
            if self.wanted.names(known[course_id]) and reader.map(known[course_id], []).qualification_id:
                hidden = "is not shown to the token any more. Hidden, and moodle/course:viewhiddencourses missing?"
                self._alarm(known[course_id], hidden)

    def _alarm(self, course: LmsCourse, what: str) -> None:
        says = (
            f"{course.short_name} was followed and {what} Its claims wait. If it is right: nvqsync confirm unmapped "
            f"{course.lms_id}"
        )
        self.report.notices.append(Notice("course-unmapped", says, course.lms_id))
        store_lms.raise_alarm(self.store, course.lms_id, UNMAPPED, self.app.now())

    def _ask(self, course: LmsCourse, marks: Mapping[str, int], turn: Collection[str], detailed: str) -> Asked:
        moved = dict(marks)
        if self.wanted.since is not None and GRADES in moved:
            moved[GRADES] = min(moved[GRADES], self.wanted.since)
        refresh = WHOLE if self.wanted.full else IN_TURN if course.lms_id in turn else frozenset()
        refresh |= {DETAILS} if course.lms_id == detailed else set()
        learners = self.wanted.learners
        if learners is not None:
            learners &= {member.lms_id for member in store_lms.members(self.store, course.lms_id, gone=True)}
        return self._asked(course, moved, refresh, learners)

    def _asked(
        self, course: LmsCourse, marks: Mapping[str, int], refresh: frozenset[str], learners: frozenset[str] | None
    ) -> Asked:
        also = kinds_asked(course, self.app.mapping_file)
        if not marks and learners is None:
            return Asked(course, also=also)
        items = store_lms.items(self.store, [course.lms_id], gone=False)
        members = tuple(store_lms.members(self.store, course.lms_id))
        unread = frozenset(store_lms.unread_items(self.store, course.lms_id))
        return Asked(course, marks, refresh, tuple(items), members, unread, learners, also)

    # ------------------------------------------------------------ what came of it

    def _read(self, asked: Iterable[Asked], followed: Mapping[str, CourseMapping], tell: Tell) -> None:
        failures: list[LmsError] = []
        count = 0
        for course, found in self.lms.read(asked):
            line = CourseReport(course, followed[course.lms_id].qualification_id or "")
            self.report.courses.append(line)
            self._one(line, found)
            failures += [found] if isinstance(found, LmsError) else []
            count += 1
            tell(course.short_name)
        self.writer.finish()
        if failures and len(failures) == count:
            raise failures[0]

    def _one(self, line: CourseReport, found: CourseReading | LmsError) -> None:
        try:
            if isinstance(found, LmsError):
                raise found
            self._record(line, found)
        except (LmsError, TooMuchVanished) as error:
            line.error = str(error)
            says = f"{line.course.short_name}: {error}"
            self.report.notices.append(Notice("course-unread", says, line.course.lms_id))

    def _record(self, line: CourseReport, reading: CourseReading) -> None:
        reading = without(reading, store_retention.anonymised(self.store))
        course_id = reading.course.lms_id
        known, unlike = store_lms.unlike(self.store, reading)
        changes = plan(known, reading, unlike)
        self._guard(reading, changes)
        if NUMBERS in reading.bookmarks:
            number = (course_id, reading.course.id_number, reading.server_time)
            store_lms.record_course_numbers(self.store, [number])
        reading = self._still_followed(reading)
        before = store_lms.bookmarks(self.store, course_id).get(course_id, {}).get(GRADES)
        self.writer.take(reading, changes)
        self._count(line, reading, changes)
        if self.wanted.full and before is not None and not is_astray(before, reading.server_time):
            own = {item.lms_id for item in reading.items if item.kind is ItemKind.ASSIGNMENT}
            self._reconcile(line, [change for change in changes if change.key[0] in own], before)
        self.report.notices += reading.notices

    def _still_followed(self, reading: CourseReading) -> CourseReading:
        """The reading; of a course that lost its ID number only now, under the one by which it was followed."""
        reader, found = self.app.reader(self.store), reading.course
        known = next((one for one in store_lms.courses(self.store) if one.lms_id == found.lms_id), found)
        if known.id_number == found.id_number or reader.map(found, []).qualification_id:
            return reading
        if not reader.map(known, []).qualification_id:
            return reading
        self._alarm(known, "is no longer mapped to a qualification. Did its ID number change?")
        return replace(reading, course=known)

    def _guard(self, reading: CourseReading, changes: Sequence[GradeChange]) -> None:
        settings, course = self.app.settings.sync, reading.course
        if not reading.covers.roster and not vanished(changes):
            return
        guard = VanishGuard(settings.vanish_share, settings.vanish_least)
        held = store_lms.grades_held(self.store, course.lms_id)
        roster = {member.lms_id for member in reading.members}
        away = sum(n for who, n in held.items() if who not in roster and reading.covers.speaks_of(who))
        lost, known = max(vanished(changes), away), sum(held.values())
        if self.wanted.accepts(course) or not guard.trips(lost, known):
            if reading.covers.learners is None:
                store_lms.clear_alarms(self.store, course.lms_id, VANISHED)
            return
        store_lms.raise_alarm(self.store, course.lms_id, VANISHED, self.app.now())
        says = f"{lost} of {known} grades vanished from course {course.lms_id} ({course.short_name}) at once."
        step = f"If the course was really emptied: nvqsync sync --accept-vanished {course.lms_id}"
        raise TooMuchVanished(says, step)

    def _count(self, line: CourseReport, reading: CourseReading, changes: Sequence[GradeChange]) -> None:
        roles = set(self.app.settings.moodle.learner_roles)
        line.learners = sum(bool(roles & set(member.roles)) for member in reading.members)
        line.items, line.grades = len(reading.items), len(reading.observations)
        for kind, many in counted(changes).items():
            line.changes[kind.value] += many

    def _reconcile(self, line: CourseReport, changes: Sequence[GradeChange], before: int) -> None:
        """What a full reading found that the quick ones should have: a change from before the last of them."""
        missed = [change for change in changes if _missed(change, before)]
        line.missed = len(missed)
        line.gradebook_only = sum(_only_gradebook(change) for change in changes)
        if missed:
            says = (
                f"{line.course.short_name}: reading everything anew found {len(missed)} grades that the quick passes "
                "had not seen change. They are put right; tell the makers of nvqsync, it should not happen."
            )
            self.report.notices.append(Notice("reconcile-missed", says, line.course.lms_id))


def _of_this_clock(marks: Mapping[str, Mapping[str, int]], now: int) -> dict[str, dict[str, int]]:
    """Bookmarks without those from times to come: what they stand for is read from the start."""
    return {
        course: {what: at for what, at in found.items() if not is_astray(at, now)} for course, found in marks.items()
    }


def _missed(change: GradeChange, before: int) -> bool:
    late = change.after.observation.graded_at < before
    return late and not _only_gradebook(change) and change.kind is not ChangeKind.VANISHED and not _only_state(change)


def _only_gradebook(change: GradeChange) -> bool:
    """Whether nothing but the gradebook's side of a grade differs: overrides and hiding bump no time."""
    if change.before is None or change.before.gone != change.after.gone:
        return False
    old, new = change.before.observation, change.after.observation
    return old.gradebook != new.gradebook and (old.grade, old.rows, old.attempt, old.workflow_state) == (
        new.grade, new.rows, new.attempt, new.workflow_state,
    )  # fmt: skip


def _only_state(change: GradeChange) -> bool:
    if change.before is None:
        return False
    return change.before.observation.workflow_state != change.after.observation.workflow_state
