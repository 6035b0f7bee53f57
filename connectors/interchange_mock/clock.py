"""A clock that can be driven: real time plus whatever it was moved by, or standing still at a moment."""

from __future__ import annotations

import threading
import time


class Clock:
    """Seconds since 1970, as the portal believes them. Safe to use from several threads."""

    def __init__(self, stopped_at: int | None = None) -> None:
        self._lock = threading.Lock()
        self._ahead = 0
        self._stopped_at = stopped_at

    def now(self) -> int:
        """The moment, in whole seconds since 1970."""
        with self._lock:
            return self._stopped_at if self._stopped_at is not None else int(time.time()) + self._ahead

    def advance(self, seconds: int) -> int:
        """Move on (or, with a negative number, back). Returns the new moment."""
        with self._lock:
            if self._stopped_at is not None:
                self._stopped_at += seconds
            else:
                self._ahead += seconds
        return self.now()

    def stop_at(self, moment: int | None) -> int:
        """Stand still at a moment; ``None`` lets the clock run again, on real time. Returns the new moment."""
        with self._lock:
            self._stopped_at, self._ahead = moment, 0
        return self.now()
