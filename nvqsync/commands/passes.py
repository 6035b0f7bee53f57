"""``sync``, ``run`` and ``status``: reading the LMS, once or for ever."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import click

from nvqsync.bootstrap import actor
from nvqsync.clock import iso
from nvqsync.commands.common import Ticker, app_and_store, app_of, json_option, print_json, tell
from nvqsync.commands.tables import plain, table
from nvqsync.errors import InputError, UnknownName
from nvqsync.passes.rotation import OLDEST
from nvqsync.people import find_learner
from nvqsync.storage import store_claims, store_lms
from nvqsync.storage.store_claim_search import Question, search
from nvqsync.storage.store_watching import oldest_roster
from nvqsync.store import Store
from nvqsync.sync import PassReport, run_pass

MANY = 20


@click.command("sync")
@json_option
@click.option("--course", "courses", multiple=True, help="Only this course (id or short name). May be repeated.")
@click.option("--learner", "learners", multiple=True, help="Only this learner (Moodle ID number or id), everything.")
@click.option("--full", is_flag=True, help="Read everything anew, and tell what the quick passes missed.")
@click.option("--since", metavar="DAY", help="Read grades changed since this day (2026-11-01) or moment again.")
@click.option("--accept-vanished", multiple=True, metavar="COURSE", help="This course was really emptied: go on.")
@click.pass_context
def sync_command(
    ctx: click.Context, as_json: bool, courses: tuple[str, ...], learners: tuple[str, ...], full: bool,
    since: str | None, accept_vanished: tuple[str, ...],
) -> None:  # fmt: skip
    """Make one pass over the followed courses.

    Reads what changed in learners, assignments and grades, judges whom it concerns, and brings the claim queue in line.
    Safe to repeat: a pass that finds nothing new changes nothing. Exit status 1 means that something needs a person;
    see the report.
    """
    with app_and_store(ctx) as (app, store):
        moment = parse_moment(since, app.now()) if since else None
        some = [find_learner(store, learner).lms_id for learner in learners] or None
        lms = app.open_lms()
        try:
            with Ticker("courses read") as tick:
                report = run_pass(app, store, lms, by=actor(), accept_vanished=accept_vanished, only=courses,
                                  learners=some, full=full, since=moment, tell=tick)  # fmt: skip
        finally:
            lms.close()
    if as_json:
        print_json(report.as_json())
    else:
        print_report(report)
    ctx.exit(report.exit_status)


def parse_moment(text: str, now: int) -> int:
    """Seconds since 1970 for a day or moment in ISO form that is not to come; a day begins at midnight in London.

    Raises ``InputError``.
    """
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is no day or moment.", "Write it like 2026-11-01 or 2026-11-01T08:30.") from None
    at = int((moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Europe/London"))).timestamp())
    if at > now:
        raise InputError(f"{text} is still to come.", "Give a day or moment from which grades are to be read again.")
    return at


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
                click.echo(plain(f"  {notice.code}: {notice.says}"))
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

    SIGHUP reads the settings anew and makes a pass at once, in quiet hours too. After a pass that failed the pause is
    longer; what needs a person is told as [alerts] in the settings says. One daemon a database; a second one refuses,
    naming the first. Meant to be started by systemd: see
    'nvqsync install-service'.
    """
    from nvqsync.daemon import run  # noqa: PLC0415  (signal handling is only wanted here)

    ctx.exit(run(app_of(ctx), lambda: app_of(ctx)))


@click.command("status")
@json_option
@click.option("--courses", "show_courses", is_flag=True, help="Show from where each course's reading goes on.")
@click.option("--rewind", metavar="COURSE", help="Put this course's bookmarks back, so that more of it is read again.")
@click.option("--to", metavar="DAY", help="With --rewind: back to this day (2026-11-01); without it, to the start.")
@click.pass_context
def status_command(
    ctx: click.Context, as_json: bool, show_courses: bool, rewind: str | None, to: str | None
) -> None:  # fmt: skip
    """When the last passes ran, what they found, how fresh the rosters are, and how many claims are where."""
    if to and not rewind:
        raise click.UsageError("--to says how far --rewind goes back: name the course with --rewind as well.")
    with app_and_store(ctx) as (app, store):
        if rewind:
            _rewind(store, rewind, parse_moment(to, app.now()) if to else None)
        passes = store_lms.latest_passes(store, 5)
        counts = store_claims.count_by_status(store)
        recalls = search(store, Question(recalls=True))
        reading = _reading_json(store, app.now())
    if as_json:
        print_json({"passes": [_pass_json(row) for row in passes], "claims": counts, "reading": reading})
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
    _print_reading(reading, show_courses=show_courses or bool(rewind))
    click.echo(table(("Claims", "How many"), [(name.replace("_", " "), count) for name, count in counts.items()]))
    if recalls:
        tell(f"{len(recalls)} recalled or without grounds after they had gone: 'nvqsync claims list --recalls'.")


READ = ("grades", "roster", "numbers", "gradebook")
"""What bookmarks are shown of."""


def _reading_json(store: Store, now: int) -> dict:  # type: ignore[type-arg]
    marks = store_lms.bookmarks(store)
    names = {course.lms_id: course.short_name for course in store_lms.courses(store)}
    oldest = oldest_roster(store)
    return {
        "oldest_roster_at": iso(oldest),
        "oldest_roster_hours": None if oldest is None else round((now - oldest) / 3600, 1),
        "courses": [
            {"id": course, "short_name": names[course]} | {what: iso(found.get(what)) for what in READ}
            for course, found in sorted(marks.items(), key=lambda one: names.get(one[0], "")) if course in names
        ],
    }  # fmt: skip


def _print_reading(reading: dict, *, show_courses: bool) -> None:  # type: ignore[type-arg]
    if reading["oldest_roster_at"]:
        hours = reading["oldest_roster_hours"]
        late = " No pass has run for too long." if hours > OLDEST / 3600 else ""
        click.echo(f"Every roster and ID number was read since {reading['oldest_roster_at']} ({hours} hours).{late}\n")
    if show_courses:
        rows = [(c["id"], c["short_name"], *(c[what] for what in READ)) for c in reading["courses"]]
        click.echo(table(("Course", "Name", "Grades", "Roster", "ID numbers", "Gradebook"), rows) + "\n")


def _rewind(store: Store, course: str, to: int | None) -> None:
    found = [known for known in store_lms.courses(store) if course in {known.lms_id, known.short_name}]
    if not found:
        raise UnknownName(f"No course {course} has been read.", "'nvqsync status --courses' lists them.")
    store_lms.rewind(store, found[0].lms_id, to)


def _pass_json(row: dict) -> dict:  # type: ignore[type-arg]
    return {
        "pass": row["id"],
        "started_at": iso(row["started_at"]),
        "finished_at": iso(row["finished_at"]),
        "outcome": row["outcome"],
        "problems": len(row["report"].get("problems", [])),
    }
