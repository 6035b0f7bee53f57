"""The demo college: after one cycle each gate stands on a claim, each declaration is asked for, each life is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.moodle.simulator import people
from nvqsync.claims import Status
from nvqsync.demo import Cycle, Demo, full_cycle, running, shown
from nvqsync.demo.cases import BESIDE, CASES, NOT_SHOWN, Case
from nvqsync.demo.formerly import LEARNER
from nvqsync.gates import Severity
from nvqsync.proposing import RECALL_NOTICE, Claim
from nvqsync.record_keeping.retention import holds
from nvqsync.storage import store_claims, store_lms, store_retention
from nvqsync.store import Store


@dataclass(frozen=True)
class Played:
    """A demo after its cycle, still running, with its claims."""

    demo: Demo
    store: Store
    cycle: Cycle
    claims: list[Claim]

    def of(self, name: str) -> list[Claim]:
        """The claims of the learner who plays a case."""
        player = next(one for one in self.demo.players if one.case.name == name)
        return [claim for claim in self.claims if claim.learner_id == player.lms_id]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """One full cycle of the demo as ``nvqsync demo --once`` runs it."""
    folder: Path = tmp_path_factory.mktemp("demo") / "college"
    with running(folder) as demo, demo.app.open_store() as store:
        cycle = full_cycle(demo, store, lambda line: None)
        yield Played(demo, store, cycle, store_claims.claims(store))


def standing(played: Played) -> Counter[str]:
    """How many claims have each finding."""
    return Counter(finding.id for claim in played.claims for finding in claim.findings)


def test_every_gate_stands_on_a_claim(played: Played) -> None:
    """Each gate of nvqsync and of the bodies blocks or cautions a claim, but for those that say why they cannot."""
    assert {gate.id for gate in played.demo.app.gates} - set(standing(played)) == set(NOT_SHOWN)


def test_every_declaration_is_asked_for(played: Played) -> None:
    """Each declaration of nvqsync and of the bodies is asked for by a claim."""
    asked = {one.id for claim in played.claims for one in claim.declarations}
    assert asked == {one.id for one in played.demo.app.declarations}


def test_gates_stand_with_the_severity_they_have(played: Played) -> None:
    """What blocks stands among the blockers, what cautions among the cautions."""
    known = {gate.id: gate.severity for gate in played.demo.app.gates} | {RECALL_NOTICE: Severity.CAUTIONS}
    found = {(one.id, one.severity) for claim in played.claims for one in (*claim.blockers, *claim.cautions)}
    assert found == {(id_, known[id_]) for id_, _ in found}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_shows_what_it_says(played: Played, case: Case) -> None:
    """The learner of a case has a claim with every gate and declaration that the case names."""
    known = {one.id for one in (*played.demo.app.gates, *played.demo.app.declarations)} | {RECALL_NOTICE}
    seen = {finding.id for claim in played.of(case.name) for finding in claim.findings}
    assert set(case.shows) & known <= seen
    assert played.of(case.name)


def test_what_is_told_beside_the_cases_is_there(played: Played) -> None:
    """What is told of the college as a whole stands on a claim too."""
    assert set(BESIDE) <= set(standing(played))


def test_everything_in_the_list_can_be_looked_up(played: Played) -> None:
    """Each line of --cases names a claim that exists."""
    rows = shown(played.demo.app, played.store, played.demo.players)
    assert {row.look_at for row in rows} <= {claim.id for claim in played.claims}
    assert {gate.id for gate in played.demo.app.gates} <= {row.what for row in rows}
    assert "made again" in {row.what for row in rows}


def test_most_learners_stay_ordinary(played: Played) -> None:
    """A good number of claims come to their certificate, whatever stands in the way of others."""
    assert 20 <= played.cycle.by_status["certificated"] <= 35


def test_the_counts_are_stable(played: Played) -> None:
    """The same seed gives the same college and the same lives."""
    counts = {"proposed": 61, "on_hold": 3, "awaiting_authorisation": 1, "certificated": 23, "returned": 3}
    assert played.cycle.by_status == counts


# ---------------------------------------------------------------- lives


def test_a_certificate_keyed_by_hand_was_received_and_handed_over(played: Played) -> None:
    """Who keyed, received and handed over is on record."""
    (claim,) = played.of("keyed by hand")
    assert claim.status is Status.CERTIFICATED
    assert claim.keyed_by and claim.certificate_number == "CERT-DEMO-1"
    assert (claim.received_by, claim.handed_over_by) == ("Exams office", "Reception")


def test_a_claim_held_by_a_person_has_their_code(played: Played) -> None:
    """The code and the words are kept."""
    (claim,) = played.of("on hold")
    assert (claim.status, claim.hold_code.value) == (Status.ON_HOLD, "details_queried")


def test_a_lost_grade_under_a_certificate_raises_a_recall_notice(played: Played) -> None:
    """The claim stays certificated and says what to do."""
    (claim,) = played.of("recall")
    assert claim.status is Status.CERTIFICATED
    assert claim.recall_notice


def test_a_leaver_has_a_unit_claim_that_went_out(played: Played) -> None:
    """What a leaver achieved is claimed, unit by unit."""
    (claim,) = played.of("leaver")
    assert claim.kind.value == "units"
    assert claim.status in {Status.AWAITING_AUTHORISATION, Status.CERTIFICATED}


def test_a_progression_names_where_its_unit_was_achieved(played: Played) -> None:
    """A Level 1 unit counts in the Level 2 award, as achieved under the other one."""
    (claim,) = played.of("progression")
    assert [unit["code"] for unit in claim.facts["units"] if unit["progressed_from"]] == ["F2"]
    assert claim.status is Status.CERTIFICATED


def test_a_credit_transfer_is_marked_on_the_claim(played: Played) -> None:
    """The unit certificated elsewhere counts, as transferred."""
    (claim,) = played.of("credit transfer")
    assert [unit["unit_reference"] for unit in claim.facts["units"] if unit["transferred"]] == ["T/601/1509"]


def test_the_visit_authorises_all_but_what_came_after_it(played: Played) -> None:
    """EDI and NCFE give no direct claim status: some claims are certificated after the visit, one of each waits."""
    for body in ("EDI", "NCFE"):
        mine = [claim for claim in played.claims if claim.awarding_body == body]
        waits = [claim for claim in mine if any(one.id.startswith("SIGN-OFF/") for one in claim.blockers)]
        assert len(waits) == 1
        assert any(claim.status is Status.CERTIFICATED for claim in mine)


def test_one_learners_records_are_due(played: Played) -> None:
    """Retention has somebody to anonymise: a learner of years ago, of whom nothing was claimed."""
    today = played.demo.app.today
    due = [one for one in store_retention.records(played.store) if not any(h.stands(today) for h in holds(one, {}))]
    assert [one.learner_id for one in due] == [LEARNER.lms_id]


# ---------------------------------------------------------------- nobody is real


def test_nobody_is_real(played: Played) -> None:
    """Every name is made of the simulated college's invented ones, and nobody has a telephone number or an address."""
    first = {*people.FIRST_NAMES, *(name for name, _ in people.RARE_NAMES)}
    users = played.demo.moodle.college.users.values()
    learners = [user for user in users if user.username.startswith("s")]
    assert {user.first_name for user in learners} <= first
    assert all(user.email.endswith(".test") or user.deleted for user in users)
    assert {one.name for one in store_lms.learners(played.store)} <= {LEARNER.name, *(one.full_name for one in users)}
