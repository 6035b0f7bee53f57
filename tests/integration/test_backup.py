"""Backups: made while somebody writes, found out when they were bent, rotated, and restored without a double claim."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from nvqsync import backup, restoring
from nvqsync.claims import Status
from nvqsync.cli import program
from nvqsync.errors import InputError, NotAllowed, NvqsyncError, StoreError
from nvqsync.migrations import migrations
from nvqsync.service.locks import only_one
from nvqsync.storage import store_claims, store_lms
from nvqsync.store import Store
from tests.workshop import NOON, Workshop, ready_to_export, workshop

DAY = 86_400


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    """Two approved claims."""
    with workshop(tmp_path, 3) as found:
        ready_to_export(found, [1, 2])
        yield found


def backed_up(shop: Workshop, now: int = NOON) -> Path:
    """A backup of the workshop's database."""
    with shop.open_store() as store:
        return backup.make(store, shop.folder / "backups", now=now)


def test_a_backup_is_whole_private_and_says_what_it_holds(shop: Workshop) -> None:
    """Its document gives counts, digest and the audit log's head; nothing half-made is left beside it."""
    made = backed_up(shop)
    told = backup.verify(made)
    with shop.open_store() as store:
        assert told is not None
        assert told.audit_head == backup.head(store)
        assert told.counts["claims"] == 2
    assert {file.name for file in made.parent.iterdir()} == {made.name, backup.manifest_of(made).name}
    assert {stat.S_IMODE(file.stat().st_mode) for file in made.parent.iterdir()} == {0o600}
    assert made.name == "nvqsync-20261110T120000Z.db"


def test_a_backup_under_writes_is_one_moment(shop: Workshop) -> None:
    """Somebody writes pairs all the while; no copy holds half a pair."""
    done = threading.Event()

    def write() -> None:
        number = 0
        with shop.open_store() as store:
            while not done.is_set():
                number += 1
                with store.writing():
                    store_lms.keep(store, "left", str(number))
                    store_lms.keep(store, "right", str(number))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for second in range(5):
            with Store(backed_up(shop, NOON + second), read_only=True) as copy:
                assert store_lms.kept(copy, "left") == store_lms.kept(copy, "right")
    finally:
        done.set()
        writer.join()


@pytest.mark.parametrize("seed", range(6))
def test_a_backup_that_was_bent_is_found_out(shop: Workshop, seed: int) -> None:
    """One byte changed anywhere, or the end cut off: never restored, and the database in use is untouched."""
    made, dice = backed_up(shop), random.Random(seed)
    content = bytearray(made.read_bytes())
    if seed % 2:
        content[dice.randrange(len(content))] ^= 0x55
    else:
        del content[dice.randrange(1, len(content)) :]
    made.write_bytes(content)
    before = shop.claims()
    with pytest.raises(NvqsyncError) as error:
        restoring.restore(made, shop.app.settings.database, replace=True, now=NOON, by="it")
    assert error.value.next_step
    assert shop.claims() == before


def test_a_backup_exchanged_for_an_older_one_is_found_out(shop: Workshop) -> None:
    """Even with its digest corrected, the head of the audit log gives it away."""
    older = backed_up(shop)
    shop.export()
    newer = backed_up(shop, NOON + 60)
    shutil.copyfile(older, newer)
    beside = backup.manifest_of(newer)
    beside.write_text(json.dumps({**json.loads(beside.read_bytes()), "sha256": backup.digest_of(newer)}))
    with pytest.raises(StoreError, match="does not end where"):
        backup.verify(newer)


def test_nothing_is_overwritten_unless_told(shop: Workshop) -> None:
    """Refused without --replace; with it, the old database stands beside the new one."""
    made, database = backed_up(shop), shop.app.settings.database
    with pytest.raises(InputError, match="in use"):
        restoring.restore(made, database, replace=False, now=NOON, by="it")
    shop.export()
    aside = restoring.restore(made, database, replace=True, now=NOON, by="it")
    assert aside is not None
    assert {claim.status for claim in shop.claims()} == {Status.APPROVED}
    with Store(aside, read_only=True) as old:
        assert {claim.status for claim in store_claims.claims(old)} == {Status.ACKNOWLEDGED}
    assert shop.faults() == []


def test_a_running_nvqsync_is_not_pulled_from_under(shop: Workshop) -> None:
    """While a daemon, a pass or an export holds the database, restoring is refused and names it."""
    made = backed_up(shop)
    for what in restoring.BUSY:
        with only_one(shop.app.settings.database, what), pytest.raises(StoreError, match=what):
            restoring.restore(made, shop.app.settings.database, replace=True, now=NOON, by="it")


def test_a_database_that_is_open_is_not_pulled_from_under(shop: Workshop) -> None:
    """A page or a command that has it open would go on writing into the old file: what it records would be lost."""
    made, database = backed_up(shop), shop.app.settings.database
    with shop.open_store() as page:
        assert page.rows("SELECT COUNT(*) AS n FROM claims") == [{"n": 2}]
        with pytest.raises(StoreError, match="still has") as error:
            restoring.restore(made, database, replace=True, now=NOON, by="it")
        assert "nvqsync-web" in error.value.next_step
        with page.writing():
            page.execute("UPDATE claims SET hold_reason = 'still here'")
    assert [path.name for path in database.parent.glob("*before-restore*")] == []
    assert {claim.hold_reason for claim in shop.claims()} == {"still here"}


def test_a_log_left_behind_is_not_taken_for_the_restored_databases(shop: Workshop) -> None:
    """Somebody killed the service and moved the database away, and not the log beside it."""
    made, database = backed_up(shop), shop.app.settings.database
    log = database.with_name(database.name + "-wal")
    with shop.open_store() as store:
        with store.writing():
            store.execute("UPDATE claims SET hold_reason = 'not in the backup'")
        left = log.read_bytes()
    database.unlink()
    log.write_bytes(left)
    restoring.restore(made, database, replace=False, now=NOON, by="it")
    assert {claim.hold_reason for claim in shop.claims()} == {""}
    assert shop.faults() == []


def test_what_went_out_since_is_told_and_export_waits(shop: Workshop) -> None:
    """Nothing is sent from a restored database before a person has looked, and then nothing is sent twice."""
    made = backed_up(shop)
    shop.export()
    database = shop.app.settings.database
    found = restoring.compare(made, database)
    assert found.sent_since == (1, 2)
    assert found.entries_lost > 0
    restoring.restore(made, database, replace=True, now=NOON, by="it")
    with pytest.raises(NotAllowed, match="restored from a backup") as error:
        shop.export()
    assert "--after-restore" in error.value.next_step
    with shop.open_store() as store:
        store_lms.keep(store, restoring.RESTORED, "")
    shop.finish()
    assert {claim.status for claim in shop.claims()} == {Status.CERTIFICATED}
    assert len(shop.books()) == 2


def test_restoring_into_an_empty_place(shop: Workshop, tmp_path: Path) -> None:
    """A new server: no database yet, nothing to replace."""
    target = tmp_path / "elsewhere" / "nvqsync.db"
    assert restoring.restore(backed_up(shop), target, replace=False, now=NOON, by="it") is None
    with Store(target) as store:
        assert len(store_claims.claims(store)) == 2
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize("lost", ["missing", "empty"])
def test_a_lost_database_is_not_begun_anew(shop: Workshop, lost: str) -> None:
    """It would know of no claim that went out, and its own backups would push out the good ones."""
    database, folder = shop.app.settings.database, shop.app.settings.backup.folder
    with shop.open_store() as store:
        made = backup.make(store, folder, now=NOON)
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()
    if lost == "empty":
        database.touch()
    with pytest.raises(StoreError, match="holds backups") as error:
        shop.app.open_store()
    assert f"nvqsync restore {made} --replace" in error.value.next_step
    restoring.restore(made, database, replace=True, now=NOON, by="it")
    assert len(shop.claims()) == 2


def test_a_newer_database_is_not_restored(shop: Workshop) -> None:
    """This nvqsync would not understand it."""
    made = backed_up(shop)
    with sqlite3.connect(made) as copy:
        copy.execute("UPDATE _sqlite_migrations SET name = 'm999_later' WHERE name LIKE 'm003%'")
    copy.close()
    backup.manifest_of(made).unlink()
    with pytest.raises(StoreError, match="newer nvqsync"):
        restoring.restore(made, shop.app.settings.database, replace=True, now=NOON, by="it")


def test_a_folder_that_cannot_be_written_is_named(shop: Workshop) -> None:
    """A file stands where the folder should be."""
    (shop.folder / "backups").write_text("no folder")
    with pytest.raises(StoreError, match="cannot be made") as error:
        backed_up(shop)
    assert "--to" in error.value.next_step


@given(st.sets(st.dates(), max_size=60), st.integers(1, 20), st.integers(0, 14))
def test_rotation_keeps_the_newest_and_the_first_of_each_month(found: set, keep: int, keep_months: int) -> None:  # type: ignore[type-arg]
    """Against a plain reading of the sentence."""
    names = sorted(f"nvqsync-{day:%Y%m%d}T020000Z.db" for day in found if day.year >= 1000)
    gone = backup.stale(names, keep=keep, keep_months=keep_months)
    months = sorted({name[8:14] for name in names}, reverse=True)[:keep_months]
    kept = set(names[-keep:]) | {next(name for name in names if name[8:14] == month) for month in months}
    assert set(gone) == set(names) - kept


def test_rotation_deletes_documents_too_and_nothing_else(shop: Workshop) -> None:
    """Files of another name are left alone."""
    folder = shop.folder / "backups"
    for day in range(4):
        backed_up(shop, NOON + day * DAY)
    (folder / "nvqsync-notes.txt").write_text("keep me")
    gone = backup.rotate(folder, keep=1, keep_months=1)
    assert [path.name[:16] for path in gone] == ["nvqsync-20261112", "nvqsync-20261111"]
    assert len(list(folder.iterdir())) == 5


def test_an_encrypted_backup_comes_back(shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real GnuPG with a key made for the test; nothing readable is left behind."""
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    gpg = ["gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", ""]
    subprocess.run([*gpg, "--quick-gen-key", "it@college.invalid", "rsa2048", "encr"], check=True, capture_output=True)
    try:
        with shop.open_store() as store:
            made = backup.make(store, shop.folder / "backups", now=NOON, encrypt_to=["it@college.invalid"])
        assert made.suffix == ".gpg"
        assert b"SQLite format" not in made.read_bytes()
        assert len(list(made.parent.iterdir())) == 2
        with pytest.raises(InputError, match="encrypted") as error:
            backup.verify(made)
        plain = made.with_suffix("")
        assert str(plain) in error.value.next_step
        subprocess.run([*gpg, "--output", str(plain), "--decrypt", str(made)], check=True, capture_output=True)
        restoring.restore(plain, tmp_path / "there.db", replace=False, now=NOON, by="it")
    finally:
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=False, capture_output=True)
    with Store(tmp_path / "there.db", read_only=True) as store:
        assert len(store_claims.claims(store)) == 2


def test_a_folder_that_takes_no_backup_is_told_in_words(shop: Workshop) -> None:
    """What is wrong, and what to look at: no number of an error, no name of a half-made file."""
    with shop.open_store() as store, pytest.raises(StoreError) as error:
        backup.make(store, Path("/proc/nowhere"), now=NOON)
    assert error.value.says.endswith("cannot be made: No such file or directory.")
    assert "room" in error.value.next_step and "--to" in error.value.next_step


@pytest.mark.parametrize("left", ["", "{", "[]", '{"file": 1}', '{"migrations": [], "counts": 5}'])
def test_one_document_that_is_cut_short_hides_no_other_backup(shop: Workshop, left: str) -> None:
    """The list is wanted on a bad day: what cannot be read of it is told, and the rest stands there."""
    made = [backed_up(shop, NOON + 60 * number) for number in range(2)]
    backup.manifest_of(made[1]).write_text(left, encoding="utf-8")
    answered = CliRunner().invoke(program, ["backup", "list"], env=shop.for_commands())
    assert answered.exit_code == 0, answered.output
    assert "cut short, or not the document of a backup" in answered.output
    assert all(path.name in answered.stdout for path in made)
    with pytest.raises(StoreError, match="cut short"):
        backup.verify(made[1])


def test_a_key_that_gpg_does_not_know_leaves_nothing_behind(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No backup in the clear because encrypting failed."""
    (tmp_path / "gnupg").mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(tmp_path / "gnupg"))
    with shop.open_store() as store, pytest.raises(StoreError, match="could not encrypt") as error:
        backup.make(store, shop.folder / "backups", now=NOON, encrypt_to=["nobody@college.invalid"])
    assert "import" in error.value.next_step.lower()
    assert list((shop.folder / "backups").iterdir()) == []


def test_what_a_killed_backup_left_is_deleted(shop: Workshop) -> None:
    """A machine that shuts down ends the copying anywhere; the next backup clears up, but not after one at work."""
    folder = shop.folder / "backups"
    folder.mkdir()
    stamps = ((1, ""), (2, ".gpg"), (3, ""))
    left, encrypting, at_work = (folder / f".nvqsync-20261101T02150{n}Z.db.part{end}" for n, end in stamps)
    for path in (left, encrypting, at_work):
        path.write_bytes(b"everybody's records")
    for path in (left, encrypting):
        os.utime(path, (1, 1))
    made = backed_up(shop)
    assert set(folder.iterdir()) == {made, backup.manifest_of(made), at_work}


def test_before_the_tables_change_a_copy_is_kept(shop: Workshop) -> None:
    """An older database is copied once, as it was, before its first migration."""
    database = shop.app.settings.database
    last = sorted(migration.name for migration in migrations._migrations)[-1]
    with sqlite3.connect(database) as old:
        old.execute("DELETE FROM _sqlite_migrations WHERE name = ?", [last])
    old.close()
    copy = database.with_name(f"{database.name}.before-{last}")
    with pytest.raises(StoreError):
        Store(database)  # its tables are there already: the migration cannot run, and the copy is there all the same
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with sqlite3.connect(copy) as kept:
        assert kept.execute("SELECT COUNT(*) FROM claims").fetchone() == (2,)
        assert kept.execute("SELECT COUNT(*) FROM _sqlite_migrations WHERE name = ?", [last]).fetchone() == (0,)
    kept.close()


def test_the_command_line_tells_each_step(shop: Workshop) -> None:
    """Backup, list, verify, a dry run, a refusal and the restore, as a person types them."""
    environment = shop.for_commands()
    run = CliRunner().invoke
    made = run(program, ["backup"], env=environment)
    assert "checked" in made.output, made.output
    listed = json.loads(run(program, ["backup", "list", "--json"], env=environment).output)
    file = listed[0]["file"]
    assert "is whole" in run(program, ["backup", "verify", file], env=environment).output
    assert "Nothing was touched" in run(program, ["restore", file, "--dry-run"], env=environment).output
    refused = run(program, ["restore", file], env=environment)
    assert isinstance(refused.exception, InputError)
    done = run(program, ["restore", file, "--replace"], env=environment)
    assert "before-restore" in done.output, done.output
    assert replace(shop).claims()[0].status is Status.APPROVED
