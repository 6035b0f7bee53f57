"""The repository keeps its own promises: locks, version, changelog, scripts, and nothing of the machine it grew on."""

from __future__ import annotations

import ast
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import nvqsync
from tests import mutants
from tests.meta.repository import ROOT, modules, texts

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _pins(lock: Path) -> dict[str, tuple[str, int]]:
    """Version and number of hashes by package name, as a lock pins them."""
    pins: dict[str, tuple[str, int]] = {}
    for entry in re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8")):
        if match := re.match(r"([A-Za-z0-9_.-]+)==(\S+)", entry):
            pins[match[1].lower()] = (match[2], entry.count("--hash=sha256:"))
    return pins


def _names(requirements: list[str]) -> set[str]:
    return {re.match(r"[A-Za-z0-9_.-]+", requirement)[0].lower().replace("_", "-") for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_line_of_a_lock_is_a_pin_with_hashes(lock: Path) -> None:
    """A lock holds exact versions with hashes, and no address of an index, mirror, folder or repository."""
    lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[a-z0-9.-]+==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line), line
    assert all(hashes for _, hashes in _pins(lock).values())


def test_the_locks_cover_what_pyproject_asks_for() -> None:
    """Whoever adds a dependency and forgets `make lock` hears of it here."""
    groups = PYPROJECT["dependency-groups"]
    run, test, build = (_pins(ROOT / "requirements" / f"{name}.txt") for name in ("run", "test", "build"))
    assert _names(PYPROJECT["project"]["dependencies"]) <= run.keys()
    assert _names(groups["test"]) <= test.keys()
    assert _names(groups["build"]) | _names(PYPROJECT["build-system"]["requires"]) <= build.keys()


def test_tests_run_with_the_versions_that_the_program_runs_with() -> None:
    """A package in two locks has one version in both."""
    run, test, build = (_pins(ROOT / "requirements" / f"{name}.txt") for name in ("run", "test", "build"))
    assert run.keys() <= test.keys()
    assert {name: test[name] for name in run} == run
    assert all(test[name] == build[name] for name in build.keys() & test.keys())


def test_the_version_is_written_once() -> None:
    """The version stands in nvqsync/__init__.py; the build reads it there, and the changelog has an entry for it."""
    assert "version" in PYPROJECT["project"]["dynamic"]
    assert PYPROJECT["tool"]["hatch"]["version"]["path"] == "nvqsync/__init__.py"
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert nvqsync.__version__ in headings


def test_the_changelog_is_in_order() -> None:
    """Versions come newest first, each once, each with a day or "not yet released"."""
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    forms = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) \((\d{4}-\d{2}-\d{2}|not yet released)\)", line) for line in headings]
    assert all(forms), headings
    versions = [tuple(int(part) for part in form.groups()[:3]) for form in forms]
    assert versions == sorted(set(versions), reverse=True)


def test_no_file_names_the_machine_it_was_written_on() -> None:
    """No path of this checkout, and no home folder of whoever runs the tests, stands in any file."""
    here = {str(ROOT), sys.prefix, sys.base_prefix} - {"/usr", "/usr/local", "/"}
    if (home := str(Path.home())) not in {"/root", "/"}:
        here.add(home)
    found = [(name, path) for name, text in texts() for path in here if path in text]
    assert not found


def _registry_hosts() -> set[str]:
    """The hosts packages come from on this machine, asked of pip and of apt."""
    ask = "from pip._internal.models.index import PyPI; print(PyPI.netloc, PyPI.file_storage_domain)"
    hosts = set(subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.split())
    if shutil.which("apt-get"):
        ask_apt = ["apt-get", "indextargets", "--format", "$(SITE)"]
        sites = subprocess.run(ask_apt, capture_output=True, text=True, check=True).stdout.split()
        hosts |= {re.sub(r"^\w+://([^/]+).*", r"\1", site) for site in sites if "://" in site}
    return hosts


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the business of the machine that installs them."""
    hosts = _registry_hosts()
    assert len(hosts) >= 2
    assert not [(name, host) for name, text in texts() for host in hosts if host in text]


def test_mail_addresses_are_invented() -> None:
    """Every mail address in the repository is under a name that nobody can own, or a made-up college's."""
    safe = re.compile(
        r"(\.|@)(example(\.(com|org|net|ac\.uk))?|test|invalid|localhost|exampleton\.ac\.uk)$"
        r"|^nvqsync[\w-]*@[\w-]+\.(service|timer)$"  # a unit of several
    )
    address = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b")
    found = {(name, mail) for name, text in texts() for mail in address.findall(text) if not safe.search(mail)}
    assert not found


@pytest.mark.parametrize("script", [*sorted((ROOT / "tools").iterdir()), ROOT / ".ci" / "run"], ids=lambda p: p.name)
def test_scripts_are_executable_and_parse(script: Path) -> None:
    """Each script may be run as it is, says what shell it wants, and that shell can read it."""
    first = script.read_text(encoding="utf-8").splitlines()[0]
    assert first in {"#!/bin/sh", "#!/usr/bin/env bash"}
    assert script.stat().st_mode & stat.S_IXUSR
    shell = "bash" if first.endswith("bash") else "sh"
    done = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_ci_runs_the_readmes_two_commands_and_nothing_else() -> None:
    """What is checked is what a newcomer types."""
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["make test", "make demo ONCE=1"]


def test_make_alone_lists_every_target() -> None:
    """`make` lists the targets: all of them, each with a word of explanation."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split())
    listed = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make (\S+) +\S", listed, re.MULTILINE)) == targets
    assert {"demo", "test", "lint", "bench", "lock", "clean"} <= targets


def _fake_machine(folder: Path, **commands: str) -> dict[str, str]:
    """An environment whose PATH holds nothing but the commands given, as shell scripts, and a few real ones."""
    for name, body in commands.items():
        script = folder / name.replace("_", "-")
        script.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        script.chmod(0o755)
    for name in ("sh", "env", "cat", "rm", "mktemp"):
        (folder / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    return {"PATH": str(folder), "HOME": str(folder), "LOG": str(folder / "log")}


def _debian_packages(environment: dict[str, str], *names: str) -> subprocess.CompletedProcess[str]:
    tool = str(ROOT / "tools" / "debian-packages")
    return subprocess.run([tool, *names], env=environment, capture_output=True, text=True, check=False)


def test_packages_that_are_there_are_not_installed_again(tmp_path: Path) -> None:
    """With everything in place nothing is asked of apt-get, not even that it exists."""
    done = _debian_packages(_fake_machine(tmp_path, dpkg_query="echo installed"), "python3-venv", "chromium")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_only_what_is_missing_is_installed_after_the_list_is_fetched(tmp_path: Path) -> None:
    """A fresh machine has no package list: the first refusal fetches it, and the installation is tried once more."""
    machine = _fake_machine(
        tmp_path,
        dpkg_query='case "$*" in *there*) echo installed;; *) exit 1;; esac',
        id="echo 0",
        apt_get='echo "$*" >>"$LOG"; case "$*" in *update*) >"$LOG.list";; *) [ -e "$LOG.list" ];; esac',
    )
    done = _debian_packages(machine, "there", "missing")
    assert done.returncode == 0, done.stderr
    asked = [line.split("Use-Pty=0 ")[1] for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines()]
    install = "install --yes --no-install-recommends missing"
    assert asked == [install, "update", install]


def test_without_root_or_sudo_the_command_to_type_is_named(tmp_path: Path) -> None:
    """Somebody who may not install packages is told what to ask for."""
    machine = _fake_machine(tmp_path, dpkg_query="exit 1", id="echo 1000", apt_get="exit 1")
    done = _debian_packages(machine, "python3-venv")
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr


def test_a_system_without_apt_get_is_told_what_is_needed(tmp_path: Path) -> None:
    """On another distribution the names of what is needed are said."""
    done = _debian_packages(_fake_machine(tmp_path, dpkg_query="exit 1"), "chromium")
    assert done.returncode == 1
    assert "chromium" in done.stderr


def test_a_python_that_is_too_old_is_refused_by_name(tmp_path: Path) -> None:
    """tools/install says which Python is needed when it finds none that is new enough."""
    machine = _fake_machine(tmp_path, python3="exit 1", dirname='echo "$PWD"')
    tool = tmp_path / "tools" / "install"
    tool.parent.mkdir()
    shutil.copy(ROOT / "tools" / "install", tool)
    done = subprocess.run([str(tool), "run"], env=machine, cwd=tool.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_both_packages_are_typed_and_every_module_says_what_it_is_for() -> None:
    """py.typed ships, and no module of the packages lacks a docstring (empty ``__init__`` files apart)."""
    assert (ROOT / "nvqsync" / "py.typed").is_file()
    for name, path in modules("nvqsync", "connectors").items():
        text = path.read_text(encoding="utf-8")
        assert not text.strip() or ast.get_docstring(ast.parse(text)), name


def test_every_test_says_in_a_sentence_what_it_shows() -> None:
    """A failing test's docstring is the first thing that its reader sees."""
    silent = [
        f"{name}.{node.name}"
        for name, path in modules("tests").items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert not silent


def test_papers_a_project_needs_are_there() -> None:
    """Licence, security policy, ways to contribute and the list of changes stand at the root."""
    for name in ("README.md", "LICENSE", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        assert (ROOT / name).stat().st_size > 500, name
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_mutation_run_names_every_module_of_the_engine() -> None:
    """A module that is moved, or a new one, cannot drop out of it unseen."""
    engine = {path.stem for path in (ROOT / "nvqsync/combination").glob("*.py")}
    named = [Path(file) for file in mutants.FILES]
    assert [file for file in named if not (ROOT / file).is_file()] == []
    assert {file.stem for file in named if file.parent.name == "combination"} == engine - mutants.LEFT_OUT
    assert [test for test in mutants.TESTS if not (ROOT / test).is_file()] == []
