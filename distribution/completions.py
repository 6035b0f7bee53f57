"""Shell completion as files: ``python -m distribution.completions bash|zsh|fish`` prints one.

The scripts ask the installed program what fits, so that they know every command and option of whatever version it is.
"""

from __future__ import annotations

import sys

from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from nvqsync.cli import program

SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


def script(shell: str) -> str:
    """The completion script for one of ``SHELLS``."""
    complete = SHELLS[shell](program, {}, "nvqsync", "_NVQSYNC_COMPLETE")
    return complete.source_template % complete.source_vars()


if __name__ == "__main__":
    sys.stdout.write(script(sys.argv[1]))
