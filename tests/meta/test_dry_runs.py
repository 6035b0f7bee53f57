"""Whatever writes to the record of claims can be tried dry: a command that cannot says here why it need not."""

from __future__ import annotations

from collections.abc import Iterator

import click

from nvqsync.cli import program

AREAS = (
    "sign-off",
    "learner",
    "confirm",
    "adjustments",
    "centre",
    "registrations",
    "iqa",
    "claims",
    "retention",
    "restore",
    "export",
    "reconcile",
)
"""Commands by which people change what claims rest on, or the claims."""

READS = frozenset({
    "adjustments list", "centre export", "centre show", "centre staff list", "registrations list",
    "registrations template", "iqa list", "iqa records", "claims codes", "claims list", "claims show", "learner export",
    "retention rules", "retention show",
})  # fmt: skip
"""Of those the commands that write nothing down."""


def leaves(command: click.Command, path: tuple[str, ...], ctx: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Every command below one, by what is typed."""
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    for name in command.list_commands(ctx):
        if found := command.get_command(ctx, name):
            yield from leaves(found, (*path, name), ctx)


def test_what_writes_can_be_tried_dry() -> None:
    """And nothing stands among the reading commands that has a dry run, or does not exist."""
    ctx = click.Context(program)
    found = {
        name: one
        for area in AREAS
        if (one_ := program.get_command(ctx, area))
        for name, one in leaves(one_, (area,), ctx)
    }
    dry = {name for name, one in found.items() if any(option.name == "dry_run" for option in one.params)}
    assert found.keys() - dry == READS
