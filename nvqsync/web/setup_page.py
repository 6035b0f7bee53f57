"""What is not yet set up, and how to do it, told step by step. Reads; never writes, and asks no other machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nvqsync.bootstrap import App
from nvqsync.errors import NvqsyncError
from nvqsync.findings import Finding, Status
from nvqsync.health import doctor
from nvqsync.storage import store_accounts, store_centre
from nvqsync.store import Store
from nvqsync.web import office_queries


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is, whether it is done, and what is left of it as pairs of what and how."""

    title: str
    done: bool
    to_do: tuple[tuple[str, str], ...] = ()
    says: str = ""


def steps(app: App, store: Store | None) -> tuple[Step, ...]:
    """Every step in the order in which they depend on each other. ``store`` is ``None`` before the first pass."""
    return (*_before(app), *(_after(app, store) if store else _unbegun()))


def _before(app: App) -> Iterator[Step]:
    moodle = app.settings.moodle
    if app.settings.lms == "moodle":
        yield Step(
            "Say where Moodle is", bool(moodle.url),
            (("Print a settings file, enter moodle.url in it, and name it with --config or $NVQSYNC_CONFIG.",
              "nvqsync settings example > nvqsync.toml"),),
            moodle.url,
        )  # fmt: skip
        yield Step(
            "Give it a token", bool(moodle.token.get_secret_value()),
            (("Make the service account and its role in Moodle as docs/connect-moodle.md says.", "nvqsync moodle role"),
             ("Enter moodle.token_file: a file, readable by nvqsync alone, that holds the token.", "nvqsync doctor")),
        )  # fmt: skip
    yield _told("A folder for what goes out", list(doctor.folders(app.settings)))


def _unbegun() -> Iterator[Step]:
    yield _first_account(False)
    yield Step("Make the first pass", False, (("Read the courses and make the database.", "nvqsync sync"),))
    yield Step(
        "Say what the courses stand for", False, (("See what is mapped and what is not.", "nvqsync mapping check"),)
    )
    yield Step(
        "Say who you are to the awarding bodies", False,
        (("See what claims wait for: numbers, approvals, end dates, staff.", "nvqsync centre show"),),
    )  # fmt: skip
    yield Step(
        "Import the registrations", False,
        (("Bring in who is registered with which body.", "nvqsync registrations import FILE.csv"),),
    )  # fmt: skip


def _after(app: App, store: Store) -> Iterator[Step]:
    yield _first_account(store_accounts.anybody(store))
    yield _told("Make passes", list(doctor.passes(app, store)))
    found = list(doctor.mapping(app, store))
    yield _told("Say what the courses stand for", [one for one in found if not one.id.startswith("centre.")])
    yield _told("Say who you are to the awarding bodies", [one for one in found if one.id.startswith("centre.")])
    yield _registrations(app, store)
    yield _accounts(store)


def _first_account(done: bool) -> Step:
    return Step(
        "Make the first account", done,
        (("It asks for a password, and may then give everybody else theirs.",
          "nvqsync users add NAME --role admin --no-moodle"),
         ("People who approve claims need an account of their own.", "nvqsync users add --help")),
    )  # fmt: skip


def _told(title: str, findings: Sequence[Finding]) -> Step:
    """A step out of what the doctor found: done where nothing needs anybody."""
    left = [(one.says, one.next_step) for one in findings if one.status is not Status.OK]
    says = " ".join(one.says for one in findings if one.status is Status.OK)
    return Step(title, not left and bool(findings), tuple(left), says)


def _registrations(app: App, store: Store) -> Step:
    """Whether each followed qualification has registrations."""
    title = "Import the registrations"
    have = office_queries.registered_by_qualification(store)
    try:
        followed = {named for _, named in app.reader(store).qualifications() if named}
    except NvqsyncError as error:
        return Step(title, False, ((error.says, error.next_step),))
    left = tuple(
        (f"Nobody is registered for {one}.", "nvqsync registrations import FILE.csv")
        for one in sorted(followed - set(have))
    )
    if not have:
        left = (("No registration is recorded.", "nvqsync registrations template"), *left)
    return Step(title, not left, left, f"{sum(have.values()):,} are recorded." if have else "")


def _accounts(store: Store) -> Step:
    """Whether it is on record who approves: without that nobody can."""
    known = [one for one in store_centre.read(store).accounts if one.known]
    how = "Say who each account is in Moodle, so that nobody approves what they assessed."
    names = ", ".join(one.name for one in known)
    return Step(
        "Say who approves",
        bool(known),
        ((how, "nvqsync centre account --help"),),
        f"On record: {names}." if known else "",
    )
