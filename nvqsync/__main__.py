"""``python -m nvqsync`` is ``nvqsync``."""

from nvqsync.cli import run

run()
