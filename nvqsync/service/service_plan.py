"""Which files a service is made of, for one centre or for several on one host, and what becomes of each. Pure.

The files stand in ``systemd/`` as a single centre needs them. For several centres the same texts become template
units: ``nvqsync@north.service`` reads ``/etc/nvqsync/north.toml``, keeps its state in ``/var/lib/nvqsync/north`` and
runs as ``nvqsync-north``, so that no centre's process can read another's data.

Each file but the settings carries a seal in its first line, a digest of what follows: a file whose seal is broken was
changed by hand, and is neither overwritten nor removed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

SHIPPED_PROGRAM = "/opt/nvqsync/bin/nvqsync"
UNITS, USERS, FOLDERS = "etc/systemd/system", "etc/sysusers.d/nvqsync.conf", "etc/tmpfiles.d/nvqsync.conf"
SETTINGS = "etc/nvqsync/nvqsync.toml"
INSTANCE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_INSTANCE = 20
"""A user's name has 31 letters at most."""
FIRST_PORT = 8765

WHY = {
    "nvqsync.service": "the daemon: reads Moodle on a schedule and proposes claims",
    "nvqsync-web.service": "the claim queue as pages, on this machine alone",
    "nvqsync-backup.service": "one backup of the database, checked and rotated",
    "nvqsync-backup.timer": "when that backup is made: every night",
    "nvqsync-sync.service": "one pass and no daemon, for those who prefer a timer",
    "nvqsync-sync.timer": "when that pass is made; use it or nvqsync.service, never both",
    "nvqsync.sysusers": "the user that the services run as",
    "nvqsync.tmpfiles": "who owns settings, secrets and data",
    "nvqsync.toml": "settings to start from: the Moodle site, the centre, folders",
}
"""Every file that ships, and what it is for, in the order in which they are told."""


class Action(StrEnum):
    """What becomes of a file."""

    WRITE = "write"
    REPLACE = "replace"
    SAME = "same"
    KEEP = "keep"
    REMOVE = "remove"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Service:
    """What is wanted: the program's path, and which of several centres; ``port`` is that of its pages."""

    program: str = SHIPPED_PROGRAM
    instance: str = ""
    port: int = FIRST_PORT

    @property
    def user(self) -> str:
        """The user that the services run as."""
        return f"nvqsync-{self.instance}" if self.instance else "nvqsync"

    @property
    def settings(self) -> str:
        """The settings file, relative to the root."""
        return f"etc/nvqsync/{self.instance}.toml" if self.instance else SETTINGS

    def unit(self, name: str) -> str:
        """A unit's name as ``systemctl`` is told it: ``nvqsync-backup.timer``, ``nvqsync-backup@north.timer``."""
        stem, _, kind = name.partition(".")
        return f"{stem}@{self.instance}.{kind}" if self.instance else name


@dataclass(frozen=True, slots=True)
class Planned:
    """One file: where (relative to the root), what stands in it, its mode, and what it is for."""

    path: PurePosixPath
    text: str
    mode: int
    why: str
    sealed: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one file, and why, where that is not plain."""

    action: Action
    file: Planned
    says: str = ""


# ---------------------------------------------------------------- the files


def files(shipped: Mapping[str, str], wanted: Service, version: str) -> Iterator[Planned]:
    """Every file of a service. ``shipped`` are the texts of ``systemd/`` by name."""
    for name, why in WHY.items():
        text = shipped[name].replace(SHIPPED_PROGRAM, wanted.program)
        if wanted.instance:
            text = for_several(text)
        if name == "nvqsync.toml":
            yield Planned(PurePosixPath(wanted.settings), _settings(text, wanted), 0o640, why, sealed=False)
        elif name in {"nvqsync.sysusers", "nvqsync.tmpfiles"}:
            path = USERS if name == "nvqsync.sysusers" else FOLDERS
            path = path.replace("nvqsync.conf", f"{wanted.user}.conf")
            yield Planned(PurePosixPath(path), seal(_named(text, wanted), version), 0o644, why)
        else:
            path = f"{UNITS}/{name.replace('.', '@.') if wanted.instance else name}"
            yield Planned(PurePosixPath(path), seal(text, version), 0o644, why)


def for_several(text: str) -> str:
    """A single centre's file as a template: names and places get the instance's name (``%i``)."""
    return "".join(_line_for_several(line) for line in text.splitlines(keepends=True))


TYPED = re.compile(r"(systemctl (?:edit|status|reload) )nvqsync(?![-\w.@])")
PLACES: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"/etc/nvqsync/nvqsync\.toml", "/etc/nvqsync/%i.toml"),
    (r"/etc/nvqsync/(?!%i)(?=[a-z])", "/etc/nvqsync/%i."),
    (r"/var/lib/nvqsync\b", "/var/lib/nvqsync/%i"),
    (r"\bnvqsync((?:-\w+)?)\.(service|timer)\b", r"nvqsync\1@%i.\2"),
    (r"^StateDirectory=nvqsync\b", "StateDirectory=nvqsync/%i"),
    (r"^User=nvqsync\b", "User=nvqsync-%i"),
    (r"^(Description=.*)", r"\1 (%i)"),
    (r"^u nvqsync ", "u nvqsync-%i "),
    (r"(?<=^[zd] ).*", lambda found: found[0].replace(" nvqsync", " nvqsync-%i")),
    (r"^#.*", lambda found: TYPED.sub(r"\1nvqsync@%i", found[0]).replace("%i", "NAME")),
)
"""What changes in a line, as patterns: settings, secrets, state, other units, users, and what comments say."""


def _line_for_several(line: str) -> str:
    for pattern, becomes in PLACES:
        line = re.sub(pattern, becomes, line)
    return line


def _named(text: str, wanted: Service) -> str:
    """The text for one centre where no template can say it: users and folders."""
    return text.replace("%i", wanted.instance).replace("NAME", wanted.instance)


def _settings(text: str, wanted: Service) -> str:
    if not wanted.instance:
        return text
    return f"{_named(text, wanted)}\n[web]\n# Each centre's pages have a port of their own.\nport = {wanted.port}\n"


def next_port(taken: Collection[int]) -> int:
    """A port for the pages of one more centre."""
    return max(taken, default=FIRST_PORT - 1) + 1


def instance_misfit(name: str) -> str:
    """Why a centre cannot be called so, or ``""``."""
    if not INSTANCE.fullmatch(name) or len(name) > LONGEST_INSTANCE:
        return f"{name!r} cannot name a centre: lower-case letters, digits and single hyphens, 20 at most."
    return "'nvqsync' names the single centre." if name == "nvqsync" else ""


# ---------------------------------------------------------------- the seal

SEAL = re.compile(r"# nvqsync \S+ wrote this file; seal ([0-9a-f]{16})\. [^\n]*\n")


def seal(text: str, version: str) -> str:
    """A text under a first line that tells whether it was changed since."""
    return (
        f"# nvqsync {version} wrote this file; seal {_digest(text)}. Changed by hand, it is left alone from then on: "
        f"a drop-in is better.\n{text}"
    )


def untouched(text: str) -> bool:
    """Whether a file is as some nvqsync wrote it."""
    found = SEAL.match(text)
    return found is not None and found[1] == _digest(text[found.end() :])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# ---------------------------------------------------------------- what becomes of each


def installing(planned: Collection[Planned], there: Mapping[PurePosixPath, str | None]) -> Iterator[Step]:
    """What is done to install. ``there`` are the texts that stand there now, ``None`` for a file that does not."""
    for file in planned:
        now = there[file.path]
        if now is None:
            yield Step(Action.WRITE, file)
        elif now == file.text:
            yield Step(Action.SAME, file)
        elif not file.sealed:
            yield Step(Action.KEEP, file, "settings that are there are yours")
        elif untouched(now):
            yield Step(Action.REPLACE, file, "an older version of it, which nobody changed")
        else:
            yield Step(Action.KEEP, file, "somebody changed it, or wrote it: compare it with what --print shows")


def removing(
    planned: Collection[Planned], there: Mapping[PurePosixPath, str | None], others: Collection[str] = ()
) -> Iterator[Step]:
    """What is done to uninstall: units go, all else stays. ``others`` are further centres on the same templates."""
    for file in planned:
        now = there[file.path]
        unit = file.path.parent == PurePosixPath(UNITS)
        if now is None:
            yield Step(Action.GONE, file)
        elif not unit:
            yield Step(Action.KEEP, file, "settings, secrets, the user and who owns the data stay, as the data does")
        elif others:
            yield Step(Action.KEEP, file, f"in use for {', '.join(sorted(others))}")
        elif untouched(now):
            yield Step(Action.REMOVE, file)
        else:
            yield Step(Action.KEEP, file, "somebody changed it: remove it yourself")
