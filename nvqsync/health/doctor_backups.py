"""What the doctor says of backups: how old the newest is, and whether the audit log still holds what it held then.

A log that was cut at its end is whole in itself; a backup made before remembers an entry that is missing now.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from nvqsync import backup, clock
from nvqsync.bootstrap import App
from nvqsync.errors import NvqsyncError
from nvqsync.findings import Finding, fail, ok, warn
from nvqsync.storage import store_audit, store_watching

OLD = 2 * 86_400
"""Seconds after which the newest backup is old."""
LONG = 90 * 86_400
"""Seconds after which nobody goes back to a copy from before an upgrade."""


def copies(app: App) -> Iterator[Finding]:
    """Copies that an upgrade or a restore put beside the database, once they have lain there for long."""
    database = app.settings.database
    sides = ("-wal", "-shm", ".part")
    found = [path for path in database.parent.glob(f"{database.name}.before-*") if not path.name.endswith(sides)]
    old = sorted(path.name for path in found if app.now() - path.stat().st_mtime > LONG)
    if old:
        says = f"Copies from before an upgrade or a restore still lie beside the database: {', '.join(old)}."
        yield warn("database.copies", says, "They hold people who may have been erased since: delete them.")


def backups(app: App) -> Iterator[Finding]:
    """The newest backup: its age, and its audit head beside the log; and older copies."""
    yield from copies(app)
    if app.settings.backup.encrypt_to and shutil.which("gpg") is None:
        says = "Backups are to be encrypted (backup.encrypt_to) and there is no gpg."
        yield fail("backup.encrypt", says, "Install GnuPG (Debian: gnupg).")
    now = app.now()
    seen = store_watching.watch(app.settings, now)
    made, folder = seen.backups.newest_at, app.settings.backup.folder
    if made is None:
        first = min((one.started_at for one in seen.passes), default=now)
        yield _none(folder, late=now - first > OLD)
        return
    says = f"The newest backup was made at {clock.iso(made)}."
    if now - made > OLD:
        yield warn("backup", says, "Is nvqsync-backup.timer enabled? See 'systemctl list-timers'.")
    else:
        yield ok("backup", says)
    if not seen.trouble:
        try:
            yield _head(app, backup.backups(folder)[0])
        except NvqsyncError as error:
            yield warn("backup.head", error.says, error.next_step or "Make another backup: 'nvqsync backup'.")


def _none(folder: Path, *, late: bool) -> Finding:
    if late:
        step = "Make one with 'nvqsync backup', and let nvqsync-backup.timer make one every night."
        return warn("backup", f"There is no backup in {folder}.", step)
    return ok("backup", f"There is no backup in {folder} yet: nvqsync has not run for two days.")


def _head(app: App, newest: Path) -> Finding:
    told = backup.read_manifest(backup.manifest_of(newest))
    if told is None:
        says = f"{newest.name} has no document beside it that tells the head of its audit log."
        return warn("backup.head", says, "Make another backup: 'nvqsync backup'.")
    number, _, digest = told.audit_head.partition(":")
    with app.open_store(read_only=True) as store:
        if not number or store_audit.digest_at(store, int(number)) == digest:
            return ok("backup.head", f"The audit log holds the last entry of {newest.name}.")
    says = f"The audit log lacks entry {number} as {newest.name} has it: it was cut or changed since."
    return fail("backup.head", says, f"Compare: nvqsync audit verify --head {told.audit_head}; keep that backup.")
