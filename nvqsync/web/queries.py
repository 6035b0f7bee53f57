"""What the pages ask the store, counted and cut into pages by SQLite: claims are never all loaded.

Columns that hold a ULN or a date of birth are not among those asked for.
"""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nvqsync.claims import WAITING, Status
from nvqsync.clock import midnight
from nvqsync.model import LmsMember
from nvqsync.proposing import RECALL_NOTICE
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

RANKS = (
    (Status.PROPOSED, False), (Status.PROPOSED, True),
    *((status, blocked) for status in ATTENTION for blocked in (False, True) if status in WAITING or not blocked),
)  # fmt: skip
"""Kinds of claims in the order in which they are listed, each by its numbers. Nothing blocks what has gone."""

_TO_RECALL = """instr(cautions, '["CERT-1"') > 0"""
"""A recall notice stands. Written exactly so because a partial index answers for this text and no other."""

_BY_NAME = "learners.name COLLATE NOCASE, claims.id"
MANY = 2000
"""Claims of so many learners are counted no faster by looking each learner up than by going through all claims."""

DENSE = 5000
"""Among more claims than this, walking in order finds a page sooner than gathering them and sorting their numbers."""


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
    condition, parameters = _holds(text)
    if not condition:
        return None
    rows = store.rows(f"SELECT lms_id FROM learners WHERE {condition}", parameters)
    return json.dumps([row["lms_id"] for row in rows])


def _holds(text: str) -> tuple[str, list[str]]:
    """A condition on learners and its parameters; empty where there is no text."""
    conditions, parameters = [], []
    for word in text.split():
        forms = [f"%{_escaped(form)}%" for form in _spellings(word)]
        like = [f"{column} LIKE ? ESCAPE '\\'" for column in ("name", "id_number") for _ in forms]
        conditions.append(f"({' OR '.join(like)})")
        parameters += forms * 2
    return " AND ".join(conditions), parameters


@dataclass(frozen=True, slots=True)
class Found:
    """How many learners a text leaves, and leaves out. ``left_out``: it is the others that are meant.

    Who they are is in ``temp.found`` of the connection that was asked, for as long as it is open.
    """

    matching: int
    others: int
    left_out: bool = False

    @property
    def many(self) -> bool:
        """Whether going through all claims costs less than looking up the claims of each of these learners."""
        return (self.others if self.left_out else self.matching) > MANY

    @property
    def sql(self) -> str:
        """A condition on claims; the ``+`` keeps SQLite from looking so many learners up one by one."""
        if self.left_out:
            return "learner_id IN (SELECT lms_id FROM learners WHERE lms_id NOT IN (SELECT lms_id FROM temp.found))"
        return f"{'+' if self.many else ''}learner_id IN (SELECT lms_id FROM temp.found)"


def _find(store: Store, text: str) -> Found | None:
    """Look a text's learners up and keep their ids beside the database; ``None`` where there is no text."""
    condition, parameters = _holds(text)
    if not condition:
        return None
    store.execute("DROP TABLE IF EXISTS temp.found")
    store.execute("CREATE TEMP TABLE found (lms_id TEXT PRIMARY KEY) WITHOUT ROWID")
    store.execute(f"INSERT INTO temp.found SELECT lms_id FROM learners WHERE {condition}", parameters)
    counts = "SELECT (SELECT COUNT(*) FROM temp.found) AS matching, (SELECT COUNT(*) FROM learners) AS every"
    row = store.rows(counts)[0]
    return Found(row["matching"], row["every"] - row["matching"])


def _spellings(word: str) -> list[str]:
    """A word as it may stand in the database: LIKE ignores case for the letters of ASCII alone."""
    if word.isascii():
        return [word]
    forms = {unicodedata.normalize(form, word) for form in ("NFC", "NFD")}
    return sorted({case for form in forms for case in (form, form.lower(), form.upper(), form.title())})


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@dataclass(frozen=True, slots=True)
class Narrow:
    """What leaves claims out before they are counted: the text's learners (``None``: nobody is left out), the day
    before which they were made (seconds since 1970), a blocker, and what the reader may see.
    """

    learners: Found | None = None
    made_before: int | None = None
    blocker: str = ""
    within: Scope = WHOLE

    def sql(self) -> tuple[str, list[Any]]:
        """A condition on claims, and its parameters."""
        seen, parameters = self.within.sql()
        conditions: list[tuple[str, list[Any]]] = [(seen, list(parameters))]
        if self.learners is not None:
            conditions.append((self.learners.sql, []))
        if self.made_before is not None:
            conditions.append(("created_at < ?", [self.made_before]))
        if self.blocker == RECALL_NOTICE:
            standing = "status NOT IN ('withdrawn', 'returned', 'revoked', 'recalled')"
            conditions.append((f"{_TO_RECALL} AND {standing}", []))
        elif self.blocker:
            stopped = "EXISTS (SELECT 1 FROM claim_gates WHERE gate = ? AND claim_id = claims.id)"
            conditions.append((f"blocked = 1 AND {stopped}", [self.blocker]))
        return " AND ".join(sql for sql, _ in conditions), [value for _, values in conditions for value in values]

    @property
    def index(self) -> str:
        """Which index holds all that the condition asks for; SQLite has no figures to choose by."""
        if self.blocker:
            return "INDEXED BY claims_to_recall" if self.blocker == RECALL_NOTICE else "INDEXED BY claims_blocked"
        if self.learners is not None and not self.learners.many:
            return "INDEXED BY claims_by_learner"
        return "INDEXED BY claims_by_number" if self.within.courses else "INDEXED BY claims_by_status"

    @property
    def kept(self) -> bool:
        """Whether it can be had from the counts that the database keeps: of all claims, and of those a rule blocks."""
        unnarrowed = self.learners is None and self.within.courses is None and self.blocker != RECALL_NOTICE
        return unnarrowed and not (self.blocker and self.made_before)

    @property
    def left_out(self) -> Narrow | None:
        """The claims that a text leaves out, where they are few, and all claims with them are counted already."""
        if self.learners is None or self.learners.others > MANY or self.blocker or self.within.courses:
            return None
        return replace(self, learners=replace(self.learners, left_out=True))


def narrow(store: Store, filters: Filters, today: dt.date, within: Scope = WHOLE) -> Narrow:
    """The part of a question that is SQLite's business."""
    made_before = midnight(today - dt.timedelta(days=filters.age - 1)) if filters.age else None
    return Narrow(_find(store, filters.text), made_before, filters.blocker, within)


_KIND = "status, awarding_body, qualification_id, blocked"


def groups(store: Store, asked: Narrow) -> list[Group]:
    """All claims that are not left out, counted by what the other filters can ask."""
    if asked.kept:
        return _kept(store, asked)
    if asked.left_out is None:
        return _counted(store, asked)
    less = {replace(group, claims=0): group.claims for group in _counted(store, asked.left_out)}
    every = _kept(store, replace(asked, learners=None))
    found = [replace(group, claims=group.claims - less.get(replace(group, claims=0), 0)) for group in every]
    return [group for group in found if group.claims]


def _kept(store: Store, asked: Narrow) -> list[Group]:
    """The counts that triggers keep; claims that are too young are counted and taken off."""
    younger, parameters = "", list[Any]([asked.blocker])
    if asked.made_before is not None:
        younger = f"""- (SELECT COUNT(*) FROM claims INDEXED BY claims_by_status
            WHERE ({_KIND}) = ({", ".join(f"kept.{name}" for name in _KIND.split(", "))}) AND created_at >= ?)"""
        parameters.insert(0, asked.made_before)
    counts = f"SELECT {_KIND}, n {younger} AS n FROM claim_counts AS kept WHERE gate = ?"
    return _groups(store.rows(f"SELECT * FROM ({counts}) WHERE n > 0", parameters))


def _counted(store: Store, asked: Narrow) -> list[Group]:
    """The counts as they are found by looking at the claims."""
    condition, parameters = asked.sql()
    sql = f"SELECT {_KIND}, COUNT(*) AS n FROM claims {asked.index} WHERE {condition} GROUP BY {_KIND}"
    return _groups(store.rows(sql, parameters))


def _groups(rows: Iterable[dict[str, Any]]) -> list[Group]:
    return [
        Group(Status(row["status"]), row["awarding_body"], row["qualification_id"], bool(row["blocked"]), row["n"])
        for row in rows
    ]


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
    condition, parameters = asked.sql()
    conditions, values = _conditions(filters)
    where, given = " AND ".join((condition, *conditions)), [*parameters, *values, most, first]
    if filters.sort is Sort.NAME:
        tables, order = "learners CROSS JOIN claims ON claims.learner_id = learners.lms_id", _BY_NAME
    else:
        tables, order = _walked(filters, asked, sum(one.claims for one in counted if one.answers(filters)))
        order += " DESC" if filters.sort is Sort.NEWEST else ""
    rows = store.rows(f"SELECT claims.id FROM {tables} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?", given)
    return [row["id"] for row in rows]


def _walked(filters: Filters, asked: Narrow, total: int) -> tuple[str, str]:
    """Which index to go by, and how to write the order so that SQLite walks it or sorts what it found.

    Rows are wide, so that none is read: few claims are gathered out of an index that holds all that is asked for, many
    are walked in an index that is in their order, which is over as soon as the page is full.
    """
    rank = Filters(status=filters.status, blocked=filters.blocked, sort=filters.sort, page=filters.page)
    if filters == rank and filters.status and filters.blocked is not None and asked.within.courses is None:
        return "claims INDEXED BY claims_in_order", "claims.id"
    looked_up = asked.blocker or (asked.learners is not None and not asked.learners.many)
    if asked.within.courses is not None or (total <= DENSE and (looked_up or filters.status)):
        return f"claims {asked.index}", "+claims.id"
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
