"""What the ``centre`` commands share: entering a change and telling it, finding people by what somebody typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import click

from nvqsync.bootstrap import App, actor
from nvqsync.centres.centre_entering import enter
from nvqsync.centres.centre_record import KINDS, CentreRecord, Change
from nvqsync.commands.common import print_json, tell
from nvqsync.model import LmsMember
from nvqsync.store import Store

why_option = click.option("--why", default="", help="The reason, or where the paper is filed: for the audit log.")


def enter_and_tell(
    app: App, store: Store, edit: Callable[[CentreRecord], CentreRecord], *, dry_run: bool, why: str = "",
    as_json: bool = False,
) -> None:  # fmt: skip
    """Enter a change and print what became different."""
    changes = enter(app, store, edit, by=actor(), why=why.strip(), dry_run=dry_run)
    if as_json:
        print_json({"changes": [_change_json(one) for one in changes], "written": bool(changes) and not dry_run})
        return
    for change in changes:
        click.echo(change.says)
    if not changes:
        click.echo("That is on record already: nothing changed.")
    elif dry_run:
        click.echo("Nothing was written (dry run).")


def _change_json(change: Change) -> dict[str, str | None]:
    return {
        "kind": KINDS[type(change.item)],
        "qualification": change.qualification_id or None,
        "action": change.action,
        "says": change.says,
    }


# ---------------------------------------------------------------- people


def warn_of_strangers(people: Mapping[str, LmsMember], *lms_ids: str) -> None:
    """Say which Moodle ids nobody has who is on a course that was read; before the first pass nobody is known."""
    for lms_id in lms_ids if people else ():
        if lms_id and lms_id not in people:
            tell(f"Nobody with the Moodle id {lms_id} is on a course that was read: check it.")
