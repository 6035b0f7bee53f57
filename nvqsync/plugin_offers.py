"""Asks each plugin what it offers, and decides about clashes.

Every plugin gets a ``register`` of its own, so that the host knows who offers what and a clash can name both sides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pluggy

from nvqsync import qualification_checks as checks
from nvqsync.catalogue import Catalogue
from nvqsync.centres.centre_criteria import with_criteria
from nvqsync.errors import CatalogueError, NvqsyncError, PluginError
from nvqsync.model import Qualification, Unit


class Gathering:
    """What the plugins of a manager offer, hook by hook, in order of loading."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager
        self._offers: dict[str, list[str]] = {}
        self._cautions: list[str] = []

    def catalogue(self, criteria_files: Sequence[Path] = ()) -> Catalogue:
        """The bank first, whatever the load order, then the qualifications. Raises ``CatalogueError``."""
        bank = with_criteria(self._units(), criteria_files)
        qualifications = self._qualifications(MappingProxyType(bank.units))
        return Catalogue.of(qualifications.values(), bank.units.values(), self._cautions, bank.wording)

    def named(
        self, hook: str, what: str, name_attribute: str = "name", ours: Collection[str] = ()
    ) -> Mapping[str, Any]:
        """Everything offered through ``hook``, by name.

        Raises ``PluginError`` where two plugins offer one name, or one offers a name that is nvqsync's own (``ours``).
        """
        found: dict[str, Any] = {}
        owner: dict[str, str] = {}

        def take(plugin: str, offer: Any) -> None:
            name = getattr(offer, name_attribute)
            if name in ours:
                says = f"The {what} {name} is offered by both nvqsync itself and {plugin}."
                raise PluginError(says, f"Tell its author to rename it, or disable it: {how_to_disable(plugin)}")
            if name in owner:
                raise PluginError(*_clash(f"The {what} {name}", owner[name], plugin))
            owner[name], found[name] = plugin, offer
            self._note(plugin, f"{what} {name}")

        self._ask(hook, take)
        return MappingProxyType(found)

    def offers_of(self, plugin: str) -> tuple[str, ...]:
        """What a plugin offered, in words."""
        matches = ["match_unit"] if plugin in self._plugins_with("match_unit") else []
        return (*self._offers.get(plugin, ()), *matches)

    def _units(self) -> dict[str, Unit]:
        units: dict[str, Unit] = {}
        owner: dict[str, str] = {}

        def take(plugin: str, unit: Unit) -> None:
            self._refuse(plugin, checks.unit_faults(unit))
            known = units.get(unit.reference, unit)
            if not _agree(known, unit):
                raise CatalogueError(
                    *_clash(f"The unit {unit.reference}", owner[unit.reference], plugin, " with different facts")
                )
            units[unit.reference] = unit if known.outcomes is None else known
            owner.setdefault(unit.reference, plugin)

        self._ask("register_units", take)
        for plugin, number in Counter(owner.values()).items():
            self._note(plugin, "1 unit" if number == 1 else f"{number} units")
        return units

    def _qualifications(self, units: Mapping[str, Unit]) -> dict[str, Qualification]:
        found: dict[str, Qualification] = {}
        owner: dict[str, str] = {}

        def take(plugin: str, qualification: Qualification) -> None:
            identities = [name for name in (qualification.id, qualification.qualification_number) if name]
            for name in identities:
                if name in owner:
                    raise CatalogueError(*_clash(name, owner[name], plugin))
            self._refuse(plugin, checks.qualification_faults(qualification))
            self._refuse(plugin, checks.bank_faults(qualification, units))
            owner.update(dict.fromkeys(identities, plugin))
            found[qualification.id] = qualification
            self._note(plugin, qualification.id)

        self._ask("register_qualifications", take, units=units)
        return found

    def _ask(self, hook: str, take: Callable[[str, Any], None], **given: object) -> None:
        """Call ``hook`` on each plugin that has it, one at a time, in order of loading."""
        plugins = dict(self._manager.list_name_plugin())
        for name in self._plugins_with(hook):
            others = [plugin for other, plugin in plugins.items() if other != name]
            caller = self._manager.subset_hook_caller(hook, remove_plugins=others)
            try:
                caller(register=_register_for(name, take), **given)
            except NvqsyncError:
                raise
            except Exception as error:
                says = f"The plugin {name} failed in {hook}: {type(error).__name__}: {error}"
                raise PluginError(says, f"Tell its author, or disable it: {how_to_disable(name)}") from error

    def _plugins_with(self, hook: str) -> list[str]:
        having = {found.plugin_name for found in getattr(self._manager.hook, hook).get_hookimpls()}
        return [name for name, _ in self._manager.list_name_plugin() if name in having]

    def _refuse(self, plugin: str, faults: Iterable[checks.Fault]) -> None:
        for fault in faults:
            if fault.blocks:
                says = f"{plugin} offers something wrong: {fault.says}"
                raise CatalogueError(says, f"Tell its author, or disable it: {how_to_disable(plugin)}")
            self._cautions.append(f"{plugin}: {fault.says}")

    def _note(self, plugin: str, offer: str) -> None:
        self._offers.setdefault(plugin, []).append(offer)


def how_to_disable(*plugins: str) -> str:
    """The line of the settings that leaves a plugin out; with several, any one of them."""
    return " or ".join(f'disable = ["{plugin}"]' for plugin in plugins) + " under [plugins]"


def _register_for(plugin: str, take: Callable[[str, Any], None]) -> Callable[[Any], None]:
    def register(offer: Any) -> None:
        take(plugin, offer)

    return register


def _clash(what: str, first: str, second: str, how: str = "") -> tuple[str, str]:
    if first == second:
        return f"{what} is offered twice by {first}{how}.", f"Tell its author, or disable it: {how_to_disable(first)}"
    return (
        f"{what} is offered by both {first} and {second}{how}.",
        f"Disable one of them: {how_to_disable(first, second)}",
    )


def _agree(one: Unit, other: Unit) -> bool:
    """Two offers of a unit agree when all facts do, save that one may know the criteria and the other not."""
    facts = [(unit.reference, unit.title, unit.level, unit.credit_value, unit.glh) for unit in (one, other)]
    return facts[0] == facts[1] and (None in (one.outcomes, other.outcomes) or one.outcomes == other.outcomes)
