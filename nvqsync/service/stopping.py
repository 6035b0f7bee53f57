"""Signals: SIGTERM and Ctrl-C stop the daemon within seconds in the middle of anything, SIGHUP asks for a pass.

The first SIGTERM raises ``Stopped`` in the main thread, which ends a reply that is being read, a pause or a plan; open
transactions are rolled back on the way. Where the main thread cannot hear it (waiting for a lock inside SQLite, for a
disk that takes its time over an fsync), a guard ends the process ``GRACE`` seconds later. Nothing is lost by that
either: what was committed stays, what was not was never there, and the next start closes the pass that was cut short.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

from nvqsync.service.systemd import notify

GRACE = 3.5
"""Seconds that a stop may take before the guard ends the process."""
STOPS = (signal.SIGTERM, signal.SIGINT)


class Stopped(BaseException):
    """SIGTERM or Ctrl-C arrived: leave politely. Not an ``Exception``, so that nothing on the way swallows it."""


class Signals:
    """What was asked for: ``stopping``, ``asked`` (SIGHUP); ``wake`` is set by either and ends a pause."""

    def __init__(self) -> None:
        self.stopping = False
        self.asked = False
        self.wake = threading.Event()

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Listen while the block runs. Has to be entered in the main thread."""
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        handlers = {number: signal.signal(number, self._stop) for number in STOPS}
        handlers[signal.SIGHUP] = signal.signal(signal.SIGHUP, self._hang_up)
        before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=_guard, args=(ours,), name="stop guard", daemon=True).start()
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            theirs.close()  # the guard's reading ends with it

    def _stop(self, number: int, frame: FrameType | None) -> None:
        first, self.stopping = not self.stopping, True
        self.wake.set()
        if first:
            raise Stopped

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self.wake.set()


def _guard(ours: socket.socket) -> None:
    """Wait for a stop; then end the process unless it has ended by itself in time.

    The interpreter writes each signal's number into the socket as it arrives, whatever the main thread is doing.
    """
    with ours:
        while numbers := ours.recv(64):
            if any(number in STOPS for number in numbers):
                break
        else:
            return
        notify("STOPPING=1", "STATUS=stopping")
        last = time.monotonic() + GRACE
        while (left := last - time.monotonic()) > 0:
            ours.settimeout(left)
            with contextlib.suppress(TimeoutError):
                if not ours.recv(64):
                    return  # closed: the daemon has come to its own end
    with contextlib.suppress(OSError):
        os.write(sys.stderr.fileno(), b"INFO nvqsync.daemon: stopped in the middle of something that would not wait\n")
    os._exit(0)
