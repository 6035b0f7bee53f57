"""The units in systemd/: hardened, understood by systemd, and in step with the program they start.

``systemd-analyze`` comes with Debian's package systemd, which `make test` installs. Without it these tests fail.
"""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from nvqsync import settings
from nvqsync.cli import program

UNITS = Path(__file__).resolve().parents[2] / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
PROGRAM = "/opt/nvqsync/bin/nvqsync"
HIGHEST_EXPOSURE = 13
"""In tenths: 1.3 on the scale of 0 (nothing to fear) to 10 that ``systemd-analyze security`` uses."""

each_service = pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)


def _analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def _exposed(unit: Path, threshold: int) -> bool:
    done = _analyze("security", "--offline=true", "--no-pager", f"--threshold={threshold}", unit)
    assert "Overall exposure level" in done.stdout, done.stderr
    return done.returncode != 0


def _installed(unit: Path, folder: Path) -> Path:
    """A copy of the unit that starts a program that is there, as the unit file would once installed."""
    copy = folder / unit.name
    copy.write_text(unit.read_text(encoding="utf-8").replace(PROGRAM, sys.executable), encoding="utf-8")
    return copy


def _unit(path: Path) -> configparser.RawConfigParser:
    """The unit as sections of settings; of a key that is repeated, the last."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser


def _hardening(unit: Path) -> list[tuple[str, list[str]]]:
    """The paragraphs after "What it cannot do": each comment, and the settings it stands above."""
    text = unit.read_text(encoding="utf-8").split("# What it cannot do.")[1].split("[Install]")[0]
    paragraphs: list[tuple[str, list[str]]] = []
    for line in text.splitlines()[1:]:
        if line.startswith("#") and (not paragraphs or paragraphs[-1][1]):
            paragraphs.append((line, []))
        elif line.startswith("#"):
            paragraphs[-1] = (f"{paragraphs[-1][0]}\n{line}", [])
        elif line:
            paragraphs[-1][1].append(line)
    return paragraphs


@each_service
def test_a_stolen_process_gets_nowhere(unit: Path) -> None:
    """systemd's own measure of what a service could do to its machine is 1.3 at most."""
    assert not _exposed(unit, HIGHEST_EXPOSURE)


def test_the_measure_measures(tmp_path: Path) -> None:
    """The same check refuses a service without its hardening: it can fail."""
    bare = tmp_path / "bare.service"
    bare.write_text("[Service]\nExecStart=/bin/true\nUser=nobody\n", encoding="utf-8")
    assert _exposed(bare, HIGHEST_EXPOSURE)


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """``systemd-analyze verify`` has nothing to say; its exit status would be 0 for an unknown key too."""
    done = _analyze("verify", "--man=no", *(_installed(unit, tmp_path) for unit in [*SERVICES, *UNITS.glob("*.timer")]))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_misspelt_line_would_be_noticed(tmp_path: Path) -> None:
    """The same check speaks up about a key that systemd does not know."""
    copy = _installed(SERVICES[0], tmp_path)
    copy.write_text(copy.read_text(encoding="utf-8").replace("ProtectHome=", "ProtectHoem="), encoding="utf-8")
    assert "ProtectHoem" in _analyze("verify", "--man=no", copy).stderr


@each_service
def test_each_hardening_line_says_when_to_loosen_it(unit: Path) -> None:
    """Somebody whose service is refused something finds the line to change and the reason to do so."""
    paragraphs = _hardening(unit)
    assert len(paragraphs) >= 15
    for comment, lines in paragraphs:
        assert re.search(r"[Ll]oosen", comment), comment
        if not lines:
            assert re.search(r"^#   \w+=", comment, re.MULTILINE), f"neither a setting nor an example: {comment}"


def test_the_services_are_hardened_alike() -> None:
    """What one service may not do the others may not either; only the addresses they reach differ."""
    settings_of = {
        unit.name: [line for _, lines in _hardening(unit) for line in lines if not line.startswith("IPAddress")]
        for unit in SERVICES
    }
    assert len({tuple(lines) for lines in settings_of.values()}) == 1


@each_service
def test_the_command_is_one_that_the_program_has(unit: Path) -> None:
    """Each unit starts nvqsync with a command that nvqsync knows."""
    path, *arguments = _unit(unit)["Service"]["ExecStart"].split()
    assert path == PROGRAM
    answer = CliRunner().invoke(program, [*arguments, "--help"])
    assert answer.exit_code == 0, answer.output


@each_service
def test_credentials_are_those_that_the_settings_read(unit: Path) -> None:
    """Each credential handed over, or suggested in a comment, has a setting that it fills."""
    names = re.findall(r"LoadCredential=(\w+):", unit.read_text(encoding="utf-8"))
    assert set(names) <= settings.CREDENTIALS.keys()


def test_the_pages_are_handed_no_secret() -> None:
    """The web service needs neither Moodle's token nor a portal's credential, so it gets none."""
    assert "LoadCredential" not in (UNITS / "nvqsync-web.service").read_text(encoding="utf-8")


def test_each_secret_is_roots_alone() -> None:
    """Whatever credential the settings read, its file in /etc/nvqsync is closed to everybody but root."""
    text = (UNITS / "nvqsync.tmpfiles").read_text(encoding="utf-8")
    closed = set(re.findall(r"^z /etc/nvqsync/(\S+) 0600 root root -$", text, re.MULTILINE))
    assert {name.removeprefix("nvqsync_").replace("_", "-") for name in settings.CREDENTIALS} <= closed


@each_service
def test_a_settings_error_is_not_tried_again(unit: Path) -> None:
    """Exit status 2 waits for a person, and the daemon is told so."""
    service = _unit(unit)["Service"]
    assert service["Type"] == "oneshot" or service["RestartPreventExitStatus"] == "2"


def test_the_starter_settings_load_and_keep_data_where_the_units_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The starter settings are read without a complaint; database and exports are in the service's own folder."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "nvqsync_moodle_token").write_text("0123456789abcdef\n", encoding="utf-8")
    loaded = settings.load(UNITS / "nvqsync.toml")
    state = Path("/var/lib") / _unit(UNITS / "nvqsync.service")["Service"]["StateDirectory"]
    assert loaded.database.parent == state
    assert loaded.export.folder.parent == state
    assert loaded.backup.folder.parent == state
    assert loaded.moodle.token.get_secret_value() == "0123456789abcdef"


def test_the_user_of_the_units_is_the_one_that_is_made() -> None:
    """nvqsync.sysusers makes the user that the units name."""
    made = re.search(r"^u (\S+)", (UNITS / "nvqsync.sysusers").read_text(encoding="utf-8"), re.MULTILINE)
    assert made
    assert {_unit(unit)["Service"]["User"] for unit in SERVICES} == {made[1]}
