"""``export`` and ``reconcile``: approved claims go out, and answers come back."""

from __future__ import annotations

import click

from nvqsync.bootstrap import actor
from nvqsync.commands.common import app_and_store, json_option, print_json, tell
from nvqsync.commands.tables import table
from nvqsync.errors import SettingsError
from nvqsync.exporting import export
from nvqsync.reconciling import ExportReport, reconcile


@click.command("export")
@click.option("--after-restore", is_flag=True, help="I have looked at what went out since the backup: go on.")
@json_option
@click.pass_context
def export_command(ctx: click.Context, after_restore: bool, as_json: bool) -> None:
    """Write approved claims to batch files and hand them to the portal, where the settings name one.

    One batch holds one awarding body, centre, qualification and route. Interrupted anywhere, the same command goes on
    where it stopped: no claim is lost and none is sent twice.
    """
    with app_and_store(ctx) as (app, store):
        portal = app.open_portal()
        try:
            report = export(app, store, portal, by=actor(), after_restore=after_restore)
        finally:
            if portal:
                portal.close()
    if as_json:
        print_json(report.as_json())
    else:
        _print(report, written=True)
    ctx.exit(1 if report.problems or report.held else 0)


@click.command("reconcile")
@json_option
@click.pass_context
def reconcile_command(ctx: click.Context, as_json: bool) -> None:
    """Ask the portal what became of the claims that have gone out: acknowledged, returned, certificated."""
    with app_and_store(ctx) as (app, store):
        portal = app.open_portal()
        if portal is None:
            raise SettingsError("No portal is named in the settings.", "Set [portal] name and url.")
        try:
            report = reconcile(app, store, portal, by=actor())
        finally:
            portal.close()
    if as_json:
        print_json(report.as_json())
    else:
        _print(report, written=False)
    ctx.exit(1 if report.problems else 0)


def _print(report: ExportReport, *, written: bool) -> None:
    if written and not report.batches:
        click.echo("Nothing to export: no approved claim is waiting.")
    for batch in report.batches:
        click.echo(f"Batch {batch['id']}: {batch['claims']} claims, {batch['route']}, {len(batch['files'])} files in "
                   f"{batch['files'][0].rpartition('/')[0] if batch['files'] else '-'}")  # fmt: skip
    if report.answers:
        click.echo(table(("Claims now", "How many"), [(k.replace("_", " "), n) for k, n in report.answers.items()]))
    elif not written:
        click.echo("Nothing new from the portal.")
    for claim_id in report.held:
        tell(f"Claim {claim_id} was not sent: its facts changed. See 'nvqsync claims show {claim_id}'.")
    for problem in report.problems:
        tell(problem)
