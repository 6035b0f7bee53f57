"""``centre``: what the centre records about itself, each fact with who recorded it, and what still lacks."""

from __future__ import annotations

from pathlib import Path

import click

from nvqsync.centre import Account
from nvqsync.centres import centre_file
from nvqsync.centres.centre_documents import shown
from nvqsync.centres.centre_record import KINDS, Approval, CentreNumber, CentreRecord, Item
from nvqsync.commands.centre_events import EVENT_COMMANDS
from nvqsync.commands.centre_people import account_command, staff_group
from nvqsync.commands.centre_show import print_centre, print_qualification
from nvqsync.commands.centre_telling import enter_and_tell, warn_of_strangers
from nvqsync.commands.centre_terms import TERMS_COMMANDS
from nvqsync.commands.common import app_and_store, dry_run_option, json_option, print_json, read_text
from nvqsync.errors import InputError, UnknownName
from nvqsync.people import known_people
from nvqsync.storage import store_centre


@click.group("centre")
def centre_group() -> None:
    """What the centre knows about itself: numbers, approvals, end dates, staff, visits, sanctions.

    Claims wait for what is missing here. 'nvqsync centre show' says what that is, and the command that enters it. Each
    fact is kept in the database and told to the audit log, with what it said before; 'export' and 'import' hold all of
    it in one file.
    """


for _command in (*TERMS_COMMANDS, *EVENT_COMMANDS, staff_group, account_command):
    centre_group.add_command(_command)


@centre_group.command("show")
@click.argument("qualification", required=False)
@json_option
@click.pass_context
def show_command(ctx: click.Context, qualification: str | None, as_json: bool) -> None:
    """Show what is on record, and what is missing and therefore blocks claims, with the command that enters it.

    Without QUALIFICATION: every one that is followed in Moodle or has something on record.
    """
    with app_and_store(ctx) as (app, store):
        document = shown(app, store, qualification)
    if as_json:
        print_json(document)
    elif qualification:
        print_qualification(document, document["qualifications"][0])
    else:
        print_centre(document)


# ---------------------------------------------------------------- taking out


@centre_group.command("remove")
@click.argument("kind", type=click.Choice(list(KINDS.values())))
@click.argument("which")
@click.option("--site", default="", help="For a number: the site it belongs to.")
@click.option("--why", required=True, help="The reason, for the audit log.")
@dry_run_option
@click.pass_context
def remove_command(ctx: click.Context, kind: str, which: str, site: str, why: str, dry_run: bool) -> None:
    """Take out a fact that was recorded in error; the audit log keeps what it said.

    WHICH is the number of a staff entry, sanction or visit, the body of a centre number, the id of a qualification, or
    the name of an account. What has ended is not removed: 'staff end', 'lift' and 'direct-claims --to' say so.
    """
    if not why.strip():
        raise InputError("To take a fact out, say why.", 'Add --why "...".')
    with app_and_store(ctx) as (app, store):
        enter_and_tell(
            app, store, lambda known: known.without(_found(known, kind, which, site)), dry_run=dry_run, why=why
        )


def _found(record: CentreRecord, kind: str, which: str, site: str) -> Item:
    for item in record:
        if KINDS[type(item)] == kind and which in _names(item, site):
            return item
    raise UnknownName(f"There is no {kind} {which!r} on record.", "'nvqsync centre show' lists what there is.")


def _names(item: Item, site: str) -> tuple[str, ...]:
    match item:
        case CentreNumber():
            return (item.awarding_body,) if item.site == site else ()
        case Approval():
            return (item.qualification_id, item.qualification_id.partition("/")[2])
        case Account():
            return (item.name,)
        case _:
            return (str(item.id),)


# ---------------------------------------------------------------- all of it in one file


@centre_group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@dry_run_option
@json_option
@click.pass_context
def import_command(ctx: click.Context, file: Path, dry_run: bool, as_json: bool) -> None:
    """Enter what FILE (TOML) says, all of it or nothing; with --dry-run only show the difference.

    'nvqsync centre export' prints the form; docs/centre.md explains every key. What the file does not mention stays as
    it is on record. Importing the same file again changes nothing.
    """
    read = centre_file.read(read_text(file), file.name)
    with app_and_store(ctx) as (app, store):
        people = known_people(store)
        enter_and_tell(app, store, read.onto, dry_run=dry_run, as_json=as_json,
                       why=f"From {file.name}.")  # fmt: skip
        warn_of_strangers(people, *read.people())


@centre_group.command("export")
@click.pass_context
def export_command(ctx: click.Context) -> None:
    """Print everything on record as one document, which 'nvqsync centre import' reads again.

    It names staff, and the Moodle ids of learners whom visits authorised: keep it as carefully as the database.
    """
    with app_and_store(ctx) as (_, store):
        click.echo(centre_file.written(store_centre.read(store)), nl=False)
