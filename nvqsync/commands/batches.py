"""``export``, ``reconcile`` and ``batches``: approved claims go out, answers come back, sheets are printed again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import click

from nvqsync.bootstrap import App, actor
from nvqsync.clock import iso
from nvqsync.commands.common import app_and_store, dry_run_option, json_option, print_json, tell
from nvqsync.commands.tables import table
from nvqsync.exporting import check_restored, export
from nvqsync.handover.foreseeing import Foreseen, export_foreseen, reconcile_foreseen
from nvqsync.handover.reconciling import ExportReport, reconcile
from nvqsync.handover.sheets import print_again
from nvqsync.handover.ticking_off import ToDo
from nvqsync.storage import store_sheets
from nvqsync.store import Store

SHOWN = 8
"""Claims of a batch named in a line; ``--json`` names them all."""

AS_IT_STANDS = "These are the facts in the database: an export reads them from Moodle again first."


@click.command("export")
@click.option("--after-restore", is_flag=True, help="I have looked at what went out since the backup: go on.")
@dry_run_option
@json_option
@click.pass_context
def export_command(ctx: click.Context, after_restore: bool, dry_run: bool, as_json: bool) -> None:
    """Write approved claims to batch files and hand them to the portal, where the settings name one.

    One batch holds one awarding body, centre, qualification and route. Interrupted anywhere, the same command goes on
    where it stopped: no claim is lost and none is sent twice. A dry run says which claims would go, in which batches
    and by which route, and which would stay and why, on the facts in the database: a real one reads them again first.
    """
    if dry_run:
        work = partial(_export_foreseen, after_restore=after_restore)
        foreseen = _foreseen(ctx, work, as_json=as_json, note=AS_IT_STANDS)
        ctx.exit(1 if foreseen.stays else 0)
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
@click.option("--certificates", is_flag=True, help="Ask about certificated claims too: has one been revoked?")
@dry_run_option
@json_option
@click.pass_context
def reconcile_command(ctx: click.Context, certificates: bool, dry_run: bool, as_json: bool) -> None:
    """Ask the portal what became of the claims that have gone out: acknowledged, returned, certificated, revoked.

    What asking cannot settle is listed for a person to tick off: claims to key, to look up, or to have taken back.
    Where the settings name no portal, or it does not reach a body, that is every claim of that body that has gone out.
    The list is printed even when the portal fails altogether; the exit status is 3 then. A dry run asks nobody and says
    which claims would be asked about.
    """
    if dry_run:
        _foreseen(ctx, partial(reconcile_foreseen, certificates=certificates), as_json=as_json)
        return
    with app_and_store(ctx) as (app, store):
        portal = app.open_portal()
        try:
            report = reconcile(app, store, portal, by=actor(), certificates=certificates)
        finally:
            if portal:
                portal.close()
    if as_json:
        print_json(report.as_json())
    else:
        _print(report, written=False)
    if report.failure:
        raise report.failure
    ctx.exit(1 if report.problems else 0)


def _print(report: ExportReport, *, written: bool) -> None:
    if written and not (report.batches or report.answers or report.held or report.problems):
        click.echo("Nothing to export: no approved claim is waiting.")
    for batch in report.batches:
        claims = "1 claim" if batch["claims"] == 1 else f"{batch['claims']} claims"
        click.echo(f"Batch {batch['id']}: {claims}, {batch['route']}, {len(batch['files'])} files in "
                   f"{batch['files'][0].rpartition('/')[0] if batch['files'] else '-'}")  # fmt: skip
    if report.answers:
        click.echo(table(("Claims now", "How many"), [(k.replace("_", " "), n) for k, n in report.answers.items()]))
    elif not (written or report.failure):
        click.echo("Nothing new from the portal.")
    for claim_id in report.held:
        tell(f"Claim {claim_id} was not sent: something under it changed. See 'nvqsync claims show {claim_id}'.")
    for problem in () if report.failure and len(report.problems) == 1 else report.problems:
        tell(problem)
    _print_tick_off(report.tick_off)


def _print_tick_off(listed: Sequence[ToDo]) -> None:
    if listed:
        heads = ("Body", "Batch", "Status", "Claims", "What a person does")
        rows = [(one.awarding_body, one.batch, one.status.replace("_", " "), _some(one.claims), one.says)
                for one in listed]  # fmt: skip
        click.echo(f"To be ticked off by a person:\n{table(heads, rows)}")


def _export_foreseen(app: App, store: Store, *, after_restore: bool) -> Foreseen:
    check_restored(store, looked=after_restore)
    return export_foreseen(app, store)


def _foreseen(
    ctx: click.Context, work: Callable[[App, Store], Foreseen], *, as_json: bool, note: str = ""
) -> Foreseen:  # fmt: skip
    """What would be done, printed. SQLite itself refuses to write meanwhile."""
    with app_and_store(ctx) as (app, store):
        store.execute("PRAGMA query_only = ON")
        with store.reading():
            foreseen = work(app, store)
    if as_json:
        print_json(foreseen.as_json())
    else:
        _print_foreseen(foreseen)
        tell(f"Nothing was written and nobody asked (dry run). {note}".rstrip())
    return foreseen


def _print_foreseen(foreseen: Foreseen) -> None:
    if foreseen.batches:
        heads = ("Batch", "Qualification", "Centre", "Route", "Then", "Claims")
        rows = [
            (one.batch or "(new)", one.qualification, one.centre_number, one.route,
             "to the portal" if one.portal else "to be keyed", _some(one.claims))
            for one in foreseen.batches
        ]  # fmt: skip
        click.echo(f"Would go:\n{table(heads, rows)}")
    if foreseen.asks:
        asked = [(one.awarding_body, one.centre_number, one.batch, _some(one.claims)) for one in foreseen.asks]
        click.echo(f"The portal would be asked about:\n{table(('Body', 'Centre', 'Batch', 'Claims'), asked)}")
    for one in foreseen.stays:
        tell(f"Claim {one.claim} would stay: {one.says}")
    _print_tick_off(foreseen.tick_off)
    if not (foreseen.batches or foreseen.asks or foreseen.stays):
        click.echo("Nothing would be sent or asked.")


def _some(numbers: Sequence[int]) -> str:
    """Claims by their numbers, the first few of many."""
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return f"{', '.join(map(str, numbers[:SHOWN]))}{more}"


@click.group("batches")
def batches_group() -> None:
    """The batches that were made, and their keying sheets.

    Sheets are numbered through, and a reprint says that it is one.
    """


@batches_group.command("list")
@json_option
@click.pass_context
def list_command(ctx: click.Context, as_json: bool) -> None:
    """List the batches: keying sheet's number, how many claims, how many still wait to be keyed or handed over."""
    with app_and_store(ctx) as (_, store):
        rows = store_sheets.batch_rows(store)
    if as_json:
        print_json([
            {"batch": row["id"], "sheet": row["sheet"], "awarding_body": row["awarding_body"],
             "centre_number": row["centre_number"], "qualification": row["qualification_id"], "route": row["route"],
             "created_at": iso(row["created_at"]), "state": row["state"], "claims": row["claims"],
             "waiting": row["waiting"], "sheets_printed": row["sheets_printed"]}
            for row in rows
        ])  # fmt: skip
        return
    keys = ("sheet", "id", "qualification_id", "route", "state", "claims", "waiting", "sheets_printed")
    heads = ("Sheet", "Batch", "Qualification", "Route", "State", "Claims", "Waiting", "Printed")
    click.echo(table(heads, [tuple(row[key] for key in keys) for row in rows]))


@batches_group.command("sheet")
@click.argument("batch")
@click.option("--why", default="", help="Why it is printed again. It goes into the audit log.")
@dry_run_option
@json_option
@click.pass_context
def sheet_command(ctx: click.Context, batch: str, why: str, dry_run: bool, as_json: bool) -> None:
    """Print the keying sheet of BATCH (its id or its sheet's number) again, into the export folder.

    It is marked as a duplicate, with its number, and says at each claim that was keyed or left the batch that it must
    not be keyed. Who printed it is kept in the audit log.
    """
    with app_and_store(ctx) as (app, store):
        sheet = print_again(app, store, batch, by=actor(), why=why, dry_run=dry_run)
    done = sorted(claim.claim_id for claim in sheet.batch.claims if claim.note)
    if as_json:
        print_json({"batch": sheet.batch.id, "sheet": sheet.batch.sheet, "duplicate": sheet.batch.duplicate,
                    "not_to_key": done, "file": str(sheet.path) if sheet.path else None})  # fmt: skip
        return
    what = f"duplicate no. {sheet.batch.duplicate}" if sheet.batch.duplicate else "original"
    where = f": {sheet.path}" if sheet.path else " would be printed. Nothing was written (dry run)."
    click.echo(f"Keying sheet no. {sheet.batch.sheet} of batch {sheet.batch.id}, {what}{where}")
    if done:
        tell(f"Not to be keyed any more: claims {', '.join(map(str, done))}.")
