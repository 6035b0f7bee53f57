"""The pages put together: which address shows what, and what is said when something is wrong. Nothing here writes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

import nvqsync
from nvqsync import store_claims, store_lms
from nvqsync.bootstrap import App
from nvqsync.clock import iso
from nvqsync.errors import NvqsyncError, StoreError, UnknownName
from nvqsync.store import Store
from nvqsync.web import claim_page, filters, queries, queue_page, safety, words
from nvqsync.web.pages import PAGES

PASSES = 20
MANY = 50
LARGEST_NUMBER = 2**63 - 1

REFUSALS = {
    404: ("Page not found", "If you typed the address, check it. A claim's page is at /claims/ and its number."),
    405: ("Nothing can be changed here", "These pages are for reading. 'nvqsync claims --help' tells how to act."),
    500: ("Something went wrong", "That is a fault in nvqsync. What happened is in the log of 'nvqsync serve'."),
}
"""What the web server itself refuses, in words a reader can use: a heading and what to do."""

pages = Blueprint("pages", __name__)


class NotSetUp(StoreError):
    """There is no database yet: the start page says how to come by one."""


def create_app(app: App) -> Flask:
    """The pages of ``app`` as a WSGI application."""
    flask = Flask(__name__)
    flask.extensions["nvqsync"] = app
    flask.jinja_options = {**flask.jinja_options, "trim_blocks": True, "lstrip_blocks": True}
    flask.register_blueprint(pages)
    for blueprint in PAGES:
        flask.register_blueprint(blueprint)
    flask.before_request(_refuse_strange_hosts)
    flask.after_request(safety.secured)
    flask.register_error_handler(NvqsyncError, _told)
    flask.register_error_handler(HTTPException, _refused)
    flask.jinja_env.globals.update(
        version=nvqsync.__version__,
        centre=app.settings.centre.name,
        STATUS_HELP=words.STATUS_HELP,
        PASS_WORDS=words.PASS_WORDS,
    )
    for word in (words.sentence_case, words.long_day, words.long_moment, words.counted, words.listed):
        flask.jinja_env.filters[word.__name__] = word
    return flask


def _app() -> App:
    app: App = current_app.extensions["nvqsync"]
    return app


def _store() -> Store:
    """The database, opened for reading, for this request alone. Raises ``NotSetUp`` where there is none yet."""
    app = _app()
    if not app.settings.database.is_file():
        raise NotSetUp(f"There is no database at {app.settings.database} yet.", "Make the first pass: 'nvqsync sync'.")
    store = app.open_store(read_only=True)
    try:
        if queries.is_set_up(store):
            return store
    except BaseException:
        store.close()
        raise
    store.close()
    raise NotSetUp(f"The database at {app.settings.database} is empty.", "Make the first pass: 'nvqsync sync'.")


# ---------------------------------------------------------------- pages


@pages.get("/")
def queue() -> str:
    """The claim queue."""
    app, catalogue = _app(), _app().plugins.catalogue.qualifications
    bodies = {one.awarding_body for one in catalogue.values()}
    asked, left_out = filters.read_filters(request.args, bodies, catalogue)
    with _store() as store:
        return render_template("queue.html", **queue_page.queue_page(app, store, asked, left_out))


@pages.get("/claims/<int:claim_id>")
def claim(claim_id: int) -> str:
    """One claim. ``?open=all`` unfolds every unit, for printing."""
    if claim_id > LARGEST_NUMBER:
        abort(404)
    with _store() as store:
        shown = claim_page.claim_page(_app(), store, claim_id, unfolded=request.args.get("open") == "all")
        return render_template("claim.html", **shown)


@pages.get("/passes")
def passes() -> str:
    """The last passes, what each saw and what it could not use."""
    with _store() as store:
        return render_template("passes.html", passes=store_lms.latest_passes(store, PASSES), many=MANY)


@pages.get("/health")
def health() -> tuple[Response, int]:
    """For a monitor: whether the database can be read, the last pass, and the claims by status. No names."""
    try:
        with _store() as store:
            last = next(iter(store_lms.latest_passes(store)), None)
            counts = store_claims.count_by_status(store)
    except StoreError:
        return jsonify(status="no database", version=nvqsync.__version__), 503
    return jsonify(status="ok", version=nvqsync.__version__, last_pass=last and _pass_json(last), claims=counts), 200


def _pass_json(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "pass": row["id"],
        "outcome": row["outcome"],
        "started_at": iso(row["started_at"]),
        "finished_at": iso(row["finished_at"]),
        "problems": len(row["report"].get("problems", [])),
    }


# ---------------------------------------------------------------- when something is wrong


def _refuse_strange_hosts() -> Response | None:
    if safety.names_loopback(request.headers.get("Host", "")):
        return None
    says = "This server answers to this machine's own name only: localhost, 127.0.0.1 or [::1]."
    return Response(f"{says}\n", status=421, mimetype="text/plain")


def _told(error: NvqsyncError) -> tuple[str, int]:
    """One of our own errors: what happened, and what to do next."""
    if isinstance(error, NotSetUp):
        return render_template("start.html", settings=_app().settings, says=error.says), 200
    if isinstance(error, UnknownName):
        return render_template("problem.html", heading="There is no such claim", says=error.says), 404
    heading = "The page cannot be shown just now"
    return render_template("problem.html", heading=heading, says=error.says, next_step=error.next_step), 503


def _refused(error: HTTPException) -> tuple[str, int] | Response:
    """What the web server itself refuses, in words."""
    code = error.code or 500
    heading, says = REFUSALS.get(code, (error.name, error.description or ""))
    if error.response is not None:
        return Response(status=code, headers=error.get_headers())
    return render_template("problem.html", heading=heading, says=says), code
