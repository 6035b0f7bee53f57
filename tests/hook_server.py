"""A web hook on loopback that keeps what is posted to it, and answers as it is told to."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.loopback import Loopback


class HookServer(Loopback):
    """``with HookServer() as hook: ... hook.url ... hook.posts``. ``status`` is its answer; ``hang`` keeps it back."""

    def __init__(self, status: int = 204) -> None:
        self.status, self.hang = status, False
        self.posts: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    def __enter__(self) -> Self:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.hang:
                    hook.stopping.wait(60)
                if hook.status < 300:
                    hook.posts.append(json.loads(body))
                    hook.headers.append(dict(self.headers))
                self.send_response(hook.status)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing is printed."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self.serve(server)}/hooks/7d1f"
        return self
