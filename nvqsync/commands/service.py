"""``install-service`` and ``uninstall-service``: what systemd needs, written and explained; the data stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from nvqsync.commands.common import dry_run_option
from nvqsync.service import service_install
from nvqsync.service.service_plan import Action, Service, Step

Command = TypeVar("Command", bound=Callable[..., Any])
WORDS = {
    Action.WRITE: "write  ",
    Action.REPLACE: "replace",
    Action.SAME: "is so  ",
    Action.KEEP: "keep   ",
    Action.REMOVE: "remove ",
    Action.GONE: "is gone",
}
ENABLED = ("nvqsync.service", "nvqsync-web.service", "nvqsync-backup.timer")
"""What a centre usually runs."""

root_option = click.option(
    "--root", type=click.Path(file_okay=False, exists=True, path_type=Path), default=Path("/"), show_default=True,
    help="The system to install into: a folder that holds one, for images and tests.",
)  # fmt: skip
instance_option = click.option(
    "--instance", default="", metavar="NAME", help="One of several centres on this host, such as north."
)


def _program_option(command: Command) -> Command:
    says = "The nvqsync that the services start; without it, the one that runs now."
    return click.option("--program", default="", metavar="PATH", help=says)(command)


@click.command("install-service")
@root_option
@instance_option
@_program_option
@click.option("--print", "show", is_flag=True, help="Print what would stand in each file; write nothing.")
@dry_run_option
def install_command(root: Path, instance: str, program: str, show: bool, dry_run: bool) -> None:
    """Write what systemd needs to run nvqsync, and say what each file is for.

    Units for daemon, pages and nightly backup, the user they run as, who owns what, and settings to start from where
    there are none. A file that somebody changed is never overwritten; one that nobody changed is brought up to date, so
    the same command is the upgrade. Nothing is started: what to type next is told. See docs/service.md.
    """
    service = service_install.wanted(root, instance, program or service_install.running_program())
    service_install.refuse_a_mixture(root, instance)
    steps = service_install.plan_install(root, service)
    if show:
        for step in steps:
            click.echo(f"# ---- /{step.file.path}\n{step.file.text}")
        return
    if not dry_run:
        service_install.carry_out(root, steps)
    _tell(root, steps)
    click.echo("\nNothing was written." if dry_run else f"\nNext:\n{_next(service)}")


@click.command("uninstall-service")
@root_option
@instance_option
@dry_run_option
def uninstall_command(root: Path, instance: str, dry_run: bool) -> None:
    """Remove the units; leave data, settings, secrets and the user.

    Refuses while a unit is enabled. A unit that somebody changed is left, and so are templates that another centre on
    this host starts. What is left is told, with what removes it.
    """
    service = service_install.wanted(root, instance, Service().program)
    steps = service_install.plan_removal(root, service)
    if not dry_run:
        service_install.carry_out(root, steps)
    _tell(root, steps)
    if dry_run:
        click.echo("\nNothing was removed.")
        return
    state = f"/var/lib/nvqsync/{instance}" if instance else "/var/lib/nvqsync"
    click.echo(f"\nNext:\n  systemctl daemon-reload\nLeft: /{service.settings}, what stands beside it, and {state}. "
               f"They hold personal data: see docs/service.md before you delete them.")  # fmt: skip


def _tell(root: Path, steps: Sequence[Step]) -> None:
    for step in steps:
        why = f"{step.file.why} ({step.says})" if step.says else step.file.why
        click.echo(f"{WORDS[step.action]}  {root / step.file.path}\n         {why}")


def _next(service: Service) -> str:
    names = " ".join(service.unit(name) for name in ENABLED)
    token = f"/etc/nvqsync/{service.instance + '.' if service.instance else ''}moodle-token"
    doctor = (
        f"systemd-run --pipe --wait --quiet -p User={service.user} -E NVQSYNC_CONFIG=/{service.settings} "
        f"-p LoadCredential=nvqsync_moodle_token:{token} {service.program} doctor"
    )
    account = (
        f"sudo -u {service.user} {service.program} --config /{service.settings} "
        "users add a.admin --role admin --no-moodle --generate"
    )
    lines = (
        ("make the user, and set who owns what", "systemd-sysusers && systemd-tmpfiles --create"),
        ("the Moodle site and the centre", f"editor /{service.settings}"),
        ("paste the token, then Ctrl-D", f"install -m 600 /dev/stdin {token}"),
        ("look at everything, as the service will", doctor),
        ("an account: without one nobody gets into the pages", account),
        ("start, now and at every boot", f"systemctl daemon-reload && systemctl enable --now {names}"),
    )
    return "\n".join(f"  # {why}\n  {typed}" for why, typed in lines)
