"""How PHP and Moodle read a form: bracketed names become arrays, too many are cut, and every value is checked.

A function declares its parameters as ``name -> (kind, default)``, the default ``REQUIRED`` meaning what it says. Kinds:
``int``, ``text``, ``bool``, ``ints``, ``texts``, ``pairs`` (a list of name/value), ``ids`` (an object with a list).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from connectors.moodle.simulator.access import MoodleError

REQUIRED: Final = object()
CONTROL = ("wstoken", "wsfunction", "moodlewsrestformat", "moodlewssettingfilter", "moodlewssettingraw")
Spec = Mapping[str, tuple[str, Any]]
_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_INT = re.compile(r"-?(0|[1-9][0-9]*)$")


def read_form(encoded: str, max_input_vars: int) -> dict[str, Any]:
    """Decode a form as PHP does: nested, later keys winning, everything past the limit dropped without a word."""
    pairs = parse_qsl(encoded, keep_blank_values=True)
    form: dict[str, Any] = {}
    for key, value in pairs[: max_input_vars + 1]:  # PHP registers one more before it notices
        found = _KEY.match(key)
        if found is None:
            form[key] = value
        elif not found[2]:
            form[found[1]] = value
        else:
            _nest(form, [found[1], *found[2][1:-1].split("][")], value)
    return form


def _nest(form: dict[str, Any], path: list[str], value: str) -> None:
    here = form
    for step in path[:-1]:
        key = step or str(len(here))
        if not isinstance(here.get(key), dict):
            here[key] = {}
        here = here[key]
    here[path[-1] or str(len(here))] = value


def bad_parameter() -> MoodleError:
    """The one answer to every bad, missing or unknown parameter; the culprit's name is only in debug output."""
    return MoodleError("invalid_parameter_exception", "invalidparameter", "Invalid parameter value detected")


def validate(form: Mapping[str, Any], spec: Spec) -> dict[str, Any]:
    """Check the non-control fields of ``form`` against ``spec``; raises ``invalidparameter``."""
    given = {key: value for key, value in form.items() if key not in CONTROL}
    if given.keys() - spec.keys():
        raise bad_parameter()
    return {name: _one(given, name, kind, default) for name, (kind, default) in spec.items()}


def _one(given: Mapping[str, Any], name: str, kind: str, default: Any) -> Any:
    if name not in given:
        if default is REQUIRED:
            raise bad_parameter()
        return default
    return _READERS[kind](given[name])


def _int(value: Any) -> int:
    if not isinstance(value, str) or not _INT.match(value):
        raise bad_parameter()
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise bad_parameter()
    return value


def _bool(value: Any) -> bool:
    if value not in ("0", "1", ""):
        raise bad_parameter()
    return bool(value == "1")


def _array(value: Any) -> list[Any]:
    if not isinstance(value, dict):
        raise bad_parameter()
    return list(value.values())


def _pair(value: Any) -> tuple[str, str]:
    if not isinstance(value, dict) or set(value) != {"name", "value"}:
        raise bad_parameter()
    return _text(value["name"]), _text(value["value"])


def _ids(value: Any) -> list[int]:
    if not isinstance(value, dict) or set(value) != {"ids"}:
        raise bad_parameter()
    return [_int(each) for each in _array(value["ids"])]


_READERS: dict[str, Any] = {
    "int": _int,
    "text": _text,
    "bool": _bool,
    "ints": lambda value: [_int(each) for each in _array(value)],
    "texts": lambda value: [_text(each) for each in _array(value)],
    "pairs": lambda value: [_pair(each) for each in _array(value)],
    "ids": _ids,
}
