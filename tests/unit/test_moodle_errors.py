"""Which error each recorded failure of Moodle stands for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.moodle import errors
from connectors.moodle.advice import as_lms_error, missing_functions
from connectors.moodle.client import decode
from connectors.moodle.errors import MoodleBusy, MoodleError, MoodleFault, MoodleRefused, MoodleUnreadable, error_in
from nvqsync.errors import LmsBusy, LmsRefused, LmsUnreadable

FAILURES = json.loads((Path(__file__).parents[1] / "replies" / "wire" / "failures.json").read_text("utf-8"))
HOST_CLASS = {
    "MoodleRefused": LmsRefused,
    "MoodleBusy": LmsBusy,
    "MoodleGarbled": LmsUnreadable,
    "MoodleNoSuch": LmsUnreadable,
    "MoodleFault": LmsUnreadable,
    "MoodleUnreadable": LmsUnreadable,
}


def failure(row: dict[str, Any]) -> MoodleError:
    """What the client makes of one recorded failure."""
    function = "core_some_get_function"
    by_status = errors.error_for_status(function, row["status"], row["headers"])
    if by_status:
        return by_status
    try:
        payload = decode(function, row["headers"]["Content-Type"], row["body"].encode())
    except MoodleError as problem:
        return problem
    found = error_in(function, payload)
    assert found is not None, "a failure was taken for data"
    return found


@pytest.mark.parametrize("row", FAILURES, ids=lambda row: f"{row['release']}-{row['situation']}")
def test_a_recorded_failure_has_its_class_and_a_next_step(row: dict[str, Any]) -> None:
    """Every row of the failure table is sorted by what the operator does next, and says what that is."""
    found = failure(row)
    assert type(found).__name__ == row["expected"]
    told = as_lms_error(found, "course HSC-2")
    assert type(told) is HOST_CLASS[row["expected"]]
    assert told.next_step
    assert "<" not in told.says
    assert ".." not in told.says
    assert told.says.endswith((".", "\N{HORIZONTAL ELLIPSIS}"))


def test_a_long_message_is_cut_between_words_and_shows_it() -> None:
    """Half a word at its end would read like the server's own."""
    assert errors.plain("<p>word</p> " * 100, 20) == "word word word \N{HORIZONTAL ELLIPSIS}"
    assert errors.plain("x" * 100, 20) == "x" * 18 + " \N{HORIZONTAL ELLIPSIS}"
    assert errors.plain("x" * 20, 20) == "x" * 20


def test_a_failure_without_words_says_so() -> None:
    """An uncaught PHP error may come without any."""
    found = error_in("f", {"exception": "Error", "errorcode": None, "message": None})
    assert isinstance(found, MoodleFault)
    assert as_lms_error(found).says == "f: Moodle broke off while answering: no message."


def test_the_exceptions_class_decides_nothing() -> None:
    """Another release's class name for the same errorcode is the same error."""
    for name in ("moodle_exception", "core\\exception\\moodle_exception", "whatever_next"):
        found = error_in("f", {"exception": name, "errorcode": "invalidtoken", "message": "x"})
        assert isinstance(found, MoodleRefused)


def test_an_unknown_errorcode_is_loud_and_never_data() -> None:
    """An errorcode in no table becomes an unreadable answer that names it."""
    found = error_in("f", {"exception": "moodle_exception", "errorcode": "novelty", "message": "Something <b>new</b>"})
    assert type(found) is MoodleUnreadable
    assert "novelty" in found.says
    assert "<b>" not in found.says


def test_an_exception_without_errorcode_is_a_fault() -> None:
    """A PHP Error carries no errorcode, and is not taken for data either."""
    for payload in ({"exception": "Error", "message": "x"}, {"exception": None}, {"exception": "E", "errorcode": ""}):
        assert isinstance(error_in("f", payload), MoodleFault)


def test_data_with_an_error_like_word_in_it_is_data() -> None:
    """Only a top-level object that reports an exception is an error."""
    for payload in ([], None, 3, {"courses": []}, {"warnings": [{"exception": "x"}]}, [{"exception": "x"}]):
        assert error_in("f", payload) is None


def test_an_errorcode_cannot_smuggle_text_into_messages() -> None:
    """An errorcode that is no code is not repeated."""
    found = error_in("f", {"exception": "x", "errorcode": "<script>alert(1)</script>", "message": ""})
    assert found is not None
    assert "script" not in str(found)


def test_a_missing_function_is_named_with_the_page_to_switch_it_on() -> None:
    """College IT reads each function's name and the way to the page."""
    told = missing_functions(["mod_assign_get_grades", "core_course_get_courses"])
    assert "core_course_get_courses, mod_assign_get_grades" in told.says
    assert "Site administration > Server > Web services > External services" in told.next_step


def test_the_open_policy_is_mentioned_only_where_rights_are_missing() -> None:
    """A site policy that was not agreed to looks like a missing right: both remedies are told."""
    denied = MoodleRefused("mod_assign_get_grades", "no", errorcode="nopermissions")
    assert "site policy" in as_lms_error(denied, policy_open=True).next_step
    assert "site policy" not in as_lms_error(denied).next_step
    bad_token = MoodleRefused("mod_assign_get_grades", "no", errorcode="invalidtoken")
    assert "site policy" not in as_lms_error(bad_token, policy_open=True).next_step


def test_retry_after_is_read_only_where_it_is_seconds() -> None:
    """A number of seconds is honoured; a date, nonsense or nothing is not."""
    wait = [errors.retry_after({"Retry-After": text}) for text in ("300", " 5 ", "soon", "-1", "Fri, 01 Jan 2027", "٣")]
    assert wait == [300.0, 5.0, None, None, None, None]
    assert errors.retry_after({}) is None
    busy = errors.error_for_status("f", 503, {"Retry-After": "300"})
    assert isinstance(busy, MoodleBusy)
    assert busy.retry_after == 300.0
