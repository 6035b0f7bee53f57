"""The pages beside the queue, as a browser asks for them: over HTTP on loopback, in front of a real database file."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
import requests

from nvqsync.centres.centre_lacks import lacks
from nvqsync.claims import WAITING, Status
from nvqsync.nearly import nearly
from nvqsync.storage import store_claims
from nvqsync.web import office_queries
from nvqsync.web.app import WebServer
from nvqsync.web.context import LARGEST_NUMBER
from nvqsync.web.pages import ABOUT, NAVIGATION
from tests.integration import web_data
from tests.integration.web_data import ADMIN, APPROVER, IQA, VIEWER, College, Get

ONE_LEFT, JUST_BEGUN = "1044", "1045"
BATCH = "20261101-OCR-03455-001"
EVERY = (
    "learners", "learners?q=a", "learners/1000?open=all", f"learners/{ONE_LEFT}", f"learners/{JUST_BEGUN}",
    "cohorts", "cohorts/OCR/03455", "cohorts/OCR/03455?course=10&page=3", "cohorts/OCR/03455/nearly",
    "iqa", "iqa/records", "iqa/releases/1", "weekly",
    "weekly?qualification=NCFE/50102874", "mapping", "mapping?show=problems", "mapping?show=unfollowed",
    "mapping/OCR/03455", "passes", "passes/6", "batches", f"batches/{BATCH}", "registrations", "centre",
    "centre/OCR/03455", "start", "accessibility", "privacy",
)  # fmt: skip
"""Every page that reads, with and without something to show."""


def text_of(page: str) -> str:
    """The words of a page, its markup and line breaks taken out."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


# ---------------------------------------------------------------- every page


@pytest.mark.parametrize("path", EVERY)
def test_no_page_needs_what_the_policy_forbids(url: str, session: requests.Session, path: str) -> None:
    """No script, style attribute or event handler, no address of another site but Moodle's, and nothing is cached."""
    answer = session.get(url + path, timeout=20)
    assert answer.status_code == 200
    assert not re.search(r"<script|<style|<img|\sstyle=|<[^>]*\son\w+=|<iframe|<b on|<i>Ask", answer.text)
    elsewhere = re.findall(r'(?:src|href)="(https?:[^"]*)"', answer.text)
    assert all(address.startswith(web_data.MOODLE) for address in elsewhere)
    assert "script-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", EVERY)
def test_no_uln_and_no_date_of_birth_is_shown(get: Get, college: College, path: str) -> None:
    """Neither stands on any page, however it might be written."""
    page, born = get(path), web_data.BORN
    assert not [uln for uln in college.ulns if uln in page]
    assert not [d for d in (born.isoformat(), f"{born:%d/%m/%Y}", f"{born.day} {born:%B %Y}") if d in page]


FOR_PROGRAMS = re.compile(r"\d{4}-\d\d-\d\d|built-in|object at|\(iqa\)|(?<![.\w])[a-z]+_[a-z]+")
"""Days as machines write them, roles and reasons by their code, what a page should never let out. Settings may stay."""


@pytest.mark.parametrize("path", (*EVERY, "account", "?status=on_hold"))
def test_pages_speak_as_people_do(get: Get, path: str) -> None:
    """Nothing on them is for programs."""
    assert not FOR_PROGRAMS.search(text_of(get(path)))


@pytest.mark.parametrize("status", Status)
def test_claims_speak_as_people_do(url: str, college: College, status: Status) -> None:
    """Nothing on one of each status is for programs, forms and what they offer included; its history is as it came."""
    claim = claim_of(college, f"status = {status.value!r}")
    with web_data.asking(college, APPROVER) as session:
        page = session.get(f"{url}claims/{claim}", timeout=20).text.partition('id="history"')[0]
    assert not FOR_PROGRAMS.search(text_of(page))
    assert not re.search(r'value="\d{4}-\d\d-\d\d"', page)


@pytest.mark.parametrize("path", EVERY)
def test_no_page_puts_a_name_into_an_address(get: Get, path: str) -> None:
    """Links name people by their Moodle id; what a person searched for stands in their own address alone."""
    links = " ".join(re.findall(r'(?:href|action)="([^"]*)"', get(path)))
    assert not re.search(r"L1\d{3}|[A-Z][a-z]+(\+|%20| )[A-Z][a-z]+", links)


@pytest.mark.parametrize("path", EVERY)
def test_every_link_within_leads_somewhere(url: str, session: requests.Session, get: Get, path: str) -> None:
    """Each address a page links to is a page (a fair sample of those that differ in a number alone)."""
    kinds = {re.sub(r"\d+", "0", link): link for link in re.findall(r'href="(/[^"]*)"', get(path))}
    for link in kinds.values():
        answer = session.get(url.rstrip("/") + link.replace("&amp;", "&"), timeout=20)
        assert answer.status_code == 200, link


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_on_them_changes_anything(url: str, session: requests.Session, method: str) -> None:
    """Every method that could change something is refused."""
    for path in EVERY:
        assert session.request(method, url + path, timeout=20).status_code == 405


def test_reading_writes_nothing(get: Get, college: College) -> None:
    """After a look at every page the database holds what it held."""
    with college.app.open_store(read_only=True) as store:
        before = list(store.db.conn.iterdump())
        for path in EVERY:
            get(path)
        assert list(store.db.conn.iterdump()) == before


def test_the_navigation_is_on_every_page_and_says_where_one_is(get: Get) -> None:
    """All that an IQA can reach from anywhere is linked at the top and the foot, and the page one is on is marked."""
    page = get("mapping")
    for endpoint, name in (*NAVIGATION, *ABOUT):
        assert (f">{name}</a>" in page) is (endpoint != "accounts.every")
    assert re.findall(r'aria-current="page">([^<]+)<', page) == ["Mapping"]


@pytest.mark.parametrize(
    "path",
    ["learners/999999", "learners/a/b", "cohorts/OCR/0", "cohorts/X/Y/nearly", "mapping/X/Y", "passes/99",
     "batches/none", f"passes/{LARGEST_NUMBER + 1}", "centre/X/Y", "weekly/x"],
)  # fmt: skip
def test_what_is_not_there_is_a_page_with_a_way_back(get: Get, path: str) -> None:
    """A missing learner, cohort, pass or batch answers 404 in words."""
    page = get(path, 404)
    assert "<h1>" in page and "Go to the claim queue" in page


@pytest.mark.parametrize(
    "path", ["learners", "registrations", "iqa", "batches", "passes", "cohorts/OCR/03455", "mapping"]
)
@pytest.mark.parametrize("page", ["0", "-1", "1e3", "9999999999", "99", "x"])
def test_a_page_number_that_makes_no_sense_shows_a_page(get: Get, path: str, page: str) -> None:
    """An address that was mistyped, or a page that has gone, shows the nearest one there is."""
    assert "<h1>" in get(f"{path}?page={page}")


# ---------------------------------------------------------------- claims


def claim_of(college: College, where: str) -> int:
    """The first claim that answers a condition."""
    with college.app.open_store(read_only=True) as store:
        return min(store_claims.claim_ids(store, where))


def test_each_criterion_opens_to_the_grade_it_rests_on(get: Get, college: College) -> None:
    """A claim's unit has every criterion, and each its grade with assessor, day, method, workflow state and address."""
    claim_id = claim_of(college, "qualification_id = 'OCR/03455' AND status = 'certificated'")
    page = get(f"claims/{claim_id}?open=all")
    with college.app.open_store(read_only=True) as store:
        learner = store_claims.claim(store, claim_id).learner_id
    assert f'href="{web_data.MOODLE}/mod/assign/view.php?id=0&amp;action=grader&amp;userid={learner}"' in page
    words = text_of(page)
    assert "1.1 Met Competent" in words and "Whole unit Met Competent" in words
    assert "Marking workflow Released" in words and "Assessor Morgan Reyes (id 77)" in words
    assert "attempt 1 Grade Competent: met" in words


def test_a_claim_shows_what_was_declared_and_noted(get: Get, college: College) -> None:
    """Declarations stand with who made them, or as still to be made; a note stands word for word."""
    sent = text_of(get(f"claims/{claim_of(college, 'status = ' + repr('certificated'))}"))
    assert "Declared candidate" in sent and "Portfolio looked at." in sent
    waiting = claim_of(college, "status = 'proposed' AND declarations <> '[]'")
    assert "Still to be declared" in get(f"claims/{waiting}")
    withdrawn = get(f"claims/{claim_of(college, 'status = ' + repr('withdrawn'))}")
    assert "Not declared" in withdrawn and "Still to be declared" not in withdrawn


# ---------------------------------------------------------------- learners and cohorts


def test_a_learner_sees_the_way_to_the_certificate(get: Get) -> None:
    """Progress, the one unit that is left with what it asks, and no claim yet."""
    words = text_of(get(f"learners/{ONE_LEFT}"))
    assert "23 credits count so far. 5 credits to go" in words
    assert "5 credits in 1 unit" in words and "D2" in words and "Nothing has been claimed." in words


def test_a_learner_who_has_begun_sees_which_criteria_are_met(get: Get) -> None:
    """The grid tells each criterion, in words as well as in signs."""
    page = get(f"learners/{JUST_BEGUN}")
    grid = re.findall(r'<li class="cell cell--(\w+)">([\d.]+) .*?<span class="hidden">([^<]+)</span>', page)
    met = [number for state, number, words in grid if (state, words) == ("met", "Met")]
    assert met == ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3"] and len(grid) == 21
    assert "6 of 21 criteria met" in page


def test_each_criterion_has_a_sign_of_its_own(get: Get) -> None:
    """A tick where it is met, with the whole unit too; something where it is not: the colour alone tells nobody."""
    cells = r'<li class="cell cell--(\w+)">[\d.]+ <span aria-hidden="true">([^<]*)</span>'
    found = {one for who in (ONE_LEFT, JUST_BEGUN) for one in re.findall(cells, get(f"learners/{who}"))}
    assert found == {("met", "✓"), ("whole", "✓"), ("open", "·")}


def test_claims_and_certificates_are_listed(get: Get, college: College) -> None:
    """A learner's claims stand with their status, number and day."""
    with college.app.open_store(read_only=True) as store:
        claim = store_claims.claims(store, "status = 'certificated'")[0]
    words = text_of(get(f"learners/{claim.learner_id}"))
    assert f"{claim.certificate_number}, 1 November 2026" in words and "Certificated" in words


def test_learners_are_found_by_name_and_by_number(get: Get, college: College) -> None:
    """Everyone on a roster as a learner is listed once over the pages, staff are not; a search narrows."""
    listed = [one for page in (1, 2, 3) for one in re.findall(r'href="/learners/(\d+)"', get(f"learners?page={page}"))]
    with college.app.open_store(read_only=True) as store:
        everyone = {row["lms_id"] for row in store.rows("SELECT lms_id FROM learners")}
    assert sorted(listed) == sorted(everyone - {web_data.ASSESSOR.lms_id})
    assert re.findall(r'href="/learners/(\d+)"', get("learners?q=l1044")) == [ONE_LEFT]
    assert "Nobody’s name or ID number holds this" in get(f"learners?q={college.ulns[0]}")


def test_the_heat_map_tells_every_learner_once(get: Get, college: College) -> None:
    """Over its pages each learner of the course has one row, with a cell for each unit that says what it shows."""
    rows = [row for page in (1, 2, 3) for row in re.findall(r"<tr>\s*<th scope=\"row\"><a.*?</tr>", get(
        f"cohorts/OCR/03455?page={page}"), re.DOTALL)]  # fmt: skip
    assert len(rows) == web_data.CLAIMS["OCR/03455"] + 2
    begun = next(row for row in rows if f"/learners/{JUST_BEGUN}" in row)
    assert "In progress: 6 of 21 criteria met" in begun and begun.count("Not started") == 5
    assert all(row.count('class="heat ') == 6 for row in rows)


def test_who_is_nearly_there_agrees_with_the_command(get: Get, college: College) -> None:
    """The list is that of ``nvqsync nearly``, and the single grade that holds a certificate back is named."""
    page = get("cohorts/OCR/03455/nearly")
    with college.app.open_store(read_only=True) as store:
        standing = college.app.reader(store).standings(["OCR/03455"])[0]
    section = page[page.index('id="near"') :]
    assert re.findall(r'href="/learners/(\d+)"', section) == [one.row.learner.lms_id for one in nearly(standing.rows)]
    assert "D2 assignment" in page and "holds back 1 certificate" in text_of(page)


# ---------------------------------------------------------------- the office


def test_a_pass_says_what_it_saw_and_what_needs_a_person(get: Get) -> None:
    """A pass leads to its own page, with its courses and its problems."""
    assert 'href="/passes/6"' in get("passes")
    words = text_of(get("passes/6"))
    assert "Needs a person: 1" in words and "has no ID number" in words and "5 of 5 read" in words


def test_a_batch_shows_its_digest_and_answers(get: Get, college: College) -> None:
    """The digest is that of the file, and every claim in the batch stands with what was answered."""
    page = get(f"batches/{BATCH}")
    file = college.app.settings.export.folder / f"{BATCH}.json"
    assert hashlib.sha256(file.read_bytes()).hexdigest() in page
    assert "not there any more" in page and "approvers alone can fetch them" in page
    with college.app.open_store(read_only=True) as store:
        ids = store_claims.claim_ids(store, "batch_id = ?", [BATCH])
    assert [int(number) for number in re.findall(r'href="/claims/(\d+)"', page)] == ids[:50]


def test_files_of_a_batch_are_for_approvers(url: str, college: College) -> None:
    """A batch holds ULNs and dates of birth. The file comes as it was written; no other file of the folder is given."""
    folder, file = college.app.settings.export.folder, f"batches/{BATCH}/files/{BATCH}.json"
    (folder / "other.txt").write_text("not of this batch")
    for who in (VIEWER, IQA, ADMIN):
        with web_data.asking(college, who) as session:
            assert session.get(url + file, timeout=20).status_code == 403
            assert file not in session.get(f"{url}batches/{BATCH}", timeout=20).text
    with web_data.asking(college, APPROVER) as session:
        assert file in session.get(f"{url}batches/{BATCH}", timeout=20).text
        answer = session.get(url + file, timeout=20)
        assert answer.content == (folder / f"{BATCH}.json").read_bytes()
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Cache-Control"] == "no-store"
        for name in ("other.txt", f"{BATCH}.csv", "..%2Fnvqsync.db", "%2e%2e/nvqsync.db"):
            assert session.get(f"{url}batches/{BATCH}/files/{name}", timeout=20).status_code == 404, name


def test_who_sees_one_course_sees_its_learners_only(url: str, college: College) -> None:
    """Lists, cohorts and learners' pages stop at the courses that a viewer was given."""
    with college.app.open_store(read_only=True) as store:
        sql = "SELECT COUNT(*) AS n FROM memberships WHERE course_id = '11' AND learner_id <> '77'"
        mine = store.rows(sql)[0]["n"]
    with web_data.asking(college, VIEWER) as session:
        listed = session.get(f"{url}learners", timeout=20).text
        assert f"{mine} learners" in listed and "/learners/1000" not in listed
        assert session.get(f"{url}learners/1100", timeout=20).status_code == 200
        assert session.get(f"{url}learners/1000", timeout=20).status_code == 404
        cohorts = session.get(f"{url}cohorts", timeout=20).text
        assert "EDI/L2-CS" in cohorts and "OCR/03455" not in cohorts
        assert session.get(f"{url}cohorts/OCR/03455", timeout=20).status_code == 404
        assert session.get(f"{url}cohorts/OCR/03455/nearly", timeout=20).status_code == 404
        weekly = session.get(f"{url}weekly?qualification=OCR/03455", timeout=20).text
        assert "EDI/L2-CS" in weekly and "OCR/03455" not in weekly


def test_a_learner_on_two_courses_shows_a_viewer_one(tmp_path: Path, college: College) -> None:
    """Of a learner who is on another course as well, a viewer sees the claims and the way of the given one alone."""
    own = web_data.copy(college, tmp_path)
    with own.app.open_store() as store:
        with store.writing():
            store.execute(
                """INSERT INTO memberships (course_id, learner_id, roles, active, gone)
                SELECT '11', learner_id, roles, active, gone FROM memberships
                WHERE course_id = '10' AND learner_id = '1000'"""
            )
        claims = [row["id"] for row in store.rows("SELECT id FROM claims WHERE learner_id = '1000'")]
    assert claims
    with WebServer(own.app, "127.0.0.1", 0) as server:
        for who, sees in ((VIEWER, False), (IQA, True)):
            with web_data.asking(own, who) as session:
                page = session.get(f"{server.url}learners/1000", timeout=20)
                assert page.status_code == 200 and "EDI/L2-CS" in page.text
                assert ("OCR/03455" in page.text, "CS-10" in page.text) == (sees, sees)
                listed = session.get(f"{server.url}learners?q=L1000", timeout=20).text
                for number in claims:
                    assert ((f"/claims/{number}" in page.text), (f"/claims/{number}" in listed)) == (sees, sees)


@pytest.mark.parametrize("who", [VIEWER, APPROVER, ADMIN])
def test_nobody_is_offered_a_page_that_is_not_for_them(url: str, college: College, who: str) -> None:
    """Whatever the pages that somebody may open link to, they may open as well."""
    with web_data.asking(college, who) as session:
        todo, seen = ["/", "/learners/1100", "/cohorts/EDI/L2-CS", "/weekly"], set[str]()
        while todo and len(seen) < 60:
            path = todo.pop(0)
            if (kind := re.sub(r"\d+", "0", path.partition("?")[0])) in seen:
                continue
            seen.add(kind)
            answer = session.get(url.rstrip("/") + path.replace("&amp;", "&"), timeout=20)
            assert answer.status_code == 200, path
            if answer.headers["Content-Type"].startswith("text/html"):
                todo += re.findall(r'href="(/[^"#]*)"', answer.text)
        assert ("/mapping" in seen) == (who != VIEWER) and "/learners/0" in seen


def test_registrations_are_counted_and_found(get: Get, college: College) -> None:
    """The list has as many as the store, by qualification, and finds a learner by ID number."""
    with college.app.open_store(read_only=True) as store:
        everyone = len(store_claims.registrations(store))
        mine = len(store_claims.registrations(store, "NCFE/50102874"))
    assert f"of {everyone} registrations" in get("registrations")
    assert f"{mine} registrations" in get("registrations?qualification=NCFE/50102874")
    assert len(re.findall(r'<th scope="row"><a href="/learners/', get("registrations?q=l1000"))) == 1


def test_the_centres_page_names_what_is_missing_with_its_command(get: Get, college: College) -> None:
    """Each fact that claims wait for stands with the command that enters it; what is recorded stands as recorded."""
    page = get("centre").replace("&#39;", "'")
    with college.app.open_store(read_only=True) as store:
        from nvqsync.storage import store_centre

        for q in web_data.CLAIMS:
            found = college.app.plugins.catalogue.qualifications[q]
            for one in lacks(store_centre.facts(store, found), found):
                assert one.command in page
    assert "OCR: <b>12345</b>" in page


def test_the_iqas_page_lists_the_claims_that_wait_for_one(get: Get, college: College) -> None:
    """Exactly the waiting claims with a blocker that only an IQA's record clears, each with it."""
    with college.app.open_store(read_only=True) as store:
        expected = [
            claim.id
            for claim in store_claims.claims(store)
            if claim.status in WAITING and any(f.id.startswith(office_queries.IQAS_OWN) for f in claim.blockers)
        ]
    page = get("iqa")
    assert expected and [int(n) for n in re.findall(r'href="/claims/(\d+)"', page)] == expected[:50]
    assert "<code>IQA-1</code>" in page


def test_the_index_answers_for_who_waits_for_an_iqa(college: College) -> None:
    """The count is taken from the partial index, so that it costs next to nothing with many claims."""
    with college.app.open_store(read_only=True) as store:
        asked = f"EXPLAIN QUERY PLAN SELECT COUNT(*) FROM claims WHERE {office_queries._WAITS}"
        assert any("claims_for_iqa" in row["detail"] for row in store.rows(asked))
        asked = "EXPLAIN QUERY PLAN SELECT COUNT(*) FROM claims WHERE batch_id IN ('a')"
        assert any("claims_by_batch" in row["detail"] for row in store.rows(asked))


def test_the_week_names_who_is_not_registered(get: Get, college: College) -> None:
    """Those on the course without a registration are listed, each with what to do."""
    page = get("weekly?qualification=NCFE/50102874")
    with college.app.open_store(read_only=True) as store:
        known = {one.learner_id for one in store_claims.registrations(store, "NCFE/50102874")}
    people = {str(1200 + n) for n in range(web_data.CLAIMS["NCFE/50102874"] + 2)}
    section = page[page.index("Enrolled but not registered") : page.index("Evidence dated before")]
    assert set(re.findall(r'href="/learners/(\d+)"', section)) == people - known


def test_mapping_says_what_nobody_assesses(get: Get) -> None:
    """What the assignments stand for, and the units that nothing assesses."""
    assert "F1@O" in get("mapping") or "F1" in get("mapping")
    words = text_of(get("mapping/OCR/03455"))
    assert "every criterion is assessed" in words or "Nobody assesses" in words
    assert "43 optional units" in words


def test_an_assignment_deleted_in_moodle_assesses_nothing(own_url: str, own: College, admin: requests.Session) -> None:
    """As `nvqsync mapping check` says: nobody can be graded on it any more."""
    nothing = "No assignment stands for any of its units."
    assert nothing not in text_of(admin.get(f"{own_url}mapping/OCR/03455", timeout=30).text)
    with own.app.open_store() as store, store.writing():
        store.execute("UPDATE items SET gone = 1")
    assert nothing in text_of(admin.get(f"{own_url}mapping/OCR/03455", timeout=30).text)


# ---------------------------------------------------------------- setting up


def test_setting_up_says_what_is_left(get: Get) -> None:
    """Steps that are done say so; one that is not says what to type."""
    words = text_of(get("start"))
    assert "Say where Moodle is Done" in words and "Give it a token To do" in words
    assert "Import the registrations Done" in words and "Is the service running?" in words


def test_before_the_first_pass_every_page_leads_to_setting_up(tmp_path: Path, session: requests.Session) -> None:
    """Without a database each page says how to begin; the statements are there all the same."""
    with WebServer(web_data.empty(tmp_path).app, "127.0.0.1", 0) as server:
        for path in ("learners", "cohorts/OCR/03455", "iqa", "mapping", "passes", "batches", "centre", "start"):
            assert "nvqsync is not set up yet" in session.get(server.url + path, timeout=20).text, path
        for path in ("accessibility", "privacy"):
            assert session.get(server.url + path, timeout=20).status_code == 200


def test_an_empty_college_has_calm_pages(tmp_path: Path) -> None:
    """With tables and nothing in them every list says what would fill it."""
    college = web_data.empty(tmp_path)
    web_data.let_in(college)
    with WebServer(college.app, "127.0.0.1", 0) as server, web_data.asking(college, IQA) as session:
        for path in ("learners", "cohorts", "iqa", "iqa/records", "weekly",
    "mapping", "passes", "batches",
                     "registrations", "centre", "start"):  # fmt: skip
            assert session.get(server.url + path, timeout=20).status_code == 200, path
