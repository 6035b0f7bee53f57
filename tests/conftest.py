"""Tests run as if nobody watched: no terminal width, nothing of nvqsync's own in the environment, Ctrl-C in force."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

for name in [*os.environ]:
    if name in {"COLUMNS", "LINES", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"} or name.startswith("NVQSYNC_"):
        del os.environ[name]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background: what we start would ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no finding, and a commit that passes passes again. To look for more: --hypothesis-profile=wander
settings.register_profile("same each time", deadline=None, derandomize=True)
settings.register_profile("wander", deadline=None)
settings.load_profile("same each time")
