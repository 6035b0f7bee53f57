"""The program: finds a command, runs it, and turns what went wrong into words and an exit status.

Exit status: 0 done, 1 done with problems reported, 2 usage or settings, 3 LMS or portal refused or unreachable.
Commands are imported when they are asked for, so that ``nvqsync judge`` does not wait for the web server's libraries.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from nvqsync import __version__
from nvqsync.commands.tables import plain_lines
from nvqsync.errors import NvqsyncError
from nvqsync.service import logs

COMMANDS = {
    "qualifications": "nvqsync.commands.catalogue:qualifications_command",
    "units": "nvqsync.commands.catalogue:units_command",
    "judge": "nvqsync.commands.catalogue:judge_command",
    "plugins": "nvqsync.commands.catalogue:plugins_command",
    "settings": "nvqsync.commands.settings:settings_group",
    "doctor": "nvqsync.commands.doctor:doctor_command",
    "check": "nvqsync.commands.check:check_command",
    "moodle": "nvqsync.commands.moodle:moodle_group",
    "sync": "nvqsync.commands.passes:sync_command",
    "run": "nvqsync.commands.passes:run_command",
    "status": "nvqsync.commands.passes:status_command",
    "mapping": "nvqsync.commands.learners:mapping_group",
    "progress": "nvqsync.commands.learners:progress_command",
    "whatif": "nvqsync.commands.planning:whatif_command",
    "route": "nvqsync.commands.planning:route_command",
    "nearly": "nvqsync.commands.planning:nearly_command",
    "sign-off": "nvqsync.commands.sign_off:sign_off_command",
    "learner": "nvqsync.commands.confirmations:learner_group",
    "confirm": "nvqsync.commands.confirmations:confirm_group",
    "adjustments": "nvqsync.commands.adjustments:adjustments_group",
    "centre": "nvqsync.commands.centre:centre_group",
    "registrations": "nvqsync.commands.registrations:registrations_group",
    "iqa": "nvqsync.commands.iqa:iqa_group",
    "weekly": "nvqsync.commands.weekly:weekly_command",
    "claims": "nvqsync.commands.claims:claims_group",
    "gates": "nvqsync.commands.gates:gates_command",
    "rules": "nvqsync.commands.rules:rules_group",
    "audit": "nvqsync.commands.audit:audit_group",
    "retention": "nvqsync.commands.retention:retention_group",
    "export": "nvqsync.commands.batches:export_command",
    "reconcile": "nvqsync.commands.batches:reconcile_command",
    "batches": "nvqsync.commands.batches:batches_group",
    "alerts": "nvqsync.commands.alerts:alerts_group",
    "backup": "nvqsync.commands.backup:backup_group",
    "restore": "nvqsync.commands.backup:restore_command",
    "users": "nvqsync.commands.users:users_group",
    "serve": "nvqsync.commands.serve:serve_command",
    "install-service": "nvqsync.commands.service:install_command",
    "uninstall-service": "nvqsync.commands.service:uninstall_command",
    "support-bundle": "nvqsync.commands.support:support_command",
    "demo": "nvqsync.commands.demo:demo_command",
}
"""Every command, in the order in which a college meets them, and where it lives."""


class Program(click.Group):
    """The group of all commands, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of ``COMMANDS``."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command, or ``None`` where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest name where there is no such command."""
        from difflib import get_close_matches  # noqa: PLC0415  (only needed when something is misspelt)

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = get_close_matches(args[0], COMMANDS, 1)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nvqsync")
@click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings file (TOML). Also: $NVQSYNC_CONFIG."
)
@click.option("-v", "--verbose", is_flag=True, help="Tell more about what is being done, on standard error.")
@click.pass_context
def program(ctx: click.Context, config: Path | None, verbose: bool) -> None:
    """From a grade in Moodle to a reviewed NVQ certificate claim.

    Start with 'nvqsync demo' to see it work on an invented college, or with 'nvqsync settings example' to connect your
    own Moodle. 'nvqsync COMMAND --help' explains each command.
    """
    logs.set_up(verbose=verbose)
    ctx.obj = config


def config_first(arguments: Sequence[str]) -> list[str]:
    """The same arguments with ``--config FILE`` in front of the command, wherever it was written."""
    moved: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            rest += [word, *waiting]
            break
        if word == "--config" and waiting:
            moved += [word, waiting.pop(0)]
        else:
            (moved if word.startswith("--config=") else rest).append(word)
    return [*moved, *rest]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status. Bugs keep their traceback."""
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        outcome = program.main(args=config_first(given), prog_name="nvqsync", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("Stopped. What was done so far is kept; run the same command again to go on.", err=True)
        return 130
    except NvqsyncError as error:
        click.echo(plain_lines(f"nvqsync: {error.says}"), err=True)
        if error.next_step:
            click.echo(plain_lines(error.next_step), err=True)
        return error.exit_status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return outcome if isinstance(outcome, int) else 0


def run() -> NoReturn:
    """The program as the operating system starts it: ``main``, and then the end, at once.

    A thread that still waits for a slow reply of the LMS is not waited for: everything that matters is committed.
    """
    status = main()
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if any(not thread.daemon for thread in others):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
