"""Draw the pictures of the documentation: the real pages, in Chromium, in front of an invented college.

``tools/screenshots`` runs it. Needs what the browser tests need (``make install-test``).
``--everything FOLDER`` draws each page at several widths into FOLDER instead, for looking them over.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from nvqsync.web.access import COOKIE
from nvqsync.web.app import WebServer
from tests.browser.chromium import ARGUMENTS, EXECUTABLE, follow
from tests.integration import web_data

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
BATCH = "20261101-OCR-03455-001"
TOUR = {
    "queue": ("exams", "?body=NCFE", 840),
    "approve": ("exams", "?body=NCFE", 720),
    "claim": ("exams", "claims/49", 860),
    "evidence": ("exams", "claims/14", 760),
    "learner": ("i.quality", "learners/1044", 760),
    "cohort": ("i.quality", "cohorts/OCR/03455?page=2", 760),
    "iqa": ("i.quality", "iqa", 700),
    "release": ("i.quality", "iqa/release?claim=4", 800),
    "batch": ("exams", f"batches/{BATCH}", 800),
    "keying": ("exams", f"batches/{BATCH}/record/certificated", 700),
    "import": ("exams", "registrations/import", 700),
    "centre": ("a.admin", "centre/NCFE/50102874", 800),
}
"""The pictures of the tour: who looks, at what, and how many pixels of it are shown."""
LARGEST = 150_000
WIDTHS = (1200, 768, 320)
PAGES = {
    "queue": "", "blocked": "?status=proposed&blocked=yes", "page-2": "?page=2", "none": "?q=nobody-of-this-name",
    "claim": "claims/1?open=all", "claim-blocked": "claims/4", "passes": "passes", "missing": "claims/99999",
    "claim-folded": "claims/1", "learners": "learners", "learner": "learners/1000?open=all",
    "under-way": "learners/1044",
    "cohorts": "cohorts", "cohort": "cohorts/OCR/03455", "nearly": "cohorts/OCR/03455/nearly", "iqa": "iqa",
    "iqa-records": "iqa/records", "weekly": "weekly", "mapping": "mapping", "gaps": "mapping/OCR/03455",
    "pass": "passes/6", "batches": "batches", "registrations": "registrations", "centre": "centre",
    "centre-one": "centre/OCR/03455", "keying": f"batches/{BATCH}/record/certificated",
    "keyed": f"batches/{BATCH}/record/keyed", "import": "registrations/import", "release-one": "iqa/releases/1",
    "start": "start", "accessibility": "accessibility", "privacy": "privacy",
}  # fmt: skip

LONG = {"queue", "page-2"}
"""Pages that are drawn down to the fold alone where they are narrow."""


def main() -> None:
    """Draw what was asked for and say where it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--everything", type=Path, metavar="FOLDER", help="every page, at every width, into FOLDER")
    everything = parser.parse_args().everything
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        college = web_data.build(Path(folder), hostile=bool(everything))
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        with WebServer(college.app, "127.0.0.1", 0) as server:
            if everything:
                _all(_page(browser, college, server.url, web_data.APPROVER), server.url, everything)
            else:
                for name, (who, path, height) in TOUR.items():
                    _one(_page(browser, college, server.url, who), server.url + path, name, height)
        browser.close()


def _page(browser: Browser, college: web_data.College, url: str, who: str) -> Page:
    page = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}).new_page()
    page.context.add_cookies([{"name": COOKIE, "value": web_data.token(college, who), "url": url}])
    return page


def _one(page: Page, url: str, name: str, height: int) -> None:
    page.set_viewport_size({"width": WIDTHS[0], "height": height})
    answer = page.goto(url)
    if not answer or not answer.ok:
        sys.exit(f"The page {url} is not well: see the log above.")
    PREPARED.get(name, lambda _: None)(page)
    picture = IMAGES / f"{name}.png"
    IMAGES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=picture)
    page.context.close()
    if picture.stat().st_size > LARGEST:
        sys.exit(f"{picture} is larger than {LARGEST // 1000} kB: show less of the page.")
    print(picture)


def _approve(page: Page) -> None:
    follow(page.get_by_role("button", name="ready…"))


def _evidence(page: Page) -> None:
    """The units, one of them unfolded down to a grade."""
    page.locator("details.unit summary").first.click()
    page.locator("details.criterion summary").first.click()
    page.locator("#units").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#units').scrollIntoView()")


def _preview(page: Page) -> None:
    rows = "L1003,OCR/03455,2026-09-14\nL1001,OCR/03455,2026-09-21\nL9999,OCR/03455,2026-09-14\n"
    content = f"id_number,qualification,registered_on\n{rows}".encode()
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "September.csv", "mimeType": "text/csv", "buffer": content}
    )
    follow(page.get_by_role("button", name="See what it would do"))


PREPARED = {"approve": _approve, "evidence": _evidence, "import": _preview}


def _all(page: Page, url: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for name, path in PAGES.items():
            page.goto(url + path)
            page.screenshot(
                path=folder / f"{name}-{width}.png", full_page=name not in {"queue", "page-2"} or width > 1000
            )
    print(folder)


if __name__ == "__main__":
    main()
