"""Batch files go when their time is over, and only then; what they said stays in the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nvqsync.daemon import Daemon
from nvqsync.errors import PortalError, StoreError
from nvqsync.handover.export_files import DAY, delete_old, over
from nvqsync.storage import store_audit, store_claims
from tests.workshop import NOON, Workshop, ready_to_export, workshop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    """One claim, approved and sent."""
    with workshop(tmp_path, 2) as found:
        ready_to_export(found, [1])
        found.finish()
        yield found


def after(shop: Workshop, days: float) -> Workshop:
    """The same workshop, so many days later."""
    return replace(shop, app=replace(shop.app, now=lambda: NOON + int(days * DAY)))


def clear(shop: Workshop) -> list[Path]:
    """What the next export, or the daemon at night, deletes."""
    with shop.open_store() as store:
        return delete_old(shop.app, store, by="nvqsync")


def test_files_go_after_their_days_and_not_before(shop: Workshop) -> None:
    """Ninety days unless the settings say otherwise; a second run finds nothing."""
    files = shop.files()
    assert len(files) == 3
    assert clear(after(shop, 90)) == []
    assert sorted(clear(after(shop, 90.1))) == files
    assert shop.files() == []
    assert clear(after(shop, 91)) == []


def test_a_file_that_will_not_go_fails_no_pass(shop: Workshop, caplog: pytest.LogCaptureFixture) -> None:
    """A share that lost its rights: told once a night, and not everything read anew every quarter of an hour."""
    stuck = shop.files()[0]
    stuck.unlink()
    stuck.mkdir()
    now = [NOON + 100 * DAY]
    daemon = Daemon(replace(shop.app, now=lambda: now[0]), steady=lambda: now[0])
    for hours in (24, 24, 1):
        now[0] += hours * 3600
        shop.lms.clock = now[0]
        assert daemon.tick()
    told = [line for line in caplog.messages if "old batch files were not deleted" in line]
    assert len(told) == 1
    assert f"{stuck} is past its time" in told[0]


def test_the_batch_itself_and_the_log_keep_what_was_sent(shop: Workshop) -> None:
    """The document stays with its digest, and the log says that the files went."""
    clear(after(shop, 100))
    with shop.open_store() as store:
        (batch,) = store_claims.batches(store)
        story = store_audit.audit_story(store, f"batch:{batch['id']}")
    assert batch["document"].startswith(b"{")
    assert [entry["action"] for entry in story] == ["batch", "files-deleted"]
    assert shop.faults() == []


def test_files_of_a_batch_that_still_has_to_go_stay(shop: Workshop) -> None:
    """The portal refused it: however old, its sheet is needed."""
    ready_to_export(shop, [2])
    shop.portal.faults.add("refused", on="batches")
    with pytest.raises(PortalError):
        shop.export()
    kept = {file.name for file in shop.files()}
    gone = {file.name for file in clear(after(shop, 1000))}
    assert len(gone) == 3
    assert {file.name for file in shop.files()} == kept - gone


def test_a_run_cut_short_finishes_the_next_time(shop: Workshop) -> None:
    """One file had gone already when the power went."""
    first, *others = shop.files()
    first.unlink()
    assert sorted(clear(after(shop, 100))) == others


def test_a_file_that_cannot_go_is_named(shop: Workshop) -> None:
    """A folder stands in its place: a person is told, and the batch still knows its files."""
    first = shop.files()[0]
    first.unlink()
    first.mkdir()
    with pytest.raises(StoreError, match=first.name) as error:
        clear(after(shop, 100))
    assert "by hand" in error.value.next_step
    first.rmdir()
    assert clear(after(shop, 100))
    assert shop.files() == []


@pytest.mark.parametrize(("age", "waiting", "files", "goes"), [
    (90 * DAY, (), '["a"]', False), (90 * DAY + 1, (), '["a"]', True),
    (90 * DAY + 1, ("b",), '["a"]', False), (90 * DAY + 1, (), "[]", False),
])  # fmt: skip
def test_when_the_time_is_over(age: int, waiting: tuple[str, ...], files: str, goes: bool) -> None:
    """By the second, and only where nothing waits and there are files at all."""
    batches = [{"id": "b", "created_at": 1_000_000, "files": files}]
    assert over(batches, waiting, now=1_000_000 + age, days=90) == ["b"] * goes
