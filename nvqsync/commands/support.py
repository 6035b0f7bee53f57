"""``support-bundle``: what a maintainer needs, in one file, and nothing personal."""

from __future__ import annotations

from pathlib import Path

import click

from nvqsync.commands.common import tell
from nvqsync.commands.tables import table
from nvqsync.health import support_bundle
from nvqsync.health.support_parts import PARTS


@click.command("support-bundle")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--list", "show", is_flag=True, help="Say what would be in it; make nothing.")
@click.pass_context
def support_command(ctx: click.Context, file: Path | None, show: bool) -> None:
    """Gather what a maintainer needs to help into FILE.zip, without anybody's data.

    Versions, settings, the doctor's findings, figures, pass reports, tables, plugins, gates and log lines. Left out are
    names, numbers and dates of birth of people, titles of courses and assignments, secrets and addresses. The file may
    be read by its owner alone. Nothing is sent: look through it, then attach it yourself.
    """
    if show:
        click.echo(table(("File", "What it tells"), [(part.name, part.about) for part in PARTS]))
        return
    if file is None:
        raise click.UsageError("Name the file to make, such as nvqsync-support.zip, or say --list.", ctx)
    support_bundle.write(ctx.find_root().obj, file, lambda name: tell(f"  {name}"))
    click.echo(f"{file}: look through it before you send it.")
