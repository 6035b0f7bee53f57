"""The words of alerts and of the daily digest, as text for a person and as a document for a web hook. Pure.

Ids and counts only: nothing here knows a learner's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nvqsync.clock import iso
from nvqsync.health.alerts import Known, Situation

NEEDS_A_PERSON = ("on_hold", "returned", "recalled", "unknown")
"""Statuses of claims that somebody has to act on. Proposed ones wait for approval and are told by themselves."""
MOST_LISTED = 30


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell: ``subject`` and ``text`` for a person, ``document`` for a program."""

    subject: str
    text: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Digest:
    """The figures of a day: claims by status, what the last pass left for a person, and passes since yesterday.

    ``oldest_proposed_days`` is how long the oldest proposed claim waits, ``due`` the qualifications that close soon.
    """

    claims: Mapping[str, int]
    problems: int
    passes: int
    failed_passes: int
    oldest_proposed_days: int | None
    due: tuple[tuple[str, str, int], ...]


def alert_message(centre: str, at: int, raised: Sequence[Known], over: Sequence[Known]) -> Message:
    """One message for everything that began and everything that ended, however much that is."""
    heads = [_count(len(raised), "alert"), f"{len(over)} over" if over else ""]
    subject = _subject(centre, ", ".join(filter(None, heads)))
    parts = [_listed(raised)] if raised else []
    if over:
        lines = [f"- {one.alert.says}" for one in over[:MOST_LISTED]]
        parts.append("\n".join(["No longer so:", *lines, *_more(len(over))]))
    document = {
        "kind": "alert", "centre": centre, "at": iso(at),
        "raised": [_told(one) for one in raised], "over": [_told(one) for one in over],
    }  # fmt: skip
    return _message(subject, "\n\n".join(parts), document)


def digest_message(centre: str, situation: Situation, figures: Digest, standing: Sequence[Known]) -> Message:
    """One message a day, in place of one a learner."""
    acting = sum(figures.claims.get(status, 0) for status in NEEDS_A_PERSON)
    proposed = figures.claims.get("proposed", 0)
    subject = _subject(centre, f"{proposed} to approve, {acting} need a person")
    parts = [_queue(figures), _needs(figures, acting), _due(figures), _passes(figures)]
    parts.append(_listed(standing) if standing else "No alert stands.")
    document = {
        "kind": "digest", "centre": centre, "at": iso(situation.now), "claims": dict(figures.claims),
        "need_a_person": acting, "problems": figures.problems, "passes": figures.passes,
        "failed_passes": figures.failed_passes, "oldest_proposed_days": figures.oldest_proposed_days,
        "due": [{"qualification": q, "closes_on": on, "claims": many} for q, on, many in figures.due],
        "alerts": [_told(one) for one in standing],
    }  # fmt: skip
    return _message(subject, "\n\n".join(part for part in parts if part), document)


def test_message(centre: str, at: int) -> Message:
    """What ``nvqsync alerts test`` sends."""
    text = "This is a test of nvqsync's alerts. Nothing is wrong, and nothing needs to be done."
    return _message(_subject(centre, "a test"), text, {"kind": "test", "centre": centre, "at": iso(at)})


def _message(subject: str, text: str, document: dict[str, Any]) -> Message:
    return Message(subject, text + "\n", {**document, "text": f"{subject}\n\n{text}"})


def _subject(centre: str, what: str) -> str:
    plain = " ".join(centre.split())
    return f"nvqsync{f' at {plain}' if plain else ''}: {what}"


def _count(many: int, thing: str) -> str:
    return "" if not many else f"{many} {thing}{'' if many == 1 else 's'}"


def _listed(known: Sequence[Known]) -> str:
    lines = [f"- {one.alert.says}\n  {one.alert.next_step}" for one in known[:MOST_LISTED]]
    return "\n".join(["Stands now:", *lines, *_more(len(known))])


def _more(many: int) -> list[str]:
    return [f"- and {many - MOST_LISTED} more: 'nvqsync alerts list'"] if many > MOST_LISTED else []


def _told(one: Known) -> dict[str, Any]:
    alert = {"id": one.alert.id, "says": one.alert.says, "next_step": one.alert.next_step}
    return {**alert, "since": iso(one.since), "over_at": iso(one.over_at)}


def _queue(figures: Digest) -> str:
    lines = [f"- {status.replace('_', ' ')}: {many}" for status, many in figures.claims.items()]
    return "\n".join(["Claims by status:", *(lines or ["- none"])])


def _needs(figures: Digest, acting: int) -> str:
    lines = [f"- claims on hold, returned, recalled or unknown: {acting}"] if acting else []
    if figures.oldest_proposed_days is not None:
        many = figures.claims.get("proposed", 0)
        lines.append(f"- claims to approve: {many}, the oldest for {figures.oldest_proposed_days} days")
    if figures.problems:
        lines.append(f"- things the last pass could not settle: {figures.problems}")
    return "\n".join(["Needs a person:", *(lines or ["- nothing"])])


def _due(figures: Digest) -> str:
    lines = [f"- {q} closes on {on}: {many} open" for q, on, many in figures.due]
    return "\n".join(["Due:", *lines]) if lines else ""


def _passes(figures: Digest) -> str:
    return f"Passes since yesterday: {figures.passes}, {figures.failed_passes} of them failed."
