"""``centre number|approve|direct-claims|end-date|iqa-by``: on what terms the centre offers a qualification."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import click

from nvqsync.centres import centre_edits
from nvqsync.centres.centre_edits import Edit
from nvqsync.commands.centre_telling import enter_and_tell, why_option
from nvqsync.commands.common import DAY, app_and_store, dry_run_option

NO_DATE = "none"


@click.command("number")
@click.argument("body")
@click.argument("number")
@click.option("--site", default="", help="The site it belongs to, as registrations name it. Without: the main site.")
@why_option
@dry_run_option
@click.pass_context
def number_command(ctx: click.Context, body: str, number: str, site: str, why: str, dry_run: bool) -> None:
    """Record the centre's NUMBER with an awarding BODY (OCR, EDI, NCFE)."""
    with app_and_store(ctx) as (app, store):
        enter_and_tell(app, store, centre_edits.number(body, number, site), dry_run=dry_run, why=why)


def _edit_terms(
    ctx: click.Context, qualification: str, change: Callable[[str], Edit], *, why: str, dry_run: bool
) -> None:
    with app_and_store(ctx) as (app, store):
        id_ = app.plugins.catalogue.find_qualification(qualification).id
        enter_and_tell(app, store, change(id_), dry_run=dry_run, why=why)


@click.command("approve")
@click.argument("qualification")
@click.option("--on", "on", type=DAY, required=True, help="The day on the body's letter, e.g. 2024-09-01.")
@why_option
@dry_run_option
@click.pass_context
def approve_command(ctx: click.Context, qualification: str, on: dt.date, why: str, dry_run: bool) -> None:
    """Record that the awarding body approved the centre for QUALIFICATION."""
    _edit_terms(ctx, qualification, lambda id_: centre_edits.approved(id_, on), why=why, dry_run=dry_run)


@click.command("direct-claims")
@click.argument("qualification")
@click.option("--from", "start", type=DAY, required=True, help="The first day of direct claim status.")
@click.option("--to", "end", type=DAY, help="The last day. Without: it goes on.")
@why_option
@dry_run_option
@click.pass_context
def direct_claims_command(
    ctx: click.Context, qualification: str, start: dt.date, end: dt.date | None, why: str, dry_run: bool
) -> None:
    """Record direct claim status for QUALIFICATION, and with --to its end.

    Without it an OCR claim goes out and waits for the external quality assurer; an EDI or NCFE claim stays here until
    a visit that authorised it is recorded ('nvqsync centre visit').
    """
    _edit_terms(ctx, qualification, lambda id_: centre_edits.direct_claims(id_, start, end), why=why, dry_run=dry_run)


@click.command("end-date")
@click.argument("qualification")
@click.argument("which", type=click.Choice(["registration", "certification"]))
@click.argument("date")
@click.option("--checked-on", type=DAY, required=True, help="The day you looked it up in the regulator's register.")
@why_option
@dry_run_option
@click.pass_context
def end_date_command(
    ctx: click.Context, qualification: str, which: str, date: str, checked_on: dt.date, why: str, dry_run: bool
) -> None:
    """Record the last day to register for QUALIFICATION, or to claim for it, as the regulator's register gives it.

    DATE is a day, or 'none' where the register gives none. A day that the awarding body published cannot be replaced.
    """
    on = None if date.casefold() == NO_DATE else DAY.convert(date, None, ctx)
    _edit_terms(
        ctx, qualification, lambda id_: centre_edits.end_date(id_, which, on, checked_on), why=why, dry_run=dry_run
    )


@click.command("iqa-by")
@click.argument("qualification")
@click.argument("what", type=click.Choice(["learner", "cohort"]))
@why_option
@dry_run_option
@click.pass_context
def iqa_by_command(ctx: click.Context, qualification: str, what: str, why: str, dry_run: bool) -> None:
    """Say whether the IQA of QUALIFICATION releases learner by learner (as it starts), or a whole cohort at once."""
    cohort = what == "cohort"
    _edit_terms(ctx, qualification, lambda id_: centre_edits.iqa_by(id_, cohort=cohort), why=why, dry_run=dry_run)


TERMS_COMMANDS = (number_command, approve_command, direct_claims_command, end_date_command, iqa_by_command)
