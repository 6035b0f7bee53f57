"""Declarations and notes, as an approver meets them: at approval, after a hold, and at the export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nvqsync.answering import Said
from nvqsync.claims import Event, Status
from nvqsync.errors import UnknownName
from nvqsync.review import act
from nvqsync.storage import store_claims, store_declarations
from tests.rehearsal import Rehearsal, rehearsing
from tests.workshop import UNITS, Workshop, everything, workshop

ASKED = ["candidate", "evidence", "ocr/evidence", "ocr/records"]
NOTE = ("--note", "Observed at work, 9 November.")


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """Two learners with a claim each that nothing blocks."""
    with rehearsing(tmp_path) as found:
        for learner in (0, 1):
            found.college.finish(learner)
        found.run("sync")
        found.register(0, 1)
        yield found


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    """One learner with a claim that nothing blocks."""
    with workshop(tmp_path, 2) as found:
        found.lms.grade(1, *UNITS[:6])
        found.sync()
        found.register(1)
        yield found


def story(rehearsal: Rehearsal, claim_id: int = 1) -> dict[str, Any]:
    shown: dict[str, Any] = rehearsal.run("claims", "show", str(claim_id), "--json").json
    return shown


def statuses(rehearsal: Rehearsal) -> list[str]:
    return [claim["status"] for claim in rehearsal.claims()]


def test_a_claim_is_refused_until_everything_is_said(rehearsal: Rehearsal) -> None:
    """Each declaration not made and each caution without a note is named, with the command that says it."""
    assert [one["id"] for one in story(rehearsal)["declarations"]] == ASKED
    bare = rehearsal.run("claims", "approve", "1")
    assert bare.status == 1
    for name in (*ASKED, "EV/method", '--note "..."', "nvqsync claims show 1"):
        assert name in bare.out
    some = rehearsal.run("claims", "approve", "1", "--declare", "candidate", "--declare", "evidence", *NOTE)
    assert some.status == 1
    assert "not made: ocr/evidence, ocr/records." in some.out
    unnoted = rehearsal.run("claims", "approve", "1", "--declare", "all", "--note", "   ")
    assert "cautions without a note: EV/method." in unnoted.out
    assert statuses(rehearsal) == ["proposed", "proposed"]
    assert all(one["said_by"] is None for one in story(rehearsal)["declarations"])


def test_what_was_said_is_stored_with_who_and_when(rehearsal: Rehearsal) -> None:
    """The claim shows it, the audit log tells it in full, and the chain is whole."""
    done = rehearsal.run("claims", "approve", "1", "--declare", "all", *NOTE)
    assert done.status == 0
    assert "Declared, ocr/records: The candidate and the assessor signed" in done.err
    shown = story(rehearsal)
    assert all(one["said_by"] and one["said_at"] for one in shown["declarations"])
    (note,) = shown["notes"]
    assert (note["note"], note["about"], note["stands"]) == (NOTE[1], ["EV/method"], True)
    told = {entry["action"]: entry["why"] for entry in shown["history"]}
    assert all(one["says"] in told["declare"] for one in shown["declarations"])
    assert told["note"] == f"On EV/method: {NOTE[1]}"
    assert "Note by" in rehearsal.run("claims", "show", "1").out
    assert rehearsal.run("audit", "verify").status == 0


def test_a_batch_is_declared_at_once(rehearsal: Rehearsal) -> None:
    """With --all-ready the declarations are printed once, and made and noted for each claim."""
    done = rehearsal.run("claims", "approve", "--all-ready", "--declare", "all", *NOTE)
    assert done.status == 0
    assert done.err.count("Declared, candidate") == 1
    for claim_id in (1, 2):
        shown = story(rehearsal, claim_id)
        assert [one["id"] for one in shown["declarations"] if one["said_by"]] == ASKED
        assert [note["note"] for note in shown["notes"]] == [NOTE[1]]


def test_a_dry_run_declares_nothing(rehearsal: Rehearsal) -> None:
    """It says whether enough was said, and writes neither declaration nor note."""
    assert rehearsal.run("claims", "approve", "1", "--dry-run").status == 1
    assert rehearsal.run("claims", "approve", "1", "--dry-run", "--declare", "all", *NOTE).status == 0
    shown = story(rehearsal)
    assert (shown["status"], shown["notes"]) == ("proposed", [])
    assert not any(one["said_by"] for one in shown["declarations"])


def test_an_unknown_declaration_is_named(rehearsal: Rehearsal) -> None:
    """A misspelt id stops everything before any claim is touched, with the nearest one."""
    wrong = rehearsal.run("claims", "approve", "1", "--declare", "ocr/record", *NOTE)
    assert wrong.status == 2
    assert "no declaration 'ocr/record'. Did you mean ocr/records" in wrong.err
    assert statuses(rehearsal) == ["proposed", "proposed"]


def test_a_claim_back_from_hold_is_asked_only_for_what_changed(shop: Workshop) -> None:
    """On the same facts nothing is asked again; after the registration changed, everything is."""
    (claim_id,) = shop.approve_all()
    shop.act(Event.HOLD, claim_id)
    shop.act(Event.RELEASE, claim_id)
    with shop.open_store() as store:
        (again,) = act(shop.app, store, [claim_id], Event.APPROVE, by="officer")
    assert not again.refused
    shop.register(1, name="Sasha Renamed")
    shop.act(Event.RELEASE, claim_id)
    with shop.open_store() as store:
        (refused,) = act(shop.app, store, [claim_id], Event.APPROVE, by="officer")
    assert all(name in refused.refused for name in (*ASKED, "EV/method", "ID-10/name"))
    (done,) = shop.act(Event.APPROVE, claim_id)
    assert not done.refused


def test_a_new_caution_asks_for_a_note_and_for_nothing_else(shop: Workshop) -> None:
    """An approved claim that a new caution finds goes on hold; released, it wants a note on that caution alone."""
    (claim_id,) = shop.approve_all()
    item = shop.lms.items["i-F1"]
    shop.lms.items["i-F1"] = type(item)(**{name: getattr(item, name) for name in item.__slots__} | {"hidden": True})
    shop.sync()
    (held,) = shop.claims(Status.ON_HOLD)
    assert "now standing: LMS-6" in held.hold_reason
    shop.act(Event.RELEASE, claim_id)
    with shop.open_store() as store:
        (refused,) = act(shop.app, store, [claim_id], Event.APPROVE, by="officer")
        assert "without a note: LMS-6." in refused.refused
        assert "declarations" not in refused.refused
        (done,) = act(shop.app, store, [claim_id], Event.APPROVE, by="officer", said=Said(note="Hidden on purpose."))
    assert not done.refused


def test_an_export_holds_what_was_not_said(shop: Workshop) -> None:
    """A claim that came to be approved without declarations or note stays here, on hold, saying which are missing."""
    (claim,) = shop.claims()
    with shop.open_store() as store:
        store_claims.change_claim(
            store, claim, Status.APPROVED, at=1, actor="officer", action="approve", why="By hand."
        )
    report = shop.export()
    assert (report.held, report.batches) == ([claim.id], [])
    (held,) = shop.claims(Status.ON_HOLD)
    assert all(name in held.hold_reason for name in (*ASKED, "EV/method"))
    assert shop.faults() == []


def test_what_was_declared_is_never_edited(shop: Workshop) -> None:
    """The database itself refuses to change a declaration."""
    (claim_id,) = shop.approve_all()
    with shop.open_store() as store:
        with pytest.raises(Exception, match="declarations are append-only"):
            store.execute("UPDATE declarations_made SET said_by = 'nobody'")
        assert {one.said_by for one in store_declarations.answers(store, claim_id).declared} == {"officer"}


def test_declaring_more_than_is_asked_does_no_harm(shop: Workshop) -> None:
    """In a batch each claim takes what it asks for; the rest is not recorded for it."""
    (claim,) = shop.claims()
    with shop.open_store() as store:
        with pytest.raises(UnknownName, match="no declaration"):
            act(shop.app, store, [claim.id], Event.APPROVE, by="officer", said=Said(frozenset({"nonsense"})))
        act(shop.app, store, [claim.id], Event.APPROVE, by="officer", said=everything(shop.app))
        declared = store_declarations.answers(store, claim.id).declared
    assert [one.declaration for one in declared] == ASKED
