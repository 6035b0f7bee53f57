"""The client on real sockets: TLS with a college's own certificate authority, wrong certificates, and proxies."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from connectors.moodle.advice import as_lms_error
from connectors.moodle.client import MoodleClient
from connectors.moodle.errors import MoodleError

TLS = Path(__file__).parents[1] / "tls"
TOKEN = "0123456789abcdef0123456789abcdef"
READ = "mod_assign_get_grades"


class Moodle(BaseHTTPRequestHandler):
    """Answers every call with the host that was asked for."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read the request whole, then answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"host":"%s"}' % self.headers["Host"].encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    """A server that lets broken handshakes pass without a word, and waits for nobody when it ends."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust us hangs up: that is what is being tested."""


@contextmanager
def running(server: socketserver.BaseServer) -> Iterator[int]:
    """A server on loopback, until the block ends; its port."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def moodle(*, secure: bool) -> Iterator[int]:
    server = Quiet(("127.0.0.1", 0), Moodle)
    if secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with running(server) as port:
        yield port


class Proxy(socketserver.ThreadingTCPServer):
    """A forward proxy that leads everywhere to one port, and keeps what it could read."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.to, self.seen = port, bytearray()


class Tunnel(socketserver.BaseRequestHandler):
    """One connection through the proxy."""

    server: Proxy

    def handle(self) -> None:
        """CONNECT opens a tunnel; anything else is passed on as it is."""
        first = self.request.recv(65_536)
        self.server.seen += first
        with socket.create_connection(("127.0.0.1", self.server.to)) as far:
            if first.startswith(b"CONNECT "):
                self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                far.sendall(first)
            with contextlib.suppress(OSError):
                self._both_ways(far)

    def _both_ways(self, far: socket.socket) -> None:
        ends = {self.request: far, far: self.request}
        while True:
            for ready in select.select(list(ends), [], [], 5)[0] or [far]:
                data = ready.recv(65_536)
                if not data:
                    return
                if ready is self.request:
                    self.server.seen += data
                ends[ready].sendall(data)


def asked(url: str, **how: object) -> object:
    """One call's answer, or the error it ends with, in the host's words."""
    with closing(MoodleClient(url, TOKEN, rate=0, attempts=1, timeout=5, **how)) as client:  # type: ignore[arg-type]
        try:
            return client.call(READ, assignmentids=[1])
        except MoodleError as problem:
            return as_lms_error(problem)


def test_a_certificate_is_verified_and_a_private_authority_can_be_named() -> None:
    """Unknown: refused, and the next step names the setting. Named in ca_bundle: read."""
    with moodle(secure=True) as port:
        refused = asked(f"https://127.0.0.1:{port}")
        assert "ca_bundle" in str(refused)
        assert asked(f"https://127.0.0.1:{port}", verify=str(TLS / "cert.pem")) == {"host": f"127.0.0.1:{port}"}


def test_a_certificate_for_another_host_is_refused() -> None:
    """Trusted, but issued for another address: whoever answers is not the site."""
    with moodle(secure=True) as port:
        assert "ca_bundle" in str(asked(f"https://localhost:{port}", verify=str(TLS / "cert.pem")))


def test_a_proxy_is_used_where_it_is_named() -> None:
    """The site's name need not be known here: the proxy is asked for it."""
    with moodle(secure=False) as port:
        proxy = Proxy(port)
        with running(proxy) as at:
            found = asked("http://moodle.example.test", proxy=f"http://127.0.0.1:{at}")
    assert found == {"host": "moodle.example.test"}
    assert bytes(proxy.seen).startswith(b"POST http://moodle.example.test/webservice/")


def test_through_a_proxy_the_token_stays_between_us_and_moodle() -> None:
    """TLS goes through the proxy as a tunnel: it learns the host and nothing else."""
    with moodle(secure=True) as port:
        proxy = Proxy(port)
        with running(proxy) as at:
            how = {"proxy": f"http://127.0.0.1:{at}", "verify": str(TLS / "cert.pem")}
            assert asked(f"https://127.0.0.1:{port}", **how) == {"host": f"127.0.0.1:{port}"}
    assert bytes(proxy.seen).startswith(f"CONNECT 127.0.0.1:{port} ".encode())
    assert TOKEN.encode() not in bytes(proxy.seen)
    assert READ.encode() not in bytes(proxy.seen)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the settings say where the token goes."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with moodle(secure=False) as port:
        assert asked(f"http://127.0.0.1:{port}") == {"host": f"127.0.0.1:{port}"}


def test_a_proxy_that_is_not_there_is_named() -> None:
    """The next step is about the proxy, not about Moodle."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    assert "proxy" in str(asked("http://moodle.example.test", proxy=f"http://127.0.0.1:{port}"))
