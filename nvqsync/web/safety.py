"""What every answer of the pages must carry, and whom they answer at all.

There are no accounts yet: whoever reaches the pages may read them. So they are served on loopback alone, and only to
requests that name a loopback host. The second check is what stops DNS rebinding: a page elsewhere, whose name an
attacker points at 127.0.0.1, still sends its own name.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Response

from nvqsync.errors import SettingsError

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


def check_loopback(host: str) -> None:
    """Refuse to listen where others could read. Raises ``SettingsError``."""
    if not is_loopback(host):
        says = f"The pages cannot be served on {host}: without accounts to log in with, anybody could read them."
        raise SettingsError(says, "Use 127.0.0.1 (web.host or --host), and from elsewhere an SSH tunnel to it.")


def names_loopback(host_header: str) -> bool:
    """Whether a request's Host header names this machine, with or without a port."""
    try:
        host = urlsplit(f"//{host_header}").hostname
    except ValueError:
        return False
    return host is not None and is_loopback(host)


def secured(response: Response) -> Response:
    """The answer with ``HEADERS``. Pages are never kept in a cache; style sheets are, and asked about again."""
    response.headers.update(HEADERS)
    response.headers["Cache-Control"] = "no-cache" if response.mimetype in {"text/css", "image/svg+xml"} else "no-store"
    return response
