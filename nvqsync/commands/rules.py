"""``rules check`` and ``rules diff``: are rules of combination sound, and what would a changed one change?"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from nvqsync.bootstrap import App
from nvqsync.catalogue import Catalogue
from nvqsync.centres.centre_criteria import with_criteria
from nvqsync.combination.rule_checks import ERROR, NOTE, Finding, check_rule, shared_ids
from nvqsync.combination.rules_compared import Difference, compare_rules, compare_verdicts
from nvqsync.commands.common import app_and_store, catalogue_of, json_option, print_json
from nvqsync.commands.rules_new import new_command
from nvqsync.commands.tables import table
from nvqsync.errors import CatalogueError, InputError
from nvqsync.model import Qualification, Unit
from nvqsync.progress import LearnerProgress
from nvqsync.rules import Route
from nvqsync.specification import Complaint, examine_qualification, examine_units, read_qualification
from nvqsync.store import Store


@click.group("rules")
def rules_group() -> None:
    """Rules of combination: write one, check it, and see what a changed one would change."""


rules_group.add_command(new_command)


# ---------------------------------------------------------------- check


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking one subject (a file, or a qualification by id) came to."""

    subject: str
    qualification: Qualification | None
    findings: tuple[Finding, ...]
    cheapest: Route | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing found is an error."""
        return all(finding.severity != ERROR for finding in self.findings)


@rules_group.command("check")
@click.argument("subjects", metavar="[FILE|QUALIFICATION]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every qualification that the loaded plugins offer.")
@json_option
@click.pass_context
def check_command(ctx: click.Context, subjects: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Check qualification files, unit files and centre's own criteria files, or qualifications by id.

    Shape, references, check characters, reachable credits, that a valid selection exists (and which is cheapest), and
    requirements that can never bind. Units of the files given are known to the others. Needs neither settings nor
    database. Exit status 1 when an error was found; notes alone leave it at 0.
    """
    if not subjects and not everything:
        raise click.UsageError("Name files or qualifications, or give --all.")
    catalogue = catalogue_of(ctx)
    named = [*subjects, *(catalogue.qualifications if everything else ())]
    checked = _check(list(dict.fromkeys(named)), catalogue)
    if as_json:
        print_json([_checked_json(one) for one in checked])
    for one in [] if as_json else checked:
        _print_checked(one)
    ctx.exit(0 if all(one.sound for one in checked) else 1)


def _check(subjects: list[str], catalogue: Catalogue) -> list[Checked]:
    bank: dict[str, Unit] = dict(catalogue.units)
    files = {subject: _kind_of(Path(subject)) for subject in subjects if _is_file(subject)}
    checked = {subject: _check_units(subject, bank) for subject, kind in files.items() if kind == "units"}
    for subject in subjects:
        if subject not in checked:
            checked[subject] = _check_one(subject, files.get(subject, ""), catalogue, bank)
    given = {one.qualification.id: one.qualification for one in checked.values() if one.qualification}
    known = {**catalogue.qualifications, **given}
    return [_with_shared(checked[subject], known) for subject in subjects]


def _is_file(subject: str) -> bool:
    return subject.endswith(".toml") or Path(subject).is_file()


def _kind_of(path: Path) -> str:
    """What a TOML file is for, by its keys: ``units``, ``criteria`` or ``qualification``."""
    content: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    if "rule" in content or "units" not in content:
        return "qualification"
    return "units" if "source" in content else "criteria"


def _check_units(subject: str, bank: dict[str, Unit]) -> Checked:
    """A file of units, which then are known to the other files."""
    units, complaints = examine_units(Path(subject))
    known = [unit for unit in units if unit.reference in bank and bank[unit.reference] != unit]
    says = "{} is in the bank already, with other facts"
    clashes = [Finding(ERROR, "clash", unit.reference, says.format(unit.reference)) for unit in known]
    bank.update((unit.reference, unit) for unit in units)
    return Checked(subject, None, (*map(_finding, complaints), *clashes))


def _check_one(subject: str, kind: str, catalogue: Catalogue, bank: Mapping[str, Unit]) -> Checked:
    if not kind:
        return _check_qualification(subject, catalogue.find_qualification(subject), ())
    if kind == "criteria":
        try:
            with_criteria(bank, [Path(subject)])
        except CatalogueError as error:
            return Checked(subject, None, (_finding(Complaint(error.says)),))
        return Checked(subject, None, ())
    qualification, complaints = examine_qualification(Path(subject), bank)
    if qualification is None or any(complaint.blocks for complaint in complaints):
        return Checked(subject, qualification, tuple(map(_finding, complaints)))
    return _check_qualification(subject, qualification, complaints)


def _check_qualification(subject: str, qualification: Qualification, complaints: Iterable[Complaint]) -> Checked:
    report = check_rule(qualification)
    return Checked(subject, qualification, (*map(_finding, complaints), *report.findings), report.cheapest)


def _finding(complaint: Complaint) -> Finding:
    return Finding(ERROR if complaint.blocks else NOTE, "file", "", complaint.says)


def _with_shared(one: Checked, known: Mapping[str, Qualification]) -> Checked:
    """Add the notes on requirement ids that another qualification uses too."""
    if one.qualification is None:
        return one
    mine = {requirement.id for requirement in one.qualification.rule.requirements}
    shared = tuple(found for found in shared_ids(known.values()) if found.about in mine)
    return replace(one, findings=(*one.findings, *shared))


def _checked_json(one: Checked) -> dict[str, Any]:
    """An entry of ``rules check --json``; ``qualification`` is null for a file of units or criteria."""
    route = one.cheapest
    return {
        "subject": one.subject,
        "qualification": one.qualification.id if one.qualification else None,
        "version": one.qualification.rule.version if one.qualification else None,
        "sound": one.sound,
        "cheapest": {"credits": route.credits, "units": list(route.units), "glh": route.glh} if route else None,
        "findings": [
            {"severity": f.severity, "code": f.code, "about": f.about or None, "says": f.says} for f in one.findings
        ],
    }


def _print_checked(one: Checked) -> None:
    version = f" (rule version {one.qualification.rule.version})" if one.qualification else ""
    click.echo(f"{one.subject}{version}: {'sound' if one.sound else 'NOT SOUND'}.")
    if route := one.cheapest:
        click.echo(f"  Cheapest selection: {' '.join(route.units)} ({route.credits} credits, {route.glh} GLH).")
    for finding in one.findings:
        about = f" {finding.about}" if finding.about else ""
        click.echo(f"  {finding.severity}{about}: {finding.says}")


# ---------------------------------------------------------------- diff


@rules_group.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@json_option
@click.pass_context
def diff_command(ctx: click.Context, old: str, new: str, as_json: bool) -> None:
    """Judge every learner in the store under both rules, and list the verdicts that differ. Changes nothing.

    OLD and NEW are qualification files; OLD or NEW may also be a qualification's id, for the one that is loaded.
    """
    with app_and_store(ctx) as (app, store):
        before, after = (_named(subject, app.plugins.catalogue) for subject in (old, new))
        if before.id != after.id:
            says = f"{old} is {before.id} and {new} is {after.id}: only two versions of one rule can be compared."
            raise InputError(says, "Name two files of the same qualification.")
        was, now = (_judged_under(app, store, one) for one in (before, after))
    changed = compare_verdicts(was, now)
    document = _diff_json(before, after, len(was), changed)
    if as_json:
        print_json(document)
    else:
        _print_diff(document)


def _named(subject: str, catalogue: Catalogue) -> Qualification:
    if _is_file(subject):
        return read_qualification(Path(subject), catalogue.units)
    return catalogue.find_qualification(subject)


def _judged_under(app: App, store: Store, qualification: Qualification) -> dict[str, LearnerProgress]:
    """Everyone's progress, by learner, were this the qualification."""
    known = app.plugins.catalogue
    others = (one for one in known.qualifications.values() if one.id != qualification.id)
    catalogue = Catalogue.of([*others, qualification], known.units.values(), known.cautions, known.wording)
    reader = replace(app.reader(store), plugins=replace(app.plugins, catalogue=catalogue))
    standings = reader.standings([qualification.id])
    return {row.learner.lms_id: row for standing in standings for row in standing.rows}


def _diff_json(old: Qualification, new: Qualification, learners: int, changed: Iterable[Difference]) -> dict[str, Any]:
    """The document ``rules diff --json`` prints."""
    same_version = old.rule.version == new.rule.version
    return {
        "qualification": new.id,
        "old_version": old.rule.version,
        "new_version": new.rule.version,
        "version_unchanged": same_version and old.rule != new.rule,
        "rule": [{"change": one.change, "what": one.what, "id": one.id} for one in compare_rules(old, new)],
        "learners": learners,
        "changed": [
            {
                "learner": {"lms_id": one.learner.lms_id, "id_number": one.learner.id_number, "name": one.learner.name},
                "change": one.change,
                "before": one.before,
                "after": one.after,
                "says": one.says,
            }
            for one in changed
        ],
    }


def _print_diff(document: Mapping[str, Any]) -> None:
    click.echo(f"{document['qualification']}: rule version {document['old_version']} -> {document['new_version']}")
    if document["version_unchanged"]:
        click.echo("The rule differs, but its version is the same: raise the version.")
    for one in document["rule"]:
        click.echo(f"  {one['change']} {one['what']} {one['id']}")
    changed = document["changed"]
    click.echo(f"{len(changed)} of {document['learners']} verdicts differ.")
    if changed:
        heads = ("ID number", "Name", "Change", "Credits", "To go", "Now")
        rows = [
            (one["learner"]["id_number"], one["learner"]["name"], one["change"],
             f"{one['before']['credits_counted']} -> {one['after']['credits_counted']}",
             f"{_figure(one['before']['credits_to_go'])} -> {_figure(one['after']['credits_to_go'])}", one["says"])
            for one in changed
        ]  # fmt: skip
        click.echo(table(heads, rows))


def _figure(number: int | None) -> str:
    return "-" if number is None else str(number)
