"""Backups of the database: made while it is in use, checked before they count, proved, rotated.

A backup is one file, ``nvqsync-20261122T021500Z.db``, with a small JSON document of the same name beside it: what it
holds, its SHA-256 and the head of the audit log, so that a backup that was cut or exchanged is found out. Both may be
read by their owner only. With ``backup.encrypt_to`` the file is encrypted by GnuPG for those keys (``.db.gpg``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import os
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Collection, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from nvqsync import __version__
from nvqsync.errors import InputError, StoreError
from nvqsync.migrations import migrations
from nvqsync.record_keeping.verifying import verify as verify_audit
from nvqsync.service import logs
from nvqsync.service.locks import leave_to_owner
from nvqsync.storage import store_audit
from nvqsync.store import Store

log = logging.getLogger(__name__)

NAME = re.compile(r"nvqsync-(\d{8}T\d{6}Z)\.db(\.gpg)?")
UNDER_WAY = 3600
"""Seconds after which a copy that has not got its name yet belongs to nobody any more."""

COUNTED = ("learners", "grades", "registrations", "claims", "audit")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. ``made_at`` is in UTC, ``size`` in bytes; ``audit_head`` is ``ENTRY:DIGEST``."""

    file: str
    made_at: str
    sha256: str
    size: int
    audit_head: str
    migrations: tuple[str, ...]
    nvqsync: str
    counts: dict[str, int]


# ---------------------------------------------------------------- making one


def make(store: Store, folder: Path, *, now: int, encrypt_to: Sequence[str] = ()) -> Path:
    """Back up an open database into ``folder``; returns the file. Raises ``StoreError``.

    The copy is consistent whatever is written meanwhile. It is checked (SQLite's own check, foreign keys, the audit
    chain) before it gets its name; one that fails the check is not kept.
    """
    stamp = f"{dt.datetime.fromtimestamp(now, dt.UTC):%Y%m%dT%H%M%SZ}"
    target = folder / f"nvqsync-{stamp}.db{'.gpg' if encrypt_to else ''}"
    if target.exists():
        raise StoreError(f"{target} is there already.", "Wait a second and try again.")
    part = folder / f".nvqsync-{stamp}.db.part"
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            leave_to_owner(folder, folder.parent)
        _clear_up(folder)
        _copy(store, part)
        manifest = _described(part, target.name, stamp)
        if encrypt_to:
            part = _encrypted(part, encrypt_to)
            manifest = {**manifest, "sha256": digest_of(part), "size": part.stat().st_size}
        _settle(part, target, json.dumps(manifest, indent=1).encode() + b"\n")
    except (OSError, sqlite3.Error) as error:
        says = f"The backup {target} cannot be made: {getattr(error, 'strerror', None) or error}."
        step = "Is there room, and may this user write there? Another folder is named with --to or backup.folder."
        raise StoreError(says, step) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    logs.event(log, logging.INFO, f"backup {target.name} made and checked", backup=target.name)
    return target


def _clear_up(folder: Path) -> None:
    """Delete what backups that were killed left behind: whole copies, in the clear. One still under way is younger."""
    for left in folder.glob(".nvqsync-*.db.part*"):
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > UNDER_WAY:
                left.unlink()


def _copy(store: Store, part: Path) -> None:
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    with closing(sqlite3.connect(part)) as copy:
        store.db.conn.backup(copy)  # in one go: in parts it would begin anew whenever a pass writes in between
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it


def _described(part: Path, name: str, stamp: str) -> dict[str, object]:
    """Check a copy and say what it holds. Raises ``StoreError`` for one that is not whole."""
    with Store(part, read_only=True) as copy:
        check(copy, part)
        counts = {name: _count(copy, name) for name in COUNTED}
        made = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:11]}:{stamp[11:13]}:{stamp[13:]}"
        applied = tuple(sorted(migration.name for migration in migrations.applied(copy.db)))
        found = Manifest(name, made, "", 0, head(copy), applied, __version__, counts)
    return {**asdict(found), "sha256": digest_of(part), "size": part.stat().st_size}


def _count(store: Store, table: str) -> int:
    return int(store.rows(f"SELECT COUNT(*) AS n FROM {table}")[0]["n"])  # noqa: S608  (one of COUNTED)


def check(copy: Store, path: Path) -> None:
    """Whether a database is whole, its audit chain included. Raises ``StoreError``."""
    step = "Keep it, and look for an older backup that is whole: 'nvqsync backup list'."
    damage = [row["integrity_check"] for row in copy.rows("PRAGMA integrity_check(3)")]
    if damage != ["ok"]:
        raise StoreError(f"{path} is damaged: {damage[0]}.", step)
    if copy.rows("PRAGMA foreign_key_check"):
        raise StoreError(f"{path} is not whole: rows refer to others that are missing.", step)
    bad = verify_audit(copy).first_bad
    if bad is not None:
        raise StoreError(f"The audit log in {path} breaks at entry {bad.entry}: {bad.says}", step)


def head(store: Store) -> str:
    """The last entry of the audit log, as ``ENTRY:DIGEST``; empty where there is none yet."""
    last = store_audit.head(store)
    return str(last) if last else ""


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _encrypted(part: Path, encrypt_to: Sequence[str]) -> Path:
    gpg = shutil.which("gpg")
    if gpg is None:
        raise StoreError("Backups are to be encrypted and there is no gpg.", "Install GnuPG (Debian: gnupg).")
    into = part.with_name(part.name + ".gpg")
    keys = [word for key in encrypt_to for word in ("--recipient", key)]
    command = [gpg, "--batch", "--yes", "--trust-model", "always", *keys, "--output", str(into), "--encrypt", str(part)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  (our own words)
    if done.returncode:
        into.unlink(missing_ok=True)
        says = f"gpg could not encrypt the backup: {done.stderr.strip().splitlines()[-1:]}"
        raise StoreError(says, "Import the public keys of backup.encrypt_to for the service's user: gpg --import FILE.")
    into.chmod(0o600)
    part.unlink()
    return into


def _settle(part: Path, target: Path, manifest: bytes) -> None:
    """Everything on disk under a temporary name first; the backup's own name comes last."""
    beside = manifest_of(target)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(manifest)
        file.flush()
        os.fsync(file.fileno())
    on_disk(part)
    for path in (part, beside):
        leave_to_owner(path, target.parent)
    part.rename(target)
    on_disk(target.parent)


def manifest_of(backup: Path) -> Path:
    """The document beside a backup."""
    return backup.with_name(backup.name.partition(".")[0] + ".json")


# ---------------------------------------------------------------- keeping some


def backups(folder: Path) -> list[Path]:
    """The backups in a folder, newest first."""
    found = [path for path in folder.glob("nvqsync-*") if NAME.fullmatch(path.name)] if folder.is_dir() else []
    return sorted(found, reverse=True)


def stale(names: Collection[str], *, keep: int, keep_months: int) -> list[str]:
    """The backups to delete: all but the newest ``keep`` and the first of each of the newest ``keep_months`` months."""
    newest_first = sorted(names, reverse=True)
    first_of_month: dict[str, str] = {}
    for name in newest_first:
        first_of_month[name[8:14]] = name  # the oldest of the month comes last
    kept = {*newest_first[:keep], *[name for _, name in sorted(first_of_month.items(), reverse=True)[:keep_months]]}
    return [name for name in newest_first if name not in kept]


def rotate(folder: Path, *, keep: int, keep_months: int) -> list[Path]:
    """Delete the stale backups with their documents; returns them. Raises ``StoreError``."""
    gone = [folder / name for name in stale([p.name for p in backups(folder)], keep=keep, keep_months=keep_months)]
    try:
        for path in gone:
            path.unlink()
            manifest_of(path).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"An old backup cannot be deleted: {error}.", "Mend the folder's rights.") from error
    return gone


def refuse_to_begin_anew(database: Path, folder: Path) -> None:
    """Raise ``StoreError`` where a database is missing or empty and there are backups: it was lost, and is not new.

    An empty one would forget what was claimed, and in two weeks its own backups would take the place of the good ones.
    """
    try:
        lost = not (database.exists() and database.stat().st_size)
        kept = backups(folder) if lost else []
    except OSError:
        return  # whoever opens it says what is wrong
    if kept:
        says = f"The database {database} is missing or empty, and {folder} holds backups."
        step = f"Restore the newest: nvqsync restore {kept[0]} --replace. To begin anew, move the backups away first."
        raise StoreError(says, step)


# ---------------------------------------------------------------- proving one


def verify(backup: Path) -> Manifest | None:
    """Check a backup against its document and itself; returns the document, ``None`` where there is none.

    Raises ``StoreError`` for one that is not whole or was exchanged, ``InputError`` for an encrypted one.
    """
    if not backup.is_file():
        raise InputError(f"There is no file {backup}.", "List the backups with 'nvqsync backup list'.")
    if backup.suffix == ".gpg":
        plain = backup.with_suffix("")
        raise InputError(f"{backup.name} is encrypted.", f"Decrypt it first: gpg --output {plain} --decrypt {backup}")
    manifest = read_manifest(manifest_of(backup))
    encrypted = manifest is not None and manifest.file.endswith(".gpg")
    if manifest and not encrypted and digest_of(backup) != manifest.sha256:
        says = f"{backup.name} is not the file that {manifest_of(backup).name} describes."
        raise StoreError(says, "It was cut or exchanged. Use another backup.")
    with Store(backup, read_only=True) as copy:
        check(copy, backup)
        if manifest and head(copy) != manifest.audit_head:
            says = f"The audit log in {backup.name} does not end where {manifest_of(backup).name} says."
            raise StoreError(says, "It was cut or exchanged. Use another backup.")
    return manifest


def read_manifest(path: Path) -> Manifest | None:
    """The document beside a backup, ``None`` where there is none. Raises ``StoreError`` for one that makes no sense."""
    step = "Move it away to restore without it."
    try:
        told = json.loads(path.read_bytes())
        return Manifest(**{**told, "migrations": tuple(told["migrations"]), "counts": dict(told["counts"])})
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.", step) from error
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{path} is cut short, or not the document of a backup.", step) from error


def on_disk(path: Path) -> None:
    """Wait until a file or folder is really written."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
