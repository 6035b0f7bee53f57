"""``claims record``: what people did and heard outside nvqsync, one by one or from a sheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from nvqsync.bootstrap import actor
from nvqsync.commands.bulk import INTERRUPTED, MANY, work_through
from nvqsync.commands.common import app_of, dry_run_option, json_option, print_json, read_text, tell
from nvqsync.commands.tables import plain, table
from nvqsync.errors import InputError
from nvqsync.handover.hand_records import COLUMNS, WORDS, Record, Sheet, read_sheet, template
from nvqsync.handover.recording import Recorded, record_all
from nvqsync.registrations import read_day

LARGEST = 16 * 2**20
EVENT = click.Choice(WORDS, case_sensitive=False)


@click.command("record")
@click.argument("event", type=EVENT, metavar="EVENT", required=False)
@click.argument("claims", nargs=-1)
@click.option("--on", metavar="DAY", help="The day it happened, 2026-11-20 or 20/11/2026; today without it.")
@click.option("--reference", default="", help="The portal's reference.")
@click.option("--certificate", default="", help="The certificate's number; one claim only.")
@click.option("--provisional/--not-provisional", default=None,
              help="Whether a visit has still to confirm the certificate; else as the rules say.")  # fmt: skip
@click.option("--words", "--why", default="", help="The body's words, or the reason: kept as they are.")
@click.option("--who", default="", help="Who did it; without it, whoever runs this.")
@click.option("--file", "file", type=click.Path(path_type=Path), help="A CSV sheet of records in place of arguments.")
@click.option("--template", "show_template", is_flag=True, help="Print the columns of the sheet and nothing else.")
@click.option("--correct", is_flag=True, help="Put something else in place of what is recorded; --words says why.")
@dry_run_option
@json_option
@click.pass_context
def record_command(
    ctx: click.Context, /, event: str | None, claims: tuple[str, ...], file: Path | None, show_template: bool,
    correct: bool, dry_run: bool, as_json: bool, provisional: bool | None, **told: str | None,
) -> None:  # fmt: skip
    """Record what happened to claims outside nvqsync. CLAIMS are numbers or keys.

    \b
    EVENT is one of:
      keyed         typed into the portal by hand   exported -> submitted
      acknowledged  the portal has it               -> acknowledged
      awaiting      waits for the body's EQA        -> awaiting authorisation
      authorised    the body's EQA authorised it    -> acknowledged
      certificated  --certificate NUMBER            -> certificated
      returned      --words, as the body says it    -> returned
      recalled      --words: asked the body to stop -> recalled
      revoked       --words: the certificate is     -> revoked
      received      the certificate arrived here
      handed_over   the learner has it
      confirmed     a visit confirmed a provisional certificate

    The same record again changes nothing. In bulk: --template prints the columns of a sheet, --file reads one.
    """
    if show_template:
        click.echo(template(), nl=False)
        tell(table(("Column", "What goes into it"), list(COLUMNS.items())))
        return
    app = app_of(ctx)
    if file is not None and event is None:
        sheet = read_sheet(read_text(file, LARGEST), app.today, read_day)
    elif event is not None and claims and file is None:
        sheet = _typed(event, claims, told, provisional, app.today)
    else:
        raise click.UsageError("Give EVENT and the claims, or --file with a sheet.")
    with app.open_store() as store:
        slices = record_all(app, store, sheet.records, by=actor(), correct=correct, dry_run=dry_run)
        done, whole = work_through(slices, len(sheet.records), "Recording")
    refused = {one.record.line: " ".join(one.refused.split()) for one in done if one.refused and one.record.line}
    errors = sheet.errors | refused
    if as_json:
        print_json(_document(done, errors))
    else:
        _print(done, errors, file, dry_run)
    failed = bool(errors) or any(one.refused for one in done)
    ctx.exit(INTERRUPTED if not whole else 1 if failed else 0)


def _typed(
    event: str, claims: Sequence[str], told: Mapping[str, str | None], provisional: bool | None, today: dt.date
) -> Sheet:
    """What the arguments of the command say, as a sheet of records. Raises ``InputError``."""
    on = read_day(told["on"]) if told["on"] else today
    reference, certificate, words, who = (told[name] or "" for name in ("reference", "certificate", "words", "who"))
    records = [
        Record(claim, event, on, reference, certificate, words, who, provisional=provisional)
        for claim in dict.fromkeys(claims)
    ]
    if told["certificate"] and len(records) > 1:
        raise InputError("A certificate's number belongs to one claim.", "Record several with --file.")
    for record in records:
        record.check(today)
    return Sheet(records)


def _document(done: list[Recorded], errors: dict[int, str]) -> dict[str, Any]:
    return {
        "recorded": [
            {"claim": one.claim.id if one.claim else None, "event": one.record.word,
             "status": one.claim.status.value if one.claim else None, "changed": one.changed,
             "refused": one.refused or None, "line": one.record.line or None}
            for one in done
        ],
        "errors": [{"line": line, "says": says} for line, says in sorted(errors.items())],
    }  # fmt: skip


def _print(done: list[Recorded], errors: dict[int, str], file: Path | None, dry_run: bool) -> None:
    for one in done if file is None else ():
        click.echo(plain(f"Claim {one.claim.id if one.claim else one.record.claim}: {_outcome(one, dry_run)}"))
    if file is not None:
        changed = sum(one.changed for one in done)
        dry = " Nothing was written (dry run)." if dry_run else ""
        click.echo(
            f"{changed} recorded, {sum(not one.changed and not one.refused for one in done)} known already.{dry}"
        )
        for line, says in sorted(errors.items())[:MANY]:
            tell(plain(f"{file.name}, line {line}: {says}"))
        if len(errors) > MANY:
            tell(f"... and {len(errors) - MANY} more lines that cannot be used: see them all with --json.")


def _outcome(one: Recorded, dry_run: bool) -> str:
    if one.refused:
        return f"not done. {one.refused}"
    if not one.changed:
        return f"recorded already ({one.record.word.replace('_', ' ')})"
    return f"{'would record' if dry_run else 'recorded'} {one.record.word.replace('_', ' ')}"
