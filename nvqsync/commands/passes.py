"""``sync``, ``run`` and ``status``: reading the LMS, once or for ever."""

from __future__ import annotations

import click

from nvqsync import store_claims, store_lms
from nvqsync.bootstrap import actor
from nvqsync.clock import iso
from nvqsync.commands.common import Ticker, app_and_store, app_of, json_option, print_json, tell
from nvqsync.commands.tables import table
from nvqsync.sync import PassReport, run_pass

MANY = 20


@click.command("sync")
@json_option
@click.option("--course", "courses", multiple=True, help="Only this course (id or short name). May be repeated.")
@click.option("--accept-vanished", multiple=True, metavar="COURSE", help="This course was really emptied: go on.")
@click.pass_context
def sync_command(ctx: click.Context, as_json: bool, courses: tuple[str, ...], accept_vanished: tuple[str, ...]) -> None:
    """Make one pass over the followed courses.

    Reads learners, assignments and grades, judges every learner, and brings the claim queue in line. Safe to repeat: a
    pass that finds nothing new changes nothing. Exit status 1 means that something needs a person; see the report.
    """
    with app_and_store(ctx) as (app, store):
        lms = app.open_lms()
        try:
            with Ticker("courses read") as tick:
                report = run_pass(app, store, lms, by=actor(), accept_vanished=accept_vanished, only=courses, tell=tick)
        finally:
            lms.close()
    if as_json:
        print_json(report.as_json())
    else:
        print_report(report)
    ctx.exit(report.exit_status)


def print_report(report: PassReport) -> None:
    """A pass report as a person reads it."""
    heads = ("Course", "Qualification", "Learners", "Items", "Grades", "New", "Changed", "Gone", "Read")
    click.echo(table(heads, [_course_row(course.as_json()) for course in report.courses]))
    made = ", ".join(f"{count} {what}" for what, count in report.claims.items())
    click.echo(f"\nPass {report.pass_id}: claims {made}.")
    for heading, notices in (("Needs a person", report.problems), ("Worth knowing", _notes(report))):
        if notices:
            click.echo(f"\n{heading} ({len(notices)}):")
            for notice in notices[:MANY]:
                click.echo(f"  {notice.code}: {notice.says}")
            if len(notices) > MANY:
                click.echo(
                    f"  ... and {len(notices) - MANY} more: see 'nvqsync sync --json' or 'nvqsync mapping check'."
                )


def _notes(report: PassReport) -> list:  # type: ignore[type-arg]
    return [notice for notice in report.notices if notice.severity != "problem"]


def _course_row(course: dict) -> tuple[object, ...]:  # type: ignore[type-arg]
    keys = ("short_name", "qualification", "learners", "items", "grades", "appeared", "altered", "vanished")
    return (*(course[key] for key in keys), "yes" if course["read"] else "NO")


@click.command("run")
@click.pass_context
def run_command(ctx: click.Context) -> None:
    """Run as a service: a pass at once and then every few minutes, until SIGTERM.

    One daemon a database; a second one refuses, naming the first. Meant to be started by systemd: see systemd/.
    """
    from nvqsync.daemon import run  # noqa: PLC0415  (signal handling is only wanted here)

    ctx.exit(run(app_of(ctx)))


@click.command("status")
@json_option
@click.pass_context
def status_command(ctx: click.Context, as_json: bool) -> None:
    """When the last passes ran, what they found, and how many claims are where."""
    with app_and_store(ctx) as (_, store):
        passes = store_lms.latest_passes(store, 5)
        counts = store_claims.count_by_status(store)
    if as_json:
        print_json({"passes": [_pass_json(row) for row in passes], "claims": counts})
        return
    if not passes:
        tell("No pass has run yet. Start one with 'nvqsync sync'.")
    rows = [
        (row["id"], iso(row["started_at"]), row["outcome"], len(row["report"].get("courses", [])),
         len(row["report"].get("problems", [])))
        for row in passes
    ]  # fmt: skip
    click.echo(table(("Pass", "Started", "Outcome", "Courses", "Problems"), rows))
    click.echo()
    click.echo(table(("Claims", "How many"), [(name.replace("_", " "), count) for name, count in counts.items()]))


def _pass_json(row: dict) -> dict:  # type: ignore[type-arg]
    return {
        "pass": row["id"],
        "started_at": iso(row["started_at"]),
        "finished_at": iso(row["finished_at"]),
        "outcome": row["outcome"],
        "problems": len(row["report"].get("problems", [])),
    }
