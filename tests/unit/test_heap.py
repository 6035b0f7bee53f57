"""How seldom Python looks for cycles while grades are read, and what becomes of memory that is free."""

from __future__ import annotations

import gc
import platform
from pathlib import Path

import pytest

from nvqsync.service.heap import SELDOM, give_back, seldom_collected


def test_the_collector_is_as_before_afterwards_whatever_happens() -> None:
    """Within the reading cycles are looked for seldom; its end, good or bad, puts the collector back."""
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), seldom_collected():
        assert gc.get_threshold()[0] == SELDOM > before[0]
        _ = 1 / 0
    assert gc.get_threshold() == before


def _resident_kb() -> int:
    return int(Path("/proc/self/status").read_text(encoding="utf-8").partition("VmRSS:")[2].split()[0])


def test_scattered_memory_is_handed_back() -> None:
    """Every second one of many pieces is let go of: nothing of that goes back by itself, and most of it when asked."""
    assert platform.libc_ver()[0] == "glibc", "the services run where the C library is glibc"
    pieces = [bytearray(16_000) for _ in range(4000)]
    kept = pieces[::2]
    before = _resident_kb()
    del pieces
    scattered = _resident_kb()
    assert give_back()
    assert before - scattered < 8_000
    assert scattered - _resident_kb() > 12_000
    assert len(kept) == 2000
