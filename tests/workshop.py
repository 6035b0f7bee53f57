"""A workshop for claims: an LMS in memory behind the real plugin contract, a real database, the real mock portal.

``MemoryLms`` keeps state and implements ``LmsConnector``; nvqsync reads it as it reads any other. ``workshop()`` puts
everything together in a folder, so that commands in another process can work on it too: for them the memory is written
down as a folder of CSV files, which the built-in connector reads as the very same facts.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from connectors.interchange_mock.connector import InterchangeMock
from connectors.interchange_mock.portal import Portal
from nvqsync import hookimpl
from nvqsync.answering import Said
from nvqsync.bootstrap import App
from nvqsync.centres import centre_file
from nvqsync.centres.centre_entering import enter
from nvqsync.check_characters import uln_misfit
from nvqsync.claims import Event, Status
from nvqsync.errors import NotAllowed
from nvqsync.exporting import export
from nvqsync.handover.hand_records import Record
from nvqsync.handover.reconciling import ExportReport, reconcile
from nvqsync.handover.recording import Recorded, record_all
from nvqsync.hookspecs import LmsConnector, LmsOffer
from nvqsync.model import (
    Asked,
    CourseReading,
    Entry,
    Grading,
    LmsCourse,
    LmsItem,
    LmsMember,
    Observation,
    Registration,
    SiteFacts,
)
from nvqsync.plugin_manager import Plugins, load_plugins
from nvqsync.proposing import Claim
from nvqsync.record_keeping.verifying import verify
from nvqsync.requesting import Requested, propose_again, request_units
from nvqsync.review import Result, act
from nvqsync.settings import load
from nvqsync.settling import settle
from nvqsync.storage import store_claims
from nvqsync.store import Store
from nvqsync.sync import PassReport, run_pass
from tests import quality
from tests.rehearsal import CENTRE_FACTS

ROOT = Path(__file__).resolve().parents[1]
CENTRE, QUALIFICATION = "12345", "OCR/03455"
UNITS = ("F1", "F2", "A3", "B2", "C3", "D2", "A1")
"""What the course offers; the first six meet OCR/03455 with exactly 29 credits."""

ASSESSOR = "900"
"""Who gives every grade."""

NOON = 1_794_312_000  # 10 November 2026, 12:00 UTC


@dataclass
class MemoryLms:
    """A learning management system that keeps one course in memory."""

    course: LmsCourse
    items: dict[str, LmsItem] = field(default_factory=dict)
    members: dict[str, LmsMember] = field(default_factory=dict)
    grades: dict[tuple[str, str], Observation] = field(default_factory=dict)
    clock: int = NOON

    def check(self) -> SiteFacts:
        """It is always there."""
        return SiteFacts("Workshop", "1", "memory:", self.clock)

    def courses(self, known: Mapping[str, str], due: Collection[str]) -> Sequence[LmsCourse]:
        """Its one course."""
        return [self.course]

    def read(self, asked: Iterable[Asked]) -> Iterator[tuple[LmsCourse, CourseReading]]:
        """Everything there is, whatever was known."""
        for one in asked:
            items, members = tuple(self.items.values()), tuple(self.members.values())
            yield one.course, CourseReading(one.course, items, members, tuple(self.grades.values()), self.clock)

    def close(self) -> None:
        """Nothing is open."""

    def enrol(self, number: int) -> None:
        """A learner with a valid ULN of their own."""
        who = str(number)
        self.members[who] = LmsMember(who, f"Sasha Invented{who}", f"S{who}", ("student",), True, uln(number))

    def grade(self, number: int, *codes: str, place: int = 2) -> None:
        """Give units the second place of the scale, Competent, or another one."""
        self.clock += 1
        for code in codes:
            key = (f"i-{code}", str(number))
            grade_id = f"i-{code}/{number}/0"
            self.grades[key] = Observation(*key, grade_id, 0, Decimal(place), self.clock, ASSESSOR, "released")

    def write(self, folder: Path) -> None:
        """The same facts as files for ``csv_folder``; ``connectors.csv_folder`` reads them as ``read`` tells them."""
        folder.mkdir(exist_ok=True)
        course = self.course
        tables: dict[str, list[dict[str, Any]]] = {
            "courses": [
                {"course_id": course.lms_id, "short_name": course.short_name, "full_name": course.full_name,
                 "id_number": course.id_number}
            ],
            "learners": [
                {"course_id": course.lms_id, "learner_id": one.lms_id, "name": one.name, "id_number": one.id_number,
                 "role": one.roles[0], "active": "yes" if one.active else "no", "uln": one.uln,
                 "candidate_number": one.candidate_number, "date_of_birth": one.date_of_birth or ""}
                for one in self.members.values()
            ],
            "assignments": [
                {"course_id": one.course_id, "assignment_id": one.lms_id, "name": one.name, "id_number": one.id_number,
                 "scale": "|".join(one.scale)}
                for one in self.items.values()
            ],
            "grades": [
                {"assignment_id": one.item_id, "learner_id": one.learner_id,
                 "grade": "" if one.grade is None else self.items[one.item_id].scale[int(one.grade) - 1],
                 "graded_on": dt.datetime.fromtimestamp(one.graded_at, dt.UTC).isoformat(),
                 "graded_by": one.grader_id, "released": "yes"}
                for one in self.grades.values()
            ],
        }  # fmt: skip
        for name, rows in tables.items():
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)

    def change(self, number: int, **fields: Any) -> None:
        """Change what the roster says of a learner."""
        self.members[str(number)] = replace(self.members[str(number)], **fields)


@cache
def uln(number: int) -> str:
    """The valid ULN number so-and-so of an invented series."""
    start = 100_000_000 + number * 7
    return next(text for text in (f"{start + step}{d}" for step in range(7) for d in range(10)) if not uln_misfit(text))


class MemoryPlugin:
    """Offers the memory that was handed over last, through the same hook as everybody's connector."""

    memory: MemoryLms

    @hookimpl
    def register_lms_connectors(self, register: Callable[[LmsOffer], None]) -> None:
        """Offer the connector ``memory``."""
        register(LmsOffer("memory", self._open))

    def _open(self, settings: Mapping[str, Any]) -> LmsConnector:
        return self.memory


PLUGIN = MemoryPlugin()


@cache
def plugins() -> Plugins:
    """Every built-in plugin and the memory, loaded once."""
    return load_plugins(extra=[PLUGIN], entry_points=False)


SETTINGS = """
database = "nvqsync.db"
lms = {lms}
[connectors.csv_folder]
folder = {grades}
[portal]
name = "interchange_mock"
url = {url}
credential = {credential}
"""


STAFF = """
[[staff]]
moodle_id = "900"
name = "Robin Slate"
role = "assessor"
from = 2020-09-01
qualified_on = 2019-06-03
signature_on = 2020-09-01
"""
"""Who grades in the workshop."""


@dataclass
class Workshop:
    """nvqsync in a folder, between the memory and a portal. Every action opens the database anew, as a command does."""

    folder: Path
    portal: Portal
    lms: MemoryLms
    app: App
    open_store: Callable[[], Store]

    @property
    def connector(self) -> InterchangeMock:
        """The portal's real connector, which repeats questions after a moment."""
        return InterchangeMock(self.portal.url, self.portal.credential, first_wait=0.02)

    def sync(self) -> PassReport:
        """One pass."""
        with self.open_store() as store:
            return run_pass(self.app, store, self.app.open_lms(), by="test")

    def register(self, *numbers: int, entry: Entry = Entry.FULL_AWARD, name: str = "") -> None:
        """Record registrations here and with the portal."""
        known = self.lms.members
        new = [
            Registration(str(n), QUALIFICATION, "OCR", self.app.today.replace(year=2020), entry, f"{n:08}",
                         name or known[str(n)].name)
            for n in numbers
        ]  # fmt: skip
        with self.open_store() as store, self.portal.open_books() as books:
            for one in new:
                place = ("OCR", CENTRE, one.candidate_number, "03455")
                if place not in books.registrations or books.registrations[place].name != one.name:
                    books.registrations.pop(place, None)
                    books.register("OCR", CENTRE, one.candidate_number, QUALIFICATION, name=one.name)
            quality.staff(store, ASSESSOR)
            quality.release(store, QUALIFICATION, map(str, numbers), self.app.today + dt.timedelta(days=1))
            store_claims.record_registrations(store, new, actor="test", at=self.app.now())
            settle(self.app, store, by="test")

    def for_commands(self) -> dict[str, str]:
        """The environment in which a command in another process works here and reads what the LMS holds now."""
        self.lms.write(self.folder / "grades")
        config = write_settings(self.folder, self.portal, "csv_folder")
        return {**os.environ, "NVQSYNC_CONFIG": str(config), "PYTHONPATH": str(ROOT)}

    def take_over(self, other: Workshop) -> None:
        """Everything another workshop knew: its database, and the facts in the LMS that its claims rest on."""
        copy_database(other.app.settings.database, self.app.settings.database)
        self.lms = PLUGIN.memory = deepcopy(other.lms)

    def act(self, event: Event, *claim_ids: int) -> list[Result]:
        """What a person does with claims."""
        with self.open_store() as store:
            return act(self.app, store, claim_ids, event, by="officer", why="Because.", said=everything(self.app))

    def request_units(self, number: int, *codes: str) -> Requested:
        """Claim a learner's achieved units."""
        qualification = self.app.plugins.catalogue.qualifications[QUALIFICATION]
        with self.open_store() as store:
            return request_units(self.app, store, str(number), qualification, codes, by="officer")

    def propose_again(self, claim_id: int) -> Claim | None:
        """Make a closed claim again; ``None`` where that is refused."""
        try:
            with self.open_store() as store:
                return propose_again(self.app, store, claim_id, by="officer", why="Put right.")
        except NotAllowed:
            return None

    def record(self, word: str, claim_id: int) -> Recorded:
        """Record something by hand, as of today."""
        one = Record(str(claim_id), word, self.app.today, words="As heard.")
        with self.open_store() as store:
            return next(record_all(self.app, store, [one], by="officer"))[0]

    def approve_all(self) -> list[int]:
        """Approve every proposed claim, in one go; returns their numbers."""
        with self.open_store() as store:
            waiting = [claim.id for claim in store_claims.claims(store, "status = 'proposed'")]
            with store.writing():
                results = act(self.app, store, waiting, Event.APPROVE, by="officer", said=everything(self.app))
            assert not [result.refused for result in results if result.refused]
            return waiting

    def export(self, portal: Any = None) -> ExportReport:
        """``nvqsync export``."""
        connector = portal or self.connector
        try:
            with self.open_store() as store:
                return export(self.app, store, connector, by="officer")
        finally:
            connector.close()

    def reconcile(self) -> ExportReport:
        """``nvqsync reconcile``; a portal that fails altogether stands in the report."""
        connector = self.connector
        try:
            with self.open_store() as store:
                return reconcile(self.app, store, connector, by="officer")
        finally:
            connector.close()

    def finish(self) -> None:
        """What a person does after a bad day: export and reconcile until nothing moves."""
        for _ in range(4):
            self.export()
            self.reconcile()

    def claims(self, status: Status | None = None) -> list[Claim]:
        """The queue."""
        with self.open_store() as store:
            return [claim for claim in store_claims.claims(store) if status in (None, claim.status)]

    def books(self) -> dict[str, dict[str, Any]]:
        """The portal's claims by key."""
        return {claim["key"]: claim for claim in self.portal.books()["claims"]}

    def files(self) -> list[Path]:
        """Everything in the export folder."""
        folder = self.app.settings.export.folder
        return sorted(folder.iterdir()) if folder.exists() else []

    def faults(self) -> list[str]:
        """What must never be: a bent audit log, a claim where the log did not leave it, a torn database."""
        with self.open_store() as store:
            checked = verify(store)
            whole = store.rows("PRAGMA integrity_check")[0]["integrity_check"]
        return [f"audit {checked}"] * (not checked.sound) + [whole] * (whole != "ok")


def everything(app: App) -> Said:
    """What an approver says who makes every declaration there is and has looked into the cautions."""
    return Said(frozenset(one.id for one in app.declarations), "Portfolio looked at.")


def memory(learners: int) -> MemoryLms:
    """The course for OCR/03455 with this many learners, none of them graded."""
    found = MemoryLms(LmsCourse("1", "CS2", "Customer Service Level 2", QUALIFICATION))
    for code in UNITS:
        scale = ("Not yet competent", "Competent")
        found.items[f"i-{code}"] = LmsItem(
            f"i-{code}", "1", f"{code} sign-off", code, Grading.SCALE, scale=scale, workflow=True
        )
    for number in range(1, learners + 1):
        found.enrol(number)
    return found


def write_settings(folder: Path, portal: Portal, lms: str) -> Path:
    """The settings for one LMS or the other, in a file of their own."""
    values = {"url": portal.url, "credential": portal.credential, "lms": lms, "grades": str(folder / "grades")}
    config = folder / f"{lms}.toml"
    config.write_text(SETTINGS.format(**{key: json.dumps(value) for key, value in values.items()}), "utf-8")
    return config


def set_up(folder: Path, portal: Portal, learners: int, open_store: type[Store] = Store) -> Workshop:
    """A workshop in a folder, in front of a portal that runs already and has forgotten everything."""
    portal.forget()
    portal.faults.clear()
    with portal.open_books() as books:
        books.set_direct_claim_status("OCR", CENTRE, QUALIFICATION)
    PLUGIN.memory = memory(learners)
    app = App(load(write_settings(folder, portal, "memory")), plugins(), lambda: NOON)
    with open_store(app.settings.database) as store:
        enter(app, store, centre_file.read(CENTRE_FACTS + STAFF, "centre.toml").onto, by="test")
    return Workshop(folder, portal, PLUGIN.memory, app, lambda: open_store(app.settings.database))


@contextmanager
def workshop(folder: Path, learners: int) -> Iterator[Workshop]:
    """A workshop with a portal of its own that returns no good claim on purpose."""
    with Portal(return_rate=0) as portal:
        yield set_up(folder, portal, learners)


def ready_to_export(shop: Workshop, numbers: Sequence[int]) -> list[int]:
    """Grade, sync, register and approve these learners; returns the claims' numbers."""
    for number in numbers:
        shop.lms.grade(number, *UNITS[:6])
    shop.sync()
    shop.register(*numbers)
    return shop.approve_all()


def copy_database(source: Path, target: Path) -> None:
    """A database as it is, whatever still stands in its write-ahead log."""
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()
