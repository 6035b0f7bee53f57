"""The actions in a real browser: signing in, a hold with its reason, many at once by keyboard, a lost race, an end."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from nvqsync.claims import Event, Status
from nvqsync.review import act
from nvqsync.storage import store_claims
from tests.browser.chromium import follow
from tests.browser.test_queue import CONTRAST
from tests.integration.web_data import APPROVER, PASSWORD, College


def sign_in(page: Page, url: str, path: str = "", name: str = APPROVER) -> None:
    page.goto(url + path)
    page.get_by_label("Name of your account").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(url + path)


def ready(college: College) -> list[int]:
    with college.app.open_store(read_only=True) as store:
        return store_claims.claim_ids(store, "status = 'proposed' AND blockers = '[]'")


def status(college: College, claim_id: int) -> Status:
    with college.app.open_store(read_only=True) as store:
        return store_claims.claim(store, claim_id).status


def test_hold_with_a_reason_and_undo_it(page: Page, own_url: str, own: College) -> None:
    """From the sign-in page to the claim, on hold with a reason, and off again as the answer says."""
    number = ready(own)[0]
    sign_in(page, own_url, f"claims/{number}")
    page.get_by_text("Put it on hold", exact=True).first.click()
    form = page.locator("form", has=page.get_by_role("button", name="Put it on hold"))
    form.get_by_label("Reason").select_option("details_queried")
    form.get_by_label("Why").fill("The name on the entry differs.")
    follow(form.get_by_role("button", name="Put it on hold"))
    assert "is on hold. To undo it: take it off hold." in page.get_by_role("status").first.inner_text()
    assert "The name on the entry differs." in page.locator(".facts").first.inner_text()
    page.get_by_text("Take it off hold", exact=True).first.click()
    follow(page.get_by_role("button", name="Take it off hold"))
    assert status(own, number) is Status.PROPOSED


def test_many_are_approved_by_keyboard(page: Page, own_url: str, own: College) -> None:
    """Tab and space choose, enter leads to the preview; there too the keyboard is enough."""
    sign_in(page, own_url)
    numbers = ready(own)[:2]
    for number in numbers:
        page.get_by_label(f"Choose claim {number}", exact=True).focus()
        page.keyboard.press("Space")
    follow(page.get_by_role("button", name="Approve those chosen…"), "Enter")
    assert page.get_by_role("heading", level=1).inner_text() == "Approve 2 claims"
    for box in page.get_by_role("checkbox").all():
        box.press("Space")
    with page.expect_popup() as looked_at:
        page.get_by_role("link", name=f"Claim {numbers[0]}").first.press("Enter")
    assert looked_at.value.url == f"{own_url}claims/{numbers[0]}"
    if page.get_by_label("What you found out about the cautions").count():
        page.get_by_label("What you found out about the cautions").fill("Portfolio looked at.")
    follow(page.get_by_role("button", name="Approve 2 claims"), "Enter")
    assert page.get_by_role("heading", level=1).inner_text() == "2 claims approved"
    assert {status(own, number) for number in numbers} == {Status.APPROVED}


def test_the_loser_of_a_race_is_told(page: Page, own_url: str, own: College) -> None:
    """While the page is open somebody else acts: the form is refused in words, the words typed are still there."""
    number = ready(own)[0]
    sign_in(page, own_url, f"claims/{number}")
    with own.app.open_store() as store:
        act(own.app, store, [number], Event.HOLD, by="j.exams", why="Wait for the sample.")
        act(own.app, store, [number], Event.RELEASE, by="j.exams")
    page.get_by_text("Withdraw it for good", exact=True).first.click()
    form = page.locator("form", has=page.get_by_role("button", name="Withdraw it for good"))
    form.get_by_label("Why").fill("A long and careful reason.")
    follow(form.get_by_role("button"))
    assert "was changed since you looked" in page.get_by_role("alert").inner_text()
    assert form.get_by_label("Why").input_value() == "A long and careful reason."
    assert status(own, number) is Status.PROPOSED


def test_an_expired_session_leads_back(page: Page, own_url: str, own: College) -> None:
    """After an hour away the next page asks to sign in, and goes on where it was."""
    sign_in(page, own_url)
    own.clock.at += 3600
    page.goto(f"{own_url}?status=on_hold")
    assert page.get_by_role("heading", level=1).inner_text() == "Sign in"
    page.get_by_label("Name of your account").fill(APPROVER)
    page.get_by_label("Password").fill(PASSWORD)
    follow(page.get_by_role("button", name="Sign in"))
    assert page.url == f"{own_url}?status=on_hold"
    follow(page.get_by_role("button", name="Sign out"))
    assert "You are signed out." in page.get_by_role("status").inner_text()


def test_forms_are_readable_and_reachable(browser: Browser, own_url: str, own: College) -> None:
    """Contrast, one label a field, nothing sideways at 320 px: on every page with a form, all its parts unfolded."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    page.goto(f"{own_url}sign-in")
    looked_at = [_looked_over(page)]
    sign_in(page, own_url)
    looked_at.append(_looked_over(page))
    for path in (f"claims/{ready(own)[0]}", "account"):
        page.goto(own_url + path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        looked_at.append(_looked_over(page))
    page.goto(own_url)
    follow(page.get_by_role("button", name="ready…"))
    looked_at.append(_looked_over(page))
    context.close()
    assert looked_at == [([], True, 320)] * 5


def _looked_over(page: Page) -> tuple[list[object], bool, int]:
    page.set_viewport_size({"width": 1200, "height": 900})
    pale = page.evaluate(CONTRAST)
    fields = "[...document.querySelectorAll('input:not([type=hidden]),select,textarea')]"
    labelled = page.evaluate(f"{fields}.every(field => field.labels.length == 1)")
    page.set_viewport_size({"width": 320, "height": 640})
    return pale, labelled, page.evaluate("document.documentElement.scrollWidth")
