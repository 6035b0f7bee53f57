"""Many records of one kind, kept a column at a time. Pure.

A college has hundreds of thousands of grades, and nearly all of them are only handed on: checked, compared with what
is known, written down. As columns that takes no line of Python for each; a record is made where one is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from operator import eq
from typing import Any, TypeVar, overload

T = TypeVar("T", bound=tuple[Any, ...])


class Columns(Sequence[T]):
    """A sequence of named tuples of one ``kind``, stored as one list for each field, in the order of the fields.

    Equal to any sequence of equal records. Raises ``ValueError`` where columns are not as many as the fields, or not
    of one length.
    """

    __slots__ = ("columns", "kind")

    def __init__(self, kind: type[T], columns: Iterable[list[Any]]) -> None:
        self.kind = kind
        self.columns = tuple(columns)
        if len(self.columns) != len(kind._fields) or len({*map(len, self.columns)}) > 1:  # type: ignore[attr-defined]
            raise ValueError(f"these are not the columns of a {kind.__name__}")

    @classmethod
    def of(cls, kind: type[T], records: Iterable[T]) -> Columns[T]:
        """These records as columns; the same object where they are already."""
        if isinstance(records, Columns):
            return records
        columns = [list(column) for column in zip(*records, strict=True)]
        return cls(kind, columns or ([] for _ in kind._fields))  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[T]:
        return map(partial(tuple.__new__, self.kind), zip(*self.columns, strict=True))

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Columns[T]: ...
    def __getitem__(self, place: int | slice) -> T | Columns[T]:
        if isinstance(place, slice):
            return Columns(self.kind, (column[place] for column in self.columns))
        return tuple.__new__(self.kind, (column[place] for column in self.columns))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Columns):
            return self.columns == other.columns
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Columns({list(self)!r})"
