"""What people record, decided on one claim: where it leads, that twice is once, and that nothing is overwritten."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.claims import RECORDED, TRANSITIONS, Status
from nvqsync.errors import InputError, NotAllowed
from nvqsync.handover.hand_records import WORDS, Record, decide
from nvqsync.holding import BY_PERSON, REASONS, HoldCode
from nvqsync.proposing import Claim
from tests.unit.claim_records import ENOUGH, TODAY, claim, row

MET = row(*ENOUGH)
statuses = st.sampled_from(list(Status))


def record(word: str, *, on: dt.date = TODAY, **fields: str) -> Record:
    """A record with all it needs."""
    number = "C-1" if word == "certificated" else ""
    return Record(**{"claim": "1", "word": word, "on": on, "certificate": number, "words": "As heard.", **fields})  # type: ignore[arg-type]


def after(one: Claim, record_: Record) -> Claim:
    """The claim once the record was saved; the very same where it changes nothing."""
    step = decide(one, record_, by="officer")
    return replace(one, status=step.status, **step.fields) if step else one  # type: ignore[arg-type]


@given(statuses, st.sampled_from(sorted(RECORDED)))
def test_a_record_leads_where_the_table_says_and_nowhere_else(status: Status, word: str) -> None:
    """A fresh claim in any status: the table's target, or a refusal."""
    one, event = claim(MET, status), RECORDED[word]
    if event in TRANSITIONS[status]:
        assert after(one, record(word)).status is TRANSITIONS[status][event]
    elif word in {"acknowledged", "awaiting"} and status is TRANSITIONS[Status.SUBMITTED][event]:
        assert decide(one, record(word), by="officer") is None
    else:
        with pytest.raises(NotAllowed):
            decide(one, record(word), by="officer")


@given(statuses, st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 3)), max_size=8))
def test_the_same_record_twice_is_the_same_as_once(status: Status, told: list[tuple[str, int]]) -> None:
    """After any history, what has just been recorded changes nothing when it is recorded again."""
    one = claim(MET, status)
    for word, days in told:
        said = record(word, on=TODAY - dt.timedelta(days=days), who="J. Exams")
        try:
            one = after(one, said)
        except NotAllowed:
            continue
        assert decide(one, said, by="somebody else") is None


@pytest.mark.parametrize("word", ["keyed", "received", "handed_over"])
def test_what_is_recorded_changes_only_as_a_correction(word: str) -> None:
    """With a reason, and with what stood there before in the words for the log."""
    start = Status.EXPORTED if word == "keyed" else Status.CERTIFICATED
    one = after(claim(MET, start), record(word, on=TODAY - dt.timedelta(days=1)))
    with pytest.raises(NotAllowed, match="already"):
        decide(one, record(word), by="officer")
    with pytest.raises(NotAllowed, match="reason"):
        decide(one, record(word, words=""), by="officer", correct=True)
    step = decide(one, record(word), by="officer", correct=True)
    assert step is not None
    assert (step.status, step.fields[f"{word}_on"]) == (one.status, TODAY.isoformat())
    assert (TODAY - dt.timedelta(days=1)).isoformat() in step.says


def test_a_certificate_is_not_handed_over_before_it_arrived() -> None:
    """Nor received before it was issued."""
    one = claim(MET, Status.CERTIFICATED, certificated_on="2026-11-10", received_on="2026-11-15")
    for word, day in (("handed_over", "2026-11-14"), ("received", "2026-11-09")):
        with pytest.raises(NotAllowed):
            decide(replace(one, received_on="") if word == "received" else one,
                   record(word, on=dt.date.fromisoformat(day)), by="officer")  # fmt: skip


@pytest.mark.parametrize(
    ("body", "route", "authorised", "said", "marked"),
    [("OCR", "direct", "", None, True), ("OCR", "authorisation", "", None, False), ("NCFE", "direct", "", None, False),
     ("OCR", "direct", "2026-11-01", None, False), ("OCR", "direct", "", False, False),
     ("EDI", "authorisation", "", True, True)],
)  # fmt: skip
def test_a_certificate_is_provisional_as_it_went_or_as_is_said(
    body: str, route: str, authorised: str, said: bool | None, marked: bool
) -> None:
    """OCR's under direct claim status are; a person's word counts more; and only such a one can be confirmed, once."""
    one = claim(MET, Status.SUBMITTED, awarding_body=body, authorised_on=authorised)
    told = replace(record("certificated"), provisional=said)
    step = decide(one, told, by="officer", route=route)
    assert step is not None
    assert (step.fields["provisional"], "provisional" in step.says) == (marked, marked)
    done = replace(one, status=step.status, **step.fields)  # type: ignore[arg-type]
    assert decide(done, told, by="officer", route=route) is None
    if not marked:
        with pytest.raises(NotAllowed, match="not provisional"):
            decide(done, record("confirmed"), by="officer")
        return
    confirmed = after(done, record("confirmed"))
    assert (confirmed.provisional, confirmed.confirmed_on) == (False, TODAY.isoformat())
    assert after(confirmed, record("confirmed")) == confirmed


def test_a_record_must_hold_what_belongs_to_it() -> None:
    """A number with a certificate, words with a return, a day that has been."""
    for bad in (
        record("certificated", certificate=""), record("returned", words=" "), record("keyed", certificate="C-1"),
        record("keyed", on=TODAY + dt.timedelta(days=1)), record("dreamt"),
        replace(record("received"), provisional=True),
    ):  # fmt: skip
        with pytest.raises(InputError):
            bad.check(TODAY)
    for word in WORDS:
        record(word).check(TODAY)


def test_every_hold_code_says_what_it_means() -> None:
    """And the regulator's codes are of its two kinds: not issued, issued late."""
    assert set(REASONS) == set(HoldCode) - {HoldCode.NONE}
    assert HoldCode.OTHER in BY_PERSON
    assert HoldCode.MAPPING_LOST not in BY_PERSON
    assert all(not reason.regulator or reason.regulator[0] in "NL" for reason in REASONS.values())
