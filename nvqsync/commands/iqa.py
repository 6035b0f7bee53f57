"""``iqa``: what the internal quality assurer recorded, and who waits for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import click

from nvqsync.bootstrap import App, actor
from nvqsync.commands.common import app_and_store, dry_run_option, json_option, print_json, tell
from nvqsync.commands.iqa_common import DAY, codes_of, iqa_option, on_option, person_json, why_option
from nvqsync.commands.iqa_lists import list_command, records_command
from nvqsync.commands.iqa_simulation import simulation_group
from nvqsync.commands.tables import plain
from nvqsync.iqa_recording import Answer, record_action_done, record_release, take_back, units_of
from nvqsync.people import find_learner
from nvqsync.quality import IqaOutcome, Release

OUTCOMES = click.Choice([outcome.value for outcome in IqaOutcome])


@click.group("iqa")
def iqa_group() -> None:
    """Internal quality assurance: releases, simulated evidence, and who waits for an IQA.

    No claim goes out before an IQA of the centre has released the learner's evidence here; Moodle's "released" only
    lets the learner see a mark. Start with 'nvqsync iqa list'. An IQA is named by their Moodle user id and must be on
    the staff record ('nvqsync centre staff add') on that day.
    """


iqa_group.add_command(list_command)
iqa_group.add_command(records_command)
iqa_group.add_command(simulation_group)


@iqa_group.command("release")
@click.argument("learners", nargs=-1)
@click.argument("qualification")
@click.option("--course", help="Everybody on this course (Moodle id), where the centre records IQA by cohort.")
@iqa_option
@on_option
@click.option("--outcome", type=OUTCOMES, required=True, help="What the IQA concluded. 'action' needs --action.")
@click.option("--unit", "units", multiple=True, help="A unit that was sampled; may be repeated.")
@click.option("--action", default="", help="What the assessor is to do before this releases anything.")
@why_option
@dry_run_option
@json_option
@click.pass_context
def release_command(
    ctx: click.Context, learners: tuple[str, ...], qualification: str, course: str | None, iqa: str, on: dt.datetime,
    outcome: str, units: tuple[str, ...], action: str, why: str, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Record that an IQA looked at the evidence of LEARNERS (Moodle ID numbers or ids) for QUALIFICATION.

    'agreed' releases the learner for claims, 'action' once 'nvqsync iqa action-done' says that it was done, 'referred'
    holds the claim until the IQA has looked again. An IQA who assessed or graded what they sampled is refused for that
    learner; the others are recorded, and the exit status is 1.

    \b
    nvqsync iqa release S1001 S1002 OCR/03455 --iqa 31 --on 2026-11-20 --outcome agreed --unit F1
    nvqsync iqa release OCR/03455 --course 7 --iqa 31 --on 2026-11-20 --outcome agreed
    """
    if bool(learners) == bool(course):
        raise click.UsageError("Name the learners, or the course with --course.")
    with app_and_store(ctx) as (app, store):
        found = app.plugins.catalogue.find_qualification(qualification)
        new = Release(
            found.id, iqa, on.date(), IqaOutcome(outcome), "", course or "", units_of(app, found, units), action
        )
        whom = [find_learner(store, name) for name in learners]
        answers = record_release(app, store, new, whom, by=actor(), why=why, dry_run=dry_run)
    _report(ctx, app, answers, dry_run=dry_run, as_json=as_json)


def _report(ctx: click.Context, app: App, answers: Sequence[Answer], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json([_answer_json(app, answer) for answer in answers])
    for answer in [] if as_json else answers:
        click.echo(plain(_answer_text(answer, dry_run=dry_run)))
    ctx.exit(1 if any(answer.refused for answer in answers) else 0)


def _answer_json(app: App, answer: Answer) -> dict[str, Any]:
    """A row of ``iqa release --json``; ``id`` is null where nothing was recorded."""
    one = answer.release
    return {
        "id": one.id or None, "learner": answer.learner and person_json(answer.learner),
        "course": one.course_id or None, "qualification": one.qualification_id, "iqa": one.iqa_id,
        "on": one.on.isoformat(), "outcome": one.outcome.value,
        "units": codes_of(app, one.qualification_id, one.units), "refused": answer.refused or None,
        "others_needed": list(answer.others_needed),
    }  # fmt: skip


def _answer_text(answer: Answer, *, dry_run: bool) -> str:
    """The same in a line."""
    one, who = answer.release, answer.learner
    name = f"{who.name} ({who.id_number or who.lms_id})" if who else f"Course {one.course_id}"
    if answer.refused:
        return f"{name}: not recorded. {answer.refused}"
    others = answer.others_needed
    more = f" Another IQA has to release {', '.join(others)} as well." if who else (
        f" {len(others)} learners need another IQA, because this one assessed them.")  # fmt: skip
    done = "would be recorded (dry run)" if dry_run else f"recorded as release {one.id}"
    return f"{name}: {one.outcome.value}, {done}.{more if others else ''}"


@iqa_group.command("action-done")
@click.argument("release_id", type=int)
@on_option
@click.option("--iqa", help="Moodle id of the IQA who saw that it was done; without it the one who asked for it.")
@why_option
@dry_run_option
@json_option
@click.pass_context
def action_done_command(
    ctx: click.Context, release_id: int, on: dt.datetime, iqa: str | None, why: str, dry_run: bool, as_json: bool
) -> None:
    """Record that what release RELEASE_ID asked for was done and that an IQA saw it: from then on it releases."""
    with app_and_store(ctx) as (app, store):
        record_action_done(app, store, release_id, on.date(), iqa or "", by=actor(), why=why, dry_run=dry_run)
    _done(
        release_id,
        "action_done",
        as_json=as_json,
        dry_run=dry_run,
        text=f"Release {release_id}: the action {'would be' if dry_run else 'is'} recorded as done on {on:{DAY}}.",
    )


@iqa_group.command("take-back")
@click.argument("release_id", type=int)
@click.option("--why", default="", help="The reason. Needed.")
@dry_run_option
@json_option
@click.pass_context
def take_back_command(ctx: click.Context, release_id: int, why: str, dry_run: bool, as_json: bool) -> None:
    """Take release RELEASE_ID back. It stays on record, and so does the taking back; waiting claims are held."""
    with app_and_store(ctx) as (app, store):
        take_back(app, store, release_id, by=actor(), why=why, dry_run=dry_run)
    _done(
        release_id,
        "taken_back",
        as_json=as_json,
        dry_run=dry_run,
        text=f"Release {release_id} {'would be' if dry_run else 'is'} taken back.",
    )


def _done(number: int, what: str, *, as_json: bool, dry_run: bool, text: str) -> None:
    if as_json:
        print_json({"id": number, what: not dry_run})
    else:
        (tell if dry_run else click.echo)(text)
