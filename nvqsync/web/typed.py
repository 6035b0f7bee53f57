"""What was typed into a form: texts with their blanks squeezed, days, numbers. What cannot be meant is refused."""

from __future__ import annotations

import datetime as dt

from flask import abort, request

from nvqsync.errors import InputError
from nvqsync.registrations import read_day

LONGEST_WORDS = 4000
LONGEST_LINE = 200


def words(name: str) -> str:
    """A text of the form, its line ends made one kind. Raises ``InputError`` for one that is too long to be meant."""
    text = "\n".join(request.form.get(name, "").split("\r\n")).strip()
    if len(text) > LONGEST_WORDS:
        raise InputError(f"The words are longer than {LONGEST_WORDS} characters.", "Say it shorter.")
    return text.encode(errors="replace").decode().replace("\0", "")


def line(name: str) -> str:
    """A text of one line. Raises ``InputError`` for one that is too long to be meant."""
    text = " ".join(words(name).split())
    if len(text) > LONGEST_LINE:
        raise InputError(f"A line is longer than {LONGEST_LINE} characters.", "Say it shorter.")
    return text


def day(name: str) -> dt.date | None:
    """A day of the form, as people write it; ``None`` where nothing was typed. Raises ``InputError``."""
    text = line(name)
    return read_day(text) if text else None


def day_due(name: str) -> dt.date:
    """A day that must be there. Raises ``InputError``."""
    return read_day(line(name))


def ticked(name: str) -> bool:
    """Whether a box was ticked."""
    return bool(request.form.get(name))


def version() -> int:
    """The version of the claim that the page showed. A form without it is not ours."""
    text = request.form.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        abort(400)
    return int(text)
