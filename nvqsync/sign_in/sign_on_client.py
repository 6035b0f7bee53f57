"""Asking the college's single sign-on: what it says of itself, its keys, and a code exchanged for a person.

Everything is asked by TLS (or of this machine), within ``oidc.timeout`` seconds and ``LARGEST`` bytes; redirects are
not followed. What it says of itself and its keys are kept for an hour; a key that is not among them makes them be asked
for again, though not more often than each half minute. Nothing of a person, no code and no token is logged or stored.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import requests
from joserfc import jwt
from joserfc.errors import BadSignatureError, ClaimError, ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet

from nvqsync.errors import SignOnError
from nvqsync.settings import Oidc
from nvqsync.sign_in import sign_on
from nvqsync.sign_in.sign_on import Attempt, Person, Provider

LARGEST = 256 * 1024
KEPT = 3600
"""Seconds for which the sign-on's description and keys are believed unasked."""

STALE = 24 * 3600
"""Seconds for which they are used on where it cannot be reached."""

NOT_AGAIN = 30
"""Seconds after which keys may be asked for again, because one is missing, or a sign-on that did not answer."""

AT_ONCE = 2
"""Codes exchanged at a time: a slow sign-on must not take every thread of the pages."""

KINDS = frozenset({"RSA", "EC"})
SHORTEST_RSA = 342
"""Characters of an RSA key's modulus in base64: 2048 bits. Shorter keys are passed over."""


@dataclass(frozen=True, slots=True)
class Held:
    """Something that was asked for, and when."""

    value: Any
    at: int


class SignOn:
    """The college's sign-on. Safe between threads. ``back_to`` is where it sends browsers; ``now`` in seconds."""

    def __init__(self, oidc: Oidc, back_to: str, now: Callable[[], int]) -> None:
        self.oidc = oidc
        self._back_to = back_to
        self._now = now
        self._asking = threading.Lock()
        self._exchanging = threading.BoundedSemaphore(AT_ONCE)
        self._described: Held | None = None
        self._keys: Held | None = None
        self._failed: dict[str, Held] = {}
        self.their_clock: int | None = None

    # ------------------------------------------------------------ signing in

    def begin(self) -> tuple[str, Attempt]:
        """Where to send a browser, and what has to be remembered of it. Raises ``SignOnError``."""
        attempt = sign_on.new_attempt()
        return sign_on.authorize_url(self.provider(), self.oidc, attempt, self._back_to), attempt

    def finish(self, attempt: Attempt, query: Mapping[str, str]) -> Person:
        """Whom the browser that came back stands for. Raises ``SignOnError``."""
        provider = self.provider()
        code = sign_on.returned_code(query, provider, self.oidc)
        with self._one_of_few():
            tokens = self._exchange(provider, code, attempt)
            claims = self.checked_claims(str(tokens.get("id_token", "")), attempt)
            return sign_on.who_is_it(claims, self.oidc) or self._asked_who(provider, tokens, claims)

    @contextmanager
    def _one_of_few(self) -> Iterator[None]:
        if not self._exchanging.acquire(timeout=1):
            raise SignOnError("Many people are signing in just now.", sign_on.BEGIN_AGAIN)
        try:
            yield
        finally:
            self._exchanging.release()

    def _exchange(self, provider: Provider, code: str, attempt: Attempt) -> Mapping[str, Any]:
        id_, secret = self.oidc.client_id, self.oidc.client_secret.get_secret_value()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._back_to,
                "code_verifier": attempt.verifier}  # fmt: skip
        auth = None
        if secret and not provider.secret_in_form:
            auth = (quote(id_, safe=""), quote(secret, safe=""))  # RFC 6749, 2.3.1
        else:
            form |= {"client_id": id_, **({"client_secret": secret} if secret else {})}
        status, document = self._ask("POST", provider.token, data=form, auth=auth)
        if status != 200:
            raise sign_on.refused_exchange(status, document)
        return document

    def _asked_who(self, provider: Provider, tokens: Mapping[str, Any], claims: Mapping[str, Any]) -> Person:
        """The person as the sign-on's userinfo names them, where the identity token does not."""
        access = tokens.get("access_token")
        if not provider.userinfo or not isinstance(access, str) or not access.isascii() or not access.isprintable():
            raise sign_on.no_name(self.oidc.claim)
        status, document = self._ask("GET", provider.userinfo, headers={"Authorization": f"Bearer {access}"})
        same = status == 200 and document.get("sub") == claims["sub"]
        found = sign_on.who_is_it(document, self.oidc) if same else None
        if found is None:
            raise sign_on.no_name(self.oidc.claim)
        return found

    # ------------------------------------------------------------ the identity token

    def checked_claims(self, token: str, attempt: Attempt) -> Mapping[str, Any]:
        """The claims of a token that the sign-on signed, now, for us and for this attempt. Raises ``SignOnError``."""
        wanted = jwt.JWTClaimsRegistry(
            now=self._now(), leeway=sign_on.LEEWAY, iss={"essential": True, "value": self.oidc.issuer},
            sub={"essential": True}, aud={"essential": True}, exp={"essential": True}, iat={"essential": True},
            nonce={"essential": True},
        )  # fmt: skip
        try:
            claims = self._decoded(token)
            wanted.validate(claims)
        except ExpiredTokenError:
            raise _bad("it has expired") from None
        except ClaimError as error:
            raise _bad(f"its {error.claim} is wrong or missing") from None
        except (JoseError, ValueError):
            raise _bad("its signature does not hold") from None
        sign_on.check_audience(claims, self.oidc.client_id)
        sign_on.check_nonce(claims, attempt)
        return claims

    def _decoded(self, token: str) -> dict[str, Any]:
        """The claims of a token whose signature holds; where it does not, newer keys are asked for once."""
        known, algorithms = self.keys(), self.provider().algorithms
        try:
            return jwt.decode(token, known, algorithms=algorithms).claims
        except (InvalidKeyIdError, BadSignatureError):  # a new key; or, at some sign-ons, the old one's id on a new one
            renewed = self.keys(renew=True)
            if renewed is known:
                raise
            return jwt.decode(token, renewed, algorithms=algorithms).claims

    # ------------------------------------------------------------ what is kept of the sign-on

    def provider(self) -> Provider:
        """What the sign-on says of itself. Raises ``SignOnError``."""
        with self._asking:
            self._described = self._fresh(self._described, KEPT, "description", self._describe)
            found: Provider = self._described.value
            return found

    def keys(self, *, renew: bool = False) -> KeySet:
        """The sign-on's keys for signatures. ``renew``: those kept, however young, lack one. Raises ``SignOnError``."""
        address = self.provider().keys
        with self._asking:
            kept = NOT_AGAIN if renew else KEPT
            self._keys = self._fresh(self._keys, kept, "keys", lambda: self._fetch_keys(address))
            found: KeySet = self._keys.value
            return found

    def _fresh(self, held: Held | None, kept: int, what: str, ask: Callable[[], Any]) -> Held:
        """What is held where it is young enough, else asked for anew; the old one where nobody answers."""
        now = self._now()
        if held is not None and abs(now - held.at) < kept:
            return held
        failed = self._failed.get(what)
        usable = held is not None and abs(now - held.at) < STALE
        if failed is None or abs(now - failed.at) >= NOT_AGAIN:
            try:
                fresh = Held(ask(), now)
                self._failed.pop(what, None)
                return fresh
            except SignOnError as error:
                failed = self._failed[what] = Held(error, now)
        if held is not None and usable:
            return held
        error_ = failed.value
        raise SignOnError(error_.says, error_.next_step)

    def _describe(self) -> Provider:
        status, document = self._ask("GET", sign_on.discovery_url(self.oidc.issuer))
        if status != 200:
            says = f"The college's sign-on does not describe itself ({status})."
            raise SignOnError(says, f"Check oidc.issuer: {sign_on.discovery_url(self.oidc.issuer)} has to answer.")
        return sign_on.described(document, self.oidc)

    def _fetch_keys(self, address: str) -> KeySet:
        status, document = self._ask("GET", address)
        listed = document.get("keys")
        found = [key for one in (listed if isinstance(listed, list) else []) if (key := _key(one)) is not None]
        if status != 200 or not found:
            says = "The college's sign-on publishes no key that can be used."
            raise SignOnError(says, "Tell whoever looks after it.")
        return KeySet(found)

    # ------------------------------------------------------------ the network

    def _ask(self, method: str, url: str, **more: Any) -> tuple[int, Mapping[str, Any]]:
        """One request: its status and its JSON object, empty where there is none. Raises ``SignOnError``."""
        headers = {"Accept": "application/json", **more.pop("headers", {})}
        proxies = {"http": self.oidc.proxy, "https": self.oidc.proxy} if self.oidc.proxy else {}
        verify = str(self.oidc.ca_file) if self.oidc.ca_file else True
        try:
            with requests.Session() as session:
                session.trust_env = False
                with session.request(
                    method, url, headers=headers, timeout=self.oidc.timeout, allow_redirects=False, stream=True,
                    verify=verify, proxies=proxies, **more,
                ) as answer:  # fmt: skip
                    self.their_clock = _moment(answer.headers.get("Date", ""))
                    return answer.status_code, _object(self._body(answer))
        except requests.exceptions.SSLError:
            step = "Check its certificate; a private one needs oidc.ca_file."
            raise SignOnError("The certificate of the college's sign-on does not hold.", step) from None
        except (requests.RequestException, OSError):
            says = "The college's sign-on does not answer just now."
            raise SignOnError(says, "Try again in some minutes.") from None

    def _body(self, answer: requests.Response) -> bytes:
        """What was answered, no longer than allowed and in no more time than allowed. Raises ``SignOnError``."""
        until, found = time.monotonic() + self.oidc.timeout, b""
        for part in answer.iter_content(16_384):
            found += part
            if len(found) > LARGEST or time.monotonic() > until:
                raise SignOnError("The college's sign-on answers too much, or too slowly.", "Try again later.")
        return found


def _bad(why: str) -> SignOnError:
    return SignOnError(f"The identity token of the college's sign-on is not good: {why}.", sign_on.BEGIN_AGAIN)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _key(document: Any) -> Key | None:
    """A published key that signatures can be checked with, or ``None``: what is not understood is passed over."""
    if not isinstance(document, dict) or document.get("kty") not in KINDS or document.get("use", "sig") != "sig":
        return None
    if document["kty"] == "RSA" and len(str(document.get("n", ""))) < SHORTEST_RSA:
        return None
    try:
        return KeySet.import_key_set({"keys": [document]}).keys[0]
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _moment(header: str) -> int | None:
    """The seconds since 1970 of an HTTP date."""
    try:
        return int(parsedate_to_datetime(header).timestamp())
    except (ValueError, TypeError):
        return None
