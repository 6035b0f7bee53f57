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

    Where rows lead to the person by way of other rows, ``through`` is the query for the values of ``key``, with
    ``:who`` for the LMS id. Anonymising sets ``blank`` and leaves ``keeps`` for the counts; without ``blank`` the rows
    are deleted.
    """

    table: str
    key: str
    holds: str
    blank: Mapping[str, str | None] | None = None
    keeps: tuple[str, ...] = ()
    through: str = ""

    @property
    def where(self) -> str:
        """The condition for the rows about the person ``:who``."""
        return f"{self.key} IN ({self.through})" if self.through else f"{self.key} = :who"


_SIGN_INS = "SELECT name FROM centre_accounts WHERE lms_id = :who"
_CLAIMS = "SELECT id FROM claims WHERE learner_id = :who"

HOLDINGS = (
    Holding("learners", "lms_id", "name, ID number, ULN, candidate number, date of birth",
            {"name": NOBODY, "id_number": "", "uln": "", "candidate_number": "", "date_of_birth": None}),
    Holding("registrations", "learner_id", "registered name, candidate number, date of birth, ULN",
            {"candidate_number": "", "name": "", "date_of_birth": None, "uln": ""},
            ("id", "qualification_id", "awarding_body", "registered_on", "entry", "start", "end", "site")),
    Holding("claims", "learner_id", "the facts a claim rests on, certificate number, the portal's words",
            {"fingerprint": "", "blockers": "[]", "cautions": "[]", "declarations": "[]", "hold_reason": "",
             "reference": "", "portal_words": "", "certificate_number": "", "keyed_by": "", "received_by": "",
             "handed_over_by": ""},
            ("id", "key", "qualification_id", "awarding_body", "kind", "status", "facts", "batch_id", "hold_code",
             "keyed_on", "authorised_on", "returned_on", "recalled_on", "revoked_on", "received_on", "handed_over_on",
             "certificated_on", "provisional", "confirmed_on", "created_at", "updated_at", "version")),
    Holding("claim_units", "learner_id", "which units a unit claim stands for, candidate number",
            {"candidate_number": ""}, ("claim_id", "awarding_body", "unit_reference", "standing")),
    Holding("declarations_made", "claim_id", "what approvers declared of a claim", through=_CLAIMS),
    Holding("claim_notes", "claim_id", "what approvers wrote about a claim's cautions", through=_CLAIMS),
    Holding("adjustments", "learner_id", "credit transfers and the like, with their papers and reasons",
            {"awarded_by": "", "achieved_on": None, "why": "", "paper": ""},
            ("id", "qualification_id", "kind", "unit_reference", "instead_of", "requirement_id", "recorded_by",
             "recorded_at", "removes")),
    Holding("memberships", "learner_id", "courses, roles"),
    Holding("grades", "learner_id", "grades with their graders"),
    Holding("grade_changes", "learner_id", "what each grade was before"),
    Holding("unjudged", "learner_id", "that something about them is new and not judged yet"),
    Holding("sign_offs", "learner_id", "units signed off, by whom"),
    Holding("confirmations", "learner_id", "what people confirmed, with their reasons"),
    Holding("follow_ups", "id", "what was done about a release or a simulation, with reasons",
            through="""SELECT id FROM follow_ups WHERE release_id IN (SELECT id FROM releases WHERE learner_id = :who)
                OR simulation_id IN (SELECT id FROM simulations WHERE learner_id = :who)"""),
    Holding("releases", "learner_id", "the IQAs' decisions about their evidence, with actions and reasons"),
    Holding("simulations", "learner_id", "agreed and sampled simulations, with reasons"),
    Holding("centre_staff", "lms_id", "of staff: name, role, training, sample signature", {"name": NOBODY},
            ("id", "role", "from_on", "to_on", "qualification_id", "qualified_on", "countersigner", "signature_on")),
    Holding("web_sessions", "name", "of staff: when they were signed in to the pages", through=_SIGN_INS),
    Holding("sign_ins", "name", "of staff: role, courses, a hash of their password, name at the sign-on",
            through=_SIGN_INS),
    Holding("centre_accounts", "lms_id", "of staff: the account with which they approve"),
    Holding("portfolio_requests", "learner_id", "that they were asked to keep their portfolio"),
)  # fmt: skip
"""Every table with rows about people; rows that rest on others come before them.

Of a claim's ``facts`` the units and credits stay, without the evidence."""

ELSEWHERE = {
    "centre_visits": "external visits: the visitor's name, a note, and LMS ids of learners whose claims were "
    "authorised: theirs is taken out",
    "batches": "documents as they were sent: the person's name, numbers and date of birth are taken out of them",
    "audit": "the log: account names of staff and LMS ids; it is never changed",
    "audit_texts": "the words beside the log: those about the person are erased",
    "audit_facts": "the facts beside the log: erased with the last entry that rests on them",
    "audit_erased": "which entries' words were erased, by which entry",
    "claim_gates": "which rule blocks which claim, by number: goes with the blockers of the claim",
    "learner_mixes": "which mix of claims each learner has, by LMS id: goes with the last claim of the learner",
    "anonymised": "the LMS ids of those who were anonymised, and the rule",
}
"""Tables with something about people that are not a row of theirs."""

IMPERSONAL = {
    "passes": "what each pass read: LMS ids, no name",
    "courses": "courses",
    "items": "assignments",
    "centre_numbers": "the centre's numbers with the bodies",
    "centre_approvals": "what the centre is approved for, and end dates",
    "centre_sanctions": "sanctions on the centre",
    "claim_counts": "how many claims there are of each kind",
    "claim_mixes": "which kinds of claims learners have together",
    "course_numbers": "ID numbers of courses",
    "bookmarks": "where each course's reading goes on",
    "alarms": "courses that wait for a person",
    "kept": "marks of the passes",
}
"""Tables that hold no name, number or birthday of anybody."""
