"""Checking the audit log against itself, against what was written down elsewhere, and the records against the log.

One pass over the entries, one at a time: what is kept in memory grows with the claims, not with the entries.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from nvqsync.errors import InputError
from nvqsync.migrations import AUDIT_TABLES
from nvqsync.record_keeping import audit
from nvqsync.record_keeping.audit import AuditEntry, Head, Kept, Link
from nvqsync.storage import store_audit
from nvqsync.store import Store

GUARDS = frozenset(line.split()[2] for line in AUDIT_TABLES.split("\n") if line.startswith("CREATE TRIGGER"))
"""The triggers that keep the log append-only."""

EVERY = 1000
"""So many entries between two ticks of the progress."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not fit: the entry's number and why, in words."""

    entry: int
    says: str


@dataclass(slots=True)
class Verified:
    """What checking came to. ``strayed_claims`` and ``strayed_batches`` are not as the log left them."""

    entries: int = 0
    head: Head | None = None
    erased: int = 0
    faults: list[Fault] = field(default_factory=list)
    strayed_claims: list[int] = field(default_factory=list)
    strayed_batches: list[str] = field(default_factory=list)
    missing_guards: list[str] = field(default_factory=list)
    heads: int = 0

    @property
    def first_bad(self) -> Fault | None:
        """The first entry that does not fit."""
        return min(self.faults, key=lambda fault: fault.entry, default=None)

    @property
    def sound(self) -> bool:
        """Whether nothing at all is wrong."""
        return not (self.faults or self.strayed_claims or self.strayed_batches or self.missing_guards)


@dataclass(slots=True)
class _Last:
    """The last entry about a claim or a batch: where it left it."""

    status: str
    kept: Kept | None


def verify(store: Store, heads: Iterable[Head] = (), tick: Callable[[int], None] = lambda done: None) -> Verified:
    """Check everything. ``heads`` are entries written down elsewhere; those that batches carry are added."""
    with store.reading():
        check = _Check(store, [*heads, *batch_heads(store)])
        for entry, kept in store_audit.stream(store):
            check.take(entry, kept)
            if entry.id % EVERY == 0:
                tick(entry.id)
        return check.conclude()


def batch_heads(store: Store) -> Iterator[Head]:
    """The heads that the batches' documents carry: copies of them have left the house."""
    for batch_id, document in store.execute("SELECT id, document FROM batches"):
        if found := head_in(document, f"batch {batch_id}"):
            yield found


def head_in(document: bytes, where: str) -> Head | None:
    """The head a batch document carries, or ``None`` where it is no batch or was made before the first entry."""
    try:
        return audit.read_head(json.loads(document)["audit_head"], where)
    except (ValueError, KeyError, TypeError, AttributeError, InputError):
        return None


class _Check:
    """What is remembered while the entries go by."""

    def __init__(self, store: Store, heads: list[Head]) -> None:
        self.store, self.link, self.found = store, Link(), Verified(heads=len(heads))
        self.facts = {digest for digest, text in store.execute("SELECT digest, facts FROM audit_facts")
                      if audit.sha256(text) == digest}  # fmt: skip
        self.heads: dict[int, list[Head]] = defaultdict(list)
        for one in heads:
            self.heads[one.entry].append(one)
        self.broken = False
        self.wordless: set[int] = set()
        self.used: set[str] = set()
        self.last: dict[str, _Last] = {}
        self.erased: dict[int, int] = {}

    def take(self, entry: AuditEntry, kept: Kept | None) -> None:
        """One more entry."""
        found = self.found
        found.entries += 1
        found.head = Head(entry.id, entry.digest, "the end of the log")
        if self.link.broken_by(entry) and not self.broken:
            self.broken = True
            self._fault(entry.id, "it was edited or moved, or the one before it was taken out")
        for head in self.heads.pop(entry.id, ()):
            if head.digest != entry.digest:
                self._fault(entry.id, f"it is not the entry that {head.where} names")
        self._take_words(entry, kept)
        if entry.subject.startswith(("claim:", "batch:")):
            earlier = self.last.get(entry.subject)
            status = entry.to_status or (earlier.status if earlier else "")
            self.last[entry.subject] = _Last(status, kept)

    def _take_words(self, entry: AuditEntry, kept: Kept | None) -> None:
        if kept is None:
            self.wordless.add(entry.id)
            return
        if not kept.fits(entry):
            self._fault(entry.id, "its words, or the facts beside them, are not those it was written with")
        elif kept.facts and kept.facts not in self.facts:
            self._fault(entry.id, "the facts it rests on were edited or taken out")
        self.used.add(kept.facts)
        if entry.action == audit.ERASE and kept.facts:
            self._take_erasure(entry, kept)

    def _take_erasure(self, entry: AuditEntry, kept: Kept) -> None:
        facts = self.store.rows("SELECT facts FROM audit_facts WHERE digest = ?", [kept.facts])
        for named in audit.erased_entries(facts[0]["facts"]) if facts else ():
            if named < entry.id:
                self.erased.setdefault(named, entry.id)

    def conclude(self) -> Verified:
        """What is known once the last entry has gone by."""
        found, store = self.found, self.store
        end = found.head.entry if found.head else 0
        for number in sorted(self.wordless - self.erased.keys()):
            self._fault(number, "its words are gone, and no entry says that they were erased")
        for number in sorted(self.erased.keys() - self.wordless):
            self._fault(number, f"entry {self.erased[number]} says that its words were erased, and they are there")
        for head in (head for number in sorted(self.heads) for head in self.heads[number]):
            self._fault(min(head.entry, end + 1), f"it is missing: {head.where} names entry {head.entry}")
        found.erased = len(self.wordless & self.erased.keys())
        self._check_strangers(end)
        found.strayed_claims = list(self._strayed_claims())
        found.strayed_batches = list(self._strayed_batches())
        there = {row["name"] for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
        found.missing_guards = sorted(GUARDS - there)
        return found

    def _check_strangers(self, end: int) -> None:
        """Rows beside the log that no entry asked for."""
        words = "SELECT audit_id FROM audit_texts WHERE audit_id NOT IN (SELECT id FROM audit)"
        for row in self.store.rows(words):
            self._fault(row["audit_id"], "there are words for it and no entry")
        stored = {row["audit_id"]: row["erased_by"] for row in self.store.rows("SELECT * FROM audit_erased")}
        for number in sorted(stored.keys() ^ self.erased.keys()) + sorted(
            one for one in stored.keys() & self.erased.keys() if stored[one] != self.erased[one]
        ):
            self._fault(number, "the list of erased entries does not say what the log says of it")
        known = {row["digest"] for row in self.store.rows("SELECT digest FROM audit_facts")}
        if known - self.used:
            self._fault(end + 1, "there are facts in the log's keeping that no entry rests on")

    def _strayed_claims(self) -> Iterator[int]:
        there = set()
        for row in _rows(self.store, "SELECT * FROM claims ORDER BY id"):
            there.add(f"claim:{row['id']}")
            last = self.last.get(f"claim:{row['id']}")
            if last is None or not _as_left(row, last):
                yield row["id"]
        gone = {subject for subject in self.last.keys() - there if subject.startswith("claim:")}
        yield from sorted(int(subject.partition(":")[2]) for subject in gone if subject[6:].isdigit())

    def _strayed_batches(self) -> Iterator[str]:
        there = set()
        for batch_id, document in self.store.execute("SELECT id, document FROM batches ORDER BY id"):
            there.add(f"batch:{batch_id}")
            last = self.last.get(f"batch:{batch_id}")
            if last is None or last.kept is None or last.kept.fingerprint != audit.sha256(document):
                yield batch_id
        yield from sorted(s[6:] for s in self.last.keys() - there if s.startswith("batch:"))

    def _fault(self, entry: int, says: str) -> None:
        self.found.faults.append(Fault(entry, says))


def _rows(store: Store, sql: str) -> Iterator[dict[str, Any]]:
    cursor = store.execute(sql)
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)


def _as_left(row: dict[str, Any], last: _Last) -> bool:
    """Whether a claim is what the last entry about it kept; only its status where the words were erased."""
    if last.kept is None or not last.kept.record:
        return bool(row["status"] == last.status)
    try:
        record = json.loads(last.kept.record)["claim"]
    except (ValueError, KeyError):
        return False
    return dict(record) == store_audit.comparable(row) and last.kept.facts == audit.sha256(str(row["facts"]))
