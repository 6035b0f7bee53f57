"""``centre number|approve|direct-claims|end-date|iqa-by``: on what terms the centre offers a qualification."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import click

from nvqsync.centre import EndDate
from nvqsync.centre_record import Approval, CentreNumber
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
        new = CentreNumber(body.strip().upper(), number.strip(), site.strip())
        enter_and_tell(app, store, lambda before: before.with_items(new), dry_run=dry_run, why=why)


def _edit_approval(
    ctx: click.Context, qualification: str, change: Callable[[Approval], Approval], *, why: str, dry_run: bool
) -> None:
    with app_and_store(ctx) as (app, store):
        id_ = app.plugins.catalogue.find_qualification(qualification).id
        enter_and_tell(
            app, store, lambda before: before.with_items(change(before.approval(id_))), dry_run=dry_run, why=why
        )


@click.command("approve")
@click.argument("qualification")
@click.option("--on", "on", type=DAY, required=True, help="The day on the body's letter, e.g. 2024-09-01.")
@why_option
@dry_run_option
@click.pass_context
def approve_command(ctx: click.Context, qualification: str, on: dt.date, why: str, dry_run: bool) -> None:
    """Record that the awarding body approved the centre for QUALIFICATION."""
    _edit_approval(ctx, qualification, lambda known: replace(known, approved_on=on), why=why, dry_run=dry_run)


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

    def change(known: Approval) -> Approval:
        return replace(known, direct_claim_from=start, direct_claim_to=end)

    _edit_approval(ctx, qualification, change, why=why, dry_run=dry_run)


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
    end = EndDate(True, on, checked_on)

    def change(known: Approval) -> Approval:
        if which == "registration":
            return replace(known, registration_end=end)
        return replace(known, certification_end=end)

    _edit_approval(ctx, qualification, change, why=why, dry_run=dry_run)


@click.command("iqa-by")
@click.argument("qualification")
@click.argument("what", type=click.Choice(["learner", "cohort"]))
@why_option
@dry_run_option
@click.pass_context
def iqa_by_command(ctx: click.Context, qualification: str, what: str, why: str, dry_run: bool) -> None:
    """Say whether the IQA of QUALIFICATION releases learner by learner (as it starts), or a whole cohort at once."""
    by_cohort = what == "cohort"
    _edit_approval(ctx, qualification, lambda known: replace(known, iqa_by_cohort=by_cohort), why=why, dry_run=dry_run)


TERMS_COMMANDS = (number_command, approve_command, direct_claims_command, end_date_command, iqa_by_command)
