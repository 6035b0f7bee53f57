"""Python's collector of cycles, kept from looking at grades again and again.

A reading makes tuples by the hundred thousand, none of which can be part of a cycle, and lets go of them a course
later. By its own habit the collector would look through them after every 700: a tenth of all the work of a first pass.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

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
