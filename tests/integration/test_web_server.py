"""Starting and stopping the pages: where they may listen, what is left behind, what the command says."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from nvqsync.errors import SettingsError
from nvqsync.settings import Web
from nvqsync.web import access
from nvqsync.web.access import COOKIE
from nvqsync.web.app import WebServer, create_app
from nvqsync.web.safety import answers_to, is_loopback
from tests.integration import web_data

FILES = Path("/proc/self/fd")


def ask(url: str) -> requests.Response:
    """One request of its own, its connection closed afterwards."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=20)


def test_it_stops_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """After the block its port is free, its threads have ended and its files are closed, thirty times over."""
    college = web_data.empty(tmp_path)
    with WebServer(college.app, "127.0.0.1", 0) as server:
        ask(server.url)
    threads, files = threading.active_count(), len(list(FILES.iterdir()))
    port = int(server.url.rsplit(":", 1)[1].strip("/"))
    for _ in range(30):
        with WebServer(college.app, "127.0.0.1", port) as server:
            assert ask(server.url + "health").status_code == 503
    assert threading.active_count() == threads
    assert len(list(FILES.iterdir())) == files


def test_it_stops_while_a_connection_is_open(tmp_path: Path) -> None:
    """A browser that keeps its connection does not keep the server."""
    college = web_data.empty(tmp_path)
    with requests.Session() as session:
        session.trust_env = False
        with WebServer(college.app, "127.0.0.1", 0) as server:
            session.get(server.url, timeout=20)
        with pytest.raises(requests.ConnectionError):
            session.get(server.url, timeout=5)


def test_many_may_read_at_once(tmp_path: Path) -> None:
    """Requests side by side each have their own open database."""
    college = web_data.build(tmp_path)
    statuses: list[int] = []
    with WebServer(college.app, "127.0.0.1", 0) as server:
        readers = [threading.Thread(target=lambda: statuses.append(ask(server.url).status_code)) for _ in range(12)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    assert statuses == [200] * 12


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.10", "nvqsync.exampleton.ac.uk", "", "127.0.0.1.example"])
def test_it_refuses_to_be_reached_from_elsewhere(tmp_path: Path, host: str) -> None:
    """Without TLS passwords would travel in the open: an address that is not this machine's own is refused."""
    with pytest.raises(SettingsError, match="without TLS"), WebServer(web_data.empty(tmp_path).app, host, 0):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.9", "::1", "[::1]"])
def test_every_loopback_address_will_do(tmp_path: Path, host: str) -> None:
    """Where this machine has the address, the pages can be served on it."""
    if ":" in host and not socket.has_ipv6:
        pytest.fail("this machine has no IPv6, not even on loopback")
    with WebServer(web_data.empty(tmp_path).app, host, 0) as server:
        assert ask(server.url).status_code == 200


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    """A second server on one port is refused in words, and the first one goes on."""
    college = web_data.empty(tmp_path)
    with WebServer(college.app, "127.0.0.1", 0) as server:
        port = int(server.url.rsplit(":", 1)[1].strip("/"))
        with pytest.raises(SettingsError, match=f"port {port}"), WebServer(college.app, "127.0.0.1", port):
            pass
        assert ask(server.url).status_code == 200


@pytest.mark.parametrize(
    ("host", "loopback"), [("127.0.0.1", True), ("::1", True), ("10.0.0.1", False), ("localhost.", False)]
)
def test_what_counts_as_loopback(host: str, loopback: bool) -> None:
    """Addresses are compared as addresses, and of names only localhost is taken."""
    assert is_loopback(host) is loopback
    assert answers_to("127.0.0.1", f"[{host}]:80" if ":" in host else f"{host}:80", Web()) is loopback


def test_a_fault_of_ours_is_a_page_without_details(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A bug answers 500 in words; the traceback goes to the log, not to the reader, and the search text to neither."""
    college = web_data.let_in(web_data.empty(tmp_path))
    flask = create_app(college.app)
    flask.add_url_rule("/bug", view_func=access.open_to_anybody(lambda: str(1 // 0)))
    client = flask.test_client()
    client.set_cookie(COOKIE, web_data.token(college, web_data.IQA), domain="localhost")
    answer = client.get("/bug?q=Amelia", headers={"Host": "localhost"})
    assert answer.status_code == 500 and "Something went wrong" in answer.text
    assert "ZeroDivisionError" in caplog.text and "ZeroDivisionError" not in answer.text
    assert "Amelia" not in caplog.text and "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_where_and_ends_when_told(tmp_path: Path, number: signal.Signals) -> None:
    """'nvqsync serve' prints the address, answers there, and ends with status 0 on Ctrl-C and on SIGTERM."""
    web_data.build(tmp_path)
    environment = os.environ | {"NVQSYNC_DATABASE": str(tmp_path / "nvqsync.db"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "nvqsync", "serve", "--port", "0"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout and server.stderr
        try:
            said = server.stdout.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+/", said)
            assert url, said + server.stderr.read()
            assert "<h1>Sign in</h1>" in ask(url[0]).text
        finally:
            server.send_signal(number)
        assert server.wait(20) == 0
        assert server.stderr.read() == ""


def test_the_command_refuses_an_open_address(tmp_path: Path) -> None:
    """--host 0.0.0.0 is a settings error: exit status 2, the reason and the remedy on standard error."""
    command = [sys.executable, "-m", "nvqsync", "serve", "--host", "0.0.0.0", "--port", "0"]
    environment = os.environ | {"NVQSYNC_DATABASE": str(tmp_path / "nvqsync.db")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2 and done.stdout == ""
    assert "without TLS" in done.stderr and "127.0.0.1" in done.stderr
