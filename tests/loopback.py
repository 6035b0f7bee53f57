"""What servers on loopback that tests put before the program share: a thread each, and an end that is waited for."""

from __future__ import annotations

import socketserver
import threading


class Loopback:
    """Base of a context manager that serves as long as its block lasts. ``stopping`` frees those it keeps waiting."""

    def serve(self, server: socketserver.TCPServer) -> int:
        """Begin, in a thread; answers the port."""
        self.stopping = threading.Event()
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        self._thread.start()
        return int(server.server_address[1])

    def __exit__(self, *exc_info: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
