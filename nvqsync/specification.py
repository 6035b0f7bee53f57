"""Reads unit banks and qualifications from TOML files, and names file, line and key of whatever is wrong in one.

The shape of a file is the pydantic model below (``docs/qualification.schema.json`` is made from it); the meaning is
checked by ``nvqsync.qualification_checks``. Both complaints come out as ``CatalogueError``.
"""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nvqsync import qualification_checks as checks
from nvqsync.check_characters import unit_reference_misfit
from nvqsync.errors import CatalogueError
from nvqsync.model import (
    Comparison,
    HeldOutside,
    Kind,
    Method,
    Qualification,
    QualificationUnit,
    Requirement,
    Rule,
    Source,
    Unit,
)
from nvqsync.names import did_you_mean
from nvqsync.toml_lines import Key, line_of, spelt

Text = Annotated[str, Field(strict=True, min_length=1)]
Count = Annotated[int, Field(strict=True, ge=1)]
Level = Annotated[int, Field(strict=True, ge=0, le=8)]
Outcome = Annotated[str, Field(pattern=r"^[1-9][0-9]?$")]
Day = Annotated[dt.date, Field(strict=True)]
Yes = Annotated[bool, Field(strict=True)]
_Model = TypeVar("_Model", bound="Strict")
_Record = TypeVar("_Record")

FIX_THE_FILE: Final = "Correct the file, or disable the plugin that brings it."


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a file, with the file's name, the line and the key; ``blocks`` where it forbids loading."""

    says: str
    blocks: bool = True


class Strict(BaseModel):
    """Nothing beyond the keys named, and no guessing of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class SourceTable(Strict):
    """The document that the file was made from, and the section of it."""

    document: Text
    section: Text


class UnitTable(Strict):
    """A unit of the bank. ``outcomes`` counts the assessment criteria of each learning outcome, by its number."""

    reference: Text
    title: Text
    level: Level
    credit_value: Count
    glh: Annotated[int, Field(strict=True, ge=0)]
    outcomes: dict[Outcome, Count] | None = None


class UnitsFile(Strict):
    """A file of the unit bank."""

    source: SourceTable
    criteria_source: SourceTable | None = None
    units: Annotated[list[UnitTable], Field(min_length=1)]


class MethodTable(Strict):
    """An assessment method code as the body lists it; ``simulated`` marks the one that stands for simulation."""

    code: Text
    title: Text
    simulated: Yes = False


class MethodsTable(Strict):
    """The body's list of method codes, and the section that prints it."""

    section: Text
    codes: list[MethodTable]


class ListedUnit(Strict):
    """A unit in a group: its reference, and the body's code where that is not the reference itself."""

    reference: Text
    code: Text | None = None
    aliases: list[Text] = []
    simulation: Yes = False


class GroupTable(Strict):
    """A group of units as the document prints it. A unit may stand in several."""

    title: Text
    units: Annotated[list[ListedUnit], Field(min_length=1)]


class RequirementTable(Strict):
    """One requirement of the rule; ``docs/rules.md`` tells what each kind asks for."""

    id: Text
    kind: Kind
    says: Text
    section: Text
    document: Text | None = None
    need: Annotated[int, Field(strict=True, ge=0)] = 0
    groups: list[Text] = []
    units: list[Text] = []
    level: Level | None = None
    comparison: Comparison = Comparison.EXACTLY

    @model_validator(mode="after")
    def _says_what_its_kind_uses(self) -> RequirementTable:
        if faults := list(checks.key_faults(self.kind, self.model_fields_set)):
            raise ValueError(f"{self.id}: {'; '.join(faults)}")
        return self


class OutsideTable(Strict):
    """A unit that the rule leaves out though a learner may hold it, and what to tell a person."""

    reference: Text
    says: Text
    section: Text
    document: Text | None = None


class RuleTable(Strict):
    """The rule of combination."""

    version: Text = "1"
    groups_overlap: Yes = False
    allows_exemptions: Yes = True
    requirements: Annotated[list[RequirementTable], Field(min_length=1)]
    outside: list[OutsideTable] = []


class QualificationFile(Strict):
    """A qualification file: what the awarding body publishes, in the order in which its document tells it."""

    awarding_body: Text
    code: Text
    qualification_number: Text | None = None
    title: Text
    level: Level
    credits: Count
    registration_closed: Yes = False
    registration_end_on: Day | None = None
    certification_end_on: Day | None = None
    source: SourceTable
    methods: MethodsTable | None = None
    groups: Annotated[dict[Text, GroupTable], Field(min_length=1)]
    rule: RuleTable


def qualification_schema() -> str:
    """The JSON Schema of a qualification file, as ``docs/qualification.schema.json`` holds it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **QualificationFile.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"


def units_in(folder: Traversable | Path) -> Iterator[Unit]:
    """Every unit of every TOML file of a folder, in order of file name. Raises ``CatalogueError``."""
    for file in _toml_files(folder):
        yield from read_units(file)


def qualifications_in(folder: Traversable | Path, units: Mapping[str, Unit]) -> Iterator[Qualification]:
    """The qualification of every TOML file of a folder, in order of file name. Raises ``CatalogueError``."""
    for file in _toml_files(folder):
        yield read_qualification(file, units)


def read_units(file: Traversable | Path) -> tuple[Unit, ...]:
    """The units of one bank file."""
    text, table = read_toml(file, UnitsFile)
    return tuple(_checked(file, text, _unit(entry), checks.unit_faults) for entry in table.units)


def read_qualification(file: Traversable | Path, units: Mapping[str, Unit]) -> Qualification:
    """The qualification one file describes; ``units`` is the bank by reference."""
    text, table = read_toml(file, QualificationFile)
    for key, reference in _references(table):
        if reference not in units:
            raise toml_error(file, text, key, _no_unit(reference, units))
    return _checked(file, text, _qualification(table, units), checks.qualification_faults)


def examine_units(file: Traversable | Path) -> tuple[tuple[Unit, ...], tuple[Complaint, ...]]:
    """The units of one bank file, and everything wrong with it at once, for whoever is writing one."""
    try:
        text, table = read_toml(file, UnitsFile)
    except CatalogueError as error:
        return (), _shape_complaints(file, error)
    units = tuple(map(_unit, table.units))
    return units, tuple(_complaints(file, text, (fault for unit in units for fault in checks.unit_faults(unit))))


def examine_qualification(
    file: Traversable | Path, units: Mapping[str, Unit]
) -> tuple[Qualification | None, tuple[Complaint, ...]]:
    """The qualification one file describes, and everything wrong with it at once: its shape first, then its meaning.

    ``None`` where its shape is wrong or it names units that are not there.
    """
    try:
        text, table = read_toml(file, QualificationFile)
    except CatalogueError as error:
        return None, _shape_complaints(file, error)
    unknown = [(key, reference) for key, reference in _references(table) if reference not in units]
    if unknown:
        return None, tuple(Complaint(toml_error(file, text, key, _no_unit(name, units)).says) for key, name in unknown)
    qualification = _qualification(table, units)
    return qualification, tuple(_complaints(file, text, checks.qualification_faults(qualification)))


def _no_unit(reference: str, units: Mapping[str, Unit]) -> str:
    misfit = unit_reference_misfit(reference)
    why = f" ({misfit.says})" if misfit else ""
    return f"no unit {reference} in the bank{why}. {did_you_mean(reference, units)}".strip()


def _complaints(file: Traversable | Path, text: str, faults: Iterable[checks.Fault]) -> Iterator[Complaint]:
    for fault in faults:
        yield Complaint(toml_error(file, text, fault.key, fault.says, fault.value).says, fault.blocks)


def _toml_files(folder: Traversable | Path) -> list[Traversable]:
    return sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)


def read_toml(file: Traversable | Path, model: type[_Model]) -> tuple[str, _Model]:
    """The text of a TOML file, and its content as ``model``. Raises ``CatalogueError`` with file, line and key."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        return text, model.model_validate(tomllib.loads(text))
    except OSError as error:
        raise CatalogueError(
            f"{file}: cannot be read: {error.strerror}", "Check the file and its permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise CatalogueError(f"{file}: is not UTF-8 text (byte {error.start})", FIX_THE_FILE) from error
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{file}: {error}", FIX_THE_FILE) from error
    except ValidationError as error:
        raise next(_misshapen(file, text, error)) from error


def _misshapen(file: Traversable | Path, text: str, error: ValidationError) -> Iterator[CatalogueError]:
    """Everything that is wrong with a file's shape. A key nobody knows comes first: it may be one that is missing."""
    faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    missing = [str(fault["loc"][-1]) for fault in faults if fault["type"] == "missing"]
    for fault in faults:
        yield toml_error(file, text, fault["loc"], _complaint(fault, missing))


def _shape_complaints(file: Traversable | Path, error: CatalogueError) -> tuple[Complaint, ...]:
    """Why a file could not be read: all of it where it is TOML of another shape, else what stopped its reading."""
    if not isinstance(error.__cause__, ValidationError):
        return (Complaint(error.says),)
    text = file.read_text(encoding="utf-8-sig")
    return tuple(Complaint(found.says) for found in _misshapen(file, text, error.__cause__))


def _complaint(fault: Any, missing: Sequence[str]) -> str:
    """pydantic's words, with ours where theirs speak to programmers. A misspelt key is likely one that is missing."""
    if fault["type"] == "extra_forbidden":
        return f"no such key is known here. {did_you_mean(str(fault['loc'][-1]), missing)}".strip()
    if fault["type"] == "missing":
        return "this key is missing"
    if fault["input"] in ("", []):
        return "is empty: fill it in"
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    if fault["type"] == "model_type":
        return "should be a table"
    return str(fault["msg"][:1].lower() + fault["msg"][1:])


def _checked(
    file: Traversable | Path, text: str, record: _Record, faults: Callable[[_Record], Iterator[checks.Fault]]
) -> _Record:
    for fault in faults(record):
        if fault.blocks:
            raise toml_error(file, text, fault.key, fault.says, fault.value)
    return record


def toml_error(file: Traversable | Path, text: str, key: Key, says: str, value: str = "") -> CatalogueError:
    """The exception that says what is wrong with ``key`` of a file, and on which line it stands."""
    line = line_of(text, key, value)
    return CatalogueError(f"{file}, line {line}, {spelt(key)}: {says}", FIX_THE_FILE)


def _unit(entry: UnitTable) -> Unit:
    outcomes = None if entry.outcomes is None else tuple(entry.outcomes.items())
    return Unit(entry.reference, entry.title, entry.level, entry.credit_value, entry.glh, outcomes)


def _listed(table: QualificationFile) -> Iterator[tuple[str, int, ListedUnit]]:
    for group, content in table.groups.items():
        for number, listed in enumerate(content.units):
            yield group, number, listed


def _references(table: QualificationFile) -> Iterator[tuple[Key, str]]:
    for group, number, listed in _listed(table):
        yield ("groups", group, "units", number, "reference"), listed.reference
    for number, outside in enumerate(table.rule.outside):
        yield ("rule", "outside", number, "reference"), outside.reference


def _qualification(table: QualificationFile, bank: Mapping[str, Unit]) -> Qualification:
    units = _qualification_units(table, bank)
    methods = table.methods.codes if table.methods else []
    return Qualification(
        id=f"{table.awarding_body}/{table.code}",
        awarding_body=table.awarding_body,
        code=table.code,
        qualification_number=table.qualification_number,
        title=table.title,
        level=table.level,
        credits=table.credits,
        units=units,
        rule=_rule(table, units),
        source=_source(table, table.source.section),
        methods=tuple(Method(entry.code, entry.title, entry.simulated) for entry in methods),
        registration_end_on=table.registration_end_on,
        certification_end_on=table.certification_end_on,
        group_titles={group: content.title for group, content in table.groups.items()},
        registration_closed=table.registration_closed,
    )


def _qualification_units(table: QualificationFile, bank: Mapping[str, Unit]) -> tuple[QualificationUnit, ...]:
    """The listed units in printed order; one listed in several groups becomes one unit of them all."""
    mandatory = {code for entry in table.rule.requirements if entry.kind is Kind.ALL_OF for code in entry.units}
    groups: dict[tuple[str, str], list[str]] = {}
    first: dict[tuple[str, str], ListedUnit] = {}
    for group, _, listed in _listed(table):
        key = (listed.code or listed.reference, listed.reference)
        groups.setdefault(key, []).append(group)
        first.setdefault(key, listed)
    return tuple(
        QualificationUnit(code, bank[reference], tuple(groups[code, reference]), code in mandatory,
                          tuple(listed.aliases), listed.simulation)
        for (code, reference), listed in first.items()
    )  # fmt: skip


def _rule(table: QualificationFile, units: tuple[QualificationUnit, ...]) -> Rule:
    return Rule(
        units=checks.rule_units(units),
        requirements=tuple(_requirement(table, entry) for entry in table.rule.requirements),
        groups_overlap=table.rule.groups_overlap,
        allows_exemptions=table.rule.allows_exemptions,
        outside=tuple(
            HeldOutside(entry.reference, entry.says, _source(table, entry.section, entry.document))
            for entry in table.rule.outside
        ),
        version=table.rule.version,
    )


def _requirement(table: QualificationFile, entry: RequirementTable) -> Requirement:
    return Requirement(
        id=entry.id,
        kind=entry.kind,
        says=entry.says,
        source=_source(table, entry.section, entry.document),
        need=entry.need,
        groups=tuple(entry.groups),
        units=tuple(entry.units),
        level=entry.level,
        comparison=entry.comparison,
    )


def _source(table: QualificationFile, section: str, document: str | None = None) -> Source:
    return Source(document or table.source.document, section)
