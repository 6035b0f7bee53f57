"""``sign-off``: an assessor signs a unit off in nvqsync, where Moodle has no place for it."""

from __future__ import annotations

import click

from nvqsync import releasing
from nvqsync.bootstrap import App, actor
from nvqsync.commands.common import app_and_store, dry_run_option
from nvqsync.errors import InputError
from nvqsync.model import LmsMember, SignOff
from nvqsync.people import find_learner
from nvqsync.storage import store_centre, store_claims
from nvqsync.store import Store


@click.command("sign-off")
@click.argument("learner")
@click.argument("qualification")
@click.argument("unit")
@click.option("--assessor", required=True, help="Moodle id of the assessor who signs the unit off.")
@dry_run_option
@click.pass_context
def sign_off_command(
    ctx: click.Context, learner: str, qualification: str, unit: str, assessor: str, dry_run: bool
) -> None:
    """Record that an assessor signed off UNIT of QUALIFICATION for LEARNER (Moodle ID number or id).

    Only a unit all of whose criteria are met can be signed off, and where the centre has its assessors on record
    ('nvqsync centre staff add'), only by one of them.
    """
    with app_and_store(ctx) as (app, store):
        who = find_learner(store, learner)
        found = app.plugins.catalogue.find_qualification(qualification)
        listed = app.plugins.catalogue.find_unit(found, unit)
        releasing.check_assessor(assessor, found.id, app.today, store_centre.facts(store, found).staff)
        _must_be_ready(app, store, who, found.id, listed.code)
        sign_off = SignOff(who.lms_id, found.id, listed.unit.reference, assessor, app.now())
        if not dry_run:
            store_claims.record_sign_off(store, sign_off, actor=actor())
    done = "would be signed off (dry run)." if dry_run else "is signed off. 'nvqsync sync' brings the claims in line."
    click.echo(f"{listed.code} of {found.id} {done}")


def _must_be_ready(app: App, store: Store, who: LmsMember, qualification_id: str, code: str) -> None:
    for standing in app.reader(store).standings([qualification_id], {who.lms_id}):
        for row in standing.rows:
            if row.learner.lms_id != who.lms_id:
                continue
            outcome = next((o for o in row.outcomes if o.code == code), None)
            if outcome and outcome.status in {"ready", "achieved"}:
                return
            met = len(outcome.criteria_met) if outcome else 0
            total = outcome.criteria_total if outcome and outcome.criteria_total else "all"
            says = f"{code} cannot be signed off: {met} of {total} criteria are met."
            raise InputError(says, "Have the rest assessed first.")
    raise InputError(f"This learner is not on a course for {qualification_id}.", "Check both, or run 'nvqsync sync'.")
