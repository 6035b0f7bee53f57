"""Loads the plugins, checks that they keep the contract, and hands out what they offer.

Built-in parts come in through the same hooks as everyone else's: they are the names in ``DEFAULT_PLUGINS``. They load
first and the ``nvqsync`` entry points after them, because pluggy asks the latest arrival first and an outside package
should get the first word on ``match_unit``. ``NVQSYNC_TRACE_PLUGINS=1`` prints every hook call and its answers on
standard error.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Final, TypeVar

import pluggy

from nvqsync import __version__, hookspecs
from nvqsync.catalogue import Catalogue
from nvqsync.declaring import Declaration
from nvqsync.errors import PluginError, SettingsError
from nvqsync.gates import Gate
from nvqsync.gating.core_declarations import CORE_DECLARATIONS
from nvqsync.gating.shared_gates import SHARED_GATES
from nvqsync.hookspecs import CONTRACT_VERSION, ExportFormat, LmsOffer, PortalOffer
from nvqsync.model import LmsItem, Qualification
from nvqsync.names import did_you_mean
from nvqsync.plugin_offers import Gathering, how_to_disable

ENTRY_POINT_GROUP: Final = "nvqsync"
TRACE_VARIABLE: Final = "NVQSYNC_TRACE_PLUGINS"

CATALOGUE_PLUGINS: Final = (
    "nvqsync.plugins.qcf",
    "nvqsync.plugins.ocr",
    "nvqsync.plugins.edi",
    "nvqsync.plugins.ncfe",
)
"""The built-in plugins that bring units and qualifications, and need neither network nor database."""

DEFAULT_PLUGINS: Final = (
    *CATALOGUE_PLUGINS,
    "connectors.moodle.connector",
    "connectors.csv_folder.connector",
    "connectors.interchange_mock.connector",
    "nvqsync.exports.batch_json",
    "nvqsync.exports.claims_csv",
    "nvqsync.exports.claims_xlsx",
    "nvqsync.exports.keying_sheet",
    "nvqsync.exports.keying_csv",
)
"""Every built-in plugin, in order of loading."""

_Offer = TypeVar("_Offer")


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of ``nvqsync plugins``: the plugin, the distribution and version it came in, and what it offers."""

    name: str
    version: str
    offers: tuple[str, ...]
    distribution: str
    module: str


@dataclass(frozen=True)
class Plugins:
    """What the loaded plugins offer, checked and without clashes. Every mapping goes by name, in order of loading."""

    catalogue: Catalogue
    lms_connectors: Mapping[str, LmsOffer]
    portals: Mapping[str, PortalOffer]
    formats: Mapping[str, ExportFormat]
    gates: tuple[Gate, ...]
    declarations: tuple[Declaration, ...]
    manager: pluggy.PluginManager = field(repr=False)
    _listing: tuple[Listed, ...] = field(repr=False)

    def lms(self, name: str) -> LmsOffer:
        """The LMS connector of this name. Raises ``SettingsError`` with the names there are."""
        return _named(self.lms_connectors, name, "LMS connector")

    def portal(self, name: str) -> PortalOffer:
        """The portal connector of this name. Raises ``SettingsError`` with the names there are."""
        return _named(self.portals, name, "portal connector")

    def export_format(self, name: str) -> ExportFormat:
        """The export format of this name. Raises ``SettingsError`` with the names there are."""
        return _named(self.formats, name, "export format")

    def match_unit(self, qualification: Qualification, lms_item: LmsItem) -> str | None:
        """What the first plugin with an opinion says an unmapped LMS item stands for, in mapping notation."""
        answer: str | None = self.manager.hook.match_unit(qualification=qualification, lms_item=lms_item)
        return answer

    def listing(self) -> tuple[Listed, ...]:
        """What is loaded, in order of loading."""
        return self._listing


def load_plugins(
    disable: Collection[str] = (),
    extra: Sequence[object] = (),
    entry_points: bool = True,
    criteria_files: Sequence[Path] = (),
) -> Plugins:
    """Load the defaults, then ``extra`` plugin objects, then the entry points, leaving out the names in ``disable``.

    ``criteria_files`` are the centre's own (``centre_criteria``). A plugin is disabled by its short name
    (``ocr``) or its module (``nvqsync.plugins.ocr``). Raises ``PluginError`` where one breaks the contract or two offer
    one name, ``CatalogueError`` where data is wrong or two plugins disagree about it, and ``SettingsError`` for a name
    to disable that no plugin has.
    """
    arrivals = _arrived(DEFAULT_PLUGINS, disable, extra, entry_points)
    gathering = Gathering(arrivals.manager)
    catalogue = gathering.catalogue(criteria_files)
    return Plugins(
        catalogue=catalogue,
        lms_connectors=gathering.named("register_lms_connectors", "LMS connector"),
        portals=gathering.named("register_portals", "portal connector"),
        formats=gathering.named("register_export_formats", "export format"),
        gates=_with_id(gathering, "register_gates", "gate", SHARED_GATES),
        declarations=_with_id(gathering, "register_declarations", "declaration", CORE_DECLARATIONS),
        manager=arrivals.manager,
        _listing=arrivals.listing(gathering),
    )


def _with_id(gathering: Gathering, hook: str, what: str, ours: Sequence[Any]) -> tuple[Any, ...]:
    """What the plugins offer that goes by rule id, none of it under an id of nvqsync's own."""
    return tuple(gathering.named(hook, what, "id", ours={one.id for one in ours}).values())


def load_catalogue(
    disable: Collection[str] = (),
    extra: Sequence[object] = (),
    entry_points: bool = True,
    criteria_files: Sequence[Path] = (),
) -> Catalogue:
    """The catalogue alone, as ``load_plugins`` would give it, without importing the built-in connectors and formats.

    Commands that only look things up or judge start in half the time. Raises as ``load_plugins`` does.
    """
    return Gathering(_arrived(CATALOGUE_PLUGINS, disable, extra, entry_points).manager).catalogue(criteria_files)


def _arrived(
    defaults: Sequence[str], disable: Collection[str], extra: Sequence[object], entry_points: bool
) -> _Arrivals:
    """Load and check the plugins, in order: defaults, extras, entry points."""
    arrivals = _Arrivals(frozenset(disable))
    for module in defaults:
        arrivals.add_default(module)
    for plugin in extra:
        arrivals.add(_module_of(plugin), plugin, ("", ""))
    for entry in metadata.entry_points(group=ENTRY_POINT_GROUP) if entry_points else ():
        arrivals.add_entry_point(entry)
    arrivals.check()
    return arrivals


class _Arrivals:
    """The plugin manager while plugins arrive: who came, under which name, from which distribution."""

    def __init__(self, disabled: frozenset[str]) -> None:
        self.manager = pluggy.PluginManager("nvqsync")
        self.manager.add_hookspecs(hookspecs)
        self.disabled = disabled
        self.names_seen = {name for module in DEFAULT_PLUGINS for name in (module, _short(module))}
        self.origin: dict[str, tuple[str, str]] = {}
        if os.environ.get(TRACE_VARIABLE, "0") not in ("", "0"):
            self.manager.add_hookcall_monitoring(_trace_call, _trace_answer)

    def add_default(self, module: str) -> None:
        """Import and register a built-in plugin under its short name."""
        name = _short(module)
        if not self._is_disabled(name, module):
            self.add(name, importlib.import_module(module), ("nvqsync", __version__))

    def add_entry_point(self, entry: metadata.EntryPoint) -> None:
        """Import and register what an outside package offers. Raises ``PluginError`` where its import fails."""
        if self._is_disabled(entry.name, entry.value):
            return
        try:
            plugin = entry.load()
        except Exception as error:
            says = f"The plugin {entry.name} ({entry.value}) cannot be imported: {type(error).__name__}: {error}"
            raise PluginError(
                says, f"Mend or remove its package, or disable it: {how_to_disable(entry.name)}"
            ) from error
        self.add(entry.name, plugin, (entry.dist.name, entry.dist.version) if entry.dist else ("", ""))

    def add(self, name: str, plugin: object, origin: tuple[str, str]) -> None:
        """Register a plugin object. Raises ``PluginError`` for a doubled name, a newer contract, an unfit hook."""
        if self._is_disabled(name):
            return
        if self.manager.has_plugin(name):
            says = (
                f"Two plugins are called {name}: {_module_of(self.manager.get_plugin(name))} and {_module_of(plugin)}."
            )
            raise PluginError(says, "Rename one, or uninstall its package.")
        _check_contract(name, plugin)
        try:
            self.manager.register(plugin, name=name)
        except (pluggy.PluginValidationError, ValueError) as error:
            says = f"The plugin {name} does not fit the contract: {' '.join(str(error).split())}"
            raise PluginError(says, f"Tell its author, or disable it: {how_to_disable(name)}") from error
        self.origin[name] = origin

    def check(self) -> None:
        """Refuse hooks that the contract does not know, and names to disable that nothing bears."""
        for name, plugin in self.manager.list_name_plugin():
            for hook in self._unknown_hooks(plugin):
                guess = did_you_mean(hook, _hooks_of(hookspecs))
                says = f"The plugin {name} implements {hook}, which is no hook of nvqsync. {guess}".strip()
                raise PluginError(says, f"Tell its author, or disable it: {how_to_disable(name)}")
        self.manager.check_pending()
        for name in sorted(self.disabled - self.names_seen):
            says = f"There is no plugin {name!r} to disable. {did_you_mean(name, self.names_seen)}".strip()
            raise SettingsError(says, "Correct the name under [plugins] disable; nvqsync plugins lists them.")

    def listing(self, gathering: Gathering) -> tuple[Listed, ...]:
        """One line a plugin, in order of loading."""
        return tuple(
            Listed(name, self.origin[name][1], gathering.offers_of(name), self.origin[name][0], _module_of(plugin))
            for name, plugin in self.manager.list_name_plugin()
        )

    def _is_disabled(self, *names: str) -> bool:
        self.names_seen.update(names)
        return not self.disabled.isdisjoint(names)

    def _unknown_hooks(self, plugin: object) -> list[str]:
        callers = self.manager.get_hookcallers(plugin) or []
        return [
            caller.name
            for caller in callers
            if not caller.has_spec()
            and any(found.plugin is plugin and not found.optionalhook for found in caller.get_hookimpls())
        ]


def _check_contract(name: str, plugin: object) -> None:
    """A plugin may say which contract it was written for: ``nvqsync_contract = 1``. A newer one we cannot keep."""
    declared = getattr(plugin, "nvqsync_contract", CONTRACT_VERSION)
    if not isinstance(declared, int) or not 1 <= declared <= CONTRACT_VERSION:
        says = (
            f"The plugin {name} is written for contract {declared!r}; nvqsync {__version__} keeps {CONTRACT_VERSION}."
        )
        raise PluginError(says, f"Upgrade nvqsync, or disable the plugin: {how_to_disable(name)}")


def _named(offers: Mapping[str, _Offer], name: str, what: str) -> _Offer:
    if name in offers:
        return offers[name]
    says = f"There is no {what} {name!r}. {did_you_mean(name, offers)}".strip()
    raise SettingsError(says, f"Known: {', '.join(offers) or 'none'}.")


def _hooks_of(module: object) -> list[str]:
    return [name for name, member in vars(module).items() if hasattr(member, "nvqsync_spec")]


def _short(module: str) -> str:
    """``ocr`` for ``nvqsync.plugins.ocr``, ``moodle`` for ``connectors.moodle.connector``."""
    return module.removesuffix(".connector").rpartition(".")[2]


def _module_of(plugin: object) -> str:
    """The dotted name of a plugin that is a module, of its class where it is an object."""
    name = getattr(plugin, "__name__", None)
    return name if isinstance(name, str) else f"{type(plugin).__module__}.{type(plugin).__qualname__}"


def _trace_call(hook: str, implementations: Sequence[Any], given: Mapping[str, Any]) -> None:
    asked = ", ".join(found.plugin_name for found in reversed(implementations)) or "nobody"
    print(f"plugins: {hook}: asking {asked}", file=sys.stderr)


def _trace_answer(outcome: Any, hook: str, implementations: Sequence[Any], given: Mapping[str, Any]) -> None:
    failure = outcome.exception
    answer = f"raised {type(failure).__name__}: {failure}" if failure else f"answered {outcome.get_result()!r}"
    print(f"plugins: {hook}: {answer}", file=sys.stderr)
