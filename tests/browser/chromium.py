"""How the tests and the screenshots start the browser: Debian's own Chromium, asking nobody anything."""

from __future__ import annotations

EXECUTABLE = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync",
    "--disable-component-update",
]  # fmt: skip
