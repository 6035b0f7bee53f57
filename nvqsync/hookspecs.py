"""The whole plugin contract, version 1.

A plugin is a module or object with functions marked ``@nvqsync.hookimpl``. Built-in parts are listed in
``nvqsync.plugin_manager.DEFAULT_PLUGINS``; outside packages name theirs under the entry point group ``nvqsync``.
Each ``register_...`` hook is handed a callable; call it once for each thing offered. The host decides about clashes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pluggy

from nvqsync.declaring import Declaration
from nvqsync.errors import LmsError
from nvqsync.findings import Finding
from nvqsync.gates import Gate
from nvqsync.model import (
    Answer,
    Asked,
    Batch,
    CourseReading,
    ItemKind,
    LmsCourse,
    LmsItem,
    Qualification,
    SiteFacts,
    Unit,
)

CONTRACT_VERSION = 1

hookspec = pluggy.HookspecMarker("nvqsync")


class LmsConnector(Protocol):
    """What the host asks of a learning management system, already opened with its settings.

    Every method may raise ``LmsRefused``, ``LmsBusy`` or ``LmsUnreadable`` (``nvqsync.errors``).
    """

    def check(self) -> SiteFacts:
        """Who is there, and may we do what we need to? Raises ``LmsRefused`` naming what is missing."""
        ...

    def courses(self, known: Mapping[str, str], due: Collection[str]) -> Sequence[LmsCourse]:
        """Every course the account can see, with its ID number where one is set.

        ``known`` holds the ID numbers last read by course id; only those of courses in ``due``, and of courses not in
        it, need be asked for. A connector to which ID numbers cost nothing ignores both.
        """
        ...

    def read(self, asked: Iterable[Asked]) -> Iterator[tuple[LmsCourse, CourseReading | LmsError]]:
        """Each course asked for, once, in any order: its reading, or the error that stopped just that one.

        ``asked`` is taken in small batches and answered as it goes, so that nobody holds a whole college in memory.
        """
        ...

    def close(self) -> None:
        """Give back connections. Safe to call twice."""
        ...


class PortalConnector(Protocol):
    """What the host asks of an awarding body's portal, already opened with its settings.

    Every method may raise ``PortalRefused`` (nothing was accepted) or ``PortalBusy`` (whether it was is unknown).
    """

    def submit(self, batch: Batch, document: bytes) -> Sequence[Answer]:
        """Hand over a batch once; an answer for each claim. The claim keys make a repeat harmless."""
        ...

    def ask(self, awarding_body: str, centre_number: str, keys: Sequence[str]) -> Sequence[Answer]:
        """What became of these claims? One answer a key, ``NOT_FOUND`` where the portal never saw it."""
        ...

    def close(self) -> None:
        """Give back connections. Safe to call twice."""
        ...


@dataclass(frozen=True, slots=True)
class LmsOffer:
    """An LMS connector on offer: its name in the settings, and how to open it from that section of the settings.

    ``examine`` is for ``nvqsync doctor``: given the same section and the kinds of items that the mapping file asks for
    beside assignments, it yields a finding for everything that has to be right, and raises nothing. Without it, doctor
    opens the connector and calls its ``check``.
    """

    name: str
    open: Callable[[Mapping[str, Any]], LmsConnector]
    examine: Callable[[Mapping[str, Any], frozenset[ItemKind]], Iterable[Finding]] | None = None


@dataclass(frozen=True, slots=True)
class PortalOffer:
    """A portal connector on offer: its name, the bodies it reaches, and how to open it from its settings."""

    name: str
    awarding_bodies: tuple[str, ...]
    open: Callable[[Mapping[str, Any]], PortalConnector]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A way to write a batch to a file. ``render`` is pure: the same batch gives the same bytes."""

    name: str
    extension: str
    media_type: str
    says: str
    render: Callable[[Batch], bytes]


@hookspec
def register_units(register: Callable[[Unit], None]) -> None:
    """Offer units to the shared bank: call register(unit). Runs before register_qualifications in any load order."""


@hookspec
def register_qualifications(register: Callable[[Qualification], None], units: Mapping[str, Unit]) -> None:
    """Offer each qualification this body certificates: call register(qualification). `units`: the bank by reference."""


@hookspec(firstresult=True)
def match_unit(qualification: Qualification, lms_item: LmsItem) -> str | None:
    """Name what an unmapped LMS item stands for, in ID number notation, or return None to let another plugin try."""


@hookspec
def register_lms_connectors(register: Callable[[LmsOffer], None]) -> None:
    """Offer a connector to a learning management system: call register(LmsOffer(...))."""


@hookspec
def register_portals(register: Callable[[PortalOffer], None]) -> None:
    """Offer a connector to an awarding body's portal: call register(PortalOffer(...))."""


@hookspec
def register_export_formats(register: Callable[[ExportFormat], None]) -> None:
    """Offer a way to write a batch: call register(ExportFormat(...))."""


@hookspec
def register_gates(register: Callable[[Gate], None]) -> None:
    """Offer a gate, what stops or cautions a claim for this body: call register(nvqsync.gates.Gate(...))."""


@hookspec
def register_declarations(register: Callable[[Declaration], None]) -> None:
    """Offer what approvers declare for this body's claims: call register(nvqsync.declaring.Declaration(...))."""
