"""``make bench``: every benchmark, one after the other, each in a process of its own so that memory is its own."""

from __future__ import annotations

import subprocess
import sys

PARTS = {
    "The main job on the demo college": "bench.main_job",
    "Rules of combination": "bench.rules",
    "Export and reconcile at 10,000 claims": "bench.exporting",
    "The claim queue": "bench.claims",
    "What reading costs Moodle": "bench.moodle_cost",
    "What reading costs us": "bench.own_rate",
}


def main() -> int:
    """Run every part; the exit status is the worst of theirs."""
    worst = 0
    for title, module in PARTS.items():
        print(f"\n{title} (python -m {module})", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", module], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
