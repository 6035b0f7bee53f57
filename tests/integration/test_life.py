"""A life of nvqsync on a server: installed, ten passes, killed, restored from a backup, upgraded, uninstalled.

One test, because each part lives on what the one before left behind. Moodle and the portal are the simulated ones; the
daemon is a process of its own, commands are typed beside it.
"""

from __future__ import annotations

import hashlib
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nvqsync.service.service_plan import SHIPPED_PROGRAM
from nvqsync.store import Store
from tests import schemas
from tests.rehearsal import UNITS, Rehearsal, answer, rehearsing, small_college
from tests.service import Service, serving

OLDER = "m009_retention"
"""The database is put back to before this change of the tables."""


class Life:
    """What happens to one installation. Every daemon's log is kept."""

    def __init__(self, root: Path, rehearsal: Rehearsal) -> None:
        self.root, self.rehearsal = root, rehearsal
        self.log: list[str] = []

    @contextmanager
    def daemon(self) -> Iterator[Service]:
        """A daemon that has made its first pass."""
        with serving(self.rehearsal.folder / "nvqsync.toml") as service:
            service.until_heard("STATUS=pass ")
            yield service
        self.log += service.log

    def pass_again(self, service: Service) -> None:
        """One more pass, asked for."""
        before = len(service.heard("STATUS=pass "))
        service.send(signal.SIGHUP)
        service.until(lambda: len(service.heard("STATUS=pass ")) > before)

    def does(self, *command: str) -> str:
        """A command that succeeds, as a person types it; what it prints."""
        answered = self.rehearsal.run(*command)
        assert answered.status == 0, (command, answered.out, answered.err)
        return answered.out

    def claim(self, learner: int) -> None:
        """A learner who has finished is registered and their claim approved."""
        self.rehearsal.register(learner)
        number = next(one["id"] for one in self.claims() if one["learner"]["id_number"] == f"S{learner}")
        assert self.rehearsal.approve(str(number)).status == 0

    def claims(self) -> list[dict[str, Any]]:
        """The queue."""
        return self.rehearsal.claims()

    def statuses(self) -> dict[str, str]:
        """Each learner's claim."""
        return {one["learner"]["id_number"]: one["status"] for one in self.claims()}

    def passes(self) -> list[str]:
        """How each pass ended."""
        with Store(self.rehearsal.database(), read_only=True) as store:
            return [row["outcome"] for row in store.rows("SELECT outcome FROM passes ORDER BY id")]


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """A root with the program's place in it, and the state folder of the service."""
    root = tmp_path / "root"
    state = root / "var/lib/nvqsync"
    state.mkdir(parents=True)
    with rehearsing(state, small_college(3)) as rehearsal:
        rehearsal.add_settings('[backup]\nfolder = "backups"\n')
        yield Life(root, rehearsal)


def test_a_life(life: Life) -> None:
    """Each learner has one claim and one certificate on both sides, whatever happened in between."""
    units = installed(life)
    with life.daemon() as service:
        ten_passes(life, service)
        killed(life, service)
    backed_up_and_restored(life)
    upgraded(life)
    with life.daemon() as service:
        assert service.stop() < 5
    uninstalled(life, units)
    assert life.statuses() == dict.fromkeys(("S0", "S1", "S2"), "certificated")
    books = life.rehearsal.portal.books()["claims"]
    assert {one["certificate_number"] for one in life.claims()} == {one["certificate_number"] for one in books}
    assert len(books) == 3
    text = "".join(life.log)
    assert not [word for word in ("Sasha", "Invented", "9276308686", "1000000094") if word in text]


def installed(life: Life) -> list[Path]:
    """The files that systemd needs are there, and explained; returns the units."""
    done = answer("install-service", "--root", str(life.root), "--program", SHIPPED_PROGRAM)
    assert done.status == 0, done.err
    units = sorted((life.root / "etc/systemd/system").iterdir())
    assert all(str(unit) in done.out for unit in units)
    return units


def ten_passes(life: Life, service: Service) -> None:
    """Marking goes on from pass to pass; a first claim goes the whole way while the daemon runs."""
    college = life.rehearsal.college
    for number in range(2, 11):
        if number <= 7:
            college.pass_unit(0, UNITS[number - 2])
        life.pass_again(service)
        if number == 7:
            life.claim(0)
        if number == 8:
            life.does("export")
    for _ in range(3):
        life.does("reconcile")
    assert life.statuses() == {"S0": "certificated"}
    assert len(service.heard("STATUS=pass ")) == 10
    assert set(life.passes()) == {"done"}


def killed(life: Life, service: Service) -> None:
    """SIGKILL in the middle of a pass, with a learner just finished; the next daemon goes on where that one was."""
    moodle = life.rehearsal.moodle
    life.rehearsal.college.finish(1)
    moodle.faults.add("slow", seconds=60, function="mod_assign_get_grades")
    asked = moodle.calls["mod_assign_get_grades"]
    service.send(signal.SIGHUP)
    service.until(lambda: moodle.calls["mod_assign_get_grades"] > asked)
    service.end()
    moodle.faults.clear()
    assert life.passes()[-1] == "running"
    with life.daemon() as again:
        again.stop()
    assert life.passes()[-2:] == ["interrupted", "done"]
    assert life.statuses() == {"S0": "certificated", "S1": "proposed"}
    life.does("audit", "verify")


def backed_up_and_restored(life: Life) -> None:
    """A claim goes out after the backup: the restored database waits for a person, then the portal knows the claim."""
    life.claim(1)
    life.does("backup")
    (made,) = (life.rehearsal.folder / "backups").glob("*.db")
    life.does("export")
    assert life.rehearsal.run("restore", str(made)).status == 2
    assert "Sent after the backup was made: claims 2" in life.does("restore", str(made), "--replace")
    assert life.statuses() == {"S0": "certificated", "S1": "approved"}
    assert "restored from a backup" in life.rehearsal.run("export").err
    life.does("export", "--after-restore")
    for _ in range(3):
        life.does("reconcile")
    assert life.statuses() == {"S0": "certificated", "S1": "certificated"}
    life.does("audit", "verify")


def upgraded(life: Life) -> None:
    """The database is as an older nvqsync left it: the next start brings it forward, keeps a copy, and goes on."""
    database = life.rehearsal.database()
    older = database.with_name("older.db")
    schemas.as_of(database, older, OLDER)
    for side in ("-wal", "-shm"):
        database.with_name(database.name + side).unlink(missing_ok=True)
    shutil.move(older, database)
    before = life.rehearsal.folder / f"nvqsync.db.before-{OLDER}"
    assert not before.exists()
    life.rehearsal.college.finish(2)
    with life.daemon() as service:
        life.claim(2)
        life.does("export")
        for _ in range(3):
            life.does("reconcile")
        service.stop()
    assert before.exists()
    life.does("audit", "verify")


def uninstalled(life: Life, units: list[Path]) -> None:
    """The units go; settings and data stay, byte for byte."""
    left = contents(life)
    done = answer("uninstall-service", "--root", str(life.root))
    assert done.status == 0, done.err
    assert not [unit for unit in units if unit.exists()]
    assert contents(life) == left


def contents(life: Life) -> dict[str, str]:
    """Every file below the state folder and the settings' folder, with its digest."""
    places = (life.rehearsal.folder, life.root / "etc/nvqsync")
    files = [path for place in places for path in sorted(place.rglob("*")) if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
