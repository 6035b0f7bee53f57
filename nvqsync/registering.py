"""Registrations taken in from a file: what it would change, told row by row, and then that and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields

from nvqsync import registrations
from nvqsync.bootstrap import App
from nvqsync.csv_rows import Row, as_text, csv_rows
from nvqsync.errors import NotAllowed
from nvqsync.model import Registration
from nvqsync.registrations import Import
from nvqsync.settling import settle
from nvqsync.storage import store_claims, store_confirmations, store_lms
from nvqsync.store import Store
from nvqsync.workbooks import is_workbook, xlsx_rows


@dataclass(frozen=True, slots=True)
class Difference:
    """One registration that is new (no ``before``) or says something else, and its line (in a workbook: its row)."""

    line: int
    now: Registration
    before: Registration | None = None

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of the fields that say something else; none where it is new."""
        if self.before is None:
            return ()
        names = (one.name for one in fields(Registration) if one.name != "id")
        return tuple(name for name in names if getattr(self.before, name) != getattr(self.now, name))


@dataclass(frozen=True, slots=True)
class Plan:
    """What importing a file would do: what is new, what changes, and what it cannot use."""

    found: Import
    added: tuple[Difference, ...]
    changed: tuple[Difference, ...]

    @property
    def same(self) -> int:
        """How many registrations are on record just so already."""
        return len(self.found.registrations) - len(self.added) - len(self.changed)

    @property
    def digest(self) -> str:
        """Two plans with the same digest do the same."""
        return hashlib.sha256(repr((self.added, self.changed, self.found.errors)).encode()).hexdigest()


def rows_of(content: bytes, called: str) -> Iterator[Row]:
    """The rows of a CSV file, or of a workbook's first sheet. Raises ``InputError``; ``called`` is the file's name."""
    return xlsx_rows(content) if is_workbook(content) else csv_rows(as_text(content, called))


def plan(app: App, store: Store, content: bytes, called: str) -> Plan:
    """What importing the content of a file would do now. Raises ``InputError`` for a wrong file or wrong columns."""
    known = store_claims.registrations(store)
    found = registrations.read_rows(
        rows_of(content, called), app.plugins.catalogue, store_lms.learners(store), known,
        store_confirmations.uln_owners(store), app.today,
    )  # fmt: skip
    added, changed = store_claims.differing_registrations(store, found.registrations)
    lines = dict(zip(found.registrations, found.lines, strict=True))
    before = {(one.learner_id, one.qualification_id, one.entry): one for one in known}
    return Plan(
        found,
        tuple(Difference(lines[one], one) for one in added),
        tuple(
            Difference(lines[one], one, before[one.learner_id, one.qualification_id, one.entry]) for one in changed
        ),
    )  # fmt: skip


def take_in(app: App, store: Store, content: bytes, called: str, *, by: str, expected: str = "") -> Plan:
    """Import the content of a file; returns what that did. Claims of those concerned follow.

    Raises ``InputError`` as ``plan`` does, and ``NotAllowed`` where it would not do what was ``expected`` any more (the
    digest of the plan that was looked at): then nothing is done.
    """
    with store.writing(durable=True):
        doing = plan(app, store, content, called)
        if expected and doing.digest != expected:
            raise NotAllowed("What is on record has changed since you looked.", "Look at it again, then decide.")
        store_claims.record_registrations(store, doing.found.registrations, actor=by, at=app.now())
    learners = {one.learner_id for one in doing.found.registrations}
    settle(app, store, by="nvqsync", learners=learners, propose_new=False)
    return doing
