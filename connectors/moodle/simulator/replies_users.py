"""Answers about people: rosters, accounts, groups."""

from __future__ import annotations

from typing import Any

from connectors.moodle.simulator.access import View, warning
from connectors.moodle.simulator.parameters import bad_parameter
from connectors.moodle.simulator.records import PROFILE_FIELDS, ROLE_IDS, Course, Enrolment, User
from connectors.moodle.simulator.replies_courses import contacts

_CAPABILITY_ROLES = {
    "mod/assign:submit": {"student"},
    "mod/assign:grade": {"editingteacher", "teacher"},
}


def custom_fields(user: User, *, display: bool) -> list[dict[str, str]]:
    """The filled custom profile fields; ``displayvalue`` only where Moodle gives it."""
    fields = []
    for short_name, (kind, title) in PROFILE_FIELDS.items():
        value = user.profile.get(short_name, "")
        if value:
            shown = {"displayvalue": value} if display else {}
            fields.append({"type": kind, "value": value, **shown, "name": title, "shortname": short_name})
    return fields


def pictures(view: View) -> dict[str, str]:
    """The addresses of a user's picture."""
    base = f"{view.url}/theme/image.php/boost/core/1/u"
    return {"profileimageurlsmall": f"{base}/f2", "profileimageurl": f"{base}/f1"}


def identity(view: View, user: User, *, names: bool) -> dict[str, Any]:
    """The first fields of a user in the order Moodle gives them."""
    answer: dict[str, Any] = {"id": user.id, "username": user.username}
    if names:
        answer |= {"firstname": user.first_name, "lastname": user.last_name}
    answer["fullname"] = user.full_name
    if view.may("moodle/site:viewuseridentity", "moodle/course:useremail"):
        answer["email"] = user.email
    if not view.may("moodle/user:viewalldetails"):
        return answer
    answer["department"] = ""
    if user.profile:
        answer["institution"] = view.college.name
    if user.id_number:
        answer["idnumber"] = user.id_number
    return answer


# ---------------------------------------------------------------- rosters


def enrolled_users(view: View, given: dict[str, Any]) -> list[dict[str, Any]]:
    """``core_enrol_get_enrolled_users``: suspended enrolments included unless told otherwise, staff always."""
    course = view.enter(given["courseid"])
    options = dict(given["options"])
    if view.barred_groups(course):
        return []
    if options.get("onlyactive") == "1" or options.get("onlysuspended") == "1":
        view.need("moodle/course:enrolreview")
    if "withcapability" in options:
        view.need("moodle/role:review")
    chosen = [enrolment for enrolment in course.enrolments.values() if _chosen(enrolment, options)]
    if not view.may("moodle/user:viewdetails"):
        return _contacts_only(view, course, chosen)
    chosen.sort(key=lambda enrolment: _order(view, enrolment, options), reverse=options.get("sortdirection") == "DESC")
    first, most = _number(options, "limitfrom"), _number(options, "limitnumber")
    page = chosen[first : first + most] if most else chosen[first:]
    fields = [name for name in options.get("userfields", "").split(",") if name]
    return [_member(view, course, enrolment, fields) for enrolment in page]


def _number(options: dict[str, str], name: str) -> int:
    value = options.get(name, "0")
    if not value.isdigit():
        raise bad_parameter()
    return int(value)


def _chosen(enrolment: Enrolment, options: dict[str, str]) -> bool:
    if options.get("onlyactive") == "1" and enrolment.suspended:
        return False
    if options.get("onlysuspended") == "1" and not enrolment.suspended:
        return False
    group = int(options.get("groupid", "0") or 0)
    roles = _CAPABILITY_ROLES.get(options.get("withcapability", ""))
    return (not group or group in enrolment.groups) and (roles is None or enrolment.role in roles)


def _order(view: View, enrolment: Enrolment, options: dict[str, str]) -> tuple[Any, ...]:
    user = view.college.users[enrolment.user_id]
    match options.get("sortby", "id"):
        case "firstname":
            return (user.first_name, user.id)
        case "lastname":
            return (user.last_name, user.id)
        case "siteorder":
            return (user.last_name, user.first_name, user.id)
        case _:
            return (user.id,)


def _contacts_only(view: View, course: Course, chosen: list[Enrolment]) -> list[dict[str, Any]]:
    here = {enrolment.user_id for enrolment in chosen}
    return [contact for contact in contacts(view, course) if contact["id"] in here]


def _member(view: View, course: Course, enrolment: Enrolment, fields: list[str]) -> dict[str, Any]:
    user = view.college.users[enrolment.user_id]
    answer = identity(view, user, names=not view.version.startswith("4.3"))
    answer |= {"firstaccess": 0, "lastaccess": 0, "lastcourseaccess": 0, **pictures(view)}
    if user.profile and view.may("moodle/user:viewalldetails"):
        answer["customfields"] = custom_fields(user, display=False)
    answer["groups"] = [
        {"id": number, "name": course.groups[number].name, "description": "", "descriptionformat": 0}
        for number in enrolment.groups
    ]
    answer["roles"] = role_rows(enrolment)
    if not fields or "enrolledcourses" in fields:
        answer["enrolledcourses"] = enrolled_courses(view, user)
    if not fields:
        return answer
    wanted = {*fields, "id", "fullname"}
    return {key: value for key, value in answer.items() if key in wanted}


def role_rows(enrolment: Enrolment) -> list[dict[str, Any]]:
    """The roles of an enrolment."""
    return [{"roleid": ROLE_IDS[enrolment.role], "name": "", "shortname": enrolment.role, "sortorder": 0}]


def enrolled_courses(view: View, user: User) -> list[dict[str, Any]]:
    """Every course of a user: why full rows are dear."""
    return [
        {"id": course.id, "fullname": course.full_name, "shortname": course.short_name}
        for course in view.college.courses.values()
        if user.id in course.enrolments
    ]


# ---------------------------------------------------------------- accounts and groups


def users_by_field(view: View, given: dict[str, Any]) -> list[dict[str, Any]]:
    """``core_user_get_users_by_field``: unknown people are left out; a deleted one still answers to its id."""
    field, values = given["field"], set(given["values"])
    if field not in ("id", "idnumber", "username", "email"):
        raise bad_parameter()
    if not view.may("moodle/user:viewdetails"):
        return []
    if field == "id":
        users = view.college.users
        found = [users[int(value)] for value in sorted(values) if value.isdigit() and int(value) in users]
    else:
        attribute = {"idnumber": "id_number"}.get(field, field)
        found = [user for user in view.college.users.values() if getattr(user, attribute) in values]
        found = [user for user in found if not user.deleted]
    return [_account(view, user) for user in sorted(found, key=lambda user: user.id)]


def _account(view: View, user: User) -> dict[str, Any]:
    newer = not view.version.startswith("4.3")
    answer = identity(view, user, names=newer) | {"firstaccess": 0, "lastaccess": 0}
    answer |= {"auth": "manual", "suspended": user.suspended, "confirmed": True, "lang": "en", "theme": ""}
    answer |= {"timezone": "99", "mailformat": 1}
    if newer:
        answer["trackforums"] = 0
    answer |= pictures(view)
    if user.profile and view.may("moodle/user:viewalldetails"):
        answer["customfields"] = custom_fields(user, display=True)
    return answer


def user_groups(view: View, given: dict[str, Any]) -> dict[str, Any]:
    """``core_group_get_course_user_groups``: another user's groups take a write capability."""
    number = given["courseid"]
    course = view.college.courses.get(number)
    if course is None or view.barred(course):
        return {"groups": [], "warnings": [warning("course", number, "1", "No access rights in course context")]}
    if not view.may("moodle/course:managegroups"):
        message = f"User {view.service_user.id} cannot manage groups in course {number}"
        return {"groups": [], "warnings": [warning("course", number, "cannotmanagegroups", message)]}
    enrolment = course.enrolments.get(given["userid"])
    groups = [course.groups[number] for number in enrolment.groups] if enrolment else []
    rows = [
        {"id": group.id, "name": group.name, "description": "", "descriptionformat": 1}
        | {"idnumber": group.id_number, "courseid": course.id}
        for group in groups
    ]
    return {"groups": rows, "warnings": []}
