"""``settings``: what there is to set, and what is set."""

from __future__ import annotations

import re
from typing import Any, Final

import click

from nvqsync.commands.common import app_of, print_json
from nvqsync.settings_example import example

SECRET: Final = re.compile(r"token|secret|password|credential|key|auth", re.IGNORECASE)
STARS: Final = "**********"


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
    print_json(_masked(app_of(ctx).settings.model_dump(mode="json")))


def _masked(value: Any, name: str = "") -> Any:
    """The same settings without passwords in addresses, and without what another connector may call its secret."""
    if isinstance(value, dict):
        return {key: _masked(entry, str(key)) for key, entry in value.items()}
    if isinstance(value, list):
        return [_masked(entry, name) for entry in value]
    if not isinstance(value, str):
        return value
    if value and SECRET.search(name) and not name.endswith("_file"):
        return STARS
    return re.sub(r"(?<=://)[^/@\s]+(?=@)", STARS, value)
