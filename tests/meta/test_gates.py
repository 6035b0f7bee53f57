"""No gate goes untested: each that ``nvqsync gates`` lists has facts that just pass, and facts that just fail."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from nvqsync.cli import program
from nvqsync.demo.cases import BESIDE, NOT_SHOWN
from nvqsync.demo.cases import CASES as SHOWN
from tests.unit import test_candidate_gates, test_centre_gates, test_gates, test_quality_gates

TABLES = {
    module.__name__: module.CASES
    for module in (test_gates, test_quality_gates, test_centre_gates, test_candidate_gates)
}
"""The tables of facts, by the module whose tests run them through the gates."""

SETTINGS = 'database = "nvqsync.db"\n[moodle]\nurl = "https://moodle.invalid"\n'


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The ids of the gates as the command lists them."""
    config = tmp_path_factory.mktemp("gates") / "nvqsync.toml"
    config.write_text(SETTINGS, encoding="utf-8")
    answered = CliRunner().invoke(program, ["--config", str(config), "gates", "--json"])
    assert answered.exit_code == 0
    return [gate["id"] for gate in json.loads(answered.output)["gates"]]


def test_every_gate_has_its_row(listed: list[str]) -> None:
    """Whoever adds a gate adds its facts; a row that speaks of no gate, or a gate told twice, is named too."""
    rows = [gate_id for table in TABLES.values() for gate_id in table]
    assert sorted(rows) == sorted(listed)


def test_every_row_has_facts_of_both_kinds() -> None:
    """One that just passes at the least, one that just fails at the least, and a word its sentence must hold."""
    bare = [
        (module, gate_id)
        for module, table in TABLES.items()
        for gate_id, (passing, failing, word) in table.items()
        if not passing or not failing or not word
    ]
    assert bare == []


def test_every_gate_has_its_place_in_the_demo(listed: list[str]) -> None:
    """By a learner's case, beside the cases, or with the reason why not; that claims show it, the demo's test looks."""
    told = {shown for case in SHOWN for shown in case.shows} | set(BESIDE) | set(NOT_SHOWN)
    assert set(listed) <= told
