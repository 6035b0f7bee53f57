"""The Merrowdown Guild: an invented awarding body. nvqsync finds it by the entry point in ``pyproject.toml``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib.resources import files

from merrowdown_awards.declarations import DECLARATIONS
from merrowdown_awards.gates import BODY, GATES
from nvqsync import hookimpl
from nvqsync.declaring import Declaration
from nvqsync.gates import Gate
from nvqsync.model import LmsItem, Qualification, Unit
from nvqsync.specification import qualifications_in, units_in

nvqsync_contract = 1

_TEMPLATE_NAME = re.compile(r"Unit ([A-Z][0-9]+)\b")
"""How the Guild's course template names an assignment: ``Unit V3 - Help a visitor who is upset``."""


@hookimpl
def register_units(register: Callable[[Unit], None]) -> None:
    """Offer the units that nvqsync's own bank does not have."""
    for unit in units_in(files(__name__) / "units"):
        register(unit)


@hookimpl
def register_qualifications(register: Callable[[Qualification], None], units: Mapping[str, Unit]) -> None:
    """Offer every qualification of ``qualifications/*.toml``; ``units`` is the bank, the Guild's own included."""
    for qualification in qualifications_in(files(__name__) / "qualifications", units):
        register(qualification)


@hookimpl
def register_gates(register: Callable[[Gate], None]) -> None:
    """Offer what stops or cautions claims with the Guild alone."""
    for gate in GATES:
        register(gate)


@hookimpl
def register_declarations(register: Callable[[Declaration], None]) -> None:
    """Offer what the approver of a claim with the Guild declares."""
    for declaration in DECLARATIONS:
        register(declaration)


@hookimpl
def match_unit(qualification: Qualification, lms_item: LmsItem) -> str | None:
    """Read the unit off the template's assignment names; of other bodies' courses nothing is said."""
    if qualification.awarding_body not in BODY:
        return None
    found = _TEMPLATE_NAME.match(lms_item.name)
    codes = {listed.code for listed in qualification.units}
    return found[1] if found and found[1] in codes else None
