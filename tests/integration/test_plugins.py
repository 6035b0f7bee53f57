"""How plugins arrive: through one door, in order, with clashes and slips refused in words."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nvqsync import hookimpl
from nvqsync.check_characters import unit_check_letter
from nvqsync.declaring import Declaration
from nvqsync.errors import CatalogueError, PluginError, SettingsError
from nvqsync.hookspecs import ExportFormat
from nvqsync.model import LmsItem, Qualification, Unit
from nvqsync.plugin_manager import DEFAULT_PLUGINS, Plugins, load_catalogue, load_plugins
from nvqsync.plugins import ocr
from nvqsync.specification import read_qualification

BUILT_IN = load_plugins(entry_points=False)
A_UNIT = Unit("T/650/0004", "An invented unit", 1, 2, 10)


def load(*extra: object, **options: Any) -> Plugins:
    return load_plugins(extra=extra, entry_points=False, **options)


def module(name: str, **members: object) -> ModuleType:
    """A plugin as people write them: a module."""
    made = ModuleType(name)
    vars(made).update(members)
    return made


def offering_units(*units: Unit) -> Callable[..., None]:
    @hookimpl
    def register_units(register: Callable[[Unit], None]) -> None:
        for unit in units:
            register(unit)

    return register_units


def offering(*qualifications: Qualification) -> Callable[..., None]:
    @hookimpl
    def register_qualifications(register: Callable[[Qualification], None]) -> None:
        for qualification in qualifications:
            register(qualification)

    return register_qualifications


def test_built_ins_come_first_and_by_name() -> None:
    """The defaults load in their order, before anything from outside."""
    loaded = load(module("late", register_units=offering_units()))
    names = [listed.name for listed in loaded.listing()]
    assert len(names) == len(DEFAULT_PLUGINS) + 1
    assert names[:4] == ["qcf", "ocr", "edi", "ncfe"]
    assert names[-1] == "late"


def test_nothing_built_in_is_an_entry_point_too() -> None:
    """With or without entry points the same built-in plugins are there, each once."""
    names = [listed.module for listed in load_plugins().listing()]
    assert sorted(name for name in names if name in DEFAULT_PLUGINS) == sorted(DEFAULT_PLUGINS)


def test_hook_register_units_runs_before_any_qualification_whatever_the_order() -> None:
    """A plugin loaded last may bring the unit that one loaded earlier refers to."""
    seen: list[str] = []

    @hookimpl
    def register_qualifications(register: Callable[[Qualification], None], units: Mapping[str, Unit]) -> None:
        seen.extend(units)

    early = module("early", register_qualifications=register_qualifications)
    late = module("late", register_units=offering_units(A_UNIT))
    loaded = load(early, late)
    assert A_UNIT.reference in seen
    assert loaded.catalogue.units[A_UNIT.reference] == A_UNIT


def test_a_doubtful_letter_of_the_newer_series_is_a_caution() -> None:
    """Its rule is known from examples only, so it is told and not refused."""
    loaded = load(module("newer", register_units=offering_units(A_UNIT)))
    (caution,) = loaded.catalogue.cautions
    assert caution.startswith("newer: the unit reference T/650/0004")


def test_hook_register_qualifications_refuses_a_clash_naming_both_sides() -> None:
    """Two plugins with one qualification: both are named, and how to disable one."""
    twin = module("ocr_legacy", register_qualifications=offering(BUILT_IN.catalogue.qualifications["OCR/03455"]))
    with pytest.raises(CatalogueError, match="OCR/03455 is offered by both ocr and ocr_legacy") as caught:
        load(twin)
    assert 'disable = ["ocr"] or disable = ["ocr_legacy"] under [plugins]' in caught.value.next_step


def test_one_qualification_number_under_two_ids_is_a_clash() -> None:
    """The number is the qualification, whatever a plugin calls it."""
    other = replace(BUILT_IN.catalogue.qualifications["OCR/03455"], id="XYZ/1", awarding_body="XYZ", code="1")
    with pytest.raises(CatalogueError, match="500/8625/X is offered by both ocr and xyz"):
        load(module("xyz", register_qualifications=offering(other)))


def test_disabling_one_side_settles_a_clash() -> None:
    """By short name or by module, as the message says."""
    twin = module("ocr_legacy", register_qualifications=offering(BUILT_IN.catalogue.qualifications["OCR/03455"]))
    for name in ("ocr", "nvqsync.plugins.ocr"):
        assert "OCR/03455" in load(twin, disable=[name]).catalogue.qualifications
    assert load(twin, disable=["ocr_legacy"]).catalogue.find_qualification("03455") is not None


def test_a_unit_with_different_facts_is_a_clash_and_the_same_facts_are_not() -> None:
    """A second offer that agrees may even bring the criteria that the first did not know."""
    known = BUILT_IN.catalogue.units["M/601/1508"]
    assert known.outcomes is None
    wiser = replace(known, outcomes=(("1", 4), ("2", 5)))
    loaded = load(module("own_copy", register_units=offering_units(wiser)))
    assert loaded.catalogue.units["M/601/1508"].outcomes == wiser.outcomes
    found = loaded.catalogue.find_unit(loaded.catalogue.qualifications["OCR/03455"], "C1")
    assert found.unit.outcomes == wiser.outcomes
    heavier = replace(known, credit_value=6)
    with pytest.raises(CatalogueError, match="M/601/1508 is offered by both qcf and other with different facts"):
        load(module("other", register_units=offering_units(heavier)))


def test_a_qualification_that_contradicts_the_bank_is_refused() -> None:
    """Units come from the bank; a plugin may not bring its own version along."""
    found = BUILT_IN.catalogue.qualifications["OCR/03455"]
    units = (replace(found.units[0], unit=replace(found.units[0].unit, glh=31)), *found.units[1:])
    rule = replace(found.rule, units=(replace(found.rule.units[0], glh=31), *found.rule.units[1:]))
    wrong = replace(found, id="XYZ/1", awarding_body="XYZ", code="1", qualification_number=None, units=units, rule=rule)
    with pytest.raises(CatalogueError, match=r"xyz offers something wrong: XYZ/1 lists F1 \(F/601/1609\)"):
        load(module("xyz", register_qualifications=offering(wrong)))


def test_a_misspelt_hook_stops_the_start() -> None:
    """Not a claim, months later; the hook that was meant is named."""
    wrong = module("slip", register_qualification=offering())
    with pytest.raises(PluginError, match=r"slip implements register_qualification, .*Did you mean register_qual"):
        load(wrong)


def test_a_hook_with_an_argument_that_is_not_handed_out_stops_the_start() -> None:
    """The contract's names are checked as well."""

    @hookimpl
    def register_units(registrar: object) -> None:
        """Ask for something that no caller gives."""

    with pytest.raises(PluginError, match=r"slip does not fit the contract.*registrar"):
        load(module("slip", register_units=register_units))


def test_a_plugin_for_a_newer_contract_is_refused() -> None:
    """With what it wants and what is there; an equal or unstated contract is welcome."""
    with pytest.raises(PluginError, match="tomorrow is written for contract 2"):
        load(module("tomorrow", nvqsync_contract=2))
    assert load(module("today", nvqsync_contract=1)).listing()[-1].name == "today"


def test_a_plugin_that_breaks_while_offering_is_named() -> None:
    """Its own mistake becomes a message about it, with the cause kept for its author."""

    @hookimpl
    def register_units(register: Callable[[Unit], None]) -> None:
        raise KeyError("units.toml")

    with pytest.raises(PluginError, match="broken failed in register_units: KeyError") as caught:
        load(module("broken", register_units=register_units))
    assert isinstance(caught.value.__cause__, KeyError)


def test_disabling_a_name_that_nothing_bears_is_an_error() -> None:
    """A slip there would leave the plugin loaded unnoticed."""
    with pytest.raises(SettingsError, match=r"no plugin 'ncef' to disable\. Did you mean ncfe"):
        load(disable=["ncef"])


def test_the_catalogue_alone_is_the_same_and_takes_the_same_settings() -> None:
    """Commands that only look up skip the connectors, but a disabled connector is still a known name."""
    alone = load_catalogue(disable=["moodle"], entry_points=False)
    assert dict(alone.qualifications) == dict(BUILT_IN.catalogue.qualifications)
    assert dict(alone.units) == dict(BUILT_IN.catalogue.units)


def test_hook_match_unit_asks_the_latest_arrival_first() -> None:
    """An outside plugin gets the first word, and another may still answer when it has none."""

    @hookimpl
    def first(qualification: Qualification, lms_item: LmsItem) -> str | None:
        return "A1"

    @hookimpl
    def second(lms_item: LmsItem) -> str | None:
        return "A2" if "unit" in lms_item.name else None

    loaded = load(module("first", match_unit=first), module("second", match_unit=second))
    qualification = loaded.catalogue.qualifications["OCR/03455"]
    assert loaded.match_unit(qualification, LmsItem("1", "1", "A unit")) == "A2"
    assert loaded.match_unit(qualification, LmsItem("2", "1", "Something else")) == "A1"
    assert BUILT_IN.match_unit(qualification, LmsItem("1", "1", "A unit")) is None
    assert loaded.listing()[-1].offers == ("match_unit",)


def offering_format(name: str) -> Callable[..., None]:
    @hookimpl
    def register_export_formats(register: Callable[[ExportFormat], None]) -> None:
        register(ExportFormat(name, "txt", "text/plain", "An invented format", lambda batch: batch.id.encode()))

    return register_export_formats


def test_hook_register_export_formats_offers_by_name_and_refuses_a_clash() -> None:
    """A format is found by its name, an unknown one is refused with the nearest, two of one name stop the start."""
    loaded = load(module("one", register_export_formats=offering_format("invented")))
    assert loaded.export_format("invented").says == "An invented format"
    with pytest.raises(SettingsError, match="Did you mean invented"):
        loaded.export_format("invent")
    with pytest.raises(PluginError, match="The export format invented is offered by both one and two"):
        load(
            module("one", register_export_formats=offering_format("invented")),
            module("two", register_export_formats=offering_format("invented")),
        )


def test_hook_register_lms_connectors_and_register_portals_bring_the_built_in_ones() -> None:
    """Moodle and the mock portal come in through the same door as anyone's."""
    assert BUILT_IN.lms("moodle").name == "moodle"
    assert BUILT_IN.portal("interchange_mock").awarding_bodies
    with pytest.raises(SettingsError, match=r"no LMS connector 'mooodle'\. Did you mean moodle"):
        BUILT_IN.lms("mooodle")


def test_hook_register_gates_gathers_by_id() -> None:
    """A gate is known by its rule id; two plugins with one id stop the start."""

    class Gate:
        id = "INV-1"

    @hookimpl
    def register_gates(register: Callable[[Any], None]) -> None:
        register(Gate)

    assert load(module("strict", register_gates=register_gates)).gates[-1] is Gate
    with pytest.raises(PluginError, match="gate INV-1 is offered by both strict and stricter"):
        load(module("strict", register_gates=register_gates), module("stricter", register_gates=register_gates))


def test_a_plugins_gate_cannot_take_the_place_of_a_shared_one() -> None:
    """The id of a gate of nvqsync's own is refused, naming both sides; so is a declaration's."""

    class Taken:
        id = "CLM-1"

    class Signed:
        id = "candidate"

    @hookimpl
    def register_gates(register: Callable[[Any], None]) -> None:
        register(Taken)

    @hookimpl
    def register_declarations(register: Callable[[Any], None]) -> None:
        register(Signed)

    with pytest.raises(PluginError, match="gate CLM-1 is offered by both nvqsync itself and lax"):
        load(module("lax", register_gates=register_gates))
    with pytest.raises(PluginError, match="declaration candidate is offered by both nvqsync itself and lax"):
        load(module("lax", register_declarations=register_declarations))


def test_hook_register_declarations_gathers_by_id() -> None:
    """A declaration is known by its id, the built-in bodies bring theirs; two plugins with one id stop the start."""
    visit = Declaration("invented/visit", "The workplace was visited.", "An invented handbook", ("INV-9",))

    @hookimpl
    def register_declarations(register: Callable[[Any], None]) -> None:
        register(visit)

    loaded = load(module("strict", register_declarations=register_declarations))
    assert loaded.declarations[-1] is visit
    assert {"ocr/records", "edi/evidence-matrix"} <= {one.id for one in loaded.declarations}
    with pytest.raises(PluginError, match="declaration invented/visit is offered by both strict and stricter"):
        load(
            module("strict", register_declarations=register_declarations),
            module("stricter", register_declarations=register_declarations),
        )


def test_the_built_in_listing_says_where_things_come_from() -> None:
    """Name, module, distribution and version of a built-in plugin; an object from code has no distribution."""
    listed = {found.name: found for found in load(module("loose")).listing()}
    assert (listed["ocr"].module, listed["ocr"].distribution) == (ocr.__name__, "nvqsync")
    assert (listed["loose"].distribution, listed["loose"].version) == ("", "")


PACKAGE = """\
from nvqsync import hookimpl
from nvqsync.model import Unit

@hookimpl
def register_units(register):
    register(Unit("F/601/9990", "A unit from a package", 2, 3, 20))
"""


def valid_reference(digits: str) -> str:
    return f"{unit_check_letter(digits)}/{digits[:3]}/{digits[3:]}"


def installed(folder: Path, name: str, code: str) -> None:
    """A package with an entry point, as an installer leaves it in site-packages."""
    (folder / f"{name}.py").write_text(code, encoding="utf-8")
    info = folder / f"{name}-3.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 3.2\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[nvqsync]\n{name} = {name}\n", encoding="utf-8")


def in_a_program(folder: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a fresh interpreter that also sees ``folder``, as it would site-packages."""
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={"PYTHONPATH": f"{folder}:{root}", "PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_outside_package_enters_by_its_entry_point(tmp_path: Path) -> None:
    """Nothing but the entry point is needed; the listing names its distribution and version."""
    unit = PACKAGE.replace("F/601/9990", valid_reference("6019990"))
    installed(tmp_path, "outside_body", unit)
    done = in_a_program(
        tmp_path,
        """
        from nvqsync.plugin_manager import load_plugins
        print(load_plugins().listing()[-1])
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "name='outside_body', version='3.2', offers=('1 unit',), distribution='outside_body'" in done.stdout


def test_an_outside_package_that_cannot_be_imported_is_named_and_can_be_disabled(tmp_path: Path) -> None:
    """Its fault is told with the way round it."""
    installed(tmp_path, "outside_body", "import a_module_that_is_not_there")
    done = in_a_program(
        tmp_path,
        """
        from nvqsync.errors import PluginError
        from nvqsync.plugin_manager import load_catalogue
        try:
            load_catalogue()
        except PluginError as error:
            print(error)
        print(len(load_catalogue(disable=["outside_body"]).units))
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "outside_body (outside_body) cannot be imported: ModuleNotFoundError" in done.stdout
    assert 'disable = ["outside_body"]' in done.stdout
    assert done.stdout.endswith("84\n")


def test_tracing_prints_hook_calls_and_answers_on_standard_error(tmp_path: Path) -> None:
    """And nothing on standard output."""
    code = "from nvqsync.plugin_manager import load_catalogue; load_catalogue(entry_points=False)"
    traced = in_a_program(tmp_path, code, NVQSYNC_TRACE_PLUGINS="1")
    assert "plugins: register_qualifications: asking ocr" in traced.stderr
    assert "plugins: register_qualifications: answered" in traced.stderr
    assert traced.stdout == ""
    assert in_a_program(tmp_path, code).stderr == ""


def test_the_catalogue_loads_without_network_libraries(tmp_path: Path) -> None:
    """Looking up and judging need no HTTP client, web framework or database library, so they start fast."""
    code = """
        import sys
        import nvqsync.commands.catalogue
        from nvqsync.plugin_manager import load_catalogue
        load_catalogue()
        print(sorted({"requests", "flask", "sqlite_utils", "tenacity", "sqlite3"} & set(sys.modules)))
        """
    assert in_a_program(tmp_path, code).stdout == "[]\n"


def test_the_files_shown_in_the_documentation_work(tmp_path: Path) -> None:
    """The qualification file and the criteria file of docs/hooks.md can be copied as they stand."""
    shown = (Path(__file__).parents[2] / "docs" / "hooks.md").read_text(encoding="utf-8")
    tables = re.findall(r"```toml\n(.*?)```", shown, re.DOTALL)
    file, ours = tmp_path / "77.toml", tmp_path / "ours.toml"
    (text,) = (table for table in tables if table.startswith("awarding_body"))
    file.write_text(text, encoding="utf-8")
    assert read_qualification(file, BUILT_IN.catalogue.units).id == "ACME/77"
    (text,) = (table for table in tables if table.startswith("[[units]]"))
    ours.write_text(text, encoding="utf-8")
    loaded = load_catalogue(entry_points=False, criteria_files=[ours])
    assert loaded.units["T/601/1509"].criteria == ("1.1", "1.2", "2.1")
