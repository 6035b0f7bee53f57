"""The manual page nvqsync.toml(5), written from the settings themselves: ``python -m distribution.settings_manual``.

Roff and day are as in ``distribution.manual``.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from distribution.manual import escaped, quoted, source_day, terms
from nvqsync import __version__
from nvqsync.settings import CREDENTIALS, Settings
from nvqsync.settings_example import fields

ABOUT = (
    "The settings of nvqsync are a TOML file, named by --config or by $NVQSYNC_CONFIG. The Debian package's services "
    "read /etc/nvqsync/nvqsync.toml. Paths in the file are relative to it. A key that does not exist stops the start, "
    "with file, line and the nearest key there is.",
    "What the environment says comes first: [moodle] url is NVQSYNC_MOODLE__URL, two underscores between table and "
    "key, lists and tables as JSON. Then come the credentials that systemd hands over, the file, and the default.",
    "'nvqsync settings example' prints a file with every setting; 'nvqsync settings show' prints what is in force, "
    "with secrets as stars; 'nvqsync doctor' looks whether it works.",
)
EXAMPLE = """\
database = "/var/lib/nvqsync/nvqsync.db"

[moodle]
url = "https://moodle.college.ac.uk"
token_file = "/etc/nvqsync/moodle-token"

[centre]
name = "Exampleton College"
"""


def _value(value: Any) -> str:
    """A default or example as it is typed in the file."""
    if isinstance(value, SecretStr):
        return '""'
    return json.dumps(value, ensure_ascii=False, default=str)


def _told(field: FieldInfo) -> str:
    """A setting's description, its default, and an example where that says more."""
    default = "No default." if field.default is None else f"Default: {_value(field.default)}."
    shown = f" Example: {_value(field.examples[0])}." if field.examples else ""
    return f"{field.description} {default}{shown}"


def settings() -> Iterator[str]:
    """Every setting under its table, as lists of terms."""
    listed = [(name.rpartition("."), field) for name, field in fields(Settings) if name != "connectors"]
    for table, members in groupby(listed, key=lambda one: one[0][0]):
        if table:
            yield f".SS {quoted(f'[{table}]')}"
            yield escaped(Settings.model_fields[table].description or "")
        yield from terms((name[2], _told(field)) for name, field in members)


def page(day: dt.date) -> str:
    """The whole manual page, dated ``day``."""
    credentials = ((name, f"Stands for {'.'.join(place)}.") for name, place in CREDENTIALS.items())
    parts = [
        f'.TH NVQSYNC.TOML 5 "{day}" "nvqsync {__version__}" "File Formats"',
        ".SH NAME", "nvqsync.toml \\- settings of nvqsync",
        ".SH DESCRIPTION", *(f".PP\n{escaped(paragraph)}" for paragraph in ABOUT),
        ".SH SETTINGS", *settings(),
        ".SS [connectors.NAME]", "Settings of a connector that an outside package brings.",
        ".SH CREDENTIALS",
        escaped("Files in $CREDENTIALS_DIRECTORY, which LoadCredential= of a unit puts there:"), *terms(credentials),
        ".SH EXAMPLE", ".nf", escaped(EXAMPLE), ".fi",
        ".SH FILES", *terms([("/etc/nvqsync/nvqsync.toml", "The settings of the services. For root and their user.")]),
        ".SH SEE ALSO", ".BR nvqsync (1),", "/usr/share/doc/nvqsync/docs/settings.md",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(source_day()))
