"""What we ask the store about keeping and erasing: who stays how long, taking a person out, their own copy."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from nvqsync.claims import Status
from nvqsync.clock import day
from nvqsync.record_keeping import audit
from nvqsync.record_keeping.retention import ClaimRecord, Records
from nvqsync.storage import store_audit
from nvqsync.storage.holdings import HOLDINGS, NOBODY, Holding
from nvqsync.store import Store

STALE = 365 * 86400
"""A course that was not read for so long (seconds) before the last one that was is nobody's roster any more."""
GROUNDS = ("registrations", "sign_offs", "adjustments", "releases", "simulations")
"""What a claim rests on beside grades."""
LASTING = ("erase", "anonymise")
"""Entries whose words name nobody: they are never erased."""


def anonymised(store: Store) -> set[str]:
    """The LMS ids of those who were anonymised and have not come back."""
    return {row["learner_id"] for row in store.rows("SELECT learner_id FROM anonymised")}


def records(store: Store, learner_id: str | None = None) -> list[Records]:
    """What retention looks at, for everyone who is not anonymised, or for one of them."""
    only = {"learner": learner_id}
    mine = "{0} = :learner" if learner_id else "TRUE"  # an index serves the one, and neither asks for a NULL
    claims = _claims(store, mine.format("claims.learner_id"), only)
    rosters = _rosters(store, mine.format("learner_id"), only)
    last = _last_recorded(store, mine.format("learner_id"), only)
    active = {row["learner_id"] for row in store.rows(
        "SELECT learner_id FROM confirmations WHERE what = 'status' AND says = 'active'")}  # fmt: skip
    grounds = {row["learner_id"] for row in store.rows(
        " UNION ".join(f"SELECT learner_id FROM {table} WHERE {mine.format('learner_id')}" for table in GROUNDS),
        only)}  # fmt: skip
    staff = {row["who"] for row in store.rows(
        f"""SELECT assessor_id AS who FROM grades WHERE {mine.format("assessor_id")}
        UNION SELECT grader_id FROM grades WHERE {mine.format("grader_id")}
        UNION SELECT assessor_id FROM sign_offs WHERE {mine.format("assessor_id")}
        UNION SELECT iqa_id FROM releases WHERE {mine.format("iqa_id")}
        UNION SELECT agreed_by FROM simulations WHERE {mine.format("agreed_by")}
        UNION SELECT iqa_id FROM follow_ups WHERE {mine.format("iqa_id")}""", only)}  # fmt: skip
    asked = {row["learner_id"]: dt.date.fromisoformat(row["asked"]) for row in store.rows(
        "SELECT learner_id, MAX(asked_on) AS asked FROM portfolio_requests GROUP BY learner_id")}  # fmt: skip
    sql = f"""SELECT lms_id FROM learners WHERE {mine.format("lms_id")}
        AND lms_id NOT IN (SELECT learner_id FROM anonymised) ORDER BY CAST(lms_id AS INTEGER), lms_id"""
    return [
        Records(one, tuple(rosters[one]), one in active, one in staff, tuple(claims[one]), one in grounds,
                last.get(one), asked.get(one))
        for one in (row["lms_id"] for row in store.rows(sql, only))
    ]  # fmt: skip


def _claims(store: Store, where: str, only: dict[str, str | None]) -> dict[str, list[ClaimRecord]]:
    sql = f"""SELECT claims.id, learner_id, claims.qualification_id, status, certificated_on, updated_at,
            MAX(claims.created_at, COALESCE(batches.created_at, 0)) AS claimed_at, route
        FROM claims LEFT JOIN batches ON batches.id = batch_id WHERE {where} ORDER BY claims.id"""
    found: dict[str, list[ClaimRecord]] = defaultdict(list)
    for row in store.rows(sql, only):
        certificated = dt.date.fromisoformat(row["certificated_on"]) if row["certificated_on"] else None
        found[row["learner_id"]].append(ClaimRecord(
            row["id"], row["qualification_id"], Status(row["status"]), day(row["claimed_at"]), day(row["updated_at"]),
            certificated, row["route"] == "direct",
        ))  # fmt: skip
    return found


def _rosters(store: Store, where: str, only: dict[str, str | None]) -> dict[str, list[str]]:
    sql = f"""SELECT learner_id, course_id FROM memberships JOIN courses ON courses.lms_id = course_id
        WHERE NOT gone AND {where} AND (read_at IS NULL OR read_at >= (SELECT MAX(read_at) FROM courses) - {STALE})
        ORDER BY course_id"""
    found: dict[str, list[str]] = defaultdict(list)
    for row in store.rows(sql, only):
        found[row["learner_id"]].append(row["course_id"])
    return found


def _last_recorded(store: Store, where: str, only: dict[str, str | None]) -> dict[str, dt.date]:
    """The latest day of which anything is known about each learner."""
    sql = f"""SELECT learner_id, MAX(at) AS at FROM (
        SELECT learner_id, MAX(decided_at, graded_at) AS at FROM grades
        UNION ALL SELECT learner_id, signed_at FROM sign_offs
        UNION ALL SELECT learner_id, said_at FROM confirmations
        UNION ALL SELECT learner_id, recorded_at FROM adjustments
        UNION ALL SELECT learner_id, recorded_at FROM releases
        UNION ALL SELECT learner_id, recorded_at FROM simulations
        UNION ALL SELECT learner_id, CAST(strftime('%s', registered_on) AS INTEGER) FROM registrations
        UNION ALL SELECT learner_id, COALESCE(left_at, read_at) FROM memberships
            JOIN courses ON courses.lms_id = course_id
    ) WHERE at IS NOT NULL AND {where} GROUP BY learner_id"""
    return {row["learner_id"]: day(row["at"]) for row in store.rows(sql, only)}


def record_request(store: Store, learner_id: str, asked_on: dt.date, *, actor: str, at: int) -> None:
    """Keep that a candidate was asked to keep their portfolio, and tell the audit log."""
    with store.writing(durable=True):
        sql = "INSERT INTO portfolio_requests (learner_id, asked_on, recorded_by, recorded_at) VALUES (?, ?, ?, ?)"
        store.execute(sql, [learner_id, asked_on.isoformat(), actor, at])
        text = f"Asked on {asked_on} to keep portfolio and assessment record for one year."
        store_audit.append_audit(store, at=at, actor=actor, subject=f"learner:{learner_id}",
                                 action="portfolio-request", text=text)  # fmt: skip


# ---------------------------------------------------------------- taking a person out


def anonymise(store: Store, learner_id: str, *, rule: str, actor: str, at: int) -> None:
    """Take one person out of every table, inside the transaction that is open, and tell the audit log the rule."""
    claims = store.rows("SELECT id, key, facts FROM claims WHERE learner_id = ?", [learner_id])
    batches = _batches_of(store, [row["id"] for row in claims])
    named = [f"learner:{learner_id}", *(f"claim:{row['id']}" for row in claims)]
    entries = _entries_about(store, named)
    for holding in HOLDINGS:
        _blank(store, holding, learner_id)
    for row in claims:
        facts = json.dumps(bare_facts(json.loads(row["facts"])), ensure_ascii=False)
        store.execute("UPDATE claims SET facts = ? WHERE id = ?", [facts, row["id"]])
        text = "What names the learner was taken off the claim; units, credits and their days stay."
        store_audit.append_audit(store, at=at, actor=actor, subject=f"claim:{row['id']}", action="anonymise", text=text)
    for batch_id in batches:
        _bare_batch(store, batch_id, {row["key"] for row in claims}, actor=actor, at=at)
    for visit in _visits_of(store, learner_id):
        others = [one for one in json.loads(visit["learners"]) if one != learner_id]
        store.execute("UPDATE centre_visits SET learners = ? WHERE id = ?", [json.dumps(others), visit["id"]])
    text = f"Erased under {rule}: what named the learner, and the words of the entries about them."
    store_audit.erase(store, entries, subject=f"learner:{learner_id}", rule=rule, text=text, actor=actor, at=at)
    store.execute("INSERT INTO anonymised VALUES (?, ?, ?)", [learner_id, at, rule])


def _blank(store: Store, holding: Holding, learner_id: str) -> None:
    if holding.blank is None:
        store.execute(f"DELETE FROM {holding.table} WHERE {holding.where}", {"who": learner_id})
    elif holding.blank:
        columns = ", ".join(f"{name} = :{name}" for name in holding.blank)
        sql = f"UPDATE {holding.table} SET {columns} WHERE {holding.where}"
        store.execute(sql, {**holding.blank, "who": learner_id})


def bare_facts(facts: dict[str, Any]) -> dict[str, Any]:
    """A claim's facts for the counts: its units and credits, without the evidence and the reasoning under them."""
    verdict = {**facts.get("verdict", {}), "requirements": [], "cautions": [], "unused": [], "route": None, "says": ""}
    bare = {"units": facts["units"], "credits": facts["credits"], "basis": {}, "verdict": verdict, "adjustments": []}
    return bare


def _batches_of(store: Store, claim_ids: list[int]) -> list[str]:
    """Every batch that ever carried one of these claims: what their entries kept says so."""
    sql = """SELECT DISTINCT json_extract(record, '$.claim.batch_id') AS batch FROM audit
        JOIN audit_texts ON audit_id = audit.id
        WHERE record <> '' AND subject IN (SELECT 'claim:' || value FROM json_each(?1))
        UNION SELECT batch_id FROM claims WHERE id IN (SELECT value FROM json_each(?1))"""
    rows = store.rows(f"SELECT id FROM batches WHERE id IN ({sql}) ORDER BY id", [json.dumps(claim_ids)])
    return [row["id"] for row in rows]


def _visits_of(store: Store, learner_id: str) -> list[dict[str, Any]]:
    """The external visits that authorised this learner's claims by name."""
    sql = "SELECT * FROM centre_visits WHERE EXISTS (SELECT 1 FROM json_each(learners) WHERE value = ?) ORDER BY id"
    return store.rows(sql, [learner_id])


def _entries_about(store: Store, subjects: list[str]) -> list[int]:
    sql = """SELECT id FROM audit WHERE subject IN (SELECT value FROM json_each(?))
        AND action NOT IN (SELECT value FROM json_each(?))"""
    return [row["id"] for row in store.rows(sql, [json.dumps(subjects), json.dumps(LASTING)])]


def _bare_batch(store: Store, batch_id: str, keys: set[str], *, actor: str, at: int) -> None:
    """Take claims' names and numbers out of a batch's document. What was sent is still told by its first digest."""
    payload = json.loads(store.rows("SELECT document FROM batches WHERE id = ?", [batch_id])[0]["document"])
    nobody = {"name": NOBODY, "candidate_number": "", "date_of_birth": None, "uln": None}
    payload["claims"] = [{**one, **nobody} if one["key"] in keys else one for one in payload["claims"]]
    document = json.dumps(payload, ensure_ascii=False, indent=1).encode() + b"\n"
    store.execute("UPDATE batches SET document = ? WHERE id = ?", [document, batch_id])
    store_audit.append_audit(
        store, at=at, actor=actor, subject=f"batch:{batch_id}", action="anonymise",
        text="What names a learner was taken out of the batch.", fingerprint=audit.sha256(document),
    )  # fmt: skip


def batch_files(store: Store, learner_id: str) -> list[str]:
    """The names of the exported files that carry claims of one learner."""
    claims = [row["id"] for row in store.rows("SELECT id FROM claims WHERE learner_id = ?", [learner_id])]
    sql = "SELECT files FROM batches WHERE id IN (SELECT value FROM json_each(?))"
    rows = store.rows(sql, [json.dumps(_batches_of(store, claims))])
    return sorted({name for row in rows for name in json.loads(row["files"])})


def readmit(store: Store, learner_id: str, *, why: str, actor: str, at: int) -> bool:
    """Let passes read an anonymised learner again, and tell the audit log. Whether they were anonymised at all."""
    with store.writing(durable=True):
        done = store.execute("DELETE FROM anonymised WHERE learner_id = ?", [learner_id]).rowcount == 1
        if done:
            store_audit.append_audit(store, at=at, actor=actor, subject=f"learner:{learner_id}", action="readmit",
                                     text=why)  # fmt: skip
    return done


def sweep(store: Store) -> bool:
    """Overwrite what deleted rows left in the file and its write-ahead log. ``False`` while somebody else reads it."""
    store.execute("VACUUM")
    busy = store.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


# ---------------------------------------------------------------- handing it over


def everything_about(store: Store, learner_id: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """By table, every row about one person, visits that authorised their claims, and these as batches carried them."""
    for holding in HOLDINGS:
        yield holding.table, store.rows(f"SELECT * FROM {holding.table} WHERE {holding.where}", {"who": learner_id})
    yield "centre_visits", [{**row, "learners": [learner_id]} for row in _visits_of(store, learner_id)]
    claims = store.rows("SELECT id, key FROM claims WHERE learner_id = ?", [learner_id])
    keys = {row["key"] for row in claims}
    found = []
    for batch_id in _batches_of(store, [row["id"] for row in claims]):
        payload = json.loads(store.rows("SELECT document FROM batches WHERE id = ?", [batch_id])[0]["document"])
        found += [{"batch": batch_id, **one} for one in payload["claims"] if one["key"] in keys]
    yield "batches", found
