"""What the doctor says of the college's single sign-on: whether it answers, its keys, its clock, who may use it."""

from __future__ import annotations

from collections.abc import Iterator

from nvqsync.bootstrap import App
from nvqsync.errors import NvqsyncError
from nvqsync.findings import Finding, fail, ok, warn
from nvqsync.sign_in import sign_on
from nvqsync.storage import store_accounts


def single_sign_on(app: App) -> Iterator[Finding]:
    """The sign-on that the settings name, where they name one: nobody signs in, and no secret is sent."""
    oidc = app.settings.oidc
    if not oidc.issuer:
        return
    from nvqsync.sign_in.sign_on_client import SignOn  # noqa: PLC0415  (cryptography takes time that others need not spend)

    back_to = sign_on.call_back(app.settings.web.public_url)
    there = SignOn(oidc, back_to, app.now)
    try:
        there.provider()
        yield ok("oidc", f"The college's sign-on {oidc.issuer} answers. It has to send people back to {back_to}.")
        keys = len(there.keys().keys)
        yield ok("oidc.keys", f"It publishes {keys} key{'' if keys == 1 else 's'} that signatures are checked with.")
    except NvqsyncError as error:
        yield fail("oidc", error.says, error.next_step)
    yield from _clocks(app, there.their_clock)
    if not oidc.client_secret.get_secret_value():
        step = "Set oidc.client_secret_file, unless systemd hands it to the pages, or nvqsync is a public client there."
        yield warn("oidc.secret", "No secret for the college's sign-on was found here.", step)
    yield from _accounts(app)


def _clocks(app: App, theirs: int | None) -> Iterator[Finding]:
    if theirs is None:
        return
    apart = abs(theirs - app.now())
    if apart > sign_on.LEEWAY:
        says = f"The clocks of this machine and of the college's sign-on are {apart} seconds apart."
        yield fail("oidc.clock", f"{says} Nobody can sign in by it.", "Set both by a time service; see 'timedatectl'.")
    else:
        yield ok("oidc.clock", "The clocks of this machine and of the college's sign-on agree.")


def _accounts(app: App) -> Iterator[Finding]:
    """Whether anybody can get in that way. A database that cannot be read has a line of its own."""
    if not app.settings.database.is_file():
        return
    try:
        with app.open_store(read_only=True) as store:
            named = sum(bool(one.sso) and not one.disabled for one in store_accounts.sign_ins(store))
    except (NvqsyncError, OSError):
        return
    if named:
        yield ok("oidc.accounts", f"Accounts that sign in by it: {named}.")
    else:
        yield warn("oidc.accounts", "No account has a name at the college's sign-on.", "See 'nvqsync users sso'.")
