"""``support-bundle``: one file for a maintainer, made whatever is broken, and for its owner's eyes alone."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nvqsync.health.support_parts import PARTS
from tests.rehearsal import Rehearsal, rehearsing


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path) as running:
        yield running


def bundle(rehearsal: Rehearsal, name: str = "support.zip") -> dict[str, str]:
    """The bundle's files by name, each one for its owner alone."""
    target = rehearsal.folder / name
    done = rehearsal.run("support-bundle", str(target))
    assert done.status == 0, done.err
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with zipfile.ZipFile(target) as archive:
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100600}
        return {name.removeprefix("nvqsync-support/"): archive.read(name).decode() for name in archive.namelist()}


def test_everything_that_is_listed_is_there(rehearsal: Rehearsal) -> None:
    """``--list`` names each file with what it tells, and makes none."""
    rehearsal.run("sync")
    listed = rehearsal.run("support-bundle", "--list").out
    assert not list(rehearsal.folder.glob("*.zip"))
    found = bundle(rehearsal)
    assert list(found) == [part.name for part in PARTS]
    for name in found:
        assert name in listed
    assert json.loads(found["versions.json"])["packages"]["click"]
    assert "nvqsync_last_pass_calls" in found["metrics.txt"]
    assert {one["id"] for one in json.loads(found["gates.json"])} >= {"ENT-2"}


def test_a_file_is_never_overwritten(rehearsal: Rehearsal) -> None:
    """Neither one that is there nor, half-made, anything else: a refusal leaves the folder as it was."""
    (rehearsal.folder / "support.zip").write_text("mine", "utf-8")
    before = sorted(rehearsal.folder.iterdir())
    assert rehearsal.run("support-bundle", str(rehearsal.folder / "support.zip")).status == 2
    assert rehearsal.run("support-bundle", str(rehearsal.folder / "no" / "such" / "x.zip")).status == 2
    assert rehearsal.run("support-bundle").status == 2
    assert (rehearsal.folder / "support.zip").read_text("utf-8") == "mine"
    assert sorted(rehearsal.folder.iterdir()) == before


def journalctl(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> Path:
    """A journalctl that prints something; returns where it keeps what it was asked."""
    asked = folder / "asked"
    program = folder / "bin" / "journalctl"
    program.parent.mkdir()
    (folder / "lines").write_text(says, "utf-8")
    program.write_text(f'#!/bin/sh\necho "$@" > "{asked}"\ncat "{folder / "lines"}"\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return asked


LINE = (
    "2026-11-22T02:00:00+0000 nvqsync[7]: S1 is Sasha, ULN 1000000094, token {token}, CS2, at https://moodle.x.uk/l\n"
)


def test_log_lines_come_along_without_anybody(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the journal holds of the services is scrubbed, should a plugin have logged what it should not."""
    rehearsal.run("sync")
    asked = journalctl(rehearsal.folder, monkeypatch, LINE.format(token=rehearsal.moodle.token))
    found = bundle(rehearsal)["journal.txt"]
    assert found == (
        "2026-11-22T02:00:00+0000 nvqsync[7]: [person] is [person], ULN [person], token [secret], [title], "
        "at https://[address]\n"
    )
    assert "--unit=nvqsync.service" in asked.read_text("utf-8")


def test_a_damaged_database_costs_its_parts_and_the_log(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other parts are there; without the names to take out, no log line goes along."""
    rehearsal.run("sync")
    journalctl(rehearsal.folder, monkeypatch, LINE)
    for path in rehearsal.folder.glob("nvqsync.db*"):
        path.write_bytes(b"not a database, but long enough to look like a file that once was one " * 40)
    found = bundle(rehearsal)
    assert "Sasha" not in str(found)
    assert found["journal.txt"].startswith("Left out")
    assert "left_out" in json.loads(found["passes.json"])
    assert "not a database" in found["doctor.json"]
    assert json.loads(found["settings.json"])["moodle"]["timeout"] == 60


def test_settings_that_cannot_be_read_are_in_the_doctors_words(rehearsal: Rehearsal) -> None:
    """A typo in the settings file is what a maintainer is asked about most: the bundle is made all the same."""
    rehearsal.add_settings("[moodel]\n")
    found = bundle(rehearsal)
    assert "moodel" in json.loads(found["doctor.json"])[0]["says"]
    assert "left_out" in json.loads(found["settings.json"])
    assert json.loads(found["versions.json"])["nvqsync"]


def test_before_the_first_pass_there_is_little_to_tell(rehearsal: Rehearsal) -> None:
    """A database that is not there yet is no fault of the bundle's."""
    for path in rehearsal.folder.glob("nvqsync.db*"):
        path.unlink()
    found = bundle(rehearsal)
    assert "nvqsync_database_readable 0" in found["metrics.txt"]
    assert "left_out" in json.loads(found["tables.json"])
