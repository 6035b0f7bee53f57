"""nvqsync's side of the mock portal: hands a batch over once, and asks what became of claims.

Nothing here repeats a submission. Whatever leaves its fate open (a timeout, a cut, a server error, an answer that makes
no sense) is ``PortalBusy``: the claims are unknown until asked about. Only a clear "no" is ``PortalRefused``. Questions
are safe to repeat and are repeated. The credential travels in a header and stands in no error.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter
from urllib3.exceptions import NewConnectionError

from nvqsync import hookimpl
from nvqsync.errors import PortalBusy, PortalRefused, SettingsError
from nvqsync.hookspecs import PortalConnector, PortalOffer
from nvqsync.model import Answer, Batch, Outcome

BODIES = ("OCR", "EDI", "NCFE")
KEYS_A_QUESTION = 500
LARGEST_REPLY = 32 * 1024 * 1024
LONGEST_WAIT = 30.0
RECONCILE = "Nothing is lost: run `nvqsync reconcile` to ask the portal what it has."


@hookimpl
def register_portals(register: Callable[[PortalOffer], None]) -> None:
    """Offer the connection to the mock portal."""
    register(PortalOffer("interchange_mock", BODIES, open_portal))


def open_portal(settings: Mapping[str, Any]) -> PortalConnector:
    """Open the portal at ``url`` (loopback only) with ``credential`` (text or a secret) and ``timeout`` (seconds, 30).

    Raises ``SettingsError``. Nothing is sent before the first batch or question.
    """
    secret = settings.get("credential") or ""
    credential = str(secret.get_secret_value() if hasattr(secret, "get_secret_value") else secret)
    if not credential or not credential.isascii() or not credential.isprintable():
        raise SettingsError("The portal's credential is missing or not plain text.", "Set `credential` for the portal.")
    try:
        timeout = float(settings.get("timeout") or 30)
    except (TypeError, ValueError):
        raise SettingsError(
            "The portal's `timeout` is not a number of seconds.", "For example: timeout = 30."
        ) from None
    return InterchangeMock(_loopback(str(settings.get("url") or "")), credential, timeout=timeout)


class InterchangeMock:
    """The mock portal as the host asks it (``nvqsync.hookspecs.PortalConnector``).

    ``timeout`` bounds one exchange (seconds); ``attempts`` and ``first_wait`` (seconds) say how questions are repeated.
    """

    def __init__(
        self, url: str, credential: str, *, timeout: float = 30, attempts: int = 4, first_wait: float = 0.2
    ) -> None:
        self._url, self._timeout, self._attempts = url, timeout, attempts
        self._backoff = wait_exponential_jitter(multiplier=first_wait, max=LONGEST_WAIT, jitter=first_wait)
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, and no .netrc in place of our credential
        self._session.headers["Authorization"] = f"Bearer {credential}"

    def submit(self, batch: Batch, document: bytes) -> Sequence[Answer]:
        """Hand over the JSON document of a batch, once. A claim that has no answer here is unknown: ask about it.

        Answers about claims that are not in the batch are passed on; contradicting answers about one claim are not.
        """
        headers = {"Idempotency-Key": batch.id}
        reply = self._exchange(f"/{batch.awarding_body}/batches", document, headers)
        if reply.get("batch") != batch.id:
            raise PortalBusy("The portal answered about another batch.", RECONCILE)
        return tuple(_agreed(reply).values())

    def ask(self, awarding_body: str, centre_number: str, keys: Sequence[str]) -> Sequence[Answer]:
        """What became of these claims: one answer a key, in order."""
        wanted = list(dict.fromkeys(keys))
        found: dict[str, Answer] = {}
        for start in range(0, len(wanted), KEYS_A_QUESTION):
            self._ask_until_answered(awarding_body, centre_number, wanted[start : start + KEYS_A_QUESTION], found)
        return tuple(found[key] for key in keys)

    def close(self) -> None:
        """Give back connections. Safe to call twice."""
        self._session.close()

    def _ask_until_answered(self, body: str, centre: str, keys: Sequence[str], found: dict[str, Answer]) -> None:
        """Ask, and ask again about what was left out, until every key has its answer."""
        retrying = Retrying(
            retry=retry_if_exception_type(PortalBusy),
            stop=stop_after_attempt(self._attempts),
            wait=self._wait,
            reraise=True,
        )
        for attempt in retrying:
            with attempt:
                open_keys = [key for key in keys if key not in found]
                question = json.dumps({"centre_number": centre, "keys": open_keys}).encode()
                answers = _agreed(self._exchange(f"/{body}/claims/query", question, {}, repeatable=True))
                found.update((key, answers[key]) for key in open_keys if key in answers)
                if missing := len([key for key in keys if key not in found]):
                    raise PortalBusy(f"The portal left {missing} of {len(keys)} questions unanswered.", RECONCILE)

    def _wait(self, state: RetryCallState) -> float:
        """How long to wait before the next question: longer each time, and as long as the portal asks."""
        problem = state.outcome.exception() if state.outcome else None
        told = problem.seconds if isinstance(problem, _ToldToWait) else 0.0
        return max(told, self._backoff(state))

    def _exchange(
        self, path: str, body: bytes, headers: Mapping[str, str], *, repeatable: bool = False
    ) -> Mapping[str, Any]:
        """One request and its answer as an object. Raises ``PortalRefused`` or ``PortalBusy``."""
        try:
            with self._session.post(
                self._url + path,
                data=body,
                headers={"Content-Type": "application/json", **headers},
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = _read(response, self._timeout)
        except requests.RequestException as problem:
            raise _unreached(problem, repeatable) from None
        if response.status_code != requests.codes.ok:
            raise _refused(response, content, repeatable)
        return _parsed(content)


class _ToldToWait(PortalBusy):
    """The portal asked for a pause of so many seconds."""

    def __init__(self, says: str, seconds: float) -> None:
        super().__init__(says, "Wait a little, then run the command again.")
        self.seconds = seconds


def _loopback(url: str) -> str:
    """The address, if it is on this machine: real learners' claims never go to a mock elsewhere."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost") or parts.username or parts.query:
        raise SettingsError(
            "The mock portal's `url` must be a plain address on this machine.",
            "Start it with `python -m connectors.interchange_mock` and copy the address it prints.",
        )
    return url.rstrip("/")


def _read(response: requests.Response, seconds: float) -> bytes:
    """The whole body, within a size and a time."""
    until, content = time.monotonic() + seconds, bytearray()
    for piece in response.iter_content(64 * 1024):
        content += piece
        if len(content) > LARGEST_REPLY or time.monotonic() > until:
            raise requests.Timeout("the reply is too long")
    return bytes(content)


def _unreached(problem: requests.RequestException, repeatable: bool) -> PortalRefused | PortalBusy:
    """What a failed exchange means. Where no connection was made, nothing can have been accepted."""
    reason = getattr(problem.args[0], "reason", None) if problem.args else None
    if isinstance(reason, NewConnectionError) and not repeatable:
        return PortalRefused("The portal cannot be reached; nothing was sent.", "Check that it runs, then try again.")
    if isinstance(reason, NewConnectionError):
        return PortalBusy("The portal cannot be reached.", f"Check that it runs. {RECONCILE}")
    what = "did not answer in time" if isinstance(problem, requests.Timeout) else "broke off the connection"
    return PortalBusy(f"The portal {what}.", RECONCILE)


def _refused(response: requests.Response, content: bytes, repeatable: bool) -> PortalRefused | PortalBusy:
    """What a status other than 200 means, with the portal's own words."""
    status, words = response.status_code, _words(content)
    if status == 429 and repeatable:
        return _ToldToWait(f"The portal asks for a pause{words}", _seconds(response.headers.get("Retry-After", "")))
    if status in _NEXT_STEPS:
        says, next_step = _NEXT_STEPS[status]
        return PortalRefused(f"{says}{words}", next_step)
    if 400 <= status < 500 and status != 408:
        return PortalRefused(f"The portal refused the request (status {status}){words}", "Correct it, then try again.")
    return PortalBusy(f"The portal failed (status {status}){words}", RECONCILE)


_NEXT_STEPS = {
    401: ("The portal does not know this credential", "Renew the portal's `credential` in the settings."),
    403: ("The portal does not let this centre send claims", "Ask the awarding body, then try again."),
    409: (
        "The portal holds another claim under the same key",
        "A sent claim cannot be edited: see what the portal holds with `nvqsync reconcile`, or withdraw the claim.",
    ),
    429: ("The portal asks for a pause; nothing was accepted", "Wait a few minutes, then export again."),
}


def _words(content: bytes) -> str:
    """The portal's own words in a refusal, as the end of a sentence."""
    try:
        said = str(json.loads(content)["error"]["says"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "."
    return f": {''.join(letter if letter.isprintable() else ' ' for letter in said)[:300]}"


def _seconds(text: str) -> float:
    return min(float(text), LONGEST_WAIT) if text.isascii() and text.isdigit() else 1.0


def _parsed(content: bytes) -> Mapping[str, Any]:
    try:
        reply = json.loads(content)
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict) or not isinstance(reply.get("answers"), list):
        raise PortalBusy("The portal answered with something that is not an answer.", RECONCILE)
    return reply


def _agreed(reply: Mapping[str, Any]) -> dict[str, Answer]:
    """The answers by claim key. One that makes no sense, or that another one contradicts, is no answer."""
    agreed: dict[str, Answer] = {}
    doubtful: set[str] = set()
    for answer in _answers(reply["answers"]):
        if agreed.setdefault(answer.key, answer) != answer:
            doubtful.add(answer.key)
    return {key: answer for key, answer in agreed.items() if key not in doubtful}


def _answers(said: Iterable[Any]) -> Iterable[Answer]:
    for one in said:
        try:
            texts = {name: one.get(name) or "" for name in ("words", "reference", "certificate_number")}
            on = dt.date.fromisoformat(one["on"]) if one.get("on") else None
            answer = Answer(one["key"], Outcome(one["outcome"]), on=on, provisional=one.get("provisional"), **texts)
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
        numbered = answer.certificate_number or answer.outcome is not Outcome.CERTIFICATED
        told = answer.provisional is None or isinstance(answer.provisional, bool)
        if numbered and told and all(isinstance(text, str) for text in (answer.key, *texts.values())):
            yield answer
