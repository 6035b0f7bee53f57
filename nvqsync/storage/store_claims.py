"""What we ask the store about registrations, claims and batches. Records in, records out."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from nvqsync.claims import CLOSED, Status, claim_key
from nvqsync.clock import midday
from nvqsync.errors import NotAllowed, UnknownName
from nvqsync.gates import Finding, Severity
from nvqsync.holding import HoldCode
from nvqsync.model import ClaimKind, EarlierClaim, Entry, Registration, SignOff
from nvqsync.progression import AchievedElsewhere
from nvqsync.proposing import Claim, ClaimMove, Move
from nvqsync.storage.store_audit import append_audit
from nvqsync.store import Store

# ---------------------------------------------------------------- registrations and sign-offs


def registrations(
    store: Store, qualification_id: str | None = None, learners: Collection[str] | None = None
) -> list[Registration]:
    """Every registration, or those for one qualification; ``learners`` limits it to a few."""
    among, whom = _among(learners)
    sql = f"SELECT * FROM registrations WHERE (? IS NULL OR qualification_id = ?) AND {among} ORDER BY id"
    return [_registration(row) for row in store.rows(sql, [qualification_id, qualification_id, *whom])]


def record_registrations(store: Store, new: Sequence[Registration], *, actor: str, at: int) -> tuple[int, int]:
    """Store registrations; returns how many are new and how many changed. The same ones again change nothing."""
    with store.writing(durable=True):
        added, changed = differing_registrations(store, new)
        for registration in (*added, *changed):
            _write_registration(store, registration, actor=actor, at=at, known=registration in changed)
    return len(added), len(changed)


def differing_registrations(
    store: Store, given: Sequence[Registration]
) -> tuple[list[Registration], list[Registration]]:
    """Of the registrations given, those that are new and those that say something else than the stored ones."""
    known = {(r.learner_id, r.qualification_id, r.entry): replace(r, id=0) for r in registrations(store)}
    before = [(known.get((one.learner_id, one.qualification_id, one.entry)), one) for one in given]
    added = [one for stored, one in before if stored is None]
    return added, [one for stored, one in before if stored is not None and stored != replace(one, id=0)]


def _write_registration(store: Store, new: Registration, *, actor: str, at: int, known: bool) -> None:
    store.execute(
        """INSERT INTO registrations (learner_id, qualification_id, awarding_body, candidate_number, registered_on,
            entry, name, date_of_birth, uln, start, "end", site) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET candidate_number = excluded.candidate_number,
            registered_on = excluded.registered_on, name = excluded.name, date_of_birth = excluded.date_of_birth,
            uln = excluded.uln, start = excluded.start, "end" = excluded."end", site = excluded.site""",
        [
            new.learner_id, new.qualification_id, new.awarding_body, new.candidate_number,
            new.registered_on.isoformat(), new.entry.value, new.name, _written(new.date_of_birth), new.uln,
            _written(new.start), _written(new.end), new.site,
        ],
    )  # fmt: skip
    action = "changed" if known else "recorded"
    text = f"Registration {action}: {new.qualification_id}, {new.entry.value}, from {new.registered_on}."
    append_audit(store, at=at, actor=actor, subject=f"learner:{new.learner_id}", action=f"registration-{action}",
                 text=text)  # fmt: skip


def amend_entry(store: Store, known: Registration, entry: Entry, *, actor: str, at: int, why: str) -> None:
    """Record that the body amended a registration to the other entry, and tell the audit log.

    Raises ``NotAllowed`` where the learner is registered with that entry as well, or the registration has gone.
    """
    says = f"Entry for {known.qualification_id} amended from {known.entry.value} to {entry.value}. {why}".strip()
    with store.writing(durable=True):
        same = [one for one in registrations(store, known.qualification_id) if one.learner_id == known.learner_id]
        if known not in same or any(one.entry is entry for one in same):
            said = f"The registration for {known.qualification_id} cannot become {entry.value}."
            raise NotAllowed(said, "See 'nvqsync registrations list'.")
        store.execute("UPDATE registrations SET entry = ? WHERE id = ?", [entry.value, known.id])
        append_audit(store, at=at, actor=actor, subject=f"learner:{known.learner_id}", action="registration-amended",
                     text=says)  # fmt: skip


def _written(on: dt.date | None) -> str | None:
    return on.isoformat() if on else None


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _registration(row: dict[str, Any]) -> Registration:
    days = {name: _day(row[name]) for name in ("date_of_birth", "start", "end")}
    registered_on = dt.date.fromisoformat(row["registered_on"])
    return Registration(**{**row, **days, "registered_on": registered_on, "entry": Entry(row["entry"])})


def sign_offs(store: Store, qualification_id: str) -> list[SignOff]:
    """Every unit signed off in nvqsync for one qualification."""
    sql = """SELECT learner_id, qualification_id, unit_reference, assessor_id, signed_at FROM sign_offs
        WHERE qualification_id = ?"""
    return [SignOff(**row) for row in store.rows(sql, [qualification_id])]


def record_sign_off(store: Store, sign_off: SignOff, *, actor: str) -> None:
    """Record that an assessor signed off a unit. The same again replaces it."""
    with store.writing(durable=True):
        store.execute(
            "INSERT OR REPLACE INTO sign_offs VALUES (?, ?, ?, ?, ?, ?)",
            [
                sign_off.learner_id, sign_off.qualification_id, sign_off.unit_reference, sign_off.assessor_id,
                sign_off.signed_at, actor,
            ],
        )  # fmt: skip
        text = f"Unit {sign_off.unit_reference} of {sign_off.qualification_id} signed off."
        append_audit(store, at=sign_off.signed_at, actor=actor, subject=f"learner:{sign_off.learner_id}",
                     action="sign-off", text=text)  # fmt: skip


# ---------------------------------------------------------------- claims


def claims(store: Store, where: str = "1", parameters: Sequence[Any] = ()) -> list[Claim]:
    """Claims in order of their number; ``where`` is an SQL condition on the claims table."""
    return [_claim(row) for row in store.rows(f"SELECT * FROM claims WHERE {where} ORDER BY id", parameters)]


def claim(store: Store, claim_id: int) -> Claim:
    """One claim. Raises ``UnknownName``."""
    found = claims(store, "id = ?", [claim_id])
    if not found:
        raise UnknownName(f"There is no claim {claim_id}.", "List them with 'nvqsync claims list'.")
    return found[0]


def claim_ids(store: Store, where: str = "1", parameters: Sequence[Any] = ()) -> list[int]:
    """The numbers of claims, in order, without loading what they rest on."""
    return [row["id"] for row in store.rows(f"SELECT id FROM claims WHERE {where} ORDER BY id", parameters)]


def some_claims(store: Store, ids: Collection[int]) -> list[Claim]:
    """The claims with these numbers, in order; one that does not exist is missing."""
    return claims(store, "id IN (SELECT value FROM json_each(?))", [json.dumps(list(ids))])


def certificated_as(store: Store, awarding_body: str, numbers: Collection[str]) -> dict[str, int]:
    """By certificate number of a body, the claim that it is recorded for; a number that is not recorded is missing."""
    sql = """SELECT certificate_number, id FROM claims WHERE awarding_body = ? AND certificate_number <> ''
        AND certificate_number IN (SELECT value FROM json_each(?)) ORDER BY id DESC"""
    rows = store.rows(sql, [awarding_body, json.dumps(sorted(numbers))])
    return {row["certificate_number"]: row["id"] for row in rows}


def claims_by_learner(
    store: Store, qualification_id: str, learners: Collection[str] | None = None
) -> dict[str, list[Claim]]:
    """The claims for one qualification, of every kind, oldest first, by learner; ``learners`` limits it to a few."""
    found: dict[str, list[Claim]] = {}
    where, parameters = "qualification_id = ?", [qualification_id]
    if learners is not None:
        where += " AND learner_id IN (SELECT value FROM json_each(?))"
        parameters.append(json.dumps(sorted(learners)))
    for one in claims(store, where, parameters):
        found.setdefault(one.learner_id, []).append(one)
    return found


def standing_claims(
    store: Store, awarding_body: str, learners: Collection[str] | None = None
) -> dict[str, tuple[EarlierClaim, ...]]:
    """By learner, their claims with a body that are open or certificated, oldest first, as gates look at them.

    With them those under other accounts that are registered under the same candidate number.
    """
    others = same_candidates(store, learners, awarding_body)
    accounts = None if learners is None else {*learners, *(one for found in others.values() for one in found)}
    found: dict[str, list[EarlierClaim]] = defaultdict(list)
    closed = [status.value for status in CLOSED]
    among, whom = _among(accounts)
    sql = f"""SELECT claims.id, learner_id, qualification_id, kind, status, {_UNITS} AS units,
            {_CANDIDATE} AS candidate_number FROM claims
        WHERE awarding_body = ? AND status NOT IN (SELECT value FROM json_each(?)) AND {among} ORDER BY id"""
    for row in store.rows(sql, [awarding_body, json.dumps(closed), *whom]):
        units = tuple(reference for reference, _ in json.loads(row["units"]))
        one = EarlierClaim(row["id"], row["qualification_id"], ClaimKind(row["kind"]), units,
                           row["candidate_number"] or "", row["status"] == Status.CERTIFICATED)  # fmt: skip
        found[row["learner_id"]].append(one)
        for learner in others.get(row["learner_id"], ()):
            found[learner].append(replace(one, account=row["learner_id"]))
    return {learner: tuple(claims) for learner, claims in found.items() if learners is None or learner in learners}


def same_candidates(
    store: Store, learners: Collection[str] | None = None, awarding_body: str | None = None
) -> dict[str, frozenset[str]]:
    """By learner, the other accounts registered with a body under the same candidate number; both ways.

    ``awarding_body`` limits it to one body.
    """
    found: dict[str, set[str]] = defaultdict(set)
    among, whom = _among(learners)
    sql = f"""SELECT DISTINCT mine.learner_id AS learner, other.learner_id AS other FROM
            (SELECT * FROM registrations WHERE candidate_number <> '' AND (? IS NULL OR awarding_body = ?) AND {among})
            AS mine
        JOIN registrations AS other USING (awarding_body, candidate_number)
        WHERE other.learner_id <> mine.learner_id"""
    for row in store.rows(sql, [awarding_body, awarding_body, *whom]):
        found[row["learner"]].add(row["other"])
        found[row["other"]].add(row["learner"])
    return {learner: frozenset(others) for learner, others in found.items()}


def claims_of_candidate(store: Store, learner_id: str, awarding_body: str) -> list[Claim]:
    """Every claim with a body of one learner and of other accounts with the same candidate number, oldest first."""
    accounts = {learner_id}.union(*same_candidates(store, [learner_id], awarding_body).values())
    where = "awarding_body = ? AND learner_id IN (SELECT value FROM json_each(?))"
    return claims(store, where, [awarding_body, json.dumps(sorted(accounts))])


def beside(store: Store, learners: Collection[str]) -> frozenset[str]:
    """Those whose claims may stand in each other's way: several with one body, by one learner or by one candidate.

    Of the learners given, and of whoever shares a candidate number with them.
    """
    sql = """SELECT DISTINCT learner_id FROM (SELECT learner_id FROM claims
        WHERE learner_id IN (SELECT value FROM json_each(?)) AND status NOT IN (SELECT value FROM json_each(?))
        GROUP BY learner_id, awarding_body HAVING COUNT(*) > 1)"""
    closed = json.dumps([status.value for status in CLOSED])
    several = {row["learner_id"] for row in store.rows(sql, [json.dumps(sorted(learners)), closed])}
    return frozenset(several | same_candidates(store, learners).keys())


def certificated_units(store: Store, learners: Collection[str] | None = None) -> dict[str, list[AchievedElsewhere]]:
    """By learner, every unit that a certificated claim awarded (so none it transferred), oldest claim first."""
    found: dict[str, list[AchievedElsewhere]] = {}
    among, whom = _among(learners)
    sql = f"""SELECT id, learner_id, qualification_id, awarding_body, {_UNITS} AS units FROM claims
        WHERE {"status" if learners is None else "+status"} = ? AND {among} ORDER BY id"""
    for row in store.rows(sql, [Status.CERTIFICATED.value, *whom]):
        for reference, achieved_on in json.loads(row["units"]):
            at = midday(dt.date.fromisoformat(achieved_on)) if achieved_on else None
            unit = AchievedElsewhere(reference, row["qualification_id"], row["awarding_body"], at, None, row["id"])
            found.setdefault(row["learner_id"], []).append(unit)
    return found


_UNITS = """(SELECT json_group_array(json_array(
        json_extract(value, '$.unit_reference'), json_extract(value, '$.achieved_on')
    )) FROM json_each(claims.facts, '$.units') WHERE NOT coalesce(json_extract(value, '$.transferred'), 0))"""
_CANDIDATE = """(SELECT candidate_number FROM registrations AS r WHERE r.learner_id = claims.learner_id
    AND r.qualification_id = claims.qualification_id AND candidate_number <> ''
    ORDER BY r.id LIMIT 1)"""


def _among(learners: Collection[str] | None) -> tuple[str, list[str]]:
    """A condition on whose rows are wanted, which an index on learners can answer, and its parameters."""
    if learners is None:
        return "1", []
    return "learner_id IN (SELECT value FROM json_each(?))", [json.dumps(sorted(learners))]


def make_moves(store: Store, moves: Iterable[ClaimMove], *, at: int, actor: str, centre_number: str) -> list[ClaimMove]:
    """Carry out what a pass decided about claims, in the transaction that is open or one of its own.

    A move that somebody else overtook meanwhile is left for the next pass. Returns those that were made.
    """
    with store.writing(durable=True):
        return [move for move in moves if _make(store, move, at=at, actor=actor, centre_number=centre_number)]


def _make(store: Store, move: ClaimMove, *, at: int, actor: str, centre_number: str) -> bool:
    if move.before is None:
        return _insert(store, move, at=at, actor=actor, centre_number=centre_number)
    try:
        _apply(store, move, move.before, at=at, actor=actor)
    except NotAllowed:
        return False
    return True


def _insert(store: Store, move: ClaimMove, *, at: int, actor: str, centre_number: str) -> bool:
    """Whether the claim is new: another process may have proposed it, or claimed one of its units, a moment ago."""
    units = [unit["unit_reference"] for unit in move.facts["units"]] if move.kind is ClaimKind.UNITS else []
    try:
        with store.writing(durable=True):
            return _insert_whole(store, move, units, at=at, actor=actor, centre_number=centre_number)
    except sqlite3.IntegrityError as error:
        if "claim_units." not in str(error):
            raise
        return False  # another unit claim stands for one of these units


def _insert_whole(
    store: Store, move: ClaimMove, units: Sequence[str], *, at: int, actor: str, centre_number: str
) -> bool:
    key = claim_key(
        move.qualification_id, centre_number, move.learner_id, move.kind, _closed_before(store, move), units
    )
    new = store.execute(
        """INSERT INTO claims (key, learner_id, qualification_id, awarding_body, kind, status, fingerprint, facts,
            blockers, cautions, declarations, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (learner_id, qualification_id)
            WHERE kind = 'full_award' AND status NOT IN ('withdrawn', 'returned', 'revoked') DO NOTHING""",
        [
            key, move.learner_id, move.qualification_id, move.awarding_body, move.kind.value, move.status.value,
            move.fingerprint, json.dumps(move.facts, ensure_ascii=False), *_split(move.findings), at, at,
        ],
    )  # fmt: skip
    if new.rowcount == 1:
        store.execute_many(
            f"""INSERT INTO claim_units (claim_id, awarding_body, learner_id, candidate_number, unit_reference)
            SELECT id, awarding_body, learner_id, COALESCE({_CANDIDATE}, ''), ? FROM claims WHERE id = ?""",
            [(unit, new.lastrowid) for unit in units],
        )
        append_audit(store, at=at, actor=actor, subject=f"claim:{new.lastrowid}", action=move.move.value, text=move.why,
                     to_status=move.status.value, fingerprint=move.fingerprint)  # fmt: skip
    return new.rowcount == 1


def _closed_before(store: Store, move: ClaimMove) -> int:
    """How many claims of the same learner, qualification and kind are closed."""
    closed = json.dumps([status.value for status in CLOSED])
    sql = """SELECT COUNT(*) AS n FROM claims WHERE learner_id = ? AND qualification_id = ? AND kind = ?
        AND status IN (SELECT value FROM json_each(?))"""
    found = store.rows(sql, [move.learner_id, move.qualification_id, move.kind.value, closed])
    return int(found[0]["n"])


def _apply(store: Store, move: ClaimMove, before: Claim, *, at: int, actor: str) -> None:
    blockers, cautions, declarations = _split(move.findings)
    held = move.move is Move.HOLD
    reason, code = (move.why, move.hold_code) if held else (before.hold_reason, before.hold_code)
    changes = {
        "status": move.status.value, "fingerprint": move.fingerprint, "blockers": blockers, "cautions": cautions,
        "facts": json.dumps(move.facts, ensure_ascii=False), "hold_reason": reason, "hold_code": code.value,
        "declarations": declarations,
    }  # fmt: skip
    _update(store, before, changes, at=at)
    append_audit(store, at=at, actor=actor, subject=f"claim:{before.id}", action=move.move.value, text=move.why,
                 from_status=before.status.value, to_status=move.status.value,
                 fingerprint=move.fingerprint)  # fmt: skip


def change_claim(
    store: Store, before: Claim, status: Status, *, at: int, actor: str, action: str, why: str, **fields: Any
) -> Claim:
    """Move one claim and tell the audit log, in the transaction that is open or one of its own.

    ``fields`` are further columns to set. Raises ``NotAllowed`` when somebody else changed the claim meanwhile.
    """
    with store.writing(durable=True):
        _update(store, before, {"status": status.value, **fields}, at=at)
        append_audit(store, at=at, actor=actor, subject=f"claim:{before.id}", action=action, text=why,
                     from_status=before.status.value, to_status=status.value,
                     fingerprint=before.fingerprint)  # fmt: skip
    return _after(before, {"status": status, **fields}, at=at)


def _after(before: Claim, changes: dict[str, Any], *, at: int) -> Claim:
    """A claim as it is once these columns were set: its version says that nobody else changed it meanwhile."""
    if "hold_code" in changes:
        changes["hold_code"] = HoldCode(changes["hold_code"])
    return replace(before, updated_at=at, version=before.version + 1, **changes)


def _update(store: Store, before: Claim, changes: dict[str, Any], *, at: int) -> None:
    columns = ", ".join(f"{name} = ?" for name in changes)
    done = store.execute(
        f"UPDATE claims SET {columns}, updated_at = ?, version = version + 1 WHERE id = ? AND version = ?",
        [*changes.values(), at, before.id, before.version],
    )
    if done.rowcount != 1:
        says = f"Claim {before.id} was changed by somebody else a moment ago; nothing was overwritten."
        raise NotAllowed(says, f"Look at it again: 'nvqsync claims show {before.id}'.")


def _split(findings: Iterable[Finding]) -> tuple[str, str, str]:
    """What blocks, what cautions and what is to be declared, each as it is stored."""
    told: dict[Severity, list[list[str]]] = {severity: [] for severity in Severity}
    for finding in findings:
        told[finding.severity].append([finding.id, finding.says])
    return json.dumps(told[Severity.BLOCKS]), json.dumps(told[Severity.CAUTIONS]), json.dumps(told[Severity.DECLARES])


def _findings(stored: str, severity: Severity) -> tuple[Finding, ...]:
    return tuple(Finding(name, severity, says) for name, says in json.loads(stored))


def _claim(row: dict[str, Any]) -> Claim:
    told = {name: value for name, value in row.items() if name != "blocked"}  # what the database works out for itself
    return Claim(
        **{
            **told,
            "kind": ClaimKind(row["kind"]),
            "status": Status(row["status"]),
            "facts": json.loads(row["facts"]),
            "blockers": _findings(row["blockers"], Severity.BLOCKS),
            "cautions": _findings(row["cautions"], Severity.CAUTIONS),
            "declarations": _findings(row["declarations"], Severity.DECLARES),
            "batch_id": row["batch_id"] or "",
            "certificated_on": row["certificated_on"] or "",
            "hold_code": HoldCode(row["hold_code"]),
            "provisional": bool(row["provisional"]),
        }
    )


def count_by_status(store: Store) -> dict[str, int]:
    """How many claims there are in each status that has any."""
    rows = store.rows("SELECT status, COUNT(*) AS n FROM claims GROUP BY status")
    found = {row["status"]: row["n"] for row in rows}
    return {status.value: found[status.value] for status in Status if status.value in found}


# ---------------------------------------------------------------- batches


def record_batch(store: Store, batch: dict[str, Any]) -> None:
    """Store a batch as it was rendered, inside the transaction that is open."""
    names = ", ".join(batch)
    marks = ", ".join("?" * len(batch))
    store.execute(f"INSERT INTO batches ({names}) VALUES ({marks})", list(batch.values()))


def set_batch(store: Store, batch_id: str, **fields: Any) -> None:
    """Set columns of one batch, in the transaction that is open or one of its own."""
    columns = ", ".join(f"{name} = ?" for name in fields)
    with store.writing(durable=True):
        store.execute(f"UPDATE batches SET {columns} WHERE id = ?", [*fields.values(), batch_id])


def batches(store: Store, where: str = "1", parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """Batches in the order they were made; ``where`` is an SQL condition."""
    return store.rows(f"SELECT * FROM batches WHERE {where} ORDER BY created_at, id", parameters)


def batch_states(store: Store) -> dict[str, tuple[str, str]]:
    """The centre number and the state of every batch, by id, without the documents."""
    rows = store.rows("SELECT id, centre_number, state FROM batches ORDER BY created_at, id")
    return {row["id"]: (row["centre_number"], row["state"]) for row in rows}


def batch_route(store: Store, batch_id: str) -> str:
    """The way a batch went: ``direct`` or ``authorisation``; empty where there is no such batch."""
    rows = store.rows("SELECT route FROM batches WHERE id = ?", [batch_id])
    return str(rows[0]["route"]) if rows else ""


def reopen_batch(store: Store, batch_id: str) -> None:
    """A claim of this batch never arrived: what is left of an answered one goes again."""
    store.execute("UPDATE batches SET state = 'written' WHERE id = ? AND state = 'answered'", [batch_id])
