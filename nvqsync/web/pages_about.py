"""Setting up, the accessibility statement, and what is kept about people."""

from __future__ import annotations

from flask import Blueprint, render_template

from nvqsync.sign_in.accounts import Right
from nvqsync.web.access import needs, open_to_anybody
from nvqsync.web.context import app, store
from nvqsync.web.setup_page import steps

about = Blueprint("about", __name__)


@about.get("/start")
@needs(Right.EVERYTHING)
def start() -> str:
    """What is not yet set up, and how."""
    with store() as opened:
        return render_template("start.html", steps=steps(app(), opened), heading="Setting up", says="")


def setting_up(says: str) -> str:
    """The same page before there is a database, or anybody who can sign in; ``says`` why."""
    return render_template("start.html", steps=steps(app(), None), heading="nvqsync is not set up yet", says=says)


@about.get("/accessibility")
@open_to_anybody
def accessibility() -> str:
    """The accessibility statement."""
    idle = app().settings.web.idle_minutes
    return render_template("accessibility.html", idle=int(idle) if idle >= 1 else 1)


@about.get("/privacy")
@open_to_anybody
def privacy() -> str:
    """What is kept about people, why, for how long, and whom to ask."""
    settings = app().settings
    return render_template(
        "privacy.html",
        years=settings.retention.years,
        keep_days=settings.export.keep_files_days,
        portal=settings.portal.name,
    )
