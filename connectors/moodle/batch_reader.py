"""Reading many courses with few calls: whatever Moodle answers for many activities at once is asked so.

Courses come in chunks. Of a chunk the assignments are listed in one call; then each course's roster and ID numbers
where they are due; then, in groups that expect about 50,000 rows at most, grades (since the bookmark, or all), workflow
states and later attempts for up to 200 activities a call, across courses; then what hangs on those: forms, rows given
on them, the grades of attempts before a reopened one, the gradebook. Nothing is kept once a course has been answered.

A call about many courses that Moodle cannot make sense of is asked again in halves, down to the one course, so that its
trouble stays its own. When Moodle is busy or says no to everything, asking again would only do harm: the group fails.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

from connectors.moodle import asking, bulk, replies
from connectors.moodle import functions as fn
from connectors.moodle.asking import Work
from connectors.moodle.client import MoodleClient, never
from connectors.moodle.course_reader import CourseReader
from connectors.moodle.errors import MoodleBusy, MoodleError, MoodleRefused
from connectors.moodle.reading import assemble
from connectors.moodle.replies import Assignment, GradeRow, Later, Site
from connectors.moodle.wire import Answered
from nvqsync.columns import Columns
from nvqsync.errors import LmsError
from nvqsync.model import Asked, CourseReading, LmsCourse

T = TypeVar("T")

MOST_COURSES = 200
MOST_IDS = 200
MOST_ROWS = 20_000
MOST_ATTEMPTS = 5_000
"""Attempts come with everything handed in, so fewer of them are asked for at once."""
MOST_ROWS_HELD = 50_000
MOST_CELLS = 5_000
"""Up to so many learners x items, one gradebook report is asked for all (it takes about 2.6 ms a cell)."""

Problem = MoodleError | LmsError
Outcome = tuple[LmsCourse, CourseReading | Problem]


class BatchReader:
    """Reads courses of one site, many at a time. One reading of the college, one reader."""

    def __init__(
        self, client: MoodleClient, executor: Executor, site: Site, reader: CourseReader, roles: Sequence[str]
    ) -> None:
        self._client = client
        self._executor = executor
        self._site = site
        self._reader = reader
        self._roles = frozenset(roles)
        self._marks_readable: bool | None = None
        self._first_mark = threading.Lock()

    def read(self, asked: Iterable[Asked]) -> Iterator[Outcome]:
        """Every course asked for, with its reading or its problem."""
        courses = iter(asked)
        while chunk := list(itertools.islice(courses, MOST_COURSES)):
            yield from self._chunk(chunk)

    def _chunk(self, chunk: Sequence[Asked]) -> Iterator[Outcome]:
        works: list[Work] = []
        for asked, found in self._listed(chunk):
            if isinstance(found, Work):
                works.append(found)
            else:
                yield asked.course, found
        self._for_each(self._open, works)
        for group in _grouped([work for work in works if work.failed is None]):
            yield from self._group(group)
        yield from _failures(works)

    # ------------------------------------------------------------ assignments

    def _listed(self, chunk: Sequence[Asked]) -> Iterator[tuple[Asked, Work | Problem]]:
        """The assignments of all courses in one call; of each half where that says too little, down to one course."""
        try:
            reply = self._client.ask(
                fn.ASSIGNMENTS, courseids=[int(a.course.lms_id) for a in chunk], includenotenrolledcourses=True
            )
            found = replies.assignments(reply.payload, [int(a.course.lms_id) for a in chunk])
            if len(chunk) > 1 and any(listed is not None and listed.denied for listed in found.values()):
                raise replies.unattributed()
        except (MoodleError, LmsError) as problem:
            if len(chunk) == 1 or isinstance(problem, MoodleBusy | MoodleRefused):
                yield from ((asked, problem) for asked in chunk)
            else:
                half = len(chunk) // 2
                yield from self._listed(chunk[:half])
                yield from self._listed(chunk[half:])
            return
        for asked in chunk:
            listed = found[int(asked.course.lms_id)]
            if listed is None or (listed.denied and not listed.assignments):
                says = "no access to the course's assignments"
                yield asked, MoodleRefused(fn.ASSIGNMENTS, says, errorcode="nopermissions")
            else:
                policy_open = self._site.policy_agreed is False
                yield asked, asking.prepare(asked, listed, listed.denied, reply.clock(), policy_open=policy_open)

    # ------------------------------------------------------------ one course: roster, ID numbers

    def _open(self, work: Work) -> None:
        gathered = work.gathered
        if work.want_roster:
            self._read_roster(work)
        if work.want_hidden:
            gathered.hidden = self._reader.hidden(work.course_id)
        if (work.want_gradebook or work.want_outcomes) and self._one_report_does(work):
            gathered.report = self._reader.gradebook(gathered.course, outcomes=work.want_outcomes)
        if work.want_numbers and not gathered.report.users:
            gathered.report = self._reader.numbers(gathered.course, gathered.members)
        gathered.numbers_read = bool(gathered.report.users) or (work.want_numbers and not gathered.members)
        self._list_competencies(work)

    def _read_roster(self, work: Work) -> None:
        before = {member.lms_id for member in work.gathered.members}
        work.gathered.members = self._reader.roster(work.course_id)
        work.gathered.roster_read = True
        if any(member.lms_id not in before for member in work.gathered.members):
            work.from_the_start()

    def _one_report_does(self, work: Work) -> bool:
        """Whether the gradebook is read for everyone at once, not learner by learner."""
        cells = len(work.gathered.members) * len(work.gathered.assignments)
        return work.gathered.learners is None and cells <= MOST_CELLS

    # ------------------------------------------------------------ many courses: grades, states, attempts

    def _group(self, group: Sequence[Work]) -> Iterator[Outcome]:
        try:
            self._results(group)
            yield from self._assembled(group)
        except (MoodleError, LmsError) as problem:
            left = [work for work in group if work.failed is None]
            if len(group) == 1 or isinstance(problem, MoodleBusy | MoodleRefused):
                yield from ((work.gathered.course, problem) for work in left)
                return
            for work in left:
                yield from self._alone(work)

    def _alone(self, work: Work) -> Iterator[Outcome]:
        """A course out of a group that failed, from the beginning and by itself."""
        yield from self._chunk([work.asked])

    def _results(self, group: Sequence[Work]) -> None:
        self._grades(group)
        self._states(group)
        strangers = [work for work in group if not work.gathered.roster_read and _has_strangers(work)]
        self._for_each(self._read_roster, strangers)
        self._grades([work for work in strangers if work.failed is None and work.gathered.complete is None])
        self._details(group)

    def _grades(self, group: Sequence[Work]) -> None:
        """Grades and later attempts: what changed since the bookmark, and all of it where that is due."""
        for whole in (False, True):
            ids, sizes, since = _to_ask(group, whole=whole), _sizes(group), _since(group, whole=whole)
            grades = self._told_grades(ids, sizes if whole else {}, since)
            later = self._attempts(group, ids, sizes if whole else {}, since)
            for work in group:
                mine = {a.id for a in work.gathered.assignments}
                work.gathered.grades.add(grades.only(mine))
                work.gathered.later.add(later.only(mine))

    def _attempts(
        self, group: Sequence[Work], ids: Sequence[int], sizes: dict[int, int], since: int
    ) -> Answered[Later]:
        """Who is on a later attempt. A few learners are asked about one by one instead."""
        reopening = {a.id for work in group if work.gathered.learners is None
                     for a in work.gathered.assignments if a.reopens}  # fmt: skip
        wanted = [number for number in ids if number in reopening]
        return self._answers(fn.SUBMISSIONS, replies.later_attempts, wanted, sizes, most=MOST_ATTEMPTS, since=since)

    def _states(self, group: Sequence[Work]) -> None:
        ids = [a.id for work in group for a in work.gathered.assignments if a.workflow]
        flags = self._answers(fn.FLAGS, replies.flags, ids, _sizes(group))
        for work in group:
            work.gathered.flags = flags.only(a.id for a in work.gathered.assignments if a.workflow)

    def _answers(
        self, function: str, understand: Callable[[Any], Answered[T]], ids: Sequence[int], sizes: dict[int, int],
        *, most: int = MOST_ROWS, quickly: Callable[[bytes], Answered[T] | None] = never, **extra: int,
    ) -> Answered[T]:  # fmt: skip
        """One function's answers about any number of assignments, in batches side by side."""
        answer = Answered[T]()
        batches = list(_batches(ids, sizes, most))
        for found in self._each(
            lambda batch: self._client.bulk(function, quickly, understand, assignmentids=batch, **extra), batches
        ):
            answer.add(found)
        return answer

    def _told_grades(self, ids: Sequence[int], sizes: dict[int, int], since: int) -> Answered[Columns[GradeRow]]:
        """The grades given since a moment, read from the bytes: there are by far the most of them."""
        return self._answers(fn.GRADES, replies.grades, ids, sizes, quickly=bulk.grades, since=since)

    # ------------------------------------------------------------ what hangs on grades

    def _details(self, group: Sequence[Work]) -> None:
        self._forms(group)
        other = {work.course_id: asking.reworded(work) for work in group}
        for work in group:
            if other[work.course_id] and work.gathered.complete is not None:
                work.gathered.complete |= other[work.course_id]
        self._grades_of_reworded([work for work in group if other[work.course_id]], other)
        self._for_each(self._fill_in, [work for work in group if work.failed is None])
        self._rows_and_attempts([work for work in group if work.failed is None])

    def _forms(self, group: Sequence[Work]) -> None:
        wanted = [cmid for work in group for cmid in asking.forms_wanted(work)]
        found = Answered[Any]()
        for answer in self._each(self._reader.forms, list(_batches(wanted, {}, MOST_ROWS))):
            found.add(answer)
        for work in group:
            work.gathered.forms.add(found.only(a.cmid for a in work.gathered.assignments))

    def _grades_of_reworded(self, group: Sequence[Work], other: dict[int, set[int]]) -> None:
        ids = [number for work in group for number in sorted(other[work.course_id])]
        grades = self._told_grades(ids, _sizes(group), 0)
        for work in group:
            work.gathered.grades.add(grades.only(other[work.course_id]))

    def _fill_in(self, work: Work) -> None:
        """Scales and pass marks of the assignments whose settings may have changed."""
        gathered = work.gathered
        changed = [a for a in gathered.assignments if gathered.is_complete(a.id)]
        gathered.scales = {-a.grade: self._reader.scale(-a.grade) for a in changed if a.grade < 0}
        marked = gathered.assignments if work.want_hidden and asking.marks_may_be_read(work) else changed
        gathered.pass_marks = self._pass_marks([a for a in marked if a.grade > 0])

    def _pass_marks(self, points: Sequence[Assignment]) -> dict[int, Decimal | None]:
        """Pass marks, unless the token may not read them, which one answer tells for the whole site."""
        if not points or self._marks_readable is False:
            return {}
        if self._marks_readable is None:
            with self._first_mark:
                if self._marks_readable is None:
                    self._marks_readable = self._reader.pass_marks(points[:1]) is not None
        return self._reader.pass_marks(points) or {} if self._marks_readable else {}

    def _rows_and_attempts(self, group: Sequence[Work]) -> None:
        """Attempts before a reopened one, gradebooks of single learners, and rows given on forms."""
        self._of([(work, team) for work in group for team in asking.teams_wanted(work)], self._read_team)
        candidates = [(work, pair) for work in group for pair in self._reopened(work)]
        for (work, pair), row in self._of(candidates, self._superseded):
            if row is not None:
                work.gathered.earlier[pair] = row
        self._of(list(self._reports(group)), self._read_report)
        forms = [(work, cmid) for work in group for cmid in _marked(work)]
        for (work, cmid), found in self._of(forms, self._read_markings):
            work.gathered.markings.update(found or {})
            if found is None:
                work.gathered.unmarked_forms |= {cmid}
        self._of([(work, pair) for work in group for pair in asking.to_rate(work, self._roles)], self._rate)

    def _read_team(self, one: tuple[Work, int]) -> None:
        work, team = one
        work.gathered.teams[team] = self._reader.team(work.course_id, team)

    def _superseded(self, one: tuple[Work, tuple[int, int]]) -> GradeRow | None:
        work, (assignment_id, user_id) = one
        try:
            return self._reader.superseded(assignment_id, user_id)
        except MoodleRefused:
            work.gathered.unread_attempts.add(assignment_id)
            return None

    def _reopened(self, work: Work) -> Iterator[tuple[int, int]]:
        """Who may be on a reopened attempt: a later attempt, and no grade row of it."""
        gathered = work.gathered
        rows = {(a.id, row.user_id): row for a, row in gathered.rows()}
        members = {int(m.lms_id) for m in gathered.members if asking.speaks_of(work, m)}
        attempts = asking.later_attempts(work)
        attempts |= self._missing(work, members)
        for pair, attempt in sorted(attempts.items()):
            row = rows.get(pair)
            waiting = row is None or (row.grade is None and row.grader <= 0) or row.attempt < attempt
            if waiting and pair[1] in members:
                yield pair

    def _missing(self, work: Work, members: set[int]) -> dict[tuple[int, int], int]:
        """For a few learners: every grade that could be there, and is not; whatever is there of a team's."""
        if work.gathered.learners is None:
            return {}
        self._of([(work, user) for user in sorted(members)], self._read_report)
        cells = work.gathered.report.cells
        return {
            (a.id, user): asking.ANY_ATTEMPT if a.team else 0
            for a in work.gathered.assignments for user in members
            if a.reopens and ((user, a.id) in cells and (cells[user, a.id].grade is not None or a.workflow))
        }  # fmt: skip

    def _reports(self, group: Sequence[Work]) -> Iterator[tuple[Work, int]]:
        """Learners whose gradebook is to be read by itself: those a report for all left out, those on a new attempt."""
        for work in group:
            gathered = work.gathered
            wanted = {user for assignment, user in gathered.earlier if _workflow(work, assignment)}
            if work.want_gradebook and gathered.learners is None:
                roster = {int(m.lms_id) for m in gathered.members}
                wanted |= {row.user_id for _, row in gathered.rows() if row.grade is not None} & roster
            if work.want_outcomes and not self._one_report_does(work):
                wanted |= {int(m.lms_id) for m in gathered.members if m.active and asking.speaks_of(work, m)}
            have = {user for user, _ in gathered.report.cells} | gathered.report.rated
            yield from ((work, user) for user in sorted(wanted - have))

    def _read_report(self, one: tuple[Work, int]) -> None:
        work, user = one
        report = self._reader.report(work.gathered.course, user, outcomes=work.want_outcomes)
        work.gathered.report.add(report)

    def _read_markings(self, one: tuple[Work, int]) -> dict[int, Any] | None:
        work, cmid = one
        gathered = work.gathered
        form = gathered.forms.rows[cmid]
        assignment = next(a for a in gathered.assignments if a.cmid == cmid)
        wanted = {row.id for a, row in gathered.rows() if a.id == assignment.id and row.grade is not None}
        since = 0 if gathered.is_complete(assignment.id) else work.since
        return self._reader.markings(form.definition_id, since, wanted) if form else {}

    # ------------------------------------------------------------ competencies

    def _list_competencies(self, work: Work) -> None:
        if work.want_competencies:
            with _optional(work):
                work.gathered.sources.competencies = self._reader.competencies(work.course_id)

    def _rate(self, one: tuple[Work, tuple[int, int]]) -> None:
        """One learner's rating of one competency. After the first that cannot be read no further one is asked for."""
        work, (user, competency) = one
        sources = work.gathered.sources
        if sources.problem is None:
            with _optional(work):
                found = self._reader.proficiency(work.course_id, user, competency)
                if found is not None:
                    sources.ratings[user, competency] = found

    # ------------------------------------------------------------ side by side

    def _assembled(self, group: Sequence[Work]) -> Iterator[Outcome]:
        for work in group:
            if work.failed is None:
                yield work.gathered.course, assemble(work.gathered)

    def _for_each(self, job: Callable[[Work], None], works: Sequence[Work]) -> None:
        """Do a job for each course side by side; a problem is that course's own."""
        self._each(lambda work: _noting(work, job, work), works)

    def _of(self, subjects: Sequence[tuple[Work, Any]], job: Callable[[Any], T]) -> list[tuple[Any, T | None]]:
        """Do a job for each (course, subject) side by side; a problem is that course's own."""
        answers = self._each(lambda one: _noting(one[0], job, one), subjects)
        return [(s, answer) for s, answer in zip(subjects, answers, strict=True) if s[0].failed is None]

    def _each(self, job: Callable[[Any], T], subjects: Iterable[Any]) -> list[T]:
        """Every subject's answer in order. The first failure is raised, and what has not begun is called off."""
        futures = [self._executor.submit(job, subject) for subject in subjects]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()


@contextmanager
def _optional(work: Work) -> Iterator[None]:
    """Competencies that cannot be read are left unread; the course's grades are read all the same."""
    try:
        yield
    except MoodleBusy:
        raise
    except (MoodleError, LmsError) as problem:
        work.gathered.sources.problem = problem


def _noting(work: Work, job: Callable[[Any], T], subject: Any) -> T | None:
    if work.failed is not None:
        return None
    try:
        return job(subject)
    except (MoodleError, LmsError) as problem:
        work.failed = problem
        return None


def _failures(works: Iterable[Work]) -> Iterator[Outcome]:
    for work in works:
        if work.failed is not None:
            yield work.gathered.course, work.failed


def _workflow(work: Work, assignment_id: int) -> bool:
    return any(a.workflow for a in work.gathered.assignments if a.id == assignment_id)


def _marked(work: Work) -> list[int]:
    """The course modules with a form on which a grade that was told was given."""
    gathered = work.gathered
    graded = {a.id for a, row in gathered.rows() if row.grade is not None}
    return [a.cmid for a in gathered.assignments if a.id in graded and gathered.form_of(a) is not None]


def _has_strangers(work: Work) -> bool:
    roster = {int(member.lms_id) for member in work.gathered.members}
    return any(row.user_id not in roster for _, row in work.gathered.rows())


def _to_ask(group: Sequence[Work], *, whole: bool) -> list[int]:
    return [a.id for work in group for a in work.gathered.assignments if work.gathered.is_complete(a.id) is whole]


def _since(group: Sequence[Work], *, whole: bool) -> int:
    """The earliest moment any course of the group goes on from."""
    return 0 if whole else min((work.since for work in group), default=0)


def _sizes(group: Sequence[Work]) -> dict[int, int]:
    return {a.id: len(work.gathered.members) for work in group for a in work.gathered.assignments}


def _batches(ids: Sequence[int], sizes: dict[int, int], most: int) -> Iterator[list[int]]:
    """Batches of at most 200 ids that expect at most ``most`` rows (a single id may expect more)."""
    batch: list[int] = []
    rows = 0
    for number in ids:
        size = sizes.get(number, 0)
        if batch and (len(batch) == MOST_IDS or rows + size > most):
            yield batch
            batch, rows = [], 0
        batch.append(number)
        rows += size
    if batch:
        yield batch


def _grouped(works: Sequence[Work]) -> Iterator[list[Work]]:
    """Courses whose answers together stay within what may be held; never read and half-read ones mixed."""
    for whole in (False, True):
        group: list[Work] = []
        rows = 0
        for work in (w for w in works if (w.gathered.complete is None) is whole):
            if group and rows + work.rows_expected > MOST_ROWS_HELD:
                yield group
                group, rows = [], 0
            group.append(work)
            rows += work.rows_expected
        if group:
            yield group
