"""Claims exported and reconciled a second, with memory: ``python -m bench.exporting --claims 10000``.

The learners' facts stand in a folder of CSV files, and the mock portal runs as in the tests; nvqsync's side is a
process of its own, so that its memory is its own. The export reads every learner's facts again, runs every gate again,
writes the files and hands the batches over; the reconcile asks about every claim.
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
from nvqsync.reconciling import reconcile
from tests.workshop import ready_to_export, workshop


def measure(claims: int) -> dict[str, float]:
    """Approve so many claims, then export and reconcile them in another process; its figures."""
    with tempfile.TemporaryDirectory(prefix="bench-export-") as name, workshop(Path(name), claims) as shop:
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
    with app.open_store() as store, closing(portal):
        started = time.perf_counter()
        sent = export(app, store, portal, by="bench")
        between = time.perf_counter()
        reconcile(app, store, portal, by="bench")
        ended = time.perf_counter()
    claims = sum(batch["claims"] for batch in sent.batches)
    return {
        "export_seconds": round(between - started, 1),
        "exported_per_second": round(claims / (between - started)),
        "reconcile_seconds": round(ended - between, 1),
        "reconciled_per_second": round(claims / (ended - between)),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


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
