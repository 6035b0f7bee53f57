"""What the doctor says of the settings: whether a file is named, and who may read the secrets in it or beside it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from nvqsync.findings import Finding, ok, warn
from nvqsync.settings import Settings


def settings_file(path: Path | None, settings: Settings) -> Iterator[Finding]:
    """The settings file that was read, and whether secrets in it are open to others."""
    if path is None:
        says = "No settings file is named: only defaults and the environment are in force."
        yield warn("settings", says, "'nvqsync settings example' prints one; name it with --config or $NVQSYNC_CONFIG.")
        return
    yield ok("settings", f"{path} is read and makes sense.")
    secrets = {"moodle.token": settings.moodle.token, "portal.credential": settings.portal.credential,
               "alerts.smtp_password": settings.alerts.smtp_password,
               "alerts.webhook_url": settings.alerts.webhook_url,
               "oidc.client_secret": settings.oidc.client_secret}  # fmt: skip
    text = path.read_text(encoding="utf-8")
    inside = [name for name, secret in secrets.items() if (value := secret.get_secret_value()) and value in text]
    if inside and (close := to_close(path)):
        says = f"{path} holds {' and '.join(inside)} and may be read by others than its owner."
        yield warn("settings.secrets", says, f"{close}, or move secrets into files of their own.")
    apart = {"moodle.token_file": settings.moodle.token_file, "portal.credential_file": settings.portal.credential_file,
             "alerts.smtp_password_file": settings.alerts.smtp_password_file,
             "alerts.webhook_url_file": settings.alerts.webhook_url_file,
             "oidc.client_secret_file": settings.oidc.client_secret_file}  # fmt: skip
    for name, file in apart.items():
        if file and (close := to_close(file)):
            yield warn(f"settings.{name}", f"{file} holds a secret and may be read by others than its owner.", close)


def to_close(path: Path) -> str:
    """What to type so that a file with secrets is no longer open to others, or ``""``.

    One that is root's may be read by its group: so the service reads settings that it cannot change.
    """
    try:
        found = path.stat()
    except OSError:
        return ""
    who = "go" if found.st_uid else "o"
    open_to = stat.S_IROTH | (stat.S_IRGRP if found.st_uid else 0)
    return f"chmod {who}-rwx {path}" if found.st_mode & open_to else ""
