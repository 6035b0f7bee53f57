"""The gates about who a candidate is to a body, and the numbers behind them, each just right and just wrong."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.check_characters import uci_check_letter, uci_misfit, uln_misfit
from nvqsync.gates import Severity, run_gates
from nvqsync.gating.candidate_gates import CANDIDATE_GATES, age_on
from nvqsync.gating.candidate_numbers import number_misfit
from nvqsync.gating.core_gates import CORE_GATES
from nvqsync.model import ClaimKind, EarlierClaim
from tests.unit.claim_records import LEARNER, REGISTRATION, TODAY, facts, qualification

ULN = "1000000094"
CERTIFICATED = EarlierClaim(5, "OCR/90002", ClaimKind.FULL_AWARD, ("F/601/1609",), "10000007", certificated=True)
DAY = dt.timedelta(days=1)


def registered(**changes: Any) -> dict[str, Any]:
    return {"registrations": (replace(REGISTRATION, **changes),)}


def learner(**changes: Any) -> dict[str, Any]:
    return {"learner": replace(LEARNER, **changes)}


def level_3(born: dt.date | None) -> dict[str, Any]:
    there = replace(qualification(), id="OCR/03456")
    return {"qualification": there, **registered(date_of_birth=born), **learner(date_of_birth=None)}


# Gate id: [facts that just pass], [facts that just fail], and a word its sentence must hold.
CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], str]] = {
    "ENT-2/end": ([registered(end=TODAY), {"registrations": ()}], [registered(end=TODAY - DAY)], "extend"),
    "ENT-7": (
        [level_3(dt.date(2010, 9, 14)), level_3(None)],
        [level_3(dt.date(2010, 9, 15))],
        "Younger than 16",
    ),
    "ID-05/registered": (
        [{**registered(uln=ULN)}, {**registered(uln=""), "foreign_ulns": frozenset({ULN})}],
        [{**registered(uln="100 000 0094"), "foreign_ulns": frozenset({ULN})}],
        "another learner",
    ),
    "ID-06/other": (
        [learner(uln=ULN), {**learner(uln=""), "foreign_ulns": frozenset({ULN})}],
        [{**learner(uln="1000000094 "), "foreign_ulns": frozenset({ULN})}],
        "left out",
    ),
    "ID-09": (
        [
            {"earlier": (CERTIFICATED,)},
            registered(candidate_number=""),
            {**registered(candidate_number=""), "earlier": (replace(CERTIFICATED, certificated=False),)},
        ],
        [{**registered(candidate_number=""), "earlier": (CERTIFICATED,)}],
        "Look it up",
    ),
    "ID-09/two": (
        [{"earlier": (CERTIFICATED, replace(CERTIFICATED, candidate_number=""))}],
        [{"earlier": (replace(CERTIFICATED, candidate_number="10000008"),)}],
        "2 candidate numbers",
    ),
    "ID-10/number": (
        [registered(candidate_number="10000007"), registered(candidate_number="")],
        [registered(candidate_number=number) for number in ("1234", "1000007", "681990012058G", "O0000007")],
        "eight digits",
    ),
    "ID-11": (
        [learner(candidate_number="681990012058G"), learner(candidate_number="1234")],
        [learner(candidate_number="68199 0 01 2058 H")],
        "check letter",
    ),
}


def found(changes: dict[str, Any]) -> dict[str, str]:
    return {finding.id: finding.says for finding in run_gates(CANDIDATE_GATES, facts(**changes))}


def test_every_gate_has_its_cases_and_an_id_of_its_own() -> None:
    """No gate goes untested, and none has the id of a shared one."""
    ids = [gate.id for gate in CANDIDATE_GATES]
    assert sorted(CASES) == sorted(ids)
    assert len({*ids, *(gate.id for gate in CORE_GATES)}) == len(ids) + len(CORE_GATES)
    assert found({}) == {}


@pytest.mark.parametrize("gate_id", CASES)
def test_a_gate_lets_through_what_just_passes_and_finds_what_just_fails(gate_id: str) -> None:
    """Each with a word that says what to do, and no number repeated."""
    passing, failing, word = CASES[gate_id]
    for changes in passing:
        assert gate_id not in found(changes), changes
    for changes in failing:
        says = found(changes)[gate_id]
        assert word in says
        assert ULN not in says


def test_which_of_them_block() -> None:
    """An unknown age and a mistyped UCI are for a person to weigh; a wrong number would go out wrong."""
    blocks = {gate.id for gate in CANDIDATE_GATES if gate.severity is Severity.BLOCKS}
    assert blocks == {"ENT-2/end", "ID-05/registered", "ID-09", "ID-10/number"}


def test_anothers_uln_is_left_out_of_the_claim() -> None:
    """The registered number goes first; one recorded as somebody else's is none at all."""
    other = "1000000108"
    assert facts(**registered(uln=other), **learner(uln=ULN), foreign_ulns=frozenset({ULN})).uln == other
    assert facts(**registered(uln=""), **learner(uln=ULN), foreign_ulns=frozenset({ULN})).uln == ""


@given(st.dates(dt.date(1950, 1, 1), dt.date(2015, 1, 1)), st.integers(0, 60))
def test_an_age_grows_by_one_on_each_birthday(born: dt.date, years: int) -> None:
    """On the birthday itself; who was born on 29 February waits until 1 March of a common year."""
    try:
        birthday = born.replace(year=born.year + years)
    except ValueError:
        birthday = dt.date(born.year + years, 3, 1)
    assert age_on(born, birthday) == years
    assert years == 0 or age_on(born, birthday - DAY) == years - 1


def test_other_bodies_numbers_are_their_own_business() -> None:
    """The form is known for OCR alone."""
    assert number_misfit("NCFE", "anything") is None
    assert number_misfit("OCR", "12345678") is None


def test_the_published_uci_fits() -> None:
    """WJEC's example: 68199 0 01 2058 G."""
    assert uci_check_letter("681990012058") == "G"
    assert uci_misfit("68199 0 01 2058 g") is None
    assert uci_misfit("68199B012058X") is None  # no source gives a letter's value, so its check letter says nothing


twelve = st.text("0123456789", min_size=12, max_size=12)


@given(twelve, st.integers(0, 11), st.integers(1, 9))
def test_a_ucis_letter_catches_every_single_slip(digits: str, place: int, step: int) -> None:
    """Modulo a prime above every weight: one digit mistyped always changes the letter."""
    slipped = digits[:place] + str((int(digits[place]) + step) % 10) + digits[place + 1 :]
    assert uci_misfit(digits + uci_check_letter(digits)) is None
    misfit = uci_misfit(slipped + uci_check_letter(digits))
    assert misfit is not None
    assert misfit.expected == uci_check_letter(slipped)


def valid_ulns(first: int, count: int) -> list[str]:
    texts = (f"{start}{digit}" for start in itertools.count(first) for digit in range(10))
    return list(itertools.islice((text for text in texts if uln_misfit(text) is None), count))


@given(st.integers(100_000_000, 999_000_000), st.integers(0, 9), st.integers(1, 9))
def test_a_ulns_check_digit_catches_every_single_slip(first: int, place: int, step: int) -> None:
    """Whichever digit is mistyped, the number fits no more."""
    (uln,) = valid_ulns(first, 1)
    slipped = uln[:place] + str((int(uln[place]) + step) % 10) + uln[place + 1 :]
    assert uln_misfit(slipped) is not None
