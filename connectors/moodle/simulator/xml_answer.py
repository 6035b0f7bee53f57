"""What a caller gets who forgets ``moodlewsrestformat=json``: the same answer in Moodle's XML."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from connectors.moodle.simulator.access import MoodleError

_HEAD = '<?xml version="1.0" encoding="UTF-8" ?>\n'


def render(answer: Any) -> str:
    """An answer as XML."""
    return f"{_HEAD}<RESPONSE>\n{_node(answer)}</RESPONSE>\n"


def render_error(error: MoodleError, version: str) -> str:
    """An exception as XML."""
    code = f"<ERRORCODE>{error.errorcode}</ERRORCODE>\n" if error.errorcode else ""
    message = f"<MESSAGE>{escape(error.message)}</MESSAGE>\n"
    return f'{_HEAD}<EXCEPTION class="{error.class_name(version)}">\n{code}{message}</EXCEPTION>\n'


def _node(value: Any) -> str:
    if isinstance(value, dict):
        keys = "".join(f'<KEY name="{escape(name)}">{_node(item)}</KEY>\n' for name, item in value.items())
        return f"<SINGLE>\n{keys}</SINGLE>\n"
    if isinstance(value, list):
        return f"<MULTIPLE>\n{''.join(_node(item) for item in value)}</MULTIPLE>\n"
    if value is None:
        return '<VALUE null="null"/>\n'
    text = str(int(value)) if isinstance(value, bool) else str(value)
    return f"<VALUE>{escape(text)}</VALUE>\n"
