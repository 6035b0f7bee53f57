"""Plain tables for a terminal: aligned columns, the widest one wrapped where the window is too narrow."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

_GAP: Final = "  "
_NARROWEST: Final = 16
_UNLIMITED: Final = 10_000
_HARMLESS: Final = {"Cc": " ", "Cs": "\ufffd", "Zl": " ", "Zp": " "}
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], width: int | None = None) -> str:
    """``rows`` under ``heads``: numbers to the right, text to the left, ``None`` as a dash.

    ``width`` is in characters; without it the terminal's own, and no limit where output goes to a file or pipe.
    """
    cells = [[_text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    widest = widths.index(max(widths))
    spare = (terminal_width() if width is None else width) - sum(widths) - len(_GAP) * (len(widths) - 1)
    widths[widest] = max(min(widths[widest], _NARROWEST), widths[widest] + min(spare, 0))
    numeric = [bool(rows) and all(isinstance(value, int) for value in column) for column in zip(*rows, strict=True)]
    right = numeric or [False] * len(heads)
    lines = [line for row in [list(heads), *cells] for line in _lines(row, widths, right, widest)]
    return "\n".join(lines)


def terminal_width() -> int:
    """The columns of the terminal; more than anything needs where there is none and ``COLUMNS`` is unset."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return shutil.get_terminal_size().columns
    return _UNLIMITED


def _text(value: object) -> str:
    return "-" if value is None else plain(str(value))


def plain(text: str) -> str:
    """The same text without what could move the cursor or turn the line round: names come from other systems."""
    return "".join(_HARMLESS.get(unicodedata.category(letter), letter) for letter in text if letter not in _TURNING)


def plain_lines(text: str) -> str:
    """The same for a text of several lines, which stay."""
    return "\n".join(map(plain, text.split("\n")))


def _lines(row: Sequence[str], widths: Sequence[int], right: Sequence[bool], widest: int) -> Iterator[str]:
    """One row as one line, or as several where its widest cell needs wrapping."""
    wrapped = textwrap.wrap(row[widest], widths[widest]) or [""]
    for number, part in enumerate(wrapped):
        cells = [part if place == widest else (text if number == 0 else "") for place, text in enumerate(row)]
        aligned = [
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(cells, widths, right, strict=True)
        ]
        yield _GAP.join(aligned).rstrip()
