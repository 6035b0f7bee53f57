"""``claims request-units`` and ``claims propose-again``: claims that are made because a person asks for them."""

from __future__ import annotations

from typing import Any

import click

from nvqsync.bootstrap import actor
from nvqsync.commands.common import app_and_store, dry_run_option, json_option, print_json, tell
from nvqsync.errors import NotAllowed
from nvqsync.people import find_learner
from nvqsync.requesting import propose_again, request_units


@click.command("request-units")
@click.argument("learner")
@click.argument("qualification")
@click.option("--unit", "units", metavar="CODE", multiple=True, help="Only this unit; may be repeated.")
@click.option("--why", default="", help="The reason, in your own words. It goes into the audit log.")
@dry_run_option
@json_option
@click.pass_context
def request_units_command(
    ctx: click.Context, learner: str, qualification: str, units: tuple[str, ...], why: str, dry_run: bool, as_json: bool
) -> None:
    """Claim LEARNER's achieved units of QUALIFICATION as unit certificates: what a leaver takes along.

    One claim for all that are achieved here and that no claim stands for yet, or for the units named. It waits in the
    queue like any other, and gates decide as for any other. A registration for the full award does not stop it.
    """
    with app_and_store(ctx) as (app, store):
        who, found = find_learner(store, learner), app.plugins.catalogue.find_qualification(qualification)
        codes = [app.plugins.catalogue.find_unit(found, unit).code for unit in units]
        done = request_units(app, store, who.lms_id, found, codes, by=actor(), why=why, dry_run=dry_run)
    document: dict[str, Any] = {
        "claim": done.claim.id if done.claim else None,
        "units": list(done.units),
        "left_out": [{"unit": code, "says": says} for code, says in done.left_out],
    }
    if as_json:
        print_json(document)
    else:
        for code, says in done.left_out:
            tell(f"{code} is left out: {says}")
        made = f"Claim {document['claim']}" if done.claim else "Would claim" if done.units else "Nothing to claim"
        click.echo(f"{made}: {', '.join(done.units) or 'no achieved unit is unclaimed'}.")
    ctx.exit(1 if units and done.left_out else 0)


@click.command("propose-again")
@click.argument("claim_id", type=click.IntRange(1, 2**63 - 1))
@click.option("--why", default="", help="What was put right, in your own words. It goes into the audit log.")
@dry_run_option
@json_option
@click.pass_context
def propose_again_command(ctx: click.Context, claim_id: int, why: str, dry_run: bool, as_json: bool) -> None:
    """Make a new claim for one that was returned, withdrawn or revoked, although its facts are the same.

    A pass makes none by itself as long as nothing changed. The old claim stays as it is; the new one has a key of its
    own and waits for approval.
    """
    with app_and_store(ctx) as (app, store):
        try:
            new, refused = propose_again(app, store, claim_id, by=actor(), why=why, dry_run=dry_run), ""
        except NotAllowed as error:
            new, refused = None, str(error)
    if as_json:
        print_json({"again": claim_id, "claim": new.id if new else None, "refused": refused or None})
    elif refused:
        click.echo(f"Claim {claim_id}: not done. {refused}")
    else:
        click.echo(f"Claim {new.id} is proposed." if new else f"Claim {claim_id}: would be made again.")
    ctx.exit(1 if refused else 0)
