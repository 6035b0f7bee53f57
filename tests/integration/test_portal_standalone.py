"""The mock portal as a program of its own: starts by name, says what it is, forgets or remembers, stops politely."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.unit.portal_batches import CENTRE

ENTRY = {"centre_number": CENTRE, "candidate_number": "1", "qualification": "03455", "entry": "units", "name": "Ada"}


@contextmanager
def _running(*arguments: str) -> Iterator[tuple[str, str, str]]:
    """The program, its address, its control address and all it greeted with. It must stop politely."""
    command = [sys.executable, "-W", "error", "-m", "connectors.interchange_mock", "--quiet", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout and program.stderr
        try:
            said = "".join(program.stdout.readline() for _ in range(6))
            urls = re.findall(r"http://127\.0\.0\.1:\d+", said)
            yield urls[0], urls[1], said
        finally:
            program.send_signal(signal.SIGTERM)
            status, complaints = program.wait(timeout=10), program.stderr.read()
    assert (status, complaints) == (0, "")


def _headers(said: str) -> dict[str, str]:
    found = re.search(r"credential +(\S+)", said)
    assert found
    return {"Authorization": f"Bearer {found[1]}"}


def _books(url: str, said: str) -> list[dict[str, str]]:
    registrations: list[dict[str, str]] = requests.get(f"{url}/books", headers=_headers(said), timeout=5).json()[
        "registrations"
    ]
    return registrations


def test_it_says_what_it_is_and_prints_its_seed() -> None:
    """A person sees that it is a mock, where it listens, and the seed that repeats its choices."""
    with _running("--seed", "42") as (url, control, said):
        assert "MOCK" in said and "seed        42" in said and "5%" in said and "forgets" in said
        assert url != control and requests.get(f"{control}/", timeout=5).json()["portal"] == url


def test_it_forgets_unless_told_to_remember(tmp_path: Path) -> None:
    """With --keep the books survive a stop; without, they do not."""
    for arguments, survives in ((["--keep", str(tmp_path / "books.json")], 1), ([], 0)):
        with _running(*arguments) as (url, _, said):
            body = {"registrations": [ENTRY]}
            assert requests.put(f"{url}/OCR/registrations", json=body, headers=_headers(said), timeout=5).ok
        with _running(*arguments) as (url, _, said):
            assert len(_books(url, said)) == survives


def test_it_comes_back_after_a_restart_with_its_books() -> None:
    """The restart control closes the port for a while; the books are there afterwards."""
    with _running() as (url, control, said):
        body = {"registrations": [ENTRY]}
        requests.put(f"{url}/OCR/registrations", json=body, headers=_headers(said), timeout=5)
        requests.post(f"{control}/restart", json={"seconds": 0.2}, timeout=5)
        gone = back = False
        for _ in range(400):
            try:
                back = len(_books(url, said)) == 1 and gone
            except requests.ConnectionError:
                gone = True
            if back:
                break
            time.sleep(0.01)
        assert gone and back


def test_a_taken_port_or_a_strange_file_is_a_clear_refusal(tmp_path: Path) -> None:
    """Exit status 2 and one line that says why."""
    (tmp_path / "books.json").write_text("[]")
    with _running() as (url, _, _):
        for arguments in (["--port", url.rpartition(":")[2]], ["--keep", str(tmp_path / "books.json")]):
            command = [sys.executable, "-m", "connectors.interchange_mock", *arguments]
            done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
            assert done.returncode == 2 and "cannot start" in done.stderr and "Traceback" not in done.stderr


def test_it_needs_nothing_but_the_standard_library() -> None:
    """The portal starts in an interpreter that sees no installed package."""
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import sys; sys.path.insert(0, '.'); import connectors.interchange_mock.__main__",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")
