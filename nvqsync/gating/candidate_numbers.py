"""The numbers awarding bodies know candidates by: what form each has. Pure.

OCR allocates eight digits, leaves the number blank on a first entry, and wants it used again ever after; a centre's own
candidate number has at most four. The UCI (unique candidate identifier) of the JCQ is needed for A2C only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nvqsync.check_characters import uci_misfit

_CENTRES_OWN = re.compile(r"[0-9]{1,4}")
_UCI = re.compile(r"[0-9]{5}[0-9A-Z][0-9]{6}[A-Z]")
ALLOCATED = {"OCR": (re.compile(r"[0-9]{8}"), "eight digits")}
"""By body, the form of the number it allocates, and that form in words."""


@dataclass(frozen=True, slots=True)
class NumberMisfit:
    """Why a candidate number cannot be the body's, and what to do. The words never repeat the number."""

    says: str
    next_step: str


def number_misfit(awarding_body: str, number: str) -> NumberMisfit | None:
    """``None`` where ``number`` is empty or has the form of the body's candidate numbers."""
    if awarding_body not in ALLOCATED:
        return None
    form, words = ALLOCATED[awarding_body]
    if not number or form.fullmatch(number):
        return None
    says = f"{awarding_body}'s candidate number has {words}, and this is none."
    if _CENTRES_OWN.fullmatch(number):
        says = f"This is a centre's own candidate number; the one {awarding_body} allocates has {words}."
    elif is_uci(number):
        wrong = uci_misfit(number)
        says = f"This is a UCI{', and ' + wrong.says if wrong else ''}; {awarding_body}'s number has {words}."
    return NumberMisfit(says, f"Look it up with {awarding_body}, or leave it empty until one is allocated.")


def is_uci(number: str) -> bool:
    """Whether a number has the form of a UCI, whatever its check letter."""
    return bool(_UCI.fullmatch(number.upper()))
