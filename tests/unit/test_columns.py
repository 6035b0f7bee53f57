"""Records kept a column at a time behave as the sequence they stand for."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.columns import Columns


class Point(NamedTuple):
    """A record of two fields."""

    x: int
    name: str


points = st.lists(st.builds(Point, st.integers(), st.text(max_size=3)), max_size=5)


@given(points, st.integers(0, 6), st.integers(0, 6))
def test_columns_are_the_records_they_were_made_of(records: list[Point], start: int, stop: int) -> None:
    """The same length, records, slices and equality, each record of its own kind."""
    columns = Columns.of(Point, records)
    assert (len(columns), list(columns), list(columns[start:stop])) == (len(records), records, records[start:stop])
    assert columns == records
    assert columns == Columns.of(Point, tuple(records))
    assert hash(columns) == hash(columns[:])
    assert all(type(one) is Point for one in columns)
    assert [columns[n].name for n in range(len(records))] == [one.name for one in records]
    assert columns != [*records, Point(1, "")]


def test_records_that_are_columns_already_stay_as_they_are() -> None:
    """Nothing is copied."""
    columns = Columns.of(Point, [Point(1, "a")])
    assert Columns.of(Point, columns) is columns
    assert repr(columns) == "Columns([Point(x=1, name='a')])"


@pytest.mark.parametrize("columns", [[[1]], [[1], ["a"], [2]], [[1, 2], ["a"]]])
def test_columns_that_fit_no_record_are_refused(columns: list[list[int | str]]) -> None:
    """One for each field, and all of one length."""
    with pytest.raises(ValueError, match="not the columns of a Point"):
        Columns(Point, columns)
