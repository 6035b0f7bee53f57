"""A daemon as systemd would have it: a process of its own, with a socket that hears what it says of itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class Service:
    """A running ``nvqsync run``. ``said`` are its datagrams, ``log`` its lines on standard error."""

    def __init__(self, config: Path, link: socket.socket, process: subprocess.Popen[str]) -> None:
        self.config, self.link, self.process = config, link, process
        self.said: list[tuple[float, str]] = []
        self.log: list[str] = []
        self._threads = [threading.Thread(target=self._hear), threading.Thread(target=self._read)]
        for thread in self._threads:
            thread.start()

    def _hear(self) -> None:
        while (datagram := self.link.recv(4096).decode()) != "that is all":
            self.said.append((time.monotonic(), datagram))

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.log.append(line)

    def heard(self, words: str, since: float = 0) -> list[float]:
        """When it said something with these words in it."""
        return [at for at, text in [*self.said] if words in text and at >= since]

    def logged(self, words: str) -> int:
        """How many of its lines hold these words."""
        return sum(words in line for line in [*self.log])

    def until(self, true: Callable[[], object], seconds: float = 60) -> None:
        """Wait until something is true, or fail with all it said."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, (self.said[-9:], self.log[-9:])
            assert self.process.poll() is None, (self.said[-9:], self.log[-9:])
            time.sleep(0.02)

    def until_heard(self, words: str) -> None:
        """Wait until it says so."""
        self.until(lambda: self.heard(words))

    def send(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Ask it to stop; returns the seconds it took. It ends with status 0."""
        asked = time.monotonic()
        self.send(number)
        status = self.process.wait(30)
        took = time.monotonic() - asked
        self.end()
        assert status == 0, self.log
        return took

    def end(self) -> None:
        """See to it that nothing of it is left."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"that is all", self.link.getsockname())
        for thread in self._threads:
            thread.join(30)
        assert self.process.stderr
        self.process.stderr.close()


@contextmanager
def serving(config: Path, **environment: str) -> Iterator[Service]:
    """Start a daemon with these settings; whatever happens, it is gone afterwards."""
    address = config.parent / "notify"
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(str(address))
        told = {"NVQSYNC_CONFIG": str(config), "PYTHONPATH": str(ROOT), "NOTIFY_SOCKET": str(address), **environment}
        process = subprocess.Popen(
            [sys.executable, "-m", "nvqsync", "run"], env={**os.environ, **told}, stderr=subprocess.PIPE, text=True
        )
        service = Service(config, link, process)
        try:
            yield service
        finally:
            if process.stderr and not process.stderr.closed:
                service.end()
