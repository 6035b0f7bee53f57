"""What the pages ask the store, cut into pages by SQLite: claims are never all loaded.

Columns that hold a ULN or a date of birth are not among those asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from nvqsync.claims import WAITING, Status
from nvqsync.model import LmsMember
from nvqsync.store import Store
from nvqsync.web.counting import Group, Narrow
from nvqsync.web.filters import Filters, Sort
from nvqsync.web.lists import PAGE_SIZE

ATTENTION = (
    Status.ON_HOLD, Status.UNKNOWN, Status.RETURNED, Status.RECALLED, Status.APPROVED, Status.EXPORTED,
    Status.SUBMITTED, Status.ACKNOWLEDGED, Status.AWAITING_AUTHORISATION, Status.CERTIFICATED, Status.WITHDRAWN,
    Status.REVOKED,
)  # fmt: skip
"""After the proposed claims, ready ones before blocked ones: who needs a person soonest."""

RANKS = (
    (Status.PROPOSED, False), (Status.PROPOSED, True),
    *((status, blocked) for status in ATTENTION for blocked in (False, True) if status in WAITING or not blocked),
)  # fmt: skip
"""Kinds of claims in the order in which they are listed, each by its numbers. Nothing blocks what has gone."""

_BY_NAME = "learners.name COLLATE NOCASE, claims.id"
DENSE = 5000
"""Among more claims than this, walking in order finds a page sooner than gathering them and sorting their numbers."""


def claim_ids(
    store: Store, filters: Filters, asked: Narrow, counted: Sequence[Group], most: int = PAGE_SIZE
) -> list[int]:
    """The numbers of the claims on one page of the answer, in its order; ``most`` is how many make a page.

    ``counted`` is what ``groups`` says of the same question: it tells on which kinds of claims the page falls.
    """
    first = (filters.page - 1) * most
    if filters.sort is not Sort.ATTENTION:
        return _ids(store, filters, asked, counted, first, most)
    found: list[int] = []
    for status, blocked in RANKS:
        mine = [one for one in counted if one.answers(filters) and (one.status, one.blocked) == (status, blocked)]
        total = sum(one.claims for one in mine)
        if first < total and len(found) < most:
            part = filters.but(status=status, blocked=blocked, sort=Sort.OLDEST)
            found += _ids(store, part, asked, mine, first, most - len(found))
        first = max(0, first - total)
    return found


def _ids(store: Store, filters: Filters, asked: Narrow, counted: Sequence[Group], first: int, most: int) -> list[int]:
    """The numbers in the order of the numbers, or of the names, ``most`` after the ``first`` ones."""
    if filters.sort is Sort.NAME:
        tables, order = "learners CROSS JOIN claims ON claims.learner_id = learners.lms_id", _BY_NAME
        condition, parameters = asked.sql("+learners.lms_id")
    else:
        tables, order = _walked(filters, asked, sum(one.claims for one in counted if one.answers(filters)))
        order += " DESC" if filters.sort is Sort.NEWEST else ""
        condition, parameters = asked.sql()
    conditions, values = _conditions(filters)
    where, given = " AND ".join((condition, *conditions)), [*parameters, *values, most, first]
    rows = store.rows(f"SELECT claims.id FROM {tables} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?", given)
    return [row["id"] for row in rows]


def _walked(filters: Filters, asked: Narrow, total: int) -> tuple[str, str]:
    """Which index to go by, and how to write the order so that SQLite walks it or sorts what it found.

    Rows are wide, so that none is read: few claims are gathered out of an index that holds all that is asked for, many
    are walked in an index that is in their order, which is over as soon as the page is full.
    """
    rank = Filters(status=filters.status, blocked=filters.blocked, sort=filters.sort, page=filters.page)
    if filters == rank and filters.status and filters.blocked is not None and asked.found is None:
        return "claims INDEXED BY claims_in_order", "claims.id"
    if total <= DENSE and (asked.looked_up or filters.status):
        return f"claims INDEXED BY {asked.index}", "+claims.id"
    return "claims INDEXED BY claims_by_number", "claims.id"


def _conditions(filters: Filters) -> tuple[list[str], list[Any]]:
    asked: list[tuple[str, Any]] = [
        ("awarding_body = ?", filters.awarding_body or filters.qualification.partition("/")[0]),
        ("qualification_id = ?", filters.qualification),
        ("status = ?", filters.status and filters.status.value),
    ]
    conditions = [sql for sql, value in asked if value]
    if filters.blocked is not None:
        conditions.append(f"blocked = {int(filters.blocked)}")
    return conditions, [value for _, value in asked if value]


def listed(store: Store, ids: Sequence[int]) -> list[dict[str, Any]]:
    """What a list shows of claims: of their facts the credits alone, of their cautions how many there are."""
    sql = """SELECT id, version, status, learner_id, qualification_id, awarding_body, hold_reason, portal_words,
            blockers, json_extract(facts, '$.credits') AS credits, json_array_length(cautions) AS cautions, created_at
        FROM claims WHERE id IN (SELECT value FROM json_each(?))"""
    return store.rows(sql, [json.dumps(list(ids))])


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
