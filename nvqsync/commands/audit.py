"""``audit``: what happened, who did it and why, and whether anybody bent it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from nvqsync.clock import LONDON
from nvqsync.commands.common import Counter, app_and_store, json_option, print_json, tell
from nvqsync.commands.tables import plain
from nvqsync.people import find_learner
from nvqsync.record_keeping import audit, audit_words
from nvqsync.record_keeping.audit import Head
from nvqsync.record_keeping.verifying import Verified, head_in, verify
from nvqsync.storage import store_audit, store_claims, store_lms
from nvqsync.store import Store

PAGE = 200


@click.group("audit")
def audit_group() -> None:
    """What happened, who did it and why: the log that nobody can bend."""


# ---------------------------------------------------------------- verify, head


@audit_group.command("verify")
@click.option(
    "--head", "heads", multiple=True, metavar="ENTRY:DIGEST",
    help="A head from a backup or a printed sheet that the log must still hold; may be repeated.",
)  # fmt: skip
@json_option
@click.pass_context
def verify_command(ctx: click.Context, heads: tuple[str, ...], as_json: bool) -> None:
    """Check the chain of audit entries, what is kept beside them, and the claims and batches against the log.

    Exit status 1 names the first entry that was edited, removed or moved, and what is not as the log left it. An end
    that was cut off shows by the heads that batches carry, in the database and in the export folder. Entries after the
    last batch are only safe against it by a head you wrote down: see 'nvqsync audit head'.
    """
    given = [audit.read_head(text, "the head given by hand") for text in heads]
    with app_and_store(ctx) as (app, store), Counter("Entries checked") as counter:
        found = verify(store, [*given, *_exported_heads(app.settings.export.folder)], counter)
    if as_json:
        print_json(_verified_json(found))
    else:
        _print_verified(found)
    ctx.exit(0 if found.sound else 1)


def _exported_heads(folder: Path) -> Iterator[Head]:
    """The heads in the batch files that still lie in the export folder."""
    for file in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            found = head_in(file.read_bytes(), file.name)
        except OSError as error:
            tell(f"{file} cannot be read: {error.strerror}. Its head is not compared.")
            continue
        if found:
            yield found


def _verified_json(found: Verified) -> dict[str, Any]:
    bad = found.first_bad
    return {
        "entries": found.entries,
        "whole": not found.faults,
        "sound": found.sound,
        "first_bad": bad.entry if bad else None,
        "says": bad.says if bad else None,
        "faults": len(found.faults),
        "strayed_claims": found.strayed_claims,
        "strayed_batches": found.strayed_batches,
        "missing_guards": found.missing_guards,
        "erased": found.erased,
        "heads_compared": found.heads,
        "head": str(found.head) if found.head else None,
    }


def _print_verified(found: Verified) -> None:
    bad = found.first_bad
    told = "the chain is whole." if bad is None else f"entry {bad.entry} does not fit: {bad.says}."
    click.echo(f"{found.entries} entries: {told}")
    if len(found.faults) > 1:
        click.echo(f"{len(found.faults)} faults in all; that is the first entry.")
    for claim_id in found.strayed_claims:
        click.echo(f"Claim {claim_id} is not where the log left it.")
    for batch_id in found.strayed_batches:
        click.echo(f"Batch {batch_id} is not as the log left it.")
    for guard in found.missing_guards:
        click.echo(f"The trigger {guard}, which keeps the log append-only, was taken off the database.")
    if found.erased:
        click.echo(f"The words of {found.erased} entries were erased, each with an entry that names the rule.")
    click.echo(f"Heads compared with the log: {found.heads}.")
    if not found.sound:
        tell("Restore the latest backup that verifies beside this file, and compare the two before you go on.")


@audit_group.command("head")
@click.pass_context
def head_command(ctx: click.Context) -> None:
    """Print the head of the log: write it down elsewhere, and nobody can cut entries off unseen.

    'nvqsync audit verify --head ENTRY:DIGEST' compares the log with it at any later time.
    """
    with app_and_store(ctx) as (_, store):
        found = store_audit.head(store)
    if found is None:
        tell("The log is empty: there is nothing to write down yet.")
    else:
        click.echo(str(found))


# ---------------------------------------------------------------- show, log


@audit_group.command("show")
@click.argument("claim_id", metavar="CLAIM", type=click.IntRange(1, 2**63 - 1), required=False)
@click.option("--learner", help="Everything about one learner (Moodle ID number or id), all their claims included.")
@json_option
@click.pass_context
def show_command(ctx: click.Context, claim_id: int | None, learner: str | None, as_json: bool) -> None:
    """Tell the story of one CLAIM, or of one learner, in plain words: when, who, what, why and what it rested on."""
    if (claim_id is None) == (learner is None):
        raise click.UsageError("Name a claim by its number, or a learner with --learner.")
    with app_and_store(ctx) as (_, store):
        title, subjects = _learner_story(store, learner) if learner else _claim_story(store, claim_id or 0)
        told = audit_words.story(store_audit.audit_story(store, *subjects))
    if as_json:
        print_json({"title": title, "entries": told})
    else:
        _print_story(title, told)


def _claim_story(store: Store, claim_id: int) -> tuple[str, list[str]]:
    claim = store_claims.claim(store, claim_id)
    who = next(one for one in store_lms.learners(store) if one.lms_id == claim.learner_id)
    kind = claim.kind.value.replace("_", " ")
    title = (
        f"Claim {claim.id}: {kind} of {claim.qualification_id} for {who.name} ({who.id_number or who.lms_id}), now "
        f"{claim.status.value.replace('_', ' ')}"
    )
    batch = [f"batch:{claim.batch_id}"] if claim.batch_id else []
    return title, [f"claim:{claim.id}", *batch]


def _learner_story(store: Store, learner: str) -> tuple[str, list[str]]:
    who = find_learner(store, learner)
    claims = store_claims.claims(store, "learner_id = ?", [who.lms_id])
    title = f"{who.name} ({who.id_number or who.lms_id}), {len(claims)} claims"
    return title, [f"learner:{who.lms_id}", *(f"claim:{claim.id}" for claim in claims)]


def _print_story(title: str, told: list[dict[str, Any]]) -> None:
    click.echo(f"{plain(title)}\n")
    for entry in told:
        click.echo(plain(entry["says"]))
        if entry["rested_on"]:
            click.echo(f"  {plain(entry['rested_on'])}")
    if not told:
        click.echo("Nothing was recorded.")


class Day(click.ParamType[int]):
    """A day in London, as the moment it begins."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds since 1970."""
        if isinstance(value, int):
            return value
        try:
            return int(dt.datetime.combine(dt.date.fromisoformat(value), dt.time(), LONDON).timestamp())
        except ValueError:
            self.fail(f"{value!r} is no day: write YYYY-MM-DD.", param, ctx)


@audit_group.command("log")
@click.option("--since", type=Day(), default=0, metavar="DAY", help="Only entries from this day on, YYYY-MM-DD.")
@click.option("--after", type=click.IntRange(0, 2**63 - 1), default=0, metavar="ENTRY",
              help="Only entries after this one: where the page before ended.")  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=PAGE, show_default=True, help="So many entries a page."
)
@json_option
@click.pass_context
def log_command(ctx: click.Context, since: int, after: int, limit: int, as_json: bool) -> None:
    """List the log's entries, oldest first, a page at a time, in plain words."""
    with app_and_store(ctx) as (_, store):
        rows = store_audit.audit_page(store, since=since, after=after, limit=limit + 1)
    told, more = audit_words.story(rows[:limit]), len(rows) > limit
    last = told[-1]["entry"] if more else None
    if as_json:
        print_json({"entries": told, "next": last})
        return
    for entry in told:
        click.echo(f"{entry['entry']}  {entry['about']}  {plain(entry['says'])}")
    if more:
        tell(f"There is more: nvqsync audit log --after {last}")
