"""The ID number notation: what a course or assignment stands for, written in the LMS's own ID number field.

::

    course      OCR/03455            #evening      the qualification; anything after # is the college's own
    assignment  A3                                 the whole unit
                A3:1.1-1.4,2.1                     these criteria of it
                A3:1.1;F1:3.2        @O  #2026     several units; one assessment method for all; the college's own
                A3:1.1@O;F1:3.2@QW                 a method each

Forgiving in form: case, blanks, dashes of any length and full-width signs do not matter. Strict in meaning: a unit, a
criterion or a method that does not exist refuses the whole ID number. A unit is named by the body's code, by another
code that the body prints for it, or by its unit reference, with or without strokes. Ranges stay within one learning
outcome. A method after the last target stands for every target that has none of its own.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from nvqsync.matching.criterion_numbers import criterion_key, expand, format_criteria
from nvqsync.model import Qualification, QualificationUnit

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_BLANKS = "\t\n\r\v\f\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_FORM: dict[int, str | None] = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_FORM |= (
    dict.fromkeys(map(ord, _DASHES), "-") | dict.fromkeys(map(ord, _BLANKS), " ") | dict.fromkeys(map(ord, _INVISIBLE))
)
_METHOD = re.compile(r"[A-Z0-9]{1,12}")
_BLANK_IN_NUMBER = re.compile(r"[0-9] +[0-9]")
_MISSING_COLON = re.compile(r"(.*?)[ .,]+([0-9]+\.[0-9].*)")
_NEAR = 0.4  # below this likeness no unit is suggested
_LOOKS_LIKE = 0.75  # above it, a text without a body's name is taken for a misspelt qualification


class NotUnderstood(ValueError):
    """An ID number that cannot be read. ``nearest`` is the nearest valid text, or ``""`` where nothing is near.

    ``unknown_units`` are the names in it that are no unit of the qualification.
    """

    def __init__(self, reason: str, nearest: str = "", unknown_units: tuple[str, ...] = ()) -> None:
        super().__init__(f"{reason} Nearest: {nearest}" if nearest else reason)
        self.reason = reason
        self.nearest = nearest
        self.unknown_units = unknown_units


@dataclass(frozen=True, slots=True)
class Target:
    """A unit, or some of its criteria in numeric order (``None``: the unit as a whole), and the method used."""

    unit_reference: str
    criteria: tuple[str, ...] | None = None
    method: str = ""


@dataclass(frozen=True, slots=True)
class IdNumber:
    """What an assignment's ID number says. ``tail`` is the college's own part, after ``#``."""

    targets: tuple[Target, ...]
    tail: str = ""

    @property
    def method(self) -> str:
        """The method code that every target shares, or ``""``."""
        methods = {target.method for target in self.targets}
        return methods.pop() if len(methods) == 1 else ""


def plain(text: str) -> str:
    """The text with every dash, blank and full-width sign in its plain form, and invisible characters left out."""
    return text.translate(_FORM).strip()


def split_tail(text: str) -> tuple[str, str]:
    """What an ID number says, in plain form, and the college's own part after the first ``#``."""
    head, _, tail = plain(text).partition("#")
    return head.strip(), tail.strip()


def parse(text: str, qualification: Qualification) -> IdNumber:
    """Read an assignment's ID number. Raises ``NotUnderstood``. For many of them, keep one ``Notation``."""
    return Notation(qualification).parse(text)


def parse_course(text: str, qualification_ids: Iterable[str]) -> str | None:
    """The qualification a course's ID number names, or ``None`` where it does not look like one at all.

    Raises ``NotUnderstood`` where it looks like a qualification that is not in the catalogue.
    """
    head, tail = split_tail(text)
    ids = {_bare(known): known for known in qualification_ids}
    if _bare(head) in ids:
        return ids[_bare(head)]
    bodies = {known.partition("/")[0].upper() for known in ids.values()}
    body = re.split(r"[^A-Z]", head.upper(), maxsplit=1)[0]
    likely = _likest(_bare(head), ids)
    if not likely or not head or (body not in bodies and _likeness(_bare(head), likely) < _LOOKS_LIKE):
        return None
    raise NotUnderstood(f"{head} is no qualification of the catalogue.", _with_tail(ids[likely], tail))


class Notation:
    """The notation for one qualification: its unit names, criteria and method codes, ready for many ID numbers."""

    def __init__(self, qualification: Qualification) -> None:
        self.qualification = qualification
        self._units = _names(qualification.units)
        self._listed = {listed.unit.reference: listed for listed in qualification.units}
        self._methods = {method.code.upper(): method.code for method in qualification.methods}

    def unit(self, name: str) -> QualificationUnit | None:
        """The unit that a code, another code of the body's, or a unit reference names."""
        tidy = plain(name)
        return None if _BLANK_IN_NUMBER.search(tidy) else self._units.get(_bare_unit(tidy))

    def by_reference(self, reference: str) -> QualificationUnit:
        """The qualification's own entry for a unit reference that it lists."""
        return self._listed[reference]

    def parse(self, text: str) -> IdNumber:
        """Read an assignment's ID number. Raises ``NotUnderstood`` with every fault and the nearest valid text."""
        pieces, id_number, faults = self._read(text)
        if not faults:
            return id_number
        unknown = tuple(piece.unit_name for piece in pieces if piece.unit_name and not self.unit(piece.unit_name))
        raise NotUnderstood(" ".join(faults), self._nearest(pieces, id_number.tail), unknown)

    def read(self, text: str) -> IdNumber | None:
        """Read an ID number that may well be a college's own: ``None`` where it is not in the notation."""
        _, id_number, faults = self._read(text)
        return None if faults else id_number

    def format(self, id_number: IdNumber) -> str:
        """The shortest text that reads as this ID number."""
        shared = id_number.method
        texts = (self.format_target(replace(t, method="") if shared else t) for t in id_number.targets)
        return _with_tail(";".join(texts) + (f"@{shared}" if shared else ""), id_number.tail)

    def format_target(self, target: Target) -> str:
        """One target in the body's own code, e.g. ``A3:1.1-1.4,2.1@O``."""
        criteria = "" if target.criteria is None else ":" + format_criteria(target.criteria)
        return f"{self._listed[target.unit_reference].code}{criteria}" + (f"@{target.method}" if target.method else "")

    def method(self, text: str) -> str | None:
        """The body's spelling of a method code (in capitals where the body lists none), or ``None``."""
        code = text.replace(" ", "").upper()
        return self._methods.get(code) if self._methods else (code if _METHOD.fullmatch(code) else None)

    def nearest_unit(self, name: str) -> QualificationUnit | None:
        """The unit whose name is most like this one, or ``None`` where none is like it."""
        likely = _likest(_bare_unit(name), self._units)
        return self._units[likely] if likely and _likeness(_bare_unit(name), likely) >= _NEAR else None

    def nearest_method(self, text: str) -> str:
        """The listed method code most like this one, or ``""``."""
        first = text.partition("@")[0].strip().upper()
        likely = _likest(first, self._methods)
        return self._methods[likely] if likely and _likeness(first, likely) >= _NEAR else ""

    def method_codes(self) -> str:
        """The body's method codes, for a message."""
        return ", ".join(self._methods.values())

    def _read(self, text: str) -> tuple[list[_Piece], IdNumber, list[str]]:
        head, tail = split_tail(text)
        if not head:
            return [], IdNumber((), tail), ["The ID number is empty."]
        pieces = [_piece(self, piece) for piece in head.split(";")]
        faults = [fault for piece in pieces for fault in piece.faults]
        if faults:
            return pieces, IdNumber((), tail), faults
        targets = _merge(_share_last_method([piece.target for piece in pieces if piece.target]))
        return pieces, IdNumber(targets, tail), [self._contradiction(unit) for unit in _contradictions(targets)]

    def _contradiction(self, reference: str) -> str:
        return f"{self._listed[reference].code} is named twice in ways that contradict each other."

    def _nearest(self, pieces: Sequence[_Piece], tail: str) -> str:
        """The whole ID number put right, where each part has a nearest text and they go together."""
        if any(piece.nearest is None for piece in pieces):
            return ""
        candidate = _with_tail(";".join(piece.nearest for piece in pieces if piece.nearest), tail)
        _, id_number, faults = self._read(candidate)
        return "" if faults else self.format(id_number)


_KNOWN: dict[int, Notation] = {}
_MOST_KNOWN = 64


def notation(qualification: Qualification) -> Notation:
    """The notation for a qualification, made once for each: many courses stand for the same one."""
    known = _KNOWN.get(id(qualification))
    if known is None or known.qualification is not qualification:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        known = _KNOWN[id(qualification)] = Notation(qualification)
    return known


@dataclass(slots=True)
class _Piece:
    """One part between semicolons: its target, or its faults and the nearest valid text (``None``: nothing is near)."""

    unit_name: str = ""
    target: Target | None = None
    nearest: str | None = None
    faults: list[str] = field(default_factory=list)


def _piece(notation: Notation, text: str) -> _Piece:
    """Read one part between semicolons. An empty one is a fault that is put right by leaving it out."""
    if not text.strip():
        return _Piece(nearest="", faults=["There is a semicolon with nothing beside it."])
    name, criteria, method, misplaced = _cut(notation, text)
    piece = _Piece(unit_name=name, faults=misplaced)
    unit = notation.unit(name) or _unknown_unit(notation, piece)
    code = "" if method is None else _method(notation, method, piece)
    numbers = _criteria(unit, criteria, piece) if unit and criteria is not None else ()
    if unit and (numbers or criteria is None):
        target = Target(unit.unit.reference, None if criteria is None else numbers, code)
        piece.nearest = notation.format_target(target)
        piece.target = None if piece.faults else target
    return piece


def _cut(notation: Notation, text: str) -> tuple[str, str | None, str | None, list[str]]:
    """Unit name, criteria and method as written (``None``: not given), and what stands in the wrong place."""
    faults = []
    body, at, method = text.partition("@")
    if ":" in method:
        method, _, criteria = method.partition(":")
        body = f"{body}:{criteria}"
        faults.append("The method code stands after the criteria.")
    name, colon, criteria = body.partition(":")
    missing = None if colon else _MISSING_COLON.fullmatch(name.strip())
    if missing and not notation.unit(name) and notation.unit(missing[1]):
        name, colon, criteria = missing[1], ":", missing[2]
        faults.append("There is no colon between the unit and its criteria.")
    return name.strip(), criteria if colon else None, method if at else None, faults


def _unknown_unit(notation: Notation, piece: _Piece) -> QualificationUnit | None:
    piece.faults.append(f"{piece.unit_name or 'Nothing'} is no unit of {notation.qualification.id}.")
    return notation.nearest_unit(piece.unit_name) if piece.unit_name else None


def _method(notation: Notation, text: str, piece: _Piece) -> str:
    code = notation.method(text)
    if code is None:
        listed = notation.method_codes()
        known = f"lists {listed}" if listed else "takes a code of up to twelve letters and digits"
        piece.faults.append(f"{text.strip() or 'Nothing'} is no method code: {notation.qualification.id} {known}.")
    return code or notation.nearest_method(text)


def _criteria(unit: QualificationUnit, text: str, piece: _Piece) -> tuple[str, ...]:
    found: set[str] = set()
    for item in text.split(","):
        numbers, fault = expand(re.sub(r" *([.-]) *", r"\1", item.strip()), unit)
        found.update(numbers)
        piece.faults += [fault] if fault else []
    return tuple(sorted(found, key=criterion_key))


def _share_last_method(targets: list[Target]) -> list[Target]:
    shared = targets[-1].method
    return [replace(target, method=target.method or shared) for target in targets]


def _merge(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Targets of one unit and method made one; those without a method last, so that the text reads back the same."""
    merged: dict[tuple[str, str, bool], Target] = {}
    for target in targets:
        key = (target.unit_reference, target.method, target.criteria is None)
        criteria = {*(merged[key].criteria or () if key in merged else ()), *(target.criteria or ())}
        ordered = None if target.criteria is None else tuple(sorted(criteria, key=criterion_key))
        merged[key] = replace(target, criteria=ordered)
    return tuple(sorted(merged.values(), key=lambda target: not target.method))


def _contradictions(targets: Sequence[Target]) -> Iterator[str]:
    """Units named both as a whole and by criteria, or with two methods for one criterion."""
    for reference in dict.fromkeys(target.unit_reference for target in targets):
        criteria = [target.criteria for target in targets if target.unit_reference == reference]
        named = [criterion for some in criteria for criterion in some or ()]
        if (None in criteria and len(criteria) > 1) or len(named) != len(set(named)):
            yield reference


def _names(units: Iterable[QualificationUnit]) -> dict[str, QualificationUnit]:
    """Every name of every unit: a body's own code first, then references, then other codes that are no one else's."""
    units = tuple(units)
    aliases = [(_bare_unit(alias), listed) for listed in units for alias in listed.aliases]
    times = Counter(alias for alias, _ in aliases)
    names = {alias: listed for alias, listed in aliases if times[alias] == 1}
    names |= {_bare_unit(listed.unit.reference): listed for listed in units}
    return names | {_bare_unit(listed.code): listed for listed in units}


def _bare_unit(name: str) -> str:
    return re.sub(r"[ /]", "", name).upper()


def _bare(qualification_id: str) -> str:
    return re.sub(r"[ /_-]", "", qualification_id).upper()


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _likest(text: str, names: Iterable[str]) -> str:
    """The name most like the text; among equals one that starts alike, then the nearest in number, then in spelling."""
    best = (0.0, False, 0, "")
    matcher = difflib.SequenceMatcher(None, b=text)
    for name in names:
        matcher.set_seq1(name)
        if matcher.real_quick_ratio() >= -best[0] and matcher.quick_ratio() >= -best[0]:
            alike = text[:1] != name[:1], abs(_figure(text) - _figure(name)), name
            best = min(best, (-matcher.ratio(), *alike))
    return best[3]


def _figure(name: str) -> int:
    return int("".join(filter(str.isdigit, name))[:12] or 0)


def _with_tail(text: str, tail: str) -> str:
    return f"{text}#{tail}" if tail else text
