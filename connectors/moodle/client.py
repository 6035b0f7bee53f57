"""A client of Moodle's REST web service. Leans on requests and tenacity alone and knows nothing of nvqsync.

Every call is a POST whose body starts with the three control parameters, the token first: Moodle's PHP cuts a body
that has too many parameters at its end, silently, and a token in an address would land in access logs. Reads are
repeated when Moodle is busy; anything else is asked once. Nothing follows a redirect, reads ``~/.netrc`` or takes a
proxy from the environment: what the settings say is what happens.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from connectors.moodle.errors import (
    MoodleBusy,
    MoodleError,
    MoodleGarbled,
    MoodleRefused,
    MoodleUnreadable,
    error_for_status,
    error_in,
    plain,
)
from connectors.moodle.pacing import Bucket

T = TypeVar("T")

ENDPOINT = "/webservice/rest/server.php"
_READS = re.compile(r"_(get|list|search|count|read|data_for)_")
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Reply:
    """A decoded answer and the server's clock when it was sent (epoch seconds; ``None`` without a ``Date`` header).

    ``understood``: the payload is what a reader of bytes made of the answer, not plain JSON.
    """

    payload: Any
    server_time: int | None
    understood: bool = False

    def clock(self) -> int:
        """The server's clock; ours where the server sent none."""
        return int(time.time()) if self.server_time is None else self.server_time


class MoodleClient:
    """One site and one token. Safe to use from several threads; close it when done.

    ``timeout`` is the longest silence in seconds (a gradebook report takes 40 s on a big course) and ``longest_reply``
    the longest a whole answer may take; ``verify`` is ``True`` or the path of a private CA bundle; ``rate`` is requests
    a second over all threads (0: unpaced). ``longest_wait`` caps the pause before a repeat: a server that asks for more
    is not asked again in this call. ``calls`` counts the requests sent, ``retries`` those of them that were repeats.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout: float = 90.0,
        longest_reply: float = 600.0,
        verify: bool | str = True,
        proxy: str | None = None,
        max_reply_bytes: int = 64 * 2**20,
        connections: int = 4,
        rate: float = 20.0,
        attempts: int = 4,
        longest_wait: float = 30.0,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = _checked(url)
        self.connections = connections
        self.calls = 0
        self.retries = 0
        self._token = token
        self._timeout = (min(timeout, 15.0), timeout)
        self._longest_reply = longest_reply
        self._max_reply_bytes = max_reply_bytes
        self._longest_wait = longest_wait
        self._clock = clock
        self._closed = threading.Event()
        self._counting = threading.Lock()
        self._sleep = self._closed.wait if sleep is None else sleep
        self._bucket = Bucket(rate, clock=clock, sleep=self._sleep)
        self._session = _session(connections, verify, proxy)
        self._retrying = Retrying(
            retry=retry_if_exception(self._worth_another),
            stop=stop_after_attempt(attempts),
            wait=self._pause_before,
            sleep=self._pause,
            reraise=True,
        )

    def __repr__(self) -> str:
        return f"MoodleClient({self.url!r})"

    def call(self, function: str, **params: Any) -> Any:
        """The decoded answer of one web-service function. Numbers with a fraction arrive as ``Decimal``."""
        return self.ask(function, **params).payload

    def ask(self, function: str, **params: Any) -> Reply:
        """As ``call``, with the server's clock. Raises one of the ``MoodleError`` family."""
        return self._asked(function, params, never)

    def bulk(self, function: str, quickly: Callable[[bytes], T | None], slowly: Callable[[Any], T], **params: Any) -> T:
        """What ``quickly`` makes of a large answer's bytes; of one it says ``None`` of, ``slowly`` from the payload."""
        reply = self._asked(function, params, quickly)
        found: T = reply.payload if reply.understood else slowly(reply.payload)
        return found

    def _asked(self, function: str, params: Mapping[str, Any], quickly: Callable[[bytes], Any]) -> Reply:
        body = urlencode([*self._control(function), *encode(params)])
        if _READS.search(function):
            return self._retrying(self._once, function, body, quickly)
        return self._once(function, body, quickly)

    def close(self) -> None:
        """Give back the connections; a pause before a repeat ends at once. Safe to call twice."""
        self._closed.set()
        self._session.close()

    def _control(self, function: str) -> list[tuple[str, str]]:
        return [("wstoken", self._token), ("wsfunction", function), ("moodlewsrestformat", "json")]

    def _once(self, function: str, body: str, quickly: Callable[[bytes], Any]) -> Reply:
        self._bucket.take()
        if self._closed.is_set():
            raise MoodleBusy(function, "the connection to Moodle has been closed", errorcode="closed")
        with self._counting:
            self.calls += 1
        try:
            return self._exchange(function, body, quickly)
        except requests.RequestException as problem:
            self._translate(function, problem)

    def _exchange(self, function: str, body: str, quickly: Callable[[bytes], Any]) -> Reply:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        with self._session.post(
            self.url + ENDPOINT, data=body, headers=headers, timeout=self._timeout, stream=True, allow_redirects=False
        ) as response:
            problem = error_for_status(function, response.status_code, response.headers)
            if problem:
                raise _with_address(problem, response)
            raw, clock = self._read(function, response), _server_time(response.headers)
            if (found := quickly(raw)) is not None:
                return Reply(found, clock, understood=True)
            payload = decode(function, response.headers.get("Content-Type", ""), raw, self._scrub)
            failure = error_in(function, payload)
            if failure:
                raise self._scrubbed(failure)
            return Reply(payload, clock)

    def _read(self, function: str, response: requests.Response) -> bytes:
        """The whole body, decompressed, but never more than the limit nor for longer than allowed."""
        started, chunks, size = self._clock(), [], 0
        for chunk in response.iter_content(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > self._max_reply_bytes:
                limit = f"{self._max_reply_bytes // 2**20} MB"
                raise MoodleUnreadable(function, f"the answer is larger than {limit}", errorcode="toolarge")
            if self._clock() - started > self._longest_reply:
                raise MoodleBusy(function, "the answer took too long to arrive", errorcode="slow")
        return b"".join(chunks)

    def _translate(self, function: str, problem: requests.RequestException) -> NoReturn:
        """Raise our own exception for one of requests', without its chain: that holds the request and so the token."""
        kind = type(problem).__name__
        if isinstance(problem, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY" in str(problem):
            raise MoodleRefused(function, "the server's certificate is not trusted", errorcode="certificate") from None
        if isinstance(problem, requests.exceptions.ProxyError):
            raise MoodleBusy(function, "the proxy cannot be reached or will not connect", errorcode="proxy") from None
        if isinstance(problem, requests.Timeout):
            raise MoodleBusy(function, f"no answer ({kind})", errorcode="timeout") from None
        if isinstance(problem, ValueError):  # an address or a header that cannot be right
            raise MoodleRefused(function, f"the address cannot be used ({kind})", errorcode="address") from None
        raise MoodleBusy(function, f"no connection to {self.url} ({kind})", errorcode="connection") from None

    def _worth_another(self, problem: BaseException) -> bool:
        if not isinstance(problem, MoodleBusy) or self._closed.is_set():
            return False
        return problem.retry_after is None or problem.retry_after <= self._longest_wait

    def _pause_before(self, state: RetryCallState) -> float:
        problem = state.outcome.exception() if state.outcome else None
        if isinstance(problem, MoodleBusy) and problem.retry_after is not None:
            return problem.retry_after
        return wait_exponential_jitter(multiplier=1, max=self._longest_wait, jitter=0.5)(state)

    def _pause(self, seconds: float) -> None:
        with self._counting:
            self.retries += 1
        self._sleep(seconds)

    def _scrub(self, text: str) -> str:
        return text.replace(self._token, "[token]") if self._token else text

    def _scrubbed(self, problem: MoodleError) -> MoodleError:
        problem.says = self._scrub(problem.says)
        problem.args = (f"{problem.function}: {problem.says}",)
        return problem


def never(raw: bytes) -> None:
    """Every answer but the largest is decoded first."""


def encode(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Parameters as Moodle's PHP wants them: ``a[0][name]``, truth as 0 or 1.

    Raises ``ValueError`` for an empty list (Moodle cannot be sent one: it would mean "all" or nothing at all) and
    ``TypeError`` for what has no form on the wire. Both are mistakes in the calling code.
    """
    return [pair for key, value in params.items() for pair in _pairs(key, value)]


def _pairs(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, bool):
        yield key, str(int(value))
    elif isinstance(value, (int, str)):
        yield key, str(value)
    elif isinstance(value, (list, tuple, Mapping)):
        if not value:
            raise ValueError(f"{key}: an empty list cannot be sent to Moodle")
        entries = value.items() if isinstance(value, Mapping) else enumerate(value)
        for sub, member in entries:
            yield from _pairs(f"{key}[{sub}]", member)
    else:
        raise TypeError(f"{key}: a {type(value).__name__} cannot be sent to Moodle")


def decode(function: str, content_type: str, raw: bytes, scrub: Callable[[str], str] = str) -> Any:
    """JSON, or the error that stands for what came instead. Fractions become ``Decimal``; NaN is refused.

    Of an undecodable body only what was printed in front of the first bracket is quoted: the rest may hold names.
    """
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_no_constants)
    except (ValueError, RecursionError):
        raise _undecodable(function, content_type, raw, scrub) from None


def _undecodable(function: str, content_type: str, raw: bytes, scrub: Callable[[str], str]) -> MoodleError:
    start = raw.lstrip()[:1]
    kind = content_type.partition(";")[0].strip().lower()
    if not start:
        return MoodleBusy(function, "an empty answer", errorcode="empty")
    if kind.endswith("xml") or raw.lstrip().startswith(b"<?xml"):
        return MoodleUnreadable(function, "the answer is XML where JSON was asked for", errorcode="xml")
    if kind == "text/html":
        return MoodleUnreadable(function, "the answer is an HTML page, not JSON", errorcode="html")
    if start in (b"{", b"["):
        return MoodleBusy(function, f"the answer breaks off or is damaged ({len(raw)} bytes)", errorcode="cutshort")
    words = plain(scrub(re.split(rb"[{\[]", raw[:2000], maxsplit=1)[0].decode("utf-8", "replace")), 120)
    return MoodleGarbled(function, f"something else was printed in front of the answer: {words}", errorcode="garbled")


def _no_constants(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the address of the Moodle site must start with https:// and name a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the address of the Moodle site must hold no user name, password, query or fragment")
    return url.rstrip("/")


def _session(connections: int, verify: bool | str, proxy: str | None) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = verify
    session.proxies = {"http": proxy, "https": proxy} if proxy else {}
    session.headers.update({"User-Agent": "nvqsync", "Accept": "application/json"})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections, pool_block=True)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _with_address(problem: MoodleError, response: requests.Response) -> MoodleError:
    """Add to a redirect's error where it leads (site only: what follows may hold anything)."""
    target = urlsplit(response.headers.get("Location", ""))
    if problem.errorcode == "redirect" and target.hostname:
        problem.says = f"the server sent us to {target.scheme}://{plain(target.netloc.rpartition('@')[2], 100)}"
        problem.args = (f"{problem.function}: {problem.says}",)
    return problem


def _server_time(headers: Mapping[str, str]) -> int | None:
    try:
        return int(parsedate_to_datetime(headers["Date"]).timestamp())
    except (KeyError, ValueError, OverflowError):
        return None
