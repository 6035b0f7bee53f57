"""What the tests of the pages start from: a college for all tests of a file, a copy for one test, and who asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from nvqsync.web.app import WebServer
from tests.integration import web_data
from tests.integration.web_data import ADMIN, APPROVER, IQA, College, Get


@pytest.fixture(scope="module")
def college(tmp_path_factory: pytest.TempPathFactory) -> College:
    """The college that all tests of a file read."""
    return web_data.build(tmp_path_factory.mktemp("college"))


@pytest.fixture(scope="module")
def url(college: College) -> Iterator[str]:
    """Where its pages are."""
    with WebServer(college.app, "127.0.0.1", 0) as server:
        yield server.url


@pytest.fixture(scope="module")
def session(college: College) -> Iterator[requests.Session]:
    """Signed in there as an IQA, who reads everything but ULNs and dates of birth, and decides nothing."""
    with web_data.asking(college, IQA) as session:
        yield session


@pytest.fixture
def get(url: str, session: requests.Session) -> Get:
    """Ask for a page of it; answers its text."""

    def ask(path: str, status: int = 200, **headers: str) -> str:
        answer = session.get(url + path, headers=headers, timeout=20)
        assert answer.status_code == status, answer.text
        return answer.text

    return ask


@pytest.fixture
def own(college: College, tmp_path: Path) -> College:
    """A copy that one test may change."""
    return web_data.copy(college, tmp_path)


@pytest.fixture
def own_url(own: College) -> Iterator[str]:
    """Where the pages of the copy are."""
    with WebServer(own.app, "127.0.0.1", 0) as server:
        yield server.url


@pytest.fixture
def approver(own: College) -> Iterator[requests.Session]:
    """Signed in to the copy."""
    with web_data.asking(own, APPROVER) as session:
        yield session


@pytest.fixture
def iqa(own: College) -> Iterator[requests.Session]:
    """Signed in to the copy as somebody who releases."""
    with web_data.asking(own, IQA) as session:
        yield session


@pytest.fixture
def admin(own: College) -> Iterator[requests.Session]:
    """Signed in to the copy."""
    with web_data.asking(own, ADMIN) as session:
        yield session
