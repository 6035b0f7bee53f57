"""``nvqsync run``: a pass on every tick, until told to stop. Tells systemd how it is."""

from __future__ import annotations

import datetime as dt
import logging
import os
import random
import signal
import socket
from contextlib import closing
from threading import Event
from types import FrameType
from zoneinfo import ZoneInfo

from nvqsync import store_lms
from nvqsync.bootstrap import App
from nvqsync.errors import NvqsyncError
from nvqsync.export_files import delete_old
from nvqsync.locks import only_one
from nvqsync.store import Store
from nvqsync.sync import run_pass

log = logging.getLogger("nvqsync.daemon")
LAST_FULL = "last full pass"


class Stopped(BaseException):
    """SIGTERM or Ctrl-C arrived: leave politely. Not an ``Exception``, so that nothing on the way swallows it."""


def notify(message: str) -> None:
    """One datagram to systemd (``READY=1``, ``STATUS=...``), where there is one listening."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    path = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        try:
            link.sendto(message.encode(), path)
        except OSError as error:
            log.warning("systemd could not be told %s: %s", message, error)


def run(app: App) -> int:
    """Pass after pass until SIGTERM or Ctrl-C; returns the exit status. SIGHUP asks for a pass at once.

    A pass that fails is logged and tried again at the next tick. Raises ``StoreError`` when another daemon is running,
    and ``SettingsError`` when the settings name no LMS: waiting would not help.
    """
    logging.getLogger("nvqsync").setLevel(logging.INFO)
    wake, stopping = Event(), Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        stopping.set()
        wake.set()
        raise Stopped

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    signal.signal(signal.SIGHUP, lambda signum, frame: wake.set())
    with only_one(app.settings.database, "daemon"):
        try:
            with app.open_store(), closing(app.open_lms()):
                notify("READY=1")
            while not stopping.is_set():
                one_tick(app)
                wake.wait(app.settings.daemon.every_minutes * 60 * random.uniform(0.95, 1.05))  # noqa: S311  (jitter)
                wake.clear()
        except Stopped:
            log.info("stopped")
        notify("STOPPING=1")
    return 0


def full_due(app: App, store: Store) -> bool:
    """Whether everything is to be read anew now: once a day, from the hour the settings name on.

    The very first pass reads everything anyway, and the day after that is soon enough for a second look.
    """
    last = store_lms.kept(store, LAST_FULL)
    if not last:
        store_lms.keep(store, LAST_FULL, app.today.isoformat())
        return False
    hour = dt.datetime.fromtimestamp(app.now(), ZoneInfo("Europe/London")).hour
    return last < app.today.isoformat() and hour >= app.settings.daemon.full_at


def one_tick(app: App) -> bool:
    """One pass, whatever happens; returns whether it went well. What went wrong is logged with its next step."""
    notify("STATUS=reading the LMS")
    try:
        with app.open_store() as store:
            lms = app.open_lms()
            try:
                full = full_due(app, store)
                report = run_pass(app, store, lms, by="nvqsync", full=full)
                if full:
                    delete_old(app, store, by="nvqsync")
                    store_lms.keep(store, LAST_FULL, app.today.isoformat())
            finally:
                lms.close()
    except NvqsyncError as error:
        log.error("pass failed: %s", str(error).replace("\n", " "))
        notify(f"STATUS=last pass failed: {error.says}")
        return False
    log.info("pass %s: %s, %s", report.pass_id, report.outcome, report.claims)
    notify(f"STATUS=pass {report.pass_id}: {report.outcome}")
    return True
