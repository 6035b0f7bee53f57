"""How Moodle writes a grade for people: scale words, points with two decimals, a pass or fail icon in front."""

from __future__ import annotations

from decimal import Decimal

from connectors.moodle.simulator.records import NO_GRADE, Assignment
from connectors.moodle.simulator.site import Site


def number(grade: str) -> int | float:
    """A grade as the gradebook report gives it: a whole number where it is one."""
    value = Decimal(grade)
    return int(value) if value == value.to_integral_value() else float(value)


def bounds(college: Site, assignment: Assignment) -> tuple[int, int]:
    """Lowest and highest grade."""
    if assignment.grade < 0:
        return 1, len(college.scales[-assignment.grade].items)
    return 0, assignment.grade or 100


def words(college: Site, assignment: Assignment, grade: str) -> str:
    """The grade alone."""
    if assignment.grade < 0:
        items = college.scales[-assignment.grade].items
        return items[min(max(int(Decimal(grade)), 1), len(items)) - 1]
    return f"{Decimal(grade):.2f}"


def plain_grade(college: Site, assignment: Assignment, grade: str) -> str:
    """As the submission page shows it."""
    if grade == NO_GRADE:
        return "-"
    shown = words(college, assignment, grade)
    if assignment.grade < 0:
        return shown
    gap = " / " if assignment.form is not None else "&nbsp;/&nbsp;"
    return f"{shown}{gap}{assignment.grade:.2f}"


def with_icon(college: Site, assignment: Assignment, grade: str, *, version: str) -> str:
    """As the gradebook shows it: not plain text once a pass mark is set."""
    shown = words(college, assignment, grade)
    if not assignment.pass_mark:
        return shown
    if Decimal(grade) >= assignment.pass_mark:
        icon, colour, title = "fa-check", "text-success", "Pass"
    else:
        icon, colour, title = ("fa-times" if version.startswith("4.3") else "fa-xmark"), "text-danger", "Fail"
    look = f'<i class="icon fa {icon} {colour} fa-fw inline"  title="{title}" role="img" aria-label="{title}"></i>'
    return look + shown


def value_range(college: Site, assignment: Assignment) -> str:
    """``rangeformatted``."""
    low, high = bounds(college, assignment)
    if assignment.grade < 0:
        items = college.scales[-assignment.grade].items
        return f"{items[0]}&ndash;{items[-1]}"
    return f"{low}&ndash;{high}" if assignment.grade else "&ndash;"


def percentage(college: Site, assignment: Assignment, grade: str) -> str:
    """``percentageformatted``."""
    low, high = bounds(college, assignment)
    share = (Decimal(grade) - low) * 100 / Decimal(high - low or 1)
    return f"{share:.2f} %"
