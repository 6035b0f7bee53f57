"""What could not be seen of a course, and what to tell people about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from connectors.moodle import functions as fn
from connectors.moodle.advice import grant
from connectors.moodle.gathered import Gathered
from connectors.moodle.replies import GradeRow
from nvqsync.columns import Columns
from nvqsync.model import LmsMember, Notice

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """Assignments about which one function did not answer: denied, or (``silent``) cut off without a word."""

    function: str
    items: frozenset[int]
    silent: bool = False


def gaps(gathered: Gathered) -> Iterable[Gap]:
    """Each function that left some assignments out of its answers, and which."""
    all_ids = {a.id for a in gathered.assignments}
    workflow = {a.id for a in gathered.assignments if a.workflow}
    fresh = [a for a in gathered.assignments if a.grade and gathered.is_fresh(a)]
    by_cmid = {a.cmid: a.id for a in fresh}
    untold = gathered.forms.denied | gathered.forms.empty  # either way the grading method is not known
    forms_denied = {a.id for a in gathered.assignments if a.grade and a.cmid in untold}
    forms_silent = {by_cmid[c] for c in gathered.forms.silent(by_cmid)}
    lost_scales = {
        a.id for a in fresh if a.grade < 0 and gathered.is_complete(a.id) and gathered.scales.get(-a.grade) is None
    }
    listed = gathered.report.id_numbers if gathered.numbers_read else gathered.known
    unlisted = {a.id for a in gathered.assignments if a.grade and a.id not in listed}
    for function, items, silent in (
        (fn.GRADES, gathered.grades.denied & all_ids, False),
        (fn.GRADES, gathered.grades.silent(all_ids), True),
        (fn.FLAGS, gathered.flags.denied & workflow, False),
        (fn.FLAGS, gathered.flags.silent(workflow), True),
        (fn.SUBMISSIONS, gathered.later.denied & all_ids, False),
        (fn.ATTEMPTS, gathered.unread_attempts & all_ids, False),
        (fn.DEFINITIONS, forms_denied, False),
        (fn.DEFINITIONS, forms_silent, True),
        (fn.INSTANCES, {a.id for a in gathered.assignments if a.cmid in gathered.unmarked_forms}, False),
        (fn.SCALE, lost_scales, True),
        (fn.REPORT, unlisted if gathered.members else set(), False),
    ):
        if items:
            yield Gap(function, frozenset(items), silent)


def gap_notice(gathered: Gathered, gap: Gap) -> Notice:
    """What to tell people about one gap: the course, the activities, and where to grant what."""
    names = _named(a.name for a in gathered.assignments if a.id in gap.items)
    course = gathered.course.short_name
    if gap.function == fn.SCALE:
        says = (
            f"Course {course}: the scale of {names} cannot be read. Choose its scale again in the activity's settings."
        )
        return Notice("moodle-no-scale", says, gathered.course.lms_id)
    if gap.silent:
        says = (
            f"Course {course}: {gap.function} said nothing about {names}, as if the request or the answer had been cut "
            f"short. They count as unread. If it lasts, raise max_input_vars in the PHP settings of Moodle's server."
        )
        return Notice("moodle-cut-short", says, gathered.course.lms_id)
    says = f"Course {course}: no access to {names} ({gap.function}). {_grant(gathered, gap.function)}"
    return Notice("moodle-no-access", says, gathered.course.lms_id)


def roster_gap(gathered: Gathered) -> tuple[Notice, ...]:
    """A roster that lacks more graded people than it has members is not to be trusted: a lost right shortens it."""
    absent = _strangers(gathered)
    if len(absent) <= len(gathered.members):
        return ()
    says = (
        f"Course {gathered.course.short_name}: the roster shows {len(gathered.members)} people, but {len(absent)} "
        f"others have grades. Unless all of them have left, the service account cannot see them. The course counts as "
        f"unread. {_grant(gathered, fn.ROSTER)} Where separate groups are used, also moodle/site:accessallgroups."
    )
    return (Notice("moodle-roster-short", says, gathered.course.lms_id),)


def _strangers(gathered: Gathered) -> set[int]:
    """Whoever has a grade and is not on the roster."""
    roster = {int(member.lms_id) for member in gathered.members}
    answers = [Columns.of(GradeRow, rows) for rows in gathered.grades.rows.values()]
    doubtful = [rows for rows in answers if not roster.issuperset(rows.columns[1])]
    return {row.user_id for rows in doubtful for row in rows if row.grade is not None} - roster


def denial_notices(gathered: Gathered) -> Iterable[Notice]:
    """Notices on rights that are missing without anything being refused: activities, ID numbers."""
    course = gathered.course
    if gathered.denied_modules:
        modules = _named(str(cmid) for cmid in sorted(gathered.denied_modules))
        says = (
            f"Course {course.short_name}: {len(gathered.denied_modules)} of its assignments cannot be seen, course "
            f"module {modules}. {_grant(gathered, fn.ASSIGNMENTS)}"
        )
        yield Notice("moodle-no-access", says, course.lms_id)
    if len(gathered.members) >= _NAMED and not any(_identified(member) for member in gathered.members):
        says = (
            f"Course {course.short_name}: nobody on the roster has an ID number, ULN or candidate number. If the "
            f"college does fill them in, the service account may not see them: allow moodle/user:viewalldetails."
        )
        yield Notice("moodle-no-id-numbers", says, course.lms_id)


def _identified(member: LmsMember) -> bool:
    return bool(member.id_number or member.uln or member.candidate_number)


def stranger_notes(gathered: Gathered, strangers: Collection[int]) -> Iterable[Notice]:
    """A note that some people's grades were left out: counted, never named."""
    if strangers:
        says = f"Course {gathered.course.short_name}: {len(strangers)} people with grades are not on its roster."
        yield Notice("moodle-not-on-roster", says, gathered.course.lms_id, severity="note")


def odd_row_notes(gathered: Gathered, odd_rows: int) -> Iterable[Notice]:
    """A note that some rows were marked on an earlier edition of the form."""
    if odd_rows:
        says = (
            f"Course {gathered.course.short_name}: {odd_rows} rubric or guide rows were given something that the form, "
            f"as it is now, does not have. They count as not given; marking them again puts it right."
        )
        yield Notice("moodle-form-changed", says, gathered.course.lms_id, severity="note")


def _grant(gathered: Gathered, function: str) -> str:
    return grant(function, policy_open=gathered.policy_open)


def _named(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more
