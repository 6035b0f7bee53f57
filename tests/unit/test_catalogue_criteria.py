"""A centre's own criteria: added to the bank, checked against it, and named by line when they do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from nvqsync.catalogue import Catalogue
from nvqsync.errors import CatalogueError
from nvqsync.plugin_manager import load_catalogue

COUNTED = '[[units]]\nreference = "M/601/1508"\noutcomes = { 1 = 4, 2 = 5 }\n'
WORDED = (
    '[[units]]\nreference = "T/601/1509"\ncriteria = { "1.1" = "Listen", "1.2" = "Note down", "2.1" = "Explain" }\n'
)


def loaded(folder: Path, text: str) -> Catalogue:
    file = folder / "ours.toml"
    file.write_text(text, encoding="utf-8")
    return load_catalogue(entry_points=False, criteria_files=[file])


def test_unknown_criteria_become_known_for_every_body(tmp_path: Path) -> None:
    """Counts or words: every qualification that lists the unit has its criteria, under whatever code."""
    catalogue = loaded(tmp_path, COUNTED + WORDED)
    for name, code in (
        ("OCR/03454", "C1"),
        ("OCR/03455", "C1"),
        ("EDI/L2-CS", "CU813"),
        ("NCFE/50102874", "M/601/1508"),
    ):
        unit = catalogue.find_unit(catalogue.qualifications[name], code).unit
        assert unit.outcomes == (("1", 4), ("2", 5))
    assert catalogue.units["T/601/1509"].criteria == ("1.1", "1.2", "2.1")


def test_words_are_kept_beside_the_bank(tmp_path: Path) -> None:
    """They are the centre's copy, by unit and number; units without words have none."""
    catalogue = loaded(tmp_path, COUNTED + WORDED)
    assert catalogue.wording == {"T/601/1509": {"1.1": "Listen", "1.2": "Note down", "2.1": "Explain"}}


def test_words_for_a_known_unit_must_fit_its_numbers(tmp_path: Path) -> None:
    """F/601/1609 has 21 criteria: a copy of all of them is welcome, a shorter one is refused."""
    numbers = load_catalogue(entry_points=False).units["F/601/1609"].criteria
    assert numbers is not None
    entry = '[[units]]\nreference = "F/601/1609"\ncriteria = {{ {} }}\n'
    whole = ", ".join(f'"{number}" = "words"' for number in numbers)
    assert len(loaded(tmp_path, entry.format(whole)).wording["F/601/1609"]) == 21
    with pytest.raises(
        CatalogueError, match=r"line 1, units\[1\]: F/601/1609 is known to have 3 criteria in outcome 1"
    ):
        loaded(tmp_path, entry.format(", ".join(f'"1.{number}" = "words"' for number in (1, 2))))


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (COUNTED + WORDED.replace("1509", "1599"), 4, "no unit T/601/1599 in the bank. Did you mean"),
        (COUNTED.replace("2 = 5", "3 = 5"), 1, "numbered 1, 2, 3"),
        (WORDED.replace('"1.2"', '"1.3"'), 1, "look at 1.2, 1.3"),
        (WORDED.replace('"1.2"', '"1.a"'), 3, "pattern"),
        ('[[units]]\nreference = "M/601/1508"\n', 1, "needs `outcomes` or `criteria`"),
        (COUNTED.replace("outcomes", "outcome"), 3, "no such key"),
    ],
)
def test_a_wrong_file_is_refused_by_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    """The file, the line and what to look at."""
    with pytest.raises(CatalogueError) as caught:
        loaded(tmp_path, text)
    assert f"ours.toml, line {line}, units" in caught.value.says
    assert says in caught.value.says
