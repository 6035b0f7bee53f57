"""What a claim's gates look at, gathered from the store for one qualification at a time. Reads; never writes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from nvqsync.bootstrap import App
from nvqsync.centre import CentreFacts
from nvqsync.gates import ClaimFacts, registration_for
from nvqsync.model import ClaimKind, EarlierClaim, Qualification, Registration, UnitOutcome
from nvqsync.progress import LearnerProgress
from nvqsync.proposing import units_met
from nvqsync.quality import Release, Simulation
from nvqsync.storage import store_centre, store_claims, store_confirmations, store_lms, store_quality
from nvqsync.store import Store
from nvqsync.uln_owners import UlnHolders, squeezed, uln_holders


@dataclass(frozen=True, slots=True)
class Known:
    """Everything recorded that bears on claims for one qualification; mappings go by learner.

    ``centre`` is told for the main site; ``numbers`` are the centre's numbers with the body by site.
    """

    centre: CentreFacts
    numbers: Mapping[str, str]
    today: dt.date
    registrations: Mapping[str, tuple[Registration, ...]]
    ulns: UlnHolders
    statuses: Mapping[str, str]
    alarms: tuple[str, ...]
    releases: Mapping[str, tuple[Release, ...]]
    simulations: Mapping[str, tuple[Simulation, ...]]
    earlier: Mapping[str, tuple[EarlierClaim, ...]]

    def number(self, learner_id: str, kind: ClaimKind) -> str:
        """The centre number under which a learner's claim of this kind is made: the one of the registration's site."""
        registration = registration_for(kind, self.registrations.get(learner_id, ()))
        return self.numbers.get(registration.site if registration else "", "")

    def about(
        self, row: LearnerProgress, kind: ClaimKind, units: tuple[UnitOutcome, ...] | None = None, claim_id: int = 0
    ) -> ClaimFacts:
        """All that a gate may look at for one learner's claim of this kind.

        ``units`` are those of a unit claim, which is met when each of them is achieved; a full award rests on the units
        that the verdict counts. ``claim_id`` is the claim's number where it has one: it is no earlier claim of itself.
        """
        learner = row.learner.lms_id
        others = other_claims(self.earlier.get(learner, ()), row.qualification.id, kind, claim_id)
        return ClaimFacts(
            learner=row.learner,
            qualification=row.qualification,
            kind=kind,
            registrations=self.registrations.get(learner, ()),
            centre=replace(self.centre, centre_number=self.number(learner, kind)),
            met=row.verdict.met if units is None else units_met(units),
            undecided=row.verdict.undecided,
            units=row.counted if units is None else units,
            verdict_cautions=row.judgement.cautions if units is None else (),
            same_uln=self.ulns.shared.get(learner, ()),
            today=self.today,
            learner_status=self.statuses.get(learner, ""),
            alarms=self.alarms,
            releases=self.releases.get(learner, ()),
            simulations=self.simulations.get(learner, ()),
            earlier=others,
            foreign_ulns=self.ulns.foreign.get(learner, frozenset()),
            adjustments=row.adjustments,
        )


def gather(
    app: App, store: Store, qualification: Qualification, ulns: UlnHolders, learners: Collection[str] | None = None
) -> Known:
    """What the store and the settings hold on one qualification. ``ulns`` is ``shared_ulns``, read once.

    ``learners`` limits the reading of registrations and other claims to a few.
    """
    registered: dict[str, list[Registration]] = defaultdict(list)
    for registration in store_claims.registrations(store, qualification.id, learners):
        registered[registration.learner_id].append(registration)
    record = store_centre.read(store)
    return Known(
        centre=record.facts(qualification),
        numbers=record.sites(qualification.awarding_body),
        today=app.today,
        registrations={learner: tuple(found) for learner, found in registered.items()},
        ulns=ulns,
        statuses=store_confirmations.statuses(store),
        alarms=tuple(sorted(store_lms.alarms(store))),
        releases=store_quality.releases_by_learner(store, qualification.id),
        simulations=store_quality.simulations_by_learner(store, qualification.id),
        earlier=store_claims.standing_claims(store, qualification.awarding_body, learners),
    )


def other_claims(
    claims: Iterable[EarlierClaim], qualification_id: str, kind: ClaimKind, claim_id: int
) -> tuple[EarlierClaim, ...]:
    """A learner's standing claims but for the one looked at (of full awards for one qualification there is but one).

    Those made under another account of the same candidate are always others.
    """
    if kind is ClaimKind.FULL_AWARD:
        mine = (qualification_id, kind, "")
        return tuple(one for one in claims if (one.qualification_id, one.kind, one.account) != mine)
    return tuple(one for one in claims if one.claim_id != claim_id)


def shared_ulns(store: Store) -> UlnHolders:
    """The ULNs that several accounts carry, in Moodle or in a registration, and whose they are."""
    return uln_holders(_written_ulns(store), store_confirmations.uln_owners(store))


def uln_carriers(store: Store, uln: str) -> frozenset[str]:
    """The learners who carry a ULN, in Moodle or in a registration."""
    return frozenset(learner for text, learner in _written_ulns(store) if squeezed(text) == squeezed(uln) != "")


def _written_ulns(store: Store) -> list[tuple[str, str]]:
    written = [(learner.uln, learner.lms_id) for learner in store_lms.learners(store)]
    return written + [(one.uln, one.learner_id) for one in store_claims.registrations(store)]
