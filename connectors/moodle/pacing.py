"""A token bucket: at most so many requests a second over all threads, with short bursts allowed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Bucket:
    """Lets ``rate`` callers a second through, up to ``burst`` at once. ``rate`` 0 lets everyone through.

    Times come from ``clock`` (seconds, monotonic) and waiting from ``sleep``, so that tests need not wait.
    """

    def __init__(
        self,
        rate: float,
        burst: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if rate < 0:
            raise ValueError("a rate cannot be negative")
        self._rate = rate
        self._burst = max(1.0, rate if burst is None else burst)
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._left = self._burst
        self._seen = clock()

    def take(self) -> float:
        """Wait for a turn; the seconds waited are returned."""
        wait = self._reserve()
        if wait > 0:
            self._sleep(wait)
        return wait

    def _reserve(self) -> float:
        """Take a turn now and say how long to wait for it: the balance may go below zero, so turns queue up."""
        if not self._rate:
            return 0.0
        with self._lock:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._seen) * self._rate)
            self._seen = now
            self._left -= 1
            return max(0.0, -self._left / self._rate)
