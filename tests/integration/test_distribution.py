"""What goes into the packages beside the program: manual page, shell completion, bill of materials, and one moment."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

import nvqsync
from distribution import completions, manual, sbom, settings_manual
from nvqsync.cli import program
from nvqsync.settings import Settings
from nvqsync.settings_example import fields

ROOT = Path(__file__).resolve().parents[2]
DAY = dt.date(2026, 11, 9)
MOMENT = dt.datetime(2026, 11, 9, 9, tzinfo=dt.UTC)


# ---------------------------------------------------------------- the manual page


def _set(page: str) -> str:
    """The page as a terminal shows it, without emphasis. Fails on any warning of the typesetter's."""
    command = ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=500n"]
    done = subprocess.run(command, input=page, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return " ".join(done.stdout.replace("‐\n", "").split())


def test_the_manual_page_is_set_without_a_warning_and_has_every_command_and_option() -> None:
    """Whoever types `man nvqsync` finds what the program itself would say, commands and options in full."""
    text = _set(manual.page(DAY))
    contexts = list(manual.commands(program, "nvqsync"))
    assert len(contexts) > 60
    for context in contexts:
        assert context.command_path in text
        for parameter in context.command.params:
            for option in parameter.opts if isinstance(parameter, click.Option) else ():
                assert option in text, (context.command_path, option)
    assert "2026-11-09" in text
    assert f"nvqsync {nvqsync.__version__}" in text


def test_the_page_of_the_settings_file_is_set_without_a_warning_and_has_every_setting() -> None:
    """Whoever types `man nvqsync.toml` finds each key under its table, with what it does and what it is by itself."""
    text = _set(settings_manual.page(DAY))
    listed = list(fields(Settings))
    assert len(listed) > 40
    for name, field in listed:
        table, _, key = name.rpartition(".")
        assert f"[{table}]" in text or not table
        assert name == "connectors" or f"{key} {' '.join((field.description or '').split())}" in text, name
    assert "retention" in text
    assert "Default: 14." in text


def test_what_roff_would_take_for_its_own_is_only_text() -> None:
    """A full stop or a quotation mark at the start of a line, a backslash, a quoted word in a heading."""
    line = '.not a request\n\'nor this, with a \\ in it and "quotes"'
    text = _set(f".TH A 1\n.SH B\n{manual.escaped(line)}\n.SS {manual.quoted(line.splitlines()[1])}\n")
    assert text.count('\'nor this, with a \\ in it and "quotes"') == 2
    assert ".not a request" in text


def test_paragraphs_that_keep_their_lines_keep_them() -> None:
    """What click prints line by line stands line by line on the page too."""
    told = list(manual.paragraphs("One\ntwo.\n\n\b\nthree\nfour"))
    assert told == [".PP\nOne two.", ".PP\n.nf\nthree\nfour\n.fi"]


# ---------------------------------------------------------------- completion


@pytest.fixture
def on_the_path(tmp_path: Path) -> dict[str, str]:
    """An environment in which `nvqsync` is this checkout's."""
    command = tmp_path / "nvqsync"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nvqsync "$@"\n', encoding="utf-8")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("nvqsync cla", ["claims"]),
        ("nvqsync claims app", ["approve"]),
        ("nvqsync rules check --a", ["--all"]),
        ("nvqsync settings ", ["example", "show"]),
    ],
)
def test_bash_completes_commands_and_options(on_the_path: dict[str, str], typed: str, offered: list[str]) -> None:
    """The script as packaged, in a real bash, asks the program and offers what it says."""
    words = typed.split(" ")
    asked = f"COMP_WORDS=({typed}) COMP_CWORD={len(words) - 1}; COMPREPLY=(); _nvqsync_completion nvqsync"
    script = f'{completions.script("bash")}\n{asked}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", script], env=on_the_path, capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (offered, "")


@pytest.mark.parametrize(("shell", "calls"), [("zsh", "zsh_complete"), ("fish", "fish_complete")])
def test_other_shells_ask_the_program_as_well(shell: str, calls: str) -> None:
    """Their scripts name the program, and the variable by which it knows who asks."""
    script = completions.script(shell)
    assert f"_NVQSYNC_COMPLETE={calls}" in script
    assert "%(" not in script


# ---------------------------------------------------------------- the bill of materials


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    """The bill of materials of this checkout."""
    return sbom.document(sbom.LOCK.read_text(encoding="utf-8"), MOMENT)


def test_the_bill_lists_every_package_of_the_lock_with_its_hashes(bill: dict[str, Any]) -> None:
    """Names, versions and hashes are those that the installation is held to, none left out and none added."""
    lock = sbom.LOCK.read_text(encoding="utf-8")
    listed = {(part["name"], part["version"]) for part in bill["components"]}
    assert listed == set(re.findall(r"^([a-z0-9.-]+)==(\S+)", lock, re.MULTILINE))
    hashes = [p["value"] for part in bill["components"] for p in part["properties"] if p["name"].endswith("sha256")]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", lock))


def test_the_bill_says_who_asks_for_whom(bill: dict[str, Any]) -> None:
    """nvqsync asks for flask, flask for werkzeug, werkzeug for markupsafe; every name used is one that is listed."""
    asks = {entry["ref"].split("@")[0]: entry["dependsOn"] for entry in bill["dependencies"]}
    for one, other in (("nvqsync", "flask"), ("flask", "werkzeug"), ("werkzeug", "markupsafe")):
        assert any(ref.startswith(f"pkg:pypi/{other}@") for ref in asks[f"pkg:pypi/{one}"]), (one, other)
    known = {part["bom-ref"] for part in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    assert {entry["ref"] for entry in bill["dependencies"]} == known
    assert {ref for refs in asks.values() for ref in refs} < known


def test_the_bill_names_the_licence_of_what_is_installed(bill: dict[str, Any]) -> None:
    """Of every package that this environment holds at the locked version; of the others nothing is guessed."""
    told = {part["name"]: part.get("licenses") for part in bill["components"]}
    assert told["click"] == [{"license": {"name": "BSD-3-Clause"}}]
    other = sbom.pins("click==0.0.1 \\\n    --hash=sha256:" + "0" * 64 + "\n    # via flask\n")[0]
    assert sbom.licence(other) == ""
    assert sum(licences is None for licences in told.values()) <= 3


def test_the_bill_is_the_same_for_the_same_source(bill: dict[str, Any]) -> None:
    """Serial number included; another moment or another lock gives another number."""
    lock = sbom.LOCK.read_text(encoding="utf-8")
    assert sbom.document(lock, MOMENT) == bill
    assert sbom.document(lock, MOMENT + dt.timedelta(1))["serialNumber"] != bill["serialNumber"]
    assert json.loads(json.dumps(bill)) == bill


def test_a_line_that_is_no_pin_is_refused() -> None:
    """A lock of another form gives no half bill."""
    with pytest.raises(ValueError, match="not a pin"):
        sbom.pins("flask>=3\n")


# ---------------------------------------------------------------- the moment


def test_packages_bear_the_moment_of_their_source(tmp_path: Path) -> None:
    """The variable first; in a source archive, which has no git, the time of pyproject.toml."""
    tool = tmp_path / "tools" / "source-epoch"
    tool.parent.mkdir()
    tool.write_bytes((ROOT / "tools" / "source-epoch").read_bytes())
    tool.chmod(0o755)
    (tmp_path / "pyproject.toml").touch()
    os.utime(tmp_path / "pyproject.toml", (1_700_000_000, 1_700_000_000))
    kept = {"PATH": os.environ["PATH"]}
    for given, moment in (({}, "1700000000"), ({"SOURCE_DATE_EPOCH": "1600000000"}, "1600000000")):
        done = subprocess.run([tool], env=kept | given, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == moment
