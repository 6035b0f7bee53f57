"""Taking people out of the records once the rules allow it: who, until when not, and the work itself.

One learner a transaction: whatever moment it is stopped at, each is whole or anonymised, and the next run goes on. No
pass and no export runs meanwhile. The file is swept at the end, so that nothing deleted can be read out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nvqsync.bootstrap import App
from nvqsync.centre import Visit
from nvqsync.errors import InputError, NotAllowed
from nvqsync.record_keeping.retention import UNCLAIMED, Hold, Records, binding, holds, portfolio_warning
from nvqsync.service.locks import only_one
from nvqsync.storage import store_centre, store_lms, store_retention
from nvqsync.store import Store

UNSWEPT = "retention.unswept"
"""Kept from the first deletion until the file was swept."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long one person's records are kept: every reason, the one that lasts longest, and what is missing."""

    records: Records
    holds: tuple[Hold, ...]
    binding: Hold | None
    warning: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What a run came to. ``files`` outside the database still carry the people; ``swept``: nothing is left inside."""

    anonymised: tuple[str, ...]
    files: tuple[Path, ...]
    swept: bool


Visits = Mapping[str, Sequence[Visit]]
"""The external visits recorded, by qualification."""


def keeping(app: App, store: Store, learner_id: str | None = None, visits: Visits | None = None) -> list[Keeping]:
    """For everyone, or for one person, how long their records are kept and why. ``visits`` are read where not given."""
    visits = _visits(app, store) if visits is None else visits
    return [_keeping(app, one, visits) for one in store_retention.records(store, learner_id)]


def _visits(app: App, store: Store) -> Visits:
    return {one.id: store_centre.facts(store, one).visits for one in app.plugins.catalogue.qualifications.values()}


def _keeping(app: App, records: Records, visits: Visits) -> Keeping:
    told = app.settings.retention
    found = holds(records, visits, told.years, None if told.unclaimed_months == "never" else told.unclaimed_months)
    return Keeping(records, found, binding(found), portfolio_warning(records))


def over(app: App, found: Collection[Keeping]) -> list[Keeping]:
    """Those whose time is over today."""
    return [one for one in found if one.binding is None or not one.binding.stands(app.today)]


def unclaimed(app: App, store: Store) -> list[str]:
    """Those who never claimed and whose time is over today: the daemon erases them by itself."""
    return [one.records.learner_id for one in over(app, keeping(app, store))
            if one.binding and one.binding.rule == UNCLAIMED]  # fmt: skip


def apply(
    app: App, store: Store, learners: Sequence[str], *, by: str, rule: str = "",
    tick: Callable[[int], None] = lambda done: None,
) -> Applied:  # fmt: skip
    """Anonymise these learners, as far as their time is over at that very moment, and sweep the file.

    ``rule`` is told in place of the rule that kept them longest. Raises ``StoreError`` while a pass or export runs.
    """
    database = app.settings.database
    done: list[str] = []
    files: set[Path] = set()
    visits = _visits(app, store)
    with only_one(database, "pass"), only_one(database, "export"):
        store.execute("PRAGMA secure_delete = ON")
        for number, learner_id in enumerate(learners, 1):
            found = _files(app, store, learner_id)
            if _one(app, store, learner_id, visits, by=by, rule=rule):
                done.append(learner_id)
                files |= found
            tick(number)
        swept = _sweep(store)
    return Applied(tuple(done), tuple(sorted(files)), swept)


def _one(app: App, store: Store, learner_id: str, visits: Visits, *, by: str, rule: str) -> bool:
    with store.writing(durable=True):
        due = over(app, keeping(app, store, learner_id, visits))
        if not due:
            return False
        last = due[0].binding
        told = rule or (f"{last.rule} ({last.says})" if last else "RET-1 (nothing was ever recorded)")
        store_lms.keep(store, UNSWEPT, "yes")
        store_retention.anonymise(store, learner_id, rule=told, actor=by, at=app.now())
    return True


def _files(app: App, store: Store, learner_id: str) -> set[Path]:
    folder = app.settings.export.folder
    return {folder / name for name in store_retention.batch_files(store, learner_id) if (folder / name).exists()}


def _sweep(store: Store) -> bool:
    if not store_lms.kept(store, UNSWEPT):
        return True
    if not store_retention.sweep(store):
        return False
    store_lms.keep(store, UNSWEPT, "")
    return True


def erase(app: App, store: Store, learner_id: str, *, by: str, rule: str) -> Applied:
    """Anonymise one person at their request. Raises ``NotAllowed`` before the rules allow it, with the earliest day."""
    found = keeping(app, store, learner_id)
    if not found:
        raise NotAllowed("Their records were anonymised already.", "There is nothing left to erase.")
    refuse_early(app, found[0])
    _refuse_names(store, learner_id, rule)
    return apply(app, store, [learner_id], by=by, rule=rule)


def refuse_early(app: App, found: Keeping) -> None:
    """Raises ``NotAllowed`` with every reason that still stands and the earliest day."""
    standing = [hold for hold in found.holds if hold.stands(app.today)]
    if not standing or found.binding is None:
        return
    reasons = "\n".join(f"{hold.rule}: {hold.says}" for hold in standing)
    day = found.binding.until
    when = f"The earliest day is {day}." if day else "There is no day for it yet."
    raise NotAllowed(f"The records must be kept. {when}", reasons)


def _refuse_names(store: Store, learner_id: str, rule: str) -> None:
    """The rule stands in the log for ever: it must not name whom it erases."""
    one = next(learner for learner in store_lms.learners(store) if learner.lms_id == learner_id)
    words = {one.id_number, one.uln, one.candidate_number, *(part for part in one.name.split() if len(part) > 2)} - {""}
    if any(word.casefold() in rule.casefold() for word in words):
        raise InputError("The rule names the learner, and its words are never erased.", "Say it without the name.")
