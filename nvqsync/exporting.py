"""Approved claims go out, once: gather, render, store, write, hand over, and hear what became of them.

A batch moves through *prepared* (stored with its bytes, its claims exported), *written* (files on disk), *sending*
(handed to the portal, answer not yet stored) and *answered*. Each step is committed before the next begins, so a
process killed anywhere is taken up where it stopped: a batch found *sending* is asked about before it is sent again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nvqsync import store_claims, store_lms
from nvqsync.bootstrap import App
from nvqsync.check_characters import PLACEHOLDER_ULN
from nvqsync.claims import GONE, Event, Status, advance
from nvqsync.clock import day
from nvqsync.errors import NotAllowed, PortalBusy, PortalError, StoreError
from nvqsync.hookspecs import PortalConnector
from nvqsync.model import Answer, Batch, BatchClaim, BatchUnit, ClaimKind, LmsMember, Outcome, Registration
from nvqsync.proposing import Claim
from nvqsync.settling import settle
from nvqsync.store import Store
from nvqsync.sync import read_learners_again

EVENTS = {
    Outcome.ACKNOWLEDGED: Event.ACKNOWLEDGE,
    Outcome.AWAITING_AUTHORISATION: Event.AWAIT_AUTHORISATION,
    Outcome.CERTIFICATED: Event.CERTIFICATE,
    Outcome.RETURNED: Event.RETURN,
    Outcome.NOT_FOUND: Event.NOT_FOUND,
}
"""What each answer of a portal does to a claim."""


@dataclass(slots=True)
class ExportReport:
    """What an export or a reconcile did: batches written, claims by what became of them, and what went wrong."""

    batches: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    held: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The document ``nvqsync export --json`` and ``nvqsync reconcile --json`` print."""
        return {
            "batches": self.batches, "answers": dict(self.answers), "held": self.held, "problems": self.problems,
        }  # fmt: skip


# ---------------------------------------------------------------- export


def export(app: App, store: Store, portal: PortalConnector | None, *, by: str) -> ExportReport:
    """Send every approved claim, after taking up whatever an earlier run left unfinished.

    Everything about the learners is read again first. Raises ``LmsError`` where that cannot be done: then nothing goes.
    Raises ``PortalRefused`` when the portal accepts nothing; the batch stays written and goes with the next export.
    """
    report = ExportReport()
    approved = store_claims.claims(store, "status = ?", [Status.APPROVED.value])
    learners = {claim.learner_id for claim in approved}
    if approved:
        with closing(app.open_lms()) as lms:
            read_learners_again(app, store, lms, learners)
    settle(app, store, by="nvqsync", learners=learners, propose_new=False)
    sendable = [c for c in store_claims.claims(store, "status = ?", [Status.APPROVED.value]) if not c.blockers]
    report.held = sorted({claim.id for claim in approved} - {claim.id for claim in sendable})
    for group in _groups(app, sendable):
        _prepare(app, store, group, by=by)
    for row in store_claims.batches(store, "state = 'prepared'"):
        _write(app, store, row, report)
    if portal is not None:
        _send_all(app, store, portal, report, by=by)
    return report


def _groups(app: App, claims: Iterable[Claim]) -> list[list[Claim]]:
    """Claims by awarding body, qualification, centre and route: what may share a batch."""
    found: dict[tuple[str, str, str], list[Claim]] = defaultdict(list)
    for claim in claims:
        found[claim.awarding_body, claim.qualification_id, _route(app, claim)].append(claim)
    return [found[key] for key in sorted(found)]


def _route(app: App, claim: Claim) -> str:
    """``direct`` with direct claim status, else ``authorisation`` by the external quality assurer."""
    facts = app.centre_facts(app.plugins.catalogue.qualifications[claim.qualification_id])
    return "direct" if facts.direct_claims(app.today) else "authorisation"


def _prepare(app: App, store: Store, claims: Sequence[Claim], *, by: str) -> None:
    """Render a batch and mark its claims exported, in one durable transaction."""
    with store.writing(durable=True):
        batch = _batch(app, store, claims)
        document = app.plugins.export_format("batch_json").render(batch)
        row = {
            "id": batch.id, "awarding_body": batch.awarding_body, "centre_number": batch.centre_number,
            "qualification_id": batch.qualification_id, "route": batch.route, "created_at": batch.created_at,
            "digest": hashlib.sha256(document).hexdigest(), "document": document, "state": "prepared",
        }  # fmt: skip
        store_claims.record_batch(store, row)
        for claim in claims:
            store_claims.change_claim(
                store, claim, advance(claim.status, Event.EXPORT), at=app.now(), actor=by, action="export",
                why=f"Exported in batch {batch.id}.", batch_id=batch.id,
            )  # fmt: skip


def _batch(app: App, store: Store, claims: Sequence[Claim]) -> Batch:
    first = claims[0]
    qualification = app.plugins.catalogue.qualifications[first.qualification_id]
    today = app.today
    count = len(store_claims.batches(store, "id LIKE ?", [f"{today:%Y%m%d}-{first.awarding_body}-%"]))
    learners = {member.lms_id: member for member in store_lms.learners(store)}
    registered = {r.learner_id: r for r in store_claims.registrations(store, qualification.id)}
    return Batch(
        id=f"{today:%Y%m%d}-{first.awarding_body}-{qualification.code}-{count + 1:03}",
        awarding_body=qualification.awarding_body,
        centre_number=app.centre_facts(qualification).centre_number,
        qualification_id=qualification.id,
        qualification_number=qualification.qualification_number,
        qualification_code=qualification.code,
        qualification_title=qualification.title,
        route=_route(app, first),
        created_at=app.now(),
        claims=tuple(_batch_claim(claim, learners[claim.learner_id], registered[claim.learner_id]) for claim in claims),
    )


def _batch_claim(claim: Claim, learner: LmsMember, registration: Registration) -> BatchClaim:
    uln = "".join((registration.uln or learner.uln).split())
    return BatchClaim(
        key=claim.key,
        claim_id=claim.id,
        kind=claim.kind,
        candidate_number=registration.candidate_number,
        name=registration.name or learner.name,
        date_of_birth=registration.date_of_birth or learner.date_of_birth,
        uln=uln if uln and uln != PLACEHOLDER_ULN else None,
        units=tuple(_batch_unit(unit) for unit in claim.facts["units"]),
        credits=claim.facts["credits"],
    )


def _batch_unit(unit: dict[str, Any]) -> BatchUnit:
    return BatchUnit(**{**unit, "achieved_on": dt.date.fromisoformat(unit["achieved_on"])})


# ---------------------------------------------------------------- files


def _write(app: App, store: Store, row: dict[str, Any], report: ExportReport) -> None:
    """Write a prepared batch in every format asked for. A file that is there already is never overwritten."""
    batch = batch_from_json(row["document"])
    folder = app.settings.export.folder
    names = []
    for form in app.formats():
        content = row["document"] if form.name == "batch_json" else form.render(batch)
        names.append(write_once(folder, f"{batch.id}.{form.extension}", content).name)
    store_claims.set_batch(store, batch.id, state="written", files=json.dumps(names))
    report.batches.append(
        {"id": batch.id, "qualification": batch.qualification_id, "route": batch.route, "claims": len(batch.claims),
         "files": [str(folder / name) for name in names], "digest": row["digest"]}
    )  # fmt: skip


def write_once(folder: Path, name: str, content: bytes) -> Path:
    """Write a file that only its owner may read, whole or not at all, and never over another.

    A file of that name with the same bytes is left as it is; with others, the new one gets a number.
    Raises ``StoreError`` when the folder cannot be written.
    """
    stem, _, extension = name.partition(".")
    target, number = folder / name, 1
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while target.exists():
            if target.read_bytes() == content:
                return target
            number += 1
            target = folder / f"{stem}-{number}.{extension}"
        _write_whole(folder, target, content)
    except OSError as error:
        says = f"The batch file {target} cannot be written: {error.strerror}."
        raise StoreError(says, "Mend the folder and run 'nvqsync export' again: nothing is lost or doubled.") from error
    return target


def _write_whole(folder: Path, target: Path, content: bytes) -> None:
    temporary = folder / f".{target.name}.{os.getpid()}.part"
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---------------------------------------------------------------- the portal


def _send_all(app: App, store: Store, portal: PortalConnector, report: ExportReport, *, by: str) -> None:
    for row in store_claims.batches(store, "state = 'sending'"):
        _ask_about(app, store, portal, _claims_of(store, row["id"]), report, by=by)
    for row in store_claims.batches(store, "state IN ('written', 'sending')"):
        unsent = [claim for claim in _claims_of(store, row["id"]) if claim.status is Status.EXPORTED]
        if not unsent:
            store_claims.set_batch(store, row["id"], state="answered")
            continue
        _send(app, store, portal, row, unsent, report, by=by)


def _claims_of(store: Store, batch_id: str) -> list[Claim]:
    return store_claims.claims(store, "batch_id = ?", [batch_id])


def _send(
    app: App, store: Store, portal: PortalConnector, row: dict[str, Any], claims: Sequence[Claim],
    report: ExportReport, *, by: str,
) -> None:  # fmt: skip
    """Hand over one batch. Without a usable answer its claims are unknown until the portal is asked."""
    batch = batch_from_json(row["document"])
    store_claims.set_batch(store, batch.id, state="sending")
    try:
        answers = portal.submit(batch, row["document"])
    except PortalBusy as error:
        report.problems.append(f"Batch {batch.id}: {error.says} Its claims are unknown; run 'nvqsync reconcile'.")
        _no_answer(app, store, claims, report, by=by)
        return
    except PortalError:
        store_claims.set_batch(store, batch.id, state="written")
        raise
    apply_answers(app, store, claims, answers, report, by=by)
    answered = {answer.key for answer in answers}
    _no_answer(app, store, [claim for claim in claims if claim.key not in answered], report, by=by)
    store_claims.set_batch(store, batch.id, state="answered")


def _no_answer(app: App, store: Store, claims: Sequence[Claim], report: ExportReport, *, by: str) -> None:
    for claim in claims:
        report.answers["unknown"] += 1
        store_claims.change_claim(
            store, claim, advance(claim.status, Event.NO_ANSWER), at=app.now(), actor=by, action="no_answer",
            why="The portal gave no usable answer; it will be asked about this claim before anything is sent again.",
        )  # fmt: skip


def reconcile(app: App, store: Store, portal: PortalConnector, *, by: str) -> ExportReport:
    """Ask the portal what became of every claim that has gone out, and record it.

    Raises ``PortalError`` when it does not answer at all.
    """
    report = ExportReport()
    open_states = json.dumps([status.value for status in GONE])
    claims = store_claims.claims(store, "status IN (SELECT value FROM json_each(?))", [open_states])
    sent = {row["id"] for row in store_claims.batches(store, "state IN ('sending', 'answered')")}
    asked = [claim for claim in claims if claim.status is not Status.EXPORTED or claim.batch_id in sent]
    _ask_about(app, store, portal, asked, report, by=by)
    for row in store_claims.batches(store, "state = 'sending'"):
        unsent = any(claim.status is Status.EXPORTED for claim in _claims_of(store, row["id"]))
        store_claims.set_batch(store, row["id"], state="written" if unsent else "answered")
    return report


def _ask_about(
    app: App, store: Store, portal: PortalConnector, claims: Sequence[Claim], report: ExportReport, *, by: str
) -> None:
    centres = {row["id"]: row["centre_number"] for row in store_claims.batches(store)}
    groups: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for claim in claims:
        groups[claim.awarding_body, centres.get(claim.batch_id, "")].append(claim)
    for (body, centre), group in sorted(groups.items()):
        answers = portal.ask(body, centre, [claim.key for claim in group])
        apply_answers(app, store, group, answers, report, by=by)


def apply_answers(
    app: App, store: Store, claims: Sequence[Claim], answers: Iterable[Answer], report: ExportReport, *, by: str
) -> None:
    """Record what the portal said of each claim. An answer about a claim we do not know is a problem, never dropped."""
    known = {claim.key: claim for claim in claims}
    for answer in answers:
        claim = known.get(answer.key)
        if claim is None:
            report.problems.append(f"The portal answered about a claim we did not ask for: {answer.key}.")
            continue
        current = store_claims.claim(store, claim.id)
        _apply_one(app, store, current, answer, report, by=by)


def _apply_one(
    app: App, store: Store, claim: Claim, answer: Answer, report: ExportReport, *, by: str
) -> None:
    event = EVENTS[answer.outcome]
    if _nothing_new(claim, answer):
        return
    if event is Event.NOT_FOUND and claim.status is Status.EXPORTED:
        return  # never arrived: it simply goes again
    try:
        status = advance(claim.status, event)
    except NotAllowed as error:
        words = f"the portal says {answer.outcome.value.replace('_', ' ')}: {error.says}"
        report.problems.append(f"Claim {claim.id}: {words}")
        return
    on = answer.on.isoformat() if answer.on else day(app.now()).isoformat()
    certificated = {"certificate_number": answer.certificate_number, "certificated_on": on}
    store_claims.change_claim(
        store, claim, status, at=app.now(), actor=by, action=event.value,
        why=f"Portal: {answer.words}" if answer.words else f"Portal: {answer.outcome.value.replace('_', ' ')}.",
        reference=answer.reference or claim.reference, portal_words=answer.words or claim.portal_words,
        **(certificated if answer.outcome is Outcome.CERTIFICATED else {}),
    )  # fmt: skip
    report.answers[status.value] += 1
    if event is Event.NOT_FOUND:
        store_claims.set_batch(store, claim.batch_id, state="written")


def _nothing_new(claim: Claim, answer: Answer) -> bool:
    return claim.status.value == answer.outcome.value


def batch_from_json(document: bytes) -> Batch:
    """The batch read back from its JSON document (``docs/batch.schema.json``), as it was committed."""
    payload = json.loads(document)
    qualification = payload["qualification"]
    return Batch(
        id=payload["batch"],
        awarding_body=payload["awarding_body"],
        centre_number=payload["centre_number"],
        qualification_id=qualification["id"],
        qualification_number=qualification["number"],
        qualification_code=qualification["code"],
        qualification_title=qualification["title"],
        route=payload["route"],
        created_at=int(dt.datetime.fromisoformat(payload["created_at"]).timestamp()),
        claims=tuple(_claim_from_json(claim) for claim in payload["claims"]),
    )


def _claim_from_json(claim: dict[str, Any]) -> BatchClaim:
    born = claim["date_of_birth"]
    return BatchClaim(
        **{
            **claim,
            "kind": ClaimKind(claim["kind"]),
            "date_of_birth": dt.date.fromisoformat(born) if born else None,
            "units": tuple(_batch_unit(unit) for unit in claim["units"]),
        }
    )
