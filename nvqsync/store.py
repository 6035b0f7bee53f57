"""The SQLite file: opening it, migrating it, and writing to it in one piece.

What we ask of it is in ``store_lms`` (what the LMS told us) and ``store_claims`` (registrations, claims, audit).
Every write happens inside ``Store.writing()``, which takes the write lock at once: a deferred transaction that reads
first and writes later fails under a second writer however long the busy timeout.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlite_utils

from nvqsync.errors import StoreError
from nvqsync.migrations import migrations
from nvqsync.service import locks

OLDEST_SQLITE = (3, 38, 0)
OLDER = (
    "Its tables are those of an older nvqsync. Restart the service, or run 'nvqsync sync': that brings them up to date."
)
UNUSABLE = (sqlite3.OperationalError, sqlite3.DatabaseError)
"""The very types SQLite raises for the file: locked, full, damaged. Their other subclasses are about a statement."""


def check_sqlite(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> None:
    """Refuse an SQLite without the features the tables need. Raises ``StoreError`` with the remedy."""
    if version < OLDEST_SQLITE:
        says = f"SQLite {'.'.join(map(str, version))} is too old: nvqsync needs {'.'.join(map(str, OLDEST_SQLITE))}."
        step = "Install nvqsync with a Python that brings a newer one, such as 'uv python install 3.12' fetches: "
        raise StoreError(says, f"{step}docs/service.md, 'An older SQLite'.")


class Store:
    """One open database. Not shared between threads: each thread opens its own."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        check_sqlite()
        self.path = path
        self._db = _open(path, read_only=read_only)

    @property
    def db(self) -> sqlite_utils.Database:
        """The sqlite-utils database, for queries that have no function of their own yet."""
        return self._db

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Store]:
        """One write transaction: all of it or nothing. ``durable`` survives a power cut once it returns.

        Inside another one it is a savepoint of that one.
        """
        if self._db.conn.in_transaction:
            with self._db.atomic():
                yield self
            return
        self._db.conn.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        try:
            self._db.conn.execute("BEGIN IMMEDIATE")
            try:
                yield self
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.conn.execute("ROLLBACK")
                raise
            self._db.conn.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if type(error) not in UNUSABLE:
                raise  # a constraint: the statement's fault, not the file's
            raise _explained(error, self.path) from error

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """One view of the database for several questions, whoever writes meanwhile."""
        if self._db.conn.in_transaction:
            yield self
            return
        self.execute("BEGIN")
        try:
            yield self
        finally:
            self.execute("ROLLBACK")

    def rows(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[dict[str, Any]]:
        """The rows of a question, as dictionaries."""
        names, found = self._asked(sql, parameters)
        return [dict(zip(names, row, strict=True)) for row in found]

    def tuples(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a question with many answers, as SQLite gives them: values in the order of the columns."""
        return self._asked(sql, parameters)[1]

    def _asked(self, sql: str, parameters: Sequence[Any] | dict[str, Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
        try:
            cursor = self._db.conn.execute(sql, parameters)
            return [column[0] for column in cursor.description], cursor.fetchall()
        except sqlite3.DatabaseError as error:
            if type(error) not in UNUSABLE:
                raise
            raise _explained(error, self.path) from error

    def execute(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> sqlite3.Cursor:
        """One statement inside the transaction that is open."""
        return self._db.conn.execute(sql, parameters)

    def execute_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        """One statement for many rows, inside the transaction that is open."""
        self._db.conn.executemany(sql, parameters)


def _open(path: Path, *, read_only: bool) -> sqlite_utils.Database:
    try:
        if read_only:
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, isolation_level=None)
            if path.stat().st_size == 0:
                path.chmod(0o600)
                locks.leave_to_owner(path, path.parent)
    except (sqlite3.Error, OSError) as error:
        raise _explained(error, path) from error
    try:
        db = sqlite_utils.Database(connection)
        db.conn.execute("PRAGMA busy_timeout = 10000")
        db.conn.execute("PRAGMA foreign_keys = ON")
        cache = 4 if read_only else 16  # MB: a pass touches pages all over the grades; a page is four answers at once
        db.conn.execute(f"PRAGMA cache_size = -{cache}000")
        if not read_only:
            db.conn.execute("PRAGMA journal_mode = WAL")
            db.conn.execute("PRAGMA wal_autocheckpoint = 4000")  # 16 MB: fewer pages are copied twice
        _migrate(db, path, read_only=read_only)
    except (sqlite3.Error, OSError) as error:
        connection.close()
        raise _explained(error, path) from error
    except BaseException:
        connection.close()
        raise
    return db


def _migrate(db: sqlite_utils.Database, path: Path, *, read_only: bool) -> None:
    """Bring the tables up to date: one process at a time, a copy first, all of it or nothing."""
    if not _pending(db, path) or read_only:
        return
    one_at_a_time = path.with_name(path.name + ".migrating")
    with locks.opened(one_at_a_time) as lock:
        locks.leave_to_owner(one_at_a_time, path)
        fcntl.flock(lock, fcntl.LOCK_EX)
        db.conn.execute("BEGIN IMMEDIATE")  # whoever still runs the version before waits as well
        try:
            pending = _pending(db, path)
            if pending and pending[0] != migrations._migrations[0].name:
                _keep_as_it_was(path, path.with_name(f"{path.name}.before-{pending[0]}"))
            migrations.apply(db)
            db.conn.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                db.conn.execute("ROLLBACK")
            raise


def _pending(db: sqlite_utils.Database, path: Path) -> list[str]:
    """The migrations still to be made. Raises ``StoreError`` for a database that knows some we do not."""
    known = [migration.name for migration in migrations._migrations]
    applied = {migration.name for migration in migrations.applied(db)}
    if newer := sorted(applied.difference(known)):
        says = f"{path} was written by a newer nvqsync (it has {newer[-1]})."
        raise StoreError(says, "Install that version or a later one; this one will not touch the file.")
    return [name for name in known if name not in applied]


def _keep_as_it_was(path: Path, copy: Path) -> None:
    """A copy of the database before its tables change; one that is there already is the older, and stays.

    A connection of its own reads it: the one that is about to write cannot.
    """
    if copy.exists():
        return
    part = copy.with_name(copy.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
    part.rename(copy)


def _explained(error: Exception, path: Path) -> StoreError:
    text = str(error)
    steps = {
        "unable to open": "Check that the folder exists and that this user may write to it.",
        "readonly": "Check that the file and its folder may be written by this user.",
        "read-only": "Check that the file system is mounted for writing.",
        "Permission denied": "Check that the file and its folder may be written by this user.",
        "not a database": "It is no database, or damaged. Name another as `database`, or restore the latest backup.",
        "malformed": "The file is damaged. Stop the service and restore the latest backup: nvqsync restore.",
        "disk I/O error": "Check the disk, its free space and the system's log; the last change was not made.",
        "disk is full": "Free some space; nothing was lost, the last change was not made.",
        "no such column": OLDER,
        "no such table": OLDER,
        "locked": "Another process is writing. Try again in a moment.",
    }
    step = next((step for key, step in steps.items() if key in text), "")
    if any(key in text for key in ("unable to open", "readonly", "Permission denied")) and (
        owner := locks.of_another(path)
    ):
        step = f"It belongs to {owner}: put 'sudo -u {owner}' in front, or give it to this user with chown."
    return StoreError(f"The database {path} cannot be used: {text}.", step)
