"""Everything ``nvqsync doctor`` looks at, each check a plain function that returns findings. Reads; never writes.

Safe beside a running daemon: the database is opened for reading only, files are looked at and not touched, the LMS is
asked a few small questions and the portal after a claim that cannot exist.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from nvqsync import clock
from nvqsync.bootstrap import App, bootstrap
from nvqsync.centres.centre_lacks import lacks
from nvqsync.errors import NvqsyncError, PortalBusy, SettingsError, TellingError
from nvqsync.findings import Finding, Status, fail, ok, warn
from nvqsync.health import telling
from nvqsync.health.disk import free_bytes, nearest
from nvqsync.health.doctor_backups import backups
from nvqsync.health.doctor_counts import counts
from nvqsync.health.doctor_settings import settings_file
from nvqsync.health.doctor_sign_on import single_sign_on
from nvqsync.health.redacting import Scrubber, secrets_in
from nvqsync.hookspecs import CONTRACT_VERSION
from nvqsync.mapping import unused_rules
from nvqsync.migrations import migrations
from nvqsync.model import ItemKind, Qualification
from nvqsync.record_keeping import audit
from nvqsync.settings import Settings
from nvqsync.settings import load as load_settings
from nvqsync.storage import store_audit, store_centre, store_lms, store_watching
from nvqsync.store import Store, check_sqlite

GIGABYTE = 2**30
LITTLE_SPACE = GIGABYTE
NO_SPACE = GIGABYTE // 10
AHEAD = 300
"""Seconds that a recorded moment may lie ahead of this machine's clock."""
NOBODYS_CLAIM = "nvqsync-doctor"
"""The claim key the portal is asked about: no claim ever has it."""


def examine(config: Path | None, now: Callable[[], int] = clock.now) -> Iterator[Finding]:
    """Every finding, in the order in which things depend on each other. Raises nothing that a person can put right."""
    try:
        settings = load_settings(config)
    except SettingsError as error:
        yield fail("settings", error.says, error.next_step)
        return
    hide = Scrubber(secrets=secrets_in(settings)).hide
    for finding in _examine(config, settings, now):
        yield replace(finding, says=hide(finding.says), next_step=hide(finding.next_step))


def _examine(config: Path | None, settings: Settings, now: Callable[[], int]) -> Iterator[Finding]:
    yield from settings_file(config or _named_in_environment(), settings)
    yield sqlite()
    yield from folders(settings)
    try:
        app = bootstrap(config, now)
    except NvqsyncError as error:
        yield fail("plugins", error.says, error.next_step)
        return
    yield from plugins(app)
    yield from database(app)
    yield from backups(app)
    yield from portal(app)
    yield from ways_to_tell(app)
    yield from single_sign_on(app)
    yield from far_end(app)


def exit_status(findings: Iterable[Finding]) -> int:
    """1 where anything fails, else 0."""
    return int(any(finding.status is Status.FAIL for finding in findings))


# ---------------------------------------------------------------- settings, folders, plugins


def sqlite(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> Finding:
    """Whether this Python's SQLite is new enough."""
    try:
        check_sqlite(version)
    except NvqsyncError as error:
        return fail("sqlite", error.says, error.next_step)
    return ok("sqlite", f"SQLite {'.'.join(map(str, version))} is new enough.")


def folders(settings: Settings) -> Iterator[Finding]:
    """Whether the export folder takes files, and the room on the disks of database and exports."""
    exports = settings.export.folder
    if fault := unwritable(exports):
        yield fail("export.folder", f"The export folder {exports} cannot be written: {fault}.",
                   "Create it for the service's user, or name another as export.folder.")  # fmt: skip
    else:
        yield ok("export.folder", f"The export folder {exports} can be written.")
    yield room("disk.database", settings.database)
    yield room("disk.exports", exports)


def unwritable(folder: Path) -> str:
    """Why files cannot be written into ``folder`` (which need not exist yet), or ``""``."""
    there = nearest(folder)
    if not there.is_dir():
        return f"{there} is no folder"
    if os.statvfs(there).f_flag & os.ST_RDONLY:
        return "its file system is read-only"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"this user may not write to {there}"


def room(id_: str, path: Path) -> Finding:
    """The free space on the disk that holds ``path``: 1 GB is little, a tenth of that is none."""
    free = free_bytes(path)
    says = f"{free / GIGABYTE:.1f} GB are free for {path}."
    if free < NO_SPACE:
        return fail(id_, says, "Make room now: without it nothing can be recorded.")
    if free < LITTLE_SPACE:
        return warn(id_, says, "Make room: backups and migrations need as much again as the database.")
    return ok(id_, says)


def plugins(app: App) -> Iterator[Finding]:
    """What is loaded, those from outside by name and version, and what the catalogue doubts."""
    listed = app.plugins.listing()
    outside = [f"{one.name} {one.version}".strip() for one in listed if one.distribution != "nvqsync"]
    more = f" From outside: {', '.join(outside)}." if outside else ""
    yield ok("plugins", f"{len(listed)} plugins are loaded, contract version {CONTRACT_VERSION}.{more}")
    for number, caution in enumerate(app.plugins.catalogue.cautions, 1):
        yield warn(f"plugins.caution.{number}", caution, "Tell the author of the plugin.")


# ---------------------------------------------------------------- database and what is in it


def database(app: App) -> Iterator[Finding]:
    """Whether the database opens and is whole; then mapping, centre facts and passes, which are read from it."""
    path = app.settings.database
    if not path.exists():
        if fault := unwritable(path.parent):
            yield fail("database", f"The database {path} cannot be made: {fault}.", "Create its folder for this user.")
        else:
            yield warn("database", f"There is no database at {path} yet.", "'nvqsync sync' makes it.")
        return
    try:
        with app.open_store(read_only=True) as store:
            yield from whole(store)
            if not migrations.pending(store.db):
                yield counts(store)
                yield from clocks(app, store)
                yield from passes(app, store)
                yield from mapping(app, store)
    except NvqsyncError as error:
        yield fail("database", error.says, error.next_step)
    except sqlite3.Error as error:
        yield fail("database", f"The database {path} cannot be read: {error}.", "Restore the latest backup.")


def whole(store: Store) -> Iterator[Finding]:
    """Migrations, SQLite's own check, who may read the file, and the audit chain."""
    damage = [row["quick_check"] for row in store.rows("PRAGMA quick_check(5)")]
    if damage != ["ok"]:
        yield fail("database", f"The database is damaged: {damage[0]}.", "Stop the service and restore a backup.")
        return
    pending = migrations.pending(store.db)
    if pending:
        says = f"The database is whole. {len(pending)} changes to its tables are still to be made."
        yield warn("database", says, "They are made when any command next writes to it: 'nvqsync sync'.")
        return
    if strays := store_lms.strays(store):
        says = f"{strays} grades or places on a roster belong to an item, course or learner that is not there."
        yield fail("database", says, "Restore the latest backup, then 'nvqsync sync --full'.")
        return
    yield ok("database", f"The database {store.path} is whole and up to date.")
    if store.path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH):
        yield warn("database.mode", "Others than its owner may read the database.", f"chmod 600 {store.path}")
    bad = audit.first_bad(entry for entry, _ in store_audit.stream(store))
    if bad is not None:
        yield fail("audit", f"The audit chain breaks at entry {bad}.", "See 'nvqsync audit verify'; restore a backup.")
    elif head := store_audit.head(store):
        yield ok("audit", f"The audit chain is whole; its head is {head}.")
    else:
        yield ok("audit", "The audit log is empty: nothing has been recorded yet.")


def clocks(app: App, store: Store) -> Iterator[Finding]:
    """Whether this machine's clock lies before what was written down by it: then it was wrong once, or is now."""
    latest = store_watching.latest_moment(store)
    if latest is not None and latest > app.now() + AHEAD:
        says = f"The database holds a moment that has not come yet: {clock.iso(latest)}."
        yield warn("clock", says, "Set this machine's clock by a time service (NTP); see 'timedatectl'.")
    else:
        yield ok("clock", "This machine's clock agrees with what was recorded.")


def passes(app: App, store: Store) -> Iterator[Finding]:
    """When a pass over the whole college last came to its end."""
    good = store_watching.last_good(store)
    if good is None or good.finished_at is None:
        yield warn("passes", "No pass has come to its end yet.", "Start one with 'nvqsync sync'.")
        return
    hours = (app.now() - good.finished_at) / 3600
    says = f"The last good pass ended at {clock.iso(good.finished_at)}."
    if hours * 60 > max(24 * 60, 3 * app.settings.daemon.every_minutes):
        yield warn("passes", says, "Is the service running? See 'systemctl status nvqsync' and 'nvqsync status'.")
    else:
        yield ok("passes", says)


def mapping(app: App, store: Store) -> Iterator[Finding]:
    """The mapping file, a summary of ``nvqsync mapping check``, and the centre's facts on what is followed."""
    try:
        file = app.mapping_file
    except NvqsyncError as error:
        yield fail("mapping.file", error.says, error.next_step)
        return
    found = app.reader(store).mappings()
    followed = [one for one in found if one.qualification_id]
    problems = [p for one in found for p in one.problems if p.severity == "problem"]
    problems += unused_rules(file, found) if file else ()
    items = sum(len(one.items) for one in followed)
    says = f"{len(followed)} courses are followed and {items} assignments mapped"
    if not followed:
        step = "Give a course an ID number such as OCR/03455, or see 'nvqsync moodle discover'."
        yield warn("mapping", "No course is followed.", step)
    elif problems:
        yield warn("mapping", f"{says}; {len(problems)} things need a look.", "See 'nvqsync mapping check'.")
    else:
        yield ok("mapping", f"{says}; nothing needs a look.")
    for id_ in sorted({one.qualification_id for one in followed}):
        yield centre(app, store, app.plugins.catalogue.qualifications[id_])


def centre(app: App, store: Store, qualification: Qualification) -> Finding:
    """What the centre has not recorded about one qualification, though every claim for it waits for that."""
    missing = lacks(store_centre.facts(store, qualification), qualification)
    subject = f"centre.{qualification.id}"
    if missing:
        count = "1 fact" if len(missing) == 1 else f"{len(missing)} facts"
        says = (
            f"Claims for {qualification.id} wait: {count} of the centre {'is' if len(missing) == 1 else 'are'} missing."
        )
        commands = "; ".join(f"'{one.command}'" for one in missing)
        return warn(subject, says, f"See 'nvqsync centre show {qualification.id}', and enter: {commands}.")
    return ok(subject, f"Every fact of the centre on {qualification.id} is recorded.")


# ---------------------------------------------------------------- the far ends


def portal(app: App) -> Iterator[Finding]:
    """Whether the portal answers a question about a claim that cannot exist, for each body with a centre number."""
    name = app.settings.portal.name
    if not name:
        yield ok("portal", "No portal is named: batches are written to files and keyed by hand.")
        return
    try:
        offer = app.plugins.portal(name)
        numbers = _numbers(app, offer.awarding_bodies)
        if numbers is None:
            return  # the database cannot be read: its own line says so
        link = app.open_portal()
    except NvqsyncError as error:
        yield fail("portal", error.says, error.next_step)
        return
    if link is None or not numbers:
        step = f"Record one: 'nvqsync centre number {next(iter(offer.awarding_bodies), 'BODY')} NUMBER'."
        yield warn("portal", f"The portal {name} was not asked: no centre number is recorded for its bodies.", step)
        return
    with closing(link):
        for body, number in numbers.items():
            try:
                link.ask(body, number, [NOBODYS_CLAIM])
                yield ok(f"portal.{body}", f"The portal {name} answers and takes the credential, for {body}.")
            except PortalBusy as error:
                yield fail(f"portal.{body}", f"{error.says} ({body})", "Check its address, and that it is up.")
            except NvqsyncError as error:
                yield fail(f"portal.{body}", f"{error.says} ({body})", error.next_step)


def _numbers(app: App, bodies: Collection[str]) -> dict[str, str] | None:
    """One of the centre's numbers with each body; ``None`` where the database cannot be read."""
    if not app.settings.database.exists():
        return {}
    try:
        with app.open_store(read_only=True) as store:
            known = store_centre.read(store).numbers
    except (NvqsyncError, sqlite3.Error):
        return None
    return {one.awarding_body: one.number for one in reversed(known) if one.awarding_body in bodies}


def ways_to_tell(app: App) -> Iterator[Finding]:
    """Whether the mail server takes a mail from us, and whether the web hook is one that alerts may go to.

    Nothing is sent: the mail server is asked up to the log-in, of the web hook only the address is looked at.
    """
    told = app.settings.alerts
    if not telling.channels(told):
        says = "Nobody is told when something goes wrong: neither mail nor web hook is set."
        yield warn("alerts", says, "Set mail_to, or webhook_url, in the table [alerts]; then 'nvqsync alerts test'.")
    if told.mail_to:
        try:
            telling.with_server(told, lambda server: server.noop())
            yield ok("alerts.mail", f"The mail server {told.smtp_host}:{told.smtp_port} answers and takes the log-in.")
        except TellingError as error:
            yield fail("alerts.mail", error.says, error.next_step)
    url = told.webhook_url.get_secret_value()
    if url.startswith("http://") and urlsplit(url).hostname not in ("127.0.0.1", "::1", "localhost"):
        yield warn("alerts.webhook", "The web hook is not encrypted.", "Use an address that begins with https://.")
    elif url:
        yield ok(
            "alerts.webhook", f"Alerts go to the web hook at {urlsplit(url).hostname}; 'nvqsync alerts test' tries it."
        )


def far_end(app: App) -> Iterator[Finding]:
    """What the LMS connector's own examination finds, or, where it brings none, whether its ``check`` passes."""
    name = app.settings.lms
    try:
        offer = app.plugins.lms(name)
    except NvqsyncError as error:
        yield fail("lms", error.says, error.next_step)
        return
    section = app.settings.connectors.get(name, app.settings.moodle.model_dump() if name == "moodle" else {})
    if offer.examine:
        yield from offer.examine(section, _asked_for(app))
        return
    try:
        with closing(offer.open(section)) as lms:
            facts = lms.check()
    except NvqsyncError as error:
        yield fail("lms", error.says, error.next_step)
        return
    yield ok("lms", f"{name} answers: {facts.site_name}, {facts.release}.")


def _asked_for(app: App) -> frozenset[ItemKind]:
    """What the mapping file asks for; a file that cannot be read is a finding of its own."""
    try:
        return app.mapping_file.kinds if app.mapping_file else frozenset()
    except NvqsyncError:
        return frozenset()


# ---------------------------------------------------------------- small things


def _named_in_environment() -> Path | None:
    name = os.environ.get("NVQSYNC_CONFIG")
    return Path(name) if name else None
