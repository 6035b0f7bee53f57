"""How many claims of each kind answer a question: where the database keeps the count, no claim is looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from nvqsync.claims import Status
from nvqsync.clock import midnight
from nvqsync.proposing import RECALL_NOTICE
from nvqsync.store import Store
from nvqsync.web.filters import Filters
from nvqsync.web.finding import Found, find
from nvqsync.web.scope import WHOLE, Scope

MANY = 2000
"""Claims of so many learners are found no faster by looking each learner up than by going through all claims."""

_TO_RECALL = """instr(cautions, '["CERT-1"') > 0"""
"""A recall notice stands. Written exactly so because a partial index answers for this text and no other."""

_RECALL = f"{_TO_RECALL} AND status NOT IN ('withdrawn', 'returned', 'revoked', 'recalled')"
_KIND = "status, awarding_body, qualification_id, blocked"


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


@dataclass(frozen=True, slots=True)
class Narrow:
    """What leaves claims out before they are counted: whose they are (``None``: everybody's), the day before which they
    were made (seconds since 1970), and a blocker.
    """

    found: Found | None = None
    made_before: int | None = None
    blocker: str = ""

    @property
    def looked_up(self) -> bool:
        """Whether what is left lies together in an index, and is little."""
        return bool(self.blocker) or (self.found is not None and self.found.people <= MANY)

    @property
    def index(self) -> str:
        """Which index holds all that the condition asks for; SQLite has no figures to choose by."""
        if self.blocker:
            return "claims_to_recall" if self.blocker == RECALL_NOTICE else "claims_blocked"
        return "claims_by_learner" if self.looked_up else "claims_by_status"

    @property
    def kept(self) -> bool:
        """Whether the database keeps the counts, but for an age: of all claims, of those a rule blocks, of learners."""
        return not self.blocker or (self.blocker != RECALL_NOTICE and replace(self, blocker="") == Narrow())

    def sql(self, learner: str = "claims.learner_id") -> tuple[str, list[Any]]:
        """A condition on claims, and its parameters; ``learner`` is the column with whose it is that is had first."""
        conditions, parameters = ["1" if self.found is None else self.found.sql(learner)], list[Any]()
        if self.made_before is not None:
            conditions.append("created_at < ?")
            parameters.append(self.made_before)
        if self.blocker == RECALL_NOTICE:
            conditions.append(_RECALL)
        elif self.blocker:
            conditions.append(
                "blocked = 1 AND EXISTS (SELECT 1 FROM claim_gates WHERE gate = ? AND claim_id = claims.id)"
            )
            parameters.append(self.blocker)
        return " AND ".join(conditions), parameters


def narrow(store: Store, filters: Filters, today: dt.date, within: Scope = WHOLE) -> Narrow:
    """The part of a question that is SQLite's business."""
    made_before = midnight(today - dt.timedelta(days=filters.age - 1)) if filters.age else None
    return Narrow(find(store, filters.text, within), made_before, filters.blocker)


def groups(store: Store, asked: Narrow) -> list[Group]:
    """All claims that are not left out, counted by what the other filters can ask."""
    if not asked.kept:
        return _counted(store, asked)
    every = _by_rule(store, asked.blocker) if asked.found is None else _by_mix(store)
    if asked.made_before is None:
        return every
    younger = {replace(group, claims=0): group.claims for group in _younger(store, asked)}
    older = [replace(group, claims=group.claims - younger.get(replace(group, claims=0), 0)) for group in every]
    return [group for group in older if group.claims]


def to_recall(store: Store, within: Scope) -> int:
    """How many claims in sight were sent and have lost their grounds since."""
    seen, parameters = within.sql()
    sql = f"SELECT COUNT(*) AS n FROM claims INDEXED BY claims_to_recall WHERE {_RECALL} AND {seen}"
    return int(store.rows(sql, parameters)[0]["n"])


def _by_rule(store: Store, blocker: str) -> list[Group]:
    """The counts that the database keeps of all claims, or of those that a rule blocks."""
    return _groups(store, f"SELECT {_KIND}, n FROM claim_counts WHERE gate = ? AND n > 0", [blocker])


def _by_mix(store: Store) -> list[Group]:
    """The claims of whomever was found: how many of them have each mix of kinds, and what is in those mixes."""
    sql = """SELECT json_extract(kind.value, '$[0]'), json_extract(kind.value, '$[1]'),
            json_extract(kind.value, '$[2]') AS qualification_id, json_extract(kind.value, '$[3]'),
            SUM(json_extract(kind.value, '$[4]') * people)
        FROM (SELECT mix, qualification_id AS only, COUNT(*) AS people
            FROM temp.found CROSS JOIN learner_mixes USING (learner_id) GROUP BY mix, only)
        CROSS JOIN claim_mixes USING (mix) CROSS JOIN json_each(kinds) AS kind
        WHERE only IN ('', json_extract(kind.value, '$[2]')) GROUP BY 1, 2, 3, 4"""
    return _groups(store, sql, [])


def _younger(store: Store, asked: Narrow) -> list[Group]:
    """The claims of an age that is too young, of whomever was found. Each kind has its claims by age in an index."""
    kinds = ", ".join(f"kept.{name}" for name in _KIND.split(", "))
    sql = f"""SELECT {kinds}, COUNT(*) FROM claim_counts AS kept CROSS JOIN claims INDEXED BY claims_by_status
        ON ({", ".join(f"claims.{name}" for name in _KIND.split(", "))}) = ({kinds}) AND created_at >= ?
        WHERE gate = '' AND {asked.found.sql() if asked.found else "1"} GROUP BY {kinds}"""
    return _groups(store, sql, [asked.made_before])


def _counted(store: Store, asked: Narrow) -> list[Group]:
    """The counts as they are found by looking at the claims."""
    condition, parameters = asked.sql()
    sql = f"SELECT {_KIND}, COUNT(*) FROM claims INDEXED BY {asked.index} WHERE {condition} GROUP BY {_KIND}"
    return _groups(store, sql, parameters)


def _groups(store: Store, sql: str, parameters: Sequence[Any]) -> list[Group]:
    return [
        Group(Status(status), body, qualification, bool(blocked), claims)
        for status, body, qualification, blocked, claims in store.tuples(sql, parameters)
    ]
