"""Check characters: published numbers fit, and a slip of the finger does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.check_characters import (
    qualification_check_character,
    qualification_number_misfit,
    uln_misfit,
    unit_check_letter,
    unit_reference_misfit,
)

DIGITS7 = st.text("0123456789", min_size=7, max_size=7)


@pytest.mark.parametrize("number", ["500/9843/3", "500/8625/X", "500/8626/1", "601/3459/8", "501/0287/4", "610/2969/5"])
def test_published_qualification_numbers_fit(number: str) -> None:
    """Numbers that awarding bodies print pass."""
    assert qualification_number_misfit(number) is None


@pytest.mark.parametrize("reference", ["F/601/1609", "L/601/1614", "A/506/2094", "F/503/0392", "R/502/8601"])
def test_published_unit_references_fit(reference: str) -> None:
    """References that awarding bodies print pass."""
    assert unit_reference_misfit(reference) is None


def test_a_wrong_character_names_the_right_one() -> None:
    """The message gives the character that would fit, since most slips are in one place."""
    misfit = qualification_number_misfit("500/8625/1")
    assert misfit is not None
    assert misfit.expected == "X"
    assert "X would fit" in misfit.says
    unit = unit_reference_misfit("A/601/1609")
    assert unit is not None
    assert (unit.expected, unit.blocks) == ("F", True)


def test_the_newer_series_warns_and_never_blocks() -> None:
    """From series 650 the rule is known from examples only: a misfit is told but does not forbid."""
    letter = unit_check_letter("6501234")
    assert unit_reference_misfit(f"{letter}/650/1234") is None
    other = "A" if letter != "A" else "D"
    misfit = unit_reference_misfit(f"{other}/650/1234")
    assert misfit is not None
    assert not misfit.blocks


@pytest.mark.parametrize("text", ["", "500/8625/x", "5008625X", "500-8625-X", "500/8625/XX", "٥٠٠/8625/X"])
def test_a_qualification_number_of_another_form_is_refused(text: str) -> None:
    """Strict where data files are read: slashes, capitals and plain digits."""
    assert qualification_number_misfit(text) is not None


@pytest.mark.parametrize("text", ["", "f/601/1609", "B/601/1609", "F6011609", "F/601/16090"])
def test_a_unit_reference_of_another_form_is_refused(text: str) -> None:
    """Strict where data files are read: a letter of the series, slashes, seven digits."""
    assert unit_reference_misfit(text) is not None


@given(digits=DIGITS7, place=st.integers(0, 6), other=st.sampled_from("0123456789"))
def test_one_wrong_digit_is_always_caught(digits: str, place: int, other: str) -> None:
    """No single slip of a digit keeps the check character, in either kind of number of the older series."""
    if digits[place] == other:
        return
    slipped = digits[:place] + other + digits[place + 1 :]
    assert qualification_check_character(digits) != qualification_check_character(slipped)
    if digits[:3] < "650" and slipped[:3] < "650":
        assert unit_check_letter(digits) != unit_check_letter(slipped)


@given(digits=DIGITS7, place=st.integers(0, 5))
def test_two_neighbours_swapped_are_always_caught(digits: str, place: int) -> None:
    """Swapping two different neighbouring digits changes a qualification number's check character."""
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    if swapped != digits:
        assert qualification_check_character(digits) != qualification_check_character(swapped)


@pytest.mark.parametrize("uln", ["9276308686", "927 630 8686", " 9276308686 "])
def test_a_valid_uln_passes_however_it_is_spaced(uln: str) -> None:
    """Blanks are how people write it, not what it is."""
    assert uln_misfit(uln) is None


@pytest.mark.parametrize(
    ("uln", "says"),
    [
        ("", "not ten digits"),
        ("TBC", "not ten digits"),
        ("927630868", "not ten digits"),
        ("9276308687", "check digit"),
        ("0000000042", "begins with 0"),
        ("9999999999", "placeholder"),
    ],
)
def test_a_bad_uln_says_which_test_failed_and_never_repeats_it(uln: str, says: str) -> None:
    """The words name the test that failed, not the number."""
    misfit = uln_misfit(uln)
    assert misfit is not None
    assert says in misfit.says
    assert not uln or uln not in misfit.says
