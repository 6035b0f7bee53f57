"""The six qualifications and the unit bank: the published facts, and how names find them."""

from __future__ import annotations

import datetime as dt
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.catalogue import Catalogue, OutsideUnit
from nvqsync.check_characters import qualification_number_misfit, unit_reference_misfit
from nvqsync.errors import UnknownName
from nvqsync.model import Comparison, Kind, Qualification, QualificationUnit
from nvqsync.plugin_manager import load_plugins

SIX = ("EDI/L2-CS", "NCFE/50102874", "OCR/03454", "OCR/03455", "OCR/03456", "OCR/10378")


@cache
def catalogue() -> Catalogue:
    return load_plugins(entry_points=False).catalogue


def the(name: str) -> Qualification:
    return catalogue().qualifications[name]


def facts(name: str) -> set[tuple[str, tuple[str, ...]]]:
    """What two qualifications share when they offer the same units in the same groups."""
    return {(listed.unit.reference, listed.groups) for listed in the(name).units}


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("OCR/03454", ("500/9843/3", 1, 22, 26, 135, 903)),
        ("OCR/03455", ("500/8625/X", 2, 28, 49, 289, 1930)),
        ("OCR/03456", ("500/8626/1", 3, 42, 59, 408, 2717)),
        ("OCR/10378", ("601/3459/8", 1, 23, 18, 48, 298)),
        ("EDI/L2-CS", (None, 2, 28, 49, 289, 1930)),
        ("NCFE/50102874", ("501/0287/4", 1, 22, 26, 135, 903)),
    ],
)
def test_each_qualification_has_its_published_facts(name: str, published: tuple[object, ...]) -> None:
    """Number, level, credits, how many units, and the sums of their printed credit and GLH columns."""
    found = the(name)
    units = [listed.unit for listed in found.units]
    sums = (sum(unit.credit_value for unit in units), sum(unit.glh for unit in units))
    assert (found.qualification_number, found.level, found.credits, len(units), *sums) == published


def test_there_are_six_and_a_bank_of_84_units() -> None:
    """The catalogue is complete, and holds each unit once."""
    assert tuple(catalogue().qualifications) == SIX
    assert len(catalogue().units) == 84
    assert catalogue().cautions == ()


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("OCR/03454", {"A": 2, "B": 12, "C": 8, "D": 4}),
        ("OCR/03455", {"A": 2, "B": 16, "C": 11, "D": 7, "E": 13}),
        ("OCR/03456", {"A": 2, "B": 16, "C": 15, "D": 6, "E": 20}),
        ("OCR/10378", {"A": 5, "B": 6, "C": 7}),
        ("NCFE/50102874", {"A": 2, "B": 12, "C": 8, "D": 4}),
        ("EDI/L2-CS", {"A": 2, "B": 16, "C": 11, "D": 7, "E": 13}),
    ],
)
def test_the_groups_hold_what_is_printed(name: str, sizes: dict[str, int]) -> None:
    """Each group has as many units as its table has rows, and group A alone is mandatory."""
    groups = [listed.groups for listed in the(name).units]
    assert {group: groups.count((group,)) for group in sizes} == sizes
    assert all(listed.mandatory == (listed.groups == ("A",)) for listed in the(name).units)


def test_every_number_fits_its_check_character() -> None:
    """All 84 references and five qualification numbers agree with the derived rules."""
    assert [r for r in catalogue().units if unit_reference_misfit(r)] == []
    numbers = [
        found.qualification_number for found in catalogue().qualifications.values() if found.qualification_number
    ]
    assert len(numbers) == 5
    assert [number for number in numbers if qualification_number_misfit(number)] == []


def test_491_criteria_are_known_over_24_units() -> None:
    """Every unit specification in the support pack is counted, misprints put right."""
    known = {reference: unit.criteria for reference, unit in catalogue().units.items() if unit.criteria is not None}
    assert len(known) == 24
    assert sum(map(len, known.values())) == 491


@pytest.mark.parametrize(
    ("code", "outcomes"),
    [
        ("CU791", {"1": 3, "2": 3, "3": 15}),  # prints 2.2 twice
        ("CU795", {"1": 10, "2": 12}),  # prints "1 2", "1. 8" and "2.3."
        ("CU803", {"1": 5, "2": 4, "3": 11, "4": 12}),
        ("CU755", {"1": 4, "2": 8, "3": 8}),
        ("CU810", {"1": 6, "2": 7, "3": 8}),
        ("CU813", None),
    ],
)
def test_misprinted_and_missing_specifications(code: str, outcomes: dict[str, int] | None) -> None:
    """The misprints are put right; a unit without a specification in the pack has unknown criteria."""
    unit = catalogue().find_unit(the("EDI/L2-CS"), code).unit
    assert (None if unit.outcomes is None else dict(unit.outcomes)) == outcomes


def test_criteria_are_numbered_by_outcome() -> None:
    """The second criterion printed 2.2 of CU791 is 2.3, and 3.15 is the last."""
    criteria = catalogue().units["F/601/1609"].criteria
    assert criteria is not None
    assert criteria[3:7] == ("2.1", "2.2", "2.3", "3.1")
    assert criteria[-1] == "3.15"


def test_edi_and_ocr_level_2_offer_the_same_units() -> None:
    """Unit by unit and group by group; EDI prints OCR's code beside its own, and both are accepted."""
    assert facts("EDI/L2-CS") == facts("OCR/03455")
    ocr = {listed.unit.reference: listed.code for listed in the("OCR/03455").units}
    for listed in the("EDI/L2-CS").units:
        assert listed.aliases == (ocr[listed.unit.reference],)
        assert listed.code.startswith("CU")


def test_ncfe_and_ocr_level_1_offer_the_same_units() -> None:
    """Unit by unit and group by group; with NCFE the reference is the code."""
    assert facts("NCFE/50102874") == facts("OCR/03454")
    assert all(listed.code == listed.unit.reference for listed in the("NCFE/50102874").units)


def test_every_level_1_unit_is_also_in_level_2() -> None:
    """All 26, so that a learner who goes on keeps what was achieved."""
    assert {reference for reference, _ in facts("OCR/03454")} < {reference for reference, _ in facts("OCR/03455")}


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("OCR/03454", {"C1", "C2"}),
        ("OCR/03455", {"C1", "C2"}),
        ("OCR/03456", set()),
        ("OCR/10378", {"1", "2", "3", "4", "5", "6", "7", "12", "13"}),
        ("EDI/L2-CS", {"CU813", "CU814"}),
        ("NCFE/50102874", set()),
    ],
)
def test_simulation_is_allowed_where_the_specification_says_so(name: str, codes: set[str]) -> None:
    """Units 14 and 15 of 10378 are Level 1 but not named there: not allowed."""
    assert {listed.code for listed in the(name).units if listed.simulation} == codes


@pytest.mark.parametrize(
    ("name", "methods", "simulated"),
    [
        ("OCR/03454", "O EP EWT ECH EPS EWQ QC QW PD S", "S"),
        ("OCR/03455", "O EP EWT ECH EPS EWQ QC QW PD S", "S"),
        ("OCR/03456", "O EP EWT ECH EPS EWQ QC QW PD S", "S"),
        ("EDI/L2-CS", "Obs P Q Sim Wt A Ot", "Sim"),
        ("OCR/10378", "", ""),
        ("NCFE/50102874", "", ""),
    ],
)
def test_method_codes_are_the_bodys(name: str, methods: str, simulated: str) -> None:
    """In printed order, with the one that stands for simulation marked."""
    assert " ".join(method.code for method in the(name).methods) == methods
    assert " ".join(method.code for method in the(name).methods if method.simulated) == simulated


def test_dates_are_those_the_handbook_gives_and_no_others() -> None:
    """03454 closed altogether; 03456 closed to entries on a day not given; nothing is invented for the rest."""
    august = {"OCR/03454": dt.date(2018, 8, 31), "OCR/03456": dt.date(2019, 8, 31)}
    for name, found in catalogue().qualifications.items():
        assert found.certification_end_on == august.get(name)
        assert found.registration_closed == (name in august)
        assert found.registration_end_on == (dt.date(2018, 8, 31) if name == "OCR/03454" else None)


LEVEL_RULES = {
    "OCR/03454": ("ROC-L1-3/level", 8, 1, ("B", "C", "D")),
    "OCR/03455": ("ROC-L2-3/level", 11, 2, ("B", "C", "D", "E")),
    "OCR/03456": ("ROC-L3-3/level", 10, 3, ("B", "C", "D", "E")),
    "EDI/L2-CS": ("ROC-L2-4/level", 11, 2, ("B", "C", "D", "E")),
    "NCFE/50102874": ("ROC-L1-5/level", 12, 1, ()),
}


@pytest.mark.parametrize("name", LEVEL_RULES)
def test_credits_at_a_level_count_exactly_and_in_the_printed_groups(name: str) -> None:
    """OCR and EDI count optional groups; NCFE's 12 count the whole qualification."""
    requirement = the(name).rule.requirements[-1]
    assert requirement.kind is Kind.MIN_CREDITS_AT_LEVEL
    assert requirement.comparison is Comparison.EXACTLY
    assert (requirement.id, requirement.need, requirement.level, requirement.groups) == LEVEL_RULES[name]


def test_requirement_ids_are_stable() -> None:
    """Other records refer to them: a change here needs a migration."""
    ids = {name: [requirement.id for requirement in the(name).rule.requirements] for name in SIX}
    level_2 = ["mandatory", "credits", "optional", "B", "C", "D", "E", "level"]
    assert ids["EDI/L2-CS"] == [f"ROC-L2-4/{part}" for part in level_2]
    assert ids["OCR/03455"] == [
        "ROC-L2-1/mandatory", "ROC-L2-1/credits", "ROC-L2-1/optional",
        "ROC-L2-2/B", "ROC-L2-2/C", "ROC-L2-2/D", "ROC-L2-2/E", "ROC-L2-3/level",
    ]  # fmt: skip
    assert ids["OCR/03456"] == [name.replace("L2", "L3") for name in ids["OCR/03455"]]
    assert ids["OCR/03454"] == [name.replace("L2", "L1") for name in ids["OCR/03455"] if not name.endswith("/E")]
    assert ids["OCR/10378"] == ["ROC-C1-1/mandatory", "ROC-C1-1/credits", "ROC-C1-1/B", "ROC-C1-1/C"]
    assert ids["NCFE/50102874"] == [
        *(f"ROC-L1-4/{part}" for part in ("mandatory", "credits", "optional", "B", "C", "D")), "ROC-L1-5/level",
    ]  # fmt: skip


def test_10378_alone_allows_no_exemptions_and_limits_group_c() -> None:
    """Its handbook says so; the others are silent."""
    assert [name for name in SIX if not the(name).rule.allows_exemptions] == ["OCR/10378"]
    limit = the("OCR/10378").rule.requirements[-1]
    assert (limit.kind, limit.need, limit.groups) == (Kind.MAX_CREDITS, 3, ("C",))


def test_b1_is_outside_03456_and_the_conflict_is_told() -> None:
    """One table of the handbook prints it and the other does not: it is not counted, and a holder is told."""
    (outside,) = the("OCR/03456").rule.outside
    assert outside.reference == "A/601/1205"
    assert "B1" in outside.says
    assert outside.source.section == "6.1 against 8.2"
    found = catalogue().find_unit(the("OCR/03456"), "b1")
    assert isinstance(found, OutsideUnit)
    assert (found.code, found.unit.reference) == ("B1", "A/601/1205")


@pytest.mark.parametrize(
    "text", ["OCR/03455", "ocr/03455", " OCR / 03455 ", "ocr 03455", "500/8625/X", "5008625x", "03455", "OCR–03455"]
)
def test_a_qualification_is_found_however_it_is_written(text: str) -> None:
    """By id, number or code, whatever the case, blanks, slashes or dash."""
    assert catalogue().find_qualification(text).id == "OCR/03455"


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("OCR/03465", "OCR/03456"), ("500/8625/1", "500/8625/X"), ("EDI/L2CX", "EDI/L2-CS"), ("", "OCR/10378")],
)
def test_an_unknown_qualification_names_the_nearest(text: str, nearest: str) -> None:
    """Nothing is guessed, but the way on is shown."""
    with pytest.raises(UnknownName) as caught:
        catalogue().find_qualification(text)
    assert nearest in caught.value.next_step


def test_a_code_that_two_bodies_use_must_be_given_whole() -> None:
    """An ambiguous name is refused with both ids."""
    ocr = the("OCR/03454")
    other = Qualification(
        "ZZZ/03454", "ZZZ", "03454", None, ocr.title, 1, 22, ocr.units, ocr.rule, ocr.source
    )  # fmt: skip
    both = Catalogue.of([ocr, other], catalogue().units.values())
    with pytest.raises(UnknownName, match="OCR/03454 and ZZZ/03454"):
        both.find_qualification("03454")
    assert both.find_qualification("zzz/03454") is other


@pytest.mark.parametrize("text", ["A3", "a3", " A 3 ", "R/601/1212", "r/601/1212", "R6011212", "R–601–1212", "Ａ３"])
def test_a_unit_is_found_however_it_is_written(text: str) -> None:
    """By body code or reference, in any form."""
    assert catalogue().find_unit(the("OCR/03455"), text).code == "A3"


def test_edi_accepts_both_codes_and_answers_in_its_own() -> None:
    """CU795 and the A3 printed beside it are one unit."""
    for text in ("CU795", "cu 795", "A3", "R/601/1212"):
        assert catalogue().find_unit(the("EDI/L2-CS"), text).code == "CU795"


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("OCR/03454", "A13", "A13"),  # OCR's own code, from Level 2
        ("OCR/03454", "R/601/1226", "A13"),  # the same by reference
        ("OCR/03455", "12", "12"),  # OCR's own code, from 10378
        ("EDI/L2-CS", "K/601/1622", "K/601/1622"),  # EDI has no code for it
        ("NCFE/50102874", "R6011226", "R/601/1226"),
    ],
)
def test_a_bank_unit_of_another_qualification_is_outside(name: str, text: str, code: str) -> None:
    """Given by reference or by a code of the same body, and answered in the body's code where it has one."""
    found = catalogue().find_unit(the(name), text)
    assert isinstance(found, OutsideUnit)
    assert found.code == code


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("OCR/03455", "A33", "A3"),
        ("OCR/03455", "R/601/1213", "R/601/1212"),
        ("OCR/03455", "CU791", "here it is F1"),  # EDI's code
        ("NCFE/50102874", "F1", "here it is F/601/1609"),  # OCR's code
        ("EDI/L2-CS", "D14", "nvqsync units EDI/L2-CS"),  # a code of OCR's Level 3 only
        ("OCR/03455", "", "nvqsync units OCR/03455"),
    ],
)
def test_an_unknown_unit_names_the_nearest(name: str, text: str, hint: str) -> None:
    """Another body's code is explained; a slip gets the names that look alike."""
    with pytest.raises(UnknownName) as caught:
        catalogue().find_unit(the(name), text)
    assert hint in caught.value.next_step


ANY_UNIT = st.sampled_from([(name, place) for name in SIX for place in range(18)])
MESS = st.sampled_from(["", " ", "  ", "\u00a0", "\u200b", "\t"])


@given(ANY_UNIT, MESS, MESS, st.booleans())
def test_form_never_changes_which_unit_is_meant(unit: tuple[str, int], before: str, after: str, upper: bool) -> None:
    """Blanks, invisible characters and case around any code or reference lead to the same unit."""
    found = the(unit[0])
    listed: QualificationUnit = found.units[unit[1]]
    for name in (listed.code, listed.unit.reference, *listed.aliases):
        text = before + (name.upper() if upper else name.lower()) + after
        assert catalogue().find_unit(found, text) is listed
