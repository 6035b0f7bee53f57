"""``claims recount``: the counts of the queue, made anew from its claims."""

from __future__ import annotations

import click

from nvqsync.commands.common import app_and_store, dry_run_option
from nvqsync.storage import store_counts


@click.command("recount")
@dry_run_option
@click.pass_context
def recount_command(ctx: click.Context, dry_run: bool) -> None:
    """Count the queue anew from its claims, where 'nvqsync doctor' found that its counts are wrong.

    No claim is changed. The counts are kept by the database itself, so that the pages need not count.
    """
    with app_and_store(ctx) as (_, store):
        wrong = store_counts.differing(store) if dry_run else store_counts.count_anew(store)
    one = wrong == 1
    if not wrong:
        click.echo("Every count is right.")
    elif dry_run:
        click.echo(f"{wrong} {'count is' if one else 'counts are'} wrong. Nothing was changed (dry run).")
    else:
        click.echo(f"{wrong} {'count was' if one else 'counts were'} wrong; the queue is counted anew.")
