"""The mock portal over real HTTP on loopback: its routes, its refusals, its control port, its drop folder."""

from __future__ import annotations

import csv
import gc
import io
import json
import re
import socket
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from jsonschema import Draft202012Validator

from connectors.interchange_mock import centre_routes
from connectors.interchange_mock.clock import Clock
from connectors.interchange_mock.faults import BEFORE
from connectors.interchange_mock.portal import Portal
from nvqsync.exports import batch_json, claims_csv
from nvqsync.model import Batch
from tests.unit.portal_batches import CENTRE, NOW, a_batch, a_claim

DESCRIBED: dict[str, Any] = json.loads(centre_routes.OPENAPI.read_text(encoding="utf-8"))
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
        session.hooks["response"] = [as_described]
        yield session


def as_described(answer: requests.Response, *_: object, **__: object) -> None:
    """Every answer in these tests is one that openapi.json describes for its path and status; so is its request."""
    path, method = urlsplit(answer.url).path, str(answer.request.method).lower()
    for template, methods in DESCRIBED["paths"].items():
        if method in methods and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            schema = methods[method]["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
            _validator(schema).validate(answer.json())
            sent = methods[method].get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if sent and answer.ok:
                _validator(sent).validate(json.loads(answer.request.body or b"null"))


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": DESCRIBED["components"]})


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


def test_every_route_is_used_in_these_tests_and_answers_as_described(portal: Portal, http: requests.Session) -> None:
    """Each route answers 200 once here, under the eyes of ``as_described``; no schema takes just anything."""
    seen: set[tuple[str, str]] = set()

    def ask(method: str, template: str, body: Any = None) -> None:
        path = template.replace("{body}", "OCR").replace("{key}", "claim-1")
        assert http.request(method, portal.url + path, json=body, timeout=5).status_code == 200, template
        seen.add((method, template))

    ask("GET", "/")
    ask("GET", "/openapi.json")
    ask("PUT", "/{body}/registrations", {"registrations": [ENTRY]})
    ask("PUT", "/{body}/direct-claim-status", {**SETUP, "held": False})
    ask("PUT", "/{body}/sign-offs", {"centre_number": CENTRE, "qualification": "03455", "candidate_number": "2"})
    ask("PUT", "/{body}/closed", {"qualification": "03454", "last_day": "2026-01-01"})
    assert _post(http, portal, a_batch()).ok
    ask("POST", "/{body}/claims/{key}/authorise")
    ask("POST", "/{body}/claims/{key}/return", {"words": "No."})
    assert _post(http, portal, a_batch(a_claim("claim-2"), id="batch-2")).ok
    http.post(f"{portal.url}/OCR/claims/claim-2/authorise", timeout=5)
    ask("POST", "/{body}/claims/query", {"centre_number": CENTRE, "keys": ["claim-1", "claim-2", "never"]})
    assert http.post(f"{portal.url}/OCR/claims/claim-2/revoke", json={"words": "No."}, timeout=5).ok
    ask("GET", "/books")
    listed = {(route.method, route.path) for route in centre_routes.routes(portal)}
    assert listed - seen == {("POST", "/{body}/batches"), ("POST", "/{body}/claims/{key}/revoke")}
    for name in DESCRIBED["components"]["schemas"]:
        assert not _validator({"$ref": f"#/components/schemas/{name}"}).is_valid({})


@pytest.mark.parametrize("kind", [kind for kind in BEFORE if kind != "cut"])
def test_refusals_on_order_are_described_too(portal: Portal, http: requests.Session, kind: str) -> None:
    """Their statuses stand in openapi.json, for batches and for questions, with words for people."""
    portal.faults.add(kind, times=2)
    asked = {"centre_number": CENTRE, "keys": ["claim-1"]}
    for answer in (_post(http, portal, a_batch()), http.post(f"{portal.url}/OCR/claims/query", json=asked, timeout=5)):
        assert answer.status_code in {401, 403, 429, 503} and answer.json()["error"]["says"]


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
        (tmp_path / "folder.csv").mkdir()
        _wait_for(tmp_path / "taken" / "good.csv", tmp_path / "refused" / "bad.csv")
        assert "claim-1,awaiting_authorisation," in (tmp_path / "answers" / "good.csv").read_text()
        assert "line 2, Awarding body" in (tmp_path / "refused" / "bad.txt").read_text()
        assert len(portal.books()["claims"]) == 1


def test_a_drop_folder_survives_what_it_cannot_do(tmp_path: Path) -> None:
    """Where an answer cannot be written the file stays, that is told, and it is taken once the folder is mended."""
    told: list[str] = []
    with Portal(return_rate=0, clock=Clock(NOW), drop=tmp_path, log=told.append) as portal:
        (tmp_path / "refused" / "huge.txt").mkdir()  # the reason would stand there
        row = dict(zip(("Claim key", "Our claim"), ("k-1", "9" * 5000), strict=True))
        (tmp_path / "huge.csv").write_text(_spoilt(claims_csv.render(a_batch()), row))
        until = time.monotonic() + 10
        while not told and time.monotonic() < until:
            time.sleep(0.02)
        assert any("huge.txt" in line for line in told) and (tmp_path / "huge.csv").exists()
        (tmp_path / "refused" / "huge.txt").rmdir()
        _wait_for(tmp_path / "refused" / "huge.csv")
        assert "Our claim: must be a whole number" in (tmp_path / "refused" / "huge.txt").read_text()
        assert portal.books()["claims"] == []


def _spoilt(content: bytes, cells: dict[str, str]) -> str:
    """A CSV batch with other cells in its first row."""
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    rows[0] |= cells
    page = io.StringIO(newline="")
    writer = csv.DictWriter(page, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return page.getvalue()


def _wait_for(*paths: Path) -> None:
    until = time.monotonic() + 10
    while not all(path.exists() for path in paths):
        assert time.monotonic() < until, [path for path in paths if not path.exists()]
        time.sleep(0.02)
