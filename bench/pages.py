"""What the pages cost at 20,000 learners on 400 courses and 100,000 claims, asked over HTTP by somebody signed in.

Run as ``python -m bench.pages``; ``--learners`` makes it smaller, ``--json`` prints one document. Half of the learners
have finished OCR/03455; their claims stand for five qualifications and in every stage of a claim's life, copied in the
database from one that was judged. The server is a process of its own: its times are CPU time of the thread that
answered, its memory the most that process ever held.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import requests

from bench.claims import OCR, SETTINGS, course, peak
from nvqsync.bootstrap import App, bootstrap
from nvqsync.centre import Account
from nvqsync.model import CourseReading, Registration
from nvqsync.planning import plan
from nvqsync.settling import settle
from nvqsync.sign_in import account_keeping
from nvqsync.sign_in.accounts import Role
from nvqsync.storage import store_accounts, store_claims, store_lms
from nvqsync.store import Store
from nvqsync.web.access import COOKIE
from nvqsync.web.app import WebServer

A_COURSE = 50
QUALIFICATIONS = (OCR, "OCR/03454", "OCR/03456", "EDI/L2-CS", "NCFE/50102874")
QUEUE = (
    "", "?page=2", "?page=40", "?status=proposed&blocked=no", "?status=proposed&blocked=yes", "?body=OCR",
    "?qualification=EDI/L2-CS&status=certificated", "?q=vented19", "?q=invented&status=on_hold", "?q=1",
    "?q=vented1999", "?blocker=ENT-2", "?blocker=IQA-1&body=OCR&sort=name", "?age=30&status=proposed", "?age=90",
    "?sort=name", "?sort=newest", "?q=19&age=30&blocked=yes&body=NCFE&sort=oldest",
)  # fmt: skip
"""Questions put to the queue: counts, each filter, free text, every order."""

PAGES = (
    *QUEUE, "claims/1", "claims/1?open=all", "learners", "learners?page=300", "learners?q=vented19",
    "learners/00000001", "learners/00000041", "cohorts", "cohorts/OCR/03455", "cohorts/OCR/03455?course=7",
    "cohorts/OCR/03455/nearly?course=7", "cohorts/OCR/03455/nearly", "weekly?course=7", "weekly", "iqa", "iqa/records",
    "iqa/release?claim=8", "mapping", "mapping/OCR/03455", "passes", "passes/1", "batches", "registrations",
    "registrations?q=vented19", "centre", "centre/OCR/03455", "start", "privacy",
)  # fmt: skip
ROUNDS = 11
SOME_COURSES = tuple(str(place) for place in range(1, 101))
"""What a viewer may look into."""

ASKERS = 4
SECONDS = 10
STAGES = (
    ("proposed", 0, 5), ("proposed", 5, 12), ("on_hold", 12, 14), ("approved", 14, 16), ("exported", 16, 18),
    ("submitted", 18, 25), ("acknowledged", 25, 30), ("unknown", 30, 31), ("returned", 31, 33), ("withdrawn", 33, 35),
)  # fmt: skip
"""Of a hundred claims, which numbers stand where; the first are ready, the second blocked, the rest certificated."""


def measure(learners: int) -> dict[str, Any]:
    """By page the server's milliseconds (median and p95); of the queue under load what it bears; its memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nvqsync.toml"
        config.write_text(SETTINGS.partition("[centre]")[0], encoding="utf-8")
        app = bootstrap(config)
        with app.open_store() as store:
            fill(app, store, learners)
            token, viewer = _let_in(app, store, Role.IQA), _let_in(app, store, Role.VIEWER, SOME_COURSES)
        command = [sys.executable, "-m", "bench.pages", "--serve", str(config)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
            assert server.stdin and server.stdout  # noqa: S101
            url = server.stdout.readline().strip()
            try:
                _ask(url, token, [path for path in PAGES for _ in range(ROUNDS + 1)])
                load = under_load(url, token)
                _ask(url, viewer, [path for path in QUEUE for _ in range(ROUNDS + 1)])
            finally:
                server.stdin.close()
            told = json.loads(server.stdout.read())
    queue = [told["milliseconds"][f"/{path}"] for path in QUEUE]
    return {
        "pages": {path: _figures(times[1 : ROUNDS + 1]) for path, times in told["milliseconds"].items()},
        "queue": _figures(one for times in queue for one in times[1 : -ROUNDS - 1]),
        "queue_of_a_viewer": _figures(one for times in queue for one in times[-ROUNDS:]),
        "load": load, "server_memory_mb": told["memory_mb"],
    }  # fmt: skip


def _figures(times: Iterable[float]) -> dict[str, float]:
    known = sorted(times)
    return {"median": round(statistics.median(known), 1), "p95": round(known[int(0.95 * (len(known) - 1))], 1)}


def _session(token: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.cookies.set(COOKIE, token)
    return session


def _ask(url: str, token: str, paths: Iterable[str]) -> list[float]:
    """Ask for the pages one after another; how long each took whoever asked, in milliseconds."""
    waited = []
    with _session(token) as session:
        for path in paths:
            started = time.perf_counter()
            answer = session.get(url + path, timeout=120, allow_redirects=False)
            waited.append(1000 * (time.perf_counter() - started))
            if answer.status_code != 200:
                raise SystemExit(f"{path} answers {answer.status_code}.")
    return waited


def under_load(url: str, token: str) -> dict[str, float]:
    """Several people put every question to the queue for some seconds: what they got, and how long they waited."""
    waited: list[float] = []
    until = time.perf_counter() + SECONDS

    def asking(start: int) -> None:
        n = start
        while time.perf_counter() < until:
            waited.extend(_ask(url, token, [QUEUE[n % len(QUEUE)]]))
            n += 1

    threads = [threading.Thread(target=asking, args=(5 * one,)) for one in range(ASKERS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    known = sorted(waited)
    return {
        "people": ASKERS, "requests_per_second": round(len(known) / SECONDS, 1),
        "median_wait_ms": round(statistics.median(known)), "p95_wait_ms": round(known[int(0.95 * (len(known) - 1))]),
    }  # fmt: skip


def serve(config: Path) -> None:
    """The server: says where it is, answers until its standard input ends, and prints what it measured."""
    found: dict[str, list[float]] = defaultdict(list)
    with WebServer(bootstrap(config), "127.0.0.1", 0) as server:
        server._server.application = _timed(server._server.application, found)
        print(server.url, flush=True)
        sys.stdin.read()
    print(json.dumps({"milliseconds": found, "memory_mb": peak()}))


def _timed(application: Callable[..., Any], found: dict[str, list[float]]) -> Callable[..., Any]:
    def timed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        started = time.thread_time()
        answer = application(environ, start_response)
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        found[environ["PATH_INFO"] + query].append(1000 * (time.thread_time() - started))
        return answer

    return timed


# ---------------------------------------------------------------- the college


def _let_in(app: App, store: Store, role: Role, courses: Sequence[str] = ()) -> str:
    """Somebody of a role, an IQA reads every page; the token of a session of theirs."""
    at, name, token = app.now(), f"bench-{role.value}", f"a-token-of-the-bench-{role.value}"
    account_keeping.add(app, store, Account(name, "", True), role, courses, "", by=name)
    with store.writing():
        store_accounts.open_session(store, name, token, at=at, ends_at=at + 36_000)
    return token


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
    _spread(store, app.now())


def _half_done(reading: CourseReading) -> CourseReading:
    """The same with no grade for every other learner in every other unit."""
    seen = reading.observations
    items = [item.lms_id for item in reading.items]
    kept = tuple(one for one in seen if not (int(one.learner_id) % 2 and items.index(one.item_id) % 2))
    return CourseReading(reading.course, reading.items, reading.members, kept, reading.server_time)


def _copy(store: Store) -> None:
    """One claim made many: for every learner, and for each of the qualifications."""
    row = store.rows("SELECT * FROM claims")[0]
    own = ("id", "key", "learner_id", "qualification_id", "awarding_body", "blocked")
    names = [name for name in row if name not in own]
    columns = ", ".join(names)
    for q in QUALIFICATIONS:
        with store.writing():
            store.execute(
                f"INSERT OR IGNORE INTO claims (key, learner_id, qualification_id, awarding_body, {columns})"  # noqa: S608
                f" SELECT lms_id || ?, lms_id, ?, ?, {', '.join('?' * len(names))} FROM learners",
                [f"-{q}", q, q.partition("/")[0], *(row[name] for name in names)],
            )


def _spread(store: Store, now: int) -> None:
    """Claims in every stage, made over two years; what has gone is blocked by nothing."""
    cases = " ".join(f"WHEN id % 100 >= {low} AND id % 100 < {high} THEN '{status}'" for status, low, high in STAGES)
    ready = STAGES[0][2]
    with store.writing():
        store.execute(
            f"""UPDATE claims SET status = CASE {cases} ELSE 'certificated' END,
                blockers = CASE WHEN id % 100 >= {ready} AND id % 100 < 14 THEN blockers ELSE '[]' END,
                created_at = ? - (SELECT MAX(id) FROM claims) * 630 + id * 630""",  # noqa: S608
            [now],
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    figures = measure(arguments.learners)
    if arguments.json:
        print(json.dumps(figures, indent=1))
        return
    for name, value in figures["pages"].items():
        print(f"{value['median']:>8,} ms, p95 {value['p95']:>6,} ms  {name}")
    print(f"the queue, every question: {figures['queue']}; of a viewer of 100 courses: {figures['queue_of_a_viewer']}")
    print(f"under load: {figures['load']}")
    print(f"the server's memory: {figures['server_memory_mb']} MB")


if __name__ == "__main__":
    main()
