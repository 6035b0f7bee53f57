"""Outcomes and competencies as Moodle tells them: read right, or refused, or taken for nothing; never guessed."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.moodle import gradebook, sources
from connectors.moodle.sources import Proficiency
from nvqsync.assessing.deciding import Decider, PassDefaults
from nvqsync.assessing.outcomes import with_parents
from nvqsync.errors import LmsUnreadable
from nvqsync.mapping import MappedItem
from nvqsync.matching.id_numbers import Notation, Target
from nvqsync.matching.mapping_rules import PassRule
from nvqsync.model import Assessed, GradebookEntry, Grading, ItemKind, LmsItem, Observation
from tests.unit import made_up
from tests.unit.test_moodle_replies import recorded

SUMMARY = "tool_lp_data_for_user_competency_summary_in_course"
RAISE = "raise"


def rated(**change: Any) -> Proficiency:
    """The recorded rating (grade 1, not proficient, by user 2) with something else in it."""
    payload = copy.deepcopy(recorded(SUMMARY))
    payload["usercompetencysummary"]["usercompetencycourse"] |= change
    return sources.proficiency(payload, course=2, user=3, competency=1)


def test_the_recorded_rating_is_read() -> None:
    """Rated by the administrator, and not proficient."""
    assert rated() == Proficiency(False, rated().at, 2)


@pytest.mark.parametrize(
    ("grade", "proficiency", "found"),
    [
        (2, True, True),
        (2, "1", True),
        (1, False, False),
        (1, 0, False),
        (None, None, None),
        (None, False, None),
        (None, True, RAISE),
        (2, None, RAISE),
        (2, "yes", RAISE),
        (0, True, RAISE),
        (-1, False, RAISE),
        ("two", True, RAISE),
        (Decimal("1.5"), True, RAISE),
        ([], True, RAISE),
    ],
)
def test_moodles_word_on_proficiency_is_taken_and_no_other(grade: Any, proficiency: Any, found: Any) -> None:
    """A rating says yes or no; without one nothing is said; whatever contradicts itself is refused."""
    if found is RAISE:
        with pytest.raises(LmsUnreadable, match=SUMMARY):
            rated(grade=grade, proficiency=proficiency)
    else:
        assert rated(grade=grade, proficiency=proficiency).proficient is found


@pytest.mark.parametrize("key", ["userid", "competencyid", "courseid"])
def test_an_answer_about_another_is_refused(key: str) -> None:
    """Another learner, competency or course than was asked for."""
    with pytest.raises(LmsUnreadable, match="another one"):
        rated(**{key: 99})


def test_a_rating_in_the_learners_own_session_is_nobodys() -> None:
    """Set by a rule on completion: no rating, and marked."""
    found = rated(grade=2, proficiency=True, usermodified=3)
    assert (found.proficient, found.automatic, found.by) == (None, True, 0)


# ---------------------------------------------------------------- outcomes


def report(*cells: dict[str, Any]) -> gradebook.Report:
    """A report with the recorded outcome, once a learner (3, 4, ...), each changed."""
    user = recorded("gradereport_user_get_grade_items")["usergrades"][0]
    outcome = next(item for item in user["gradeitems"] if (item.get("itemnumber") or 0) >= 1000)
    users = [
        {**user, "userid": 3 + number, "gradeitems": [{**outcome, **change}]} for number, change in enumerate(cells)
    ]
    return gradebook.report({"usergrades": users}, outcomes=True)


def scale(*cells: dict[str, Any]) -> tuple[str, ...]:
    (outcome,) = report(*cells).outcomes.values()
    return outcome.scale


def test_the_recorded_outcome_is_read() -> None:
    """Its place, and the scale by the words of the cell and of the range; only where it is asked for."""
    found = report({})
    (outcome,) = found.outcomes.values()
    assert (outcome.name, outcome.id_number, outcome.assignment) == ("LO1 Communicate clearly", "F1-LO1", 1)
    assert outcome.scale == ("Not yet competent", "Competent")
    assert found.ratings[3, outcome.item_id].place == 1
    assert gradebook.report(recorded("gradereport_user_get_grade_items")).outcomes == {}


RANGE = {"grademax": 3, "rangeformatted": "Low&ndash;High"}


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([RANGE | {"graderaw": 2, "gradeformatted": "Middle"}], ("Low", "Middle", "High")),
        ([RANGE | {"graderaw": None, "gradeformatted": "-"}], ("Low", "", "High")),
        ([RANGE | {"graderaw": 3, "gradeformatted": '<i class="icon" title="Pass"></i>High'}], ("Low", "", "High")),
        ([RANGE | {"graderaw": 3, "gradeformatted": "Higher"}], ()),  # by two names
        ([RANGE | {"graderaw": 3, "gradeformatted": "100.00 %"}], ()),
        ([{"grademax": 3, "rangeformatted": "0&ndash;100", "graderaw": 3, "gradeformatted": "100"}], ()),
        ([{"rangeformatted": "A–B–C", "graderaw": 1, "gradeformatted": "A"}], ()),  # the highest word is not known
        ([{"rangeformatted": "A–B–C", "graderaw": 2, "gradeformatted": "C"}], ("", "C")),
        ([RANGE | {"graderaw": 2, "gradeformatted": "A"}, RANGE | {"graderaw": 2, "gradeformatted": "B"}], ()),
    ],
)  # fmt: skip
def test_a_scale_is_what_its_words_say_or_nothing(cells: list[dict[str, Any]], words: tuple[str, ...]) -> None:
    """One word a place, none of them a number, the highest known; else there is no scale to decide by."""
    assert scale(*cells) == words


@pytest.mark.parametrize(
    "wrong",
    [{"graderaw": 3}, {"graderaw": 0}, {"graderaw": Decimal("1.5")}, {"graderaw": "x"}, {"grademin": 0},
     {"grademax": 0}, {"grademax": 10**9}, {"grademax": None}, {"gradeishidden": None}, {"iteminstance": 0},
     {"outcomeid": None}, {"gradedategraded": "soon"}, {"itemname": None}, {"gradeformatted": None}],
)  # fmt: skip
def test_an_outcome_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    """A place outside the scale, a fraction of one, a scale from zero: the report is unreadable, not a rating."""
    with pytest.raises(LmsUnreadable, match="gradereport_user_get_grade_items"):
        report({"graderaw": 1} | wrong)


@given(
    top=st.integers(1, 5),
    place=st.none() | st.integers(-1, 6),
    word=st.sampled_from(["Competent", "Not yet competent", "A", "100.00 %", "-", "", "<i></i>Competent"]),
    ends=st.sampled_from(["Not yet competent&ndash;Competent", "F&ndash;A", "0&ndash;100", "", "Competent", "a–b–c"]),
)
def test_an_outcome_is_met_only_by_a_word_that_counts(top: int, place: int | None, word: str, ends: str) -> None:
    """Whatever a gradebook shows: met needs the passing word in the cell, and a scale that ends in one."""
    cell = {"grademax": top, "graderaw": place, "gradeformatted": word, "rangeformatted": ends}
    try:
        found = report(cell)
    except LmsUnreadable:
        return
    (outcome,) = found.outcomes.values()
    (rating,) = found.ratings.values()
    grade = None if rating.place is None else Decimal(rating.place)
    decisions = decider(outcome.scale).decide(Assessed(Observation("o", "3", "g", 0, grade, 1), "", (), 1))
    assert all(outcome.scale[-1] == "Competent" for _ in decisions)
    assert all(decision.met is (outcome.scale[place - 1] == "Competent") for decision in decisions if place)
    assert rating.place is not None or decisions == []


def decider(words: tuple[str, ...]) -> Decider:
    """An outcome mapped to a unit."""
    qualification = made_up.qualification()
    unit = qualification.units[0]
    item = LmsItem("o", "7", "LO1", grading=Grading.SCALE, scale=words, kind=ItemKind.OUTCOME)
    targets = (Target(unit.unit.reference, None),)
    mapped = MappedItem("o", "7", "LO1", targets, unit.code, PassRule(), "mapping file", ItemKind.OUTCOME)
    return Decider(Notation(qualification), mapped, item, PassDefaults())


# ---------------------------------------------------------------- the assignment it is part of


ITEMS = {"1": LmsItem("1", "7", "Task", workflow=True), "o": LmsItem("o", "7", "LO", part_of="1", workflow=True)}


def known(item: str, **how: Any) -> Assessed:
    gone = how.pop("gone", False)
    return Assessed(Observation(item, "3", item, 0, Decimal(2), 1, **how), "", (), 1, gone=gone)


def test_a_rating_follows_its_assignment() -> None:
    """State, attempts, hiding and vanishing come from the assignment's own grade, whichever is told first."""
    book = GradebookEntry(Decimal(2))
    task = known(
        "1", workflow_state="released", resubmitting=True, gradebook=GradebookEntry(None, hidden=True), gone=True
    )
    for grades in ([task, known("o", gradebook=book)], [known("o", gradebook=book), task]):
        (rating,) = [one for one in with_parents(grades, ITEMS) if one.observation.item_id == "o"]
        assert rating.observation.workflow_state == "released"
        assert rating.observation.resubmitting
        assert rating.observation.gradebook == GradebookEntry(Decimal(2), hidden=True)
        assert rating.gone


def test_a_rating_without_a_grade_beside_it_stays_as_it_is() -> None:
    """No grade on the assignment: no state, so what has marking workflow is not released."""
    assert list(with_parents([known("o")], ITEMS)) == [known("o")]
    plain = [known("1")]
    assert with_parents(plain, ITEMS) is plain
