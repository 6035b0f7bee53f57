"""A short torture (``make torture`` is the long one), and whether it would notice what it is there to notice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture import Tally, compare, torture
from tests.workshop import Workshop, ready_to_export, workshop

KILLS = 25


@pytest.fixture
def done(tmp_path: Path) -> Iterator[Workshop]:
    """Two claims that went out and were certificated."""
    with workshop(tmp_path, 2) as shop:
        ready_to_export(shop, (1, 2))
        shop.finish()
        yield shop


@pytest.mark.slow
def test_killed_again_and_again_every_claim_arrives_once(tmp_path: Path) -> None:
    """Twenty-five kills under every trouble at once; both sides' books agree afterwards."""
    whole = Tally()
    for tally in torture(tmp_path, kills=KILLS, seed=11):
        whole.add(tally)
    assert whole.wrong == []
    assert whole.killed == KILLS
    assert 0 < whole.at_a_moment < KILLS
    assert whole.claims >= 5 * whole.rounds


def test_books_that_agree_are_nothing_wrong(done: Workshop) -> None:
    """Nobody was killed, nothing failed."""
    tally = Tally()
    compare(done, tally)
    assert (tally.wrong, tally.claims) == ([], 2)


def test_a_claim_the_portal_knows_and_we_do_not_is_noticed(done: Workshop) -> None:
    """As if one had been sent under a key that was lost."""
    with done.open_store() as store, store.writing():
        store.execute("UPDATE claims SET key = 'NVQ-another' WHERE id = 1")
    tally = Tally()
    compare(done, tally)
    assert any("there" in wrong for wrong in tally.wrong)


def test_a_claim_that_never_left_is_noticed(done: Workshop) -> None:
    """As if the database had been put back to before the answer, behind the log's back."""
    with done.open_store() as store, store.writing():
        store.execute("UPDATE claims SET status = 'proposed', certificate_number = '' WHERE id = 2")
    tally = Tally()
    compare(done, tally)
    assert any("strayed" in wrong for wrong in tally.wrong)
    assert any("claim 2 is" in wrong for wrong in tally.wrong)
