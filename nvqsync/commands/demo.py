"""``demo``: the main job on an invented college, with nothing to set up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from pathlib import Path

import click

from nvqsync.clock import iso
from nvqsync.commands.tables import table
from nvqsync.demo import Cycle, Demo, Shown, first_pass, full_cycle, next_day, running, shown

HEADS = ("Qualification", "Learners", "Rule met", "Claims", "Blocked", "Certificated", "Waiting or returned")
CASE_HEADS = ("Shows", "Claims", "See claim", "How")

ACCOUNT = "exams"
"""Who signs in to the demo's pages: an approver who is nobody in its Moodle."""


@click.command("demo")
@click.option("--once", is_flag=True, help="One full cycle, a summary, and the end.")
@click.option("--cases", is_flag=True, help="As --once, and list what there is to see.")
@click.option("--learners", default=240, show_default=True, help="How many learners the invented college has.")
@click.option("--seed", default=1, show_default=True, help="Another number, another college.")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo-data"), show_default=True,
    help="Where settings, database and batch files go.",
)  # fmt: skip
def demo_command(once: bool, cases: bool, learners: int, seed: int, folder: Path) -> None:
    """See the main job at work on an invented college.

    Starts a simulated Moodle and a mock awarding-body portal on free loopback ports, reads the college, judges every
    learner, queues claims and serves the queue page. Runs until Ctrl-C; with --once it also approves what nothing
    blocks, exports, reconciles, lets a day pass, prints a summary and ends.

    Most of its learners are ordinary; some are there to show something: each gate stands on a claim, each declaration
    is asked for by one. --cases lists them, each with a claim to look up: 'nvqsync --config demo-data/nvqsync.toml
    claims show ID'.
    """
    with running(folder, learners=learners, seed=seed) as demo, demo.app.open_store() as store:
        if not once and not cases:
            first_pass(demo, store, click.echo)
            next_day(demo, store, click.echo)
            _stay(demo)
            return
        cycle = full_cycle(demo, store, click.echo)
        if cases:
            _print_cases(shown(demo.app, store, demo.players), demo)
        _print_summary(cycle)


def _print_cases(rows: Sequence[Shown], demo: Demo) -> None:
    click.echo()
    click.echo(table(CASE_HEADS, [(one.what, one.claims, one.look_at or "", one.says) for one in rows]))
    click.echo(f"\nLook one up: nvqsync --config {demo.config} claims show CLAIM")


def _print_summary(cycle: Cycle) -> None:
    click.echo()
    click.echo(table(HEADS, cycle.table))
    click.echo()
    for batch in cycle.exported.batches:
        click.echo(f"Batch {batch['id']}: {batch['claims']} claims, digest {batch['digest'][:12]}")
    told = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in cycle.by_status.items())
    click.echo(f"\nClaims: {told}.")
    click.echo("What there is to see, and on which claim: 'nvqsync demo --cases'.")
    click.echo("Done.")


def _stay(demo: Demo) -> None:
    """Serve the queue and keep reading the college until Ctrl-C or SIGTERM."""
    from contextlib import closing  # noqa: PLC0415

    from nvqsync.sync import run_pass  # noqa: PLC0415
    from nvqsync.web.app import WebServer  # noqa: PLC0415

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, frame: stop.set())
    with WebServer(demo.app, "127.0.0.1", demo.app.settings.web.port) as web:
        _print_places(demo, web.url, _let_in(demo))
        while not stop.wait(demo.app.settings.daemon.every_minutes * 60):
            with demo.app.open_store() as store, closing(demo.app.open_lms()) as lms:
                report = run_pass(demo.app, store, lms, by="demo")
            changed = sum(sum(course.changes.values()) for course in report.courses)
            click.echo(f"{iso(report.finished_at)}: pass {report.pass_id}, {changed} grades changed, claims "
                       + ", ".join(f"{n} {what}" for what, n in report.claims.items()))  # fmt: skip
    click.echo("Stopped.")


def _let_in(demo: Demo) -> str:
    """Make the demo's account, or give it another password; the password."""
    from nvqsync.centre import Account  # noqa: PLC0415
    from nvqsync.sign_in import account_keeping, passwords  # noqa: PLC0415
    from nvqsync.sign_in.accounts import Role  # noqa: PLC0415
    from nvqsync.storage import store_accounts  # noqa: PLC0415

    made_up = passwords.generated()
    with demo.app.open_store() as store:
        if store_accounts.find(store, ACCOUNT) is None:
            nobody_there = Account(ACCOUNT, "", no_lms_user=True)
            account_keeping.add(demo.app, store, nobody_there, Role.APPROVER, (), made_up, by="demo")
        else:
            account_keeping.set_password(demo.app, store, ACCOUNT, made_up, by="demo")
    return made_up


def _print_places(demo: Demo, web: str, password: str) -> None:
    config = demo.config
    click.echo(f"""
The claim queue:      {web}   (sign in as {ACCOUNT} with {password})
Grade by hand here:   {demo.moodle.url}/control
The mock portal:      {demo.portal.url}/books   (control: {demo.portal.control_url})

Try, in another terminal:
  nvqsync --config {config} centre show
  nvqsync --config {config} progress
  nvqsync --config {config} claims list --ready
  nvqsync --config {config} claims approve --all-ready --declare all --note "Seen."
  nvqsync --config {config} export
  nvqsync --config {config} reconcile

A pass runs every {demo.app.settings.daemon.every_minutes * 60:.0f} seconds. Ctrl-C stops everything.""")
