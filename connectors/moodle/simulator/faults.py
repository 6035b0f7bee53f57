"""Everything that goes wrong with a real Moodle, each behind a switch.

``faults.add("database_down")`` breaks every call until ``faults.clear()``; ``times=2`` breaks two calls and then all
is well; ``function="mod_assign_get_grades"`` breaks only that one; ``after=3`` lets three calls through first.
``FAULTS`` says what each name does. Lasting conditions that are no fault of a single call (a missing capability, a
deleted token, ``max_input_vars``, separate groups) are settings of the simulator or facts of the college instead.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from connectors.moodle.simulator.access import NOT_ACCESSIBLE, MoodleError, context_error, missing_record
from connectors.moodle.simulator.parameters import bad_parameter

_DB_DOWN = (
    "<p>Error: Database connection failed</p>\n<p>It is possible that the database is overloaded or otherwise not "
    "running properly.</p>\n<p>The site administrator should also check that the database details have been correctly "
    "specified in config.php</p>"
)
_MAINTENANCE = "The site is undergoing maintenance and is currently not available"
HTML = "text/html; charset=utf-8"


def nginx_page(title: str) -> str:
    """A web server's own page."""
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
    )


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of the web server or of PHP itself, instead of Moodle's."""

    status: int
    content_type: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a fault does: answer with an error or a page, or spoil the way an answer travels (``spoil``)."""

    says: str
    error: MoodleError | None = None
    page: Page | None = None
    spoil: str = ""


def _moodle(errorcode: str, message: str) -> MoodleError:
    return MoodleError("moodle_exception", errorcode, message)


_DENIED = MoodleError("webservice_access_exception", "accessexception", "Access control exception")
_NO_PERMISSION = MoodleError(
    "required_capability_exception",
    "nopermissions",
    "Sorry, but you do not currently have permissions to do that (View grades of other users).",
)
_CLI_PAGE = (
    f"<!DOCTYPE html>\n<html lang='en'><body><h1>under maintenance</h1><div>{_MAINTENANCE}</div></body></html>\n"
)

FAULTS: dict[str, Kind] = {
    "invalid_token": Kind("the token is not known", _moodle("invalidtoken", "Invalid token - token not found")),
    "token_expired": Kind(
        "the token has expired: the first call says so and deletes it", _DENIED, spoil="forget token"
    ),
    "access_denied": Kind("wrong IP address, service disabled, user not on the service, function not in it", _DENIED),
    "user_suspended": Kind(
        "the service user is suspended",
        _moodle("wsaccessusersuspended", "Refused web service access for suspended username: ws.nvqsync"),
    ),
    "unknown_function": Kind("the function does not exist in this version", missing_record("external_functions")),
    "invalid_parameter": Kind("a parameter is refused", bad_parameter()),
    "no_permission": Kind("a capability is missing, said aloud", _NO_PERMISSION),
    "course_not_accessible": Kind("the course context cannot be entered", context_error(2, NOT_ACCESSIBLE)),
    "login_required": Kind(
        "the course cannot be entered, in an activity's words",
        MoodleError("require_login_exception", "requireloginerror", NOT_ACCESSIBLE),
    ),
    "maintenance": Kind("maintenance mode switched on in the settings", _moodle("sitemaintenance", _MAINTENANCE)),
    "cli_maintenance": Kind(
        "maintenance mode switched on from the command line",
        page=Page(503, HTML, _CLI_PAGE, {"Retry-After": "300"}),
    ),
    "upgrade_running": Kind(
        "an upgrade is running", _moodle("upgraderunning", "Site is being upgraded, please retry later.")
    ),
    "database_down": Kind(
        "the database is down", MoodleError("dml_connection_exception", "dbconnectionfailed", _DB_DOWN)
    ),
    "table_missing": Kind(
        "a query failed", MoodleError("dml_read_exception", "dmlreadexception", "Error reading from database")
    ),
    "php_error": Kind("an uncaught PHP error, without an error code", MoodleError("Error", None, "Call to undefined")),
    "webservices_disabled": Kind("web services or the REST protocol are off", page=Page(403, HTML, "")),
    "php_fatal": Kind("PHP died", page=Page(500, "text/html; charset=UTF-8", "")),
    "php_down": Kind("php-fpm is not running", page=Page(502, "text/html", nginx_page("502 Bad Gateway"))),
    "gateway_timeout": Kind("php-fpm is too slow", page=Page(504, "text/html", nginx_page("504 Gateway Time-out"))),
    "too_many_requests": Kind("a proxy says wait", page=Page(429, "text/html", "", {"Retry-After": "1"})),
    "html_page": Kind(
        "a login page or portal instead of JSON, with status 200",
        page=Page(200, HTML, "<!DOCTYPE html><html><body><h1>Please sign in</h1></body></html>"),
    ),
    "redirect": Kind(
        "a redirect to another host", page=Page(302, HTML, "", {"Location": "http://other.example.test/"})
    ),
    "stray_output": Kind("a plugin prints a warning in front of the JSON", spoil="stray"),
    "truncated": Kind("the JSON stops in the middle, the connection does not", spoil="truncate"),
    "cut": Kind("the connection is cut in the middle of the body", spoil="cut"),
    "reset": Kind("the connection is closed without an answer", spoil="reset"),
    "slow": Kind("the answer takes `seconds`", spoil="slow"),
    "hung": Kind("PHP hangs: no answer until the client gives up", spoil="hang"),
    "xml": Kind("the format parameter was lost: XML", spoil="xml"),
}


@dataclass(slots=True)
class Fault:
    """A fault that is switched on. ``times`` is how often it still strikes, ``None`` for ever."""

    name: str
    times: int | None = None
    function: str = ""
    after: int = 0
    seconds: float = 0.5

    @property
    def kind(self) -> Kind:
        """What it does."""
        return FAULTS[self.name]


class Faults:
    """The switchboard."""

    def __init__(self) -> None:
        self._on: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self, name: str, *, times: int | None = None, function: str = "", after: int = 0, seconds: float = 0.5
    ) -> Fault:
        """Switch a fault on; raises ``ValueError`` for a name that is not in ``FAULTS``."""
        if name not in FAULTS:
            raise ValueError(f"no such fault: {name}. There are {', '.join(FAULTS)}")
        fault = Fault(name, times, function, after, seconds)
        with self._lock:
            self._on.append(fault)
        return fault

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._on.clear()

    @contextmanager
    def during(
        self, name: str, *, times: int | None = None, function: str = "", seconds: float = 0.5
    ) -> Iterator[Fault]:
        """A fault for the length of a ``with`` block."""
        fault = self.add(name, times=times, function=function, seconds=seconds)
        try:
            yield fault
        finally:
            with self._lock:
                if fault in self._on:
                    self._on.remove(fault)

    def active(self) -> list[Fault]:
        """What is switched on."""
        with self._lock:
            return list(self._on)

    def strike(self, function: str) -> Fault | None:
        """The fault that hits this call, if any; counts it."""
        with self._lock:
            for fault in self._on:
                if fault.function and fault.function != function:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._on.remove(fault)
                return fault
        return None
