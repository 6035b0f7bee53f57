"""Where in a TOML text a key stands. ``tomllib`` reads values but forgets lines; people need them. Pure.

Not a second TOML parser: it follows table headers, keys at the start of a line, and the lines of a multi-line array,
which is how such files are written. For anything cleverer it answers with the nearest enclosing key it did see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Key = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_ENTRY = re.compile(r"""\s*([\w-]+(?:\s*\.\s*[\w-]+)*|"[^"]*"|'[^']*')\s*=\s*(.*)$""")
_INLINE = re.compile(r"""[{,]\s*([\w-]+|"[^"]*"|'[^']*')\s*=""")


def line_of(text: str, key: Key, value: str = "") -> int:
    """The line (from 1) of ``key`` or its nearest parent seen; with ``value``, the first from there that holds it."""
    lines = dict(reversed(list(_keys(text))))
    while key and key not in lines:
        key = key[:-1]
    start = lines.get(key, 1)
    if value:
        quoted = (f'"{value}"', f"'{value}'")
        for number, line in enumerate(text.splitlines()[start - 1 :], start):
            if any(form in line for form in quoted):
                return number
    return start


def spelt(key: Key) -> str:
    """A key as people write it: ``groups.B.units[4].reference``, counting from 1."""
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in key).lstrip(".")


def _keys(text: str) -> Iterator[tuple[Key, int]]:
    table: Key = ()
    array: Key | None = None
    counts: dict[Key, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if array is not None:
            yield from _element(array, line, number, counts)
            array = None if line.strip().startswith("]") else array
        elif header := _HEADER.match(line):
            table = _table(header[2], header[1] == "[[", counts)
            yield table, number
        elif entry := _ENTRY.match(line):
            key = table + _parts(entry[1])
            yield key, number
            yield from ((key + _parts(inline[1]), number) for inline in _INLINE.finditer(entry[2]))
            if entry[2].startswith("[") and "]" not in entry[2]:
                array, counts[key] = key, 0


def _element(array: Key, line: str, number: int, counts: dict[Key, int]) -> Iterator[tuple[Key, int]]:
    if line.strip() and line.strip()[0] not in "]#":
        element = (*array, counts[array])
        counts[array] += 1
        yield element, number
        yield from ((element + _parts(inline[1]), number) for inline in _INLINE.finditer(line))


def _table(name: str, is_array: bool, counts: dict[Key, int]) -> Key:
    """The full key of a table header, element numbers of the arrays it passes through included."""
    key: Key = ()
    for part in _parts(name):
        key = (*key, part) if key not in counts else (*key, counts[key] - 1, part)
    if is_array:
        counts[key] = counts.get(key, 0) + 1
    return (*key, counts[key] - 1) if key in counts else key


def _parts(name: str) -> tuple[str, ...]:
    if name[0] in "\"'":
        return (name[1:-1],)
    return tuple(part.strip().strip("\"'") for part in name.split("."))
