"""``centre staff`` and ``centre account``: who assesses and verifies, and who the accounts of nvqsync are in Moodle."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click

from nvqsync.centre import Account, Staff, StaffRole
from nvqsync.centres import centre_edits
from nvqsync.centres.centre_documents import staff_json
from nvqsync.commands.centre_show import STAFF_HEADS, staff_row
from nvqsync.commands.centre_telling import enter_and_tell, warn_of_strangers, why_option
from nvqsync.commands.common import DAY, app_and_store, dry_run_option, json_option, print_json
from nvqsync.commands.tables import table
from nvqsync.people import known_people, person
from nvqsync.storage import store_centre


@click.group("staff")
def staff_group() -> None:
    """Assessors and IQAs: who they are in Moodle, for what and since when."""


@staff_group.command("add")
@click.argument("who", metavar="MOODLE_ID")
@click.option("--role", type=click.Choice([role.value for role in StaffRole]), required=True, help="What they do.")
@click.option("--from", "start", type=DAY, required=True, help="Their first day.")
@click.option("--to", "end", type=DAY, help="Their last day. Without: it goes on.")
@click.option("--qualification", "-q", help="Only for this qualification, e.g. OCR/03455. Without: for every one.")
@click.option("--name", default="", help="Their name. Without: as Moodle has it.")
@click.option("--qualified-on", type=DAY, help="The day they gained the assessor's or verifier's unit.")
@click.option("--countersigner", default="", metavar="ID", help="Who countersigns their decisions until then.")
@click.option("--signature-on", type=DAY, help="The day their sample signature was filed.")
@why_option
@dry_run_option
@click.pass_context
def add_command(
    ctx: click.Context, /, who: str, role: str, qualification: str | None, why: str, dry_run: bool, **about: Any
) -> None:
    """Record an assessor or IQA by MOODLE_ID (or Moodle ID number).

    The same person, role, qualification and first day again adds to what is on record: a unit gained since, a signature
    filed. Somebody who is on no course that was read is recorded with a warning.
    """
    with app_and_store(ctx) as (app, store):
        people = known_people(store)
        known, other = person(people, who), person(people, about["countersigner"])
        new = Staff(
            known.lms_id, about["name"].strip() or known.name, StaffRole(role), about["start"], about["end"],
            app.plugins.catalogue.find_qualification(qualification).id if qualification else "",
            about["qualified_on"], other.lms_id, about["signature_on"],
        )  # fmt: skip
        enter_and_tell(app, store, centre_edits.staff(new), dry_run=dry_run, why=why)
        warn_of_strangers(people, new.lms_id, new.countersigner)


@staff_group.command("list")
@click.option("--qualification", "-q", help="Only those who act for this qualification.")
@json_option
@click.pass_context
def list_command(ctx: click.Context, qualification: str | None, as_json: bool) -> None:
    """List the assessors and IQAs on record, those who have left included."""
    with app_and_store(ctx) as (app, store):
        only = app.plugins.catalogue.find_qualification(qualification).id if qualification else ""
        found = [one for one in store_centre.read(store).staff if not only or one.qualification_id in ("", only)]
    if as_json:
        print_json([staff_json(one) for one in found])
    elif not found:
        click.echo("Nobody is on record. 'nvqsync centre staff add --help' tells how to enter them.")
    else:
        click.echo(table(STAFF_HEADS, [staff_row(one) for one in found]))


@staff_group.command("end")
@click.argument("number", type=int)
@click.option("--on", "on", type=DAY, required=True, help="Their last day.")
@why_option
@dry_run_option
@click.pass_context
def end_command(ctx: click.Context, number: int, on: dt.date, why: str, dry_run: bool) -> None:
    """Record the last day of staff entry NUMBER ('staff list' gives the numbers)."""
    with app_and_store(ctx) as (app, store):
        enter_and_tell(app, store, centre_edits.staff_ended(number, on), dry_run=dry_run, why=why)


@click.command("account")
@click.argument("name")
@click.option("--moodle", "lms_id", default="", metavar="ID", help="Their Moodle id or ID number.")
@click.option("--no-moodle", is_flag=True, help="They have no Moodle account.")
@why_option
@dry_run_option
@click.pass_context
def account_command(ctx: click.Context, name: str, lms_id: str, no_moodle: bool, why: str, dry_run: bool) -> None:
    """Say who the account NAME (the system account, or $NVQSYNC_ACTOR) is in Moodle, or that they are nobody there.

    Whoever approves a claim must be on record here: nobody approves what they assessed or verified themselves.
    """
    with app_and_store(ctx) as (app, store):
        people = known_people(store)
        new = Account(name.strip(), person(people, lms_id).lms_id, no_moodle)
        enter_and_tell(app, store, lambda before: before.with_items(new), dry_run=dry_run, why=why)
        warn_of_strangers(people, new.lms_id)
