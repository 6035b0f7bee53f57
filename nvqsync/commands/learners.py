"""``progress`` and ``mapping``: where learners stand, and what their grades stand for."""

from __future__ import annotations

import csv
import sys
from collections.abc import Collection, Iterable
from typing import Any

import click

from nvqsync.bootstrap import App
from nvqsync.commands.common import app_and_store, json_option, print_json, tell
from nvqsync.commands.tables import plain, table
from nvqsync.commands.verdict_text import verdict_text
from nvqsync.mapping import CourseMapping, Problem, gone_items, unused_rules
from nvqsync.matching.coverage import GAPS, coverage
from nvqsync.people import find_learner
from nvqsync.progress import LearnerProgress, progress_json
from nvqsync.standing import Standing

COLUMNS = ("lms_id", "id_number", "name", "qualification", "met", "credits_counted", "credits_to_go",
           "units_achieved", "unit", "status", "criteria_met", "criteria_total", "achieved_on")  # fmt: skip


@click.command("progress")
@click.argument("learner", required=False)
@click.option("--qualification", "-q", help="Only this qualification, e.g. OCR/03455.")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, a row for each learner and unit.")
@click.pass_context
def progress_command(
    ctx: click.Context, learner: str | None, qualification: str | None, as_json: bool, as_csv: bool
) -> None:
    """Show where each learner stands with each qualification, or all about one LEARNER (Moodle ID number or id).

    Units and criteria done, the verdict on the rule of combination, and what is still short.
    """
    if as_json and as_csv:
        raise click.UsageError("Choose one of --json and --csv.")
    with app_and_store(ctx) as (app, store):
        only = [app.plugins.catalogue.find_qualification(qualification).id] if qualification else None
        who = find_learner(store, learner).lms_id if learner else None
        reader = app.reader(store)
        standings = reader.standings(only) if who is None else reader.learners([who], only)
        rows = [row for standing in standings for row in standing.rows]
    if not rows:
        tell("Nobody to show yet. Run 'nvqsync sync', then 'nvqsync mapping check' if the list stays empty.")
    if as_json:
        print_json([progress_json(row) for row in rows])
    elif as_csv:
        _print_csv(rows)
    elif learner:
        _print_learner(rows)
    else:
        _print_table(rows)


def _print_table(rows: Iterable[LearnerProgress]) -> None:
    heads = ("ID number", "Name", "Qualification", "Units", "Criteria", "Credits", "To go", "Verdict", "Short")
    click.echo(table(heads, [_table_row(row) for row in rows]))


def _table_row(row: LearnerProgress) -> tuple[object, ...]:
    told = progress_json(row)
    short = " ".join(r.says for r in row.verdict.requirements if not r.met)
    known = [unit for unit in told["units"] if unit["criteria_total"]]
    criteria = f"{sum(u['criteria_met'] for u in known)}/{sum(u['criteria_total'] for u in known)}"
    verdict = "undecided" if row.verdict.undecided else "met" if row.verdict.met else "not met"
    credits_done = f"{row.verdict.credits_counted}/{row.qualification.credits}"
    return (row.learner.id_number, row.learner.name, row.qualification.id, told["units_achieved"], criteria,
            credits_done, told["credits_to_go"], verdict, short)  # fmt: skip


def _print_learner(rows: Iterable[LearnerProgress]) -> None:
    for row in rows:
        who = f"{row.learner.name} ({row.learner.id_number})"
        click.echo(plain(who) + ("" if row.learner.active else ", not active"))
        click.echo(verdict_text(row.judgement))
        if row.offered:
            click.echo(
                f"Achieved elsewhere, counts once confirmed: {', '.join(row.offered)}. To confirm: nvqsync confirm "
                f"progression {row.learner.id_number or row.learner.lms_id} {row.qualification.id} --why ..."
            )
        if row.transferable:
            codes = ", ".join(row.transferable)
            click.echo(f"Certificated by another body, counts once declared as credit transfer: {codes}")
        units = [u for u in progress_json(row)["units"] if u["status"] != "not_started"]
        click.echo()
        keys = ("code", "status", "criteria_met", "criteria_total", "achieved_on", "progressed_from")
        heads = ("Unit", "Status", "Criteria met", "of", "Achieved", "Under")
        click.echo(
            table(heads, [[str(u[k]).replace("_", " ") if u[k] is not None else None for k in keys] for u in units])
        )
        click.echo()


def _print_csv(rows: Iterable[LearnerProgress]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(COLUMNS)
    for row in rows:
        told = progress_json(row)
        for unit in told["units"]:
            values = {**told, **told["learner"], **unit, "unit": unit["code"]}
            writer.writerow([_cell(values[name]) for name in COLUMNS])


def _cell(value: object) -> str:
    """A value no spreadsheet takes for a formula."""
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t"} else text


@click.group("mapping")
def mapping_group() -> None:
    """What Moodle's assignments stand for."""


@mapping_group.command("check")
@json_option
@click.pass_context
def mapping_check_command(ctx: click.Context, as_json: bool) -> None:
    """List what is mapped, what is not and why, and criteria nobody assesses.

    Works on what the last pass read. Exit status 1 where something is unmapped that should not be.
    """
    with app_and_store(ctx) as (app, store):
        reader = app.reader(store)
        document = _mapping_json(app, reader.mappings(), reader.standings(), reader.gone())
    if not document["courses"]:
        tell("No course is known yet. Run 'nvqsync sync'.")
    if as_json:
        print_json(document)
    else:
        _print_mapping(document)
    ctx.exit(1 if any(problem["severity"] == "problem" for problem in document["problems"]) else 0)


def _mapping_json(
    app: App, mappings: list[CourseMapping], standings: list[Standing], gone: Collection[str]
) -> dict[str, Any]:
    return {
        "courses": [
            {
                "id": mapping.course.lms_id,
                "short_name": mapping.course.short_name,
                "qualification": mapping.qualification_id or None,
                "items": [
                    {"id": item.item_id, "kind": item.kind.value, "name": item.name, "stands_for": item.text,
                     "origin": item.origin}
                    for item in mapping.items
                ],
            }
            for mapping in mappings
        ],
        "problems": [
            {"code": p.code, "says": p.says, "next_step": p.next_step, "nearest": p.nearest or None,
             "course": p.course_id or None, "item": p.item_id or None, "severity": p.severity}
            for p in [*_problems(app, mappings), *gone_items(mappings, gone)]
        ] + [
            {"code": n.code, "says": n.says, "next_step": "", "nearest": None, "course": n.course_id or None,
             "item": n.item_id or None, "severity": n.severity}
            for s in standings for n in s.notices if not n.learner_id
        ],
        "not_assessed": [
            {"qualification": s.qualification.id, "unit": gap.code, "lacks": gap.kind,
             "criteria": list(gap.criteria) or None}
            for s in standings for gap in coverage(s.qualification, s.mappings, gone)
            if gap.kind != "unit" or gap.mandatory
        ],
    }  # fmt: skip


def _problems(app: App, mappings: list[CourseMapping]) -> list[Problem]:
    """What keeps items from being mapped, the rules of the mapping file that pick nothing included."""
    unused = unused_rules(app.mapping_file, mappings) if app.mapping_file else ()
    return [*unused, *(problem for mapping in mappings for problem in mapping.problems)]


def _print_mapping(document: dict[str, Any]) -> None:
    rows = [
        (course["short_name"], course["qualification"], item["kind"], item["id"], item["name"], item["stands_for"],
         item["origin"])
        for course in document["courses"] for item in course["items"]
    ]  # fmt: skip
    click.echo(table(("Course", "Qualification", "Kind", "Item", "Name", "Stands for", "Says so"), rows))
    if document["problems"]:
        click.echo("\nNot mapped, or worth a look:")
        for problem in document["problems"]:
            near = f" Nearest: {problem['nearest']}" if problem["nearest"] else ""
            click.echo(plain(f"  {problem['code']}: {problem['says']} {problem['next_step']}{near}".rstrip()))
    if document["not_assessed"]:
        click.echo("\nNobody assesses:")
        gaps = [(gap["qualification"], gap["unit"], _why(gap)) for gap in document["not_assessed"]]
        click.echo(table(("Qualification", "Unit", "Why"), gaps))


def _why(gap: dict[str, Any]) -> str:
    return " ".join([GAPS[gap["lacks"]], ", ".join(gap["criteria"] or [])]).strip()
