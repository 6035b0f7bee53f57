"""Claims exported and reconciled a second, with memory: ``python -m bench.exporting --claims 10000``.

The learners' facts stand in a folder of CSV files, and the mock portal runs as in the tests; nvqsync's side is a
process of its own, so that its memory is its own. The export reads every learner's facts again, runs every gate again,
writes the files and hands the batches over; the reconcile asks about every claim. Seconds by the clock rest on what
else the machine does, portal included; CPU seconds are nvqsync's own. Most of the time goes into getting the claims
approved, which is not measured here (``bench.claims`` does).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from nvqsync.bootstrap import bootstrap
from nvqsync.exporting import export
from nvqsync.handover.reconciling import reconcile
from tests.workshop import ready_to_export, workshop


def measure(claims: int) -> dict[str, float]:
    """Approve so many claims, then export and reconcile them in another process; its figures."""
    with tempfile.TemporaryDirectory(prefix="bench-export-") as name, workshop(Path(name), claims) as shop:
        print(f"{claims} claims are made and approved; this takes longer than the measuring", file=sys.stderr)
        ready_to_export(shop, range(1, claims + 1))
        command = [sys.executable, "-m", "bench.exporting", "--at-work"]
        done = subprocess.run(command, env=shop.for_commands(), check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
        found: dict[str, float] = json.loads(done.stdout)
        wrong = shop.faults() + [key for key, book in shop.books().items() if book["received"] != 1]
        if wrong or len(shop.books()) != claims:
            raise SystemExit(f"the books do not agree: {wrong[:5]}, {len(shop.books())} claims there")
    return {"claims": claims, **found}


def at_work() -> dict[str, float]:
    """Export and reconcile in this process. Seconds, claims a second, megabytes."""
    app = bootstrap(Path(os.environ["NVQSYNC_CONFIG"]))
    portal = app.open_portal()
    if portal is None:
        raise SystemExit("the settings name no portal")
    before = peak_memory()
    with app.open_store() as store, closing(portal):
        marks = [_clocks()]
        sent = export(app, store, portal, by="bench")
        marks.append(_clocks())
        reconcile(app, store, portal, by="bench")
        marks.append(_clocks())
    claims = sum(batch["claims"] for batch in sent.batches)
    found: dict[str, float] = {}
    for what, done, start, end in (("export", "exported", 0, 1), ("reconcile", "reconciled", 1, 2)):
        wall, cpu = (marks[end][clock] - marks[start][clock] for clock in (0, 1))
        found |= {f"{what}_seconds": round(wall, 1), f"{what}_cpu_seconds": round(cpu, 1)}
        found |= {f"{done}_per_second": round(claims / wall), f"{done}_per_cpu_second": round(claims / cpu)}
    return {**found, "memory_before_mb": before, "peak_memory_mb": peak_memory()}


def _clocks() -> tuple[float, float]:
    """Seconds by the clock, and of this process's own CPU."""
    return time.perf_counter(), time.process_time()


def peak_memory() -> int:
    """The most memory this process has had, in megabytes."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--at-work", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    figures = at_work() if told.at_work else measure(told.claims)
    if told.at_work or told.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):24} {value:>12,}")


if __name__ == "__main__":
    main()
