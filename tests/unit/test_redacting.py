"""Taking out of texts and settings what must not leave the college."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.health.redacting import Scrubber, reduced, secrets_in
from nvqsync.settings import Settings

SCRUBBER = Scrubber(
    secrets=["hush-hush-hush", "short"],
    names=["Siobhán O'Neill", "Fiona van den Berg", "ng li"],
    numbers=["9276308686", "S0", "FE-0101", "2006-03-01"],
    titles=["CS2", "Customer Service Level 2"],
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("the token hush-hush-hush was refused", "the token [secret] was refused"),
        ("Siobhán of CS2 (O'Neill)", "[person] of [title] (O'[person])"),
        ("Berg, van den berg", "[person], van den berg"),
        ("ULN 9276308686, not 92763086861", "ULN [person], not 92763086861"),
        ("S0 and S01, FE-0101 and FE-01011", "[person] and S01, [person] and FE-01011"),
        ("born 2006-03-01, read 2026-03-01", "born [person], read 2026-03-01"),
        ("Customer Service Level 2: 3 of 5 read", "[title]: 3 of 5 read"),
        ("https://moodle.exampleton.ac.uk:8443/webservice?x=1.", "https://[address]:8443."),
        ("http://127.0.0.1:8765/metrics", "http://127.0.0.1:8765"),
        ("http://localhost.evil.example/x", "http://[address]"),
        ("http://u:pw@moodle.exampleton.ac.uk/", "http://[address]"),
        ("mail to j.lister@exampleton.ac.uk, please", "mail to [e-mail], please"),
        ("192.0.2.10 refused; 127.0.0.1 did not", "[address] refused; 127.0.0.1 did not"),
        ("/home/jlister/nvqsync.toml", "/home/[user]/nvqsync.toml"),
        ("Moodle 4.5.6 answers, 58 calls", "Moodle 4.5.6 answers, 58 calls"),
    ],
)
def test_what_is_taken_out_of_a_text(text: str, left: str) -> None:
    """Secrets, people, titles and addresses go; numbers, releases and everything else stay."""
    assert SCRUBBER.scrub(text) == left


@given(st.lists(st.sampled_from(["Siobhán", "9276308686", "FE-0101", "hush-hush-hush", "Fiona", "CS2"]), min_size=1),
       st.text(alphabet=" ,.:;()[]\"'\n", min_size=1))  # fmt: skip
def test_wherever_it_stands(parts: list[str], between: str) -> None:
    """Whatever punctuation is around them, people and secrets are gone."""
    left = SCRUBBER.scrub(between.join(parts))
    assert not [part for part in parts if part in left]


def test_a_document_keeps_its_shape() -> None:
    """Keys and numbers stay, so that it remains JSON; every text in it is scrubbed."""
    document = {"Fiona": ["Fiona", 9276308686, None, {"says": "S0 is Fiona"}]}
    assert SCRUBBER.scrub_all(document) == {"Fiona": ["[person]", 9276308686, None, {"says": "[person] is [person]"}]}


SETTINGS = Settings.model_validate(
    {
        "database": "/home/jlister/nvqsync.db",
        "moodle": {"url": "https://moodle.exampleton.ac.uk/lms", "token": "0123456789abcdef", "courses": ["CS-Holt"],
                   "proxy": "http://user:secretpw@proxy:3128"},
        "portal": {"name": "interchange_mock", "credential": "the-portal-word"},
        "centre": {"name": "Exampleton College"},
        "backup": {"encrypt_to": ["it@exampleton.ac.uk"]},
        "web": {"public_url": "https://claims.exampleton.ac.uk", "user_header": "X-Holt", "proxies": ["10.2.3.4"]},
        "connectors": {"other": {"api_token": "abcdefgh-token", "depth": 3, "user": "m.reyes"}},
    }
)  # fmt: skip


def test_every_secret_is_known_to_be_one() -> None:
    """Those of our own settings by their type, those of a connector's table by their name."""
    assert set(secrets_in(SETTINGS)) == {"0123456789abcdef", "the-portal-word", "abcdefgh-token"}


def test_settings_say_how_and_not_who() -> None:
    """Numbers, switches and our own words stay; secrets, addresses, names and free text do not."""
    told = reduced(SETTINGS)
    text = json.dumps(told)
    for gone in ("jlister", "exampleton.ac.uk", "0123456789abcdef", "Holt", "secretpw", "the-portal-word", "Exampleton",
                 "it@", "abcdefgh", "m.reyes", "10.2.3.4"):  # fmt: skip
        assert gone not in text
    assert told["database"] == "/home/[user]/nvqsync.db"
    assert told["moodle"]["url"] == "https://[address]"
    assert told["moodle"]["token"] == "[secret, set]"
    assert told["moodle"]["timeout"] == 60
    assert told["portal"]["name"] == "interchange_mock"
    assert told["connectors"]["other"]["depth"] == 3
    assert {"host": "127.0.0.1", "port": 8765, "metrics": True}.items() <= told["web"].items()
    assert told["web"]["public_url"] == "https://[address]"


def test_settings_that_are_nobodys_stay() -> None:
    """With nothing but defaults nothing has to be taken out."""
    assert "[" not in json.dumps(reduced(Settings())).replace("[]", "").replace('["', "").replace("[\n", "")
    assert reduced(Settings())["database"] == str(Path("nvqsync.db"))
