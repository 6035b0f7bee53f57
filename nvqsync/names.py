"""How nvqsync reads names that people type: forgiving in form, strict in meaning. Pure."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

_DECORATION = re.compile(r"[\s/\u00ad\u200b-\u200f\u2010-\u2015\u2060\u2212\ufeff-]+")

_PART_OF_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_CUTOFFS = (0.6, 0.4)  # the second for codes so short that one slip is half of them


def loose(text: str) -> str:
    """A name without what people vary: case, blanks, slashes, dashes, invisible characters, full-width forms."""
    return _DECORATION.sub("", unicodedata.normalize("NFKC", text)).upper()


def nearest(text: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """The names most like ``text``, best first, compared loosely; empty where none comes near."""
    spelling: dict[str, str] = {}
    for name in names:
        spelling.setdefault(loose(name), name)
    for cutoff in _CUTOFFS:
        if close := difflib.get_close_matches(loose(text), spelling, n=limit, cutoff=cutoff):
            return [spelling[key] for key in close]
    return []


def did_you_mean(text: str, names: Iterable[str]) -> str:
    """``Did you mean A3 or A13?``, or nothing."""
    close = nearest(text, names)
    if not close:
        return ""
    last = f" or {close[-1]}" if len(close) > 1 else close[-1]
    return f"Did you mean {', '.join(close[:-1])}{last}?"


def name_misfit(text: str) -> str:
    """What is wrong with a body's name or a code, or nothing: it goes into ids and the names of batch files."""
    if _PART_OF_ID.fullmatch(text):
        return ""
    return f"{text!r} cannot stand in an id: letters, digits, full stops, hyphens and underscores only"
