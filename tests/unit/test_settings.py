"""Settings: where each may come from, which one wins, and what a person is told whose settings cannot be used."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

import pytest

from nvqsync.bootstrap import bootstrap
from nvqsync.cli import main
from nvqsync.errors import SettingsError
from nvqsync.settings import Settings, load
from nvqsync.settings_example import example, fields

SECRET = "f00dcafef00dcafe"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have variables of their own."""
    for name in list(os.environ):
        if name.upper().startswith("NVQSYNC_") or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "nvqsync.toml"


def refused(config: Path, text: str) -> str:
    config.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        load(config)
    return str(error.value)


def test_the_environment_goes_before_credentials_before_the_file_before_defaults(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taking the sources away one after the other uncovers the next."""
    config.write_text('[moodle]\ntoken = "from the file"\n', encoding="utf-8")
    (tmp_path / "nvqsync_moodle_token").write_text("from systemd\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("NVQSYNC_MOODLE__TOKEN", "from the environment")

    def token() -> str:
        return load(config).moodle.token.get_secret_value()

    assert token() == "from the environment"
    monkeypatch.delenv("NVQSYNC_MOODLE__TOKEN")
    assert token() == "from systemd"
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert token() == "from the file"
    config.write_text("", encoding="utf-8")
    assert token() == ""


def test_a_secrets_file_named_in_the_environment_beats_a_secret_in_the_settings_file(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment goes first in this form too, for both secrets."""
    (tmp_path / "secret").write_text("from its own file\n", encoding="utf-8")
    config.write_text('[moodle]\ntoken = "old"\n[portal]\ncredential = "old"\n', encoding="utf-8")
    monkeypatch.setenv("NVQSYNC_MOODLE__TOKEN_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("NVQSYNC_PORTAL__CREDENTIAL_FILE", str(tmp_path / "secret"))
    loaded = load(config)
    assert loaded.moodle.token.get_secret_value() == "from its own file"
    assert loaded.portal.credential.get_secret_value() == "from its own file"


def test_nested_settings_of_every_type_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text, numbers, lists and tables; the rest of a section keeps its defaults."""
    for name, value in {
        "NVQSYNC_DATABASE": "/data/n.db", "NVQSYNC_MOODLE__URL": "https://moodle.example", "NVQSYNC_WEB__PORT": "9000",
        "NVQSYNC_MOODLE__COURSES": '["42", "CS2"]', "NVQSYNC_DAEMON__EVERY_MINUTES": "2.5",
        "NVQSYNC_CENTRE__NAME": "Exampleton College",
        "NVQSYNC_CONNECTORS": '{"other": {"page": 3}}',
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    app = bootstrap()
    loaded = app.settings
    assert (loaded.database, loaded.moodle.url, loaded.web.port) == (Path("/data/n.db"), "https://moodle.example", 9000)
    assert (loaded.moodle.courses, loaded.daemon.every_minutes, loaded.moodle.connections) == (["42", "CS2"], 2.5, 4)
    assert (loaded.centre.name, loaded.connectors) == ("Exampleton College", {"other": {"page": 3}})


def test_the_file_may_be_named_by_the_environment(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``$NVQSYNC_CONFIG`` stands in for --config."""
    config.write_text("[web]\nport = 1234\n", encoding="utf-8")
    monkeypatch.setenv("NVQSYNC_CONFIG", str(config))
    assert load().web.port == 1234


def test_relative_paths_of_the_file_start_at_the_file(config: Path, tmp_path: Path) -> None:
    """Wherever nvqsync is started from; absolute ones stay, and the defaults stand beside the file too."""
    (tmp_path / "token").write_text("abc\n", encoding="utf-8")
    config.write_text(
        '[moodle]\ntoken_file = "token"\nca_bundle = "ca.pem"\n[mapping]\nfile = "/etc/mapping.toml"\n'
        '[catalogue]\ncriteria_files = ["own.toml"]\n',
        encoding="utf-8",
    )
    loaded = load(config)
    assert loaded.moodle.token.get_secret_value() == "abc"
    assert loaded.moodle.ca_bundle == tmp_path / "ca.pem"
    assert loaded.mapping.file == Path("/etc/mapping.toml")
    assert loaded.catalogue.criteria_files == [tmp_path / "own.toml"]
    assert (loaded.database, loaded.export.folder) == (tmp_path / "nvqsync.db", tmp_path / "exports")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (
            '[moodle]  # the site\nurl = "x"\ntokn = "SECRET"\n',
            3,
            "moodle.tokn: no such setting; did you mean 'token'?",
        ),
        ("databse = 'x'\n", 1, "did you mean 'database'?"),
        ('[centre]\nname = "x"\nnumbers = { OCR = "12345" }\n', 3, "centre.numbers: no such setting"),
        ("[web]\n\nport = 99999\n", 3, "web.port"),
        ('[web]\npublic_url = "https://college.ac.uk/claims"\n', 1, "a name of its own, without a path"),
        ("[daemon]\nevery_minutes = inf\n", 2, "daemon.every_minutes"),
        ("[moodle]\ntimeout = nan\n", 2, "moodle.timeout"),
        ('[moodle]\ncourses = ["CS2", 7]\n', 2, "moodle.courses.1"),
        ("database = 5\n", 1, "database"),
        ('export = "x"\n', 1, "export"),
        ('moodle = "x"\n', 1, "moodle"),
        ('[daemon]\nquiet_from = "05:00"\n', 1, "line 1: daemon: quiet_from and quiet_to go together.\n"),
        ('[oidc]\nissuer = "https://x"\n', 1, "oidc.issuer needs oidc.client_id"),
        ('[oidc]\nissuer = "http://x.example"\nclient_id = "n"\n', 1, "oidc.issuer is an https:// address"),
        ('[oidc]\nissuer = "https://x/?y"\nclient_id = "n"\n', 1, "oidc.issuer is an https:// address"),
        ('[oidc]\nscopes = ["email"]\nissuer = "https://x"\nclient_id = "n"\n', 1, 'has to hold "openid"'),
    ],
)
def test_a_slip_is_told_with_file_line_and_key(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: int, says: str
) -> None:
    """And with the nearest name where there is none of that name; the value is not repeated."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "nvqsync_moodle_token").write_text("x", encoding="utf-8")
    told = refused(config, text)
    assert f"{config}, line {line}: " in told
    assert says in told
    assert "SECRET" not in told


@pytest.mark.parametrize("public", ["", "http://claims.exampleton.ac.uk"])
def test_what_is_wrong_between_two_tables_is_told_with_the_file(config: Path, public: str) -> None:
    """A single sign-on without an address to send people back to, or with one in the open."""
    told = refused(config, f'[web]\npublic_url = "{public}"\n[oidc]\nissuer = "https://x"\nclient_id = "n"\n')
    assert told.startswith(f"{config}: ") and "oidc.issuer needs web.public_url" in told


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("NVQSYNC_MOODLE__TOKN", SECRET, "environment: moodle.tokn: no such setting; did you mean 'token'?"),
        ("NVQSYNC_DATABSE", SECRET, "NVQSYNC_DATABSE sets nothing; did you mean NVQSYNC_DATABASE?"),
        ("NVQSYNC_MOODLE__COURSES", SECRET, "NVQSYNC_MOODLE__COURSES cannot be read"),
        ("NVQSYNC_MOODLE", SECRET, "NVQSYNC_MOODLE cannot be read"),
        ("NVQSYNC_WEB__PORT", SECRET, "environment: web.port"),
    ],
)
def test_a_slip_in_the_environment_is_told_as_one(
    config: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    """Not blamed on the file, even when that has the same section; the value is not repeated."""
    monkeypatch.setenv(name, value)
    told = refused(config, '[moodle]\nurl = "x"\n[web]\n')
    assert says in told
    assert SECRET not in told


@pytest.mark.parametrize("text", ["[moodle\n", "a = \n", '[moodle]\ntoken = "f00dcafef00dcafe\n'])
def test_what_is_no_toml_is_told_with_its_line(config: Path, text: str) -> None:
    """Without repeating what stands there."""
    told = refused(config, text)
    assert str(config) in told
    assert "line" in told
    assert SECRET not in told


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, a folder, or not UTF-8; a byte order mark alone is no reason."""
    (tmp_path / "latin").write_bytes(b'[centre]\nname = "Caf\xe9"\n')
    for name in ("nowhere.toml", ".", "latin"):
        with pytest.raises(SettingsError, match=re.escape(str(tmp_path / name))):
            load(tmp_path / name)
    (tmp_path / "mark.toml").write_bytes(b"\xef\xbb\xbf[web]\nport = 7\n")
    assert load(tmp_path / "mark.toml").web.port == 7


def test_a_secrets_file_that_cannot_be_read_is_named(config: Path) -> None:
    """With the setting that names it."""
    told = refused(config, '[moodle]\ntoken_file = "nowhere"\n')
    assert "moodle.token_file" in told
    assert "nowhere" in told


def test_no_secret_is_shown(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither by 'settings show' nor in the settings' own representation, whoever's secret it is."""
    config.write_text(
        f'[moodle]\ntoken = "{SECRET}"\nproxy = "http://me:{SECRET}@proxy:3128"\n[portal]\ncredential = "{SECRET}"\n'
        f'[connectors.other]\napi_key = "{SECRET}"\nurl = "https://me:{SECRET}@other.example/"\npage = 3\n',
        encoding="utf-8",
    )
    assert main(["--config", str(config), "settings", "show"]) == 0
    out = capsys.readouterr().out
    shown = json.loads(out)
    assert SECRET not in out
    assert shown["connectors"]["other"]["page"] == 3
    assert "proxy:3128" in shown["moodle"]["proxy"]
    assert SECRET not in repr(load(config))


def uncommented(text: str) -> str:
    """The example as a person makes it real: the hash taken away before every setting and table."""
    return re.sub(r"^# (?=[a-z_]+ = |\[)", "", text, flags=re.M)


def test_the_example_as_it_is_sets_nothing(config: Path) -> None:
    """Every line of it is a comment or the head of a table."""
    config.write_text(example(), encoding="utf-8")
    anchored = {"database", "export", "backup"}
    assert load(config).model_dump(exclude=anchored) == Settings().model_dump(exclude=anchored)


def test_the_example_made_real_is_read_whole(config: Path) -> None:
    """Each setting stands in it, with a value that the settings accept, under its own table."""
    text = uncommented(example())
    document = tomllib.loads(text)
    for name, _ in fields(Settings):
        if name != "connectors":
            section, _, key = name.rpartition(".")
            assert key in (document[section] if section else document), name
    config.write_text(text, encoding="utf-8")
    loaded = load(config)
    assert loaded.moodle.url == "https://moodle.college.ac.uk"
    assert loaded.centre.name == "Exampleton College"
