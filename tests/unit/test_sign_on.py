"""The college's single sign-on, decided without a network: addresses, what it says of itself, whom a token is for."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvqsync.errors import InputError, SignOnError
from nvqsync.settings import Oidc, is_safe_address
from nvqsync.sign_in import sign_on
from nvqsync.sign_in.accounts import Role, check_sso, may_use_password
from nvqsync.sign_in.sign_on import Attempt, Person

ISSUER = "https://login.exampleton.ac.uk/realms/staff"
OIDC = Oidc(issuer=ISSUER, client_id="nvqsync")
DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/authorize?tenant=7", "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def test_the_browser_carries_a_digest_never_the_verifier() -> None:
    """What the address asks for: PKCE's S256, our state and nonce, and an address that comes from the settings."""
    attempt = sign_on.new_attempt()
    back_to = sign_on.call_back("https://claims.exampleton.ac.uk/")
    url = sign_on.authorize_url(sign_on.described(DOCUMENT, OIDC), OIDC, attempt, back_to)
    asked = {name: one[0] for name, one in parse_qs(urlsplit(url).query).items()}
    digest = hashlib.sha256(attempt.verifier.encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert (asked["state"], asked["nonce"], asked["tenant"]) == (attempt.state, attempt.nonce, "7")
    assert asked["redirect_uri"] == "https://claims.exampleton.ac.uk/sign-in/college/back"
    assert attempt.verifier not in url and 43 <= len(attempt.verifier) <= 128
    assert sign_on.new_attempt() != attempt


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://login.exampleton.ac.uk", True), ("http://127.0.0.1:9400", True), ("http://[::1]:1/x", True),
        ("http://localhost/", True), ("http://login.exampleton.ac.uk", False), ("http://127.0.0.1.example", False),
        ("https://", False), ("ftp://127.0.0.1", False), ("https://user:word@login.example", False),
        ("https://login.example\n", False), ("https://[bad", False), ("", False), ("//login.example", False),
    ],
)  # fmt: skip
def test_addresses_that_no_network_reads(url: str, safe: bool) -> None:
    """TLS, or this machine; nothing that hides a name or another address."""
    assert is_safe_address(url) is safe


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": ISSUER + "/"}, {"issuer": None}, {"token_endpoint": "http://login.exampleton.ac.uk/token"},
        {"token_endpoint": "http://127.0.0.1/token"}, {"jwks_uri": 7}, {"authorization_endpoint": None},
        {"userinfo_endpoint": "javascript:alert(1)"}, {"authorization_endpoint": "https://x/#fragment"},
    ],
)  # fmt: skip
def test_a_description_that_is_not_believed(wrong: dict[str, Any]) -> None:
    """Another issuer, or an address in the open: an https sign-on may not lead to plain HTTP, even here."""
    with pytest.raises(SignOnError):
        sign_on.described(DOCUMENT | wrong, OIDC)


def test_what_a_description_offers() -> None:
    """Only signatures that can be checked; the secret goes into the form where that is taken."""
    plain = sign_on.described(DOCUMENT, OIDC)
    assert plain.algorithms == {"RS256"} and not plain.secret_in_form and not plain.names_itself
    more = {"id_token_signing_alg_values_supported": ["none", "HS256", "ES256"], "userinfo_endpoint": f"{ISSUER}/me",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True}  # fmt: skip
    known = sign_on.described(DOCUMENT | more, OIDC)
    assert known.algorithms == {"ES256"} and known.secret_in_form and known.names_itself
    assert known.userinfo == f"{ISSUER}/me"


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from([*DOCUMENT, "userinfo_endpoint", "token_endpoint_auth_methods_supported",
                                        "id_token_signing_alg_values_supported"]), json_values))  # fmt: skip
def test_no_description_breaks_anything(document: dict[str, Any]) -> None:
    """Whatever it is: believed whole, or refused in words."""
    try:
        sign_on.described(DOCUMENT | document, OIDC)
    except SignOnError as error:
        assert error.says and error.next_step


@given(st.dictionaries(st.sampled_from(["aud", "azp", "nonce"]), json_values | st.just("nvqsync")))
def test_a_token_is_for_us_alone(claims: dict[str, Any]) -> None:
    """Whoever else it is for, it is refused; only these shapes are taken."""
    try:
        sign_on.check_audience(claims, "nvqsync")
    except SignOnError:
        return
    audience = claims["aud"]
    assert audience in ("nvqsync", ["nvqsync"]) or (claims["azp"] == "nvqsync" and "nvqsync" in audience)
    assert not claims.get("azp") or claims["azp"] == "nvqsync"


@given(json_values)
def test_a_nonce_is_ours_or_refused(nonce: Any) -> None:
    """Anything but the very text is another attempt's."""
    attempt = Attempt("state", "the nonce", "verifier")
    with pytest.raises(SignOnError):
        sign_on.check_nonce({"nonce": nonce}, attempt)
    sign_on.check_nonce({"nonce": "the nonce"}, attempt)


def test_an_answer_of_another_sign_on() -> None:
    """RFC 9207: one that names itself has to; one that does not may, and then rightly."""
    silent = sign_on.described(DOCUMENT, OIDC)
    naming = sign_on.described(DOCUMENT | {"authorization_response_iss_parameter_supported": True}, OIDC)
    assert sign_on.returned_code({"code": "c"}, silent, OIDC) == "c"
    assert sign_on.returned_code({"code": "c", "iss": ISSUER}, naming, OIDC) == "c"
    for query, provider in (({"code": "c"}, naming), ({"code": "c", "iss": "https://login.example"}, silent)):
        with pytest.raises(SignOnError, match="another sign-on"):
            sign_on.returned_code(query, provider, OIDC)


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"email": "a@exampleton.ac.uk"}, "a@exampleton.ac.uk"), ({"email": " a "}, "a"),
        ({"email": "a", "email_verified": True}, "a"), ({"email": "a", "email_verified": "true"}, "a"),
        ({"email": ""}, None), ({"email": 7}, None), ({"email": "a" * 256}, None), ({}, None),
    ],
)  # fmt: skip
def test_who_it_is(claims: dict[str, Any], name: str | None) -> None:
    """The claim that the settings name, where it holds a name."""
    found = sign_on.who_is_it({"sub": "17", **claims}, Oidc(claim="email"))
    assert found == (Person("17", name) if name else None)


def test_an_address_that_nobody_verified_names_nobody() -> None:
    """Anybody may write another's mail address into their own account there."""
    with pytest.raises(SignOnError, match="not verified"):
        sign_on.who_is_it({"sub": "17", "email": "a@b", "email_verified": False}, Oidc(claim="email"))


def test_who_may_use_a_password() -> None:
    """Everybody, admins alone, or nobody."""
    assert all(may_use_password("everybody", role) for role in Role)
    assert [role for role in Role if may_use_password("admins", role)] == [Role.ADMIN]
    assert not any(may_use_password("nobody", role) for role in Role)


def test_names_that_can_be_entered() -> None:
    """As long as the sign-on's own, without line breaks."""
    assert check_sso(" Zoë@exampleton.ac.uk ") == "Zoë@exampleton.ac.uk" and check_sso("") == ""
    for wrong in ("a\nb", "a" * 256):
        with pytest.raises(InputError):
            check_sso(wrong)
