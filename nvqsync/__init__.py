"""nvqsync: from a grade in Moodle to a reviewed certificate claim.

This module holds what a plugin imports, the hook marker, and the version. Nothing else.
"""

import pluggy

__version__ = "0.1.0"

hookimpl = pluggy.HookimplMarker("nvqsync")
"""Marks a function as an implementation of one of the hooks in ``nvqsync.hookspecs``."""
