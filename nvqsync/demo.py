"""The main job on an invented college: a simulated Moodle, the mock portal, and nvqsync between them.

Everything runs on free loopback ports in this process, from a folder that holds the settings, the database, the
centre's facts and the registrations, so that every other command can be tried on it while the demo runs.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.interchange_mock.portal import Portal
from connectors.moodle.simulator.generator import generate_college
from connectors.moodle.simulator.server import Simulator
from connectors.moodle.simulator.state import College
from nvqsync import centre_file, registrations, store_claims, store_lms
from nvqsync.answering import Said, all_asked
from nvqsync.bootstrap import App, actor, bootstrap
from nvqsync.catalogue import Catalogue
from nvqsync.centre_entering import enter
from nvqsync.claims import Event
from nvqsync.demo_centre import CENTRE_NUMBERS, DIRECT_CLAIMS, centre_record
from nvqsync.demo_quality import Team, record_quality, staff
from nvqsync.errors import InputError
from nvqsync.exporting import export
from nvqsync.model import Qualification
from nvqsync.plugin_manager import load_plugins
from nvqsync.reconciling import ExportReport, reconcile
from nvqsync.review import act, ready
from nvqsync.rules import judge
from nvqsync.settling import settle
from nvqsync.store import Store
from nvqsync.sync import PassReport, run_pass

MARKER = "nvqsync-demo"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Demo:
    """A running demo: both far ends, nvqsync's application, its folder."""

    folder: Path
    moodle: Simulator
    portal: Portal
    app: App

    @property
    def config(self) -> Path:
        """The settings file, for ``nvqsync --config``."""
        return self.folder / "nvqsync.toml"


@contextmanager
def running(folder: Path, *, learners: int = 240, seed: int = 1) -> Iterator[Demo]:
    """Start both far ends, write settings, centre facts and registrations, and stop everything afterwards.

    ``folder`` is created, or emptied of an earlier demo; any other folder that holds something is refused.
    """
    _make_folder(folder)
    catalogue = load_plugins(entry_points=False).catalogue
    college = generate_college(seed, learners, [plain(q, catalogue) for q in catalogue.qualifications.values()])
    with ExitStack() as stack:
        moodle = stack.enter_context(Simulator(college))
        portal = stack.enter_context(Portal(seed=seed))
        rows = college.register()
        _write_registrations(folder / "registrations.csv", rows)
        _tell_portal(portal, rows, catalogue)
        config = folder / "nvqsync.toml"
        config.write_text(_settings(moodle, portal), encoding="utf-8")
        config.chmod(0o600)
        app = bootstrap(config)
        _write_centre(folder / "centre.toml", college, app)
        yield Demo(folder, moodle, portal, app)


def _make_folder(folder: Path) -> None:
    marker = folder / MARKER
    if folder.is_dir() and any(folder.iterdir()) and not marker.exists():
        raise InputError(f"{folder} holds something that is not a demo.", "Name an empty folder with --folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("nvqsync.db*"), *folder.glob("exports/*")]:
        old.unlink()
    marker.write_text("This folder belongs to 'nvqsync demo', which empties it at every start.\n", encoding="utf-8")


# ---------------------------------------------------------------- what the far ends know


def plain(qualification: Qualification, catalogue: Catalogue) -> dict[str, Any]:
    """A qualification as the simulated college wants it: plain data, with a few valid selections of units."""
    return {
        "id": qualification.id,
        "title": qualification.title,
        "methods": [method.code for method in qualification.methods if not method.simulated],
        "units": [
            {
                "code": listed.code,
                "reference": listed.unit.reference,
                "credits": listed.unit.credit_value,
                "level": listed.unit.level,
                "group": listed.groups[0],
                "mandatory": listed.mandatory,
                "criteria": dict(listed.unit.outcomes) if listed.unit.outcomes else None,
            }
            for listed in qualification.units
        ],
        "example_selections": selections(qualification),
    }


def selections(qualification: Qualification, count: int = 4) -> list[list[str]]:
    """A few selections that meet the rule, each leaning on other optional units: the engine finishes a first choice."""
    optional = [listed.code for listed in qualification.units if not listed.mandatory]
    starts = [[], *([code] for code in optional[:: max(1, len(optional) // count)])]
    found = []
    for start in starts[:count]:
        verdict = judge(qualification.rule, start)
        if verdict.route:
            found.append([*start, *verdict.route.units])
    return found


def _tell_portal(portal: Portal, rows: list[dict[str, Any]], catalogue: Catalogue) -> None:
    """The awarding bodies know the college's registrations, and which qualifications it may claim directly."""
    with portal.open_books() as books:
        for row in rows:
            qualification = catalogue.qualifications[row["qualification"]]
            body = qualification.awarding_body
            number = CENTRE_NUMBERS[body]
            books.register(body, number, row["candidate_number"], qualification.id, registered_on=row["registered_on"],
                           entry="full_award", name=row["name"])  # fmt: skip
            if body == "EDI":
                books.sign_off(body, number, qualification.id, row["candidate_number"])
        for qualification_id in DIRECT_CLAIMS:
            body = catalogue.qualifications[qualification_id].awarding_body
            books.set_direct_claim_status(body, CENTRE_NUMBERS[body], qualification_id)


def _write_registrations(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(registrations.COLUMNS))
        writer.writeheader()
        writer.writerows(rows)
    path.chmod(0o600)


def _write_centre(path: Path, college: College, app: App) -> None:
    """What the college knows about itself, with everybody who assesses or verifies in the simulated Moodle."""
    names = {str(user.id): user.full_name for user in college.users.values()}
    iqas = tuple(str(user.id) for user in college.users.values() if user.username.startswith("iqa."))
    teams: dict[str, Team] = {}
    for course in college.courses.values():
        here = [str(one.user_id) for one in course.enrolments.values() if one.role != "student"]
        team = Team(tuple(one for one in here if one not in iqas), iqas)
        teams.setdefault(course.id_number.partition("#")[0], team)
    qualifications = app.plugins.catalogue.qualifications.values()
    record = centre_record(qualifications, staff(teams, names, app.today), ("demo", actor()), app.today)
    path.write_text(centre_file.written(record), encoding="utf-8")
    path.chmod(0o600)


def _settings(moodle: Simulator, portal: Portal) -> str:
    """The settings of the demo college, as a person would write them."""
    lines = [
        'database = "nvqsync.db"',
        "[moodle]", f"url = {json.dumps(moodle.url)}", f"token = {json.dumps(moodle.token)}",
        "requests_per_second = 500",
        "[portal]", 'name = "interchange_mock"', f"url = {json.dumps(portal.url)}",
        f"credential = {json.dumps(portal.credential)}",
        "[export]", 'folder = "exports"',
        "[web]", "port = 0",
        "[daemon]", "every_minutes = 0.5",
        "[centre]", 'name = "Exampleton College"',
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- the main job


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
    known = enter(app, store, centre_file.read(file.read_text(encoding="utf-8"), file.name).onto, by="demo")
    say(f"Entering the centre's facts from {file.name} ... {len(known)} recorded.")
    say("Reading the simulated Moodle ...")
    with closing(app.open_lms()) as lms:
        report = run_pass(app, store, lms, by="demo")
    text = (demo.folder / "registrations.csv").read_text(encoding="utf-8")
    found = registrations.read(text, app.plugins.catalogue, store_lms.learners(store))
    added, _ = store_claims.record_registrations(store, found.registrations, actor="demo", at=app.now())
    looked_at = record_quality(app, store)
    settle(app, store, by="nvqsync")
    say(f"  {sum(course.learners for course in report.courses)} places on {len(report.courses)} courses, "
        f"{sum(course.grades for course in report.courses)} grades, {added} registrations, {looked_at} learners "
        "looked at by an IQA.")  # fmt: skip
    return report


def full_cycle(demo: Demo, store: Store, say: Say = print) -> Cycle:
    """One full cycle: read, judge, propose, approve what may be approved, export, reconcile."""
    report = first_pass(demo, store, say)
    app = demo.app
    waiting = ready(store)
    say(f"Approving {len(waiting)} of {len(store_claims.claims(store))} claims: the ones that nothing blocks.")
    asked = all_asked(store_claims.some_claims(store, waiting))
    said = Said(frozenset(asked), "Portfolio and method of assessment looked at in the demo.")
    results = act(app, store, waiting, Event.APPROVE, by="demo", why="Checked in the demo.", said=said)
    say("Handing the batches to the mock portal ...")
    portal = app.open_portal()
    assert portal is not None  # noqa: S101  (the demo's own settings name it)
    with closing(portal):
        exported = export(app, store, portal, by="demo")
        for _ in range(3):
            reconcile(app, store, portal, by="demo")
    approved = sum(not result.refused for result in results)
    counts = store_claims.count_by_status(store)
    return Cycle(report, len(store_claims.claims(store)), approved, exported, counts, tuple(_summary(app, store)))


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
