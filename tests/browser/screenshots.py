"""Draw the pictures of the documentation: the real pages, in Chromium, in front of an invented college.

``tools/screenshots`` runs it. Needs what the browser tests need (``make install-test``).
``--everything FOLDER`` draws each page at several widths into FOLDER instead, for looking them over.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from nvqsync.web.access import COOKIE
from nvqsync.web.app import WebServer
from tests.browser.chromium import ARGUMENTS, EXECUTABLE
from tests.integration import web_data

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "images" / "queue.png"
WIDTHS = (1200, 768, 320)
PAGES = {
    "queue": "", "blocked": "?status=proposed&blocked=yes", "page-2": "?page=2", "none": "?q=nobody-of-this-name",
    "claim": "claims/1?open=all", "claim-blocked": "claims/4", "passes": "passes", "missing": "claims/99999",
    "claim-folded": "claims/1", "learners": "learners", "learner": "learners/1000?open=all",
    "under-way": "learners/1044",
    "cohorts": "cohorts", "cohort": "cohorts/OCR/03455", "nearly": "cohorts/OCR/03455/nearly", "iqa": "iqa",
    "iqa-records": "iqa/records", "weekly": "weekly", "mapping": "mapping", "gaps": "mapping/OCR/03455",
    "pass": "passes/6", "batches": "batches", "registrations": "registrations", "centre": "centre",
    "centre-one": "centre/OCR/03455", "start": "start", "accessibility": "accessibility", "privacy": "privacy",
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
            page = browser.new_page(viewport={"width": 1200, "height": 1240})
            cookie = web_data.token(college, web_data.APPROVER)
            page.context.add_cookies([{"name": COOKIE, "value": cookie, "url": server.url}])
            _all(page, server.url, everything) if everything else _one(page, server.url)
        browser.close()


def _one(page: Page, url: str) -> None:
    answer = page.goto(f"{url}?body=NCFE")
    if not answer or not answer.ok:
        sys.exit("The queue page is not well: see the log above.")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURE)
    print(PICTURE)


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
