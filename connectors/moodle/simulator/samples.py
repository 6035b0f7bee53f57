"""Two small qualifications as plain data, for when the simulator runs by itself. Codes, references and figures only."""

from __future__ import annotations

from typing import Any


def _unit(line: str, criteria: dict[str, int] | None = None) -> dict[str, Any]:
    """``code reference credits level group`` as one line."""
    code, reference, credit, level, group = line.split()
    facts = {"code": code, "reference": reference, "credits": int(credit), "level": int(level), "group": group}
    return facts | {"mandatory": group == "A", "criteria": criteria}


SAMPLES: list[dict[str, Any]] = [
    {
        "id": "OCR/03455",
        "title": "OCR Level 2 NVQ Certificate in Customer Service",
        "methods": ["O", "EP", "QC"],
        "units": [
            _unit("F1 F/601/1609 4 1 A", {"1": 3, "2": 3, "3": 15}),
            _unit("F2 L/601/1614 4 2 A", {"1": 5, "2": 10}),
            _unit("A3 R/601/1212 5 2 B", {"1": 10, "2": 12}),
            _unit("A4 L/601/0933 5 2 B", {"1": 7, "2": 5, "3": 4, "4": 5}),
            _unit("B2 J/601/1210 5 2 C"),
            _unit("C3 M/601/1511 6 2 D"),
            _unit("D2 A/601/1530 5 2 E"),
            _unit("D3 R/601/1534 6 2 E"),
            _unit("A6 H/601/1215 5 2 B"),
            _unit("B6 A/601/1222 4 2 C"),
            _unit("C4 T/601/1512 6 2 D"),
        ],
        "example_selections": [["F1", "F2", "A3", "B2", "C3", "D2"], ["F1", "F2", "A4", "B2", "C3", "D3"]],
    },
    {
        "id": "OCR/03454",
        "title": "OCR Level 1 NVQ Certificate in Customer Service",
        "methods": ["O", "EP", "QC"],
        "units": [
            _unit("F1 F/601/1609 4 1 A", {"1": 3, "2": 3, "3": 15}),
            _unit("F2 L/601/1614 4 2 A", {"1": 5, "2": 10}),
            _unit("A1 R/601/1209 5 1 B", {"1": 8, "2": 6, "3": 6}),
            _unit("A2 L/601/1211 5 1 B", {"1": 4, "2": 5, "3": 9}),
            _unit("B1 A/601/1205 5 1 C"),
            _unit("C2 T/601/1509 4 1 D"),
            _unit("C1 M/601/1508 5 1 D"),
        ],
        "example_selections": [["F1", "F2", "A1", "B1", "C2"]],
    },
]
