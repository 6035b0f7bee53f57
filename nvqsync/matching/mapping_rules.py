"""What the centre's mapping file may say, as records: selectors, pass rules, rules for courses and for assignments."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Literal

from nvqsync.model import ItemKind

SignOffBy = Literal["assessor", "criteria"]
Combine = int | Literal["any", "all"]
Gradebook = Literal["ask", "assignment", "gradebook"]


@dataclass(frozen=True, slots=True)
class PassRule:
    """When a grade counts as met; ``None`` wherever the mapping says nothing.

    ``scale_pass`` are the scale items that count; ``rubric_pass`` is the score a rubric row needs (default: its highest
    level); ``guide_pass`` the share of a guide row's marks, above 0 and up to 1 (default: full marks); ``met_when`` how
    many met decisions a criterion needs (default: any one); ``gradebook`` which grade is true where the gradebook
    overrides the assignment's (default ``"ask"``: the decision stands, with a caution).
    """

    pass_mark: Decimal | None = None
    scale_pass: tuple[str, ...] | None = None
    rubric_pass: Decimal | Literal["highest"] | None = None
    guide_pass: Decimal | Literal["full"] | None = None
    met_when: Combine | None = None
    gradebook: Gradebook | None = None

    def over(self, other: PassRule) -> PassRule:
        """This rule, and the other one wherever this one says nothing."""
        said = {one.name: value for one in fields(self) if (value := getattr(self, one.name)) is not None}
        return replace(other, **said)


@dataclass(frozen=True, slots=True)
class Selector:
    """What a rule picks, by exact id or by patterns (``*``, ``?``), case aside. All that is given must fit."""

    id: str = ""
    short_name: str = ""
    id_number: str = ""
    name: str = ""

    def picks(self, lms_id: str, short_name: str, id_number: str, name: str) -> bool:
        """Does everything this selector says fit?"""
        if self.id and self.id != lms_id:
            return False
        patterns = ((self.short_name, short_name), (self.id_number, id_number), (self.name, name))
        return all(_fits(folded(text), folded(pattern)) for pattern, text in patterns if pattern)

    @property
    def literal(self) -> bool:
        """True where it names one thing rather than a family: an id, or patterns without wildcards."""
        return bool(self.id) or not re.search(r"[*?\[]", self.short_name + self.id_number + self.name)


@dataclass(frozen=True, slots=True)
class CourseRule:
    """A ``[[course]]`` of the mapping file. ``line`` is where it starts."""

    selector: Selector
    qualification: str = ""
    sign_off: SignOffBy | None = None
    ignore: bool = False
    pass_rule: PassRule = PassRule()
    line: int = 0


@dataclass(frozen=True, slots=True)
class AssignmentRule:
    """An ``[[assignment]]``, ``[[outcome]]`` or ``[[competency]]`` of the mapping file, by its ``kind``.

    ``units`` is in the ID number notation.
    """

    course: Selector
    item: Selector
    units: str = ""
    ignore: bool = False
    pass_rule: PassRule = PassRule()
    line: int = 0
    kind: ItemKind = ItemKind.ASSIGNMENT


@dataclass(frozen=True, slots=True)
class MappingFile:
    """The centre's mapping file, read and checked. ``assignments`` are the rules for outcomes and competencies too."""

    path: str
    courses: tuple[CourseRule, ...] = ()
    assignments: tuple[AssignmentRule, ...] = ()

    @property
    def kinds(self) -> frozenset[ItemKind]:
        """What beside assignments it asks to be read, in whichever course."""
        return frozenset(rule.kind for rule in self.assignments if not rule.ignore) - {ItemKind.ASSIGNMENT}


def folded(text: str) -> str:
    """A text as names are compared: case and the number of blanks aside."""
    return " ".join(text.casefold().split())


def _fits(text: str, pattern: str) -> bool:
    return text == pattern or fnmatchcase(text, pattern)
