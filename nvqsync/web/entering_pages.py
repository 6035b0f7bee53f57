"""Entering the centre's facts on its pages: the edits of ``nvqsync centre``, refused where the page is out of date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from nvqsync.centres import centre_edits
from nvqsync.centres.centre_documents import shown
from nvqsync.centres.centre_entering import enter
from nvqsync.centres.centre_record import Change
from nvqsync.errors import InputError, NotAllowed, NvqsyncError, UnknownName
from nvqsync.sign_in.accounts import Right
from nvqsync.storage import store_centre
from nvqsync.store import Store
from nvqsync.web import access, context, typed
from nvqsync.web.centre_forms import OF_CENTRE, OF_QUALIFICATION, Read

entering = Blueprint("entering", __name__)
UNDO = "To undo it, enter what stood there before; a fact that was never so is taken out with 'nvqsync centre remove'."


@entering.post("/centre/record/<what>")
@access.needs(Right.CENTRE)
def of_centre(what: str) -> tuple[str, int] | AnyResponse:
    """Enter a centre number, or something about the staff."""
    return _entered(OF_CENTRE, what)


@entering.post("/centre/<body>/<code>/record/<what>")
@access.needs(Right.CENTRE)
def of_qualification(body: str, code: str, what: str) -> tuple[str, int] | AnyResponse:
    """Enter something about one qualification: approval, direct claims, end dates, visits, sanctions."""
    return _entered(OF_QUALIFICATION, what, body, code)


def _entered(forms: Mapping[str, Read], what: str, body: str = "", code: str = "") -> tuple[str, int] | AnyResponse:
    app, by = context.app(), access.current().name
    id_ = f"{body}/{code}" if body else ""
    if what not in forms or (id_ and id_ not in app.plugins.catalogue.qualifications):
        abort(404)
    context.store().close()  # says how to set nvqsync up, where it is not
    looked_at = request.form.get("seen", "")
    with app.open_store() as store:
        try:
            entry = forms[what](app, store, id_)
            edit = centre_edits.unless_changed(entry.edit, lambda now: centre_edits.seen(now, id_) == looked_at)
            changes = enter(app, store, edit, by=by, why=typed.line("why"))
        except (InputError, NotAllowed, UnknownName) as error:
            page = one_page(store, body, code, error, what) if id_ else facts_page(store, error, what)
            return page, 409 if isinstance(error, NotAllowed) else 400
    flash(" ".join((told(changes), entry.told)).strip())
    return redirect(url_for("centre.one", body=body, code=code) if id_ else url_for("centre.facts"), 303)


def told(changes: tuple[Change, ...]) -> str:
    """What was entered, in words, and how to undo it."""
    return (
        " ".join((*(one.says for one in changes), UNDO)) if changes else "That is on record already: nothing changed."
    )


# ---------------------------------------------------------------- the pages, with what was typed


def facts_page(store: Store, error: NvqsyncError | None = None, tried: str = "") -> str:
    """The page of the centre."""
    app = context.app()
    document = shown(app, store)
    missing = {lack["command"]: lack for one in document["qualifications"] for lack in one["missing"]}
    bodies = sorted({one.awarding_body for one in app.plugins.catalogue.qualifications.values()})
    return render_template(
        "centre.html", centre_facts=document, missing=list(missing.values()), bodies=bodies,
        qualifications=sorted(app.plugins.catalogue.qualifications), **_about(store, "", error, tried),
    )  # fmt: skip


def one_page(store: Store, body: str, code: str, error: NvqsyncError | None = None, tried: str = "") -> str:
    """The page of one qualification."""
    document = shown(context.app(), store, f"{body}/{code}")
    return render_template(
        "centre_one.html", centre_facts=document, one=document["qualifications"][0], body=body, code=code,
        **_about(store, f"{body}/{code}", error, tried),
    )  # fmt: skip


def _about(store: Store, id_: str, error: NvqsyncError | None, tried: str) -> dict[str, Any]:
    return {
        "seen": centre_edits.seen(store_centre.read(store), id_), "error": error, "tried": tried,
        "typed": request.form, "today": f"{context.app().today:%d/%m/%Y}",
    }  # fmt: skip
