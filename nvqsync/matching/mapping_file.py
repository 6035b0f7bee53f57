"""Read the centre's mapping file (TOML): I/O and schema. ``docs/mapping.md`` shows every key; ``mapping`` applies them.

Whatever is wrong raises ``MappingFileError`` with the file, the line, the key and, for a typo, the nearest valid key.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, NoReturn, cast, get_args

from nvqsync.errors import MappingFileError
from nvqsync.matching.mapping_rules import (
    AssignmentRule,
    Combine,
    CourseRule,
    Gradebook,
    MappingFile,
    PassRule,
    Selector,
    SignOffBy,
)
from nvqsync.model import ItemKind
from nvqsync.toml_lines import Key, line_of, spelt

__all__ = ["MappingFile", "parse_mapping", "read_mapping_file"]

COURSE_SELECTORS = ("id", "short_name", "id_number", "name")
ASSIGNMENT_SELECTORS = ("id", "id_number", "name")
PASS_KEYS = ("pass_mark", "scale_pass", "rubric_pass", "guide_pass", "met_when", "gradebook")
COURSE_KEYS = (*COURSE_SELECTORS, "qualification", "sign_off", "ignore", *PASS_KEYS)
ITEM_KEYS = (*(f"course_{selector}" for selector in COURSE_SELECTORS), *ASSIGNMENT_SELECTORS, "units", "ignore")
RULE_KEYS = {
    ItemKind.ASSIGNMENT: (*ITEM_KEYS, *PASS_KEYS),
    ItemKind.OUTCOME: (*ITEM_KEYS, "scale_pass", "met_when"),
    ItemKind.COMPETENCY: (*ITEM_KEYS, "met_when"),
}
"""The keys of the rules for each kind of item. Whoever is proficient meets a competency: there is nothing to set."""


def read_mapping_file(path: Path) -> MappingFile:
    """Read and check a mapping file. Raises ``MappingFileError``."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as fault:
        raise MappingFileError(
            f"{path}: cannot be read: {fault.strerror}.",
            "Check mapping.file in the settings. Where there is no such file yet, take the line out: "
            "'nvqsync moodle discover --write FILE' proposes one.",
        ) from None
    except UnicodeDecodeError as fault:
        line = fault.object[: fault.start].count(b"\n") + 1
        raise MappingFileError(f"{path}, line {line}: not UTF-8 text.", "Save the file as UTF-8.") from None
    return parse_mapping(text, str(path))


def parse_mapping(text: str, path: str) -> MappingFile:
    """Check the text of a mapping file; ``path`` is what messages call it. Raises ``MappingFileError``."""
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as fault:
        raise _broken(fault, text, path) from None
    top = _Table(content, (), text, path)
    top.only(("course", *RULE_KEYS))
    return MappingFile(
        path,
        tuple(_course(table) for table in top.tables("course")),
        tuple(_item_rule(table, kind) for kind in RULE_KEYS for table in top.tables(kind.value)),
    )


def _broken(fault: tomllib.TOMLDecodeError, text: str, path: str) -> MappingFileError:
    found = re.search(r"line (\d+)", str(fault))
    number = int(found[1]) if found else max(1, len(text.splitlines()))
    lines = text.splitlines()
    shown = lines[number - 1].strip() if number <= len(lines) else ""
    says = f"{path}, line {number}: not valid TOML: {fault}."
    return MappingFileError(says, f"The line reads: {shown}" if shown else "")


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of the file, which knows where it stands."""

    content: Mapping[str, Any]
    key: Key
    text: str
    path: str

    @property
    def line(self) -> int:
        return line_of(self.text, self.key)

    def fail(self, name: str, says: str, next_step: str) -> NoReturn:
        """Raise a ``MappingFileError`` about one key of this table."""
        key = (*self.key, name) if name else self.key
        place: Key = (*key, 0) if isinstance(self.content.get(name), list) else key  # where its first table is
        where = f"{self.path}, line {line_of(self.text, place)}, key {spelt(key)}"
        raise MappingFileError(f"{where}: {says}", next_step)

    def only(self, names: Iterable[str]) -> None:
        """Refuse any key but these, with the nearest of them."""
        known = tuple(names)
        for name in self.content:
            if name not in known:
                near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
                step = f"Did you mean {near[0]}? " if near else ""
                self.fail(name, "there is no such key.", f"{step}Keys here are: {', '.join(known)}.")

    def tables(self, name: str) -> list[_Table]:
        """The elements of an array of tables."""
        found = self.content.get(name, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self.fail(name, "this is not a list of tables.", f"Write [[{name}]] above its keys.")
        return [_Table(one, (*self.key, name, n), self.text, self.path) for n, one in enumerate(found)]

    def word(self, name: str) -> str:
        """A text that is not blank, or ``""`` where the key is absent; whole numbers are taken for ids."""
        value = self.content.get(name, "")
        if isinstance(value, int) and not isinstance(value, bool) and name.endswith("id"):
            value = str(value)
        if not isinstance(value, str) or (name in self.content and not value.strip()):
            self.fail(name, "this is not a text.", 'Write it in quotes: "...".')
        return value.strip()

    def flag(self, name: str) -> bool:
        """``true`` or ``false``."""
        value = self.content.get(name, False)
        if not isinstance(value, bool):
            self.fail(name, "this is neither true nor false.", "Write true or false, without quotes.")
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        """One of some words, or ``None`` where the key is absent."""
        value = self.content.get(name)
        if value is None or value in choices:
            return value
        near = difflib.get_close_matches(str(value).lower(), choices, n=1, cutoff=0.4)
        step = f'Did you mean "{near[0]}"? ' if near else ""
        self.fail(name, f"{value!r} is none of its values.", f"{step}Values are: {', '.join(choices)}.")

    def number(self, name: str, word: str = "", most: Decimal | None = None) -> Decimal | str | None:
        """A number above 0 (and up to ``most``), the one word allowed instead, or ``None`` where the key is absent."""
        value = self.content.get(name)
        if value is None or (word and value == word):
            return value
        limits = f"above 0 and up to {most}" if most is not None else "above 0"
        try:
            number = Decimal(value) if not isinstance(value, bool | str | list | dict) else Decimal(0)
        except (InvalidOperation, TypeError, ValueError):
            number = Decimal(0)
        if not number.is_finite() or number <= 0 or (most is not None and number > most):
            self.fail(name, f"{value} is not a number {limits}.", f'Or write "{word}".' if word else "")
        return number


def _course(table: _Table) -> CourseRule:
    table.only(COURSE_KEYS)
    _need(table, COURSE_SELECTORS)
    sign_off = table.choice("sign_off", get_args(SignOffBy))
    return CourseRule(
        _selector(table, COURSE_SELECTORS),
        table.word("qualification"),
        cast(SignOffBy | None, sign_off),
        table.flag("ignore"),
        _pass_rule(table),
        table.line,
    )


def _item_rule(table: _Table, kind: ItemKind) -> AssignmentRule:
    table.only(RULE_KEYS[kind])
    _need(table, ASSIGNMENT_SELECTORS)
    if table.flag("ignore") and "units" in table.content:
        table.fail("ignore", f"an ignored {kind.value} stands for no units.", "Leave ignore or units.")
    return AssignmentRule(
        _selector(table, COURSE_SELECTORS, "course_"),
        _selector(table, ASSIGNMENT_SELECTORS),
        table.word("units"),
        table.flag("ignore"),
        _pass_rule(table),
        table.line,
        kind,
    )


def _need(table: _Table, selectors: tuple[str, ...]) -> None:
    if not any(selector in table.content for selector in selectors):
        table.fail("", "nothing says what this rule picks.", f"Give one or more of: {', '.join(selectors)}.")


def _selector(table: _Table, names: tuple[str, ...], prefix: str = "") -> Selector:
    return Selector(**{name: table.word(prefix + name) for name in names})


def _pass_rule(table: _Table) -> PassRule:
    return PassRule(
        cast(Decimal | None, table.number("pass_mark")),
        _scale_pass(table),
        cast(Decimal | Literal["highest"] | None, table.number("rubric_pass", "highest")),
        cast(Decimal | Literal["full"] | None, table.number("guide_pass", "full", Decimal(1))),
        _met_when(table),
        cast(Gradebook | None, table.choice("gradebook", get_args(Gradebook))),
    )


def _scale_pass(table: _Table) -> tuple[str, ...] | None:
    value = table.content.get("scale_pass")
    if value is None:
        return None
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one.strip() for one in value):
        table.fail("scale_pass", "this is not a list of scale items.", 'Write it as ["Competent", "Met"].')
    return tuple(value)


def _met_when(table: _Table) -> Combine | None:
    value = table.content.get("met_when")
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and value not in ("any", "all") and not (whole and value >= 1):
        table.fail("met_when", f"{value!r} is none of its values.", 'Write "any", "all", or how many: 2, 3, ...')
    return cast(Combine | None, value)
