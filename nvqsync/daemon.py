"""``nvqsync run``: a pass on every tick, until told to stop. Tells systemd how it is, and people what they must know.

When the next pass begins is decided in ``schedule``, what people are told in ``alerts``; signals are ``stopping``'s.
A pass that fails is logged with its next step and tried again later: each failure doubles the pause, up to a limit.
"""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import time
import traceback
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field

from nvqsync.bootstrap import App
from nvqsync.errors import AlreadyRunning, NvqsyncError, PluginError, SettingsError, StoreError
from nvqsync.handover.export_files import delete_old
from nvqsync.health import situation
from nvqsync.health.alerting import Alerting
from nvqsync.health.alerts import Failing
from nvqsync.hookspecs import LmsConnector
from nvqsync.passes.pass_report import PassReport
from nvqsync.record_keeping import anonymising
from nvqsync.service import heap, schedule, systemd
from nvqsync.service.locks import only_one
from nvqsync.service.stopping import Signals, Stopped
from nvqsync.service.systemd import Progress, Watchdog, notify
from nvqsync.storage import store_lms
from nvqsync.store import Store
from nvqsync.sync import run_pass

log = logging.getLogger(__name__)
LAST_FULL = "last full pass"
A_NIGHT = 200
"""So many who never claimed are erased in one night at most: exports wait meanwhile."""
SLICE = 5.0
"""A pause is waited in slices of so many seconds at most: each tells the watchdog that all is well."""


@dataclass
class Daemon:
    """One daemon. ``again`` reads the settings anew; ``steady`` is a clock that never jumps (seconds)."""

    app: App
    again: Callable[[], App] | None = None
    signals: Signals = field(default_factory=Signals)
    progress: Progress = field(default_factory=Progress)
    steady: Callable[[], float] = time.monotonic
    slice: float = SLICE
    failing: Failing | None = None

    def __post_init__(self) -> None:
        self.alerting = Alerting(self.app)
        self._seen = (self.app.now(), self.steady())

    # ------------------------------------------------------------ a life

    def live(self) -> None:
        """Passes and pauses, one after the other, until ``Stopped``. Raises what waiting would not cure."""
        self.begin()
        notify("READY=1")
        while True:
            if self.signals.asked or not self._quiet_now():
                self._answer()
                self.tick()
            else:
                notify("STATUS=quiet hours: no pass begins by itself")
            self._wait(self._pause())

    def begin(self) -> None:
        """Close what a daemon before us left open. Raises ``SettingsError`` or ``PluginError``: no LMS to speak of."""
        with closing(self.app.open_lms()):
            pass
        with suppress(NvqsyncError), self.app.open_store() as store:
            store_lms.close_abandoned(store, self.app.now())
            self.failing = situation.kept_failing(store)

    def _answer(self) -> None:
        """A SIGHUP is answered: the settings are read anew, and the pass that follows is the one asked for."""
        if not self.signals.asked:
            return
        self.signals.asked = False
        systemd.reloading()
        try:
            self._reload()
        except NvqsyncError as error:
            log.error("the settings stay as they were: %s", _line(error))
        notify("READY=1")

    def _reload(self) -> None:
        app = self.again() if self.again else self.app
        if app.settings.database != self.app.settings.database:
            raise SettingsError("Another database is named now.", "For that, restart: systemctl restart nvqsync.")
        if app is not self.app:
            self.app = app
            self.alerting.adopt(app)
            log.info("the settings were read anew")

    # ------------------------------------------------------------ pauses

    def _quiet_now(self) -> bool:
        quiet = self.app.settings.daemon.quiet
        return quiet is not None and quiet.holds(self.app.now())

    def _pause(self) -> float:
        usual = self.app.settings.daemon.every_minutes * 60
        failures = self.failing.passes if self.failing else 0
        now, quiet, chance = self.app.now(), self.app.settings.daemon.quiet, random.random()  # noqa: S311  (jitter)
        if quiet and quiet.holds(now):
            return quiet.left(now) + schedule.JITTER * usual * chance
        return schedule.pause(now, usual, failures, quiet, chance)

    def _wait(self, seconds: float) -> None:
        """Wait, or until a signal; every slice is progress."""
        until = self.steady() + seconds
        while not self.signals.wake.is_set() and (left := until - self.steady()) > 0:
            self.signals.wake.wait(min(left, self.slice))
            self.progress.beat()
        self.signals.wake.clear()

    # ------------------------------------------------------------ one pass

    def tick(self) -> bool:
        """One pass, whatever happens, and what there is to tell after it; returns whether it went well."""
        notify("STATUS=reading the LMS")
        self._look_at_the_clock()
        try:
            report = self._pass()
        except (NvqsyncError, sqlite3.Error, OSError) as error:
            self._failed(getattr(error, "says", f"{type(error).__name__}: {error}"), getattr(error, "next_step", ""))
        except Exception as error:  # a bug: told without its words, which may hold a name
            self._failed(_place(error), "Tell the makers of nvqsync.")
        else:
            self.failing = None
            notify(f"STATUS=pass {report.pass_id}: {report.outcome}")
        self.progress.beat()
        self._keep_failing()
        self.alerting.look(self.failing)
        heap.give_back()
        self.progress.beat()
        return self.failing is None

    def _pass(self) -> PassReport:
        with self.app.open_store() as store:
            self.progress.beat()
            lms = self.app.open_lms()
            try:
                return self._read(store, lms)
            finally:
                lms.close()

    def _read(self, store: Store, lms: LmsConnector) -> PassReport:
        self.progress.also(lambda: int(getattr(lms, "calls", 0)))
        today = self.app.today.isoformat()
        last = store_lms.kept(store, LAST_FULL)
        full = schedule.full_due(self.app.now(), last, self.app.settings.daemon.full_at)
        report = run_pass(self.app, store, lms, by="nvqsync", full=full, tell=self.progress.beat)
        if full or not last:
            store_lms.keep(store, LAST_FULL, today)
        if full:
            store_lms.forget_reports(store)
            self._delete_files(store)
            self._erase(store)
        return report

    def _delete_files(self, store: Store) -> None:
        """Once a night batch files go whose time is over. What hinders it is told; no pass fails."""
        try:
            delete_old(self.app, store, by="nvqsync")
        except (NvqsyncError, sqlite3.Error) as error:
            _tomorrow("old batch files were not deleted", error)

    def _erase(self, store: Store) -> None:
        """Once a night those go who never claimed and whose time is over. What hinders it is told; no pass fails."""
        try:
            due = anonymising.unclaimed(self.app, store)[:A_NIGHT]
            done = anonymising.apply(self.app, store, due, by="nvqsync", tick=lambda _: self.progress.beat())
        except (NvqsyncError, sqlite3.Error) as error:
            _tomorrow("who never claimed was not erased", error)
            return
        if done.anonymised:
            log.info("erased, for they never claimed and their time is over: %d learners", len(done.anonymised))

    def bear(self, error: StoreError) -> None:
        """Something is wrong before a pass could even begin: tell it, and wait as after a pass that failed."""
        self._failed(error.says, error.next_step)
        self.alerting.look(self.failing)
        self._wait(self._pause())

    def _failed(self, says: str, next_step: str) -> None:
        before = self.failing
        since = before.since if before else self.app.now()
        self.failing = Failing((before.passes if before else 0) + 1, since, says, next_step)
        log.error("pass failed: %s %s", says.replace("\n", " "), next_step.replace("\n", " "))
        notify(f"STATUS=last pass failed, {self.failing.passes} in a row: {says}")

    def _keep_failing(self) -> None:
        with suppress(NvqsyncError, sqlite3.Error, OSError), self.app.open_store() as store:
            situation.keep_failing(store, self.failing)

    def _look_at_the_clock(self) -> None:
        """A clock that jumped is told; passes go by a clock that does not, and days by being other ones."""
        wall, steady = self.app.now(), self.steady()
        astray = schedule.jumped(wall - self._seen[0], steady - self._seen[1])
        self._seen = (wall, steady)
        if astray:
            way = "forwards" if astray > 0 else "back"
            log.warning("this machine's clock jumped %s by %d s. Is it set by the network? See 'timedatectl'.", way,
                        abs(astray))  # fmt: skip


def run(app: App, again: Callable[[], App] | None = None) -> int:
    """Pass after pass until SIGTERM or Ctrl-C; returns the exit status. SIGHUP asks for a pass at once.

    ``again`` reads the settings anew for a SIGHUP. Raises ``AlreadyRunning`` when another daemon runs on the database,
    ``SettingsError`` or ``PluginError`` when the settings name no LMS that can be spoken to: waiting would not help.
    """
    logging.getLogger("nvqsync").setLevel(logging.INFO)
    allowed = systemd.watchdog_seconds(os.environ, os.getpid())
    daemon = Daemon(app, again, slice=min(SLICE, allowed / 4) if allowed else SLICE)
    watchdog = Watchdog(daemon.progress, allowed)
    try:
        with daemon.signals.heard(), watchdog:
            _hold(daemon)
    except Stopped:
        log.info("stopped")
    notify("STOPPING=1")
    return 0


def _hold(daemon: Daemon) -> None:
    """Live while holding the daemon's lock. A folder that takes no lock just now is tried again."""
    while True:
        try:
            with only_one(daemon.app.settings.database, "daemon"):
                daemon.live()
        except (AlreadyRunning, SettingsError, PluginError):
            raise
        except StoreError as error:
            notify("READY=1")
            daemon.bear(error)


def _tomorrow(what: str, error: Exception) -> None:
    says, step = getattr(error, "says", str(error)), getattr(error, "next_step", "")
    log.warning("%s, it is tried again tomorrow: %s %s", what, says, step)


def _line(error: NvqsyncError) -> str:
    return str(error).replace("\n", " ")


def _place(error: Exception) -> str:
    """Where a bug showed itself: its kind and the last places of ours, none of its words."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "nvqsync" in frame.filename]
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} in {frame.name}" for frame in frames[-4:]]
    return f"A bug ({type(error).__name__}) at {', '.join(reversed(places)) or 'an unknown place'}."
