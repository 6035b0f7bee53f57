"""How often somebody may try to sign in: failures are counted by name, by address and by both, in memory.

Nothing that was typed is stored or logged: people type passwords into the field for the name. A name from one address
is stopped early, a name from everywhere late, so that nobody can lock an account out from afar with a few guesses.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from itertools import islice

WINDOW = 15 * 60
"""Seconds for which a failure counts."""

NAME_AND_ADDRESS, ADDRESS, NAME = 5, 20, 50
"""Failures within the window after which the next attempt has to wait."""

MOST_KEYS = 20_000
LONGEST = 100


class Throttle:
    """Counts attempts on the clock it is handed (seconds). Safe between threads.

    An attempt counts as failed from its start until it is known to have succeeded, so that many at once do not slip by.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._failures: dict[Hashable, deque[int]] = {}

    def attempt(self, name: str, address: str) -> int:
        """Count an attempt, or refuse it: the seconds to wait, 0 where it may go on. A refusal is not counted."""
        with self._lock:
            now = self._now()
            if wait := max(self._wait(key, most, now) for key, most in _keys(name, address)):
                return wait
            if len(self._failures) >= MOST_KEYS:
                self._forget(now)
            for key, _ in _keys(name, address):
                self._failures.setdefault(key, deque()).append(now)
            return 0

    def succeeded(self, name: str, address: str) -> None:
        """The attempt was good: failures of this name from this address are forgotten, others lose this one."""
        with self._lock:
            for key, most in _keys(name, address):
                counted = self._failures.get(key)
                if counted and most == NAME_AND_ADDRESS:
                    counted.clear()
                elif counted:
                    counted.pop()

    def _wait(self, key: Hashable, most: int, now: int) -> int:
        counted = self._failures.get(key)
        while counted and counted[0] <= now - WINDOW:
            counted.popleft()
        return counted[0] + WINDOW - now if counted and len(counted) >= most else 0

    def _forget(self, now: int) -> None:
        """Drop what no longer counts, or else the tenth that was counted first: a flood must not cost a search each."""
        old = [key for key, counted in self._failures.items() if not counted or counted[-1] <= now - WINDOW]
        for key in old or list(islice(self._failures, MOST_KEYS // 10)):
            del self._failures[key]


def _keys(name: str, address: str) -> Iterator[tuple[Hashable, int]]:
    folded = name.casefold()[:LONGEST]
    yield ("both", folded, address), NAME_AND_ADDRESS
    yield ("address", address), ADDRESS
    yield ("name", folded), NAME
