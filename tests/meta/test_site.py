"""The documentation as a site: built without a warning, whole, and readable from a folder without any network."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.browser.chromium import ARGUMENTS, EXECUTABLE, follow
from tests.meta.repository import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make site` builds it, once for this file: a good five seconds of one core. A warning fails."""
    folder = tmp_path_factory.mktemp("site")
    environment = {"PATH": "/usr/bin:/bin", "BUILD_PYTHON": sys.executable}
    done = subprocess.run(
        [ROOT / "tools" / "site", folder], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def page(site: Path) -> Iterator[Page]:
    """A browser at the first page, opened from the folder. What it asks of any network fails the test."""
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        page = browser.new_page()
        page.on("request", lambda request: None if request.url.startswith("file:") else asked.append(request.url))
        page.goto(f"{site.as_uri()}/index.html")
        page.wait_for_url("**/docs/index.html")
        yield page
        browser.close()
    assert not asked


def test_every_paper_is_a_page_that_the_navigation_leads_to(site: Path) -> None:
    """Papers of docs/, decisions, and those at the root: each stands in the navigation of the first page."""
    papers = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    first = (site / "docs" / "index.html").read_text(encoding="utf-8")
    navigation = first.partition('class="sphinxsidebar"')[2]
    leads = {(site / "docs" / link).resolve() for link in re.findall(r'href="([^"#]+\.html)"', navigation)}
    pages = {(site / paper.relative_to(ROOT)).with_suffix(".html").resolve() for paper in papers}
    pages -= {(site / "docs" / "index.html").resolve()}
    assert len(pages) >= 50
    assert pages <= leads
    assert all(page.is_file() for page in pages)


def test_the_site_is_read_and_searched_without_a_network(page: Page) -> None:
    """From the first page a reader searches for a word, opens what is found, and nothing is asked of anybody."""
    page.get_by_placeholder("Search").fill("countersigner")
    follow(page.get_by_placeholder("Search"), "Enter")
    follow(page.locator("#search-results").get_by_role("link", name="What the centre records about itself").first)
    assert page.get_by_role("heading", level=1).first.inner_text().startswith("What the centre records about itself")


def test_the_tutors_page_is_one_sheet_of_paper(page: Page, site: Path) -> None:
    """What is handed out to tutors prints on one side of A4."""
    page.goto(f"{site.as_uri()}/docs/mapping-for-tutors.html")
    document = page.pdf(prefer_css_page_size=True)
    assert re.findall(rb"/Count (\d+)", document) == [b"1"]
