"""Everything a maintainer needs to find out what is wrong, in one zip file, and nothing that is about a person.

Each part is made by itself: one that cannot be made says why, and the others are there. The scrubber is told the
secrets of the settings and everybody whom the database knows, before anything is written.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nvqsync.errors import InputError, NvqsyncError
from nvqsync.health.redacting import Scrubber, secrets_in
from nvqsync.health.support_parts import PARTS, Part, Source
from nvqsync.settings import Settings
from nvqsync.settings import load as load_settings
from nvqsync.store import Store

FOLDER = "nvqsync-support"
NAMES = frozenset({"name", "visitor", "countersigner"})
NUMBERS = frozenset({"uln", "candidate_number", "date_of_birth"})
"""Columns that hold people's names and numbers, in whatever table; a new table is looked through without being told."""
NOBODY = frozenset({"items", "kept", "centre_accounts", "_sqlite_migrations"})
"""Tables whose ``name`` is nobody's."""
MORE_NUMBERS = frozenset({("learners", "id_number")})
TITLES = frozenset(
    {("courses", "short_name"), ("courses", "full_name"), ("items", "name"), ("centre_numbers", "number")}
)


def write(config: Path | None, target: Path, tell: Callable[[str], None] = lambda name: None) -> None:
    """Make the bundle; ``tell`` is called with the name of each part. Raises ``InputError`` for a file in the way."""
    if target.exists():
        raise InputError(f"{target} is there already.", "Name another file, or move that one away.")
    part = target.with_name(f".{target.name}.part")
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w+b") as file, zipfile.ZipFile(file, "w") as archive, opened(config) as source:
            os.fchmod(handle, 0o600)
            for one in PARTS:
                tell(one.name)
                _add(archive, one.name, text_of(one, source))
        part.rename(target)
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror}.", "Name a file in another folder.") from error
    finally:
        part.unlink(missing_ok=True)


def _add(archive: zipfile.ZipFile, name: str, text: str) -> None:
    """One file of the archive; for its owner alone once it is unpacked."""
    entry = zipfile.ZipInfo(f"{FOLDER}/{name}", time.localtime()[:6])
    entry.external_attr = 0o100600 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, text)


def text_of(part: Part, source: Source) -> str:
    """What a part says; where it cannot be made, why, as text or as JSON."""
    try:
        said: Any = part.make(source)
    except NvqsyncError as error:
        said = {"left_out": source.scrubber.scrub(error.says)}
    except (sqlite3.Error, OSError) as error:
        said = {"left_out": source.scrubber.scrub(f"{type(error).__name__}: {error}")}
    return said if isinstance(said, str) else json.dumps(said, indent=1, ensure_ascii=False) + "\n"


@contextmanager
def opened(config: Path | None) -> Iterator[Source]:
    """What the parts are made from, the database open for reading as long as the ``with`` block lasts."""
    try:
        settings = load_settings(config)
    except NvqsyncError:
        yield Source(config, everybody_known=False)
        return
    try:
        store = Store(settings.database, read_only=True) if settings.database.is_file() else None
    except NvqsyncError:
        store = None
    try:
        yield _known(config, settings, store)
    finally:
        if store:
            store.close()


def _known(config: Path | None, settings: Settings, store: Store | None) -> Source:
    titles = {settings.centre.name, *settings.moodle.courses}
    secrets = secrets_in(settings)
    try:
        names, numbers, more = everybody(store) if store else (set(), set(), set())
    except (NvqsyncError, sqlite3.Error):
        return Source(config, settings, None, Scrubber(secrets=secrets, titles=titles), everybody_known=False)
    scrubber = Scrubber(secrets=secrets, names=names, numbers=numbers, titles=titles | more)
    return Source(config, settings, store, scrubber, everybody_known=bool(store) or not settings.database.exists())


def everybody(store: Store) -> tuple[set[str], set[str], set[str]]:
    """The names, numbers and titles that the database knows."""
    sql = """SELECT tables.name AS place, columns.name AS what FROM sqlite_master AS tables
        JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'"""
    names: set[str] = set()
    numbers: set[str] = set()
    titles: set[str] = set()
    for place, column in [(row["place"], row["what"]) for row in store.rows(sql)]:
        if (place, column) in TITLES:
            titles |= _values(store, place, column)
        elif column in NAMES and place not in NOBODY:
            names |= _values(store, place, column)
        elif column in NUMBERS or (place, column) in MORE_NUMBERS:
            numbers |= _values(store, place, column)
    return names, numbers, titles


def _values(store: Store, table: str, column: str) -> set[str]:
    sql = f"SELECT DISTINCT {column} AS one FROM {table} WHERE {column} <> ''"  # noqa: S608  (names of ours)
    return {row["one"] for row in store.rows(sql)}
