"""Bad days of the machine itself: each is told in a sentence with the remedy, and afterwards the daemon goes on.

The disk is full, the database cannot be written, its file is damaged, the clock jumps.
"""

from __future__ import annotations

import errno
import os
import re
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from nvqsync import backup, restoring
from nvqsync.bootstrap import App, bootstrap
from nvqsync.clock import day
from nvqsync.daemon import LAST_FULL, Daemon
from nvqsync.errors import SettingsError, StoreError
from nvqsync.service.locks import only_one
from nvqsync.settings import load as load_settings
from nvqsync.storage.store_lms import kept
from nvqsync.store import Store
from tests.rehearsal import Rehearsal, rehearsing
from tests.service import serving

NOON = 1_794_312_000
NOBODY = 65_534
YEAR = 365 * 86_400


@pytest.fixture
def rehearsal(tmp_path: Path):
    with rehearsing(tmp_path) as running:
        running.college.finish(0)
        running.add_settings("[alerts]\ndisk_mb = 0\nfailed_passes = 2\n[daemon]\nevery_minutes = 0.002\n")
        yield running


@dataclass(frozen=True)
class Crippled(App):
    """The application over a database that takes no more pages, or none at all, as SQLite itself then says."""

    pages: int = 0
    shut: bool = False

    def open_store(self, *, read_only: bool = False) -> Store:
        """The database, crippled."""
        store = super().open_store(read_only=read_only or self.shut)
        if self.pages and not self.shut:
            store.db.conn.execute(f"PRAGMA max_page_count = {self.pages}")
        return store


def app_of(rehearsal: Rehearsal, **how: object) -> App:
    app = bootstrap(rehearsal.folder / "nvqsync.toml")
    return Crippled(app.settings, app.plugins, lambda: NOON, **how)


def lines(caplog: pytest.LogCaptureFixture, words: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if words in record.getMessage()]


def goes_on(daemon: Daemon, rehearsal: Rehearsal, caplog: pytest.LogCaptureFixture) -> None:
    """All is well again: the pass goes well, the claim is there, the alert is over, the database whole."""
    assert daemon.tick()
    assert len(rehearsal.claims()) == 1
    assert len(lines(caplog, "over passes-failing")) == 1
    with Store(rehearsal.database(), read_only=True) as store:
        backup.check(store, rehearsal.database())


@pytest.mark.parametrize(
    ("how", "says", "remedy"),
    [
        ({"pages": 1}, "database or disk is full", "Free some space"),
        ({"shut": True}, "attempt to write a readonly database", "may be written by this user"),
    ],
)
def test_a_database_that_takes_nothing_is_told_and_survived(
    rehearsal: Rehearsal, caplog: pytest.LogCaptureFixture, how: dict[str, object], says: str, remedy: str
) -> None:
    """Full or read-only: what happened, the remedy, one alert, nothing half-written, and on it goes afterwards."""
    Store(rehearsal.database()).close()
    rehearsal.college.course.full_name = "Customer Service " * 2000  # needs more room than a new database has
    daemon = Daemon(app_of(rehearsal, **how), steady=lambda: NOON)
    for _ in range(3):
        assert not daemon.tick()
    assert all(remedy in line for line in lines(caplog, "pass failed"))
    assert len(lines(caplog, says)) >= 3
    assert len(lines(caplog, "alert passes-failing")) == 1
    daemon.app = daemon.alerting.app = app_of(rehearsal)
    goes_on(daemon, rehearsal, caplog)


def test_a_disk_that_fills_up_under_a_running_daemon(rehearsal: Rehearsal) -> None:
    """No file may grow any more: passes fail with words and remedy; once it may again, they go well, alert over."""
    with serving(rehearsal.folder / "nvqsync.toml") as service:
        service.until_heard("STATUS=pass 1: done")
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        service.until(lambda: service.logged("alert passes-failing"))
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, unlimited)
        service.send(signal.SIGHUP)
        service.until(lambda: service.logged("over passes-failing"))
        service.stop()
    failed = [line for line in service.log if "pass failed" in line]
    assert all(re.search("The (database|lock) .* (cannot be used|cannot be opened)", line) for line in failed)
    assert all("disk" in line for line in failed)
    with Store(rehearsal.database(), read_only=True) as store:
        backup.check(store, rehearsal.database())


def test_a_daemon_may_be_started_on_a_disk_that_is_full(rehearsal: Rehearsal) -> None:
    """After a power cut with a full disk nobody is there to start it again: it starts, says so, and waits."""
    assert rehearsal.run("sync").status == 0
    with serving(rehearsal.folder / "nvqsync.toml") as first:
        first.until_heard("READY=1")
        first.stop()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limit[1]))
    try:
        with pytest.raises(OSError, match=str(errno.EFBIG)):
            (rehearsal.folder / "probe").write_text("xx", encoding="utf-8")
        with serving(rehearsal.folder / "nvqsync.toml") as service:
            service.until_heard("READY=1")
            service.until(lambda: service.logged("alert passes-failing"))
            resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, limit)
            service.send(signal.SIGHUP)
            service.until(lambda: service.logged("over passes-failing"))
            service.stop()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


@pytest.mark.parametrize("where", [0, 4096])
def test_a_damaged_file_is_told_and_a_restored_backup_goes_on(
    rehearsal: Rehearsal, caplog: pytest.LogCaptureFixture, where: int, tmp_path: Path
) -> None:
    """Bytes of the disk were lost: the daemon writes nothing, names the way back, and goes on after the restore."""
    daemon = Daemon(app_of(rehearsal), steady=lambda: NOON)
    assert daemon.tick()
    with daemon.app.open_store() as store:
        store.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        made = backup.make(store, tmp_path / "kept", now=NOON)
    raw = bytearray(rehearsal.database().read_bytes())
    raw[where:] = b"\x99" * (len(raw) - where)
    rehearsal.database().write_bytes(raw)
    for _ in range(3):
        assert not daemon.tick()
    assert all("estore the latest backup" in line for line in lines(caplog, "pass failed"))
    assert rehearsal.database().read_bytes() == bytes(raw)
    assert rehearsal.run("restore", str(made), "--replace").status == 0
    goes_on(daemon, rehearsal, caplog)


def test_a_folder_that_takes_no_lock_is_tried_again(rehearsal: Rehearsal) -> None:
    """The database's folder is not there yet (a share that is mounted late): the daemon waits for it."""
    gone = rehearsal.folder / "share"
    text = (rehearsal.folder / "nvqsync.toml").read_text(encoding="utf-8")
    (rehearsal.folder / "nvqsync.toml").write_text(text.replace('"nvqsync.db"', '"share/nvqsync.db"'), encoding="utf-8")
    with serving(rehearsal.folder / "nvqsync.toml") as service:
        service.until(lambda: service.logged("cannot be opened: No such file or directory") >= 2)
        gone.mkdir()
        service.until_heard("STATUS=pass 1: done")
        service.stop()
    shutil.rmtree(gone)


# ---------------------------------------------------------------- a clock that jumps


def test_a_clock_that_jumps_is_told_and_holds_nothing_up(
    rehearsal: Rehearsal, caplog: pytest.LogCaptureFixture
) -> None:
    """Thirty years ahead and back again: passes go on, grades are read, everything is read anew on the next day."""
    wall, steady = [NOON], [0.0]
    daemon = Daemon(replace(app_of(rehearsal), now=lambda: wall[0]), steady=lambda: steady[0])

    def later(seconds: int, jump: int = 0) -> None:
        wall[0] += seconds + jump
        steady[0] += seconds

    assert daemon.tick()
    later(900, 30 * YEAR)
    assert daemon.tick()
    later(900, -30 * YEAR)
    rehearsal.college.finish(1)
    assert daemon.tick()
    assert len(rehearsal.claims()) == 2
    later(86_400)
    assert daemon.tick()
    with Store(rehearsal.database(), read_only=True) as store:
        assert kept(store, LAST_FULL) == day(wall[0]).isoformat()
    told = lines(caplog, "clock jumped")
    assert [line.partition("jumped ")[2].split()[0] for line in told] == ["forwards", "back"]
    assert all("timedatectl" in line for line in told)


def test_a_pause_does_not_go_by_a_clock_that_jumps(rehearsal: Rehearsal) -> None:
    """A clock that is put back by an hour makes nobody wait for an hour."""
    wall, steady = [NOON], [0.0]
    daemon = Daemon(replace(app_of(rehearsal), now=lambda: wall[0]), steady=lambda: steady[0], slice=0.001)
    looks: list[float] = []

    def passing() -> float:
        looks.append(steady[0])
        wall[0] -= 3600
        steady[0] += 10
        return steady[0]

    daemon.steady = passing
    daemon._wait(900)
    assert 80 < len(looks) < 100


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may look into. Only root may become somebody else, and give files away."""
    if os.geteuid():
        pytest.skip("only root may become somebody else")
    with TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@contextmanager
def nobody() -> Iterator[None]:
    """What follows is done by a user to whom nothing belongs."""
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("read_only", [True, False])
def test_whoever_types_as_the_wrong_user_is_told_as_whom(open_folder: Path, read_only: bool) -> None:
    """The commonest slip on a server: a command typed by oneself and not by the service's user."""
    Store(open_folder / "nvqsync.db").close()
    (open_folder / "nvqsync.toml").touch(0o600)
    with nobody():
        with pytest.raises(StoreError) as error:
            Store(open_folder / "nvqsync.db", read_only=read_only)
        with pytest.raises(SettingsError, match="Permission denied") as refused:
            load_settings(open_folder / "nvqsync.toml")
    assert "belongs to root: put 'sudo -u root' in front" in error.value.next_step
    assert "sudo -u nvqsync" in refused.value.next_step


def test_a_command_once_typed_by_root_does_not_stop_the_service(open_folder: Path) -> None:
    """What it makes in the service's folder is the service's: database, log, locks, backups, and what is restored."""
    os.chown(open_folder, NOBODY, NOBODY)
    database = open_folder / "nvqsync.db"
    with only_one(database, "pass"), Store(database) as store, store.writing():
        store.execute("INSERT INTO kept VALUES ('by', 'root')")
    with Store(database) as store:
        made = backup.make(store, open_folder / "backups", now=NOON)
    restoring.restore(made, database, replace=True, now=NOON, by="root")
    assert {path.stat().st_uid for path in open_folder.rglob("*")} == {NOBODY}
    with nobody(), only_one(database, "pass"), Store(database) as store, store.writing():
        store.execute("UPDATE kept SET value = 'the service'")


def test_a_lock_of_somebody_else_is_told_with_its_owner(open_folder: Path) -> None:
    """As an older nvqsync left it."""
    (open_folder / "nvqsync.db.pass").touch(0o644)
    database = open_folder / "nvqsync.db"
    with nobody(), pytest.raises(StoreError, match="cannot be opened") as error, only_one(database, "pass"):
        pass
    assert "It belongs to root" in error.value.next_step


def test_root_gives_away_no_file_that_a_link_leads_to(open_folder: Path, tmp_path: Path) -> None:
    """Whoever took over the service cannot have root empty a file elsewhere, or hand it over."""
    theirs = tmp_path / "shadow"
    theirs.write_text("secret", encoding="utf-8")
    os.chown(open_folder, NOBODY, NOBODY)
    for what in ("pass", "migrating"):
        (open_folder / f"nvqsync.db.{what}").symlink_to(theirs)
    with pytest.raises(StoreError, match="cannot be opened"), only_one(open_folder / "nvqsync.db", "pass"):
        pass
    with pytest.raises(StoreError):
        Store(open_folder / "nvqsync.db")
    assert (theirs.read_text("utf-8"), theirs.stat().st_uid) == ("secret", 0)
