"""One ULN on several accounts: it blocks them all until a person says whose it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nvqsync.uln_owners import UlnHolders, uln_holders, uln_mark

ULN, OTHER = "1000000094", "1000000108"


def test_until_somebody_says_whose_it_is_a_number_blocks_every_account() -> None:
    """Written with blanks it is the same number; the placeholder is nobody's."""
    written = [(ULN, "1"), ("100 000 0094", "2"), (OTHER, "3"), ("9999999999", "3"), ("9999999999", "4"), ("", "5")]
    assert uln_holders(written, {}) == UlnHolders({"1": ("2",), "2": ("1",)}, {})


def test_once_said_it_is_the_owners_and_nobody_elses() -> None:
    """A third account that turns up later with it is without one too."""
    written = [(ULN, "1"), (ULN, "2"), (OTHER, "2"), (ULN, "3"), (ULN, "1")]
    found = uln_holders(written, {uln_mark("1000 000 094"): "2"})
    assert found == UlnHolders({}, {"1": frozenset({ULN}), "3": frozenset({ULN})})


def test_the_mark_does_not_show_the_number() -> None:
    """It stands for the number in a record, and blanks make no difference."""
    assert ULN not in uln_mark(ULN)
    assert uln_mark(ULN) == uln_mark(" 1000000094 ") != uln_mark(OTHER)


written = st.lists(st.tuples(st.sampled_from([ULN, OTHER, " " + ULN, ""]), st.sampled_from("12345")), max_size=12)


@given(written, st.dictionaries(st.sampled_from([uln_mark(ULN), uln_mark(OTHER)]), st.sampled_from("12345")))
def test_sharing_is_mutual_and_an_owner_never_carries_anothers_number(
    given_numbers: list[tuple[str, str]], owners: dict[str, str]
) -> None:
    """Whoever shares with somebody is shared with; a number with an owner blocks nobody and is foreign to the rest."""
    found = uln_holders(given_numbers, owners)
    for one, others in found.shared.items():
        assert one not in others
        assert all(one in found.shared[other] for other in others)
    for learner, ulns in found.foreign.items():
        assert all(owners[uln_mark(uln)] != learner for uln in ulns)
