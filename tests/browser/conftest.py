"""The browser, once for a file of tests, in front of the same colleges as the tests of the pages without one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import ARGUMENTS, EXECUTABLE
from tests.integration.conftest import college, own, own_url, url

__all__ = ["college", "own", "own_url", "url"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page without scripts: whatever it is used for has to work so."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, java_script_enabled=False)
    yield context.new_page()
    context.close()
