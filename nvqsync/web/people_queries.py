"""What the pages ask the store about people: who learns on which course, cut into pages by SQLite.

Columns that hold a ULN or a date of birth are not among those asked for.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from nvqsync.model import LmsMember
from nvqsync.store import Store
from nvqsync.web.scope import WHOLE, Scope

_LEARNING = """SELECT learner_id FROM memberships WHERE roles IN (SELECT value FROM json_each(:roles))
    AND (:courses IS NULL OR course_id IN (SELECT value FROM json_each(:courses)))"""
_AMONG = f"lms_id IN ({_LEARNING}) AND (:only IS NULL OR lms_id IN (SELECT value FROM json_each(:only)))"


def _asked(
    store: Store, roles: Iterable[str], courses: Collection[str] | None, only: str | None
) -> dict[str, str | None]:
    """The parameters of ``_AMONG``. Few lists of roles are held by many people, so those that count are found first."""
    wanted = set(roles)
    held = [row["roles"] for row in store.rows("SELECT DISTINCT roles FROM memberships")]
    learning = json.dumps([text for text in held if wanted & set(json.loads(text))])
    return {"roles": learning, "courses": None if courses is None else json.dumps(sorted(courses)), "only": only}


def count_learners(
    store: Store, roles: Iterable[str], courses: Collection[str] | None = None, only: str | None = None
) -> int:
    """How many hold one of ``roles`` on the given courses (``None``: on any); ``only`` is a JSON list of ids."""
    asked = _asked(store, roles, courses, only)
    return int(store.rows(f"SELECT COUNT(*) AS n FROM learners WHERE {_AMONG}", asked)[0]["n"])


def learners(
    store: Store,
    roles: Iterable[str],
    courses: Collection[str] | None = None,
    only: str | None = None,
    *,
    first: int,
    most: int,
) -> list[LmsMember]:
    """``most`` of those learners by name, after the ``first`` ones."""
    sql = f"""SELECT lms_id, name, id_number FROM learners WHERE {_AMONG}
        ORDER BY name COLLATE NOCASE, lms_id LIMIT :most OFFSET :first"""
    rows = store.rows(sql, {**_asked(store, roles, courses, only), "most": most, "first": first})
    return [LmsMember(**row) for row in rows]


def claims_of(store: Store, learner_ids: Iterable[str], within: Scope = WHOLE) -> dict[str, list[dict[str, Any]]]:
    """By learner, their claims in sight, oldest first, without what they rest on."""
    seen, parameters = within.sql()
    sql = f"""SELECT id, learner_id, qualification_id, kind, status, certificate_number, certificated_on, received_on,
            handed_over_on, created_at FROM claims
        WHERE learner_id IN (SELECT value FROM json_each(?)) AND {seen} ORDER BY id"""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in store.rows(sql, [json.dumps(sorted(set(learner_ids))), *parameters]):
        found.setdefault(row["learner_id"], []).append(row)
    return found


def places(store: Store, learner_id: str) -> list[dict[str, Any]]:
    """The courses a learner is or was on: id, names, whether they are active there, and whether they left."""
    sql = """SELECT courses.lms_id, short_name, full_name, active, memberships.gone AS left FROM memberships
        JOIN courses ON courses.lms_id = course_id WHERE learner_id = ? ORDER BY short_name"""
    return store.rows(sql, [learner_id])


def course_sizes(store: Store, roles: Sequence[str]) -> dict[str, int]:
    """How many learners are or were on each course."""
    sql = """SELECT course_id, COUNT(*) AS n FROM memberships
        WHERE roles IN (SELECT value FROM json_each(:roles)) GROUP BY course_id"""
    return {row["course_id"]: row["n"] for row in store.rows(sql, {"roles": _asked(store, roles, None, None)["roles"]})}
