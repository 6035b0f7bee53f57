"""From the names a person types to a verdict, and from a verdict to JSON. Pure.

Names are resolved by the catalogue and only units of the rule reach the engine (``nvqsync.rules``). What was given
twice, or is a unit of the bank that the qualification does not list, is told as a caution and never counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from nvqsync import rules
from nvqsync.catalogue import Catalogue, FoundUnit, OutsideUnit
from nvqsync.errors import InputError, NvqsyncError
from nvqsync.model import Qualification

_SHAPE: Final = 'Each line is an object like {"qualification": "OCR/03455", "units": ["F1", "F2"]}.'


@dataclass(frozen=True, slots=True)
class Judgement:
    """The engine's verdict on the units of the rule, with what the names added to it.

    ``unused`` and ``cautions`` are the verdict's own and then those of names; units are in the awarding body's codes.
    """

    qualification: Qualification
    verdict: rules.Verdict
    unused: tuple[str, ...]
    cautions: tuple[str, ...]


def judge_units(catalogue: Catalogue, qualification: Qualification, names: Iterable[str]) -> Judgement:
    """Judge the units that ``names`` stand for. Raises ``UnknownName`` for a name that stands for none."""
    found = [catalogue.find_unit(qualification, name) for name in names]
    once = {unit.unit.reference: unit for unit in found}
    inside = [unit.code for unit in once.values() if not isinstance(unit, OutsideUnit)]
    outside = [unit for unit in once.values() if isinstance(unit, OutsideUnit)]
    verdict = rules.judge(qualification.rule, inside)
    cautions = (*verdict.cautions, *_duplicates(found), *(_left_out(qualification, unit) for unit in outside))
    return Judgement(qualification, verdict, (*verdict.unused, *(unit.code for unit in outside)), cautions)


def answer_line(catalogue: Catalogue, line: bytes) -> dict[str, Any]:
    """The answer to one line of ``judge --jsonl``: a verdict, or ``{"error": ...}`` where it cannot be judged."""
    try:
        name, units = _asked(line)
        return verdict_json(judge_units(catalogue, catalogue.find_qualification(name), units))
    except NvqsyncError as error:
        return error_json(error)


def error_json(error: NvqsyncError) -> dict[str, Any]:
    """``{"error": ...}``: what happened, and what to do next."""
    return {"error": " ".join(part for part in (error.says, error.next_step) if part)}


def verdict_json(judgement: Judgement) -> dict[str, Any]:
    """A judgement in the shape of ``judge --json``, whose keys are a promise to other programs."""
    verdict = judgement.verdict
    route = verdict.route
    return {
        "qualification": judgement.qualification.id,
        "met": verdict.met,
        "credits_counted": verdict.credits_counted,
        "counted": list(verdict.counted),
        "unused": list(judgement.unused),
        "requirements": [
            {"id": r.id, "met": r.met, "have": r.have, "need": r.need, "short": r.short, "says": r.says}
            for r in verdict.requirements
        ],
        "cautions": list(judgement.cautions),
        "route": None if route is None else {"credits": route.credits, "units": list(route.units), "glh": route.glh},
        "undecided": verdict.undecided,
        "says": verdict.says,
    }


def _asked(line: bytes) -> tuple[str, list[str]]:
    """What one line asks. Raises ``InputError`` where it is not JSON of the right shape."""
    try:
        asked = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"This line is not JSON: {error}.", _SHAPE) from error
    if not isinstance(asked, dict) or not isinstance(asked.get("qualification"), str):
        raise InputError("This line names no qualification.", _SHAPE)
    units = asked.get("units")
    if not isinstance(units, list) or not all(_is_name(unit) for unit in units):
        raise InputError("This line has no list of units.", _SHAPE)
    return asked["qualification"], [str(unit) for unit in units]


def _is_name(unit: object) -> bool:
    """Text; or a whole number, for bodies whose codes look like one."""
    return isinstance(unit, str) or (isinstance(unit, int) and not isinstance(unit, bool))


def _duplicates(found: Iterable[FoundUnit]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for unit in found:
        seen[unit.code] = seen.get(unit.code, 0) + 1
    for code, times in seen.items():
        if times > 1:
            yield f"{code} was given {'twice' if times == 2 else f'{times} times'}: a unit counts once."


def _left_out(qualification: Qualification, unit: OutsideUnit) -> str:
    for held in qualification.rule.outside:
        if held.reference == unit.unit.reference:
            return f"{unit.code} is not counted: {held.says}."
    return f"{unit.code} ({unit.unit.title}) is not a unit of {qualification.id}: it is not counted."
