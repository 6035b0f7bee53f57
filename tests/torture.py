"""Exports and reconciles killed over and over, under every trouble at once: ``python -m tests.torture --kills 500``.

A round starts with approved claims and a portal that knows nothing of them. Commands are then run and killed with
SIGKILL, half of them after a random time, half at a random lasting moment (just before or after a commit, a file
opened, renamed or removed, a connection made), while the portal fails in every way it can, the disk under the database
or the files is full, and somebody else holds the database locked; more claims are approved in between, and grades are
taken back and given again under claims that went into a batch. When the trouble is over, every grade is there again,
export and reconcile run until nothing moves, what is on hold is released and approved, and goes; then the portal's
books are compared with ours: every claim accepted exactly once, none lost, none changed behind the audit log's back.

The seed repeats every choice; how far a process gets in the time it is given is the machine's affair.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.interchange_mock.faults import KINDS
from connectors.interchange_mock.portal import Portal
from nvqsync.claims import Event, Status
from nvqsync.errors import NvqsyncError
from tests.workshop import ROOT, UNITS, Workshop, ready_to_export, set_up, workshop

LEARNERS = 9
AT_FIRST = 5
"""So many claims are approved before a round begins; the others in the middle of it."""

MOMENTS = 45
"""About as many lasting moments as an export of a few claims has."""


@dataclass(slots=True)
class Tally:
    """What was done and what was found. ``wrong`` must stay empty."""

    rounds: int = 0
    commands: int = 0
    killed: int = 0
    at_a_moment: int = 0
    claims: int = 0
    taken_back: int = 0
    doubled_deliveries: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take another worker's figures in."""
        for name in ("rounds", "commands", "killed", "at_a_moment", "claims", "taken_back", "doubled_deliveries"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.troubles += other.troubles
        self.wrong += other.wrong

    def as_json(self) -> dict[str, Any]:
        """For another process, and for the figures in the documentation."""
        return {name: getattr(self, name) for name in self.__slots__} | {"troubles": dict(self.troubles)}


class Zygote:
    """Runs commands in forked processes that can be killed: ``tests/zygote.py``."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        command = [sys.executable, "-m", "tests.zygote"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)

    def start(self, *arguments: str, moment: int = 0, pages: int = -1, file_bytes: int = 0) -> int:
        """Start a command; returns its process number."""
        told = {
            "arguments": arguments, "environment": self._environment, "moment": moment, "pages": pages,
            "file_bytes": file_bytes,
        }  # fmt: skip
        self._say(told)
        return int(self._hear()["pid"])

    def ended(self) -> tuple[int, str]:
        """How the command that was started last ended, once it has, and what it wrote."""
        heard = self._hear()
        return int(heard["status"]), str(heard["said"])

    def close(self) -> None:
        """No more commands."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()

    def _say(self, told: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def locked(database: Path, *, really: bool) -> Iterator[None]:
    """Somebody else is writing, for as long as this lasts."""
    if not really:
        yield
        return
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def torture(folder: Path, *, kills: int, seed: int) -> Iterator[Tally]:
    """Rounds until so many commands were killed; yields what each round came to."""
    dice = random.Random(seed)
    start = folder / "approved"
    start.mkdir()
    with Portal(return_rate=0) as portal:
        with workshop(start, LEARNERS) as approved:
            ready_to_export(approved, range(1, AT_FIRST + 1))
        killed = 0
        while killed < kills:
            place = folder / f"round-{dice.getrandbits(40):010x}"
            place.mkdir()
            shop = set_up(place, portal, LEARNERS)
            shop.take_over(approved)
            shop.register(*range(1, AT_FIRST + 1))
            tally = one_round(shop, dice, kills - killed)
            killed += tally.killed
            yield tally


def one_round(shop: Workshop, dice: random.Random, most: int) -> Tally:
    """Trouble first, then peace, then the comparison."""
    tally = Tally(rounds=1)
    zygote = Zygote(shop.for_commands())
    late = [range(AT_FIRST + 1, AT_FIRST + 3), range(AT_FIRST + 3, LEARNERS + 1)]
    lost: set[int] = set()
    try:
        for _ in range(dice.randint(4, 9)):
            if late and dice.random() < 0.3:
                ready_to_export(shop, late.pop())
                shop.for_commands()
            exported = sorted(int(claim.learner_id) for claim in shop.claims(Status.EXPORTED))
            if exported and dice.random() < 0.7:
                mark(shop, dice.choice(exported), lost)
            one_command(shop, zygote, dice, tally, kill=tally.killed < most and dice.random() < 0.85)
    finally:
        zygote.close()
    shop.portal.faults.clear()
    for number in sorted(lost):
        mark(shop, number, lost)
    approve_what_was_held(shop, tally)
    compare(shop, tally)
    return tally


def mark(shop: Workshop, number: int, lost: set[int]) -> None:
    """An assessor takes a learner's grade back, or gives it again to whoever ``lost`` it."""
    shop.lms.grade(number, UNITS[0], place=2 if number in lost else 1)
    lost ^= {number}
    shop.for_commands()


def approve_what_was_held(shop: Workshop, tally: Tally) -> None:
    """What an export or a pass put on hold is looked at by a person, now that every grade is there again."""
    try:
        shop.sync()
        shop.finish()
        held = [claim.id for claim in shop.claims(Status.ON_HOLD)]
        for event in (Event.RELEASE, Event.APPROVE):
            tally.wrong += [one.refused for one in shop.act(event, *held) if one.refused]
    except NvqsyncError as error:
        tally.wrong.append(f"could not be put right: {error}")
    with shop.open_store() as store:
        sql = "SELECT COUNT(*) AS n FROM audit WHERE from_status = 'exported' AND to_status = 'on_hold'"
        tally.taken_back += store.rows(sql)[0]["n"]


def one_command(shop: Workshop, zygote: Zygote, dice: random.Random, tally: Tally, *, kill: bool) -> None:
    """One export or reconcile, with whatever trouble the dice choose, killed or not."""
    shop.portal.faults.clear()
    trouble = dice.choice(["none", "portal", "portal", "portal", "database full", "files full", "database locked"])
    tally.troubles[trouble] += 1
    if trouble == "portal":
        kinds = tuple(kind for kind in KINDS if kind != "restart" or dice.random() < 0.2)
        shop.portal.faults.at_random(dice.uniform(0.2, 1), seed=dice.getrandbits(30), kinds=kinds, seconds=0.05)
    at_moment = kill and dice.random() < 0.5
    with locked(shop.app.settings.database, really=trouble == "database locked"):
        started = zygote.start(
            dice.choice(["export", "export", "reconcile"]),
            moment=dice.randint(1, MOMENTS) if at_moment else 0,
            pages=dice.randint(0, 12) if trouble == "database full" else -1,
            file_bytes=dice.randint(1, 4000) if trouble == "files full" else 0,
        )
        wait = dice.uniform(0, 0.6)
        if trouble == "database locked" or (kill and not at_moment):
            time.sleep(wait)
    if kill and not at_moment:
        _kill(started)
    _conclude(zygote, tally, at_moment=at_moment)


def _kill(process: int) -> None:
    """SIGKILL, unless it has ended by itself. The number is not used again before its parent has heard of the end."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def _conclude(zygote: Zygote, tally: Tally, *, at_moment: bool) -> None:
    status, said = zygote.ended()
    tally.commands += 1
    if status == -signal.SIGKILL:
        tally.killed += 1
        tally.at_a_moment += at_moment
    elif status not in {0, 1, 2, 3}:
        tally.wrong.append(f"a command ended with {status}: {said[-2000:]}")


def compare(shop: Workshop, tally: Tally) -> None:
    """Run until nothing moves; then the portal's books against ours."""
    try:
        shop.finish()
    except NvqsyncError as error:
        tally.wrong.append(f"could not finish in peace: {error}")
    claims, books = shop.claims(), shop.books()
    tally.claims += len(claims)
    tally.doubled_deliveries += sum(book["received"] > 1 for book in books.values())
    ours = {claim.key: claim.certificate_number for claim in claims}
    theirs = {key: book["certificate_number"] for key, book in books.items()}
    tally.wrong += shop.faults()
    tally.wrong += [
        f"claim {claim.id} is {claim.status}" for claim in claims if claim.status is not Status.CERTIFICATED
    ]
    differ = [key for key in sorted(ours.keys() | theirs.keys()) if ours.get(key) != theirs.get(key)]
    tally.wrong += [f"{key}: {ours.get(key)} here, {theirs.get(key)} there" for key in differ]
    candidates = Counter(book["candidate_number"] for book in books.values())
    tally.wrong += [f"{n} claims for candidate {who}" for who, n in candidates.items() if n > 1]
    tally.wrong += [f"left behind: {file.name}" for file in shop.files() if file.suffix == ".part"]


# ---------------------------------------------------------------- several workers


def work(seed: int, kills: int, *, say: bool) -> Tally:
    """One worker: rounds in a folder of its own, a line a round for whoever listens."""
    whole = Tally()
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        for tally in torture(Path(name), kills=kills, seed=seed):
            whole.add(tally)
            if say:
                print(json.dumps({"killed": tally.killed}), flush=True)
    return whole


def side_by_side(seed: int, kills: int, workers: int) -> Tally:
    """Workers in processes of their own, and a line about how far they are."""
    shares = [kills // workers + (n < kills % workers) for n in range(workers)]
    command = [sys.executable, "-m", "tests.torture", "--worker"]
    running = [
        subprocess.Popen([*command, "--seed", str(seed + n), "--kills", str(share)], cwd=ROOT, stdout=subprocess.PIPE,
                         text=True) for n, share in enumerate(shares)
    ]  # fmt: skip
    whole, done = Tally(), 0
    lock = threading.Lock()

    def listen(process: subprocess.Popen[str]) -> None:
        nonlocal done
        assert process.stdout
        for line in process.stdout:
            told = json.loads(line)
            with lock:
                if "rounds" in told:
                    whole.add(Tally(**{**told, "troubles": Counter(told["troubles"])}))
                else:
                    done += told["killed"]
                    print(f"\r{done} of {kills} killed", end="", file=sys.stderr, flush=True)

    listeners = [threading.Thread(target=listen, args=(process,)) for process in running]
    for listener in listeners:
        listener.start()
    for listener in listeners:
        listener.join()
    print(file=sys.stderr)
    if any(process.wait() != 0 for process in running):
        whole.wrong.append("a worker broke off")
    return whole


def main() -> int:
    """Run, and print the summary. Exit status 1 when anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500, help="how many commands to kill")
    parser.add_argument("--seed", type=int, default=1, help="the first worker's seed; the next has the next number")
    parser.add_argument("--workers", type=int, default=2, help="processes side by side")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.worker:
        print(json.dumps(work(told.seed, told.kills, say=True).as_json()), flush=True)
        return 0
    started = time.monotonic()
    whole = side_by_side(told.seed, told.kills, told.workers)
    print(json.dumps({"seed": told.seed, "seconds": round(time.monotonic() - started), **whole.as_json()}, indent=2))
    return int(bool(whole.wrong))


if __name__ == "__main__":
    sys.exit(main())
