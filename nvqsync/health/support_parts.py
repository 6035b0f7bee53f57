"""The parts of a support bundle: what each tells a maintainer, made from settings, database, program and journal.

A part returns a text, or a document that becomes JSON. What could hold somebody's words (findings, errors, log lines)
goes through the ``Scrubber``; the rest is counts, codes and the program's own words.
"""

from __future__ import annotations

import platform
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from nvqsync import __version__, clock
from nvqsync.bootstrap import bootstrap
from nvqsync.errors import SettingsError, StoreError
from nvqsync.health import doctor, metrics
from nvqsync.health.redacting import Scrubber, reduced
from nvqsync.migrations import migrations
from nvqsync.settings import Settings
from nvqsync.storage import store_lms, store_watching
from nvqsync.store import Store

PASSES, LINES = 20, 1000
"""So many pass reports and log lines go along."""
JOURNAL_UNITS = ("nvqsync.service", "nvqsync-*.service", "nvqsync@*.service")
COUNTS = ("learners", "items", "grades", "appeared", "altered", "vanished", "missed", "gradebook_only")
TOLD = ("outcome", "reads", "calls", "retries", "failures", "claims")
README = """What 'nvqsync support-bundle' gathered for a maintainer; '--list' says what each file is.

Left out: names, ULNs, dates of birth, candidate and ID numbers, titles of courses and assignments, secrets, addresses.
What stands here instead is [person], [title], [secret], [address], [e-mail]. Look through it before you send it.
"""


@dataclass(frozen=True, slots=True)
class Source:
    """What the parts are made from: the settings file and what could be read of it and of the database.

    ``everybody_known``: whether the scrubber was told of everybody in the database (or there is none).
    """

    config: Path | None = None
    settings: Settings | None = None
    store: Store | None = None
    scrubber: Scrubber = field(default_factory=Scrubber)
    everybody_known: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the bundle: its name, what it tells, and what makes it."""

    name: str
    about: str
    make: Callable[[Source], Any]


def versions(source: Source) -> dict[str, Any]:
    """The program, what it runs on, and every Python package beside it."""
    packages = {one.metadata["Name"]: one.version for one in metadata.distributions() if one.metadata["Name"]}
    return {
        "nvqsync": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": _system(),
        "machine": platform.machine(),
        "packages": dict(sorted(packages.items(), key=lambda pair: pair[0].lower())),
    }


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def settings(source: Source) -> Any:
    """The settings that are in force, reduced."""
    return reduced(_settings(source))


def findings(source: Source) -> Any:
    """What the doctor finds. Asks Moodle and the portal, as the doctor does."""
    return source.scrubber.scrub_all([finding.as_json() for finding in doctor.examine(source.config)])


def figures(source: Source) -> str:
    """What monitors are told."""
    return metrics.exposition(store_watching.watch(_settings(source), clock.now()), __version__)


def passes(source: Source) -> list[dict[str, Any]]:
    """The last passes, newest first: counts, codes and Moodle's ids; of an error its words, scrubbed."""
    return [_pass(row, source.scrubber) for row in store_lms.latest_passes(_store(source), PASSES)]


def _pass(row: Mapping[str, Any], scrubber: Scrubber) -> dict[str, Any]:
    report = row["report"]
    return {
        "pass": row["id"],
        "started_at": clock.iso(row["started_at"]),
        "finished_at": clock.iso(row["finished_at"]),
        **{name: report.get(name) for name in TOLD},
        "outcome": row["outcome"],
        "release": (report.get("site") or {}).get("release"),
        "courses": [_course(course, scrubber) for course in report.get("courses", ())],
        "problems": [{key: one[key] for key in ("code", "course", "item")} for one in report.get("problems", ())],
        "notes": dict(Counter(one["code"] for one in report.get("notes", ()))),
    }


def _course(course: Mapping[str, Any], scrubber: Scrubber) -> dict[str, Any]:
    counts = {name: course[name] for name in COUNTS if name in course}
    error = course["error"] and scrubber.scrub(course["error"])
    return {"id": course["id"], "qualification": course["qualification"], **counts, "error": error}


def tables(source: Source) -> dict[str, Any]:
    """How many rows each table has, what was migrated, and how SQLite keeps the file."""
    store = _store(source)
    names = [row["name"] for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    pragmas = ("journal_mode", "page_size", "page_count", "freelist_count", "auto_vacuum", "encoding", "user_version")
    return {
        "rows": {name: store.rows(f'SELECT COUNT(*) AS n FROM "{name}"')[0]["n"] for name in names},  # noqa: S608
        "migrations": sorted(one.name for one in migrations.applied(store.db)),
        "pending": sorted(one.name for one in migrations.pending(store.db)),
        "pragmas": {name: store.rows(f"PRAGMA {name}")[0][name] for name in pragmas},
    }


def schema(source: Source) -> str:
    """The tables, indexes and triggers as SQL."""
    rows = _store(source).rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name")
    return "".join(f"{row['sql']};\n" for row in rows)


def plugins(source: Source) -> list[dict[str, Any]]:
    """What is loaded, from which package, and what each offers."""
    return [asdict(one) for one in bootstrap(source.config).plugins.listing()]


def gates(source: Source) -> list[dict[str, Any]]:
    """Every gate by its rule id, without its words."""
    return [
        {"id": gate.id, "severity": gate.severity.value, "bodies": gate.bodies, "qualifications": gate.qualifications}
        for gate in bootstrap(source.config).gates
    ]


def journal(source: Source) -> str:
    """The services' last log lines, scrubbed, where there is a journal that this user may read."""
    if not source.everybody_known:
        return "Left out: the database cannot be read, so nobody knows whose names to take out.\n"
    program = shutil.which("journalctl")
    if program is None:
        return "There is no journalctl here.\n"
    units = [f"--unit={unit}" for unit in JOURNAL_UNITS]
    command = [program, "--no-pager", "--quiet", "--output=short-iso", "--no-hostname", f"--lines={LINES}", *units]
    done = subprocess.run(  # noqa: S603  (our own words)
        command, capture_output=True, text=True, errors="replace", check=False, timeout=60
    )
    if done.returncode or not done.stdout.strip():
        return "The journal holds no line of nvqsync's services that this user may read: try it as root (sudo).\n"
    return source.scrubber.scrub(done.stdout)


PARTS = (
    Part("README.txt", "what this is, and what was left out", lambda source: README),
    Part("versions.json", "nvqsync, Python, SQLite, the system, packages", versions),
    Part("settings.json", "settings without secrets, addresses and names", settings),
    Part("doctor.json", "what 'nvqsync doctor' finds (asks Moodle and the portal)", findings),
    Part("metrics.txt", "the queue by status, ages and sizes, as Prometheus sees them", figures),
    Part("passes.json", f"the last {PASSES} passes: counts and codes, no titles", passes),
    Part("tables.json", "how many rows each table has, and how SQLite keeps the file", tables),
    Part("schema.sql", "the tables", schema),
    Part("plugins.json", "which plugins are loaded, and from where", plugins),
    Part("gates.json", "which gates stop or caution claims", gates),
    Part("journal.txt", f"the last {LINES} log lines of the services, where journalctl shows them", journal),
)
"""Every part, in order."""


def _settings(source: Source) -> Settings:
    if source.settings is None:
        raise SettingsError("The settings cannot be read: see doctor.json.")
    return source.settings


def _store(source: Source) -> Store:
    if source.store is None:
        raise StoreError("There is no database that can be read: see doctor.json.")
    return source.store
