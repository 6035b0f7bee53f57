"""The college's single sign-on and the page of accounts in a real browser, without scripts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from nvqsync.bootstrap import App
from nvqsync.settings import Settings
from nvqsync.sign_in import account_keeping, sign_on
from nvqsync.web.app import WebServer
from tests.browser.chromium import follow
from tests.browser.test_actions import sign_in
from tests.browser.test_queue import CONTRAST
from tests.college_sign_on import CLIENT, SECRET, CollegeSignOn
from tests.integration import web_data
from tests.integration.test_web_sign_on import free_port
from tests.integration.web_data import ADMIN, APPROVER

NAME = "k.approver@exampleton.ac.uk"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Pages with a sign-on, where one account of each role may sign in and the approver has a name there."""
    folder, port = tmp_path_factory.mktemp("sign-on"), free_port()
    college = web_data.let_in(web_data.empty(folder))
    with college.app.open_store() as store:
        account_keeping.set_sso(college.app, store, APPROVER, NAME, by="test")
    public = f"http://127.0.0.1:{port}"
    with CollegeSignOn(sign_on.call_back(public), folder) as there:
        there.people["u-17"] = {"preferred_username": NAME}
        oidc = {"issuer": there.issuer, "client_id": CLIENT, "client_secret": SECRET}
        settings = Settings(**college.app.settings.model_dump() | {"web": {"public_url": public}, "oidc": oidc})
        with WebServer(App(settings, college.app.plugins, lambda: int(time.time())), "127.0.0.1", port) as server:
            yield server.url


def fit(browser: Browser, page: Page, url: str, path: str) -> None:
    """Every word stands out, nothing scrolls sideways at 320 px, and every field has its label."""
    context = browser.new_context(viewport={"width": 320, "height": 640})
    context.add_cookies(page.context.cookies())
    measured = context.new_page()
    measured.goto(url + path)
    assert measured.evaluate(CONTRAST) == []
    assert measured.evaluate("document.documentElement.scrollWidth") <= 320
    fields = "[...document.querySelectorAll('input:not([type=hidden]),select')]"
    assert measured.evaluate(f"{fields}.every(field => field.labels.length == 1)")
    ids = measured.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    context.close()


def test_the_button_signs_in_and_the_way_out_is_told(page: Page, browser: Browser, url: str) -> None:
    """By keyboard: the button, the sign-on and back to the page that was asked for; then out again."""
    page.goto(f"{url}learners")
    fit(browser, page, url, "sign-in")
    button = page.get_by_role("link", name="Sign in with your college account")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}learners")
    assert APPROVER in page.locator(".who").inner_text()
    follow(page.get_by_role("button", name="Sign out"))
    assert "still signed in at the college's sign-on" in page.get_by_role("status").inner_text()


def test_an_admin_makes_an_account(page: Page, browser: Browser, url: str) -> None:
    """With the password that admins may use: an account with a name at the sign-on and a password shown once."""
    sign_in(page, url, "accounts", ADMIN)
    page.get_by_label("Name", exact=True).fill("m.reyes")
    page.get_by_label("IQA").check()
    page.get_by_label("Who they are in Moodle").fill("77")
    page.get_by_label("Name at the college's sign-on").fill("m.reyes@exampleton.ac.uk")
    page.get_by_label("Make a password up").check()
    follow(page.get_by_role("button", name="Make the account"))
    assert re.fullmatch(r"(\w{5}-){3}\w{5}", page.locator("main code").inner_text())
    follow(page.get_by_role("link", name="Go on"))
    follow(page.get_by_role("link", name="m.reyes"))
    assert page.get_by_role("heading", level=1).inner_text() == "m.reyes"
    assert re.fullmatch(rf"{re.escape(url)}accounts/\d+", page.url)
    for path in ("accounts", page.url.removeprefix(url)):
        fit(browser, page, url, path)
