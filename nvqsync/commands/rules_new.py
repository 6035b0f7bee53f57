"""``rules new``: a commented specification to fill in, for somebody with a published handbook before them."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from nvqsync.commands.common import catalogue_of, tell
from nvqsync.errors import InputError
from nvqsync.names import name_misfit
from nvqsync.new_specification import qualification_template, units_template


@click.command("new")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--body", required=True, help="The awarding body's name as it stands in ids, e.g. OCR.")
@click.option("--id", "code", required=True, help="The body's own code for the qualification, e.g. 03455.")
@click.option(
    "--units", type=click.Path(path_type=Path, dir_okay=False), help="Write a file for units not known yet as well."
)
@click.pass_context
def new_command(ctx: click.Context, file: Path, body: str, code: str, units: Path | None) -> None:
    """Write a commented specification of a qualification to FILE, for filling in from the body's handbook.

    'nvqsync rules check FILE' names what is still empty, and accepts it once nothing is. A file that is there is never
    overwritten; - prints instead.
    """
    for name in (body, code):
        if wrong := name_misfit(name):
            raise InputError(f"{wrong}.", "Give the body as --body and its code as --id; titles go into the file.")
    if f"{body}/{code}" in catalogue_of(ctx).qualifications:
        says = f"{body}/{code} is offered by a plugin already."
        raise InputError(says, "Copy that plugin's file, raise the version in it, and compare: nvqsync rules diff")
    named = [path for path in (units, file) if path]
    text = qualification_template(body, code, " ".join(shlex.quote(str(path)) for path in named))
    if str(file) == "-":
        click.echo(text, nl=False)
    written = {} if str(file) == "-" else {file: text}
    _write_new(written | ({units: units_template(body, code)} if units else {}))


def _write_new(texts: dict[Path, str]) -> None:
    """Write files that must not be there yet: all of them or none."""
    if there := [str(path) for path in texts if path.exists()]:
        raise InputError(f"{' and '.join(there)}: there already, and left as it is.", "Name a new file, or move it.")
    for path, text in texts.items():
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}.", "Check the folder.") from error
    if texts:
        named = " ".join(shlex.quote(str(path)) for path in reversed(texts))
        tell(f"Written: {named}\nFill in what is empty, then: nvqsync rules check {named}")
