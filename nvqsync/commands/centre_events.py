"""``centre visit|sanction|lift``: what a body's external quality assurer did, and what the body imposed."""

from __future__ import annotations

import datetime as dt

import click

from nvqsync.centre import Sanction, Visit
from nvqsync.centres import centre_edits
from nvqsync.commands.centre_telling import enter_and_tell, why_option
from nvqsync.commands.common import DAY, app_and_store, dry_run_option, tell
from nvqsync.gating.centre_gates import visit_in_closed_weeks
from nvqsync.people import find_learner


@click.command("sanction")
@click.argument("qualification")
@click.option("--level", required=True, help="As the body's letter calls it, e.g. 'level 2'.")
@click.option("--actions", required=True, help="What the body asked the centre to do.")
@click.option("--from", "start", type=DAY, required=True, help="The first day.")
@click.option(
    "--stops-direct-claims", is_flag=True, help="Claims go to the external quality assurer until it is lifted."
)
@click.option("--stops-claims", is_flag=True, help="Nothing may be claimed until it is lifted.")
@why_option
@dry_run_option
@click.pass_context
def sanction_command(
    ctx: click.Context, qualification: str, level: str, actions: str, start: dt.date, stops_direct_claims: bool,
    stops_claims: bool, why: str, dry_run: bool,
) -> None:  # fmt: skip
    """Record a sanction on QUALIFICATION. A sanction always asks for actions.

    Claims that wait here follow at once: blocked, or on the other route. The same level and day again corrects it.
    """
    with app_and_store(ctx) as (app, store):
        id_ = app.plugins.catalogue.find_qualification(qualification).id
        new = Sanction(id_, level.strip(), actions.strip(), start, None, stops_direct_claims, stops_claims)
        enter_and_tell(app, store, centre_edits.sanction(new), dry_run=dry_run, why=why)


@click.command("lift")
@click.argument("number", type=int)
@click.option("--on", "on", type=DAY, required=True, help="The first day without it.")
@why_option
@dry_run_option
@click.pass_context
def lift_command(ctx: click.Context, number: int, on: dt.date, why: str, dry_run: bool) -> None:
    """Record that the body lifted sanction NUMBER ('nvqsync centre show' gives the numbers)."""
    with app_and_store(ctx) as (app, store):
        enter_and_tell(app, store, centre_edits.lifted(number, on), dry_run=dry_run, why=why)


@click.command("visit")
@click.argument("qualification")
@click.argument("date", type=DAY)
@click.option("--visitor", required=True, help="Who came for the body: external quality assurer, Quality Advisor.")
@click.option("--planned", is_flag=True, help="It is still to come; without this it has taken place.")
@click.option("--final", is_flag=True, help="The last visit before the qualification closes.")
@click.option("--authorises", "learners", multiple=True, metavar="LEARNER",
              help="A learner whose claim it authorised (Moodle ID number or id). Repeat it for each.")  # fmt: skip
@click.option("--everyone-up-to", type=DAY, help="It authorised every unit signed off by this day.")
@click.option("--note", default="", help="What it asked for, or where the report is filed.")
@why_option
@dry_run_option
@click.pass_context
def visit_command(
    ctx: click.Context, qualification: str, date: dt.date, visitor: str, planned: bool, final: bool,
    learners: tuple[str, ...], everyone_up_to: dt.date | None, note: str, why: str, dry_run: bool,
) -> None:  # fmt: skip
    """Record a visit for QUALIFICATION on DATE, planned or done, and what it authorised.

    The same qualification, day and visitor again add to it: a planned visit becomes a done one, learners join those it
    authorised already. To take learners out again, 'nvqsync centre remove visit' and enter it anew.
    """
    with app_and_store(ctx) as (app, store):
        id_ = app.plugins.catalogue.find_qualification(qualification).id
        named = tuple(find_learner(store, one).lms_id for one in learners)
        new = Visit(id_, date, visitor.strip(), not planned, final, named, everyone_up_to, note.strip())
        enter_and_tell(app, store, centre_edits.visit(new), dry_run=dry_run, why=why)
    if visit_in_closed_weeks(new):
        tell("OCR's external quality assurers do not visit between 18 and 31 August (VIS-2): agree another day.")


EVENT_COMMANDS = (visit_command, sanction_command, lift_command)
