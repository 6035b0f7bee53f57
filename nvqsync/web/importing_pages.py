"""Importing registrations: choose a file, see what it would do row by row, say yes, and that is done, once."""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from nvqsync import registering, registrations, workbooks
from nvqsync.errors import InputError, NotAllowed, NvqsyncError
from nvqsync.registering import Plan
from nvqsync.sign_in.accounts import Right
from nvqsync.store import Store
from nvqsync.web import access, context, queries
from nvqsync.web.uploads import LARGEST, Upload, Uploads
from nvqsync.web.words import counted

UPLOADS = "nvqsync.uploads"
SHOWN = 500
"""So many rows of each kind are listed in a preview; the others are counted."""

NEVER_SHOWN = {"uln": "the ULN", "date_of_birth": "the date of birth"}
importing = Blueprint("importing", __name__)


@importing.get("/registrations/import")
@access.needs(Right.REGISTRATIONS)
def choose() -> str:
    """Where a file is chosen."""
    context.store().close()
    return _chosen()


@importing.get("/registrations/template.<any(csv, xlsx):kind>")
@access.needs(Right.REGISTRATIONS)
def template(kind: str) -> Response:
    """The file to fill in, as ``nvqsync registrations template`` makes it."""
    made = registrations.template().encode()
    if kind == "xlsx":
        made = workbooks.template(registrations.COLUMNS, registrations.DAYS)
    answer: Response = send_file(
        BytesIO(made), as_attachment=True, download_name=f"registrations.{kind}", etag=False, max_age=None
    )
    return answer


@importing.post("/registrations/import")
@access.needs(Right.REGISTRATIONS)
def preview() -> str | tuple[str, int]:
    """What the file would do; nothing is written."""
    try:
        sent = _sent()
        with context.store() as store:
            plan = registering.plan(context.app(), store, sent.content, sent.called)
            return _previewed(store, plan, sent)
    except InputError as error:
        return _chosen(error), 400


@importing.post("/registrations/import/yes")
@access.needs(Right.REGISTRATIONS)
def take_in() -> tuple[str, int] | AnyResponse:
    """Do what the preview showed, if that is still what it would do."""
    app, by, token = context.app(), access.current().name, request.form.get("file", "")
    context.store().close()  # says how to set nvqsync up, where it is not
    sent = _uploads().find(by, token)
    if sent is None:
        error = NotAllowed("That file is not here any more.", "It was imported already, or too long ago. Choose "
                           "it again: what is on record just so is not changed by it.")  # fmt: skip
        return _chosen(error), 409
    with app.open_store() as store:
        try:
            done = registering.take_in(app, store, sent.content, sent.called, by=by,
                                       expected=request.form.get("expected", "none"))  # fmt: skip
        except NotAllowed as error:
            plan = registering.plan(app, store, sent.content, sent.called)
            return _previewed(store, plan, sent, error), 409
    _uploads().drop(token)
    flash(told(done))
    return redirect(url_for("centre.registrations"), 303)


def told(done: Plan) -> str:
    """What an import did, and how to undo it."""
    left = f" {counted(len(done.found.errors), 'line')} could not be used." if done.found.errors else ""
    undo = " To undo a change, import what stood there before." if done.changed else ""
    return f"Imported: {len(done.added)} new, {len(done.changed)} changed, {done.same} on record already.{left}{undo}"


def _uploads() -> Uploads:
    found: Uploads = current_app.extensions[UPLOADS]
    return found


def _sent() -> Upload:
    """The file of the form. Raises ``InputError`` where there is none, or it is too large."""
    file = request.files.get("file")
    content = file.read(LARGEST + 1) if file else b""
    if file is None or not content:
        raise InputError("No file was chosen, or it is empty.", "Choose a CSV file or a workbook (.xlsx).")
    if len(content) > LARGEST:
        says = f"The file is larger than {LARGEST // 2**20} MB."
        raise InputError(says, "Check it, or import it with 'nvqsync registrations import'.")
    called = "".join(c for c in (file.filename or "") if c.isprintable())[-80:] or "The file"
    return Upload(access.current().name, context.app().now(), called, content)


def _chosen(error: NvqsyncError | None = None) -> str:
    return render_template("import.html", error=error, columns=registrations.COLUMNS, largest=LARGEST // 2**20)


def _previewed(store: Store, plan: Plan, sent: Upload, error: NvqsyncError | None = None) -> str:
    shown = (*plan.added[:SHOWN], *plan.changed[:SHOWN])
    people = queries.people(store, (one.now.learner_id for one in shown))
    token = _uploads().keep(sent.who, sent.called, sent.content) if plan.added or plan.changed else ""
    return render_template(
        "import_preview.html", plan=plan, called=sent.called, token=token, error=error, people=people, most=SHOWN,
        row="row" if workbooks.is_workbook(sent.content) else "line", changes=_changes,
    )  # fmt: skip


def _changes(one: registering.Difference) -> list[str]:
    """What a registration says otherwise, in words; ULN and date of birth are named, not told."""
    told = []
    for name in one.changed:
        if name in NEVER_SHOWN:
            told.append(f"{NEVER_SHOWN[name]} is another")
            continue
        was, now = (str(getattr(side, name) or "nothing") for side in (one.before, one.now))
        told.append(f"{name.replace('_', ' ')}: {was} becomes {now}")
    return told
