"""Invented centres of every kind that may be recorded, for Hypothesis; and the catalogue they are checked against."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

from nvqsync.centre import Account, EndDate, Sanction, Staff, StaffRole, Visit
from nvqsync.centres.centre_record import Approval, CentreNumber, CentreRecord
from nvqsync.plugin_manager import load_catalogue

TODAY = dt.date(2026, 11, 20)
CATALOGUE = load_catalogue(entry_points=False)
QUALIFICATIONS = CATALOGUE.qualifications
UNPUBLISHED = ("OCR/03455", "OCR/10378", "EDI/L2-CS", "NCFE/50102874")
"""Those whose end dates no document gives."""

words = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=8)
lines = st.text(st.characters(codec="utf-8"), max_size=12)
past = st.dates(dt.date(2015, 1, 1), TODAY)
days = st.dates(dt.date(2015, 1, 1), dt.date(2035, 1, 1))
maybe = st.none() | days
ids = st.sampled_from(["3", "7", "12", "900"])
ends = st.just(EndDate()) | st.builds(EndDate, st.just(True), maybe, st.none() | past)


@st.composite
def _approvals(draw: st.DrawFn) -> Approval:
    approved, start, end = draw(st.none() | past), draw(maybe), draw(maybe)
    start = start and max(start, approved or start)
    return Approval(
        draw(st.sampled_from(UNPUBLISHED)), approved, start, start and end and max(start, end), draw(ends), draw(ends),
        draw(st.booleans()),
    )  # fmt: skip


@st.composite
def _staff(draw: st.DrawFn) -> Staff:
    who, start, end = draw(ids), draw(days), draw(maybe)
    other = draw(st.just("") | ids)
    return Staff(
        who, draw(words), draw(st.sampled_from(StaffRole)), start, end and max(start, end),
        draw(st.sampled_from(("", *QUALIFICATIONS))), draw(maybe), "" if other == who else other, draw(maybe),
    )  # fmt: skip


@st.composite
def _sanctions(draw: st.DrawFn) -> Sanction:
    start, end = draw(days), draw(maybe)
    return Sanction(
        draw(st.sampled_from(list(QUALIFICATIONS))), draw(words), draw(words), start, end and max(start, end),
        draw(st.booleans()), draw(st.booleans()),
    )  # fmt: skip


@st.composite
def _visits(draw: st.DrawFn) -> Visit:
    on = draw(days)
    done = on <= TODAY and draw(st.booleans())
    up_to = draw(maybe)
    return Visit(
        draw(st.sampled_from(list(QUALIFICATIONS))), on, draw(words), done, draw(st.booleans()),
        tuple(draw(st.lists(ids, unique=True))) if done else (), (up_to and done and min(on, up_to)) or None,
        draw(lines).strip(),
    )  # fmt: skip


numbers = st.builds(CentreNumber, st.sampled_from(["OCR", "EDI", "NCFE"]), words, st.just("") | words)
accounts = st.builds(Account, words, st.just(""), st.just(True)) | st.builds(Account, words, ids)
items = numbers | _approvals() | _staff() | _sanctions() | _visits() | accounts
records = st.lists(items, max_size=12).map(lambda some: CentreRecord().with_items(*some))
"""Whole records, none of which the checks refuse; keys are unique, whatever was drawn."""
