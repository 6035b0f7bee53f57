"""``claims list``: the queue, narrowed by whatever a person asks for."""

from __future__ import annotations

from typing import Any

import click

from nvqsync.claim_documents import claim_json
from nvqsync.claims import Status
from nvqsync.commands.common import app_and_store, json_option, print_json, tell
from nvqsync.commands.tables import table
from nvqsync.holding import REASONS, HoldCode
from nvqsync.model import ClaimKind
from nvqsync.people import find_learner
from nvqsync.storage import store_lms
from nvqsync.storage.store_claim_search import Question, each, search

DAY = 86_400


@click.command("list")
@click.option(
    "--status",
    type=click.Choice([status.value for status in Status]),
    metavar="STATUS",
    multiple=True,
    help=f"Only claims with this status; may be repeated. One of {', '.join(status.value for status in Status)}.",
)
@click.option("--qualification", "-q", help="Only this qualification.")
@click.option("--body", metavar="BODY", help="Only this awarding body, e.g. OCR.")
@click.option("--kind", type=click.Choice([kind.value for kind in ClaimKind]), help="Only full awards, or only units.")
@click.option(
    "--blocked/--ready",
    default=None,
    help="Only claims that something blocks, or those that can be approved: proposed, and nothing blocks them.",
)
@click.option("--blocker", metavar="RULE", help="Only claims that this rule blocks, e.g. ENT-2.")
@click.option(
    "--hold-code",
    type=click.Choice([code.value for code in REASONS]),
    metavar="CODE",
    help="Only claims held for this reason; 'nvqsync claims codes' lists them.",
)
@click.option("--older-than", type=click.IntRange(0, 100_000), metavar="DAYS", help="Only claims made so long ago.")
@click.option("--learner", metavar="LEARNER", help="Only this learner's: Moodle ID number or Moodle id.")
@click.option("--batch", metavar="BATCH", help="Only claims of this batch.")
@click.option(
    "--recalls", is_flag=True, help="Only claims that are recalled or lost their grounds after they had gone."
)
@click.option("--provisional", is_flag=True, help="Only certificates that a visit has still to confirm.")
@click.option(
    "--text", metavar="WORDS", help="Only claims where each word stands in name, number, key, reference or reason."
)
@json_option
@click.pass_context
def list_command(ctx: click.Context, /, as_json: bool, **asked: Any) -> None:
    """List the claims, with what stops or cautions each. Filters narrow it together."""
    with app_and_store(ctx) as (app, store):
        only = app.plugins.catalogue.find_qualification(asked["qualification"]).id if asked["qualification"] else ""
        question = Question(
            statuses=_statuses(asked["status"], asked["blocked"]),
            qualification=only,
            awarding_body=asked["body"] or "",
            kind=ClaimKind(asked["kind"]) if asked["kind"] else None,
            blocked=asked["blocked"],
            blocker=asked["blocker"] or "",
            hold_code=HoldCode(asked["hold_code"] or ""),
            made_before=app.now() - asked["older_than"] * DAY if asked["older_than"] is not None else None,
            learner_id=find_learner(store, asked["learner"]).lms_id if asked["learner"] else "",
            batch=asked["batch"] or "",
            text=asked["text"] or "",
            recalls=asked["recalls"],
            provisional=asked["provisional"],
        )
        learners = {member.lms_id: member for member in store_lms.learners(store)}
        rows = [claim_json(claim, learners[claim.learner_id]) for claim in each(store, search(store, question))]
    if as_json:
        print_json(rows)
        return
    if not rows:
        narrowed = question != Question()
        tell("No claim answers to that." if narrowed else
             "No claims. They are proposed by 'nvqsync sync' when a learner meets a rule of combination.")  # fmt: skip
    heads = ("Claim", "ID number", "Name", "Qualification", "Status", "Credits", "Blocked by", "Cautions")
    click.echo(table(heads, [_list_row(row) for row in rows]))
    for row in rows if asked["recalls"] else ():
        tell(f"Claim {row['id']}: {row['recall_notice'] or 'Recalled; withdraw it once the body has let it go.'}")


def _statuses(named: tuple[str, ...], blocked: bool | None) -> tuple[Status, ...]:
    """The statuses asked for; without any, what is ready is what is proposed."""
    ready = (Status.PROPOSED,) if blocked is False and not named else ()
    return ready or tuple(Status(status) for status in named)


def _list_row(row: dict[str, Any]) -> tuple[object, ...]:
    ids = [", ".join(finding["id"] for finding in row[name]) for name in ("blockers", "cautions")]
    learner, units = row["learner"], " (units)" if row["kind"] == ClaimKind.UNITS else ""
    held = f" ({row['hold_code']})" if row["status"] == Status.ON_HOLD and row["hold_code"] else ""
    held = " (provisional)" if row["provisional"] else held
    return (row["id"], learner["id_number"], learner["name"], row["qualification"] + units,
            row["status"].replace("_", " ") + held, row["credits"], *ids)  # fmt: skip


@click.command("codes")
@json_option
def codes_command(as_json: bool) -> None:
    """List the codes a claim can be on hold for, and the regulator's code for the same cause of a late result."""
    rows = [
        {"code": code.value, "says": reason.says, "regulator": reason.regulator or None, "by_person": reason.by_person}
        for code, reason in REASONS.items()
    ]
    if as_json:
        print_json(rows)
        return
    told = [(row["code"], row["says"], row["regulator"], "yes" if row["by_person"] else "no") for row in rows]
    click.echo(table(("Code", "Means", "Ofqual", "For --code"), told))
