"""``moodle``: what a college does once to connect its Moodle: the role, and the mapping to start from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import click

from nvqsync.bootstrap import App
from nvqsync.commands.common import app_of, json_option, print_json, tell
from nvqsync.commands.tables import table
from nvqsync.errors import InputError, LmsError
from nvqsync.matching.discovering import CourseFound, Discoverer, found_json, mapping_toml
from nvqsync.matching.guesses import Confidence
from nvqsync.matching.mapping_file import parse_mapping
from nvqsync.model import Asked, LmsCourse, LmsItem


@click.group("moodle")
def moodle_group() -> None:
    """Connect a Moodle: the role its service account needs, and what its courses seem to stand for."""


@moodle_group.command("role")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the role to this new file.")
@click.option("--competencies", is_flag=True, help="With what reading competencies takes (see docs/mapping.md).")
def role_command(out: Path | None, competencies: bool) -> None:
    """Print the role that suffices for the service account, as a file that Moodle imports, and the steps to take.

    With --out the file is written and the steps are printed; without, the file goes to standard output and the steps
    to standard error. No settings are needed.
    """
    from connectors.moodle import role  # noqa: PLC0415  (only this command knows one LMS from another)

    if out:
        write_new(out, role.role_xml(competencies=competencies))
        click.echo(f"{out} is written. What Moodle's administrator does with it:")
    else:
        click.echo(role.role_xml(competencies=competencies), nl=False)
        tell("\nSave this as nvqsync-role.xml. What Moodle's administrator does with it:")
    name = out.name if out else "nvqsync-role.xml"
    for number, step in enumerate(role.steps(name, competencies=competencies), 1):
        click.echo(f"{number}. {step}", err=out is None)
    for remark in role.remarks():
        click.echo(f"- {remark}", err=out is None)


@moodle_group.command("discover")
@json_option
@click.option("--course", "only", multiple=True, help="Only this course (id or short name). May be repeated.")
@click.option("--write", "out", type=click.Path(path_type=Path, dir_okay=False), help="Write a new mapping file.")
@click.option(
    "--confidence",
    type=click.Choice([one.value for one in Confidence]),
    default=Confidence.HIGH.value,
    show_default=True,
    help="With --write: the least confidence of a line that counts; others are written as comments.",
)
@click.pass_context
def discover_command(
    ctx: click.Context, as_json: bool, only: tuple[str, ...], out: Path | None, confidence: str
) -> None:
    """List the courses, what they are mapped to, and what the others seem to be for, with a confidence and a reason.

    Looks at names and ID numbers of courses and assignments. Proposals are only shown. With --write they go into a new
    mapping file, which counts for nothing until you have checked it and named it in the settings.
    """
    app = app_of(ctx)
    if out and out.exists():
        raise _there_already(out)
    found = discover(app, only)
    if out:
        text = mapping_toml(found, Confidence(confidence), app.today.isoformat())
        parse_mapping(text, str(out))  # what we write we can read
        write_new(out, text)
        tell(f"{out} is written. Check each line, then name it as mapping.file in the settings.")
    if as_json:
        print_json([found_json(one) for one in found])
    else:
        _print_courses(found)
        _print_proposals(found)
        if not out and any(one.guesses or any(item.guess for item in one.items) for one in found):
            tell("\n'nvqsync moodle discover --write FILE' puts the proposals into a mapping file to check.")


def discover(app: App, only: Sequence[str] = ()) -> list[CourseFound]:
    """Every course the account sees (or those in ``only``, by id or short name), with its assignments where it matters.

    Assignments are only read of courses that are mapped or seem to be for something. Raises ``LmsError``.
    """
    discoverer = Discoverer(app.plugins.catalogue.qualifications, app.mapping_file, app.plugins.match_unit)
    with closing(app.open_lms()) as lms:
        lms.check()
        listed = [one for one in lms.courses({}, ()) if not only or {one.lms_id, one.short_name} & set(only)]
        found = [discoverer.course(course) for course in listed]
        wanted = [one.course for one in found if one.supposed]
        items = _outline(app, wanted) if app.settings.lms == "moodle" else {
            course.lms_id: reading.items for course, reading in lms.read(Asked(course) for course in wanted)
            if not isinstance(reading, LmsError)
        }  # fmt: skip
    missing = set(only) - {name for course in listed for name in (course.lms_id, course.short_name)}
    if missing:
        raise InputError(f"No course {', '.join(sorted(missing))} is visible to the account.", "Check the name.")
    return [discoverer.with_items(one, items.get(one.course.lms_id, ())) for one in found]


def _outline(app: App, courses: Sequence[LmsCourse]) -> dict[str, tuple[LmsItem, ...]]:
    from connectors.moodle.outline import outline  # noqa: PLC0415  (only this group knows one LMS from another)

    return outline(app.settings.connectors.get("moodle", app.settings.moodle.model_dump()), courses)


def _print_courses(found: Iterable[CourseFound]) -> None:
    rows = []
    for one in found:
        mapped, guessed = sum(bool(i.stands_for) for i in one.items), sum(bool(i.guess) for i in one.items)
        if one.qualification_id:
            state = f"mapped to {one.qualification_id}" + ("; doubtful" if one.doubts else "")
        elif one.ignored:
            state = "set aside by the mapping file"
        else:
            state = f"{one.guesses[0].text}? ({one.guesses[0].confidence.value})" if one.guesses else "nothing known"
        items = (len(one.items), mapped, guessed) if one.supposed else (None, None, None)
        rows.append((one.course.lms_id, one.course.short_name, one.course.full_name, state, *items))
    heads = ("Id", "Short name", "Name", "Stands for", "Assignments", "Mapped", "Proposed")
    click.echo(table(heads, rows))


def _print_proposals(found: Iterable[CourseFound]) -> None:
    doubtful = [f"  {one.course.short_name}: {doubt}." for one in found for doubt in one.doubts]
    if doubtful:
        click.echo("\nMapped, but is it right?")
        click.echo("\n".join(doubtful))
    rows = [
        (one.course.short_name, "(the course)", guess.text, guess.confidence.value, guess.reason)
        for one in found for guess in one.guesses
    ] + [
        (one.course.short_name, item.item.name, item.guess.text, item.guess.confidence.value, item.guess.reason)
        for one in found for item in one.items if item.guess
    ]  # fmt: skip
    if rows:
        click.echo("\nProposed, nothing of it in force:")
        click.echo(table(("Course", "Assignment", "Seems to be", "Confidence", "Why"), rows))


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. Raises ``InputError`` where it is, or cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise _there_already(path) from None
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.", "Name another file.") from error


def _there_already(path: Path) -> InputError:
    return InputError(f"{path} is there already; nothing was written.", "Name another file.")
