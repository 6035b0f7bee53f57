"""What the tests of this folder share: where the repository is and which files are its own.

The files are found by walking, not by asking git: a source archive has no git, and the tests run there as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_NOT_OURS = {
    ".git", ".venv", ".venv-ilp", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis",
    ".import_linter_cache", "build", "dist", "demo-data", "node_modules",
}  # fmt: skip
_NOT_TEXT = {".png", ".jpg", ".ico", ".woff2", ".db", ".zip", ".pyc"}


def files() -> Iterator[Path]:
    """Every file of the project, in order, without what tools leave behind."""
    folders = [ROOT]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if path.name in _NOT_OURS or path.name.endswith(".egg-info"):
                continue
            if path.is_dir():
                folders.append(path)
            elif not path.name.startswith(".coverage"):
                yield path


def texts() -> Iterator[tuple[str, str]]:
    """Path (relative, with forward slashes) and contents of every text file of the project."""
    for path in files():
        if path.suffix not in _NOT_TEXT:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def module_name(path: Path) -> str:
    """The dotted name of a Python file: ``nvqsync/web/__init__.py`` is ``nvqsync.web``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(*packages: str) -> dict[str, Path]:
    """Every Python file of the packages, by dotted module name."""
    found = (path for package in packages for path in sorted((ROOT / package).rglob("*.py")))
    return {module_name(path): path for path in found}


def imports(path: Path) -> set[str]:
    """What a file imports anywhere in it, as dotted names; ``from a import b`` gives ``a`` and ``a.b``."""
    names: set[str] = set()
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            stem = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*stem, *([node.module] if node.module else [])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names
