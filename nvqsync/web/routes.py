"""The pages put together: which address shows what, and what is said when something is wrong. Nothing here writes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, abort, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

import nvqsync
from nvqsync import metrics, monitoring, store_watching
from nvqsync.bootstrap import App
from nvqsync.clock import iso
from nvqsync.errors import NvqsyncError, UnknownName
from nvqsync.watching import PassSeen, Watched
from nvqsync.web import claim_page, filters, pages_about, queue_page, safety, words
from nvqsync.web.context import NotSetUp, checked_number
from nvqsync.web.context import app as _app
from nvqsync.web.context import store as _store
from nvqsync.web.pages import ABOUT, NAVIGATION, PAGES

REFUSALS = {
    403: ("This page is not for you", "It concerns more than the courses you look after. Ask whoever runs nvqsync."),
    404: ("Page not found", "If you typed the address, check it. A claim's page is at /claims/ and its number."),
    405: ("Nothing can be changed here", "These pages are for reading. 'nvqsync claims --help' tells how to act."),
    500: ("Something went wrong", "That is a fault in nvqsync. What happened is in the log of 'nvqsync serve'."),
}
"""What the web server itself refuses, in words a reader can use: a heading and what to do."""

pages = Blueprint("pages", __name__)


def create_app(app: App) -> Flask:
    """The pages of ``app`` as a WSGI application."""
    flask = Flask(__name__)
    flask.extensions["nvqsync"] = app
    flask.jinja_options = {**flask.jinja_options, "trim_blocks": True, "lstrip_blocks": True}
    for blueprint in (pages, *PAGES):
        flask.register_blueprint(blueprint)
    flask.before_request(_refuse_strange_hosts)
    flask.after_request(safety.secured)
    flask.register_error_handler(NvqsyncError, _told)
    flask.register_error_handler(HTTPException, _refused)
    flask.jinja_env.globals.update(
        version=nvqsync.__version__,
        NAVIGATION=NAVIGATION,
        ABOUT=ABOUT,
        centre=app.settings.centre.name,
        STATUS_HELP=words.STATUS_HELP,
        PASS_WORDS=words.PASS_WORDS,
    )
    for word in (words.sentence_case, words.long_day, words.long_moment, words.moment_day, words.counted, words.listed):
        flask.jinja_env.filters[word.__name__] = word
    return flask


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
    with _store() as store:
        shown = claim_page.claim_page(
            _app(), store, checked_number(claim_id), unfolded=request.args.get("open") == "all"
        )
        return render_template("claim.html", **shown)


@pages.get("/health")
def health() -> tuple[Response, int]:
    """For a monitor: whether the database can be read, what ``nvqsync check`` would say, and the figures. No names.

    503 where the database cannot be read: then no page can be shown either.
    """
    seen = _watched()
    if seen.trouble:
        return jsonify(status="no database", version=nvqsync.__version__), 503
    found = monitoring.verdict(seen)
    check = {"state": found.state.name.lower(), "says": found.says}
    last = seen.passes[0] if seen.passes else None
    told = {"version": nvqsync.__version__, "last_pass": last and _pass_json(last), "check": check}
    return jsonify(status="ok", **told, **seen.as_json()), 200


@pages.get("/metrics")
def metrics_text() -> Response:
    """For Prometheus: the same figures in its text format. Answers what is known where the database cannot be read."""
    if not _app().settings.web.metrics:
        abort(404)
    return Response(metrics.exposition(_watched(), nvqsync.__version__), content_type=metrics.CONTENT_TYPE)


def _watched() -> Watched:
    app = _app()
    return store_watching.watch(app.settings, app.now(), _store)


def _pass_json(seen: PassSeen) -> dict[str, Any]:
    return {
        "pass": seen.pass_id,
        "outcome": seen.outcome,
        "started_at": iso(seen.started_at),
        "finished_at": iso(seen.finished_at),
        "problems": seen.problems,
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
        return pages_about.setting_up(says=error.says), 200
    if isinstance(error, UnknownName):
        what = "claim" if request.endpoint == "pages.claim" else "page"
        return render_template("problem.html", heading=f"There is no such {what}", says=error.says), 404
    heading = "The page cannot be shown just now"
    return render_template("problem.html", heading=heading, says=error.says, next_step=error.next_step), 503


def _refused(error: HTTPException) -> tuple[str, int] | Response:
    """What the web server itself refuses, in words."""
    code = error.code or 500
    heading, says = REFUSALS.get(code, (error.name, error.description or ""))
    if error.response is not None:
        return Response(status=code, headers=error.get_headers())
    return render_template("problem.html", heading=heading, says=says), code
