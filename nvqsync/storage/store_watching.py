"""Filling the record that monitors read: a few short questions to the database, and a look at files. Reads only."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from nvqsync import backup
from nvqsync.claims import Status
from nvqsync.errors import StoreError
from nvqsync.health.watching import RECENT, Backups, PassSeen, Watched
from nvqsync.model import NUMBERS, ROSTER
from nvqsync.settings import Settings
from nvqsync.storage import store_claims, store_lms
from nvqsync.store import Store

FURTHEST = 5000
"""So many passes back the last good one is looked for: seven weeks of a pass every quarter of an hour."""
ALARMS = ("unmapped", "vanished")


def watch(settings: Settings, now: int, opened: Callable[[], Store] | None = None) -> Watched:
    """The record of the nvqsync that ``settings`` describe. Raises nothing: what cannot be read is its ``trouble``.

    ``opened`` opens the database; without it the one of the settings is opened for reading.
    """
    files = Watched(
        now,
        every=settings.daemon.every_minutes * 60,
        quiet=settings.daemon.quiet,
        database_bytes=_bytes_of(settings.database),
        disk_free_bytes=_free(settings.database),
        backups=newest_backup(settings.backup.folder),
    )
    try:
        if not settings.database.is_file():
            return replace(files, trouble=f"There is no database at {settings.database}.")
        with (opened or (lambda: Store(settings.database, read_only=True)))() as store, store.reading():
            return _asked(store, files)
    except StoreError as error:
        return replace(files, trouble=error.says)
    except (sqlite3.Error, OSError) as error:
        return replace(files, trouble=f"The database cannot be read: {getattr(error, 'strerror', None) or error}.")


def _asked(store: Store, files: Watched) -> Watched:
    return replace(
        files,
        passes=tuple(passes(store, RECENT)),
        last_good=last_good(store),
        claims={status.value: 0 for status in Status} | store_claims.count_by_status(store),
        oldest_unknown_at=_one(store, "SELECT MIN(updated_at) AS one FROM claims WHERE status = 'unknown'"),
        oldest_roster_at=oldest_roster(store),
        courses=_one(store, "SELECT COUNT(*) AS one FROM courses") or 0,
        alarms=alarms(store),
        oldest_alarm_at=_one(store, "SELECT MIN(since) AS one FROM alarms"),
        audit_entries=_one(store, "SELECT MAX(id) AS one FROM audit") or 0,
    )


def _one(store: Store, sql: str) -> int | None:
    found: int | None = store.rows(sql)[0]["one"]
    return found


# ---------------------------------------------------------------- passes

FACTS = """id, outcome, started_at, finished_at, json_extract(report, '$.reads') AS reads,
    json_extract(report, '$.calls') AS calls, json_extract(report, '$.retries') AS retries,
    json_extract(report, '$.failures') AS failures, json_array_length(report, '$.problems') AS problems"""


def passes(store: Store, count: int) -> list[PassSeen]:
    """The latest passes, newest first."""
    return [_seen(row) for row in store.rows(f"SELECT {FACTS} FROM passes ORDER BY id DESC LIMIT ?", [count])]


def last_good(store: Store) -> PassSeen | None:
    """The last pass that read the whole college and came to its end."""
    sql = f"""SELECT {FACTS} FROM passes WHERE id > (SELECT MAX(id) FROM passes) - ?
        AND outcome IN ('done', 'problems') AND json_extract(report, '$.reads') IS NOT 'some'
        ORDER BY id DESC LIMIT 1"""
    return next((_seen(row) for row in store.rows(sql, [FURTHEST])), None)


def _seen(row: dict[str, Any]) -> PassSeen:
    return PassSeen(
        row["id"], row["outcome"], row["reads"] or "changes", row["started_at"], row["finished_at"], row["calls"],
        row["retries"], row["failures"] or 0, row["problems"] or 0,
    )  # fmt: skip


def latest_moment(store: Store) -> int | None:
    """The latest moment that this machine's clock wrote into the database."""
    sql = """SELECT MAX(at) AS one FROM (SELECT MAX(started_at) AS at FROM passes
        UNION ALL SELECT MAX(at) FROM audit UNION ALL SELECT MAX(updated_at) FROM claims)"""
    return _one(store, sql)


def oldest_roster(store: Store) -> int | None:
    """When the roster or ID numbers that were read longest ago were read; 0 for some that never were.

    Of the courses that the last good pass followed: one that is followed no more is read no more either.
    """
    marks, good = store_lms.bookmarks(store), last_good(store)
    sql = "SELECT json_extract(value, '$.id') AS id FROM passes, json_each(report, '$.courses') WHERE passes.id = ?"
    followed = {row["id"] for row in store.rows(sql, [good.pass_id])} if good else set()
    ages = [min(found.get(what, 0) for what in (ROSTER, NUMBERS)) for id_, found in marks.items() if id_ in followed]
    return min(ages, default=None)


def alarms(store: Store) -> dict[str, int]:
    """How many courses wait for a person's word, by what is the matter."""
    found = {row["what"]: row["n"] for row in store.rows("SELECT what, COUNT(*) AS n FROM alarms GROUP BY what")}
    return dict.fromkeys(ALARMS, 0) | found


# ---------------------------------------------------------------- files


def newest_backup(folder: Path) -> Backups:
    """What stands in the folder of backups, by the files' names; nothing where it cannot be looked into."""
    try:
        found = backup.backups(folder)
        if not found:
            return Backups()
        made = dt.datetime.strptime(found[0].name[8:24], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
        return Backups(len(found), int(made.timestamp()), found[0].stat().st_size)
    except (OSError, ValueError):
        return Backups()


def _bytes_of(database: Path) -> int | None:
    """The bytes of the database with its write-ahead log, ``None`` where there is none."""
    total = None
    for path in (database, database.with_name(f"{database.name}-wal")):
        with suppress(OSError):
            total = (total or 0) + path.stat().st_size
    return total


def _free(path: Path) -> int | None:
    try:
        folder = next(one for one in path.absolute().parents if one.is_dir())
        return shutil.disk_usage(folder).free
    except (OSError, StopIteration):
        return None
