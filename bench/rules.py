"""How fast the rules engine is: the six real rules, 1,000 seeded hard instances, cohorts of 100,000 learners.

Run ``python -m bench.rules`` (``--json`` for machines, ``--quick`` for a tenth of everything). All times are processor
time of this process, since nothing here waits. Single questions are put to a rule that is compiled and remembers
nothing, with the garbage collector off, as ``timeit`` has it; a cohort starts from nothing, collector on, and profits
from what the engine remembers of one learner for the next. ``bench.rules_ilp`` sets the same questions to a solver.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from nvqsync.combination.rule_compiled import compiled
from nvqsync.model import Rule
from nvqsync.rules import Verdict, judge
from tests.unit.rule_oracle import best_credits
from tests.unit.rule_tables import OCR_03455, REAL, Instance, hard_instance, hardest_instance

Learner = tuple[Rule, tuple[str, ...]]


def figures(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 99th percentile and greatest, in milliseconds."""
    ranked = sorted(seconds)
    picks = {"median_ms": 0.5, "p99_ms": 0.99, "max_ms": 1.0}
    return {name: round(1000 * ranked[min(len(ranked) - 1, int(len(ranked) * q))], 4) for name, q in picks.items()}


def timed(question: Callable[[], Verdict]) -> tuple[float, Verdict]:
    """How long one question takes, and its answer."""
    gc.disable()
    start = time.process_time()
    verdict = question()
    seconds = time.process_time() - start
    gc.enable()
    return seconds, verdict


def asked(rule: Rule, held: Sequence[str], *, with_route: bool) -> tuple[float, Verdict]:
    """One question to a rule that nobody has asked about yet; compiling it is not what is measured."""
    fresh = replace(rule)
    compiled(fresh).at_least  # noqa: B018
    return timed(lambda: judge(fresh, held, with_route=with_route))


def random_learner(rule: Rule, rng: random.Random) -> tuple[str, ...]:
    """Someone who holds each unit with the same chance, between none and half of them."""
    share = rng.random() * 0.5
    return tuple(unit.code for unit in rule.units if rng.random() < share)


def real_rules(count: int) -> dict[str, object]:
    """Verdicts alone, and verdicts with their route, for random learners of each real rule."""
    rng, answer = random.Random(1), {}  # noqa: S311 - made-up learners
    for name, rule in REAL.items():
        learners = [random_learner(rule, rng) for _ in range(count)]
        answer[name] = {
            "verdict": figures([asked(rule, held, with_route=False)[0] for held in learners]),
            "route": figures([asked(rule, held, with_route=True)[0] for held in learners]),
        }
    return answer


def instances(family: Callable[[int], Instance], count: int) -> dict[str, object]:
    """Seeded instances: each verdict alone, then with its route."""
    verdicts, routes, met, undecided = [], [], 0, 0
    for seed in range(count):
        rule, held = family(seed)
        verdicts.append(asked(rule, held, with_route=False)[0])
        seconds, verdict = asked(rule, held, with_route=True)
        routes.append(seconds)
        met, undecided = met + verdict.met, undecided + verdict.undecided
    return {
        "instances": count,
        "met": met,
        "undecided": undecided,
        "verdict": figures(verdicts),
        "route": figures(routes),
    }


def cohort(count: int) -> list[Learner]:
    """Learners as colleges have them: sixty centres with a plan for every qualification, taught in its order.

    Each learner has come to some place in the plan; two in five miss one unit before it, one in five has one beyond it.
    """
    rng, learners = random.Random(2), []  # noqa: S311
    plans = [(rule, _plan(rule, rng)) for rule in REAL.values() for _ in range(60)]
    for _ in range(count):
        rule, plan = rng.choice(plans)
        place = rng.randint(0, len(plan))
        held = set(plan[:place])
        if held and rng.random() < 0.4:
            held.remove(rng.choice(sorted(held)))
        if rng.random() < 0.2:
            held.add(rng.choice(plan))
        learners.append((rule, tuple(held)))
    return learners


def _plan(rule: Rule, rng: random.Random) -> tuple[str, ...]:
    route = judge(rule, ()).route
    wanted = set(route.units if route else ()) | {unit.code for unit in rng.sample(rule.units, 5)}
    return tuple(rng.sample(sorted(wanted), len(wanted)))


def scattered(count: int) -> list[Learner]:
    """Learners nobody has: each holds units at random, so that hardly two are alike."""
    rng, rules = random.Random(3), list(REAL.values())  # noqa: S311
    return [(rule, random_learner(rule, rng)) for rule in (rng.choice(rules) for _ in range(count))]


def seconds_for(learners: Sequence[Learner], *, with_route: bool) -> float:
    """How long it takes to judge them all from a cold start."""
    fresh = {id(rule): replace(rule) for rule, _ in learners}
    gc.collect()
    gc.freeze()  # the made-up learners are the benchmark's, not the engine's
    start = time.process_time()
    for rule, held in learners:
        judge(fresh[id(rule)], held, with_route=with_route)
    seconds = time.process_time() - start
    gc.unfreeze()
    return round(seconds, 3)


def cohort_times(learners: Sequence[Learner]) -> dict[str, float]:
    """Seconds for all of them: verdicts alone, and verdicts with the cheapest finish of each who is unfinished."""
    return {
        "learners": float(len(learners)),
        "verdicts": seconds_for(learners, with_route=False),
        "routes": seconds_for(learners, with_route=True),
    }


def against_brute_force() -> dict[str, float]:
    """One learner with 14 units of OCR/03455: the engine against trying every subset."""
    held = [unit.code for unit in OCR_03455.units[::3]][:14]
    engine = min(asked(OCR_03455, held, with_route=False)[0] for _ in range(20))
    start = time.process_time()
    best_credits(OCR_03455, held, ())
    brute = time.process_time() - start
    return {
        "engine_ms": round(engine * 1000, 3),
        "brute_force_ms": round(brute * 1000, 1),
        "ratio": round(brute / engine),
    }


def measure(scale: float = 1.0) -> dict[str, object]:
    """Every figure."""
    return {
        "real_rules": real_rules(int(2000 * scale)),
        "hard_instances": instances(hard_instance, int(1000 * scale)),
        "hardest_instances": instances(hardest_instance, int(300 * scale)),
        "cohort_seconds": cohort_times(cohort(int(100_000 * scale))),
        "scattered_seconds": cohort_times(scattered(int(100_000 * scale))),
        "brute_force": against_brute_force(),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    found = measure(0.1 if options.quick else 1.0)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, rule in found.pop("real_rules").items():  # type: ignore[attr-defined]
        print(f"{name:15} verdict {rule['verdict']}  route {rule['route']}")
    for name, value in found.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
