"""Arrows point inward: what the import-linter contracts say, checked once more from the files themselves.

The contracts name modules one by one; these tests read every file, so that a new one is held to the same.
"""

from __future__ import annotations

import ast
import subprocess
import sys

from tests.meta.repository import imports, modules

PURE = {
    f"nvqsync.{name}"
    for name in (
        "model", "errors", "check_characters", "rules", "finishing", "matching.id_numbers",
        "mapping", "evidence", "judging", "gates", "claims", "planning", "proposing", "progress",
        "quality", "releasing", "sign_in.accounts",
        "centres.centre_record", "centres.centre_checks", "centres.centre_edits", "declaring", "adjustments",
        "nearly", "matching.discovering", "health.watching", "health.metrics", "health.monitoring",
        "service.schedule", "health.alerts", "health.messages",
    )
}  # fmt: skip
PURE_PACKAGES = ("nvqsync.assessing.", "nvqsync.combination.", "nvqsync.gating.")

TOUCHES_THE_WORLD = {
    "sqlite3", "socket", "ssl", "http", "urllib", "smtplib", "ftplib", "subprocess", "multiprocessing", "threading",
    "asyncio", "selectors", "signal", "shutil", "tempfile", "glob", "os", "io", "pathlib", "time", "random", "secrets",
    "logging", "importlib", "pkgutil",
}  # fmt: skip

SIMULATORS = ("connectors.moodle.simulator", "connectors.interchange_mock")
PORTAL_CONNECTOR = "connectors.interchange_mock.connector"


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _leans_on() -> dict[str, set[str]]:
    """The middle and whatever of nvqsync it leans on, however far down, each module with what it imports.

    ``nvqsync.clock`` is where following ends: the middle may ask it which day a moment is in, never what time it is.
    """
    ours = modules("nvqsync", "connectors")
    found: dict[str, set[str]] = {}
    ahead = {*PURE, *(name for name in ours if name.startswith(PURE_PACKAGES))}
    while ahead:
        name = ahead.pop()
        found[name] = imports(ours[name]) - {"nvqsync"}
        ahead |= {imported for imported in found[name] if imported in ours} - found.keys() - {"nvqsync.clock"}
    return found


def test_the_middle_imports_the_standard_library_and_itself_alone() -> None:
    """No pure module, nor any it leans on, imports what could read a file, a clock, a network or a framework."""
    impure = {
        name: sorted(
            imported
            for imported in imported_here
            if imported == "nvqsync.clock.now"
            or (
                (top := imported.split(".")[0]) != "nvqsync"
                and (top not in sys.stdlib_module_names or top in TOUCHES_THE_WORLD)
            )
        )
        for name, imported_here in _leans_on().items()
    }
    assert not {name: imported for name, imported in impure.items() if imported}


def test_the_middle_opens_nothing_and_asks_no_clock() -> None:
    """open(), print() and "now" need no import: they are looked for by name."""
    ours = modules("nvqsync")
    for name in _leans_on():
        calls = [node.func for node in ast.walk(ast.parse(ours[name].read_text("utf-8"))) if isinstance(node, ast.Call)]
        plain = {call.id for call in calls if isinstance(call, ast.Name)}
        methods = {call.attr for call in calls if isinstance(call, ast.Attribute)}
        assert not plain & {"open", "print", "input", "exec", "eval"}, name
        assert not methods & {"now", "utcnow", "today", "read_text", "write_text"}, name


def test_the_mock_portal_knows_nothing_of_nvqsync() -> None:
    """Only the portal's connector may import nvqsync; the portal can then disagree with it."""
    for name, path in modules("connectors/interchange_mock").items():
        if name != PORTAL_CONNECTOR:
            assert not {imported for imported in imports(path) if _within(imported, "nvqsync")}, name


def test_the_mock_portals_package_is_empty() -> None:
    """Importing the connector must not bring the portal along."""
    path = modules("connectors/interchange_mock")["connectors.interchange_mock"]
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)


def test_the_simulated_moodle_shares_no_code_with_its_reader() -> None:
    """The simulator is written from Moodle's documentation: neither the client nor nvqsync stands behind it."""
    ours = ("nvqsync", "connectors.moodle.client", "connectors.moodle.replies", "connectors.moodle.connector")
    for name, path in modules("connectors/moodle/simulator").items():
        assert not [imported for imported in imports(path) if any(_within(imported, part) for part in ours)], name


def test_moodles_client_leans_on_no_line_of_nvqsync() -> None:
    """The client is a library of its own, as a client of a protocol should be."""
    path = modules("connectors/moodle")["connectors.moodle.client"]
    assert not [imported for imported in imports(path) if _within(imported, "nvqsync")]


def test_only_the_demo_imports_the_simulators() -> None:
    """No other module of nvqsync so much as names a simulator in an import."""
    for name, path in modules("nvqsync").items():
        if _within(name, "nvqsync.demo"):
            continue
        reached = {imported for imported in imports(path) if any(_within(imported, part) for part in SIMULATORS)}
        assert not {imported for imported in reached if not _within(imported, PORTAL_CONNECTOR)}, name


def test_a_running_daemon_has_no_simulator_loaded() -> None:
    """Plugins are loaded by name, which no reader of imports sees: so look at a process with all of them loaded."""
    program = (
        "import sys, nvqsync.cli, nvqsync.daemon, nvqsync.bootstrap, nvqsync.plugin_manager\n"
        "from click.testing import CliRunner\n"
        "answer = CliRunner().invoke(nvqsync.cli.program, ['plugins'])\n"
        "assert answer.exit_code == 0, answer.output\n"
        "assert 'connectors.moodle.connector' in sys.modules, sorted(sys.modules)\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = {name for name in done.stdout.split() if any(_within(name, part) for part in SIMULATORS)}
    assert loaded <= {"connectors.interchange_mock", PORTAL_CONNECTOR}
