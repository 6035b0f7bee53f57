"""What was typed into a form that could not be acted on: shown once more, so that nobody has to think it up again.

Only words that people write are shown, and only to a page of ours that sent them: never a password, and never what
another site put into somebody's browser.
"""

from __future__ import annotations

import re

from flask import request

_LABELS = {
    "why": "Why",
    "note": "Note on the cautions",
    "action": "What the assessor is to do",
    "words": "The awarding body’s words",
    "certificate": "Certificate number",
    "reference": "The portal’s reference",
    "on": "Day",
    "who": "Who did it",
}
_ROW = re.compile(r"(\w+)-(\d{1,18})", re.ASCII)
_SAYS_LITTLE = frozenset({"on", "who"})
"""Worth showing beside something else alone: the form fills the day in by itself."""


def typed_words() -> list[tuple[str, str]]:
    """What the form of this request holds of people's words, each with its label; empty where nothing is lost."""
    if request.method != "POST" or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return []
    found = [(name, text) for name, text in request.form.items() if text.strip() and _label(name)]
    if all(name.partition("-")[0] in _SAYS_LITTLE for name, _ in found):
        return []
    return [(_label(name), text) for name, text in found]


def _label(name: str) -> str:
    if row := _ROW.fullmatch(name):
        return f"{_LABELS[row[1]]}, claim {row[2]}" if row[1] in _LABELS else ""
    return _LABELS.get(name, "")
