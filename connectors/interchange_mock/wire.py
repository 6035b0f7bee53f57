"""The HTTP machinery under both ports: a loopback server that can be stopped cleanly, and a table of routes.

A route is a method, a pattern of the path and a function from ``Request`` to ``Reply``. A function refuses by raising
``Refusal``; by raising ``Cut`` it closes the connection without an answer.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

LARGEST_BODY = 64 * 1024 * 1024
LOOPBACK = ("127.0.0.1", "localhost")


class Refusal(Exception):
    """The request is refused: an HTTP status, a code for machines and words for people."""

    def __init__(self, status: int, code: str, says: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(says)
        self.status, self.code, self.says, self.headers = status, code, says, dict(headers or {})


@dataclass(frozen=True, slots=True)
class Request:
    """What came in. ``parts`` are the named pieces of the path, decoded."""

    method: str
    path: str
    parts: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header's value whatever the case of its name; empty where it is missing."""
        return next((value for each, value in self.headers.items() if each.casefold() == name.casefold()), "")

    def json(self) -> Any:
        """The body as JSON. Raises ``Refusal`` when it is not."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise Refusal(400, "malformed", "The body is not JSON.") from None


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out. ``keep`` is the share of the body that is sent before the connection is closed (1: all of it)."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: float = 1


class Cut(Exception):
    """Close the connection without an answer."""


def as_json(payload: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON reply."""
    return Reply(status, json.dumps(payload, indent=1).encode() + b"\n", headers=headers or {})


@dataclass(frozen=True, slots=True)
class Route:
    """One route: ``path`` as OpenAPI writes it (``/{body}/batches``). ``open`` routes need no credential."""

    method: str
    path: str
    answer: Callable[[Request], Reply]
    open: bool = False

    def match(self, path: str) -> dict[str, str] | None:
        """The decoded pieces of a path that fits, else ``None``."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, path)
        return {name: unquote(part) for name, part in found.groupdict().items()} if found else None


class Server(ThreadingHTTPServer):
    """A loopback server with keep-alive that ends every connection when it stops."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, port: int, answer: Callable[[Request], Reply], log: Callable[[str], None]) -> None:
        self.answer, self.log = answer, log
        self._sockets: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection, and wait until all threads have gone."""
        self.shutdown()
        self._thread.join()
        with self._guard:
            for connection in self._sockets:
                _hang_up(connection)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and remember it."""
        connection, address = super().get_request()
        with self._guard:
            self._sockets.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection and close it."""
        with self._guard:
            self._sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news; anything else is a bug and is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Reads one request whole, has it answered, and writes the reply, broken off where it was told to."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "interchange_mock"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60

    def do_GET(self) -> None:
        """Answer a request of any method."""
        try:
            self._write(self._answer())
        except Cut:
            self.close_connection = True

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """One line a request: method, path and status, never a body."""
        self.server.log(format % args)

    def _answer(self) -> Reply:
        try:
            self._refuse_strange_host()
            path = urlsplit(self.path).path
            return self.server.answer(Request(self.command, path, {}, dict(self.headers), self._body()))
        except Refusal as refusal:
            return as_json({"error": {"code": refusal.code, "says": refusal.says}}, refusal.status, refusal.headers)

    def _refuse_strange_host(self) -> None:
        """A web page elsewhere may not reach us under a name of its own."""
        name = (self.headers.get("Host") or "").rpartition(":")[0] or self.headers.get("Host")
        if name not in LOOPBACK:
            self.close_connection = True
            raise Refusal(421, "host", "This portal answers on loopback only.")

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not (length.isascii() and length.isdigit()):
            self.close_connection = True
            raise Refusal(411, "length_required", "Send the body with a Content-Length.")
        if int(length) > LARGEST_BODY:
            self.close_connection = True
            raise Refusal(413, "too_large", f"The body may have at most {LARGEST_BODY} bytes.")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise Cut
        return body

    def _write(self, reply: Reply) -> None:
        self.close_connection = self.close_connection or reply.keep < 1
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body[: int(len(reply.body) * reply.keep)])


def dispatch(routes: Sequence[Route], request: Request) -> tuple[Route, Request]:
    """The route that fits, and the request with its path taken apart. Raises ``Refusal`` 404 or 405."""
    fitting = [(route, parts) for route in routes if (parts := route.match(request.path)) is not None]
    for route, parts in fitting:
        if route.method == request.method:
            return route, Request(request.method, request.path, parts, request.headers, request.body)
    if fitting:
        raise Refusal(405, "method", f"{request.path} does not take {request.method}.")
    raise Refusal(404, "unknown", f"There is nothing at {request.path}.")


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # it has gone already
        return
