"""Declarations: which a claim asks for, how many at most, and how long they stand."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.adjustments import Adjustment, AdjustmentKind
from nvqsync.answering import Said, approval_gaps
from nvqsync.claims import Status
from nvqsync.declaring import MOST, Answers, Declared, Note, due
from nvqsync.gates import Finding, Severity
from nvqsync.gating.core_declarations import CORE_DECLARATIONS
from nvqsync.model import ClaimKind, Qualification, UnitStatus
from nvqsync.plugin_manager import load_plugins
from nvqsync.proposing import Claim
from tests.unit.claim_records import ENOUGH, claim, facts, outcome, row

PLUGINS = load_plugins(entry_points=False)
DECLARATIONS = (*CORE_DECLARATIONS, *PLUGINS.declarations)
QUALIFICATIONS = tuple(PLUGINS.catalogue.qualifications.values())

RPL = Adjustment("7", "OCR/90001", AdjustmentKind.RPL, "Worked there", "CV", "officer", 0, "F/100/0001")
RESUBMITTED = replace(outcome("A3"), decisions=(replace(outcome("A3").decisions[0], attempt=2, method="S"),))
SIMULATED = replace(outcome("C1"), decisions=(replace(outcome("C1").decisions[0], method="SIM"),))
TRANSFERRED = replace(outcome("F1"), status=UnitStatus.TRANSFERRED, decisions=(), signed_off_by="")


def asked(qualification: Qualification, **changes: object) -> list[str]:
    return [one.id for one in due(DECLARATIONS, facts(qualification=qualification, **changes))]


@pytest.mark.parametrize(
    ("qualification", "kind"), list(product(QUALIFICATIONS, ClaimKind)), ids=lambda one: getattr(one, "id", str(one))
)
def test_no_claim_asks_for_more_than_six(qualification: Qualification, kind: ClaimKind) -> None:
    """Not even one with a transfer, prior learning, resubmissions and simulation, nor if all that applies were due."""
    units = (RESUBMITTED, SIMULATED, TRANSFERRED, outcome("F1"))
    most = asked(qualification, kind=kind, units=units, adjustments=(RPL,))
    assert 2 <= len(most) <= MOST
    assert sum(one.applies(qualification) for one in DECLARATIONS) <= MOST


def test_each_body_asks_for_its_own() -> None:
    """The shared ones everywhere, a body's only with its own qualifications."""
    by_id = PLUGINS.catalogue.qualifications
    assert asked(by_id["OCR/03455"]) == ["candidate", "evidence", "ocr/evidence", "ocr/records"]
    assert asked(by_id["OCR/10378"]) == ["candidate", "evidence", "ocr/evidence-10378", "ocr/records"]
    assert asked(by_id["EDI/L2-CS"]) == ["candidate", "evidence", "edi/claim-to-competence", "edi/evidence-matrix"]
    assert asked(by_id["NCFE/50102874"]) == ["candidate", "evidence"]


@pytest.mark.parametrize(
    ("qualification", "changes", "name"),
    [
        ("NCFE/50102874", {"units": (outcome("A3"), TRANSFERRED)}, "elsewhere"),
        ("NCFE/50102874", {"adjustments": (RPL,)}, "elsewhere"),
        ("OCR/03455", {"units": (RESUBMITTED,)}, "ocr/resubmissions"),
        ("OCR/10378", {"units": (RESUBMITTED,)}, "ocr/assessment-10378"),
        ("OCR/10378", {"units": (SIMULATED,)}, "ocr/assessment-10378"),
    ],
)
def test_a_declaration_is_asked_for_where_it_bears_on_something(
    qualification: str, changes: dict[str, object], name: str
) -> None:
    """Transfers, prior learning, resubmissions and simulation each bring theirs, and without them it is not asked."""
    found = PLUGINS.catalogue.qualifications[qualification]
    assert name not in asked(found)
    assert name in asked(found, **changes)


def test_a_transfer_alone_asks_for_no_evidence_of_ours() -> None:
    """A claim that rests wholly on credit from elsewhere says nothing of criteria met here."""
    assert "evidence" not in asked(PLUGINS.catalogue.qualifications["NCFE/50102874"], units=(TRANSFERRED,))


# ---------------------------------------------------------------- what stands, and what is still to be said


NAMES = ("candidate", "evidence", "acme/visit")


def waiting(declarations: tuple[str, ...], cautions: tuple[str, ...]) -> Claim:
    findings = [Finding(name, Severity.CAUTIONS, f"{name} says.") for name in cautions]
    findings += [Finding(name, Severity.DECLARES, f"I declare {name}.") for name in declarations]
    return claim(row(*ENOUGH), Status.PROPOSED, tuple(findings))


def answered(one: Claim) -> Answers:
    """Everything the claim asks for, said on its facts."""
    made = (Declared(one.id, d.id, d.says, one.fingerprint, "officer", 1) for d in one.declarations)
    about = tuple((caution.id, caution.says) for caution in one.cautions)
    return Answers(tuple(made), (Note(one.id, "Seen.", about, one.fingerprint, "officer", 1),))


some = st.lists(st.sampled_from(NAMES), unique=True).map(tuple)
cautions = st.lists(st.sampled_from(["ID-06", "ROC", "REG-1"]), unique=True).map(tuple)


@given(some, cautions)
def test_nothing_said_leaves_everything_to_say(declarations: tuple[str, ...], cautions: tuple[str, ...]) -> None:
    """Each declaration and each caution is named; with all of them answered none is."""
    one = waiting(declarations, cautions)
    assert {gap.id for gap in approval_gaps(one, Answers())} == {*declarations, *cautions}
    assert approval_gaps(one, Answers(), Said(frozenset(declarations), "Seen.")) == ()
    assert approval_gaps(one, answered(one)) == ()


@given(some, some, cautions, cautions)
def test_what_was_said_stands_for_what_it_was_said_of(
    before: tuple[str, ...], now: tuple[str, ...], noted: tuple[str, ...], standing: tuple[str, ...]
) -> None:
    """On the same facts a claim is asked for what is new, and for nothing else."""
    said, one = answered(waiting(before, noted)), waiting(now, standing)
    assert {gap.id for gap in approval_gaps(one, said)} == {*(set(now) - set(before)), *(set(standing) - set(noted))}


@given(some, cautions)
def test_changed_facts_ask_for_everything_again(declarations: tuple[str, ...], cautions: tuple[str, ...]) -> None:
    """Nothing that was said of other facts counts."""
    one = waiting(declarations, cautions)
    changed = replace(one, fingerprint="other")
    assert {gap.id for gap in approval_gaps(changed, answered(one))} == {*declarations, *cautions}


def test_a_blank_note_is_no_note_and_a_changed_sentence_is_not_signed() -> None:
    """Blanks say nothing; whoever signed other words has not signed these."""
    one = waiting(("candidate",), ("ROC",))
    assert [gap.id for gap in approval_gaps(one, Answers(), Said(frozenset({"candidate"}), "  "))] == ["ROC"]
    reworded = replace(one, declarations=(replace(one.declarations[0], says="I declare something else."),))
    assert [gap.id for gap in approval_gaps(reworded, answered(one))] == ["candidate"]
