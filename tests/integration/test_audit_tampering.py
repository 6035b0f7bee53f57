"""Whoever holds the file can write anything into it: any change to the log, or to what it speaks of, is found."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.interchange_mock.portal import Portal
from nvqsync.claims import Event
from nvqsync.record_keeping import anonymising, audit
from nvqsync.record_keeping.verifying import Verified, head_in, verify
from nvqsync.storage import store_audit
from nvqsync.store import Store
from tests.workshop import NOON, Workshop, ready_to_export, set_up

TABLES = ("audit", "audit_texts", "audit_facts", "audit_erased", "claims", "batches")
SAID_TWICE = ("awarding_body", "centre_number", "qualification_id", "route", "created_at", "digest", "state", "files")
UNPROVEN = ("sheet", "sheets_printed")
ENTRIES = 20
"""There are more than so many entries in the log that is bent."""
UNTOLD = {("batches", name) for name in (*SAID_TWICE, *UNPROVEN)} | {("claims", "blocked")}
"""Columns that are not checked: of most of them the batch's document says the same, and it is; the number of a keying
sheet, and how often it was printed, is told in the log's words only; whether a claim is blocked the database works out
for itself, and lets nobody write."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Two claims certificated, one proposed and held, and one learner without a claim erased."""
    with Portal(return_rate=0) as portal:
        found = set_up(tmp_path_factory.mktemp("tampering"), portal, 4)
        ready_to_export(found, [1, 2])
        found.finish()
        found.lms.grade(3, "F1", "F2", "A3", "B2", "C3", "D2")
        found.sync()
        found.register(3, 4)
        found.act(Event.HOLD, 3)
        del found.lms.members["4"]
        found.sync()
        later = NOON + 4 * 366 * 86400
        found.app.__dict__["now"] = lambda: later
        with found.open_store() as store:
            assert anonymising.apply(found.app, store, ["4"], by="officer").anonymised == ("4",)
            assert len(store_audit.audit_entries(store)) > ENTRIES
    return found


def tampered(shop: Workshop, change: Callable[[sqlite3.Connection], None]) -> Verified:
    """What verifying finds after a change to a copy of the database; the triggers are put back as if nothing was."""
    path = shop.folder / "tampered.db"
    shutil.copy(shop.app.settings.database, path)
    with closing(sqlite3.connect(path)) as db:
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        change(db)
        for _, sql in triggers:
            db.execute(sql)
        db.commit()
    with Store(path) as store:
        return verify(store)


def test_an_untouched_log_is_sound(shop: Workshop) -> None:
    """Erased words pass with their entry; batches, claims, guards and heads fit."""
    found = tampered(shop, lambda db: None)
    assert found.sound
    assert found.first_bad is None
    assert (found.erased > 0, found.heads) == (True, 1)


def other(value: Any, text: str, number: int) -> Any:
    """Another value of the same type."""
    if isinstance(value, bytes):
        return value + b" " if not text else text.encode()
    if isinstance(value, str):
        return value + text if text else value + "x"
    return number if value != number else number + 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_single_change_is_found(shop: Workshop, data: st.DataObject) -> None:
    """Another value in any column of any row, a row taken out, or one put in twice under another number."""
    table = data.draw(st.sampled_from(TABLES))
    text, number = data.draw(st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=4)), 10**6
    found: list[tuple[Any, ...]] = []

    def change(db: sqlite3.Connection) -> None:
        cursor = db.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid")
        rows, names = cursor.fetchall(), [column[0] for column in cursor.description]
        row = data.draw(st.sampled_from(rows))
        how = data.draw(st.sampled_from(["edit", "edit", "edit", "delete"]))
        if how == "delete":
            db.execute(f"DELETE FROM {table} WHERE rowid = ?", [row[0]])
            return
        told = [name for name in names[1:] if (table, name) not in UNTOLD]
        name = data.draw(st.sampled_from(told))
        value = other(row[names.index(name, 1)], text, data.draw(st.integers(0, number)))
        found.append((name, value))
        try:
            db.execute(f"UPDATE {table} SET {name} = ? WHERE rowid = ?", [value, row[0]])
        except sqlite3.IntegrityError:  # two rows under one number: the file itself refuses that
            db.execute(f"DELETE FROM {table} WHERE rowid = ?", [row[0]])

    assert not tampered(shop, change).sound, (table, found)


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_entries_that_change_places_are_found(shop: Workshop, data: st.DataObject) -> None:
    """Their words may go with them: the first of the two is named."""
    many = ENTRIES
    first, second = sorted(data.draw(st.lists(st.integers(1, many), min_size=2, max_size=2, unique=True)))

    def swap(db: sqlite3.Connection) -> None:
        for table, key in (("audit_texts", "audit_id"), ("audit", "id")):
            for old, new in ((first, -1), (second, first), (-1, second)):
                db.execute(f"UPDATE {table} SET {key} = ? WHERE {key} = ?", [new, old])

    found = tampered(shop, swap).first_bad
    assert found
    assert found.entry == first


@pytest.mark.parametrize("cut", [1, 3, 8])
def test_an_end_cut_off_is_found_by_a_head(shop: Workshop, cut: int) -> None:
    """Even where claims, batches and words are made to fit: the first missing entry is named."""
    with shop.open_store() as store:
        head = store_audit.head(store)
    assert head
    path = shop.folder / "cut.db"
    shutil.copy(shop.app.settings.database, path)
    with closing(sqlite3.connect(path)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for table, key in (("audit_texts", "audit_id"), ("audit_erased", "erased_by"), ("audit", "id")):
            db.execute(f"DELETE FROM {table} WHERE {key} > ?", [head.entry - cut])
        db.commit()
    with Store(path) as store:
        found = verify(store, [audit.read_head(str(head), "the printed sheet")])
    assert found.faults[0].entry <= head.entry
    assert [one.entry for one in found.faults if "printed sheet" in one.says] == [head.entry - cut + 1]


def rewritten(db: sqlite3.Connection) -> None:
    """The whole chain made anew with another actor: what somebody who knows how it works can do."""
    names = "id, at, actor, subject, action, from_status, to_status, commitment, previous, digest"
    previous = audit.GENESIS
    for row in db.execute(f"SELECT {names} FROM audit ORDER BY id").fetchall():
        entry = audit.AuditEntry(*row[:2], "somebody", *row[3:8], previous)
        previous = audit.digest_of(entry)
        db.execute("UPDATE audit SET actor = 'somebody', previous = ?, digest = ? WHERE id = ?",
                   [entry.previous, previous, entry.id])  # fmt: skip


def test_a_chain_made_anew_is_found_by_the_batch_that_left(shop: Workshop) -> None:
    """The batch names a digest that the new chain has not; its own document cannot follow, for copies are outside."""
    found = tampered(shop, rewritten)
    assert found.first_bad
    assert "batch" in found.first_bad.says
    file = next(file for file in shop.files() if file.suffix == ".json")
    assert head_in(file.read_bytes(), file.name)


def test_the_guards_keep_the_log_append_only(shop: Workshop, tmp_path: Path) -> None:
    """Without taking the triggers off nothing of the log can be changed, and taking one off is found."""
    path = tmp_path / "guarded.db"
    shutil.copy(shop.app.settings.database, path)
    forbidden = [
        "UPDATE audit SET actor = 'x'", "DELETE FROM audit", "INSERT OR REPLACE INTO audit SELECT * FROM audit",
        "UPDATE audit_texts SET text = ''", "DELETE FROM audit_texts", "UPDATE audit_facts SET facts = ''",
        "INSERT OR REPLACE INTO audit_texts SELECT * FROM audit_texts WHERE audit_id = 1",
        "DELETE FROM audit_facts", "DELETE FROM audit_erased", "UPDATE audit_erased SET erased_by = 1",
    ]  # fmt: skip
    with Store(path) as store:
        for statement in forbidden:
            with pytest.raises(sqlite3.IntegrityError):
                store.execute(statement)
        store.execute("DROP TRIGGER audit_is_never_cut")
        assert verify(store).missing_guards == ["audit_is_never_cut"]


def test_years_later_what_a_claim_rested_on_can_be_seen(shop: Workshop) -> None:
    """Each entry has the facts, the fingerprint, the findings and the registrations of its moment."""
    with shop.open_store() as store:
        story = store_audit.audit_story(store, "claim:1")
    assert len(story) > 4
    assert all(entry["facts"] and entry["fingerprint"] and entry["record"] for entry in story)
    assert '"status": "approved"' in next(entry["record"] for entry in story if entry["action"] == "approve")
