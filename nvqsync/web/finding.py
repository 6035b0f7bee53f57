"""Whom a question leaves: the learners whose name or ID number holds every word of its text, and who may be seen."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass

from nvqsync.store import Store
from nvqsync.web.scope import SEEN, Scope


def matching_learners(store: Store, text: str) -> str | None:
    """The ids of the learners a text means, as a JSON list; ``None`` where there is no text, and so everybody is."""
    condition, parameters = _holds(text)
    if not condition:
        return None
    rows = store.rows(f"SELECT lms_id FROM learners WHERE {condition}", parameters)
    return json.dumps([row["lms_id"] for row in rows])


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a question leaves. Who they are is in ``temp.found`` of the connection that was asked, until it asks again.

    ``people`` counts them; ``paired``: each for one qualification, and whoever is there for two counts twice.
    """

    people: int
    paired: bool

    def sql(self, learner: str = "claims.learner_id") -> str:
        """A condition on claims; ``learner`` is the column that is had first."""
        among = f"{learner} IN (SELECT learner_id FROM temp.found)"
        return f"{among} AND ({learner}, claims.qualification_id) IN temp.found" if self.paired else among


def find(store: Store, text: str, within: Scope) -> Found | None:
    """Look up whom a text and a scope leave, and keep them beside the database; ``None`` where that is everybody."""
    named, parameters = _holds(text)
    if within.courses is not None:
        asked = f"{SEEN} CROSS JOIN learners ON lms_id = learner_id WHERE {named}" if named else SEEN
        parameters.insert(0, within.courses)
    elif named:
        asked = f"SELECT lms_id, '' FROM learners WHERE {named}"
    else:
        return None
    store.execute("DROP TABLE IF EXISTS temp.found")
    store.execute(
        """CREATE TEMP TABLE found (learner_id TEXT NOT NULL, qualification_id TEXT NOT NULL,
        PRIMARY KEY (learner_id, qualification_id)) WITHOUT ROWID"""
    )
    added = store.execute(f"INSERT OR IGNORE INTO temp.found {asked}", parameters)
    return Found(added.rowcount, within.courses is not None)


def _holds(text: str) -> tuple[str, list[str]]:
    """A condition on learners and its parameters; empty where there is no text."""
    conditions, parameters = [], []
    for word in text.split():
        forms = [f"%{_escaped(form)}%" for form in _spellings(word)]
        like = [f"{column} LIKE ? ESCAPE '\\'" for column in ("name", "id_number") for _ in forms]
        conditions.append(f"({' OR '.join(like)})")
        parameters += forms * 2
    return " AND ".join(conditions), parameters


def _spellings(word: str) -> list[str]:
    """A word as it may stand in the database: LIKE ignores case for the letters of ASCII alone."""
    if word.isascii():
        return [word]
    forms = {unicodedata.normalize(form, word) for form in ("NFC", "NFD")}
    return sorted({case for form in forms for case in (form, form.lower(), form.upper(), form.title())})


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
