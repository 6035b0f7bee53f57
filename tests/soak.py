"""Years of passes in minutes: ``python -m tests.soak [--passes 10000]``, or ``make soak``.

The daemon's own tick, again and again, at accelerated time, against a simulated Moodle in a process of its own where
marking never stops. Watched are memory, file descriptors, threads and the write-ahead log; their rise over the second
half of the run has to be nothing. A reader holds the database open all the while, as the pages do.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from nvqsync.bootstrap import App
from nvqsync.daemon import Daemon
from nvqsync.plugin_manager import load_plugins
from nvqsync.settings import load

ROOT = Path(__file__).resolve().parents[1]
QUARTER_HOUR = 900
MOST_RISE_KB = 3072
"""So much may memory seem to rise over the second half of a run: the noise of the allocator, whatever the length."""
MOST_OBJECTS = 20_000
"""And so many objects of Python's: four a pass, kept for ever, are found in ten thousand passes."""
MOST_WAL = 20 * 2**20
"""SQLite writes the log back from 16 MB on; the transaction that carries it over that line comes on top."""
SETTINGS = """
database = "nvqsync.db"
[moodle]
url = {url}
token = {token}
requests_per_second = 1000
[alerts]
disk_mb = 0
"""


def numbers() -> array[int]:
    """Room for figures that takes little of the memory that is watched."""
    return array("q")


@dataclass
class Soaked:
    """What was seen: one entry a pass in each list. Memory in KB, the log and the database in bytes."""

    seconds: float = 0
    memory: array[int] = field(default_factory=numbers)
    objects: array[int] = field(default_factory=numbers)
    descriptors: array[int] = field(default_factory=numbers)
    threads: array[int] = field(default_factory=numbers)
    wal: array[int] = field(default_factory=numbers)
    database: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    claims: int = 0

    def faults(self) -> list[str]:
        """What is not as it should be, in words."""
        half = len(self.memory) // 2
        rises = rise(self.memory[half:])
        found = [f"memory rose by {rises:.0f} KB"] if rises > MOST_RISE_KB else []
        more = rise(self.objects[half:])
        found += [f"{more:.0f} more objects were kept"] if more > MOST_OBJECTS else []
        for name, seen in (("file descriptors", self.descriptors), ("threads", self.threads)):
            last = seen[-max(1, len(seen) // 10) :]  # one that is about to end may be counted in a pass, a leak in each
            if min(last) > max(seen[:half]):
                found.append(f"{name} rose from {max(seen[:half])} to {min(last)}")
        found += [f"the write-ahead log grew to {max(self.wal)} bytes"] if max(self.wal) > MOST_WAL else []
        return found + [f"{many} passes ended as {name}" for name, many in self.outcomes.items() if name not in GOOD]


GOOD = ("done", "problems")


def rise(values: Sequence[float]) -> float:
    """How much a series rises from its begin to its end along the line that fits it best."""
    count = len(values)
    middle, mean = (count - 1) / 2, sum(values) / count
    spread = sum((x - middle) ** 2 for x in range(count))
    slope = sum((x - middle) * (y - mean) for x, y in enumerate(values)) / spread if spread else 0.0
    return slope * (count - 1)


@contextmanager
def moodle() -> Iterator[dict[str, Any]]:
    """The simulated Moodle in a process of its own: its address, token and clock."""
    command = [sys.executable, "-m", "tests.soak_moodle"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    ) as process:
        assert process.stdout
        assert process.stdin
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(30)


def soak(folder: Path, passes: int, every: int = 0) -> Soaked:
    """So many ticks of the daemon; ``every`` so many of them a line is printed."""
    found = Soaked()
    with moodle() as far, requests.Session() as session:
        config = folder / "nvqsync.toml"
        config.write_text(SETTINGS.format(url=json.dumps(far["url"]), token=json.dumps(far["token"])), encoding="utf-8")
        clock = [far["now"]]
        daemon = Daemon(App(load(config), load_plugins(entry_points=False), lambda: clock[0]), steady=lambda: clock[0])
        daemon.tick()
        started = time.monotonic()
        with daemon.app.open_store(read_only=True) as reader:
            for number in range(1, passes + 1):
                hours = {"hours": str(QUARTER_HOUR / 3600)}
                session.post(f"{far['url']}/control/clock", data=hours, allow_redirects=False, timeout=30).close()
                clock[0] += QUARTER_HOUR
                daemon.tick()
                _note(found, daemon.app.settings.database)
                if every and number % every == 0:
                    _say(found, number, time.monotonic() - started)
            found.seconds = time.monotonic() - started
            rows = reader.rows("SELECT outcome, COUNT(*) AS n FROM passes GROUP BY outcome")
            found.outcomes.update({row["outcome"]: row["n"] for row in rows})
            found.changes = reader.rows("SELECT COUNT(*) AS n FROM grade_changes")[0]["n"]
            found.claims = reader.rows("SELECT COUNT(*) AS n FROM claims")[0]["n"]
        found.database = daemon.app.settings.database.stat().st_size
    return found


def _note(found: Soaked, database: Path) -> None:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    found.memory.append(int(status.partition("VmRSS:")[2].split()[0]))
    found.objects.append(sys.getallocatedblocks())
    found.descriptors.append(sum(1 for _ in Path("/proc/self/fd").iterdir()))
    found.threads.append(threading.active_count())
    wal = database.with_name(database.name + "-wal")
    found.wal.append(wal.stat().st_size if wal.exists() else 0)


def _say(found: Soaked, number: int, seconds: float) -> None:
    print(
        f"pass {number}: {found.memory[-1] / 1024:.1f} MB, {found.objects[-1]} objects, {found.descriptors[-1]} "
        f"descriptors, {found.threads[-1]} threads, log {found.wal[-1] / 2**20:.1f} MB, "
        f"{seconds / number * 1000:.0f} ms a pass",
        flush=True,
    )


def main() -> int:
    """Run, print the figures, and end with 1 where something rose."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=10_000)
    passes = parser.parse_args().passes
    logging.getLogger("nvqsync").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="nvqsync-soak-") as folder:
        found = soak(Path(folder), passes, max(1, passes // 20))
    half = len(found.memory) // 2
    print(
        f"{passes} passes in {found.seconds:.0f} s ({found.seconds / passes * 1000:.0f} ms each), "
        f"{passes * QUARTER_HOUR / 86_400:.0f} days of passes; {found.changes} changes of grades, "
        f"{found.claims} claims, database {found.database / 2**20:.1f} MB.\n"
        f"Memory {found.memory[half] / 1024:.1f} MB half-way, {found.memory[-1] / 1024:.1f} MB at the end, "
        f"rise {rise(found.memory[half:]):.0f} KB and {rise(found.objects[half:]):.0f} objects; "
        f"descriptors at most {max(found.descriptors)}, "
        f"threads at most {max(found.threads)}, write-ahead log at most {max(found.wal) / 2**20:.1f} MB."
    )
    for fault in found.faults():
        print(f"FAULT: {fault}")
    return int(bool(found.faults()))


if __name__ == "__main__":
    sys.exit(main())
