"""A mutation run over the rules engine: small wrongs put into it one at a time, to see whether a test notices.

    python -m tests.mutants [--sample 60] [--seed 1] [--seconds 60] [--files nvqsync/rules.py ...]

Each mutant runs the fast rule tests in a copy of the repository; yours is never touched. A mutant is *killed* by a
failing test or by running over the time limit, else it *survived* and is listed. docs/rules-check.md explains those
that are known to survive. Exit status 1 when the tests fail without any mutant.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = (
    "nvqsync/rules.py",
    "nvqsync/finishing.py",
    *(
        f"nvqsync/combination/{name}.py"
        for name in (
            "rule_compiled",
            "rule_problem",
            "rule_search",
            "rule_selection",
            "rule_checks",
            "rule_cautions",
            "rule_choosing",
            "rule_fields",
            "rule_finish",
            "rule_frame",
            "rule_memory",
            "rule_menu",
            "rule_reports",
            "rule_requirements",
        )
    ),
)
"""The engine, and the checks that lean on it."""
LEFT_OUT = frozenset({"__init__", "rule_words", "rule_multipliers", "rules_compared"})
"""Modules of the engine's folder that are not tried: sentences, advice by design, and a comparison of two editions."""

TESTS = tuple(
    f"tests/unit/test_{name}.py"
    for name in (
        "rules",
        "finishing",
        "rule_edges",
        "rule_checks",
        "rule_shortcuts",
        "rules_oracle",
        "rule_advice",
        "adjustments",
    )
)

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}

Change = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One wrong: where, what it was and what it became, and the file with it in."""

    file: str
    line: int
    was: str
    became: str
    source: str


def mutants_of(file: str) -> Iterator[Mutant]:
    """Every mutant of one file, in order of place."""
    text = (ROOT / file).read_text(encoding="utf-8")
    count = sum(1 for _ in _places(ast.parse(text)))
    for number in range(count):
        tree = ast.parse(text)
        node, change = next(found for n, found in enumerate(_places(tree)) if n == number)
        was = ast.unparse(node)
        change()
        yield Mutant(file, getattr(node, "lineno", 0), was, ast.unparse(node), ast.unparse(tree))


def _places(tree: ast.Module) -> Iterator[tuple[ast.AST, Change]]:
    """Each place where something can be put wrong, with what does it. Decorators and annotations are left alone."""
    for node in _walk(tree):
        yield from ((node, change) for change in _changes(node))


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name in {"decorator_list", "annotation", "returns"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child
                yield from _walk(child)


def _changes(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare):
        yield from (_swap_in(node.ops, place) for place, op in enumerate(node.ops) if type(op) in SWAPS)
    elif isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in SWAPS:
        swapped = SWAPS[type(node.op)]()
        yield lambda: setattr(node, "op", swapped)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        other = not node.value
        yield lambda: setattr(node, "value", other)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        more = node.value + 1
        yield lambda: setattr(node, "value", more)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        name = node.func
        yield lambda: setattr(name, "id", CALLS[name.id])
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield lambda: _drop(node)


def _swap_in(ops: list[ast.cmpop], place: int) -> Change:
    def change() -> None:
        swapped = SWAPS[type(ops[place])]()
        assert isinstance(swapped, ast.cmpop)
        ops[place] = swapped

    return change


def _drop(node: ast.UnaryOp) -> None:
    """``not x`` becomes ``not not x``, ``-x`` becomes ``--x``: the operator undone in place."""
    node.operand = ast.UnaryOp(copy.copy(node.op), node.operand)


def copy_of_the_repository(folder: Path) -> None:
    """What the tests need, without caches."""
    for name in ("nvqsync", "connectors", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "browser", "replies"))
    shutil.copy(ROOT / "pyproject.toml", folder)


def verdict_on(folder: Path, tests: Sequence[str], seconds: float) -> str:
    """``killed``, ``timed out`` or ``survived``."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *tests]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return "timed out"
    return "killed" if done.returncode else "survived"


def main() -> int:
    """Run the sample and print what survived."""
    options = _options()
    everything = [mutant for file in options.files for mutant in mutants_of(file)]
    chosen = random.Random(options.seed).sample(everything, min(options.sample, len(everything)))
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        copy_of_the_repository(folder)
        started = time.monotonic()
        if (found := verdict_on(folder, TESTS, options.seconds)) != "survived":
            why = "fail" if found == "killed" else f"take longer than {options.seconds:.0f} s (--seconds allows more)"
            print(f"The tests {why} without any mutant.", file=sys.stderr)
            return 1
        print(f"{len(everything)} mutants in {len(options.files)} files; trying {len(chosen)} (seed {options.seed}).")
        print(f"The tests by themselves take {time.monotonic() - started:.1f} s.", flush=True)
        counted = _run(folder, TESTS, chosen, options.seconds)
    killed = counted["killed"] + counted["timed out"]
    share = 100 * killed / max(1, len(chosen))
    print(f"{killed} of {len(chosen)} killed ({counted['timed out']} by time), {share:.0f} per cent.")
    return 0


def _run(folder: Path, tests: Sequence[str], chosen: Sequence[Mutant], seconds: float) -> Counter[str]:
    counted: Counter[str] = Counter()
    for mutant in sorted(chosen, key=lambda one: (one.file, one.line)):
        path = folder / mutant.file
        good = path.read_text(encoding="utf-8")
        path.write_text(mutant.source, encoding="utf-8")
        outcome = verdict_on(folder, tests, seconds)
        path.write_text(good, encoding="utf-8")
        counted[outcome] += 1
        if outcome == "survived":
            print(f"survived  {mutant.file}:{mutant.line}  {mutant.was}  ->  {mutant.became}", flush=True)
    return counted


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sample", type=int, default=60, help="how many mutants to try")
    parser.add_argument("--seed", type=int, default=1, help="which ones: the same seed, the same mutants")
    parser.add_argument("--seconds", type=float, default=60, help="the time limit of each")
    parser.add_argument("--files", nargs="+", default=list(FILES), help="the files to put wrongs into")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
