"""``doctor``: one line for everything that has to be right, and what to do where it is not."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import click

from nvqsync.commands.common import json_option, print_json
from nvqsync.commands.tables import plain, terminal_width
from nvqsync.findings import Finding, Status
from nvqsync.health import doctor

MARKS = {Status.OK: "ok  ", Status.WARN: "warn", Status.FAIL: "FAIL"}


@click.command("doctor")
@json_option
@click.pass_context
def doctor_command(ctx: click.Context, as_json: bool) -> None:
    """Look at everything nvqsync leans on, a line each: ok, warn or FAIL, with the next step.

    Settings, folders, disk, plugins, database, audit chain, clock, passes, mapping, centre facts, backups, portal, and
    the LMS with every function and capability. Changes nothing; safe beside the running service. Exit status 1 where a
    line fails.
    """
    findings: list[Finding] = []
    for finding in doctor.examine(ctx.find_root().obj):
        findings.append(finding)
        if not as_json:
            _print(finding)
    counts = {status.value: sum(f.status is status for f in findings) for status in Status}
    if as_json:
        print_json({"counts": counts, "findings": [finding.as_json() for finding in findings]})
    else:
        click.echo(_summary(findings, counts))
    ctx.exit(doctor.exit_status(findings))


def _print(finding: Finding) -> None:
    width = min(terminal_width(), 120)
    mark = f"{MARKS[finding.status]}  "
    click.echo(textwrap.fill(plain(finding.says), width, initial_indent=mark, subsequent_indent=" " * 6))
    if finding.next_step:
        click.echo(
            textwrap.fill(plain(finding.next_step), width, initial_indent="      -> ", subsequent_indent=" " * 9)
        )


def _summary(findings: Sequence[Finding], counts: dict[str, int]) -> str:
    if counts["fail"]:
        return f"\n{counts['fail']} of {len(findings)} lines fail, {counts['warn']} need a look."
    return f"\nAll {len(findings)} lines work" + (f"; {counts['warn']} need a look." if counts["warn"] else ".")
