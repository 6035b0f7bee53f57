"""The HTTP side: reading requests, sending pages, and spoiling them on the way when a fault says so."""

from __future__ import annotations

import contextlib
import gzip
import socket
import socketserver
import struct
import threading
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from connectors.moodle.simulator import control
from connectors.moodle.simulator.faults import Fault, Page, nginx_page

if TYPE_CHECKING:
    from connectors.moodle.simulator.server import Simulator

ENDPOINT = "/webservice/rest/server.php"
LONGEST_URI = 8000


class LoopbackServer(socketserver.ThreadingTCPServer):
    """A thread a connection; knows its open connections, so that stopping does not wait for idle clients."""

    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], simulator: Simulator) -> None:
        self.simulator = simulator
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, then serve it in a thread of its own."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget and close a connection."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Hang up on everyone."""
        with self._open_lock:
            for request in self._open:
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: LoopbackServer

    @property
    def simulator(self) -> Simulator:
        """The simulator behind the server."""
        return self.server.simulator

    def do_POST(self) -> None:
        """A web-service call, or a form of the control page."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, query = self._target()
        is_form = self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        form = body.decode("utf-8", "replace") if is_form else ""
        if path.startswith(control.PATH):
            self._control(path, form)
        else:
            self._serve(path, "&".join(part for part in (query, form) if part))

    def do_GET(self) -> None:
        """A web-service call in the address, or the control page."""
        path, query = self._target()
        if path.startswith(control.PATH):
            self._control(path, None)
        elif len(self.path) > LONGEST_URI:
            self._send(Page(414, "text/html", nginx_page("414 Request-URI Too Large")))
        else:
            self._serve(path, query)

    def _target(self) -> tuple[str, str]:
        parts = urlsplit(self.path)
        return parts.path, parts.query

    def _serve(self, path: str, encoded: str) -> None:
        if path == ENDPOINT:
            self._deliver(*self.simulator.answer(encoded))
        elif ENDPOINT.startswith(path) and path.endswith("/") and path != "/":
            self._send(Page(403, "text/html", nginx_page("403 Forbidden")))
        else:
            self._send(Page(404, "text/html", nginx_page("404 Not Found")))

    def _control(self, path: str, form: str | None) -> None:
        page = control.page(self.simulator, path, form, self.headers.get("Host", ""), self.headers.get("Origin"))
        self._send(page)

    # ------------------------------------------------------------ sending

    def _deliver(self, page: Page, fault: Fault | None) -> None:
        spoil = fault.kind.spoil if fault is not None else ""
        if spoil == "slow" and fault is not None:
            self.simulator.stopping.wait(fault.seconds)
        elif spoil == "hang":
            self.simulator.stopping.wait(600)
        if spoil in ("hang", "reset"):
            self._reset()
        elif spoil == "stray":
            self._send(Page(page.status, page.content_type, f"\nWarning: stray output\n{page.body}"))
        elif spoil == "truncate":
            self._send(Page(page.status, page.content_type, page.body[: max(1, len(page.body) * 2 // 3)]))
        else:
            self._send(page, cut=spoil == "cut")

    def _send(self, page: Page, *, cut: bool = False) -> None:
        body = page.body.encode()
        packed = self.simulator.gzip and "gzip" in self.headers.get("Accept-Encoding", "")
        if packed:
            body = gzip.compress(body, 1)
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        for name, value in page.headers.items():
            self.send_header(name, value)
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        sent = body[: len(body) // 2] if cut else body
        if body:
            self.wfile.write(b"%x\r\n" % len(body) + sent)
        if cut:
            self.wfile.flush()
            self.close_connection = True
            return
        self.wfile.write(b"\r\n0\r\n\r\n" if body else b"0\r\n\r\n")

    def _reset(self) -> None:
        """Hang up rudely: a reset instead of an orderly end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def version_string(self) -> str:
        """What the ``Server`` header says."""
        return "nginx/1.22.1 (simulated)"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The ``Date`` header: the college's clock."""
        return self.simulator.http_date()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a token in an address must not reach a terminal."""
