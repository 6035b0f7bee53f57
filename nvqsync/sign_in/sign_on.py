"""The college's single sign-on, as far as it can be decided without a network: OpenID Connect's code flow.

A browser is sent to the sign-on with a state, a nonce and the digest of a verifier; it comes back with a code, which is
exchanged for an identity token. What the sign-on says of itself, what comes back and what the token claims are checked
here (OpenID Connect Core 1.0, 3.1.3.7; RFC 7636, 9207). ``sign_on_client`` asks; keys and signatures are checked there.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any
from urllib.parse import urlencode

from nvqsync.errors import SignOnError
from nvqsync.settings import Oidc, is_safe_address

LEEWAY = 120
"""Seconds that the sign-on's clock and ours may differ."""

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})
"""Signatures that are believed: by a key whose public half the sign-on publishes. Not ``none``, not a shared secret."""

CALL_BACK = "/sign-in/college/back"
"""Where the sign-on sends browsers back to, below ``web.public_url``."""

BEGIN_AGAIN = "Begin again from the sign-in page."
_SETTINGS = "Check the table [oidc] of the settings; 'nvqsync doctor' asks the sign-on."
_LONGEST = 255
_REFUSALS = {
    "access_denied": "did not let you in",
    "login_required": "wants you to sign in there first",
    "interaction_required": "wants something from you first",
    "temporarily_unavailable": "is not available just now",
    "server_error": "has a fault just now",
    "invalid_scope": "does not know a scope that nvqsync asks for (oidc.scopes)",
    "unauthorized_client": "does not let nvqsync ask (oidc.client_id)",
}


@dataclass(frozen=True, slots=True)
class Provider:
    """What a sign-on says of itself: its addresses, the signatures it makes, how it takes our secret.

    ``secret_in_form``: it takes it in the form as well, where nobody can differ over how it is quoted.
    """

    authorize: str
    token: str
    keys: str
    userinfo: str
    algorithms: frozenset[str]
    secret_in_form: bool
    names_itself: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One browser on its way: what has to come back with it (``state``), be in the token, and go with the code."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the sign-on vouches for. ``subject`` never changes and is never given to anybody else; ``name`` may."""

    subject: str
    name: str


def call_back(public_url: str) -> str:
    """The address to be registered at the sign-on: from the settings, never from what a request says."""
    return public_url.rstrip("/") + CALL_BACK


def new_attempt() -> Attempt:
    """A fresh attempt: 256 random bits each."""
    return Attempt(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))


def authorize_url(provider: Provider, oidc: Oidc, attempt: Attempt, back_to: str) -> str:
    """Where to send the browser."""
    digest = hashlib.sha256(attempt.verifier.encode()).digest()
    asked = {
        "response_type": "code", "client_id": oidc.client_id, "redirect_uri": back_to, "scope": " ".join(oidc.scopes),
        "state": attempt.state, "nonce": attempt.nonce, "code_challenge_method": "S256",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
    }  # fmt: skip
    return f"{provider.authorize}{'&' if '?' in provider.authorize else '?'}{urlencode(asked)}"


# ---------------------------------------------------------------- what the sign-on says of itself


def discovery_url(issuer: str) -> str:
    """Where a sign-on describes itself (OpenID Connect Discovery 1.0, 4)."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def described(document: Mapping[str, Any], oidc: Oidc) -> Provider:
    """What a discovery document says, checked. Raises ``SignOnError``."""
    if document.get("issuer") != oidc.issuer:
        says = "The college's sign-on calls itself by another address than oidc.issuer."
        raise SignOnError(says, f"Write oidc.issuer exactly as {discovery_url(oidc.issuer)} gives its 'issuer'.")
    offered = _texts(document, "id_token_signing_alg_values_supported") or ["RS256"]
    methods = _texts(document, "token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Provider(
        authorize=_endpoint(document, "authorization_endpoint", oidc),
        token=_endpoint(document, "token_endpoint", oidc),
        keys=_endpoint(document, "jwks_uri", oidc),
        userinfo=_endpoint(document, "userinfo_endpoint", oidc) if document.get("userinfo_endpoint") else "",
        algorithms=ALGORITHMS.intersection(offered),
        secret_in_form="client_secret_post" in methods,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )  # fmt: skip


def _endpoint(document: Mapping[str, Any], name: str, oidc: Oidc) -> str:
    """An address of the document: by TLS, unless the sign-on itself is on this machine."""
    found = document.get(name)
    by_tls = isinstance(found, str) and is_safe_address(found) and "#" not in found
    if not isinstance(found, str) or not by_tls or (found.startswith("http:") and oidc.issuer.startswith("https:")):
        raise SignOnError(f"The college's sign-on names no {name} that can be used.", "Tell whoever looks after it.")
    return found


def _texts(document: Mapping[str, Any], name: str) -> Sequence[str]:
    found = document.get(name)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


# ---------------------------------------------------------------- what comes back


def returned_code(query: Mapping[str, str], provider: Provider, oidc: Oidc) -> str:
    """The code that a browser brought back. Raises ``SignOnError`` for a refusal, or another sign-on's answer."""
    issuer = query.get("iss", "")
    if (issuer or provider.names_itself) and issuer != oidc.issuer:
        raise SignOnError("The answer comes from another sign-on than the college's.", BEGIN_AGAIN)
    if refusal := query.get("error", ""):
        says = _REFUSALS.get(refusal, "refused")
        raise SignOnError(f"The college's sign-on {says}.", BEGIN_AGAIN)
    code = query.get("code", "")
    if not code:
        raise SignOnError("The college's sign-on sent nothing back.", BEGIN_AGAIN)
    return code


def refused_exchange(status: int, document: Mapping[str, Any]) -> SignOnError:
    """Why a code was not exchanged, in words."""
    error = document.get("error")
    if status == 401 or error in {"invalid_client", "unauthorized_client"}:
        return SignOnError("The college's sign-on does not accept nvqsync's own name or secret.", _SETTINGS)
    if error == "invalid_grant":
        return SignOnError("The college's sign-on does not take its answer back: it is old, or was used.", BEGIN_AGAIN)
    return SignOnError(f"The college's sign-on refused what nvqsync asked ({status}).", _SETTINGS)


# ---------------------------------------------------------------- what the token claims


def check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    """Whether a token is for us, and for nobody else who could have handed it on. Raises ``SignOnError``."""
    told = claims.get("aud")
    audience = told if isinstance(told, list) else [told]
    party = claims.get("azp")
    if client_id not in audience or ((party or len(audience) > 1) and party != client_id):
        raise SignOnError("The identity token is meant for another program than nvqsync.", BEGIN_AGAIN)


def check_nonce(claims: Mapping[str, Any], attempt: Attempt) -> None:
    """Whether a token was made for this very attempt. Raises ``SignOnError``."""
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not compare_digest(nonce.encode(errors="replace"), attempt.nonce.encode()):
        raise SignOnError("The identity token belongs to another attempt to sign in.", BEGIN_AGAIN)


def who_is_it(claims: Mapping[str, Any], oidc: Oidc) -> Person | None:
    """Whom checked claims name, or ``None`` where the claim that names people is not among them.

    Raises ``SignOnError`` for a mail address that the sign-on itself has not verified.
    """
    name = claims.get(oidc.claim)
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST:
        return None
    if oidc.claim == "email" and claims.get("email_verified", True) not in (True, "true"):
        says = "The college's sign-on has not verified your mail address."
        raise SignOnError(says, "Ask whoever looks after the college's accounts.")
    return Person(str(claims["sub"]), name.strip())


def no_name(claim: str) -> SignOnError:
    """The sign-on vouches for somebody and does not say whom."""
    return SignOnError(f"The college's sign-on does not say who you are: there is no {claim}.", _SETTINGS)
