"""The page of one claim as an answer: what it rests on, what whoever looks may do, and what was just refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template

from nvqsync.errors import NvqsyncError
from nvqsync.proposing import Claim
from nvqsync.sign_in.accounts import Right, SignedIn
from nvqsync.storage import store_centre, store_claims, store_declarations
from nvqsync.store import Store
from nvqsync.web import access, claim_page, context, scope
from nvqsync.web.offers import HELD_FOR, HOLD_CODES, offers


def shown(
    claim_id: int, *, unfolded: bool = False, error: NvqsyncError | None = None, tried: str = "",
    typed: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """The page. ``error`` is why the action ``tried`` was refused; ``typed`` puts back what was entered for it."""
    app, who = context.app(), access.current()
    with context.store() as store:
        scope.check_claim(app, store, who, claim_id)
        facts = claim_page.claim_page(app, store, claim_id, unfolded=unfolded)
        claim = store_claims.claim(store, claim_id)
        answers = store_declarations.answers(store, claim_id)
        doing = offers(claim, answers, who, store_centre.account(store, who.name))
        entered = registered(store, claim, who)
    return render_template(
        "claim.html", **facts, offers=doing, error=error, tried=tried, typed=typed or {}, hold_codes=HOLD_CODES,
        held_for=HELD_FOR.get(claim.hold_code, ""), today=f"{app.today:%d/%m/%Y}", registered=entered,
    )  # fmt: skip


def registered(store: Store, claim: Claim, who: SignedIn) -> list[dict[str, Any]]:
    """How the candidate is registered, ULN and date of birth among it: for those who may see them, else nothing."""
    if not who.may(Right.PRIVATE):
        return []
    return store.rows(
        """SELECT name, candidate_number, uln, date_of_birth, registered_on, entry, site FROM registrations
        WHERE learner_id = ? AND qualification_id = ? ORDER BY id""",
        [claim.learner_id, claim.qualification_id],
    )
