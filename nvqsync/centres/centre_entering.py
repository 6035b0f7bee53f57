"""Entering a fact of the centre: checked, recorded with who and why, and the claims that wait for it settled."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from nvqsync.bootstrap import App
from nvqsync.centre import Account, Staff
from nvqsync.centres.centre_checks import checked
from nvqsync.centres.centre_record import CentreNumber, CentreRecord, Change
from nvqsync.claims import WAITING
from nvqsync.settling import settle
from nvqsync.storage import store_centre, store_claims
from nvqsync.store import Store


def enter(
    app: App, store: Store, edit: Callable[[CentreRecord], CentreRecord], *, by: str, why: str = "",
    dry_run: bool = False,
) -> tuple[Change, ...]:  # fmt: skip
    """Make of the centre's record what ``edit`` says; returns the changes, which a dry run only tells.

    Raises ``InputError`` or ``UnknownName`` for what cannot be. Claims in our hands that rest on what changed are
    looked at again; new ones are proposed by the next pass.
    """
    edit = checked(edit, app.plugins.catalogue.qualifications, app.today)
    changes = store_centre.record(store, edit, actor=by, at=app.now(), why=why, dry_run=dry_run)
    if not dry_run and (qualifications := _concerned(app, changes)):
        learners = _waiting(store, qualifications)
        settle(app, store, by="nvqsync", qualification_ids=qualifications, learners=learners, propose_new=False)
    return changes


def _concerned(app: App, changes: Iterable[Change]) -> list[str]:
    """The qualifications whose claims rest on what changed. An account matters only when it approves."""
    found: dict[str, None] = {}
    every = app.plugins.catalogue.qualifications.values()
    for item in (change.item for change in changes):
        if isinstance(item, CentreNumber):
            found.update((one.id, None) for one in every if one.awarding_body == item.awarding_body)
        elif isinstance(item, Staff) and not item.qualification_id:
            found.update((one.id, None) for one in every)
        elif not isinstance(item, Account):
            found[item.qualification_id] = None
    return list(found)


def _waiting(store: Store, qualifications: Iterable[str]) -> set[str]:
    """The learners with a claim for one of these that is still in our hands."""
    sql = """status IN (SELECT value FROM json_each(?)) AND qualification_id IN (SELECT value FROM json_each(?))"""
    values = [json.dumps([status.value for status in WAITING]), json.dumps(list(qualifications))]
    return {claim.learner_id for claim in store_claims.claims(store, sql, values)}
