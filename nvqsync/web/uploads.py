"""Files that somebody chose and has not said yes to: held in memory for a while, for them alone, never written."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

LARGEST = 2 * 2**20
"""Bytes of one file: some 15,000 registrations."""

MOST = 8
LIFETIME = 1800
"""So many files are held at once, for so many seconds; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file: who sent it, when (seconds since 1970), what it is called and what is in it."""

    who: str
    at: int
    called: str
    content: bytes


class Uploads:
    """The files held, by a token that only the page of whoever sent it knows. One for each person: the last."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now, self._held, self._lock = now, dict[str, Upload](), Lock()

    def keep(self, who: str, called: str, content: bytes) -> str:
        """Hold a file; returns its token. An earlier one of the same person is let go."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            others = {key: one for key, one in self._held.items() if one.who != who and self._fresh(one)}
            self._held = dict(list(others.items())[1 - MOST :])
            self._held[token] = Upload(who, self._now(), called, content)
        return token

    def find(self, who: str, token: str) -> Upload | None:
        """The file of a token, where it is still held and theirs."""
        with self._lock:
            found = self._held.get(token)
        return found if found and found.who == who and self._fresh(found) else None

    def drop(self, token: str) -> None:
        """Let a file go."""
        with self._lock:
            self._held.pop(token, None)

    def _fresh(self, one: Upload) -> bool:
        return 0 <= self._now() - one.at < LIFETIME
