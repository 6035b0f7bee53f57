"""Passes that meet every fault of Moodle in turn end where passes that met none do."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.moodle.simulator.faults import FAULTS
from connectors.moodle.simulator.server import Simulator
from nvqsync.bootstrap import App
from nvqsync.errors import LmsError
from tests.integration.test_incremental import HOUR, Place, app_for, one_pass, what_is_known

FUNCTIONS = (
    "core_webservice_get_site_info",
    "core_course_get_courses",
    "mod_assign_get_assignments",
    "mod_assign_get_grades",
    "mod_assign_get_user_flags",
    "mod_assign_get_submissions",
    "mod_assign_get_submission_status",
    "core_enrol_get_enrolled_users",
    "core_course_get_contents",
    "core_grading_get_definitions",
    "core_grading_get_gradingform_instances",
    "core_competency_get_scale_values",
    "gradereport_user_get_grade_items",
)


def quick(app: App) -> None:
    """One try a call: the passes themselves are the repeats here."""
    section = app.settings.moodle.model_dump() | {"attempts": 1, "longest_wait": 0}
    app.settings.connectors["moodle"] = section | {"timeout": 0.4}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_store_that_met_every_fault_equals_one_that_met_none(function: str, tmp_path: Path) -> None:
    """Each fault strikes one function somewhere in a pass, while the college goes on; no wrong fact is ever kept."""
    place = Place()
    with Simulator(place.college) as moodle:
        app = app_for(tmp_path / "old", moodle, place)
        quick(app)
        one_pass(app)
        for number, fault in enumerate(FAULTS):
            happens(place, number)
            place.college.clock.advance(7 * HOUR if number % 3 == 0 else 900)
            token = moodle.token
            moodle.faults.add(fault, function=function, times=1 + number % 2, seconds=0.05)
            try:
                one_pass(app, full=number % 4 == 3)
            except LmsError as error:
                assert error.next_step
            moodle.faults.clear()
            moodle.token = token
        place.college.clock.advance(13 * HOUR)
        one_pass(app)
        new = app_for(tmp_path / "new", moodle, place)
        one_pass(new)
        assert what_is_known(app, gradebook=False) == what_is_known(new, gradebook=False)
        found = one_pass(app, full=True)
        one_pass(new, full=True)
        assert what_is_known(app, gradebook=True) == what_is_known(new, gradebook=True)
        assert sum(course.missed or 0 for course in found.courses) == 0


def happens(place: Place, number: int) -> None:
    """Something for every function to tell of."""
    place.college.clock.advance(5)
    for item in range(4 + number % 8):
        place.grade(item, number, number + item)
    place.reopen(0, number, 0)
    place.reopen(3, number + 1, 0)
    place.grade_team(number, number, number)
    if number % 5 == 3:
        place.reopen_team(number, number, 0)
    place.set_flag_only(1, number, number)
    place.suspend(number, number, number)
    place.reword(3, 0, number)
    place.rename(2, 0, number)
    if number % 5 == 4:
        place.leave(number, number, 0)
        place.enrol(number, number + 1, 0)
        place.add_item(number, 0, 0)
