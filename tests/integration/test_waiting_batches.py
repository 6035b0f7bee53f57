"""A batch that waited here since an earlier export: its claims pass the same gates again, and what may have gone never
comes back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from connectors.interchange_mock.portal import Portal
from nvqsync.centre import Account, Sanction
from nvqsync.centres.centre_edits import Edit, end_date, sanction
from nvqsync.centres.centre_entering import enter
from nvqsync.claims import Event, Status
from nvqsync.errors import LmsUnreadable, NotAllowed, PortalRefused, StoreError
from nvqsync.exporting import export
from nvqsync.gates import ClaimFacts, Gate, Severity
from nvqsync.handover.foreseeing import export_foreseen
from nvqsync.handover.reconciling import ExportReport
from nvqsync.model import Answer, Batch, SiteFacts
from nvqsync.quality import Release
from nvqsync.restoring import RESTORED
from nvqsync.storage import store_claims, store_lms, store_quality
from tests import quality
from tests.rehearsal import Answered, answer
from tests.workshop import ASSESSOR, CENTRE, QUALIFICATION, UNITS, Workshop, ready_to_export, set_up, workshop

EVERYONE = (1, 2, 3, 4)


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal(return_rate=0) as running:
        yield running


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Four approved claims, and the LMS they came from."""
    with workshop(tmp_path_factory.mktemp("ready"), len(EVERYONE)) as shop:
        ready_to_export(shop, EVERYONE)
    return shop


@pytest.fixture
def shop(tmp_path: Path, portal: Portal, ready: Workshop) -> Workshop:
    """The four approved claims in front of a portal that knows their candidates and nothing else."""
    found = set_up(tmp_path, portal, len(EVERYONE))
    found.take_over(ready)
    found.register(*EVERYONE)
    return found


# ---------------------------------------------------------------- how a batch came to wait


class PowerCut(BaseException):
    """The process ends here."""


@dataclass
class Cut:
    """The portal's connector in a process that ends just before a batch leaves, or just after it arrived."""

    shop: Workshop
    arrives: bool

    def submit(self, batch: Batch, document: bytes) -> Sequence[Answer]:
        """The end."""
        if self.arrives:
            self.shop.connector.submit(batch, document)
        raise PowerCut

    def ask(self, awarding_body: str, centre_number: str, keys: Sequence[str]) -> Sequence[Answer]:
        """Nobody asks here."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is open."""


def refused(shop: Workshop) -> None:
    """The portal refused the batch: it stands on disk."""
    shop.portal.faults.add("refused", on="batches")
    with pytest.raises(PortalRefused):
        shop.export()


def cut_before_writing(shop: Workshop) -> None:
    """The first file is written, the second cannot be: the batch is in the database alone."""
    obstacle = shop.app.settings.export.folder / "20261110-OCR-03455-001.csv"
    obstacle.mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be written"):
        shop.export()
    obstacle.rmdir()


def cut_before_leaving(shop: Workshop) -> None:
    """The batch is marked as being sent, and the portal never saw it."""
    with suppress(PowerCut):
        shop.export(Cut(shop, arrives=False))


def cut_after_arriving(shop: Workshop) -> None:
    """The batch is marked as being sent, and the portal has it."""
    with suppress(PowerCut):
        shop.export(Cut(shop, arrives=True))


# ---------------------------------------------------------------- what happened meanwhile


def entered(edit: Edit) -> Callable[[Workshop], None]:
    """A fact of the centre is recorded."""

    def do(shop: Workshop) -> None:
        with shop.open_store() as store:
            assert enter(shop.app, store, edit, by="officer")

    return do


TODAY = dt.date(2026, 11, 10)
STOPPED = entered(sanction(Sanction(QUALIFICATION, "level 4", "Sample every unit.", TODAY, stops_claims=True)))
CLOSED = entered(end_date(QUALIFICATION, "certification", TODAY - dt.timedelta(days=1), TODAY))
APPROVER_GRADED = entered(lambda record: record.with_items(Account("officer", ASSESSOR)))
NO_DIRECT_CLAIMS = entered(sanction(Sanction(QUALIFICATION, "level 2", "Plan.", TODAY, stops_direct_claims=True)))


def grade_taken_back(shop: Workshop) -> None:
    shop.lms.grade(2, UNITS[0], place=1)


def read_by_a_pass(shop: Workshop) -> None:
    """A pass found the lost grade first, and raised a recall notice."""
    grade_taken_back(shop)
    shop.sync()
    assert shop.claims()[1].recall_notice


def left(shop: Workshop) -> None:
    shop.lms.change(3, active=False)


def renamed(shop: Workshop) -> None:
    shop.register(1, name="Sasha Renamed")


def assessor_verified(shop: Workshop) -> None:
    """Whoever assessed learner 4 agreed to the evidence too, and takes the place of who did before."""
    with shop.open_store() as store:
        quality.staff(store, iqa=ASSESSOR)
        (before,) = [one for one in store_quality.releases(store, QUALIFICATION) if one.learner_id == "4"]
        store_quality.take_back_release(store, before.id, on=TODAY, by="officer", at=shop.app.now(), why="Wrong.")
        new = Release(QUALIFICATION, ASSESSOR, TODAY, learner_id="4")
        store_quality.record_releases(store, [new], by="officer", at=shop.app.now())


def mapping_lost(shop: Workshop) -> None:
    shop.lms.course = replace(shop.lms.course, id_number="")
    shop.sync()


TROUBLES = [
    (grade_taken_back, {2}, "not_achieved"),
    (read_by_a_pass, {2}, "not_achieved"),
    (left, {3}, "learner_left"),
    (renamed, {1}, "registration_changed"),
    (assessor_verified, {4}, "people_changed"),
    (STOPPED, {1, 2, 3, 4}, "gates_changed"),
    (CLOSED, {1, 2, 3, 4}, "gates_changed"),
    (APPROVER_GRADED, {1, 2, 3, 4}, "gates_changed"),
    (mapping_lost, {1, 2, 3, 4}, "mapping_lost"),
]


def check_held(
    shop: Workshop, report: ExportReport, held: Collection[int], code: str, *, before: Collection[int] = ()
) -> None:
    """An export put these claims on hold (some ``before`` it), and the others are with the portal, each once."""
    assert set(report.held) == set(held)
    held = {*held, *before}
    assert {claim.id: claim.hold_code for claim in shop.claims(Status.ON_HOLD)} == dict.fromkeys(held, code)
    keys = {claim.key for claim in shop.claims() if claim.id not in held}
    assert shop.books().keys() == keys and shop.faults() == []
    shop.finish()
    assert shop.books().keys() == keys
    with shop.open_store() as store:
        assert {row["state"] for row in store_claims.batches(store)} == {"answered"}
    assert [claim.status for claim in shop.claims() if claim.id not in held] == [Status.CERTIFICATED] * len(keys)


@pytest.mark.parametrize(("meanwhile", "held", "code"), TROUBLES)
def test_what_changed_under_a_waiting_batch_stops_its_claims_and_no_others(
    shop: Workshop, meanwhile: Callable[[Workshop], None], held: set[int], code: str
) -> None:
    """They go on hold as approved ones would; the rest goes in a batch of its own."""
    refused(shop)
    meanwhile(shop)
    report = shop.export()
    assert [batch["claims"] for batch in report.batches] == [4 - len(held)] * (len(held) < 4)
    check_held(shop, report, held, code)


@pytest.mark.parametrize("wait", [cut_before_writing, cut_before_leaving])
@pytest.mark.parametrize(("meanwhile", "held", "code"), [TROUBLES[0], TROUBLES[5]])
def test_however_it_came_to_wait(
    shop: Workshop, wait: Callable[[Workshop], None], meanwhile: Callable[[Workshop], None], held: set[int], code: str
) -> None:
    """Not written, or perhaps on its way, in which case the portal is asked first."""
    wait(shop)
    meanwhile(shop)
    check_held(shop, shop.export(), held, code)


def test_what_a_cut_run_had_written_of_a_batch_is_not_left_to_be_keyed(shop: Workshop) -> None:
    """The batch never was: its file goes with it, and the half of another."""
    cut_before_writing(shop)
    assert [file.name for file in shop.files()] == ["20261110-OCR-03455-001.json"]
    (shop.app.settings.export.folder / ".20261110-OCR-03455-001.csv.part").write_text("half", encoding="utf-8")
    STOPPED(shop)
    shop.export()
    assert shop.files() == []


def test_a_batch_that_is_to_be_keyed_is_judged_again_until_it_is_written(shop: Workshop) -> None:
    """From then on a person may have begun to key it: nothing is taken back behind their back."""
    shop.app.settings.portal.name = ""
    cut_before_writing(shop)
    grade_taken_back(shop)
    with shop.open_store() as store:
        report = export(shop.app, store, None, by="officer")
        assert (report.held, [batch["claims"] for batch in report.batches]) == ([2], [3])
        STOPPED(shop)
        assert export(shop.app, store, None, by="officer").held == []
    assert {claim.id for claim in shop.claims(Status.EXPORTED)} == {1, 3, 4}


def test_a_batch_that_arrived_is_asked_about_and_never_taken_back(shop: Workshop) -> None:
    """A sanction came after it had gone: the portal has the claims, and says what becomes of them."""
    cut_after_arriving(shop)
    STOPPED(shop)
    report = shop.export()
    assert (report.held, report.answers) == ([], {"certificated": 4})
    shop.finish()
    assert {claim.status for claim in shop.claims()} == {Status.CERTIFICATED}
    assert {book["received"] for book in shop.books().values()} == {1} and shop.faults() == []


def test_a_claim_taken_back_and_approved_anew_goes_once(shop: Workshop) -> None:
    """An export is cut right after it put the claim on hold; the old batch still names it, and goes without it."""
    refused(shop)
    grade_taken_back(shop)
    folder = shop.app.settings.export.folder
    folder.rename(folder.with_name("away"))
    folder.write_text("not a folder", encoding="utf-8")
    with pytest.raises(StoreError):
        shop.export()  # what is left has a batch of its own, which cannot be written
    folder.unlink()
    shop.lms.grade(2, UNITS[0])
    shop.sync()
    for event in (Event.RELEASE, Event.APPROVE):
        assert [one.refused for one in shop.act(event, 2)] == [""]
    shop.finish()
    assert {claim.status for claim in shop.claims()} == {Status.CERTIFICATED}
    assert {book["received"] for book in shop.books().values()} == {1} and len(shop.books()) == 4
    assert shop.faults() == []


def test_a_batch_goes_the_way_it_has_to_go_by_now(shop: Workshop) -> None:
    """Direct claims were stopped while it waited: its claims go to the external quality assurer, in a new batch."""
    refused(shop)
    NO_DIRECT_CLAIMS(shop)
    (batch,) = shop.export().batches
    assert (batch["route"], batch["claims"]) == ("authorisation", 4)
    assert len(shop.books()) == 4 and shop.faults() == []


def test_what_somebody_changes_in_the_moment_of_judging_stays_until_the_next_export(shop: Workshop) -> None:
    """Nobody knows whether it may go: its batch stays as it is, and that is told."""
    refused(shop)
    STOPPED(shop)

    def meanwhile(facts: ClaimFacts) -> None:
        first = shop.claims()[0]
        if facts.learner.lms_id == first.learner_id and first.version == before:
            with shop.open_store() as other:
                store_claims.change_claim(
                    other, first, first.status, at=shop.app.now(), actor="officer", action="note", why="Looked at."
                )

    before, usual = shop.claims()[0].version, shop.app
    shop.app = replace(usual)
    shop.app.__dict__["gates"] = (*usual.gates, Gate("TEST-1", Severity.CAUTIONS, "", "", meanwhile))
    (problem,) = shop.export().problems
    assert "Claim 1 was changed by somebody else" in problem and shop.books() == {}
    shop.app = usual
    check_held(shop, shop.export(), {1}, "gates_changed", before={2, 3, 4})


def test_a_batch_left_by_an_earlier_export_stays_while_moodle_cannot_be_read(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing goes, however long ago it was written; with Moodle back it goes once."""
    refused(shop)
    with monkeypatch.context() as broken:
        broken.setattr(shop.lms, "check", _down)
        with pytest.raises(LmsUnreadable):
            shop.export()
    assert shop.books() == {}
    shop.finish()
    assert {book["received"] for book in shop.books().values()} == {1}


def _down() -> SiteFacts:
    raise LmsUnreadable("Moodle cannot be reached.", "Try again later.")


# ---------------------------------------------------------------- what a dry run says


def nothing(shop: Workshop) -> None:
    """Nothing waits, or nothing happened."""


def dry(shop: Workshop, *command: str) -> Answered:
    """A command's dry run, which leaves every file in the folder as it was, the database included, and makes none."""
    shop.for_commands()
    before = {path: path.read_bytes() for path in shop.folder.rglob("*") if path.is_file()}
    told = answer("--config", str(shop.folder / "csv_folder.toml"), *command, "--dry-run")
    assert {path: path.read_bytes() for path in shop.folder.rglob("*") if path.is_file()} == before
    return told


@pytest.mark.parametrize("portal_name", ["interchange_mock", ""])
@pytest.mark.parametrize(
    ("wait", "meanwhile"),
    [
        (nothing, nothing),
        (refused, nothing),
        (refused, read_by_a_pass),
        (refused, renamed),
        (refused, STOPPED),
        (refused, NO_DIRECT_CLAIMS),
        (cut_before_writing, renamed),
    ],
)
def test_an_export_does_what_its_dry_run_said(
    shop: Workshop, wait: Callable[[Workshop], None], meanwhile: Callable[[Workshop], None], portal_name: str
) -> None:
    """Which claims go, in how many batches, by which route and how; which stay, and why."""
    wait(shop)
    meanwhile(shop)
    shop.app.settings.portal.name = portal_name
    with shop.open_store() as store, store.reading():
        said = export_foreseen(shop.app, store)
    assert ({one.portal for one in said.batches}) <= {bool(portal_name)}
    with shop.open_store() as store:
        report = export(shop.app, store, shop.connector if portal_name else None, by="officer")
    held = {claim.id: claim.hold_reason for claim in shop.claims(Status.ON_HOLD)}
    assert {one.claim: one.says for one in said.stays} == held and set(report.held) == held.keys()
    written = sorted((batch["route"], batch["claims"]) for batch in report.batches)
    assert sorted((one.route, len(one.claims)) for one in said.batches if not one.batch) == written
    keys = {claim.id: claim.key for claim in shop.claims()}
    assert {keys[claim] for one in said.batches if one.portal for claim in one.claims} == shop.books().keys()


def test_a_dry_run_leaves_no_trace(shop: Workshop) -> None:
    """Before an export, after one that was refused, and with what stays: told in words and as JSON."""
    told = dry(shop, "export")
    assert told.status == 0 and "(new)" in told.out and "to the portal" in told.out and "1, 2, 3, 4" in told.out
    assert "reads them from Moodle again first" in told.err
    refused(shop)
    renamed(shop)
    told = dry(shop, "export")
    assert told.status == 1 and "Claim 1 would stay: The registration changed." in told.err
    shop.finish()
    told = dry(shop, "export", "--json")
    assert told.status == 0 and not any(told.json.values())


def test_a_dry_run_after_a_restore_waits_for_a_persons_word_as_well(shop: Workshop) -> None:
    """And does not take it for the word that the export itself waits for."""
    with shop.open_store() as store:
        store_lms.keep(store, RESTORED, str(shop.app.now()))
    told = dry(shop, "export")
    assert told.status != 0 and "--after-restore" in told.err
    assert "(new)" in dry(shop, "export", "--after-restore").out
    with pytest.raises(NotAllowed):
        shop.export()


def test_what_a_portal_would_be_asked_about_is_told(shop: Workshop) -> None:
    """First of a batch that was never answered for; in the end of certificates alone, where somebody wants to know."""
    cut_after_arriving(shop)
    asked = {
        "awarding_body": "OCR", "centre_number": CENTRE, "batch": "20261110-OCR-03455-001", "claims": [1, 2, 3, 4],
    }  # fmt: skip
    assert dry(shop, "export", "--json").json["asks"] == dry(shop, "reconcile", "--json").json["asks"] == [asked]
    assert asked["batch"] in dry(shop, "reconcile").out
    shop.finish()
    assert "Nothing would be sent or asked." in dry(shop, "reconcile").out
    assert dry(shop, "reconcile", "--certificates", "--json").json["asks"] == [asked]
