"""The rules engine beside a 0/1 integer program: the same questions, put to HiGHS (``highspy``) with no gap allowed.

Run ``tools/ilp-env`` once, then ``.venv-ilp/bin/python -m bench.rules_ilp`` (``--quick``: a tenth). The solver has an
environment of its own, since it drags in numpy. The programs are written from the meaning of a rule, not from what the
engine compiles it to: a variable for each unit and each way in which it may count, and a row for each requirement. A
learner's verdict is one program (most credit among what is held), the cheapest finish another (least credit, then
fewest units, then fewest hours). Compared are whether there is an answer, its credit, and a route's cost; the times are
the solver's own, without building the program, against the engine's with everything, compiling apart.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import highspy

from bench.rules import asked, random_learner
from nvqsync.model import Comparison, Kind, Requirement, Rule, RuleUnit
from tests.unit.rule_tables import REAL, Instance, hard_instance, hardest_instance

Way = tuple[RuleUnit, tuple[str, ...]]


@dataclass(slots=True)
class Program:
    """Rows ``low <= sum of coefficients <= high`` over one 0/1 variable for each way; ``costs`` are to be least."""

    ways: list[Way]
    costs: list[float]
    rows: list[tuple[float, dict[int, float], float]] = field(default_factory=list)

    def at_least(self, amounts: dict[int, float], need: float) -> None:
        """A minimum."""
        self.rows.append((need, amounts, highspy.kHighsInf))

    def at_most(self, amounts: dict[int, float], need: float) -> None:
        """A maximum."""
        self.rows.append((-highspy.kHighsInf, amounts, need))


def program(rule: Rule, codes: Iterable[str], cost: Callable[[RuleUnit], float]) -> Program:
    """The program of choosing among some units of a rule."""
    listed = set(codes)
    ways = [(unit, groups) for unit in rule.units if unit.code in listed for groups in _ways(rule, unit)]
    made = Program(ways, [cost(unit) for unit, _ in ways])
    for code in listed:
        made.at_most({n: 1 for n, (unit, _) in enumerate(ways) if unit.code == code}, 1)
    for requirement in rule.requirements:
        _require(made, requirement)
    return made


def _ways(rule: Rule, unit: RuleUnit) -> list[tuple[str, ...]]:
    return [unit.groups] if rule.groups_overlap or not unit.groups else [(group,) for group in unit.groups]


def _require(made: Program, requirement: Requirement) -> None:
    """One requirement's rows. The benchmark's rules have no equivalents and no transferred credit."""
    kind, named = requirement.kind, set(requirement.units)
    if kind is Kind.ALL_OF:
        for code in named:
            made.at_least({n: 1 for n, (unit, _) in enumerate(made.ways) if unit.code == code}, 1)
    elif kind is Kind.BARRED:
        made.at_most({n: 1 for n, (unit, _) in enumerate(made.ways) if unit.code in named}, 1)
    elif kind in {Kind.MIN_UNITS, Kind.MIN_CREDITS, Kind.MIN_CREDITS_AT_LEVEL}:
        made.at_least(dict(_amounts(made, requirement)), requirement.need)
    elif kind in {Kind.MAX_UNITS, Kind.MAX_CREDITS}:
        made.at_most(dict(_amounts(made, requirement)), requirement.need)
    else:
        raise NotImplementedError(kind)


def _amounts(made: Program, requirement: Requirement) -> Iterator[tuple[int, float]]:
    in_units = requirement.kind in {Kind.MIN_UNITS, Kind.MAX_UNITS}
    for n, (unit, groups) in enumerate(made.ways):
        here = not requirement.groups or set(requirement.groups) & set(groups)
        if here and _at_level(requirement, unit.level):
            yield n, 1 if in_units else unit.credits


def _at_level(requirement: Requirement, level: int) -> bool:
    if requirement.level is None:
        return True
    return level == requirement.level or (requirement.comparison is Comparison.AT_LEAST and level > requirement.level)


def solved(made: Program) -> tuple[float, int | None]:
    """The solver's seconds and the least cost; ``None`` where it says that nothing fits. Raises ``RuntimeError``."""
    if not made.costs:
        return 0.0, None if any(low > 0 for low, _, _ in made.rows) else 0
    solver = _solver()
    for cost in made.costs:
        solver.addVar(0, 1)
        column = solver.getNumCol() - 1
        solver.changeColCost(column, cost)
        solver.changeColIntegrality(column, highspy.HighsVarType.kInteger)
    for low, amounts, high in made.rows:
        solver.addRow(low, high, len(amounts), list(amounts), list(amounts.values()))
    start = time.process_time()
    solver.run()
    seconds, status = time.process_time() - start, solver.getModelStatus()
    if status == highspy.HighsModelStatus.kOptimal:
        return seconds, round(solver.getInfo().objective_function_value)
    if status in {highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible}:
        return seconds, None
    raise RuntimeError(f"the solver stopped: {solver.modelStatusToString(status)}")


def _solver() -> Any:
    solver = highspy.Highs()
    options = {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.0, "time_limit": 600.0}
    for name, value in options.items():
        solver.setOptionValue(name, value)
    return solver


@dataclass(slots=True)
class Tally:
    """What came out: seconds of either on the same questions, and where they differ."""

    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    undecided: int = 0
    differ: list[str] = field(default_factory=list)

    def add(self, name: str, ours: tuple[float, int | None], theirs: tuple[float, int | None]) -> None:
        """One question's seconds and answers."""
        self.ours.append(ours[0])
        self.theirs.append(theirs[0])
        if ours[1] != theirs[1]:
            self.differ.append(f"{name}: {ours[1]} here, {theirs[1]} there")

    def line(self, name: str) -> str:
        """The outcome in one line."""
        if not self.ours:
            return f"{name:24} none"
        ratios = [there / here for here, there in zip(self.ours, self.theirs, strict=True)]
        agree = f"{len(self.differ)} of {len(self.ours)} DIFFER" if self.differ else f"{len(self.ours)} agree"
        undecided = f" ({self.undecided} undecided)" if self.undecided else ""
        ours, theirs = (1000 * statistics.median(times) for times in (self.ours, self.theirs))
        in_all = sum(self.theirs) / sum(self.ours)
        return (
            f"{name:24} {agree}{undecided}; medians {ours:.2f} ms here, {theirs:.2f} ms there; times as fast: "
            f"median {statistics.median(ratios):.1f}, least {min(ratios):.3f}, in all {in_all:.1f}"
        )


def compare(name: str, questions: Iterable[Instance]) -> list[str]:
    """Put each question to both; one line for verdicts, one for routes, and each difference."""
    verdicts, routes = Tally(), Tally()
    for n, (rule, held) in enumerate(questions):
        _verdict(verdicts, f"{name} {n}", rule, held)
        _route(routes, f"{name} {n}", rule, held)
    return [verdicts.line(f"{name} verdicts"), routes.line(f"{name} routes"), *verdicts.differ, *routes.differ]


def _verdict(tally: Tally, name: str, rule: Rule, held: Sequence[str]) -> None:
    seconds, verdict = asked(rule, held, with_route=False)
    if verdict.undecided:
        tally.undecided += 1
        return
    took, least = solved(program(rule, held, lambda unit: -unit.credits))
    tally.add(name, (seconds, -verdict.credits_counted if verdict.met else None), (took, least))


def _route(tally: Tally, name: str, rule: Rule, held: Sequence[str]) -> None:
    seconds, verdict = asked(rule, held, with_route=True)
    if verdict.met or verdict.undecided:
        tally.undecided += verdict.undecided
        return
    one = 1 + sum(unit.glh for unit in rule.units)
    credit = one * (1 + len(rule.units))
    route, codes = verdict.route, set(held)
    took, least = solved(
        program(
            rule,
            [unit.code for unit in rule.units],
            lambda unit: 0 if unit.code in codes else credit * unit.credits + one + unit.glh,
        )
    )
    ours = None if route is None else credit * route.credits + one * len(route.units) + route.glh
    tally.add(name, (seconds, ours), (took, least))


def real_learners(count: int) -> Iterator[Instance]:
    """Random learners of the six real rules in turn."""
    rng, rules = random.Random(4), list(REAL.values())  # noqa: S311 - made-up learners
    for n in range(count):
        rule = rules[n % len(rules)]
        yield rule, random_learner(rule, rng)


def main() -> int:
    """Print the comparison; the exit status is 1 where the two differ anywhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    scale = 10 if parser.parse_args().quick else 1
    lines = compare("real rules", real_learners(600 // scale))
    lines += compare("hard", map(hard_instance, range(1000 // scale)))
    lines += compare("hardest", map(hardest_instance, range(300 // scale)))
    print("\n".join(lines))
    return int(any("DIFFER" in line for line in lines))


if __name__ == "__main__":
    sys.exit(main())
