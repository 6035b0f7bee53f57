"""Check characters: qualification numbers, unit references, learner numbers and candidate identifiers. Pure.

No official text of the first two was found: the weights were derived from published numbers (every qualification number
and unit reference in the awarding bodies' documents agrees). The rule of the unit series from 650 upward was derived
from public examples only, so a misfit there is told but never blocks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_WEIGHTS = (8, 7, 6, 5, 4, 3, 2)
_UNIT_LETTERS = "ADFHJKLMRTY"
_NEWER_SERIES = 650
_NEWER_OFFSET = 6
_ULN_WEIGHTS = (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
_QUALIFICATION = re.compile(r"([0-9]{3})/([0-9]{4})/([0-9X])")
_UNIT = re.compile(rf"([{_UNIT_LETTERS}])/([0-9]{{3}})/([0-9]{{4}})")
_ULN = re.compile(r"[0-9]{10}")
_UCI_LETTERS = "ABCDEFGHKLMRTVWXY"
_UCI = re.compile(r"([0-9]{5}[0-9A-Z][0-9]{6})([A-Z])")

PLACEHOLDER_ULN = "9999999999"
"""What some systems hold for a learner without a ULN. It fails the check and is never sent to an awarding body."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """What is wrong with a number, the character that would fit, and whether that is certain enough to block."""

    says: str
    expected: str = ""
    blocks: bool = True


def qualification_check_character(digits: str) -> str:
    """The check character of a qualification number's seven digits: weights 8 to 2, modulo 11, ten written ``X``."""
    remainder = _weighted(digits) % 11
    return "X" if remainder == 10 else str(remainder)


def unit_check_letter(digits: str) -> str:
    """The letter that belongs in front of a unit reference's seven digits; its rule depends on the series."""
    if int(digits[:3]) >= _NEWER_SERIES:
        return _UNIT_LETTERS[(sum(map(int, digits)) + _NEWER_OFFSET) % 11]
    return _UNIT_LETTERS[_weighted(digits) % 11]


def qualification_number_misfit(text: str) -> Misfit | None:
    """``None`` where ``text`` is a qualification number such as ``500/8625/X`` with the right check character."""
    parts = _QUALIFICATION.fullmatch(text)
    if parts is None:
        return Misfit(f"{text!r} is not a qualification number (three digits, four digits, a digit or X: 500/8625/X)")
    expected = qualification_check_character(parts[1] + parts[2])
    if parts[3] == expected:
        return None
    return Misfit(f"the qualification number {text} has the wrong check character: {expected} would fit", expected)


def unit_reference_misfit(text: str) -> Misfit | None:
    """``None`` where ``text`` is a unit reference such as ``F/601/1609`` whose letter fits its digits."""
    parts = _UNIT.fullmatch(text)
    if parts is None:
        return Misfit(
            f"{text!r} is not a unit reference (one of {_UNIT_LETTERS}, three digits, four digits: F/601/1609)"
        )
    expected = unit_check_letter(parts[2] + parts[3])
    if parts[1] == expected:
        return None
    says = f"the unit reference {text} has the wrong letter: {expected} would fit"
    return Misfit(says, expected, blocks=int(parts[2]) < _NEWER_SERIES)


def uln_misfit(text: str) -> Misfit | None:
    """``None`` where ``text``, blanks aside, is a valid unique learner number: ten digits, no leading 0, modulo 11.

    The words never repeat the number: it is personal data. The placeholder of ten nines is a misfit that says so.
    """
    digits = "".join(text.split())
    if not _ULN.fullmatch(digits):
        return Misfit("the ULN is not ten digits")
    if digits == PLACEHOLDER_ULN:
        return Misfit("the ULN is the placeholder for a learner without one")
    if digits[0] == "0":
        return Misfit("the ULN begins with 0")
    if sum(weight * int(digit) for weight, digit in zip(_ULN_WEIGHTS, digits, strict=True)) % 11 != 10:
        return Misfit("the ULN's check digit does not fit")
    return None


def uci_check_letter(digits: str) -> str:
    """The letter that ends a UCI of these twelve digits: weights 16 to 5, modulo 17 (WJEC, recomputed)."""
    total = sum(weight * int(digit) for weight, digit in zip(range(16, 4, -1), digits, strict=True))
    return _UCI_LETTERS[total % 17]


def uci_misfit(text: str) -> Misfit | None:
    """``None`` where ``text`` is a UCI: five digits of the centre, one of the board, two of the year, four, a letter.

    A letter in the board's place has a value of its own that no source gives, so its check letter is not looked at.
    """
    parts = _UCI.fullmatch("".join(text.split()).upper())
    if parts is None:
        return Misfit("the UCI is not twelve digits and a letter", blocks=False)
    if not parts[1].isdigit() or parts[2] == uci_check_letter(parts[1]):
        return None
    return Misfit("the UCI's check letter does not fit", uci_check_letter(parts[1]), blocks=False)


def _weighted(digits: str) -> int:
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True))
