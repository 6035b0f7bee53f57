"""How tests and screenshots start the browser and follow links: Debian's own Chromium, asking nobody anything."""

from __future__ import annotations

from playwright.sync_api import Locator

EXECUTABLE = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync",
    "--disable-component-update",
]  # fmt: skip


def follow(led: Locator, key: str = "") -> None:
    """Click a link or button, or press ``key`` on it, and wait until the page it leads to is loaded.

    Without that, what a test asks next may be answered by the page before, or by the half of the new one that is there.
    """
    with led.page.expect_event("load"):
        led.press(key) if key else led.click()
