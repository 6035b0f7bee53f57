"""Finding people by what somebody typed: an ID number, or the id they have in the LMS."""

from __future__ import annotations

from collections.abc import Mapping

from nvqsync.errors import UnknownName
from nvqsync.model import LmsMember
from nvqsync.storage import store_lms
from nvqsync.store import Store


def find_learner(store: Store, text: str) -> LmsMember:
    """A learner by Moodle ID number or Moodle id. Raises ``UnknownName``."""
    known = known_people(store) if text else {}
    if found := _numbered(known, text) or known.get(text):
        return found
    raise UnknownName(f"No learner has the ID number or Moodle id {text}.", "Run 'nvqsync sync' first, or check it.")


def known_people(store: Store) -> Mapping[str, LmsMember]:
    """Everyone ever seen on a roster, staff included, by Moodle id."""
    return {member.lms_id: member for member in store_lms.learners(store)}


def person(people: Mapping[str, LmsMember], text: str) -> LmsMember:
    """Whom somebody means by an ID number or Moodle id; someone unknown comes back with nothing but that id.

    Raises ``UnknownName`` where several accounts carry the ID number.
    """
    return _numbered(people, text) or people.get(text, LmsMember(text.strip(), ""))


def _numbered(people: Mapping[str, LmsMember], text: str) -> LmsMember | None:
    """Who has this ID number, if anybody. Raises ``UnknownName`` where several accounts carry it."""
    found = [one for one in people.values() if text and one.id_number == text]
    if len(found) > 1:
        ids = ", ".join(one.lms_id for one in found)
        raise UnknownName(f"Several accounts have the ID number {text}: Moodle ids {ids}.", "Give the Moodle id.")
    return found[0] if found else None
