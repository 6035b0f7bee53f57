"""Assessment criteria from a centre's own copy of a unit specification, which nvqsync may not carry.

A TOML file of the centre's gives, for a unit of the bank, either how many criteria each learning outcome has or the
criteria themselves::

    [[units]]
    reference = "M/601/1508"
    outcomes = { 1 = 4, 2 = 5 }

    [[units]]
    reference = "T/601/1509"
    criteria = { "1.1" = "the words of your own copy", "1.2" = "..." }
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from nvqsync.model import Unit
from nvqsync.names import did_you_mean
from nvqsync.specification import Count, Outcome, Strict, Text, read_toml, toml_error

Outcomes = tuple[tuple[str, int], ...]
Number = Annotated[str, Field(pattern=r"^[1-9][0-9]?\.[1-9][0-9]?$")]


class CentreUnit(Strict):
    """A unit whose criteria the centre adds: ``outcomes`` counts them, or ``criteria`` words them by number."""

    reference: Text
    outcomes: dict[Outcome, Count] | None = None
    criteria: dict[Number, Text] | None = None


class CriteriaFile(Strict):
    """A centre's file."""

    units: Annotated[list[CentreUnit], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class WithCriteria:
    """The bank by unit reference with the centre's criteria in it, and their words by reference and number."""

    units: Mapping[str, Unit]
    wording: Mapping[str, Mapping[str, str]]


def with_criteria(units: Mapping[str, Unit], files: Sequence[Path]) -> WithCriteria:
    """Add the criteria of these files to the bank. Raises ``CatalogueError`` where one is wrong or contradicts it."""
    bank, wording = dict(units), dict[str, Mapping[str, str]]()
    for file in files:
        text, table = read_toml(file, CriteriaFile)
        for place, entry in enumerate(table.units):
            for says in _faults(entry, bank):
                raise toml_error(file, text, ("units", place), says)
            bank[entry.reference] = replace(bank[entry.reference], outcomes=_outcomes(entry))
            if entry.criteria:
                wording[entry.reference] = entry.criteria
    return WithCriteria(bank, wording)


def _faults(entry: CentreUnit, bank: Mapping[str, Unit]) -> Iterator[str]:
    if entry.reference not in bank:
        yield f"no unit {entry.reference} in the bank. {did_you_mean(entry.reference, bank)}".strip()
        return
    if entry.outcomes is None and not entry.criteria:
        yield f"{entry.reference} needs `outcomes` or `criteria`"
    counted = _outcomes(entry)
    if [outcome for outcome, _ in counted] != [str(number) for number in range(1, len(counted) + 1)]:
        yield f"{entry.reference}: learning outcomes are numbered 1, 2, 3 ..."
    numbers = {f"{outcome}.{number}" for outcome, count in counted for number in range(1, count + 1)}
    if entry.criteria is not None and set(entry.criteria) != numbers:
        odd = ", ".join(sorted(set(entry.criteria) ^ numbers))
        yield f"{entry.reference}: criteria are numbered without gaps or doubles: look at {odd}"
    known = bank[entry.reference].outcomes
    if known is not None and known != counted:
        yield f"{entry.reference} is known to have {_spelt(known)}, not {_spelt(counted)}"


def _outcomes(entry: CentreUnit) -> Outcomes:
    """The counts as given, or counted from the numbers of the criteria."""
    if entry.outcomes is not None:
        return tuple(entry.outcomes.items())
    counts: dict[str, int] = {}
    for number in entry.criteria or {}:
        outcome = number.partition(".")[0]
        counts[outcome] = counts.get(outcome, 0) + 1
    return tuple(counts.items())


def _spelt(outcomes: Outcomes) -> str:
    return ", ".join(f"{count} criteria in outcome {outcome}" for outcome, count in outcomes)
