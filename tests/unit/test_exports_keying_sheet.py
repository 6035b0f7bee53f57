"""The keying sheet: complete, harmless whatever a name holds, in the portal's order, and honest about what it is."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given

from nvqsync.exports import batch_json, claims_csv, keying_csv, keying_sheet
from nvqsync.exports.fields import text
from nvqsync.exports.screens import in_words
from nvqsync.hookspecs import ExportFormat
from nvqsync.model import Batch
from tests.unit.portal_batches import A3, F1, F2, a_batch, a_claim, batches, few, for_units

OWN_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "section", "footer", "h1", "h2", "h3", "p", "div"),
    *("dl", "dt", "dd", "span", "bdi", "table", "thead", "tbody", "tr", "th", "td"),
}


class _Page(HTMLParser):
    """Collects the tags, attributes and visible text of a page."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.boxes = 0
        self.feed(content.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.boxes += ("class", "box") in attrs

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data)


def _page(batch: Batch) -> _Page:
    return _Page(keying_sheet.render(batch))


@few
@given(batches())
def test_no_text_becomes_markup(batch: Batch) -> None:
    """Whatever a name holds, the page has our own elements only, and loads and runs nothing."""
    page = _page(batch)
    assert page.tags <= OWN_TAGS
    assert page.attributes <= {"lang", "charset", "class", "role", "aria-label"}
    style = re.search(rb"<style>(.*?)</style>", keying_sheet.render(batch), re.DOTALL)
    assert style and b"url(" not in style[1] and b"@import" not in style[1]


@few
@given(batches())
def test_every_candidate_is_on_the_sheet(batch: Batch) -> None:
    """Each claim has its name, its key, and a box to tick for each unit."""
    page = _page(batch)
    all_words = "".join(page.words)
    assert all(claim.key in all_words for claim in batch.claims)
    turned = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
    for claim in batch.claims:
        name = text(claim.name).translate(turned)
        assert not name.strip() or name in all_words
    assert page.boxes >= sum(len(claim.units) + 3 for claim in batch.claims)


@few
@given(batches())
def test_no_writing_is_turned_round(batch: Batch) -> None:
    """Characters that reverse the text after them do not reach the page."""
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", keying_sheet.render(batch).decode())


def _order(batch: Batch, *wanted: str) -> None:
    words = " ".join(_page(batch).words)
    place = 0
    for one in wanted:
        place = words.find(one, place)
        assert place >= 0, f"{one} is missing, or not in this order"


def test_ocr_is_keyed_in_the_order_of_interchange() -> None:
    """Qualification, personnel, named entry, units from another body, OCR's units, submit."""
    batch = a_batch(a_claim(units=(F1, A3, F2)))
    _order(
        batch,
        "Scheme code",
        "1. Choose the qualification",
        "2. Set up the personnel",
        "3. Find the named entry",
        "OCR candidate number",
        "4. Add units from another awarding body",
        "M/601/1511",
        "5. Add the OCR units",
        "F/601/1609",
        "L/601/1614",
        "6. Check and submit",
        "Keyed by",
        "Date",
        "reference",
    )


def test_a_step_without_units_is_left_out() -> None:
    """No transferred units, no step for them, and the numbers close up."""
    _order(a_batch(), "3. Find the named entry", "4. Add the OCR units", "5. Check and submit")


def test_a_unit_held_already_is_looked_up_and_not_keyed() -> None:
    """On a screen of its own, without initials; the number of units to claim leaves it out."""
    held = replace(F2, held=True, progressed_from="EDI/1")
    batch = a_batch(a_claim(units=(A3, held, F1)), body="EDI")
    _order(
        batch, "4. Enter credit transfers", "Keyed", "5. Units held already", "Seen", "L/601/1614",
        "6. Enter the units of the claim to competence", "Keyed", "F/601/1609",
        "Units to claim", "2 (two)", "Units held already", "1 (one)", "Credits in all", "13",
    )  # fmt: skip
    rows = list(keying_csv.rows(batch))
    assert [screen.partition(":")[0] for _, _, screen, field, _ in rows if field == "Unit"] == [
        "Enter credit transfers", "Units held already under this candidate number",
        "Enter the units of the claim to competence",
    ]  # fmt: skip
    assert ("Units to claim", "2 (two)") in [row[3:] for row in rows]


def test_edi_wants_sign_off_first_and_a_claim_to_competence() -> None:
    """The Quality Advisor's sign-off heads the sheet; the number of units stands in words; initials have room."""
    _order(a_batch(body="EDI"), "1. Check the sign-off", "Full award: yes", "Assessor", "Learner", "IQA", "2 (two)")


def test_ncfe_tells_full_from_partial() -> None:
    """The learner number, the transferred units by name, full or partial."""
    _order(a_batch(a_claim(units=(A3, F1)), body="NCFE"), "NCFE learner number", "Full certificate", "credit transfer")
    _order(a_batch(for_units(a_claim()), body="NCFE"), "Partial certificate", "Tick the units achieved")


def test_a_body_nobody_knows_still_gets_a_sheet() -> None:
    """A fourth body's sheet is plain, not an error."""
    _order(a_batch(body="VTCT"), "Find the candidate", "Candidate number", "Check and submit")


def test_the_sheet_says_that_it_is_no_upload() -> None:
    """It never pretends to be a portal's file."""
    assert "not an upload file" in " ".join(_page(a_batch()).words)


def test_a_missing_learner_number_says_so() -> None:
    """The person keying is told to leave the field blank; the placeholder is nowhere on the page."""
    for number in (None, "9999999999"):
        claim = a_claim()
        content = keying_sheet.render(a_batch(type(claim)(**{**_fields(claim), "uln": number}))).decode()
        assert "leave blank" in content and "9999999999" not in content


def _fields(claim: object) -> dict[str, object]:
    return {name: getattr(claim, name) for name in type(claim).__slots__}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("number", "words"), [(0, "none"), (5, "five"), (12, "twelve"), (20, "twenty"), (59, "fifty-nine"), (100, "100")]
)
def test_numbers_in_words(number: int, words: str) -> None:
    """The number of units as a claim to competence writes it."""
    assert in_words(number) == words


def test_the_formats_offer_themselves_by_hook() -> None:
    """Each format registers one offer whose render makes the file it names."""
    offers: list[ExportFormat] = []
    for plugin in (batch_json, claims_csv, keying_sheet):
        plugin.register_export_formats(offers.append)
    assert [(offer.name, offer.extension, offer.media_type) for offer in offers] == [
        ("batch_json", "json", "application/json"),
        ("claims_csv", "csv", "text/csv"),
        ("keying_sheet", "html", "text/html"),
    ]
    assert all(offer.render(a_batch()) for offer in offers)
