"""The one place where real parts are put together: settings, plugins, store, connectors, gates."""

from __future__ import annotations

import datetime as dt
import getpass
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from nvqsync import backup, clock
from nvqsync.declaring import Declaration
from nvqsync.evidence import PassDefaults
from nvqsync.gates import Gate
from nvqsync.gating.core_declarations import CORE_DECLARATIONS
from nvqsync.gating.shared_gates import SHARED_GATES
from nvqsync.health.redacting import secrets_in
from nvqsync.hookspecs import ExportFormat, LmsConnector, PortalConnector
from nvqsync.mapping import MappingFile
from nvqsync.matching.mapping_file import read_mapping_file
from nvqsync.plugin_manager import Plugins, load_plugins
from nvqsync.service.logs import hiding
from nvqsync.settings import Settings
from nvqsync.settings import load as load_settings
from nvqsync.standing import Reader
from nvqsync.store import Store


@dataclass(frozen=True)
class App:
    """nvqsync, put together. ``now`` is the clock (seconds since 1970); tests and the daemon hand in their own."""

    settings: Settings
    plugins: Plugins
    now: Callable[[], int] = field(default=clock.now)

    @property
    def today(self) -> dt.date:
        """The Europe/London day it is now."""
        return clock.day(self.now())

    @cached_property
    def mapping_file(self) -> MappingFile | None:
        """The centre's mapping file, if the settings name one. Raises ``MappingFileError``."""
        path = self.settings.mapping.file
        return read_mapping_file(path) if path else None

    @cached_property
    def gates(self) -> tuple[Gate, ...]:
        """The shared gates and the plugins' own."""
        return (*SHARED_GATES, *self.plugins.gates)

    @cached_property
    def declarations(self) -> tuple[Declaration, ...]:
        """The shared declarations and the plugins' own."""
        return (*CORE_DECLARATIONS, *self.plugins.declarations)

    def open_store(self, *, read_only: bool = False) -> Store:
        """The database the settings name. Raises ``StoreError``, also where it is gone and there are backups of it."""
        if not read_only:
            backup.refuse_to_begin_anew(self.settings.database, self.settings.backup.folder)
        return Store(self.settings.database, read_only=read_only)

    def reader(self, store: Store) -> Reader:
        """What reads standings out of an open store."""
        defaults = PassDefaults(tuple(self.settings.evidence.scale_pass))
        roles = tuple(self.settings.moodle.learner_roles)
        return Reader(store, self.plugins, self.mapping_file, defaults, roles)

    def open_lms(self) -> LmsConnector:
        """The LMS connector the settings name, opened. Raises ``SettingsError`` or ``LmsError``."""
        offer = self.plugins.lms(self.settings.lms)
        return offer.open(self._section(self.settings.lms, self.settings.moodle.model_dump()))

    def open_portal(self) -> PortalConnector | None:
        """The portal connector the settings name, opened; ``None`` where batches are only written."""
        name = self.settings.portal.name
        if not name:
            return None
        return self.plugins.portal(name).open(self._section(name, self.settings.portal.model_dump()))

    @property
    def reached(self) -> frozenset[str]:
        """The awarding bodies that the settings' portal reaches; the batches of all others are keyed by hand."""
        name = self.settings.portal.name
        return frozenset(self.plugins.portal(name).awarding_bodies if name else ())

    def formats(self) -> list[ExportFormat]:
        """The export formats the settings name."""
        return [self.plugins.export_format(name) for name in self.settings.export.formats]

    def _section(self, name: str, builtin: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.settings.connectors.get(name, builtin)


def bootstrap(config: Path | None = None, now: Callable[[], int] = clock.now) -> App:
    """Settings and plugins, loaded and checked. Raises ``SettingsError`` or ``PluginError``."""
    settings = load_settings(config)
    hiding.keep_out(secrets_in(settings))
    plugins = load_plugins(settings.plugins.disable, criteria_files=settings.catalogue.criteria_files)
    return App(settings, plugins, now)


def actor() -> str:
    """Who is acting from the command line: ``$NVQSYNC_ACTOR``, else the system account."""
    if named := os.environ.get("NVQSYNC_ACTOR"):
        return named.encode(errors="replace").decode()  # bytes that are no UTF-8 cannot be stored
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
