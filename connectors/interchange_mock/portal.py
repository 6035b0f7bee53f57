"""The mock portal: two loopback ports over one set of books, one for centres and one for controls.

>>> with Portal(return_rate=0) as portal:
...     portal.state.set_direct_claim_status("OCR", "12345", "OCR/03455")
...     print(portal.url, portal.control_url)           # doctest: +SKIP

``portal.state`` may be set up directly before the first exchange; afterwards use ``with portal.open_books() as state``.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from connectors.interchange_mock import centre_routes, control_routes, keep
from connectors.interchange_mock.clock import Clock
from connectors.interchange_mock.drop_folder import DropFolder
from connectors.interchange_mock.faults import Faults
from connectors.interchange_mock.records import Terms
from connectors.interchange_mock.state import PortalState
from connectors.interchange_mock.wire import Refusal, Reply, Request, Route, Server, dispatch

CREDENTIAL = "mock-portal-credential"
"""What a centre shows by default. It protects nothing: the portal is a mock on loopback."""


def _quiet(line: str) -> None:
    """Log nothing."""


class Portal:
    """The portal, as a context manager. ``port`` and ``control_port`` 0 choose free ones.

    ``issue_after_polls`` questions and ``issue_after_seconds`` after its acknowledgement a claim is certificated.
    ``remember`` names the file the books are kept in, ``drop`` the folder watched for CSV batches.
    """

    def __init__(
        self,
        state: PortalState | None = None,
        *,
        port: int = 0,
        control_port: int = 0,
        seed: int = 1,
        return_rate: float = 0.05,
        credential: str = CREDENTIAL,
        issue_after_polls: int = 1,
        issue_after_seconds: int = 0,
        remember: Path | None = None,
        drop: Path | None = None,
        clock: Clock | None = None,
        log: Callable[[str], None] = _quiet,
    ) -> None:
        self.state = state or (keep.load(remember) if remember else PortalState())
        self.state.terms = Terms(seed, return_rate, issue_after_polls, issue_after_seconds)
        self.credential, self.faults, self.clock = credential, Faults(), clock or Clock()
        self.stopping = threading.Event()
        self._remember, self.log = remember, log
        self._books_lock, self._port_lock = threading.RLock(), threading.Lock()
        self._ports = [port, control_port]
        self._servers: list[Server] = []
        self._restarts: list[threading.Thread] = []
        self._drop = DropFolder(drop, self) if drop else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where centres send their claims."""
        return f"http://127.0.0.1:{self._ports[0]}"

    @property
    def control_url(self) -> str:
        """Where faults, the clock and the terms are set."""
        return f"http://127.0.0.1:{self._ports[1]}"

    def start(self) -> None:
        """Open both ports. Raises ``OSError`` when one is taken."""
        centre = Server(self._ports[0], self._guarded(centre_routes.routes(self)), self.log)
        try:
            control = Server(self._ports[1], _answering(control_routes.routes(self)), self.log)
        except OSError:
            centre.server_close()
            raise
        self._servers = [centre, control]
        self._ports = [server.server_address[1] for server in self._servers]
        centre.start()
        control.start()
        if self._drop:
            self._drop.start()

    def stop(self) -> None:
        """Close both ports and every connection; what is on the way is finished. Safe to call twice."""
        self.stopping.set()
        for thread in self._restarts:
            thread.join()
        if self._drop:
            self._drop.stop()
        while self._servers:
            self._servers.pop().stop()

    def restart(self, seconds: float) -> None:
        """Go away for some seconds, and come back on the same port with the same books. Returns at once."""
        thread = threading.Thread(target=self._go_away, args=(seconds,), daemon=True)
        self._restarts.append(thread)
        thread.start()

    @contextmanager
    def open_books(self) -> Iterator[PortalState]:
        """The books, for one reader or writer at a time. What was written is kept, where the portal remembers."""
        with self._books_lock:
            yield self.state
            if self._remember:
                keep.save(self.state, self._remember)

    def books(self) -> dict[str, Any]:
        """The books as ``GET /books`` gives them (see ``keep.books``)."""
        with self._books_lock:
            return keep.books(self.state)

    def forget(self) -> None:
        """Empty the books; the terms stay."""
        with self.open_books() as state:
            fresh = PortalState(terms=state.terms)
            state.__dict__.update(fresh.__dict__)

    def change_terms(self, **terms: Any) -> Terms:
        """Change ``seed``, ``return_rate``, ``issue_after_polls`` or ``issue_after_seconds`` for what comes next."""
        with self.open_books() as state:
            state.terms = replace(state.terms, **terms)
            return state.terms

    def _go_away(self, seconds: float) -> None:
        with self._port_lock:
            if self.stopping.is_set():
                return
            self._servers[0].stop()
            self.stopping.wait(seconds)
            self._servers[0] = self._come_back()
            self._servers[0].start()

    def _come_back(self) -> Server:
        """Take the same port again; another program may hold it for a moment."""
        for _ in range(200):
            try:
                return Server(self._ports[0], self._guarded(centre_routes.routes(self)), self.log)
            except OSError:
                time.sleep(0.02)
        raise OSError(f"port {self._ports[0]} was taken by another program during the restart")

    def _guarded(self, routes: Sequence[Route]) -> Callable[[Request], Reply]:
        """Answer on these routes, those that are not open only to who shows the credential."""
        expected = f"Bearer {self.credential}".encode()

        def answer(request: Request) -> Reply:
            route, request = dispatch(routes, request)
            shown = request.header("Authorization").encode()
            if not route.open and not hmac.compare_digest(shown, expected):
                raise Refusal(401, "credential", "The credential is missing, wrong or expired.")
            return route.answer(request)

        return answer


def _answering(routes: Sequence[Route]) -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        route, request = dispatch(routes, request)
        return route.answer(request)

    return answer
