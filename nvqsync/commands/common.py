"""What the commands share: the application behind them, JSON on standard output, progress on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from nvqsync.bootstrap import App, bootstrap
from nvqsync.catalogue import Catalogue
from nvqsync.plugin_manager import load_catalogue
from nvqsync.store import Store

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")


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
    click.echo(text, err=True)


class Ticker:
    """A progress line on standard error, drawn only where a person watches."""

    def __init__(self, label: str) -> None:
        self.label, self.count, self.shown = label, 0, sys.stderr.isatty()

    def __call__(self, name: str) -> None:
        """One more done: ``name``."""
        self.count += 1
        if self.shown:
            click.echo(f"\r\x1b[K{self.label}: {self.count} ({name})", nl=False, err=True)

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
