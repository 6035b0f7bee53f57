"""Locks beside the database: what must not happen twice at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nvqsync.errors import StoreError


@contextmanager
def only_one(database: Path, what: str) -> Iterator[None]:
    """Hold the lock for ``what`` (pass, export, daemon) on a database. Raises ``StoreError`` naming the holder."""
    path = database.with_name(f"{database.name}.{what}")
    try:
        lock = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"The lock {path} cannot be opened: {error.strerror}.", "Check the folder's owner.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            says = f"Another {what} is already running on {database} (process {lock.read().strip() or 'unknown'})."
            raise StoreError(says, "Wait for it to end, or stop it first.") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
