"""Work on many claims at once: a bar where a person watches, and Ctrl-C that leaves done what is done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import click

from nvqsync.commands.common import tell

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it."""

MANY = 50
"""So many outcomes are told one by one; of more, only what was refused."""

_Done = TypeVar("_Done")


def work_through(slices: Iterator[Sequence[_Done]], total: int, label: str) -> tuple[list[_Done], bool]:
    """Everything that ``slices`` hands out, and whether it came to its end.

    Each slice is saved before it is handed out. Interrupted, what was saved stays, and how many are left is told.
    """
    done: list[_Done] = []
    try:
        with _bar(total, label) as advance:
            for some in slices:
                done += some
                advance(len(some))
    except KeyboardInterrupt:
        tell(f"\nStopped: {len(done):,} done, {total - len(done):,} left. The same command again does the rest.")
        return done, False
    return done, True


class _bar:  # noqa: N801  (a context manager, used like a function)
    """A progress bar on standard error, drawn only where a person watches and there is something to wait for."""

    def __init__(self, total: int, label: str) -> None:
        shown = sys.stderr.isatty() and total > MANY
        self._bar: Any = click.progressbar(length=total, label=label, file=sys.stderr) if shown else None

    def __enter__(self) -> Callable[[int], None]:
        if self._bar is None:
            return lambda steps: None
        advance: Callable[[int], None] = self._bar.__enter__().update
        return advance

    def __exit__(self, *exc_info: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(*exc_info)
