"""Small invented qualifications and grades for tests: no awarding body offers any of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from nvqsync.model import (
    Assessed,
    GradebookEntry,
    Grading,
    GradingRow,
    LmsCourse,
    LmsItem,
    Method,
    Observation,
    Qualification,
    QualificationUnit,
    RowScore,
    Rule,
    Source,
    Unit,
)

SOURCE = Source("made up", "0")
METHODS = (Method("O", "observation"), Method("QW", "written questions"), Method("S", "simulation", simulated=True))

UNIT_A3 = Unit("A/100/0003", "Greet callers", 2, 4, 20, (("1", 4), ("2", 3), ("3", 11)))
UNIT_F1 = Unit("F/100/0001", "Deal with callers", 2, 5, 30, (("1", 2), ("2", 1), ("3", 2)))
UNIT_C1 = Unit("K/100/0011", "Calm callers", 1, 3, 15, (("1", 2),))
UNIT_D4 = Unit("D/100/0044", "Call back", 2, 6, 40)  # criteria unknown
UNIT_E5 = Unit("E/100/0055", "Lead callers", 3, 6, 40, (("1", 2),))

UNITS = (
    QualificationUnit("A3", UNIT_A3, ("A",), True, aliases=("CU003",)),
    QualificationUnit("F1", UNIT_F1, ("A",), True),
    QualificationUnit("C1", UNIT_C1, ("C",), False, simulation=True),
    QualificationUnit("D4", UNIT_D4, ("D",), False),
)


def qualification(
    qualification_id: str = "OCR/90001",
    units: Sequence[QualificationUnit] = UNITS,
    methods: Sequence[Method] = METHODS,
) -> Qualification:
    """An invented qualification; its rule asks for nothing."""
    body, _, code = qualification_id.partition("/")
    return Qualification(
        qualification_id, body, code, None, "Invented", 2, 10, tuple(units), Rule((), ()), SOURCE, tuple(methods)
    )


def catalogue(*qualifications: Qualification) -> dict[str, Qualification]:
    """Qualifications by id: two invented ones unless others are given."""
    other = qualification("OCR/90002", (QualificationUnit("E5", UNIT_E5, ("E",), False),))
    return {one.id: one for one in qualifications or (qualification(), other)}


def course(lms_id: str = "7", id_number: str = "OCR/90001", name: str = "Callers level 2") -> LmsCourse:
    """An invented course, mapped by its ID number."""
    return LmsCourse(lms_id, f"CS{lms_id}", name, id_number)


def item(
    lms_id: str = "70",
    id_number: str = "A3",
    grading: Grading = Grading.POINTS,
    *,
    course_id: str = "7",
    name: str = "",
    maximum: int = 100,
    pass_mark: int | None = 50,
    scale: Sequence[str] = (),
    rows: Sequence[tuple[str, int]] = (),
    workflow: bool = False,
    identities_hidden: bool = False,
    team: bool = False,
    hidden: bool | None = None,
) -> LmsItem:
    """An invented assignment. ``rows`` are texts and highest scores; the first row's id is ``r1``."""
    return LmsItem(
        lms_id,
        course_id,
        name or f"Task {lms_id}",
        id_number,
        grading,
        Decimal(maximum),
        tuple(scale),
        None if pass_mark is None else Decimal(pass_mark),
        tuple(GradingRow(f"r{n}", text, Decimal(top)) for n, (text, top) in enumerate(rows, 1)),
        workflow,
        identities_hidden,
        team,
        hidden,
    )


def assessed(
    item_id: str = "70",
    grade: str | None = "60",
    *,
    learner: str = "L1",
    at: int = 1000,
    by: str = "T1",
    attempt: int = 0,
    state: str = "",
    rows: Sequence[str | None] = (),
    gradebook: GradebookEntry | None = None,
    gone: bool = False,
) -> Assessed:
    """An invented grade. ``rows`` are scores in row order, ``None`` for a row that was left out."""
    scores = tuple(RowScore(f"r{n}", Decimal(score)) for n, score in enumerate(rows, 1) if score is not None)
    value = None if grade is None else Decimal(grade)
    observation = Observation(
        item_id, learner, f"g{item_id}-{learner}", attempt, value, at, by, state, scores, gradebook
    )
    return Assessed(observation, by, (by,) if by else (), at, gone)
