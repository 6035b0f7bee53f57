"""Typed access to decoded JSON: each answer is the type that was asked for, or a refusal naming function and key.

A missing key, a ``null``, a list where an object was due: all are ``LmsUnreadable``, so that a reply which makes no
sense stops the reading of its course and never becomes a decision. Further keys are welcome; releases add them.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any, Final, Generic, TypeVar

from nvqsync.errors import LmsUnreadable

T = TypeVar("T")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
TOO_BIG = 10**18
_NO_GRADE = Decimal(-1)
MISSING: Final[Any] = object()


def unreadable(function: str, place: str, problem: str) -> LmsUnreadable:
    """The refusal for an answer of ``function`` that is wrong at ``place``."""
    return LmsUnreadable(
        f"Moodle's answer to {function} makes no sense: {place} {problem}.",
        "Nothing was taken from this answer. If it happens again, report it with the Moodle release "
        "(Site administration > Notifications) and the plugins that change web services or grading.",
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One JSON object of an answer, with the ``function`` that gave it and its ``place`` there, for refusals."""

    function: str
    place: str
    data: dict[str, Any]

    def wrong(self, key: str, problem: str) -> LmsUnreadable:
        """The refusal for this object's ``key``."""
        return unreadable(self.function, f"{self.place}.{key}" if self.place else key, problem)

    def _value(self, key: str, default: Any) -> Any:
        value = self.data.get(key)
        if value is not None:
            return value
        if default is MISSING:
            raise self.wrong(key, "is missing" if key not in self.data else "is null")
        return default

    def integer(self, key: str, default: Any = MISSING) -> int:
        """A whole number, also where it was sent as text."""
        value = self._value(key, default)
        if type(value) is int and abs(value) < TOO_BIG:
            return value
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            return int(value)
        raise self.wrong(key, "is not a whole number")

    def identifier(self, key: str) -> int:
        """A row id: a whole number above zero."""
        value = self.integer(key)
        if value <= 0:
            raise self.wrong(key, "is not an id")
        return value

    def number(self, key: str, default: Any = MISSING) -> Decimal:
        """A number with or without a fraction, exactly as sent."""
        return self._number(key, self._value(key, default))

    def number_or_none(self, key: str) -> Decimal | None:
        """As ``number``; ``null`` is ``None``, but the key must be there."""
        if key not in self.data:
            raise self.wrong(key, "is missing")
        value = self.data[key]
        return None if value is None else self._number(key, value)

    def _number(self, key: str, value: Any) -> Decimal:
        if isinstance(value, Decimal) and value.is_finite():
            return value
        if type(value) is int:
            return Decimal(value)
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            return Decimal(value)
        raise self.wrong(key, "is not a number")

    def truth(self, key: str, default: Any = MISSING) -> bool:
        """A yes or no, sent as ``true``, ``1`` or ``"1"``."""
        value = self._value(key, default)
        if value in (True, "1"):
            return True
        if value in (False, "0"):
            return False
        raise self.wrong(key, "is neither yes nor no")

    def text(self, key: str, default: Any = MISSING) -> str:
        """Text, kept as it came but for characters that no encoding can carry."""
        value = self._value(key, default)
        if type(value) is int:
            return str(value)
        if not isinstance(value, str):
            raise self.wrong(key, "is not text")
        return value if value.isascii() else value.encode("utf-8", "replace").decode()

    def rows(self, key: str, default: Any = MISSING) -> list[Row]:
        """A list of objects."""
        return as_rows(self.function, f"{self.place}.{key}" if self.place else key, self._value(key, default))

    def row(self, key: str) -> Row:
        """An object within this one."""
        return as_row(self.function, f"{self.place}.{key}" if self.place else key, self._value(key, MISSING))


def as_row(function: str, place: str, value: Any) -> Row:
    """``value`` as an object, or a refusal."""
    if not isinstance(value, dict):
        raise unreadable(function, place or "the whole", "is not an object")
    return Row(function, place, value)


def as_rows(function: str, place: str, value: Any) -> list[Row]:
    """``value`` as a list of objects, or a refusal."""
    if not isinstance(value, list):
        raise unreadable(function, place or "the whole", "is not a list")
    return [as_row(function, f"{place}[{n}]", member) for n, member in enumerate(value)]


@dataclass(slots=True)
class Answered(Generic[T]):
    """Rows by the id they were asked for, and which ids were ``denied``. What is in neither was ``silent``."""

    rows: dict[int, T] = field(default_factory=dict)
    denied: set[int] = field(default_factory=set)
    empty: set[int] = field(default_factory=set)

    def silent(self, asked: Iterable[int]) -> set[int]:
        """The ids that came back neither with data nor with a warning: the request or the answer was cut."""
        return set(asked) - self.rows.keys() - self.denied - self.empty

    def add(self, other: Answered[T]) -> None:
        """Take in another batch's answer."""
        self.rows.update(other.rows)
        self.denied |= other.denied
        self.empty |= other.empty

    def only(self, ids: Iterable[int]) -> Answered[T]:
        """The part of the answer that is about some ids."""
        wanted = set(ids)
        found = {one: self.rows[one] for one in wanted & self.rows.keys()}
        return Answered(found, self.denied & wanted, self.empty & wanted)

    def take_warnings(self, top: Row) -> None:
        """Sort an answer's warnings: 3 is "nothing found", which is normal; any other means no access."""
        for warning in top.rows("warnings", default=[]):
            found_nothing = warning.text("warningcode") == "3"
            (self.empty if found_nothing else self.denied).add(warning.integer("itemid"))


@functools.lru_cache(maxsize=4096)
def grade_of(text: str) -> Decimal | None:
    """``"2.00000"`` as a number; ``"-1.00000"``, Moodle's "no grade", as ``None``. Raises ``ValueError`` otherwise."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    value = Decimal(text)
    if value == _NO_GRADE:
        return None
    if value < 0:
        raise ValueError(text)
    return value


class _Words(HTMLParser):
    """Collects the text of a piece of HTML, a blank for each tag."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _INLINE:
            self.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self.words.append(" ")


_INLINE = frozenset({"b", "i", "em", "strong", "span", "u", "sub", "sup", "a", "font", "small", "code"})


def stripped(text: str) -> str:
    """A piece of HTML as one line of text; inline tags vanish (``<b>1</b>.1`` is ``1.1``), others become a blank."""
    if "<" in text or "&" in text:
        parser = _Words()
        parser.feed(text)
        parser.close()
        text = "".join(parser.words)
    return " ".join(text.split())


def name_of(text: str) -> str:
    """A course's or activity's name: Moodle escapes ``&`` in those (``Health &amp; Safety``)."""
    return html.unescape(text) if "&" in text else text
