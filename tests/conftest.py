"""Tests run as if nobody watched: no terminal width, and nothing of nvqsync's own in the environment."""

from __future__ import annotations

import os

for name in [*os.environ]:
    if name in {"COLUMNS", "LINES", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"} or name.startswith("NVQSYNC_"):
        del os.environ[name]
