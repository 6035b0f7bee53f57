"""The pages put together: which address shows what, and what is said when something is wrong."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Flask, Response, abort, jsonify, render_template, request
from flask_wtf.csrf import CSRFError, CSRFProtect  # type: ignore[import-untyped]
from werkzeug.exceptions import Forbidden, HTTPException, MethodNotAllowed

import nvqsync
from nvqsync.bootstrap import App
from nvqsync.clock import iso
from nvqsync.errors import NvqsyncError, UnknownName
from nvqsync.health import metrics, monitoring
from nvqsync.health.watching import PassSeen, Watched
from nvqsync.sign_in.accounts import ROLE_NAMES, Right
from nvqsync.storage import store_watching
from nvqsync.web import (
    access,
    claim_shown,
    context,
    filters,
    kept,
    pages_about,
    queue_page,
    safety,
    scope,
    sign_on_pages,
    words,
)
from nvqsync.web.acting_pages import acting
from nvqsync.web.approving_pages import approving
from nvqsync.web.entering_pages import entering
from nvqsync.web.importing_pages import UPLOADS, importing
from nvqsync.web.pages import ABOUT, NAVIGATION, PAGES
from nvqsync.web.recording_pages import recording
from nvqsync.web.releasing_pages import releasing
from nvqsync.web.signing_in_pages import signing
from nvqsync.web.uploads import Uploads

LARGEST_FORM = 2 * 2**20
LARGEST_REQUEST = 4 * 2**20
"""Bytes of a form's fields, and of all that a request may bring, a file among it."""

REFUSALS = {
    403: ("This is not for you", "Your account's role does not allow it. Whoever looks after nvqsync can change that."),
    404: ("Page not found", "If you typed the address, check it. A claim's page is at /claims/ and its number."),
    405: ("That cannot be done here", "The address is for something else. Go back and try the page's own buttons."),
    413: ("That is too large", "Nothing was done. Check that you chose the right file."),
    500: ("Something went wrong", "That is a fault in nvqsync. What happened is in the log of 'nvqsync serve'."),
}
"""What the web server itself refuses, in words a reader can use: a heading and what to do."""

OUT_OF_DATE = (
    "Nothing was done. The page was opened before nvqsync was started anew or before you signed in, or your browser "
    "keeps no cookies. Go back, load the page again, and send it once more."
)
"""A form without its token: either something old, or another site trying to act in the reader's name."""

pages = Blueprint("pages", __name__)


def create_app(app: App) -> Flask:
    """The pages of ``app`` as a WSGI application."""
    flask = Flask(__name__)
    flask.extensions.update({"nvqsync": app, UPLOADS: Uploads(app.now)})
    flask.config.update(
        SECRET_KEY=secrets.token_bytes(32),  # signs forms alone: those open during a restart are asked for again
        SESSION_COOKIE_NAME="nvqsync_form", SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=safety.by_tls(app.settings.web), MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=False,  # pages send no referrer, so that none can be asked for
    )  # fmt: skip
    flask.jinja_options = {**flask.jinja_options, "trim_blocks": True, "lstrip_blocks": True}
    for blueprint in (
        pages, signing, sign_on_pages.college, acting, approving, recording, importing, releasing, entering, *PAGES,
    ):  # fmt: skip
        flask.register_blueprint(blueprint)
    flask.before_request(_refuse_strangers)
    access.install(flask)
    flask.extensions[sign_on_pages.EXTENSION] = sign_on_pages.install(app)
    CSRFProtect(flask)
    flask.after_request(safety.secured)
    flask.register_error_handler(NvqsyncError, _told)
    flask.register_error_handler(HTTPException, _refused)
    flask.jinja_env.globals.update(
        may_open=access.may_open,
        version=nvqsync.__version__,
        NAVIGATION=NAVIGATION,
        ABOUT=ABOUT,
        centre=app.settings.centre.name,
        STATUS_HELP=words.STATUS_HELP,
        PASS_WORDS=words.PASS_WORDS,
        ROLE_NAMES=ROLE_NAMES,
    )
    for word in (
        words.sentence_case, words.long_day, words.short_day, words.long_moment, words.moment_day, words.days_told,
        words.counted, words.listed,
    ):  # fmt: skip
        flask.jinja_env.filters[word.__name__] = word
    return flask


# ---------------------------------------------------------------- pages


@pages.get("/")
@access.needs(Right.READ)
def queue() -> str:
    """The claim queue."""
    app, catalogue = context.app(), context.app().plugins.catalogue.qualifications
    bodies = {one.awarding_body for one in catalogue.values()}
    asked, left_out = filters.read_filters(request.args, bodies, catalogue, queue_page.blockers(app.gates))
    with context.store() as store:
        within = scope.given(app, store, access.current())
        return render_template("queue.html", **queue_page.queue_page(app, store, asked, left_out, within))


@pages.get("/claims/<int:claim_id>")
@access.needs(Right.READ)
def claim(claim_id: int) -> str:
    """One claim. ``?open=all`` unfolds every unit, for printing."""
    return claim_shown.shown(context.checked_number(claim_id), unfolded=request.args.get("open") == "all")


@pages.get("/health")
@access.open_to_anybody
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
@access.open_to_anybody
def metrics_text() -> Response:
    """For Prometheus: the same figures in its text format. Answers what is known where the database cannot be read."""
    if not context.app().settings.web.metrics:
        abort(404)
    return Response(metrics.exposition(_watched(), nvqsync.__version__), content_type=metrics.CONTENT_TYPE)


def _watched() -> Watched:
    app = context.app()
    return store_watching.watch(app.settings, app.now(), context.store)


def _pass_json(seen: PassSeen) -> dict[str, Any]:
    return {
        "pass": seen.pass_id,
        "outcome": seen.outcome,
        "started_at": iso(seen.started_at),
        "finished_at": iso(seen.finished_at),
        "problems": seen.problems,
    }


# ---------------------------------------------------------------- when something is wrong


def _refuse_strangers() -> Response | None:
    if safety.answers_to(request.remote_addr or "", request.headers.get("Host", ""), context.app().settings.web):
        return None
    says = "This server answers to this machine's own name only (localhost, 127.0.0.1 or [::1]), or to web.public_url."
    return Response(f"{says}\n", status=421, mimetype="text/plain")


def _told(error: NvqsyncError) -> tuple[str, int]:
    """One of our own errors: what happened, and what to do next."""
    if isinstance(error, context.NotSetUp):
        return pages_about.setting_up(says=error.says), 200
    if isinstance(error, UnknownName):
        what = "claim" if request.endpoint == "pages.claim" else "page"
        return render_template("problem.html", heading=f"There is no such {what}", says=error.says), 404
    heading = "The page cannot be shown just now"
    return render_template("problem.html", heading=heading, says=error.says, next_step=error.next_step), 503


def _refused(error: HTTPException) -> tuple[str, int, dict[str, str]] | Response:
    """What the web server itself refuses, in words."""
    code = error.code or 500
    heading, says = REFUSALS.get(code, (error.name, error.description or ""))
    if code == 400:
        heading, says = "That cannot be used", error.description or ""
    typed = []
    if isinstance(error, CSRFError):
        heading, says, typed = "Please send that again", OUT_OF_DATE, kept.typed_words()
    elif code == 403 and error.description != Forbidden.description:
        says = error.description or says
    if error.response is not None:
        return Response(status=code, headers=error.get_headers())
    return render_template("problem.html", heading=heading, says=says, typed_words=typed), code, _allowed(error)


def _allowed(error: HTTPException) -> dict[str, str]:
    """What an address takes instead, where the method was refused: HTTP wants it said."""
    methods = error.valid_methods if isinstance(error, MethodNotAllowed) else None
    return {"Allow": ", ".join(sorted(methods))} if methods else {}
