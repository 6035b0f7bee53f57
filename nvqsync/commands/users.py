"""``users``: who may open the pages, with which role, linked to whom in Moodle, and who is signed in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from nvqsync.bootstrap import actor
from nvqsync.centre import Account
from nvqsync.clock import iso
from nvqsync.commands.centre_telling import warn_of_strangers
from nvqsync.commands.common import app_and_store, json_option, print_json, tell
from nvqsync.commands.tables import table
from nvqsync.errors import InputError
from nvqsync.people import known_people, person
from nvqsync.sign_in import account_keeping, passwords
from nvqsync.sign_in.accounts import Role, SignIn, means
from nvqsync.storage import store_accounts, store_centre, store_lms

ROLE = click.Choice([role.value for role in Role])
course_option = click.option(
    "--course", "courses", multiple=True, metavar="COURSE", help="A viewer's course, by id or short name; repeatable."
)
password_option = click.option(
    "--password-stdin", "from_stdin", is_flag=True, help="Read the password from standard input, its first line."
)
generate_option = click.option("--generate", is_flag=True, help="Make a password up and print it, once.")
sso_option = click.option(
    "--sso",
    default="",
    metavar="NAME",
    help="What the college's sign-on calls them (oidc.claim): needs no password.",
)
moodle_option = click.option("--moodle", "lms_id", default="", metavar="ID", help="Their Moodle id or ID number.")
no_moodle_option = click.option("--no-moodle", is_flag=True, help="They have no Moodle account.")


@click.group("users")
def users_group() -> None:
    """Who may open the pages of 'nvqsync serve'.

    \b
    viewer    reads the claims of the courses given to them
    iqa       reads every claim, and records what was sampled and released
    approver  approves claims and records what became of them; sees ULN and date of birth
    admin     enters the centre's facts and looks after accounts; approves nothing

    Make the first admin here. The name is the one that stands in the audit log, for pages and for commands alike.
    """


@users_group.command("add")
@click.argument("name")
@click.option("--role", type=ROLE, required=True, help="What they may do: 'nvqsync users --help' tells.")
@course_option
@moodle_option
@no_moodle_option
@sso_option
@click.option("--no-password", is_flag=True, help="Only the college's own sign-on lets them in (web.user_header).")
@generate_option
@password_option
@click.pass_context
def add_command(
    ctx: click.Context, name: str, role: str, courses: tuple[str, ...], lms_id: str, no_moodle: bool, sso: str,
    no_password: bool, generate: bool, from_stdin: bool,
) -> None:  # fmt: skip
    """Make an account for NAME, and ask for its password.

    Say who they are in Moodle, or that they are nobody there: nobody approves what they assessed or verified, and an
    account of which that is not known approves nothing.

    \b
    nvqsync users add a.kaur --role approver --moodle 412
    nvqsync users add t.lead --role viewer --course CS-10 --moodle STAFF-7
    nvqsync users add m.reyes --role iqa --moodle 77 --sso m.reyes@exampleton.ac.uk
    """
    with app_and_store(ctx) as (app, store):
        people = known_people(store)
        on_record = store_centre.account(store, name)
        if not lms_id and not no_moodle and not (on_record and on_record.known):
            says = "Say who they are in Moodle: it decides what they may approve."
            raise InputError(says, "Add --moodle ID, or --no-moodle for somebody who has no account there.")
        account = Account(name, person(people, lms_id).lms_id, no_moodle)
        wanted = not no_password and (not sso or generate or from_stdin)
        secret = _password(generate, from_stdin) if wanted else ""
        account_keeping.add(app, store, account, Role(role), courses, secret, by=actor(), sso=sso)
        warn_of_strangers(people, account.lms_id)
    click.echo(f"{name} may sign in as {role}: {means(Role(role), courses)}.")
    _tell_password(secret if generate else "")


@users_group.command("list")
@json_option
@click.pass_context
def list_command(ctx: click.Context, as_json: bool) -> None:
    """List the accounts that sign in: role, courses, who they are in Moodle, when they last signed in."""
    with app_and_store(ctx) as (app, store):
        open_ones = [one.name for one in store_accounts.sessions(store, at=app.now())]
        found = [
            _document(one, store_centre.account(store, one.name), open_ones.count(one.name))
            for one in store_accounts.sign_ins(store)
        ]
        names = store_lms.course_names(store)
    if as_json:
        print_json(found)
    elif not found:
        click.echo("Nobody can sign in yet. Make the first account: nvqsync users add NAME --role admin --no-moodle")
    else:
        heads = ("Name", "Role", "Courses", "Moodle", "Signs in with", "Last signed in", "Sessions")
        click.echo(table(heads, [_row(one, names) for one in found]))


def _document(one: SignIn, account: Account | None, sessions: int) -> dict[str, Any]:
    return {
        "name": one.name, "role": one.role.value, "courses": sorted(one.courses),
        "moodle": (account.lms_id or None) if account else None, "no_moodle": bool(account and account.no_lms_user),
        "password": bool(one.password), "sso": one.sso or None, "disabled": one.disabled, "sessions": sessions,
        "created_at": iso(one.created_at), "signed_in_at": iso(one.signed_in_at) if one.signed_in_at else None,
    }  # fmt: skip


def _row(one: dict[str, Any], names: Mapping[str, str]) -> tuple[object, ...]:
    ways = [word for word, there in (("password", one["password"]), (one["sso"], one["sso"])) if there]
    way = "disabled" if one["disabled"] else " or ".join(ways) or "sign-on only"
    courses = ", ".join(sorted(names.get(course, course) for course in one["courses"]))
    everything = "all" if one["role"] != Role.VIEWER.value else courses or "none yet"
    seen = one["signed_in_at"] or "never"
    return (one["name"], one["role"], everything, one["moodle"] or "none", way, seen, one["sessions"])


@users_group.command("role")
@click.argument("name")
@click.argument("role", type=ROLE)
@course_option
@click.pass_context
def role_command(ctx: click.Context, name: str, role: str, courses: tuple[str, ...]) -> None:
    """Give NAME another role, or a viewer other courses: those named here take the place of the earlier ones."""
    with app_and_store(ctx) as (app, store):
        new = account_keeping.set_role(app, store, name, Role(role), courses, by=actor())
    click.echo(f"{new.name} is now {role}: {means(new.role, new.courses)}.")


@users_group.command("link")
@click.argument("name")
@moodle_option
@no_moodle_option
@click.pass_context
def link_command(ctx: click.Context, name: str, lms_id: str, no_moodle: bool) -> None:
    """Say who NAME is in Moodle, or that they are nobody there. The same as 'nvqsync centre account'."""
    if bool(lms_id) == no_moodle:
        raise click.UsageError("Give --moodle ID or --no-moodle.")
    with app_and_store(ctx) as (app, store):
        people = known_people(store)
        who = person(people, lms_id).lms_id
        account_keeping.link(app, store, name, who, by=actor())
        warn_of_strangers(people, who)
    click.echo(f"{name} is {f'Moodle user {who}' if who else 'recorded as having no Moodle account'}.")


@users_group.command("sso")
@click.argument("name")
@click.argument("sso", metavar="[SSO]", default="")
@click.option("--remove", is_flag=True, help="They no longer sign in that way.")
@click.pass_context
def sso_command(ctx: click.Context, name: str, sso: str, remove: bool) -> None:
    """Enter what the college's single sign-on calls NAME: the claim named in oidc.claim.

    Whoever first comes by that name is held to be them, and stays so if their name there changes. Entering it anew lets
    somebody else be first: for a name that the college gave to another person.
    """
    if bool(sso.strip()) == remove:
        raise click.UsageError("Give what the sign-on calls them, or --remove.")
    with app_and_store(ctx) as (app, store):
        new = account_keeping.set_sso(app, store, name, sso, by=actor())
    click.echo(f"{new.name} {'signs in as ' + new.sso if new.sso else 'no longer signs in'} by the college's sign-on.")


@users_group.command("disable")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let them sign in again.")
@click.pass_context
def disable_command(ctx: click.Context, name: str, undo: bool) -> None:
    """Stop NAME from signing in, and end their sessions at once. What they did stays in the audit log."""
    with app_and_store(ctx) as (app, store):
        ended = account_keeping.set_disabled(app, store, name, not undo, by=actor())
    stopped = f"{name} may no longer sign in; sessions ended: {ended}. To undo it: nvqsync users disable {name} --undo"
    click.echo(f"{name} may sign in again." if undo else stopped)


@users_group.command("password")
@click.argument("name")
@generate_option
@password_option
@click.pass_context
def password_command(ctx: click.Context, name: str, generate: bool, from_stdin: bool) -> None:
    """Give NAME a new password, and end their sessions."""
    with app_and_store(ctx) as (app, store):
        store_accounts.sign_in(store, name)
        secret = _password(generate, from_stdin)
        ended = account_keeping.set_password(app, store, name, secret, by=actor())
    click.echo(f"{name} has a new password; sessions ended: {ended}.")
    _tell_password(secret if generate else "")


@users_group.command("sessions")
@click.option("--user", "name", default="", help="Only those of this account.")
@click.option("--session", "number", type=click.IntRange(1, 2**63 - 1), help="With --revoke: only this one.")
@click.option("--revoke", is_flag=True, help="End them at once: all those that would be listed.")
@json_option
@click.pass_context
def sessions_command(ctx: click.Context, name: str, number: int | None, revoke: bool, as_json: bool) -> None:
    """List who is signed in, or with --revoke end their sessions at once."""
    with app_and_store(ctx) as (app, store):
        if name:
            store_accounts.sign_in(store, name)
        found = [one for one in store_accounts.sessions(store, at=app.now(), name=name) if number in (None, one.id)]
        if revoke:
            account_keeping.revoke(app, store, by=actor(), name=name, session=number or 0)
    documents = [
        {"session": one.id, "name": one.name, "began_at": iso(one.began_at), "seen_at": iso(one.seen_at),
         "ends_at": iso(one.ends_at)}
        for one in found
    ]  # fmt: skip
    if as_json:
        print_json(documents)
    elif not found:
        click.echo("Nobody is signed in.")
    else:
        heads = ("Session", "Name", "Began", "Last seen", "Ends at the latest")
        click.echo(table(heads, [tuple(one.values()) for one in documents]))
    if revoke:
        tell(f"{len(found)} ended.")


# ---------------------------------------------------------------- passwords


def _password(generate: bool, from_stdin: bool) -> str:
    """A new password: made up, read from standard input, or asked for twice."""
    if generate and from_stdin:
        raise click.UsageError("Give --generate or --password-stdin, not both.")
    if generate:
        return passwords.generated()
    if from_stdin:
        return sys.stdin.readline(1024).rstrip("\r\n")
    secret: str = click.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True)
    return secret


def _tell_password(made_up: str) -> None:
    if made_up:
        click.echo(f"Password: {made_up}\nIt is not shown again: pass it on in private, to be changed at '/account'.")
