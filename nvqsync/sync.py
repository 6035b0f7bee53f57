"""One pass: observe, plan, record, judge, propose, report.

A course that cannot be read is a line in the report and counts as unread, so that nothing in it looks vanished; the
others go on. Each course is written in one transaction: a pass that is cut short leaves whole courses behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nvqsync import store_lms
from nvqsync.bootstrap import App
from nvqsync.clock import iso
from nvqsync.errors import LmsError, TooMuchVanished
from nvqsync.hookspecs import LmsConnector
from nvqsync.locks import only_one
from nvqsync.mapping import CourseMapping, unused_rules
from nvqsync.model import CourseReading, LmsCourse, Notice, SiteFacts
from nvqsync.planning import ChangeKind, GradeChange, VanishGuard, plan, vanished
from nvqsync.settling import Settled, settle
from nvqsync.store import Store

Tell = Callable[[str], None]
"""Called with the name of each course as it is done: what draws the progress bar."""


@dataclass(slots=True)
class CourseReport:
    """What one pass saw of one course."""

    course: LmsCourse
    qualification_id: str
    learners: int = 0
    items: int = 0
    grades: int = 0
    changes: dict[str, int] = field(default_factory=lambda: {kind.value: 0 for kind in ChangeKind})
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """The course's part of ``nvqsync sync --json``."""
        return {
            "id": self.course.lms_id,
            "short_name": self.course.short_name,
            "qualification": self.qualification_id,
            "read": not self.error,
            "learners": self.learners,
            "items": self.items,
            "grades": self.grades,
            **self.changes,
            "error": self.error or None,
        }


@dataclass(slots=True)
class PassReport:
    """What one pass did. ``outcome`` is done, problems, failed or interrupted."""

    pass_id: int
    started_at: int
    site: SiteFacts | None = None
    courses: list[CourseReport] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    claims: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("proposed", "refreshed", "held", "flagged"), 0)
    )
    finished_at: int | None = None
    outcome: str = "running"

    @property
    def problems(self) -> list[Notice]:
        """What a person must act on."""
        return [notice for notice in self.notices if notice.severity == "problem"]

    @property
    def exit_status(self) -> int:
        """0 done, 1 done with problems."""
        return int(bool(self.problems) or any(course.error for course in self.courses))

    def as_json(self) -> dict[str, Any]:
        """The document ``nvqsync sync --json`` prints and the store keeps. It holds no name, ULN or date of birth."""
        return {
            "pass": self.pass_id,
            "outcome": self.outcome,
            "started_at": iso(self.started_at),
            "finished_at": iso(self.finished_at),
            "site": self.site and {"name": self.site.site_name, "release": self.site.release, "url": self.site.url},
            "courses": [course.as_json() for course in self.courses],
            "claims": self.claims,
            "problems": [_notice_json(notice) for notice in self.problems],
            "notes": [_notice_json(notice) for notice in self.notices if notice.severity != "problem"],
        }


def _notice_json(notice: Notice) -> dict[str, Any]:
    about = {"course": notice.course_id, "item": notice.item_id, "learner": notice.learner_id}
    return {"code": notice.code, "says": notice.says, **{key: value or None for key, value in about.items()}}


def run_pass(
    app: App, store: Store, lms: LmsConnector, *, by: str, accept_vanished: Sequence[str] = (),
    only: Sequence[str] = (), tell: Tell | None = None,
) -> PassReport:  # fmt: skip
    """One pass over the followed courses. Raises ``LmsError`` when nothing at all could be read.

    ``only`` limits it to courses by id or short name; ``accept_vanished`` names courses whose vanished grades a person
    has looked at; ``tell`` is called once a course.
    """
    with only_one(app.settings.database, "pass"):
        report = PassReport(store_lms.begin_pass(store, app.now()), app.now())
        try:
            _observe(app, store, lms, report, accept_vanished, only, tell or (lambda name: None))
            settled = settle(app, store, by=by)
            _conclude(app, store, report, settled)
        except KeyboardInterrupt:
            report.outcome = "interrupted"
            raise
        except BaseException:
            report.outcome = "failed"
            raise
        finally:
            report.finished_at = app.now()
            store_lms.end_pass(store, report.pass_id, report.finished_at, report.outcome, report.as_json())
    return report


def _observe(
    app: App,
    store: Store,
    lms: LmsConnector,
    report: PassReport,
    accept: Sequence[str],
    only: Sequence[str],
    tell: Tell,
) -> None:
    report.site = lms.check()
    report.notices += report.site.notices
    followed = list(_followed(app, store, lms.courses(), report, only))
    failures: list[LmsError] = []
    for course, mapping in followed:
        line = CourseReport(course, mapping.qualification_id or "")
        report.courses.append(line)
        try:
            _one_course(app, store, lms, line, report, course.lms_id in accept or course.short_name in accept)
        except (LmsError, TooMuchVanished) as error:
            line.error = str(error)
            report.notices.append(Notice("course-unread", f"{course.short_name}: {error}", course.lms_id))
            failures += [error] if isinstance(error, LmsError) else []
        tell(course.short_name)
    if failures and len(failures) == len(followed):
        raise failures[0]


def _followed(
    app: App, store: Store, courses: Sequence[LmsCourse], report: PassReport, only: Sequence[str]
) -> Iterator[tuple[LmsCourse, CourseMapping]]:
    reader = app.reader(store)
    known = {course.lms_id: course for course in store_lms.courses(store)}
    chosen = [course for course in courses if not only or {course.lms_id, course.short_name} & set(only)]
    for missing in sorted(set(only) - {name for course in courses for name in (course.lms_id, course.short_name)}):
        report.notices.append(Notice("no-such-course", f"No course {missing} is visible to the token."))
    for course in chosen:
        mapping = reader.map(course, [])
        if mapping.qualification_id:
            yield course, mapping
        elif course.lms_id in known and reader.map(known[course.lms_id], []).qualification_id:
            says = (
                f"{course.short_name} was followed and is no longer mapped to a qualification. Its ID number changed?"
            )
            report.notices.append(Notice("course-unmapped", says, course.lms_id))
        report.notices += [problem.notice() for problem in mapping.problems if not mapping.qualification_id]


def _one_course(
    app: App, store: Store, lms: LmsConnector, line: CourseReport, report: PassReport, accepted: bool
) -> None:
    reading = lms.read_course(line.course)
    known = store_lms.known_grades(store, line.course.lms_id)
    changes = plan(known, reading)
    _guard(app, reading, changes, {key for key, grade in known.items() if not grade.gone}, accepted)
    store_lms.record(store, reading, changes, report.pass_id)
    _count(app, line, reading, changes)
    report.notices += reading.notices


def _guard(
    app: App, reading: CourseReading, changes: tuple[GradeChange, ...], known: set[tuple[str, str]], accepted: bool
) -> None:
    guard = VanishGuard(app.settings.sync.vanish_share, app.settings.sync.vanish_least)
    course = reading.course
    roster = {member.lms_id for member in reading.members}
    lost = max(vanished(changes), sum(learner not in roster for _, learner in known))
    if not accepted and guard.trips(lost, len(known)):
        says = f"{lost} of {len(known)} grades vanished from course {course.lms_id} ({course.short_name}) at once."
        step = f"If the course was really emptied: nvqsync sync --accept-vanished {course.lms_id}"
        raise TooMuchVanished(says, step)


def _count(app: App, line: CourseReport, reading: CourseReading, changes: tuple[GradeChange, ...]) -> None:
    roles = set(app.settings.moodle.learner_roles)
    line.learners = sum(bool(roles & set(member.roles)) for member in reading.members)
    line.items, line.grades = len(reading.items), len(reading.observations)
    for change in changes:
        line.changes[change.kind.value] += 1


def _conclude(app: App, store: Store, report: PassReport, settled: Settled) -> None:
    report.claims = settled.counts()
    for standing in settled.standings:
        report.notices += [problem.notice() for mapping in standing.mappings for problem in mapping.problems]
        report.notices += standing.notices
    if app.mapping_file:
        mappings = app.reader(store).mappings()
        report.notices += [problem.notice() for problem in unused_rules(app.mapping_file, mappings)]
    report.notices = _once(report.notices)
    report.outcome = "problems" if report.exit_status else "done"


def _once(notices: Sequence[Notice]) -> list[Notice]:
    """Each notice once, in the order they came."""
    seen: Mapping[Notice, None] = dict.fromkeys(notices)
    return list(seen)
