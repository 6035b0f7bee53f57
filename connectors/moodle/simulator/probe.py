"""A bare caller over real HTTP, for tests and for a first look: it believes nothing and reads nothing in."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from connectors.moodle.simulator.server import Simulator

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ENDPOINT = "/webservice/rest/server.php"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def flatten(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """``{"a": [1]}`` as PHP wants it: ``a[0]=1``."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from flatten(each, f"{name}[{key}]")
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            yield from flatten(each, f"{name}[{place}]")
    else:
        yield name, str(value)


class Probe:
    """One keep-alive connection to a simulator."""

    def __init__(self, simulator: Simulator, timeout: float = 10) -> None:
        self.token = simulator.token
        self._connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def call(self, function: str, /, *, moodlewsrestformat: str = "json", **given: Any) -> Any:
        """Call a function and read its JSON."""
        return self.reply(function, moodlewsrestformat=moodlewsrestformat, **given).json

    def reply(self, function: str, /, *, moodlewsrestformat: str = "json", **given: Any) -> Reply:
        """Call a function; whatever comes back."""
        control = {"wstoken": self.token, "wsfunction": function, "moodlewsrestformat": moodlewsrestformat}
        pairs = [pair for name, value in given.items() for pair in flatten(value, name)]
        return self.post(ENDPOINT, urlencode([*control.items(), *pairs]))

    def post(self, path: str, form: str, headers: Mapping[str, str] = FORM) -> Reply:
        """Post a form anywhere."""
        return self._request("POST", path, form.encode(), headers)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Get anything."""
        return self._request("GET", path, None, headers or {})

    def _request(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        try:
            self._connection.request(method, path, body, dict(headers))
            answer = self._connection.getresponse()
            return Reply(answer.status, dict(answer.headers.items()), answer.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
