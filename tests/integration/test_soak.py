"""Two hundred passes of the soak: what `make soak` does ten thousand times."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import pytest

from tests.soak import MOST_RISE_KB, MOST_WAL, Soaked, numbers, rise, soak


def test_two_hundred_passes_leave_memory_and_descriptors_as_they_were(tmp_path: Path) -> None:
    """With marking going on all the while: every pass ends well, grades change, and nothing rises."""
    logging.getLogger("nvqsync").setLevel(logging.ERROR)
    try:
        found = soak(tmp_path, 200)
    finally:
        logging.getLogger("nvqsync").setLevel(logging.NOTSET)
    assert found.faults() == []
    assert found.outcomes.total() == 201
    assert found.changes > 50
    assert 0 < max(found.wal) < MOST_WAL


@pytest.mark.parametrize(
    ("memory", "objects", "descriptors", "faults"),
    [
        ([60_000] * 100, [290_000 + number % 9 * 1000 for number in range(100)], [14] * 100, 0),
        ([60_000 + number * 80 for number in range(100)], [290_000] * 100, [14] * 100, 1),
        ([60_000] * 100, [290_000 + number * 500 for number in range(100)], [14] * 100, 1),
        ([60_000] * 100, [290_000] * 100, [14 + number // 60 for number in range(100)], 1),
    ],
)
def test_a_leak_would_be_seen(memory: list[int], objects: list[int], descriptors: list[int], faults: int) -> None:
    """The measure measures: a rise in memory or in objects, or one more descriptor half-way, is a fault."""
    found = Soaked(outcomes=Counter(done=100))
    level = [(found.memory, memory), (found.objects, objects), (found.descriptors, descriptors)]
    for seen, values in (*level, (found.threads, [1] * 100), (found.wal, [0] * 100)):
        seen.extend(values)
    assert len(found.faults()) == faults


def test_the_rise_is_that_of_the_best_line() -> None:
    """Noise around a level is no rise; a steady climb is its whole height."""
    level, climb = numbers(), numbers()
    level.extend([60_000 + (number % 7) * 300 for number in range(700)])
    climb.extend(range(0, 2 * MOST_RISE_KB, 2))
    assert abs(rise(level)) < 30
    assert rise(climb) == pytest.approx(2 * (MOST_RISE_KB - 1))
