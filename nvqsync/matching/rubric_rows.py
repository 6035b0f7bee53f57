"""Which criterion each row of a rubric or marking guide speaks for. Pure.

A row whose text starts with a criterion number (``1.1 ...``, ``A3 1.1 ...``, ``A3: 1.1 ...``) speaks for that criterion
alone. In an item for several units the row names the unit too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nvqsync.matching.id_numbers import Notation, Target, plain
from nvqsync.model import GradingRow

_MARKUP = re.compile(r"<[^<>]{0,300}>|&nbsp;")
_NUMBER = r"(?P<criterion>[1-9][0-9]?\.[1-9][0-9]?)(?![0-9A-Za-z%]|\.[0-9])"
_NUMBERED = re.compile(_NUMBER)
_WITH_UNIT = re.compile(rf"(?:unit )?(?P<unit>[A-Z0-9/ ]{{1,24}}?)(?: ?[:,;-] ?| ){_NUMBER}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SpokenFor:
    """The rows of one item, sorted: by unit and criterion, those without a number, and those to report.

    ``outside`` are criteria beyond what the item is mapped to; ``nameless`` those that name no unit though they must.
    """

    rows: dict[tuple[str, str], list[GradingRow]]
    unnumbered: tuple[GradingRow, ...]
    outside: tuple[str, ...]
    nameless: tuple[str, ...]

    @property
    def numbered(self) -> bool:
        """True where at least one row starts with a criterion number, mapped or not."""
        return bool(self.rows or self.outside or self.nameless)


def spoken_for(rows: Iterable[GradingRow], targets: Iterable[Target], notation: Notation) -> SpokenFor:
    """Sort the rows of an item mapped to these targets."""
    targets = tuple(targets)
    units = {target.unit_reference for target in targets}
    mapped: dict[tuple[str, str], list[GradingRow]] = {}
    unnumbered: list[GradingRow] = []
    outside: list[str] = []
    nameless: list[str] = []
    for row in rows:
        unit, criterion = read_row(row.text, notation)
        reference = unit or (next(iter(units)) if len(units) == 1 else "")
        if not criterion:
            unnumbered.append(row)
        elif not reference:
            nameless.append(criterion)
        elif any(_covers(target, reference, criterion, notation) for target in targets):
            mapped.setdefault((reference, criterion), []).append(row)
        else:
            outside.append(f"{notation.by_reference(unit).code} {criterion}" if unit else criterion)
    return SpokenFor(mapped, tuple(unnumbered), tuple(outside), tuple(nameless))


def read_row(text: str, notation: Notation) -> tuple[str, str]:
    """The unit reference (or ``""``) and criterion number (or ``""``) that a row's text starts with."""
    start = " ".join(_MARKUP.sub(" ", plain(text[:2000])).split())[:80]
    if number := _NUMBERED.match(start):
        return "", number["criterion"]
    named = _WITH_UNIT.match(start)
    listed = notation.unit(named["unit"]) if named else None
    return (listed.unit.reference, named["criterion"]) if named and listed else ("", "")


def _covers(target: Target, reference: str, criterion: str, notation: Notation) -> bool:
    if target.unit_reference != reference:
        return False
    if target.criteria is not None:
        return criterion in target.criteria
    known = notation.by_reference(reference).unit.criteria
    return known is None or criterion in known
