"""The pages in a real browser: the morning's journey, the keyboard, small screens, and what axes of access need."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from nvqsync.web.access import COOKIE
from tests.browser.chromium import follow
from tests.integration import web_data
from tests.integration.web_data import College

PATHS = ("", "?status=proposed&blocked=yes&q=a", "?page=2", "?q=nobody", "?sort=lost", "claims/1?open=all", "claims/5",
         "claims/13", "passes", "nothing-here", "learners?q=a", "learners/1044?open=all", "learners/1045", "cohorts",
         "cohorts/OCR/03455?page=3", "cohorts/OCR/03455/nearly", "iqa", "iqa/records", "weekly", "mapping",
         "mapping/OCR/03455", "passes/6", "batches", "batches/20261101-OCR-03455-001", "registrations", "centre",
         "centre/OCR/03455", "start", "accessibility", "privacy")  # fmt: skip


@pytest.fixture(scope="module")
def cookie(college: College, url: str) -> dict[str, str]:
    """What makes a browser an approver's."""
    return {"name": COOKIE, "value": web_data.token(college, web_data.APPROVER), "url": url}


@pytest.fixture
def page(browser: Browser, url: str, cookie: dict[str, str]) -> Iterator[Page]:
    """A fresh page at 1200 px, an approver signed in. A console error, a fault in it or a request elsewhere fails."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.add_cookies([cookie])
    page = context.new_page()
    page.on("console", lambda told: complaints.append(told.text) if told.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(url) else complaints.append(request.url))
    yield page
    context.close()
    assert not [complaint for complaint in complaints if "status of 404" not in complaint]


def test_the_morning_queue(page: Page, url: str) -> None:
    """From the first page to what is blocked, to one claim, to the grades behind a unit, and back."""
    page.goto(url)
    assert page.title() == "Claim queue (page 1 of 3) – nvqsync"
    follow(page.get_by_role("link", name="29 Blocked"))
    assert page.get_by_role("table").locator("caption").inner_text() == "29 claims"
    follow(page.get_by_role("link", name="Claim 5", exact=True))
    assert page.get_by_role("heading", level=1).inner_text().startswith("Claim 5")
    assert page.get_by_role("heading", name="Blocked: 2 things to put right first").is_visible()
    unit = page.locator("details.unit").first
    criterion = unit.locator("details.criterion").first
    assert not criterion.is_visible()
    unit.locator("summary").first.click()
    criterion.locator("summary").click()
    expect(criterion.locator("dl").first).to_be_visible()
    assert "Morgan Reyes" in criterion.inner_text()
    follow(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Claim queue"))
    assert page.url == url


def test_filters_narrow_and_live_in_the_address(page: Page, url: str) -> None:
    """What the form asks for stands in the address, in the form again, and in what is listed."""
    page.goto(url)
    page.get_by_label("Awarding body", exact=True).select_option("NCFE")
    page.get_by_label("Status", exact=True).select_option("Proposed")
    follow(page.get_by_role("button", name="Find"))
    assert "body=NCFE" in page.url and "status=proposed" in page.url
    assert page.get_by_label("Awarding body", exact=True).input_value() == "NCFE"
    cells = page.locator("tbody td[data-label=Qualification]").all_inner_texts()
    assert len(cells) == 10 and all(cell.startswith("NCFE/") for cell in cells)
    follow(page.get_by_role("link", name="Clear all"))
    assert page.url == url


def test_paging_keeps_the_question(page: Page, url: str) -> None:
    """Next leads through one answer, in its order, to its end."""
    page.goto(f"{url}?sort=newest")
    follow(page.get_by_role("link", name="Next page"))
    follow(page.get_by_role("link", name="Next page"))
    assert "sort=newest" in page.url and "page=3" in page.url
    assert page.locator("tbody tr").count() == 20
    assert page.get_by_role("link", name="Next page").count() == 0


def test_the_keyboard_reaches_a_claim(page: Page, url: str) -> None:
    """Skip link, search and the first claim are reached with Tab and Enter alone; the focus is always seen."""
    page.goto(url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{url}#main")
    for _ in range(80):
        page.keyboard.press("Tab")
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle + document.activeElement.tagName")
        assert ring.startswith("solid"), ring
        if "/claims/" in (page.evaluate("document.activeElement.getAttribute('href')") or ""):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/claims/*")
    assert page.get_by_role("heading", level=1).inner_text().startswith("Claim")


def test_it_works_without_javascript(browser: Browser, url: str, cookie: dict[str, str]) -> None:
    """With scripts switched off everything is there: the form, the list, and a unit that unfolds."""
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(url)
    page.get_by_label("Name or ID number").fill("ashdown")
    follow(page.get_by_role("button", name="Find"))
    follow(page.locator("tbody th a").first)
    page.locator("details.unit > summary").first.click()
    expect(page.locator("details.criterion").first).to_be_visible()
    context.close()


CONTRAST = """() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const shine = ([r, g, b]) => [r, g, b].map(v => linear(v / 255))
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !e.checkVisibility()) continue;
    const [a, b] = [shine(parse(getComputedStyle(e).color)), shine(behind(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push([walker.currentNode.data.trim(), ratio]);
  }
  return poor;
}"""


@pytest.mark.parametrize("path", [*PATHS, "?status=on_hold", "?status=submitted", "?status=returned"])
def test_a_page_is_in_order(page: Page, url: str, path: str) -> None:
    """Headings, labels and landmarks are there and named, every word stands out, and it fits a small screen."""
    page.goto(url + path)
    headings_and_labels(page)
    landmarks(page)
    assert page.evaluate(CONTRAST) == []
    fits_small_screens(page)


def headings_and_labels(page: Page) -> None:
    """One h1, no level skipped; every field has a label, every table a caption, every id once; a language is said."""
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.evaluate("document.documentElement.lang") == "en-GB"
    assert page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden]),select')].every(field => field.labels.length == 1)"
    )
    assert page.evaluate(
        "[...document.querySelectorAll('table')].every(t => t.caption && t.querySelector('th[scope]'))"
    )
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    named_by = "[...document.querySelectorAll('[aria-labelledby]')].map(e => e.getAttribute('aria-labelledby'))"
    assert set(page.evaluate(named_by)) <= set(ids)


def landmarks(page: Page) -> None:
    """One main, a banner and a foot, and each navigation, region and table is called something."""
    for role in ("main", "banner", "contentinfo"):
        assert page.get_by_role(role).count() == 1, role
    nameless = page.evaluate(
        "[...document.querySelectorAll('nav, [role=region]')]"
        ".filter(e => !e.ariaLabel && !e.getAttribute('aria-labelledby')).length"
    )
    assert nameless == 0
    names = page.evaluate("[...document.querySelectorAll('nav')].map(e => e.ariaLabel ||"
                          " document.getElementById(e.getAttribute('aria-labelledby')).textContent)")  # fmt: skip
    assert len(names) == len(set(names))


def fits_small_screens(page: Page) -> None:
    """At 320 px, which is also 1280 px at 400 % zoom, no page is wider than the screen."""
    for width in (320, 768, 1024, 1121):
        page.set_viewport_size({"width": width, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


def test_the_contrast_check_can_fail(browser: Browser, url: str, cookie: dict[str, str]) -> None:
    """The check above finds pale words when there are some."""
    context = browser.new_context(bypass_csp=True)
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(url)
    page.add_style_tag(content="h1 { color: #999; }")
    assert [words for words, _ in page.evaluate(CONTRAST)] == ["Claim queue"]
    context.close()


def test_what_can_be_clicked_is_large_enough(page: Page, url: str) -> None:
    """Links that stand by themselves, fields and buttons are at least 24 px high."""
    page.goto(url)
    small = page.evaluate(
        "[...document.querySelectorAll('nav a, .today a, form a, button, input, select, summary')]"
        ".filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 24).map(e => e.textContent)"
    )
    assert small == []


def test_a_cohort_is_read_down_to_one_criterion(page: Page, url: str) -> None:
    """From the list of cohorts to a cell of the heat map, to the learner, to the grade behind a criterion."""
    page.goto(f"{url}cohorts")
    follow(page.get_by_role("link", name="Learners by unit of OCR/03455"))
    follow(page.get_by_role("link", name="Page 2"))
    row = page.get_by_role("row").filter(has_text="In progress: 6 of 21 criteria met")
    assert row.count() == 1
    follow(row.get_by_role("link"))
    page.locator("details.unit summary").first.click()
    criterion = page.locator("details.criterion").first
    criterion.locator("summary").click()
    expect(criterion).to_contain_text("Marking workflow", use_inner_text=True)
    assert page.get_by_role("link", name="in Moodle").first.get_attribute("href").endswith("&action=grader&userid=1045")  # type: ignore[union-attr]


def test_the_policy_holds_in_the_browser(browser: Browser, url: str) -> None:
    """A script that got into a page all the same would not run, and the browser says that the policy stopped it."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    markup = '<img src="x:y" onerror="window.ran = 1">'
    with page.expect_console_message(lambda told: "Content Security Policy" in told.text):
        page.evaluate("markup => document.body.insertAdjacentHTML('beforeend', markup)", markup)
    assert page.evaluate("window.ran") is None
    context.close()


def test_a_claim_prints_without_what_paper_cannot_do(page: Page, url: str) -> None:
    """On paper there is no navigation and no form; the claim and its units are there."""
    page.goto(f"{url}claims/1?open=all")
    page.emulate_media(media="print")
    assert not page.get_by_role("navigation", name="Pages").is_visible()
    assert page.locator("dl.grade").first.is_visible()
    page.goto(url)
    assert not page.get_by_role("button", name="Find").is_visible()
