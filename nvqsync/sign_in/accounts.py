"""Who may sign in and what each may do: roles, rights, and what a name and a password must be. Pure.

An account is the centre's record of who somebody is in Moodle (``nvqsync.centre.Account``). A sign-in is what lets that
account open the pages: a role, a password, and for viewers the courses they were given. The same name is the actor in
the audit log, whether it acts on a page or on the command line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from nvqsync.errors import InputError


class Role(StrEnum):
    """What somebody is to nvqsync."""

    VIEWER = "viewer"
    IQA = "iqa"
    APPROVER = "approver"
    ADMIN = "admin"


class Right(StrEnum):
    """What a page or an action asks for.

    ``READ``: claims and learners, a viewer's own courses only; ``EVERYTHING``: those of the whole college, and what is
    about no single course; ``PRIVATE``: ULN and date of birth; ``CLAIMS``: approve, hold, release, withdraw, make
    again; ``RECORD``: what happened to claims and batches elsewhere; ``REGISTRATIONS``: import them; ``QUALITY``:
    releases and samples; ``CENTRE``: the centre's facts; ``ACCOUNTS``: who may sign in.
    """

    READ = "read"
    EVERYTHING = "everything"
    PRIVATE = "private"
    CLAIMS = "claims"
    RECORD = "record"
    REGISTRATIONS = "registrations"
    QUALITY = "quality"
    CENTRE = "centre"
    ACCOUNTS = "accounts"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.IQA: frozenset({Right.READ, Right.EVERYTHING, Right.QUALITY}),
    Role.APPROVER: frozenset(
        {Right.READ, Right.EVERYTHING, Right.PRIVATE, Right.CLAIMS, Right.RECORD, Right.REGISTRATIONS}
    ),
    Role.ADMIN: frozenset({Right.READ, Right.EVERYTHING, Right.CENTRE, Right.ACCOUNTS}),
}
"""Who may do what. Nobody may both enter the centre's facts and approve what rests on them."""

ROLE_WORDS: Mapping[Role, str] = {
    Role.VIEWER: "reads the claims of the courses given to them",
    Role.IQA: "reads every claim, and records what was sampled and released",
    Role.APPROVER: "approves claims and records what became of them; sees ULN and date of birth",
    Role.ADMIN: "enters the centre's facts and looks after accounts; approves nothing",
}
"""Each role in a few words."""

ROLE_NAMES: Mapping[Role, str] = {
    Role.VIEWER: "Viewer", Role.IQA: "IQA", Role.APPROVER: "Approver", Role.ADMIN: "Admin",
}  # fmt: skip
"""Each role as a heading or a label has it."""


def means(role: Role, courses: Collection[str]) -> str:
    """What a role lets somebody do, in a few words; of a viewer also that no course was given to them."""
    nothing = role is Role.VIEWER and not courses
    return ROLE_WORDS[role] + ("; none was given yet, so that they see nothing" if nothing else "")


@dataclass(frozen=True, slots=True)
class SignIn:
    """How an account gets in. ``courses`` are LMS ids and count for viewers alone; ``password`` is an argon2 hash.

    No ``password``: only the college's own sign-on can let them in. ``sso`` is what it calls them; ``subject`` whom it
    meant by that when they first came, by an identifier that is never given to anybody else. ``id`` stands in
    addresses of pages, where no name may.
    """

    name: str
    role: Role
    courses: frozenset[str] = frozenset()
    password: str = ""
    disabled: bool = False
    created_at: int = 0
    sso: str = ""
    subject: str = ""
    signed_in_at: int | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whoever asks for a page. ``courses`` are those they may see, ``None`` for all. ``session`` is its number.

    Without a ``session`` the college's own sign-on vouches for them.
    """

    name: str
    role: Role
    courses: frozenset[str] | None = None
    session: int | None = None

    def may(self, what: str) -> bool:
        """Whether their role has a right (``Right``, or its word)."""
        return what in RIGHTS[self.role]

    def may_see(self, course_id: str) -> bool:
        """Whether a course may be looked into."""
        return self.courses is None or course_id in self.courses


def signed_in(sign_in: SignIn, session: int | None = None) -> SignedIn:
    """Somebody whose sign-in was checked."""
    return SignedIn(sign_in.name, sign_in.role, sign_in.courses if sign_in.role is Role.VIEWER else None, session)


# ---------------------------------------------------------------- names and passwords

LONGEST_NAME = 64
LONGEST_SSO = 255
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
_NAME = re.compile(r"[\w.@+-]+", re.ASCII)
_THREE_WORDS = "Three random words make a good one."


def check_name(name: str) -> str:
    """The name as an account may have it. Raises ``InputError``."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME or name == "nvqsync":
        says = f"{name!r} cannot be an account's name."
        raise InputError(says, f"Use up to {LONGEST_NAME} letters, digits and . @ + - _ (not 'nvqsync', which acts).")
    return name


def check_sso(sso: str) -> str:
    """What the college's sign-on calls somebody, as it may be entered. Raises ``InputError``."""
    if not sso.isprintable() or len(sso) > LONGEST_SSO:
        raise InputError("That cannot be a name at the college's sign-on.", "Enter it as the sign-on gives it.")
    return sso.strip()


def may_use_password(rule: str, role: Role) -> bool:
    """Whether a role may sign in by password, under ``oidc.local_sign_in``."""
    return rule == "everybody" or (rule == "admins" and role is Role.ADMIN)


def check_password(password: str, name: str) -> None:
    """Whether a password is good enough: long, not the name, not a few characters repeated. Raises ``InputError``."""
    if len(password) < SHORTEST_PASSWORD:
        raise InputError(f"The password is shorter than {SHORTEST_PASSWORD} characters.", _THREE_WORDS)
    if len(password) > LONGEST_PASSWORD:
        raise InputError(f"The password is longer than {LONGEST_PASSWORD} characters.", _THREE_WORDS)
    guessed = [one for one in (name.casefold(), "nvqsync") if len(one) > 2 and one in password.casefold()]
    if len(set(password)) < 5 or guessed:
        raise InputError("The password is too easy to guess: a name, or few characters repeated.", _THREE_WORDS)
