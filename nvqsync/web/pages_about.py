"""Setting up, the accessibility statement, and what is kept about people."""

from __future__ import annotations

from flask import Blueprint, render_template

from nvqsync.web.context import NotSetUp, app, store
from nvqsync.web.setup_page import steps
from nvqsync.web.sight import check_centre

about = Blueprint("about", __name__)


@about.get("/start")
def start() -> str:
    """What is not yet set up, and how."""
    check_centre()
    try:
        opened = store()
    except NotSetUp as error:
        return setting_up(error.says)
    with opened:
        return render_template("start.html", steps=steps(app(), opened), heading="Setting up", says="")


def setting_up(says: str) -> str:
    """The same page before there is a database; ``says`` why."""
    return render_template("start.html", steps=steps(app(), None), heading="nvqsync is not set up yet", says=says)


@about.get("/accessibility")
def accessibility() -> str:
    """The accessibility statement."""
    return render_template("accessibility.html")


@about.get("/privacy")
def privacy() -> str:
    """What is kept about people, why, for how long, and whom to ask."""
    settings = app().settings
    return render_template(
        "privacy.html",
        years=settings.retention.years,
        keep_days=settings.export.keep_files_days,
        portal=settings.portal.name,
    )
