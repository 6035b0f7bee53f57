"""Writing and removing what ``service_plan`` plans: the only hands that touch ``/etc``.

Everything happens below a root, ``/`` or a folder that holds a system. Nothing is started, stopped or enabled: what to
type for that is told.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.resources import files as package_files
from pathlib import Path, PurePosixPath

from nvqsync import __version__
from nvqsync.errors import InputError
from nvqsync.service.service_plan import (
    FIRST_PORT,
    SETTINGS,
    SHIPPED_PROGRAM,
    UNITS,
    WHY,
    Action,
    Planned,
    Service,
    Step,
    files,
    installing,
    instance_misfit,
    next_port,
    removing,
)

HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108  (places the services cannot see)


def shipped() -> dict[str, str]:
    """The texts of ``systemd/`` by name: beside the package in a source tree, inside it once it is installed."""
    packed = package_files("nvqsync") / "service_files"
    folder = packed if packed.is_dir() else Path(__file__).resolve().parents[2] / "systemd"
    return {name: (folder / name).read_text(encoding="utf-8") for name in WHY}


# ---------------------------------------------------------------- what is wanted


def running_program() -> str:
    """The path of the ``nvqsync`` that runs now, as a service would start it."""
    named = Path(sys.argv[0])
    return str(named.absolute() if named.name == "nvqsync" else Path(sys.prefix) / "bin" / "nvqsync")


def wanted(root: Path, instance: str, program: str) -> Service:
    """The service that is asked for. Raises ``InputError`` for a name or a program that would not do."""
    if instance and (misfit := instance_misfit(instance)):
        raise InputError(misfit, "Name it like north or city-college.")
    path = PurePosixPath(program)
    if not path.is_absolute() or any(not letter.isprintable() or letter in " %\"'\\$" for letter in program):
        raise InputError(f"{program!r} cannot stand in a unit.", "Give a whole path of plain letters with --program.")
    if hidden := [place for place in HIDDEN if path.is_relative_to(place)]:
        says = f"The program is {program}, and the services cannot see {hidden[0]}."
        step = f"Install it where they can, such as {SHIPPED_PROGRAM}, and run that one, or name it with --program."
        raise InputError(says, step)
    return Service(program, instance, _port(root, instance))


def _port(root: Path, instance: str) -> int:
    """The port of the instance's pages: the one its settings name, else the next that no other settings take."""
    ports = {path.stem: _named_port(path) for path in sorted((root / "etc/nvqsync").glob("*.toml"))}
    return ports[instance] if instance in ports else next_port(ports.values())


def _named_port(settings: Path) -> int:
    with suppress(OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        port = tomllib.loads(settings.read_text(encoding="utf-8")).get("web", {}).get("port", FIRST_PORT)
        return port if isinstance(port, int) else FIRST_PORT
    return FIRST_PORT


def refuse_a_mixture(root: Path, instance: str) -> None:
    """One centre, or several: their folders would get in each other's way. Raises ``InputError``."""
    single = (root / UNITS / "nvqsync.service").exists() or (root / SETTINGS).exists()
    others = instances(root)
    if instance and single:
        says = "nvqsync is installed here for a single centre."
        step = "Move it first: docs/service.md, 'From one centre to several'. Or use another host."
        raise InputError(says, step)
    if not instance and others:
        raise InputError(f"nvqsync is installed here for {', '.join(others)}.", "Name one more with --instance NAME.")


def instances(root: Path) -> list[str]:
    """The centres that are installed below a root, by the files that make their users."""
    found = (root / "etc/sysusers.d").glob("nvqsync-*.conf")
    settings = root / "etc/nvqsync"
    names = (path.stem.removeprefix("nvqsync-") for path in found)
    return sorted(name for name in names if (settings / f"{name}.toml").exists())


# ---------------------------------------------------------------- planning and doing


def plan_install(root: Path, service: Service) -> list[Step]:
    """What installing would do, file by file. Raises ``InputError`` where a file cannot be read."""
    planned = list(files(shipped(), service, __version__))
    return list(installing(planned, _there(root, planned)))


def plan_removal(root: Path, service: Service) -> list[Step]:
    """What uninstalling would do, file by file. Raises ``InputError`` while a unit of it is enabled."""
    planned = list(files(shipped(), service, __version__))
    if enabled := _enabled(root, service):
        says = f"{', '.join(enabled)} would start again at the next boot."
        raise InputError(says, f"Stop and disable it first: systemctl disable --now {' '.join(enabled)}")
    others = [name for name in instances(root) if name != service.instance] if service.instance else []
    return list(removing(planned, _there(root, planned), _using_units(root, others)))


def _using_units(root: Path, others: Iterable[str]) -> list[str]:
    """Those of the other centres that still start a unit."""
    return [name for name in others if _enabled(root, Service(instance=name))]


def _enabled(root: Path, service: Service) -> list[str]:
    names = {service.unit(name) for name in WHY if name.endswith((".service", ".timer"))}
    return sorted({path.name for path in (root / UNITS).glob("*.wants/nvqsync*") if path.name in names})


def _there(root: Path, planned: Sequence[Planned]) -> dict[PurePosixPath, str | None]:
    return {file.path: _text(root / file.path) for file in planned}


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Run this as root (sudo).") from error


def carry_out(root: Path, steps: Iterable[Step]) -> None:
    """Write, replace and remove. Raises ``InputError`` where this user may not."""
    for step in steps:
        path = root / step.file.path
        try:
            if step.action in {Action.WRITE, Action.REPLACE}:
                _write(path, step.file)
            elif step.action is Action.REMOVE:
                path.unlink()
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}.", "Run this as root (sudo).") from error


def _write(path: Path, file: Planned) -> None:
    """The whole file or none of it, under a name of its own first."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        os.fchmod(handle, file.mode)
        out.write(file.text)
    part.rename(path)
