"""What we ask the store about internal quality assurance. Rows are only ever added: what came later names a row."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from nvqsync.errors import InputError, UnknownName
from nvqsync.quality import IqaOutcome, Release, Simulation
from nvqsync.storage.store_audit import append_audit
from nvqsync.storage.store_lms import courses_of
from nvqsync.store import Store


class FollowUp(StrEnum):
    """What may be recorded about a release or a simulation afterwards, each once."""

    ACTION_DONE = "action_done"
    SAMPLED = "sampled"
    TAKEN_BACK = "taken_back"


LIST_THEM = "List them with 'nvqsync iqa records'."

# ---------------------------------------------------------------- releases


def releases(store: Store, qualification_id: str | None = None, *, taken_back: bool = False) -> list[Release]:
    """The releases in force, oldest first, of one qualification where named; ``taken_back``: those as well."""
    return [as_release(row) for row in release_rows(store, qualification_id, taken_back=taken_back)]


def release_rows(
    store: Store, qualification_id: str | None = None, *, taken_back: bool = False
) -> list[dict[str, Any]]:
    """The same with who recorded it, why, and what became of it: ``action_done_on``, ``taken_back_at``/``_why``."""
    sql = """SELECT releases.*, done.on_day AS action_done_on, back.recorded_at AS taken_back_at,
            back.recorded_by AS taken_back_by, back.why AS taken_back_why
        FROM releases
        LEFT JOIN follow_ups AS done ON done.release_id = releases.id AND done.what = 'action_done'
        LEFT JOIN follow_ups AS back ON back.release_id = releases.id AND back.what = 'taken_back'
        WHERE (:only IS NULL OR qualification_id = :only) AND (:all OR back.id IS NULL) ORDER BY releases.id"""
    return store.rows(sql, {"only": qualification_id, "all": int(taken_back)})


def releases_by_learner(store: Store, qualification_id: str) -> dict[str, tuple[Release, ...]]:
    """The releases in force for one qualification by learner; a cohort's are those of everyone on its course."""
    all_of_them = releases(store, qualification_id)
    found: dict[str, list[Release]] = defaultdict(list)
    cohorts: dict[str, list[str]] = defaultdict(list)
    for learner, courses in courses_of(store, {one.course_id for one in all_of_them if one.course_id}).items():
        for course in courses:
            cohorts[course].append(learner)
    for one in all_of_them:
        for learner in [one.learner_id] if one.learner_id else cohorts[one.course_id]:
            found[learner].append(one)
    return {learner: tuple(mine) for learner, mine in found.items()}


def release(store: Store, release_id: int) -> Release:
    """One release in force. Raises ``UnknownName``."""
    for one in releases(store):
        if one.id == release_id:
            return one
    raise UnknownName(f"There is no release {release_id} in force.", LIST_THEM)


def record_releases(store: Store, new: Sequence[Release], *, by: str, at: int, why: str = "") -> list[Release]:
    """Store releases and tell the audit log of each, in one transaction; returns them with their numbers."""
    with store.writing(durable=True):
        return [_record_release(store, one, by=by, at=at, why=why) for one in new]


def _record_release(store: Store, new: Release, *, by: str, at: int, why: str) -> Release:
    number = _insert(store, "releases", {
        "qualification_id": new.qualification_id, "learner_id": new.learner_id or None,
        "course_id": new.course_id or None, "iqa_id": new.iqa_id, "released_on": new.on.isoformat(),
        "outcome": new.outcome.value, "units": json.dumps(new.units), "action": new.action, "why": why,
        "recorded_by": by, "recorded_at": at,
    })  # fmt: skip
    stored = replace(new, id=number)
    _tell(store, stored, by, at, "iqa-released", f"{release_words(stored)} {why}".strip())
    return stored


def action_done(store: Store, release_id: int, *, on: dt.date, iqa: str, by: str, at: int, why: str) -> Release:
    """Record that a release's action was done and seen by an IQA. Raises ``UnknownName`` or ``InputError``."""
    with store.writing(durable=True):
        known = release(store, release_id)
        if not known.open_action:
            raise InputError(f"Release {release_id} has no open action.", LIST_THEM)
        _follow(store, FollowUp.ACTION_DONE, {"release_id": release_id}, on=on, iqa=iqa, by=by, at=at, why=why)
        _tell(store, known, by, at, "iqa-action-done", f"Release {release_id}: the action was done on {on}. {why}")
    return replace(known, action_done_on=on)


def take_back_release(store: Store, release_id: int, *, on: dt.date, by: str, at: int, why: str) -> Release:
    """Take a release back: a row that names it. Raises ``UnknownName`` where none is in force."""
    with store.writing(durable=True):
        known = release(store, release_id)
        _follow(store, FollowUp.TAKEN_BACK, {"release_id": release_id}, on=on, iqa="", by=by, at=at, why=why)
        _tell(store, known, by, at, "iqa-taken-back", f"Taken back: {release_words(known)} Taken back because: {why}")
    return known


def release_words(one: Release) -> str:
    """A release in one sentence or two, without names."""
    sampled = f", sampled {', '.join(one.units)}" if one.units else ", no unit sampled"
    cohort = f" for everybody on course {one.course_id}" if one.course_id else ""
    asked = f" Action: {one.action}" if one.action else ""
    return (
        f"Release {one.id} of {one.qualification_id}{cohort} by IQA {one.iqa_id} on {one.on}: "
        f"{one.outcome.value}{sampled}.{asked}"
    )


def as_release(row: Mapping[str, Any]) -> Release:
    """A row of ``release_rows`` as a record."""
    done = row["action_done_on"]
    return Release(
        row["qualification_id"], row["iqa_id"], dt.date.fromisoformat(row["released_on"]), IqaOutcome(row["outcome"]),
        row["learner_id"] or "", row["course_id"] or "", tuple(json.loads(row["units"])), row["action"],
        dt.date.fromisoformat(done) if done else None, row["id"],
    )  # fmt: skip


# ---------------------------------------------------------------- simulations


def simulations(store: Store, qualification_id: str | None = None, *, taken_back: bool = False) -> list[Simulation]:
    """The simulations in force, oldest first, of one qualification where named; ``taken_back``: those as well."""
    return [as_simulation(row) for row in simulation_rows(store, qualification_id, taken_back=taken_back)]


def simulation_rows(
    store: Store, qualification_id: str | None = None, *, taken_back: bool = False
) -> list[dict[str, Any]]:
    """The same with who recorded it and what became of it."""
    sql = """SELECT simulations.*, done.iqa_id AS sampled_by, done.on_day AS sampled_on,
            back.recorded_at AS taken_back_at, back.recorded_by AS taken_back_by, back.why AS taken_back_why
        FROM simulations
        LEFT JOIN follow_ups AS done ON done.simulation_id = simulations.id AND done.what = 'sampled'
        LEFT JOIN follow_ups AS back ON back.simulation_id = simulations.id AND back.what = 'taken_back'
        WHERE (:only IS NULL OR qualification_id = :only) AND (:all OR back.id IS NULL) ORDER BY simulations.id"""
    return store.rows(sql, {"only": qualification_id, "all": int(taken_back)})


def simulations_by_learner(store: Store, qualification_id: str) -> dict[str, tuple[Simulation, ...]]:
    """The simulations in force for one qualification, by learner."""
    found: dict[str, list[Simulation]] = defaultdict(list)
    for one in simulations(store, qualification_id):
        found[one.learner_id].append(one)
    return {learner: tuple(mine) for learner, mine in found.items()}


def simulation(store: Store, simulation_id: int) -> Simulation:
    """One simulation in force. Raises ``UnknownName``."""
    for one in simulations(store):
        if one.id == simulation_id:
            return one
    raise UnknownName(f"There is no simulation {simulation_id} in force.", LIST_THEM)


def record_simulation(store: Store, new: Simulation, *, by: str, at: int) -> Simulation:
    """Store an agreed simulation and tell the audit log; returns it with its number."""
    with store.writing(durable=True):
        number = _insert(store, "simulations", {
            "qualification_id": new.qualification_id, "learner_id": new.learner_id,
            "unit_reference": new.unit_reference, "agreed_by": new.agreed_by, "agreed_on": new.agreed_on.isoformat(),
            "activity_on": new.activity_on.isoformat(), "reason": new.reason, "recorded_by": by, "recorded_at": at,
        })  # fmt: skip
        stored = replace(new, id=number)
        _tell(store, stored, by, at, "simulation-agreed", simulation_words(stored))
    return stored


def sample_simulation(store: Store, simulation_id: int, *, iqa: str, on: dt.date, by: str, at: int) -> Simulation:
    """Record that an IQA sampled the simulated evidence. Raises ``UnknownName`` or ``InputError``."""
    with store.writing(durable=True):
        known = simulation(store, simulation_id)
        if known.sampled_on:
            raise InputError(f"Simulation {simulation_id} was sampled on {known.sampled_on}.", "Nothing is left to do.")
        _follow(store, FollowUp.SAMPLED, {"simulation_id": simulation_id}, on=on, iqa=iqa, by=by, at=at, why="")
        _tell(store, known, by, at, "simulation-sampled", f"Simulation {simulation_id}: sampled by IQA {iqa} on {on}.")
    return replace(known, sampled_by=iqa, sampled_on=on)


def take_back_simulation(store: Store, simulation_id: int, *, on: dt.date, by: str, at: int, why: str) -> Simulation:
    """Take a simulation record back: a row that names it. Raises ``UnknownName`` where none is in force."""
    with store.writing(durable=True):
        known = simulation(store, simulation_id)
        _follow(store, FollowUp.TAKEN_BACK, {"simulation_id": simulation_id}, on=on, iqa="", by=by, at=at, why=why)
        text = f"Taken back: {simulation_words(known)} Taken back because: {why}"
        _tell(store, known, by, at, "simulation-taken-back", text)
    return known


def simulation_words(one: Simulation) -> str:
    """A simulation record in a sentence, without names."""
    return (
        f"Simulation {one.id} for {one.unit_reference} of {one.qualification_id}: agreed by IQA {one.agreed_by} on "
        f"{one.agreed_on}, took place on {one.activity_on}. Reason: {one.reason}"
    )


def as_simulation(row: Mapping[str, Any]) -> Simulation:
    """A row of ``simulation_rows`` as a record."""
    sampled = row["sampled_on"]
    return Simulation(
        row["learner_id"], row["qualification_id"], row["unit_reference"], row["agreed_by"],
        dt.date.fromisoformat(row["agreed_on"]), dt.date.fromisoformat(row["activity_on"]), row["reason"],
        row["sampled_by"] or "", dt.date.fromisoformat(sampled) if sampled else None, row["id"],
    )  # fmt: skip


# ---------------------------------------------------------------- rows


def _follow(
    store: Store, what: FollowUp, about: Mapping[str, int], *, on: dt.date, iqa: str, by: str, at: int, why: str
) -> None:
    said = {"what": what.value, "iqa_id": iqa, "on_day": on.isoformat(), "why": why, "recorded_by": by}
    _insert(store, "follow_ups", {**about, **said, "recorded_at": at})


def _insert(store: Store, table: str, row: Mapping[str, Any]) -> int:
    marks = ", ".join("?" * len(row))
    done = store.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    return int(done.lastrowid or 0)


def _tell(store: Store, about: Release | Simulation, by: str, at: int, action: str, text: str) -> None:
    course = about.course_id if isinstance(about, Release) else ""
    subject = f"course:{course}" if course else f"learner:{about.learner_id}"
    append_audit(store, at=at, actor=by, subject=subject, action=action, text=text.strip())
