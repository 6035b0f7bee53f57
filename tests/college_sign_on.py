"""A college's single sign-on for tests: idpyoidc's provider (OpenID Connect) behind HTTP on loopback.

The provider is somebody else's implementation, with somebody else's cryptography: it checks our secret, our address and
our verifier, and makes the tokens. Everybody who comes is ``user`` at once. A test may lame or forge what it answers.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptojwt.jws.jws import JWS
from cryptojwt.key_jar import build_keyjar
from flask import Flask, Response, redirect, request
from idpyoidc.message.oidc import AccessTokenRequest
from idpyoidc.server import Server
from idpyoidc.server.configure import OPConfiguration
from idpyoidc.server.user_authn.user import NoAuthn
from idpyoidc.server.user_info import UserInfo
from werkzeug.serving import make_server

CLIENT, SECRET = "nvqsync", "a-secret-of-nvqsync-17"
_RULES = {
    "authorization_code": {"supports_minting": ["access_token", "id_token"], "max_usage": 1, "expires_in": 120},
    "access_token": {"expires_in": 3600},
}
_CRYPT = {"kwargs": {"keys": {"key_defs": [{"type": "OCT", "use": ["enc"], "kid": "password"},
                                           {"type": "OCT", "use": ["enc"], "kid": "salt"}]}}}  # fmt: skip
_METHODS = ["client_secret_basic", "client_secret_post"]
_KEYS = [{"type": "RSA", "use": ["sig"]}, {"type": "EC", "crv": "P-256", "use": ["sig"]}]
Claims = dict[str, Any]


class CollegeSignOn:
    """The sign-on, as long as the ``with`` block lasts. ``people`` maps a user to the claims made of them."""

    def __init__(self, back_to: str, folder: Path) -> None:
        self._back_to, self._folder = back_to, folder
        self.user = "u-17"
        self.people: dict[str, Claims] = {}
        self.asked: list[str] = []
        self.forge: Callable[[Claims], Claims | str] | None = None
        self.overrides: dict[str, tuple[int, bytes]] = {}
        self.delay = 0.0
        self.in_token = True

    def __enter__(self) -> CollegeSignOn:
        flask = Flask("college")
        flask.add_url_rule("/<path:path>", view_func=self._answer, methods=["GET", "POST"])
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._http = make_server("127.0.0.1", 0, flask, threaded=True)
        self.issuer = f"http://127.0.0.1:{self._http.server_port}"
        self._provider = self._build()
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _build(self) -> Server:
        endpoints = {
            "provider_config": (".well-known/openid-configuration", "oidc.provider_config.ProviderConfiguration", {}),
            "authorization": ("authorization", "oidc.authorization.Authorization",
                              {"response_types_supported": ["code"], "response_modes_supported": ["query"]}),
            "token": ("token", "oidc.token.Token", {"client_authn_method": _METHODS}),
            "userinfo": ("userinfo", "oidc.userinfo.UserInfo", {"client_authn_method": ["bearer_header"]}),
        }  # fmt: skip
        conf = {
            "issuer": self.issuer,
            "key_conf": {"key_defs": _KEYS, "uri_path": "jwks"},
            "httpc_params": {"verify": False},
            "preference": {"subject_types_supported": ["public"]},
            "token_handler_args": {
                "code": {"lifetime": 600, "kwargs": {"crypt_conf": _CRYPT}},
                "token": {"class": "idpyoidc.server.token.jwt_token.JWTToken", "kwargs": {"lifetime": 3600}},
                "id_token": {"class": "idpyoidc.server.token.id_token.IDToken",
                             "kwargs": {"lifetime": 300, "add_claims_by_scope": self.in_token}},
            },
            "endpoint": {
                name: {"path": path, "class": f"idpyoidc.server.{kind}", "kwargs": more}
                for name, (path, kind, more) in endpoints.items()
            },
            "authentication": {"anon": {"acr": "urn:oasis:names:tc:SAML:2.0:ac:classes:InternetProtocolPassword",
                                        "class": NoAuthn, "kwargs": {"user": self.user}}},
            "userinfo": {"class": UserInfo, "kwargs": {"db": {}}},
            "authz": {"class": "idpyoidc.server.authz.AuthzHandling",
                      "kwargs": {"grant_config": {"usage_rules": _RULES, "expires_in": 43200}}},
            "add_on": {"pkce": {"function": "idpyoidc.server.oauth2.add_on.pkce.add_support",
                                "kwargs": {"essential": True, "code_challenge_method": "S256"}}},
            "session_params": {"encrypter": _CRYPT},
            "cookie_handler": {"class": "idpyoidc.server.cookie_handler.CookieHandler",
                               "kwargs": {"sign_key": "k" * 48, "name": {"session": "op"}}},
        }  # fmt: skip
        server = Server(OPConfiguration(conf=conf, base_path=str(self._folder)), cwd=str(self._folder))
        server.context.cdb[CLIENT] = {
            "client_secret": SECRET, "redirect_uris": [(self._back_to, {})], "client_salt": "salted",
            "token_endpoint_auth_method": "client_secret_basic", "response_types_supported": ["code"],
            "allowed_scopes": ["openid", "profile", "email"],
        }  # fmt: skip
        server.context.userinfo.db = self.people
        server.context.keyjar.add_symmetric(CLIENT, SECRET)
        return server

    # ------------------------------------------------------------ what tests may do

    def rotate(self) -> None:
        """Sign with a new key from now on; the old one is published no longer."""
        jar, new = self._provider.context.keyjar, build_keyjar(_KEYS).export_jwks(private=True)
        for issuer in {"", self.issuer} & set(jar.owners()):
            del jar[issuer]
            jar.import_jwks(new, issuer)

    def signed(self, claims: Claims) -> str:
        """Claims signed with the sign-on's own key, whatever they say."""
        keys = self._provider.context.keyjar.get_signing_key("RSA", "")
        return str(JWS(json.dumps(claims), alg="RS256").sign_compact(keys))

    # ------------------------------------------------------------ HTTP

    def _answer(self, path: str) -> Any:
        self.asked.append(path)
        time.sleep(self.delay)
        if path in self.overrides:
            status, body = self.overrides[path]
            return Response(body, status, content_type="application/json")
        if path == "jwks":
            return Response(self._provider.context.keyjar.export_jwks_as_json(), content_type="application/json")
        names = {".well-known/openid-configuration": "provider_config"}
        return self._served(self._provider.get_endpoint(names.get(path, path)))

    def _served(self, endpoint: Any) -> Any:
        self._provider.context.authn_broker.get_method_by_id("anon").user = self.user
        info = {"headers": {name.lower(): text for name, text in request.headers.items()}, "method": request.method,
                "url": request.url, "cookie": []}  # fmt: skip
        sent = request.form.to_dict() if request.method == "POST" else request.args.to_dict()
        try:
            asked = endpoint.parse_request(sent, http_info=info)
        except Exception as error:
            return Response(json.dumps({"error": "invalid_client", "is": type(error).__name__}), 401)
        if "error" in asked:
            return Response(asked.to_json(), 400, content_type="application/json")
        if endpoint.name == "token":
            asked = AccessTokenRequest(**asked)
        found = endpoint.process_request(asked, http_info=info)
        if "error" in found:
            return Response(json.dumps({"error": found["error"]}), 400, content_type="application/json")
        told = endpoint.do_response(request=asked, **found)
        if told.get("response_placement", endpoint.response_placement) != "body":
            return redirect(told["response"])
        return Response(self._forged(endpoint.name, told["response"]), content_type="application/json")

    def _forged(self, name: str, body: str) -> str:
        if self.forge is None or name != "token":
            return body
        document = json.loads(body)
        forged = self.forge(JWS().verify_compact(document["id_token"], self._provider.context.keyjar.get_signing_key()))
        document["id_token"] = forged if isinstance(forged, str) else self.signed(forged)
        return json.dumps(document)
