"""The main job on the demo's college: read, judge, propose, approve what may be, export, reconcile; and a day later.

The cases have their say in between: what people record about a learner, and what happens in Moodle the next day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

from nvqsync import registrations
from nvqsync.answering import Said, all_asked
from nvqsync.bootstrap import App
from nvqsync.centres import centre_file
from nvqsync.centres.centre_entering import enter
from nvqsync.claims import Event, Status
from nvqsync.demo.cases import Player
from nvqsync.demo.centre import LAPSED, WITHOUT_DIRECT_CLAIMS, corrected
from nvqsync.demo.desk import Desk, Entry
from nvqsync.demo.formerly import record_former_learner
from nvqsync.demo.quality import record_quality
from nvqsync.demo.stage import Demo, scene
from nvqsync.exporting import export
from nvqsync.handover.reconciling import ExportReport, reconcile
from nvqsync.hookspecs import PortalConnector
from nvqsync.requesting import propose_again
from nvqsync.review import act, ready
from nvqsync.settling import settle
from nvqsync.storage import store_centre, store_claims, store_lms
from nvqsync.store import Store
from nvqsync.sync import PassReport, run_pass

Say = Callable[[str], None]
AUTHORISED = 4
"""So many of the claims that wait for the external quality assurer are authorised."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one full cycle came to."""

    report: PassReport
    proposed: int
    approved: int
    exported: ExportReport
    by_status: Mapping[str, int]
    table: tuple[tuple[str, int, int, int, int, int, int], ...]


def first_pass(demo: Demo, store: Store, say: Say = print) -> PassReport:
    """Enter what the centre knows about itself, read the college, import its registrations, settle the claim queue."""
    app = demo.app
    file = demo.folder / "centre.toml"
    record_former_learner(app, store)
    known = enter(app, store, centre_file.read(file.read_text(encoding="utf-8"), file.name).onto, by="demo")
    say(f"Entering the centre's facts from {file.name} ... {len(known)} recorded.")
    say("Reading the simulated Moodle ...")
    report = _read(demo, store)
    text = (demo.folder / "registrations.csv").read_text(encoding="utf-8")
    found = registrations.read(text, app.plugins.catalogue, store_lms.learners(store))
    added, _ = store_claims.record_registrations(store, found.registrations, actor="demo", at=app.now())
    looked_at = record_quality(app, store, demo.teams, demo.players)
    _record(demo, store, lambda player: player.case.recorded)
    settle(app, store, by="nvqsync")
    say(f"  {sum(course.learners for course in report.courses)} places on {len(report.courses)} courses, "
        f"{sum(course.grades for course in report.courses)} grades, {added} registrations, {looked_at} learners "
        "looked at by an IQA.")  # fmt: skip
    return report


def next_day(demo: Demo, store: Store, say: Say = print) -> PassReport:
    """What happens in Moodle a day later, read again, and what people record of it."""
    say("A day later: reading what changed in Moodle ...")
    for player in demo.players:
        for deed in player.case.later:
            deed(scene(demo.moodle.college, demo.players, player))
    report = _read(demo, store)
    _record(demo, store, lambda player: player.case.finally_)
    return report


def full_cycle(demo: Demo, store: Store, say: Say = print) -> Cycle:
    """One full cycle: read, judge, propose, approve what may be approved, export, reconcile, and a day later."""
    report = first_pass(demo, store, say)
    app = demo.app
    waiting = _to_approve(demo, store)
    say(f"Approving {len(waiting)} of {len(store_claims.claims(store))} claims: the ones that nothing blocks.")
    asked = all_asked(store_claims.some_claims(store, waiting))
    said = Said(frozenset(asked), "Portfolio and method of assessment looked at in the demo.")
    results = act(app, store, waiting, Event.APPROVE, by="demo", why="Checked in the demo.", said=said)
    say("Handing the batches to the mock portal ...")
    exported = _hand_over(demo, store)
    _answered(demo, store)
    next_day(demo, store, say)
    approved = sum(not result.refused for result in results)
    counts = store_claims.count_by_status(store)
    return Cycle(report, len(store_claims.claims(store)), approved, exported, counts, tuple(_summary(app, store)))


def _read(demo: Demo, store: Store) -> PassReport:
    with closing(demo.app.open_lms()) as lms:
        return run_pass(demo.app, store, lms, by="demo")


def _record(demo: Demo, store: Store, entries: Callable[[Player], Iterable[Entry]]) -> None:
    for player in demo.players:
        for entry in entries(player):
            entry(_desk(demo, store, player))


def _desk(demo: Demo, store: Store, player: Player) -> Desk:
    qualification = player.case.qualification
    return Desk(demo.app, store, player.lms_id, qualification, demo.teams[qualification].iqas[0])


def _to_approve(demo: Demo, store: Store) -> list[int]:
    """Every claim that nothing blocks, but for those that a case keeps back."""
    kept = {player.lms_id for player in demo.players if player.case.kept_back}
    return [one.id for one in store_claims.some_claims(store, ready(store)) if one.learner_id not in kept]


def _hand_over(demo: Demo, store: Store) -> ExportReport:
    portal = demo.app.open_portal()
    assert portal is not None  # noqa: S101  (the demo's own settings name it)
    with closing(portal):
        exported = export(demo.app, store, portal, by="demo")
        for _ in range(2):
            _reconcile(demo, store, portal)
        _authorise(demo, store)
        _reconcile(demo, store, portal)
    return exported


def _reconcile(demo: Demo, store: Store, portal: PortalConnector) -> None:
    report = reconcile(demo.app, store, portal, by="demo")
    if report.failure:
        raise report.failure


def _authorise(demo: Demo, store: Store) -> None:
    """The external quality assurer authorises most of what waits for them."""
    waits = Status.AWAITING_AUTHORISATION.value
    waiting = store_claims.claims(store, "status = ? AND qualification_id = ?", [waits, WITHOUT_DIRECT_CLAIMS])
    with demo.portal.open_books() as books:
        for claim in waiting[:AUTHORISED]:
            books.authorise(claim.awarding_body, claim.key, demo.app.now())


def _answered(demo: Demo, store: Store) -> None:
    """What people record once the bodies have answered: the cases', a returned claim made again, a day corrected."""
    app = demo.app
    _record(demo, store, lambda player: player.case.after)
    for claim in store_claims.claims(store, "status = ?", [Status.RETURNED.value])[:1]:
        propose_again(app, store, claim.id, by="demo", why="What the body asked for was put right.")
    if any(player.case.qualification == LAPSED for player in demo.players):
        terms = corrected(store_centre.read(store).approval(LAPSED), app.today)
        enter(app, store, lambda known: known.with_items(terms), by="demo", why="Looked up again in the register.")


def _summary(app: App, store: Store) -> Iterator[tuple[str, int, int, int, int, int, int]]:
    """By qualification: learners, rules met, claims, blocked, certificated, returned or waiting."""
    for standing in app.reader(store).standings():
        claims = store_claims.claims(store, "qualification_id = ?", [standing.qualification.id])
        statuses = [claim.status.value for claim in claims]
        yield (
            standing.qualification.id,
            len(standing.rows),
            sum(row.verdict.met for row in standing.rows),
            len(claims),
            sum(bool(claim.blockers) for claim in claims),
            statuses.count("certificated"),
            statuses.count("awaiting_authorisation") + statuses.count("returned"),
        )
