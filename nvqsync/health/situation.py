"""How things are: what alerts and the digest rest on, read from the database, the backup folder and the disks.

Reads; never writes. A database that cannot be read leaves its part out instead of failing.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from nvqsync import backup
from nvqsync.bootstrap import App
from nvqsync.claims import Status
from nvqsync.errors import NvqsyncError
from nvqsync.health.alerts import Closing, Failing, Limits, Records, Situation, Waiting
from nvqsync.health.disk import free_bytes, nearest
from nvqsync.health.messages import Digest
from nvqsync.proposing import RECALL_NOTICE
from nvqsync.storage import store_centre, store_claims, store_lms
from nvqsync.store import Store

FAILING = "failing passes"
"""Kept in the store: the passes that fail in a row, as the daemon counts them."""
LATEST = 20
"""So many passes back a course's readings are looked at."""
OPEN = tuple(s.value for s in (Status.PROPOSED, Status.ON_HOLD, Status.APPROVED, Status.EXPORTED))
REGISTRATION, RELEASE = ("ENT-2",), ("IQA-*", "SIM-*")
"""Ids of the gates (as SQLite's GLOB) that wait for a registration, and for internal quality assurance."""
SOON = 90
"""Days ahead that the digest looks."""


def gather(app: App, failing: Failing | None = None) -> Situation:
    """The situation now. ``failing`` is what a daemon knows of itself; without it the store is asked."""
    records: Records | None = None
    try:
        with app.open_store(read_only=True) as store:
            records = read_records(app, store)
            failing = failing or kept_failing(store)
    except (NvqsyncError, sqlite3.Error, OSError):
        records = None
    return Situation(app.now(), app.today, failing, _free_mb(app), records)


def limits(app: App) -> Limits:
    """From when on a condition is worth an alert, as the settings say."""
    return Limits(**{one.name: getattr(app.settings.alerts, one.name) for one in fields(Limits)})


def read_records(app: App, store: Store) -> Records:
    """What the database and the backup folder say. Raises ``StoreError``."""
    first = store.rows("SELECT started_at FROM passes ORDER BY id LIMIT 1")  # not the least: that reads every report
    made = [moment for path in backup.backups(app.settings.backup.folder)[:1] if (moment := _made_at(path.name))]
    return Records(
        unread=_unread(store_lms.latest_passes(store, LATEST), app.settings.alerts.failed_passes),
        alarms=store_lms.alarms(store),
        unknown=_waiting(store, "status = 'unknown'", "updated_at"),
        recalls=_recalls(store),
        unregistered=_blocked(store, REGISTRATION),
        unreleased=_blocked(store, RELEASE),
        closing=_closing(app, store),
        backup_at=made[0] if made else None,
        first_pass_at=first[0]["started_at"] if first else None,
    )


def digest_figures(app: App, store: Store, records: Records) -> Digest:
    """The figures of the day. Raises ``StoreError``."""
    yesterday = app.now() - 86_400
    rows = store.rows("SELECT outcome, COUNT(*) AS n FROM passes WHERE started_at > ? GROUP BY outcome", [yesterday])
    ended = [one for one in store_lms.latest_passes(store, LATEST) if one["outcome"] in ("done", "problems")]
    proposed = _waiting(store, "status = 'proposed'", "created_at")
    horizon = app.today + dt.timedelta(days=SOON)
    return Digest(
        claims=store_claims.count_by_status(store),
        problems=len(ended[0]["report"].get("problems", ())) if ended else 0,
        passes=sum(row["n"] for row in rows),
        failed_passes=sum(row["n"] for row in rows if row["outcome"] == "failed"),
        oldest_proposed_days=max(0, app.now() - proposed.since) // 86_400 if proposed else None,
        due=tuple(
            (one.qualification_id, one.on.isoformat(), one.claims)
            for one in records.closing if app.today <= one.on <= horizon
        ),
    )  # fmt: skip


# ---------------------------------------------------------------- passes


def kept_failing(store: Store) -> Failing | None:
    """The failures in a row that a daemon kept, if there are any."""
    try:
        return Failing(**json.loads(store_lms.kept(store, FAILING)))
    except (ValueError, TypeError):
        return None


def keep_failing(store: Store, failing: Failing | None) -> None:
    """Keep them, or forget them once a pass went well."""
    told = failing and {"passes": failing.passes, "since": failing.since, "says": failing.says,
                        "next_step": failing.next_step}  # fmt: skip
    text = json.dumps(told, ensure_ascii=False) if told else ""
    if store_lms.kept(store, FAILING) != text:
        store_lms.keep(store, FAILING, text)


def _unread(passes: Sequence[Mapping[str, Any]], in_a_row: int) -> tuple[str, ...]:
    """Courses that could not be read the last ``in_a_row`` times they were to be. ``passes`` are newest first."""
    readings: dict[str, list[bool]] = defaultdict(list)
    for one in passes:
        for course in one["report"].get("courses", ()):
            readings[course["id"]].append(course["read"])
    most = min(in_a_row, LATEST)
    return tuple(c for c, read in sorted(readings.items()) if len(read) >= most and not any(read[:most]))


# ---------------------------------------------------------------- claims


def _waiting(store: Store, where: str, since: str, parameters: Sequence[str] = ()) -> Waiting | None:
    sql = f"SELECT COUNT(*) AS n, MIN({since}) AS since FROM claims WHERE {where}"  # noqa: S608  (our own words)
    row = store.rows(sql, parameters)[0]
    return Waiting(row["n"], row["since"]) if row["n"] else None


def _blocked(store: Store, gates: Sequence[str]) -> Waiting | None:
    """Claims in our hands that a gate with one of these ids blocks."""
    match = " OR ".join("json_extract(value, '$[0]') GLOB ?" for _ in gates)
    where = f"status IN ('proposed', 'on_hold') AND EXISTS (SELECT 1 FROM json_each(blockers) WHERE {match})"  # noqa: S608
    return _waiting(store, where, "created_at", gates)


def _recalls(store: Store) -> tuple[int, ...]:
    sql = """SELECT id FROM claims WHERE status = 'recalled' OR (status NOT IN ('withdrawn', 'returned', 'revoked')
        AND EXISTS (SELECT 1 FROM json_each(cautions) WHERE json_extract(value, '$[0]') = ?)) ORDER BY id"""
    return tuple(row["id"] for row in store.rows(sql, [RECALL_NOTICE]))


def _closing(app: App, store: Store) -> tuple[Closing, ...]:
    """The last day for claims of every qualification with open ones, where it has one."""
    marks = ", ".join("?" * len(OPEN))
    sql = f"SELECT qualification_id AS q, COUNT(*) AS n FROM claims WHERE status IN ({marks}) GROUP BY q ORDER BY q"  # noqa: S608
    found = []
    for row in store.rows(sql, OPEN):
        qualification = app.plugins.catalogue.qualifications.get(row["q"])
        on = store_centre.facts(store, qualification).certification_end.on if qualification else None
        found += [Closing(row["q"], on, row["n"])] if on else []
    return tuple(found)


# ---------------------------------------------------------------- disks and backups


def _free_mb(app: App) -> dict[str, int]:
    """The room for each folder that is written to, each disk told once, where it can be told."""
    told = app.settings
    places = {"database": told.database, "exports": told.export.folder, "backups": told.backup.folder}
    found: dict[str, int] = {}
    seen: set[int] = set()
    for name, path in places.items():
        try:
            device = nearest(path).stat().st_dev
            if device not in seen:
                found[name] = free_bytes(path) // 2**20
        except OSError:
            continue
        seen.add(device)
    return found


def _made_at(name: str) -> int | None:
    stamp = backup.NAME.fullmatch(name)
    if not stamp:
        return None
    return int(dt.datetime.strptime(stamp[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC).timestamp())
