"""What the commands share: the application behind them, JSON on standard output, progress on standard error."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from nvqsync.bootstrap import App, bootstrap
from nvqsync.catalogue import Catalogue
from nvqsync.commands.tables import plain, plain_lines
from nvqsync.csv_rows import as_text
from nvqsync.errors import InputError
from nvqsync.plugin_manager import load_catalogue
from nvqsync.registrations import read_day
from nvqsync.store import Store

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")


class Day(click.ParamType[dt.date]):
    """A day on the command line: 2026-09-14 or 14/09/2026."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        """The day that ``value`` writes. Fails as click does."""
        if isinstance(value, dt.date):
            return value
        try:
            return read_day(str(value).strip())
        except InputError as error:
            self.fail(f"{error.says} {error.next_step}", param, ctx)


DAY = Day()


def app_of(ctx: click.Context) -> App:
    """The application with the settings the command line names."""
    return bootstrap(ctx.find_root().obj)


def catalogue_of(ctx: click.Context) -> Catalogue:
    """What the loaded plugins offer; settings are heeded where the command line or the environment names any."""
    if ctx.find_root().obj or os.environ.get("NVQSYNC_CONFIG"):
        return app_of(ctx).plugins.catalogue
    return load_catalogue()


@contextmanager
def app_and_store(ctx: click.Context) -> Iterator[tuple[App, Store]]:
    """The application and its open database."""
    app = app_of(ctx)
    with app.open_store() as store:
        yield app, store


def print_json(answer: Any) -> None:
    """A document on standard output, names in their own letters."""
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def tell(text: str) -> None:
    """A message for a person, on standard error."""
    click.echo(plain_lines(text), err=True)


LARGEST = 2**22


def read_bytes(file: Path, largest: int = LARGEST) -> bytes:
    """What is in a file that somebody names, at most ``largest`` bytes. Raises ``InputError``."""
    try:
        with file.open("rb") as opened:
            content = opened.read(largest + 1)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Check the name of the file.") from error
    if len(content) > largest:
        raise InputError(f"{file} is larger than {largest // 2**20} MB.", "Check the name of the file.")
    return content


def read_text(file: Path, largest: int = LARGEST) -> str:
    """The text of a file that somebody names, at most ``largest`` bytes. Raises ``InputError``."""
    return as_text(read_bytes(file, largest), str(file))


class Ticker:
    """A progress line on standard error, drawn only where a person watches."""

    def __init__(self, label: str) -> None:
        self.label, self.count, self.shown = label, 0, sys.stderr.isatty()

    def __call__(self, name: str) -> None:
        """One more done: ``name``."""
        self.count += 1
        if self.shown:
            click.echo(f"\r\x1b[K{self.label}: {self.count} ({plain(name)})", nl=False, err=True)

    def __enter__(self) -> Ticker:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self.shown and self.count:
            click.echo("\r\x1b[K", nl=False, err=True)


class Counter:
    """How far long work has come, on standard error, drawn only where a person watches."""

    def __init__(self, label: str, total: int = 0) -> None:
        self.label, self.total, self.shown = label, total, sys.stderr.isatty()

    def __call__(self, done: int) -> None:
        """So many are done."""
        if self.shown:
            of = f" of {self.total}" if self.total else ""
            click.echo(f"\r\x1b[K{self.label}: {done}{of}", nl=False, err=True)

    def __enter__(self) -> Counter:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self.shown:
            click.echo("\r\x1b[K", nl=False, err=True)
