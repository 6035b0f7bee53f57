"""What the search is asked: blocks of choices, and the rows they must respect.

A ``Problem`` is a small minimisation. Each block offers a few choices, of which exactly one is taken: "this unit not at
all, in group B, in group C". The columns of the choices taken, summed, must stay within what the ``active`` rows have
left; the sum of their costs is to be as small as it can be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from nvqsync.combination.rule_compiled import Option
from nvqsync.combination.rule_fields import Fields


class Cost(NamedTuple):
    """What an option costs. ``main`` is compared first; ``order`` settles what is still equal (smaller is earlier).

    ``guide`` decides nothing: where neither ``main`` nor ``order`` says anything, it tells where to look first.
    """

    main: int
    order: int
    guide: int = 0


class Choice(NamedTuple):
    """One choice of a block: an option of a unit (or the option of not counting it) and what it costs."""

    option: Option
    main: int
    order: int
    guide: int


Block = tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Blocks, and what is left of each row (packed, with guards) before any of them is decided.

    All options of one block are of one unit: they amount to the same in a row, or to nothing, and cost the same; the
    option of not counting it, where there is one, comes first. Every sum of ``order`` lies above ``-spread``
    and is not positive. ``refused`` remembers in what slack the free blocks did not fit.
    """

    fields: Fields
    left: int
    active: int
    blocks: tuple[Block, ...]
    spread: int
    refused: list[int] = field(default_factory=list)


def is_free(block: Block) -> bool:
    """Whether a block has a guide and no cost, so that any choice that fits will do."""
    last = block[-1]
    return last.guide != 0 and last.main == last.order == 0


def guided(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Free blocks with their guide for a cost."""
    return tuple([tuple([Choice(c.option, c.guide, 0, 0) for c in block]) for block in blocks])
