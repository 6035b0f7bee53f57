"""The counts that triggers keep beside the claims agree with the claims; so do the answers of the queue."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.claims import WAITING, Status
from nvqsync.clock import midnight
from nvqsync.storage import store_counts
from nvqsync.store import Store
from nvqsync.web import counting, queries
from nvqsync.web.filters import Filters, Sort
from nvqsync.web.scope import Scope
from tests.workshop import ROOT

TODAY = dt.date(2026, 11, 22)
QUALIFICATIONS = ("OCR/03455", "OCR/03454", "EDI/L2-CS")
GATES = ("ENT-2/approval", "ENT-2/centre", "ENT-20", "IQA-1")
LEARNERS = [(str(number), f"Robin Invented{number}") for number in range(8)]

gates = st.lists(st.sampled_from(GATES), unique=True, max_size=3)
deeds = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.sampled_from(Status), st.sampled_from(QUALIFICATIONS), gates),
        st.tuples(st.just("status"), st.integers(0, 9), st.sampled_from(Status)),
        st.tuples(st.just("gates"), st.integers(0, 9), gates),
        st.tuples(st.just("qualification"), st.integers(0, 9), st.sampled_from(QUALIFICATIONS)),
        st.tuples(st.just("everything"), st.sampled_from(Status), gates),
        st.tuples(st.just("learner"), st.integers(0, 9), st.sampled_from([lms_id for lms_id, _ in LEARNERS])),
        st.tuples(st.just("number"), st.integers(0, 9)),
        st.tuples(st.just("delete"), st.integers(0, 9)),
        st.just(("undone",)),
    ),
    max_size=12,
)
FIRST = (
    ("insert", Status.PROPOSED, "OCR/03455", ["ENT-2/approval", "ENT-2/centre"]),
    ("insert", Status.PROPOSED, "EDI/L2-CS", []),
    ("insert", Status.ON_HOLD, "OCR/03454", ["IQA-1"]),
)
"""What every history begins with, so that the rest finds something to change."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A database file with learners and no claim."""
    with Store(tmp_path_factory.mktemp("counts") / "nvqsync.db") as opened:
        with opened.writing():
            for lms_id, name in LEARNERS:
                opened.execute("INSERT INTO learners VALUES (?, ?, '', '', '', NULL)", [lms_id, name])
        yield opened


def insert(store: Store, status: Status, qualification: str, found: list[str], **given: Any) -> None:
    """One claim, of its own key, stopped by some rules."""
    store.execute(
        """INSERT OR IGNORE INTO claims (key, learner_id, qualification_id, awarding_body, kind, status, fingerprint,
            facts, blockers, cautions, created_at, updated_at)
        VALUES (?, ?, ?, ?, 'units', ?, '', '{}', ?, '[]', ?, 1)""",
        [given.get("key", f"{len(ids(store))}-{qualification}"), given.get("learner", "1"), qualification,
         qualification.partition("/")[0], status.value, blockers(found), given.get("created_at", 1)],
    )  # fmt: skip


def blockers(found: list[str]) -> str:
    return json.dumps([[gate, f'It says "{gate}" and ["ENT-2"'] for gate in found])


def ids(store: Store) -> list[int]:
    return [row["id"] for row in store.rows("SELECT id FROM claims ORDER BY id")]


def do(store: Store, what: str, *how: Any) -> None:
    """One thing that may happen to the claims; nothing where there is no such claim."""
    if what == "insert":
        return insert(store, *how)
    if what == "everything":
        store.execute("UPDATE claims SET status = ?, blockers = ?", [how[0].value, blockers(how[1])])
    known = ids(store)
    if what == "undone":
        store.execute("SAVEPOINT undone")
        store.execute("UPDATE claims SET status = 'withdrawn'")
        store.execute("DELETE FROM claims")
        store.execute("ROLLBACK TO undone")
    elif what in ("status", "gates", "qualification", "learner", "number", "delete") and how[0] < len(known):
        change(store, known[how[0]], what, how[1:])
    return None


def change(store: Store, claim_id: int, what: str, how: tuple[Any, ...]) -> None:
    """One claim is given another status, blockers, qualification, learner or number, or goes."""
    if what == "status":
        store.execute("UPDATE claims SET status = ? WHERE id = ?", [how[0].value, claim_id])
    elif what == "gates":
        store.execute("UPDATE OR REPLACE claims SET blockers = ? WHERE id = ?", [blockers(how[0]), claim_id])
    elif what == "qualification":
        sql = "UPDATE claims SET qualification_id = ?, awarding_body = ? WHERE id = ?"
        store.execute(sql, [how[0], how[0].partition("/")[0], claim_id])
    elif what == "learner":
        store.execute("UPDATE claims SET learner_id = ? WHERE id = ?", [how[0], claim_id])
    elif what == "number":
        store.execute("UPDATE claims SET id = (SELECT MAX(id) + 1000 FROM claims) WHERE id = ?", [claim_id])
    else:
        store.execute("DELETE FROM claims WHERE id = ?", [claim_id])


Kept = tuple[Counter[tuple[Any, ...]], set[tuple[str, int]], dict[str, Counter[tuple[Any, ...]]]]


def kept(store: Store) -> Kept:
    """What the triggers say: numbers of claims by rule and kind, which rule stops which, and each learner's kinds."""
    counts = "SELECT gate, status, awarding_body, qualification_id, blocked, n FROM claim_counts WHERE n > 0"
    mixes = "SELECT learner_id, kinds FROM learner_mixes JOIN claim_mixes USING (mix)"
    return (
        Counter({tuple(row[:5]): row[5] for row in store.tuples(counts)}),
        {(gate, claim_id) for gate, claim_id in store.tuples("SELECT gate, claim_id FROM claim_gates")},
        {who: Counter({tuple(kind): n for *kind, n in json.loads(kinds)}) for who, kinds in store.tuples(mixes)},
    )


def fresh(store: Store) -> Kept:
    """The same, counted here from the claims themselves."""
    counts: Counter[tuple[Any, ...]] = Counter()
    mixes: dict[str, Counter[tuple[Any, ...]]] = defaultdict(Counter)
    stopped = set()
    for row in store.rows("SELECT * FROM claims"):
        kind = (row["status"], row["awarding_body"], row["qualification_id"], row["blocked"])
        waits = Status(row["status"]) in WAITING
        mine = {finding[0].partition("/")[0] for finding in json.loads(row["blockers"])} if waits else set()
        counts.update([("", *kind), *((gate, *kind) for gate in mine)])
        mixes[row["learner_id"]][kind] += 1
        stopped |= {(gate, row["id"]) for gate in mine}
    return counts, stopped, dict(mixes)


@given(deeds)
def test_the_counts_are_those_of_the_claims(store: Store, done: list[tuple[Any, ...]]) -> None:
    """Whatever is inserted, changed, deleted or rolled back, one at a time or all at once."""
    with store.writing():
        store.execute("DELETE FROM claims")
        for what, *how in (*FIRST, *done):
            do(store, what, *how)
            assert kept(store) == fresh(store)
            assert store_counts.differing(store) == 0


@pytest.mark.parametrize(
    ("damage", "wrong"),
    [
        ("UPDATE claim_counts SET n = n + 1 WHERE gate = '' AND status = 'on_hold' AND n > 0", 1),
        ("DELETE FROM claim_counts WHERE gate = 'IQA-1'", 1),
        ("DELETE FROM claim_gates WHERE gate = 'ENT-2'", 1),
        ("INSERT INTO claim_gates VALUES ('ENT-9', 1)", 1),
        ("INSERT INTO claim_counts VALUES ('', 'approved', 'EDI', 'EDI/L2-CS', 0, 3)", 1),
        ("DELETE FROM claim_counts", 5),
        ("DELETE FROM learner_mixes", 1),
        ("UPDATE claim_mixes SET kinds = '[]' WHERE mix = (SELECT MAX(mix) FROM learner_mixes)", 1),
        ("INSERT INTO learner_mixes SELECT '99', MAX(mix) FROM claim_mixes", 1),
    ],
)
def test_what_was_damaged_is_noticed_and_counted_anew(store: Store, damage: str, wrong: int) -> None:
    """By somebody with SQL, who is told how much it was; a count of none is no difference."""
    with store.writing():
        store.execute("DELETE FROM claims")
        store.execute("DELETE FROM claim_counts")
        for what, *how in FIRST:
            do(store, what, *how)
        store.execute(damage)
    assert store_counts.differing(store) == wrong
    assert store_counts.count_anew(store) == wrong
    assert store_counts.differing(store) == 0 and kept(store) == fresh(store)
    with store.writing():
        do(store, "everything", Status.APPROVED, ["ENT-20"])
        assert kept(store) == fresh(store)


def test_nothing_else_writes_them() -> None:
    """The tables are named for writing in the triggers, and where they are counted anew."""
    writes = re.compile(r"(INTO|UPDATE|DELETE FROM|REPLACE)\s+(claim_(counts|gates|mixes)|learner_mixes)")
    found = [path.name for path in (ROOT / "nvqsync").rglob("*.py") if writes.search(path.read_text(encoding="utf-8"))]
    assert sorted(found) == ["claim_counts.py", "store_counts.py"]


def asked() -> Iterator[Filters]:
    """Questions with and without each filter."""
    texts, blocked = ("", "invented", "invented1", "nobody"), (None, True, False)
    for text, age, blocker, sort in product(texts, (0, 7), ("", "ENT-2"), Sort):
        for status, body in ((None, ""), (Status.PROPOSED, ""), (Status.CERTIFICATED, "OCR"), (None, "EDI")):
            yield from (Filters(text, body, "", status, one, blocker, age, sort) for one in blocked)


def answer(store: Store, filters: Filters, seen: set[tuple[str, str]] | None) -> list[int]:
    """The numbers of the claims that answer a question, found here one by one among those that are ``seen``."""
    names, before = dict(LEARNERS), midnight(TODAY - dt.timedelta(days=filters.age - 1))
    found = []
    for row in store.rows("SELECT * FROM claims ORDER BY id"):
        mine = {finding[0].partition("/")[0] for finding in json.loads(row["blockers"])} if row["blocked"] else set()
        fits = (
            filters.text in names[row["learner_id"]].lower()
            and filters.awarding_body in ("", row["awarding_body"])
            and filters.status in (None, row["status"])
            and filters.blocked in (None, bool(row["blocked"]))
            and (not filters.blocker or filters.blocker in mine)
            and (not filters.age or row["created_at"] < before)
            and (seen is None or (row["learner_id"], row["qualification_id"]) in seen)
        )
        found += [row] if fits else []
    return [row["id"] for row in sorted(found, key=lambda row: place(filters.sort, row, names))]


def place(sort: Sort, row: dict[str, Any], names: dict[str, str]) -> tuple[Any, ...]:
    """Where a claim stands in an order."""
    if sort is Sort.ATTENTION:
        return (queries.RANKS.index((Status(row["status"]), bool(row["blocked"]))), row["id"])
    return {Sort.OLDEST: (row["id"],), Sort.NEWEST: (-row["id"],), Sort.NAME: (names[row["learner_id"]], row["id"])}[
        sort
    ]


ON_COURSE = "(course_id, learner_id, roles, active) VALUES (?, ?, '[]', 1)"
SEEN: tuple[tuple[str | None, set[tuple[str, str]] | None], ...] = (
    (None, None),
    ('[["7", "OCR/03455"], ["8", "OCR/03455"], ["8", "EDI/L2-CS"]]',
     {*((one, "OCR/03455") for one in "0123"), *((one, "EDI/L2-CS") for one in "13")}),
)  # fmt: skip
"""Who may be seen: everybody; or those on two courses, one of which leads to two qualifications."""


@pytest.mark.parametrize(("many", "dense"), [(0, 0), (0, 1000), (4, 7), (1000, 0), (1000, 1000)])
def test_every_way_to_an_answer_gives_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch, many: int, dense: int
) -> None:
    """A question is answered by different indexes at different sizes: counts and numbers are those of the claims."""
    monkeypatch.setattr(counting, "MANY", many)
    monkeypatch.setattr(queries, "DENSE", dense)
    with store.writing():
        store.execute("DELETE FROM claims")
        for n, (status, found) in enumerate(product(Status, ([], ["ENT-2/centre", "IQA-1"], ["ENT-20"]))):
            day = midnight(TODAY - dt.timedelta(days=n % 15))
            about = {"key": str(n), "learner": str(n * 5 % 8), "created_at": day}
            insert(store, status, QUALIFICATIONS[n % 3], found, **about)
        for course, learner in (("7", "0"), ("7", "1"), ("7", "2"), ("8", "1"), ("8", "3")):
            store.execute(f"INSERT OR IGNORE INTO memberships {ON_COURSE}", [course, learner])
    for filters, (courses, seen) in product(asked(), SEEN):
        within = Scope(courses)
        narrow = counting.narrow(store, filters, TODAY, within)
        groups, expected = counting.groups(store, narrow), answer(store, filters, seen)
        assert sum(one.claims for one in groups if one.answers(filters)) == len(expected), filters
        assert queries.claim_ids(store, filters.but(page=2), narrow, groups, 3) == expected[3:6], filters
        assert queries.claim_ids(store, filters, narrow, groups, 3) == expected[:3], filters


def test_they_survive_the_file(store: Store, tmp_path: Path) -> None:
    """A copy of the database goes on counting where the first one was."""
    with store.writing():
        store.execute("DELETE FROM claims")
        insert(store, Status.PROPOSED, "OCR/03455", ["IQA-1"])
    store.execute("VACUUM INTO ?", [str(tmp_path / "copy.db")])
    with Store(tmp_path / "copy.db") as copy, copy.writing():
        insert(copy, Status.ON_HOLD, "OCR/03455", ["IQA-1", "ENT-2"])
        assert kept(copy) == fresh(copy) and kept(copy)[0].total() == 5
