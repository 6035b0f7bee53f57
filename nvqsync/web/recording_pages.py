"""Recording what became of a batch's claims elsewhere, many on one form: keyed, certificated, arrived, handed over."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from nvqsync.bootstrap import App
from nvqsync.errors import InputError
from nvqsync.handover.hand_records import Record
from nvqsync.handover.recording import record_all
from nvqsync.sign_in.accounts import Right
from nvqsync.store import Store
from nvqsync.web import access, batch_records, context, office_queries, typed
from nvqsync.web.batch_records import Asks
from nvqsync.web.lists import PAGE_SIZE, cut_pages
from nvqsync.web.offers import undone
from nvqsync.web.words import counted

recording = Blueprint("recording", __name__)
_SHOWN = re.compile(r"(\d{1,18})@(\d{1,9})", re.ASCII)


@dataclass(slots=True)
class Outcome:
    """What became of a form: the claims recorded, those recorded so already, and by claim why it was refused."""

    done: list[int] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


@recording.get("/batches/<batch_id>/record/<word>")
@access.needs(Right.RECORD)
def form(batch_id: str, word: str) -> str:
    """The claims of a batch that this can be recorded of, as a form."""
    with context.store() as store:
        return _shown(store, batch_id, _asked(word))


@recording.post("/batches/<batch_id>/record/<word>")
@access.needs(Right.RECORD)
def record(batch_id: str, word: str) -> tuple[str, int] | AnyResponse:
    """Record it of every row that was ticked or filled in; what is refused does not stop the others."""
    app, asked, shown = context.app(), _asked(word), _versions()
    context.store().close()  # says how to set nvqsync up, where it is not
    with app.open_store() as store:
        if office_queries.batch(store, batch_id) is None or not batch_records.of_batch(store, batch_id, list(shown)):
            abort(404)
        try:
            outcome = _recorded(app, store, asked, batch_records.chosen(asked, request.form, list(shown)), shown)
        except InputError as error:
            return _shown(store, batch_id, asked, error=error), 400
        if outcome.refused:
            return _shown(store, batch_id, asked, outcome=outcome), 409
    flash(told(asked, outcome))
    return redirect(url_for("batches.one", batch_id=batch_id), 303)


def _asked(word: str) -> Asks:
    asked = batch_records.asks(word)
    if asked is None:
        abort(404)
    return asked


def _versions() -> dict[int, int]:
    """The claims that the form showed, by number with their version. A form without them is not ours."""
    found = {}
    for text in request.form.getlist("claim"):
        parts = _SHOWN.fullmatch(text)
        if parts is None:
            abort(400)
        found[context.checked_number(int(parts[1]))] = int(parts[2])
    if not found or len(found) > PAGE_SIZE:
        abort(400)
    return found


def _recorded(app: App, store: Store, asked: Asks, ids: Sequence[int], versions: Mapping[int, int]) -> Outcome:
    if not ids:
        how = f"Fill in the {asked.due} of at least one." if asked.due else "Tick at least one claim."
        raise InputError("No claim was chosen.", how)
    on, who = typed.day("on") or app.today, typed.line("who")
    outcome, records = Outcome(), []
    for claim_id in ids:
        try:
            one = Record(
                str(claim_id), asked.word, typed.day(f"on-{claim_id}") or on, typed.line(f"reference-{claim_id}"),
                typed.line(f"certificate-{claim_id}"), typed.words(f"words-{claim_id}"), who,
            )  # fmt: skip
            one.check(app.today)
            records.append(one)
        except InputError as error:
            outcome.refused[claim_id] = str(error)
    by = access.current().name
    for result in (one for some in record_all(app, store, records, by=by, versions=versions) for one in some):
        claim_id = int(result.record.claim)
        if result.refused:
            outcome.refused[claim_id] = result.refused
        else:
            (outcome.done if result.changed else outcome.known).append(claim_id)
    return outcome


def told(asked: Asks, outcome: Outcome) -> str:
    """What was done, and how to undo it."""
    word = asked.word.replace("_", " ")
    parts = [f"Recorded as {word}: {counted(len(outcome.done), 'claim')}."] if outcome.done else []
    parts += [f"Recorded so already: {counted(len(outcome.known), 'claim')}."] if outcome.known else []
    parts += [undone(asked.word, "CLAIM")] if outcome.done else []
    return " ".join(parts)


def _shown(
    store: Store, batch_id: str, asked: Asks, *, outcome: Outcome | None = None, error: InputError | None = None
) -> str:
    if office_queries.batch(store, batch_id) is None:
        abort(404)
    cut = cut_pages(batch_records.count(store, batch_id, asked.word), context.asked_page())
    rows = batch_records.rows(store, batch_id, asked.word, first=cut.offset, most=PAGE_SIZE)
    kept = request.form if request.method == "POST" else {}
    return render_template(
        "batch_record.html", batch_id=batch_id, asked=asked, rows=rows, cut=cut, outcome=outcome, error=error,
        told=told(asked, outcome) if outcome else "", typed=kept, today=f"{context.app().today:%d/%m/%Y}",
    )  # fmt: skip
