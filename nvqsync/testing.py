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

from collections.abc import Iterator
from functools import cache
from typing import ClassVar

from nvqsync import rules
from nvqsync.check_characters import qualification_number_misfit, unit_reference_misfit
from nvqsync.judging import judge_units, verdict_json
from nvqsync.model import Kind, Qualification
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

    def offered(self) -> list[Qualification]:
        """The qualifications that this plugin registers, in order of id."""
        loaded = _load(self.plugin)
        name = next(name for name, plugin in loaded.manager.list_name_plugin() if plugin is self.plugin)
        mine = next(listed for listed in loaded.listing() if listed.name == name)
        return [
            loaded.catalogue.qualifications[offer] for offer in mine.offers if offer in loaded.catalogue.qualifications
        ]


@cache
def _load(plugin: object) -> Plugins:
    return _load_afresh(plugin)


def _load_afresh(plugin: object) -> Plugins:
    """The built-in plugins with ``plugin`` beside them, unless it is one of them; no entry points."""
    return load_plugins(extra=() if plugin in _built_in() else (plugin,), entry_points=False)


def _built_in() -> Iterator[object]:
    for _, plugin in load_plugins(entry_points=False).manager.list_name_plugin():
        yield plugin
