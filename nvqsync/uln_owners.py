"""Whose a ULN is when two accounts carry it. Pure.

One number belongs to one person. While nobody has said whose it is, it blocks both. Once a person has, it is the
owner's without further ado, and nobody else's: another account that carries it in the LMS counts as having no ULN (the
number is left out of every claim, with a caution), and a registration made with it blocks until the awarding body has
corrected it, because the body itself then holds the wrong person's number.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nvqsync.check_characters import PLACEHOLDER_ULN

Owners = Mapping[str, str]
"""Learner ids by ``uln_mark`` of the ULN that a person said is theirs."""


@dataclass(frozen=True, slots=True)
class UlnHolders:
    """``shared``: by learner, the other accounts with the same ULN while nobody has said whose it is.

    ``foreign``: by learner, the ULNs they carry that were recorded as somebody else's.
    """

    shared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    foreign: Mapping[str, frozenset[str]] = field(default_factory=dict)


def squeezed(text: str) -> str:
    """A number without its blanks: written with them it is the same number."""
    return "".join(text.split())


def uln_mark(uln: str) -> str:
    """What a record about a ULN carries in its place, so that the number itself shows in no list or log."""
    return hashlib.sha256(f"uln {squeezed(uln)}".encode()).hexdigest()[:32]


def uln_holders(written: Iterable[tuple[str, str]], owners: Owners) -> UlnHolders:
    """Sort out the ULNs that several accounts carry. ``written`` holds each as typed, with the learner's id.

    The placeholder belongs to nobody, so nobody shares it.
    """
    carriers: dict[str, dict[str, None]] = defaultdict(dict)
    for text, learner_id in written:
        uln = squeezed(text)
        if uln and uln != PLACEHOLDER_ULN:
            carriers[uln][learner_id] = None
    shared: dict[str, dict[str, None]] = defaultdict(dict)
    foreign: dict[str, set[str]] = defaultdict(set)
    for uln, same in carriers.items():
        owner = owners.get(uln_mark(uln)) if owners else None
        for one in same:
            if owner is None:
                shared[one].update((other, None) for other in same if other != one)
            elif one != owner:
                foreign[one].add(uln)
    return UlnHolders(
        {one: tuple(others) for one, others in shared.items() if others},
        {one: frozenset(ulns) for one, ulns in foreign.items()},
    )
