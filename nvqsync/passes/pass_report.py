"""What a pass says of itself: by course, what a person must act on, and what became of the claim queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nvqsync.clock import iso
from nvqsync.model import LmsCourse, Notice, SiteFacts
from nvqsync.planning import ChangeKind

Tell = Callable[[str], None]
"""Called with the name of each course as it is done: what draws the progress bar."""


@dataclass(slots=True)
class CourseReport:
    """What one pass saw of one course."""

    course: LmsCourse
    qualification_id: str
    learners: int = 0
    items: int = 0
    grades: int = 0
    changes: dict[str, int] = field(default_factory=lambda: {kind.value: 0 for kind in ChangeKind})
    error: str = ""
    missed: int | None = None
    gradebook_only: int = 0

    def as_json(self) -> dict[str, Any]:
        """The course's part of ``nvqsync sync --json``."""
        return {
            "id": self.course.lms_id,
            "short_name": self.course.short_name,
            "qualification": self.qualification_id,
            "read": not self.error,
            "learners": self.learners,
            "items": self.items,
            "grades": self.grades,
            **self.changes,
            **({} if self.missed is None else {"missed": self.missed, "gradebook_only": self.gradebook_only}),
            "error": self.error or None,
        }


@dataclass(slots=True)
class PassReport:
    """What one pass did. ``outcome`` is done, problems, failed or interrupted; ``reads`` is changes (what
    changed on every followed course), everything (on every one) or some (courses or learners).

    ``calls`` and ``retries`` are what the LMS was asked, ``None`` where the connector does not count.
    """

    pass_id: int
    started_at: int
    reads: str = "changes"
    calls: int | None = None
    retries: int | None = None
    site: SiteFacts | None = None
    courses: list[CourseReport] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    claims: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("proposed", "refreshed", "held", "flagged"), 0)
    )
    finished_at: int | None = None
    outcome: str = "running"

    @property
    def problems(self) -> list[Notice]:
        """What a person must act on."""
        return [notice for notice in self.notices if notice.severity == "problem"]

    @property
    def failures(self) -> int:
        """How many courses could not be read."""
        return sum(bool(course.error) for course in self.courses)

    @property
    def exit_status(self) -> int:
        """0 done, 1 done with problems."""
        return int(bool(self.problems or self.failures))

    def as_json(self) -> dict[str, Any]:
        """The document ``nvqsync sync --json`` prints and the store keeps. It holds no name, ULN or date of birth."""
        return {
            "pass": self.pass_id,
            "outcome": self.outcome,
            "reads": self.reads,
            "started_at": iso(self.started_at),
            "finished_at": iso(self.finished_at),
            "site": self.site and {"name": self.site.site_name, "release": self.site.release, "url": self.site.url},
            "calls": self.calls,
            "retries": self.retries,
            "failures": self.failures,
            "courses": [course.as_json() for course in self.courses],
            "claims": self.claims,
            "problems": [_notice_json(notice) for notice in self.problems],
            "notes": [_notice_json(notice) for notice in self.notices if notice.severity != "problem"],
        }


def _notice_json(notice: Notice) -> dict[str, Any]:
    about = {"course": notice.course_id, "item": notice.item_id, "learner": notice.learner_id}
    return {"code": notice.code, "says": notice.says, **{key: value or None for key, value in about.items()}}
