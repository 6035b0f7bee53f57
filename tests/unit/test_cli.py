"""The program itself: where options may stand, and what wrong ones get."""

from __future__ import annotations

import pytest

from nvqsync.cli import COMMANDS, config_first, main, program


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["sync", "--config", "a.toml", "--json"], ["--config", "a.toml", "sync", "--json"]),
        (["--config=a.toml", "sync"], ["--config=a.toml", "sync"]),
        (["sync", "--json", "--config=a.toml"], ["--config=a.toml", "sync", "--json"]),
        (["judge", "--", "--config"], ["judge", "--", "--config"]),
        (["sync", "--config"], ["sync", "--config"]),
    ],
)
def test_the_settings_file_may_be_named_anywhere(given: list[str], wanted: list[str]) -> None:
    """``nvqsync sync --config FILE`` is as good as ``nvqsync --config FILE sync``."""
    assert config_first(given) == wanted


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_exists_and_teaches(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command of the table can be imported, and its help says more than its name."""
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"nvqsync {name}" in text
    assert len(text.split()) > 15


def test_a_wrong_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, the nearest option, and where the help is."""
    assert main(["sync", "--jsno"]) == 2
    assert "--json" in capsys.readouterr().err


def test_the_list_of_commands_is_the_table() -> None:
    """Help lists the commands in the order of the table."""
    assert program.list_commands(program.make_context("nvqsync", ["--help"], resilient_parsing=True)) == list(COMMANDS)
