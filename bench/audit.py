"""How long ``nvqsync audit verify`` takes at 100,000 entries, and its memory: ``python -m bench.audit [ENTRIES]``."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from nvqsync.record_keeping.verifying import verify
from nvqsync.storage.store_audit import append_audit
from nvqsync.store import Store

CLAIMS = 10_000


def fill(store: Store, entries: int) -> None:
    """Claims of a size as in life, each with a chain of entries in which its facts change now and then."""
    units = [{"code": f"U{n}", "title": "A unit with a title of some length", "credit_value": 5} for n in range(8)]
    with store.writing():
        store.execute("INSERT INTO learners VALUES ('1', 'Sasha Invented', 'S1', '', '', NULL)")
        for number in range(1, CLAIMS + 1):
            facts = json.dumps({"units": units, "credits": 40, "basis": {"U1": str(number)}, "says": "x" * 1500})
            store.execute(
                """INSERT INTO claims (key, learner_id, qualification_id, awarding_body, kind, status, fingerprint,
                    facts, blockers, cautions, created_at, updated_at)
                VALUES (?, '1', ?, 'OCR', 'full_award', 'proposed', 'f', ?, '[]', '[]', 1, 1)""",
                [f"K{number}", f"OCR/{number}", facts],
            )
        for number in range(entries):
            append_audit(store, at=number, actor="bench", subject=f"claim:{number % CLAIMS + 1}", action="refresh",
                         text="The facts of that day.", to_status="proposed")  # fmt: skip


def main() -> None:
    """Fill a database, verify it, and print the figures."""
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "bench.db") as store:
        started = time.perf_counter()
        fill(store, entries)
        written = time.perf_counter() - started
        started = time.perf_counter()
        found = verify(store)
        took = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{entries} entries written in {written:.1f} s ({entries / written:.0f} a second)")
        print(f"verified in {took:.1f} s, sound: {found.sound}; {peak:.0f} MB at most")


if __name__ == "__main__":
    main()
