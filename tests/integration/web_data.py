"""A college for the tests of the pages: 120 claims in every status, built with the store's own functions.

Everybody in it is invented. With ``hostile`` some people, assignments and portals speak in markup, as attackers would.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from itertools import count, islice, product
from pathlib import Path

import requests

from nvqsync.bootstrap import App
from nvqsync.centre import Account, EndDate
from nvqsync.centres.centre_entering import enter
from nvqsync.centres.centre_record import Approval, CentreNumber, Item
from nvqsync.check_characters import uln_misfit
from nvqsync.claims import Event, Status, advance
from nvqsync.clock import LONDON
from nvqsync.handover.batch_files import write_once
from nvqsync.handover.batching import batch_claim
from nvqsync.model import (
    Batch,
    CourseReading,
    Grading,
    LmsCourse,
    LmsItem,
    LmsMember,
    Observation,
    Registration,
)
from nvqsync.planning import plan
from nvqsync.plugin_manager import load_plugins
from nvqsync.proposing import Claim
from nvqsync.review import act
from nvqsync.rules import judge
from nvqsync.settings import Settings
from nvqsync.settling import settle
from nvqsync.sign_in.accounts import Role, SignIn
from nvqsync.sign_in.passwords import hashed
from nvqsync.storage import store_accounts, store_claims, store_lms, store_sheets
from nvqsync.store import Store
from nvqsync.web.access import COOKIE
from tests import quality
from tests.workshop import everything

Get = Callable[..., str]
"""Asks for a page by its address and the status it must have; answers its text."""

NOW = int(dt.datetime(2026, 11, 3, 9, 20, tzinfo=LONDON).timestamp())
DAY = 86_400
BORN = dt.date(2008, 2, 17)
MOODLE = "https://moodle.exampleton.ac.uk"
CLAIMS = {"OCR/03455": 44, "EDI/L2-CS": 26, "NCFE/50102874": 20, "OCR/10378": 16, "OCR/03454": 14}
METHODS = {"OCR/03455": "@O", "EDI/L2-CS": "@Obs"}
SLICES = 6

HOSTILE_NAMES = (
    "<script>alert('name')</script>", "\"><img src=x onerror=alert(1)>", "Robert'); DROP TABLE claims;--",
    "{{ 7 * 7 }} Template", "أمل منصور", "Siobhán O’Néill", "100% _Wild",
    "Maximiliana-Theodosia Featherstonehaugh-Cholmondeley of Little Exampleton",
)  # fmt: skip
HOSTILE_WORDS = "<b onmouseover=alert(2)>Returned</b>: candidate's name differs & must match the entry."
HOSTILE_ITEM = "<script>alert('item')</script> portfolio"

ASSESSOR = LmsMember("77", "Morgan Reyes", "STAFF-7", ("editingteacher",))

FIRST = (
    "Amelia", "Oliver", "Isla", "George", "Ava", "Noah", "Mia", "Leo", "Grace", "Arthur", "Freya", "Muhammad", "Ivy",
    "Theo", "Zara", "Rhys", "Aisha", "Callum", "Niamh", "Dev",
)  # fmt: skip
LAST = (
    "Ashdown", "Baptiste", "Carrow", "Dalgleish", "Eze", "Farrant", "Ghosh", "Hallam", "Ibrahim", "Jessop", "Kaur",
    "Lyddon",
)  # fmt: skip


class Clock:
    """The time in the college: it moves when the builder says so."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> int:
        return self.at


@dataclass
class Class:
    """One course with everybody on it, and the grades seen so far."""

    course: LmsCourse
    items: list[LmsItem]
    people: list[LmsMember]
    seen: list[Observation] = field(default_factory=list)


@dataclass
class College:
    """What was built: the application in front of its database, and what must never be shown of its people."""

    app: App
    clock: Clock
    ulns: list[str]

    @property
    def database(self) -> Path:
        """The database file."""
        return self.app.settings.database


def empty(folder: Path) -> College:
    """A college that has settings and no database yet."""
    settings = Settings(
        database=folder / "nvqsync.db",
        moodle={"url": MOODLE},
        centre={"name": "Exampleton College"},
        export={"folder": folder / "exports"},
    )
    clock = Clock()
    return College(App(settings, load_plugins(entry_points=False), clock), clock, [])


def build(folder: Path, *, hostile: bool = True) -> College:
    """The college with 120 claims. The same every time."""
    college = empty(folder)
    names, ulns = _names(hostile), _ulns()
    classes = []
    for number, (q, claims) in enumerate(CLAIMS.items()):
        ids = range(1000 + 100 * number, 1000 + 100 * number + claims + 2)
        people = [
            LmsMember(str(n), next(names), f"L{n}", ("student",), uln=next(ulns), date_of_birth=BORN) for n in ids
        ]
        course = LmsCourse(str(10 + number), f"CS-{10 + number}", f"Customer service {10 + number}", q)
        classes.append(Class(course, _items(college, course, hostile), people))
        college.ulns += [person.uln for person in people]
    with college.app.open_store() as store:
        enter(college.app, store, lambda known: known.with_items(*_facts(college)), by="j.lister")
        for week in range(SLICES):
            _teach(college, store, classes, week)
        _live(college, store, hostile)
    college.clock.at = NOW
    return let_in(college)


def _facts(college: College) -> Iterator[Item]:
    """The centre's numbers and approvals; where a body published an end date, nobody had to look."""
    for body, number in {"OCR": "12345", "EDI": "EC-204", "NCFE": "7788"}.items():
        yield CentreNumber(body, number)
    looked = EndDate(known=True, checked_on=dt.date(2026, 9, 1))
    for q in CLAIMS:
        published = college.app.plugins.catalogue.qualifications[q]
        yield Approval(
            q, dt.date(2024, 9, 1), dt.date(2025, 9, 1), None,
            EndDate() if published.registration_end_on else looked,
            EndDate() if published.certification_end_on else looked,
        )  # fmt: skip


def _names(hostile: bool) -> Iterator[str]:
    yield from HOSTILE_NAMES if hostile else ()
    pairs = [(first, last) for first, last in product(FIRST, LAST)]
    yield from (" ".join(pairs[(n * 67) % len(pairs)]) for n in range(len(pairs)))


def _ulns() -> Iterator[str]:
    return (uln for uln in (str(n) for n in range(2_000_000_000, 3_000_000_000)) if uln_misfit(uln) is None)


def _items(college: College, course: LmsCourse, hostile: bool) -> list[LmsItem]:
    qualification = college.app.plugins.catalogue.qualifications[course.id_number]
    route = judge(qualification.rule, []).route
    assert route is not None
    method = METHODS.get(course.id_number, "")
    asked = [(code, f"{code}{method}") for code in route.units]
    if course.id_number == "OCR/03455":
        asked[:0] = [("F1 observation", f"F1:1.1-1.3,2.1-2.3{method}")]
    return [
        LmsItem(
            f"{course.lms_id}{n:02}", course.lms_id, HOSTILE_ITEM if hostile and not n else f"{name} assignment", told,
            Grading.SCALE, scale=("Not yet competent", "Competent"), url_path=f"/mod/assign/view.php?id={n}",
            workflow=name == "F1 observation",
        )
        for n, (name, told) in enumerate(asked)
    ]  # fmt: skip


def _teach(college: College, store: Store, classes: list[Class], week: int) -> None:
    """One pass, with a sixth more learners of each course graded.

    Of the last two of each, one lacks a single grade in the end, and the other has a single one.
    """
    college.clock.at = NOW - (SLICES - week) * 6 * DAY
    number = store_lms.begin_pass(store, college.clock.at)
    for one in classes:
        graded = islice(one.people[:-2], week, None, SLICES)
        one.seen += [_grade(item, person, college.clock.at - 3600) for person in graded for item in one.items]
        if week == SLICES - 1:
            one.seen += [_grade(item, one.people[-2], college.clock.at - 3600) for item in one.items[:-1]]
            one.seen.append(_grade(one.items[0], one.people[-1], college.clock.at - 3600))
        reading = CourseReading(
            one.course, tuple(one.items), (*one.people, ASSESSOR), tuple(one.seen), college.clock.at
        )
        store_lms.record(store, reading, plan(store_lms.known_grades(store, one.course.lms_id), reading), number)
        if not week:
            registered = [person for n, person in enumerate(one.people) if n % 7 != 3]
            _register(college, store, one.course.id_number, registered)
    problem = {"code": "unmapped", "says": "CS-10: the assignment 'Portfolio' has no ID number."}
    report = {
        "courses": [{"id": one.course.lms_id, "read": True} for one in classes],
        "claims": settle(college.app, store, by="nvqsync").counts(), "notes": [], "problems": [problem] * (week % 2),
    }  # fmt: skip
    store_lms.end_pass(store, number, college.clock.at + 20, "problems" if week % 2 else "done", report)


def _grade(item: LmsItem, person: LmsMember, at: int) -> Observation:
    state = "released" if item.workflow else ""
    return Observation(item.lms_id, person.lms_id, f"{item.lms_id}-{person.lms_id}", 0, Decimal(2), at, "77", state)


def _register(college: College, store: Store, q: str, people: list[LmsMember]) -> None:
    body = q.partition("/")[0]
    quality.staff(store, ASSESSOR.lms_id)
    quality.release(store, q, [one.lms_id for one in people], dt.date(2026, 11, 3))
    new = [
        Registration(one.lms_id, q, body, dt.date(2026, 9, 14), candidate_number=f"{int(one.lms_id):08}",
                     name=one.name, date_of_birth=BORN, uln=one.uln)
        for one in people
    ]  # fmt: skip
    store_claims.record_registrations(store, new, actor="exams", at=college.clock.at)


def _live(college: College, store: Store, hostile: bool) -> None:
    """Take claims through their lives, until every status has some."""
    college.clock.at = NOW - 2 * DAY
    ready = [claim.id for claim in store_claims.claims(store, "status = 'proposed' AND blockers = '[]'")]
    sent = ready[::2]
    act(college.app, store, sent, Event.APPROVE, by="exams", said=everything(college.app))
    why = "<i>Ask</i> the assessor about F2." if hostile else "Ask the assessor about unit F2 before this goes out."
    act(college.app, store, ready[1::14], Event.HOLD, by="exams", why=why)
    act(college.app, store, ready[3:4], Event.WITHDRAW, by="exams", why="The learner asked for it.")
    words = HOSTILE_WORDS if hostile else "The candidate's name differs from the entry."
    ways: list[tuple[Event, ...]] = [
        (Event.EXPORT, Event.SUBMIT, Event.CERTIFICATE), (Event.EXPORT, Event.SUBMIT, Event.ACKNOWLEDGE),
        (Event.EXPORT, Event.SUBMIT), (Event.EXPORT, Event.NO_ANSWER), (Event.EXPORT, Event.SUBMIT, Event.RETURN), (),
        (Event.EXPORT, Event.SUBMIT, Event.CERTIFICATE), (Event.EXPORT, Event.SUBMIT, Event.AWAIT_AUTHORISATION),
        (Event.EXPORT,), (Event.EXPORT, Event.SUBMIT, Event.CERTIFICATE), (Event.EXPORT, Event.SUBMIT, Event.RECALL),
        (Event.EXPORT, Event.SUBMIT, Event.CERTIFICATE, Event.REVOKE),
    ]  # fmt: skip
    out = [claim_id for n, claim_id in enumerate(sent) if Event.EXPORT in ways[n % len(ways)]]
    batches = _batches(college, store, store_claims.some_claims(store, out))
    for n, claim_id in enumerate(sent):
        for event in ways[n % len(ways)]:
            if event is Event.EXPORT:
                store_claims.change_claim(
                    store, store_claims.claim(store, claim_id), Status.EXPORTED, at=college.clock.at, actor="nvqsync",
                    action="export", why="export.", batch_id=batches[claim_id],
                )  # fmt: skip
                continue
            _happen(college, store, store_claims.claim(store, claim_id), event, words)


def _batches(college: College, store: Store, claims: list[Claim]) -> dict[int, str]:
    """A batch for each qualification, stored and written as an export would; by claim, the batch it is in."""
    by_qualification: dict[str, list[Claim]] = {}
    for claim in claims:
        by_qualification.setdefault(claim.qualification_id, []).append(claim)
    found = {}
    for q, mine in by_qualification.items():
        batch = _batch(college, store, q, mine)
        document = college.app.plugins.export_format("batch_json").render(batch)
        file = write_once(college.app.settings.export.folder, f"{batch.id}.json", document)
        row = {
            "id": batch.id, "awarding_body": batch.awarding_body, "centre_number": batch.centre_number,
            "qualification_id": q, "route": batch.route, "created_at": batch.created_at,
            "digest": hashlib.sha256(document).hexdigest(), "document": document, "state": "answered",
            "sheet": store_sheets.next_number(store), "files": json.dumps([file.name, f"{batch.id}.csv"]),
        }  # fmt: skip
        with store.writing():
            store_claims.record_batch(store, row)
        found.update({claim.id: batch.id for claim in mine})
    return found


def _batch(college: College, store: Store, q: str, claims: list[Claim]) -> Batch:
    qualification = college.app.plugins.catalogue.qualifications[q]
    people = {one.lms_id: one for one in store_lms.learners(store)}
    registered = store_claims.registrations(store, q)
    return Batch(
        f"20261101-{q.replace('/', '-')}-001", qualification.awarding_body, "12345", q,
        qualification.qualification_number, qualification.code, qualification.title, "direct", college.clock.at,
        tuple(
            batch_claim(claim, people[claim.learner_id], [r for r in registered if r.learner_id == claim.learner_id])
            for claim in claims
        ),
    )  # fmt: skip


def _happen(college: College, store: Store, claim: Claim, event: Event, words: str) -> None:
    status = advance(claim.status, event)
    fields: dict[str, str] = {}
    if status is Status.CERTIFICATED:
        fields = {
            "certificate_number": f"C{claim.id:06}",
            "certificated_on": "2026-11-01",
            "reference": f"R-{claim.id}",
        }
    elif status is Status.SUBMITTED:
        fields = {"reference": f"R-{claim.id}"}
    elif status is Status.RETURNED:
        fields = {"portal_words": words}
    store_claims.change_claim(
        store, claim, status, at=college.clock.at, actor="nvqsync", action=event.value, why=f"{event.value}.", **fields
    )


# ---------------------------------------------------------------- who may sign in

PASSWORD = "correct horse battery"
VIEWER, IQA, APPROVER, ADMIN = "v.course", "i.quality", "exams", "a.admin"
PEOPLE = {VIEWER: Role.VIEWER, IQA: Role.IQA, APPROVER: Role.APPROVER, ADMIN: Role.ADMIN}
GIVEN = frozenset({"11"})
"""The viewer's courses: the one that EDI/L2-CS is taught in."""


@cache
def _hash() -> str:
    return hashed(PASSWORD)


def let_in(college: College) -> College:
    """Give the college one account of each role, all with ``PASSWORD``; only the IQA is somebody in Moodle."""
    with college.app.open_store() as store, store.writing():
        known = [Account(name, "" if name != IQA else quality.IQA_ID, name != IQA) for name in PEOPLE]
        enter(college.app, store, lambda before: before.with_items(*known), by="j.lister")
        for name, role in PEOPLE.items():
            given = GIVEN if role is Role.VIEWER else frozenset()
            new = SignIn(name, role, given, _hash(), created_at=college.clock.at)
            store_accounts.save(store, new, actor="j.lister", at=college.clock.at, action="added", says="Added.")
    return college


def copy(college: College, folder: Path) -> College:
    """A college of one's own to change: the same, in another folder, with nobody signed in."""
    database, clock = folder / "nvqsync.db", Clock()
    with college.app.open_store(read_only=True) as store:
        store.execute("VACUUM INTO ?", [str(database)])
    clock.at = college.clock.at
    settings = college.app.settings.model_copy(update={"database": database})
    own = College(App(settings, college.app.plugins, clock), clock, college.ulns)
    with own.app.open_store() as store, store.writing():
        store.execute("DELETE FROM web_sessions")
    return own


def token(college: College, name: str) -> str:
    """A session of this account, begun without the form; the token is what its cookie holds."""
    made = f"{name}-{len(name)}-{college.clock.at}-{next(_NUMBERS)}"
    with college.app.open_store() as store, store.writing():
        store_accounts.open_session(store, name, made, at=college.clock.at, ends_at=college.clock.at + 36_000)
    return made


_NUMBERS = count()


@contextmanager
def asking(college: College, name: str = "") -> Iterator[requests.Session]:
    """A browser of sorts that is signed in as this account; nobody without a name."""
    with requests.Session() as session:
        session.trust_env = False
        if name:
            session.cookies.set(COOKIE, token(college, name))
        yield session


def form_token(page: str) -> str:
    """The token against forged requests that a page's forms carry."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found[1]
