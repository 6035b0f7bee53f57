"""Every gate that rests on the centre's own records, with facts that just pass and facts that just fail."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.centre import EndDate, Sanction, Staff, StaffRole, Visit
from nvqsync.centres.centre_lacks import lack, lacks
from nvqsync.clock import day
from nvqsync.gates import Gate, run_gates
from nvqsync.gating.centre_gates import CENTRE_GATES, visit_in_closed_weeks
from nvqsync.gating.shared_gates import SHARED_GATES
from tests.unit.claim_records import CENTRE, REGISTRATION, SIGNED, TODAY, facts, outcome, qualification

DAY = dt.timedelta(days=1)
YESTERDAY, TOMORROW = TODAY - DAY, TODAY + DAY
LAST_UNIT = day(SIGNED)
CHECKED = dt.date(2026, 9, 1)
VISIT = Visit("OCR/90001", LAST_UNIT, "Ottilie Brandt")
SANCTION = Sanction("OCR/90001", "level 3", "Retrain every assessor.", YESTERDAY, stops_claims=True)


def centre(**changes: Any) -> dict[str, Any]:
    return {"centre": replace(CENTRE, **changes)}


def body(name: str, **changes: Any) -> dict[str, Any]:
    """A qualification of another body, whose centre holds no direct claim status unless a case says so."""
    return {"qualification": qualification(name), **centre(**{"direct_claim_from": None, **changes})}


def ends(on: dt.date | None) -> EndDate:
    return EndDate(True, on, CHECKED)


def published(**changes: Any) -> dict[str, Any]:
    """A qualification whose body published its certification end date."""
    on = dt.date(2028, 8, 31)
    known = replace(qualification(), certification_end_on=on, **changes)
    return {"qualification": known, **centre(certification_end=EndDate(True, on))}


def authorising(name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str]:
    """The cases of a body whose claims go nowhere before a visit authorised them."""
    named = replace(VISIT, learners=("7",))
    up_to = replace(VISIT, on=TODAY, everyone_up_to=LAST_UNIT)
    passing = [
        body(name, direct_claim_from=TODAY),
        body(name, visits=(named,)),
        body(name, visits=(up_to,)),
        body("OCR"),
    ]
    failing = [
        body(name),
        body(name, direct_claim_from=TOMORROW),
        body(name, visits=(VISIT,)),
        body(name, visits=(replace(named, learners=("8",)),)),
        body(name, visits=(replace(named, on=LAST_UNIT - DAY),)),
        body(name, visits=(replace(up_to, everyone_up_to=LAST_UNIT - DAY),)),
        body(name, visits=(replace(named, done=False),)),
        body(name, visits=(replace(named, on=TOMORROW),)),
        body(name, direct_claim_from=YESTERDAY, sanctions=(replace(SANCTION, stops_direct_claims=True),)),
    ]
    return passing, failing, "nvqsync centre visit"


# Gate id: [facts that just pass], [facts that just fail], and words its sentence must hold.
CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], str]] = {
    "SIGN-OFF/advisor": authorising("EDI"),
    "SIGN-OFF/eqa": authorising("NCFE"),
    "CLM-5": (
        [
            centre(visits=(replace(VISIT, final=True, on=TODAY),)),
            centre(visits=(replace(VISIT, on=YESTERDAY),)),
            centre(visits=(replace(VISIT, final=True, on=YESTERDAY, done=False),)),
            centre(visits=(replace(VISIT, final=True, on=YESTERDAY),), direct_claim_to=YESTERDAY),
            body("NCFE", direct_claim_from=CHECKED, visits=(replace(VISIT, final=True, on=YESTERDAY),)),
        ],
        [centre(visits=(replace(VISIT, final=True, on=YESTERDAY),))],
        "nvqsync centre direct-claims OCR/90001 --from 2025-09-01 --to 2026-11-19",
    ),
    "CLM-5/visit": (
        [
            centre(certification_end=ends(TODAY + 184 * DAY)),
            centre(certification_end=ends(TODAY + 183 * DAY), direct_claim_from=None),
            centre(
                certification_end=ends(TODAY + 183 * DAY),
                visits=(replace(VISIT, on=TODAY + 182 * DAY, done=False, final=True),),
            ),
        ],
        [
            centre(certification_end=ends(TODAY + 183 * DAY)),
            centre(certification_end=ends(TODAY + 183 * DAY), visits=(replace(VISIT, done=False),)),
            centre(
                certification_end=ends(TODAY + 183 * DAY),
                visits=(replace(VISIT, on=TODAY + 183 * DAY, done=False, final=True),),
            ),
        ],
        "--planned --final",
    ),
    "ENT-2/approval": (
        [centre(approved_on=TODAY)],
        [centre(approved_on=None), centre(approved_on=TOMORROW)],
        "approval",
    ),
    "ENT-2/centre": ([{}], [centre(centre_number="")], "nvqsync centre number OCR NUMBER"),
    "ENT-6": (
        [centre(certification_end=ends(TODAY)), centre(certification_end=ends(None)), published()],
        [
            centre(certification_end=ends(YESTERDAY)),
            centre(certification_end=EndDate()),
            centre(certification_end=EndDate(True, None)),
            centre(certification_end=EndDate(True, TODAY)),
        ],
        "OCR/90001",
    ),
    "ENT-6/entry": (
        [
            centre(registration_end=ends(REGISTRATION.registered_on)),
            {**published(registration_closed=True), **centre(registration_end=EndDate())},
        ],
        [
            centre(registration_end=ends(REGISTRATION.registered_on - DAY)),
            centre(registration_end=EndDate()),
            centre(registration_end=EndDate(True, None)),
        ],
        "registration",
    ),
    "ENT-6/soon": (
        [centre(certification_end=ends(TODAY + 91 * DAY))],
        [centre(certification_end=ends(TODAY + 90 * DAY))],
        "closes on",
    ),
    "VIS-3": (
        [
            centre(sanctions=(replace(SANCTION, stops_claims=False, stops_direct_claims=True),)),
            centre(sanctions=(replace(SANCTION, from_on=TOMORROW),)),
            centre(sanctions=(replace(SANCTION, lifted_on=TODAY),)),
        ],
        [
            centre(sanctions=(replace(SANCTION, from_on=TODAY),)),
            centre(sanctions=(replace(SANCTION, lifted_on=TOMORROW),)),
        ],
        "Retrain every assessor",
    ),
}


def gate(gate_id: str) -> Gate:
    return next(one for one in CENTRE_GATES if one.id == gate_id)


def found(changes: dict[str, Any]) -> dict[str, str]:
    return {finding.id: finding.says for finding in run_gates(CENTRE_GATES, facts(**changes))}


def test_every_gate_is_tried_both_ways() -> None:
    """A gate added without a case here is named; each has an id that no other gate of the core has, and a source."""
    assert sorted(CASES) == sorted(one.id for one in CENTRE_GATES)
    assert all(passing and failing for passing, failing, _ in CASES.values())
    assert len({one.id for one in SHARED_GATES}) == len(SHARED_GATES)
    assert all(one.says and one.source for one in CENTRE_GATES)


def test_the_usual_facts_pass_every_gate() -> None:
    """So whatever a case below finds is of its own making."""
    assert run_gates(CENTRE_GATES, facts()) == ()


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
        finding = next(one for one in run_gates(CENTRE_GATES, facts(**changes)) if one.id == gate_id)
        assert finding.severity is gate(gate_id).severity
        assert word.casefold() in finding.says.casefold()
        assert finding.says.endswith(".")


def test_the_last_day_counts_to_its_last_second_in_london() -> None:
    """On 31 August London is an hour ahead of UTC: 22:59:59 UTC is still the day, a second later is not."""
    last = centre(certification_end=ends(dt.date(2027, 8, 31)))
    second = int(dt.datetime(2027, 8, 31, 22, 59, 59, tzinfo=dt.UTC).timestamp())
    assert "ENT-6" not in found({**last, "today": day(second)})
    assert "ENT-6" in found({**last, "today": day(second + 1)})


@given(st.dates(dt.date(2024, 1, 1), dt.date(2030, 1, 1)), st.dates(dt.date(2024, 1, 1), dt.date(2030, 1, 1)))
def test_an_end_date_is_inclusive_whatever_it_is(end: dt.date, today: dt.date) -> None:
    """A claim is stopped exactly when the day is over; the caution before that never stands beside the stop."""
    findings = found({**centre(certification_end=ends(end)), "today": today})
    assert ("ENT-6" in findings) == (today > end)
    assert not ("ENT-6" in findings and "ENT-6/soon" in findings)


@given(st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 1)))
def test_a_caution_does_not_change_its_words_from_day_to_day(today: dt.date) -> None:
    """An approved claim goes on hold when its findings change: a countdown in one would hold it every midnight."""
    end = centre(certification_end=ends(today + 60 * DAY))
    here, tomorrow = found({**end, "today": today}), found({**end, "today": today + DAY})
    assert here["ENT-6/soon"] == tomorrow["ENT-6/soon"]


def test_the_number_asked_for_is_that_of_the_registrations_site() -> None:
    """A centre with a number for its main site alone is told which site lacks one, and how to enter it."""
    north = {"registrations": (replace(REGISTRATION, site="North gate"),), **centre(centre_number="")}
    assert "for the site North gate" in found(north)["ENT-2/centre"]
    assert "--site 'North gate'" in found(north)["ENT-2/centre"]


def test_a_claim_for_a_unit_alone_needs_its_authorisation_too() -> None:
    """The day that counts is that of the last unit the claim rests on."""
    later = outcome("F1", at=SIGNED + 86_400)
    visits = (replace(VISIT, learners=("7",)),)
    assert "SIGN-OFF/advisor" in found({**body("EDI", visits=visits), "units": (outcome("A3"), later)})
    assert "SIGN-OFF/advisor" not in found({**body("EDI", visits=visits), "units": (outcome("A3"),)})


def test_what_is_missing_is_what_blocks() -> None:
    """Each missing fact of an empty centre has its own command; the gates say the same sentence."""
    empty = replace(CENTRE, centre_number="", approved_on=None, registration_end=EndDate(), certification_end=EndDate())
    missing = {one.name: one for one in lacks(empty, qualification())}
    assert list(missing) == ["number", "approval", "certification_end", "registration_end", "assessor", "iqa"]
    assert all(one.command.startswith("nvqsync centre ") for one in missing.values())
    told = found({"centre": empty})
    for gate_id, name in {
        "ENT-2/centre": "number", "ENT-2/approval": "approval", "ENT-6": "certification_end",
        "ENT-6/entry": "registration_end",
    }.items():  # fmt: skip
        assert told[gate_id] == str(missing[name])


def test_staff_on_record_are_not_missing() -> None:
    """An assessor and an IQA; one of the two leaves the other missing."""
    assessor = Staff("3", "Morgan Reyes", StaffRole.ASSESSOR, CHECKED)
    iqa = replace(assessor, lms_id="4", role=StaffRole.IQA)
    assert lack("assessor", replace(CENTRE, staff=(assessor,)), qualification()) is None
    assert lack("iqa", replace(CENTRE, staff=(assessor,)), qualification()) is not None
    assert lacks(replace(CENTRE, staff=(assessor, iqa)), qualification()) == ()


@pytest.mark.parametrize(
    ("on", "closed"), [((8, 17), False), ((8, 18), True), ((8, 31), True), ((9, 1), False)]
)  # fmt: skip
def test_ocr_does_not_visit_in_the_second_half_of_august(on: tuple[int, int], closed: bool) -> None:
    """VIS-2: both ends included; a visit that took place did, and other bodies come when they like."""
    visit = replace(VISIT, on=dt.date(2027, *on), done=False)
    assert visit_in_closed_weeks(visit) is closed
    assert not visit_in_closed_weeks(replace(visit, done=True))
    assert not visit_in_closed_weeks(replace(visit, qualification_id="EDI/L2-CS"))
