"""A software bill of materials, CycloneDX 1.6 as JSON: ``python -m distribution.sbom`` prints it.

Made from ``requirements/run.txt``: what a package of nvqsync holds, at which version, with the hashes it is held
to, and who asks for it. Licences are those that the packages of this environment declare. The moment is that of
``$SOURCE_DATE_EPOCH``, else now; the serial number follows from the contents: one source gives one document.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import sys
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from nvqsync import __version__

LOCK = Path(__file__).resolve().parents[1] / "requirements" / "run.txt"
PROGRAM = "nvqsync"
_ENTRY = re.compile(r"(?P<name>[a-z0-9.-]+)==(?P<version>\S+)(?: ; (?P<marker>.+?))?(?: \\)?$")


@dataclass(frozen=True, slots=True)
class Pinned:
    """One package of a lock: its hashes (SHA-256, of each file a machine may install) and who asks for it."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    wanted_by: tuple[str, ...]

    @property
    def ref(self) -> str:
        """Its package URL, which is its name within the document too."""
        return f"pkg:pypi/{self.name}@{self.version}"


def pins(lock: str) -> tuple[Pinned, ...]:
    """The packages of a lock's text, in order. Raises ``ValueError`` for a line that is no pin."""
    body = "\n".join(line for line in lock.splitlines() if not line.startswith("#"))
    return tuple(_pin(entry) for entry in re.split(r"\n(?=\S)", body.strip()))


def _pin(entry: str) -> Pinned:
    first, *rest = entry.splitlines()
    found = _ENTRY.match(first)
    if found is None:
        raise ValueError(f"not a pin: {first}")
    comments = " ".join(line.strip().lstrip("# ") for line in rest if line.strip().startswith("#"))
    wanted = tuple(re.findall(r"[A-Za-z0-9._-]+", comments.removeprefix("via")))
    asking = tuple(PROGRAM if name.startswith(("pyproject", "nvqsync")) else name for name in wanted)
    hashes = tuple(sorted(re.findall(r"sha256:([0-9a-f]{64})", entry)))
    return Pinned(found["name"], found["version"], found["marker"] or "", hashes, asking)


def licence(pin: Pinned) -> str:
    """The licence that the installed package of this very version declares, else nothing."""
    try:
        told = metadata.metadata(pin.name).json
    except metadata.PackageNotFoundError:
        return ""
    if told["version"] != pin.version:
        return ""
    classified = [
        text.rpartition(" :: ")[2] for text in told.get("classifier", []) if text.startswith("License :: OSI")
    ]
    short = str(told.get("license", "")).strip()
    return str(told.get("license_expression", "")) or " AND ".join(classified) or ("" if "\n" in short else short)


def component(pin: Pinned) -> dict[str, Any]:
    """A package as CycloneDX tells it."""
    told: dict[str, Any] = {"type": "library", "bom-ref": pin.ref, "name": pin.name, "version": pin.version}
    if pin.marker:
        told["scope"] = "optional"
    if name := licence(pin):
        told["licenses"] = [{"license": {"name": name}}]
    told["purl"] = pin.ref
    properties = [("nvqsync:locked-sha256", value) for value in pin.hashes]
    properties += [("nvqsync:only-where", pin.marker)] if pin.marker else []
    told["properties"] = [{"name": key, "value": value} for key, value in properties]
    return told


def dependencies(root: str, pinned: Iterable[Pinned]) -> list[dict[str, Any]]:
    """Who asks for whom; every component has an entry."""
    known = list(pinned)
    refs = {PROGRAM: root} | {pin.name: pin.ref for pin in known}
    return [
        {"ref": ref, "dependsOn": sorted(pin.ref for pin in known if name in pin.wanted_by)}
        for name, ref in refs.items()
    ]


def document(lock: str, moment: dt.datetime) -> dict[str, Any]:
    """The bill of materials of this version of nvqsync with the packages of a lock."""
    pinned = pins(lock)
    root = f"pkg:pypi/{PROGRAM}@{__version__}"
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"{root}\n{moment.isoformat()}\n{lock}")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": moment.isoformat().replace("+00:00", "Z"),
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": PROGRAM,
                "version": __version__,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "purl": root,
            },
        },
        "components": [component(pin) for pin in pinned],
        "dependencies": dependencies(root, pinned),
    }


def source_moment() -> dt.datetime:
    """The moment in ``$SOURCE_DATE_EPOCH``, else now."""
    return dt.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH") or time.time()), dt.UTC)


if __name__ == "__main__":
    json.dump(document(LOCK.read_text(encoding="utf-8"), source_moment()), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
