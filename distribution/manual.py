"""The manual page nvqsync(1), written from the program's own help: ``python -m distribution.manual``.

It is in the roff of man(7). The day in its foot is that of ``$SOURCE_DATE_EPOCH`` (seconds since 1970), else today's:
one source gives one page.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator

import click

from nvqsync import __version__
from nvqsync.cli import program

EXITS = (
    ("0", "Done."),
    ("1", "Done, with problems reported."),
    ("2", "Usage or settings: a person has to correct something."),
    ("3", "The LMS or the portal refused, or could not be reached."),
    ("130", "Stopped by Ctrl-C; what was done so far is kept."),
)
ENVIRONMENT = (
    ("NVQSYNC_CONFIG", "The settings file, where --config names none."),
    ("NVQSYNC_ACTOR", "Who is acting, for the audit log; else the system account."),
    ("NVQSYNC_TRACE_PLUGINS", "1 prints every hook call and its answers on standard error."),
    ("CREDENTIALS_DIRECTORY", "Where systemd hands over the Moodle token and a portal's credential, as files."),
)
FILES = (
    ("/etc/nvqsync/nvqsync.toml", "The settings of the services. 'nvqsync settings example' prints every setting."),
    ("/etc/nvqsync/moodle-token", "The Moodle token that systemd hands to the services. For root alone."),
    ("/var/lib/nvqsync", "The database, exported batches and backups. For the user nvqsync alone."),
    ("/usr/local/lib/nvqsync/plugins", "Plugins from elsewhere, found here by the Debian package's program."),
)


def escaped(text: str) -> str:
    """Text as roff prints it: no escape, no request at the start of a line, hyphens that can be copied."""
    lines = text.replace("\\", "\\(rs").replace("-", "\\-").split("\n")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)


def quoted(text: str) -> str:
    """Text as one argument of a macro."""
    return '"{}"'.format(escaped(text).replace('"', "\\(dq"))


def paragraphs(text: str) -> Iterator[str]:
    """A help text as paragraphs; one that begins with ``\\b`` keeps its lines, as click prints it."""
    for block in re.split(r"\n\s*\n", text.strip()):
        if block.startswith("\b"):
            yield f".PP\n.nf\n{escaped(block.removeprefix(chr(8)).strip(chr(10)))}\n.fi"
        else:
            yield f".PP\n{escaped(' '.join(block.split()))}"


def terms(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A list of terms with what each means."""
    for term, says in pairs:
        yield f".TP\n.B {quoted(term)}\n{escaped(' '.join(says.split()))}"


def commands(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Every command as the context its help is written in, groups before what is in them."""
    context = click.Context(command, info_name=name, parent=parent, help_option_names=["-h", "--help"])
    yield context
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                yield from commands(found, inner, context)


def options(context: click.Context) -> Iterator[str]:
    """The options of a command, as a list. The help option is the same everywhere and told once."""
    records = (
        parameter.get_help_record(context)
        for parameter in context.command.params
        if isinstance(parameter, click.Option) and "--help" not in parameter.opts
    )
    yield from terms(record for record in records if record)


def section(context: click.Context) -> Iterator[str]:
    """A command's part of the page: how it is typed, what it does, its options."""
    pieces = context.command.collect_usage_pieces(context)
    yield f".SS {quoted(' '.join([context.command_path, *pieces]))}"
    yield from paragraphs(context.command.help or "")
    yield from options(context)


def page(day: dt.date) -> str:
    """The whole manual page, dated ``day``."""
    first, *rest = commands(program, "nvqsync")
    summary, _, about = (program.help or "").partition("\n\n")
    parts = [
        f'.TH NVQSYNC 1 "{day}" "nvqsync {__version__}" "User Commands"',
        ".SH NAME", f"nvqsync \\- {escaped(summary.strip().rstrip('.'))}",
        ".SH SYNOPSIS", ".B nvqsync", "[\\-\\-config FILE] COMMAND [ARGUMENT]...",
        ".SH DESCRIPTION", *paragraphs(about),
        ".PP", escaped("--config may stand before or after the command. -h or --help explains any command."),
        ".SH OPTIONS", *options(first),
        ".SH COMMANDS", *(line for context in rest for line in section(context)),
        ".SH EXIT STATUS", *terms(EXITS),
        ".SH ENVIRONMENT", *terms(ENVIRONMENT),
        ".SH FILES", *terms(FILES),
        ".SH SEE ALSO", ".BR nvqsync.toml (5),", "/usr/share/doc/nvqsync,", ".BR systemctl (1),",
        ".BR systemd.exec (5)",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def source_day() -> dt.date:
    """The day in ``$SOURCE_DATE_EPOCH``, else today, in UTC."""
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date()


if __name__ == "__main__":
    sys.stdout.write(page(source_day()))
