"""What people at the demo college record in nvqsync about the learner of a case: each entry takes the desk, does one.

An entry goes through the same functions as the command that a person would type.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from nvqsync.adjustments import Adjustment, AdjustmentKind, check, progressions
from nvqsync.answering import Said, all_asked
from nvqsync.assessing.confirming import Confirmation, What, facts_of
from nvqsync.bootstrap import App
from nvqsync.claims import Event
from nvqsync.exporting import export
from nvqsync.handover.hand_records import HANDED_OVER, RECEIVED, Record
from nvqsync.handover.recording import record_all
from nvqsync.holding import HoldCode
from nvqsync.model import Qualification
from nvqsync.progress import LearnerProgress
from nvqsync.proposing import Claim
from nvqsync.quality import Simulation
from nvqsync.requesting import request_units, standing_of
from nvqsync.review import Deed, act, working
from nvqsync.settling import settle
from nvqsync.storage import store_adjustments, store_claims, store_confirmations, store_lms, store_quality
from nvqsync.store import Store
from nvqsync.uln_owners import uln_mark

BY = "demo"
WHY = "Recorded in the demo."


@dataclass(frozen=True, slots=True)
class Desk:
    """nvqsync, and whose case lies on the desk: the learner by Moodle id, the qualification, an IQA to ask."""

    app: App
    store: Store
    learner_id: str
    qualification_id: str
    iqa: str

    @property
    def qualification(self) -> Qualification:
        """The qualification of the case."""
        return self.app.plugins.catalogue.find_qualification(self.qualification_id)

    @property
    def row(self) -> LearnerProgress:
        """Where the learner stands now."""
        return standing_of(self.app, self.store, self.learner_id, self.qualification)[0]

    def reference(self, code: str) -> str:
        """The regulator's reference of a unit."""
        return self.app.plugins.catalogue.find_unit(self.qualification, code).unit.reference

    def ago(self, days: int) -> dt.date:
        """The day so many days before today."""
        return self.app.today - dt.timedelta(days=days)

    def claims(self) -> list[Claim]:
        """The learner's claims, whatever for."""
        return store_claims.claims(self.store, "learner_id = ?", [self.learner_id])

    def settle(self) -> None:
        """Bring the learner's claims in line with what was recorded."""
        settle(self.app, self.store, by="nvqsync", learners={self.learner_id}, propose_new=False)

    def confirm(self, what: What, item: str, says: str, facts: str = "") -> None:
        """Keep somebody's word."""
        said = Confirmation(what, self.learner_id, item, says, facts, BY, self.app.now(), WHY)
        keep = store_confirmations.record_uln_owner if what is What.ULN else store_confirmations.record
        keep(self.store, said)
        self.settle()


Entry = Callable[[Desk], None]


# ---------------------------------------------------------------- quality and adjustments


def simulation(unit: str, *, sampled: bool) -> Entry:
    """The IQA agreed to a simulated activity before it took place, and sampled it afterwards or not."""

    def entry(desk: Desk) -> None:
        agreed = store_quality.record_simulation(
            desk.store,
            Simulation(desk.learner_id, desk.qualification_id, desk.reference(unit), desk.iqa, desk.ago(410),
                       desk.ago(400), "No such problem came up at work within the time left."),
            by=BY, at=desk.app.now(),
        )  # fmt: skip
        if sampled:
            on, at = desk.ago(20), desk.app.now()
            store_quality.sample_simulation(desk.store, agreed.id, iqa=desk.iqa, on=on, by=BY, at=at)

    return entry


def credit_transfer(desk: Desk) -> None:
    """The unit that is missing was certificated elsewhere."""
    row = desk.row
    missing = row.verdict.route.units if row.verdict.route else ()
    reference = next(unit.unit_reference for unit in row.outcomes if unit.code in missing)
    new = Adjustment(
        desk.learner_id, desk.qualification_id, AdjustmentKind.CREDIT_TRANSFER, "Certificate seen.",
        "copy of the unit certificate", BY, desk.app.now(), reference, awarded_by="City & Guilds",
        achieved_on=desk.ago(500),
    )  # fmt: skip
    _adjust(desk, row, new)


def progression(desk: Desk) -> None:
    """Every unit achieved under another qualification counts again."""
    row = desk.row
    references = [desk.reference(code) for code in row.offered]
    for new in progressions(
        desk.qualification, desk.learner_id, references, row.elsewhere, why=WHY, by=BY, at=desk.app.now()
    ):
        _adjust(desk, row, new)


def _adjust(desk: Desk, row: LearnerProgress, new: Adjustment) -> None:
    bank = desk.app.plugins.catalogue.units
    known = store_adjustments.in_force(desk.store, desk.qualification_id, desk.learner_id)
    check(new, desk.qualification, bank, row.outcomes, known, desk.app.today, row.elsewhere)
    store_adjustments.record(desk.store, new)


# ---------------------------------------------------------------- confirmations and registrations


def owns_uln(desk: Desk) -> None:
    """The ULN that two accounts carry is this learner's."""
    member = next(one for one in store_lms.learners(desk.store) if one.lms_id == desk.learner_id)
    desk.confirm(What.ULN, uln_mark(member.uln), "theirs")


def has_left(desk: Desk) -> None:
    """The learner left with what is achieved."""
    desk.confirm(What.STATUS, "", "leaver")


def lost_grade_stands(desk: Desk) -> None:
    """The grade that Moodle no longer shows stands: the assessor's record was seen."""
    gone = next(
        decision.item_id for unit in desk.row.counted for decision in unit.decisions if "source-gone" in
        decision.cautions
    )  # fmt: skip
    known = store_lms.grade(desk.store, gone, desk.learner_id)
    assert known is not None  # noqa: S101  (a decision rests on it)
    desk.confirm(What.GONE, gone, "stands", facts_of(What.GONE, known))


def number_copied_in(number: str) -> Entry:
    """The registration was taken over from an old list, with a number that is not the body's."""

    def entry(desk: Desk) -> None:
        mine = store_claims.registrations(desk.store, desk.qualification_id)
        old = [replace(one, id=0, candidate_number=number) for one in mine if one.learner_id == desk.learner_id]
        store_claims.record_registrations(desk.store, old, actor=BY, at=desk.app.now())

    return entry


# ---------------------------------------------------------------- claims


def claim_units(qualification: str = "") -> Entry:
    """The learner's achieved units are claimed one by one, here or in another qualification."""

    def entry(desk: Desk) -> None:
        found = desk.app.plugins.catalogue.find_qualification(qualification or desk.qualification_id)
        request_units(desk.app, desk.store, desk.learner_id, found, by=BY, why=WHY)

    return entry


def hold(code: HoldCode, why: str) -> Entry:
    """Somebody puts the claim on hold."""

    def entry(desk: Desk) -> None:
        numbers = [claim.id for claim in desk.claims()]
        list(working(desk.app, desk.store, numbers, Deed(Event.HOLD, BY, why, code)))

    return entry


def keyed_by_hand(desk: Desk) -> None:
    """The claim is approved and keyed by hand; its certificate comes by post and is handed over."""
    claim = desk.claims()[-1]
    said = Said(frozenset(all_asked([claim])), "Portfolio seen.")
    act(desk.app, desk.store, [claim.id], Event.APPROVE, by=BY, why="Checked.", said=said)
    export(desk.app, desk.store, None, by=BY)
    number, today = str(claim.id), desk.app.today
    records = [
        Record(number, "keyed", today, reference="KEYED-0001"),
        Record(number, "certificated", today, certificate="CERT-DEMO-1"),
        Record(number, RECEIVED, today, who="Exams office"),
        Record(number, HANDED_OVER, today, who="Reception"),
    ]
    list(record_all(desk.app, desk.store, records, by=BY))
