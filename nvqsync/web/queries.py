"""What the pages ask the store, counted and cut into pages by SQLite: claims are never all loaded.

Columns that hold a ULN or a date of birth are not among those asked for.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nvqsync.claims import WAITING, Status
from nvqsync.model import LmsMember
from nvqsync.store import Store
from nvqsync.web.filters import Filters, Sort
from nvqsync.web.lists import PAGE_SIZE
from nvqsync.web.scope import WHOLE, Scope

ATTENTION = (
    Status.ON_HOLD, Status.UNKNOWN, Status.RETURNED, Status.RECALLED, Status.APPROVED, Status.EXPORTED,
    Status.SUBMITTED, Status.ACKNOWLEDGED, Status.AWAITING_AUTHORISATION, Status.CERTIFICATED, Status.WITHDRAWN,
    Status.REVOKED,
)  # fmt: skip
"""After the proposed claims, ready ones before blocked ones: who needs a person soonest."""

# Only a claim that is still here can be stopped. The last part is written exactly so because a partial index on
# blocked claims answers for this text and no other.
_BLOCKED = f"status IN ({', '.join(sorted(repr(status.value) for status in WAITING))}) AND blockers <> '[]'"
_BLOCKED_IDS = f"(SELECT id FROM claims WHERE {_BLOCKED})"
_RANK = (
    f"CASE status WHEN 'proposed' THEN claims.id IN {_BLOCKED_IDS} "
    + " ".join(f"WHEN '{status.value}' THEN {place}" for place, status in reversed([*enumerate(ATTENTION, 2)]))
    + " END"
)

# A unary plus keeps SQLite from walking the wide rows of the table in order of their number.
_ORDERS = {
    Sort.ATTENTION: f"{_RANK}, +claims.id",
    Sort.OLDEST: "+claims.id",
    Sort.NEWEST: "+claims.id DESC",
    Sort.NAME: "learners.name COLLATE NOCASE, +claims.id",
}


@dataclass(frozen=True, slots=True)
class Group:
    """How many claims share a status, awarding body and qualification and are blocked or not."""

    status: Status
    awarding_body: str
    qualification: str
    blocked: bool
    claims: int

    def answers(self, filters: Filters) -> bool:
        """Whether these claims are among those asked for. The text is the SQL's business."""
        return (
            filters.awarding_body in ("", self.awarding_body)
            and filters.qualification in ("", self.qualification)
            and filters.status in (None, self.status)
            and filters.blocked in (None, self.blocked)
        )


def matching_learners(store: Store, text: str) -> str | None:
    """The ids of the learners whose name or ID number holds every word of ``text``, as a JSON list.

    ``None`` where there is no text, and so nobody is left out.
    """
    conditions, parameters = [], []
    for word in text.split():
        forms = [f"%{_escaped(form)}%" for form in _spellings(word)]
        like = [f"{column} LIKE ? ESCAPE '\\'" for column in ("name", "id_number") for _ in forms]
        conditions.append(f"({' OR '.join(like)})")
        parameters += forms * 2
    if not conditions:
        return None
    sql = f"SELECT lms_id FROM learners WHERE {' AND '.join(conditions)}"
    return json.dumps([row["lms_id"] for row in store.rows(sql, parameters)])


def _spellings(word: str) -> list[str]:
    """A word as it may stand in the database: LIKE ignores case for the letters of ASCII alone."""
    if word.isascii():
        return [word]
    forms = {unicodedata.normalize(form, word) for form in ("NFC", "NFD")}
    return sorted({case for form in forms for case in (form, form.lower(), form.upper(), form.title())})


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def groups(store: Store, learners: str | None = None, within: Scope = WHOLE) -> list[Group]:
    """All claims in sight, or those of the given learners (``matching_learners``), counted by what filters can ask."""
    columns = "status, awarding_body, qualification_id"
    known, parameters = _of(learners, within)
    sql = "SELECT {0}, COUNT(*) AS n FROM claims WHERE {1} AND {2} GROUP BY {0}"
    blocked = {
        (row["status"], row["awarding_body"], row["qualification_id"]): row["n"]
        for row in store.rows(sql.format(columns, known, _BLOCKED), parameters)
    }
    found = []
    for row in store.rows(sql.format(columns, known, "1"), parameters):
        key = (row["status"], row["awarding_body"], row["qualification_id"])
        stopped = blocked.get(key, 0)
        found += [Group(Status(key[0]), key[1], key[2], True, stopped)] if stopped else []
        found += [Group(Status(key[0]), key[1], key[2], False, row["n"] - stopped)] if row["n"] > stopped else []
    return found


def claim_ids(
    store: Store, filters: Filters, learners: str | None = None, within: Scope = WHOLE, most: int = PAGE_SIZE
) -> list[int]:
    """The numbers of the claims on one page of the answer, in its order; ``most`` is how many make a page."""
    where, parameters = _conditions(filters, learners, within)
    joined = "JOIN learners ON learners.lms_id = claims.learner_id" if filters.sort is Sort.NAME else ""
    sql = f"SELECT claims.id FROM claims {joined} WHERE {where} ORDER BY {_ORDERS[filters.sort]} LIMIT ? OFFSET ?"
    rows = store.rows(sql, [*parameters, most, (filters.page - 1) * most])
    return [row["id"] for row in rows]


def _of(learners: str | None, within: Scope) -> tuple[str, list[str]]:
    seen, parameters = within.sql()
    if learners is None:
        return seen, parameters
    return " AND ".join((seen, "learner_id IN (SELECT value FROM json_each(?))")), [*parameters, learners]


def _conditions(filters: Filters, learners: str | None, within: Scope) -> tuple[str, list[Any]]:
    known, parameters = _of(learners, within)
    asked: list[tuple[str, Any]] = [
        ("awarding_body = ?", filters.awarding_body),
        ("qualification_id = ?", filters.qualification),
        ("status = ?", filters.status and filters.status.value),
    ]
    conditions = [known, *(sql for sql, value in asked if value)]
    if filters.blocked is not None:
        conditions.append(_BLOCKED if filters.blocked else f"claims.id NOT IN {_BLOCKED_IDS}")
    return " AND ".join(conditions), [*parameters, *(value for _, value in asked if value)]


def people(store: Store, lms_ids: Iterable[str]) -> dict[str, LmsMember]:
    """Name and ID number of people by their id in the LMS; whoever was never on a roster is missing."""
    sql = "SELECT lms_id, name, id_number FROM learners WHERE lms_id IN (SELECT value FROM json_each(?))"
    rows = store.rows(sql, [json.dumps(sorted(set(lms_ids)))])
    return {row["lms_id"]: LmsMember(**row) for row in rows}


def item_links(store: Store, lms_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Name and path (relative to the LMS's address) of items by their id."""
    sql = """SELECT lms_id, name, json_extract(facts, '$.url_path') AS path FROM items
        WHERE lms_id IN (SELECT value FROM json_each(?))"""
    rows = store.rows(sql, [json.dumps(sorted(set(lms_ids)))])
    return {row["lms_id"]: (row["name"], row["path"] or "") for row in rows}


def workflow_states(store: Store, learner_id: str, item_ids: Iterable[str]) -> dict[str, str]:
    """The marking workflow's state of one learner's grade on each item; items without a workflow are missing."""
    sql = """SELECT item_id, workflow_state FROM grades
        WHERE learner_id = ? AND item_id IN (SELECT value FROM json_each(?)) AND workflow_state <> ''"""
    rows = store.rows(sql, [learner_id, json.dumps(sorted(set(item_ids)))])
    return {row["item_id"]: row["workflow_state"] for row in rows}


def is_set_up(store: Store) -> bool:
    """Whether the database has its tables."""
    return bool(store.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'claims'"))
