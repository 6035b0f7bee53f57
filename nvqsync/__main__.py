"""``python -m nvqsync`` is ``nvqsync``."""

import sys

from nvqsync.cli import main

sys.exit(main())
