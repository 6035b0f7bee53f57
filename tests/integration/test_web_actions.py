"""What the buttons do: each state's actions, reasons, declarations, lost races, and approving many with a preview."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import requests

from nvqsync.answering import Said
from nvqsync.centre import Account
from nvqsync.claims import BY_PERSON, CLOSED, RECORDED, TRANSITIONS, Event, Status
from nvqsync.handover.hand_records import Record
from nvqsync.handover.recording import record_all
from nvqsync.review import act
from nvqsync.storage import store_centre, store_claims, store_declarations
from nvqsync.web.words import PAPER_WORDS
from tests.integration import web_data
from tests.integration.web_data import APPROVER, College


def ids(college: College, where: str) -> list[int]:
    with college.app.open_store(read_only=True) as store:
        return store_claims.claim_ids(store, where)


READY = "status = 'proposed' AND blockers = '[]'"


def page_of(url: str, session: requests.Session, claim_id: int) -> str:
    return session.get(f"{url}claims/{claim_id}", timeout=20).text


def form_of(page: str, action: str) -> dict[str, list[str]]:
    """What the browser would send of one form if everything in it were ticked; ``action`` is where it goes."""
    found = re.search(rf'<form[^>]*action="{action}".*?</form>', page, re.DOTALL)
    assert found, action
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", found[0]):
        name, value = (re.search(rf' {what}="([^"]*)"', tag) for what in ("name", "value"))
        assert name, tag
        fields.setdefault(name[1], []).append(value[1] if value else "")
    return fields


def send(
    url: str, session: requests.Session, claim_id: int, action: str, **typed: str | list[str]
) -> requests.Response:
    """Load a claim's page, fill in one of its forms with everything ticked, and send it."""
    path = f"/claims/{claim_id}/{action}"
    form = form_of(page_of(url, session, claim_id), path) | typed
    return session.post(url.rstrip("/") + path, data=form, timeout=20)


def claim(college: College, claim_id: int) -> store_claims.Claim:
    with college.app.open_store(read_only=True) as store:
        return store_claims.claim(store, claim_id)


def last_entry(college: College, claim_id: int) -> tuple[str, str]:
    with college.app.open_store(read_only=True) as store:
        sql = "SELECT actor, action FROM audit WHERE subject = ? ORDER BY id DESC LIMIT 1"
        row = store.rows(sql, [f"claim:{claim_id}"])[0]
    return row["actor"], row["action"]


# ---------------------------------------------------------------- one claim


def test_a_claim_offers_what_its_state_allows(own_url: str, own: College, approver: requests.Session) -> None:
    """The forms of a page are the moves of the transition table, and making it again where it is closed."""
    for status in Status:
        where = f"status = '{status.value}'" + (" AND blockers = '[]'" if status is Status.PROPOSED else "")
        claim_id = min(ids(own, where))
        page = page_of(own_url, approver, claim_id)
        decided = set(re.findall(rf'action="/claims/{claim_id}/(\w+)"', page)) - {"again"}
        assert decided == {event.value for event in TRANSITIONS[status] if event in BY_PERSON}, status
        recorded = set(re.findall(rf'action="/claims/{claim_id}/record/(\w+)"', page)) - {*PAPER_WORDS}
        assert recorded == {word for word, event in RECORDED.items() if event in TRANSITIONS[status]}, status
        assert (f'action="/claims/{claim_id}/again"' in page) == (status in CLOSED)


def test_a_blocked_claim_cannot_be_approved(own_url: str, own: College, approver: requests.Session) -> None:
    """Its page has no form for it, and a request made by hand is refused with the blockers."""
    claim_id = min(ids(own, "status = 'proposed' AND blockers <> '[]'"))
    page = page_of(own_url, approver, claim_id)
    assert "Something blocks this claim" in page and f'action="/claims/{claim_id}/approve"' not in page
    form = form_of(page, f"/claims/{claim_id}/hold")
    answer = approver.post(f"{own_url}claims/{claim_id}/approve", data=form, timeout=20)
    assert answer.status_code == 409 and "is blocked by" in answer.text
    assert claim(own, claim_id).status is Status.PROPOSED


def test_hold_release_and_withdraw(own_url: str, own: College, approver: requests.Session) -> None:
    """Each does its deed, says what happened and how to undo it; the account is the actor, the reason the note."""
    claim_id = min(ids(own, READY))
    answer = send(own_url, approver, claim_id, "hold", why="Name differs.", code="details_queried")
    assert f"Claim {claim_id} is on hold. To undo it: take it off hold." in answer.text
    held = claim(own, claim_id)
    assert (held.status, held.hold_reason, held.hold_code) == (Status.ON_HOLD, "Name differs.", "details_queried")
    assert last_entry(own, claim_id) == (APPROVER, "hold")
    assert '<span class="quiet">Name, date of birth or number is being checked</span>' in answer.text
    assert "is off hold" in send(own_url, approver, claim_id, "release").text
    assert "is withdrawn" in send(own_url, approver, claim_id, "withdraw", why="Asked for it.").text
    assert last_entry(own, claim_id) == (APPROVER, "withdraw")
    answer = send(own_url, approver, claim_id, "again", why="They changed their mind.")
    assert "is proposed in place of claim" in answer.text


def test_a_reason_is_asked_for(own_url: str, own: College, approver: requests.Session) -> None:
    """Without one nothing is done, the page says so, and what was chosen is still there."""
    claim_id = min(ids(own, READY))
    answer = send(own_url, approver, claim_id, "hold", why="  ", code="malpractice")
    assert answer.status_code == 400 and "To hold a claim, say why." in answer.text
    assert "<title>Error: Claim" in answer.text and '<option value="malpractice" selected>' in answer.text
    assert claim(own, claim_id).status is Status.PROPOSED


def test_approving_takes_the_declarations(own_url: str, own: College, approver: requests.Session) -> None:
    """With one left out nothing is done; with all the claim is approved, and they are kept with who and when."""
    claim_id = min(ids(own, READY))
    ticked = form_of(page_of(own_url, approver, claim_id), f"/claims/{claim_id}/approve")["declare"]
    assert ticked == [one.id for one in claim(own, claim_id).declarations]
    answer = send(own_url, approver, claim_id, "approve", declare=ticked[1:], note="Looked at it.")
    assert answer.status_code == 409 and f"declarations not made: {ticked[0]}" in answer.text
    assert f'value="{ticked[1]}" checked' in answer.text and f'value="{ticked[0]}" checked' not in answer.text
    answer = send(own_url, approver, claim_id, "approve", note="Looked at it.")
    assert f"Claim {claim_id} is approved" in answer.text
    with own.app.open_store(read_only=True) as store:
        made = store_declarations.answers(store, claim_id).declared
    assert {(one.declaration, one.said_by) for one in made} == {(name, APPROVER) for name in ticked}
    assert last_entry(own, claim_id) == (APPROVER, "approve")


@pytest.mark.parametrize("action", ["approve", "hold", "withdraw"])
def test_the_second_of_two_is_told(own_url: str, own: College, approver: requests.Session, action: str) -> None:
    """Somebody else was faster: the second's form is refused, the page shows how things are, nothing is overwritten."""
    claim_id = min(ids(own, READY))
    form = form_of(page_of(own_url, approver, claim_id), f"/claims/{claim_id}/{action}")
    with own.app.open_store() as store:
        act(own.app, store, [claim_id], Event.HOLD, by="j.exams", why="First.")
        act(own.app, store, [claim_id], Event.RELEASE, by="j.exams")
    before = claim(own, claim_id)
    form |= {"why": ["Second."], "note": ["Seen."]}
    answer = approver.post(f"{own_url}claims/{claim_id}/{action}", data=form, timeout=20)
    assert answer.status_code == 409 and "Nothing was done" in answer.text
    assert f"Claim {claim_id} was changed since you looked" in answer.text
    assert claim(own, claim_id) == before


@pytest.mark.parametrize(("action", "who"), [("approve", APPROVER), ("hold", APPROVER), ("approve", "j.exams")])
def test_a_button_pressed_twice_does_it_once(
    own_url: str, own: College, approver: requests.Session, action: str, who: str
) -> None:
    """The second press is told what the first one did; if somebody else did the same, that it was not this one."""
    claim_id = min(ids(own, READY))
    path = f"/claims/{claim_id}/{action}"
    form = form_of(page_of(own_url, approver, claim_id), path) | {"why": ["Said."], "note": ["Seen."]}
    if who == APPROVER:
        approver.post(own_url.rstrip("/") + path, data=form, timeout=20, allow_redirects=False)
    else:
        said = Said(frozenset(form["declare"]), "Seen.")
        with own.app.open_store() as store:
            assert not act(own.app, store, [claim_id], Event.APPROVE, by=who, said=said)[0].refused
    after, entry = claim(own, claim_id), last_entry(own, claim_id)
    answer = approver.post(own_url.rstrip("/") + path, data=form, timeout=20)
    assert (answer.status_code, "To undo it" in answer.text) == ((200, True) if who == APPROVER else (409, False))
    assert ("was changed since you looked: it is approved now" in answer.text) == (who != APPROVER)
    assert (claim(own, claim_id), last_entry(own, claim_id)) == (after, entry)


def test_four_eyes_hold_on_the_page(own_url: str, own: College, approver: requests.Session) -> None:
    """An approver who graded the learner is told so in place of the form, and refused if they try."""
    claim_id = min(ids(own, READY))
    form = form_of(page_of(own_url, approver, claim_id), f"/claims/{claim_id}/approve") | {"note": ["Seen."]}
    with own.app.open_store() as store:
        me = Account(APPROVER, "77")
        store_centre.record(store, lambda known: known.with_items(me), actor="test", at=own.clock.at)
    page = page_of(own_url, approver, claim_id)
    assert "somebody else has to approve this claim" in page and f'action="/claims/{claim_id}/approve"' not in page
    answer = approver.post(f"{own_url}claims/{claim_id}/approve", data=form, timeout=20)
    assert answer.status_code == 409 and "You assessed, graded or signed off" in answer.text
    assert claim(own, claim_id).status is Status.PROPOSED


def test_recording_what_happened_elsewhere(own_url: str, own: College, approver: requests.Session) -> None:
    """A certificate's number and day are kept; without the number, or with a day to come, nothing is done."""
    claim_id = min(ids(own, "status = 'acknowledged'"))
    answer = send(own_url, approver, claim_id, "record/certificated", on="2/11/2026")
    assert answer.status_code == 400 and "number is missing" in answer.text and 'value="2/11/2026"' in answer.text
    answer = send(own_url, approver, claim_id, "record/certificated", on="2/11/2030", certificate="C-1")
    assert answer.status_code == 400 and "still to come" in answer.text
    answer = send(
        own_url, approver, claim_id, "record/certificated", on="2/11/2026", certificate="C-77", reference="R-9"
    )
    assert f"Recorded for claim {claim_id}: certificated." in answer.text
    done = claim(own, claim_id)
    assert (done.status, done.certificate_number, done.certificated_on) == (
        Status.CERTIFICATED, "C-77", "2026-11-02",
    )  # fmt: skip
    assert last_entry(own, claim_id) == (APPROVER, "certificated")
    assert "Recorded" in send(own_url, approver, claim_id, "record/received").text
    assert claim(own, claim_id).received_by == APPROVER


@pytest.mark.parametrize(
    ("status", "word", "next_form"),
    [
        ("certificated", "received", ""),
        ("submitted", "certificated", ""),
        ("submitted", "returned", "again"),
        ("certificated", "revoked", "again"),
        ("submitted", "recalled", "record/returned"),
    ],
)
def test_what_was_recorded_says_how_to_undo_it(
    own_url: str, own: College, approver: requests.Session, status: str, word: str, next_form: str
) -> None:
    """By a command, whose correction is taken, or by what the page offers next."""
    claim_id = min(ids(own, f"status = '{status}'"))
    typed = {"certificate": "C-77"} if word == "certificated" else {}
    page = send(own_url, approver, claim_id, f"record/{word}", on="3/11/2026", why="Said so.", **typed).text
    commands = re.findall(rf"nvqsync claims record {word} {claim_id} --correct[^<]* --on DAY --words WHY", page)
    assert bool(commands) != bool(next_form)
    if next_form:
        assert f'action="/claims/{claim_id}/{next_form}"' in page
        return
    correction = Record(str(claim_id), word, dt.date(2026, 11, 2), words="Typed wrongly.", **typed)
    with own.app.open_store() as store:
        ((done,),) = record_all(own.app, store, [correction], by=APPROVER, correct=True)
    assert done.changed, done.refused


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("claims/999999/hold", {"version": "1", "why": "x"}, 404),
        ("claims/99999999999999999999999/hold", {"version": "1", "why": "x"}, 404),
        ("claims/1/hold", {"why": "x"}, 400),
        ("claims/1/hold", {"version": "-1", "why": "x"}, 400),
        ("claims/1/hold", {"version": "1", "why": "x" * 5000}, 400),
        ("claims/1/hold", {"version": "1", "why": "x", "code": "gates_changed"}, 400),
        ("claims/1/hold", {"version": "1", "why": "x", "code": "nonsense"}, 400),
        ("claims/1/approve", {"version": "1", "declare": "nonsense"}, 404),
        ("claims/1/record/nonsense", {"version": "1"}, 400),
        ("claims/1/record/keyed", {"version": "1", "on": "yesterday"}, 400),
        ("claims/1/eat", {}, 404),
        ("approve", {"claim": "1"}, 400),
        ("approve", {"claim": "1@1; DROP TABLE claims"}, 400),
        ("approve", {"claim": "999999@1"}, 404),
        ("approve", {}, 400),
        ("approve/yes", {"claim": "999999@1"}, 404),
    ],
)
def test_odd_requests_are_refused_cleanly(
    own_url: str, own: College, approver: requests.Session, path: str, form: dict[str, str], status: int
) -> None:
    """What no page of ours sends gets words and a status, and changes nothing."""
    with own.app.open_store(read_only=True) as store:
        before = store.rows("SELECT * FROM claims")
        token = web_data.form_token(approver.get(own_url, timeout=20).text)
        answer = approver.post(own_url + path, data=form | {"csrf_token": token}, timeout=20)
        assert answer.status_code == status and "<h1>" in answer.text
        assert store.rows("SELECT * FROM claims") == before


# ---------------------------------------------------------------- many claims


def choose(url: str, session: requests.Session, query: str, **more: object) -> requests.Response:
    """Tick every claim on one page of the queue and ask what approving them would do."""
    page = session.get(f"{url}?{query}", timeout=20).text
    return session.post(f"{url}approve", data=form_of(page, "/approve") | more, timeout=20)


def test_the_preview_says_what_would_happen_to_each(own_url: str, own: College, approver: requests.Session) -> None:
    """Ready claims would go, blocked ones are left out with their reasons, and nothing is written."""
    ready, blocked = ids(own, READY), ids(own, "status = 'proposed' AND blockers <> '[]'")
    with own.app.open_store(read_only=True) as store:
        before = store.rows("SELECT * FROM claims")
        page = choose(own_url, approver, "status=proposed").text
        assert store.rows("SELECT * FROM claims") == before
    sent = {int(one.partition("@")[0]) for one in form_of(page, "/approve/yes")["claim"]}
    assert sent and sent <= set(ready)
    left_out = set(re.findall(r"Claim (\d+) is blocked by", page))
    assert left_out and left_out <= {str(one) for one in blocked}
    assert len(sent) + len(left_out) == min(50, len(ready) + len(blocked))


def test_all_that_are_ready_are_approved_together(own_url: str, own: College, approver: requests.Session) -> None:
    """One declaration, one note and one button for all; each claim keeps what it asked for."""
    wanted = ids(own, f"{READY} AND awarding_body = 'NCFE'")
    preview = choose(own_url, approver, "body=NCFE", every="yes").text
    form = form_of(preview, "/approve/yes")
    assert {int(one.partition("@")[0]) for one in form["claim"]} == set(wanted)
    declared = form["declare"]
    answer = approver.post(f"{own_url}approve/yes", data=form | {"declare": declared[1:], "note": "Seen."}, timeout=20)
    assert answer.status_code == 400 and f"Still to be declared: {declared[0]}" in answer.text
    assert not ids(own, f"status = 'approved' AND id IN ({', '.join(map(str, wanted))})")
    done = approver.post(f"{own_url}approve/yes", data=form | {"note": "Seen."}, timeout=20).text
    assert f"<h1>{len(wanted)} claims approved</h1>" in done and "put them on hold before then" in done
    twice = approver.post(f"{own_url}approve/yes", data=form | {"note": "Seen."}, timeout=20).text
    assert f"<h1>{len(wanted)} claims approved</h1>" in twice and "Not approved" not in twice
    assert {claim(own, one).status for one in wanted} == {Status.APPROVED}
    for one in wanted:
        with own.app.open_store(read_only=True) as store:
            made = {made.declaration for made in store_declarations.answers(store, one).declared}
        assert made == {asked.id for asked in claim(own, one).declarations}
        assert last_entry(own, one) == (APPROVER, "approve")


def test_what_changed_after_the_preview_is_left_out(own_url: str, own: College, approver: requests.Session) -> None:
    """A claim that somebody else touched in between is told, the others are approved."""
    form = form_of(choose(own_url, approver, "body=NCFE", every="yes").text, "/approve/yes") | {"note": ["Seen."]}
    first, *others = [int(one.partition("@")[0]) for one in form["claim"]]
    with own.app.open_store() as store:
        act(own.app, store, [first], Event.HOLD, by="j.exams", why="Wait.")
    page = approver.post(f"{own_url}approve/yes", data=form, timeout=20).text
    assert f"<h1>{len(others)} claims approved</h1>" in page and "Not approved: 1" in page
    assert claim(own, first).status is Status.ON_HOLD
    assert {claim(own, one).status for one in others} == {Status.APPROVED}


def test_nothing_chosen_is_said(own_url: str, approver: requests.Session) -> None:
    """The button without a tick leads back with a sentence."""
    page = approver.get(own_url, timeout=20).text
    answer = approver.post(f"{own_url}approve", data={"csrf_token": web_data.form_token(page)}, timeout=20)
    assert answer.status_code == 400 and "No claim was chosen" in answer.text


def test_only_approvers_are_offered_to_choose(own_url: str, own: College) -> None:
    """Others see the same list without boxes or buttons."""
    for who in (web_data.IQA, web_data.ADMIN, web_data.VIEWER):
        with web_data.asking(own, who) as session:
            page = session.get(f"{own_url}?status=proposed", timeout=20).text
        assert "<caption>" in page and 'type="checkbox"' not in page and 'action="/approve"' not in page
