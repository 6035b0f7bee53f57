"""The mock portal's books, rule by rule: registrations, doubles, closed days, verifiers, certificates."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.interchange_mock import keep
from connectors.interchange_mock.documents import SentBatch, read_batch
from connectors.interchange_mock.records import Answer, Conflict, Outcome, Terms, Unknown, picked_on_purpose
from connectors.interchange_mock.state import PortalState
from nvqsync.exports import batch_json
from nvqsync.model import BatchClaim
from tests.unit.portal_batches import CENTRE, F1, F2, NOW, a_batch, a_claim, for_units

DAY = 86_400


def _sent(*claims: BatchClaim, body: str = "OCR", id: str = "batch-1") -> SentBatch:
    return read_batch(batch_json.render(a_batch(*claims, body=body, id=id)))


def _books(*bodies: str, direct: bool = True, numbers: tuple[str, ...] = ("10000001",)) -> PortalState:
    state = PortalState(Terms(return_rate=0))
    for body in bodies or ("OCR",):
        state.set_direct_claim_status(body, CENTRE, f"{body}/03455", direct)
        for number in numbers:
            state.register(body, CENTRE, number, f"{body}/03455", name=f"Ada {number}")
    return state


def _submit(state: PortalState, *claims: BatchClaim, body: str = "OCR", now: int = NOW) -> Answer:
    return state.submit(_sent(*claims, body=body), now)[-1]


def test_a_good_claim_is_acknowledged_then_certificated() -> None:
    """The first question about it brings the certificate, and later questions the same one."""
    state = _books()
    assert _submit(state, a_claim()).outcome is Outcome.ACKNOWLEDGED
    first, again = state.ask("OCR", CENTRE, ["claim-1"], NOW), state.ask("OCR", CENTRE, ["claim-1"], NOW + DAY)
    assert first[0].outcome is Outcome.CERTIFICATED and first[0].certificate_number
    assert first == again


def test_the_same_claim_again_gets_the_same_answer() -> None:
    """A repeated key changes nothing but the count of how often it came."""
    state = _books()
    first = _submit(state, a_claim())
    assert _submit(state, a_claim()) == first
    assert [claim.received for claim in state.claims.values()] == [2]


def test_a_key_with_another_content_changes_nothing() -> None:
    """A sent claim cannot be edited, and the batch that tries is refused whole."""
    state = _books()
    _submit(state, a_claim())
    before = dict(state.claims)
    with pytest.raises(Conflict, match="claim-1"):
        _submit(state, a_claim("claim-0"), replace(a_claim(), name="Eve"))
    assert state.claims == before


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (a_claim(number="10000002"), "No entry for OCR candidate number 10000002"),
        (replace(a_claim(number=""), name="ada  10000001"), "one has been allocated"),
        (a_claim(number=""), "no entry on 03455 has this name"),
        (replace(a_claim(), name="Eve"), "name"),
        (a_claim(units=(F1, F1)), "twice"),
        (a_claim(units=(replace(F1, achieved_on=dt.date(2026, 10, 27)),)), "future"),
    ],
)
def test_a_claim_against_the_rules_is_returned_with_words(claim: BatchClaim, words: str) -> None:
    """Each published rule has its own words."""
    answer = _submit(_books(), claim)
    assert answer.outcome is Outcome.RETURNED and words in answer.words


def test_a_placeholder_learner_number_is_returned() -> None:
    """Our own document never holds one, so the document is spoilt by hand."""
    document = batch_json.render(a_batch()).replace(b"9276308686", b"9999999999")
    answer = _books().submit(read_batch(document), NOW)[0]
    assert answer.outcome is Outcome.RETURNED and "blank" in answer.words


def test_case_and_blanks_in_a_name_do_not_matter() -> None:
    """The registered name is compared as people compare names."""
    assert _submit(_books(), replace(a_claim(), name=" ADA   10000001 ")).outcome is Outcome.ACKNOWLEDGED


def test_no_full_award_twice() -> None:
    """A second key for the same award of the same candidate is returned while the first stands."""
    state = _books()
    _submit(state, a_claim())
    assert "already stands" in _submit(state, a_claim("claim-2")).words
    state.send_back("OCR", "claim-1", "Wrong units.", NOW)
    assert _submit(state, a_claim("claim-3")).outcome is Outcome.ACKNOWLEDGED


def test_no_unit_twice() -> None:
    """A unit certificate once, not again, and not after a full award that held the unit."""
    state = _books()
    assert _submit(state, for_units(a_claim("u-1", units=(F1,)))).outcome is Outcome.ACKNOWLEDGED
    assert "F/601/1609" in _submit(state, for_units(a_claim("u-2", units=(F2, F1)))).words
    assert _submit(state, a_claim("award")).outcome is Outcome.ACKNOWLEDGED
    assert "L/601/1614" in _submit(state, for_units(a_claim("u-3", units=(F2,)))).words


def test_a_units_entry_carries_no_full_award() -> None:
    """OCR: entered for units, claimed as full award: returned. Units are fine."""
    state = _books(numbers=())
    state.register("OCR", CENTRE, "10000001", "03455", entry="units")
    assert "units only" in _submit(state, a_claim("award")).words
    assert _submit(state, for_units(a_claim("units"))).outcome is Outcome.ACKNOWLEDGED


def test_an_ocr_entry_never_changes_its_kind() -> None:
    """For the full award or for units, never both; the other bodies' registrations may be corrected."""
    state = _books("OCR", "NCFE")
    with pytest.raises(Conflict):
        state.register("OCR", CENTRE, "10000001", "OCR/03455", entry="units")
    state.register("NCFE", CENTRE, "10000001", "NCFE/03455", entry="units")


@pytest.mark.parametrize(
    ("moment", "open_"), [("2026-08-31T22:59:59+00:00", True), ("2026-08-31T23:00:00+00:00", False)]
)
def test_a_qualification_closes_at_midnight_in_london(moment: str, open_: bool) -> None:
    """The last day is a day in London, and still counts."""
    state = _books()
    state.close_qualification("OCR", "03455", dt.date(2026, 8, 31))
    answer = _submit(state, a_claim(), now=int(dt.datetime.fromisoformat(moment).timestamp()))
    assert (answer.outcome is Outcome.ACKNOWLEDGED) is open_


def test_the_closed_qualifications_of_the_handbook_are_closed() -> None:
    """OCR 03454 and 03456 take no claims, whoever is registered."""
    state = _books()
    for code in ("03454", "03456"):
        state.register("OCR", CENTRE, "10000001", code)
        batch = replace(_sent(a_claim(code)), qualification=code)
        assert "closed" in state.submit(batch, NOW)[0].words


def test_without_direct_claim_status_a_verifier_comes_first() -> None:
    """OCR and NCFE claims wait, however often they are asked about; authorised, they go on."""
    for body in ("OCR", "NCFE"):
        state = _books(body, direct=False)
        assert _submit(state, a_claim(), body=body).outcome is Outcome.AWAITING_AUTHORISATION
        assert state.ask(body, CENTRE, ["claim-1"] * 9, NOW)[-1].outcome is Outcome.AWAITING_AUTHORISATION
        assert state.authorise(body, "claim-1", NOW).outcome is Outcome.ACKNOWLEDGED
        assert state.ask(body, CENTRE, ["claim-1"], NOW)[0].outcome is Outcome.CERTIFICATED


def test_edi_wants_the_sign_off_before_the_claim() -> None:
    """Without it the claim is returned, with it acknowledged; there is no waiting on Campus."""
    state = _books("EDI", direct=False)
    assert "sign-off" in _submit(state, a_claim("early"), body="EDI").words
    state.sign_off("EDI", CENTRE, "EDI/03455", "10000001")
    assert _submit(state, a_claim("late"), body="EDI").outcome is Outcome.ACKNOWLEDGED


def test_ncfe_takes_units_by_reference_only() -> None:
    """A body code in an NCFE claim is returned."""
    batch = replace(_sent(a_claim()), awarding_body="NCFE")
    assert "reference" in _books("NCFE").submit(batch, NOW)[0].words


@pytest.mark.parametrize(("polls", "seconds"), [(0, 0), (3, 0), (1, 2 * DAY), (2, DAY)])
def test_a_certificate_takes_its_time(polls: int, seconds: int) -> None:
    """It comes at the given question, not before the given seconds have gone by."""
    state = _books()
    state.terms = Terms(return_rate=0, issue_after_polls=polls, issue_after_seconds=seconds)
    outcomes = [_submit(state, a_claim()).outcome]
    outcomes += [state.ask("OCR", CENTRE, ["claim-1"], NOW)[0].outcome for _ in range(polls)]
    early = outcomes[-1] is Outcome.CERTIFICATED
    assert early is (seconds == 0) and Outcome.CERTIFICATED not in outcomes[:-1]
    assert state.ask("OCR", CENTRE, ["claim-1"], NOW + seconds)[0].outcome is Outcome.CERTIFICATED


def test_a_certificated_claim_cannot_be_sent_back() -> None:
    """The verifier is too late."""
    state = _books()
    _submit(state, a_claim())
    state.ask("OCR", CENTRE, ["claim-1"], NOW)
    with pytest.raises(Conflict):
        state.send_back("OCR", "claim-1", "Sorry.", NOW)


def test_another_centre_learns_nothing() -> None:
    """A key asked about from elsewhere is not found, nor brought nearer to its certificate."""
    state = _books()
    _submit(state, a_claim())
    assert state.ask("OCR", "99999", ["claim-1", "never"], NOW)[0].outcome is Outcome.NOT_FOUND
    assert next(iter(state.claims.values())).asked == 0


def test_unknown_bodies_and_claims_are_named() -> None:
    """Asking for what is not there says so."""
    with pytest.raises(Unknown, match="VTCT"):
        _books().ask("VTCT", CENTRE, [], NOW)
    with pytest.raises(Unknown, match="never"):
        _books().authorise("OCR", "never", NOW)


def test_about_one_good_claim_in_twenty_is_returned_on_purpose() -> None:
    """The share is near the rate, the choice depends on seed and key alone, and rate 0 returns none."""
    keys = [f"claim-{number}" for number in range(4000)]
    picked = [key for key in keys if picked_on_purpose(Terms(seed=7), key)]
    assert 150 <= len(picked) <= 250
    assert picked == [key for key in keys if picked_on_purpose(Terms(seed=7), key)]
    assert picked != [key for key in keys if picked_on_purpose(Terms(seed=8), key)]
    assert not any(picked_on_purpose(Terms(return_rate=0), key) for key in keys)
    assert all(picked_on_purpose(Terms(return_rate=1), key) for key in keys)


def test_a_claim_returned_on_purpose_has_a_reason() -> None:
    """It reads like a real return, and the claim may be made anew under another key."""
    state = _books()
    state.terms = Terms(return_rate=1)
    assert len(_submit(state, a_claim()).words) > 20
    state.terms = Terms(return_rate=0)
    assert _submit(state, a_claim("claim-2")).outcome is Outcome.ACKNOWLEDGED


def test_kept_books_open_as_they_were_closed(tmp_path: Path) -> None:
    """Saved and loaded, the books read the same and go on by the same rules."""
    state = _books("OCR", "EDI", numbers=("10000001", "10000002"))
    state.sign_off("EDI", CENTRE, "EDI/03455", "10000001")
    _submit(state, a_claim(), a_claim("claim-2", "10000002"))
    state.ask("OCR", CENTRE, ["claim-1"], NOW)
    keep.save(state, tmp_path / "books.json")
    again = keep.load(tmp_path / "books.json")
    again.terms = state.terms
    assert keep.books(again) == keep.books(state) and again == state
    assert "already stands" in _submit(again, a_claim("claim-9")).words
    assert (tmp_path / "books.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"serial": 1, "registrations": [{}]}'])
def test_a_file_of_another_kind_is_no_book(tmp_path: Path, content: str) -> None:
    """It raises ValueError, and the file stays as it was."""
    path = tmp_path / "books.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"."):
        keep.load(path)
    assert path.read_text() == content
