"""nvqsync's connector against the mock portal with every fault: nothing lost, nothing twice, nothing guessed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.interchange_mock import connector as ours
from connectors.interchange_mock.clock import Clock
from connectors.interchange_mock.connector import InterchangeMock, open_portal
from connectors.interchange_mock.faults import KINDS
from connectors.interchange_mock.portal import Portal
from nvqsync.errors import PortalBusy, PortalError, PortalRefused, SettingsError
from nvqsync.exports import batch_json
from nvqsync.hookspecs import PortalOffer
from nvqsync.model import Answer, Batch, Outcome
from tests.unit.portal_batches import CENTRE, NOW, a_batch, a_claim

CREDENTIAL = "s3cret-of-the-centre"
BATCH = a_batch(*(a_claim(f"claim-{number}", f"1000000{number}") for number in range(1, 5)))
KEYS = [claim.key for claim in BATCH.claims]


def _ready(portal: Portal) -> None:
    with portal.open_books() as state:
        state.set_direct_claim_status("OCR", CENTRE, "OCR/03455")
        for claim in BATCH.claims:
            state.register("OCR", CENTRE, claim.candidate_number, "OCR/03455", name=claim.name)


@pytest.fixture
def portal() -> Iterator[Portal]:
    """A portal with four registered candidates and direct claim status."""
    with Portal(return_rate=0, clock=Clock(NOW), credential=CREDENTIAL) as portal:
        _ready(portal)
        yield portal


@pytest.fixture
def connector(portal: Portal) -> Iterator[InterchangeMock]:
    """A connector that waits little, for tests."""
    connector = InterchangeMock(portal.url, CREDENTIAL, timeout=0.6, attempts=6, first_wait=0.05)
    yield connector
    connector.close()


def _submit(connector: InterchangeMock, batch: Batch = BATCH) -> list[Answer]:
    return list(connector.submit(batch, batch_json.render(batch)))


def _accepted(portal: Portal) -> int:
    return len(portal.books()["claims"])


def test_a_batch_is_answered_claim_by_claim(portal: Portal, connector: InterchangeMock) -> None:
    """Acknowledged in order, then certificated when asked about."""
    assert [(one.key, one.outcome) for one in _submit(connector)] == [(key, Outcome.ACKNOWLEDGED) for key in KEYS]
    answers = connector.ask("OCR", CENTRE, [*KEYS, "never", KEYS[0]])
    assert [one.outcome for one in answers] == [Outcome.CERTIFICATED] * 4 + [Outcome.NOT_FOUND, Outcome.CERTIFICATED]
    assert len({one.certificate_number for one in answers[:4]}) == 4 and all(one.on for one in answers[:4])


NOTHING_ACCEPTED = {"refused": 0, "expired_credential": 0, "rate_limit": 0}
UNKNOWN = {"unavailable": 0, "cut": 0, "slow": 4, "lost_answer": 4, "cut_answer": 4, "garbage": 4, "restart": 4}
ANSWERED = {"doubled_answer": 4, "stranger": 4, "partial_answer": 4, "partial_batch": 2}


def test_every_fault_has_its_test() -> None:
    """The three tables below name each fault once."""
    assert sorted([*NOTHING_ACCEPTED, *UNKNOWN, *ANSWERED]) == sorted(KINDS)


@pytest.mark.parametrize("kind", NOTHING_ACCEPTED)
def test_a_clear_no_is_a_refusal_with_a_next_step(portal: Portal, connector: InterchangeMock, kind: str) -> None:
    """Nothing was accepted, the error says what to do, and the same batch goes through afterwards."""
    portal.faults.add(kind, on="batches")
    with pytest.raises(PortalRefused) as refusal:
        _submit(connector)
    assert refusal.value.next_step and CREDENTIAL not in f"{refusal.value!r} {refusal.value}"
    assert _accepted(portal) == 0
    assert len(_submit(connector)) == _accepted(portal) == 4


@pytest.mark.parametrize(("kind", "accepted"), UNKNOWN.items())
def test_a_lost_answer_is_unknown_until_asked(
    portal: Portal, connector: InterchangeMock, kind: str, accepted: int
) -> None:
    """PortalBusy, no second attempt by itself; asking finds out, and a repeat leaves one claim a key."""
    portal.faults.add(kind, on="batches", seconds=0.8 if kind == "slow" else 0.1)
    with pytest.raises(PortalBusy) as doubt:
        _submit(connector)
    assert doubt.value.next_step and CREDENTIAL not in f"{doubt.value!r} {doubt.value}"
    assert _accepted(portal) == accepted
    found = [one.outcome is not Outcome.NOT_FOUND for one in connector.ask("OCR", CENTRE, KEYS)]
    assert found == [accepted == 4] * 4
    assert len(_submit(connector)) == _accepted(portal) == 4


@pytest.mark.parametrize(("kind", "accepted"), ANSWERED.items())
def test_odd_answers_are_taken_for_what_they_say(
    portal: Portal, connector: InterchangeMock, kind: str, accepted: int
) -> None:
    """Doubles count once, strangers are passed on, what is left out is left open; nothing is made up."""
    portal.faults.add(kind, on="batches")
    answers = _submit(connector)
    keys = [one.key for one in answers]
    assert len(keys) == len(set(keys)) and _accepted(portal) == accepted
    expected = KEYS[:2] if kind.startswith("partial") else KEYS
    assert keys == expected + (["a-claim-nobody-sent"] if kind == "stranger" else [])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("refused", "expired_credential", "slow")])
def test_a_question_is_repeated_until_it_is_answered(portal: Portal, connector: InterchangeMock, kind: str) -> None:
    """Asking changes nothing that matters, so the connector may ask again by itself."""
    _submit(connector)
    portal.faults.add(kind, on="query", seconds=0.05)
    assert [one.outcome for one in connector.ask("OCR", CENTRE, KEYS)] == [Outcome.CERTIFICATED] * 4
    assert portal.faults.report()["struck"] == {kind: 1}


def test_a_question_that_is_never_answered_gives_up(portal: Portal) -> None:
    """After four attempts PortalBusy, with what to do."""
    connector = InterchangeMock(portal.url, CREDENTIAL, attempts=4, first_wait=0.01)
    portal.faults.add("garbage", on="query", times=9)
    with pytest.raises(PortalBusy, match="not an answer"):
        connector.ask("OCR", CENTRE, KEYS)
    connector.close()
    assert len(portal.faults.report()["waiting"]) == 5  # type: ignore[arg-type]


def test_a_refused_question_is_not_repeated(portal: Portal, connector: InterchangeMock) -> None:
    """A wrong credential stays wrong."""
    portal.faults.add("expired_credential", on="query", times=2)
    with pytest.raises(PortalRefused, match="credential"):
        connector.ask("OCR", CENTRE, KEYS)
    assert portal.faults.report()["struck"] == {"expired_credential": 1}


def test_a_portal_that_is_not_there_accepted_nothing() -> None:
    """A refused connection is a certain no for a batch; for a question it is told as what it is."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    connector = InterchangeMock(f"http://127.0.0.1:{port}", CREDENTIAL, attempts=2, first_wait=0.01)
    with pytest.raises(PortalRefused, match="nothing was sent"):
        _submit(connector)
    with pytest.raises(PortalBusy, match=r"cannot be reached\.\nCheck that it runs"):
        connector.ask("OCR", CENTRE, KEYS)
    connector.close()
    connector.close()


def test_a_key_sent_with_another_content_is_refused(portal: Portal, connector: InterchangeMock) -> None:
    """The portal's words come through; the first claim stands."""
    _submit(connector)
    with pytest.raises(PortalRefused, match="another content"):
        _submit(connector, a_batch(a_claim("claim-1", "10000002"), id="batch-2"))
    assert _accepted(portal) == 4


def _one_reply(reply: bytes) -> tuple[str, threading.Thread]:
    """A server that gives one raw reply and is gone."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with server:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(reply)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    return f"http://127.0.0.1:{server.getsockname()[1]}", thread


def _http(status: str, body: str, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", body]).encode()


CERTIFIED = '{"key": "claim-1", "outcome": "certificated", "certificate_number": "Q-1", "on": "2026-10-26"}'


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (_http("302 Found", "", "Location: http://127.0.0.1:9/elsewhere"), PortalBusy),
        (_http("200 OK", "[]"), PortalBusy),
        (_http("200 OK", '{"batch": "batch-1", "answers": {}}'), PortalBusy),
        (_http("200 OK", '{"batch": "batch-9", "answers": []}'), PortalBusy),
        (_http("200 OK", "[" * 100_000), PortalBusy),
        (_http("500 Oops", "\x1b[31mtraceback"), PortalBusy),
        (_http("408 Timeout", ""), PortalBusy),
        (_http("422 No", '{"error": {"says": "no\\u001b[31m"}}'), PortalRefused),
        (_http("404 No", "<html>"), PortalRefused),
        (b"SSH-2.0-OpenSSH\r\n", PortalBusy),
        (b"", PortalBusy),
    ],
)
def test_replies_of_other_servers_are_not_believed(reply: bytes, error: type[PortalError]) -> None:
    """Whatever answers on that port, the outcome is a clear no or unknown, with clean words."""
    url, thread = _one_reply(reply)
    connector = InterchangeMock(url, CREDENTIAL, timeout=5)
    with pytest.raises(error) as problem:
        _submit(connector, a_batch())
    assert str(problem.value).replace("\n", "").isprintable() and CREDENTIAL not in str(problem.value)
    connector.close()
    thread.join()


@pytest.mark.parametrize(
    ("answers", "keys"),
    [
        (CERTIFIED, ["claim-1"]),
        (f"{CERTIFIED}, {CERTIFIED}", ["claim-1"]),
        (f'{CERTIFIED}, {{"key": "claim-1", "outcome": "returned"}}', []),
        ('{"key": "claim-1", "outcome": "certificated"}', []),
        ('{"key": "claim-1", "outcome": "mislaid"}', []),
        ('{"key": "claim-1", "outcome": "returned", "on": "yesterday"}', []),
        ('{"key": "claim-1", "outcome": "returned", "words": ["no"]}', []),
        ('{"key": 1, "outcome": "returned"}, null, 7, {}', []),
        (CERTIFIED.replace("{", '{"colour": "blue", '), ["claim-1"]),
    ],
)
def test_an_answer_that_makes_no_sense_is_no_answer(answers: str, keys: list[str]) -> None:
    """Half a certificate, two minds, an unknown word: that claim stays open, the others are read."""
    url, thread = _one_reply(_http("200 OK", f'{{"batch": "batch-1", "answers": [{answers}]}}'))
    connector = InterchangeMock(url, CREDENTIAL, timeout=5)
    assert [one.key for one in _submit(connector, a_batch())] == keys
    connector.close()
    thread.join()


@pytest.mark.parametrize(
    "settings_section",
    [
        {"credential": "x"},
        {"url": "http://127.0.0.1:1"},
        {"url": "http://portal.example.org", "credential": "x"},
        {"url": "https://127.0.0.1:1", "credential": "x"},
        {"url": "http://user:word@127.0.0.1:1", "credential": "x"},
        {"url": "http://127.0.0.1:1", "credential": "line\nbreak"},
        {"url": "http://127.0.0.1:1", "credential": "x", "timeout": "soon"},
    ],
)
def test_settings_that_cannot_work_are_told(settings_section: dict[str, object]) -> None:
    """A missing or far address, a missing credential: refused before anything is sent, without the credential."""
    with pytest.raises(SettingsError) as problem:
        open_portal(settings_section)
    assert problem.value.next_step and "line\nbreak" not in str(problem.value) and "word" not in str(problem.value)


def test_the_hook_offers_a_portal_that_opens(portal: Portal) -> None:
    """The offer names the three bodies and opens from a settings section with a secret in it."""
    offers: list[PortalOffer] = []
    ours.register_portals(offers.append)
    opened = offers[0].open({"url": f"{portal.url}/", "credential": SecretStr(CREDENTIAL), "timeout": 5})
    assert (offers[0].name, offers[0].awarding_bodies) == ("interchange_mock", ("OCR", "EDI", "NCFE"))
    assert [one.outcome for one in opened.ask("NCFE", CENTRE, ["never"])] == [Outcome.NOT_FOUND]
    opened.close()


def test_many_keys_are_asked_about_in_several_questions(portal: Portal, connector: InterchangeMock) -> None:
    """Over a thousand keys: one answer each, in order."""
    keys = [f"never-{number}" for number in range(1200)]
    assert [one.key for one in connector.ask("OCR", CENTRE, keys)] == keys


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(st.sampled_from([kind for kind in KINDS if kind not in ("slow", "restart")]), max_size=8),
    places=st.lists(st.sampled_from(["batches", "query"]), min_size=8, max_size=8),
)
def test_whatever_goes_wrong_each_claim_is_accepted_once(portal: Portal, kinds: list[str], places: list[str]) -> None:
    """A sender that asks before it sends again ends with one claim and one certificate a key."""
    portal.forget()
    portal.faults.clear()
    _ready(portal)
    connector = InterchangeMock(portal.url, CREDENTIAL, timeout=5, attempts=3, first_wait=0.001)
    for kind, place in zip(kinds, places, strict=False):
        portal.faults.add(kind, on=place, seconds=0)
    standing: dict[str, Answer] = {}
    for _ in range(40):
        missing = tuple(claim for claim in BATCH.claims if standing.get(claim.key, _GONE).outcome is Outcome.NOT_FOUND)
        try:
            if missing:
                _submit(connector, a_batch(*missing))
            standing = {one.key: one for one in connector.ask("OCR", CENTRE, KEYS)}
        except PortalError:
            continue
        if all(one.outcome is Outcome.CERTIFICATED for one in standing.values()):
            break
    connector.close()
    books = portal.books()
    assert sorted(one["key"] for one in books["claims"]) == KEYS
    assert {one.certificate_number: key for key, one in standing.items()} == books["certificates"]


_GONE = Answer("", Outcome.NOT_FOUND)
