"""The Guild keeps nvqsync's contract, and its rule, gates and declarations say what the handbook says."""

from __future__ import annotations

import datetime as dt
from importlib import metadata

import merrowdown_awards
import pytest
from merrowdown_awards.gates import GATES

from nvqsync.centre import CentreFacts
from nvqsync.declaring import due
from nvqsync.gates import ClaimFacts, run_gates
from nvqsync.model import ClaimKind, LmsItem, LmsMember, Qualification, Registration, UnitOutcome, UnitStatus
from nvqsync.plugin_manager import load_plugins
from nvqsync.rules import judge
from nvqsync.testing import AwardingBodyContract

PLUGINS = load_plugins()
FD2: Qualification = PLUGINS.catalogue.qualifications["MERROW/FD2"]
JUST_ENOUGH = ("M1", "M2", "V3", "V4", "P3")
"""4 + 4 + 4 + 5 + 3: twenty credits, two units of group B, one of group C."""


class TestContract(AwardingBodyContract):
    """What every awarding body's plugin keeps."""

    plugin = merrowdown_awards


def claim(registered_on: dt.date, *, transferred: bool = False) -> ClaimFacts:
    """A claim of somebody invented on 20 November 2026, with one unit."""
    status = UnitStatus.TRANSFERRED if transferred else UnitStatus.ACHIEVED
    unit = UnitOutcome("7", FD2.id, "R/601/1212", "V4", status)
    registration = Registration("7", FD2.id, "MERROW", registered_on)
    learner = LmsMember("7", "Sasha Invented", "S7")
    return ClaimFacts(
        learner, FD2, ClaimKind.FULL_AWARD, (registration,), CentreFacts("61"), True, False, (unit,), (), (),
        dt.date(2026, 11, 20),
    )  # fmt: skip


def test_nvqsync_finds_it_by_its_entry_point() -> None:
    """Installed is loaded: nothing else has to be said anywhere."""
    (entry,) = (one for one in metadata.entry_points(group="nvqsync") if one.name == "merrowdown")
    assert entry.load() is merrowdown_awards
    (listed,) = (one for one in PLUGINS.listing() if one.name == "merrowdown")
    assert (listed.distribution, listed.version) == ("merrowdown-awards", "1.0")
    assert {"7 units", "MERROW/FD2", "gate MERROW-5.1", "declaration merrow/desk", "match_unit"} <= set(listed.offers)


def test_a_candidate_who_just_passes_and_one_who_just_fails() -> None:
    """Twenty credits are enough, and without any one of their units they are not."""
    assert judge(FD2.rule, JUST_ENOUGH).met
    for code in JUST_ENOUGH:
        assert not judge(FD2.rule, [kept for kept in JUST_ENOUGH if kept != code]).met


@pytest.mark.parametrize(("one", "other"), [("V1", "V2"), ("P1", "P2")])
def test_of_a_barred_pair_one_counts(one: str, other: str) -> None:
    """Both may be held; one is left out, and a certificate is never lost by it."""
    verdict = judge(FD2.rule, [*JUST_ENOUGH, one, other])
    assert verdict.met
    assert len({one, other} & set(verdict.counted)) == 1


def test_a_barred_pair_can_be_what_is_missing() -> None:
    """Nineteen credits count of these twenty-two, because V1 and V2 are three and four of them."""
    verdict = judge(FD2.rule, ["M1", "M2", "V1", "V2", "V3", "P3"])
    assert (verdict.met, sum(len({code} & {"V1", "V2"}) for code in verdict.counted)) == (False, 1)


def test_credit_from_elsewhere_counts_up_to_eight() -> None:
    """M1 and V3 are eight and count; with P3 there are eleven, and one of the three is left out."""
    assert judge(FD2.rule, JUST_ENOUGH, transferred=["M1", "V3"]).met
    over = judge(FD2.rule, JUST_ENOUGH, transferred=["M1", "V3", "P3"])
    assert not over.met
    assert len({"M1", "V3", "P3"} & set(over.counted)) == 2


def test_a_claim_waits_eight_weeks() -> None:
    """The day itself is early enough; the day before is not, and the reader is told from when."""
    assert run_gates(GATES, claim(dt.date(2026, 9, 25))) == ()
    (finding,) = run_gates(GATES, claim(dt.date(2026, 9, 26)))
    assert finding.id == "MERROW-5.1"
    assert "from 2026-11-21" in finding.says


def test_credit_from_elsewhere_is_cautioned_and_declared() -> None:
    """A copy of the certificate goes along, and the approver has seen the original."""
    with_it, without = (claim(dt.date(2026, 9, 1), transferred=moved) for moved in (True, False))
    assert [finding.id for finding in run_gates(GATES, with_it)] == ["MERROW-4.3"]
    own = [one for one in PLUGINS.declarations if one.bodies == ("MERROW",)]
    assert [one.id for one in due(own, with_it)] == ["merrow/desk", "merrow/originals"]
    assert [one.id for one in due(own, without)] == ["merrow/desk"]


def test_hook_match_unit_reads_the_templates_names() -> None:
    """``Unit V3 - ...`` is V3 in the Guild's qualification, and nothing in anybody else's."""
    ocr = PLUGINS.catalogue.qualifications["OCR/03455"]
    item = LmsItem("1", "1", "Unit V3 - Help a visitor who is upset")
    assert merrowdown_awards.match_unit(FD2, item) == "V3"
    assert merrowdown_awards.match_unit(ocr, item) is None
    assert merrowdown_awards.match_unit(FD2, LmsItem("2", "1", "Unit V9 - Not there")) is None
