"""Contract tests that plugin authors inherit: subclass, name your plugin, and pytest runs the suite.

::

    import my_awarding_body
    from nvqsync.testing import AwardingBodyContract

    class TestMyAwardingBody(AwardingBodyContract):
        plugin = my_awarding_body

Plain assertions only: this module needs no test framework itself.
"""

# ruff: noqa: S101 - assertions are what a test is made of

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any, ClassVar

from nvqsync import rules
from nvqsync.centre import CentreFacts, EndDate
from nvqsync.check_characters import qualification_number_misfit, unit_reference_misfit
from nvqsync.declaring import MOST, Declaration, stands_against
from nvqsync.errors import LmsError, SettingsError
from nvqsync.findings import Status
from nvqsync.gates import ClaimFacts, Gate, Severity, run_gates
from nvqsync.gating.core_declarations import CORE_DECLARATIONS
from nvqsync.hookspecs import LmsConnector, LmsOffer
from nvqsync.judging import judge_units, verdict_json
from nvqsync.model import (
    Asked,
    ClaimKind,
    CourseReading,
    Decision,
    Grading,
    ItemKind,
    Kind,
    LmsCourse,
    LmsItem,
    LmsMember,
    Observation,
    Qualification,
    QualificationUnit,
    Registration,
    SiteFacts,
    UnitOutcome,
    UnitStatus,
)
from nvqsync.plugin_manager import Plugins, load_plugins
from nvqsync.qualification_checks import qualification_faults


class AwardingBodyContract:
    """What every awarding body's plugin keeps. Set ``plugin`` to the module or object with the hooks."""

    plugin: ClassVar[object]

    def test_it_offers_qualifications_and_keeps_the_contract_version(self) -> None:
        """The plugin loads beside the built-in ones and offers at least one qualification."""
        assert self.offered(), "register_qualifications registered nothing"

    def test_ids_are_the_body_and_its_code(self) -> None:
        """An id is BODY/CODE, and finds the qualification again, as does its number."""
        for qualification in self.offered():
            assert qualification.id == f"{qualification.awarding_body}/{qualification.code}"
            for name in filter(None, (qualification.id, qualification.qualification_number)):
                assert _load(self.plugin).catalogue.find_qualification(name).id == qualification.id

    def test_a_second_loading_gives_the_same_records(self) -> None:
        """Nothing in what is offered depends on time, order or chance: ids and facts are stable."""
        first = self.offered()
        second = [_load_afresh(self.plugin).catalogue.qualifications[qualification.id] for qualification in first]
        assert first == second

    def test_numbers_fit_their_check_characters(self) -> None:
        """Every qualification number and unit reference has the right check character."""
        for qualification in self.offered():
            if qualification.qualification_number is not None:
                assert qualification_number_misfit(qualification.qualification_number) is None
            for listed in qualification.units:
                misfit = unit_reference_misfit(listed.unit.reference)
                assert misfit is None or not misfit.blocks, misfit

    def test_every_unit_is_the_banks(self) -> None:
        """A qualification lists units of the shared bank, with the bank's own facts."""
        bank = _load(self.plugin).catalogue.units
        for qualification in self.offered():
            for listed in qualification.units:
                assert bank[listed.unit.reference] == listed.unit

    def test_every_code_alias_and_reference_finds_its_unit(self) -> None:
        """Whatever the body prints for a unit leads to it, in any case and with blanks around it."""
        catalogue = _load(self.plugin).catalogue
        for qualification in self.offered():
            for listed in qualification.units:
                for name in (listed.code, listed.unit.reference, *listed.aliases):
                    assert catalogue.find_unit(qualification, f" {name.lower()} ") == listed

    def test_every_requirement_has_words_and_a_source(self) -> None:
        """A person can read each requirement and look it up: its words, the document, the section."""
        for qualification in self.offered():
            assert qualification.source.document
            assert qualification.rule.requirements
            for requirement in qualification.rule.requirements:
                assert requirement.says.strip()
                assert requirement.source.document.strip()
                assert requirement.source.section.strip()

    def test_nothing_in_a_qualification_contradicts_itself(self) -> None:
        """Groups, units, credits and dates agree with one another."""
        for qualification in self.offered():
            assert [fault.says for fault in qualification_faults(qualification)] == []

    def test_mandatory_units_are_those_the_rule_names(self) -> None:
        """A unit is marked mandatory exactly where an all_of requirement names it."""
        for qualification in self.offered():
            named = {code for r in qualification.rule.requirements if r.kind is Kind.ALL_OF for code in r.units}
            assert {listed.code for listed in qualification.units if listed.mandatory} == named

    def test_an_empty_selection_is_unmet_and_says_how_to_finish(self) -> None:
        """From nothing there is a route, and the route alone satisfies the rule."""
        for qualification in self.offered():
            nothing = rules.judge(qualification.rule, ())
            assert not nothing.met
            assert nothing.route is not None, nothing.says
            assert rules.judge(qualification.rule, nothing.route.units).met

    def test_a_verdict_explains_every_requirement(self) -> None:
        """A verdict reports each requirement once, by its id, with what is had, needed and short."""
        for qualification in self.offered():
            verdict = rules.judge(qualification.rule, [listed.code for listed in qualification.units])
            wanted = [requirement.id for requirement in qualification.rule.requirements]
            assert [report.id for report in verdict.requirements] == wanted
            assert all(report.says for report in verdict.requirements)

    def test_one_mandatory_unit_too_few_is_unmet(self) -> None:
        """The cheapest full selection is no longer enough without any one of its mandatory units."""
        for qualification in self.offered():
            route = rules.judge(qualification.rule, ()).route
            assert route is not None
            for listed in qualification.units:
                if listed.mandatory:
                    kept = [code for code in route.units if code != listed.code]
                    assert not rules.judge(qualification.rule, kept).met

    def test_answers_are_in_the_bodys_own_codes(self) -> None:
        """Units given by unit reference are answered by the body's code."""
        catalogue = _load(self.plugin).catalogue
        for qualification in self.offered():
            references = [listed.unit.reference for listed in qualification.units]
            answer = verdict_json(judge_units(catalogue, qualification, references))
            assert set(answer["counted"] + answer["unused"]) == {listed.code for listed in qualification.units}

    def test_gates_and_declarations_can_be_read_and_looked_up(self) -> None:
        """Each has an id, words and a source, and looks at this body's claims alone."""
        bodies = {qualification.awarding_body for qualification in self.offered()}
        ids = {qualification.id for qualification in self.offered()}
        every: list[Gate | Declaration] = [*self.gates(), *self.declarations()]
        for one in every:
            assert one.id.strip() == one.id != ""
            assert one.says.strip()
            assert one.source.strip()
            assert one.bodies or one.qualifications, f"{one.id} would look at every body's claims"
            assert set(one.bodies) <= bodies, one.id
            assert set(one.qualifications) <= ids, one.id
        assert all(gate.severity in {Severity.BLOCKS, Severity.CAUTIONS} for gate in self.gates())
        assert all(one.rules for one in self.declarations())

    def test_gates_and_declarations_are_pure(self) -> None:
        """On the same facts they say the same, in whole sentences, and touch no file, network or process."""
        for facts in self.some_facts():
            with _nothing_touched():
                once = stands_against(self.gates(), self.declarations(), facts)
                again = stands_against(self.gates(), self.declarations(), facts)
            assert once == again
            assert all(finding.says.strip().endswith((".", "?", "!")) for finding in once)

    def test_what_they_say_does_not_change_from_day_to_day(self) -> None:
        """A claim that is approved goes on hold when its findings change: no count of days stands in their words."""
        for facts in self.some_facts():
            tomorrow = replace(facts, today=facts.today + dt.timedelta(days=1))
            told = [run_gates(self.gates(), one) for one in (facts, tomorrow)]
            words = [{finding.id: finding.says for finding in found} for found in told]
            assert all(words[0][name] == words[1][name] for name in words[0].keys() & words[1].keys())

    def test_no_claim_asks_for_more_declarations_than_a_person_reads(self) -> None:
        """With nvqsync's own, at most ``nvqsync.declaring.MOST`` could ever be due for one claim."""
        for qualification in self.offered():
            asked = [one.id for one in (*CORE_DECLARATIONS, *self.declarations()) if one.applies(qualification)]
            assert len(asked) <= MOST, (qualification.id, asked)

    def gates(self) -> list[Gate]:
        """The gates that this plugin registers."""
        return [gate for gate in _load(self.plugin).gates if f"gate {gate.id}" in self._offers()]

    def declarations(self) -> list[Declaration]:
        """The declarations that this plugin registers."""
        return [one for one in _load(self.plugin).declarations if f"declaration {one.id}" in self._offers()]

    def some_facts(self) -> Iterator[ClaimFacts]:
        """Claims of both kinds for each qualification: all achieved, some not or from elsewhere, nothing known."""
        for qualification, kind in product(self.offered(), ClaimKind):
            yield _claim_facts(qualification, kind, [UnitStatus.ACHIEVED])
            yield _claim_facts(qualification, kind, [UnitStatus.ACHIEVED, UnitStatus.TRANSFERRED, UnitStatus.READY])
            yield replace(_claim_facts(qualification, kind, []), registrations=(), centre=CentreFacts())

    def offered(self) -> list[Qualification]:
        """The qualifications that this plugin registers, in order of id."""
        qualifications = _load(self.plugin).catalogue.qualifications
        return [qualifications[offer] for offer in self._offers() if offer in qualifications]

    def _offers(self) -> tuple[str, ...]:
        loaded = _load(self.plugin)
        name = next(name for name, plugin in loaded.manager.list_name_plugin() if plugin is self.plugin)
        return next(listed for listed in loaded.listing() if listed.name == name).offers


def _claim_facts(qualification: Qualification, kind: ClaimKind, statuses: Sequence[UnitStatus]) -> ClaimFacts:
    """A claim for the first units of a qualification, in turn in these statuses, each on two attempts of one grade."""
    units = tuple(
        _unit_outcome(qualification, listed, status)
        for listed, status in zip(qualification.units[: 2 * len(statuses)], 2 * list(statuses), strict=False)
    )
    learner = LmsMember("7", "Sasha Invented", "S7", date_of_birth=dt.date(2000, 1, 1))
    registration = Registration("7", qualification.id, qualification.awarding_body, dt.date(2026, 9, 1))
    centre = CentreFacts("12345", dt.date(2020, 9, 1), registration_end=EndDate(known=True, on=dt.date(2026, 1, 15)))
    today = dt.date(2026, 11, 20)
    return ClaimFacts(learner, qualification, kind, (registration,), centre, True, False, units, (), (), today)


def _unit_outcome(qualification: Qualification, listed: QualificationUnit, status: UnitStatus) -> UnitOutcome:
    """A unit whose one decision was made at the second attempt, on the last method that the body lists."""
    method = qualification.methods[-1].code if qualification.methods else "SIM"
    reference = listed.unit.reference
    decision = Decision(reference, "1.1", True, "1", "2", "3", 2, "Competent", "9", ("9",), 1_790_000_000, method)
    done = status is UnitStatus.ACHIEVED
    return UnitOutcome(
        "7", qualification.id, reference, listed.code, status, ("1.1",), 1, 1_790_000_000 if done else None, "",
        () if status is UnitStatus.TRANSFERRED else (decision,),
    )  # fmt: skip


_WATCHED = {"on": False}
_WORLD = ("open", "socket.", "subprocess.", "os.", "sqlite3.", "urllib.", "http.", "shutil.", "tempfile.")


@cache
def _watch() -> None:
    """Install, once a process, what notices a file, network or process event while ``_nothing_touched`` is on."""

    def noticed(event: str, arguments: tuple[object, ...]) -> None:
        if _WATCHED["on"] and event.startswith(_WORLD):
            raise AssertionError(f"A gate or declaration touched the world: {event} {arguments!r}")

    sys.addaudithook(noticed)


@contextmanager
def _nothing_touched() -> Iterator[None]:
    _watch()
    _WATCHED["on"] = True
    try:
        yield
    finally:
        _WATCHED["on"] = False


@cache
def _load(plugin: object) -> Plugins:
    return _load_afresh(plugin)


def _load_afresh(plugin: object) -> Plugins:
    """The built-in plugins with ``plugin`` beside them, unless it is one of them; no entry points."""
    return load_plugins(extra=() if plugin in _built_in() else (plugin,), entry_points=False)


def _built_in() -> Iterator[object]:
    for _, plugin in load_plugins(entry_points=False).manager.list_name_plugin():
        yield plugin


class LmsConnectorContract:
    """What every LMS connector keeps. Set ``plugin``, and say how its far end is reached and how one is missed.

    ::

        class TestMyLms(LmsConnectorContract):
            plugin = my_lms

            def settings(self):  # a far end with courses, people and grades, which nobody changes meanwhile
                return {"url": MY_TEST_SERVER}

            def broken_settings(self):  # in form as they should be, but nobody is there
                return {"url": "http://127.0.0.1:9"}
    """

    plugin: ClassVar[Any]
    no_such_course: ClassVar[str] = "987654321"
    """A course id that the far end does not have, in the form its ids have."""

    def settings(self) -> Mapping[str, Any]:
        """The connector's section of the settings, for a far end that answers and does not change."""
        raise NotImplementedError("say how your far end is reached")

    def broken_settings(self) -> Mapping[str, Any]:
        """The same for a far end that is not there."""
        raise NotImplementedError("say how your far end is missed")

    # ------------------------------------------------------------ coming in

    def test_it_comes_in_by_the_hook_under_one_name(self) -> None:
        """The plugin offers one connector, beside the built-in ones, under a name that the settings can carry."""
        offer = self._offer()
        assert offer.name.isidentifier(), offer.name
        assert offer.name in _load(self.plugin).lms_connectors

    def test_a_missing_setting_is_refused_in_words(self) -> None:
        """Opened with nothing it raises ``SettingsError`` that says what to do, before anything is sent."""
        error = _raised(lambda: self._offer().open({}).close())
        assert isinstance(error, SettingsError), repr(error)
        assert error.next_step

    def test_a_far_end_that_is_gone_is_an_lms_error(self) -> None:
        """Whatever cannot be reached ends as one of the ``LmsError`` family, with a next step."""
        with closing(self._offer().open(self.broken_settings())) as lms:
            for ask in (lms.check, lambda: _listed(lms)):
                error = _raised(ask)
                assert isinstance(error, LmsError), repr(error)
                assert error.says
                assert error.next_step

    def test_an_examination_says_what_is_wrong_and_what_to_do(self) -> None:
        """Where the offer brings one: nothing fails on a good far end, something does on a broken one, none raises."""
        examine = self._offer().examine
        if examine is None:
            return
        for also in (frozenset[ItemKind](), frozenset(ItemKind)):
            found = list(examine(self.broken_settings(), also))
            assert Status.FAIL in {one.status for one in found}
            found += examine(self.settings(), also)
            assert all(one.next_step for one in found if one.status is not Status.OK)
        assert Status.FAIL not in {one.status for one in examine(self.settings(), frozenset())}

    def test_closing_twice_is_safe(self) -> None:
        """``close`` may be called before anything was asked, after it, and again."""
        lms = self._offer().open(self.settings())
        lms.check()
        lms.close()
        lms.close()
        self._offer().open(self.settings()).close()

    # ------------------------------------------------------------ who is there

    def test_check_tells_who_answers_and_when(self) -> None:
        """A name, an address, and the far end's clock in seconds; nothing healthy is a problem."""
        with self._opened() as lms:
            facts = lms.check()
        assert isinstance(facts, SiteFacts)
        assert facts.site_name
        assert facts.url
        assert isinstance(facts.server_time, int)
        assert facts.server_time > 0
        assert [notice for notice in facts.notices if notice.severity == "problem"] == []

    def test_courses_are_distinct_and_stable(self) -> None:
        """Two listings agree, over a new connection too; an id is text and stands once."""
        with self._opened() as lms:
            first, second = _listed(lms), _listed(lms)
        with self._opened() as lms:
            third = _listed(lms)
        assert first == second == third
        ids = [course.lms_id for course in first]
        assert ids
        assert len(set(ids)) == len(ids)
        assert all(isinstance(id_, str) and id_ for id_ in ids)

    def test_a_course_that_is_not_there_is_an_lms_error(self) -> None:
        """Asked for a course it does not have, it says so; it never answers with an empty one."""
        with self._opened() as lms:
            error = _raised(lambda: _read(lms, LmsCourse(self.no_such_course, "GONE", "Gone")))
        assert isinstance(error, LmsError), repr(error)
        assert error.next_step

    def test_every_course_asked_for_is_answered_once(self) -> None:
        """In any order; one that is not there is an error of its own, and the others are read all the same."""
        with self._opened() as lms:
            courses = [LmsCourse(self.no_such_course, "GONE", "Gone"), *_listed(lms)]
            answers = list(lms.read(Asked(course) for course in courses))
        assert sorted(course.lms_id for course, _ in answers) == sorted(course.lms_id for course in courses)
        failed = [course.lms_id for course, answer in answers if isinstance(answer, LmsError)]
        assert failed == [self.no_such_course]

    # ------------------------------------------------------------ a course, read

    def test_a_second_reading_equals_the_first(self) -> None:
        """Nothing but the far end's clock differs, over a new connection too, in whatever order courses are read."""
        first = {reading.course.lms_id: reading for reading in self._readings()}
        with self._opened() as lms:
            for course in reversed(_listed(lms)):
                again = _read(lms, course)
                assert again == replace(first[course.lms_id], server_time=again.server_time)

    def test_a_reading_is_of_the_course_that_was_asked_for(self) -> None:
        """With its items, and with people, items and grades on the whole."""
        readings = self._readings()
        for reading in readings:
            assert isinstance(reading, CourseReading)
            assert all(item.course_id == reading.course.lms_id for item in reading.items)
            assert isinstance(reading.server_time, int)
        for what in ("items", "members", "observations"):
            assert any(getattr(reading, what) for reading in readings), f"the far end of this test has no {what}"

    def test_ids_are_text_and_stand_once(self) -> None:
        """An item's id over all courses, a member's id in a course, a grade's id in a course."""
        readings = self._readings()
        for ids in (
            [item.lms_id for reading in readings for item in reading.items],
            *([member.lms_id for member in reading.members] for reading in readings),
            *([seen.grade_id for seen in reading.observations] for reading in readings),
        ):
            assert all(isinstance(id_, str) and id_ for id_ in ids)
            assert len(set(ids)) == len(ids)

    def test_observations_refer_to_items_and_members_of_their_reading(self) -> None:
        """No grade without its item and its person, and one grade a person and item."""
        for reading in self._readings():
            items, members = {i.lms_id for i in reading.items}, {m.lms_id for m in reading.members}
            pairs = [(seen.item_id, seen.learner_id) for seen in reading.observations]
            assert len(pairs) == len(set(pairs))
            assert {item for item, _ in pairs} <= items
            assert {learner for _, learner in pairs} <= members

    def test_grades_are_decimals_within_their_item(self) -> None:
        """A place on the scale, points up to the maximum, or ``None`` for no grade; never a float."""
        for item, seen in self._graded():
            if seen.grade is None:
                continue
            assert isinstance(seen.grade, Decimal)
            assert seen.grade.is_finite()
            if item.grading is Grading.SCALE:
                assert seen.grade in range(1, len(item.scale) + 1)
            elif item.maximum is not None:
                assert 0 <= seen.grade <= item.maximum

    def test_scores_of_rows_are_decimals_of_rows_of_the_form(self) -> None:
        """What a rubric or guide row was given belongs to a row of the item, and is at most its top score."""
        for item, seen in self._graded():
            tops = {row.row_id: row.top_score for row in item.rows}
            for row in seen.rows:
                assert isinstance(row.score, Decimal)
                assert row.score <= tops[row.row_id]

    def test_moments_and_attempts_are_whole_numbers(self) -> None:
        """A grade was given at some second since 1970, in an attempt counted from 0."""
        for _, seen in self._graded():
            assert type(seen.graded_at) is int
            assert seen.graded_at >= 0
            assert type(seen.attempt) is int
            assert seen.attempt >= 0

    def test_workflow_states_stand_where_there_is_workflow(self) -> None:
        """A grade of an item with marking workflow has a state, any other one has none."""
        for item, seen in self._graded():
            assert bool(seen.workflow_state) is item.workflow

    def test_members_are_people_with_roles(self) -> None:
        """A name, roles as short words, a day of birth or none."""
        for reading in self._readings():
            for member in reading.members:
                assert member.name.strip()
                assert isinstance(member.roles, tuple)
                assert all(isinstance(role, str) and role for role in member.roles)
                assert member.date_of_birth is None or type(member.date_of_birth) is dt.date

    def test_an_item_that_was_not_answered_for_has_no_observations(self) -> None:
        """What is unread proves nothing: it must not look half read."""
        for reading in self._readings():
            assert not {seen.item_id for seen in reading.observations} & set(reading.unread_items)

    def test_notices_are_told_by_code_and_name_nobody(self) -> None:
        """A notice has a code, words and a severity, and never a name, ULN, candidate number or date of birth."""
        for reading in self._readings():
            personal = {text for member in reading.members for text in _personal(member)}
            for notice in reading.notices:
                assert notice.code
                assert notice.says
                assert notice.severity in {"problem", "note"}
                assert not [text for text in personal if text in notice.says], notice.code

    # ------------------------------------------------------------ helpers

    def _offer(self) -> LmsOffer:
        offers: list[LmsOffer] = []
        self.plugin.register_lms_connectors(offers.append)
        (offer,) = offers
        return offer

    def _opened(self) -> closing[LmsConnector]:
        return closing(self._offer().open(self.settings()))

    def _readings(self) -> list[CourseReading]:
        with self._opened() as lms:
            return [_read(lms, course) for course in _listed(lms)]

    def _graded(self) -> Iterator[tuple[LmsItem, Observation]]:
        for reading in self._readings():
            items = {item.lms_id: item for item in reading.items}
            for seen in reading.observations:
                yield items[seen.item_id], seen


def _listed(lms: LmsConnector) -> list[LmsCourse]:
    """Every course, nothing being known of any."""
    return list(lms.courses({}, ()))


def _read(lms: LmsConnector, course: LmsCourse) -> CourseReading:
    """One course in full. Raises the ``LmsError`` it is answered with."""
    ((_, answer),) = lms.read([Asked(course)])
    if isinstance(answer, LmsError):
        raise answer
    return answer


def _raised(call: Callable[[], object]) -> Exception | None:
    """What a call raises, or ``None``."""
    try:
        call()
    except Exception as error:  # the test says which one it should have been
        return error
    return None


def _personal(member: LmsMember) -> Iterator[str]:
    """What of a member must not be told; texts so short that they turn up by chance are left out."""
    born = member.date_of_birth.isoformat() if member.date_of_birth else ""
    yield from (text for text in (member.name, member.uln, member.candidate_number, born) if len(text) >= 6)
