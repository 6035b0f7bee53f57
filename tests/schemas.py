"""Databases of earlier versions: ``python -m tests.schemas`` writes down what the present one makes, for those to come.

``tests/released/VERSION.sql`` is a database of that version as SQL: its tables, and an invented college in them. It is
written once, when the version is released, and never again; ``test_migrations`` brings each of them up to date.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from sqlite_utils import Database

import nvqsync
from nvqsync.migrations import migrations
from nvqsync.record_keeping.anonymising import apply
from nvqsync.storage import store_claims, store_declarations, store_retention
from tests.workshop import NOON, UNITS, Workshop, ready_to_export, workshop

YEAR = 366 * 86_400
RELEASED = Path(__file__).resolve().parent / "released"


def live(shop: Workshop) -> None:
    """Something in most tables: claims on their way, certificated and held, notes, a person who was anonymised."""
    ready_to_export(shop, [1, 2])
    shop.finish()
    shop.lms.grade(3, *UNITS[:6])
    shop.sync()
    shop.lms.grade(2, "D2", place=1)
    del shop.lms.members["4"]
    shop.sync()
    with shop.open_store() as store:
        with store.writing():
            claim = store_claims.claim(store, 1)
            store_declarations.record_note(store, claim, "Portfolio looked at.", actor="officer", at=NOON)
        for asked in ("1", "4"):
            store_retention.record_request(store, asked, dt.date(2026, 11, 9), actor="officer", at=NOON)
        apply(replace(shop.app, now=lambda: NOON + 4 * YEAR), store, ["4"], by="officer")


def dumped(database: Path) -> str:
    """A database as SQL."""
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def made(sql: str, database: Path) -> None:
    """The database that such SQL describes."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(sql)


def as_of(source: Path, target: Path, before: str) -> None:
    """What ``source`` holds, in the tables as they were before a migration: a database that was never taken further."""
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        migrations.apply(Database(connection), stop_before=before)
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:  # they would have every row written in its own time
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("ATTACH ? AS source", [str(source)])
        for table, columns in tables(connection).items():
            names = ", ".join(f'"{column}"' for column in columns)
            connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM source.{table}")
        for _, sql in triggers:
            connection.execute(sql)


def tables(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """The tables with facts in them, each with its columns."""
    found = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT GLOB '*sqlite_*'")
    return {
        name: [row[1] for row in connection.execute(f"PRAGMA main.table_info({name})")] for (name,) in found.fetchall()
    }


def released() -> Iterator[tuple[str, str]]:
    """Each released version with its database as SQL."""
    for path in sorted(RELEASED.glob("*.sql")):
        yield path.stem, path.read_text(encoding="utf-8")


def main() -> int:
    """Write the present version's file; refuse where it is there."""
    path = RELEASED / f"{nvqsync.__version__}.sql"
    if path.exists():
        print(f"{path} is there already: a released schema is never written again.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, workshop(Path(folder), 4) as shop:
        live(shop)
        RELEASED.mkdir(exist_ok=True)
        path.write_text(dumped(shop.app.settings.database), encoding="utf-8")
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
