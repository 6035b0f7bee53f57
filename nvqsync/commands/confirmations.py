"""``learner status`` and ``confirm``: what only a person can say."""

from __future__ import annotations

import click

from nvqsync.adjustments import adjustment_json, check, progressions
from nvqsync.assessing.confirming import Confirmation, What, facts_of
from nvqsync.bootstrap import App, actor
from nvqsync.commands.adjustments import row_of, told
from nvqsync.commands.common import app_and_store, dry_run_option, json_option, print_json
from nvqsync.commands.retention import erase_command, export_command
from nvqsync.errors import InputError, UnknownName
from nvqsync.facts import uln_carriers
from nvqsync.model import Assessed, LmsMember
from nvqsync.passes.observing import UNMAPPED
from nvqsync.people import find_learner
from nvqsync.progress import judged
from nvqsync.settling import settle
from nvqsync.storage import store_adjustments, store_confirmations, store_lms
from nvqsync.store import Store
from nvqsync.uln_owners import uln_mark

why_option = click.option("--why", required=True, help="The reason, for the audit log.")
DRY = " (dry run: nothing was written)"


@click.group("learner")
def learner_group() -> None:
    """What is recorded of single learners: their status, their own copy, erasing them."""


learner_group.add_command(export_command)
learner_group.add_command(erase_command)


@learner_group.command("status")
@click.argument("learner")
@click.argument("status", type=click.Choice(["leaver", "active", "follow"]))
@why_option
@dry_run_option
@click.pass_context
def status_command(ctx: click.Context, learner: str, status: str, why: str, dry_run: bool) -> None:
    """Record that LEARNER (Moodle ID number or id) has left with what is achieved, or is active whatever Moodle says.

    'follow' takes that back: the course's roster decides again. A claim of someone suspended, unenrolled or deleted
    waits until it is recorded here which of the two they are.
    """
    with app_and_store(ctx) as (app, store):
        who = find_learner(store, learner)
        said = Confirmation(What.STATUS, who.lms_id, "", status, "", actor(), app.now(), why)
        keep = store_confirmations.withdraw if status == "follow" else store_confirmations.record
        if not dry_run:
            keep(store, said)
            _settle(app, store, who)
    click.echo(f"{who.id_number or who.lms_id}: {status}{DRY if dry_run else ''}.")


@click.group("confirm")
def confirm_group() -> None:
    """Say what Moodle cannot: a lost grade stands, which of two grades is right, whose a ULN is, what counts again."""


@confirm_group.command("gone")
@click.argument("learner")
@click.argument("item")
@why_option
@dry_run_option
@click.pass_context
def gone_command(ctx: click.Context, learner: str, item: str, why: str, dry_run: bool) -> None:
    """Confirm that LEARNER's grade on ITEM (the assignment's id) stands although Moodle no longer shows it."""
    with app_and_store(ctx) as (app, store):
        who, known = _grade(store, learner, item)
        if not known.gone and item not in store_lms.gone_items(store):
            raise InputError(
                "Moodle still shows that grade: there is nothing to confirm.", "See 'nvqsync claims show'."
            )
        if not dry_run:
            _record(app, store, who, What.GONE, known, "stands", why)
    click.echo(f"{'Would be recorded (dry run)' if dry_run else 'Recorded'}: the grade stands.")


@confirm_group.command("gradebook")
@click.argument("learner")
@click.argument("item")
@click.argument("truth", type=click.Choice(["assignment", "gradebook"]))
@why_option
@dry_run_option
@click.pass_context
def gradebook_command(ctx: click.Context, learner: str, item: str, truth: str, why: str, dry_run: bool) -> None:
    """Say which is the truth about LEARNER's grade on ITEM (the assignment's id): the assignment or the gradebook.

    For every learner of an assignment at once: the key 'gradebook' of the mapping file.
    """
    with app_and_store(ctx) as (app, store):
        who, known = _grade(store, learner, item)
        entry = known.observation.gradebook
        if entry is None or not entry.overridden:
            raise InputError("The gradebook does not override that grade.", "See 'nvqsync claims show'.")
        if not dry_run:
            _record(app, store, who, What.GRADEBOOK, known, truth, why)
    click.echo(f"{'Would be recorded (dry run)' if dry_run else 'Recorded'}: the {truth} is right.")


@confirm_group.command("uln")
@click.argument("uln")
@click.argument("learner")
@why_option
@dry_run_option
@click.pass_context
def uln_command(ctx: click.Context, uln: str, learner: str, why: str, dry_run: bool) -> None:
    """Say that a ULN which several accounts carry is LEARNER's (Moodle ID number or id).

    Until then it blocks them all. Afterwards LEARNER's claims are free, and the other accounts count as having no ULN:
    it is left out of their claims, with a caution until it is cleared in Moodle; a registration made with it blocks
    until the awarding body has corrected it. Said of another learner later, the new word holds.
    """
    with app_and_store(ctx) as (app, store):
        who = find_learner(store, learner)
        carriers = uln_carriers(store, uln)
        if len(carriers) < 2 or who.lms_id not in carriers:
            says = "Two accounts do not carry this ULN." if len(carriers) < 2 else f"{learner} does not carry this ULN."
            raise InputError(says, "Gate ID-05/shared names it where it does: 'nvqsync claims list --blocked'.")
        if not dry_run:
            said = Confirmation(What.ULN, who.lms_id, uln_mark(uln), "theirs", "", actor(), app.now(), why)
            store_confirmations.record_uln_owner(store, said)
            settle(app, store, by=actor(), learners=carriers, propose_new=False)
    others = len(carriers) - 1
    click.echo(
        f"{'Would be recorded (dry run)' if dry_run else 'Recorded'}: the ULN is {who.id_number or who.lms_id}'s. "
        f"{others} other account{' counts' if others == 1 else 's count'} as without one."
    )


@confirm_group.command("progression")
@click.argument("learner")
@click.argument("qualification")
@click.option("--unit", "names", multiple=True, help="Only this unit; may be repeated. Without it, all on offer.")
@why_option
@dry_run_option
@json_option
@click.pass_context
def progression_command(
    ctx: click.Context, learner: str, qualification: str, names: tuple[str, ...], why: str, dry_run: bool, as_json: bool
) -> None:
    """Confirm that units LEARNER achieved under other qualifications count in QUALIFICATION too, by unit reference.

    One confirmation covers every unit on offer ('nvqsync progress LEARNER' lists them). A unit that the same body has
    certificated is held under the candidate number: it counts and is not claimed again. One that another body has
    certificated is declared instead: 'nvqsync adjustments add credit-transfer'. 'adjustments remove' takes one back.
    """
    with app_and_store(ctx) as (app, store):
        who = find_learner(store, learner)
        found = app.plugins.catalogue.find_qualification(qualification)
        row = row_of(app, store, who, found)
        codes = [app.plugins.catalogue.find_unit(found, name).code for name in names] or list(row.offered)
        if not codes:
            says = f"Nothing achieved under another qualification is on offer for {found.id}."
            raise InputError(says, f"See 'nvqsync progress {learner} -q {found.id}'.")
        references = [app.plugins.catalogue.find_unit(found, code).unit.reference for code in dict.fromkeys(codes)]
        new = progressions(found, who.lms_id, references, row.elsewhere, why=why, by=actor(), at=app.now())
        known = store_adjustments.in_force(store, found.id, who.lms_id)
        for one in new:
            check(one, found, app.plugins.catalogue.units, row.outcomes, known, app.today, row.elsewhere)
        after = judged(found, row.learner, row.outcomes, row.elsewhere, [*known, *new], app.plugins.catalogue.units)
        if not dry_run:
            with store.writing(durable=True):
                new = [store_adjustments.record(store, one) for one in new]
            settle(app, store, by=actor(), qualification_ids=[found.id], learners={who.lms_id})
    if as_json:
        print_json([{**adjustment_json(one, after.qualification), "id": one.id or None} for one in new])
        return
    click.echo(
        f"{'Would count (dry run)' if dry_run else 'Recorded. These count'} in {found.id}: "
        f"{', '.join(dict.fromkeys(codes))}."
    )
    click.echo(f"Before: {told(row)}. Now: {told(after)}.")


@confirm_group.command("unmapped")
@click.argument("course")
@why_option
@dry_run_option
@click.pass_context
def unmapped_command(ctx: click.Context, course: str, why: str, dry_run: bool) -> None:
    """Confirm that COURSE (id) is really no longer mapped: its grades count no more, its claims go on hold."""
    with app_and_store(ctx) as (app, store):
        if UNMAPPED not in store_lms.alarms(store).get(course, set()):
            raise UnknownName(f"No alarm waits on course {course}.", "The report of the last pass lists them.")
        if not dry_run:
            _no_longer_mapped(app, store, course, why)
    click.echo(f"Course {course} {'would no longer be followed (dry run)' if dry_run else 'is no longer followed'}.")


def _no_longer_mapped(app: App, store: Store, course: str, why: str) -> None:
    number = store_lms.course_numbers(store)[course][0]
    store_lms.renumber(store, course, number)
    said = Confirmation(What.UNMAPPED, "", course, number or "none", "", actor(), app.now(), why)
    store_confirmations.record(store, said)
    store_lms.clear_alarms(store, course, UNMAPPED)
    settle(app, store, by=actor(), propose_new=False)


def _grade(store: Store, learner: str, item: str) -> tuple[LmsMember, Assessed]:
    who = find_learner(store, learner)
    known = store_lms.grade(store, item, who.lms_id)
    if known is None:
        raise UnknownName(f"No grade of {learner} on item {item} is known.", "'nvqsync mapping check' lists the items.")
    return who, known


def _record(app: App, store: Store, who: LmsMember, what: What, known: Assessed, says: str, why: str) -> None:
    facts = facts_of(what, known)
    said = Confirmation(what, who.lms_id, known.observation.item_id, says, facts, actor(), app.now(), why)
    store_confirmations.record(store, said)
    _settle(app, store, who)


def _settle(app: App, store: Store, who: LmsMember) -> None:
    settle(app, store, by=actor(), learners={who.lms_id}, propose_new=False)
