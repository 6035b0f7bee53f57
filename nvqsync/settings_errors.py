"""What to tell a person whose settings cannot be used: which setting, in which file and line, and what was meant."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError as UnreadableVariable

from nvqsync.errors import SettingsError

NOT_SETTINGS = ("NVQSYNC_CONFIG", "NVQSYNC_ACTOR", "NVQSYNC_TRACE_PLUGINS")
"""Variables of ours that are no settings."""

EXAMPLE_STEP = "See 'nvqsync settings example' for every setting."


def refuse_misspelt_variables(model: type[BaseModel], prefix: str) -> None:
    """A variable of ours that sets nothing but nearly does is a slip nothing else tells. Raises ``SettingsError``."""
    known = {*NOT_SETTINGS, *(f"{prefix}{name}".upper() for name in model.model_fields)}
    for variable in sorted(os.environ):
        first = variable.upper().partition("__")[0]
        near = difflib.get_close_matches(first, known, 1, 0.8) if first.startswith(prefix) else []
        if near and first not in known:
            says = f"environment: {variable} sets nothing; did you mean {near[0]}?"
            raise SettingsError(says, EXAMPLE_STEP)


def explain(
    error: ValidationError, model: type[BaseModel], path: Path | None, text: str, document: Mapping[str, Any]
) -> str:
    """Each thing that is wrong, a line each. No value is told: it may be secret."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        keys, message = (
            [str(part) for part in problem["loc"]],
            f"{problem['msg'].removeprefix('Value error, ').removesuffix('.')}.",
        )
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(keys[-1], _known_keys(model, keys[:-1]), 1)
            message = f"no such setting; did you mean {near[0]!r}?" if near else "no such setting."
        where = [_place(keys, path, text, document), ".".join(keys)] if keys else [str(path or "environment")]
        lines.append(": ".join([*where, message]))
    return "\n".join(dict.fromkeys(lines))


def _place(keys: list[str], path: Path | None, text: str, document: Mapping[str, Any]) -> str:
    """Where a setting was made: the file and its line, or the environment."""
    table: Any = document
    for key in keys:
        inside = isinstance(table, dict) and key in table
        if not inside and not isinstance(table, list):
            return "environment"
        table = table[key] if inside else None
    where = _line_of([key for key in keys if not key.isdigit()], text)
    return f"{path}, line {where}" if where else str(path)


def explain_variable(error: UnreadableVariable, prefix: str) -> str:
    """Which variables may be meant: the values are not told, they may be secret."""
    field = re.search(r'field "(\w+)"', str(error))
    start = f"{prefix}{field[1] if field else ''}".upper()
    names = [name for name in sorted(os.environ) if name.upper().startswith(start)]
    return f"environment: {' or '.join(names)} cannot be read."


def _known_keys(model: type[BaseModel], path: list[str]) -> list[str]:
    """The keys of the table that ``path`` names. A table of tables, one for each qualification, takes any name."""
    for key in path:
        if key in model.model_fields:
            annotation = model.model_fields[key].annotation
            tables = [one for one in (annotation, *get_args(annotation)) if _is_table(one)]
            if not tables:
                return []
            model = tables[0]
    return list(model.model_fields)


def _is_table(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _line_of(keys: list[str], text: str) -> int | None:
    """The line of the last of ``keys`` in the table the others name; the table's line when the key is not there."""
    table, found = "", None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("["):
            table = line.partition("#")[0].strip("[] ").replace('"', "")
            if table == ".".join(keys):
                return number
        elif line.split("=")[0].strip().strip('"') == keys[-1] and table == ".".join(keys[:-1]):
            return number
        if table and table == ".".join(keys[:-1]) and found is None:
            found = number
    return found
