"""The page ``docs/newcomers-hour.md`` as a shell script: ``python -m distribution.hour`` prints it.

What the page tells people to type is what the script runs, in order: ``sh`` blocks line by line, and a block that names
a file (``toml /etc/nvqsync/nvqsync.toml``) is put into that file, at its end where the page has written to it before.
After each section the script says on file descriptor 3 how many seconds it took. The first command that fails ends it;
exit status 1 of a command in ``REPORTS`` is no failure, but means that it is done and has something to say.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "newcomers-hour.md"
REPORTS = ("nvqsync sync", "nvqsync mapping check", "nvqsync registrations import")
_SECTION = re.compile(r"^## (?P<title>\d+\. .+)\n(?P<body>(?:(?!^## ).*\n?)*)", re.MULTILINE)
_BLOCK = re.compile(r"^```(?P<language>\w+)(?: (?P<file>\S+))?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the page: commands where ``file`` is empty, else what goes into that file."""

    file: str
    body: str


def sections(page: str) -> Iterator[tuple[str, tuple[Block, ...]]]:
    """The numbered sections in order: title, and the blocks that are typed or written."""
    for section in _SECTION.finditer(page):
        found = _BLOCK.finditer(section["body"])
        yield section["title"], tuple(Block(one["file"] or "", one["body"]) for one in found)


def script(page: str) -> str:
    """The whole page as a script for ``sh``."""
    written: set[str] = set()
    lines = ["set -eu"]
    for title, blocks in sections(page):
        lines += [f"printf '\\n==== %s\\n' {shlex.quote(title)} >&2", "_begun=$(date +%s)"]
        lines += [line for block in blocks for line in _typed(block, written)]
        lines.append(f"printf '%-44s %4s s\\n' {shlex.quote(title)} $(($(date +%s) - _begun)) >&3")
    return "\n".join(lines) + "\n"


def _typed(block: Block, written: set[str]) -> Iterator[str]:
    """A block as lines of the script. ``written`` are the files the page has written to so far."""
    if block.file:
        yield f"cat {'>>' if block.file in written else '>'} {block.file} <<'END_OF_FILE'\n{block.body}END_OF_FILE"
        written.add(block.file)
        return
    for line in block.body.replace("\\\n", " ").splitlines():
        if line.strip():
            yield f"printf '\\n# %s\\n' {shlex.quote(line)} >&2"
            yield f"{line} || [ $? -eq 1 ]" if line.startswith(REPORTS) else line


if __name__ == "__main__":
    sys.stdout.write(script(PAGE.read_text(encoding="utf-8")))
