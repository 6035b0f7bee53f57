"""What college IT does about each refusal: the page of Moodle's administration, and the right to grant there."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from connectors.moodle import functions as fn
from connectors.moodle.errors import MoodleBusy, MoodleError, MoodleGarbled, MoodleNoSuch, MoodleRefused
from nvqsync.errors import LmsBusy, LmsError, LmsRefused, LmsUnreadable

ROLE_PAGE = "Site administration > Users > Permissions > Define roles, the role of the nvqsync service account"
SERVICE_PAGE = "Site administration > Server > Web services > External services"
TOKEN_PAGE = "Site administration > Server > Web services > Manage tokens"  # noqa: S105 - a page, no token

CAPABILITIES = MappingProxyType(
    {
        fn.COURSES: ("moodle/course:view", "moodle/course:viewhiddencourses"),
        fn.CONTENTS: ("moodle/course:view", "moodle/course:viewhiddencourses"),
        fn.ROSTER: (
            "moodle/course:view",
            "moodle/course:enrolreview",
            "moodle/user:viewdetails",
            "moodle/user:viewalldetails",
        ),
        fn.ASSIGNMENTS: ("moodle/course:view", "mod/assign:view", "moodle/course:viewhiddenactivities"),
        fn.GRADES: ("mod/assign:view", "mod/assign:grade", "moodle/course:viewhiddenactivities"),
        fn.FLAGS: ("mod/assign:view", "mod/assign:grade", "moodle/course:viewhiddenactivities"),
        fn.SUBMISSIONS: ("mod/assign:view", "mod/assign:grade", "moodle/course:viewhiddenactivities"),
        fn.ATTEMPTS: ("mod/assign:view", "mod/assign:grade", "moodle/course:viewhiddenactivities"),
        fn.DEFINITIONS: ("mod/assign:view", "moodle/course:viewhiddenactivities"),
        fn.INSTANCES: ("moodle/grade:managegradingforms",),
        fn.REPORT: ("moodle/course:view", "gradereport/user:view", "moodle/grade:viewall"),
        fn.COMPETENCIES: ("moodle/course:view",),
        fn.RATING: ("moodle/course:view", "moodle/competency:usercompetencyview"),
    }
)
"""The capabilities each function takes, beyond ``webservice/rest:use``."""

_BY_CODE = MappingProxyType(
    {
        "invalidtoken": f"Make a new token for the service account ({TOKEN_PAGE}) and put it into the settings.",
        "accessexception": (
            f"Check in this order: the token's end date and allowed addresses ({TOKEN_PAGE}; Moodle deletes a token "
            f"that has expired); that the service is enabled, the account is one of its authorised users and the "
            f"function is one of its functions ({SERVICE_PAGE}); that the account's role allows webservice/rest:use "
            f"({ROLE_PAGE})."
        ),
        "wsaccessusersuspended": (
            "Make the service account active again (Site administration > Users > Accounts > Browse list of users)."
        ),
        "notingroup": f"Allow moodle/site:accessallgroups ({ROLE_PAGE}).",
        "unknownfunction": "nvqsync needs Moodle 4.0 or later. Check it under Site administration > Notifications.",
        "certificate": "If the college has a certificate authority of its own, name its file in the setting ca_bundle.",
        "address": "Check the address of the Moodle site in the settings.",
        "redirect": "Put the address that Moodle itself uses ($CFG->wwwroot) into the settings.",
        "http403": (
            "Switch on web services (Site administration > Advanced features > Enable web services) and the REST "
            "protocol (Site administration > Server > Web services > Manage protocols); if both are on, a firewall in "
            "front of Moodle may forbid the address."
        ),
        "http404": "Check the address of the Moodle site in the settings: there is no web service under it.",
        "proxy": "Check the proxy in the settings and that it lets this machine reach Moodle.",
        "html": "Check the address in the settings: a sign-in page or a firewall may stand in front of Moodle.",
        "toolarge": "If the course really is that big, raise the setting max_reply_mb.",
    }
)

_BY_KIND = MappingProxyType(
    {
        LmsRefused: f"Check the role of the service account ({ROLE_PAGE}).",
        LmsBusy: "Nothing to change here: try again later. If it lasts, tell whoever looks after Moodle.",
        LmsUnreadable: "If it happens again, report it with the Moodle release and this message.",
    }
)

_DENIED = frozenset(
    {"nopermissions", "nopermissiontoviewgrades", "cannotviewreport", "requireloginerror", "errorcoursecontextnotvalid"}
)


def as_lms_error(problem: MoodleError, subject: str = "", *, policy_open: bool = False) -> LmsError:
    """The host's error for one of the client's. ``subject`` says what was being read ("course HSC-2")."""
    kind = _kind(problem)
    where = f" while reading {subject}" if subject else ""
    return kind(f"{problem.function}{where}: {_ended(problem.says)}", _next_step(problem, kind, policy_open))


def _ended(says: str) -> str:
    """A sentence with one full stop: Moodle ends some of its messages with one, and long ones are cut off."""
    return says if says.endswith("\N{HORIZONTAL ELLIPSIS}") else f"{says.rstrip('.')}."


def _kind(problem: MoodleError) -> type[LmsError]:
    if isinstance(problem, MoodleRefused):
        return LmsRefused
    if isinstance(problem, MoodleBusy) and not isinstance(problem, MoodleGarbled):
        return LmsBusy
    return LmsUnreadable


def _next_step(problem: MoodleError, kind: type[LmsError], policy_open: bool) -> str:
    if problem.errorcode in _DENIED:
        return grant(problem.function, policy_open=policy_open)
    if isinstance(problem, MoodleGarbled):
        return "A plugin of the site prints text into its answers: tell whoever looks after Moodle, with this message."
    if isinstance(problem, MoodleNoSuch):
        return "It may have been deleted while it was being read: the next pass will tell."
    return _BY_CODE.get(problem.errorcode) or _BY_KIND[kind]


def grant(function: str, *, policy_open: bool = False) -> str:
    """Where to grant what ``function`` takes; quirks that look the same are named too."""
    capabilities = ", ".join(CAPABILITIES.get(function, ("moodle/course:view",)))
    says = f"Allow {capabilities} at system level ({ROLE_PAGE})."
    if policy_open:
        says += (
            " If all of these are allowed: sign in once as the service account and accept the site policy, which it "
            "has not done yet, and see that no change of its password is being asked for."
        )
    return says


def missing_functions(missing: Iterable[str]) -> LmsRefused:
    """The refusal for a service that lacks functions: all of them by name, and where to add them."""
    names = sorted(missing)
    return LmsRefused(
        f"The token's web service lacks what nvqsync needs: {', '.join(names)}.",
        f"Add {'these functions' if len(names) > 1 else 'this function'}: {SERVICE_PAGE} > Functions > Add functions.",
    )
