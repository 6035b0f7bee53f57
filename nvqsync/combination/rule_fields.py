"""Several whole numbers side by side in one, so that all rows of a rule are added up or compared at a stroke.

Each number has a field of ``width`` bits. The top bit of a field is its *guard*: a field that holds ``guard + x`` keeps
its guard exactly as long as ``x`` is not negative. So a tuple of rows that all read "slack is at least 0" is checked
with one ``&`` (Lamport 1975 calls it multiple byte processing). Sums of packed numbers are packed sums, negative ones
included, as long as every total stays within its field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_BYTE = 8

T = TypeVar("T", int, tuple[str, ...])


@dataclass(frozen=True, slots=True)
class Fields:
    """A layout: ``count`` fields of ``width`` bits; ``guard`` has all their guard bits."""

    width: int
    count: int
    guard: int

    def pack(self, values: Iterable[int]) -> int:
        """The values side by side, the first lowest."""
        packed = 0
        for value in reversed(tuple(values)):
            packed = (packed << self.width) + value
        return packed

    def flags(self, rows: Iterable[int]) -> int:
        """The guard bits of some fields."""
        return sum(1 << self.width * row + self.width - 1 for row in rows)

    def inside(self, flags: int) -> int:
        """The bits of some fields below their guards."""
        return flags - (flags >> self.width - 1)

    def rows(self, flags: int) -> list[int]:
        """The fields whose guard bits are set in ``flags`` (which holds guard bits only), lowest first."""
        found, width = [], self.width
        while flags:
            low = flags & -flags
            found.append(low.bit_length() // width - 1)
            flags ^= low
        return found

    def slack(self, packed: int, row: int) -> int:
        """What one field of a guarded number holds above its guard; negative where the guard is gone."""
        return (packed >> self.width * row & (1 << self.width) - 1) - (1 << self.width - 1)


def fields(count: int, largest: int) -> Fields:
    """A layout for ``count`` totals of at most ``largest`` either way."""
    width = max(1, largest).bit_length() + 2
    return Fields(width, count, sum(1 << width * row + width - 1 for row in range(count)))


class Sums(Generic[T]):
    """Sums over the bits of a mask, by tables of eight bits each, filled as they are needed."""

    __slots__ = ("_tables", "_values", "_zero")

    def __init__(self, values: Sequence[T], zero: T) -> None:
        self._values: Sequence[T] = values
        self._zero: T = zero
        self._tables: list[dict[int, T]] = [{} for _ in range(-(-len(values) // _BYTE))]

    def of(self, mask: int) -> T:
        """The sum of the values at the bits of ``mask``, lowest first."""
        total, place, tables = self._zero, 0, self._tables
        while mask:
            byte = mask & 0xFF
            if byte:
                part = tables[place].get(byte)
                total += self._filled(place, byte) if part is None else part
            mask >>= _BYTE
            place += 1
        return total

    def _filled(self, place: int, byte: int) -> T:
        part = self._zero
        for bit in bits(byte):
            part += self._values[_BYTE * place + bit]
        self._tables[place][byte] = part
        return part


def bits(mask: int) -> Iterator[int]:
    """The positions of the bits set in ``mask``, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
