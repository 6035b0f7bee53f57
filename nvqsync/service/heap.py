"""Memory: Python's collector of cycles kept from looking at grades again and again, and room given back after a pass.

A reading makes tuples by the hundred thousand, none of which can be part of a cycle, and lets go of them a course
later. By its own habit the collector would look through them after every 700: a tenth of all the work of a first pass.

What a pass let go of lies scattered between what stays, and the C library keeps those scraps for itself: its heap grew
by a tenth of a megabyte in a hundred passes though nothing more was in use. A daemon that sleeps for a quarter of an
hour hands them back instead. So what the system says it holds is what it uses, and a leak would be seen.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

SELDOM = 20_000
"""Looked through after so many new objects: some megabytes at most wait to be found."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """While this lasts cycles are looked for seldom; afterwards as before. Reference counting goes on as ever."""
    before = gc.get_threshold()
    gc.set_threshold(SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def give_back() -> bool:
    """Hand free memory back to the system; whether the C library (glibc) knows how to."""
    trim = _malloc_trim()
    if trim:
        trim(0)
    return trim is not None


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found
