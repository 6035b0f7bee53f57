"""The wheel is the whole program: installed into an empty environment, it runs the demo in an empty folder.

Nothing of this checkout helps: the environment is new, its packages come from the hashed lock, the folder is empty.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _run(command: Sequence[str | Path], folder: Path, timeout: int = 300) -> str:
    """What the command printed. Fails with everything it said when its exit status is not 0."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NVQSYNC_", "PYTHON", "VIRTUAL"))}
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=kept, capture_output=True, text=True, check=False, timeout=timeout
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this checkout by the locked build backend."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder]
    _run([sys.executable, "-m", "pip", "wheel", *options, ROOT], folder)
    (built,) = folder.glob("nvqsync-*.whl")
    return built


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the locked dependencies and the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps"]
    _run([*pip, "--require-hashes", "-r", ROOT / "requirements" / "run.txt"], folder)
    _run([*pip, "--no-index", wheel], folder)
    return folder / "bin"


def test_the_wheel_holds_every_file_of_both_packages(wheel: Path) -> None:
    """Code, qualifications, units, templates, styles, the typing marker, the systemd units: all of it ships."""
    here = {
        path.relative_to(ROOT).as_posix()
        for package in ("nvqsync", "connectors")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    here |= {f"nvqsync/service_files/{path.name}" for path in (ROOT / "systemd").iterdir()}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == here
    assert {"nvqsync/py.typed", "connectors/__init__.py"} < here
    assert any(name.endswith(".toml") for name in here)
    assert any("/templates/" in name for name in here)


def test_the_wheel_asks_for_what_the_lock_installs(bin_folder: Path) -> None:
    """With the lock installed no dependency of the wheel is missing or of a wrong version."""
    assert "No broken requirements found" in _run([bin_folder / "python", "-m", "pip", "check"], bin_folder)


def test_the_installed_program_is_the_wheels(bin_folder: Path, tmp_path: Path) -> None:
    """Both packages are imported from the new environment, not from this checkout."""
    program = "import nvqsync, connectors; print(nvqsync.__file__, connectors.__file__)"
    for place in _run([bin_folder / "python", "-c", program], tmp_path).split():
        assert Path(place).is_relative_to(bin_folder.parent)


def test_the_catalogue_needs_nothing_but_the_wheel(bin_folder: Path, tmp_path: Path) -> None:
    """The six qualifications are there, read from files inside the wheel, and nothing is written to the folder."""
    told = _run([bin_folder / "nvqsync", "qualifications", "--json"], tmp_path)
    for name in ("OCR/03454", "OCR/03455", "OCR/03456", "OCR/10378", "EDI/L2-CS", "NCFE/50102874"):
        assert name in told
    assert not list(tmp_path.iterdir())


def test_the_service_is_installed_from_the_wheel(bin_folder: Path, tmp_path: Path) -> None:
    """Units, user, folders and starter settings come out of the wheel."""
    program = "/opt/nvqsync/bin/nvqsync"
    _run([bin_folder / "nvqsync", "install-service", "--root", tmp_path, "--program", program], tmp_path)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 9
    assert program in (tmp_path / "etc/systemd/system/nvqsync.service").read_text(encoding="utf-8")


def test_a_demo_cycle_runs_from_the_wheel(bin_folder: Path, tmp_path: Path) -> None:
    """From a simulated Moodle's grades to certificates at the mock portal, in an empty folder, to exit status 0."""
    told = _run([bin_folder / "nvqsync", "demo", "--once"], tmp_path)
    certificated = re.search(r"(\d+) certificated", told)
    assert certificated, told
    assert int(certificated[1]) > 0
