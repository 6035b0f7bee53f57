"""The audit chain: each entry's digest covers the one before it, so that no edit, deletion or reordering goes unseen.

Entries hold no personal data. The words of an entry stand in a side table with a random salt; the entry itself holds
only a keyed commitment to them. Erasing words and salt leaves the chain whole and the words unguessable.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change. ``subject`` is what changed (``claim:12``), ``commitment`` stands for the words kept beside it."""

    id: int
    at: int
    actor: str
    subject: str
    action: str
    from_status: str
    to_status: str
    fingerprint: str
    commitment: str
    previous: str
    digest: str = ""


def commit_to(text: str, salt: str) -> str:
    """What an entry holds in place of its words."""
    return hmac.new(bytes.fromhex(salt), text.encode(), hashlib.sha256).hexdigest()


def digest_of(entry: AuditEntry) -> str:
    """The digest of everything an entry says, the previous entry's digest included."""
    parts = [
        str(entry.id), str(entry.at), entry.actor, entry.subject, entry.action, entry.from_status, entry.to_status,
        entry.fingerprint, entry.commitment, entry.previous,
    ]  # fmt: skip
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def first_bad(entries: Iterable[AuditEntry]) -> int | None:
    """The id of the first entry that does not fit the chain, or ``None`` when it is whole."""
    previous, expected = GENESIS, 1
    for entry in entries:
        if entry.id != expected or entry.previous != previous or entry.digest != digest_of(entry):
            return entry.id
        previous, expected = entry.digest, entry.id + 1
    return None


def first_bad_text(entries: Iterable[AuditEntry], texts: Mapping[int, tuple[str, str]]) -> int | None:
    """The id of the first entry whose words are not those it committed to, or ``None``. ``texts``: salt and words."""
    for entry in entries:
        salt, text = texts.get(entry.id, ("", ""))
        try:
            kept = salt != "" and commit_to(text, salt) == entry.commitment
        except ValueError:  # the salt is no hexadecimal number any more
            kept = False
        if not kept:
            return entry.id
    return None
