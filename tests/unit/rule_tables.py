"""The six real rules, typed from the handbooks' tables, and seeded hard ones. Credits and levels only: no wording."""

from __future__ import annotations

import random
from collections.abc import Callable

from nvqsync.model import Comparison, Kind, Requirement, Rule, RuleUnit, Source

SOURCE = Source("specification", "structure")

# code: credits, level, GLH
BANK = {
    line.split()[0]: tuple(map(int, line.split()[1:]))
    for line in """
    F1 4 1 30|F2 4 2 30|F3 6 3 40|F4 6 3 40
    A1 5 1 33|A2 5 1 33|A3 5 2 33|A4 5 2 33|A5 6 2 40|A6 5 2 33|A7 6 2 40|A8 6 2 40|A9 6 2 40|A10 5 2 33|A11 5 2 33
    A12 6 2 40|A13 6 3 40|A14 8 3 53|A15 7 3 47|A16 7 3 47|A17 10 4 67|A18 11 4 73
    B1 5 1 33|B2 5 2 33|B3 5 2 33|B4 5 2 33|B5 8 2 53|B6 4 2 27|B7 5 2 33|B8 4 2 27|B9 6 3 40|B10 6 3 40|B11 7 3 47
    B12 8 4 53|B13 10 4 67|B14 8 4 53|B15 8 4 53|B16 8 4 53
    C1 5 1 33|C2 4 1 27|C3 6 2 40|C4 6 2 40|C5 6 3 40|C6 10 3 67|C7 6 3 40|C8 10 4 67
    D1 6 2 40|D2 5 2 33|D3 6 2 40|D4 5 2 33|D5 5 2 33|D6 6 2 40|D7 5 2 33|D8 8 3 53|D9 7 3 47|D10 8 3 53|D11 7 3 47
    D12 10 3 67|D13 7 3 47|D14 10 4 67|D15 9 4 60
    """.replace("\n", "|").split("|")
    if line.strip()
}

# unit number: credits, level, GLH, group (Level 1 Certificate 10378)
NEWER_BANK = [
    *[("1", 3, 1, 25, "A"), ("2", 2, 1, 14, "A"), ("3", 3, 1, 30, "A"), ("4", 4, 1, 25, "A"), ("5", 2, 1, 18, "A")],
    *[("6", 3, 1, 14, "B"), ("7", 3, 1, 11, "B"), ("8", 3, 2, 20, "B"), ("9", 3, 2, 16, "B"), ("10", 3, 2, 16, "B")],
    *[("11", 3, 2, 14, "B"), ("12", 1, 1, 10, "C"), ("13", 2, 1, 20, "C"), ("14", 3, 1, 6, "C"), ("15", 3, 1, 12, "C")],
    *[("16", 2, 2, 16, "C"), ("17", 2, 2, 17, "C"), ("18", 3, 2, 14, "C")],
]


def want(kind: Kind, need: int = 0, groups: str = "", units: tuple[str, ...] = (), **more: object) -> Requirement:
    """A requirement with an id and words made from its kind; ``groups`` are one letter each."""
    name = f"{kind.value}{''.join(groups)}{need or ''}"
    return Requirement(name, kind, name.replace("_", " "), SOURCE, need, tuple(groups), units, **more)  # type: ignore[arg-type]


def _listed(prefix: str, group: str, first: int, last: int) -> list[RuleUnit]:
    return [_unit(f"{prefix}{n}", group) for n in range(first, last + 1)]


def _unit(code: str, group: str) -> RuleUnit:
    credits, level, glh = BANK[code]
    return RuleUnit(code, credits, level, glh, (group,))


def _nvq(mandatory: tuple[str, str], spans: dict[str, tuple[int, int]], optional: int, *level: Requirement) -> Rule:
    """An NVQ: two mandatory units, then groups B to E (units A.., B.., C.., D..), one unit at least from each."""
    units = [_unit(code, "A") for code in mandatory]
    for group, (first, last) in spans.items():
        units += _listed(chr(ord(group) - 1), group, first, last)
    groups = "".join(spans)
    each = [want(Kind.MIN_UNITS, 1, group) for group in groups]
    credits = sum(unit.credits for unit in units[:2])
    wanted = [
        want(Kind.ALL_OF, units=mandatory),
        *each,
        want(Kind.MIN_CREDITS, optional, groups),
        want(Kind.MIN_CREDITS, credits + optional),
        *level,
    ]
    return Rule(tuple(units), tuple(wanted))


def at_level(need: int, level: int, groups: str = "", comparison: Comparison = Comparison.EXACTLY) -> Requirement:
    """Credits at a level."""
    return want(Kind.MIN_CREDITS_AT_LEVEL, need, groups, level=level, comparison=comparison)


_LEVEL_1 = {"B": (1, 12), "C": (1, 8), "D": (1, 4)}
_LEVEL_2 = {"B": (1, 16), "C": (1, 11), "D": (1, 7), "E": (1, 13)}
_LEVEL_3 = {"B": (3, 18), "C": (2, 16), "D": (3, 8), "E": (1, 15)}

OCR_03454 = _nvq(("F1", "F2"), _LEVEL_1, 14, at_level(8, 1, "BCD"))
NCFE_50102874 = _nvq(("F1", "F2"), _LEVEL_1, 14, at_level(12, 1))
OCR_03455 = _nvq(("F1", "F2"), _LEVEL_2, 20, at_level(11, 2, "BCDE"))
EDI_L2 = _nvq(("F1", "F2"), _LEVEL_2, 20, at_level(11, 2, "BCDE"))
OCR_03456 = _nvq(("F3", "F4"), _LEVEL_3, 30, at_level(10, 3, "BCDE"))
OCR_10378 = Rule(
    tuple(RuleUnit(code, credits, level, glh, (group,)) for code, credits, level, glh, group in NEWER_BANK),
    (
        want(Kind.ALL_OF, units=("1", "2", "3", "4", "5")),
        want(Kind.MIN_CREDITS, 6, "B"),
        want(Kind.MAX_CREDITS, 3, "C"),
        want(Kind.MIN_CREDITS, 23),
    ),
)

REAL = {
    "OCR/03454": OCR_03454,
    "OCR/03455": OCR_03455,
    "OCR/03456": OCR_03456,
    "OCR/10378": OCR_10378,
    "EDI/L2-CS": EDI_L2,
    "NCFE/50102874": NCFE_50102874,
}


Instance = tuple[Rule, tuple[str, ...]]
GROUPS = "ABCDEF"


def hard_instance(seed: int) -> Instance:
    """A rule of 60 units and six overlapping groups with minima, maxima on three groups and bars, and what is held.

    Half of the seeds let a unit count towards all its groups, half towards one of them.
    """
    rng = random.Random(seed)
    return _instance(rng, seed, lambda: rng.sample(GROUPS, 3))


def hardest_instance(seed: int) -> Instance:
    """The same with a maximum on each of the six groups, so that nothing can be put where there is room to spare."""
    return _instance(random.Random(seed), seed, lambda: list(GROUPS))


def _instance(rng: random.Random, seed: int, capped: Callable[[], list[str]]) -> Instance:
    groups = GROUPS
    units = tuple(
        RuleUnit(
            f"U{n}",
            rng.randint(1, 10),
            rng.randint(1, 4),
            rng.randint(5, 90),
            tuple(rng.sample(groups, rng.randint(1, 3))),
        )
        for n in range(60)
    )
    share = 6 if seed % 2 else 4
    wanted = [want(Kind.MIN_CREDITS, rng.randint(3, 3 * share), group) for group in groups]
    wanted += [want(Kind.MAX_CREDITS, rng.randint(4 * share, 8 * share), group) for group in capped()]
    wanted += [
        want(Kind.MIN_UNITS, rng.randint(1, 3), rng.choice(groups)),
        want(Kind.MAX_UNITS, rng.randint(5, 9), rng.choice(groups)),
        want(Kind.MIN_CREDITS, rng.randint(40, 75)),
        at_level(rng.randint(5, 20), rng.randint(1, 4)),
        at_level(rng.randint(5, 15), 2, "".join(sorted(rng.sample(groups, 3))), Comparison.AT_LEAST),
    ]
    codes = [unit.code for unit in units]
    wanted += [want(Kind.BARRED, units=tuple(rng.sample(codes, 2))) for _ in range(8)]
    held = tuple(code for code in codes if rng.random() < rng.choice((0.2, 0.4, 0.6)))
    return Rule(units, tuple(wanted), groups_overlap=bool(seed % 2)), held
