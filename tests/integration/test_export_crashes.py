"""An export that is stopped anywhere, by anything: afterwards every approved claim is with the portal exactly once."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.interchange_mock.faults import KINDS
from connectors.interchange_mock.portal import Portal
from nvqsync.bootstrap import bootstrap
from nvqsync.claims import Event, Status
from nvqsync.errors import PortalBusy, PortalError, StoreError
from nvqsync.handover.batching import CLAIMS_A_BATCH
from nvqsync.handover.reconciling import KEYS_A_QUESTION
from nvqsync.model import Answer, Asked, Batch, CourseReading, Outcome
from nvqsync.storage import store_claims
from nvqsync.store import Store
from tests.workshop import Workshop, ready_to_export, set_up, workshop

LEARNERS = (1, 2, 3)


class PowerCut(BaseException):
    """The process ends here. Not an ``Exception``: nothing on the way may carry on."""


class Fuse:
    """Counts the moments at which an export can be cut short, and cuts at the one it is set to."""

    def __init__(self) -> None:
        self.blows_at, self.passed, self.lit = 0, 0, False

    def moment(self) -> None:
        """Something lasting is about to happen, or just has."""
        if self.lit:
            self.passed += 1
            if self.passed == self.blows_at:
                self.lit = False
                raise PowerCut

    def watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Python's own audit hook: every file that is opened for writing, renamed or removed passes here."""
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_CREAT)
        if self.lit and (event in {"os.rename", "os.remove", "os.mkdir"} or writes):
            self.moment()


FUSE = Fuse()
sys.addaudithook(FUSE.watch)  # it cannot be taken away again; with the fuse unlit it does nothing


class FusedStore(Store):
    """The real store, which may be cut short just before and just after each outermost commit."""

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Store]:
        """As the store does, with a fuse on either side of the commit."""
        outermost = not self.db.conn.in_transaction
        with super().writing(durable=durable):
            yield self
            if outermost:
                FUSE.moment()
        if outermost:
            FUSE.moment()


class FusedPortal:
    """The real connector, which may be cut short before it sends and before it hands back the answer."""

    def __init__(self, shop: Workshop) -> None:
        self._real = shop.connector

    def submit(self, batch: Batch, document: bytes) -> Sequence[Answer]:
        """As the connector does."""
        FUSE.moment()
        answers = self._real.submit(batch, document)
        FUSE.moment()
        return answers

    def ask(self, awarding_body: str, centre_number: str, keys: Sequence[str]) -> Sequence[Answer]:
        """As the connector does."""
        FUSE.moment()
        return self._real.ask(awarding_body, centre_number, keys)

    def close(self) -> None:
        """As the connector does."""
        self._real.close()


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal(return_rate=0) as running:
        yield running


@pytest.fixture(scope="module")
def approved(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Three approved claims, and the LMS they came from."""
    folder = tmp_path_factory.mktemp("approved")
    with workshop(folder, len(LEARNERS)) as shop:
        ready_to_export(shop, LEARNERS)
    return shop


@pytest.fixture
def shop(tmp_path: Path, portal: Portal, approved: Workshop) -> Workshop:
    return opened(tmp_path, portal, approved)


def opened(folder: Path, portal: Portal, approved: Workshop) -> Workshop:
    """A workshop with the three approved claims in it, and a portal that knows their candidates and nothing else."""
    found = set_up(folder, portal, len(LEARNERS), FusedStore)
    found.take_over(approved)
    found.register(*LEARNERS)
    return found


def check(shop: Workshop, *, received: int | None = 1) -> None:
    """Every claim is with the portal once, certificated on both sides, and nothing is torn or left lying about."""
    shop.finish()
    claims, books = shop.claims(), shop.books()
    assert shop.faults() == []
    assert {claim.status for claim in claims} == {Status.CERTIFICATED}
    assert {claim.key: claim.certificate_number for claim in claims} == {
        key: book["certificate_number"] for key, book in books.items()
    }
    assert received is None or {book["received"] for book in books.values()} == {received}
    files = shop.files()
    assert [file for file in files if file.suffix == ".part"] == []
    batches = [json.loads(file.read_bytes()) for file in files if file.suffix == ".json"]
    assert {claim["key"] for batch in batches for claim in batch["claims"]} == books.keys()
    with shop.open_store() as store:
        for row in store_claims.batches(store):
            assert row["state"] == "answered"
            for name in json.loads(row["files"]):
                assert (shop.app.settings.export.folder / name).stat().st_mode & 0o777 == 0o600


def test_a_cut_at_every_single_moment_loses_and_doubles_nothing(
    tmp_path: Path, portal: Portal, approved: Workshop
) -> None:
    """Before and after every commit, rename and exchange in turn, until one export comes through uncut."""
    moments = 0
    while True:
        moments += 1
        folder = tmp_path / str(moments)
        folder.mkdir()
        shop = opened(folder, portal, approved)
        FUSE.blows_at, FUSE.passed, FUSE.lit = moments, 0, True
        try:
            shop.export(FusedPortal(shop))
        except PowerCut:
            check(shop)
        else:
            break
        finally:
            FUSE.lit = False
            shutil.rmtree(folder, ignore_errors=True)
    assert moments > 20  # the export has that many moments at least, or the fuse is not wired


def test_commands_in_another_process_read_the_same_facts(shop: Workshop) -> None:
    """Else what follows would prove nothing: their export would find grades changed and hold every claim."""
    environment = shop.for_commands()
    app = bootstrap(Path(environment["NVQSYNC_CONFIG"]))
    asked = [Asked(shop.lms.course)]
    ((_, written),) = app.open_lms().read(asked)
    ((_, kept),) = shop.lms.read(asked)
    assert isinstance(written, CourseReading)
    assert replace(written, server_time=kept.server_time) == kept
    assert len(kept.observations) == 6 * len(LEARNERS)


@pytest.mark.parametrize("seed", range(4))
def test_a_process_that_is_killed_again_and_again_loses_and_doubles_nothing(shop: Workshop, seed: int) -> None:
    """SIGKILL at three random moments of exports and reconciles, the portal being slow."""
    dice = random.Random(seed)
    for command in ("export", "export", "reconcile"):
        shop.portal.faults.add("slow", seconds=0.15)
        kill_during(shop, command, dice.uniform(0, 0.3))
    shop.portal.faults.clear()
    check(shop)


def kill_during(shop: Workshop, command: str, after: float) -> None:
    """Start a command in a process of its own and kill it so many seconds after it took the export's lock."""
    lock = shop.folder / "nvqsync.db.export"
    lock.unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "nvqsync", command],
        env=shop.for_commands(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not lock.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(after)
    process.kill()
    _, err = process.communicate(timeout=30)
    assert lock.exists(), err  # it got as far as exporting
    assert process.returncode in {0, 1, -signal.SIGKILL}


@pytest.mark.parametrize("kind", KINDS)
def test_after_any_single_fault_every_claim_arrives_once(shop: Workshop, kind: str) -> None:
    """Refused, lost, cut, garbled, doubled or partial: the next export and reconcile put it right, without a double."""
    shop.portal.faults.add(kind, on="batches", seconds=0.01)
    try:
        shop.export()
    except PortalError as error:
        assert error.next_step
    check(shop)


@pytest.mark.parametrize("seed", range(3))
def test_a_portal_that_fails_half_the_time_gets_every_claim_once(shop: Workshop, seed: int) -> None:
    """Whatever mixture of faults strikes exports, questions and answers."""
    quick = tuple(kind for kind in KINDS if kind not in {"slow", "restart", "rate_limit"})
    shop.portal.faults.at_random(0.5, seed=seed, kinds=quick, seconds=0.01)
    for _ in range(5):
        for action in (shop.export, shop.reconcile):
            try:
                action()
            except PortalError:
                continue
    shop.portal.faults.clear()
    check(shop)


def test_a_withdrawn_claim_does_not_go_with_the_batch_it_was_in(shop: Workshop) -> None:
    """The portal refused the batch; one claim is withdrawn meanwhile; the others go without it."""
    shop.portal.faults.add("refused", on="batches")
    with pytest.raises(PortalError):
        shop.export()
    first = shop.claims()[0]
    assert [result.refused for result in shop.act(Event.WITHDRAW, first.id)] == [""]
    shop.finish()
    assert first.key not in shop.books()
    assert sorted(shop.books()) == sorted(claim.key for claim in shop.claims(Status.CERTIFICATED))
    assert len(shop.books()) == len(LEARNERS) - 1
    assert shop.faults() == []


def test_a_claim_whose_answer_is_outstanding_cannot_be_withdrawn(shop: Workshop) -> None:
    """It may have arrived: a person is sent to reconcile first, and nothing changes."""

    class Killed(FusedPortal):
        def submit(self, batch: Batch, document: bytes) -> Sequence[Answer]:
            super().submit(batch, document)
            raise PowerCut

    with pytest.raises(PowerCut):
        shop.export(Killed(shop))
    (result,) = shop.act(Event.WITHDRAW, shop.claims()[0].id)
    assert "on its way" in result.refused
    assert "reconcile" in result.refused
    check(shop)


def test_one_refused_batch_does_not_keep_the_others_back(tmp_path: Path, portal: Portal) -> None:
    """The portal holds something else under one claim's key: that batch stays, the other goes, and a person is told."""
    shop = set_up(tmp_path, portal, 2)
    ready_to_export(shop, [1])
    shop.portal.faults.add("refused", on="batches")
    with pytest.raises(PortalError):
        shop.export()
    ready_to_export(shop, [2])
    shop.portal.faults.add("refused", on="batches")
    report = shop.export()
    assert report.answers == {"acknowledged": 1}
    assert len(report.problems) == 1
    assert "may not send" in report.problems[0]
    check(shop)


def test_a_claim_withdrawn_while_another_batch_goes_out_stays_here(tmp_path: Path, portal: Portal) -> None:
    """Its own batch was about to follow: it waits, and goes without the claim with the next export."""
    shop = set_up(tmp_path, portal, 3)
    ready_to_export(shop, [1])
    shop.portal.faults.add("refused", on="batches")
    with pytest.raises(PortalError):
        shop.export()
    _, second, third = (shop.claims()[0].id, *ready_to_export(shop, [2, 3]))

    class Interrupted(FusedPortal):
        def submit(self, batch: Batch, document: bytes) -> Sequence[Answer]:
            if len(batch.claims) == 1:
                assert [result.refused for result in shop.act(Event.WITHDRAW, second)] == [""]
            return super().submit(batch, document)

    shop.export(Interrupted(shop))
    assert len(shop.books()) == 1
    shop.finish()
    statuses = {claim.id: claim.status for claim in shop.claims()}
    assert (statuses[second], statuses[third]) == (Status.WITHDRAWN, Status.CERTIFICATED)
    assert len(shop.books()) == 2


class Forgetful:
    """A portal connector of somebody else's that breaks its promise: it answers for nothing."""

    def submit(self, batch: Batch, document: bytes) -> Sequence[Answer]:
        """Takes the batch in silence."""
        return ()

    def ask(self, awarding_body: str, centre_number: str, keys: Sequence[str]) -> Sequence[Answer]:
        """Answers about somebody else's claim, and says of the first key that it never came."""
        return (Answer("stranger", Outcome.ACKNOWLEDGED), Answer(keys[0], Outcome.NOT_FOUND))

    def close(self) -> None:
        """Nothing is open."""


def test_a_connector_that_answers_for_nothing_leaves_claims_unknown_not_resent(shop: Workshop) -> None:
    """Silence is not "never arrived": only the claim that was said not to have come may go again."""
    shop.export(Forgetful())
    assert {claim.status for claim in shop.claims()} == {Status.UNKNOWN}
    report = shop.export(Forgetful())
    assert report.problems == []  # an answered batch is not asked about by an export
    shop.finish()
    check(shop)


def test_two_exports_at_once_send_once(shop: Workshop) -> None:
    """The second is told that the first is running, and does nothing."""
    shop.portal.faults.add("slow", on="batches", seconds=1.5)
    first = threading.Thread(target=shop.export)
    first.start()
    deadline = time.monotonic() + 20
    while not shop.books() and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        with pytest.raises(StoreError, match=f"process {os.getpid()}"):
            shop.export()
        with pytest.raises(StoreError, match="already running"):
            shop.reconcile()
    finally:
        first.join()
    check(shop)


def test_a_locked_database_is_a_sentence_and_loses_nothing(shop: Workshop) -> None:
    """Somebody else writes for too long: status as before, and the same export works afterwards."""

    def impatient() -> Store:
        store = FusedStore(shop.app.settings.database)
        store.execute("PRAGMA busy_timeout = 50")
        return store

    usual, shop.open_store = shop.open_store, impatient
    with usual() as other, other.writing():
        with pytest.raises(StoreError, match="locked") as error:
            shop.export()
        assert "Try again" in error.value.next_step
    shop.open_store = usual
    assert {claim.status for claim in shop.claims()} == {Status.APPROVED}
    check(shop)


@pytest.mark.parametrize("pages", range(0, 12, 3))
def test_a_full_disk_under_the_database_loses_nothing(shop: Workshop, pages: int) -> None:
    """SQLite's own "disk is full", sooner or later in the export: told with what to do, and taken up afterwards."""

    def small() -> Store:
        store = FusedStore(shop.app.settings.database)
        used = store.rows("PRAGMA page_count")[0]["page_count"]
        store.execute(f"PRAGMA max_page_count = {used + pages}")
        return store

    usual, shop.open_store = shop.open_store, small
    try:
        shop.export()
    except StoreError as error:
        assert "full" in str(error)
        assert "Free some space" in error.next_step
    else:
        assert pages > 0
    shop.open_store = usual
    check(shop)


def test_a_full_disk_under_the_batch_files_loses_nothing(shop: Workshop) -> None:
    """A process that may write no file beyond a few bytes: no torn file is left, and the next export finishes."""
    script = (
        "import resource, sys; from nvqsync.cli import main\n"
        "import nvqsync.handover.batch_files as files; real = files.write_once\n"
        "def small(*arguments):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY)); return real(*arguments)\n"
        "import nvqsync.exporting as exporting; exporting.write_once = small\n"
        "sys.exit(main(['export']))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=False, env=shop.for_commands(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert shop.files() == []
    check(shop)


def test_a_folder_that_cannot_be_written_is_named_and_loses_nothing(shop: Workshop) -> None:
    """A file stands in its place: the claims wait in their batch, nothing was sent, and the next export finishes."""
    folder = shop.app.settings.export.folder
    folder.write_text("not a folder", encoding="utf-8")
    with pytest.raises(StoreError, match=str(folder)) as error:
        shop.export()
    assert "nothing is lost" in error.value.next_step
    assert shop.books() == {}
    folder.unlink()
    check(shop)


def test_a_misspelt_format_stops_the_export_before_a_claim_is_marked(shop: Workshop) -> None:
    """The claims stay approved."""
    shop.app.settings.export.formats.append("claims_cvs")
    with pytest.raises(Exception, match="claims_cvs"):
        shop.export()
    shop.app.settings.export.formats.pop()
    assert {claim.status for claim in shop.claims()} == {Status.APPROVED}
    check(shop)


def test_another_file_of_that_name_is_left_alone(shop: Workshop) -> None:
    """The batch gets a number, what stood there stays as it was."""
    folder = shop.app.settings.export.folder
    folder.mkdir()
    mine = folder / "20261110-OCR-03455-001.json"
    mine.write_text('{"claims": []}', encoding="utf-8")
    (batch,) = shop.export().batches
    assert str(folder / "20261110-OCR-03455-001-2.json") in batch["files"]
    assert mine.read_text(encoding="utf-8") == '{"claims": []}'


def test_what_a_killed_run_left_half_written_is_cleared_away(shop: Workshop) -> None:
    """A temporary file with personal data does not stay behind for ever."""
    folder = shop.app.settings.export.folder
    folder.mkdir()
    (folder / ".20261110-OCR-03455-001.json.part").write_text("half", encoding="utf-8")
    check(shop)


class Counting:
    """The real connector; remembers how much it was handed at once."""

    def __init__(self, shop: Workshop) -> None:
        self._real = shop.connector
        self.claims: list[int] = []
        self.keys: list[int] = []

    def submit(self, batch: Batch, document: bytes) -> Sequence[Answer]:
        """Send it, but lose the answer."""
        self.claims.append(len(batch.claims))
        self._real.submit(batch, document)
        raise PortalBusy("The line went dead.")

    def ask(self, awarding_body: str, centre_number: str, keys: Sequence[str]) -> Sequence[Answer]:
        """As the connector does."""
        self.keys.append(len(keys))
        return self._real.ask(awarding_body, centre_number, keys)

    def close(self) -> None:
        """As the connector does."""
        self._real.close()


@pytest.mark.slow
def test_more_than_a_thousand_claims_go_in_several_batches_and_questions(tmp_path: Path) -> None:
    """No batch and no question is larger than a portal takes, and a lost answer to all of them is cleared up."""
    number = CLAIMS_A_BATCH + 25
    with workshop(tmp_path, number) as shop:
        ready_to_export(shop, range(1, number + 1))
        portal = Counting(shop)
        shop.export(portal)
        assert portal.claims == [CLAIMS_A_BATCH, 25]
        assert {claim.status for claim in shop.claims()} == {Status.UNKNOWN}
        shop.export(portal)
        assert portal.claims == [CLAIMS_A_BATCH, 25]
        assert max(portal.keys) <= KEYS_A_QUESTION
        assert sum(portal.keys) == number
        assert {book["received"] for book in shop.books().values()} == {1}
        assert len(shop.books()) == number
