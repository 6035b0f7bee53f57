"""``iqa``: what the internal quality assurer recorded, and who waits for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from nvqsync import releasing, store_centre, store_lms, store_quality
from nvqsync.bootstrap import App, actor
from nvqsync.commands.common import app_and_store, dry_run_option, json_option, print_json, tell
from nvqsync.commands.iqa_common import DAY, codes_of, iqa_option, on_option, person_json, rows_of, units_of, why_option
from nvqsync.commands.iqa_lists import list_command, records_command
from nvqsync.commands.iqa_simulation import simulation_group
from nvqsync.commands.learners import find_learner
from nvqsync.commands.tables import plain
from nvqsync.errors import InputError, UnknownName
from nvqsync.model import LmsMember, UnitOutcome
from nvqsync.quality import IqaOutcome, Release
from nvqsync.settling import settle
from nvqsync.store import Store


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of one release: recorded, or why not, and for what another IQA is needed (units, or learners)."""

    release: Release
    learner: LmsMember | None = None
    refused: str = ""
    others_needed: tuple[str, ...] = ()

    def json(self, app: App) -> dict[str, Any]:
        """A row of ``iqa release --json``; ``id`` is null where nothing was recorded."""
        one = self.release
        return {
            "id": one.id or None, "learner": self.learner and person_json(self.learner),
            "course": one.course_id or None, "qualification": one.qualification_id, "iqa": one.iqa_id,
            "on": one.on.isoformat(), "outcome": one.outcome.value,
            "units": codes_of(app, one.qualification_id, one.units), "refused": self.refused or None,
            "others_needed": list(self.others_needed),
        }  # fmt: skip

    def text(self, *, dry_run: bool) -> str:
        """The same in a line."""
        one, who = self.release, self.learner
        name = f"{who.name} ({who.id_number or who.lms_id})" if who else f"Course {one.course_id}"
        if self.refused:
            return f"{name}: not recorded. {self.refused}"
        others = self.others_needed
        more = f" Another IQA has to release {', '.join(others)} as well." if who else (
            f" {len(others)} learners need another IQA, because this one assessed them.")  # fmt: skip
        done = "would be recorded (dry run)" if dry_run else f"recorded as release {one.id}"
        return f"{name}: {one.outcome.value}, {done}.{more if others else ''}"


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
        new = Release(found.id, iqa, on.date(), IqaOutcome(outcome), units=units_of(app, found, units), action=action)
        releasing.check_words(new)
        centre = store_centre.facts(store, found)
        releasing.check_iqa(iqa, found.id, new.on, centre.staff, app.today)
        if course and not centre.iqa_by_cohort:
            step = f"Name the learners, or set it with 'nvqsync centre iqa-by {found.id} cohort'."
            raise InputError(f"The centre does not record IQA by cohort for {found.id}.", step)
        whom = [find_learner(store, name) for name in learners]
        answers = [_cohort(app, store, new, course)] if course else _learners(app, store, new, whom)
        if not dry_run:
            answers = _record(app, store, answers, why)
            _settle(app, store, found.id, [one.release for one in answers if not one.refused])
    _report(ctx, app, answers, dry_run=dry_run, as_json=as_json)


def _learners(app: App, store: Store, new: Release, learners: Iterable[LmsMember]) -> list[Answer]:
    """An answer for each learner, once."""
    whom = list(dict.fromkeys(learners))
    rows = rows_of(app, store, new.qualification_id, {who.lms_id for who in whom})
    return [_one(who, rows.get(who.lms_id), replace(new, learner_id=who.lms_id)) for who in whom]


def _one(who: LmsMember, outcomes: Sequence[UnitOutcome] | None, new: Release) -> Answer:
    if outcomes is None:
        return Answer(new, who, f"Not on a course for {new.qualification_id}. Check both, or run 'nvqsync sync'.")
    refused = releasing.own_work(new.iqa_id, new.units, outcomes)
    return Answer(new, who, refused, releasing.other_hands(new.iqa_id, new.units, outcomes))


def _cohort(app: App, store: Store, new: Release, course: str) -> Answer:
    mapped = {one.course.lms_id: one.qualification_id for one in app.reader(store).mappings()}
    if mapped.get(course) != new.qualification_id:
        known = ", ".join(sorted(lms_id for lms_id, q in mapped.items() if q == new.qualification_id)) or "none"
        says = f"Course {course} is not mapped to {new.qualification_id}. Its courses: {known}."
        raise UnknownName(says, "Correct --course.")
    rows = rows_of(app, store, new.qualification_id, _everybody(store, course))
    own = sorted(who for who, outcomes in rows.items() if releasing.own_work(new.iqa_id, new.units, outcomes))
    return Answer(replace(new, course_id=course), others_needed=tuple(own))


def _everybody(store: Store, course: str) -> set[str]:
    return {member.lms_id for member in store_lms.members(store, course, gone=True)}


def _record(app: App, store: Store, answers: Sequence[Answer], why: str) -> list[Answer]:
    """Store what is not refused; returns the answers with the numbers the releases were given."""
    good = [answer.release for answer in answers if not answer.refused]
    numbered = iter(store_quality.record_releases(store, good, by=actor(), at=app.now(), why=why))
    return [answer if answer.refused else replace(answer, release=next(numbered)) for answer in answers]


def _settle(app: App, store: Store, qualification_id: str, releases: Sequence[Release]) -> None:
    """Bring the claims of those concerned in line; a cohort's release concerns everybody on its course."""
    learners = {one.learner_id for one in releases if one.learner_id}
    learners = learners.union(*(_everybody(store, one.course_id) for one in releases if one.course_id))
    if learners:
        settle(app, store, by="nvqsync", qualification_ids=[qualification_id], learners=learners, propose_new=False)


def _report(ctx: click.Context, app: App, answers: Sequence[Answer], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json([answer.json(app) for answer in answers])
    for answer in [] if as_json else answers:
        click.echo(plain(answer.text(dry_run=dry_run)))
    ctx.exit(1 if any(answer.refused for answer in answers) else 0)


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
        known = store_quality.release(store, release_id)
        if not known.open_action:
            raise InputError(f"Release {release_id} has no open action.", store_quality.LIST_THEM)
        if on.date() < known.on:
            raise InputError(f"{on.date()} lies before the release of {known.on}.", "Correct --on.")
        found = app.plugins.catalogue.qualifications[known.qualification_id]
        seen_by = iqa or known.iqa_id
        releasing.check_iqa(seen_by, found.id, on.date(), store_centre.facts(store, found).staff, app.today)
        if not dry_run:
            known = store_quality.action_done(
                store, release_id, on=on.date(), iqa=seen_by, by=actor(), at=app.now(), why=why
            )
            _settle(app, store, found.id, [known])
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
    if not why.strip():
        raise InputError("To take a release back, say why.", 'Add --why "...".')
    with app_and_store(ctx) as (app, store):
        known = store_quality.release(store, release_id)
        if not dry_run:
            store_quality.take_back_release(store, release_id, on=app.today, by=actor(), at=app.now(), why=why)
            _settle(app, store, known.qualification_id, [known])
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
