"""``iqa list`` and ``iqa records``: who waits for an IQA, and what IQAs recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from nvqsync.bootstrap import App
from nvqsync.claims import WAITING
from nvqsync.clock import day, iso
from nvqsync.commands.common import app_and_store, json_option, print_json, tell
from nvqsync.commands.iqa_common import codes_of, person_json
from nvqsync.commands.tables import table
from nvqsync.facts import Known, gather, shared_ulns
from nvqsync.gates import run_gates
from nvqsync.gating.quality_gates import QUALITY_GATES
from nvqsync.model import ClaimKind, LmsMember
from nvqsync.people import find_learner
from nvqsync.progress import LearnerProgress
from nvqsync.proposing import Claim
from nvqsync.quality import Release, Simulation
from nvqsync.storage import store_claims, store_lms, store_quality
from nvqsync.store import Store

THE_IQAS_OWN = tuple(one for one in QUALITY_GATES if one.id.startswith(("IQA-", "SIM-")) or one.id == "STAFF-2")
"""The gates that only an IQA's record can satisfy."""


@click.command("list")
@click.argument("learner", required=False)
@click.option("--qualification", "-q", help="Only this qualification, e.g. OCR/03455.")
@json_option
@click.pass_context
def list_command(ctx: click.Context, learner: str | None, qualification: str | None, as_json: bool) -> None:
    """List who waits for an IQA: learners who meet the rule, or have a claim here, and what is missing for each."""
    with app_and_store(ctx) as (app, store):
        only = [app.plugins.catalogue.find_qualification(qualification).id] if qualification else None
        whom = {find_learner(store, learner).lms_id} if learner else None
        rows = list(_waiting(app, store, only, whom))
    if as_json:
        print_json(rows)
        return
    if not rows:
        tell("Nobody waits for an IQA.")
    heads = ("ID number", "Name", "Qualification", "Claim", "Last unit", "Waits for")
    click.echo(table(heads, [_waiting_row(row) for row in rows]))


def _waiting(app: App, store: Store, only: list[str] | None, whom: set[str] | None) -> Iterator[dict[str, Any]]:
    shared = shared_ulns(store)
    for standing in app.reader(store).standings(only, whom):
        known = gather(app, store, standing.qualification, shared)
        claims = store_claims.claims_by_learner(store, standing.qualification.id)
        for row in standing.rows:
            mine = next((c for c in claims.get(row.learner.lms_id, ()) if c.status in WAITING), None)
            if (row.verdict.met and not claims.get(row.learner.lms_id)) or mine:
                yield from _waits(known, row, mine)


def _waits(known: Known, row: LearnerProgress, claim: Claim | None) -> Iterator[dict[str, Any]]:
    found = run_gates(THE_IQAS_OWN, known.about(row, ClaimKind.FULL_AWARD))
    last = max((unit.achieved_at for unit in row.counted if unit.achieved_at), default=None)
    if found:
        yield {
            "learner": person_json(row.learner), "qualification": row.qualification.id,
            "claim": claim.id if claim else None, "units": [unit.code for unit in row.counted],
            "last_signed_off_on": day(last).isoformat() if last else None,
            "waits_for": [{"id": finding.id, "says": finding.says} for finding in found],
        }  # fmt: skip


def _waiting_row(row: Mapping[str, Any]) -> tuple[object, ...]:
    who = row["learner"]
    waits = ", ".join(finding["id"] for finding in row["waits_for"])
    return who["id_number"], who["name"], row["qualification"], row["claim"], row["last_signed_off_on"], waits


@click.command("records")
@click.argument("learner", required=False)
@click.option("--qualification", "-q", help="Only this qualification, e.g. OCR/03455.")
@click.option("--all", "everything", is_flag=True, help="Also what was taken back.")
@json_option
@click.pass_context
def records_command(
    ctx: click.Context, learner: str | None, qualification: str | None, everything: bool, as_json: bool
) -> None:
    """List the releases and simulations recorded, of everybody or of LEARNER (Moodle ID number or id)."""
    with app_and_store(ctx) as (app, store):
        only = app.plugins.catalogue.find_qualification(qualification).id if qualification else None
        who = find_learner(store, learner).lms_id if learner else None
        people = {member.lms_id: member for member in store_lms.learners(store)}
        releases = store_quality.release_rows(store, only, taken_back=everything)
        simulations = store_quality.simulation_rows(store, only, taken_back=everything)
    found = {
        "releases": [_release_json(app, row, people) for row in releases if who in (None, row["learner_id"])],
        "simulations": [_simulation_json(app, row, people) for row in simulations if who in (None, row["learner_id"])],
    }
    if as_json:
        print_json(found)
    else:
        _print_records(found)


def _release_json(app: App, row: Mapping[str, Any], people: Mapping[str, LmsMember]) -> dict[str, Any]:
    one: Release = store_quality.as_release(row)
    return {
        "id": one.id, "learner": person_json(people[one.learner_id]) if one.learner_id else None,
        "course": one.course_id or None, "qualification": one.qualification_id, "iqa": one.iqa_id,
        "on": one.on.isoformat(), "outcome": one.outcome.value, "units": codes_of(app, one.qualification_id, one.units),
        "action": one.action or None, "action_done_on": one.action_done_on and one.action_done_on.isoformat(),
        **_recorded(row),
    }  # fmt: skip


def _simulation_json(app: App, row: Mapping[str, Any], people: Mapping[str, LmsMember]) -> dict[str, Any]:
    one: Simulation = store_quality.as_simulation(row)
    return {
        "id": one.id, "learner": person_json(people[one.learner_id]), "qualification": one.qualification_id,
        "unit": codes_of(app, one.qualification_id, [one.unit_reference])[0], "unit_reference": one.unit_reference,
        "agreed_by": one.agreed_by, "agreed_on": one.agreed_on.isoformat(),
        "activity_on": one.activity_on.isoformat(), "reason": one.reason, "sampled_by": one.sampled_by or None,
        "sampled_on": one.sampled_on and one.sampled_on.isoformat(), **_recorded(row),
    }  # fmt: skip


def _recorded(row: Mapping[str, Any]) -> dict[str, Any]:
    back = {"by": row["taken_back_by"], "at": iso(row["taken_back_at"]), "why": row["taken_back_why"]}
    return {"recorded_by": row["recorded_by"], "recorded_at": iso(row["recorded_at"]),
            "taken_back": back if row["taken_back_at"] else None}  # fmt: skip


def _print_records(found: Mapping[str, list[dict[str, Any]]]) -> None:
    heads = ("No.", "ID number", "Name", "Qualification", "IQA", "On", "Outcome", "Sampled", "Action")
    click.echo(table(heads, [_release_row(row) for row in found["releases"]]))
    if found["simulations"]:
        click.echo("\nSimulated activities:")
        heads = ("No.", "ID number", "Name", "Qualification", "Unit", "Agreed", "Activity", "Sampled", "Reason")
        click.echo(table(heads, [_simulation_row(row) for row in found["simulations"]]))


def _release_row(row: Mapping[str, Any]) -> tuple[object, ...]:
    who = row["learner"] or {"id_number": None, "name": f"everybody on course {row['course']}"}
    done = f" (done on {row['action_done_on']})" if row["action_done_on"] else ""
    gone = " (taken back)" if row["taken_back"] else ""
    sampled = ", ".join(row["units"])
    return (row["id"], who["id_number"], who["name"], row["qualification"], row["iqa"], row["on"],
            row["outcome"] + gone, sampled, (row["action"] or "") + done)  # fmt: skip


def _simulation_row(row: Mapping[str, Any]) -> tuple[object, ...]:
    who, gone = row["learner"], " (taken back)" if row["taken_back"] else ""
    return (row["id"], who["id_number"], who["name"], row["qualification"], row["unit"] + gone,
            row["agreed_on"], row["activity_on"], row["sampled_on"], row["reason"])  # fmt: skip
