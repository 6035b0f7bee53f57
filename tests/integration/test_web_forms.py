"""The forms beside the claim's own: batches keyed by hand, registrations imported, the centre's facts, releases."""

from __future__ import annotations

import re

import pytest
import requests

from nvqsync.claims import Status
from nvqsync.handover.recording import record_all
from nvqsync.storage import store_claims
from tests.integration import web_data
from tests.integration.test_web_actions import claim, form_of, ids, last_entry
from tests.integration.web_data import APPROVER, College

BATCH = "20261101-OCR-03455-001"


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


def test_a_batch_offers_what_its_claims_allow(own_url: str, own: College, approver: requests.Session) -> None:
    """Each word that fits a claim of the batch is offered with how many it fits, and its form lists exactly those."""
    shown = page(own_url, approver, f"/batches/{BATCH}")
    offered = dict(
        re.findall(rf'href="/batches/{BATCH}/record/(\w+)">[^<]*</a> <span class="quiet">(\d+) claim', shown)
    )
    assert {"keyed", "certificated", "returned", "received", "handed_over"} <= set(offered)
    for word, many in offered.items():
        rows = re.findall(r'name="claim" value="(\d+)@', page(own_url, approver, f"/batches/{BATCH}/record/{word}"))
        assert len(rows) == int(many), word
    keyed = re.findall(r'name="claim" value="(\d+)@', page(own_url, approver, f"/batches/{BATCH}/record/keyed"))
    assert [int(one) for one in keyed] == ids(own, f"batch_id = '{BATCH}' AND status = 'exported'")


def test_what_was_keyed_is_recorded_for_those_ticked(own_url: str, own: College, approver: requests.Session) -> None:
    """Ticked claims are submitted with day, reference and who; the others stay; the answer says how to undo it."""
    first, *others = ids(own, f"batch_id = '{BATCH}' AND status = 'exported'")
    path = f"/batches/{BATCH}/record/keyed"
    answer = fill(own_url, approver, path, **{f"tick-{first}": "yes", "on": "2/11/2026", f"reference-{first}": "K-1"})
    assert "Recorded as keyed: 1 claim. A wrong day is put right with: nvqsync claims record keyed CLAIM" in answer.text
    done = claim(own, first)
    assert (done.status, done.keyed_on, done.keyed_by, done.reference) == (
        Status.SUBMITTED, "2026-11-02", APPROVER, "K-1",
    )  # fmt: skip
    assert last_entry(own, first) == (APPROVER, "keyed")
    assert {claim(own, one).status for one in others} <= {Status.EXPORTED}


def test_certificates_are_typed_from_the_pile(own_url: str, own: College, approver: requests.Session) -> None:
    """A row with a number is recorded; a bad day or a number given twice is refused, and what was typed stays."""
    one, two, three = ids(own, f"batch_id = '{BATCH}' AND status IN ('submitted', 'acknowledged')")[:3]
    path = f"/batches/{BATCH}/record/certificated"
    typed = {
        "on": "2/11/2026", f"certificate-{one}": "C-1", f"certificate-{two}": "C-1", f"certificate-{three}": "C-3",
        f"on-{three}": "2/11/2030",
    }  # fmt: skip
    answer = fill(own_url, approver, path, **typed)
    assert answer.status_code == 409 and "Not recorded: 2" in answer.text
    assert f"Certificate C-1 is recorded for claim {one}" in answer.text and "is still to come" in answer.text
    assert 'value="C-3"' in answer.text and 'value="2/11/2030"' in answer.text
    assert [claim(own, number).certificate_number for number in (one, two, three)] == ["C-1", "", ""]


def test_all_that_are_shown_are_recorded_at_once(own_url: str, own: College, approver: requests.Session) -> None:
    """One button for a pile of certificates that arrived: every claim on the form keeps the day and the name."""
    path = f"/batches/{BATCH}/record/received"
    here = ids(own, f"batch_id = '{BATCH}' AND status = 'certificated'")
    assert f"Recorded as received: {len(here)} claim" in fill(own_url, approver, path, every="yes", who="M. Post").text
    assert {claim(own, one).received_by for one in here} == {"M. Post"}
    assert "no claim in this batch" in page(own_url, approver, path)


def test_the_same_form_twice_changes_nothing_more(own_url: str, own: College, approver: requests.Session) -> None:
    """Sent twice, the second is told that it is recorded already; what somebody else changed is not overwritten."""
    one, two = ids(own, f"batch_id = '{BATCH}' AND status = 'submitted'")[:2]
    path = f"/batches/{BATCH}/record/returned"
    form = form_of(page(own_url, approver, path), path) | {
        "on": ["2/11/2026"], f"words-{one}": ["Name differs."]}  # fmt: skip
    assert "Recorded as returned: 1 claim" in approver.post(own_url.rstrip("/") + path, data=form, timeout=20).text
    before = claim(own, one)
    assert "Recorded so already: 1 claim" in approver.post(own_url.rstrip("/") + path, data=form, timeout=20).text
    assert claim(own, one) == before
    with own.app.open_store() as store:
        from nvqsync.handover.hand_records import Record

        other = Record(str(two), "acknowledged", own.app.today)
        list(record_all(own.app, store, [other], by="j.exams"))
    form |= {f"words-{two}": ["Late."]}
    answer = approver.post(own_url.rstrip("/") + path, data=form, timeout=20)
    assert answer.status_code == 409 and "was changed since you looked" in answer.text
    assert claim(own, two).status is Status.ACKNOWLEDGED


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
    own_url: str, own: College, approver: requests.Session, path: str, form: dict[str, str], status: int
) -> None:
    """A claim of another batch, a word nobody records, a form without claims: words, a status, no change."""
    token = web_data.form_token(page(own_url, approver, "/"))
    with own.app.open_store(read_only=True) as store:
        outside = store_claims.claim_ids(store, f"batch_id IS NOT '{BATCH}'")[0]
        if form.get("claim") == "9@1":
            form = form | {"claim": f"{outside}@1"}
        before = store.rows("SELECT id, version FROM claims")
        answer = approver.post(own_url + path, data=form | {"csrf_token": token}, timeout=20)
        assert answer.status_code == status and "<h1>" in answer.text
        assert store.rows("SELECT id, version FROM claims") == before


def test_nothing_ticked_is_said(own_url: str, approver: requests.Session) -> None:
    """The button without a tick answers with what to do."""
    answer = fill(own_url, approver, f"/batches/{BATCH}/record/keyed")
    assert answer.status_code == 400 and "Tick at least one claim" in answer.text


def test_a_file_that_was_changed_is_not_handed_out(own_url: str, own: College, approver: requests.Session) -> None:
    """The JSON document comes only with the batch's digest."""
    file = own.app.settings.export.folder / f"{BATCH}.json"
    before = file.read_bytes()
    try:
        file.chmod(0o600)
        file.write_bytes(before + b" ")
        answer = approver.get(f"{own_url}batches/{BATCH}/files/{BATCH}.json", timeout=20)
        assert answer.status_code == 409 and "not as it was written" in answer.text
    finally:
        file.write_bytes(before)
    assert approver.get(f"{own_url}batches/{BATCH}/files/{BATCH}.json", timeout=20).content == before


# ---------------------------------------------------------------- registrations

IMPORT = "/registrations/import"
NOBODY_YET = "1003"
"""A learner without a registration: the builder leaves out every seventh."""


def rows(*lines: str) -> bytes:
    head = "id_number,qualification,registered_on,entry,candidate_number,name,uln"
    return "\n".join([head, *lines, ""]).encode()


def preview(url: str, session: requests.Session, content: bytes, called: str = "list.csv") -> requests.Response:
    token = web_data.form_token(page(url, session, IMPORT))
    files = {"file": (called, content)}
    return session.post(url.rstrip("/") + IMPORT, data={"csrf_token": token}, files=files, timeout=20)


def confirm(url: str, session: requests.Session, shown: str) -> requests.Response:
    return session.post(f"{url}registrations/import/yes", data=form_of(shown, f"{IMPORT}/yes"), timeout=20)


def registered(college: College) -> list[dict[str, object]]:
    with college.app.open_store(read_only=True) as store:
        return store.rows("SELECT * FROM registrations ORDER BY id")


def test_an_import_is_shown_before_it_is_done(own_url: str, own: College, approver: requests.Session) -> None:
    """New, changed and refused rows with their lines and remedies; nothing is written until somebody says yes."""
    before = registered(own)
    content = rows(
        "L1003,OCR/03455,2026-09-14,full_award,00001003,New Learner,",
        "L1001,OCR/03455,2026-09-21,full_award,00009999,,",
        "L9999,OCR/03455,2026-09-14,,,,",
        "L1004,OCR/03455,soon,,,,",
    )
    shown = preview(own_url, approver, content)
    assert shown.status_code == 200 and registered(own) == before
    assert (
        "Line 4: No learner has this id_number." in shown.text and "Line 5: &#39;soon&#39; is not a day" in shown.text
    )
    assert 'id="added">New: 1<' in shown.text and "candidate number: 00001001 becomes 00009999" in shown.text
    assert "registered on: 14 September 2026 becomes 21 September 2026" in shown.text
    done = confirm(own_url, approver, shown.text)
    assert "Imported: 1 new, 1 changed, 0 on record already. 2 lines could not be used." in done.text
    after = registered(own)
    assert len(after) == len(before) + 1 and after[-1]["learner_id"] == NOBODY_YET
    with own.app.open_store(read_only=True) as store:
        sql = "SELECT actor, action FROM audit WHERE subject = 'learner:1003' ORDER BY id DESC LIMIT 1"
        assert [*store.rows(sql)[0].values()] == [APPROVER, "registration-recorded"]


def test_a_workbook_will_do_as_well(own_url: str, own: College, approver: requests.Session) -> None:
    """The template as it is handed out, filled in and sent back: rows are counted as the sheet counts them."""
    from io import BytesIO

    from openpyxl import load_workbook

    book = load_workbook(BytesIO(approver.get(f"{own_url}registrations/template.xlsx", timeout=20).content))
    heads = [cell.value for cell in book.worksheets[0][1]]
    row = {"id_number": "L1003", "qualification": "OCR/03455", "registered_on": "14/09/2026", "entry": "full_award"}
    book.worksheets[0].append([row.get(str(head), "") for head in heads])
    kept = BytesIO()
    book.save(kept)
    shown = preview(own_url, approver, kept.getvalue(), "list.xlsx").text
    assert 'id="added">New: 1<' in shown and 'data-label="Row">2<' in shown
    assert "Imported: 1 new" in confirm(own_url, approver, shown).text


def test_an_import_is_done_once(own_url: str, own: College, approver: requests.Session) -> None:
    """The button pressed twice: the second is told, and one registration stands."""
    shown = preview(own_url, approver, rows("L1003,OCR/03455,2026-09-14,,,,")).text
    assert confirm(own_url, approver, shown).status_code == 200
    before = registered(own)
    again = confirm(own_url, approver, shown)
    assert again.status_code == 409 and "imported already" in again.text and registered(own) == before


def test_an_import_does_what_was_shown_or_nothing(own_url: str, own: College, approver: requests.Session) -> None:
    """What is on record changed after the preview: nothing is done, and the preview is shown as it is now."""
    shown = preview(own_url, approver, rows("L1001,OCR/03455,2026-09-14,full_award,00009999,,")).text
    with own.app.open_store() as store, store.writing():
        store.execute("UPDATE registrations SET candidate_number = '00005555' WHERE learner_id = '1001'")
    before = registered(own)
    answer = confirm(own_url, approver, shown)
    assert answer.status_code == 409 and "changed since you looked" in answer.text and registered(own) == before
    assert "00005555 becomes 00009999" in answer.text
    assert "1 changed" in confirm(own_url, approver, answer.text).text


def test_a_preview_tells_no_uln(own_url: str, own: College, approver: requests.Session) -> None:
    """That a ULN is another is said; neither the old nor the new one stands on the page."""
    other = own.ulns[-1]
    with own.app.open_store() as store, store.writing():
        store.execute("UPDATE learners SET uln = '' WHERE uln = ?", [other])
        store.execute("UPDATE registrations SET uln = '' WHERE uln = ?", [other])
    shown = preview(own_url, approver, rows(f"L1001,OCR/03455,2026-09-14,full_award,00001001,,{other}")).text
    assert "the ULN is another" in shown and not [uln for uln in own.ulns if uln in shown]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "No file was chosen"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"%PDF-1.7\n% a list that was printed", "list.csv is a PDF."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook of the old kind (.xls)"),
        (b"PK\x03\x04 and no more", "not a workbook"),
        (b"name,colour\na,b\n", "missing column"),
        (b"a" * (2 * 2**20 + 1), "larger than 2 MB"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    own_url: str, own: College, approver: requests.Session, content: bytes, says: str
) -> None:
    """Too large, no table, no columns of ours: words, and where to go on."""
    before = registered(own)
    answer = preview(own_url, approver, content)
    assert answer.status_code == 400 and says.lower() in answer.text.lower() and registered(own) == before


def test_an_upload_without_end_is_refused(own_url: str, approver: requests.Session) -> None:
    """Beyond any form of ours the request itself is refused, in words."""
    answer = preview(own_url, approver, b"a" * (5 * 2**20))
    assert answer.status_code == 413 and "That is too large" in answer.text


def test_nobody_confirms_what_somebody_else_sent(own_url: str, own: College, approver: requests.Session) -> None:
    """A file is held for whoever sent it, and not longer than half an hour."""
    from nvqsync.web.uploads import LIFETIME, MOST, Uploads

    held = Uploads(own.clock)
    token = held.keep("exams", "list.csv", b"x")
    assert held.find("j.exams", token) is None and held.find("exams", token)
    for n in range(MOST):
        last = held.keep(f"other-{n}", "list.csv", b"x")
    assert held.find("exams", token) is None and held.find(f"other-{MOST - 1}", last)
    own.clock.at += LIFETIME
    assert held.find(f"other-{MOST - 1}", last) is None


# ---------------------------------------------------------------- releases

RELEASE = "/iqa/release"


def release_form(url: str, session: requests.Session, query: str) -> dict[str, list[str]]:
    """The form for a release, no unit ticked and no outcome chosen."""
    form = form_of(page(url, session, f"{RELEASE}?{query}"), RELEASE)
    return {name: value for name, value in form.items() if name not in ("unit", "outcome")}


def releases(college: College) -> list[dict[str, object]]:
    with college.app.open_store(read_only=True) as store:
        return store.rows("SELECT * FROM releases ORDER BY id")


def waiting(college: College, q: str = "OCR/03455") -> int:
    return min(ids(college, f"""qualification_id = '{q}' AND status = 'proposed' AND blockers LIKE '%"IQA-1"%'"""))


def test_an_iqa_releases_what_waits(own_url: str, own: College, iqa: requests.Session) -> None:
    """From the list to the form to the record: under the IQA's Moodle id; the claim's blocker has gone."""
    claim_id = waiting(own)
    assert f'name="claim" value="{claim_id}"' in page(own_url, iqa, "/iqa")
    form = release_form(own_url, iqa, f"claim={claim_id}") | {
        "outcome": ["agreed"],
        "unit": ["F1"],
        "why": ["Sampled."],
    }
    answer = iqa.post(own_url.rstrip("/") + RELEASE, data=form, timeout=20)
    assert answer.status_code == 200 and "1 release recorded" in answer.text and "take it back" in answer.text
    last = releases(own)[-1]
    assert (last["iqa_id"], last["recorded_by"], last["outcome"]) == ("901", web_data.IQA, "agreed")
    assert last["learner_id"] == claim(own, claim_id).learner_id and last["units"] != "[]"
    assert "IQA-1" not in {finding.id for finding in claim(own, claim_id).blockers}
    again = iqa.post(own_url.rstrip("/") + RELEASE, data=form, timeout=20)
    assert again.status_code == 409 and "since you opened the form" in again.text
    assert releases(own)[-1] == last


def test_an_action_is_done_and_a_release_taken_back(own_url: str, own: College, iqa: requests.Session) -> None:
    """Asked for, done, taken back: each on its page, each kept; the claim follows each time."""
    claim_id = waiting(own)
    form = release_form(own_url, iqa, f"claim={claim_id}") | {"outcome": ["action"], "action": [""]}
    answer = iqa.post(own_url.rstrip("/") + RELEASE, data=form, timeout=20)
    assert answer.status_code == 400 and "needs the action" in answer.text
    form |= {"action": ["Date the second observation"]}
    assert "1 release recorded" in iqa.post(own_url.rstrip("/") + RELEASE, data=form, timeout=20).text
    number = releases(own)[-1]["id"]
    assert "IQA-1/action" in {finding.id for finding in claim(own, claim_id).blockers}
    done = fill_one(own_url, iqa, f"/iqa/releases/{number}", "done", on="3/11/2026")
    assert "is recorded as done" in done.text and "done 3 November 2026" in done.text
    assert not {f.id for f in claim(own, claim_id).blockers if f.id.startswith("IQA-")}
    assert fill_one(own_url, iqa, f"/iqa/releases/{number}", "back", why=" ").status_code == 400
    assert "is taken back" in fill_one(own_url, iqa, f"/iqa/releases/{number}", "back", why="The wrong learner.").text
    assert "IQA-1" in {finding.id for finding in claim(own, claim_id).blockers}
    assert "Taken back" in page(own_url, iqa, f"/iqa/releases/{number}")


def fill_one(url: str, session: requests.Session, path: str, what: str, **typed: str) -> requests.Response:
    form = form_of(page(url, session, path), f"{path}/{what}") | typed
    return session.post(f"{url.rstrip('/')}{path}/{what}", data=form, timeout=20)


def test_nobody_releases_what_they_assessed(own_url: str, own: College, iqa: requests.Session) -> None:
    """An IQA who graded the learner is refused on the server, and so is one whom nobody knows in Moodle."""
    from nvqsync.centre import Account
    from nvqsync.storage import store_centre
    from tests import quality

    query = f"claim={waiting(own)}"
    before = releases(own)
    for lms_id, says in (
        ("77", "nobody verifies their own assessment"),
        ("78", "no IQA on record"),
        ("", "not on rec"),
    ):
        with own.app.open_store() as store:
            quality.staff(store, iqa="77")
            mine = Account(web_data.IQA, lms_id, not lms_id)
            store_centre.record(store, lambda known, mine=mine: known.with_items(mine), actor="test", at=0)
        form = release_form(own_url, iqa, query) | {"outcome": ["agreed"]}
        answer = iqa.post(own_url.rstrip("/") + RELEASE, data=form, timeout=20)
        assert answer.status_code in {400, 409} and says in answer.text, lms_id
    assert releases(own) == before


def test_a_cohort_is_released_where_the_centre_does_so(own_url: str, own: College, iqa: requests.Session) -> None:
    """Everybody on a course at once, where it is on record that IQA is by cohort; otherwise not."""
    from nvqsync.centres.centre_entering import enter

    query, q = "qualification=EDI/L2-CS&course=11", "EDI/L2-CS"
    assert "A whole cohort" not in page(own_url, iqa, "/iqa")
    form = release_form(own_url, iqa, query) | {"outcome": ["agreed"]}
    assert iqa.post(own_url.rstrip("/") + RELEASE, data=form, timeout=20).status_code == 400
    with own.app.open_store() as store:
        from dataclasses import replace

        enter(own.app, store, lambda known: known.with_items(replace(known.approval(q), iqa_by_cohort=True)), by="t")
    assert "/iqa/release?qualification=EDI/L2-CS&amp;course=11" in page(own_url, iqa, "/iqa")
    told = iqa.post(own_url.rstrip("/") + RELEASE, data=form, timeout=20).text
    assert "1 release recorded" in told and "Everybody on CS-11" in told
    assert releases(own)[-1]["course_id"] == "11"


@pytest.mark.parametrize(
    "query",
    ["", "claim=1&claim=60", "learner=9999&qualification=OCR/03455", "claim=x", "claim=999999",
     "qualification=EDI/L2-CS&course=10", "qualification=X&course=10"],
)  # fmt: skip
def test_an_odd_choice_is_refused(own_url: str, iqa: requests.Session, query: str) -> None:
    """Nobody, two qualifications, somebody unknown: told in words."""
    answer = iqa.get(f"{own_url}iqa/release?{query}", timeout=20)
    assert answer.status_code == 400 and "<h1>That cannot be used</h1>" in answer.text


# ---------------------------------------------------------------- the centre's facts

TERMS = "/centre/OCR/03455"


def enter_fact(url: str, session: requests.Session, page_of: str, what: str, **typed: str) -> requests.Response:
    """Fill in one of the forms of a centre's page, no box ticked, and send it."""
    path = f"{page_of}/record/{what}"
    form = form_of(page(url, session, page_of), path)
    boxes = {"none", "planned", "final", "stops_claims", "stops_direct_claims"}
    sent = {name: value for name, value in form.items() if name not in boxes} | typed
    return session.post(url.rstrip("/") + path, data=sent, timeout=20)


def approval(college: College, q: str = "OCR/03455") -> object:
    with college.app.open_store(read_only=True) as store:
        from nvqsync.storage import store_centre

        return store_centre.read(store).approval(q)


def test_the_centres_facts_are_entered(own_url: str, own: College, admin: requests.Session) -> None:
    """Approval, direct claims, an end date, a visit, a sanction and its end: each is told, each is on record."""
    told = enter_fact(own_url, admin, TERMS, "approved", on="1/9/2023", why="Letter of 1 September.").text
    assert "approved on 1 September 2023 (was 1 September 2024). To undo it, enter what stood there before" in told
    enter_fact(own_url, admin, TERMS, "direct-claims", **{"from": "1/10/2025", "to": "31/10/2026"})
    assert 'id="direct-claims-to" name="to" type="text"' in (now := page(own_url, admin, TERMS))
    assert 'value="01/10/2025"' in now and 'value="31/10/2026"' in now
    enter_fact(own_url, admin, "/centre/OCR/10378", "iqa-by", by="cohort")
    enter_fact(
        own_url, admin, TERMS, "visit", date="20/10/2026", visitor="EQA Dee", learners="L1000, L1001", note="Filed"
    )
    enter_fact(own_url, admin, TERMS, "sanction", level="level 2", actions="Standardise", **{"from": "1/10/2026"})
    with own.app.open_store(read_only=True) as store:
        from nvqsync.storage import store_centre

        record = store_centre.read(store)
        known, number = record.approval("OCR/03455"), record.sanctions[0].id
        assert str(known.approved_on) == "2023-09-01" and str(known.direct_claim_to) == "2026-10-31"
        assert record.approval("OCR/10378").iqa_by_cohort
        assert record.visits[0].learners == ("1000", "1001") and record.visits[0].done
        sql = "SELECT actor, text FROM audit JOIN audit_texts ON audit_id = id WHERE subject = 'centre:OCR/03455'"
        assert (web_data.ADMIN, "Letter of 1 September.") in {(r["actor"], r["text"][-22:]) for r in store.rows(sql)}
    assert (
        "lifted on 1 November 2026"
        in enter_fact(own_url, admin, TERMS, "lifted", number=str(number), on="1/11/2026").text
    )


def test_an_end_date_frees_the_claims_that_wait_for_it(own_url: str, own: College, admin: requests.Session) -> None:
    """A missing end date blocks; entered on the page, with the day it was looked up, claims follow at once."""
    q = next(
        one for one in web_data.CLAIMS
        if own.app.plugins.catalogue.qualifications[one].certification_end_on is None
    )  # fmt: skip
    path = f"/centre/{q}"
    answer = enter_fact(own_url, admin, path, "end-date", which="certification", date="", checked_on="2/11/2026")
    assert answer.status_code == 400 and "tick that the register gives none" in answer.text
    answer = enter_fact(
        own_url, admin, path, "end-date", which="certification", date="1/11/2026", checked_on="2/11/2026"
    )
    assert "certification end 1 November 2026, checked on 2 November 2026" in answer.text
    assert not ids(own, f"qualification_id = '{q}' AND status = 'proposed' AND blockers = '[]'")
    enter_fact(own_url, admin, path, "end-date", which="certification", date="", none="yes", checked_on="2/11/2026")
    assert ids(own, f"qualification_id = '{q}' AND blockers = '[]'")


def test_staff_and_numbers_are_entered(own_url: str, own: College, admin: requests.Session) -> None:
    """An assessor by Moodle id, their last day, and a centre number; somebody unknown is recorded with a warning."""
    told = enter_fact(
        own_url, admin, "/centre", "staff", who="555", name="Robin Ash", role="assessor", **{"from": "1/9/2026"}
    ).text
    assert "Assessor 555 from 1 September 2026 recorded" in told and "Nobody with the Moodle id 555" in told
    with own.app.open_store(read_only=True) as store:
        from nvqsync.storage import store_centre

        number = next(one.id for one in store_centre.read(store).staff if one.lms_id == "555")
    assert (
        "to 30 October 2026"
        in enter_fact(own_url, admin, "/centre", "staff-ended", number=str(number), on="30/10/2026").text
    )
    assert "number 99" in enter_fact(own_url, admin, "/centre", "number", body="OCR", number="99", site="North").text


def test_the_second_to_enter_a_fact_is_told(own_url: str, own: College, admin: requests.Session) -> None:
    """What somebody else recorded since the page was opened is not overwritten; what was typed is still there."""
    path = f"{TERMS}/record/approved"
    form = form_of(page(own_url, admin, TERMS), path) | {"on": ["1/9/2022"], "why": ["Mine."]}
    assert enter_fact(own_url, admin, TERMS, "approved", on="1/9/2021").status_code == 200
    before = approval(own)
    answer = admin.post(own_url.rstrip("/") + path, data=form, timeout=20)
    assert (
        answer.status_code == 409 and "since you opened the page" in answer.text and 'value="1/9/2022"' in answer.text
    )
    assert approval(own) == before


@pytest.mark.parametrize(
    ("what", "typed", "status"),
    [
        ("approved", {"on": "soon"}, 400),
        ("approved", {}, 400),
        ("direct-claims", {"from": "1/9/2026", "to": "1/8/2026"}, 400),
        ("end-date", {"which": "birth", "date": "1/1/2030"}, 400),
        ("visit", {"date": "1/9/2026", "visitor": "x", "learners": "nobody"}, 400),
        ("sanction", {"from": "1/9/2026", "level": "", "actions": ""}, 400),
        ("lifted", {"number": "-1", "on": "1/9/2026"}, 400),
        ("eaten", {}, 404),
    ],
)
def test_what_cannot_be_is_not_entered(
    own_url: str, own: College, admin: requests.Session, what: str, typed: dict[str, str], status: int
) -> None:
    """Days in no order, words that are none, a form that nobody has: refused in words, nothing recorded."""
    shown = page(own_url, admin, TERMS)
    seen = re.findall(r'name="seen" value="(\w+)"', shown)[0]
    before = approval(own)
    form = typed | {"csrf_token": web_data.form_token(shown), "seen": seen}
    answer = admin.post(f"{own_url}centre/OCR/03455/record/{what}", data=form, timeout=20)
    assert answer.status_code == status and "<h1>" in answer.text and approval(own) == before


def test_only_admins_are_offered_to_enter_facts(own_url: str, own: College) -> None:
    """Others read the same pages without forms."""
    for who in (web_data.IQA, APPROVER):
        with web_data.asking(own, who) as session:
            assert "/record/" not in page(own_url, session, "/centre") + page(own_url, session, TERMS)
