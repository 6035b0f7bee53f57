"""The record that monitors read, in Prometheus' text exposition format (version 0.0.4). Pure: a record in, lines out.

https://prometheus.io/docs/instrumenting/exposition_formats/ Names end in their unit, ages are told as moments
(``..._timestamp_seconds``: a rule subtracts them from ``time()``), and what is not known has no sample at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from nvqsync.health.watching import PassSeen, Watched

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OUTCOMES = ("done", "problems", "failed", "interrupted", "running")


@dataclass(frozen=True, slots=True)
class Metric:
    """One family: its name without the prefix, what it tells, and its samples, each with its labels."""

    name: str
    help: str
    samples: tuple[tuple[Mapping[str, str], float | None], ...] = field(default=())

    def lines(self) -> Iterator[str]:
        """The family's lines, none where nothing is known."""
        known = [(labels, value) for labels, value in self.samples if value is not None]
        if known:
            yield f"# HELP nvqsync_{self.name} {_escaped(self.help)}"
            yield f"# TYPE nvqsync_{self.name} gauge"
        for labels, value in known:
            yield f"nvqsync_{self.name}{_labels(labels)} {value}"


def exposition(watched: Watched, version: str) -> str:
    """The whole answer to a scrape, its last line ended as the format wants it."""
    return "".join(f"{line}\n" for metric in families(watched, version) for line in metric.lines())


def families(watched: Watched, version: str) -> Iterable[Metric]:
    """Every metric there is, in the order of the answer."""
    yield one("info", "Always 1; the version is the label.", 1, version=version)
    yield one("database_readable", "Whether the database could be read (1) or not (0).", int(not watched.trouble))
    if not watched.trouble:
        yield from _passes(watched)
        yield from _queue(watched)
    yield from _files(watched)


def one(name: str, help_: str, value: float | None, **labels: str) -> Metric:
    """A family of one sample."""
    return Metric(name, help_, ((labels, value),))


def by(label: str, name: str, help_: str, values: Mapping[str, int]) -> Metric:
    """A family with a sample for each value of a label."""
    return Metric(name, help_, tuple(({label: key}, value) for key, value in values.items()))


def _passes(watched: Watched) -> Iterator[Metric]:
    if watched.last_good:
        yield one("last_good_pass_timestamp_seconds", "When the last good pass over the whole college ended.",
                  watched.last_good.finished_at)  # fmt: skip
    if watched.last:
        yield from _last(watched.last)
    recent = watched.passes
    yield one("failing_passes", "How many passes in a row, up to the last, have failed.", watched.failing)
    counts = {outcome: sum(seen.outcome == outcome for seen in recent) for outcome in OUTCOMES}
    yield by("outcome", "recent_passes", "The last passes, a hundred at most, by outcome.", counts)
    yield one("recent_calls", "Requests that the recent passes sent.", sum(seen.calls or 0 for seen in recent))
    yield one("recent_retries", "Requests of the recent passes that were repeats.",
              sum(seen.retries or 0 for seen in recent))  # fmt: skip
    yield one("recent_failures", "Courses that recent passes could not read, counted once a pass.",
              sum(seen.failures for seen in recent))  # fmt: skip


def _last(last: PassSeen) -> Iterator[Metric]:
    yield one("last_pass_timestamp_seconds", "When the last pass ended, whatever came of it.", last.finished_at)
    yield one("last_pass_duration_seconds", "How long the last pass took.", last.seconds)
    yield one("last_pass_calls", "Requests the last pass sent to the LMS, repeats included.", last.calls)
    yield one("last_pass_retries", "Requests of the last pass that were repeats.", last.retries)
    yield one("last_pass_failures", "Courses the last pass could not read.", last.failures)
    yield one("last_pass_problems", "Things the last pass left to a person.", last.problems)


def _queue(watched: Watched) -> Iterator[Metric]:
    yield by("status", "claims", "Claims by status.", watched.claims)
    yield one("oldest_unknown_claim_timestamp_seconds", "Since when the oldest claim without an answer is unknown.",
              watched.oldest_unknown_at)  # fmt: skip
    yield one("oldest_roster_timestamp_seconds", "When the roster that was read longest ago was read.",
              watched.oldest_roster_at)  # fmt: skip
    yield one("courses", "Courses ever followed.", watched.courses)
    yield by("what", "alarms", "Courses that wait for a person's word.", watched.alarms)
    yield one("oldest_alarm_timestamp_seconds", "Since when the oldest of these waits.", watched.oldest_alarm_at)
    yield one("audit_entries", "Entries of the audit log. It never falls.", watched.audit_entries)


def _files(watched: Watched) -> Iterator[Metric]:
    yield one("database_bytes", "Size of the database with its write-ahead log.", watched.database_bytes)
    yield one("disk_free_bytes", "Free room on the disk that holds the database.", watched.disk_free_bytes)
    yield one("backups", "Backups in the folder of backups.", watched.backups.count)
    yield one("backup_timestamp_seconds", "When the newest backup was made.", watched.backups.newest_at)
    yield one("backup_bytes", "Size of the newest backup.", watched.backups.newest_bytes)


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    inside = ",".join(f'{name}="{_quoted(value)}"' for name, value in labels.items())
    return f"{{{inside}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")
