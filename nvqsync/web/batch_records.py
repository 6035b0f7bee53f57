"""What may be recorded of the claims of a batch, many at once: which words there are, and what each asks a row for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nvqsync.claims import RECORDED, TRANSITIONS, Status
from nvqsync.handover.hand_records import CONFIRMED, WORDS, WORDS_DUE
from nvqsync.store import Store
from nvqsync.web.words import ACTION_WORDS, HAND_TO_HAND, PAPER_WORDS

_HAS_REFERENCE = frozenset({"keyed", "acknowledged"})


@dataclass(frozen=True, slots=True)
class Asks:
    """What a word asks for: ``fields`` of each row, one of them ``due`` (a row counts once it is filled in).

    Without a ``due`` field a row counts when its box is ticked. ``who`` is asked for once, for all rows.
    """

    word: str
    says: str
    fields: tuple[str, ...] = ()
    due: str = ""
    who: bool = False


def asks(word: str) -> Asks | None:
    """What recording this word takes; ``None`` for a word that nobody records."""
    if word not in WORDS:
        return None
    says = PAPER_WORDS[word] if word in PAPER_WORDS else ACTION_WORDS[RECORDED[word]]
    if word == "certificated":
        return Asks(word, says, ("certificate", "reference", "on"), "certificate")
    if word in WORDS_DUE:
        return Asks(word, says, ("words", "on"), "words")
    return Asks(word, says, ("reference",) * (word in _HAS_REFERENCE), who=word in {"keyed", *HAND_TO_HAND})


def statuses(word: str) -> tuple[str, ...]:
    """The statuses in which a claim can be recorded so."""
    if word in PAPER_WORDS:
        return (Status.CERTIFICATED.value,)
    return tuple(status.value for status in Status if RECORDED[word] in TRANSITIONS[status])


def _where(word: str) -> str:
    nothing_yet = f" AND {word}_on = ''" if word in PAPER_WORDS else ""
    nothing_yet += " AND provisional" if word == CONFIRMED else ""
    return f"batch_id = ? AND status IN (SELECT value FROM json_each(?)){nothing_yet}"  # noqa: S608


def count(store: Store, batch_id: str, word: str) -> int:
    """How many claims of a batch can be recorded so."""
    sql = f"SELECT COUNT(*) AS n FROM claims WHERE {_where(word)}"  # noqa: S608  (the words are ours)
    return int(store.rows(sql, [batch_id, json.dumps(statuses(word))])[0]["n"])


def rows(store: Store, batch_id: str, word: str, *, first: int, most: int) -> list[dict[str, Any]]:
    """Those claims by number, each with its learner and its version."""
    sql = f"""SELECT claims.id, version, learner_id AS lms_id, name, id_number, status, reference, certificate_number,
            certificated_on, received_on FROM claims JOIN learners ON learners.lms_id = learner_id
        WHERE {_where(word)} ORDER BY claims.id LIMIT ? OFFSET ?"""  # noqa: S608
    return store.rows(sql, [batch_id, json.dumps(statuses(word)), most, first])


def offered(store: Store, batch_id: str) -> list[tuple[Asks, int]]:
    """Every word that at least one claim of a batch can be recorded with, and how many can."""
    found = ((asks(word), count(store, batch_id, word)) for word in WORDS)
    return [(one, many) for one, many in found if one is not None and many]


def of_batch(store: Store, batch_id: str, ids: Sequence[int]) -> bool:
    """Whether all of these claims are in the batch."""
    sql = "SELECT COUNT(*) AS n FROM claims WHERE batch_id = ? AND id IN (SELECT value FROM json_each(?))"
    return int(store.rows(sql, [batch_id, json.dumps(list(ids))])[0]["n"]) == len(set(ids))


def chosen(asked: Asks, form: Mapping[str, str], ids: Sequence[int]) -> list[int]:
    """The rows that count: those ticked, or with what is due filled in; all where the form says so."""
    if asked.due:
        return [one for one in ids if form.get(f"{asked.due}-{one}", "").strip()]
    everyone = bool(form.get("every"))
    return [one for one in ids if everyone or form.get(f"tick-{one}")]
