"""What a claim's gates look at, gathered from the store for one qualification at a time. Reads; never writes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from nvqsync import store_claims, store_confirmations, store_lms
from nvqsync.bootstrap import App
from nvqsync.centre import CentreFacts
from nvqsync.check_characters import PLACEHOLDER_ULN
from nvqsync.gates import ClaimFacts, EarlierClaim
from nvqsync.model import ClaimKind, Qualification, Registration
from nvqsync.progress import LearnerProgress
from nvqsync.quality import Release, Simulation
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Known:
    """Everything recorded that bears on claims for one qualification; mappings go by learner."""

    centre: CentreFacts
    today: dt.date
    registrations: Mapping[str, tuple[Registration, ...]]
    same_uln: Mapping[str, tuple[str, ...]]
    statuses: Mapping[str, str]
    alarms: tuple[str, ...]
    releases: Mapping[str, tuple[Release, ...]]
    simulations: Mapping[str, tuple[Simulation, ...]]
    earlier: Mapping[str, tuple[EarlierClaim, ...]]

    def about(self, row: LearnerProgress, kind: ClaimKind) -> ClaimFacts:
        """All that a gate may look at for one learner's claim of this kind."""
        learner = row.learner.lms_id
        return ClaimFacts(
            learner=row.learner,
            qualification=row.qualification,
            kind=kind,
            registrations=self.registrations.get(learner, ()),
            centre=self.centre,
            met=row.verdict.met,
            undecided=row.verdict.undecided,
            units=row.counted,
            verdict_cautions=row.judgement.cautions,
            same_uln=self.same_uln.get(learner, ()),
            today=self.today,
            learner_status=self.statuses.get(learner, ""),
            alarms=self.alarms,
            releases=self.releases.get(learner, ()),
            simulations=self.simulations.get(learner, ()),
            earlier=self.earlier.get(learner, ()),
            adjustments=row.adjustments,
        )


def gather(app: App, store: Store, qualification: Qualification, same_uln: Mapping[str, tuple[str, ...]]) -> Known:
    """What the store and the settings hold on one qualification. ``same_uln`` is ``shared_ulns``, read once."""
    registered: dict[str, list[Registration]] = defaultdict(list)
    for registration in store_claims.registrations(store, qualification.id):
        registered[registration.learner_id].append(registration)
    return Known(
        centre=app.centre_facts(qualification),
        today=app.today,
        registrations={learner: tuple(found) for learner, found in registered.items()},
        same_uln=same_uln,
        statuses=store_confirmations.statuses(store),
        alarms=tuple(sorted(store_lms.alarms(store))),
        releases={},
        simulations={},
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
