"""What the buttons of a claim's page do. Whoever is signed in is the actor, and the page's version must stand."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from nvqsync.answering import Said
from nvqsync.claims import Event
from nvqsync.errors import InputError, NotAllowed
from nvqsync.handover.hand_records import Record
from nvqsync.handover.recording import record_all
from nvqsync.holding import HoldCode
from nvqsync.requesting import propose_again
from nvqsync.review import Deed, working
from nvqsync.sign_in.accounts import Right
from nvqsync.store import Store
from nvqsync.web import access, claim_shown, context, scope
from nvqsync.web.offers import AGAIN, DONE, told_record
from nvqsync.web.twice import pressed_twice
from nvqsync.web.typed import day, line, version, words

acting = Blueprint("acting", __name__)
Answer = tuple[str, int] | AnyResponse


@acting.post("/claims/<int:claim_id>/<any(approve, hold, release, withdraw):action>")
@access.needs(Right.CLAIMS)
def decide(claim_id: int, action: str) -> Answer:
    """Approve, hold, release or withdraw one claim."""
    return _answer(claim_id, action, lambda store: _decided(store, claim_id, Event(action)))


@acting.post("/claims/<int:claim_id>/again")
@access.needs(Right.CLAIMS)
def again(claim_id: int) -> Answer:
    """Make a closed claim anew, though its facts are the same."""
    return _answer(claim_id, AGAIN, lambda store: _made_again(store, claim_id))


@acting.post("/claims/<int:claim_id>/record/<word>")
@access.needs(Right.RECORD)
def record(claim_id: int, word: str) -> Answer:
    """Record what happened to a claim elsewhere."""
    return _answer(claim_id, word, lambda store: _recorded(store, claim_id, word))


def _answer(claim_id: int, tried: str, act: Callable[[Store], str]) -> Answer:
    """Do it and go to the claim's page, which tells it; or show that page again with the refusal and what was typed.

    ``act`` returns what is told.
    """
    app = context.app()
    context.store().close()  # says how to set nvqsync up, where it is not
    try:
        with app.open_store() as store:
            scope.check_claim(app, store, access.current(), context.checked_number(claim_id))
            told = act(store)
    except (InputError, NotAllowed) as error:
        status = 400 if isinstance(error, InputError) else 409
        return claim_shown.shown(claim_id, error=error, tried=tried, typed=request.form), status
    flash(told)
    return redirect(url_for("pages.claim", claim_id=claim_id), 303)


def _decided(store: Store, claim_id: int, event: Event) -> str:
    code = request.form.get("code", "") or HoldCode.OTHER.value
    if code not in set(HoldCode):
        raise InputError("That is no reason for a hold.", "Choose one of the list.")
    said = Said(frozenset(request.form.getlist("declare")), words("note"))
    deed = Deed(
        event, access.current().name, words("why"), HoldCode(code) if event is Event.HOLD else HoldCode.OTHER,
        versions={claim_id: version()}, said=said,
    )  # fmt: skip
    (result,) = (one for some in working(context.app(), store, [claim_id], deed) for one in some)
    if result.refused and not pressed_twice(store, result, deed):
        raise NotAllowed(*_parted(result.refused))
    return DONE[event].format(claim_id)


def _made_again(store: Store, claim_id: int) -> str:
    new = propose_again(context.app(), store, claim_id, by=access.current().name, why=words("why"))
    return f"Claim {new.id if new else ''} is proposed in place of claim {claim_id}. To undo it: withdraw the new one."


def _recorded(store: Store, claim_id: int, word: str) -> str:
    app, by = context.app(), access.current().name
    entry = Record(
        str(claim_id), word, day("on") or app.today, line("reference"), line("certificate"), words("why"), line("who")
    )
    entry.check(app.today)
    ((result,),) = record_all(app, store, [entry], by=by, versions={claim_id: version()})
    if result.refused:
        raise NotAllowed(*_parted(result.refused))
    return told_record(claim_id, word)


def _parted(refused: str) -> tuple[str, str]:
    """A refusal as what happened and what to do next."""
    says, _, step = refused.partition("\n")
    return says, step
