"""Which claims answer a question: every filter an SQL condition, so that ten thousand claims are never all loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nvqsync.claims import GONE, Status
from nvqsync.holding import HoldCode
from nvqsync.model import ClaimKind
from nvqsync.proposing import RECALL_NOTICE, Claim
from nvqsync.storage import store_claims
from nvqsync.store import Store

AT_ONCE = 500
"""Claims loaded at a time."""

_HAS = """EXISTS (SELECT 1 FROM json_each({0}) WHERE json_extract(value, '$[0]') = ?
    OR json_extract(value, '$[0]') LIKE ? || '/%')"""
_TEXT = """(learner_id IN (SELECT lms_id FROM learners WHERE name LIKE ? ESCAPE '\\' OR id_number LIKE ? ESCAPE '\\')
    OR key LIKE ? ESCAPE '\\' OR reference LIKE ? ESCAPE '\\' OR certificate_number LIKE ? ESCAPE '\\'
    OR hold_reason LIKE ? ESCAPE '\\' OR portal_words LIKE ? ESCAPE '\\' OR batch_id LIKE ? ESCAPE '\\')"""


@dataclass(frozen=True, slots=True)
class Question:
    """What claims are asked for; an empty field does not narrow it.

    ``blocker`` is a rule's id (``ENT-2`` finds ``ENT-2/approval`` too); ``made_before`` seconds since 1970; each word
    of ``text`` must stand in the learner's name or ID number, the key, a reference, a reason or the body's words.
    ``recalls``: recalled, or gone with a recall notice and neither withdrawn, returned nor revoked since.
    ``provisional``: certificated, and a visit has still to confirm it.
    """

    statuses: tuple[Status, ...] = ()
    qualification: str = ""
    awarding_body: str = ""
    kind: ClaimKind | None = None
    blocked: bool | None = None
    blocker: str = ""
    hold_code: HoldCode = HoldCode.NONE
    made_before: int | None = None
    learner_id: str = ""
    batch: str = ""
    text: str = ""
    recalls: bool = False
    provisional: bool = False


def search(store: Store, asked: Question) -> list[int]:
    """The numbers of the claims that answer the question, in order."""
    found = list(_conditions(asked))
    where = " AND ".join(sql for sql, _ in found) or "1"
    return store_claims.claim_ids(store, where, [value for _, values in found for value in values])


def each(store: Store, ids: list[int]) -> Iterator[Claim]:
    """The claims with these numbers, some at a time."""
    for start in range(0, len(ids), AT_ONCE):
        yield from store_claims.some_claims(store, ids[start : start + AT_ONCE])


def _conditions(asked: Question) -> Iterator[tuple[str, list[Any]]]:
    if asked.statuses:
        statuses = json.dumps([status.value for status in asked.statuses])
        yield "status IN (SELECT value FROM json_each(?))", [statuses]
    plain = {
        "qualification_id": asked.qualification, "awarding_body": asked.awarding_body, "learner_id": asked.learner_id,
        "kind": asked.kind and asked.kind.value, "hold_code": asked.hold_code.value, "batch_id": asked.batch,
    }  # fmt: skip
    for column, value in plain.items():
        if value:
            yield f"{column} = ?", [value]
    if asked.blocked is not None:
        yield f"blockers {'<>' if asked.blocked else '='} '[]'", []
    if asked.blocker:
        yield _HAS.format("blockers"), [asked.blocker, asked.blocker]
    if asked.made_before is not None:
        yield "created_at <= ?", [asked.made_before]
    if asked.recalls:
        gone = json.dumps([*GONE, Status.CERTIFICATED])
        noticed = f"(status IN (SELECT value FROM json_each(?)) AND {_HAS.format('cautions')})"
        yield f"(status = 'recalled' OR {noticed})", [gone, RECALL_NOTICE, RECALL_NOTICE]
    if asked.provisional:
        yield "provisional AND status = 'certificated'", []
    for word in asked.text.split():
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        yield _TEXT, [f"%{escaped}%"] * 8
