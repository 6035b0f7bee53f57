"""Serving the pages: waitress on a loopback socket, in a thread that can be stopped."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from waitress import wasyncore  # type: ignore[import-untyped]
from waitress.server import create_server  # type: ignore[import-untyped]

from nvqsync.bootstrap import App
from nvqsync.errors import SettingsError
from nvqsync.web.routes import create_app
from nvqsync.web.safety import check_listening

__all__ = ["WebServer", "create_app", "serve"]

THREADS = 4
LARGEST_REQUEST = 32 * 2**20
"""Bytes of a request's body. What proxies say of a request is left in it: ``web.access`` knows whom to believe."""


class WebServer:
    """The pages of ``app``, served as long as the ``with`` block lasts. ``url`` is where; port 0 picks a free one.

    Raises ``SettingsError`` for an address where passwords would travel in the open, or that somebody else listens on.
    """

    def __init__(self, app: App, host: str | None = None, port: int | None = None) -> None:
        self._app = app
        self._host = app.settings.web.host if host is None else host
        self._port = app.settings.web.port if port is None else port
        self.url = ""

    def __enter__(self) -> WebServer:
        check_listening(self._host, self._app.settings.web)
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that one waits for a moment is no warning
        listening = _listen("127.0.0.1" if self._host.lower() == "localhost" else self._host.strip("[]"), self._port)
        address, port = listening.getsockname()[:2]
        self.url = f"http://{f'[{address}]' if ':' in address else address}:{port}/"
        self._open: dict[int, Any] = {}
        self._server = create_server(
            create_app(self._app), map=self._open, sockets=[listening], threads=THREADS, ident="nvqsync",
            max_request_body_size=LARGEST_REQUEST, clear_untrusted_proxy_headers=False,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._server.run, name="nvqsync pages", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Finish the answers under way, then close every socket from inside the loop that watches them."""
        self._server.task_dispatcher.shutdown()
        with suppress(OSError):  # the loop, awake for another reason, may have closed the trigger with all the rest
            self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._open))
        self._thread.join()


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
    except OSError as error:
        listening.close()
        says = f"Cannot listen on {address}, port {port}: {error.strerror}."
        raise SettingsError(says, "Choose another port (web.port or --port; 0 picks a free one).") from error
    return listening


def serve(app: App, host: str | None = None, port: int | None = None, *, tell: Callable[[str], None]) -> None:
    """Serve the pages until Ctrl-C or SIGTERM. ``tell`` is called once with their address. Main thread only."""
    with _told_to_stop() as stop, WebServer(app, host, port) as server:
        tell(server.url)
        stop.wait()


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set instead of what they did before; they do that again afterwards."""
    stop = threading.Event()
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, lambda *_: stop.set()) for one in wanted]
    try:
        yield stop
    finally:
        for one, handler in zip(wanted, before, strict=True):
            signal.signal(one, handler)
