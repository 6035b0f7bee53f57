"""The batch as a sheet to print, tick and file, for portals that are keyed by hand.

One HTML page without anything from outside: A4, one page a candidate, in the order of the portal's screens
(``screens.py``). Every text from a learner or a unit is escaped and set apart from the text around it. It is a
worksheet and says so; no portal takes it as a file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from html import escape
from zoneinfo import ZoneInfo

from nvqsync import hookimpl
from nvqsync.exports.fields import text, uln
from nvqsync.exports.screens import HELD_UNITS, OTHER, SCREENS, Screens
from nvqsync.hookspecs import ExportFormat
from nvqsync.model import Batch, BatchClaim, BatchUnit

LONDON = ZoneInfo("Europe/London")
BOX = '<span class="box" role="img" aria-label="tick when done"></span>'


@hookimpl
def register_export_formats(register: Callable[[ExportFormat], None]) -> None:
    """Offer the keying sheet."""
    register(ExportFormat("keying_sheet", "html", "text/html", "A sheet to print, for keying by hand.", render))


def render(batch: Batch) -> bytes:
    """The batch as one HTML page. The same batch gives the same bytes."""
    screens = SCREENS.get(batch.awarding_body, OTHER)
    first = len(screens.before) + 1
    claims = (_claim(screens, claim, place, len(batch.claims), first) for place, claim in enumerate(batch.claims, 1))
    title = f"Keying sheet {_number(batch)} {text(batch.id)}{_duplicate(batch)}"
    body = f"{_head(screens, batch)}\n{''.join(claims)}{_foot(batch)}"
    page = (
        f'<!doctype html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
    return page.encode()


def _number(batch: Batch) -> str:
    return f"no. {batch.sheet}" if batch.sheet else ""


def _duplicate(batch: Batch) -> str:
    return f", DUPLICATE no. {batch.duplicate}" if batch.duplicate else ""


def _head(screens: Screens, batch: Batch) -> str:
    banner = (
        f'<p class="duplicate">DUPLICATE no. {batch.duplicate} of keying sheet {_number(batch)}. The original may have '
        "been keyed already: compare with the portal before anything is keyed from this one.</p>\n"
    )
    facts = _facts(
        ("Sheet", _number(batch)),
        ("Qualification", batch.qualification_title),
        (screens.qualification_code, batch.qualification_code),
        ("Qualification number", batch.qualification_number or ""),
        ("Centre number", batch.centre_number),
        ("Route", batch.route),
        ("Candidates", str(len(batch.claims))),
        ("Made on", _day(dt.datetime.fromtimestamp(batch.created_at, LONDON).date())),
        ("Batch", batch.id),
    )
    steps = "".join(_step(number, title, says) for number, (title, says) in enumerate(screens.before, 1))
    return (
        f"<header><h1>Keying sheet for {escape(screens.portal)}</h1>\n{banner if batch.duplicate else ''}"
        '<p class="note">A worksheet for keying by hand. It is not an upload file, and no portal takes it as one. '
        "It holds personal data: keep it locked away.</p>\n"
        f"{facts}\n</header>\n<section><h2>Once for this batch</h2>\n{steps}</section>\n"
    )


def _claim(screens: Screens, claim: BatchClaim, place: int, total: int, first: int) -> str:
    """One candidate's block: find, units, submit, and the lines to write on."""
    steps = [_step(first, screens.find, "", _candidate(screens, claim))]
    for title, units in screens.lists(claim):
        table = _units(units, held=title == HELD_UNITS, initials=screens.initials)
        steps.append(_step(first + len(steps), title, _counted(units), table))
    steps.append(_step(first + len(steps), "Check and submit", screens.submit, _facts(*screens.check(claim))))
    heading = f'<h2><span class="place">Candidate {place} of {total}</span> {_apart(claim.name)}</h2>'
    note = f'<p class="duplicate">{escape(claim.note)}</p>\n' if claim.note else ""
    return f'<section class="claim">{heading}\n{note}{"".join(steps)}{_lines(claim)}</section>\n'


def _candidate(screens: Screens, claim: BatchClaim) -> str:
    return _facts(
        ("Name", claim.name),
        (screens.candidate_number, claim.candidate_number or "none yet"),
        ("Date of birth", _day(claim.date_of_birth) if claim.date_of_birth else "not known here"),
        ("ULN", uln(claim) or "leave blank"),
        ("Claim", screens.kind(claim)),
    )


def _units(units: Sequence[BatchUnit], *, held: bool, initials: bool) -> str:
    """A table to tick: what is held already is looked up, not keyed, and nobody puts initials to it."""
    heads = ["Seen" if held else "Keyed", "Code", "Unit reference", "Title", "Level", "Credit", "Achieved on"]
    asked = ["Assessor", "Learner", "IQA, if sampled"] if initials and not held else []
    heads += asked
    rows = "".join(_unit(unit, blanks=len(asked)) for unit in units)
    head = "".join(f"<th>{title}</th>" for title in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>\n"


def _unit(unit: BatchUnit, *, blanks: int) -> str:
    facts = (unit.code, unit.unit_reference, unit.title, str(unit.level), str(unit.credit_value))
    cells = [BOX, *map(_apart, facts), _day(unit.achieved_on, letters=3), *[""] * blanks]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


def _lines(claim: BatchClaim) -> str:
    """Where a person writes what they did."""
    blanks = "".join(f'<span class="line">{what}</span>' for what in ("Keyed by", "Date", "Portal&rsquo;s reference"))
    return f'<p class="lines">{blanks}</p>\n<p class="key">Claim {claim.claim_id} &middot; {_apart(claim.key)}</p>\n'


def _foot(batch: Batch) -> str:
    return (
        f"<footer><p>End of batch {_apart(batch.id)}{_duplicate(batch)}. When it is keyed, record who keyed it, when, "
        "and the portal&rsquo;s references: nvqsync claims record keyed.</p></footer>\n"
    )


def _step(number: int, title: str, says: str, inside: str = "") -> str:
    note = f'<p class="says">{escape(says)}</p>' if says else ""
    return f'<div class="step"><h3>{BOX} {number}. {escape(title)}</h3>{note}{inside}</div>\n'


def _facts(*facts: tuple[str, str]) -> str:
    return f"<dl>{''.join(_fact(*fact) for fact in facts if fact[1])}</dl>"


def _fact(name: str, value: str) -> str:
    return f"<div><dt>{escape(name)}</dt><dd>{_apart(value)}</dd></div>"


def _apart(value: str) -> str:
    """A text from outside: escaped, and unable to turn round the writing beside it or its own."""
    return f"<bdi>{escape(text(value).translate(_TURNING))}</bdi>"


def _counted(units: Iterable[BatchUnit]) -> str:
    credits = [unit.credit_value for unit in units]
    return f"{len(credits)} unit{'s' if len(credits) != 1 else ''}, {sum(credits)} credits."


def _day(day: dt.date, *, letters: int | None = None) -> str:
    return f"{day.day}\u00a0{_MONTHS[day.month - 1][:letters]}\u00a0{day.year}"


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
"""Characters that order text to run the other way: no name needs them, and they make one name look like another."""

_STYLE = """
@page { size: A4; margin: 14mm; @bottom-right { content: "Page " counter(page) " of " counter(pages) } }
* { box-sizing: border-box }
body { font: 10.5pt/1.35 "Liberation Sans", Arial, sans-serif; color: #0b0c0c }
body { max-width: 190mm; margin: 0 auto; padding: 4mm }
h1 { font-size: 17pt; margin: 0 0 2mm }
h2 { font-size: 13pt; margin: 5mm 0 2mm; border-bottom: .6mm solid #0b0c0c; padding-bottom: 1mm }
h3 { font-size: 11pt; margin: 0 0 1mm }
.note { border-left: 1.5mm solid #0b0c0c; padding: 1mm 3mm; margin: 0 0 3mm }
.duplicate { border: .8mm solid #0b0c0c; padding: 2mm 3mm; margin: 0 0 3mm; font-weight: bold }
.place { font-weight: normal; margin-right: 3mm }
.step { margin: 0 0 3mm; break-inside: avoid-page }
.says { margin: 0 0 1mm 6mm }
dl { display: flex; flex-wrap: wrap; gap: 1mm 5mm; margin: 0 0 1mm 6mm }
dl div { min-width: 28mm }
dt { font-size: 8.5pt; color: #383f43 }
dd { margin: 0; font-weight: bold; overflow-wrap: anywhere }
table { border-collapse: collapse; width: calc(100% - 6mm); margin-left: 6mm }
th, td { border: .2mm solid #505a5f; padding: 1mm 1.5mm; text-align: left; vertical-align: top }
th { font-size: 8.5pt }
td:nth-child(2), td:nth-child(3) { white-space: nowrap }
td:nth-child(4) { min-width: 34mm }
thead { display: table-header-group }
tr { break-inside: avoid }
.box { display: inline-block; width: 3.6mm; height: 3.6mm; border: .4mm solid #0b0c0c; vertical-align: -0.5mm }
.claim { break-before: page }
.lines { display: flex; gap: 6mm; margin: 6mm 0 2mm; break-before: avoid }
.line { flex: 1; border-bottom: .3mm solid #0b0c0c; padding-bottom: 1mm; min-height: 9mm }
.line { display: flex; align-items: end }
.key { font-size: 8pt; color: #383f43; overflow-wrap: anywhere; margin: 0 }
"""
