"""The contract of an awarding body's plugin, kept by each built-in one and by one from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nvqsync import hookimpl
from nvqsync.model import Kind, Qualification, QualificationUnit, Requirement, Rule, Source, Unit
from nvqsync.plugins import edi, ncfe, ocr
from nvqsync.qualification_checks import rule_units
from nvqsync.testing import AwardingBodyContract


class TestOcr(AwardingBodyContract):
    """OCR's four qualifications."""

    plugin = ocr


class TestEdi(AwardingBodyContract):
    """EDI's one."""

    plugin = edi


class TestNcfe(AwardingBodyContract):
    """NCFE's one."""

    plugin = ncfe


HANDBOOK = Source("An invented handbook", "1.2")
LISTED = (("X1", "F/601/1609", "A"), ("X2", "R/601/1209", "B"), ("X3", "L/601/1211", "B"))


class InventedBody:
    """A body from outside: an object rather than a module, its qualification written in code rather than as a file."""

    @hookimpl
    def register_qualifications(self, register: Callable[[Qualification], None], units: Mapping[str, Unit]) -> None:
        """Offer one qualification of three bank units."""
        listed = tuple(
            QualificationUnit(code, units[reference], (group,), group == "A") for code, reference, group in LISTED
        )
        rule = Rule(
            rule_units(listed),
            (
                Requirement("INV-1/mandatory", Kind.ALL_OF, "Unit X1", HANDBOOK, units=("X1",)),
                Requirement("INV-1/credits", Kind.MIN_CREDITS, "At least 9 credits in all", HANDBOOK, need=9),
            ),
        )
        groups = {"A": "Mandatory", "B": "Optional"}
        register(
            Qualification(
                id="INVENTED/7",
                awarding_body="INVENTED",
                code="7",
                qualification_number=None,
                title="An invented award",
                level=1,
                credits=9,
                units=listed,
                rule=rule,
                source=HANDBOOK,
                group_titles=groups,
            )
        )


class TestOutsideBody(AwardingBodyContract):
    """A body that comes from outside and is written in code keeps the same contract."""

    plugin = InventedBody()
