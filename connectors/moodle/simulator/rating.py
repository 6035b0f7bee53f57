"""What assessors rate beside grades: outcomes of an assignment, and competencies of a course."""

from __future__ import annotations

from connectors.moodle.simulator.marking import five_decimals
from connectors.moodle.simulator.records import Cell, Competency, CompetencyRating, Outcome
from connectors.moodle.simulator.site import AnyCourse, AnyUser, Site, locked


class RatingDeeds(Site):
    """Everything that rates."""

    @locked
    def rate_outcome(self, outcome: Outcome, user: AnyUser, place: int | None, *, at: int | None = None) -> None:
        """Give an outcome's place on its scale, or take it back: the gradebook alone hears of it."""
        cell = outcome.cells.setdefault(self.user(user).id, Cell())
        cell.grade = None if place is None else five_decimals(place)
        cell.graded_at = None if place is None else self._moment(at)

    @locked
    def rate_competency(
        self,
        course: AnyCourse,
        competency: Competency,
        user: AnyUser,
        place: int | None,
        *,
        by: AnyUser,
        at: int | None = None,
    ) -> None:
        """Rate a user in a course (``None``: take the rating back). ``by`` is the user whose session it happened in."""
        ratings, person, who = self.course(course).competency_ratings, self.user(user).id, self.user(by).id
        moment = self._moment(at)
        made = CompetencyRating(self.new_id("competency_rating"), place, moment, who)
        rating = ratings.setdefault((person, competency.id), made)
        rating.grade, rating.time_modified, rating.modified_by = place, moment, who
        if place is not None:
            rating.evidence.insert(0, (self.new_id("evidence"), place, who))
