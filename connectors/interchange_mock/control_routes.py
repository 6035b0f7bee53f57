"""The control port: faults on order, the clock, the terms, a restart, the books. For tests and for people rehearsing.

It asks for no credential: it listens on loopback only and controls nothing but a mock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from connectors.interchange_mock.faults import KINDS, PLACES
from connectors.interchange_mock.wire import Refusal, Reply, Request, Route, as_json

if TYPE_CHECKING:
    from connectors.interchange_mock.portal import Portal


def routes(portal: Portal) -> list[Route]:
    """Every route of the control port."""
    control = _Control(portal)
    return [
        Route("GET", "/", control.describe),
        Route("GET", "/books", lambda _: as_json(portal.books())),
        Route("GET", "/faults", lambda _: as_json(portal.faults.report())),
        Route("POST", "/faults", control.order),
        Route("PUT", "/faults/random", control.at_random),
        Route("DELETE", "/faults", control.clear),
        Route("GET", "/clock", lambda _: control.clock()),
        Route("POST", "/clock", control.drive),
        Route("PUT", "/terms", control.terms),
        Route("POST", "/restart", control.restart),
        Route("POST", "/forget", control.forget),
    ]


class _Control:
    """The routes' functions, over one portal."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    def describe(self, request: Request) -> Reply:
        """What can be done here."""
        said = [f"{route.method} {route.path}" for route in routes(self.portal)]
        return as_json({"portal": self.portal.url, "controls": said, "faults": KINDS, "places": PLACES})

    def order(self, request: Request) -> Reply:
        """Order a fault: ``kind``, and if wanted ``on``, ``times``, ``seconds``."""
        said = _some_of(request, kind=str, on=str, times=int, seconds=float)
        _try(lambda: self.portal.faults.add(said.pop("kind", ""), **said))
        return as_json(self.portal.faults.report())

    def at_random(self, request: Request) -> Reply:
        """Let a share of exchanges fail: ``rate``, and if wanted ``seed``, ``kinds``, ``seconds``."""
        said = _some_of(request, rate=float, seed=int, kinds=list, seconds=float)
        said["kinds"] = tuple(str(kind) for kind in said.get("kinds", KINDS))
        _try(lambda: self.portal.faults.at_random(said.pop("rate", 0.0), **said))
        return as_json(self.portal.faults.report())

    def clear(self, request: Request) -> Reply:
        """Take back every order."""
        self.portal.faults.clear()
        return as_json(self.portal.faults.report())

    def clock(self) -> Reply:
        """The portal's moment."""
        now = self.portal.clock.now()
        return as_json({"now": now, "says": dt.datetime.fromtimestamp(now, dt.UTC).isoformat()})

    def drive(self, request: Request) -> Reply:
        """Move the clock: ``advance`` by seconds, or ``stop_at`` a moment (seconds since 1970; -1 lets it run)."""
        said = _some_of(request, advance=int, stop_at=int)
        if "stop_at" in said:
            self.portal.clock.stop_at(None if said["stop_at"] < 0 else said["stop_at"])
        self.portal.clock.advance(said.get("advance", 0))
        return self.clock()

    def terms(self, request: Request) -> Reply:
        """Change how the portal behaves from now on."""
        said = _some_of(request, seed=int, return_rate=float, issue_after_polls=int, issue_after_seconds=int)
        _try(lambda: self.portal.change_terms(**said))
        terms = self.portal.state.terms
        return as_json({name: getattr(terms, name) for name in terms.__slots__})

    def restart(self, request: Request) -> Reply:
        """Go away for ``seconds`` and come back with the same books."""
        seconds = _some_of(request, seconds=float).get("seconds", 1.0)
        if not 0 <= seconds <= 600:
            raise Refusal(400, "malformed", "seconds must be 0 to 600.")
        self.portal.restart(seconds)
        return as_json({"restarting": seconds})

    def forget(self, request: Request) -> Reply:
        """Empty the books."""
        self.portal.forget()
        return as_json({"forgotten": True})


def _some_of(request: Request, **fields: type) -> dict[str, Any]:
    """The body as an object with some of these fields; a whole number will do where a decimal one is meant."""
    said = request.json() if request.body else {}
    if not isinstance(said, dict) or said.keys() - fields.keys():
        raise Refusal(400, "malformed", f"The body may have {', '.join(fields)}.")
    for name, value in said.items():
        wanted = (int, float) if fields[name] is float else (fields[name],)
        if type(value) not in wanted:
            raise Refusal(400, "malformed", f"{name} must be {fields[name].__name__}.")
    return said


def _try(order: Callable[[], object]) -> None:
    try:
        order()
    except ValueError as problem:
        raise Refusal(400, "malformed", str(problem)) from None
