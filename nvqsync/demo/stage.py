"""The demo set up: a simulated Moodle with its cases, the mock portal, and the folder in which nvqsync works on them.

The folder holds the settings, the database, the centre's facts and the registrations, so that every other command can
be tried on it while the demo runs.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.interchange_mock.portal import Portal
from connectors.moodle.simulator.generator import generate_college
from connectors.moodle.simulator.server import Simulator
from connectors.moodle.simulator.state import College
from nvqsync import clock, registrations
from nvqsync.bootstrap import App, actor, bootstrap
from nvqsync.catalogue import Catalogue
from nvqsync.centres import centre_file
from nvqsync.demo.cases import Player, cast
from nvqsync.demo.centre import CENTRE_NUMBERS, DIRECT_CLAIMS, VISITED, centre_record
from nvqsync.demo.deeds import Scene
from nvqsync.demo.quality import Team, staff
from nvqsync.errors import InputError
from nvqsync.model import Qualification
from nvqsync.plugin_manager import load_plugins
from nvqsync.rules import judge

MARKER = "nvqsync-demo"


@dataclass(frozen=True)
class Demo:
    """A running demo: both far ends, nvqsync's application, its folder, who plays which case, who teaches what."""

    folder: Path
    moodle: Simulator
    portal: Portal
    app: App
    players: tuple[Player, ...]
    teams: Mapping[str, Team]

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
    players = cast(college.finishers)
    for player in players:
        for deed in player.case.before:
            deed(scene(college, players, player))
    with ExitStack() as stack:
        moodle = stack.enter_context(Simulator(college))
        portal = stack.enter_context(Portal(seed=seed))
        today = _today(college)
        rows = list(_registered(college, players, today))
        _write_registrations(folder / "registrations.csv", rows)
        _tell_portal(portal, rows, catalogue)
        config = folder / "nvqsync.toml"
        config.write_text(_settings(moodle, portal), encoding="utf-8")
        config.chmod(0o600)
        app = bootstrap(config)
        teams = _teams(college)
        _write_centre(folder / "centre.toml", college, teams, app)
        yield Demo(folder, moodle, portal, app, players, teams)


def scene(college: College, players: Sequence[Player], player: Player) -> Scene:
    """Where a case's deeds happen."""
    other = next((one.learner for one in players if one.case.name == player.case.along_with), None)
    return Scene(college, player.learner, other)


def _today(college: College) -> dt.date:
    return clock.day(college.clock.now())


def _registered(college: College, players: Sequence[Player], today: dt.date) -> Iterator[dict[str, Any]]:
    """The register with the rows of the cases as they are to be."""
    cases = {(college.users[one.learner.user_id].id_number, one.case.qualification): one for one in players}
    for row in college.register():
        player = cases.get((row["id_number"], row["qualification"]))
        if player is None:
            yield row
            continue
        if player.case.along_with:
            row["uln"] = college.users[player.learner.user_id].profile["uln"]
        yield from map(dict, player.case.registered(row, today))


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
            entry = "units" if row["entry"] == "units" else "full_award"
            books.register(body, number, row["candidate_number"], qualification.id, registered_on=row["registered_on"],
                           entry=entry, name=row["name"])  # fmt: skip
            if body == "EDI":
                books.sign_off(body, number, qualification.id, row["candidate_number"])
        for qualification_id in (*DIRECT_CLAIMS, *VISITED):  # what a visit authorised, the body's books have as well
            body = catalogue.qualifications[qualification_id].awarding_body
            books.set_direct_claim_status(body, CENTRE_NUMBERS[body], qualification_id)


def _write_registrations(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(registrations.COLUMNS))
        writer.writeheader()
        writer.writerows(rows)
    path.chmod(0o600)


def _teams(college: College) -> dict[str, Team]:
    """Who assesses and verifies in the simulated Moodle, by qualification."""
    iqas = tuple(str(user.id) for user in college.users.values() if user.username.startswith("iqa."))
    teams: dict[str, Team] = {}
    for course in college.courses.values():
        here = [str(one.user_id) for one in course.enrolments.values() if one.role != "student"]
        team = Team(tuple(one for one in here if one not in iqas), iqas)
        teams.setdefault(course.id_number.partition("#")[0], team)
    return teams


def _write_centre(path: Path, college: College, teams: Mapping[str, Team], app: App) -> None:
    """What the college knows about itself, with everybody who assesses or verifies."""
    names = {str(user.id): user.full_name for user in college.users.values()}
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
