"""What the pages ask the store about the office's work: batches, registrations, IQA, passes. Cut into pages by SQLite.

Columns that hold a ULN or a date of birth are not among those asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nvqsync.claims import WAITING
from nvqsync.quality import Release, Simulation
from nvqsync.storage.store_quality import as_release, as_simulation
from nvqsync.store import Store

IQAS_OWN = ("IQA-", "SIM-", "STAFF-2")
"""How the ids of the gates begin that only an IQA's record can satisfy."""

# ---------------------------------------------------------------- batches


def count(store: Store, table: str) -> int:
    """How many rows a table has."""
    return int(store.rows(f"SELECT COUNT(*) AS n FROM {table}")[0]["n"])


def batches(store: Store, *, first: int, most: int) -> list[dict[str, Any]]:
    """``most`` batches, newest first, after the ``first`` ones, without their documents; ``claims`` by status."""
    rows = store.rows(
        """SELECT id, awarding_body, centre_number, qualification_id, route, created_at, state, sheet, files
        FROM batches ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?""",
        [most, first],
    )
    counts = _statuses(store, [row["id"] for row in rows])
    return [{**row, "files": json.loads(row["files"]), "claims": counts.get(row["id"], {})} for row in rows]


def batch(store: Store, batch_id: str) -> dict[str, Any] | None:
    """One batch without its document, ``size`` in its place; ``None`` where there is none."""
    rows = store.rows(
        """SELECT id, awarding_body, centre_number, qualification_id, route, created_at, digest, state, files, sheet,
            sheets_printed, length(document) AS size FROM batches WHERE id = ?""",
        [batch_id],
    )
    counts = _statuses(store, [batch_id])
    return {**rows[0], "files": json.loads(rows[0]["files"]), "claims": counts.get(batch_id, {})} if rows else None


def _statuses(store: Store, batch_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    sql = """SELECT batch_id, status, COUNT(*) AS n FROM claims
        WHERE batch_id IN (SELECT value FROM json_each(?)) GROUP BY batch_id, status"""
    found: dict[str, dict[str, int]] = {}
    for row in store.rows(sql, [json.dumps(batch_ids)]):
        found.setdefault(row["batch_id"], {})[row["status"]] = row["n"]
    return found


def claims_in(store: Store, batch_id: str, *, first: int, most: int) -> list[dict[str, Any]]:
    """The claims of a batch by number, with what the awarding body answered to each."""
    return store.rows(
        """SELECT claims.id, learner_id AS lms_id, name, id_number, kind, status, reference, portal_words, keyed_on,
            keyed_by, certificate_number, certificated_on FROM claims
        JOIN learners ON learners.lms_id = learner_id WHERE batch_id = ? ORDER BY claims.id LIMIT ? OFFSET ?""",
        [batch_id, most, first],
    )


# ---------------------------------------------------------------- registrations

_REGISTERED = """FROM registrations AS r JOIN learners ON learners.lms_id = r.learner_id
    WHERE (:q = '' OR qualification_id = :q)
        AND (:only IS NULL OR learner_id IN (SELECT value FROM json_each(:only)))"""


def count_registrations(store: Store, qualification_id: str, only: str | None) -> int:
    """How many registrations there are for a qualification (empty: for all); ``only`` is a JSON list of learners."""
    asked = {"q": qualification_id, "only": only}
    return int(store.rows(f"SELECT COUNT(*) AS n {_REGISTERED}", asked)[0]["n"])


def registrations(
    store: Store, qualification_id: str, only: str | None, *, first: int, most: int
) -> list[dict[str, Any]]:
    """``most`` of them, newest first, after the ``first`` ones."""
    sql = f"""SELECT r.id, learner_id AS lms_id, learners.name AS name, r.name AS registered_name, id_number,
            qualification_id, r.candidate_number, registered_on, entry, start, "end", site
        {_REGISTERED} ORDER BY registered_on DESC, r.id DESC LIMIT :most OFFSET :first"""
    return store.rows(sql, {"q": qualification_id, "only": only, "most": most, "first": first})


def registered_by_qualification(store: Store) -> dict[str, int]:
    """How many registrations there are for each qualification that has any."""
    rows = store.rows("SELECT qualification_id, COUNT(*) AS n FROM registrations GROUP BY qualification_id ORDER BY 1")
    return {row["qualification_id"]: row["n"] for row in rows}


# ---------------------------------------------------------------- internal quality assurance

# Written exactly so because a partial index answers for this text and no other.
_WAITS = f"""status IN ({", ".join(sorted(repr(status.value) for status in WAITING))})
    AND (instr(blockers, '"IQA-') > 0 OR instr(blockers, '"SIM-') > 0 OR instr(blockers, '"STAFF-2"') > 0)"""


def count_waiting(store: Store) -> int:
    """How many claims wait for an IQA."""
    return int(store.rows(f"SELECT COUNT(*) AS n FROM claims WHERE {_WAITS}")[0]["n"])


def waiting(store: Store, *, first: int, most: int) -> list[dict[str, Any]]:
    """The claims that wait for an IQA, oldest first, each with the findings it ``waits_for`` as (id, words)."""
    sql = f"""SELECT claims.id, learner_id AS lms_id, name, id_number, qualification_id, status, created_at, blockers
        FROM claims JOIN learners ON learners.lms_id = learner_id
        WHERE claims.id IN (SELECT id FROM claims WHERE {_WAITS} ORDER BY +id LIMIT :most OFFSET :first)
        ORDER BY claims.id"""
    rows = store.rows(sql, {"most": most, "first": first})
    return [
        {**row, "waits_for": [(id_, says) for id_, says in json.loads(row["blockers"]) if id_.startswith(IQAS_OWN)]}
        for row in rows
    ]


def releases(store: Store, *, first: int, most: int) -> list[tuple[Release, Mapping[str, Any]]]:
    """The newest releases, those taken back included, each with the row it comes from."""
    sql = f"{_RELEASES} ORDER BY releases.id DESC LIMIT ? OFFSET ?"
    return [(as_release(row), row) for row in store.rows(sql, [most, first])]


def release(store: Store, release_id: int) -> tuple[Release, Mapping[str, Any]] | None:
    """One release, taken back or not, with the row it comes from; ``None`` where there is none."""
    rows = store.rows(f"{_RELEASES} WHERE releases.id = ?", [release_id])
    return (as_release(rows[0]), rows[0]) if rows else None


_RELEASES = """SELECT releases.*, learners.name, short_name, done.on_day AS action_done_on,
        back.recorded_at AS taken_back_at, back.recorded_by AS taken_back_by
    FROM releases
    LEFT JOIN learners ON learners.lms_id = releases.learner_id
    LEFT JOIN courses ON courses.lms_id = releases.course_id
    LEFT JOIN follow_ups AS done ON done.release_id = releases.id AND done.what = 'action_done'
    LEFT JOIN follow_ups AS back ON back.release_id = releases.id AND back.what = 'taken_back'"""


def simulations(store: Store, most: int) -> list[tuple[Simulation, Mapping[str, Any]]]:
    """The newest simulated activities, those taken back included, each with the row it comes from."""
    sql = """SELECT simulations.*, learners.name, done.iqa_id AS sampled_by, done.on_day AS sampled_on,
            back.recorded_at AS taken_back_at FROM simulations
        JOIN learners ON learners.lms_id = simulations.learner_id
        LEFT JOIN follow_ups AS done ON done.simulation_id = simulations.id AND done.what = 'sampled'
        LEFT JOIN follow_ups AS back ON back.simulation_id = simulations.id AND back.what = 'taken_back'
        ORDER BY simulations.id DESC LIMIT ?"""
    return [(as_simulation(row), row) for row in store.rows(sql, [most])]


# ---------------------------------------------------------------- passes


def passes(store: Store, *, first: int, most: int) -> list[dict[str, Any]]:
    """The passes, newest first, each with its report decoded."""
    rows = store.rows("SELECT * FROM passes ORDER BY id DESC LIMIT ? OFFSET ?", [most, first])
    return [_decoded(row) for row in rows]


def one_pass(store: Store, pass_id: int) -> dict[str, Any] | None:
    """One pass with its report, or ``None``."""
    rows = store.rows("SELECT * FROM passes WHERE id = ?", [pass_id])
    return _decoded(rows[0]) if rows else None


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "report": json.loads(row["report"])}


def unread(store: Store) -> list[dict[str, Any]]:
    """The assignments that the last reading of their course could not read, with the course's name."""
    return store.rows(
        """SELECT items.lms_id, items.name, short_name FROM items JOIN courses ON courses.lms_id = course_id
        WHERE unread AND NOT gone ORDER BY short_name, items.name LIMIT 200"""
    )


def names_of_courses(store: Store, ids: Iterable[str]) -> dict[str, str]:
    """The short names of courses by id."""
    sql = "SELECT lms_id, short_name FROM courses WHERE lms_id IN (SELECT value FROM json_each(?))"
    return {row["lms_id"]: row["short_name"] for row in store.rows(sql, [json.dumps(sorted(set(ids)))])}
