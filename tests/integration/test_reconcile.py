"""What a reconcile learns of claims that went out, long after too, and what it leaves for a person to tick off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from nvqsync import hookimpl
from nvqsync.claims import Event, Status
from nvqsync.errors import NotAllowed
from nvqsync.exporting import export
from nvqsync.handover.reconciling import ExportReport, reconcile
from nvqsync.hookspecs import PortalConnector, PortalOffer
from nvqsync.model import Answer, Batch, Outcome, SiteFacts
from nvqsync.plugin_manager import load_plugins
from nvqsync.settings import Portal as PortalSettings
from nvqsync.storage import store_audit, store_claims
from tests.rehearsal import answer
from tests.workshop import CENTRE, NOON, PLUGIN, Workshop, ready_to_export, workshop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    """Two claims, certificated."""
    with workshop(tmp_path, 2) as found:
        ready_to_export(found, (1, 2))
        found.finish()
        yield found


def ask(shop: Workshop, *, certificates: bool) -> ExportReport:
    """``nvqsync reconcile``, with or without ``--certificates``."""
    connector = shop.connector
    try:
        with shop.open_store() as store:
            return reconcile(shop.app, store, connector, by="officer", certificates=certificates)
    finally:
        connector.close()


def test_a_revoked_certificate_is_recorded_with_its_reason(shop: Workshop) -> None:
    """Only where it is asked about; the other certificate stands."""
    first, second = shop.claims()
    with shop.portal.open_books() as books:
        books.revoke("OCR", first.key, "Granted in error.", NOON)
    assert ask(shop, certificates=False).answers == {}
    assert ask(shop, certificates=True).answers == {"revoked": 1}
    now, other = shop.claims()
    assert (now.status, now.portal_words, now.certificate_number) == (
        Status.REVOKED, "Granted in error.", first.certificate_number,
    )  # fmt: skip
    assert now.revoked_on
    assert other.status is second.status is Status.CERTIFICATED
    with shop.open_store() as store:
        assert store_audit.audit_story(store, f"claim:{now.id}")[-1]["to_status"] == "revoked"
    assert shop.faults() == []
    assert ask(shop, certificates=True).answers == {}


def test_a_provisional_certificate_is_confirmed_when_the_portal_says_so(shop: Workshop) -> None:
    """Claimed under direct claim status both are provisional; a visit confirms the first, and asking again tells."""
    first, second = shop.claims()
    assert (first.provisional, second.provisional) == (True, True)
    with shop.portal.open_books() as books:
        books.confirm("OCR", first.key, NOON)
    assert ask(shop, certificates=True).answers == {"confirmed": 1}
    now, other = shop.claims()
    assert (now.status, now.provisional, now.confirmed_on) == (Status.CERTIFICATED, False, shop.app.today.isoformat())
    assert other == second
    assert ask(shop, certificates=True).answers == {}
    assert shop.faults() == []


def test_a_certificate_the_portal_does_not_know_is_a_problem_and_is_not_sent_again(shop: Workshop) -> None:
    """It forgot everything: a person is told, no batch is opened again, nothing goes twice."""
    shop.portal.forget()
    report = ask(shop, certificates=True)
    assert len(report.problems) == 2
    assert "says not found, and here it is certificated. Nothing was changed. Ask the body" in report.problems[0]
    assert {claim.status for claim in shop.claims()} == {Status.CERTIFICATED}
    shop.finish()
    assert shop.books() == {}


class Says:
    """A portal that tells of certificates as it is made to, by claim key."""

    def __init__(self, **numbers: str) -> None:
        self.numbers = numbers

    def submit(self, batch: Batch, document: bytes) -> Sequence[Answer]:
        """Nobody hands it anything."""
        raise NotImplementedError

    def ask(self, awarding_body: str, centre_number: str, keys: Sequence[str]) -> Sequence[Answer]:
        """Certificated, each under its number."""
        return [Answer(key, Outcome.CERTIFICATED, certificate_number=self.numbers[key]) for key in keys]

    def close(self) -> None:
        """Nothing is open."""


def told(shop: Workshop, numbers: Sequence[str]) -> list[str]:
    """The problems of a reconcile with certificates, where the portal gives these numbers to claims 1, 2, ..."""
    portal = Says(**{claim.key: number for claim, number in zip(shop.claims(), numbers, strict=True)})
    with shop.open_store() as store:
        return reconcile(shop.app, store, portal, by="officer", certificates=True).problems


def test_a_certificate_under_another_number_is_told_and_changes_nothing(shop: Workshop) -> None:
    """The portal says a number today and another one tomorrow, or that of another claim: a person reads the paper."""
    before = shop.claims()
    first, second = (claim.certificate_number for claim in before)
    (other,) = told(shop, ["C-OTHER", second])
    assert "C-OTHER" in other and first in other and "claims record certificated 1" in other
    assert [("recorded for claim" in says) for says in told(shop, [second, first])] == [True, True]
    assert told(shop, [first, second]) == []
    assert shop.claims() == before


def test_two_claims_never_share_a_certificate(shop: Workshop) -> None:
    """Of two claims certificated in one answer under one number the first has it, and the second waits for a person."""
    with shop.open_store() as store, store.writing():
        for claim in store_claims.claims(store):
            store_claims.change_claim(store, claim, Status.ACKNOWLEDGED, at=NOON, actor="test", action="acknowledge",
                                      why="", certificate_number="")  # fmt: skip
    (says,) = told(shop, ["C-1", "C-1"])
    assert "Claim 2" in says and "recorded for claim 1" in says
    assert [(claim.status.value, claim.certificate_number) for claim in shop.claims()] == [
        ("certificated", "C-1"), ("acknowledged", ""),
    ]  # fmt: skip


def test_a_recalled_certificate_stays_recalled_while_the_portal_still_shows_it(shop: Workshop) -> None:
    """What a person asked the body to take back stays on their list; another certificate is news."""
    assert shop.record("recalled", 1).changed
    numbers = [claim.certificate_number for claim in shop.claims()]
    assert told(shop, numbers) == []
    assert [claim.status for claim in shop.claims()] == [Status.RECALLED, Status.CERTIFICATED]
    assert [one.claims for one in ask(shop, certificates=True).tick_off] == [(1,)]


# ---------------------------------------------------------------- what the portal may say


@pytest.fixture
def approved(tmp_path: Path) -> Iterator[Workshop]:
    """Four approved claims; the portal thinks that the centre has no direct claim status."""
    with workshop(tmp_path, 4) as found:
        ready_to_export(found, (1, 2, 3, 4))
        with found.portal.open_books() as books:
            books.set_direct_claim_status("OCR", CENTRE, "03455", held=False)
        yield found


def test_each_answer_takes_its_claim_where_it_says(approved: Workshop) -> None:
    """Waiting for the verifier, authorised, certificated with number and day, returned in the portal's words."""
    assert approved.export().answers == {"awaiting_authorisation": 4}
    first, second, third, _ = approved.claims()
    approved.portal.change_terms(issue_after_polls=2)
    with approved.portal.open_books() as books:
        books.authorise("OCR", first.key, NOON)
        books.send_back("OCR", second.key, "Unit F1:\nno witness – see report №7.", NOON)
    assert approved.reconcile().answers == {"acknowledged": 1, "returned": 1}
    with approved.portal.open_books() as books:
        books.authorise("OCR", third.key, NOON)
    assert approved.reconcile().answers == {"certificated": 1, "acknowledged": 1}
    one, two, three, four = approved.claims()
    assert [claim.status.value for claim in (one, two, three, four)] == [
        "certificated", "returned", "acknowledged", "awaiting_authorisation",
    ]  # fmt: skip
    assert one.certificate_number == approved.books()[one.key]["certificate_number"] != ""
    assert one.certificated_on == approved.books()[one.key]["on"]
    assert two.portal_words == "Unit F1:\nno witness – see report №7."
    assert {claim.reference for claim in (one, two, three, four)} == {
        book["reference"] for book in approved.books().values()
    }
    with approved.open_store() as store:
        assert two.portal_words in store_audit.audit_story(store, f"claim:{two.id}")[-1]["text"]


def test_claims_passed_over_are_unknown_until_asked_about(approved: Workshop) -> None:
    """Half an answer: the other half is asked about, and nothing is sent again."""
    approved.portal.faults.add("partial_answer", on="batches")
    assert approved.export().answers == {"awaiting_authorisation": 2, "unknown": 2}
    assert approved.reconcile().answers == {"awaiting_authorisation": 2}
    assert {book["received"] for book in approved.books().values()} == {1}


def test_an_answer_about_a_claim_we_do_not_know_is_told(approved: Workshop) -> None:
    """It is a problem for a person, changes nothing and does not keep the other answers back."""
    approved.portal.faults.add("stranger", on="batches")
    report = approved.export()
    assert report.answers == {"awaiting_authorisation": 4}
    assert ["a-claim-nobody-sent" in problem for problem in report.problems] == [True]
    assert len(approved.claims()) == 4


def test_a_changed_claim_is_handed_back_as_it_is_stored(approved: Workshop) -> None:
    """Whoever changes a claim goes on with what the database now holds, without reading it again."""
    with approved.open_store() as store, store.writing():
        changed = store_claims.change_claim(
            store, store_claims.claim(store, 1), Status.ON_HOLD, at=NOON + 60, actor="officer", action="hold",
            why="Asked.", hold_reason="Asked.", hold_code="other", reference="R-1",
        )  # fmt: skip
        assert changed == store_claims.claim(store, 1)
        with pytest.raises(NotAllowed):
            store_claims.change_claim(store, replace(changed, version=1), Status.PROPOSED, at=NOON, actor="officer",
                                      action="release", why="")  # fmt: skip


# ---------------------------------------------------------------- what is left for a person


def without_portal(shop: Workshop) -> None:
    """From now on the settings name no portal: batches are keyed by hand."""
    settings = shop.app.settings.model_copy(update={"portal": PortalSettings(name="")})
    shop.app = replace(shop.app, settings=settings)


def by_hand(shop: Workshop, work: Callable[..., ExportReport]) -> ExportReport:
    """An export or a reconcile with no portal at hand."""
    with shop.open_store() as store:
        return work(shop.app, store, None, by="officer")


def test_without_a_portal_a_person_is_told_what_to_key_and_look_up(approved: Workshop) -> None:
    """First to key, then to look up; a claim that the body certificated leaves the list."""
    without_portal(approved)
    (batch,) = by_hand(approved, export).batches
    (to_key,) = by_hand(approved, reconcile).tick_off
    assert (to_key.batch, to_key.status, to_key.claims) == (batch["id"], "exported", (1, 2, 3, 4))
    assert "record keyed" in to_key.says
    assert approved.record("keyed", 2).changed and approved.record("keyed", 3).changed
    assert by_hand(approved, export).batches == []  # what is left is not put into another batch
    still, heard = by_hand(approved, reconcile).tick_off
    assert (still.claims, heard.status, heard.claims) == ((1, 4), "submitted", (2, 3))
    assert approved.record("returned", 2).changed
    assert [one.claims for one in by_hand(approved, reconcile).tick_off] == [(1, 4), (3,)]


def test_what_nobody_answers_for_is_left_for_a_person(approved: Workshop) -> None:
    """Unknown claims, and one that the body was asked to take out; those that wait with the portal are its to tell."""
    approved.portal.faults.add("partial_answer", on="batches")
    approved.export()
    assert approved.record("recalled", 1).changed
    (recalled,) = approved.reconcile().tick_off
    assert (recalled.status, recalled.claims) == ("recalled", (1,)) and "claims withdraw" in recalled.says


def test_unknown_claims_are_looked_up_by_a_person_where_no_portal_is_left_to_ask(approved: Workshop) -> None:
    """The settings lost their portal after an answer was lost."""
    approved.portal.faults.add("lost_answer", on="batches")
    approved.export()
    without_portal(approved)
    (unknown,) = by_hand(approved, reconcile).tick_off
    assert (unknown.status, unknown.claims) == ("unknown", (1, 2, 3, 4)) and "claims record" in unknown.says


def test_the_list_is_told_though_the_portal_fails_altogether(approved: Workshop) -> None:
    """The portal refuses every question: a person still learns what is theirs to do, then what to mend; status 3."""
    approved.portal.faults.add("partial_answer", on="batches")
    approved.export()
    approved.for_commands()
    command = ["--config", str(approved.folder / "csv_folder.toml"), "reconcile"]
    for as_json in ([], ["--json"]):
        approved.portal.faults.add("refused", on="query")
        told = answer(*command, *as_json)
        assert (told.status, told.err.count("may not send")) == (3, 1)
        assert told.err.endswith("Ask the awarding body, then try again.\n")
        assert "unknown" in told.out and "look them up" in told.out
    assert [one["claims"] for one in told.json["tick_off"]] == [[3, 4]]


class OnlyNcfe:
    """A portal that reaches one body."""

    @hookimpl
    def register_portals(self, register: Callable[[PortalOffer], None]) -> None:
        """Offer it."""
        register(PortalOffer("only_ncfe", ("NCFE",), self.open))

    def open(self, settings: object) -> PortalConnector:
        """Nobody asks for it here."""
        raise NotImplementedError


def test_a_portal_is_handed_only_the_bodies_it_reaches(approved: Workshop) -> None:
    """OCR's claims are written, kept from the portal that knows nothing of OCR, and listed to be keyed."""
    settings = approved.app.settings.model_copy(update={"portal": PortalSettings(name="only_ncfe")})
    known = load_plugins(extra=[PLUGIN, OnlyNcfe()], entry_points=False)
    approved.app = replace(approved.app, settings=settings, plugins=known)
    report = approved.export()
    assert [batch["claims"] for batch in report.batches] == [4] and report.answers == {}
    assert [one.status for one in approved.reconcile().tick_off] == ["exported"]
    assert approved.books() == {}


# ---------------------------------------------------------------- what is approved meanwhile


def test_what_is_approved_while_facts_are_read_goes_with_the_next_export(
    approved: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has read that claim's facts again: it waits, and then it goes."""
    approved.act(Event.HOLD, 4)
    approved.act(Event.RELEASE, 4)
    read = approved.lms.check

    def meanwhile() -> SiteFacts:
        approved.act(Event.APPROVE, 4)
        return read()

    with monkeypatch.context() as busy:
        busy.setattr(approved.lms, "check", meanwhile)
        assert approved.export().answers == {"awaiting_authorisation": 3}
    assert approved.claims()[3].status is Status.APPROVED
    assert approved.export().answers == {"awaiting_authorisation": 1}
