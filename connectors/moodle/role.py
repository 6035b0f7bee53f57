"""The role that suffices for the service account: as data, as a file Moodle imports, as steps for an administrator.

The file is a *role preset*, as Moodle exports and imports it under "Define roles". A role imported from it allows these
capabilities and nothing else: it has no archetype, so that an upgrade of Moodle adds nothing to it, and it may assign,
override and switch to no role. The external service limits the token further, to the functions listed in it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.moodle import functions as fn

SHORT_NAME = "nvqsync"
NAME = "nvqsync (reads grades)"
DESCRIPTION = (
    "For the service account of nvqsync, assigned at system level. Reads courses, rosters, assignments, grades and "
    "workflow states. The external service limits its token to functions that read."
)


@dataclass(frozen=True, slots=True)
class Capability:
    """A capability of the role: what is lost without it, and, where it allows writing, why it is here all the same."""

    name: str
    lost: str
    writes: str = ""


CAPABILITIES = (
    Capability("webservice/rest:use", "nothing can be asked at all"),
    Capability("moodle/course:view", "no course can be entered, since the account is enrolled in none"),
    Capability("moodle/course:viewhiddencourses", "hidden courses cannot be entered"),
    Capability("moodle/course:viewhiddenactivities", "the grades of hidden assignments cannot be read"),
    Capability("moodle/site:accessallgroups", "courses with separate groups show nobody and no grades"),
    Capability("mod/assign:view", "no assignment can be read, and the gradebook comes back nearly empty"),
    Capability("mod/assign:viewgrades", "grades cannot be read, should mod/assign:grade be taken away"),
    Capability(
        "mod/assign:grade",
        "workflow states cannot be read, so grades under marking workflow count as unread",
        "Moodle tells workflow states (released or not) to nobody else",
    ),
    Capability("moodle/user:viewdetails", "the roster shrinks to the course contacts, without an error"),
    Capability("moodle/user:viewalldetails", "ID numbers, ULNs, candidate numbers and dates of birth cannot be read"),
    Capability("moodle/site:viewuseridentity", "nothing that is read today; part of the role as it was verified"),
    Capability("moodle/course:enrolreview", "suspended learners cannot be told from active ones"),
    Capability("gradereport/user:view", "ID numbers of courses and assignments cannot be read, nor hidden grades"),
    Capability("moodle/grade:viewall", "the gradebook of other users cannot be read: no ID numbers, no overrides"),
    Capability("moodle/grade:viewhidden", "nothing that is read today; part of the role as it was verified"),
    Capability(
        "moodle/grade:managegradingforms",
        "rows given on rubrics and marking guides cannot be read, so such assignments count as unread",
        "Moodle tells what a rubric or guide row was given to nobody else",
    ),
)
"""The role as it was verified whole: with it, thirteen functions answered as they do to a site administrator."""
FOR_COMPETENCIES = (
    Capability("moodle/competency:usercompetencyview", "who is proficient in which competency cannot be read"),
)
"""Only for a college whose mapping file asks for competencies. It reads."""


def writing() -> Iterator[Capability]:
    """The capabilities that would also allow writing, were the service not limited to functions that read."""
    return (capability for capability in CAPABILITIES if capability.writes)


def role_xml(*, competencies: bool = False) -> str:
    """The role preset: what "Define roles > Add a new role > Use role preset" takes."""
    role = ET.Element("role")
    for tag, text in (("shortname", SHORT_NAME), ("name", NAME), ("description", DESCRIPTION), ("archetype", "")):
        ET.SubElement(role, tag).text = text
    ET.SubElement(ET.SubElement(role, "contextlevels"), "level").text = "system"
    for tag in ("allowassign", "allowoverride", "allowswitch"):
        ET.SubElement(role, tag)
    permissions = ET.SubElement(role, "permissions")
    allowed = (*CAPABILITIES, *(FOR_COMPETENCIES if competencies else ()))
    for capability in sorted(allowed, key=lambda one: one.name):
        ET.SubElement(permissions, "allow").text = capability.name
    ET.indent(role)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(role, encoding="unicode")}\n'


def steps(file: str, *, competencies: bool = False) -> tuple[str, ...]:
    """What Moodle's administrator does with the role file, step by step; ``file`` is what it is called."""
    functions = (*fn.NEEDED, *(fn.FOR_COMPETENCIES if competencies else ()))
    useful = "; ".join(f"{name} for {what}" for name, what in fn.USEFUL.items())
    return (
        "Site administration > Users > Permissions > Define roles > Add a new role: under 'Use role preset' choose "
        f"{file}, press Continue, leave everything as it is, press 'Create this role'.",
        "Site administration > Users > Accounts > Add a new user: an account for nvqsync alone, authentication method "
        "'Web services authentication'. Should the site have a policy: 'Manual accounts', then sign in as it once and "
        "accept.",
        f"Site administration > Users > Permissions > Assign system roles > {NAME}: add the account. It needs no "
        "enrolment in any course.",
        "Site administration > Advanced features: switch on 'Enable web services'. Site administration > Server > Web "
        "services > Manage protocols: switch on REST.",
        "Site administration > Server > Web services > External services > Add: name nvqsync, Enabled, and 'Authorised "
        "users only'.",
        f"There, Functions > Add functions, these and no others: {', '.join(functions)}. If you like, also: {useful}.",
        "There, Authorised users: add the account.",
        "Site administration > Server > Web services > Manage tokens > Create token: the account, the service nvqsync, "
        "and the address of this machine under 'IP restriction'.",
        "Put the token into a file that only the service's user may read, name it as token_file under [moodle] in the "
        "settings, and run 'nvqsync doctor'.",
    )


def remarks() -> tuple[str, ...]:
    """Which capabilities could write, and why they are in the role all the same."""
    why = [f"{one.name} would also allow writing. It is needed because {one.writes}." for one in writing()]
    return (
        *why,
        "Neither lets the token write: the service lists functions that read, and a token can call no others.",
    )
