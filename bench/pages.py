"""What each page costs at 20,000 learners on 400 courses and 100,000 claims, asked over HTTP: CPU time with the client.

Run as ``python -m bench.pages``; ``--learners`` makes it smaller, ``--json`` prints one document. Half of the learners
have finished OCR/03455; their claims stand for five qualifications, copied in the database from one that was judged.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import requests

from bench.claims import OCR, SETTINGS, course, peak
from nvqsync import account_keeping, store_accounts, store_claims, store_lms
from nvqsync.accounts import Role
from nvqsync.bootstrap import App, bootstrap
from nvqsync.centre import Account
from nvqsync.model import CourseReading, Registration
from nvqsync.planning import plan
from nvqsync.settling import settle
from nvqsync.store import Store
from nvqsync.web.access import COOKIE
from nvqsync.web.app import WebServer

A_COURSE = 50
QUALIFICATIONS = (OCR, "OCR/03454", "OCR/03456", "EDI/L2-CS", "NCFE/50102874")
PAGES = (
    "", "claims/1", "learners", "learners?page=300", "learners?q=vented19", "learners/00000001", "learners/00000041",
    "cohorts", "cohorts/OCR/03455", "cohorts/OCR/03455?course=7", "cohorts/OCR/03455/nearly?course=7",
    "cohorts/OCR/03455/nearly", "weekly?course=7", "weekly", "iqa", "iqa/records", "mapping", "mapping/OCR/03455",
    "passes", "passes/1", "batches", "registrations", "registrations?q=vented19", "centre", "start", "privacy",
)  # fmt: skip
ROUNDS = 7


def measure(learners: int) -> dict[str, float]:
    """Milliseconds for each page: the median of several, the first not counted. And the most memory, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nvqsync.toml"
        config.write_text(SETTINGS.partition("[centre]")[0], encoding="utf-8")
        app = bootstrap(config)
        with app.open_store() as store:
            fill(app, store, learners)
            token = _let_in(app, store)
        with WebServer(app, "127.0.0.1", 0) as server, requests.Session() as session:
            session.trust_env = False
            session.cookies.set(COOKIE, token)
            found = {f"/{path}": _asked(session, server.url + path) for path in PAGES}
    return {**found, "peak_memory_mb": peak()}


def _let_in(app: App, store: Store) -> str:
    """An IQA, who reads every page; the token of a session of theirs."""
    at, name, token = app.now(), "bench", "a-token-of-the-bench"
    account_keeping.add(app, store, Account(name, "", True), Role.IQA, (), "", by=name)
    with store.writing():
        store_accounts.open_session(store, name, token, at=at, ends_at=at + 36_000)
    return token


def _asked(session: requests.Session, url: str) -> float:
    times = []
    for _ in range(ROUNDS + 1):
        started = time.process_time()
        answer = session.get(url, timeout=120, allow_redirects=False)
        times.append(1000 * (time.process_time() - started))
        if answer.status_code != 200:
            raise SystemExit(f"{url} answers {answer.status_code}.")
    return round(statistics.median(times[1:]))


def fill(app: App, store: Store, learners: int) -> None:
    """A college of this many learners, half of them finished, and five times as many claims."""
    number = store_lms.begin_pass(store, app.now())
    registered = []
    for place, start in enumerate(range(0, learners, A_COURSE), 1):
        whole = course(place, range(start, min(start + A_COURSE, learners)), app.now())
        reading = _half_done(whole)
        store_lms.record(store, reading, plan({}, reading), number)
        registered += [
            Registration(one.lms_id, OCR, "OCR", app.today, candidate_number=one.lms_id, name=one.name)
            for one in reading.members
        ]
    store_claims.record_registrations(store, registered, actor="bench", at=app.now())
    store_lms.end_pass(store, number, app.now(), "done", {"courses": [], "problems": [], "notes": []})
    settle(app, store, by="bench", learners={"00000000"})
    _copy(store)


def _half_done(reading: CourseReading) -> CourseReading:
    """The same with no grade for every other learner in every other unit."""
    seen = reading.observations
    items = [item.lms_id for item in reading.items]
    kept = tuple(one for one in seen if not (int(one.learner_id) % 2 and items.index(one.item_id) % 2))
    return CourseReading(reading.course, reading.items, reading.members, kept, reading.server_time)


def _copy(store: Store) -> None:
    """One claim made many: for every learner, and for each of the qualifications."""
    row = store.rows("SELECT * FROM claims")[0]
    names = [name for name in row if name not in ("id", "key", "learner_id", "qualification_id")]
    columns = ", ".join(names)
    for q in QUALIFICATIONS:
        with store.writing():
            store.execute(
                f"INSERT OR IGNORE INTO claims (key, learner_id, qualification_id, {columns})"  # noqa: S608
                f" SELECT lms_id || ?, lms_id, ?, {', '.join('?' * len(names))} FROM learners",
                [f"-{q}", q, *(row[name] for name in names)],
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.learners)
    if arguments.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        print(f"{value:>8,} {'' if name.endswith('mb') else 'ms'}  {name}")


if __name__ == "__main__":
    main()
