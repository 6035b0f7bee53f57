"""Criterion numbers: ``1.10`` is outcome 1, criterion 10. How lists and ranges of them are read, sorted and written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from nvqsync.model import QualificationUnit

_NUMBER = r"([1-9][0-9]?)\.([1-9][0-9]?)"
_CRITERIA = re.compile(rf"{_NUMBER}(?:-{_NUMBER})?")
_OPEN_RANGE = re.compile(rf"{_NUMBER}-([1-9][0-9]?)")


@lru_cache(maxsize=10_000)
def criterion_key(criterion: str) -> tuple[int, int]:
    """Sorts criterion numbers as a specification prints them: 1.2 before 1.10 before 2.1."""
    outcome, _, number = criterion.partition(".")
    return int(outcome), int(number)


def format_criteria(criteria: Iterable[str]) -> str:
    """Criterion numbers with runs written as ranges: ``1.1-1.4,2.1``."""
    runs: list[list[tuple[int, int]]] = []
    for outcome, number in map(criterion_key, criteria):
        if runs and runs[-1][-1] == (outcome, number - 1):
            runs[-1].append((outcome, number))
        else:
            runs.append([(outcome, number)])
    return ",".join(_dotted(run[0]) + (f"-{_dotted(run[-1])}" if len(run) > 1 else "") for run in runs)


def expand(text: str, listed: QualificationUnit) -> tuple[list[str], str]:
    """The criteria that one criterion or range names, and what is wrong with it (then the criteria are the nearest)."""
    match = _CRITERIA.fullmatch(text)
    if match is None:
        return _nearest_reading(
            text, listed
        ), f"{text or 'Nothing'} is no criterion number: write them as 1.1 or 1.1-1.4."
    numbers = [int(group) for group in match.groups() if group]
    first, last = (numbers[0], numbers[1]), (numbers[-2], numbers[-1])
    known = listed.unit.criteria
    if first[0] != last[0] or first > last:
        fault = f"{text} is no range: it starts and ends in one outcome, lowest number first."
        return _between(first, last, known), fault
    wanted = [_dotted((first[0], number)) for number in range(first[1], last[1] + 1)]
    absent = [] if known is None else [number for number in wanted if number not in known]
    if known is None or not absent:
        return wanted, ""
    near = [n for n in wanted if n in known] or [min(known, key=lambda n: _distance(n, absent[0]))]
    return near, f"{listed.code} has no criterion {format_criteria(absent)}."


def _nearest_reading(text: str, listed: QualificationUnit) -> list[str]:
    """What an ill-formed criterion most likely means: every well-formed number in it that the unit has."""
    open_ended = _OPEN_RANGE.fullmatch(text)
    if open_ended:
        low, high = int(open_ended[2]), int(open_ended[3])
        return _between((int(open_ended[1]), low), (int(open_ended[1]), high), listed.unit.criteria)
    numbers = [_dotted((int(a), int(b))) for a, b in re.findall(r"([0-9]{1,2})\.([0-9]{1,2})", text)]
    known = listed.unit.criteria
    return [n for n in numbers if (n in known if known is not None else "0" not in n.split("."))]


def _between(first: tuple[int, int], last: tuple[int, int], known: Sequence[str] | None) -> list[str]:
    low, high = sorted((first, last))
    if known is not None:
        return [criterion for criterion in known if low <= criterion_key(criterion) <= high]
    return (
        [_dotted((low[0], n)) for n in range(low[1], high[1] + 1)]
        if low[0] == high[0]
        else [_dotted(low), _dotted(high)]
    )


def _dotted(criterion: tuple[int, int]) -> str:
    return f"{criterion[0]}.{criterion[1]}"


def _distance(one: str, other: str) -> tuple[int, int]:
    (a, b), (c, d) = criterion_key(one), criterion_key(other)
    return abs(a - c), abs(b - d)
