"""``adjustments``: credit transfer, prior learning and a body's written exceptions, each with its reason and paper."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import click

from nvqsync.adjustments import Adjustment, AdjustmentKind, adjustment_json, check, words
from nvqsync.bootstrap import App, actor
from nvqsync.catalogue import Catalogue
from nvqsync.clock import iso
from nvqsync.commands.common import app_and_store, dry_run_option, json_option, print_json
from nvqsync.commands.tables import table
from nvqsync.errors import InputError
from nvqsync.model import LmsMember, Qualification
from nvqsync.people import find_learner
from nvqsync.progress import LearnerProgress, judged
from nvqsync.settling import settle
from nvqsync.storage import store_adjustments, store_lms
from nvqsync.store import Store

KINDS = {kind.value.replace("_", "-"): kind for kind in AdjustmentKind if kind is not AdjustmentKind.PROGRESSION}
"""What ``adjustments add`` records. Progression is confirmed: ``confirm progression``."""

WANTED = {
    AdjustmentKind.CREDIT_TRANSFER: ("unit", "awarded_by", "achieved_on"),
    AdjustmentKind.RPL: ("unit",),
    AdjustmentKind.WAIVE: ("requirement",),
    AdjustmentKind.SUBSTITUTE: ("unit", "instead_of"),
}
"""What each kind must be told."""

OPTIONS = {"unit": "--unit", "instead_of": "--for", "requirement": "--requirement", "awarded_by": "--from",
           "achieved_on": "--achieved-on"}  # fmt: skip


@click.group("adjustments")
def adjustments_group() -> None:
    """What changes one learner's verdict other than evidence: transfers, prior learning, a body's exceptions."""


@adjustments_group.command("add")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("learner")
@click.argument("qualification")
@click.option("--unit", help="The unit transferred, assessed by prior learning, or counted instead.")
@click.option("--for", "instead_of", help="The unit whose place it takes (substitute).")
@click.option("--requirement", help="The id of the requirement that is waived (waive).")
@click.option("--from", "awarded_by", help="The body or qualification that awarded the credit.")
@click.option("--achieved-on", type=click.DateTime(["%Y-%m-%d"]), help="The day on the certificate.")
@click.option("--why", default="", help="The reason. Needed.")
@click.option("--paper", default="", help="The paper it rests on: certificate, letter, and where it is filed. Needed.")
@dry_run_option
@json_option
@click.pass_context
def add_command(
    ctx: click.Context, /, kind: str, learner: str, qualification: str, why: str, paper: str, dry_run: bool,
    as_json: bool, **about: Any,
) -> None:  # fmt: skip
    """Record an adjustment for LEARNER (Moodle ID number or id) in QUALIFICATION, and judge anew.

    A rule that allows no exemptions or equivalents refuses 'waive' and 'substitute'; 'rpl' is refused until the unit
    has assessed evidence.
    """
    _must_suit(KINDS[kind], about)
    with app_and_store(ctx) as (app, store):
        who = find_learner(store, learner)
        found = app.plugins.catalogue.find_qualification(qualification)
        new = _adjustment(app, KINDS[kind], who, found, why, paper, about)
        row = row_of(app, store, who, found)
        known = store_adjustments.in_force(store, found.id, who.lms_id)
        check(new, found, app.plugins.catalogue.units, row.outcomes, known, app.today)
        units = app.plugins.catalogue.units
        after = judged(found, row.learner, row.outcomes, row.elsewhere, [*known, new], units)
        if not dry_run:
            new = store_adjustments.record(store, new)
            settle(app, store, by="nvqsync", qualification_ids=[found.id], learners={who.lms_id})
    answer = {**adjustment_json(new, after.qualification), "id": new.id or None, "before": _stand(row),
              "after": _stand(after)}  # fmt: skip
    if as_json:
        print_json(answer)
        return
    did = "would be recorded (dry run)" if dry_run else f"recorded as adjustment {new.id}"
    click.echo(f"{words(new.kind).capitalize()}: {did}.")
    click.echo(f"{found.id} before: {told(row)}. Now: {told(after)}.")


def _must_suit(kind: AdjustmentKind, about: Mapping[str, Any]) -> None:
    """Refuse what a kind needs and lacks, and what does not belong to it."""
    wanted = WANTED[kind]
    missing = [OPTIONS[name] for name in wanted if not about[name]]
    optional = ("awarded_by", "achieved_on") if kind is AdjustmentKind.SUBSTITUTE else ()
    odd = [OPTIONS[name] for name, value in about.items() if value and name not in (*wanted, *optional)]
    if missing:
        raise click.UsageError(f"{words(kind).capitalize()} needs {' and '.join(missing)}.")
    if odd:
        raise click.UsageError(f"{words(kind).capitalize()} takes no {' or '.join(odd)}.")


def _adjustment(
    app: App, kind: AdjustmentKind, who: LmsMember, found: Qualification, why: str, paper: str, about: Mapping[str, Any]
) -> Adjustment:
    def reference(name: str) -> str:
        return _reference(app.plugins.catalogue, found, about[name]) if about[name] else ""

    achieved: dt.datetime | None = about["achieved_on"]
    return Adjustment(
        who.lms_id, found.id, kind, why, paper, actor(), app.now(), reference("unit"), reference("instead_of"),
        about["requirement"] or "", about["awarded_by"] or "", achieved.date() if achieved else None,
    )  # fmt: skip


def _reference(catalogue: Catalogue, qualification: Qualification, name: str) -> str:
    return catalogue.find_unit(qualification, name).unit.reference


def row_of(app: App, store: Store, who: LmsMember, found: Qualification) -> LearnerProgress:
    """The learner's standing in one qualification. Raises ``InputError`` where they are on no course for it."""
    for standing in app.reader(store).learners([who.lms_id], [found.id]):
        for row in standing.rows:
            if row.learner.lms_id == who.lms_id:
                return row
    raise InputError(f"This learner is not on a course for {found.id}.", "Check both, or run 'nvqsync sync'.")


def _stand(row: LearnerProgress) -> dict[str, Any]:
    route = row.verdict.route
    return {"met": row.verdict.met, "credits_counted": row.verdict.credits_counted,
            "credits_to_go": route.credits if route else None}  # fmt: skip


def told(row: LearnerProgress) -> str:
    """Where the learner stands, in half a sentence."""
    stand = _stand(row)
    to_go = "nothing on offer finishes" if stand["credits_to_go"] is None else f"{stand['credits_to_go']} to go"
    return f"{'met' if stand['met'] else 'not met'}, {stand['credits_counted']} credits counted, {to_go}"


@adjustments_group.command("list")
@click.argument("learner", required=False)
@click.option("--qualification", "-q", help="Only this qualification, e.g. OCR/03455.")
@click.option("--all", "everything", is_flag=True, help="Also those that were taken back.")
@json_option
@click.pass_context
def list_command(
    ctx: click.Context, learner: str | None, qualification: str | None, everything: bool, as_json: bool
) -> None:
    """List the adjustments in force, of everyone or of LEARNER."""
    with app_and_store(ctx) as (app, store):
        only = app.plugins.catalogue.find_qualification(qualification).id if qualification else None
        who = find_learner(store, learner).lms_id if learner else None
        people = {member.lms_id: member for member in store_lms.learners(store)}
        removals = {row["removes"]: row for row in store_adjustments.history(store) if row["removes"]}
        found = store_adjustments.recorded(store) if everything else store_adjustments.in_force(store)
        catalogue = app.plugins.catalogue
    chosen = [one for one in found if only in (None, one.qualification_id) and who in (None, one.learner_id)]
    rows = [_listed_json(one, people[one.learner_id], catalogue, removals.get(one.id)) for one in chosen]
    if as_json:
        print_json(rows)
        return
    heads = ("No.", "ID number", "Name", "Qualification", "Kind", "About", "Why", "Paper", "By", "On")
    click.echo(table(heads, [_table_row(row) for row in rows]))


def _listed_json(
    one: Adjustment, who: LmsMember, catalogue: Catalogue, removal: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A row of ``adjustments list --json``."""
    qualification = catalogue.qualifications.get(one.qualification_id)
    about = adjustment_json(one, qualification) if qualification else {"id": one.id, "kind": one.kind.value}
    taken_back = removal and {"by": removal["recorded_by"], "at": iso(removal["recorded_at"]), "why": removal["why"]}
    return {
        **about,
        "learner": {"lms_id": who.lms_id, "id_number": who.id_number, "name": who.name},
        "qualification": one.qualification_id,
        "why": one.why,
        "paper": one.paper,
        "recorded_by": one.recorded_by,
        "taken_back": taken_back or None,
    }


def _table_row(row: Mapping[str, Any]) -> tuple[object, ...]:
    place = f"for {row['instead_of']}" if row.get("instead_of") else ""
    origin = f"from {row['awarded_by']}, {row['achieved_on']}" if row.get("awarded_by") else ""
    about = " ".join(part for part in (row.get("unit"), row.get("requirement"), place, origin) if part)
    gone = " (taken back)" if row["taken_back"] else ""
    learner = row["learner"]
    kind = row["kind"].replace("_", " ") + gone
    return (row["id"], learner["id_number"], learner["name"], row["qualification"], kind, about, row["why"],
            row["paper"], row["recorded_by"], str(row.get("recorded_at", ""))[:10])  # fmt: skip


@adjustments_group.command("remove")
@click.argument("adjustment_id", type=int)
@click.option("--why", default="", help="The reason. Needed.")
@dry_run_option
@json_option
@click.pass_context
def remove_command(ctx: click.Context, adjustment_id: int, why: str, dry_run: bool, as_json: bool) -> None:
    """Take an adjustment back. Its record stays, and the taking back is a record as well."""
    if not why.strip():
        raise InputError("To take an adjustment back, say why.", 'Add --why "...".')
    with app_and_store(ctx) as (app, store):
        known = store_adjustments.adjustment(store, adjustment_id)
        if not dry_run:
            store_adjustments.take_back(store, adjustment_id, by=actor(), at=app.now(), why=why)
            concerned = {known.learner_id}
            settle(app, store, by="nvqsync", qualification_ids=[known.qualification_id], learners=concerned)
    if as_json:
        print_json({"id": adjustment_id, "taken_back": not dry_run})
    else:
        click.echo(f"Adjustment {adjustment_id} {'would be' if dry_run else 'is'} taken back.")
