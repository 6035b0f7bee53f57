"""What a claim's gates look at, gathered from the store for one qualification at a time. Reads; never writes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from nvqsync import store_centre, store_claims, store_confirmations, store_lms, store_quality
from nvqsync.bootstrap import App
from nvqsync.centre import CentreFacts
from nvqsync.check_characters import PLACEHOLDER_ULN
from nvqsync.gates import ClaimFacts, EarlierClaim, registration_for
from nvqsync.model import ClaimKind, Qualification, Registration, UnitOutcome
from nvqsync.progress import LearnerProgress
from nvqsync.proposing import units_met
from nvqsync.quality import Release, Simulation
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Known:
    """Everything recorded that bears on claims for one qualification; mappings go by learner.

    ``centre`` is told for the main site; ``numbers`` are the centre's numbers with the body by site.
    """

    centre: CentreFacts
    numbers: Mapping[str, str]
    today: dt.date
    registrations: Mapping[str, tuple[Registration, ...]]
    same_uln: Mapping[str, tuple[str, ...]]
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
        self, row: LearnerProgress, kind: ClaimKind, units: tuple[UnitOutcome, ...] | None = None
    ) -> ClaimFacts:  # fmt: skip
        """All that a gate may look at for one learner's claim of this kind.

        ``units`` are those of a unit claim, which is met when each of them is achieved; a full award rests on the units
        that the verdict counts.
        """
        learner = row.learner.lms_id
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
            same_uln=self.same_uln.get(learner, ()),
            today=self.today,
            learner_status=self.statuses.get(learner, ""),
            alarms=self.alarms,
            releases=self.releases.get(learner, ()),
            simulations=self.simulations.get(learner, ()),
            earlier=self.earlier.get(learner, ()),
        )


def gather(app: App, store: Store, qualification: Qualification, same_uln: Mapping[str, tuple[str, ...]]) -> Known:
    """What the store holds on one qualification. ``same_uln`` is ``shared_ulns``, read once."""
    registered: dict[str, list[Registration]] = defaultdict(list)
    for registration in store_claims.registrations(store, qualification.id):
        registered[registration.learner_id].append(registration)
    record = store_centre.read(store)
    return Known(
        centre=record.facts(qualification),
        numbers=record.sites(qualification.awarding_body),
        today=app.today,
        registrations={learner: tuple(found) for learner, found in registered.items()},
        same_uln=same_uln,
        statuses=store_confirmations.statuses(store),
        alarms=tuple(sorted(store_lms.alarms(store))),
        releases=store_quality.releases_by_learner(store, qualification.id),
        simulations=store_quality.simulations_by_learner(store, qualification.id),
        earlier={},
    )


def shared_ulns(store: Store) -> dict[str, tuple[str, ...]]:
    """By learner, the other accounts that carry the same ULN, in Moodle or in a registration.

    The placeholder belongs to nobody.
    """
    holders: dict[str, dict[str, None]] = defaultdict(dict)
    written = [(learner.uln, learner.lms_id) for learner in store_lms.learners(store)]
    written += [(registration.uln, registration.learner_id) for registration in store_claims.registrations(store)]
    for number, learner_id in written:
        uln = "".join(number.split())
        if uln and uln != PLACEHOLDER_ULN:
            holders[uln][learner_id] = None
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for same in holders.values():
        for one in same if len(same) > 1 else ():
            found[one].update((other, None) for other in same if other != one)
    return {one: tuple(others) for one, others in found.items()}
