"""What the ``iqa`` commands share: their options, the learners' outcomes, people as JSON."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import click

from nvqsync.bootstrap import App
from nvqsync.model import LmsMember, Qualification, UnitOutcome
from nvqsync.store import Store

DAY = "%Y-%m-%d"
iqa_option = click.option("--iqa", required=True, help="Moodle id of the IQA.")
on_option = click.option("--on", type=click.DateTime([DAY]), required=True, help="The day it was done.")
why_option = click.option("--why", default="", help="A note for the audit log; no names.")


def units_of(app: App, qualification: Qualification, names: Iterable[str]) -> tuple[str, ...]:
    """The references of units named by code, alias or reference. Raises ``UnknownName``."""
    found = [app.plugins.catalogue.find_unit(qualification, name).unit.reference for name in names]
    return tuple(dict.fromkeys(found))


def codes_of(app: App, qualification_id: str, references: Iterable[str]) -> list[str]:
    """The body's codes for units; the reference itself where the qualification lists no such unit any more."""
    qualification = app.plugins.catalogue.qualifications.get(qualification_id)
    listed = {one.unit.reference: one.code for one in qualification.units} if qualification else {}
    return [listed.get(reference, reference) for reference in references]


def rows_of(
    app: App, store: Store, qualification_id: str, learners: Collection[str]
) -> dict[str, tuple[UnitOutcome, ...]]:
    """By learner, what their evidence for a qualification amounts to. Who is on no course of it is missing."""
    standings = app.reader(store).standings([qualification_id], learners)
    return {row.learner.lms_id: row.outcomes for standing in standings for row in standing.rows}


def person_json(who: LmsMember) -> dict[str, Any]:
    """A learner as lists show them."""
    return {"lms_id": who.lms_id, "id_number": who.id_number, "name": who.name}
