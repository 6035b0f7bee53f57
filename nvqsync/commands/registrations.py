"""``registrations``: whom the awarding bodies know, for what, and since when."""

from __future__ import annotations

from pathlib import Path

import click

from nvqsync import registering, registrations, workbooks
from nvqsync.bootstrap import actor
from nvqsync.commands.common import app_and_store, dry_run_option, json_option, print_json, read_bytes, tell
from nvqsync.commands.tables import table
from nvqsync.errors import InputError
from nvqsync.model import Entry, Registration
from nvqsync.people import find_learner
from nvqsync.settling import settle
from nvqsync.storage import store_claims, store_lms
from nvqsync.workbooks import is_workbook

MANY = 50
LARGEST = 64 * 2**20


@click.group("registrations")
def registrations_group() -> None:
    """Registrations with the awarding bodies (OCR: entries). A claim needs one."""


@registrations_group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@dry_run_option
@json_option
@click.pass_context
def import_command(ctx: click.Context, file: Path, dry_run: bool, as_json: bool) -> None:
    """Import registrations from FILE: CSV, or the first sheet of a workbook (.xlsx). The same again changes nothing.

    A row names its learner by Moodle ID number, else by ULN, else by candidate number, never by name. One that cannot
    be used is reported with its line (in a workbook: its row) and the remedy; the others are imported. Exit status 1
    when there was such a line. 'nvqsync registrations template' prints the columns.
    """
    content = read_bytes(file, LARGEST)
    with app_and_store(ctx) as (app, store):
        if dry_run:
            done = registering.plan(app, store, content, str(file))
        else:
            done = registering.take_in(app, store, content, str(file), by=actor())
    found, added, changed, book = done.found, len(done.added), len(done.changed), is_workbook(content)
    if as_json:
        errors = [{"line": error.line, "says": error.says} for error in found.errors]
        print_json({"read": len(found.registrations), "added": added, "changed": changed, "errors": errors})
    else:
        dry = " Nothing was written (dry run)." if dry_run else ""
        click.echo(f"{len(found.registrations)} registrations read: {added} new, {changed} changed.{dry}")
        for error in found.errors[:MANY]:
            tell(f"{file.name}, {'row' if book else 'line'} {error.line}: {error.says}")
        if len(found.errors) > MANY:
            tell(f"... and {len(found.errors) - MANY} more lines that cannot be used: see them all with --json.")
    ctx.exit(1 if found.errors else 0)


@registrations_group.command("template")
@click.option("--xlsx", type=click.Path(path_type=Path), help="Write a workbook to this file instead.")
def template_command(xlsx: Path | None) -> None:
    """Print the columns of the file, ready to fill in; what goes into each is told on standard error.

    With --xlsx FILE a workbook is written, with the columns explained on its second sheet. No file is overwritten.
    """
    if xlsx:
        _write_new(xlsx, workbooks.template(registrations.COLUMNS, registrations.DAYS))
        click.echo(f"Written to {xlsx}. Fill in its first sheet, then: nvqsync registrations import {xlsx}")
        return
    click.echo(registrations.template(), nl=False)
    tell(table(("Column", "What goes into it"), list(registrations.COLUMNS.items())))


def _write_new(file: Path, content: bytes) -> None:
    try:
        with file.open("xb") as opened:
            opened.write(content)
    except FileExistsError as error:
        raise InputError(f"{file} exists already.", "Give another name, or remove it first.") from error
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.", "Check the folder.") from error


@registrations_group.command("amend")
@click.argument("learner")
@click.argument("qualification")
@click.argument("entry", type=click.Choice([entry.value for entry in Entry]))
@click.option("--why", required=True, help="The reason, for the audit log: who amended it at the body, and when.")
@dry_run_option
@json_option
@click.pass_context
def amend_command(
    ctx: click.Context, learner: str, qualification: str, entry: str, why: str, dry_run: bool, as_json: bool
) -> None:
    """Record that the body amended LEARNER's registration for QUALIFICATION to ENTRY.

    OCR takes an entry for the full award or for units, never both. Have OCR amend it first; then record it here.
    """
    wanted = Entry(entry)
    with app_and_store(ctx) as (app, store):
        who = find_learner(store, learner)
        found = app.plugins.catalogue.find_qualification(qualification)
        mine = [one for one in store_claims.registrations(store, found.id) if one.learner_id == who.lms_id]
        known = _amendable(mine, wanted, found.id)
        if not dry_run:
            store_claims.amend_entry(store, known, wanted, actor=actor(), at=app.now(), why=why)
            settle(app, store, by="nvqsync", learners={who.lms_id}, propose_new=False)
    if as_json:
        told = {"learner": who.lms_id, "qualification": found.id, "before": known.entry.value, "entry": entry}
        print_json({**told, "amended": not dry_run})
    else:
        did = "would be amended (dry run)" if dry_run else "amended"
        click.echo(f"{found.id}: the entry {did} from {known.entry.value} to {entry}.")


def _amendable(mine: list[Registration], wanted: Entry, qualification_id: str) -> Registration:
    """The one registration that can be amended. Raises ``InputError``."""
    if not mine:
        says = f"This learner is not registered for {qualification_id}."
        raise InputError(says, "Import the registration: 'nvqsync registrations import'.")
    if any(one.entry is wanted for one in mine):
        says = f"The learner is registered for {qualification_id} with the entry {wanted.value} already."
        raise InputError(says, "See 'nvqsync registrations list'.")
    return mine[0]


@registrations_group.command("list")
@json_option
@click.pass_context
def list_command(ctx: click.Context, as_json: bool) -> None:
    """List the registrations recorded. Dates of birth and ULNs are not shown."""
    with app_and_store(ctx) as (_, store):
        found = store_claims.registrations(store)
        learners = {member.lms_id: member for member in store_lms.learners(store)}
    rows = [
        {
            "learner": {"lms_id": r.learner_id, "id_number": learners[r.learner_id].id_number, "name": r.name},
            "qualification": r.qualification_id,
            "entry": r.entry.value,
            "candidate_number": r.candidate_number,
            "registered_on": r.registered_on.isoformat(),
            "start": r.start.isoformat() if r.start else None,
            "end": r.end.isoformat() if r.end else None,
            "site": r.site or None,
        }
        for r in found
    ]
    if as_json:
        print_json(rows)
        return
    heads = ("ID number", "Name", "Qualification", "Entry", "Candidate", "Registered", "Start", "End", "Site")
    keys = ("qualification", "entry", "candidate_number", "registered_on", "start", "end", "site")
    click.echo(table(heads, [(r["learner"]["id_number"], r["learner"]["name"], *(r[k] for k in keys)) for r in rows]))  # type: ignore[index]
