"""Restoring a backup: verified first, compared with what it replaces, put in its place without a moment between."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sqlite3
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from nvqsync.backup import Manifest, head, on_disk, verify
from nvqsync.errors import InputError, StoreError
from nvqsync.record_keeping.audit import ERASE
from nvqsync.service.locks import leave_to_owner, only_one
from nvqsync.storage import store_audit, store_lms
from nvqsync.store import Store

BUSY = ("daemon", "pass", "export")
"""What must not run while a database is exchanged for another."""
RESTORED = "restored"
"""Kept in a database that was restored: export waits until a person has said what went out since."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A backup beside the database it is to replace: how many audit entries it lacks, and which claims were sent and
    which learners erased since (LMS ids), of which it knows nothing.
    """

    manifest: Manifest | None
    audit_head: str
    entries_lost: int
    sent_since: tuple[int, ...]
    erased_since: tuple[str, ...]


def compare(backup: Path, database: Path) -> Comparison:
    """A verified backup beside the database in use, if there is one that can be read."""
    manifest = verify(backup)
    with Store(backup, read_only=True) as copy:
        last = head(copy)
    entries, sent, erased = 0, tuple[int, ...](), tuple[str, ...]()
    if database.exists():
        with suppress(StoreError, sqlite3.Error), Store(database, read_only=True) as current:
            known = int(last.partition(":")[0] or 0)
            entries = int(current.rows("SELECT COUNT(*) AS n FROM audit WHERE id > ?", [known])[0]["n"])
            sent = tuple(int(claim) for claim in _since(current, known, "claim", "export"))
            erased = _since(current, known, "learner", ERASE)
    return Comparison(manifest, last, entries, sent, erased)


def _since(current: Store, entry: int, kind: str, action: str) -> tuple[str, ...]:
    """Whom or what an action befell after an entry of the audit log: a restored database knows nothing of that."""
    sql = """SELECT DISTINCT substr(subject, instr(subject, ':') + 1) AS id FROM audit
        WHERE id > ? AND subject LIKE ? AND action = ? ORDER BY CAST(id AS INTEGER), id"""
    return tuple(row["id"] for row in current.rows(sql, [entry, f"{kind}:%", action]))


def restore(backup: Path, database: Path, *, replace: bool, now: int, by: str) -> Path | None:
    """Put a verified backup in the database's place; returns where the old one was moved to, if there was one.

    Raises ``InputError`` where a database stands there and ``replace`` was not said, ``StoreError`` while nvqsync runs
    on it or anything has it open. At every moment one of the two stands there, whole, whenever this is cut short. The
    restored database remembers that it was restored: see ``RESTORED``.
    """
    compare(backup, database)
    if database.exists() and not replace:
        says = f"{database} is in use. Restoring puts {backup.name} in its place."
        raise InputError(says, "Say --replace; the present one is kept beside it under another name.")
    database.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as locks:
        for what in BUSY:
            locks.enter_context(only_one(database, what))
        part = database.with_name(f".{database.name}.restoring")
        try:
            shutil.copyfile(backup, part)
            part.chmod(0o600)
            _remember(part, backup, now=now, by=by)
            on_disk(part)
            leave_to_owner(part, database if database.exists() else database.parent)
            aside = _keep_beside(database, now)
            part.rename(database)
            on_disk(database.parent)
        except OSError as error:
            raise StoreError(f"{database} cannot be restored: {error}.", "Mend its folder and try again.") from error
        finally:
            for left in part.parent.glob(f"{part.name}*"):  # an older backup's tables were brought up to date in it
                left.unlink()
    return aside


def _remember(part: Path, backup: Path, *, now: int, by: str) -> None:
    """Write into the copy, before it takes its place, that it was restored, and from what."""
    with Store(part) as store:
        with store.writing(durable=True):
            store_lms.keep(store, RESTORED, str(now))
            text = f"Restored from {backup.name}."
            store_audit.append_audit(store, at=now, actor=by, subject="database", action="restore", text=text)
        store.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.db.conn.execute("PRAGMA journal_mode = DELETE")  # one file again; the next opening makes it WAL


def _keep_beside(database: Path, now: int) -> Path | None:
    """Give the database in use a second name, under which it stays. A log that somebody left goes there as well:
    beside a restored database SQLite would take it for that one's own.
    """
    stamp = f"{dt.datetime.fromtimestamp(now, dt.UTC):%Y%m%dT%H%M%SZ}"
    aside = database.with_name(f"{database.name}.before-restore-{stamp}")
    there = database.exists()
    if there:
        _fold_in(database)
    for suffix in ("-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            database.with_name(database.name + suffix).rename(aside.with_name(aside.name + suffix))
    if there:
        try:
            os.link(database, aside)
        except OSError:  # a file system without second names
            database.rename(aside)
    return aside if there else None


def _fold_in(database: Path) -> None:
    """Make one file of a database and its log. Raises ``StoreError`` while anything else has it open."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True, timeout=2)) as alone:
            alone.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            step = "Stop nvqsync-web.service as well, and whatever else reads it, and try again."
            raise StoreError(f"Something still has {database} open.", step) from error
