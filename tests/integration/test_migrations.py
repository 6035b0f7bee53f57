"""From every schema that was ever released, and every one on the way, to the present one: nothing is lost."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from nvqsync import restoring
from nvqsync import store as store_module
from nvqsync.errors import StoreError
from nvqsync.findings import Status
from nvqsync.health import doctor
from nvqsync.migrations import migrations
from nvqsync.record_keeping.verifying import verify
from nvqsync.store import Store, check_sqlite
from tests import schemas
from tests.workshop import NOON, ROOT, workshop

STAGES = [migration.name for migration in migrations._migrations[1:]]
PRESENT = "present"
RELEASED = dict(schemas.released())

Rows = dict[str, list[tuple[Any, ...]]]
Layout = set[tuple[str, ...]]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A database of today with something in most tables."""
    with workshop(tmp_path_factory.mktemp("lived"), 4) as shop:
        schemas.live(shop)
        yield shop.app.settings.database


def rows(path: Path, known: dict[str, list[str]] | None = None) -> Rows:
    """Everything in a database, in the columns that were known."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: sorted(connection.execute(f"SELECT {', '.join(map(_quoted, columns))} FROM {table}"), key=repr)
            for table, columns in (known or schemas.tables(connection)).items()
        }


def _quoted(column: str) -> str:
    return f'"{column}"'


def columns(path: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(path)) as connection:
        return schemas.tables(connection)


def layout(path: Path) -> Layout:
    """Tables, indexes and triggers, as they were written."""
    with closing(sqlite3.connect(path)) as connection:
        return set(connection.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT GLOB 'sqlite_*'"))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """The layout of a new database."""
    path = tmp_path_factory.mktemp("fresh") / "nvqsync.db"
    Store(path).close()
    return layout(path)


def comes_forward(old: Path, fresh: Layout) -> None:
    """Opened once, it has the layout of a new database and every fact it had."""
    before, known = rows(old), columns(old)
    with Store(old) as store:
        assert store.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
        assert store.rows("PRAGMA foreign_key_check") == []
    assert layout(old) == fresh
    assert rows(old, known) == before


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_comes_forward(lived: Path, fresh: Layout, tmp_path: Path, stage: str) -> None:
    """A database that was left before any migration is brought up to date with all its facts, and a copy is kept."""
    old = tmp_path / "nvqsync.db"
    schemas.as_of(lived, old, stage)
    known, before = columns(old), rows(old)
    comes_forward(old, fresh)
    copy = tmp_path / f"nvqsync.db.before-{stage}"
    assert rows(copy, known) == before
    assert copy.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("version", [*RELEASED, PRESENT])
def test_every_released_schema_comes_forward(lived: Path, fresh: Layout, tmp_path: Path, version: str) -> None:
    """Each database that a released version wrote down, and what the tool would write down today."""
    old = tmp_path / "nvqsync.db"
    schemas.made(RELEASED.get(version) or schemas.dumped(lived), old)
    assert rows(old)["claims"]
    comes_forward(old, fresh)
    with Store(old) as store:
        assert verify(store).sound


def test_every_release_left_its_schema() -> None:
    """Whoever puts a day into the changelog and forgets ``python -m tests.schemas`` hears of it here."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## (\S+) \(\d{4}-", text, re.MULTILINE)) == set(RELEASED)


def test_what_is_written_down_has_something_in_it(lived: Path) -> None:
    """A schema without facts would come forward whatever was wrong."""
    found = rows(lived)
    least = {"passes", "courses", "items", "learners", "memberships", "grades", "grade_changes", "registrations",
             "batches", "claims", "audit", "audit_texts", "audit_facts", "audit_erased", "bookmarks", "kept",
             "centre_numbers", "centre_approvals", "centre_staff", "centre_accounts", "claim_notes",
             "declarations_made", "releases", "portfolio_requests", "anonymised"}  # fmt: skip
    assert {table for table in least if not found[table]} == set()


OPEN = (
    "import sys; from pathlib import Path; from nvqsync.store import Store; input(); Store(Path(sys.argv[1])).close()"
)


def test_one_process_at_a_time(lived: Path, tmp_path: Path) -> None:
    """Daemon, pages and a command of a new version begin at once: one migrates, the others wait and find it done."""
    old = tmp_path / "nvqsync.db"
    schemas.as_of(lived, old, STAGES[0])
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, str(old)], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write(b"\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[1] for process in processes] == [b""] * 3
    with closing(sqlite3.connect(old)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]
    assert names == [migration.name for migration in migrations._migrations]
    assert len(list(tmp_path.glob("nvqsync.db.before-*"))) == 1


def test_all_of_it_or_nothing(lived: Path, fresh: Layout, tmp_path: Path) -> None:
    """A migration that cannot be made (its table is there already) takes back those before it; the next try goes on."""
    old = tmp_path / "nvqsync.db"
    schemas.as_of(lived, old, "m007_quality")
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("CREATE TABLE anonymised (x)")
    before = layout(old)
    with pytest.raises(StoreError, match="already exists"):
        Store(old)
    assert layout(old) == before
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("DROP TABLE anonymised")
    comes_forward(old, fresh)


def test_killed_in_the_middle_it_is_old_or_new(lived: Path, fresh: Layout, tmp_path: Path) -> None:
    """SIGKILL at some moment of an upgrade: never half of it, and the next start makes it whole."""
    old = tmp_path / "nvqsync.db"
    schemas.as_of(lived, old, STAGES[0])
    before = layout(old)
    for moment in (0.001, 0.01, 0.03):
        command = [sys.executable, "-c", OPEN, str(old)]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.write(b"\n")
            process.stdin.flush()
            process.stdout.readline()
            time.sleep(moment)
            process.kill()
        assert layout(old) in (before, fresh)
    comes_forward(old, fresh)


def test_a_backup_of_an_older_version_comes_forward_as_it_is_restored(
    lived: Path, fresh: Layout, tmp_path: Path
) -> None:
    """The backup stays as it was, the database in its place is up to date, and no further copy lies beside it."""
    old, database = tmp_path / "older.db", tmp_path / "data" / "nvqsync.db"
    schemas.as_of(lived, old, "m009_retention")
    before = layout(old)
    restoring.restore(old, database, replace=False, now=NOON, by="it")
    assert (layout(old), layout(database)) == (before, fresh)
    assert {path.suffix for path in database.parent.iterdir()} == {".db", ".daemon", ".pass", ".export"}


def test_who_only_reads_changes_no_table(lived: Path, tmp_path: Path) -> None:
    """A monitor beside an upgrade says that the tables are older, and what brings them forward."""
    old = tmp_path / "nvqsync.db"
    schemas.as_of(lived, old, "m009_retention")
    before = layout(old)
    with Store(old, read_only=True) as store, pytest.raises(StoreError) as error:
        store.rows("SELECT * FROM anonymised")
    assert error.value.next_step == store_module.OLDER
    assert layout(old) == before


def test_a_newer_database_is_refused_untouched(lived: Path, tmp_path: Path) -> None:
    """An older program names the migration that it does not know, and leaves every byte as it is."""
    newer = tmp_path / "nvqsync.db"
    schemas.made(schemas.dumped(lived), newer)
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        Database(connection)["_sqlite_migrations"].insert(
            {"migration_set": "nvqsync", "name": "m999_later", "applied_at": "2030-01-01"}
        )
        connection.commit()
    before = newer.read_bytes()
    for read_only in (False, True):
        with pytest.raises(StoreError, match="newer nvqsync .it has m999_later."):
            Store(newer, read_only=read_only)
    assert newer.read_bytes() == before


OLD_SQLITE = "import sqlite3; sqlite3.sqlite_version_info = (3, 34, 1); from nvqsync.cli import main; main(['{}'])"


@pytest.mark.parametrize("command", ["status", "check"])
def test_an_old_sqlite_is_refused_with_the_remedy(command: str, tmp_path: Path) -> None:
    """Below 3.38 a command stops before it makes any file, and says what to install; the monitor hears it too."""
    with pytest.raises(StoreError, match=r"3\.37\.2"):
        check_sqlite((3, 37, 2))
    check_sqlite((3, 38, 0))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NVQSYNC_DATABASE": str(tmp_path / "nvqsync.db")}
    (tmp_path / "nvqsync.db").touch()
    done = subprocess.run(
        [sys.executable, "-c", OLD_SQLITE.format(command)], env=environment, capture_output=True, text=True, check=False
    )
    told = " ".join((done.stdout + done.stderr).split())
    assert "SQLite 3.34.1 is too old: nvqsync needs 3.38.0." in told
    assert command == "check" or "uv python install" in told
    assert doctor.sqlite((3, 34, 1)).status is Status.FAIL
    assert doctor.sqlite().status is Status.OK
    assert "Traceback" not in told
    assert (tmp_path / "nvqsync.db").stat().st_size == 0
