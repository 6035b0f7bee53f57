"""What every export format needs: text that can be written anywhere, and the fields no format may get wrong. Pure."""

from __future__ import annotations

import unicodedata

from nvqsync.model import BatchClaim

PLACEHOLDER_ULN = "9999999999"
"""What some systems write for "no unique learner number". It is left blank in whatever we send."""

_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def text(value: str) -> str:
    """The same text without what no file can carry: control characters become blanks, lone surrogates a mark."""
    if value.isascii() and value.isprintable():
        return value  # nearly always
    return "".join(_REPLACED.get(unicodedata.category(character), character) for character in value)


_REPLACED = {"Cc": " ", "Cs": "\ufffd"}


def uln(claim: BatchClaim) -> str:
    """The claim's unique learner number; empty where there is none or a placeholder stands for it."""
    number = text(claim.uln or "").strip()
    return "" if number == PLACEHOLDER_ULN else number


def cell(value: str) -> str:
    """A cell that no spreadsheet takes for a formula: a leading apostrophe where it would be one.

    A text that starts with an apostrophe gets a second one, so that taking one away always gives the text back.
    """
    clean = text(value)
    armed = clean.lstrip().startswith(_FORMULA_STARTS) or clean.startswith("'")
    return f"'{clean}" if armed else clean
