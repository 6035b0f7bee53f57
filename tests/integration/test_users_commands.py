"""``nvqsync users``: accounts made and changed from the command line, and who is signed in."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from nvqsync.centre import Account
from nvqsync.cli import main
from nvqsync.sign_in.passwords import fits
from nvqsync.storage import store_accounts, store_centre
from nvqsync.store import Store

PASSWORD = "correct horse battery\n"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "nvqsync.db"


def run(database: Path, *arguments: str, typed: str = "", status: int = 0) -> str:
    """One command as a person types it; answers what it printed, errors included."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(said), redirect_stderr(said):
        patched.setenv("NVQSYNC_DATABASE", str(database))
        patched.setenv("NVQSYNC_ACTOR", "j.lister")
        patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        found = main(("users", *arguments))
    assert found == status, said.getvalue()
    return said.getvalue()


def test_the_first_admin(database: Path) -> None:
    """On an empty database: one command, a password from standard input, and the account is one of the centre's."""
    assert "Nobody can sign in yet" in run(database, "list")
    add = ("add", "a.admin", "--role", "admin", "--no-moodle", "--password-stdin")
    assert "may sign in as admin" in run(database, *add, typed=PASSWORD)
    with Store(database) as store:
        made = store_accounts.sign_in(store, "A.Admin")
        assert fits(PASSWORD.strip(), made.password) and not fits(PASSWORD, made.password)
        assert store_centre.account(store, "a.admin") == Account("a.admin", "", True)
    assert "has an account already" in run(database, *add, typed=PASSWORD, status=2)


@pytest.mark.parametrize(
    ("arguments", "typed", "says"),
    [
        (("add", "x", "--role", "admin", "--password-stdin"), PASSWORD, "--no-moodle"),
        (("add", "x y", "--role", "admin", "--no-moodle", "--password-stdin"), PASSWORD, "account's name"),
        (("add", "x", "--role", "admin", "--no-moodle", "--password-stdin"), "short\n", "shorter than 12"),
        (("add", "x", "--role", "boss", "--no-moodle"), "", "Invalid value"),
        (("add", "x", "--role", "viewer", "--course", "9", "--no-moodle", "--generate"), "", "There is no course '9'"),
        (("add", "x", "--role", "iqa", "--course", "9", "--no-moodle", "--generate"), "", "sees every course"),
        (("role", "nobody", "iqa"), "", "There is no account 'nobody'"),
        (("disable", "nobody"), "", "There is no account 'nobody'"),
        (("password", "nobody", "--generate"), "", "There is no account 'nobody'"),
        (("link", "nobody", "--no-moodle"), "", "There is no account 'nobody'"),
        (("link", "nobody"), "", "Give --moodle ID or --no-moodle"),
        (("sessions", "--user", "nobody"), "", "There is no account 'nobody'"),
    ],
)
def test_what_cannot_be_is_refused(database: Path, arguments: tuple[str, ...], typed: str, says: str) -> None:
    """Exit status 2, what is wrong and what to do; nobody can sign in afterwards."""
    assert says in " ".join(run(database, *arguments, typed=typed, status=2).split())
    assert run(database, "list", "--json").strip() == "[]"


def test_a_life_of_an_account(database: Path) -> None:
    """Made, linked, promoted, given a password, disabled and let in again: each is listed, and in the audit log."""
    told = run(database, "add", "a.kaur", "--role", "viewer", "--moodle", "412", "--generate")
    password = told.partition("Password: ")[2].split()[0]
    run(database, "role", "a.kaur", "approver")
    run(database, "link", "a.kaur", "--no-moodle")
    with Store(database) as store:
        assert fits(password, store_accounts.sign_in(store, "a.kaur").password)
        with store.writing():
            store_accounts.open_session(store, "a.kaur", "token", at=0, ends_at=2**32)
    listed = json.loads(run(database, "sessions", "--json"))
    assert [(one["session"], one["name"]) for one in listed] == [(1, "a.kaur")]
    assert "0 ended" in run(database, "sessions", "--revoke", "--session", "9")
    assert "1 ended" in run(database, "sessions", "--revoke", "--user", "a.kaur")
    assert "Nobody is signed in" in run(database, "sessions")
    assert "no longer sign in" in run(database, "disable", "a.kaur")
    assert json.loads(run(database, "list", "--json"))[0] | {"created_at": ""} == {
        "name": "a.kaur", "role": "approver", "courses": [], "moodle": None, "no_moodle": True, "password": True,
        "sso": None, "disabled": True, "sessions": 0, "created_at": "", "signed_in_at": None,
    }  # fmt: skip
    run(database, "disable", "a.kaur", "--undo")
    run(database, "password", "a.kaur", "--password-stdin", typed="three new words\n")
    with Store(database) as store:
        assert fits("three new words", store_accounts.sign_in(store, "a.kaur").password)
        rows = store.rows("SELECT actor, action FROM audit WHERE subject = 'account:a.kaur' ORDER BY id")
    assert [row["action"] for row in rows] == [
        "added", "role-changed", "sessions-ended", "disabled", "enabled", "password-set",
    ]  # fmt: skip
    assert {row["actor"] for row in rows} == {"j.lister"}


def test_a_name_at_the_colleges_sign_on(database: Path) -> None:
    """Made with it no password is asked for; it is changed, removed, and belongs to one account."""
    run(database, "add", "i.quality", "--role", "iqa", "--no-moodle", "--sso", "i.q@exampleton.ac.uk")
    run(database, "add", "a.admin", "--role", "admin", "--no-moodle", "--password-stdin", typed=PASSWORD)
    taken = run(database, "sso", "a.admin", "I.Q@exampleton.ac.uk", status=2)
    assert "The account i.quality has that name" in taken
    assert "no longer signs in" in run(database, "sso", "i.quality", "--remove")
    run(database, "sso", "a.admin", "I.Q@exampleton.ac.uk")
    listed = {one["name"]: one for one in json.loads(run(database, "list", "--json"))}
    assert {name: (one["sso"], one["password"]) for name, one in listed.items()} == {
        "i.quality": (None, False),
        "a.admin": ("I.Q@exampleton.ac.uk", True),
    }
    assert "password or I.Q@exampleton.ac.uk" in run(database, "list")
    assert "--remove" in run(database, "sso", "a.admin", status=2)
