"""Tests run as if nobody watched: no terminal width, nothing of nvqsync's own in the environment, Ctrl-C in force."""

from __future__ import annotations

import os
import signal

for name in [*os.environ]:
    if name in {"COLUMNS", "LINES", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"} or name.startswith("NVQSYNC_"):
        del os.environ[name]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background: what we start would ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)
