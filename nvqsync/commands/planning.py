"""``whatif``, ``route`` and ``nearly``: the verdict as it would be, the ways to finish, and who is nearly there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from nvqsync.bootstrap import App
from nvqsync.catalogue import Catalogue, FoundUnit
from nvqsync.commands.common import app_and_store, json_option, print_json, tell
from nvqsync.commands.tables import plain, table
from nvqsync.commands.verdict_text import verdict_text
from nvqsync.errors import InputError, UnknownName
from nvqsync.finishing import Exhausted, alternatives
from nvqsync.judging import Judgement, verdict_json
from nvqsync.model import LmsMember, Qualification
from nvqsync.nearly import HeldBack, Nearly, done_so_far, held_back, nearly, on_offer, route_for, together
from nvqsync.people import find_learner
from nvqsync.progress import LearnerProgress, achieved, transferred
from nvqsync.rules import Route, judge
from nvqsync.storage import store_centre
from nvqsync.store import Store

qualification_option = click.option("--qualification", "-q", help="Only this qualification, e.g. OCR/03455.")


def _rows(app: App, store: Store, who: str, qualification: str | None) -> list[LearnerProgress]:
    """Where one learner stands in each qualification, or in one; nobody else is judged."""
    only = [app.plugins.catalogue.find_qualification(qualification).id] if qualification else None
    return [row for standing in app.reader(store).learners([who], only) for row in standing.rows]


def _learner_json(learner: LmsMember) -> dict[str, Any]:
    return {"lms_id": learner.lms_id, "id_number": learner.id_number, "name": learner.name}


# ---------------------------------------------------------------- whatif


@click.command("whatif")
@click.argument("learner")
@click.option("--unit", "-u", "units", multiple=True, required=True, help="A unit to suppose achieved. Repeatable.")
@qualification_option
@json_option
@click.pass_context
def whatif_command(
    ctx: click.Context, learner: str, units: tuple[str, ...], qualification: str | None, as_json: bool
) -> None:
    """Show the verdict as it would be if LEARNER (Moodle ID number or id) achieved further units. Changes nothing.

    On each qualification the learner is on that has one of the units, or on the one named.
    """
    with app_and_store(ctx) as (app, store):
        who = find_learner(store, learner)
        rows = _rows(app, store, who.lms_id, qualification)
        catalogue = app.plugins.catalogue
    supposed = [(row, then) for row in rows if (then := _supposed(catalogue, row, units, strict=bool(qualification)))]
    strange = [name for name in units if not any(_known(catalogue, row, name, strict=False) for row in rows)]
    if strange or not supposed:
        says = f"{learner} is on no course whose qualification has {' or '.join(strange or units)}."
        raise InputError(says, "Check the learner and the units, or name the qualification with -q.")
    if as_json:
        print_json([_whatif_json(row, then, units) for row, then in supposed])
        return
    for row, then in supposed:
        click.echo(plain(f"{row.learner.name} ({row.learner.id_number}), supposing {', '.join(units)}:"))
        click.echo(f"{verdict_text(then)}\n")


def _known(catalogue: Catalogue, row: LearnerProgress, name: str, *, strict: bool) -> FoundUnit | None:
    """The unit that a name stands for in a row's qualification. Raises ``UnknownName`` where that was named."""
    try:
        return catalogue.find_unit(catalogue.qualifications[row.qualification.id], name)
    except UnknownName:
        if strict:
            raise
        return None


def _supposed(catalogue: Catalogue, row: LearnerProgress, names: Iterable[str], *, strict: bool) -> Judgement | None:
    """The judgement with further units; ``None`` where the qualification has none of them, unless it was named.

    It is the learner's own qualification: a unit that an adjustment lets count is one of it.
    """
    theirs = {listed.unit.reference: listed.code for listed in row.qualification.units}
    inside, outside = [], []
    for name in names:
        unit = _known(catalogue, row, name, strict=strict)
        if unit is not None and unit.unit.reference in theirs:
            inside.append(theirs[unit.unit.reference])
        else:
            outside.append(unit.code if unit else name)
    if not inside and not strict:
        return None
    held = dict.fromkeys([*achieved(row.outcomes), *inside])
    verdict = judge(row.qualification.rule, held, transferred=transferred(row.outcomes))
    left_out = [f"{code} is not a unit of {row.qualification.id}: it is not counted." for code in outside]
    return Judgement(row.qualification, verdict, (*verdict.unused, *outside), (*verdict.cautions, *left_out, *row.says))


def _whatif_json(row: LearnerProgress, then: Judgement, units: Sequence[str]) -> dict[str, Any]:
    """One entry of ``whatif --json``: the verdict of now beside the verdict as it would be."""
    return {
        "learner": _learner_json(row.learner),
        "qualification": row.qualification.id,
        "units": list(units),
        "now": verdict_json(row.judgement),
        "then": verdict_json(then),
    }


# ---------------------------------------------------------------- route


@click.command("route")
@click.argument("subject", metavar="LEARNER|QUALIFICATION")
@qualification_option
@click.option("--prefer-started", is_flag=True, help="Prefer units under way, weighing the criteria already met.")
@click.option("--offered-only", is_flag=True, help="Only units that some assignment in Moodle assesses.")
@click.option("--alternatives", "show_alternatives", is_flag=True, help="Also the routes within 2 credits of the best.")
@json_option
@click.pass_context
def route_command(
    ctx: click.Context, subject: str, qualification: str | None, prefer_started: bool, offered_only: bool,
    show_alternatives: bool, as_json: bool,
) -> None:  # fmt: skip
    """Show the cheapest way to finish: by credits, then number of units, then guided learning hours.

    For a LEARNER (Moodle ID number or id) from what is held; for a QUALIFICATION from nothing.
    """
    with app_and_store(ctx) as (app, store):
        reader, answers = app.reader(store), []
        mappings, gone = (reader.mappings(), reader.gone()) if offered_only else ([], frozenset())
        for row in _subjects(app, store, subject, qualification):
            offered = on_offer(row.qualification, mappings, gone) if offered_only else None
            answers.append(_routes(row, prefer_started, offered, show_alternatives))
    if as_json:
        print_json(answers)
        return
    for answer in answers:
        _print_routes(answer)


def _subjects(app: App, store: Store, subject: str, qualification: str | None) -> list[LearnerProgress]:
    """Whom or what the routes are for."""
    try:
        found = app.plugins.catalogue.find_qualification(subject)
    except UnknownName:
        who = find_learner(store, subject)
        rows = _rows(app, store, who.lms_id, qualification)
        if not rows:
            which = f"course for {qualification}" if qualification else "course we follow"
            raise InputError(f"{subject} is on no {which}.", "Run 'nvqsync sync', or check it.") from None
        return rows
    if qualification and app.plugins.catalogue.find_qualification(qualification) != found:
        raise InputError(f"{subject} is a qualification itself.", "Leave -q out, or name a learner.")
    return [_nobody(found)]


def _nobody(qualification: Qualification) -> LearnerProgress:
    """A learner who holds nothing."""
    return LearnerProgress(LmsMember("", ""), qualification, (), judge(qualification.rule, ()))


def _routes(
    row: LearnerProgress, prefer_started: bool, offered: tuple[str, ...] | None, show_alternatives: bool
) -> dict[str, Any]:
    """One entry of ``route --json``; ``routes`` is empty where nothing on offer finishes."""
    best = route_for(row, prefer_started=prefer_started, offered=offered)
    routes = [best] if best is not None else []
    if show_alternatives and best is not None:
        routes += [other for other in _alternatives(row, best, offered) if set(other.units) != set(best.units)]
    return {
        "learner": _learner_json(row.learner) if row.learner.lms_id else None,
        "qualification": row.qualification.id,
        "met": row.verdict.met,
        "held": list(achieved(row.outcomes)),
        "offered": None if offered is None else list(offered),
        "routes": [_route_json(row, route) for route in routes],
        "says": _route_says(row, routes, offered),
    }


def _alternatives(row: LearnerProgress, best: Route, offered: tuple[str, ...] | None) -> tuple[Route, ...]:
    rule, held = row.qualification.rule, achieved(row.outcomes)
    within = 2
    try:
        return alternatives(rule, held, within, transferred=transferred(row.outcomes), offered=offered)
    except Exhausted:
        tell(f"The alternatives to {', '.join(best.units)} are too many to list within the search budget.")
        return ()


def _route_says(row: LearnerProgress, routes: Sequence[Route], offered: tuple[str, ...] | None) -> str:
    if routes or offered is None:
        return row.verdict.says
    rule, held = row.qualification.rule, achieved(row.outcomes)
    return judge(rule, held, transferred=transferred(row.outcomes), offered=offered).says


def _route_json(row: LearnerProgress, route: Route) -> dict[str, Any]:
    done = done_so_far(row.outcomes)
    outcomes = {outcome.code: outcome for outcome in row.outcomes}
    units = {listed.code: listed.unit for listed in row.qualification.units}
    return {
        "credits": route.credits,
        "glh": route.glh,
        "units": [
            {"code": code, "title": units[code].title, "level": units[code].level, "credits": units[code].credit_value,
             "glh": units[code].glh, "started": code in done,
             "criteria_met": len(outcomes[code].criteria_met) if code in outcomes else 0,
             "criteria_total": None if units[code].criteria is None else len(units[code].criteria or ())}
            for code in route.units
        ],
    }  # fmt: skip


def _print_routes(answer: Mapping[str, Any]) -> None:
    learner = answer["learner"]
    who = f"{learner['name']} ({learner['id_number']}), " if learner else ""
    click.echo(plain(f"{who}{answer['qualification']}: {'met already' if answer['met'] else 'not met'}."))
    if not answer["routes"]:
        click.echo(answer["says"])
    for number, route in enumerate(answer["routes"]):
        if answer["met"]:
            continue
        name = f"Alternative {number}" if number else "Cheapest way to finish"
        number_of = "1 unit" if len(route["units"]) == 1 else f"{len(route['units'])} units"
        click.echo(f"\n{name}: {route['credits']} credits in {number_of}, {route['glh']} GLH")
        keys = ("code", "title", "level", "credits", "glh", "criteria_met", "criteria_total")
        heads = ("Code", "Title", "Level", "Credits", "GLH", "Criteria met", "of")
        click.echo(table(heads, [[unit[key] for key in keys] for unit in route["units"]]))


# ---------------------------------------------------------------- nearly


@click.command("nearly")
@qualification_option
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(min=0),
    help="At most so many lines of each list; 0 for all.",
)
@json_option
@click.pass_context
def nearly_command(ctx: click.Context, qualification: str | None, limit: int, as_json: bool) -> None:
    """Show who is nearly there, and which single ungraded assignments hold back most certificates.

    Each learner is counted by the way that leaves least to do: open criteria, and one sign-off for a unit whose
    criteria are unknown or all met. Qualifications whose certification has closed are left out unless they are named.
    --json gives both lists whole.
    """
    with app_and_store(ctx) as (app, store):
        reader = app.reader(store)
        only = [app.plugins.catalogue.find_qualification(qualification).id] if qualification else None
        found = reader.standings(only)
        standings = [one for one in found if only or _open(app, store, one.qualification)]
        near = nearly(row for standing in standings for row in standing.rows)
        bank = app.plugins.catalogue.units
        held = [
            one
            for standing in standings
            for one in held_back(reader.gather(standing.qualification.id, standing.mappings), standing.rows, bank)
        ]
    held.sort(key=lambda one: -len(one.learners))
    document = _nearly_json(near, held)
    somebody = any(standing.rows for standing in found)
    if not somebody:
        tell("Nobody to show yet. Run 'nvqsync sync', then 'nvqsync mapping check' if the list stays empty.")
    if as_json:
        print_json(document)
    elif somebody:
        _print_nearly(document, limit or None)


def _open(app: App, store: Store, qualification: Qualification) -> bool:
    return not store_centre.facts(store, qualification).certification_end.passed(app.today)


def _nearly_json(near: Iterable[Nearly], held: Sequence[HeldBack]) -> dict[str, Any]:
    """The document ``nearly --json`` prints."""
    chosen, certificates = together(held)
    return {
        "learners": [
            {
                "learner": _learner_json(one.row.learner),
                "qualification": one.row.qualification.id,
                "to_go": one.to_go,
                "criteria_open": one.criteria,
                "sign_offs_open": one.sign_offs,
                "credits_to_go": one.route.credits,
                "units": [{"code": unit.code, "criteria_open": unit.criteria} for unit in one.units],
            }
            for one in near
        ],
        "assignments": [_held_json(one) for one in held],
        "most": {"assignments": [one.item.item_id for one in chosen], "certificates": certificates},
    }


def _held_json(one: HeldBack) -> dict[str, Any]:
    return {
        "item": one.item.item_id,
        "name": one.item.name,
        "course": one.item.course_id,
        "qualification": one.qualification_id,
        "stands_for": one.item.text,
        "certificates": len(one.learners),
        "learners": list(one.learners),
        "unreleased": list(one.unreleased),
    }


def _print_nearly(document: Mapping[str, Any], limit: int | None) -> None:
    rows = [
        (one["learner"]["id_number"], one["learner"]["name"], one["qualification"], one["to_go"], one["criteria_open"],
         one["sign_offs_open"], one["credits_to_go"], " ".join(unit["code"] for unit in one["units"]))
        for one in document["learners"][:limit]
    ]  # fmt: skip
    if not rows:
        click.echo("Nobody is on the way to a certificate: everyone has met the rule, or nothing on offer finishes.")
    else:
        heads = ("ID number", "Name", "Qualification", "To go", "Criteria", "Sign-offs", "Credits", "Units")
        click.echo(table(heads, rows))
    _print_held(document["most"], document["assignments"][:limit])


def _print_held(most: Mapping[str, Any], held: Sequence[Mapping[str, Any]]) -> None:
    if not most["assignments"]:
        click.echo("\nNo certificate waits for a single grade.")
        return
    count, number = len(most["assignments"]), most["certificates"]
    which = "This assignment holds" if count == 1 else f"These {count} assignments hold"
    what = "1 certificate" if number == 1 else f"{number} certificates"
    click.echo(f"\n{which} back {what}: {', '.join(most['assignments'])}. Each waits for a single grade.")
    heads = ("Item", "Assignment", "Qualification", "Stands for", "Holds back", "Only to release")
    keys = ("item", "name", "qualification", "stands_for", "certificates")
    click.echo(table(heads, [[*(one[key] for key in keys), len(one["unreleased"])] for one in held]))
