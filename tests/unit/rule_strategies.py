"""Random small rules for property tests: every kind of requirement, overlapping groups or not."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from nvqsync.model import Comparison, Kind, Requirement, Rule, RuleUnit
from tests.unit.rule_tables import SOURCE

GROUPS = ("A", "B", "C")


@dataclass(frozen=True)
class Question:
    """A rule, what is held of it, what of that is transferred and what is on offer."""

    rule: Rule
    held: tuple[str, ...]
    moved: tuple[str, ...]
    offered: tuple[str, ...]


@st.composite
def questions(draw: st.DrawFn, units: int = 7) -> Question:
    """A rule of at most ``units`` units with up to seven requirements, and a learner."""
    codes = tuple(f"U{n}" for n in range(draw(st.integers(1, units))))
    bank = tuple(draw(_units(code)) for code in codes)
    wanted = tuple(draw(_requirement(n, codes)) for n in range(draw(st.integers(1, 7))))
    rule = Rule(bank, wanted, groups_overlap=draw(st.booleans()))
    status = [draw(st.sampled_from("hhtoo-")) for _ in codes]
    picked = {
        letter: tuple(c for c, s in zip(codes, status, strict=True) if s in letter) for letter in ("ht", "t", "oht")
    }
    return Question(rule, picked["ht"], picked["t"], picked["oht"])


@st.composite
def _units(draw: st.DrawFn, code: str) -> RuleUnit:
    groups = draw(st.lists(st.sampled_from(GROUPS), unique=True, max_size=3))
    return RuleUnit(code, draw(st.integers(0, 4)), draw(st.integers(1, 3)), draw(st.integers(0, 5)), tuple(groups))


@st.composite
def _requirement(draw: st.DrawFn, number: int, codes: tuple[str, ...]) -> Requirement:
    kind = draw(st.sampled_from(list(Kind)))
    groups = tuple(draw(st.lists(st.sampled_from(GROUPS), unique=True, max_size=2)))
    units: tuple[str, ...] = ()
    if kind in {Kind.ALL_OF, Kind.BARRED, Kind.EQUIVALENT}:
        units = tuple(draw(st.lists(st.sampled_from(codes), unique=True, min_size=1, max_size=3)))
    return Requirement(
        id=f"R{number}",
        kind=kind,
        says=f"{kind.value} {number}",
        source=SOURCE,
        need=draw(st.integers(0, 3 if kind in {Kind.MIN_UNITS, Kind.MAX_UNITS} else 9)),
        groups=groups,
        units=units,
        level=draw(st.integers(1, 3)) if kind is Kind.MIN_CREDITS_AT_LEVEL else None,
        comparison=draw(st.sampled_from(list(Comparison))),
    )
