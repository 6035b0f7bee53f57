"""``registrations``: whom the awarding bodies know, for what, and since when."""

from __future__ import annotations

from pathlib import Path

import click

from nvqsync import registrations, store_claims, store_lms
from nvqsync.bootstrap import actor
from nvqsync.commands.common import app_and_store, dry_run_option, json_option, print_json, tell
from nvqsync.commands.tables import table
from nvqsync.errors import InputError
from nvqsync.settling import settle

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
    """Import registrations from FILE (CSV). Importing the same file again changes nothing.

    A line that cannot be used is reported with its number and the remedy; the others are imported. Exit status 1 when
    there was such a line. 'nvqsync registrations template' prints the columns.
    """
    text = _read(file)
    with app_and_store(ctx) as (app, store):
        known = store_claims.registrations(store)
        found = registrations.read(text, app.plugins.catalogue, store_lms.learners(store), known)
        added, changed = map(len, store_claims.differing_registrations(store, found.registrations))
        if not dry_run:
            added, changed = store_claims.record_registrations(store, found.registrations, actor=actor(), at=app.now())
            settle(app, store, by="nvqsync", learners={r.learner_id for r in found.registrations}, propose_new=False)
    if as_json:
        errors = [{"line": error.line, "says": error.says} for error in found.errors]
        print_json({"read": len(found.registrations), "added": added, "changed": changed, "errors": errors})
    else:
        dry = " Nothing was written (dry run)." if dry_run else ""
        click.echo(f"{len(found.registrations)} registrations read: {added} new, {changed} changed.{dry}")
        for error in found.errors[:MANY]:
            tell(f"{file.name}, line {error.line}: {error.says}")
        if len(found.errors) > MANY:
            tell(f"... and {len(found.errors) - MANY} more lines that cannot be used: see them all with --json.")
    ctx.exit(1 if found.errors else 0)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
        if len(content) > LARGEST:
            says = f"{file} is larger than {LARGEST // 2**20} MB: no list of registrations is."
            raise InputError(says, "Check the name of the file.")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Check the name of the file.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is not UTF-8 text.", "Save the sheet as 'CSV UTF-8' and try again.") from error


@registrations_group.command("template")
def template_command() -> None:
    """Print the columns of the file, ready to fill in; what goes into each is told on standard error."""
    click.echo(registrations.template(), nl=False)
    tell(table(("Column", "What goes into it"), list(registrations.COLUMNS.items())))


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
        }
        for r in found
    ]
    if as_json:
        print_json(rows)
        return
    heads = ("ID number", "Name", "Qualification", "Entry", "Candidate", "Registered")
    keys = ("qualification", "entry", "candidate_number", "registered_on")
    click.echo(table(heads, [(r["learner"]["id_number"], r["learner"]["name"], *(r[k] for k in keys)) for r in rows]))  # type: ignore[index]
