"""What systemd is told: ready, how it goes, reloading, stopping, and that it still gets on (the watchdog).

The protocol is sd_notify(3): datagrams to the socket named by ``$NOTIFY_SOCKET``. Without one, nothing is told.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)


def notify(*lines: str) -> None:
    """One datagram (``READY=1``, ``STATUS=...``), where somebody listens. A failure is logged and does no harm."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    path = "\0" + address[1:] if address.startswith("@") else address
    message = "\n".join(line.replace("\n", " ") for line in lines)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.settimeout(1)
        try:
            link.sendto(message.encode(), path)
        except OSError as error:
            log.warning("systemd could not be told %s: %s", message, error)


def reloading() -> None:
    """Say that a reload begins; systemd wants the moment with it. ``READY=1`` has to follow."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


def watchdog_seconds(environment: Mapping[str, str], pid: int) -> float:
    """How long systemd lets this process be silent (``$WATCHDOG_USEC``), 0 where it does not watch it."""
    try:
        limit = int(environment.get("WATCHDOG_USEC", "0"))
        meant = int(environment.get("WATCHDOG_PID", pid))
    except ValueError:
        return 0.0
    return limit / 1e6 if limit > 0 and meant == pid else 0.0


class Progress:
    """Counts what was really done: a course recorded, a reply of the LMS, a slice of waiting. Never moves by itself."""

    def __init__(self) -> None:
        self._count = 0
        self._elsewhere: Callable[[], int] = lambda: 0

    def beat(self, name: str = "") -> None:
        """One more step is done."""
        self._count += 1

    def also(self, count: Callable[[], int]) -> None:
        """Count what ``count`` tells as well: an LMS connector's calls, say. The last such count is kept."""
        self._count += self._elsewhere()
        self._elsewhere = count

    def __call__(self) -> int:
        """How much was done so far."""
        return self._count + self._elsewhere()


class Watchdog:
    """Tells systemd ``WATCHDOG=1`` when, and only when, progress was made since it last did.

    It looks four times in the time allowed. The thread carries the news and makes none: where a pass hangs, the count
    stands still, nothing is sent, and systemd ends the process and starts it again.
    """

    def __init__(self, progress: Callable[[], int], seconds: float) -> None:
        self._progress = progress
        self._every = seconds / 4
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def _watch(self) -> None:
        told = -1
        while not self._done.wait(self._every):
            now = self._progress()
            if now != told:
                notify("WATCHDOG=1")
                told = now

    def __enter__(self) -> Watchdog:
        if self._every > 0:
            self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._done.set()
        if self._thread.is_alive():
            self._thread.join(1)
