"""After each pass: look how things are, tell what is new, remember who has heard it, send the digest when it is due.

Nothing here ever stops the daemon: a channel that fails is logged and tried again after the next pass; a database that
cannot be written means that the memory is held here until it can.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable

from nvqsync.bootstrap import App
from nvqsync.errors import NvqsyncError, TellingError
from nvqsync.health import alerts, situation, telling
from nvqsync.health.alerts import Failing, Known, Situation
from nvqsync.health.messages import Message, alert_message, digest_message
from nvqsync.service.schedule import daily_due
from nvqsync.storage.store_lms import keep, kept
from nvqsync.store import Store

log = logging.getLogger(__name__)

LOG = "log"
"""The channel that is always there: the service's log."""
MEMORY = "alerts"
"""Kept in the store: what is known of each alert (``alerts.memory_json``)."""


class Alerting:
    """The memory of what was told, and the ways to tell. One a daemon."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._teller = telling.Teller(app.settings.alerts)
        self._memory: dict[str, Known] = {}
        self._digests: dict[str, str] = {}
        self._loaded = False

    def adopt(self, app: App) -> None:
        """Other settings are in force. What was told, and may not be written down yet, stays known."""
        self.app, self._teller = app, telling.Teller(app.settings.alerts)

    def look(self, failing: Failing | None) -> None:
        """Look how things are and tell what is new. Raises nothing."""
        try:
            self._look(failing)
        except (NvqsyncError, sqlite3.Error, OSError) as error:
            log.warning("alerts: %s", str(error).replace("\n", " "))

    def _look(self, failing: Failing | None) -> None:
        found = situation.gather(self.app, failing)
        self._load()
        channels = (LOG, *telling.channels(self.app.settings.alerts))
        standing = alerts.standing(found, situation.limits(self.app))
        self._memory = alerts.remember(alerts.for_channels(self._memory, channels), standing, found)
        for channel in channels:
            self._tell(channel, found.now)
        self._save()
        for channel in channels[1:]:
            self._digest(channel, found)

    def _tell(self, channel: str, now: int) -> None:
        raised, over = alerts.due(self._memory, channel)
        if not raised and not over:
            return
        if channel == LOG:
            _log(raised, over)
        elif not self._sent(channel, alert_message(self.app.settings.centre.name, now, raised, over)):
            return
        self._memory = alerts.delivered(self._memory, channel)

    def _sent(self, channel: str, message: Message) -> bool:
        try:
            self._teller.tell(channel, message)
        except TellingError as error:
            log.warning("nobody could be told by %s: %s", channel, str(error).replace("\n", " "))
            return False
        return True

    # ------------------------------------------------------------ the digest

    def _digest(self, channel: str, found: Situation) -> None:
        hour, name = self.app.settings.alerts.digest_hour, f"digest by {channel}"
        if hour == "never" or found.records is None:
            return
        with self.app.open_store(read_only=True) as store:
            last = self._digests.get(channel) or kept(store, name)
            if not daily_due(found.now, last, hour):
                return
            figures = situation.digest_figures(self.app, store, found.records)
        standing = [one for one in self._memory.values() if one.over_at is None]
        if self._sent(channel, digest_message(self.app.settings.centre.name, found, figures, standing)):
            today = self._digests[channel] = found.today.isoformat()
            self._write(lambda store: keep(store, name, today))

    # ------------------------------------------------------------ memory

    def _load(self) -> None:
        """What an earlier daemon told, once; what this one knows already is newer."""
        if self._loaded or not self.app.settings.database.exists():
            return
        try:
            with self.app.open_store(read_only=True) as store:
                self._memory = {**read_memory(store), **self._memory}
            self._loaded = True
        except (NvqsyncError, sqlite3.Error) as error:
            log.debug("the memory of alerts cannot be read yet: %s", error)

    def _save(self) -> None:
        text = json.dumps(alerts.memory_json(self._memory), ensure_ascii=False)

        def write(store: Store) -> None:
            if kept(store, MEMORY) != text:
                keep(store, MEMORY, text)

        if self._loaded:
            self._write(write)

    def _write(self, do: Callable[[Store], None]) -> None:
        try:
            with self.app.open_store() as store:
                do(store)
        except (NvqsyncError, sqlite3.Error, OSError) as error:
            log.debug("what was told cannot be written down yet: %s", error)


def read_memory(store: Store) -> dict[str, Known]:
    """What is known of each alert. Raises ``StoreError``."""
    try:
        return alerts.memory_from(json.loads(kept(store, MEMORY) or "[]"))
    except ValueError:
        return {}


def _log(raised: list[Known], over: list[Known]) -> None:
    for one in raised:
        log.warning("alert %s: %s %s", one.alert.id, one.alert.says, one.alert.next_step)
    for one in over:
        log.warning("over %s: %s", one.alert.id, one.alert.says)
