"""The settings of the Moodle connector: the ``[moodle]`` section, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.moodle.client import MoodleClient
from connectors.moodle.replies import ProfileFields
from nvqsync.errors import SettingsError


@dataclass(frozen=True)
class Options:
    """What a connector is opened with.

    ``timeout`` is the longest silence in seconds; ``requests_per_second`` 0 means unpaced; ``courses`` (course ids or
    short names) limits what is seen, empty meaning every visible course; ``attempts`` is how often a read is tried
    while Moodle is busy, with pauses of up to ``longest_wait`` seconds; ``roles`` make a learner.
    """

    url: str
    token: str = field(repr=False)
    timeout: float = 90.0
    ca_bundle: str = ""
    proxy: str = field(default="", repr=False)
    connections: int = 4
    requests_per_second: float = 20.0
    max_reply_mb: float = 64.0
    attempts: int = 4
    longest_wait: float = 30.0
    courses: tuple[str, ...] = ()
    fields: ProfileFields = field(default_factory=ProfileFields)
    roles: tuple[str, ...] = ("student",)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Options:
        """Options from a mapping; ``None`` counts as unset and keys that are not the connector's are left alone."""
        given = {key: value for key, value in settings.items() if value is not None}
        plain = ProfileFields()
        return cls(
            url=_needed(given, "url"),
            token=_needed(given, "token"),
            timeout=_number(given, "timeout", cls.timeout, low=0.05, high=600),
            ca_bundle=str(given.get("ca_bundle", "")),
            proxy=_text(given.get("proxy", "")),
            connections=int(_number(given, "connections", cls.connections, low=1, high=16)),
            requests_per_second=_number(given, "requests_per_second", cls.requests_per_second, low=0, high=1000),
            max_reply_mb=_number(given, "max_reply_mb", cls.max_reply_mb, low=0.001, high=2048),
            attempts=int(_number(given, "attempts", cls.attempts, low=1, high=10)),
            longest_wait=_number(given, "longest_wait", cls.longest_wait, low=0, high=600),
            courses=tuple(str(course) for course in given.get("courses", ())),
            roles=tuple(map(str, given.get("learner_roles", cls.roles))),
            fields=ProfileFields(
                uln=str(given.get("uln_field", plain.uln)),
                candidate_number=str(given.get("candidate_number_field", plain.candidate_number)),
                date_of_birth=str(given.get("date_of_birth_field", plain.date_of_birth)),
            ),
        )

    def client(self) -> MoodleClient:
        """A client with these options. Raises ``SettingsError`` for an address that cannot be one."""
        try:
            return MoodleClient(
                self.url,
                self.token,
                timeout=self.timeout,
                verify=self.ca_bundle or True,
                proxy=self.proxy or None,
                max_reply_bytes=int(self.max_reply_mb * 2**20),
                connections=self.connections,
                rate=self.requests_per_second,
                attempts=self.attempts,
                longest_wait=self.longest_wait,
            )
        except ValueError as problem:
            raise SettingsError(f"[moodle] url: {problem}.", "Put in the address people use, https://...") from None


def _text(value: Any) -> str:
    """Text, also from a secret that wraps it."""
    reveal = getattr(value, "get_secret_value", None)
    return str(reveal() if reveal else value).strip()


def _needed(settings: Mapping[str, Any], key: str) -> str:
    value = _text(settings.get(key, ""))
    if not value:
        raise SettingsError(f"[moodle] {key} is not set.", f"Set it there, or NVQSYNC_MOODLE__{key.upper()}.")
    return value


def _number(settings: Mapping[str, Any], key: str, default: float, *, low: float, high: float) -> float:
    try:
        value = float(settings.get(key, default))
    except (TypeError, ValueError):
        raise SettingsError(f"[moodle] {key} is not a number.", f"Give a number from {low} to {high}.") from None
    if not low <= value <= high:
        raise SettingsError(f"[moodle] {key} is {value}.", f"Give a number from {low} to {high}.")
    return value
