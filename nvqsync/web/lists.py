"""Lists cut into pages, whatever they hold. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Cut:
    """Which page of how many is shown. ``first`` and ``last`` count rows from 1; ``pages`` are those worth a link."""

    page: int
    last_page: int
    first: int
    last: int
    total: int
    pages: tuple[int | None, ...]

    @property
    def offset(self) -> int:
        """How many rows come before this page."""
        return max(0, self.first - 1)


def cut_pages(total: int, page: int, size: int = PAGE_SIZE) -> Cut:
    """The page of ``total`` rows that is nearest to the one asked for. ``None`` among the pages is a gap."""
    last_page = max(1, ceil(total / size))
    page = min(page, last_page)
    near = sorted({1, last_page, *range(max(1, page - 1), min(last_page, page + 1) + 1)})
    pages: list[int | None] = []
    for before, number in zip([0, *near], near, strict=False):
        pages += [None] if number - before > 1 else []
        pages.append(number)
    first = (page - 1) * size + 1 if total else 0
    return Cut(page, last_page, first, min(total, page * size), total, tuple(pages))
