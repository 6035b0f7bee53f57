"""``qualifications``, ``units``, ``judge`` and ``plugins`` as a person or a program runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from nvqsync.commands.catalogue import COMMANDS
from nvqsync.errors import NvqsyncError, UnknownName

VERDICT_KEYS = {
    "qualification", "met", "credits_counted", "counted", "unused", "requirements", "cautions", "route",
    "undecided", "says",
}  # fmt: skip
MET_03455 = ["F1", "F2", "A3", "B2", "C1", "D2"]


def run(*arguments: str, stdin: bytes = b"", config: Path | None = None) -> Result:
    """Run one command in a group as small as can be."""

    @click.group(context_settings={"help_option_names": ["-h", "--help"]})  # click remembers a command's help options
    @click.pass_context
    def program(ctx: click.Context) -> None:
        """Stand for the whole program."""
        ctx.obj = config

    for command in COMMANDS:
        program.add_command(command)
    return CliRunner().invoke(program, arguments, input=stdin)


def answer(*arguments: str) -> Any:
    """The JSON on standard output of a command that succeeds, where nothing else may stand."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def lines(questions: Iterable[object]) -> tuple[list[dict[str, Any]], int]:
    """The answers to ``judge --jsonl``, and its exit status."""
    stdin = b"".join((q if isinstance(q, bytes) else json.dumps(q).encode()) + b"\n" for q in questions)
    result = run("judge", "--jsonl", stdin=stdin)
    return [json.loads(line) for line in result.stdout.splitlines()], result.exit_code


def test_qualifications_as_json() -> None:
    """Six rows with exactly the published keys; numbers null for EDI, dates ISO or null, units a count."""
    rows = answer("qualifications", "--json")
    assert [row["id"] for row in rows] == [
        "EDI/L2-CS", "NCFE/50102874", "OCR/03454", "OCR/03455", "OCR/03456", "OCR/10378",
    ]  # fmt: skip
    assert rows[0] == {
        "id": "EDI/L2-CS",
        "awarding_body": "EDI",
        "qualification_number": None,
        "code": "L2-CS",
        "title": "EDI Level 2 NVQ Certificate in Customer Service",
        "level": 2,
        "credits": 28,
        "units": 49,
        "certification_end_date": None,
    }
    assert [row["certification_end_date"] for row in rows[2:5]] == ["2018-08-31", None, "2019-08-31"]
    assert [row["units"] for row in rows] == [49, 26, 26, 49, 59, 18]


def test_units_as_json() -> None:
    """Exactly the published keys; criteria by outcome where known, else null; GLH from the bank."""
    rows = answer("units", "edi/l2-cs", "--json")
    assert len(rows) == 49
    assert rows[0] == {
        "code": "CU791",
        "unit_reference": "F/601/1609",
        "title": "Communicate using customer service language",
        "level": 1,
        "credit_value": 4,
        "glh": 30,
        "group": "A",
        "mandatory": True,
        "criteria": {"1": 3, "2": 3, "3": 15},
    }
    assert [row["criteria"] for row in rows if row["code"] == "CU813"] == [None]
    assert sum(sum(row["criteria"].values()) for row in rows if row["criteria"]) == 491


def test_tables_are_for_people() -> None:
    """Without --json the same facts stand in aligned columns."""
    qualifications = run("qualifications")
    assert qualifications.exit_code == 0
    assert "OCR/03455      500/8625/X" in qualifications.stdout
    units = run("units", "03455").stdout
    assert "A3    R/601/1212  Communicate effectively with customers" in units
    assert "Group E: Development and Improvement" in units


def test_a_met_verdict() -> None:
    """Every requirement met, an empty route, units in the body's code though given by reference."""
    given = ["F/601/1609", "l6011614", "a3", "B2", " C 1", "d2"]
    verdict = answer("judge", "OCR/03455", *given, "--json")
    assert set(verdict) == VERDICT_KEYS
    assert verdict["qualification"] == "OCR/03455"
    assert verdict["met"] is True
    assert sorted(verdict["counted"]) == sorted(MET_03455)
    assert verdict["credits_counted"] == 28
    assert verdict["unused"] == []
    assert verdict["route"] == {"credits": 0, "units": [], "glh": 0}
    assert all(set(r) == {"id", "met", "have", "need", "short", "says"} for r in verdict["requirements"])
    assert all(r["met"] and r["short"] == 0 for r in verdict["requirements"])


def test_an_unmet_verdict_is_an_answer() -> None:
    """Exit 0, what is short on each requirement, and a route that finishes when taken."""
    verdict = answer("judge", "OCR/03455", "F1", "F2", "A3", "--json")
    assert verdict["met"] is False
    short = {r["id"]: r["short"] for r in verdict["requirements"] if not r["met"]}
    assert short == {
        "ROC-L2-1/credits": 15, "ROC-L2-1/optional": 15, "ROC-L2-2/C": 1, "ROC-L2-2/D": 1, "ROC-L2-2/E": 1,
        "ROC-L2-3/level": 6,
    }  # fmt: skip
    assert verdict["route"]["credits"] == 15
    finished = answer("judge", "OCR/03455", "F1", "F2", "A3", *verdict["route"]["units"], "--json")
    assert finished["met"] is True


@pytest.mark.parametrize(("qualification", "glh"), [("OCR/03455", 192), ("EDI/L2-CS", 192), ("OCR/10378", 143)])
def test_the_cheapest_choice_has_the_handbooks_hours(qualification: str, glh: int) -> None:
    """The minimum GLH that the handbooks publish is what the cheapest route from nothing takes."""
    assert answer("judge", qualification, "--json")["route"]["glh"] == glh


def test_what_is_not_counted_is_told() -> None:
    """A unit given twice, one of another qualification, and B1 of 03456 with its conflict."""
    verdict = answer("judge", "OCR/03456", "F3", "K/601/1622", "b1", "A1", "--json")
    assert verdict["counted"] == ["F3"]
    assert verdict["unused"] == ["B1", "A1"]
    twice, conflict, outside = verdict["cautions"]
    assert "F3 was given twice" in twice
    assert "6.1" in conflict
    assert "8.2" in conflict
    assert "A1" in outside
    assert "not a unit of OCR/03456" in outside


def test_group_c_of_10378_above_its_maximum_is_left_out() -> None:
    """Four group C units of 3 credits: one counts, the rest are unused."""
    verdict = answer("judge", "OCR/10378", "1", "2", "3", "4", "5", "6", "7", "14", "15", "18", "--json")
    assert verdict["met"] is True
    assert verdict["credits_counted"] == 23
    assert len(verdict["unused"]) == 2


def test_jsonl_answers_line_by_line_in_order() -> None:
    """Errors stand on their lines and end in exit 1; blank lines are skipped; the rest go on."""
    answers, status = lines(
        [
            {"qualification": "OCR/03455", "units": MET_03455},
            b"",
            b"not json",
            {"qualification": "OCR/03465", "units": []},
            {"qualification": "OCR/03455", "units": ["A99"]},
            b"   ",
            {"qualification": "EDI/L2-CS", "units": ["A3"]},
        ]
    )
    assert status == 1
    assert ["error" in found for found in answers] == [False, True, True, True, False]
    assert answers[0]["met"] is True
    assert "OCR/03456" in answers[2]["error"]
    assert "A9" in answers[3]["error"]
    assert answers[4]["counted"] == ["CU795"]


def test_jsonl_without_errors_exits_0() -> None:
    """An unmet verdict is no error, and neither is a code written as a number or a byte order mark."""
    answers, status = lines([b'\xef\xbb\xbf{"qualification": "OCR/10378", "units": [1, "2"]}'])
    assert status == 0
    assert answers[0]["counted"] == ["1", "2"]


@pytest.mark.parametrize(
    "line",
    [
        b"[]", b"null", b"{}", b'{"qualification": "OCR/03455"}', b'{"qualification": 3455, "units": []}',
        b'{"qualification": "OCR/03455", "units": "F1"}', b'{"qualification": "OCR/03455", "units": [null]}',
        b'{"qualification": "OCR/03455", "units": [true]}', b'{"qualification": "OCR/03455", "units": ["\\ud800"]}',
        b"\xff\xfe", b"[" * 100_000, b"9" * 5000,
    ],
)  # fmt: skip
def test_jsonl_bad_lines_are_errors_and_nothing_else(line: bytes) -> None:
    """Whatever stands on a line, the answer is one JSON line, and the next line is still judged."""
    answers, status = lines([line, {"qualification": "OCR/03455", "units": []}])
    assert status == 1
    assert list(answers[0]) == ["error"]
    assert answers[1]["met"] is False


def test_jsonl_answers_before_the_next_question() -> None:
    """A program on the other end of a pipe can ask, read the answer, and ask again."""
    code = "from nvqsync.commands.catalogue import judge_command; judge_command(['--jsonl'])"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for units in (["F1"], ["F1", "F2"]):
            process.stdin.write(json.dumps({"qualification": "OCR/03455", "units": units}) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["counted"] == units
        process.stdin.close()
        assert process.wait(timeout=20) == 0


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (("units", "OCR/0345"), "OCR/03455"),
        (("judge", "OCR/0345", "F1"), "OCR/03455"),
        (("judge", "OCR/03455", "F9"), "F1"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(arguments: tuple[str, ...], nearest: str) -> None:
    """As an exception that the program words on standard error; with --json as JSON on standard output too."""
    result = run(*arguments)
    assert isinstance(result.exception, UnknownName)
    assert nearest in result.exception.next_step
    assert result.stdout == ""
    told = run(*arguments, "--json")
    assert isinstance(told.exception, NvqsyncError)
    assert nearest in json.loads(told.stdout)["error"]


@pytest.mark.parametrize("arguments", [("judge",), ("judge", "OCR/03455", "--jsonl"), ("units",)])
def test_misuse_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    """Exit 2, told on standard error."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage" in result.stderr


def test_judge_in_words() -> None:
    """The answer first, what is short, the way to finish with titles, cautions last."""
    text = run("judge", "OCR/03455", "F1", "F2", "A3", "A3", "D14").stdout
    assert text.startswith(
        "OCR/03455  OCR Level 2 NVQ Certificate in Customer Service\nNOT MET: 13 credits counted, 28 needed."
    )
    assert "short 15    13    28  At least 28 credits in all" in text
    assert "Cheapest way to finish: 15 credits in 3 units, 99 GLH" in text
    assert "Deliver reliable customer service" in text
    assert text.index("Not counted: D14") < text.index("Caution: A3 was given twice")


def test_plugins_lists_what_is_loaded() -> None:
    """Name, version, origin and offers of each, as a table and as JSON."""
    rows = {row["name"]: row for row in answer("plugins", "--json")}
    assert list(rows)[:4] == ["qcf", "ocr", "edi", "ncfe"]
    offers = rows["ocr"]["offers"]
    assert [one for one in offers if one.startswith("OCR/")] == ["OCR/03454", "OCR/03455", "OCR/03456", "OCR/10378"]
    assert {"gate CAR-1", "declaration ocr/records"} <= set(offers)
    assert rows["qcf"]["offers"] == ["84 units"]
    assert all(row["version"] and row["distribution"] == "nvqsync" for row in rows.values())
    assert "EDI/L2-CS" in run("plugins").stdout


def test_disabled_plugins_are_left_out(tmp_path: Path) -> None:
    """What the settings disable is neither listed nor found."""
    config = tmp_path / "nvqsync.toml"
    config.write_text('[plugins]\ndisable = ["nvqsync.plugins.edi", "ncfe"]\n', encoding="utf-8")
    rows = json.loads(run("qualifications", "--json", config=config).stdout)
    assert {row["awarding_body"] for row in rows} == {"OCR"}
