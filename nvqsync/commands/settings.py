"""``settings``: what there is to set, and what is set."""

from __future__ import annotations

import click

from nvqsync.commands.common import app_of
from nvqsync.settings_example import example


@click.group("settings")
def settings_group() -> None:
    """What there is to set, and what is set."""


@settings_group.command("example")
def example_command() -> None:
    """Print a settings file with every setting, its default and what it does. Save it, change it, use --config."""
    click.echo(example(), nl=False)


@settings_group.command("show")
@click.pass_context
def show_command(ctx: click.Context) -> None:
    """Print the settings in force, as JSON. Secrets show as stars."""
    click.echo(app_of(ctx).settings.model_dump_json(indent=2))
