"""Passes that read only what changed end where one reading of everything would: over any sequence of college events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.moodle.simulator.server import Simulator
from connectors.moodle.simulator.state import College
from nvqsync.bootstrap import App, bootstrap
from nvqsync.passes.pass_report import PassReport
from nvqsync.store import Store
from nvqsync.sync import run_pass
from tests.rehearsal import SETTINGS

HOUR = 3600


class Place:
    """Two courses with an assignment of each kind, five learners, and everything that can happen to them."""

    def __init__(self) -> None:
        self.college = college = College(now=1_795_000_000)
        scale = college.add_scale("Competence", ("Not yet competent", "Competent"))
        self.courses = [college.add_course(f"CS{n}", f"Customer Service {n}", f"OCR/03455#{n}") for n in (1, 2)]
        self.tutors = [college.add_user("Morgan", f"Tutor{n}", id_number=f"T{n}") for n in (1, 2)]
        self.learners = [college.add_user("Sasha", f"Invented{n}", id_number=f"S{n}") for n in range(5)]
        for course in self.courses:
            for tutor in self.tutors:
                college.enrol(course, tutor, "editingteacher")
        self.teams = [college.add_group(course, "Team").id for course in self.courses]
        for n, learner in enumerate(self.learners[:4]):
            college.enrol(self.courses[n % 2], learner, groups=[self.teams[n % 2]])
        self.items: list[Any] = []
        for course in self.courses:

            def add(name: str, code: str, course: Any = course, **how: Any) -> Any:
                made = college.add_assignment(course, name, code, **how)
                self.items.append(made)
                return made

            add("Sign-off", "F1", grade=-scale.id, reopen="manual", max_attempts=5)
            add("Reviewed", "F2", grade=-scale.id, workflow=True, reopen="manual", max_attempts=5)
            add("Test", "A3", grade=60)
            rubric = add("Rubric", "A3:1.1-1.2", grade=100, reopen="manual", max_attempts=5)
            college.add_rubric(rubric, ["1.1 Plan", "1.2 Do"], levels=((0, "no"), (1, "partly"), (2, "yes")))
            guide = add("Guide", "A3:2.1", grade=100, workflow=True)
            college.add_guide(guide, [("2.1 Reflect", 10)])
            add("Anonymous", "B2", grade=-scale.id, blind=True)
            add("Project", "C3#team", grade=-scale.id, team=True, reopen="manual", max_attempts=5)
        self.fresh = 0

    # Each event takes three small numbers and does what they lead to, or nothing where it makes no sense.

    def _at(self, a: int, b: int) -> tuple[Any, Any]:
        return self.items[a % len(self.items)], self.learners[b % len(self.learners)]

    def grade(self, a: int, b: int, c: int) -> None:
        item, learner = self._at(a, b)
        tutor = self.tutors[c % 2]
        states = ("", "inreview", "released")
        if item.form is not None:
            tops = [row.top_score for row in item.form.criteria]
            scores = [(c + n) % (top + 1) if item.form.method == "guide" else (c + n) % 3 for n, top in enumerate(tops)]
            self.college.grade_rows(item, learner, scores, grader=tutor, state=states[c % 3] if item.workflow else "")
        else:
            value = 1 + c % 2 if item.grade < 0 else c
            self.college.grade(item, learner, value, grader=tutor, state=states[c % 3] if item.workflow else "")

    def save_again(self, a: int, b: int, c: int) -> None:
        item, learner = self._at(a, b)
        if item.current_grade(learner.id):
            self.college.save_again(item, learner, grader=self.tutors[c % 2])

    def reset(self, a: int, b: int, c: int) -> None:
        item, learner = self._at(a, b)
        if item.current_grade(learner.id):
            self.college.reset(item, learner, grader=self.tutors[c % 2])

    def reopen(self, a: int, b: int, c: int) -> None:
        item, learner = self._at(a, b)
        if item.reopen != "none" and not item.team and item.current_grade(learner.id):
            self.college.reopen_attempt(item, learner)

    def _team(self, a: int, b: int) -> tuple[Any, int] | None:
        """A team's assignment that is still there, and the group (0: of those who are in none)."""
        found = [item for item in self.items if item.team]
        item = found[a % len(found)] if found else None
        return item and (item, self.teams[self.courses.index(self.college.courses[item.course_id])] if b % 3 else 0)

    def grade_team(self, a: int, b: int, c: int) -> None:
        if found := self._team(a, b):
            self.college.grade_team(*found, 1 + c % 2, grader=self.tutors[c % 2])

    def reopen_team(self, a: int, b: int, c: int) -> None:
        if (found := self._team(a, b)) and found[1] in found[0].team_submissions:
            self.college.reopen_team(*found)

    def hand_in(self, a: int, b: int, c: int) -> None:
        item, learner = self._at(a, b)
        self.college.submit(item, learner)

    def suspend(self, a: int, b: int, c: int) -> None:
        course, learner = self.courses[a % 2], self.learners[b % 5]
        if learner.id in course.enrolments:
            self.college.suspend(course, learner, suspended=bool(c % 2))

    def leave(self, a: int, b: int, c: int) -> None:
        course, learner = self.courses[a % 2], self.learners[b % 5]
        if learner.id in course.enrolments:
            self.college.unenrol(course, learner)

    def enrol(self, a: int, b: int, c: int) -> None:
        learner = self.learners[b % 5]
        if not learner.deleted and learner.id not in self.courses[a % 2].enrolments:
            self.college.enrol(self.courses[a % 2], learner, groups=[self.teams[a % 2]] if c % 2 else [])

    def delete_user(self, a: int, b: int, c: int) -> None:
        if c == 0 and not self.learners[b % 5].deleted:
            self.college.delete_user(self.learners[b % 5])

    def rename(self, a: int, b: int, c: int) -> None:
        self.college.rename(self.items[a % len(self.items)], f"Renamed {c}")

    def renumber(self, a: int, b: int, c: int) -> None:
        self.college.set_id_number(self.items[a % len(self.items)], ("F1", "", "C3", "D2:1.1")[c % 4])

    def reword(self, a: int, b: int, c: int) -> None:
        item = self.items[a % len(self.items)]
        if item.form is not None:
            self.college.reword(item, 0, f"{('1.1', '1.2', '2.1')[c % 3]} Reworded")

    def set_state(self, a: int, b: int, c: int) -> None:
        item, learner = self._at(a, b)
        if item.workflow and learner.id in item.grades:
            self.college.set_workflow(item, learner, ("inmarking", "inreview", "released")[c % 3])

    def set_flag_only(self, a: int, b: int, c: int) -> None:
        item, learner = self._at(a, b)
        if item.workflow and learner.id in item.grades:
            self.college.set_flag_only(item, learner, ("inmarking", "inreview", "released")[c % 3])

    def reveal(self, a: int, b: int, c: int) -> None:
        item = self.items[a % len(self.items)]
        if item.blind:
            self.college.reveal(item)

    def delete_item(self, a: int, b: int, c: int) -> None:
        if c == 1 and len(self.items) > 4:
            self.college.delete_assignment(self.items.pop(a % len(self.items)))

    def add_item(self, a: int, b: int, c: int) -> None:
        self.fresh += 1
        self.items.append(
            self.college.add_assignment(self.courses[a % 2], f"New {self.fresh}", f"D2#{self.fresh}", grade=100)
        )

    def override(self, a: int, b: int, c: int) -> None:
        item, learner = self._at(a, b)
        if learner.id in self.college.courses[item.course_id].enrolments and item.grade > 0:
            self.college.override(item, learner, c)

    def hide(self, a: int, b: int, c: int) -> None:
        item, learner = self._at(a, b)
        if learner.id in self.college.courses[item.course_id].enrolments:
            self.college.hide(item, learner, hidden=bool(c % 2))

    def wait(self, a: int, b: int, c: int) -> None:
        self.college.clock.advance(60 * (1 + c))


EVENTS: dict[str, Callable[[Place, int, int, int], None]] = {
    name: method for name, method in vars(Place).items() if not name.startswith("_")
}
PASS = "pass"
steps = st.lists(
    st.tuples(
        st.sampled_from([*EVENTS, "grade", "grade", "grade", "reopen", "grade_team", "set_state", PASS, PASS]),
        st.integers(0, 11), st.integers(0, 4), st.integers(0, 8),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


def app_for(folder: Path, moodle: Simulator, place: Place) -> App:
    """nvqsync with a database of its own, living by the college's clock."""
    folder.mkdir(exist_ok=True)
    config = folder / "nvqsync.toml"
    text = SETTINGS.format(moodle=json.dumps(moodle.url), token=json.dumps(moodle.token), portal='"http://x"',
                           credential='"x"')  # fmt: skip
    config.write_text(text.replace("requests_per_second = 1000", "requests_per_second = 1000\ncourses = []"), "utf-8")
    return bootstrap(config, place.college.clock.now)


def one_pass(app: App, **how: Any) -> PassReport:
    """One pass as the daemon makes it; courses that lose much are accepted."""
    with app.open_store() as store, closing(app.open_lms()) as lms:
        return run_pass(app, store, lms, by="test", accept_vanished=("CS1", "CS2"), **how)


def what_is_known(app: App, *, gradebook: bool) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the store about what is in Moodle now, without history."""
    with app.open_store() as store:
        return dict(_known(store, gradebook=gradebook))


def _known(store: Store, *, gradebook: bool) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    queries = {
        "courses": "SELECT lms_id, short_name, full_name, id_number FROM courses",
        "items": "SELECT lms_id, course_id, name, id_number, facts, unread FROM items WHERE NOT gone",
        "members": """SELECT course_id, learners.*, roles, active FROM memberships
            JOIN learners ON learners.lms_id = learner_id WHERE NOT gone""",
        "grades": f"""SELECT item_id, learner_id, grade_id, attempt, grade, graded_at, grader_id, workflow_state,
            row_scores, resubmitting, {"gradebook" if gradebook else "NULL"} FROM grades
            JOIN items ON items.lms_id = item_id
            JOIN memberships ON memberships.learner_id = grades.learner_id AND memberships.course_id = items.course_id
            WHERE NOT grades.gone AND NOT items.gone AND NOT memberships.gone""",
    }
    for name, sql in queries.items():
        yield name, sorted(store.execute(sql.replace("learner_id, grade_id", "grades.learner_id, grade_id")).fetchall())


def play(place: Place, app: App, events: Sequence[tuple[str, int, int, int]]) -> None:
    """Let the events happen, a pass wherever one stands among them."""
    for name, a, b, c in events:
        if name == PASS:
            place.college.clock.advance(15 * 60)
            one_pass(app)
        else:
            place.college.clock.advance(1)
            EVENTS[name](place, a, b, c)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps)
def test_passes_that_read_what_changed_end_where_a_reading_of_everything_does(
    events: list[tuple[str, int, int, int]],
) -> None:
    """Whatever happens in the college and whenever passes run: once the rosters had their turn, the store equals that
    of a first pass on an empty database; and after a full pass the gradebook does too, nothing having been missed."""
    place = Place()
    with TemporaryDirectory() as folder, Simulator(place.college) as moodle:
        app = app_for(Path(folder) / "old", moodle, place)
        one_pass(app)
        play(place, app, events)
        place.college.clock.advance(13 * HOUR)
        one_pass(app)
        new = app_for(Path(folder) / "new", moodle, place)
        one_pass(new)
        assert what_is_known(app, gradebook=False) == what_is_known(new, gradebook=False)

        full = one_pass(app, full=True)
        one_pass(new, full=True)
        assert what_is_known(app, gradebook=True) == what_is_known(new, gradebook=True)
        assert sum(course.missed or 0 for course in full.courses) == 0
