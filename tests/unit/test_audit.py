"""The audit chain finds what was done to it."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nvqsync.record_keeping.audit import GENESIS, AuditEntry, Kept, digest_of, first_bad, spans

texts = st.lists(st.text(max_size=20), min_size=1, max_size=8)


def chain(words: list[str]) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for number, text in enumerate(words, 1):
        previous = entries[-1].digest if entries else GENESIS
        entry = AuditEntry(
            number, number * 10, "officer", "claim:1", "hold", "a", "b", Kept("00", text).commitment(), previous
        )
        entries.append(replace(entry, digest=digest_of(entry)))
    return entries


@given(texts)
def test_an_untouched_chain_is_whole(words: list[str]) -> None:
    """Entries as they were written fit one another."""
    assert first_bad(chain(words)) is None


@given(texts, st.data())
def test_an_edit_is_found_at_the_entry_that_was_edited(words: list[str], data: st.DataObject) -> None:
    """Changing any field of any entry is found there."""
    entries = chain(words)
    place = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(["actor", "action", "subject", "from_status", "to_status", "commitment"]))
    entries[place] = replace(entries[place], **{field: "forged"})
    assert first_bad(entries) == entries[place].id


@given(texts.filter(lambda words: len(words) > 1), st.data())
def test_a_removed_or_moved_entry_is_found(words: list[str], data: st.DataObject) -> None:
    """Taking an entry out of the middle, or swapping two, breaks the chain."""
    entries = chain(words)
    place = data.draw(st.integers(0, len(entries) - 2))
    assert first_bad(entries[:place] + entries[place + 1 :]) is not None
    entries[place], entries[place + 1] = entries[place + 1], entries[place]
    assert first_bad(entries) is not None


kept = st.builds(Kept, st.just("00ff"), st.text(), st.text(), st.text(), st.text())


@given(kept, kept)
def test_a_commitment_tells_apart_all_that_is_kept(one: Kept, other: Kept) -> None:
    """The same words, facts and record under the same salt give the same commitment, others do not."""
    assert (one.commitment() == other.commitment()) == (one == other)
    assert one.commitment() != replace(one, salt="00fe").commitment()


@given(st.sets(st.integers(1, 60)))
def test_stretches_hold_the_same_numbers(numbers: set[int]) -> None:
    """No number is lost or added, and no two stretches touch."""
    found = list(spans(numbers))
    assert {n for first, last in found for n in range(first, last + 1)} == numbers
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(found))
