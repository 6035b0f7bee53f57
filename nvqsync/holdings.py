"""Which table holds what about a person, and what becomes of it when they are anonymised. Data; nothing is done here.

Every table of the database is named here. Erasure, the export for the person and ``docs/data-protection.md`` go by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NOBODY = "Anonymised"
"""What stands in place of a name."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One table with rows about a person. ``key`` is the column with their LMS id.

    Anonymising sets ``blank`` and leaves ``keeps`` for the counts; without ``blank`` the rows are deleted.
    """

    table: str
    key: str
    holds: str
    blank: Mapping[str, str | None] | None = None
    keeps: tuple[str, ...] = ()


HOLDINGS = (
    Holding("learners", "lms_id", "name, ID number, ULN, candidate number, date of birth",
            {"name": NOBODY, "id_number": "", "uln": "", "candidate_number": "", "date_of_birth": None}),
    Holding("registrations", "learner_id", "registered name, candidate number, date of birth, ULN",
            {"candidate_number": "", "name": "", "date_of_birth": None, "uln": ""},
            ("id", "qualification_id", "awarding_body", "registered_on", "entry")),
    Holding("claims", "learner_id", "the facts a claim rests on, certificate number, the portal's words",
            {"fingerprint": "", "blockers": "[]", "cautions": "[]", "hold_reason": "", "reference": "",
             "portal_words": "", "certificate_number": ""},
            ("id", "key", "qualification_id", "awarding_body", "kind", "status", "facts", "batch_id",
             "certificated_on", "created_at", "updated_at", "version")),
    Holding("adjustments", "learner_id", "credit transfers and the like, with their papers and reasons",
            {"awarded_by": "", "achieved_on": None, "why": "", "paper": ""},
            ("id", "qualification_id", "kind", "unit_reference", "instead_of", "requirement_id", "recorded_by",
             "recorded_at", "removes")),
    Holding("memberships", "learner_id", "courses, roles"),
    Holding("grades", "learner_id", "grades with their graders"),
    Holding("grade_changes", "learner_id", "what each grade was before"),
    Holding("sign_offs", "learner_id", "units signed off, by whom"),
    Holding("confirmations", "learner_id", "what people confirmed, with their reasons"),
    Holding("portfolio_requests", "learner_id", "that they were asked to keep their portfolio"),
)  # fmt: skip
"""Every table with rows about people. Of a claim's ``facts`` the units and credits stay, without the evidence."""

ELSEWHERE = {
    "batches": "documents as they were sent: the person's name, numbers and date of birth are taken out of them",
    "audit": "the log: account names of staff and LMS ids; it is never changed",
    "audit_texts": "the words beside the log: those about the person are erased",
    "audit_facts": "the facts beside the log: erased with the last entry that rests on them",
    "audit_erased": "which entries' words were erased, by which entry",
    "anonymised": "the LMS ids of those who were anonymised, and the rule",
}
"""Tables with something about people that are not a row of theirs."""

IMPERSONAL = {
    "passes": "what each pass read: LMS ids, no name",
    "courses": "courses",
    "items": "assignments",
    "course_numbers": "ID numbers of courses",
    "bookmarks": "where each course's reading goes on",
    "alarms": "courses that wait for a person",
    "kept": "marks of the passes",
}
"""Tables that hold no name, number or birthday of anybody."""
