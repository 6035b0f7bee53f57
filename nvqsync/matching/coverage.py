"""What nobody assesses: units and criteria of a qualification that no mapped item can give. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from nvqsync.mapping import CourseMapping, MappedItem
from nvqsync.methods import simulation_refused
from nvqsync.model import Qualification, QualificationUnit


@dataclass(frozen=True, slots=True)
class Gap:
    """A unit that the mapped items cannot achieve, and why.

    ``kind`` is ``"unit"`` (nothing assesses it: no fault, where a centre does not offer it), ``"criteria"`` (those in
    ``criteria`` are assessed by nothing), ``"whole unit"`` (its criteria are unknown, and no item stands for all of it)
    or ``"number"`` (the mapping asks for more met decisions than there are items for ``criteria``).
    """

    unit_reference: str
    code: str
    title: str
    mandatory: bool
    kind: Literal["unit", "criteria", "whole unit", "number"]
    criteria: tuple[str, ...] = ()


GAPS = {
    "unit": "nothing assesses it, and it is mandatory",
    "whole unit": "its criteria are unknown and nothing stands for the whole unit",
    "criteria": "nothing assesses criteria",
    "number": "fewer assignments than the mapping asks for, for criteria",
}
"""What each kind of gap means, in words."""


def coverage(
    qualification: Qualification, mappings: Iterable[CourseMapping], gone: Collection[str] = ()
) -> tuple[Gap, ...]:
    """The gaps of one qualification, over all its courses together, in the qualification's own order of units.

    ``gone`` are the ids of items that the LMS no longer shows: nobody can be graded on those.
    """
    ours = [mapping for mapping in mappings if mapping.qualification_id == qualification.id]
    items = [item for mapping in ours for item in mapping.items if item.item_id not in gone]
    gaps: list[Gap] = []
    for listed in qualification.units:
        gaps += _gaps(listed, _asked(qualification, listed, items))
    return tuple(gaps)


def _asked(
    qualification: Qualification, listed: QualificationUnit, items: Iterable[MappedItem]
) -> dict[str, list[MappedItem]]:
    """The items for each criterion of one unit (``""``: for all of it), but for simulation that cannot count."""
    asked: dict[str, list[MappedItem]] = {}
    for item in items:
        for target in item.targets:
            if target.unit_reference == listed.unit.reference and not simulation_refused(
                qualification, listed, target.method
            ):
                for criterion in ("",) if target.criteria is None else target.criteria:
                    asked.setdefault(criterion, []).append(item)
    return asked


def _gaps(listed: QualificationUnit, asked: dict[str, list[MappedItem]]) -> list[Gap]:
    def gap(kind: Literal["unit", "criteria", "whole unit", "number"], criteria: Sequence[str] = ()) -> Gap:
        return Gap(listed.unit.reference, listed.code, listed.unit.title, listed.mandatory, kind, tuple(criteria))

    if not asked:
        return [gap("unit")]
    gaps = []
    if listed.unit.criteria is None:
        gaps += [] if "" in asked else [gap("whole unit")]
    elif "" not in asked:
        missing = [criterion for criterion in listed.unit.criteria if criterion not in asked]
        gaps += [gap("criteria", missing)] if missing else []
    short = [criterion for criterion, items in asked.items() if _most_asked(items) > len(items)]
    return gaps + ([gap("number", sorted(short))] if short else [])


def _most_asked(items: Iterable[MappedItem]) -> int:
    return max((item.combine for item in items if isinstance(item.combine, int)), default=0)
