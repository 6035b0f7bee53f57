"""``claims`` and ``audit``: the queue, and what happened to each claim in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from nvqsync import audit, store_claims, store_declarations, store_lms
from nvqsync.approving import NOTHING_SAID, Said, all_asked
from nvqsync.bootstrap import actor
from nvqsync.claims import BY_PERSON, TRANSITIONS, Event, Status
from nvqsync.clock import iso
from nvqsync.commands.common import app_and_store, dry_run_option, json_option, print_json, tell
from nvqsync.commands.tables import plain, table
from nvqsync.errors import UnknownName
from nvqsync.gates import Finding
from nvqsync.model import LmsMember
from nvqsync.progress import LearnerProgress, decision_json
from nvqsync.proposing import Claim
from nvqsync.review import Result, act, ready
from nvqsync.store import Store

CLAIM_ID = click.IntRange(1, 2**63 - 1)
why_option = click.option(
    "--why", default="", help="The reason, in your own words. It goes into the audit log.",
    callback=lambda ctx, option, text: text.encode(errors="replace").decode(),
)  # fmt: skip


@click.group("claims")
def claims_group() -> None:
    """The claim queue: look at claims, approve, hold, release or withdraw them.

    A claim is proposed when a learner meets the rule of combination. Nothing is sent before a person approves it.
    """


def findings_json(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Blockers or cautions as JSON: the rule's id and what it says."""
    return [{"id": finding.id, "says": finding.says} for finding in findings]


def claim_json(claim: Claim, learner: LmsMember) -> dict[str, Any]:
    """A row of ``claims list --json``. The ULN and the date of birth are in no list."""
    return {
        "id": claim.id,
        "key": claim.key,
        "learner": {"lms_id": learner.lms_id, "id_number": learner.id_number, "name": learner.name},
        "awarding_body": claim.awarding_body,
        "qualification": claim.qualification_id,
        "kind": claim.kind.value,
        "status": claim.status.value,
        "credits": claim.facts["credits"],
        "units": [unit["code"] for unit in claim.facts["units"]],
        "blockers": findings_json(claim.blockers),
        "cautions": findings_json(claim.cautions),
        "hold_reason": claim.hold_reason or None,
        "batch": claim.batch_id or None,
        "reference": claim.reference or None,
        "portal_words": claim.portal_words or None,
        "certificate_number": claim.certificate_number or None,
        "certificated_on": claim.certificated_on or None,
        "created_at": iso(claim.created_at),
        "updated_at": iso(claim.updated_at),
    }


def claim_story_json(claim: Claim, learner: LmsMember, row: LearnerProgress | None, store: Store) -> dict[str, Any]:
    """``claims show ID --json``: the claim, the verdict, each unit down to the grades it rests on, and its history."""
    outcomes = {outcome.code: outcome for outcome in row.outcomes} if row else {}
    return {
        **claim_json(claim, learner),
        "verdict": claim.facts["verdict"],
        "units": [
            {**unit, "status": outcomes[unit["code"]].status.value if unit["code"] in outcomes else None,
             "signed_off_by": (outcomes[unit["code"]].signed_off_by or None) if unit["code"] in outcomes else None,
             "decisions": [decision_json(d) for d in outcomes[unit["code"]].decisions]
             if unit["code"] in outcomes else []}
            for unit in claim.facts["units"]
        ],
        **_answers_json(claim, store),
        "actions": sorted(event.value for event in TRANSITIONS[claim.status] if event in BY_PERSON),
        "history": [
            {"at": iso(entry["at"]), "who": entry["actor"], "action": entry["action"],
             "from": entry["from_status"] or None, "to": entry["to_status"] or None, "why": entry["text"]}
            for entry in store_claims.audit_story(store, f"claim:{claim.id}")
        ],
    }  # fmt: skip


def _answers_json(claim: Claim, store: Store) -> dict[str, Any]:
    """What the claim asks its approver to declare, who declared it, and the notes; ``stands``: on the facts of now."""
    answers = store_declarations.answers(store, claim.id)
    made = {(one.declaration, one.says): one for one in answers.declared if one.fingerprint == claim.fingerprint}
    asked = [(one, made.get((one.id, one.says))) for one in claim.declarations]
    return {
        "declarations": [
            {"id": one.id, "says": one.says, "said_by": said.said_by if said else None,
             "said_at": iso(said.said_at) if said else None}
            for one, said in asked
        ],
        "notes": [
            {"note": one.note, "about": [name for name, _ in one.about], "said_by": one.said_by,
             "said_at": iso(one.said_at), "stands": one.fingerprint == claim.fingerprint}
            for one in answers.notes
        ],
    }  # fmt: skip


@claims_group.command("list")
@click.option(
    "--status",
    type=click.Choice([status.value for status in Status]),
    metavar="STATUS",
    multiple=True,
    help=f"Only claims with this status; may be repeated. One of {', '.join(status.value for status in Status)}.",
)
@click.option("--qualification", "-q", help="Only this qualification.")
@click.option("--blocked/--ready", default=None, help="Only claims that something blocks, or that nothing does.")
@json_option
@click.pass_context
def list_command(
    ctx: click.Context, status: tuple[str, ...], qualification: str | None, blocked: bool | None, as_json: bool
) -> None:
    """List the claims, with what stops or cautions each."""
    with app_and_store(ctx) as (app, store):
        only = app.plugins.catalogue.find_qualification(qualification).id if qualification else None
        found = [
            claim
            for claim in store_claims.claims(store)
            if (not status or claim.status in status)
            and only in (None, claim.qualification_id)
            and blocked in (None, bool(claim.blockers))
        ]
        learners = {member.lms_id: member for member in store_lms.learners(store)}
    rows = [claim_json(claim, learners[claim.learner_id]) for claim in found]
    if as_json:
        print_json(rows)
        return
    if not rows:
        tell("No claims. They are proposed by 'nvqsync sync' when a learner meets a rule of combination.")
    heads = ("Claim", "ID number", "Name", "Qualification", "Status", "Credits", "Blocked by", "Cautions")
    click.echo(table(heads, [_list_row(row) for row in rows]))


def _list_row(row: dict[str, Any]) -> tuple[object, ...]:
    ids = [", ".join(finding["id"] for finding in row[name]) for name in ("blockers", "cautions")]
    learner = row["learner"]
    return (row["id"], learner["id_number"], learner["name"], row["qualification"], row["status"].replace("_", " "),
            row["credits"], *ids)  # fmt: skip


@claims_group.command("show")
@click.argument("claim_id", type=CLAIM_ID)
@json_option
@click.pass_context
def show_command(ctx: click.Context, claim_id: int, as_json: bool) -> None:
    """Show one claim: verdict, units, the grades they rest on, what stops it, and its history."""
    with app_and_store(ctx) as (app, store):
        claim = store_claims.claim(store, claim_id)
        learner = next(m for m in store_lms.learners(store) if m.lms_id == claim.learner_id)
        standings = app.reader(store).standings([claim.qualification_id])
        row = next((r for s in standings for r in s.rows if r.learner.lms_id == claim.learner_id), None)
        story = claim_story_json(claim, learner, row, store)
    if as_json:
        print_json(story)
    else:
        _print_story(story)


def _print_story(story: dict[str, Any]) -> None:
    learner = story["learner"]
    """The whole story; what other systems said in it is made plain first."""
    _plainly(f"Claim {story['id']}: {learner['name']} ({learner['id_number']}), {story['qualification']}, "
               f"{story['kind'].replace('_', ' ')}, {story['status'].replace('_', ' ')}")  # fmt: skip
    if story["hold_reason"]:
        _plainly(f"On hold: {story['hold_reason']}")
    if story["certificate_number"]:
        _plainly(f"Certificate {story['certificate_number']}, {story['certificated_on']}")
    if story["portal_words"]:
        _plainly(f"The portal says: {story['portal_words']}")
    for heading, name in (("Blocked", "blockers"), ("Caution", "cautions")):
        for finding in story[name]:
            _plainly(f"{heading} {finding['id']}: {finding['says']}")
    for asked in story["declarations"]:
        made = f"declared by {asked['said_by']}, {asked['said_at']}" if asked["said_by"] else "to be declared"
        _plainly(f"Declaration {asked['id']} ({made}): {asked['says']}")
    for note in story["notes"]:
        stands = "" if note["stands"] else ", on earlier facts"
        _plainly(f"Note by {note['said_by']}, {note['said_at']}{stands}: {note['note']}")
    click.echo("\nRule of combination:")
    heads = ("Met", "Requirement", "Have", "Need", "Short")
    required = [("yes" if r["met"] else "NO", r["says"], r["have"], r["need"], r["short"])
                for r in story["verdict"]["requirements"]]  # fmt: skip
    click.echo(table(heads, required))
    click.echo(f"\nUnits ({story['credits']} credits):")
    unit_heads = ("Unit", "Title", "Credits", "Level", "Achieved", "Signed off by", "Rests on")
    click.echo(table(unit_heads, [_unit_row(unit) for unit in story["units"]]))
    click.echo("\nHistory:")
    for entry in story["history"]:
        _plainly(f"  {entry['at']}  {entry['who']}: {entry['action'].replace('_', ' ')}. {entry['why'] or 'erased'}")
    click.echo(f"\nPossible now: {', '.join(story['actions']) or 'nothing by hand'}")


def _plainly(text: str) -> None:
    click.echo(plain(text))


def _unit_row(unit: dict[str, Any]) -> tuple[object, ...]:
    met = [decision for decision in unit["decisions"] if decision["met"]]
    whole = [f"whole unit: {decision['grade']}" for decision in met if not decision["criterion"]]
    criteria = len({decision["criterion"] for decision in met if decision["criterion"]})
    told = "; ".join([*whole, *([f"grades for {criteria} criteri{'a' if criteria > 1 else 'on'}"] if criteria else [])])
    return (unit["code"], unit["title"], unit["credit_value"], unit["level"], unit["achieved_on"],
            unit["signed_off_by"], told)  # fmt: skip


def _act(
    ctx: click.Context, claim_ids: Iterable[int], event: Event, why: str, as_json: bool, dry_run: bool,
    said: Said = NOTHING_SAID,
) -> None:  # fmt: skip
    with app_and_store(ctx) as (app, store):
        results = act(app, store, claim_ids, event, by=actor(), why=why, said=said, dry_run=dry_run)
    _report(ctx, results, event, as_json, dry_run)


def _report(ctx: click.Context, results: list[Result], event: Event, as_json: bool, dry_run: bool) -> None:
    rows: list[dict[str, Any]] = [
        {"id": r.claim_id, "status": r.claim.status.value if r.claim else None, "refused": r.refused or None}
        for r in results
    ]
    if as_json:
        print_json(rows)
    for row in [] if as_json else rows:
        would = f"would {event.value}" if dry_run else str(row["status"]).replace("_", " ")
        click.echo(f"Claim {row['id']}: {'not done. ' + row['refused'] if row['refused'] else would}")
    ctx.exit(1 if any(result.refused for result in results) else 0)


@claims_group.command("approve")
@click.argument("claim_ids", type=CLAIM_ID, nargs=-1)
@click.option("--all-ready", is_flag=True, help="Every proposed claim that nothing blocks.")
@click.option(
    "--declare",
    "declares",
    multiple=True,
    metavar="ID",
    help="Make this declaration, by its id; may be repeated. 'all' makes every one the claims ask for, printed first.",
)
@click.option(
    "--note",
    default="",
    help="What you found out about the cautions. Due where there are any; kept with the claim.",
    callback=lambda ctx, option, text: text.encode(errors="replace").decode(),
)
@why_option
@dry_run_option
@json_option
@click.pass_context
def approve_command(
    ctx: click.Context, claim_ids: tuple[int, ...], all_ready: bool, declares: tuple[str, ...], note: str, why: str,
    dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Approve claims for export. A claim that something blocks is refused, with what to do about it.

    What no data can decide, you declare: 'nvqsync claims show ID' lists what a claim asks for. A claim with cautions
    needs a note. Both stand as long as the facts under the claim do, and are asked for again when these change.

    \b
    nvqsync claims approve 12 --declare all --note "Name change: marriage certificate seen."
    """
    if not claim_ids and not all_ready:
        raise click.UsageError("Name the claims, or give --all-ready.")
    with app_and_store(ctx) as (_, store):
        chosen = [*claim_ids, *((claim.id for claim in ready(store)) if all_ready else ())]
        said = Said(_declared(declares, [store_claims.claim(store, claim_id) for claim_id in chosen]), note)
    if not chosen:
        tell("Nothing is ready: 'nvqsync claims list' shows what blocks each claim.")
    _act(ctx, chosen, Event.APPROVE, why, as_json, dry_run, said)


def _declared(names: Iterable[str], claims: Iterable[Claim]) -> frozenset[str]:
    """The ids declared. ``all`` stands for what these claims ask for, which is printed before it is signed."""
    given = set(names)
    if "all" not in given:
        return frozenset(given)
    asked = all_asked(claims)
    for name, says in asked.items():
        tell(f"Declared, {name}: {says}")
    return frozenset((given - {"all"}) | asked.keys())


def _simple(event: Event, help_text: str) -> click.Command:
    @click.command(event.value, help=help_text)
    @click.argument("claim_ids", type=CLAIM_ID, nargs=-1, required=True)
    @why_option
    @dry_run_option
    @json_option
    @click.pass_context
    def command(ctx: click.Context, claim_ids: tuple[int, ...], why: str, dry_run: bool, as_json: bool) -> None:
        _act(ctx, claim_ids, event, why, as_json, dry_run)

    return command


claims_group.add_command(_simple(Event.HOLD, "Put claims on hold. Say why; 'release' takes them off again."))
claims_group.add_command(_simple(Event.RELEASE, "Take claims off hold: they are proposed again, on the facts of now."))
claims_group.add_command(_simple(Event.WITHDRAW, "Withdraw claims for good. Say why; a later claim is a new one."))


@click.group("audit")
def audit_group() -> None:
    """What happened, who did it and why: the log that nobody can bend."""


@audit_group.command("verify")
@json_option
@click.pass_context
def verify_command(ctx: click.Context, as_json: bool) -> None:
    """Check the chain of audit entries, their words, and every claim's status against the log.

    Exit status 1 names the first entry that was edited, removed or moved, and the claims that are not where the log
    left them: changed behind its back, or the end of the log was cut off.
    """
    with app_and_store(ctx) as (_, store):
        entries = store_claims.audit_entries(store)
        faults = [audit.first_bad(entries), audit.first_bad_text(entries, store_claims.audit_texts(store))]
        strayed = store_claims.strayed_claims(store)
    bad = min((fault for fault in faults if fault is not None), default=None)
    if as_json:
        print_json({"entries": len(entries), "whole": bad is None, "first_bad": bad, "strayed_claims": strayed})
    else:
        told = "the chain is whole." if bad is None else f"entry {bad} does not fit."
        click.echo(f"{len(entries)} entries: {told}")
        for claim_id in strayed:
            click.echo(f"Claim {claim_id} is not where the log left it.")
    ctx.exit(1 if bad is not None or strayed else 0)


@audit_group.command("show")
@click.argument("claim_id", type=CLAIM_ID)
@click.pass_context
def audit_show_command(ctx: click.Context, claim_id: int) -> None:
    """Tell the story of one claim in plain words."""
    with app_and_store(ctx) as (_, store):
        story = store_claims.audit_story(store, f"claim:{claim_id}")
    if not story:
        raise UnknownName(f"There is no claim {claim_id}.", "List them with 'nvqsync claims list'.")
    for entry in story:
        moved = f" ({entry['from_status'] or 'new'} to {entry['to_status']})" if entry["to_status"] else ""
        _plainly(f"{iso(entry['at'])}  {entry['actor']}: {entry['action']}{moved}. {entry['text'] or 'erased'}")
