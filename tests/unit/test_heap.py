"""How seldom Python looks for cycles while grades are read."""

from __future__ import annotations

import gc

import pytest

from nvqsync.heap import SELDOM, seldom_collected


def test_the_collector_is_as_before_afterwards_whatever_happens() -> None:
    """Within the reading cycles are looked for seldom; its end, good or bad, puts the collector back."""
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), seldom_collected():
        assert gc.get_threshold()[0] == SELDOM > before[0]
        _ = 1 / 0
    assert gc.get_threshold() == before
