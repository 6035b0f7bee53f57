"""Time as the field counts it: moments in UTC seconds, days in Europe/London."""

from __future__ import annotations

import datetime as dt
import time
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def now() -> int:
    """This moment, in whole seconds since 1970 (UTC)."""
    return int(time.time())


def day(moment: int) -> dt.date:
    """The Europe/London day in which a moment (seconds since 1970) falls."""
    return dt.datetime.fromtimestamp(moment, LONDON).date()


def iso(moment: int | None) -> str | None:
    """A moment as ISO 8601 with the London offset of that day, or ``None``."""
    return None if moment is None else dt.datetime.fromtimestamp(moment, LONDON).isoformat()


def midnight(on: dt.date) -> int:
    """When a day begins in London."""
    return int(dt.datetime.combine(on, dt.time(), LONDON).timestamp())


def midday(on: dt.date) -> int:
    """Midday in London: a moment that falls in that very day whatever the season."""
    return int(dt.datetime.combine(on, dt.time(12), LONDON).timestamp())
