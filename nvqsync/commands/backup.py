"""``backup`` and ``restore``: copies of the database, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from nvqsync import backup, restoring
from nvqsync.bootstrap import actor
from nvqsync.commands.common import app_and_store, app_of, dry_run_option, json_option, print_json, tell
from nvqsync.commands.tables import table
from nvqsync.errors import StoreError

FOLDER = click.Path(file_okay=False, path_type=Path)
MOST = 20
"""So many ids are listed at most."""


@click.group("backup", invoke_without_command=True)
@click.option("--to", "folder", type=FOLDER, help="Into this folder; the settings name one as backup.folder.")
@json_option
@click.pass_context
def backup_group(ctx: click.Context, folder: Path | None, as_json: bool) -> None:
    """Back up the database while it is in use, check the copy, and delete old ones.

    Kept are the newest `backup.keep` copies and the first of each of the newest `backup.keep_months` months. Batch
    files are not in it: each batch stands in the database.
    """
    if ctx.invoked_subcommand:
        return
    with app_and_store(ctx) as (app, store):
        wanted = app.settings.backup
        into = folder or wanted.folder
        made = backup.make(store, into, now=app.now(), encrypt_to=wanted.encrypt_to)
        gone = backup.rotate(into, keep=wanted.keep, keep_months=wanted.keep_months)
    manifest = backup.read_manifest(backup.manifest_of(made))
    assert manifest is not None  # noqa: S101  (it was written a moment ago)
    if as_json:
        print_json({**asdict(manifest), "path": str(made), "deleted": [path.name for path in gone]})
        return
    click.echo(
        f"{made}: {manifest.size:,} bytes, checked; audit log up to entry {manifest.audit_head.partition(':')[0]}."
    )
    for path in gone:
        click.echo(f"Deleted {path.name}: its time is over.")


@backup_group.command("list")
@click.option("--in", "folder", type=FOLDER, help="In this folder.")
@json_option
@click.pass_context
def list_command(ctx: click.Context, folder: Path | None, as_json: bool) -> None:
    """List the backups, newest first, with what each holds."""
    into = folder or app_of(ctx).settings.backup.folder
    rows = [(path, _document(path)) for path in backup.backups(into)]
    if as_json:
        print_json([{"file": str(path), "manifest": asdict(told) if told else None} for path, told in rows])
        return
    if not rows:
        tell(f"There is no backup in {into}. Make one with 'nvqsync backup'.")
    heads = ("File", "Bytes", "Claims", "Audit entries", "nvqsync")
    click.echo(table(heads, [_row(path, told) for path, told in rows]))


def _listed(ids: Sequence[object]) -> str:
    return ", ".join(map(str, ids[:MOST])) + (" ..." if len(ids) > MOST else "")


def _document(path: Path) -> backup.Manifest | None:
    """What stands beside a backup. One that cannot be read is told, and hides none of the others."""
    try:
        return backup.read_manifest(backup.manifest_of(path))
    except StoreError as error:
        tell(error.says)
        return None


def _row(path: Path, told: backup.Manifest | None) -> tuple[object, ...]:
    if told is None:
        return (path.name, path.stat().st_size, "?", "?", "?")
    return (path.name, told.size, told.counts.get("claims", "?"), told.counts.get("audit", "?"), told.nvqsync)


@backup_group.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
def verify_command(file: Path) -> None:
    """Check a backup: against its document, against itself, and the audit log in it."""
    told = backup.verify(file)
    click.echo(f"{file.name} is whole." + ("" if told else " There is no document beside it to compare it with."))


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Put it in the place of the database in use, which is kept beside it.")
@dry_run_option
@click.pass_context
def restore_command(ctx: click.Context, file: Path, replace: bool, dry_run: bool) -> None:
    """Put a backup in the database's place. Stop the service first; the backup is verified before anything is touched.

    Says what the backup lacks. Claims that went out after it was made are unknown to the restored database: 'nvqsync
    export' waits until 'nvqsync export --after-restore' says that a person has looked.
    """
    app = app_of(ctx)
    found = restoring.compare(file, app.settings.database)
    click.echo(f"{file.name} is whole; its audit log ends at entry {found.audit_head.partition(':')[0] or 'none'}.")
    if found.entries_lost:
        click.echo(f"The database in use has {found.entries_lost} later entries, which the restored one will lack.")
    if found.sent_since:
        click.echo(f"Sent after the backup was made: claims {_listed(found.sent_since)}.")
    if found.erased_since:
        click.echo(
            f"Erased after it was made, and there again once it is restored: learners {_listed(found.erased_since)} "
            "(ids in the LMS). Erase them again: 'nvqsync retention apply' or 'nvqsync learner erase'."
        )
    if dry_run:
        click.echo("Nothing was touched.")
        return
    aside = restoring.restore(file, app.settings.database, replace=replace, now=app.now(), by=actor())
    click.echo(f"Restored into {app.settings.database}.")
    if aside:
        click.echo(f"The database that was there is now {aside.name}.")
    click.echo("Next: nvqsync audit verify, nvqsync sync --full, then compare what went out (nvqsync claims list) "
               "and start the service.")  # fmt: skip
