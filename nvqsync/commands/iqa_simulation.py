"""``iqa simulation``: simulated activities, agreed before they take place and sampled afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import click

from nvqsync import releasing
from nvqsync.bootstrap import App, actor
from nvqsync.commands.common import app_and_store, dry_run_option, json_option, print_json
from nvqsync.commands.iqa_common import DAY, iqa_option, on_option
from nvqsync.errors import InputError
from nvqsync.iqa_recording import rows_of
from nvqsync.model import UnitOutcome
from nvqsync.people import find_learner
from nvqsync.quality import Simulation
from nvqsync.settling import settle
from nvqsync.storage import store_centre, store_quality
from nvqsync.store import Store


@click.group("simulation")
def simulation_group() -> None:
    """Simulated activities: the IQA agrees each before it takes place (SIM-3) and samples all of them (SIM-4)."""


@simulation_group.command("agree")
@click.argument("learner")
@click.argument("qualification")
@click.argument("unit")
@iqa_option
@on_option
@click.option("--activity-on", type=click.DateTime([DAY]), required=True, help="The day of the activity.")
@click.option("--reason", default="", help="Why no real work can show it; no names. Needed.")
@dry_run_option
@json_option
@click.pass_context
def agree_command(
    ctx: click.Context, learner: str, qualification: str, unit: str, iqa: str, on: dt.datetime,
    activity_on: dt.datetime, reason: str, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Record that an IQA agreed to a simulated activity of LEARNER for UNIT of QUALIFICATION.

    Refused for a unit whose specification does not let simulation count, and for an agreement after the activity.
    """
    with app_and_store(ctx) as (app, store):
        who = find_learner(store, learner)
        found = app.plugins.catalogue.find_qualification(qualification)
        listed = next(one for one in found.units if one.code == app.plugins.catalogue.find_unit(found, unit).code)
        new = Simulation(
            who.lms_id, found.id, listed.unit.reference, iqa, on.date(), activity_on.date(), reason
        )  # fmt: skip
        releasing.check_iqa(iqa, found.id, new.agreed_on, store_centre.facts(store, found).staff, app.today)
        releasing.check_simulation(new, found, listed, _outcomes(app, store, new))
        if not dry_run:
            new = store_quality.record_simulation(store, new, by=actor(), at=app.now())
            _settle(app, store, new)
    _told(new, "agreed", as_json=as_json, dry_run=dry_run)


@simulation_group.command("sample")
@click.argument("simulation_id", type=int)
@iqa_option
@on_option
@dry_run_option
@json_option
@click.pass_context
def sample_command(
    ctx: click.Context, simulation_id: int, iqa: str, on: dt.datetime, dry_run: bool, as_json: bool
) -> None:
    """Record that an IQA sampled the evidence of simulation SIMULATION_ID ('nvqsync iqa records' lists them)."""
    with app_and_store(ctx) as (app, store):
        known = store_quality.simulation(store, simulation_id)
        found = app.plugins.catalogue.qualifications[known.qualification_id]
        releasing.check_iqa(iqa, found.id, on.date(), store_centre.facts(store, found).staff, app.today)
        releasing.check_sampled(known, iqa, on.date(), _outcomes(app, store, known))
        if not dry_run:
            known = store_quality.sample_simulation(
                store, simulation_id, iqa=iqa, on=on.date(), by=actor(), at=app.now()
            )
            _settle(app, store, known)
    _told(known, "sampled", as_json=as_json, dry_run=dry_run)


@simulation_group.command("take-back")
@click.argument("simulation_id", type=int)
@click.option("--why", default="", help="The reason. Needed.")
@dry_run_option
@json_option
@click.pass_context
def take_back_command(ctx: click.Context, simulation_id: int, why: str, dry_run: bool, as_json: bool) -> None:
    """Take the record of simulation SIMULATION_ID back. It stays on record, and so does the taking back."""
    if not why.strip():
        raise InputError("To take a record back, say why.", 'Add --why "...".')
    with app_and_store(ctx) as (app, store):
        known = store_quality.simulation(store, simulation_id)
        if not dry_run:
            store_quality.take_back_simulation(
                store, simulation_id, on=app.today, by=actor(), at=app.now(), why=why
            )  # fmt: skip
            _settle(app, store, known)
    _told(known, "taken back", as_json=as_json, dry_run=dry_run)


def _outcomes(app: App, store: Store, about: Simulation) -> Sequence[UnitOutcome]:
    found = rows_of(app, store, about.qualification_id, {about.learner_id})
    if about.learner_id not in found:
        says = f"This learner is not on a course for {about.qualification_id}."
        raise InputError(says, "Check both, or run 'nvqsync sync'.")
    return found[about.learner_id]


def _settle(app: App, store: Store, about: Simulation) -> None:
    learners, ids = {about.learner_id}, [about.qualification_id]
    settle(app, store, by="nvqsync", qualification_ids=ids, learners=learners, propose_new=False)


def _told(about: Simulation, what: str, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        print_json({"id": about.id or None, what.replace(" ", "_"): not dry_run})
        return
    name = f"Simulation {about.id}" if about.id else "The simulation"
    click.echo(f"{name}: {'would be recorded as ' if dry_run else 'recorded as '}{what}.")
