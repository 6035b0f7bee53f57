"""``qualifications``, ``units``, ``judge`` and ``plugins``: what needs no settings, database or network.

With ``--json`` or ``--jsonl`` standard output is JSON only; messages go to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

from nvqsync import judging
from nvqsync.catalogue import Catalogue
from nvqsync.commands.tables import table
from nvqsync.commands.verdict_text import verdict_text
from nvqsync.errors import NvqsyncError
from nvqsync.model import Qualification, QualificationUnit
from nvqsync.plugin_manager import Listed, load_catalogue, load_plugins

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


@click.command("qualifications")
@_JSON
def qualifications_command(as_json: bool) -> None:
    """List the qualifications on offer."""
    rows = [qualification_json(found) for found in _catalogue().qualifications.values()]
    if as_json:
        _print_json(rows)
    else:
        heads = ("Qualification", "Number", "Title", "Level", "Credits", "Units", "Certificates until")
        keys = ("id", "qualification_number", "title", "level", "credits", "units", "certification_end_date")
        click.echo(table(heads, [[row[key] for key in keys] for row in rows]))


@click.command("units")
@click.argument("qualification")
@_JSON
def units_command(qualification: str, as_json: bool) -> None:
    """List the units of QUALIFICATION, with their criteria where they are known."""
    with _told_as_json(as_json):
        found = _catalogue().find_qualification(qualification)
    if as_json:
        _print_json([unit_json(listed) for listed in found.units])
        return
    heads = ("Group", "Code", "Reference", "Title", "Level", "Credits", "GLH", "Criteria")
    click.echo(table(heads, [_unit_row(listed) for listed in found.units]))
    for group, title in found.group_titles.items():
        click.echo(f"Group {group}: {title}")


@click.command("judge")
@click.argument("qualification", required=False)
@click.argument("units", nargs=-1)
@_JSON
@click.option("--jsonl", is_flag=True, help="Read one question a line from standard input, write one verdict a line.")
@click.pass_context
def judge_command(
    ctx: click.Context, qualification: str | None, units: tuple[str, ...], as_json: bool, jsonl: bool
) -> None:
    """Judge whether UNIT... satisfy the rule of combination of QUALIFICATION, and what would finish it.

    Units are named by the awarding body's code or by unit reference. An unmet verdict is an answer, not an error.
    """
    if jsonl and qualification is not None:
        raise click.UsageError("--jsonl reads its questions from standard input: give no QUALIFICATION.")
    if jsonl:
        ctx.exit(_judge_lines(_catalogue(), sys.stdin.buffer))
    if qualification is None:
        raise click.UsageError("Missing argument 'QUALIFICATION' (or --jsonl).")
    with _told_as_json(as_json):
        catalogue = _catalogue()
        judgement = judging.judge_units(catalogue, catalogue.find_qualification(qualification), units)
    if as_json:
        _print_json(judging.verdict_json(judgement))
    else:
        click.echo(verdict_text(judgement))


@click.command("plugins")
@_JSON
def plugins_command(as_json: bool) -> None:
    """List the loaded plugins, their versions and what they offer."""
    plugins = load_plugins(**_chosen())
    if as_json:
        _print_json([plugin_json(listed) for listed in plugins.listing()])
    else:
        rows = [(p.name, p.version, p.distribution, ", ".join(p.offers)) for p in plugins.listing()]
        click.echo(table(("Plugin", "Version", "From", "Offers"), rows))
    for caution in plugins.catalogue.cautions:
        click.echo(f"caution: {caution}", err=True)


COMMANDS: Final[tuple[click.Command, ...]] = (qualifications_command, units_command, judge_command, plugins_command)
"""What the program adds to its group."""


def qualification_json(qualification: Qualification) -> dict[str, Any]:
    """A row of ``qualifications --json``; ``units`` is their number, the date ISO or null."""
    ends = qualification.certification_end_on
    return {
        "id": qualification.id,
        "awarding_body": qualification.awarding_body,
        "qualification_number": qualification.qualification_number,
        "code": qualification.code,
        "title": qualification.title,
        "level": qualification.level,
        "credits": qualification.credits,
        "units": len(qualification.units),
        "certification_end_date": ends.isoformat() if ends else None,
    }


def unit_json(listed: QualificationUnit) -> dict[str, Any]:
    """A row of ``units --json``; ``criteria`` counts them by learning outcome, null where they are unknown."""
    unit = listed.unit
    return {
        "code": listed.code,
        "unit_reference": unit.reference,
        "title": unit.title,
        "level": unit.level,
        "credit_value": unit.credit_value,
        "glh": unit.glh,
        "group": ", ".join(listed.groups),
        "mandatory": listed.mandatory,
        "criteria": None if unit.outcomes is None else dict(unit.outcomes),
    }


def plugin_json(listed: Listed) -> dict[str, Any]:
    """A row of ``plugins --json``; ``distribution`` is empty where the plugin came in no package."""
    return {
        "name": listed.name,
        "version": listed.version,
        "distribution": listed.distribution,
        "module": listed.module,
        "offers": list(listed.offers),
    }


def _chosen() -> dict[str, Any]:
    """What the settings say about plugins and criteria, where settings are named at all: none are needed here."""
    config = click.get_current_context().find_root().obj
    if not config and not os.environ.get("NVQSYNC_CONFIG"):
        return {}
    from nvqsync.settings import load  # noqa: PLC0415  (costs a tenth of a second, and is seldom wanted)

    settings = load(config)
    return {"disable": settings.plugins.disable, "criteria_files": settings.catalogue.criteria_files}


def _catalogue() -> Catalogue:
    return load_catalogue(**_chosen())


@contextmanager
def _told_as_json(wanted: bool) -> Iterator[None]:
    """Repeat an error as JSON on standard output, where JSON was asked for, before it goes on its way."""
    try:
        yield
    except NvqsyncError as error:
        if wanted:
            _print_json(judging.error_json(error))
        raise


def _judge_lines(catalogue: Catalogue, questions: Iterable[bytes]) -> int:
    """Answer each line as it comes, in order; 1 where any could not be judged, else 0."""
    status = 0
    for line in questions:
        if line.strip():
            answer = judging.answer_line(catalogue, line)
            status = 1 if "error" in answer else status
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    return status


def _print_json(answer: object) -> None:
    click.echo(json.dumps(answer, indent=2))


def _unit_row(listed: QualificationUnit) -> tuple[object, ...]:
    unit, groups = listed.unit, ", ".join(listed.groups)
    criteria = "?" if unit.criteria is None else len(unit.criteria)
    return (groups, listed.code, unit.reference, unit.title, unit.level, unit.credit_value, unit.glh, criteria)
