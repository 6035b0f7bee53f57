"""What somebody should look at each week, for one slice of a cohort. Reads; never writes."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict

from nvqsync.bootstrap import App
from nvqsync.claims import WAITING
from nvqsync.facts import gather
from nvqsync.model import ClaimKind
from nvqsync.proposing import Claim
from nvqsync.storage import store_claims
from nvqsync.store import Store
from nvqsync.uln_owners import UlnHolders
from nvqsync.web.cohort_page import Slice
from nvqsync.weekly import TITLES, Listed, Why, listed

WEEKS = 6
"""How far ahead what is due is listed, as ``nvqsync weekly`` does."""


def weekly_lists(app: App, store: Store, part: Slice) -> tuple[tuple[str, list[Listed]], ...]:
    """Each list of ``nvqsync weekly`` with its heading, for the learners of a slice."""
    standing = part.standing(app, store)
    ids = {one.lms_id for one in part.people}
    lines: list[Listed] = []
    if standing:
        known = gather(app, store, standing.qualification, UlnHolders(), ids)  # no list is about ULNs
        waiting, until = _waiting(store, part.qualification.id, ids), app.today + dt.timedelta(weeks=WEEKS)
        for row in standing.rows:
            facts = known.about(row, ClaimKind.UNITS)
            lines += listed(row, facts, waiting.get(row.learner.lms_id, ()), until)
    return tuple((TITLES[why], [line for line in lines if line.why is why]) for why in Why)


def _waiting(store: Store, qualification_id: str, ids: set[str]) -> dict[str, list[Claim]]:
    """The claims of these learners that have not gone yet."""
    found: dict[str, list[Claim]] = defaultdict(list)
    where = "qualification_id = ? AND learner_id IN (SELECT value FROM json_each(?))"
    for claim in store_claims.claims(store, where, [qualification_id, json.dumps(sorted(ids))]):
        if claim.status in WAITING:
            found[claim.learner_id].append(claim)
    return found
