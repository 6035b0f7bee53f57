"""``alerts``: what stands just now, and whether anybody would hear of it."""

from __future__ import annotations

from typing import Any

import click

from nvqsync.bootstrap import App
from nvqsync.clock import iso
from nvqsync.commands.common import app_of, json_option, print_json, tell
from nvqsync.errors import NvqsyncError, SettingsError, TellingError
from nvqsync.health import alerts, situation, telling
from nvqsync.health.alerting import read_memory
from nvqsync.health.alerts import Alert, Known
from nvqsync.health.messages import test_message


@click.group("alerts")
def alerts_group() -> None:
    """What somebody should know of unasked, and the ways in which they are told."""


@alerts_group.command("list")
@json_option
@click.pass_context
def list_command(ctx: click.Context, as_json: bool) -> None:
    """List the alerts that stand now, with what to do, since when, and by which ways they were told.

    The daemon looks after each pass and tells each alert once, and once more when it is over. Changes nothing. Exit
    status 1 where an alert stands.
    """
    app = app_of(ctx)
    standing = alerts.standing(situation.gather(app), situation.limits(app))
    known = _known(app)
    if as_json:
        ways = telling.channels(app.settings.alerts)
        print_json({"channels": list(ways), "alerts": [_json(one, known.get(one.id)) for one in standing]})
    else:
        _print(standing, known)
    ctx.exit(int(bool(standing)))


def _known(app: App) -> dict[str, Known]:
    """What the daemon remembers; nothing where there is no database that can be read."""
    try:
        with app.open_store(read_only=True) as store:
            return read_memory(store)
    except NvqsyncError:
        return {}


def _json(alert: Alert, known: Known | None) -> dict[str, Any]:
    told = sorted(known.told) if known else []
    since = iso(known.since) if known else None
    return {"id": alert.id, "says": alert.says, "next_step": alert.next_step, "since": since, "told": told}


def _print(standing: tuple[Alert, ...], known: dict[str, Known]) -> None:
    if not standing:
        click.echo("No alert stands.")
    for alert in standing:
        one = known.get(alert.id)
        told = f"since {iso(one.since)}, told by {', '.join(sorted(one.told)) or 'nothing'}" if one else "not told yet"
        click.echo(f"{alert.id} ({told})\n  {alert.says}\n  -> {alert.next_step}")


@alerts_group.command("test")
@click.pass_context
def test_command(ctx: click.Context) -> None:
    """Send a test by every way that the settings name, and say which arrived. Exit status 3 where one failed."""
    app = app_of(ctx)
    ways = telling.channels(app.settings.alerts)
    if not ways:
        step = "Set mail_to, mail_from and smtp_host, or webhook_url, in the table [alerts] of the settings."
        raise SettingsError("Nobody is named to be told: neither mail nor web hook is set.", step)
    message, failed = test_message(app.settings.centre.name, app.now()), False
    for way in ways:
        try:
            telling.Teller(app.settings.alerts).tell(way, message)
        except TellingError as error:
            failed = True
            tell(f"{way}: {error.says}\n  {error.next_step}")
        else:
            click.echo(f"{way}: sent.")
    ctx.exit(3 if failed else 0)
