"""Every gate there is, shared or a body's own, with facts that just pass and facts that just fail."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.centre import EndDate
from nvqsync.clock import day
from nvqsync.gates import Gate, Severity, run_gates
from nvqsync.gating.core_gates import CORE_GATES
from nvqsync.model import ClaimKind, EarlierClaim, Entry, LmsMember, Registration, UnitOutcome, UnitStatus
from nvqsync.plugin_manager import load_plugins
from nvqsync.quality import Simulation
from tests.unit.claim_records import CENTRE, LEARNER, REGISTRATION, SIGNED, TODAY, facts, outcome, qualification

YESTERDAY, TOMORROW = TODAY - dt.timedelta(days=1), TODAY + dt.timedelta(days=1)
UNITS_ENTRY = replace(REGISTRATION, entry=Entry.UNITS)
GATES = (*CORE_GATES, *load_plugins(entry_points=False).gates)
EARLIER = EarlierClaim(4, "OCR/90001", ClaimKind.UNITS, ("F/100/0001",), "10000007", True)
SIMULATION = Simulation("7", "OCR/10378", "F/100/0001", "5", TODAY, TODAY, "Once: no such customer came.")


def centre(**changes: Any) -> dict[str, Any]:
    return {"centre": replace(CENTRE, **changes)}


def learner(**changes: Any) -> dict[str, Any]:
    return {"learner": replace(LEARNER, **changes)}


def registered(**changes: Any) -> dict[str, Any]:
    return {"registrations": (replace(REGISTRATION, **changes),)}


def marked(caution: str) -> dict[str, Any]:
    return {"units": (outcome("A3"), outcome("F1", cautions=(caution,)))}


def resting(code: str, *methods: str, criteria: bool = True, attempt: int = 0) -> UnitOutcome:
    """A unit that rests on a decision for each method, on criteria or on the whole unit."""
    usual = outcome(code)
    decisions = [
        replace(usual.decisions[0], criterion=f"1.{n}" * criteria, method=method, attempt=attempt)
        for n, method in enumerate(methods, 1)
    ]
    return replace(usual, decisions=tuple(decisions))


def under(qualification_id: str, *units: UnitOutcome, **changes: Any) -> dict[str, Any]:
    """A claim for units under a qualification of this id, all else as usual."""
    body, _, code = qualification_id.partition("/")
    found = replace(qualification(body), id=qualification_id, code=code)
    if qualification_id == "OCR/10378":
        found = replace(found, methods=())
    return {"qualification": found, "units": units or (outcome("F1"),), **changes}


UNSIGNED = replace(outcome("F1"), signed_off_by="")
UNDATED = replace(outcome("F1"), achieved_at=None)
TRANSFERRED = replace(outcome("F1"), status=UnitStatus.TRANSFERRED, decisions=(), signed_off_by="")
CLOSED = replace(qualification(), registration_closed=True)

# Gate id: [facts that just pass], [facts that just fail], and a word its sentence must hold.
CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], str]] = {
    "CLM-1": (
        [{"met": True}, {"met": False, "kind": ClaimKind.UNITS}],
        [{"met": False}, {"met": False, "undecided": True}],
        "rule",
    ),
    "CLM-1/units": (
        [{}, {"units": (outcome("A3"), TRANSFERRED)}],
        [{"units": (outcome("A3"), replace(outcome("F1"), status=UnitStatus.READY))}, {"units": ()}],
        "unit",
    ),
    "CLM-2": (
        [
            {"kind": ClaimKind.UNITS, "earlier": (EARLIER,), "units": (outcome("A3"),)},
            {"kind": ClaimKind.FULL_AWARD, "earlier": (EARLIER, replace(EARLIER, account="8"))},
            {"earlier": (replace(EARLIER, account="8", kind=ClaimKind.FULL_AWARD, qualification_id="OCR/90002"),)},
        ],
        [
            {"kind": ClaimKind.UNITS, "earlier": (EARLIER,), "units": (outcome("A3"), outcome("F1"))},
            {"kind": ClaimKind.UNITS, "earlier": (replace(EARLIER, account="8"),), "units": (outcome("F1"),)},
            {"earlier": (replace(EARLIER, account="8", kind=ClaimKind.FULL_AWARD),)},
        ],
        "claim 4",
    ),
    "CLM-7": (
        [under("EDI/1"), under("EDI/1", TRANSFERRED), under("NCFE/1", UNSIGNED)],
        [under("EDI/1", UNSIGNED), under("EDI/1", UNDATED)],
        "F1",
    ),
    "CAR-1": (
        [under("OCR/1"), under("OCR/1", TRANSFERRED), under("NCFE/1", UNSIGNED)],
        [under("OCR/1", UNSIGNED), under("OCR/1", UNDATED), under("OCR/10378", UNSIGNED)],
        "F1",
    ),
    "EV/method": (
        [
            {"units": (resting("F1", "O", "QW"),)},
            {"units": (TRANSFERRED,)},
            {
                "units": (
                    replace(
                        outcome("F1"),
                        decisions=(*resting("F1", "", criteria=False).decisions, *resting("F1", "O").decisions),
                    ),
                )
            },
        ],
        [{"units": (resting("F1", "O", ""),)}, {"units": (resting("F1", "", criteria=False),)}],
        "F1",
    ),
    "EV-4": (
        [
            under("OCR/10378", resting("F1", "EWT", "O")),
            under("OCR/10378", resting("F1", "")),
            under("OCR/03455", resting("F1", "EWT")),
        ],
        [under("OCR/10378", resting("F1", "EWT", "EWT")), under("OCR/10378", resting("F1", "wt", criteria=False))],
        "F1",
    ),
    "EV-4/nvq": (
        [under("OCR/03455", resting("F1", "EWT", "O")), under("OCR/10378", resting("F1", "EWT"))],
        [under("OCR/03455", resting("F1", "EWT")), under("OCR/03456", resting("F1", "EWT", "EWT"))],
        "F1",
    ),
    "SIM-1/level": (
        [
            under("OCR/03455", resting("C1", "O")),
            under("OCR/03454", resting("C1", "S")),
            under("OCR/03455", resting("C1", "")),
        ],
        [under("OCR/03455", resting("C1", "S")), under("OCR/03455", resting("C1", "O", "S"))],
        "C1",
    ),
    "SIM-6": (
        [
            under("OCR/10378", resting("F1", "SIM"), simulations=(SIMULATION,)),
            under("OCR/10378", resting("F1", "O")),
            under("OCR/03455", resting("F1", "S")),
        ],
        [
            under("OCR/10378", resting("F1", "SIM")),
            under("OCR/10378", resting("F1", "SIM"), simulations=(replace(SIMULATION, reason=" "),)),
        ],
        "F1",
    ),
    "UNIT-5": (
        [under("OCR/03455", resting("F1", "O", attempt=1)), under("OCR/10378", resting("F1", "O", attempt=5))],
        [
            under("OCR/03455", resting("F1", "O", attempt=2)),
            under("OCR/03454", outcome("A3"), resting("F1", "O", attempt=3)),
        ],
        "F1",
    ),
    "ENT-4": (
        [{}, {"qualification": CLOSED, **centre(registration_end=EndDate(True, TODAY))}],
        [{"qualification": CLOSED}, {"qualification": CLOSED, **centre(registration_end=EndDate())}],
        "register",
    ),
    "ENT-5": (
        [
            under("NCFE/1", **centre(registration_end=EndDate(True, dt.date(2025, 11, 20)))),
            under("NCFE/1"),
            under("OCR/1", **centre(registration_end=EndDate(True, dt.date(2020, 1, 1)))),
            under("NCFE/1", **centre(registration_end=EndDate(True, dt.date(2024, 2, 29))), today=dt.date(2025, 2, 28)),
        ],
        [
            under("NCFE/1", **centre(registration_end=EndDate(True, dt.date(2025, 11, 19)))),
            under("NCFE/1", **centre(registration_end=EndDate(True, dt.date(2024, 2, 29))), today=dt.date(2025, 3, 1)),
        ],
        "a year",
    ),
    "ENT-5/soon": (
        [
            under("NCFE/1", **centre(registration_end=EndDate(True, dt.date(2026, 2, 19)))),
            under("NCFE/1", **centre(registration_end=EndDate(True, dt.date(2025, 11, 19)))),
        ],
        [
            under("NCFE/1", **centre(registration_end=EndDate(True, dt.date(2026, 2, 18)))),
            under("NCFE/1", **centre(registration_end=EndDate(True, dt.date(2025, 11, 20)))),
        ],
        "a year",
    ),
    "ENT-1": (
        [
            {"registrations": (REGISTRATION,)},
            {"registrations": (REGISTRATION, UNITS_ENTRY), "kind": ClaimKind.UNITS},
            {"registrations": (UNITS_ENTRY,), "kind": ClaimKind.UNITS},
        ],
        [{"registrations": (UNITS_ENTRY,)}, {"registrations": (REGISTRATION, UNITS_ENTRY)}],
        "entered",
    ),
    "ENT-2": ([{}], [{"registrations": ()}], "registrations import"),
    "ID-05": (
        [learner(uln="100 000 0094"), learner(uln=""), learner(uln="9999999999")],
        [learner(uln="1000000095"), learner(uln="0000000000"), learner(uln="12345"), registered(uln="1000000095")],
        "Correct it",
    ),
    "ID-05/shared": ([{"same_uln": ()}], [{"same_uln": ("8",)}], "same ULN"),
    "ID-06": (
        [{}, registered(uln="9999999999"), {**learner(uln=""), **registered(uln="1000000094")}],
        [learner(uln=""), learner(uln="9999999999")],
        "blank",
    ),
    "ID-10": (
        [{}, {**learner(date_of_birth=None), **registered(date_of_birth=dt.date(2007, 3, 1))}],
        [learner(date_of_birth=None)],
        "date of birth",
    ),
    "ID-10/name": (
        [registered(name="sasha  INVENTED"), registered(name="")],
        [registered(name="Alex Invented")],
        "registered name",
    ),
    "LMS-1": ([{}], [marked("gradebook-differs")], "F1"),
    "LMS-2": (
        [{}, learner(active=False) | {"learner_status": "leaver"}],
        [learner(active=False)],
        "suspended",
    ),
    "LMS-3": ([{}], [marked("source-gone")], "F1"),
    "LMS-7": ([{}], [marked("being-resubmitted")], "F1"),
    "LMS-8": ([{}, {"alarms": ("2",)}], [{"alarms": ("1",)}], "Course 1"),
    "LMS-9": ([{}], [marked("source-gone-confirmed")], "F1"),
    "LMS-4": ([{}], [marked("unknown-grader")], "F1"),
    "LMS-5": ([{}], [marked("team-grade")], "F1"),
    "LMS-6": ([{}], [marked("hidden-activity")], "F1"),
    "REG-1": (
        [registered(registered_on=day(SIGNED))],
        [registered(registered_on=day(SIGNED) + dt.timedelta(days=1))],
        "A3",
    ),
    "ROC": ([{}], [{"verdict_cautions": ("A unit is read narrowly.",)}], "narrowly"),
}


def gate(gate_id: str) -> Gate:
    return next(one for one in GATES if one.id == gate_id)


def found(changes: dict[str, Any]) -> dict[str, str]:
    return {finding.id: finding.says for finding in run_gates(GATES, facts(**changes))}


def test_every_gate_is_tried_both_ways() -> None:
    """A gate that the core or a body's plugin adds without a case here is named."""
    assert sorted(CASES) == sorted(one.id for one in GATES)
    assert all(passing and failing for passing, failing, _ in CASES.values())


def test_the_usual_facts_pass_every_gate() -> None:
    """So whatever a case below finds is of its own making."""
    assert run_gates(GATES, facts()) == ()


@pytest.mark.parametrize("gate_id", CASES)
def test_a_gate_passes_what_just_passes(gate_id: str) -> None:
    """No finding under this id, at the very edge of what is allowed."""
    for changes in CASES[gate_id][0]:
        assert gate_id not in found(changes)


@pytest.mark.parametrize("gate_id", CASES)
def test_a_gate_finds_what_just_fails(gate_id: str) -> None:
    """A finding under this id, with its severity, in words that name the matter and end a sentence."""
    _, failing, word = CASES[gate_id]
    for changes in failing:
        finding = next(one for one in run_gates(GATES, facts(**changes)) if one.id == gate_id)
        assert finding.severity is gate(gate_id).severity
        assert word.casefold() in finding.says.casefold()
        assert finding.says.endswith(".")


def test_a_gate_has_an_id_of_its_own_and_a_source() -> None:
    """Ids are what claims, notes and reports refer to."""
    assert len({one.id for one in GATES}) == len(GATES)
    assert all(one.says and one.source for one in GATES)


def test_blockers_come_first_and_narrow_gates_keep_to_their_body() -> None:
    """ENT-1 is OCR's rule; an EDI candidate entered for units is not stopped by it."""
    many = facts(met=False, learner=LmsMember("7", "Other Name"), registrations=(REGISTRATION,))
    severities = [finding.severity for finding in run_gates(GATES, many)]
    assert Severity.BLOCKS in severities
    assert Severity.CAUTIONS in severities
    assert severities == sorted(severities, key=lambda severity: severity is not Severity.BLOCKS)
    edi = {"qualification": qualification("EDI"), "registrations": (UNITS_ENTRY,)}
    assert "ENT-1" not in found(edi)


def test_the_registration_for_the_claims_kind_comes_first() -> None:
    """A learner entered for units and for the full award is judged by the entry that the claim is made under."""
    both = (UNITS_ENTRY, replace(REGISTRATION, candidate_number="20000007"))
    assert facts(registrations=both).registration == both[1]
    assert facts(registrations=both, kind=ClaimKind.UNITS).registration == both[0]
    assert facts(registrations=(UNITS_ENTRY,)).registration == UNITS_ENTRY


@given(st.text(" \t", max_size=3), st.text(" \t", max_size=3))
def test_a_uln_with_blanks_is_the_same_number(left: str, middle: str) -> None:
    """However it is spaced, it is neither bad nor missing."""
    spaced = f"{left}100000{middle}0094"
    assert not {"ID-05", "ID-06"} & found(learner(uln=spaced)).keys()


@given(st.builds(Registration, st.just("7"), st.just("OCR/90001"), st.just("OCR"), st.dates(), st.sampled_from(Entry)))
def test_a_registration_never_makes_the_gates_stumble(registration: Registration) -> None:
    """Whatever the day and entry, each finding is a sentence under a known id."""
    known = {one.id for one in GATES}
    assert found({"registrations": (registration,)}).keys() <= known
