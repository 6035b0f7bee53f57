"""``claims``: the queue, and what people do with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from nvqsync.answering import Said, all_asked
from nvqsync.bootstrap import actor
from nvqsync.claim_documents import claim_story_json
from nvqsync.claims import Event, Status, possible
from nvqsync.commands.bulk import INTERRUPTED, MANY, work_through
from nvqsync.commands.claim_counts import recount_command
from nvqsync.commands.claim_list import codes_command, list_command
from nvqsync.commands.claim_record import record_command
from nvqsync.commands.claim_requests import propose_again_command, request_units_command
from nvqsync.commands.common import app_and_store, dry_run_option, json_option, print_json, tell
from nvqsync.commands.tables import plain, table
from nvqsync.holding import BY_PERSON as BY_PERSON_CODES
from nvqsync.holding import HoldCode
from nvqsync.proposing import Claim
from nvqsync.review import Deed, Result, ready, working
from nvqsync.storage import store_claims, store_lms


class ClaimNumber(click.IntRange):
    """A claim's number; what is none is told as such."""

    name = "claim number"


CLAIM_ID = ClaimNumber(1, 2**63 - 1)
why_option = click.option(
    "--why", default="", help="The reason, in your own words. It goes into the audit log.",
    callback=lambda ctx, option, text: text.encode(errors="replace").decode(),
)  # fmt: skip


@click.group("claims")
def claims_group() -> None:
    """The claim queue: look at claims, approve, hold, release or withdraw them, and record what became of them.

    A claim is proposed when a learner meets the rule of combination. Nothing is sent before a person approves it.
    A leaver's units are claimed with 'request-units'; where a portal takes no file, 'record' keeps what people keyed
    and heard.
    """


@claims_group.command("show")
@click.argument("claim_id", type=CLAIM_ID)
@json_option
@click.pass_context
def show_command(ctx: click.Context, claim_id: int, as_json: bool) -> None:
    """Show one claim: verdict, units, the grades they rest on, what stops it, and its history."""
    with app_and_store(ctx) as (app, store):
        claim = store_claims.claim(store, claim_id)
        learner = next(m for m in store_lms.learners(store) if m.lms_id == claim.learner_id)
        standings = app.reader(store).standings([claim.qualification_id], {claim.learner_id})
        row = next((r for s in standings for r in s.rows), None)
        story = claim_story_json(claim, learner, row, store)
    if as_json:
        print_json(story)
    else:
        _print_story(story)


def _print_story(story: dict[str, Any]) -> None:
    """The whole story; what other systems said in it is made plain first."""
    learner, claimed = story["learner"], [story[name].replace("_", " ") for name in ("kind", "status")]
    _plainly(f"Claim {story['id']}: {learner['name']} ({learner['id_number']}), {story['qualification']}, "
             f"{', '.join(claimed)}, version {story['version']}")  # fmt: skip
    if story["hold_reason"]:
        _plainly(f"On hold ({story['hold_code']}): {story['hold_reason']}")
    if story["recall_notice"]:
        _plainly(f"RECALL NOTICE: {story['recall_notice']}")
    if story["certificate_number"]:
        mark = ", PROVISIONAL until a visit confirms it" if story["provisional"] else ""
        confirmed = f", confirmed on {story['confirmed_on']}" if story["confirmed_on"] else ""
        _plainly(f"Certificate {story['certificate_number']}, {story['certificated_on']}{mark}{confirmed}")
    for what in ("received", "handed_over"):
        if story[f"{what}_on"]:
            _plainly(f"Certificate {what.replace('_', ' ')} on {story[f'{what}_on']} by {story[f'{what}_by']}")
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
    click.echo(f"\nPossible now: {possible(Status(story['status']))}")


def _plainly(text: str) -> None:
    click.echo(plain(text))


def _unit_row(unit: dict[str, Any]) -> tuple[object, ...]:
    met = [decision for decision in unit["decisions"] if decision["met"]]
    whole = [f"whole unit: {decision['grade']}" for decision in met if not decision["criterion"]]
    criteria = len({decision["criterion"] for decision in met if decision["criterion"]})
    origin = [f"achieved under {unit['progressed_from']}"] if unit["progressed_from"] else []
    held = ["held already, not claimed again"] if unit["held"] else []
    told = "; ".join(
        [
            *origin,
            *held,
            *whole,
            *([f"grades for {criteria} criteri{'a' if criteria > 1 else 'on'}"] if criteria else []),
        ]
    )
    return (unit["code"], unit["title"], unit["credit_value"], unit["level"], unit["achieved_on"],
            unit["signed_off_by"], told)  # fmt: skip


class ClaimAt(click.ParamType):  # type: ignore[type-arg]  # older clicks have none
    """A claim's number, perhaps with the version that was looked at: ``12`` or ``12@3``."""

    name = "claim"

    def convert(
        self, value: str | tuple[int, int | None], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int | None]:
        """The number and the version, ``None`` where there is none."""
        if isinstance(value, tuple):
            return value
        number, at, version = value.partition("@")
        counted = [int(CLAIM_ID(part, param, ctx)) for part in ([number, version] if at else [number])]
        return counted[0], counted[1] if at else None


def _act(ctx: click.Context, claim_ids: Iterable[int], deed: Deed, as_json: bool) -> None:
    wanted = list(dict.fromkeys(claim_ids))
    with app_and_store(ctx) as (app, store):
        results, whole = work_through(working(app, store, wanted, deed), len(wanted), deed.event.value.capitalize())
    _report(results, deed, as_json)
    ctx.exit(INTERRUPTED if not whole else 1 if any(result.refused for result in results) else 0)


def _report(results: list[Result], deed: Deed, as_json: bool) -> None:
    rows: list[dict[str, Any]] = [
        {"id": r.claim_id, "status": r.claim.status.value if r.claim else None, "refused": r.refused or None}
        for r in results
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows if len(rows) <= MANY else [row for row in rows if row["refused"]][:MANY]:
        would = f"would {deed.event.value}" if deed.dry_run else str(row["status"]).replace("_", " ")
        click.echo(f"Claim {row['id']}: {'not done. ' + row['refused'] if row['refused'] else would}")
    if len(rows) > MANY:
        refused = sum(bool(row["refused"]) for row in rows)
        click.echo(f"{len(rows) - refused:,} done, {refused:,} refused{' (dry run)' if deed.dry_run else ''}.")


@claims_group.command("approve")
@click.argument("claims", type=ClaimAt(), nargs=-1)
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
    ctx: click.Context, claims: tuple[tuple[int, int | None], ...], all_ready: bool, declares: tuple[str, ...],
    note: str, why: str, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Approve claims for export. A claim that something blocks is refused, with what to do about it.

    The facts are looked at once more, and what you approve is what you saw: a claim whose evidence changes in that
    moment, or that gets a new caution, is refused. CLAIM is a number, or NUMBER@VERSION as 'nvqsync claims show' prints
    it: then nothing at all may have changed since.

    What no data can decide, you declare: 'nvqsync claims show ID' lists what a claim asks for. A claim with cautions
    needs a note. Both stand as long as the facts under the claim do, and are asked for again when these change.

    \b
    nvqsync claims approve 12 --declare all --note "Name change: marriage certificate seen."
    """
    if not claims and not all_ready:
        raise click.UsageError("Name the claims, or give --all-ready.")
    with app_and_store(ctx) as (_, store):
        chosen = [*(number for number, _ in claims), *(ready(store) if all_ready else ())]
        said = Said(_declared(declares, store_claims.some_claims(store, chosen)), note)
    if not chosen:
        tell("Nothing is ready: 'nvqsync claims list' shows what blocks each claim.")
    versions = {number: version for number, version in claims if version is not None}
    _act(ctx, chosen, Deed(Event.APPROVE, actor(), why, versions=versions, said=said, dry_run=dry_run), as_json)


def _declared(names: Iterable[str], claims: Iterable[Claim]) -> frozenset[str]:
    """The ids declared. ``all`` stands for what these claims ask for, which is printed before it is signed."""
    given = set(names)
    if "all" not in given:
        return frozenset(given)
    asked = all_asked(claims)
    for name, says in asked.items():
        tell(f"Declared, {name}: {says}")
    return frozenset((given - {"all"}) | asked.keys())


@claims_group.command("hold")
@click.argument("claim_ids", type=CLAIM_ID, nargs=-1, required=True)
@click.option(
    "--code",
    type=click.Choice([code.value for code in BY_PERSON_CODES]),
    default=HoldCode.OTHER.value,
    metavar="CODE",
    help=f"The reason as a code: {', '.join(code.value for code in BY_PERSON_CODES)}. See 'nvqsync claims codes'.",
)
@why_option
@dry_run_option
@json_option
@click.pass_context
def hold_command(
    ctx: click.Context, claim_ids: tuple[int, ...], code: str, why: str, dry_run: bool, as_json: bool
) -> None:  # fmt: skip
    """Put claims on hold. Say why; 'release' takes them off again."""
    _act(ctx, claim_ids, Deed(Event.HOLD, actor(), why, HoldCode(code), dry_run=dry_run), as_json)


def _simple(event: Event, help_text: str) -> click.Command:
    @click.command(event.value, help=help_text)
    @click.argument("claim_ids", type=CLAIM_ID, nargs=-1, required=True)
    @why_option
    @dry_run_option
    @json_option
    @click.pass_context
    def command(ctx: click.Context, claim_ids: tuple[int, ...], why: str, dry_run: bool, as_json: bool) -> None:
        _act(ctx, claim_ids, Deed(event, actor(), why, dry_run=dry_run), as_json)

    return command


claims_group.add_command(list_command)
claims_group.add_command(_simple(Event.RELEASE, "Take claims off hold: they are proposed again, on the facts of now."))
claims_group.add_command(_simple(Event.WITHDRAW, "Withdraw claims for good. Say why; a later claim is a new one."))
claims_group.add_command(request_units_command)
claims_group.add_command(propose_again_command)
claims_group.add_command(record_command)
claims_group.add_command(codes_command)
claims_group.add_command(recount_command)
