"""The pages as a browser asks for them: over HTTP on loopback, in front of a real database file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from nvqsync.claims import Status
from nvqsync.storage import store_claims
from nvqsync.web.app import WebServer
from nvqsync.web.lists import PAGE_SIZE
from tests.integration import web_data
from tests.integration.web_data import College, Get

EVERY_KIND = ("", "claims/1?open=all", "claims/13", "passes", "health", "metrics", "nothing-here", "claims/999999")


def numbers(page: str) -> list[int]:
    """The claims a queue page lists, in its order."""
    return [int(number) for number in re.findall(r'href="/claims/(\d+)"', page)]


def ids(college: College, where: str, *parameters: object) -> set[int]:
    """What the store itself says."""
    with college.app.open_store(read_only=True) as store:
        return {row["id"] for row in store.rows(f"SELECT id FROM claims WHERE {where}", parameters)}


def whole(get: Get, query: str = "") -> list[int]:
    """Every claim that answers a query, over all its pages."""
    found: list[int] = []
    for page in range(1, 9):
        listed = numbers(get(f"?{query}&page={page}"))
        if not listed or listed[0] in found:
            return found
        found += listed
    return found


# ---------------------------------------------------------------- the queue


def test_the_queue_lists_every_claim_once(get: Get, college: College) -> None:
    """Paging neither loses a claim nor shows one twice, in every order."""
    everything = ids(college, "1")
    assert len(everything) == 120
    for sort in ("attention", "oldest", "newest", "name"):
        listed = whole(get, f"sort={sort}")
        assert len(listed) == len(set(listed)) and set(listed) == everything, sort


def test_what_needs_a_person_comes_first(get: Get, college: College) -> None:
    """Ready claims, blocked ones, those on hold, those without an answer; within each, the oldest first."""
    expected: list[int] = []
    for where in (
        "status = 'proposed' AND blockers = '[]'", "status = 'proposed' AND blockers <> '[]'", "status = 'on_hold'",
        "status = 'unknown'",
    ):  # fmt: skip
        group = sorted(ids(college, where))
        assert group, where
        expected += group
    assert whole(get)[: len(expected)] == expected


def test_the_other_orders(get: Get) -> None:
    """Oldest and newest go by claim number; names by the alphabet, whatever their case."""
    oldest = whole(get, "sort=oldest")
    assert oldest == sorted(oldest) and whole(get, "sort=newest") == oldest[::-1]
    names = re.findall(r"<bdi>([A-Za-z ]+)</bdi>", get("?sort=name"))
    assert names == sorted(names, key=str.lower) and len(names) > 30


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("body=EDI", "awarding_body = 'EDI'"),
        ("qualification=OCR/03455", "qualification_id = 'OCR/03455'"),
        ("status=certificated", "status = 'certificated'"),
        ("blocked=yes", "blockers <> '[]'"),
        ("blocked=no", "blockers = '[]'"),
        ("status=proposed&blocked=yes&body=OCR", "status = 'proposed' AND blockers <> '[]' AND awarding_body = 'OCR'"),
        ("body=EDI&qualification=OCR/03455", "0"),
        ("blocker=ENT-2", "blockers LIKE '%\"ENT-2\"%'"),
        ("blocker=IQA-1&body=OCR&sort=name", "blockers LIKE '%\"IQA-1%' AND awarding_body = 'OCR'"),
        ("age=14", "created_at < strftime('%s', '2026-10-21')"),
        ("age=30&status=proposed&sort=newest", "status = 'proposed' AND created_at < strftime('%s', '2026-10-05')"),
    ],
)
def test_filters_narrow(get: Get, college: College, query: str, where: str) -> None:
    """Each filter in the address leaves exactly the claims the database has for it, and they hold together."""
    assert set(whole(get, query)) == ids(college, where)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("jessop", "name LIKE '% Jessop'"),
        ("JESSOP aish", "name = 'Aisha Jessop'"),
        ("l1001", "id_number = 'L1001'"),
        ("\0jessop\x7f", "name LIKE '% Jessop'"),
        ("100% _", "name = '100% _Wild'"),
        ("%", "name LIKE '%100%%' AND name LIKE '100%'"),
        ("SIOBHÁN", "name LIKE 'Siobh%'"),
        ("منصور", "lms_id = '1004'"),
        ("<script>", "name LIKE '<script>%'"),
        ("nobody-of-this-name", "0"),
    ],
)
def test_free_text_searches_names_and_id_numbers(get: Get, college: College, text: str, where: str) -> None:
    """Every word must be in the name or the ID number; wildcards, markup and other alphabets are only text."""
    expected = ids(college, f"learner_id IN (SELECT lms_id FROM learners WHERE {where})")
    assert set(whole(get, f"q={quote(text)}")) == expected
    assert expected or where == "0"


def test_free_text_does_not_search_what_is_never_shown(get: Get, college: College) -> None:
    """Nobody can be found by ULN or date of birth."""
    for secret in (college.ulns[0], web_data.BORN.isoformat()):
        assert not whole(get, f"q={secret}")


def test_counts_are_those_of_the_store(get: Get, college: College) -> None:
    """What the page says of each status and body is what there is."""
    page = get("")
    with college.app.open_store(read_only=True) as store:
        counts = store_claims.count_by_status(store)
    assert set(counts) == {status.value for status in Status}
    for status, count in counts.items():
        assert f'status={status}">{status.replace("_", " ").capitalize()} <b>{count}</b>' in page
    for body in ("OCR", "EDI", "NCFE"):
        assert f'body={body}">{body} <b>{len(ids(college, "awarding_body = ?", body))}</b>' in page
    assert f"<b>{len(ids(college, 'status = ? AND blockers = ?', 'proposed', '[]'))}</b> Ready to approve" in page


def test_counts_follow_the_other_filters(get: Get, college: College) -> None:
    """With a body chosen, the statuses are counted within it, and the other bodies can still be chosen."""
    page = get("?body=EDI")
    proposed = ids(college, "awarding_body = 'EDI' AND status = 'proposed'")
    assert f'body=EDI&amp;status=proposed">Proposed <b>{len(proposed)}</b>' in page
    assert 'body=NCFE">NCFE' in page


def test_a_page_beyond_the_last_shows_the_last(get: Get, college: College) -> None:
    """An old address of a page that has gone does not lead nowhere."""
    assert numbers(get("?page=9999")) == numbers(get("?page=3"))
    assert len(numbers(get("?page=3"))) == 120 - 2 * PAGE_SIZE


@pytest.mark.parametrize(
    "query", ["status=lost", "page=0", "page=-1", "page=1e3", "sort=rank", "blocked=maybe", "body=ocr"]
)
def test_what_is_not_understood_is_left_out_and_said(get: Get, query: str) -> None:
    """An address that was mistyped shows the rest of what it asks for, and says what it could not use."""
    page = get(f"?{query}&qualification=EDI/L2-CS")
    assert f"left out: {query.partition('=')[0]}." in page
    assert len(numbers(page)) == 26


def test_a_row_says_what_stops_a_claim(get: Get, college: College) -> None:
    """A blocker's rule id stands in the row with the rule in a few words; a hold stands there with its reason."""
    with college.app.open_store(read_only=True) as store:
        closed = store_claims.claims(store, "qualification_id = 'OCR/03454'")[0]
    page = get("?qualification=OCR/03454")
    assert "ENT-6" in {finding.id for finding in closed.blockers}
    assert "<code>ENT-6</code> Claims close on the certification end date" in page
    assert "&lt;i&gt;Ask&lt;/i&gt; the assessor about F2." in get("?status=on_hold")


# ---------------------------------------------------------------- one claim


def test_a_claim_shows_verdict_units_and_grades(get: Get, college: College) -> None:
    """The page of a claim goes from the rule's requirements down to who gave which grade, when, and where in Moodle."""
    page = get(
        f"claims/{min(ids(college, 'qualification_id = ? AND status = ?', 'OCR/03455', 'certificated'))}?open=all"
    )
    rule = college.app.plugins.catalogue.qualifications["OCR/03455"].rule
    for requirement in rule.requirements:
        assert requirement.id in page
    assert "Have 28, need 28 credits" in page and "C1 and D2." in page
    assert "A: Mandatory units" in page and "Communicate using customer service language" in page
    assert "<b>1.1</b>" in page and "Whole unit" in page
    assert "<bdi>Morgan Reyes</bdi>" in page and "(id 77)" in page
    assert "Observation of the candidate" in page
    assert f'href="{web_data.MOODLE}/mod/assign/view.php?id=1&amp;action=grader&amp;userid=' in page
    assert re.search(r"C\d{6}</b>, 1 November 2026", page)


def test_the_history_is_told(get: Get, college: College) -> None:
    """Everything that happened to a claim stands on its page, who did it included."""
    page = get(f"claims/{min(ids(college, 'status = ?', 'certificated'))}")
    for part in (
        "The rule of combination is met.",
        "proposed to approved",
        "<b>exams</b>",
        "submitted to certificated",
    ):
        assert part in page


def test_a_blocked_claim_says_what_to_put_right(get: Get, college: College) -> None:
    """Each blocker stands on the page in full, with what to do about it."""
    claim_id = min(ids(college, "blockers LIKE '%ENT-2%'"))
    page = get(f"claims/{claim_id}")
    assert "<code>ENT-2</code>" in page and "nvqsync registrations import" in page


def test_the_portals_words_are_shown_as_they_came(get: Get, college: College) -> None:
    """A return's reasons are quoted as text, markup and all."""
    page = get(f"claims/{min(ids(college, 'status = ?', 'returned'))}")
    assert "&lt;b onmouseover=alert(2)&gt;Returned&lt;/b&gt;: candidate&#39;s name differs &amp; must match" in page


# ---------------------------------------------------------------- passes, health, refusals


def test_passes_show_their_problems(get: Get) -> None:
    """Each pass says how it ended, and what it found that needs a person."""
    page = get("passes")
    assert "5 of 5 courses read" in page
    assert "the assignment &#39;Portfolio&#39; has no ID number" in page
    assert page.index("Pass 6:") < page.index("Pass 5:")


def test_health_is_json_without_names(get: Get, college: College) -> None:
    """A monitor reads the last pass and the claims by status; nothing about anybody."""
    answer = json.loads(get("health"))
    assert answer["status"] == "ok" and answer["last_pass"]["outcome"] == "problems"
    assert sum(answer["claims"].values()) == 120
    assert answer.keys() == {
        "status", "version", "last_pass", "check", "last_good_pass_age", "failing_passes", "claims",
        "oldest_unknown_claim_age", "oldest_roster_age", "alarms", "database_bytes", "disk_free_bytes", "backup_age",
    }  # fmt: skip
    assert answer["check"]["state"] in {"ok", "warning", "critical"}


@pytest.mark.parametrize(
    "path", ["nothing-here", "claims/999999", "claims/abc", "claims/99999999999999999999999", "claims/-1"]
)
def test_what_is_not_there_is_a_page_with_a_way_back(get: Get, path: str) -> None:
    """A missing page or claim answers 404 in words, with a link to the queue."""
    page = get(path, 404)
    assert "<h1>" in page and '<a href="/">Go to the claim queue</a>' in page


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_on_the_pages_changes_anything(url: str, session: requests.Session, method: str) -> None:
    """Every method that could change something is refused, on every page."""
    for path in ("", "claims/1", "passes", "health", "metrics"):
        answer = session.request(method, url + path, timeout=20)
        assert answer.status_code == 405 and "GET" in answer.headers["Allow"]


def test_reading_writes_nothing(get: Get, college: College) -> None:
    """After a look at every page the database holds what it held."""
    with college.app.open_store(read_only=True) as store:
        before = list(store.db.conn.iterdump())
        for path in ("", "?q=a&sort=name", "claims/1?open=all", "passes", "health", "metrics"):
            get(path)
        assert list(store.db.conn.iterdump()) == before


# ---------------------------------------------------------------- safety


@pytest.mark.parametrize("path", EVERY_KIND)
def test_every_answer_carries_the_headers(url: str, session: requests.Session, path: str) -> None:
    """No inline script or style, no frame, no referrer, no sniffing, no cache: refusals included."""
    headers = session.get(url + path, timeout=20).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "script-src 'none'" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer" and headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", EVERY_KIND)
def test_no_page_needs_what_the_policy_forbids(url: str, session: requests.Session, path: str) -> None:
    """No script, no style attribute, no event handler and no address of another site's stands in the markup."""
    page = session.get(url + path, timeout=20).text
    assert not re.search(r"<script|<style|\sstyle=|<[^>]*\son\w+=|<iframe", page)
    assert not [
        src for src in re.findall(r'(?:src|href)="(https?:[^"]*)"', page) if not src.startswith(web_data.MOODLE)
    ]


FOREIGN = ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "10.0.0.7", "[::2]", "a b", "][")


@pytest.mark.parametrize("host", FOREIGN)
def test_another_hosts_name_is_refused(url: str, host: str) -> None:
    """A name somebody else points at this machine gets one sentence, whatever page it asks for."""
    for path in ("", "claims/1", "health", "metrics", "static/nvqsync.css"):
        answer = requests.get(url + path, headers={"Host": host, "Connection": "close"}, timeout=20)
        assert answer.status_code == 421
        assert answer.text.startswith("This server answers to this machine's own name only (localhost, 127.0.0.1")
        assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8765", "127.0.0.1:1", "127.1.2.3", "[::1]:80"])
def test_this_machines_names_are_served(get: Get, host: str) -> None:
    """Every name of loopback will do, with any port: a tunnel's other end has another one."""
    get("health", Host=host)


def test_markup_in_names_is_text(get: Get) -> None:
    """A name, an assignment or a reason that is markup is shown letter by letter, on every page it stands on."""
    pages = [get("?sort=name"), get("?q=script"), get("?q=Template")]
    pages += [get(f"claims/{number}?open=all") for number in numbers(pages[1])]
    for page in pages:
        assert not re.search(r"<script|<img|<b on|<i>Ask", page)
    assert "&lt;script&gt;alert(&#39;name&#39;)&lt;/script&gt;" in pages[1]
    assert "{{ 7 * 7 }} Template" in pages[2] and "49 Template" not in pages[2]


def test_no_uln_and_no_date_of_birth_is_shown(get: Get, college: College) -> None:
    """Neither stands on any page of any claim, however it might be written."""
    born = web_data.BORN
    dates = {born.isoformat(), f"{born:%d/%m/%Y}", f"{born.day} {born:%B %Y}"}
    pages = [get(f"?page={page}") for page in (1, 2, 3)] + [get("passes"), get("health")]
    pages += [get(f"claims/{number}?open=all") for number in range(1, 121, 9)]
    for page in pages:
        assert not [uln for uln in college.ulns if uln in page]
        assert not [date for date in dates if date in page]


def test_no_page_puts_a_name_into_an_address(get: Get) -> None:
    """What the pages link to names claims by number and people not at all."""
    for path in ("", "?sort=name", "claims/1?open=all", "passes"):
        links = " ".join(re.findall(r'(?:href|action)="([^"]*)"', get(path)))
        assert not re.search(r"[?&]q=|L1\d{3}|[A-Z][a-z]+(\+|%20| )[A-Z][a-z]+", links)


# ---------------------------------------------------------------- before there is anything


def test_without_a_database_the_start_page_says_how_to_set_up(tmp_path: Path, session: requests.Session) -> None:
    """Before the first pass every page says what is still to do, and nothing is created."""
    college = web_data.empty(tmp_path)
    with WebServer(college.app, "127.0.0.1", 0) as server:
        for path in ("", "claims/1", "passes"):
            page = session.get(server.url + path, timeout=20).text
            assert "nvqsync is not set up yet" in page and "nvqsync sync" in page
        assert session.get(server.url + "health", timeout=20).status_code == 503
    assert not list(tmp_path.iterdir())


def test_an_empty_database_is_not_set_up_either(tmp_path: Path, session: requests.Session) -> None:
    """A file without tables, as a pass that never began leaves it, leads to the start page as well."""
    college = web_data.empty(tmp_path)
    college.database.touch()
    with WebServer(college.app, "127.0.0.1", 0) as server:
        assert "nvqsync is not set up yet" in session.get(server.url, timeout=20).text


def test_a_database_that_is_none_is_told_in_words(tmp_path: Path, session: requests.Session) -> None:
    """A file that is no database answers 503 with the reason and the remedy, and the server goes on."""
    college = web_data.empty(tmp_path)
    college.database.write_bytes(b"This is not a database, and it never was one." * 100)
    with WebServer(college.app, "127.0.0.1", 0) as server:
        for _ in range(2):
            answer = session.get(server.url, timeout=20)
            assert answer.status_code == 503 and "not a database" in answer.text


def test_a_database_without_claims_is_a_calm_page(tmp_path: Path) -> None:
    """Before anybody meets a rule the queue says where claims come from."""
    college = web_data.empty(tmp_path)
    web_data.let_in(college)
    with WebServer(college.app, "127.0.0.1", 0) as server, web_data.asking(college, web_data.IQA) as session:
        page = session.get(server.url, timeout=20).text
    assert "There are no claims yet" in page and "No pass has been made yet" in page
