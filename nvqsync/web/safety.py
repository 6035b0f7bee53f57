"""What every answer of the pages must carry, and whom they answer at all.

The pages speak plain HTTP: passwords must never travel a network with it. So they are served on loopback, or behind a
proxy that speaks TLS: then to that proxy alone, and under the name that the settings give. A request must name a
loopback host or that name. This is what stops DNS rebinding: a page elsewhere, whose name an attacker points at
127.0.0.1, still sends its own name.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Response

from nvqsync.errors import SettingsError
from nvqsync.settings import Web

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Sent with every answer. No inline style or script is allowed, ours included."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine. Names other than ``localhost`` are not looked up."""
    try:
        return host.lower() == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def by_tls(web: Web) -> bool:
    """Whether people reach the pages by TLS: the proxy before them ends it."""
    return web.public_url.lower().startswith("https://")


def check_listening(host: str, web: Web) -> None:
    """Refuse to listen where passwords would travel in the open. Raises ``SettingsError``."""
    if is_loopback(host) or (by_tls(web) and web.proxies):
        return
    says = f"The pages cannot be served on {host}: without TLS passwords would travel in the open."
    step = "Use 127.0.0.1 (web.host or --host), and a proxy with TLS before it: name it in web.public_url and "
    raise SettingsError(says, f"{step}web.proxies. Or from elsewhere an SSH tunnel to it.")


def answers_to(peer: str, host_header: str, web: Web) -> bool:
    """Whether a request is answered: from this machine or a believed proxy, to a name that is ours."""
    if not (is_loopback(peer) or peer in web.proxies):
        return False
    host = _host(host_header)
    return host is not None and (is_loopback(host) or host == _host(urlsplit(web.public_url).netloc))


def _host(header: str) -> str | None:
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def secured(response: Response) -> Response:
    """The answer with ``HEADERS``. Pages are never kept in a cache; style sheets are, and asked about again."""
    response.headers.update(HEADERS)
    response.headers["Cache-Control"] = "no-cache" if response.mimetype in {"text/css", "image/svg+xml"} else "no-store"
    return response
