"""A verdict in an exams officer's words: the answer first, then each requirement, then the way to finish."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from nvqsync.commands.tables import table, terminal_width
from nvqsync.judging import Judgement
from nvqsync.model import Qualification
from nvqsync.rules import Route, Verdict


def verdict_text(judgement: Judgement, width: int | None = None) -> str:
    """The whole text, fitted to ``width`` characters or else to the terminal."""
    columns = terminal_width() if width is None else width
    qualification, verdict = judgement.qualification, judgement.verdict
    blocks = [
        _paragraphs(_answer(qualification, verdict), columns),
        _requirements(verdict, columns),
        _paragraphs(_units(judgement), columns),
    ]
    if verdict.route is not None and verdict.route.units:
        blocks.append(_way_to_finish(qualification, verdict.route, columns))
    if judgement.cautions:
        blocks.append(_paragraphs((f"Caution: {caution}" for caution in judgement.cautions), columns))
    return "\n\n".join(blocks)


def _answer(qualification: Qualification, verdict: Verdict) -> Iterator[str]:
    yield f"{qualification.id}  {qualification.title}"
    answer = "UNDECIDED" if verdict.undecided else "MET" if verdict.met else "NOT MET"
    yield f"{answer}: {verdict.credits_counted} credits counted, {qualification.credits} needed."
    if verdict.undecided or verdict.route is None:
        yield verdict.says


def _requirements(verdict: Verdict, columns: int) -> str:
    rows = [
        (
            "met" if report.met else f"short {report.short}" if report.short else "NOT MET",
            report.have,
            report.need,
            report.says,
        )
        for report in verdict.requirements
    ]
    return table(("", "Have", "Need", "Requirement"), rows, columns)


def _units(judgement: Judgement) -> Iterator[str]:
    yield f"Counted: {', '.join(judgement.verdict.counted) or 'nothing yet'}"
    if judgement.unused:
        yield f"Not counted: {', '.join(judgement.unused)}"


def _way_to_finish(qualification: Qualification, route: Route, columns: int) -> str:
    units = {listed.code: listed.unit for listed in qualification.units}
    rows = [
        (code, units[code].title, units[code].level, units[code].credit_value, units[code].glh) for code in route.units
    ]
    number = "1 unit" if len(rows) == 1 else f"{len(rows)} units"
    head = f"Cheapest way to finish: {route.credits} credits in {number}, {route.glh} GLH"
    return f"{head}\n{table(('Code', 'Title', 'Level', 'Credits', 'GLH'), rows, columns)}"


def _paragraphs(texts: Iterator[str], columns: int) -> str:
    return "\n".join(textwrap.fill(text, columns, subsequent_indent="  ", break_on_hyphens=False) for text in texts)
