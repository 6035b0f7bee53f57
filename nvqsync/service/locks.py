"""Locks beside the database: what must not happen twice at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nvqsync.errors import AlreadyRunning, StoreError


@contextmanager
def only_one(database: Path, what: str) -> Iterator[None]:
    """Hold the lock for ``what`` (pass, export, daemon) on a database. Raises ``AlreadyRunning`` naming the holder.

    A lock file that cannot be made (a folder or file system that is read-only) is a ``StoreError``. On a full disk the
    lock holds all the same: only the number of its process is missing in the file.
    """
    path = database.with_name(f"{database.name}.{what}")
    try:
        lock = path.open("a+", encoding="utf-8")
    except OSError as error:
        step = "Check that the folder may be written by this user and its file system is mounted for writing."
        raise StoreError(f"The lock {path} cannot be opened: {error.strerror}.", step) from error
    with lock:
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
