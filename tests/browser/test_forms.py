"""The forms in a real browser: a hand-keyed batch, an import, a release, a fact; and what axe says of every page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from nvqsync.claims import Status
from nvqsync.storage import store_claims
from nvqsync.web.access import COOKIE
from tests.browser.chromium import follow
from tests.browser.test_queue import CONTRAST
from tests.integration import web_data
from tests.integration.web_data import ADMIN, APPROVER, IQA, PEOPLE, VIEWER, College

BATCH = "20261101-OCR-03455-001"
TERMS = "centre/OCR/03455"
NEW_ROWS = "id_number,qualification,registered_on\nL1003,OCR/03455,2026-09-14\nL9999,OCR/03455,2026-09-14\n"
HOME = {VIEWER: 4, IQA: 10, APPROVER: 10, ADMIN: 11}
"""Links at the top of every page, by who looks."""


@pytest.fixture
def signed_in(browser: Browser, college: College, url: str) -> Iterator[Callable[[str], Page]]:
    """A page of somebody who is signed in."""
    opened: list[BrowserContext] = []

    def page(who: str) -> Page:
        opened.append(browser.new_context(viewport={"width": 1200, "height": 900}))
        opened[-1].add_cookies([{"name": COOKIE, "value": web_data.token(college, who), "url": url}])
        return opened[-1].new_page()

    yield page
    for context in opened:
        context.close()


SERIOUS = {"serious", "critical"}
STANDARD = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def found_by_axe(page: Page) -> list[Any]:
    """What axe finds serious on a page, every fold unfolded: the rule and where."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    violations = Axe().run(page, options=STANDARD).response["violations"]
    return [
        (one["id"], [node["target"] for node in one["nodes"]][:3]) for one in violations if one["impact"] in SERIOUS
    ]


def in_order(page: Page) -> list[Any]:
    """What is wrong with a page beside that: pale words, fields without one label, a page wider than 320 px."""
    pale = page.evaluate(CONTRAST)
    fields = "[...document.querySelectorAll('input:not([type=hidden]),select,textarea')]"
    nameless = page.evaluate(f"{fields}.filter(field => field.labels.length != 1).map(field => field.id)")
    page.set_viewport_size({"width": 320, "height": 640})
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size({"width": 1200, "height": 900})
    return [*pale, *nameless, *([wide] if wide > 320 else [])]


def well(page: Page) -> bool:
    """Whether nothing is found on the page as it stands."""
    assert (found_by_axe(page), in_order(page)) == ([], []), page.url
    return True


# ---------------------------------------------------------------- journeys


def test_a_batch_keyed_by_hand(signed_in: Callable[[str], Page], url: str, college: College) -> None:
    """From the batch to its form, by keyboard: tick, say when, record; then two certificates, one with a bad day."""
    page = signed_in(APPROVER)
    page.goto(f"{url}batches/{BATCH}")
    follow(page.get_by_role("link", name="Record that it was keyed by hand"))
    assert well(page)
    box = page.get_by_role("checkbox").first
    number = int((box.get_attribute("id") or "").removeprefix("tick-"))
    box.press("Space")
    page.get_by_label("Day it happened").fill("2/11/2026")
    page.get_by_label(f"The portal’s reference: claim {number}", exact=True).fill("K-77")
    follow(page.get_by_role("button", name="Record those chosen"), "Enter")
    assert "Recorded as keyed: 1 claim" in page.get_by_role("status").first.inner_text()
    follow(page.get_by_role("link", name="Record its certificate"))
    page.get_by_label(f"Certificate number: claim {number}", exact=True).fill("C-100")
    shown = page.locator("tbody th a").all_inner_texts()
    other = next(one for one in (text.split()[-1] for text in shown) if one != str(number))
    page.get_by_label(f"Certificate number: claim {other}", exact=True).fill("C-101")
    page.get_by_label(f"Day, if another: claim {other}", exact=True).fill("soon")
    follow(page.get_by_role("button", name="Record what is filled in"))
    assert "is not a day" in page.get_by_role("alert").inner_text() and well(page)
    with college.app.open_store(read_only=True) as store:
        done = store_claims.claim(store, number)
    assert (done.status, done.reference, done.certificate_number) == (Status.CERTIFICATED, "K-77", "C-100")


def test_registrations_come_in_by_way_of_a_preview(signed_in: Callable[[str], Page], url: str, tmp_path: Path) -> None:
    """Choose the file, see what it would do, say yes, read what was done."""
    file = tmp_path / "registrations.csv"
    file.write_text(NEW_ROWS)
    page = signed_in(APPROVER)
    page.goto(f"{url}registrations")
    follow(page.get_by_role("link", name="Import registrations"))
    assert well(page)
    page.get_by_label("File", exact=True).set_input_files(file)
    follow(page.get_by_role("button", name="See what it would do"))
    assert "Line 3: No learner has this id_number" in page.get_by_role("region", name="Left out: 1 line").inner_text()
    assert well(page)
    follow(page.get_by_role("button", name="Import 1 registration"))
    assert "Imported: 1 new, 0 changed" in page.get_by_role("status").first.inner_text()


def test_an_iqa_releases_from_the_list(signed_in: Callable[[str], Page], url: str) -> None:
    """Tick one who waits, say what was sampled and concluded; then take it back."""
    page = signed_in(IQA)
    page.goto(f"{url}iqa")
    assert well(page)
    page.get_by_role("checkbox").first.press("Space")
    follow(page.get_by_role("button", name="Record a release for those chosen…"), "Enter")
    assert well(page)
    page.get_by_label("Agreed: the evidence is good").check()
    page.get_by_role("checkbox").first.check()
    follow(page.get_by_role("button", name="Record the release"))
    assert "To undo one: open it and take it back" in page.get_by_role("status").inner_text() and well(page)
    follow(page.get_by_role("link", name="release", exact=False).last)
    assert well(page)
    page.get_by_label("Why").fill("The wrong learner.")
    follow(page.get_by_role("button", name="Take it back"))
    assert "is taken back" in page.get_by_role("status").inner_text()


def test_an_admin_enters_an_end_date(signed_in: Callable[[str], Page], url: str) -> None:
    """The form says what is missing and keeps what was typed; put right, the fact stands on the page."""
    page = signed_in(ADMIN)
    page.goto(f"{url}centre/NCFE/50102874")
    assert well(page)
    form = page.locator("form", has=page.get_by_role("button", name="Enter an end date"))
    form.get_by_label("Where the paper is filed").fill("Register, 2 November")
    follow(form.get_by_role("button"))
    assert "Give the day, or tick" in page.get_by_role("alert").inner_text() and well(page)
    assert form.get_by_label("Where the paper is filed").input_value() == "Register, 2 November"
    form.get_by_label("The register gives no day").check()
    follow(form.get_by_role("button"))
    assert "certification end none, checked on" in page.get_by_role("status").first.inner_text()
    page.goto(f"{url}centre")
    assert well(page)


@pytest.mark.parametrize("who", PEOPLE)
def test_each_role_has_its_own_pages(signed_in: Callable[[str], Page], url: str, who: str) -> None:
    """The navigation offers what the role may open; a claim's page only what it may do."""
    page = signed_in(who)
    page.goto(url)
    links = page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link")
    assert links.count() == HOME[who]
    follow(page.locator("tbody th a").first)
    buttons = page.locator("main button").all_inner_texts()
    assert bool(buttons) == (who == APPROVER)
    assert well(page)


def test_a_batch_of_forms_prints_without_them(signed_in: Callable[[str], Page], url: str) -> None:
    """On paper the centre's page and a batch hold what is on record, and no form."""
    page = signed_in(ADMIN)
    page.goto(url + TERMS)
    page.emulate_media(media="print")
    assert page.get_by_text("Certification ends").is_visible()
    assert not page.get_by_text("Enter an end date").first.is_visible()


@pytest.mark.parametrize(
    ("who", "path"), [(APPROVER, ""), (IQA, "iqa"), (APPROVER, f"batches/{BATCH}/record/received")]
)
def test_lists_print_without_what_is_ticked(signed_in: Callable[[str], Page], url: str, who: str, path: str) -> None:
    """On A4 each column stands under its own heading, the boxes are gone, and nothing runs off the paper."""
    page = signed_in(who)
    page.set_viewport_size({"width": 794, "height": 1123})
    page.goto(url + path)
    page.emulate_media(media="print")
    lefts = """row => [...row.cells].map(cell => cell.getBoundingClientRect()).filter(box => box.width)
        .map(box => Math.round(box.left))"""
    heads, first = (page.locator(f"table.cards {part} tr").first.evaluate(lefts) for part in ("thead", "tbody"))
    assert heads == first
    assert page.locator("table.cards input[type=checkbox]:visible").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# ---------------------------------------------------------------- axe on every page

EVERY = (
    "", "claims/5", "claims/13", "nothing-here", "learners", "learners/1045", "cohorts", "cohorts/OCR/03455?page=3",
    "cohorts/OCR/03455/nearly", "iqa/records", "weekly", "mapping", "mapping/OCR/03455", "passes", "passes/6",
    "batches", f"batches/{BATCH}", f"batches/{BATCH}/record/certificated", "registrations", "start", "accessibility",
    "privacy", "account",
)  # fmt: skip
"""One of each kind that no journey above looks at."""


def test_axe_finds_nothing_serious(signed_in: Callable[[str], Page], url: str) -> None:
    """On every page, all its parts unfolded; and on the page for signing in."""
    page = signed_in(APPROVER)
    for path in EVERY:
        page.goto(url + path)
        assert found_by_axe(page) == [], path
    page.context.clear_cookies()
    page.goto(f"{url}sign-in")
    assert found_by_axe(page) == []


def test_axe_can_find_something(signed_in: Callable[[str], Page], url: str) -> None:
    """A field without a label, put into a page, is found."""
    page = signed_in(APPROVER)
    page.goto(url)
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input>')")
    assert [rule for rule, _ in found_by_axe(page)] == ["label"]
