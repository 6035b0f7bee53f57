"""Whom a pass has to judge: those about whom something is different since they were last judged.

Whoever a reading writes something new about stands in the database as not judged from then on, however it ends and
whatever read it: a pass, or an export that reads a few learners again, which a connector may answer with everybody.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from nvqsync import __version__
from nvqsync.bootstrap import App
from nvqsync.claims import CLOSED, WAITING
from nvqsync.storage import store_lms
from nvqsync.store import Store

_JUDGED = "judged"


@dataclass(frozen=True, slots=True)
class Mark:
    """How things stood when learners were judged: what judging rests on besides the LMS, and the last audit entry."""

    basis: str
    audit: int


def mark(app: App, store: Store) -> Mark:
    """How things stand now."""
    path = app.settings.mapping.file
    facts = [
        __version__,
        path.read_bytes().hex() if path else "",
        app.settings.evidence.model_dump(mode="json"),
        app.settings.moodle.learner_roles,
        repr(app.plugins.catalogue.qualifications),
        [gate.id for gate in app.gates],
    ]
    basis = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    last = store.rows("SELECT COALESCE(MAX(id), 0) AS id FROM audit WHERE subject LIKE 'learner:%'")
    return Mark(basis, last[0]["id"])


def learners(app: App, store: Store, now: Mark) -> set[str] | None:
    """Whom to judge; ``None`` for everyone, where the basis of judging itself is another.

    Besides those not judged yet: whoever has a claim in our hands or one that was closed (gates look at the day and at
    the centre's facts too), and whoever people recorded something about.
    """
    text = store_lms.kept(store, _JUDGED)
    before = Mark(**json.loads(text)) if text else None
    if before is None or before.basis != now.basis:
        return None
    open_or_closed = json.dumps([status.value for status in (*WAITING, *CLOSED)])
    sql = """SELECT learner_id AS id FROM claims WHERE status IN (SELECT value FROM json_each(?))
        UNION SELECT substr(subject, 9) FROM audit WHERE id > ? AND subject LIKE 'learner:%'"""
    return store_lms.unjudged(store) | {row["id"] for row in store.rows(sql, [open_or_closed, before.audit])}


def judged(store: Store, at: Mark) -> None:
    """Everyone who had to be is judged."""
    text = json.dumps(asdict(at))
    if store_lms.kept(store, _JUDGED) != text:
        store_lms.keep(store, _JUDGED, text)
