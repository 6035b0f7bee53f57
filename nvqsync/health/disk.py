"""Room on the disks that hold what is written."""

from __future__ import annotations

import shutil
from pathlib import Path


def nearest(path: Path) -> Path:
    """The path itself, or the nearest of its parents that is there."""
    return next((one for one in (path, *path.absolute().parents) if one.exists()), Path("/"))


def free_bytes(path: Path) -> int:
    """The free space on the disk that holds ``path``, which need not exist yet. Raises ``OSError``."""
    return shutil.disk_usage(nearest(path)).free
