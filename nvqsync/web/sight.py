"""Whose eyes a page is for: which courses may be looked into, and whether files with personal data may be fetched.

While there are no accounts, whoever reaches the pages sees every course, and nobody fetches a file: a batch holds ULNs
and dates of birth. Whatever signs people in puts a ``Sight`` of its own under ``EXTENSION`` in ``flask.extensions``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, cast

from flask import abort, current_app

from nvqsync import store_lms
from nvqsync.store import Store

EXTENSION = "nvqsync.sight"


class Sight(Protocol):
    """What the person behind the present request may see."""

    def courses(self) -> Collection[str] | None:
        """The ids of the courses that may be looked into; ``None`` for every one."""

    def may_see_centre(self) -> bool:
        """Whether what concerns the whole centre is shown: mapping, passes, batches, registrations, facts."""

    def may_fetch_batches(self) -> bool:
        """Whether the files of a batch, with ULNs and dates of birth, may be fetched."""


class WithoutAccounts:
    """Everybody on this machine reads, and nobody fetches."""

    def courses(self) -> Collection[str] | None:
        """All courses."""
        return None

    def may_see_centre(self) -> bool:
        """Yes."""
        return True

    def may_fetch_batches(self) -> bool:
        """No: there is nobody to hold to account."""
        return False


def sight() -> Sight:
    """The sight of whoever asks now."""
    return cast(Sight, current_app.extensions.get(EXTENSION) or WithoutAccounts())


def may_see_course(course_id: str) -> bool:
    """Whether a course may be looked into."""
    seen = sight().courses()
    return seen is None or course_id in seen


def check_learner(store: Store, learner_id: str) -> None:
    """Refuse the page of a learner who is on no course that may be looked into: as if there were none."""
    if not any(may_see_course(course) for course in store_lms.courses_of_learner(store, learner_id)):
        abort(404)


def check_centre() -> None:
    """Refuse what concerns the whole centre to those who see some courses only."""
    if not sight().may_see_centre():
        abort(403)
