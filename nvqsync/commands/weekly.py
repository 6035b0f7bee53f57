"""``weekly``: what somebody should look at each week. Reads; never writes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import click

from nvqsync.bootstrap import App
from nvqsync.claims import WAITING
from nvqsync.commands.common import app_and_store, json_option, print_json
from nvqsync.commands.tables import table
from nvqsync.facts import gather, shared_ulns
from nvqsync.model import ClaimKind
from nvqsync.proposing import Claim
from nvqsync.storage import store_claims
from nvqsync.store import Store
from nvqsync.weekly import TITLES, Listed, Why, listed, listed_json


@click.command("weekly")
@click.option("--weeks", type=click.IntRange(0, 520), default=6, show_default=True, help="How far to look ahead.")
@click.option("--qualification", "-q", help="Only this qualification, e.g. OCR/03455.")
@json_option
@click.pass_context
def weekly_command(ctx: click.Context, weeks: int, qualification: str | None, as_json: bool) -> None:
    """List what to look at each week, on what the last pass read.

    Who is enrolled and not registered; evidence dated before the registration; leavers with units that nobody has
    claimed; claims due before a visit or an end date. Nothing is registered or claimed by it: each line says how.
    """
    with app_and_store(ctx) as (app, store):
        only = [app.plugins.catalogue.find_qualification(qualification).id] if qualification else None
        until = app.today + dt.timedelta(weeks=weeks)
        lines = _lines(app, store, only, until)
    if as_json:
        lists = {why.value: [listed_json(line) for line in lines if line.why is why] for why in Why}
        print_json({"as_of": app.today.isoformat(), "until": until.isoformat(), **lists})
        return
    for why in Why:
        _print_list(why, [line for line in lines if line.why is why])


def _lines(app: App, store: Store, only: list[str] | None, until: dt.date) -> list[Listed]:
    ulns = shared_ulns(store)
    found: list[Listed] = []
    for standing in app.reader(store).standings(only):
        known = gather(app, store, standing.qualification, ulns)
        waiting = _waiting(store, standing.qualification.id)
        for row in standing.rows:
            facts = known.about(row, ClaimKind.UNITS)
            found += listed(row, facts, waiting.get(row.learner.lms_id, ()), until)
    return found


def _waiting(store: Store, qualification_id: str) -> dict[str, list[Claim]]:
    found: dict[str, list[Claim]] = defaultdict(list)
    for claim in store_claims.claims(store, "qualification_id = ?", [qualification_id]):
        if claim.status in WAITING:
            found[claim.learner_id].append(claim)
    return found


def _print_list(why: Why, lines: list[Listed]) -> None:
    click.echo(f"{TITLES[why]}: {len(lines) or 'none'}")
    if lines:
        rows = [(one.learner.id_number, one.learner.name, one.qualification_id, ", ".join(one.units), one.says,
                 one.next_step) for one in lines]  # fmt: skip
        click.echo(table(("ID number", "Name", "Qualification", "Units", "What", "What to do"), rows))
    click.echo()
