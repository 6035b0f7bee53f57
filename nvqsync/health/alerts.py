"""What an operator is told unasked: which conditions stand now, and what each channel has still to hear of them. Pure.

``standing`` turns a ``Situation`` (facts gathered by ``situation``) into alerts. ``remember`` compares them
with what was known, ``due`` says what a channel (mail, web hook) has not heard yet, ``delivered`` that it has. So each
condition is told once when it begins and once when it is over, on every channel, however often telling fails.
An alert holds ids and counts; no name, ULN or date of birth ever stands in one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Alert:
    """One condition that somebody should know of. ``id`` is stable: ``disk:database``, ``course-unread:42``."""

    id: str
    says: str
    next_step: str

    @property
    def kind(self) -> str:
        """The id up to its colon: what sort of condition it is."""
        return self.id.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on a condition is worth an alert. The settings table ``[alerts]`` fills it."""

    failed_passes: int = 3
    unknown_hours: float = 24
    backup_days: float = 2
    disk_mb: int = 1024
    closing_days: int = 30
    waiting_days: float = 14


@dataclass(frozen=True, slots=True)
class Failing:
    """Passes that fail in a row: how many, since when, and what the last one said."""

    passes: int
    since: int
    says: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Closing:
    """A qualification's last day for claims, and how many of its claims are still open."""

    qualification_id: str
    on: dt.date
    claims: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Claims that wait for somebody: how many, and since when the oldest does (seconds since 1970)."""

    claims: int
    since: int


@dataclass(frozen=True, slots=True)
class Records:
    """What the database and the backup folder say.

    ``unread`` are courses that each of the last passes failed to read; ``alarms`` those that wait for a person's word,
    with what for; ``recalls`` claims that lost their grounds after they had gone. ``backup_at`` is when the newest
    backup was made (``None``: never), ``first_pass_at`` when the first pass began.
    """

    unread: tuple[str, ...] = ()
    alarms: Mapping[str, Collection[str]] = field(default_factory=dict)
    unknown: Waiting | None = None
    recalls: tuple[int, ...] = ()
    unregistered: Waiting | None = None
    unreleased: Waiting | None = None
    closing: tuple[Closing, ...] = ()
    backup_at: int | None = None
    first_pass_at: int | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """How things are at ``now``. ``free_mb`` is the room for each of database, exports, backups, where it is known.

    ``records`` is ``None`` while the database cannot be read: then nothing is said about what stands in it, neither
    that it is so nor that it is over.
    """

    now: int
    today: dt.date
    failing: Failing | None = None
    free_mb: Mapping[str, int] = field(default_factory=dict)
    records: Records | None = None


OF_RECORDS = frozenset({
    "course-unread", "course-unmapped", "course-emptied", "claims-unknown", "claim-recall", "registrations-waiting",
    "iqa-waiting", "certification-end", "backup-old",
})  # fmt: skip
"""The kinds that only the database can tell."""


# ---------------------------------------------------------------- what stands now


def standing(situation: Situation, limits: Limits) -> tuple[Alert, ...]:
    """Every condition that stands, in the order in which they matter."""
    found = [*_passes(situation, limits), *_disks(situation, limits)]
    if situation.records is not None:
        found += [*_courses(situation.records), *_claims(situation.records, situation.now, limits)]
        found += [*_closings(situation.records, situation.today, limits)]
        found += [*_backups(situation.records, situation.now, limits)]
    return tuple(found)


def looked_at(situation: Situation, alert: Alert) -> bool:
    """Whether the situation can tell that this alert is over."""
    if alert.kind in OF_RECORDS:
        return situation.records is not None
    return alert.kind != "disk" or alert.id.partition(":")[2] in situation.free_mb


def _passes(situation: Situation, limits: Limits) -> Iterator[Alert]:
    failing = situation.failing
    if failing and failing.passes >= limits.failed_passes:
        says = f"Passes fail, {failing.passes} in a row. The last one said: {failing.says}"
        step = failing.next_step or "See the service's log: journalctl -u nvqsync."
        yield Alert("passes-failing", says, step)


def _disks(situation: Situation, limits: Limits) -> Iterator[Alert]:
    for name, free in situation.free_mb.items():
        if free < limits.disk_mb:
            says = f"The disk that holds the {name} has {free} MB left."
            yield Alert(f"disk:{name}", says, "Make room: without it nothing can be recorded.")


def _courses(records: Records) -> Iterator[Alert]:
    for course in records.unread:
        if course not in records.alarms:
            says = f"Course {course} could not be read in any of the last passes."
            yield Alert(f"course-unread:{course}", says, "'nvqsync status' and 'nvqsync doctor' say why.")
    for course, what in sorted(records.alarms.items()):
        if "vanished" in what:
            says = f"Course {course} lost most of its grades at once. Its claims wait for a person."
            step = f"If it was really emptied: nvqsync sync --accept-vanished {course}"
            yield Alert(f"course-emptied:{course}", says, step)
        if "unmapped" in what:
            says = f"Course {course} is no longer mapped to a qualification. Its claims wait for a person."
            yield Alert(f"course-unmapped:{course}", says, f"If it is right: nvqsync confirm unmapped {course}")


def _claims(records: Records, now: int, limits: Limits) -> Iterator[Alert]:
    def late(waiting: Waiting | None, seconds: float) -> bool:
        return waiting is not None and waiting.claims > 0 and now - waiting.since >= seconds

    if records.unknown and late(records.unknown, limits.unknown_hours * 3600):
        says = f"{_wait(records.unknown, now)} for a usable answer of a portal."
        yield Alert("claims-unknown", says, "'nvqsync reconcile' asks the portal before anything is sent again.")
    for claim in records.recalls:
        says = f"Claim {claim} lost its grounds after it had gone to the awarding body."
        yield Alert(f"claim-recall:{claim}", says, f"Tell the body, then record it: 'nvqsync claims show {claim}'.")
    if records.unregistered and late(records.unregistered, limits.waiting_days * DAY):
        says = f"{_wait(records.unregistered, now)} for a registration."
        yield Alert("registrations-waiting", says, "Register the candidates, then 'nvqsync registrations import'.")
    if records.unreleased and late(records.unreleased, limits.waiting_days * DAY):
        says = f"{_wait(records.unreleased, now)} for internal quality assurance."
        yield Alert("iqa-waiting", says, "Ask the IQAs: 'nvqsync claims list' shows what each claim waits for.")


def _closings(records: Records, today: dt.date, limits: Limits) -> Iterator[Alert]:
    for one in records.closing:
        if one.claims and dt.timedelta(0) <= one.on - today <= dt.timedelta(days=limits.closing_days):
            says = f"Certification for {one.qualification_id} closes on {one.on} with {_many(one.claims)} open."
            yield Alert(
                f"certification-end:{one.qualification_id}", says, "Finish and send them: 'nvqsync claims list'."
            )


def _backups(records: Records, now: int, limits: Limits) -> Iterator[Alert]:
    step = "See 'systemctl status nvqsync-backup.timer', or run 'nvqsync backup'."
    if records.backup_at is not None:
        if now - records.backup_at > limits.backup_days * DAY:
            yield Alert("backup-old", f"The newest backup is {(now - records.backup_at) // DAY} days old.", step)
    elif records.first_pass_at is not None and now - records.first_pass_at > limits.backup_days * DAY:
        yield Alert("backup-old", "No backup has ever been made.", step)


def _many(count: int) -> str:
    return "1 claim" if count == 1 else f"{count} claims"


def _wait(waiting: Waiting, now: int) -> str:
    """``3 claims wait, the oldest for 15 days,``: what follows says for what."""
    days = max(0, now - waiting.since) // DAY
    oldest = "the oldest for a day" if days == 1 else f"the oldest for {days} days"
    return f"1 claim waits, {oldest}," if waiting.claims == 1 else f"{waiting.claims} claims wait, {oldest},"


# ---------------------------------------------------------------- what was told


@dataclass(frozen=True, slots=True)
class Known:
    """An alert and its story: since when it stands, when it was over, and which channels have heard of either."""

    alert: Alert
    since: int
    over_at: int | None = None
    told: frozenset[str] = frozenset()
    told_over: frozenset[str] = frozenset()


Memory = Mapping[str, Known]
"""Every alert that stands, or whose end somebody has still to hear of, by id."""


def remember(memory: Memory, now_standing: Sequence[Alert], situation: Situation) -> dict[str, Known]:
    """The memory after a look. What is over and was never told is forgotten."""
    found = {alert.id: alert for alert in now_standing}
    after: dict[str, Known] = {}
    for id_, known in memory.items():
        if id_ in found:
            after[id_] = _stands(known, found[id_])
        elif known.over_at is None and looked_at(situation, known.alert):
            after[id_] = replace(known, over_at=situation.now)
        else:
            after[id_] = known
    new = {id_: Known(alert, situation.now) for id_, alert in found.items() if id_ not in memory}
    return _without_finished({**after, **new})


def _stands(known: Known, alert: Alert) -> Known:
    """It stands, perhaps again: a channel that heard that it was over hears of it anew."""
    if known.over_at is None:
        return replace(known, alert=alert)
    return replace(known, alert=alert, over_at=None, told=known.told - known.told_over, told_over=frozenset())


def due(memory: Memory, channel: str) -> tuple[list[Known], list[Known]]:
    """What ``channel`` has still to hear: alerts that stand, and alerts it was told of that are over."""
    raised = [one for one in memory.values() if one.over_at is None and channel not in one.told]
    over = [one for one in memory.values() if one.over_at is not None and channel in one.told - one.told_over]
    return raised, over


def delivered(memory: Memory, channel: str) -> dict[str, Known]:
    """The memory once ``channel`` has heard all that was due."""
    raised, over = due(memory, channel)
    after = dict(memory)
    after |= {one.alert.id: replace(one, told=one.told | {channel}) for one in raised}
    after |= {one.alert.id: replace(one, told_over=one.told_over | {channel}) for one in over}
    return _without_finished(after)


def for_channels(memory: Memory, channels: Collection[str]) -> dict[str, Known]:
    """The memory where only these channels exist: one that was taken out of the settings waits for nothing."""
    kept = frozenset(channels)
    return _without_finished(
        {id_: replace(one, told=one.told & kept, told_over=one.told_over & kept) for id_, one in memory.items()}
    )


def _without_finished(memory: Memory) -> dict[str, Known]:
    return {id_: one for id_, one in memory.items() if one.over_at is None or one.told - one.told_over}


# ---------------------------------------------------------------- as it is kept


def memory_json(memory: Memory) -> list[dict[str, object]]:
    """The memory as the store keeps it, and as ``nvqsync alerts list --json`` shows it."""
    return [
        {
            "id": one.alert.id, "says": one.alert.says, "next_step": one.alert.next_step, "since": one.since,
            "over_at": one.over_at, "told": sorted(one.told), "told_over": sorted(one.told_over),
        }
        for one in memory.values()
    ]  # fmt: skip


def memory_from(document: object) -> dict[str, Known]:
    """The memory out of what was kept; whatever makes no sense is left out, and told anew if it stands."""
    found: dict[str, Known] = {}
    for one in document if isinstance(document, list) else []:
        try:
            alert = Alert(str(one["id"]), str(one["says"]), str(one["next_step"]))
            over_at = None if one["over_at"] is None else int(one["over_at"])
            told = frozenset(map(str, one["told"])), frozenset(map(str, one["told_over"]))
            found[alert.id] = Known(alert, int(one["since"]), over_at, *told)
        except (TypeError, KeyError, ValueError):
            continue
    return found
