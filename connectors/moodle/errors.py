"""What can go wrong between us and Moodle, named by what the operator does next.

::

    MoodleError
    ├── MoodleRefused      no, until someone changes the token, the role or the service
    ├── MoodleBusy         not now: maintenance, upgrade, database, network (a read is tried again)
    │   └── MoodleGarbled  something else was printed around the answer (tried again, then reported)
    ├── MoodleNoSuch       what was asked for does not exist, or no longer
    └── MoodleUnreadable   a bug, ours or theirs: not an answer we know
        └── MoodleFault    Moodle's own code failed while answering (a PHP Error has no errorcode)

Moodle reports most of its failures with HTTP status 200, as an object holding ``exception`` and, most of the time,
``errorcode``. Classes of ``exception`` change from release to release, so the decision rests on ``errorcode`` and on
the shape alone. What is not in these tables is loud (``MoodleUnreadable``) and never taken for data.
"""

# (The names say what the operator does next and stand in one family, so they do without "Error".)

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any


class MoodleError(Exception):
    """The root: which ``function`` failed, the ``errorcode`` (may be empty) and what happened in one sentence."""

    def __init__(self, function: str, says: str, *, errorcode: str = "") -> None:
        super().__init__(f"{function}: {says}")
        self.function = function
        self.says = says
        self.errorcode = errorcode


class MoodleRefused(MoodleError):
    """Moodle says no, and will until a person changes something."""


class MoodleBusy(MoodleError):
    """Moodle cannot answer just now. ``retry_after`` is in seconds, where the server named a time."""

    def __init__(self, function: str, says: str, *, errorcode: str = "", retry_after: float | None = None) -> None:
        super().__init__(function, says, errorcode=errorcode)
        self.retry_after = retry_after


class MoodleGarbled(MoodleBusy):
    """An answer with something else printed in front of it, so that it cannot be decoded."""


class MoodleNoSuch(MoodleError):
    """The user, course, activity or definition that was asked for does not exist."""


class MoodleUnreadable(MoodleError):
    """Not an answer we know, or a question Moodle did not understand: a bug to report."""


class MoodleFault(MoodleUnreadable):
    """Moodle's own code broke off while answering."""


REFUSED = frozenset(
    {
        "invalidtoken", "accessexception", "wsaccessusersuspended", "wsaccessuserdeleted", "wsaccessuserunconfirmed",
        "wsaccessuserexpired", "wsaccessusernologin", "nopermissions", "nopermissiontoviewgrades", "cannotviewreport",
        "requireloginerror", "errorcoursecontextnotvalid", "notingroup", "sitepolicynotagreed",
        "forcepasswordchangenotice", "usernotfullysetup", "enablewsdescription", "servicenotavailable",
        "usernotallowed",
    }
)  # fmt: skip
"""Errorcodes that someone at the college has to do something about."""

BUSY = frozenset(
    {
        "sitemaintenance", "upgraderunning", "dbconnectionfailed", "dmlreadexception", "dmlwriteexception",
        "dmltransactionexception", "locktimeout", "cannotlockfile",
    }
)  # fmt: skip
"""Errorcodes that pass."""

NO_SUCH = frozenset(
    {"invaliduser", "userdeleted", "invalidcoursemodule", "invalidrecord", "invalidrecordunknown", "invalidcourseid"}
)
"""Errorcodes about the data: what we asked for is not there."""

OUR_FAULT = frozenset({"invalidparameter", "missingparam", "codingerror"})
"""Errorcodes for a question that Moodle could not understand."""

_CODE = re.compile(r"[\w/:.-]{1,80}")
_TAG = re.compile(r"<[^>]*>")
_BLANKS = re.compile(r"\s+")


def plain(text: object, limit: int = 160) -> str:
    """A server's words as one line of text: no tags, entities resolved, at most ``limit`` characters."""
    words = _BLANKS.sub(" ", html.unescape(_TAG.sub(" ", str(text)[: limit * 20]))).strip()
    told = "".join(c for c in words if c.isprintable())
    if len(told) <= limit:
        return told
    begun = told[: limit - 2]
    return f"{begun.rpartition(' ')[0] or begun} \N{HORIZONTAL ELLIPSIS}"


def error_in(function: str, payload: Any) -> MoodleError | None:
    """The error a decoded reply reports, or ``None`` where it is data."""
    if not isinstance(payload, dict):
        return None
    if "exception" not in payload and not {"error", "errorcode"} <= payload.keys():
        return None
    code = payload.get("errorcode")
    if not code:
        words = plain(payload.get("message") or "no message")
        return MoodleFault(function, f"Moodle broke off while answering: {words}")
    code = str(code) if _CODE.fullmatch(str(code)) else "?"
    words = plain(payload.get("message") or payload.get("error") or "")
    return _by_code(function, code, words)


def _by_code(function: str, code: str, words: str) -> MoodleError:
    says = f"Moodle answered {code}: {words}" if words else f"Moodle answered {code}"
    if code == "invalidrecord" and "external_functions" in words:
        return MoodleRefused(function, "this Moodle does not know the function", errorcode="unknownfunction")
    if code in REFUSED:
        return MoodleRefused(function, says, errorcode=code)
    if code in BUSY:
        return MoodleBusy(function, says, errorcode=code)
    if code in NO_SUCH:
        return MoodleNoSuch(function, says, errorcode=code)
    if code in OUR_FAULT:
        return MoodleUnreadable(function, f"Moodle did not understand the question ({code})", errorcode=code)
    return MoodleUnreadable(function, f"an error that nvqsync does not know. {says}", errorcode=code)


def error_for_status(function: str, status: int, headers: Mapping[str, str]) -> MoodleError | None:
    """The error an HTTP status stands for, or ``None`` for 200. 500 and above pass; 408 and 429 do too."""
    if status == 200:
        return None
    if status >= 500 or status in (408, 429):
        wait = retry_after(headers)
        return MoodleBusy(function, f"the server answered HTTP {status}", errorcode=f"http{status}", retry_after=wait)
    if 300 <= status < 400:
        return MoodleRefused(function, "the server sent us to another address", errorcode="redirect")
    if status in (400, 413, 414, 415, 422):
        return MoodleUnreadable(function, f"the server rejected the request (HTTP {status})", errorcode=f"http{status}")
    return MoodleRefused(function, f"the server answered HTTP {status}", errorcode=f"http{status}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds in ``Retry-After``, or ``None`` without one (a date there is not worth the trouble)."""
    value = headers.get("Retry-After", "").strip()
    return float(value) if value.isascii() and value.isdigit() and len(value) < 9 else None
