"""Locks beside the database: what must not happen twice at once."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from nvqsync.errors import AlreadyRunning, StoreError


@contextmanager
def only_one(database: Path, what: str) -> Iterator[None]:
    """Hold the lock for ``what`` (pass, export, daemon) on a database. Raises ``AlreadyRunning`` naming the holder.

    A lock file that cannot be made (a folder or file system that is read-only) is a ``StoreError``. On a full disk the
    lock holds all the same: only the number of its process is missing in the file.
    """
    path = database.with_name(f"{database.name}.{what}")
    try:
        lock = opened(path)
    except OSError as error:
        step = "Check that the folder may be written by this user and its file system is mounted for writing."
        if owner := of_another(path):
            step = f"It belongs to {owner}: give it to this user with chown, or delete it while nothing runs."
        raise StoreError(f"The lock {path} cannot be opened: {error.strerror}.", step) from error
    with lock:
        leave_to_owner(path, database if database.exists() else database.parent)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            says = f"Another {what} is already running on {database} (process {lock.read().strip() or 'unknown'})."
            raise AlreadyRunning(says, "Wait for it to end, or stop it first.") from error
        with suppress(OSError):
            os.truncate(lock.fileno(), 0)
            os.write(lock.fileno(), str(os.getpid()).encode())
        yield


def opened(path: Path) -> TextIO:
    """A lock file, made where there is none. No link is followed. Raises ``OSError``."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o644), "a+", encoding="utf-8")


def leave_to_owner(path: Path, of: Path) -> None:
    """What root makes beside somebody's files becomes theirs: a command root once typed must not stop the service.

    Only a file that stands there itself is given away: no link that somebody may have put in its place.
    """
    if os.geteuid() == 0:
        with suppress(OSError):
            theirs = of.stat()
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode) or found.st_nlink == 1:
                os.chown(path, theirs.st_uid, theirs.st_gid, follow_symlinks=False)


def of_another(path: Path) -> str:
    """Whose a file is that this user may not read and write; ``""`` for all others."""
    with suppress(OSError, KeyError):
        if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
            return path.owner()
    return ""
