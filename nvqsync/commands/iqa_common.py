"""What the ``iqa`` commands share: their options, units and people as they are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from nvqsync.bootstrap import App
from nvqsync.model import LmsMember

DAY = "%Y-%m-%d"
iqa_option = click.option("--iqa", required=True, help="Moodle id of the IQA.")
on_option = click.option("--on", type=click.DateTime([DAY]), required=True, help="The day it was done.")
why_option = click.option("--why", default="", help="A note for the audit log; no names.")


def codes_of(app: App, qualification_id: str, references: Iterable[str]) -> list[str]:
    """The body's codes for units; the reference itself where the qualification lists no such unit any more."""
    qualification = app.plugins.catalogue.qualifications.get(qualification_id)
    listed = {one.unit.reference: one.code for one in qualification.units} if qualification else {}
    return [listed.get(reference, reference) for reference in references]


def person_json(who: LmsMember) -> dict[str, Any]:
    """A learner as lists show them."""
    return {"lms_id": who.lms_id, "id_number": who.id_number, "name": who.name}
