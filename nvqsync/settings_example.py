"""The settings as commented TOML and as a Markdown table, made from the settings' own descriptions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from nvqsync.settings import Settings

HEADER = """\
# Settings of nvqsync. Every one may also come from the environment: [moodle] url is NVQSYNC_MOODLE__URL.
# Lines that begin with # are the defaults or examples; remove the # to change them.
"""


def fields(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting with its dotted name, tables left out."""
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from fields(annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def example() -> str:
    """A settings file with everything in it, commented."""
    lines, table = [HEADER], ""
    for name, field in fields(Settings):
        section, _, key = name.rpartition(".")
        if name == "connectors":
            continue
        if section != table:
            lines.append(f"\n[{section}]  # {Settings.model_fields[section].description}")
            table = section
        lines += _lines(key, field)
    return "\n".join(lines) + "\n"


def _lines(key: str, field: FieldInfo) -> list[str]:
    return [f"# {field.description}", f"# {key} = {_toml(_shown(field))}"]


def _shown(field: FieldInfo) -> Any:
    """The example where there is one, else the default."""
    return field.examples[0] if field.examples else field.default


def _toml(value: Any) -> str:
    if isinstance(value, SecretStr):
        return '""'
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(entry)}" for key, entry in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False, default=str)


def table() -> str:
    """Every setting as a row of a Markdown table, for ``docs/settings.md``."""
    rows = ["| Setting | Default | What it does |", "|---|---|---|"]
    for name, field in fields(Settings):
        if name != "connectors":
            rows.append(
                f"| `{name}` | `{_toml(field.default) if field.default is not None else '-'}` | {field.description} |"
            )
    return "\n".join(rows) + "\n"
