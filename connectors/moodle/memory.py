"""Answers that seldom change, kept for a while so that Moodle is not asked for them in every pass."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

TWELVE_HOURS = 12 * 3600.0


class Memory:
    """Keeps each answer for ``age`` seconds. ``None`` is not kept: a right may be granted at any moment.

    Of several threads with the same question one asks, and the others wait for its answer.
    """

    def __init__(self, age: float = TWELVE_HOURS, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._age = age
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Hashable, tuple[float, Any]] = {}
        self._asking: dict[Hashable, threading.Lock] = {}
        self._handed: dict[Hashable, object] = {}

    def recall(self, key: Hashable, ask: Callable[[], T]) -> T:
        """The answer kept under ``key``, or the one ``ask`` gives now."""
        with self._lock:
            asking = self._asking.setdefault(key, threading.Lock())
        with asking:
            kept = self._kept.get(key)
            if kept is not None and self._clock() - kept[0] < self._age:
                answer: T = kept[1]
                return answer
            answer = ask()
            if answer is not None:
                self._kept[key] = (self._clock(), answer)
            return answer

    def hand_on(self, key: Hashable, answer: object) -> None:
        """Leave an answer for the next question about the same thing, to be taken once."""
        with self._lock:
            self._handed[key] = answer

    def handed_on(self, key: Hashable) -> object:
        """What was left under ``key``, taken away; ``None`` where there is nothing."""
        with self._lock:
            return self._handed.pop(key, None)
