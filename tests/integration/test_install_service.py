"""``install-service``: systemd understands what it writes, it says what it did, and what a person changed stays.

Everything happens below a root of its own, and ``systemd-analyze`` looks at that root.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from nvqsync import settings
from nvqsync.service import service_install
from nvqsync.service.service_plan import SHIPPED_PROGRAM
from tests.rehearsal import Answered, answer

UNITS = "etc/systemd/system"
SHIPPED_UNITS = ("nvqsync", "nvqsync-web", "nvqsync-backup", "nvqsync-sync")
TIMERS = ("nvqsync-backup", "nvqsync-sync")
HIGHEST_EXPOSURE = 13
SYSTEM = Path("/usr/lib/systemd/system")

each_kind = pytest.mark.parametrize("instance", ["", "north"], ids=["one centre", "several"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that holds as much of a system as the units lean on: systemd's own units, a program, ``kill``."""
    root = tmp_path / "root"
    shutil.copytree(SYSTEM, root / SYSTEM.relative_to("/"), symlinks=True)
    for program in (SHIPPED_PROGRAM, "/bin/kill"):
        path = root / program.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n", "utf-8")
        path.chmod(0o755)
    return root


def install(root: Path, *options: str, instance: str = "") -> Answered:
    """Install the shipped program's service below a root."""
    named = ["--instance", instance] if instance else []
    return answer("install-service", "--root", str(root), "--program", SHIPPED_PROGRAM, *named, *options)


def uninstall(root: Path, *options: str, instance: str = "") -> Answered:
    """The way back."""
    named = ["--instance", instance] if instance else []
    return answer("uninstall-service", "--root", str(root), *named, *options)


def written(root: Path) -> dict[str, str]:
    """Every file below ``etc``, with what stands in it."""
    return {str(p.relative_to(root)): p.read_text("utf-8") for p in sorted((root / "etc").rglob("*")) if p.is_file()}


def names(instance: str) -> list[str]:
    """The units as ``systemctl`` is told them."""
    at = f"@{instance}" if instance else ""
    return [*(f"{unit}{at}.service" for unit in SHIPPED_UNITS), *(f"{unit}{at}.timer" for unit in TIMERS)]


def analyze(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What systemd says of units below a root."""
    command = ["systemd-analyze", f"--root={root}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


# ---------------------------------------------------------------- what is written


@each_kind
def test_systemd_understands_what_was_installed(root: Path, instance: str) -> None:
    """``systemd-analyze verify`` inside the root has nothing to say about any unit."""
    assert install(root, instance=instance).status == 0
    done = analyze(root, "verify", "--man=no", *names(instance))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_misspelt_key_would_be_noticed(root: Path) -> None:
    """The same look speaks up about a key that systemd does not know, a template's too."""
    install(root, instance="north")
    unit = root / UNITS / "nvqsync@.service"
    unit.write_text(unit.read_text("utf-8").replace("ProtectHome=", "ProtectHoem="), "utf-8")
    assert "ProtectHoem" in analyze(root, "verify", "--man=no", "nvqsync@north.service").stderr


@each_kind
@pytest.mark.parametrize("unit", SHIPPED_UNITS)
def test_a_stolen_process_gets_nowhere(root: Path, instance: str, unit: str) -> None:
    """The exposure of each installed service is 1.3 at most, by systemd's own measure."""
    install(root, instance=instance)
    options = ("--offline=true", "--no-pager", f"--threshold={HIGHEST_EXPOSURE}")
    done = analyze(root, "security", *options, f"{unit}@{instance}.service" if instance else f"{unit}.service")
    assert "Overall exposure level" in done.stdout, done.stderr
    assert done.returncode == 0, done.stdout


@each_kind
def test_the_starter_settings_lie_where_the_units_look(root: Path, instance: str) -> None:
    """They load; database, exports and backups are in the state folder of the same unit."""
    install(root, instance=instance)
    unit = (root / UNITS / f"nvqsync{'@' if instance else ''}.service").read_text("utf-8").replace("%i", instance)
    path = root / re.findall(r"^Environment=NVQSYNC_CONFIG=/(.*)$", unit, re.MULTILINE)[0]
    assert path.stat().st_mode & 0o777 == 0o640
    loaded = settings.load(path)
    state = Path("/var/lib") / re.findall(r"^StateDirectory=(.*)$", unit, re.MULTILINE)[0]
    assert {loaded.database.parent, loaded.export.folder.parent, loaded.backup.folder.parent} == {state}


def test_each_centre_has_its_own_of_everything(root: Path) -> None:
    """Two centres on one host share no user, folder, secret or port; the units are the same files."""
    install(root, instance="north")
    units = {path: text for path, text in written(root).items() if path.startswith(UNITS)}
    answered = install(root, instance="south")
    assert answered.out.count("is so  ") == len(units)
    found = written(root)
    assert units.items() <= found.items()
    for kind in ("sysusers.d/nvqsync-{}.conf", "tmpfiles.d/nvqsync-{}.conf", "nvqsync/{}.toml"):
        north, south = (found[f"etc/{kind.format(name)}"] for name in ("north", "south"))
        assert "south" not in north and "north" not in south
    ports = [settings.load(root / f"etc/nvqsync/{name}.toml").web.port for name in ("north", "south")]
    assert len(set(ports)) == 2
    assert (
        settings.load(root / "etc/nvqsync/north.toml").database
        != settings.load(root / "etc/nvqsync/south.toml").database
    )


@each_kind
def test_users_and_folders_are_made_from_what_was_written(root: Path, instance: str) -> None:
    """systemd's own tools make the user of the units, and give the state folder to it alone."""
    if os.geteuid():
        pytest.skip("only root may make users and give files away")
    install(root, instance=instance)
    secret = root / f"etc/nvqsync/{f'{instance}.' if instance else ''}smtp-password"
    secret.write_text("secret\n", encoding="utf-8")
    secret.chmod(0o644)
    for tool in (["systemd-sysusers"], ["systemd-tmpfiles", "--create"]):
        name = f"nvqsync-{instance}.conf" if instance else "nvqsync.conf"
        done = subprocess.run([*tool, f"--root={root}", name], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
    user = f"nvqsync-{instance}" if instance else "nvqsync"
    number = next(line.split(":")[2] for line in (root / "etc/passwd").read_text().splitlines() if user in line)
    state = (root / "var/lib/nvqsync" / instance).stat()
    assert (str(state.st_uid), state.st_mode & 0o777) == (number, 0o700)
    assert (secret.stat().st_uid, secret.stat().st_mode & 0o777) == (0, 0o600)
    group = (root / f"etc/nvqsync/{instance or 'nvqsync'}.toml").stat()
    assert (group.st_uid, str(group.st_gid) != "0", group.st_mode & 0o777) == (0, True, 0o640)


# ---------------------------------------------------------------- what is said


@each_kind
def test_every_file_is_explained(root: Path, instance: str) -> None:
    """Each path that was written is named, with what it is for; then what to type, each line with its reason."""
    answered = install(root, instance=instance)
    found = written(root)
    assert len(found) == 9
    for path in found:
        assert f"write    {root}/{path}\n         " in answered.out
    told = answered.out.partition("\nNext:\n")[2]
    unit = "nvqsync@north.service" if instance else "nvqsync.service"
    assert "systemd-sysusers" in told and "daemon-reload" in told and f"enable --now {unit}" in told
    user = "nvqsync-north" if instance else "nvqsync"
    assert re.search(rf"sudo -u {user} \S+/nvqsync --config /etc/nvqsync/\w+.toml users add .* --generate\n", told)


def test_a_dry_run_writes_nothing(root: Path) -> None:
    """The same lines, and an untouched root; ``--print`` shows the files themselves."""
    before = sorted(root.rglob("*"))
    assert "Nothing was written." in install(root, "--dry-run").out
    assert "StateDirectory=nvqsync/%i" in install(root, "--print", instance="north").out
    assert sorted(root.rglob("*")) == before


# ---------------------------------------------------------------- again, upgrade, changed files


def test_twice_is_once(root: Path) -> None:
    """The second time every file is as it should be."""
    install(root)
    before = written(root)
    answered = install(root)
    assert answered.out.count("is so  ") == 9
    assert written(root) == before


def test_an_upgrade_replaces_what_nobody_changed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer nvqsync brings its units up to date, and leaves the settings."""
    install(root)
    (root / "etc/nvqsync/nvqsync.toml").write_text('database = "/srv/x.db"\n', "utf-8")
    monkeypatch.setattr(service_install, "__version__", "9.9.9")
    answered = install(root)
    assert len(re.findall("^replace ", answered.out, re.MULTILINE)) == 8
    assert "nvqsync 9.9.9 wrote this file" in (root / UNITS / "nvqsync.service").read_text("utf-8")
    assert (root / "etc/nvqsync/nvqsync.toml").read_text("utf-8") == 'database = "/srv/x.db"\n'


@pytest.mark.parametrize("change", ["one letter", "the seal", "everything"])
def test_a_changed_file_is_never_overwritten(root: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by installing nor by uninstalling; it is told each time, and the others are done."""
    install(root)
    unit = root / UNITS / "nvqsync.service"
    text = unit.read_text("utf-8")
    changed = {"one letter": text.replace("RestartSec=60", "RestartSec=61"),
               "the seal": text.partition("\n")[2], "everything": "[Unit]\n"}[change]  # fmt: skip
    assert changed != text
    unit.write_text(changed, "utf-8")
    monkeypatch.setattr(service_install, "__version__", "9.9.9")
    answered = install(root)
    assert unit.read_text("utf-8") == changed
    assert f"keep     {unit}" in answered.out and len(re.findall("^replace ", answered.out, re.MULTILINE)) == 7
    assert f"keep     {unit}" in uninstall(root).out
    assert unit.read_text("utf-8") == changed
    assert not (root / UNITS / "nvqsync-web.service").exists()


# ---------------------------------------------------------------- the way back


@each_kind
def test_uninstalling_leaves_data_and_settings(root: Path, instance: str) -> None:
    """Every unit goes; settings, a secret, the database, drop-ins and the files about the user stay byte for byte."""
    install(root, instance=instance)
    state = root / "var/lib/nvqsync" / instance
    state.mkdir(parents=True)
    drop_in = root / UNITS / f"nvqsync{'@' if instance else ''}.service.d" / "override.conf"
    drop_in.parent.mkdir()
    for path in (state / "nvqsync.db", root / "etc/nvqsync/moodle-token", drop_in):
        path.write_text("# precious\n", "utf-8")
    kept = {path: text for path, text in written(root).items() if not re.fullmatch(rf"{UNITS}/nvqsync[^/]*", path)}
    assert "Nothing was removed." in uninstall(root, "--dry-run", instance=instance).out
    assert (root / UNITS / f"nvqsync{'@' if instance else ''}.service").exists()
    assert uninstall(root, instance=instance).status == 0
    assert written(root) == kept
    assert (state / "nvqsync.db").read_text("utf-8") == "# precious\n"
    assert uninstall(root, instance=instance).status == 0
    install(root, instance=instance)
    assert analyze(root, "verify", "--man=no", *names(instance)).stderr == ""


def test_an_enabled_unit_is_not_pulled_from_under_the_service(root: Path) -> None:
    """Uninstalling waits until the service is stopped and disabled, and says how."""
    install(root)
    wants = root / UNITS / "multi-user.target.wants"
    wants.mkdir()
    (wants / "nvqsync.service").symlink_to("/etc/systemd/system/nvqsync.service")
    answered = uninstall(root)
    assert (answered.status, "systemctl disable --now nvqsync.service" in answered.err) == (2, True)
    assert (root / UNITS / "nvqsync.service").exists()


def test_templates_stay_for_the_other_centres(root: Path) -> None:
    """As long as another centre on this host starts them; then they go."""
    install(root, instance="north")
    install(root, instance="south")
    wants = root / UNITS / "multi-user.target.wants"
    wants.mkdir()
    link = wants / "nvqsync@south.service"
    link.symlink_to("/etc/systemd/system/nvqsync@.service")
    assert "in use for south" in uninstall(root, instance="north").out
    assert (root / UNITS / "nvqsync@.service").exists()
    link.unlink()
    uninstall(root, instance="south")
    assert not (root / UNITS / "nvqsync@.service").exists()


# ---------------------------------------------------------------- refusals


def test_one_centre_and_several_are_not_mixed(root: Path, tmp_path: Path) -> None:
    """Their folders would get in each other's way: each refuses beside the other, with the way on."""
    install(root)
    answered = install(root, instance="north")
    assert (answered.status, "single centre" in answered.err) == (2, True)
    other = tmp_path / "other"
    other.mkdir()
    install(other, instance="north")
    answered = install(other)
    assert (answered.status, "--instance NAME" in answered.err) == (2, True)


@pytest.mark.parametrize("name", ["North", "a b", "-x", "x-", "../x", "x" * 21, "nvqsync", "1st"])
def test_a_name_that_would_not_do_is_refused(root: Path, name: str) -> None:
    """A centre's name becomes part of a user's, a unit's and files' names."""
    answered = install(root, f"--instance={name}")
    assert answered.status == 2
    assert not (root / UNITS).exists()


@pytest.mark.parametrize(
    "program", ["/home/it/.venv/bin/nvqsync", "/root/nvqsync", "/tmp/x", "bin/nvqsync", "/opt/a b"]
)
def test_a_program_the_services_cannot_see_is_refused(root: Path, program: str) -> None:
    """The units hide home folders and temporary files: told now, not by a service that does not start."""
    answered = answer("install-service", "--root", str(root), "--program", program)
    assert answered.status == 2
    assert "--program" in answered.err
    assert not (root / UNITS).exists()
