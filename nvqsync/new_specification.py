"""Specifications to fill in: commented TOML for a qualification, and for units that the bank does not have. Pure.

What is not filled in is empty, and ``nvqsync rules check`` refuses it by line and key. Every key of the shape in
``nvqsync.specification`` is there, in use or commented out, with what to write and where a handbook prints it.
"""

from __future__ import annotations

import json
from typing import Final

_HEAD: Final = """\
# {id}: a specification to fill in, from the awarding body's own document.
#
# Figures, codes, dates and titles are facts and are carried over exactly. Sentences are the body's own and are not:
# say in your words what each requirement asks for, and write down the section that prints it.
# When nothing is empty any more:   nvqsync rules check {files}
# Then a second person reads the document against this file: docs/handbook-to-specification.md says how.

awarding_body = {body}
code = {code}  # the body's own; with its name it makes the id, {id}
# qualification_number = "500/8625/X"  # as printed; leave it out where none is. Its last character is checked
title = ""  # as the certificate prints it
level = ""  # a number, 0 to 8
credits = ""  # a number: the credits of the whole certificate
# registration_closed = true  # where the body takes no more registrations
# registration_end_on = 2027-08-31  # the last day to register a candidate: only if the body publishes it
# certification_end_on = 2029-08-31  # the last day to claim a certificate: only if the body publishes it

[source]
document = ""  # its title, issue and date, so that anybody can find the same one
section = ""  # where the structure of the qualification is set out

# The body's codes for methods of assessment. Without this table any code is taken.
# [methods]
# section = ""
# codes = [
#     {{ code = "OB", title = "Observation" }},
#     {{ code = "SIM", title = "Simulation", simulated = true }},
# ]

# The groups, as the document prints them. A unit is named by the regulator's reference; `nvqsync units QUALIFICATION`
# lists units that are known already. Others go into a file of their own: `nvqsync rules new ... --units FILE`.
#   code        the body's code; without it the reference is the code
#   aliases     further codes that the body prints for the unit: aliases = ["F1"]
#   simulation  true where the document lets simulated evidence count towards the unit
[groups.A]
title = ""  # as printed, e.g. Mandatory units
units = [
    # {{ code = "M1", reference = "F/601/1609" }},  # its title, for whoever reads this
]

[groups.B]
title = ""
units = [
    # {{ code = "B1", reference = "R/601/1212" }},
]

[rule]
version = "1"  # raise it with every change: claims say which version they were judged by
# groups_overlap = true  # where a unit listed in two groups counts in both
# allows_exemptions = false  # where the body grants no exemptions and no equivalents

# One table for each thing the rule asks for. All of them hold at the same time. `id` stays as it is for good: claims
# and waivers refer to it. `says` is what an exams officer reads. A section may come from another document = "...".

[[rule.requirements]]
id = "{id_stem}/mandatory"
kind = "all_of"  # every unit named
says = ""
units = []  # codes, as listed above
section = ""

[[rule.requirements]]
id = "{id_stem}/credits"
kind = "min_credits"  # at least `need` credits, from `groups` or from all of them
says = ""
need = 0
section = ""
"""

_KINDS: Final = (
    ("min_units", "at least `need` units", {"need": 1, "groups": ["B"]}),
    ("min_credits_at_level", "at least `need` credits at `level`; `comparison` is exactly or at_least",
     {"need": 11, "level": 2, "comparison": "exactly", "groups": ["B"]}),
    ("max_credits", "at most `need` credits count; what is over is left out", {"need": 3, "groups": ["B"]}),
    ("max_units", "at most `need` units count", {"need": 2, "groups": ["B"]}),
    ("barred", "of the units named at most one counts", {"units": ["B1", "B2"]}),
    ("equivalent", "the units named stand for one another: one counts", {"units": ["B1", "B2"]}),
    ("max_transferred_credits", "at most `need` credits from elsewhere count", {"need": 8}),
)  # fmt: skip
"""The kinds that the specification does not use from the start: what each asks for, and an example of its keys."""

_OUTSIDE: Final = """
# A unit that a learner may hold though the rule leaves it out, and what to tell a person about it:
# [[rule.outside]]
# reference = "T/505/4673"
# says = ""
# section = ""
"""

_UNITS: Final = """\
# Units that nvqsync does not know yet, from the awarding body's own document: {id}.
#
# A unit is the regulator's: its reference, title, level, credit value and guided learning hours are the same with every
# awarding body. The first letter of a reference is checked against its digits.

[source]
document = ""  # its title, issue and date
section = ""  # where the units are listed

# The words of assessment criteria stay out: they are the awarding body's. How many there are is a fact.
[[units]]
reference = ""  # as printed, e.g. F/601/1609
title = ""  # as printed
level = ""  # a number, 0 to 8
credit_value = ""  # a number
glh = ""  # a number: guided learning hours
# outcomes = {{ 1 = 3, 2 = 4 }}  # how many criteria each learning outcome has; leave it out where you do not know

# [[units]]: once more for each further unit
"""


def qualification_template(body: str, code: str, files: str) -> str:
    """A qualification's specification to fill in; ``files`` is what ``rules check`` will be given, as typed."""
    quoted = {"body": json.dumps(body), "code": json.dumps(code)}
    text = _HEAD.format(id=f"{body}/{code}", id_stem=f"{body}-{code}", files=files, **quoted)
    return text + "".join(_suggested(f"{body}-{code}", *kind) for kind in _KINDS) + _OUTSIDE


def units_template(body: str, code: str) -> str:
    """A file of units to fill in."""
    return _UNITS.format(id=f"{body}/{code}")


def _suggested(stem: str, kind: str, asks: str, keys: dict[str, object]) -> str:
    """A requirement of another kind, commented out."""
    lines = [
        "[[rule.requirements]]",
        f'id = "{stem}/{kind.replace("_", "-")}"',
        f'kind = "{kind}"  # {asks}',
        'says = ""',
        *(f"{key} = {json.dumps(value)}" for key, value in keys.items()),
        'section = ""',
    ]
    return "\n" + "".join(f"# {line}\n" for line in lines)
