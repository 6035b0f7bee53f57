"""Nobody whose facts were written is passed over, whoever read them and however that ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nvqsync import sync
from nvqsync.claims import Status
from nvqsync.storage import store_lms
from tests.workshop import UNITS, Workshop, ready_to_export, workshop

ALL = UNITS[:6]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    """Learners 1 to 3, of whom 1 has finished and is approved."""
    with workshop(tmp_path, 3) as running:
        ready_to_export(running, [1])
        yield running


def test_an_export_that_is_answered_with_everybody(shop: Workshop) -> None:
    """A connector reads files whole: what an export sees of others so is judged by the next pass."""
    shop.lms.grade(3, *ALL)
    shop.export()
    with shop.open_store() as store:
        assert "3" in store_lms.unjudged(store)
    shop.sync()
    assert [claim.learner_id for claim in shop.claims(Status.PROPOSED)] == ["3"]
    with shop.open_store() as store:
        assert store_lms.unjudged(store) == set()


def test_a_pass_that_ends_before_it_judges(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between writing and judging the process dies; the next pass finds nothing new, and judges all the same."""
    shop.lms.grade(2, *ALL)
    with monkeypatch.context() as patched, pytest.raises(MemoryError):
        patched.setattr(sync, "settle", _no_memory)
        shop.sync()
    report = shop.sync()
    assert sum(sum(course.changes.values()) for course in report.courses) == 0
    assert "2" in {claim.learner_id for claim in shop.claims(Status.PROPOSED)}


def _no_memory(*arguments: object, **more: object) -> None:
    raise MemoryError
