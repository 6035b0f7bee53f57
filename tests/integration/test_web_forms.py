"""The forms beside the claim's own: batches keyed by hand, registrations imported, the centre's facts, releases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from nvqsync import store_claims
from nvqsync.claims import Status
from nvqsync.recording import record_all
from nvqsync.web.app import WebServer
from tests.integration import web_data
from tests.integration.test_web_actions import claim, form_of, ids, last_entry
from tests.integration.web_data import APPROVER, College

BATCH = "20261101-OCR-03455-001"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> College:
    return web_data.build(tmp_path_factory.mktemp("forms"))


@pytest.fixture
def college(built: College, tmp_path: Path) -> College:
    return web_data.copy(built, tmp_path)


@pytest.fixture
def url(college: College) -> Iterator[str]:
    with WebServer(college.app, "127.0.0.1", 0) as server:
        yield server.url


@pytest.fixture
def session(college: College) -> Iterator[requests.Session]:
    with web_data.asking(college, APPROVER) as session:
        yield session


def page(url: str, session: requests.Session, path: str) -> str:
    answer = session.get(url.rstrip("/") + path, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.text


def fill(url: str, session: requests.Session, path: str, **typed: str | list[str]) -> requests.Response:
    """Load the page at ``path``, fill in the form on it that goes there, with no box ticked, and send it."""
    form = form_of(page(url, session, path), path)
    sent = {name: value for name, value in form.items() if not name.startswith("tick-")} | typed
    return session.post(url.rstrip("/") + path, data=sent, timeout=20)


# ---------------------------------------------------------------- a batch keyed by hand


def test_a_batch_offers_what_its_claims_allow(url: str, college: College, session: requests.Session) -> None:
    """Each word that fits a claim of the batch is offered with how many it fits, and its form lists exactly those."""
    shown = page(url, session, f"/batches/{BATCH}")
    offered = dict(
        re.findall(rf'href="/batches/{BATCH}/record/(\w+)">[^<]*</a> <span class="quiet">(\d+) claim', shown)
    )
    assert {"keyed", "certificated", "returned", "received", "handed_over"} <= set(offered)
    for word, many in offered.items():
        rows = re.findall(r'name="claim" value="(\d+)@', page(url, session, f"/batches/{BATCH}/record/{word}"))
        assert len(rows) == int(many), word
    keyed = re.findall(r'name="claim" value="(\d+)@', page(url, session, f"/batches/{BATCH}/record/keyed"))
    assert [int(one) for one in keyed] == ids(college, f"batch_id = '{BATCH}' AND status = 'exported'")


def test_what_was_keyed_is_recorded_for_those_ticked(url: str, college: College, session: requests.Session) -> None:
    """Ticked claims are submitted with day, reference and who; the others stay; the answer says how to undo it."""
    first, *others = ids(college, f"batch_id = '{BATCH}' AND status = 'exported'")
    path = f"/batches/{BATCH}/record/keyed"
    answer = fill(url, session, path, **{f"tick-{first}": "yes", "on": "2/11/2026", f"reference-{first}": "K-1"})
    assert "Recorded as keyed: 1 claim. If one was wrong: nvqsync claims record keyed CLAIM --correct" in answer.text
    done = claim(college, first)
    assert (done.status, done.keyed_on, done.keyed_by, done.reference) == (
        Status.SUBMITTED, "2026-11-02", APPROVER, "K-1",
    )  # fmt: skip
    assert last_entry(college, first) == (APPROVER, "keyed")
    assert {claim(college, one).status for one in others} <= {Status.EXPORTED}


def test_certificates_are_typed_from_the_pile(url: str, college: College, session: requests.Session) -> None:
    """A row with a number is recorded; a bad day or a number given twice is refused, the others stand, typed words stay."""
    one, two, three = ids(college, f"batch_id = '{BATCH}' AND status IN ('submitted', 'acknowledged')")[:3]
    path = f"/batches/{BATCH}/record/certificated"
    typed = {
        "on": "2/11/2026", f"certificate-{one}": "C-1", f"certificate-{two}": "C-1", f"certificate-{three}": "C-3",
        f"on-{three}": "2/11/2030",
    }  # fmt: skip
    answer = fill(url, session, path, **typed)
    assert answer.status_code == 409 and "Not recorded: 2" in answer.text
    assert f"Certificate C-1 is recorded for claim {one}" in answer.text and "is still to come" in answer.text
    assert 'value="C-3"' in answer.text and 'value="2/11/2030"' in answer.text
    assert [claim(college, number).certificate_number for number in (one, two, three)] == ["C-1", "", ""]


def test_all_that_are_shown_are_recorded_at_once(url: str, college: College, session: requests.Session) -> None:
    """One button for a pile of certificates that arrived: every claim on the form keeps the day and the name."""
    path = f"/batches/{BATCH}/record/received"
    here = ids(college, f"batch_id = '{BATCH}' AND status = 'certificated'")
    assert f"Recorded as received: {len(here)} claim" in fill(url, session, path, every="yes", who="M. Post").text
    assert {claim(college, one).received_by for one in here} == {"M. Post"}
    assert "no claim in this batch" in page(url, session, path)


def test_the_same_form_twice_changes_nothing_more(url: str, college: College, session: requests.Session) -> None:
    """Sent twice, the second is told that it is recorded already; what somebody else changed is not overwritten."""
    one, two = ids(college, f"batch_id = '{BATCH}' AND status = 'submitted'")[:2]
    path = f"/batches/{BATCH}/record/returned"
    form = {name: value for name, value in form_of(page(url, session, path), path).items()} | {
        "on": ["2/11/2026"], f"words-{one}": ["Name differs."]}  # fmt: skip
    assert "Recorded as returned: 1 claim" in session.post(url.rstrip("/") + path, data=form, timeout=20).text
    before = claim(college, one)
    assert "Recorded so already: 1 claim" in session.post(url.rstrip("/") + path, data=form, timeout=20).text
    assert claim(college, one) == before
    with college.app.open_store() as store:
        from nvqsync.hand_records import Record

        other = Record(str(two), "acknowledged", college.app.today)
        list(record_all(college.app, store, [other], by="j.exams"))
    form |= {f"words-{two}": ["Late."]}
    answer = session.post(url.rstrip("/") + path, data=form, timeout=20)
    assert answer.status_code == 409 and "was changed since you looked" in answer.text
    assert claim(college, two).status is Status.ACKNOWLEDGED


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        (f"batches/{BATCH}/record/keyed", {"claim": "9@1", "every": "yes"}, 404),
        (f"batches/{BATCH}/record/keyed", {"claim": "x"}, 400),
        (f"batches/{BATCH}/record/keyed", {}, 400),
        (f"batches/{BATCH}/record/eaten", {"claim": "1@1"}, 404),
        ("batches/none/record/keyed", {"claim": "1@1"}, 404),
    ],
)
def test_odd_records_of_a_batch_are_refused(
    url: str, college: College, session: requests.Session, path: str, form: dict[str, str], status: int
) -> None:
    """A claim of another batch, a word nobody records, a form without claims: words, a status, no change."""
    token = web_data.form_token(page(url, session, "/"))
    with college.app.open_store(read_only=True) as store:
        outside = store_claims.claim_ids(store, f"batch_id IS NOT '{BATCH}'")[0]
        if form.get("claim") == "9@1":
            form = form | {"claim": f"{outside}@1"}
        before = store.rows("SELECT id, version FROM claims")
        answer = session.post(url + path, data=form | {"csrf_token": token}, timeout=20)
        assert answer.status_code == status and "<h1>" in answer.text
        assert store.rows("SELECT id, version FROM claims") == before


def test_nothing_ticked_is_said(url: str, session: requests.Session) -> None:
    """The button without a tick answers with what to do."""
    answer = fill(url, session, f"/batches/{BATCH}/record/keyed")
    assert answer.status_code == 400 and "Tick at least one claim" in answer.text


def test_a_file_that_was_changed_is_not_handed_out(url: str, college: College, session: requests.Session) -> None:
    """The JSON document comes only with the batch's digest."""
    file = college.app.settings.export.folder / f"{BATCH}.json"
    before = file.read_bytes()
    try:
        file.chmod(0o600)
        file.write_bytes(before + b" ")
        answer = session.get(f"{url}batches/{BATCH}/files/{BATCH}.json", timeout=20)
        assert answer.status_code == 409 and "not as it was written" in answer.text
    finally:
        file.write_bytes(before)
    assert session.get(f"{url}batches/{BATCH}/files/{BATCH}.json", timeout=20).content == before
