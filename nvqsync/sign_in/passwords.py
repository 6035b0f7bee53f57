"""Passwords as argon2id hashes, one at a time: a hash takes memory on purpose, and many at once would take it all.

Cost as OWASP's password storage cheat sheet recommends: 19 MiB, two rounds, one lane.
"""

from __future__ import annotations

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_ONE_AT_A_TIME = threading.Lock()
_NOBODY = _HASHER.hash(secrets.token_hex(16))
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def hashed(password: str) -> str:
    """The hash to store."""
    with _ONE_AT_A_TIME:
        return _HASHER.hash(password)


def fits(password: str, stored: str) -> bool:
    """Whether a password is the one that was hashed. An empty hash takes as long as any, and nothing fits it."""
    with _ONE_AT_A_TIME:
        try:
            return _HASHER.verify(stored or _NOBODY, password) and bool(stored)
        except (VerificationError, InvalidHashError):
            return False


def outdated(stored: str) -> bool:
    """Whether a hash was made at another cost than today's."""
    return _HASHER.check_needs_rehash(stored)


def generated() -> str:
    """A new password of 20 characters that are hard to confuse, in groups: about 99 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
