"""``check``: one line for a monitor, with figures, and an exit status that it understands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn, TypeVar

import click

from nvqsync import clock
from nvqsync.errors import NvqsyncError
from nvqsync.health import monitoring
from nvqsync.health.monitoring import Limits, State
from nvqsync.settings import load as load_settings
from nvqsync.storage import store_watching

Command = TypeVar("Command", bound=Callable[..., Any])


class MonitorCommand(click.Command):
    """A command whose misuse is a line and 3 (unknown): 2 would be read as critical."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with the line and the other exit status."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            _end(monitoring.Verdict(State.UNKNOWN, error.format_message()), ctx)


def _limits(name: str, what: str, shown: str, *, least: bool = False) -> Callable[[Command], Command]:
    """An option ``WARN,CRIT``; either may be left out, and then never happens."""

    def read(ctx: click.Context, param: click.Parameter, value: str | None) -> Limits | None:
        try:
            return None if value is None else monitoring.parse_limits(value, least=least)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from None

    return click.option(f"--{name}", metavar="WARN,CRIT", callback=read, help=f"{what} [{shown}]")


@click.command("check", cls=MonitorCommand)
@_limits("pass-age", "Hours since the last good pass.", "3 and 12 times daemon.every_minutes; 1,4 at least")
@_limits("failing", "Passes that failed in a row.", "2,5")
@_limits("unknown-age", "Hours that a claim has been without an answer.", "4,24")
@_limits("roster-age", "Hours since the oldest roster was read.", "14,36")
@_limits("alarms", "Courses that wait for a person's word.", "1,")
@_limits("backup-age", "Hours since the newest backup.", "26,72")
@_limits("free-room", "Megabytes free for the database; less is worse.", "1000,100", least=True)
@click.pass_context
def check_command(ctx: click.Context, /, **given: Limits | None) -> None:
    """Say in one line how nvqsync is, for Nagios, Icinga, Checkmk or Zabbix.

    Exit status 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (the settings cannot be read). Reads the database and the folder
    of backups, asks nobody, changes nothing, needs no running service. A limit that is left out (`--alarms ,`) never
    alerts; quiet hours count towards neither pass nor roster. Run it as the service's user: the database is nobody
    else's to read.
    """
    try:
        settings = load_settings(ctx.find_root().obj)
    except NvqsyncError as error:
        _end(monitoring.Verdict(State.UNKNOWN, " ".join(str(error).split())), ctx)
    named = {name: limits for name, limits in given.items() if limits is not None}
    watched = store_watching.watch(settings, clock.now())
    _end(monitoring.verdict(watched, replace(monitoring.usual(watched), **named)), ctx)


def _end(verdict: monitoring.Verdict, ctx: click.Context) -> NoReturn:
    click.echo(verdict.line())
    ctx.exit(int(verdict.state))
