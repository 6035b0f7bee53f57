"""What stands in an address comes back out of it, and counts agree with what they count."""

from __future__ import annotations

import datetime as dt
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from nvqsync.claims import Status
from nvqsync.clock import LONDON
from nvqsync.web import words
from nvqsync.web.evidence_view import address
from nvqsync.web.filters import AGES, Filters, Sort, read_filters
from nvqsync.web.lists import PAGE_SIZE, cut_pages

BODIES, QUALIFICATIONS, BLOCKERS = ("OCR", "EDI"), ("OCR/03455", "EDI/L2-CS"), ("ENT-2", "IQA-1")
questions = st.builds(
    Filters,
    text=st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), max_size=100),
    awarding_body=st.sampled_from(("", *BODIES)),
    qualification=st.sampled_from(("", *QUALIFICATIONS)),
    status=st.none() | st.sampled_from(Status),
    blocked=st.none() | st.booleans(),
    blocker=st.sampled_from(("", *BLOCKERS)),
    age=st.sampled_from((0, *AGES)),
    sort=st.sampled_from(Sort),
    page=st.integers(1, 999_999_999),
)


@given(questions)
def test_a_question_survives_its_address(asked: Filters) -> None:
    """Reading an address written from a question gives the same question, nothing left out."""
    assert read_filters(asked.query(), BODIES, QUALIFICATIONS, BLOCKERS) == (asked, ())


@given(
    st.dictionaries(
        st.sampled_from(["q", "body", "qualification", "status", "blocked", "blocker", "age", "sort", "page"]),
        st.text(),
    )
)
def test_any_address_is_a_question(query: dict[str, str]) -> None:
    """Whatever stands in an address, it is read or left out by name; never an error."""
    asked, left_out = read_filters(query, BODIES, QUALIFICATIONS, BLOCKERS)
    assert set(left_out) <= set(query) and len(asked.text) <= 100 and asked.page >= 1


@given(st.integers(0, 1_000_000), st.integers(1, 10**9))
def test_a_cut_is_inside_the_whole(total: int, page: int) -> None:
    """The page shown exists, holds its share, and the links lead to pages that exist, first and last among them."""
    cut = cut_pages(total, page)
    assert cut.last_page == max(1, ceil(total / PAGE_SIZE)) and 1 <= cut.page <= cut.last_page
    assert 0 <= cut.last - cut.first + bool(total) <= PAGE_SIZE and cut.last <= total
    links = [number for number in cut.pages if number is not None]
    assert links == sorted(set(links)) and {1, cut.page, cut.last_page} <= set(links) and len(links) <= 5


def test_ages_are_london_days() -> None:
    """A claim proposed at ten to midnight is a day old twenty minutes later, in summer time as well."""
    late = int(dt.datetime(2026, 8, 31, 23, 50, tzinfo=LONDON).timestamp())
    assert words.age(late, late + 300) == "today"
    assert words.age(late, late + 1200) == "1 day"
    assert words.age(late, late + 1200 + 10 * 86_400) == "11 days"


def test_moments_are_written_as_people_write_them() -> None:
    """Midnight and noon are twelve o'clock; days carry no leading nought."""
    assert words.long_moment("2026-11-03T00:05:00+00:00") == "3 November 2026, 12:05am"
    assert words.long_moment("2026-11-03T12:00:00+00:00") == "3 November 2026, 12:00pm"
    assert words.long_moment(int(dt.datetime(2026, 7, 1, 15, 4, tzinfo=LONDON).timestamp())) == "1 July 2026, 3:04pm"
    assert words.long_day(None) == "" and words.long_day("2026-02-01") == "1 February 2026"
    told = words.days_told(
        "On 2026-02-01, at 2026-11-03T00:05:00+00:00. Batch 20261101-OCR-03455-001, 2026-02-31, 2026-01-02-3."
    )
    assert told.startswith("On 1 February 2026, at 3 November 2026, 12:05am. ")
    assert told.endswith("Batch 20261101-OCR-03455-001, 2026-02-31, 2026-01-02-3.")


def test_links_to_moodle_stay_on_its_site() -> None:
    """A path never becomes another site's address, and a site that is no web address gets no link."""
    assert address("https://m.exampleton.ac.uk/", "/mod/x.php?id=1") == "https://m.exampleton.ac.uk/mod/x.php?id=1"
    assert address("https://m.exampleton.ac.uk", "//evil.example/x").startswith("https://m.exampleton.ac.uk/")
    assert address("javascript:alert(1)", "x") == ""
    assert address("", "x") == ""
    assert address("https://m.exampleton.ac.uk", "") == ""
