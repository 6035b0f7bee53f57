"""``retention``: how long records are kept and why, erasing them after, and a person's own copy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import click

from nvqsync.bootstrap import App, actor
from nvqsync.commands.common import Counter, app_and_store, dry_run_option, json_option, print_json, tell
from nvqsync.commands.tables import table
from nvqsync.errors import InputError, UnknownName
from nvqsync.model import LmsMember
from nvqsync.people import find_learner
from nvqsync.record_keeping import anonymising, audit_words
from nvqsync.record_keeping.anonymising import Applied, Keeping
from nvqsync.record_keeping.retention import RULES
from nvqsync.storage import store_audit, store_lms, store_retention
from nvqsync.store import Store

yes_option = click.option("--yes", is_flag=True, help="Do not ask again. What is erased cannot be brought back.")


@click.group("retention")
def retention_group() -> None:
    """How long records are kept, and erasing them afterwards.

    Nothing under a claim is erased before the latest day the rules give: see 'nvqsync retention rules'. One learner's
    own copy, and erasing one who asks: 'nvqsync learner export' and 'nvqsync learner erase'.
    """


@retention_group.command("rules")
@json_option
def rules_command(*, as_json: bool) -> None:
    """List the rules that keep records, each with its source."""
    if as_json:
        print_json([{"id": rule.id, "says": rule.says, "source": rule.source} for rule in RULES])
    else:
        click.echo(table(("Rule", "Source", "Keeps"), [(rule.id, rule.source, rule.says) for rule in RULES]))


@retention_group.command("show")
@click.argument("learner", required=False)
@click.option("--due", is_flag=True, help="Only those whose records may be erased today.")
@json_option
@click.pass_context
def show_command(ctx: click.Context, learner: str | None, due: bool, as_json: bool) -> None:
    """Show until when each learner's records are kept, and by which rule, or every reason for one LEARNER."""
    with app_and_store(ctx) as (app, store):
        only = find_learner(store, learner).lms_id if learner else None
        found = anonymising.keeping(app, store, only)
        found = anonymising.over(app, found) if due else found
        people = {one.lms_id: one for one in store_lms.learners(store)}
    rows = [_keeping_json(app, one, people[one.records.learner_id]) for one in found]
    if as_json:
        print_json(rows)
        return
    if not rows:
        tell("Nobody: their records were anonymised, or nobody's time is over.")
    heads = ("ID number", "Name", "Claims", "May be erased from", "Rule", "Because", "Note")
    click.echo(table(heads, [_keeping_row(row) for row in rows]))
    if learner:
        for reason in (reason for row in rows for reason in row["reasons"]):
            click.echo(f"{reason['rule']}: {reason['says']}")


def _keeping_json(app: App, one: Keeping, who: LmsMember) -> dict[str, Any]:
    last = one.binding
    return {
        "learner": {"lms_id": who.lms_id, "id_number": who.id_number, "name": who.name},
        "claims": len(one.records.claims),
        "due": not last or not last.stands(app.today),
        "earliest": last.until.isoformat() if last and last.until else None,
        "rule": last.rule if last else None,
        "says": last.says if last else "Nothing was ever recorded.",
        "reasons": [
            {"rule": hold.rule, "until": hold.until and hold.until.isoformat(), "says": hold.says} for hold in one.holds
        ],
        "warning": one.warning or None,
    }


def _keeping_row(row: dict[str, Any]) -> tuple[object, ...]:
    day = row["earliest"] or ("today" if row["due"] else "no day yet")
    return (row["learner"]["id_number"], row["learner"]["name"], row["claims"], day, row["rule"], row["says"],
            "RET-3" if row["warning"] else None)  # fmt: skip


# ---------------------------------------------------------------- erasing


@retention_group.command("apply")
@dry_run_option
@yes_option
@json_option
@click.pass_context
def apply_command(ctx: click.Context, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Anonymise everyone whose records need be kept no longer. Look first: --dry-run.

    Names, numbers, dates of birth, grades, reasons and the words of the audit log go; the counts stay, and 'nvqsync
    audit verify' still holds. It may be stopped and started again at any time.
    """
    with app_and_store(ctx) as (app, store):
        due = [one.records.learner_id for one in anonymising.over(app, anonymising.keeping(app, store))]
        people = [one for one in store_lms.learners(store) if one.lms_id in set(due)]
        if dry_run:
            _print_due(people, as_json=as_json)
            return
        if due and not yes:
            click.confirm(f"Anonymise {len(due)} people? It cannot be undone.", abort=True, err=True)
        with Counter("Anonymised", len(due)) as counter:
            done = anonymising.apply(app, store, due, by=actor(), tick=counter)
    _print_applied(done, as_json=as_json)
    ctx.exit(0 if done.swept else 1)


def _print_due(people: Iterable[LmsMember], *, as_json: bool) -> None:
    rows = [{"lms_id": one.lms_id, "id_number": one.id_number, "name": one.name} for one in people]
    if as_json:
        print_json({"anonymised": [], "due": rows, "files": [], "swept": True})
        return
    click.echo(table(("ID number", "Name"), [(row["id_number"], row["name"]) for row in rows]))
    click.echo(f"{len(rows)} would be anonymised. Nothing was written (dry run).")


def _print_applied(done: Applied, *, as_json: bool) -> None:
    files = [str(file) for file in done.files]
    if as_json:
        print_json({"anonymised": list(done.anonymised), "due": [], "files": files, "swept": done.swept})
    else:
        click.echo(f"{len(done.anonymised)} anonymised.")
        for file in files:
            click.echo(f"Still names them, delete it or keep it safe: {file}")
    if done.anonymised:
        tell("Backups made before still hold them, until you delete those.")
    if not done.swept:
        tell("Another process has the database open, so what was deleted may still be read out of the file. "
             "Stop the service and run 'nvqsync retention apply' once more.")  # fmt: skip


@click.command("erase")
@click.argument("learner")
@click.option("--rule", required=True, help="What they asked or which rule applies. It stays in the log: no names.")
@dry_run_option
@yes_option
@json_option
@click.pass_context
def erase_command(ctx: click.Context, learner: str, rule: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Anonymise one LEARNER who asked for it.

    Refused before the rules allow it, with the reasons and the earliest day.
    """
    with app_and_store(ctx) as (app, store):
        who = find_learner(store, learner)
        if dry_run:
            for one in anonymising.keeping(app, store, who.lms_id):
                anonymising.refuse_early(app, one)
            _print_due([who], as_json=as_json)
            return
        for one in anonymising.keeping(app, store, who.lms_id) if not yes else ():
            anonymising.refuse_early(app, one)
            click.confirm(f"Anonymise {who.id_number or who.lms_id}? It cannot be undone.", abort=True, err=True)
        done = anonymising.erase(app, store, who.lms_id, by=actor(), rule=rule)
    _print_applied(done, as_json=as_json)
    ctx.exit(0 if done.swept else 1)


@retention_group.command("readmit")
@click.argument("learner")
@click.option("--why", required=True, help="The reason, for the audit log.")
@dry_run_option
@click.pass_context
def readmit_command(ctx: click.Context, learner: str, why: str, dry_run: bool) -> None:
    """Read LEARNER (Moodle id) again, who was anonymised and has come back. Their old records stay without a name."""
    with app_and_store(ctx) as (app, store):
        if learner not in store_retention.anonymised(store):
            raise UnknownName(
                f"Nobody with the Moodle id {learner} was anonymised.", "The report of a pass names them."
            )
        if not dry_run:
            store_retention.readmit(store, learner, why=why, actor=actor(), at=app.now())
    click.echo("Would be recorded (dry run)." if dry_run else "Recorded. 'nvqsync sync --full' reads them again.")


# ---------------------------------------------------------------- RET-3, and a person's own copy


@retention_group.command("asked")
@click.argument("learners", nargs=-1, required=True)
@click.option("--on", "day", metavar="DAY", help="The day they were asked, YYYY-MM-DD. Today without it.")
@dry_run_option
@click.pass_context
def asked_command(ctx: click.Context, learners: tuple[str, ...], day: str | None, dry_run: bool) -> None:
    """Record that LEARNERS were asked to keep their portfolio and assessment record for one year (RET-3)."""
    with app_and_store(ctx) as (app, store):
        on = _day(day, app.today)
        people = [find_learner(store, learner) for learner in dict.fromkeys(learners)]
        for who in () if dry_run else people:
            store_retention.record_request(store, who.lms_id, on, actor=actor(), at=app.now())
    dry = " Nothing was written (dry run)." if dry_run else ""
    click.echo(f"{len(people)} asked on {on}.{dry}")


def _day(text: str | None, today: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(text) if text else today
    except ValueError as error:
        raise InputError(f"{text!r} is no day.", "Write it as YYYY-MM-DD.") from error
    if day > today:
        raise InputError(f"{day} has not come yet.", "Record it once they were asked.")
    return day


@click.command("export")
@click.argument("learner")
@click.pass_context
def export_command(ctx: click.Context, learner: str) -> None:
    """Print everything stored about one LEARNER as JSON: their own copy.

    ULN and date of birth are in it: keep it safe.
    """
    with app_and_store(ctx) as (app, store):
        who = find_learner(store, learner)
        print_json(_copy(app, store, who))


def _copy(app: App, store: Store, who: LmsMember) -> dict[str, Any]:
    tables = dict(store_retention.everything_about(store, who.lms_id))
    subjects = [f"learner:{who.lms_id}", *(f"claim:{row['id']}" for row in tables["claims"])]
    kept = [_keeping_json(app, one, who) for one in anonymising.keeping(app, store, who.lms_id)]
    return {
        "learner": who.lms_id,
        "kept": kept[0] if kept else None,
        "records": tables,
        "audit": audit_words.story(store_audit.audit_story(store, *subjects)),
        "files": store_retention.batch_files(store, who.lms_id),
    }
