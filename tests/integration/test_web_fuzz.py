"""Requests nobody meant: every route, by every role, with odd methods, queries, bodies and cookies: at most refused.

``python -m tests.integration.test_web_fuzz 20000`` makes as many requests by hand and says what came of them.
"""

from __future__ import annotations

import io
import random
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from nvqsync.web.access import COOKIE
from nvqsync.web.app import create_app
from tests.integration import web_data
from tests.integration.web_data import PEOPLE, College

SEED, REQUESTS = 20261103, 400
FINE = {200, 302, 303, 304, 308, 400, 403, 404, 405, 409, 413, 415, 416, 421}
"""An answer, or a refusal in words. Anything else is a fault."""

METHODS = ("GET", "GET", "POST", "POST", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "BREW")
ODD = (
    "", "0", "-1", "1", "14", "9" * 30, "1e9", "0x10", "٣", "NaN", "None", "null", "true", "yes", "all",
    "<script>alert(1)</script>",
    "'; DROP TABLE claims; --", "../../../etc/passwd", "..%2f..", "%00", "\0", "\r\nX-Injected: 1", "{{7*7}}", "%", "_",
    "OCR/03455", "EDI/L2-CS", "L1001", "1001", "2026-11-03", "31/02/2026", "3/11/2026", "99999-01-01", "proposed",
    "agreed", "keyed", "csv", "1@1", "14@2", "🦊" * 40, "é", "a" * 5000, "http://evil.example/", "//evil.example",
)  # fmt: skip
FIELDS = (
    "q", "body", "qualification", "status", "blocked", "blocker", "age", "sort", "page", "course", "show", "open",
    "next", "claim", "learner", "version", "why", "note", "code", "declare", "every", "on", "who", "reference",
    "certificate", "words", "name", "password", "old", "new", "again", "outcome", "unit", "action", "seen", "file",
    "expected", "from", "to", "date", "which", "none", "checked_on", "by", "visitor", "learners", "level", "actions",
    "number", "site", "role", "everyone_up_to", "tick-14", "certificate-14", "on-14", "csrf_token",
)  # fmt: skip
KNOWN = {
    "claim_id": ("1", "14", "60"), "learner_id": ("1000", "1044"), "body": ("OCR", "EDI"), "code": ("03455", "L2-CS"),
    "batch_id": ("20261101-OCR-03455-001",), "name": ("20261101-OCR-03455-001.json",), "pass_id": ("6",),
    "word": ("keyed", "certificated", "returned", "received"), "release_id": ("1", "2"), "what": ("done", "approved"),
    "action": ("hold", "approve"), "session_id": ("1",), "kind": ("csv",),
}  # fmt: skip
"""Parts of addresses that are there, so that what lies behind them is reached too."""


class Fuzzer:
    """Makes requests out of the application's own routes, the same ones for the same seed."""

    def __init__(self, college: College, seed: int) -> None:
        self.random, self.college, self.flask = random.Random(seed), college, create_app(college.app)
        self.rules = [rule for rule in self.flask.url_map.iter_rules() if rule.endpoint != "static"]
        self.people = {who: self._client(who) for who in ("", *PEOPLE)}
        self.seen: Counter[int] = Counter()

    def _client(self, who: str) -> tuple[FlaskClient, str]:
        """Somebody's browser, and the token of their forms."""
        client = self.flask.test_client()
        if who:
            client.set_cookie(COOKIE, web_data.token(self.college, who), domain="localhost")
        page = client.get("/account" if who else "/sign-in").text
        return client, web_data.form_token(page)

    def request(self) -> tuple[str, int]:
        """One request; returns what it was, and the status of the answer."""
        rule = self.random.choice(self.rules)
        meant = self.random.random() < 0.8
        method = self.random.choice(sorted(rule.methods or ()) if meant else METHODS)
        client, token = self.people[self.random.choice(list(self.people))]
        if "sign-out" in rule.rule or "sessions" in rule.rule or rule.rule == "/account/password":
            client = self.flask.test_client()  # nobody: whoever is signed in stays so
        path = re.sub(r"<(?:[^:>]*:)?(\w+)>", lambda part: self._part(part[1]), rule.rule)
        told = {"query_string": self._fields(3), "headers": self._headers()}
        if method not in {"GET", "HEAD", "OPTIONS", "TRACE"}:
            told |= self._body(token)
        answer = client.open(path, method=method, **told)
        answer.close()
        self.seen[answer.status_code] += 1
        return f"{method} {path} {told}", answer.status_code

    def _part(self, name: str) -> str:
        odd = self.random.choice(ODD).replace("\0", "%00").replace("\r\n", "%0d%0a")[:200]
        return self.random.choice([*KNOWN.get(name, ()), *KNOWN.get(name, ()), odd]) or "x"

    def _fields(self, most: int) -> list[tuple[str, str]]:
        some = range(self.random.randint(0, most))
        return [(self.random.choice(FIELDS), self.random.choice(ODD)) for _ in some]

    def _headers(self) -> dict[str, str]:
        odd = {"Accept": "\xff", "Range": "bytes=9-1", "If-None-Match": "*", "X-Forwarded-For": "x" * 300,
               "Content-Encoding": "gzip", "Cookie": "nvqsync_form=.eJw; a=b; =", "X-Remote-User": "exams"}  # fmt: skip
        name = self.random.choice(list(odd))
        return {name: odd[name]} if self.random.random() < 0.2 else {}

    def _body(self, token: str) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for name, value in self._fields(9):
            fields.setdefault(name, []).append(value)
        if self.random.random() < 0.9:
            fields["csrf_token"] = token
        kind = self.random.random()
        if kind < 0.1:
            return {"data": self.random.randbytes(400), "content_type": "multipart/form-data; boundary=x"}
        if kind < 0.2:
            return {"json": fields}
        if kind < 0.35:
            content = self.random.choice([b"PK\x03\x04", b"id_number,qualification,registered_on\nL1003,OCR/03455,x\n"])
            fields["file"] = (io.BytesIO(content + self.random.randbytes(9)), self.random.choice(ODD)[:50] or "x.csv")
        return {"data": fields}


@pytest.fixture
def college(tmp_path: Path) -> College:
    return web_data.build(tmp_path)


def test_whatever_is_asked_is_answered_or_refused(college: College) -> None:
    """Four hundred odd requests: each an answer or a refusal in words; afterwards the database is whole."""
    fuzzer = Fuzzer(college, SEED)
    for _ in range(REQUESTS):
        asked, status = fuzzer.request()
        assert status in FINE, asked
    assert {200, 400, 403, 404, 405} <= fuzzer.seen.keys()
    with college.app.open_store(read_only=True) as store:
        assert store.rows("PRAGMA integrity_check")[0]["integrity_check"] == "ok"


def main() -> None:
    """As many requests as asked for, from a seed of its own each time; stops at the first fault."""
    many, seed = int(sys.argv[1]) if len(sys.argv) > 1 else 5000, random.randrange(10**6)
    with tempfile.TemporaryDirectory() as folder:
        fuzzer = Fuzzer(web_data.build(Path(folder)), seed)
        for number in range(many):
            asked, status = fuzzer.request()
            if status not in FINE:
                sys.exit(f"Request {number} of seed {seed} answers {status}: {asked}")
    print(f"{many} requests from seed {seed}: {dict(sorted(fuzzer.seen.items()))}")


if __name__ == "__main__":
    main()
