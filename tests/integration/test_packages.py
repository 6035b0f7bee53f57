"""The packages are whole: wheel and source archive, built twice and compared; the Debian package, looked into.

That the Debian package is the same bytes when built again, and installing, upgrading and removing it, is rehearsed in
empty Debians by ``make rehearse-deb``.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import nvqsync
from tests.meta.repository import ROOT, files

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
EPOCH = "1794214800"


def _copy(folder: Path) -> Path:
    """The project's files in a folder of their own, as somebody else's checkout would have them."""
    for path in files():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        target.chmod(path.stat().st_mode & 0o755 | 0o600)
    return folder


def _build(tool: str, source: Path, folder: Path, umask: int = 0o022) -> list[Path]:
    """What one of the tools builds from a source, with this environment's build backend and a umask."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NVQSYNC_", "PYTHON"))}
    done = subprocess.run(
        [source / "tools" / tool, folder], capture_output=True, text=True, check=False, timeout=500, umask=umask,
        env=kept | {"SOURCE_DATE_EPOCH": EPOCH, "BUILD_PYTHON": sys.executable, "DEB_COMPRESSION": "none"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [Path(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Wheel and source archive by their last suffix."""
    folder = tmp_path_factory.mktemp("dist")
    return {path.suffix: path for path in _build("wheel", ROOT, folder)}


@pytest.fixture(scope="module")
def deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Debian package of this checkout."""
    (package,) = _build("deb", ROOT, tmp_path_factory.mktemp("deb"))
    return package


@pytest.fixture(scope="module")
def unpacked(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Debian package's files in a folder, with its control files in ``DEBIAN``."""
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["dpkg-deb", "--raw-extract", deb, folder], check=True)
    return folder


def test_wheel_and_source_archive_are_the_same_bytes_elsewhere(built: dict[str, Path], tmp_path: Path) -> None:
    """Another folder, other times and another umask make no difference."""
    again = _build("wheel", _copy(tmp_path / "elsewhere"), tmp_path / "out", umask=0o077)
    assert {path.suffix for path in again} == {".whl", ".gz"}
    for path in again:
        assert path.name == built[path.suffix].name
        assert path.read_bytes() == built[path.suffix].read_bytes(), path.name


def test_the_source_archive_holds_the_whole_project(built: dict[str, Path]) -> None:
    """Every file a checkout has is in it, tests and tools too, and nothing that tools left behind."""
    with tarfile.open(built[".gz"]) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    assert packed - {"PKG-INFO"} == {path.relative_to(ROOT).as_posix() for path in files()}


def test_everything_is_roots_and_nobody_else_may_write_it(deb: Path) -> None:
    """No file is another user's, writable by others, or runs with rights that its caller lacks."""
    tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], capture_output=True, check=True).stdout
    listed = subprocess.run(["tar", "--list", "--verbose"], input=tar, capture_output=True, check=True).stdout
    lines = listed.decode().splitlines()
    assert len(lines) > 1000
    for line in lines:
        mode, owner = line.split()[:2]
        assert owner == "root/root", line
        assert mode.startswith("l") or re.fullmatch(r"[d-]rw[x-]r-[x-]r-[x-]", mode), line


def test_the_program_runs_from_the_packages_files_alone(unpacked: Path, tmp_path: Path) -> None:
    """The distribution's Python with what is in the package: a demo cycle, and nothing of this checkout."""
    python = unpacked / "opt" / "nvqsync" / "bin" / "python3"
    assert str(python.readlink()).startswith("/usr/bin/python3.")
    first, *_ = (unpacked / "opt" / "nvqsync" / "bin" / "nvqsync").read_text(encoding="utf-8").splitlines()
    assert first == "#!/opt/nvqsync/bin/python3 -I"
    where = "import nvqsync, connectors, flask; print(nvqsync.__file__, connectors.__file__, flask.__file__)"
    told = subprocess.run([python, "-I", "-c", where], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert all(Path(place).is_relative_to(unpacked) for place in told.stdout.split())
    demo = [python, "-I", "-m", "nvqsync", "demo", "--once", "--learners", "40"]
    done = subprocess.run(demo, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    assert re.search(r"[1-9]\d* certificated", done.stdout)


def test_the_package_holds_what_the_lock_pins_and_no_more(unpacked: Path) -> None:
    """Each library at its locked version; packages for other systems apart, none is missing."""
    (packages,) = (unpacked / "opt" / "nvqsync" / "lib").glob("python3.*/site-packages")
    there = {path.name.removesuffix(".dist-info").lower().replace("_", "-") for path in packages.glob("*.dist-info")}
    lock = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9.-]+)==(\S+)( ;)?", lock, re.MULTILINE)
    always = {f"{name}-{version}" for name, version, marker in pinned if not marker}
    assert there - {f"{name}-{version}" for name, version, _ in pinned} == {f"nvqsync-{nvqsync.__version__}"}
    assert always <= there
    ours = {p.relative_to(ROOT) for top in ("nvqsync", "connectors") for p in (ROOT / top).rglob("*.*") if p.is_file()}
    assert not [path for path in ours if "__pycache__" not in path.parts and not (packages / path).is_file()]


def test_no_file_of_the_package_names_the_place_it_was_built_in(unpacked: Path) -> None:
    """Neither the checkout nor the temporary folder is in a script, a record or a compiled file."""
    named = [str(ROOT).encode(), b"/tmp/tmp."]
    found = [
        str(path.relative_to(unpacked))
        for path in unpacked.rglob("*")
        if path.is_file() and not path.is_symlink() and any(name in path.read_bytes() for name in named)
    ]
    assert not found


def test_units_user_settings_manual_and_completion_are_where_the_system_looks(unpacked: Path) -> None:
    """Each as it stands in this project; the settings file is the administrator's own from then on."""
    units = {path.name for path in (ROOT / "systemd").iterdir() if path.suffix in {".service", ".timer"}}
    assert {path.name for path in (unpacked / "usr/lib/systemd/system").iterdir()} == units
    copies = {f"usr/lib/systemd/system/{name}": f"systemd/{name}" for name in units} | {
        "usr/lib/sysusers.d/nvqsync.conf": "systemd/nvqsync.sysusers",
        "etc/nvqsync/nvqsync.toml": "systemd/nvqsync.toml",
        "usr/share/doc/nvqsync/docs/hooks.md": "docs/hooks.md",
    }
    for installed, source in copies.items():
        assert (unpacked / installed).read_bytes() == (ROOT / source).read_bytes()
    assert (unpacked / "DEBIAN/conffiles").read_text(encoding="utf-8") == "/etc/nvqsync/nvqsync.toml\n"
    page = gzip.decompress((unpacked / "usr/share/man/man1/nvqsync.1.gz").read_bytes()).decode()
    assert page.startswith(f'.TH NVQSYNC 1 "2026-11-09" "nvqsync {nvqsync.__version__}"')
    page = gzip.decompress((unpacked / "usr/share/man/man5/nvqsync.toml.5.gz").read_bytes()).decode()
    assert page.startswith(f'.TH NVQSYNC.TOML 5 "2026-11-09" "nvqsync {nvqsync.__version__}"')
    places = ("bash-completion/completions/nvqsync", "zsh/vendor-completions/_nvqsync",
              "fish/vendor_completions.d/nvqsync.fish", "doc/nvqsync/copyright",
              "doc/nvqsync/nvqsync.cdx.json")  # fmt: skip
    assert all((unpacked / "usr/share" / place).stat().st_size > 100 for place in places)


def test_the_papers_of_the_package_lead_to_one_another(unpacked: Path) -> None:
    """Every paper that a paper on an installed machine links is there, and so is every picture and schema."""
    papers = list((unpacked / "usr/share/doc/nvqsync").rglob("*.md"))
    assert len(papers) >= 50
    broken = [
        (paper.name, target)
        for paper in papers
        for target in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", paper.read_text(encoding="utf-8"))
        if not (paper.parent / target).exists()
    ]
    assert not broken


def test_the_control_file_is_filled_in(unpacked: Path) -> None:
    """The version is the program's, the Python is the one the package was built with, nothing is left open."""
    control = (unpacked / "DEBIAN/control").read_text(encoding="utf-8")
    assert f"\nVersion: {nvqsync.__version__}\n" in control
    minor = str((unpacked / "opt/nvqsync/bin/python3").readlink()).removeprefix("/usr/bin/python3.")
    assert f"python3 (>= 3.{minor}), python3 (<< 3.{int(minor) + 1})" in control
    assert "@" not in control.replace("nvqsync@example.org", "")


@pytest.mark.parametrize("script", ["postinst", "prerm", "postrm"])
def test_maintainer_scripts_parse_and_touch_no_data(script: str) -> None:
    """A shell can read each, each stops at a fault, and none deletes the database."""
    path = ROOT / "distribution" / "debian" / script
    text = path.read_text(encoding="utf-8")
    assert text.startswith("#!/bin/sh\n")
    assert "\nset -e\n" in text
    assert not re.search(r"rm -r\S* (?!/etc/nvqsync$)", text, re.MULTILINE)
    done = subprocess.run(["sh", "-n", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
