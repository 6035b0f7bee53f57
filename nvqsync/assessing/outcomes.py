"""An outcome follows the assignment it is part of: its release, its attempts, its being there. Pure.

An LMS rates outcomes in the gradebook beside the assignment's grade, without workflow states or attempts of their own.
So a rating is relied upon only when the assignment's grade may be, and stands as "being resubmitted" or "source gone"
when that grade does. This is derived each time, for the assignment's grade is read far more often than ratings are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nvqsync.model import Assessed, GradebookEntry, LmsItem


def with_parents(grades: Sequence[Assessed], items: Mapping[str, LmsItem]) -> Sequence[Assessed]:
    """One learner's grades, each outcome's with the state of the learner's grade on the assignment it is part of."""
    if not any(items[one.observation.item_id].part_of for one in grades):
        return grades
    by_item = {one.observation.item_id: one for one in grades}
    return [_with_parent(one, by_item.get(items[one.observation.item_id].part_of), items) for one in grades]


def _with_parent(rating: Assessed, parent: Assessed | None, items: Mapping[str, LmsItem]) -> Assessed:
    """A rating without a grade beside it keeps no workflow state: where the assignment has one, it is not released."""
    if parent is None or not items[rating.observation.item_id].part_of:
        return rating
    state, again = parent.observation.workflow_state, parent.observation.resubmitting
    seen = rating.observation._replace(workflow_state=state, resubmitting=again, gradebook=_book(rating, parent))
    if not parent.gone or rating.gone:
        return replace(rating, observation=seen)
    return replace(rating, observation=seen, gone=True, gone_confirmed=parent.gone_confirmed)


def _book(rating: Assessed, parent: Assessed) -> GradebookEntry | None:
    """The rating's place in the gradebook, hidden where either of the two is."""
    own, beside = rating.observation.gradebook, parent.observation.gradebook
    return replace(own, hidden=True) if own and beside and beside.hidden else own
