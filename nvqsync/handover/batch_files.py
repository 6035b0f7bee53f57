"""Batch files on disk: private, whole or not there, and never one over another."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from nvqsync.errors import StoreError
from nvqsync.hookspecs import ExportFormat
from nvqsync.model import Batch


def contents(batch: Batch, document: bytes, formats: Iterable[ExportFormat]) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file of a batch: its ``document`` as it was stored, the others rendered from it."""
    for one in formats:
        yield f"{batch.id}.{one.extension}", document if one.name == "batch_json" else one.render(batch)


def write_once(folder: Path, name: str, content: bytes) -> Path:
    """Write a file that only its owner may read, whole or not at all, and never over another.

    A file of that name with the same bytes is left as it is; with others, the new one gets a number.
    Raises ``StoreError`` when the folder cannot be written.
    """
    target = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target, there = _place(folder, name, content)
        if not there:
            _write_whole(folder, target, content)
    except OSError as error:
        says = f"The batch file {target} cannot be written: {error.strerror}."
        step = "Make room or mend the folder's rights, then run 'nvqsync export' again: nothing is lost or doubled."
        raise StoreError(says, step) from error
    return target


def drop(folder: Path, name: str, content: bytes) -> None:
    """Delete what ``write_once`` wrote, whole or half, if it is there. Raises ``StoreError`` when it will not go."""
    try:
        target, there = _place(folder, name, content)
        (target if there else _temporary(target)).unlink(missing_ok=True)
    except OSError as error:
        says = f"A batch file that must not be used, {folder / name}, cannot be deleted: {error.strerror}."
        raise StoreError(says, "Mend the folder's rights, then run 'nvqsync export' again.") from error


def _place(folder: Path, name: str, content: bytes) -> tuple[Path, bool]:
    """Where a file stands that has this name, or the name with a number, and these bytes; else where it may go."""
    stem, _, extension = name.partition(".")
    target, number = folder / name, 1
    while target.exists():
        if target.read_bytes() == content:
            return target, True
        number += 1
        target = folder / f"{stem}-{number}.{extension}"
    return target, False


def remove(folder: Path, names: Iterable[str]) -> list[Path]:
    """Delete files by name; returns those that were there. Raises ``StoreError`` for one that will not go."""
    gone = []
    for name in names:
        file = folder / name
        try:
            file.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            says = f"The batch file {file} is past its time and cannot be deleted: {error.strerror}."
            raise StoreError(says, "Mend the folder's rights, or delete the file by hand.") from error
        gone.append(file)
    return gone


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


def _write_whole(folder: Path, target: Path, content: bytes) -> None:
    """Under a temporary name first, on disk before it is renamed. What a killed run left under it goes away."""
    temporary = _temporary(target)
    temporary.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
