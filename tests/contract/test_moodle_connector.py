"""What the host may rely on from any LMS connector, asked of the Moodle connector and the demonstration college."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest

from connectors.moodle.connector import register_lms_connectors
from connectors.moodle.simulator import Simulator, generate_college
from nvqsync.hookspecs import LmsConnector, LmsOffer
from nvqsync.model import GRADEBOOK, Asked, CourseReading, Grading, LmsCourse, SiteFacts


@pytest.fixture(scope="module", params=["4.3.0", "4.5.6"])
def lms(request: pytest.FixtureRequest) -> Iterator[LmsConnector]:
    """The connector, opened as the host opens it."""
    offers: list[LmsOffer] = []
    register_lms_connectors(offers.append)
    with Simulator(generate_college(learners=40, seed=7), version=request.param) as moodle:
        connector = offers[0].open({"url": moodle.url, "token": moodle.token, "requests_per_second": 0})
        yield connector
        connector.close()


def whole(lms: LmsConnector, courses: Sequence[LmsCourse]) -> list[CourseReading]:
    """Each course, everything about it."""
    found = [reading for _, reading in lms.read(Asked(c, refresh=frozenset({GRADEBOOK})) for c in courses)]
    assert all(isinstance(reading, CourseReading) for reading in found)
    return [reading for reading in found if isinstance(reading, CourseReading)]


@pytest.fixture(scope="module")
def readings(lms: LmsConnector) -> list[CourseReading]:
    """Every course, read once."""
    return whole(lms, lms.courses({}, ()))


def test_check_gives_facts(lms: LmsConnector) -> None:
    """Who answers, and when."""
    facts = lms.check()
    assert isinstance(facts, SiteFacts)
    assert facts.site_name
    assert facts.server_time > 0


def test_course_ids_are_stable_and_distinct(lms: LmsConnector) -> None:
    """Two listings agree, and no id stands twice."""
    first, second = lms.courses({}, ()), lms.courses({}, ())
    assert list(first) == list(second)
    assert len({course.lms_id for course in first}) == len(first) > 0
    assert any(course.id_number for course in first)


def test_a_second_reading_equals_the_first(lms: LmsConnector, readings: list[CourseReading]) -> None:
    """Nothing but the server's clock may differ."""
    for reading in readings:
        (again,) = whole(lms, [reading.course])
        assert (again.items, again.members, again.observations, again.unread_items, again.notices) == (
            reading.items,
            reading.members,
            reading.observations,
            reading.unread_items,
            reading.notices,
        )


def test_observations_refer_to_items_and_members_of_their_course(readings: list[CourseReading]) -> None:
    """No grade without its item and its person, and one grade a person and item."""
    for reading in readings:
        items, members = {i.lms_id for i in reading.items}, {m.lms_id for m in reading.members}
        pairs = [(o.item_id, o.learner_id) for o in reading.observations]
        assert len(pairs) == len(set(pairs))
        assert {item for item, _ in pairs} <= items
        assert {learner for _, learner in pairs} <= members
        assert all(i.course_id == reading.course.lms_id for i in reading.items)
    assert sum(len(reading.observations) for reading in readings) > 0


def test_grades_are_decimals_within_their_item(readings: list[CourseReading]) -> None:
    """A scale grade is a place on the scale, a points grade is at most the maximum, rows belong to the item's form."""
    for reading in readings:
        items = {i.lms_id: i for i in reading.items}
        for seen in reading.observations:
            item = items[seen.item_id]
            assert {row.row_id for row in seen.rows} <= {row.row_id for row in item.rows}
            if seen.grade is None:
                continue
            assert isinstance(seen.grade, Decimal)
            if item.grading is Grading.SCALE:
                assert 1 <= seen.grade <= len(item.scale)
            elif item.maximum is not None:
                assert 0 <= seen.grade <= item.maximum


def test_a_workflow_grade_always_has_a_state(readings: list[CourseReading]) -> None:
    """And one without workflow never has."""
    for reading in readings:
        workflow = {i.lms_id: i.workflow for i in reading.items}
        assert all(bool(o.workflow_state) is workflow[o.item_id] for o in reading.observations)


def test_nothing_is_unread_when_nothing_is_wrong(readings: list[CourseReading]) -> None:
    """A healthy site leaves no item unread and no problem to act on."""
    for reading in readings:
        assert reading.unread_items == ()
        assert [notice for notice in reading.notices if notice.severity == "problem"] == []
