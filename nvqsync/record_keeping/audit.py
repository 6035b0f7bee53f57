"""The audit chain: each entry's digest covers the one before it, so that no edit, deletion or reordering goes unseen.

Entries hold no personal data. What an entry says in words, the fingerprint and facts it rests on and the record as it
then was stand beside it with a random salt; the entry itself holds only a keyed commitment to them. Erasing words and
salt leaves the chain whole and the words unguessable. The end of a chain can be cut off without a trace in the chain:
that is what heads are for, the number and digest of an entry, written down elsewhere. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from nvqsync.errors import InputError

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change. ``subject`` is what changed (``claim:12``), ``commitment`` stands for what is kept beside it.

    ``actor`` is the account of a member of staff, or ``nvqsync`` itself; ``at`` is in seconds since 1970.
    """

    id: int
    at: int
    actor: str
    subject: str
    action: str
    from_status: str
    to_status: str
    commitment: str
    previous: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands beside an entry. ``facts`` is the digest of the facts' JSON, ``record`` the JSON of what changed."""

    salt: str
    text: str
    fingerprint: str = ""
    facts: str = ""
    record: str = ""

    def commitment(self) -> str:
        """What the entry holds in place of all this. Raises ``ValueError`` where the salt is no hexadecimal number."""
        words = json.dumps([self.text, self.fingerprint, self.facts, self.record])
        return hmac.digest(bytes.fromhex(self.salt), words.encode(), "sha256").hex()

    def fits(self, entry: AuditEntry) -> bool:
        """Whether these are the words the entry committed to."""
        try:
            return bool(self.salt) and hmac.compare_digest(self.commitment().encode(), entry.commitment.encode())
        except ValueError:  # the salt is no hexadecimal number any more
            return False


@dataclass(frozen=True, slots=True)
class Head:
    """An entry as it was written down elsewhere, and where: the log must still hold it."""

    entry: int
    digest: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.entry}:{self.digest}"


def read_head(text: str, where: str) -> Head:
    """A head as batches and ``nvqsync audit head`` write it: ``ENTRY:DIGEST``. Raises ``InputError``."""
    found = re.fullmatch(r"(\d{1,18}):([0-9a-fA-F]{64})", text.strip())
    if not found:
        says = f"{text!r} is no head of an audit log."
        raise InputError(says, "A head is a number, a colon and 64 hexadecimal digits: 'nvqsync audit head' prints it.")
    return Head(int(found[1]), found[2].lower(), where)


def digest_of(entry: AuditEntry) -> str:
    """The digest of everything an entry says, the previous entry's digest included."""
    parts = [
        str(entry.id), str(entry.at), entry.actor, entry.subject, entry.action, entry.from_status, entry.to_status,
        entry.commitment, entry.previous,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def sha256(text: str | bytes) -> str:
    """The digest of facts or of a document."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def first_bad(entries: Iterable[AuditEntry]) -> int | None:
    """The id of the first entry that does not fit the chain, or ``None`` when it is whole."""
    link = Link()
    return next((entry.id for entry in entries if link.broken_by(entry)), None)


class Link:
    """The place in the chain that has been reached: tells of each further entry whether it fits."""

    def __init__(self) -> None:
        self.expected, self.previous = 1, GENESIS

    def broken_by(self, entry: AuditEntry) -> bool:
        """Whether an entry was edited, or is not the one that comes next."""
        whole = (entry.id, entry.previous, entry.digest) == (self.expected, self.previous, digest_of(entry))
        self.expected, self.previous = entry.id + 1, entry.digest
        return not whole


# ---------------------------------------------------------------- what an erasure says


ERASE = "erase"
"""The action of an entry that says which entries' words were erased, and under which rule."""


def erasure_facts(rule: str, entries: Collection[int]) -> str:
    """What an erasure entry keeps: the rule and the entries, as JSON. It holds no personal data and is never erased."""
    return json.dumps({"rule": rule, "entries": list(spans(entries))})


def erased_entries(facts: str) -> Iterator[int]:
    """The entries that an erasure entry names. Nothing where the facts cannot be read."""
    try:
        found: list[Any] = json.loads(facts)["entries"]
        for first, last in found:
            yield from range(first, last + 1)
    except (ValueError, KeyError, TypeError):
        return


def spans(numbers: Collection[int]) -> Iterator[tuple[int, int]]:
    """Whole numbers as stretches without gaps: 1, 2, 3, 7 as (1, 3), (7, 7)."""
    start = last = None
    for number in sorted(set(numbers)):
        if last is not None and start is not None and number != last + 1:
            yield start, last
            start = number
        start, last = number if start is None else start, number
    if start is not None and last is not None:
        yield start, last
