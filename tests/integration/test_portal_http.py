"""The mock portal over real HTTP on loopback: its routes, its refusals, its control port, its drop folder."""

from __future__ import annotations

import gc
import json
import socket
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from connectors.interchange_mock import centre_routes
from connectors.interchange_mock.clock import Clock
from connectors.interchange_mock.portal import Portal
from nvqsync.exports import batch_json, claims_csv
from nvqsync.model import Batch
from tests.unit.portal_batches import CENTRE, NOW, a_batch, a_claim

SETUP = {"centre_number": CENTRE, "qualification": "OCR/03455", "held": True}
ENTRY = {"centre_number": CENTRE, "candidate_number": "10000001", "qualification": "03455", "entry": "full_award"}


@pytest.fixture
def portal() -> Iterator[Portal]:
    """A portal that returns nothing on purpose, its clock standing still."""
    with Portal(return_rate=0, clock=Clock(NOW)) as portal:
        yield portal


@pytest.fixture
def http(portal: Portal) -> Iterator[requests.Session]:
    """A centre's session, with its credential."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {portal.credential}"
        yield session


def _post(http: requests.Session, portal: Portal, batch: Batch, **headers: str) -> requests.Response:
    url, headers = f"{portal.url}/{batch.awarding_body}/batches", {"Idempotency-Key": batch.id, **headers}
    return http.post(url, data=batch_json.render(batch), headers=headers, timeout=5)


def _ask(http: requests.Session, portal: Portal, *keys: str) -> list[dict[str, Any]]:
    said = {"centre_number": CENTRE, "keys": list(keys)}
    answers: list[dict[str, Any]] = http.post(f"{portal.url}/OCR/claims/query", json=said, timeout=5).json()["answers"]
    return answers


def test_from_registration_to_certificate(portal: Portal, http: requests.Session) -> None:
    """A centre registers, claims without direct claim status, is authorised, and has its certificate number."""
    assert http.put(f"{portal.url}/OCR/registrations", json={"registrations": [ENTRY]}, timeout=5).ok
    sent = _post(http, portal, a_batch())
    assert sent.json()["answers"][0]["outcome"] == "awaiting_authorisation"
    assert http.post(f"{portal.url}/OCR/claims/claim-1/authorise", timeout=5).json()["outcome"] == "acknowledged"
    answer = _ask(http, portal, "claim-1")[0]
    assert (answer["outcome"], answer["on"]) == ("certificated", "2026-10-26")
    books = http.get(f"{portal.url}/books", timeout=5).json()
    assert books["certificates"] == {answer["certificate_number"]: "claim-1"} == portal.books()["certificates"]


def test_direct_claim_status_goes_straight_on(portal: Portal, http: requests.Session) -> None:
    """With direct claim status nobody is waited for."""
    http.put(f"{portal.url}/OCR/registrations", json={"registrations": [ENTRY]}, timeout=5)
    assert http.put(f"{portal.url}/OCR/direct-claim-status", json=SETUP, timeout=5).json() == SETUP
    assert _post(http, portal, a_batch()).json()["answers"][0]["outcome"] == "acknowledged"


def test_the_body_revokes_a_certificate_with_words(portal: Portal, http: requests.Session) -> None:
    """Refused while there is none; afterwards the claim is revoked, and its units may be claimed anew."""
    http.put(f"{portal.url}/OCR/registrations", json={"registrations": [ENTRY]}, timeout=5)
    http.put(f"{portal.url}/OCR/direct-claim-status", json=SETUP, timeout=5)
    _post(http, portal, a_batch())
    address, words = f"{portal.url}/OCR/claims/claim-1/revoke", {"words": "Granted in error."}
    assert http.post(address, json=words, timeout=5).status_code == 409
    assert _ask(http, portal, "claim-1")[0]["outcome"] == "certificated"
    assert http.post(address, json=words, timeout=5).json()["outcome"] == "revoked"
    assert _ask(http, portal, "claim-1")[0]["words"] == "Granted in error."
    assert http.post(f"{portal.url}/OCR/claims/claim-1/return", json=words, timeout=5).status_code == 409
    anew = _post(http, portal, a_batch(a_claim("claim-2"), id="batch-2"))
    assert anew.json()["answers"][0]["outcome"] == "acknowledged"


def test_the_verifier_returns_a_claim_with_words(portal: Portal, http: requests.Session) -> None:
    """What the verifier wrote comes back word for word."""
    http.put(f"{portal.url}/OCR/registrations", json={"registrations": [ENTRY]}, timeout=5)
    _post(http, portal, a_batch())
    http.post(f"{portal.url}/OCR/claims/claim-1/return", json={"words": "Unit F1: no witness."}, timeout=5)
    returned, never = _ask(http, portal, "claim-1", "never")
    assert (returned["outcome"], returned["words"]) == ("returned", "Unit F1: no witness.")
    assert never["outcome"] == "not_found"


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "mock-portal-credential"}])
def test_without_the_credential_nothing_is_told(portal: Portal, header: dict[str, str]) -> None:
    """Books, batches and questions want the credential; the banner and the description do not."""
    for path in ("/books", "/OCR/claims/query"):
        ask = requests.get if path == "/books" else requests.post
        assert ask(portal.url + path, headers=header, timeout=5).status_code == 401
    assert requests.get(f"{portal.url}/", headers=header, timeout=5).ok


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("DELETE", "/books", None, 405),
        ("PUT", "/VTCT/direct-claim-status", SETUP, 404),
        ("PUT", "/OCR/direct-claim-status", {**SETUP, "held": "yes"}, 400),
        ("PUT", "/OCR/registrations", {"registrations": [{**ENTRY, "entry": "both"}]}, 400),
        ("PUT", "/OCR/registrations", {"registrations": [{**ENTRY, "registered_on": "1/9/26"}]}, 400),
        ("PUT", "/OCR/registrations", {"registrations": [ENTRY, {**ENTRY, "entry": "units"}]}, 409),
        ("POST", "/OCR/claims/query", {"centre_number": CENTRE}, 400),
        ("POST", "/OCR/claims/query", {"centre_number": CENTRE, "keys": [1]}, 400),
        ("POST", "/OCR/claims/never/authorise", None, 404),
        ("POST", "/OCR/batches", {"batch": "x"}, 400),
    ],
)
def test_misuse_is_refused_with_words(
    portal: Portal, http: requests.Session, method: str, path: str, body: Any, status: int
) -> None:
    """A clear status, a reason, and unchanged books."""
    before = portal.books()
    answer = http.request(method, portal.url + path, json=body, timeout=5)
    assert answer.status_code == status and answer.json()["error"]["says"]
    assert portal.books() == before


def test_path_header_and_document_must_agree(portal: Portal, http: requests.Session) -> None:
    """A batch for another body, or under another idempotency key, is refused whole."""
    assert _post(http, portal, a_batch(), **{"Idempotency-Key": "other"}).status_code == 400
    wrong = http.post(f"{portal.url}/EDI/batches", data=batch_json.render(a_batch()), timeout=5)
    assert wrong.status_code == 400 and portal.books()["claims"] == []


def test_a_page_elsewhere_cannot_reach_the_portal_by_name(portal: Portal) -> None:
    """Another Host than loopback is refused, on both ports."""
    for url in (portal.url, portal.control_url):
        assert requests.get(f"{url}/", headers={"Host": "evil.example"}, timeout=5).status_code == 421


def test_only_loopback_is_listened_on(portal: Portal) -> None:
    """Both ports are bound to 127.0.0.1."""
    for server in portal._servers:
        assert server.server_address[0] == "127.0.0.1"


def test_connections_are_kept_and_quick(portal: Portal, http: requests.Session) -> None:
    """A hundred questions on one connection take no Nagle pauses (40 ms each)."""
    started = time.monotonic()
    for _ in range(100):
        _ask(http, portal, "never")
    assert time.monotonic() - started < 3


def test_stopping_leaves_nothing_open() -> None:
    """Open connections, half-sent requests and sleeping answers all end at once, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Portal(return_rate=0) as portal:
            port = int(portal.url.rpartition(":")[2])
            idle = socket.create_connection(("127.0.0.1", port))
            half = socket.create_connection(("127.0.0.1", port))
            half.sendall(b"POST /OCR/batches HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nab")
            time.sleep(0.1)
            started = time.monotonic()
        assert time.monotonic() - started < 2
        assert (idle.recv(1), half.recv(1)) == (b"", b"")
        idle.close()
        half.close()
        gc.collect()


def test_the_description_names_every_route_and_no_other(portal: Portal) -> None:
    """openapi.json and the table of routes are the same list."""
    described = requests.get(f"{portal.url}/openapi.json", timeout=5).json()
    listed = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert listed == {(route.method, route.path) for route in centre_routes.routes(portal)}


def test_answers_are_as_described(portal: Portal, http: requests.Session) -> None:
    """Batches, answers, books and errors fit the schemas of openapi.json."""
    described = json.loads(centre_routes.OPENAPI.read_text(encoding="utf-8"))
    http.put(f"{portal.url}/OCR/registrations", json={"registrations": [ENTRY]}, timeout=5)
    sent, books = _post(http, portal, a_batch()).json(), http.get(f"{portal.url}/books", timeout=5).json()
    error = http.get(f"{portal.url}/nothing", timeout=5).json()
    for name, answer in [("Answer", sent["answers"][0]), ("Books", books), ("Error", error), ("Registration", ENTRY)]:
        schema = {"$ref": f"#/components/schemas/{name}", "components": described["components"]}
        Draft202012Validator(schema).validate(answer)
        assert not Draft202012Validator(schema).is_valid({})


def test_the_control_port_drives_clock_and_terms(portal: Portal, http: requests.Session) -> None:
    """A certificate that takes a day comes when the clock is moved by one."""
    control = portal.control_url
    assert requests.put(f"{control}/terms", json={"issue_after_seconds": 86_400}, timeout=5).json()["seed"] == 1
    http.put(f"{portal.url}/OCR/registrations", json={"registrations": [ENTRY]}, timeout=5)
    http.put(f"{portal.url}/OCR/direct-claim-status", json=SETUP, timeout=5)
    _post(http, portal, a_batch())
    assert _ask(http, portal, "claim-1")[0]["outcome"] == "acknowledged"
    assert requests.post(f"{control}/clock", json={"advance": 86_400}, timeout=5).json()["now"] == NOW + 86_400
    assert _ask(http, portal, "claim-1")[0]["on"] == "2026-10-27"
    assert requests.post(f"{control}/forget", timeout=5).ok and portal.books()["claims"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/faults", {"kind": "earthquake"}),
        ("POST", "/faults", {"kind": "slow", "on": "sundays"}),
        ("POST", "/faults", {"kind": "slow", "times": 0}),
        ("POST", "/faults", {"kind": "slow", "times": "2"}),
        ("POST", "/faults", []),
        ("PUT", "/faults/random", {"rate": 2}),
        ("PUT", "/faults/random", {"rate": 0.5, "kinds": []}),
        ("PUT", "/terms", {"return_rat": 0}),
        ("PUT", "/terms", {"return_rate": 7}),
        ("POST", "/clock", {"advance": 0.5}),
        ("POST", "/restart", {"seconds": -1}),
    ],
)
def test_a_control_that_is_not_understood_changes_nothing(portal: Portal, method: str, path: str, body: Any) -> None:
    """Typing errors in a rehearsal are told, not swallowed."""
    answer = requests.request(method, portal.control_url + path, json=body, timeout=5)
    assert answer.status_code == 400 and answer.json()["error"]["says"]
    assert portal.faults.report() == {"waiting": [], "random_rate": 0.0, "struck": {}}


def test_a_drop_folder_takes_csv_and_answers_with_csv(tmp_path: Path) -> None:
    """A good file is answered and put away; a bad one is refused with a reason and changes nothing."""
    with Portal(return_rate=0, clock=Clock(NOW), drop=tmp_path) as portal:
        with portal.open_books() as state:
            state.register("OCR", CENTRE, "10000001", "03455")
        (tmp_path / "good.tmp").write_bytes(claims_csv.render(a_batch(a_claim())))
        (tmp_path / "good.tmp").rename(tmp_path / "good.csv")
        (tmp_path / "bad.csv").write_text("Batch,Name\nx,y\n")
        _wait_for(tmp_path / "taken" / "good.csv", tmp_path / "refused" / "bad.csv")
        assert "claim-1,awaiting_authorisation," in (tmp_path / "answers" / "good.csv").read_text()
        assert "line 2, Awarding body" in (tmp_path / "refused" / "bad.txt").read_text()
        assert len(portal.books()["claims"]) == 1


def _wait_for(*paths: Path) -> None:
    until = time.monotonic() + 10
    while not all(path.exists() for path in paths):
        assert time.monotonic() < until, [path for path in paths if not path.exists()]
        time.sleep(0.02)
