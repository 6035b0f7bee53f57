"""Faults on order: what goes wrong with the next exchange, decided here and carried out by ``portal.py``.

Each kind names what a client sees and, above all, whether the claims were accepted:

============== ========================================================= ==============================
kind           what happens                                              accepted?
============== ========================================================= ==============================
slow           the answer comes after ``seconds``                        yes
refused        403 with a reason                                         no
unavailable    503                                                       no
cut            the connection is closed before anything is read          no
rate_limit     429 with Retry-After                                      no
expired_credential  401                                                  no
lost_answer    the connection is closed instead of an answer             yes
cut_answer     the connection is closed in the middle of the answer      yes
garbage        a page of HTML with status 200                            yes
doubled_answer every answer is given twice                               yes
stranger       one more answer, about a claim nobody sent                yes
partial_answer answers for the first half of the claims only             yes, all
partial_batch  answers for the first half of the claims only             that half only
restart        the connection is closed and the port for ``seconds``     yes
============== ========================================================= ==============================
"""

from __future__ import annotations

import random
import threading
from collections import Counter, deque
from dataclasses import dataclass

BEFORE = ("refused", "unavailable", "cut", "rate_limit", "expired_credential")
"""Faults that strike before anything is accepted."""

AFTER = (
    "slow",
    "lost_answer",
    "cut_answer",
    "garbage",
    "doubled_answer",
    "stranger",
    "partial_answer",
    "partial_batch",
    "restart",
)
KINDS = BEFORE + AFTER
PLACES = ("any", "batches", "query")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its kind, where it strikes (``any``, ``batches``, ``query``), and for how many exchanges."""

    kind: str
    on: str = "any"
    times: int = 1
    seconds: float = 0.5

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}; there are {', '.join(KINDS)}")
        if self.on not in PLACES:
            raise ValueError(f"no place {self.on!r}; there are {', '.join(PLACES)}")
        if self.times < 1 or not 0 <= self.seconds <= 600:
            raise ValueError("times must be 1 or more, seconds 0 to 600")


class Faults:
    """The faults on order, and the record of those that struck. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[Fault] = deque()
        self._struck: Counter[str] = Counter()
        self._kinds: tuple[str, ...] = ()
        self._rate = 0.0
        self._seconds = 0.5
        self._dice = random.Random(0)  # noqa: S311 - dice, not secrets

    def add(self, kind: str, *, on: str = "any", times: int = 1, seconds: float = 0.5) -> Fault:
        """Order a fault for the next ``times`` exchanges. Raises ``ValueError`` for one that does not exist."""
        fault = Fault(kind, on, times, seconds)
        with self._lock:
            self._queue.extend([Fault(kind, on, 1, seconds)] * times)
        return fault

    def at_random(self, rate: float, *, seed: int = 1, kinds: tuple[str, ...] = KINDS, seconds: float = 0.05) -> None:
        """Let about ``rate`` of all exchanges fail in one of ``kinds``; the seed repeats the sequence. 0 stops it."""
        if not 0 <= rate <= 1 or not kinds or set(kinds) - set(KINDS):
            raise ValueError(f"rate must be 0 to 1, kinds some of {', '.join(KINDS)}")
        Fault(kinds[0], seconds=seconds)
        with self._lock:
            self._rate, self._kinds, self._seconds = rate, tuple(kinds), seconds
            self._dice = random.Random(seed)  # noqa: S311 - dice, not secrets

    def take(self, place: str) -> Fault | None:
        """The fault that strikes this exchange, if any; ordered ones come before random ones."""
        with self._lock:
            fault = next((fault for fault in self._queue if fault.on in ("any", place)), None)
            if fault:
                self._queue.remove(fault)
            elif self._rate and self._dice.random() < self._rate:
                fault = Fault(self._dice.choice(self._kinds), seconds=self._seconds)
            if fault:
                self._struck[fault.kind] += 1
            return fault

    def clear(self) -> None:
        """Take back every order; the record of what struck stays."""
        with self._lock:
            self._queue.clear()
            self._rate = 0.0

    def report(self) -> dict[str, object]:
        """What is on order and what has struck, for people and tests."""
        with self._lock:
            waiting = [{"kind": fault.kind, "on": fault.on, "seconds": fault.seconds} for fault in self._queue]
            return {"waiting": waiting, "random_rate": self._rate, "struck": dict(sorted(self._struck.items()))}
