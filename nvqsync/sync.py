"""One pass: observe, plan, record, judge, propose, report.

A course that cannot be read is a line in the report and counts as unread, so that nothing in it looks vanished; the
others go on. Each course is written in one transaction: a pass that is cut short leaves whole courses behind it.
Only learners about whom something is different are judged again, and those with a claim in our hands. Before a claim is
proposed, everything about its learner is read again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from nvqsync.bootstrap import App
from nvqsync.errors import LmsError
from nvqsync.hookspecs import Counting, LmsConnector
from nvqsync.mapping import unused_rules
from nvqsync.model import Notice
from nvqsync.passes import touching
from nvqsync.passes.observing import Observer, Wanted
from nvqsync.passes.pass_report import CourseReport, PassReport, Tell
from nvqsync.service import logs
from nvqsync.service.locks import only_one
from nvqsync.settling import Settled, settle
from nvqsync.storage import store_lms
from nvqsync.store import Store

log = logging.getLogger(__name__)

__all__ = ["CourseReport", "PassReport", "Wanted", "only_one", "read_learners_again", "run_pass"]


def run_pass(
    app: App, store: Store, lms: LmsConnector, *, by: str, accept_vanished: Sequence[str] = (),
    only: Sequence[str] = (), learners: Collection[str] | None = None, full: bool = False, since: int | None = None,
    tell: Tell | None = None,
) -> PassReport:  # fmt: skip
    """One pass over the followed courses. Raises ``LmsError`` when nothing at all could be read.

    ``only`` limits it to courses by id or short name, ``learners`` to learners by id; ``accept_vanished`` names courses
    whose vanished grades a person has looked at; ``full`` reads everything anew and tells what the quick passes missed;
    ``since`` puts the bookmark of grades back to a moment; ``tell`` is called once a course.
    """
    some = None if learners is None else frozenset(learners)
    wanted = Wanted(tuple(only), some, tuple(accept_vanished), full, since)
    with only_one(app.settings.database, "pass"):
        last = store_lms.latest_passes(store, 1)
        told = _told_of_grades(last[0]["report"]) if last else []
        elapsed = app.now() - last[0]["started_at"] if last else None
        report = PassReport(store_lms.begin_pass(store, app.now()), app.now(), wanted.reads)
        asked = _Asked(lms)
        observer = Observer(app, store, lms, report, wanted)
        try:
            observer.observe(tell or (lambda name: None), elapsed)
            settled, everyone = _judge(app, store, observer, by=by)
            again = {(notice.code, notice.item_id, notice.learner_id) for notice in settled.notices}
            report.notices += [n for n in told if not everyone and (n.code, n.item_id, n.learner_id) not in again]
            _conclude(app, store, report, settled)
        except KeyboardInterrupt:
            report.outcome = "interrupted"
            raise
        except BaseException:
            report.outcome = "failed"
            raise
        finally:
            asked.tell(report)
            report.finished_at = app.now()
            store_lms.end_pass(store, report.pass_id, report.finished_at, report.outcome, report.as_json())
            _log(report)
    return report


def _log(report: PassReport) -> None:
    """One line on a pass that ended, its figures as fields; a warning where a course could not be read."""
    unread = [course.course.lms_id for course in report.courses if course.error]
    level = logging.WARNING if unread or report.outcome == "failed" else logging.INFO
    more = f"; not read: courses {', '.join(unread)}" if unread else ""
    message = f"pass {report.pass_id}: {report.outcome}, {len(report.courses)} courses{more}"
    logs.event(
        log, level, message, outcome=report.outcome, reads=report.reads, courses=len(report.courses),
        failures=report.failures, calls=report.calls, retries=report.retries, problems=len(report.problems),
        seconds=(report.finished_at or report.started_at) - report.started_at, **{"pass": report.pass_id},
        **{f"claims_{what}": count for what, count in report.claims.items()},
    )  # fmt: skip


class _Asked:
    """What a connector is asked from now on, where it counts that."""

    def __init__(self, lms: LmsConnector) -> None:
        self._lms = lms if isinstance(lms, Counting) else None
        self._before = (self._lms.calls, self._lms.retries) if self._lms else (0, 0)

    def tell(self, report: PassReport) -> None:
        """Write the counts into the report."""
        if self._lms:
            report.calls, report.retries = self._lms.calls - self._before[0], self._lms.retries - self._before[1]


OF_GRADES = frozenset({"rows-unread", "row-left-out", "grade-outside-scale", "sign-off-without-criteria"})
"""Notices about single grades: a pass that judges only a few learners repeats what the last one said of them."""


def _told_of_grades(report: Mapping[str, Any]) -> list[Notice]:
    return [
        Notice(one["code"], one["says"], one["course"] or "", one["item"] or "", one["learner"] or "", severity)
        for severity, listed in (("problem", "problems"), ("note", "notes"))
        for one in report.get(listed, ())
        if one["code"] in OF_GRADES
    ]


def _judge(app: App, store: Store, observer: Observer, *, by: str) -> tuple[Settled, bool]:
    """Judge whom the pass touched (everyone in a full one); read again about everyone whose claim would now be
    proposed, then propose it. Returns what it came to, and whether everyone was judged."""
    mark, new = touching.mark(app, store), store_lms.unjudged(store)
    learners = None if observer.wanted.full else touching.learners(app, store, mark)
    settled = settle(app, store, by=by, learners=learners, propose_new=False)
    if new or settled.due:
        with store.writing():
            store_lms.judged(store, new)
            store_lms.not_judged(store, settled.due)
    if settled.due:
        observer.read_again(_courses_of(app, store, settled.due))
        ready = {learner for learner in settled.due if learner not in observer.unread}
        settled = settled.and_then(settle(app, store, by=by, learners=ready))
        store_lms.judged(store, ready)
    if not any(course.error for course in observer.report.courses):
        touching.judged(store, mark)
    return settled, learners is None


def _courses_of(app: App, store: Store, learners: Collection[str]) -> dict[str, set[str]]:
    """The followed courses of some learners: course id to learner ids."""
    followed = {m.course.lms_id for m in app.reader(store).mappings() if m.qualification_id}
    found: dict[str, set[str]] = defaultdict(set)
    for learner in learners:
        for course in store_lms.courses_of_learner(store, learner) & followed:
            found[course].add(learner)
    return found


def read_learners_again(app: App, store: Store, lms: LmsConnector, learners: Collection[str]) -> Sequence[Notice]:
    """Read everything about some learners again, as before an export. Raises ``LmsError`` where it cannot be done."""
    with only_one(app.settings.database, "pass"):
        report = PassReport(store_lms.begin_pass(store, app.now()), app.now(), "some", outcome="failed")
        asked = _Asked(lms)
        try:
            observer = Observer(app, store, lms, report, Wanted())
            report.site = lms.check()
            observer.read_again(_courses_of(app, store, learners))
            unread = [notice for notice in report.notices if notice.code == "course-unread"]
            if unread:
                raise LmsError(unread[0].says, "Nothing went out. Put it right and export again.")
            report.outcome = "done"
        finally:
            asked.tell(report)
            report.finished_at = app.now()
            store_lms.end_pass(store, report.pass_id, report.finished_at, report.outcome, report.as_json())
    return report.notices


def _conclude(app: App, store: Store, report: PassReport, settled: Settled) -> None:
    report.claims = settled.counts()
    mappings = app.reader(store).mappings()
    for mapping in mappings:
        report.notices += [problem.notice() for problem in mapping.problems if mapping.qualification_id]
    report.notices += settled.notices
    if app.mapping_file:
        report.notices += [problem.notice() for problem in unused_rules(app.mapping_file, mappings)]
    report.notices = _once(report.notices)
    report.outcome = "problems" if report.exit_status else "done"


def _once(notices: Sequence[Notice]) -> list[Notice]:
    """Each notice once, in the order they came."""
    seen: Mapping[Notice, None] = dict.fromkeys(notices)
    return list(seen)
