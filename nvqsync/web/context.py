"""What every page starts from: the application behind this request, and its database, opened for reading."""

from __future__ import annotations

from flask import abort, current_app, request

from nvqsync.bootstrap import App
from nvqsync.errors import StoreError
from nvqsync.store import Store
from nvqsync.web import queries
from nvqsync.web.filters import squeezed

LARGEST_NUMBER = 2**63 - 1
"""SQLite counts no further."""


class NotSetUp(StoreError):
    """There is no database yet: the start page says how to come by one."""


def app() -> App:
    """The application that answers this request."""
    found: App = current_app.extensions["nvqsync"]
    return found


def store() -> Store:
    """The database, opened for reading, for this request alone. Raises ``NotSetUp`` where there is none yet."""
    here = app()
    if not here.settings.database.is_file():
        raise NotSetUp(f"There is no database at {here.settings.database} yet.", "Make the first pass: 'nvqsync sync'.")
    opened = here.open_store(read_only=True)
    try:
        if queries.is_set_up(opened):
            return opened
    except BaseException:
        opened.close()
        raise
    opened.close()
    raise NotSetUp(f"The database at {here.settings.database} is empty.", "Make the first pass: 'nvqsync sync'.")


def asked(name: str, longest: int = 100) -> str:
    """What the address says under a name, its spaces squeezed; empty where it says nothing."""
    return squeezed(request.args.get(name, ""), longest)


def asked_page() -> int:
    """The page of a list that the address asks for, counted from 1; 1 where it says nothing that makes sense."""
    text = request.args.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= 9 else 1


def checked_number(number: int) -> int:
    """A number out of an address that SQLite can look for. Any other is a page that is not there."""
    if number > LARGEST_NUMBER:
        abort(404)
    return number
