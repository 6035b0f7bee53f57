"""Two people under one candidate number: a slip of the keyboard that would print a certificate for the wrong one. Pure.

A body gives each candidate a number of their own. One person may have two accounts, and then both carry it; two people
never do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

from nvqsync.model import LmsMember, Registration

Key = TypeVar("Key", bound=Hashable)


def shared_by_two(
    new: Mapping[Key, Registration], known: Mapping[Key, Registration], people: Mapping[str, LmsMember]
) -> Iterator[tuple[Key, str]]:
    """Which of the new registrations give a candidate somebody else's number, and by which account that one is known.

    ``known`` are those on record, which the new ones replace key by key; ``people`` are the learners by LMS id.
    """
    holders: dict[tuple[str, str], list[Registration]] = defaultdict(list)
    for one in {**known, **new}.values():
        if one.candidate_number:
            holders[one.awarding_body, one.candidate_number].append(one)
    for key, one in new.items():
        for other in holders.get((one.awarding_body, one.candidate_number), ()):
            if other.learner_id != one.learner_id and _two_people(one, other, people):
                yield key, other.learner_id
                break


def _two_people(one: Registration, other: Registration, people: Mapping[str, LmsMember]) -> bool:
    """Whether the dates of birth differ; where one is not known, whether the names do."""
    (name, born), (other_name, other_born) = _who(one, people), _who(other, people)
    if born and other_born:
        return born != other_born
    return bool(name and other_name) and name != other_name


def _who(one: Registration, people: Mapping[str, LmsMember]) -> tuple[str, object]:
    """The name and the day of birth that a claim under the registration carries."""
    person = people.get(one.learner_id)
    name = one.name or (person.name if person else "")
    return " ".join(name.split()).casefold(), one.date_of_birth or (person.date_of_birth if person else None)
