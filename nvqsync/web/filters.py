"""What the queue page is asked for, read from an address and written into one. Pure.

Nothing personal is ever put into an address by a page; what a person types into the search box is theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from nvqsync.claims import Status

LONGEST_TEXT = 100
AGES = (1, 7, 14, 30, 90)
"""How many days a claim may be asked to be old, at least."""


class Sort(StrEnum):
    """The orders in which claims can be listed. The values stand in addresses."""

    ATTENTION = "attention"
    OLDEST = "oldest"
    NEWEST = "newest"
    NAME = "name"


SORT_WORDS = {
    Sort.ATTENTION: "Needs you first",
    Sort.OLDEST: "Oldest first",
    Sort.NEWEST: "Newest first",
    Sort.NAME: "Name",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """One question put to the queue. An empty field does not narrow it; ``page`` counts from 1.

    ``text`` is searched for in names and ID numbers; ``blocked`` is ``None`` for all, true for claims that something
    blocks, false for those that nothing does. ``blocker`` is a rule's id (``ENT-2`` stands for ``ENT-2/approval`` too);
    ``age`` is how many days a claim has stood at least.
    """

    text: str = ""
    awarding_body: str = ""
    qualification: str = ""
    status: Status | None = None
    blocked: bool | None = None
    blocker: str = ""
    age: int = 0
    sort: Sort = Sort.ATTENTION
    page: int = 1

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        return replace(self, sort=Sort.ATTENTION, page=1) != Filters()

    def but(self, **changes: object) -> Filters:
        """The same question with ``changes``; the answer starts at its first page again unless they name one."""
        return replace(self, **{"page": 1, **changes})  # type: ignore[arg-type]

    def query(self) -> dict[str, str]:
        """The part of the address that stands for this question; what is left at its default is left out."""
        named = {
            "q": self.text,
            "body": self.awarding_body,
            "qualification": self.qualification,
            "status": self.status.value if self.status else "",
            "blocked": {None: "", True: "yes", False: "no"}[self.blocked],
            "blocker": self.blocker,
            "age": str(self.age) if self.age else "",
            "sort": "" if self.sort is Sort.ATTENTION else self.sort.value,
            "page": "" if self.page == 1 else str(self.page),
        }
        return {key: value for key, value in named.items() if value}


def read_filters(
    query: Mapping[str, str],
    awarding_bodies: Collection[str],
    qualifications: Collection[str],
    blockers: Collection[str],
) -> tuple[Filters, tuple[str, ...]]:
    """The question in an address, and the names of the parts that were not understood and are left out of it."""
    given = {key: value.strip() for key, value in query.items()}
    status, blocked, sort = (given.get(key, "") for key in ("status", "blocked", "sort"))
    page, body, qualification = (given.get(key, "") for key in ("page", "body", "qualification"))
    blocker, age = given.get("blocker", ""), given.get("age", "")
    good = {
        "body": not body or body in awarding_bodies,
        "qualification": not qualification or qualification in qualifications,
        "status": not status or status in set(Status),
        "blocked": blocked in {"", "yes", "no"},
        "blocker": not blocker or blocker in blockers,
        "age": not age or age in set(map(str, AGES)),
        "sort": not sort or sort in set(Sort),
        "page": not page or _is_page(page),
    }
    filters = Filters(
        text=squeezed(given.get("q", "")),
        awarding_body=body if good["body"] else "",
        qualification=qualification if good["qualification"] else "",
        status=Status(status) if status and good["status"] else None,
        blocked={"yes": True, "no": False}.get(blocked),
        blocker=blocker if good["blocker"] else "",
        age=int(age) if age and good["age"] else 0,
        sort=Sort(sort) if sort and good["sort"] else Sort.ATTENTION,
        page=int(page) if page and good["page"] else 1,
    )
    return filters, tuple(key for key, fine in good.items() if not fine)


def squeezed(text: str, longest: int = LONGEST_TEXT) -> str:
    """What somebody searches for: control characters, which no name has, and blanks at its ends left out."""
    return " ".join("".join(" " if ord(c) < 32 or ord(c) == 127 else c for c in text).split())[:longest]


def _is_page(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0
