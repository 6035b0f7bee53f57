"""The client on the wire: what is sent, what is repeated, and what is refused."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from connectors.moodle.client import ENDPOINT, MoodleClient, decode, encode
from connectors.moodle.errors import MoodleBusy, MoodleError, MoodleGarbled, MoodleRefused, MoodleUnreadable
from connectors.moodle.pacing import Bucket

URL = "https://moodle.example.test"
TOKEN = "0123456789abcdef0123456789abcdef"
READ = "mod_assign_get_grades"
BUSY = {"exception": "x", "errorcode": "sitemaintenance", "message": "m"}


class Pauses(list[float]):
    """Collects what would have been slept."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def client(pauses: Pauses) -> Iterator[MoodleClient]:
    made = MoodleClient(URL, TOKEN, rate=0, sleep=pauses)
    yield made
    made.close()


@pytest.fixture
def site() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def answer(site: responses.RequestsMock, **how: Any) -> None:
    site.add(responses.POST, URL + ENDPOINT, **how)


def test_the_token_leads_the_body_and_is_nowhere_else(client: MoodleClient, site: responses.RequestsMock) -> None:
    """Control parameters come first, for PHP cuts bodies at the end, and the address holds no token."""
    answer(site, json=[])
    client.call(READ, assignmentids=[5, 6], since=0)
    sent = site.calls[0].request
    assert parse_qsl(sent.body) == [
        ("wstoken", TOKEN),
        ("wsfunction", READ),
        ("moodlewsrestformat", "json"),
        ("assignmentids[0]", "5"),
        ("assignmentids[1]", "6"),
        ("since", "0"),
    ]
    assert sent.url == URL + ENDPOINT
    assert TOKEN not in str(sent.headers)


def test_nested_parameters_are_spelt_as_php_wants_them() -> None:
    """Lists and mappings nest, truth is 0 or 1."""
    options = [{"name": "limitfrom", "value": 0}, {"name": "onlyactive", "value": True}]
    assert encode({"courseid": 2, "options": options, "options2": {"ids": (7,)}}) == [
        ("courseid", "2"),
        ("options[0][name]", "limitfrom"),
        ("options[0][value]", "0"),
        ("options[1][name]", "onlyactive"),
        ("options[1][value]", "1"),
        ("options2[ids][0]", "7"),
    ]


@pytest.mark.parametrize(
    ("value", "mistake"), [([], ValueError), ({}, ValueError), (None, TypeError), (1.5, TypeError)]
)
def test_what_moodle_cannot_be_sent_is_a_programming_error(value: Any, mistake: type[Exception]) -> None:
    """An empty list would mean "everything" or nothing: it never leaves, nor does a float or nothing at all."""
    with pytest.raises(mistake):
        encode({"assignmentids": value})


def test_the_servers_clock_comes_with_the_answer(client: MoodleClient, site: responses.RequestsMock) -> None:
    """The Date header is read as epoch seconds; without a readable one the time is unknown."""
    answer(site, json={}, headers={"Date": "Sun, 06 Nov 1994 08:49:37 GMT"})
    assert client.ask(READ).server_time == 784111777
    answer(site, json={}, headers={"Date": "yesterday"})
    client.ask(READ)
    assert client.ask(READ).server_time is None


def test_fractions_arrive_as_decimals() -> None:
    """No grade ever passes through a float, and NaN is not JSON."""
    assert decode("f", "application/json", b'{"graderaw": 55.5, "n": 2}') == {"graderaw": Decimal("55.5"), "n": 2}
    with pytest.raises(MoodleBusy):
        decode("f", "application/json", b'{"graderaw": NaN}')


def test_a_read_is_repeated_while_moodle_is_busy(
    client: MoodleClient, site: responses.RequestsMock, pauses: Pauses
) -> None:
    """Maintenance, a dead gateway, then an answer: the caller only sees the answer."""
    answer(site, json=BUSY)
    answer(site, status=502, body="<html>")
    answer(site, json={"fine": 1})
    assert client.call(READ) == {"fine": 1}
    assert client.calls == 3
    assert len(pauses) == 2
    assert 1 <= pauses[0] < pauses[1] <= 30


def test_patience_ends(client: MoodleClient, site: responses.RequestsMock) -> None:
    """After four tries the busy answer is handed on."""
    answer(site, json=BUSY)
    with pytest.raises(MoodleBusy, match="sitemaintenance"):
        client.call(READ)
    assert client.calls == 4


def test_only_reads_are_repeated(client: MoodleClient, site: responses.RequestsMock) -> None:
    """A function that may write is asked once, whatever comes back."""
    answer(site, json=BUSY)
    with pytest.raises(MoodleBusy):
        client.call("mod_assign_save_grade")
    assert client.calls == 1


def test_a_refusal_is_not_repeated(client: MoodleClient, site: responses.RequestsMock) -> None:
    """Asking again with a bad token only fills the site's log."""
    answer(site, json={"exception": "x", "errorcode": "invalidtoken", "message": "m"})
    with pytest.raises(MoodleRefused):
        client.call(READ)
    assert client.calls == 1


def test_retry_after_is_honoured(client: MoodleClient, site: responses.RequestsMock, pauses: Pauses) -> None:
    """The server's own time is waited, neither less nor more."""
    answer(site, status=503, headers={"Retry-After": "7"})
    answer(site, json=[])
    client.call(READ)
    assert pauses == [7.0]


def test_a_server_that_asks_for_long_is_left_alone(
    client: MoodleClient, site: responses.RequestsMock, pauses: Pauses
) -> None:
    """Five minutes is longer than a call may wait: it gives up at once and says how long was asked."""
    answer(site, status=503, headers={"Retry-After": "300"})
    with pytest.raises(MoodleBusy) as caught:
        client.call(READ)
    assert caught.value.retry_after == 300
    assert pauses == []
    assert client.calls == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(client: MoodleClient, site: responses.RequestsMock, status: int) -> None:
    """The token goes to the address in the settings and nowhere else; the message tells where it should have gone."""
    answer(site, status=status, headers={"Location": "https://elsewhere.example.test/login?secret=1"})
    with pytest.raises(MoodleRefused, match=r"https://elsewhere\.example\.test$") as caught:
        client.call(READ)
    assert caught.value.errorcode == "redirect"
    assert len(site.calls) == 1


def test_an_html_page_is_not_data(client: MoodleClient, site: responses.RequestsMock) -> None:
    """A sign-in page with status 200 is named for what it is."""
    answer(site, body="<html><body>Please sign in</body></html>", content_type="text/html; charset=utf-8")
    with pytest.raises(MoodleUnreadable, match="HTML page"):
        client.call(READ)


def test_xml_is_not_data(client: MoodleClient, site: responses.RequestsMock) -> None:
    """An XML answer means that the format parameter was lost."""
    answer(site, body='<?xml version="1.0"?><RESPONSE/>', content_type="application/xml")
    with pytest.raises(MoodleUnreadable, match="XML"):
        client.call(READ)


def test_stray_output_is_tried_again_then_quoted(client: MoodleClient, site: responses.RequestsMock) -> None:
    """What a plugin printed in front is quoted; the answer behind it, which may hold names, is not."""
    body = 'Warning: stray output\n[{"fullname":"Aisha Ahmed"}]'
    answer(site, body=body, content_type="application/json")
    with pytest.raises(MoodleGarbled, match="Warning: stray output") as caught:
        client.call(READ)
    assert "Aisha" not in str(caught.value)
    assert client.calls == 4


@pytest.mark.parametrize("body", [b'[{"id":3,"fullname":"Aisha Ah', b"", b"   ", b'{"a":1'])
def test_an_answer_that_breaks_off_is_tried_again(body: bytes) -> None:
    """A truncated answer is a passing trouble, and none of it is quoted."""
    with pytest.raises(MoodleBusy) as caught:
        decode(READ, "application/json", body)
    assert "Aisha" not in str(caught.value)
    assert not isinstance(caught.value, MoodleGarbled)


def test_a_byte_order_mark_does_no_harm() -> None:
    """A plugin file saved with a byte order mark is the commonest stray output; JSON readers may skip it."""
    assert decode("f", "application/json", b"\xef\xbb\xbf[]") == []


def test_a_reply_beyond_the_limit_is_refused(site: responses.RequestsMock) -> None:
    """The rest of it is not even read."""
    answer(site, body=b"[" + b"0," * 2**20 + b"0]", content_type="application/json")
    client = MoodleClient(URL, TOKEN, rate=0, max_reply_bytes=2**20)
    with pytest.raises(MoodleUnreadable, match="larger than 1 MB"):
        client.call(READ)
    client.close()


def test_deep_nesting_does_not_break_the_stack() -> None:
    """A hostile answer is refused like any other nonsense."""
    with pytest.raises(MoodleError):
        decode("f", "application/json", b"[" * 200_000)


@pytest.mark.parametrize(
    ("problem", "kind", "code"),
    [
        (requests.ConnectionError("refused"), MoodleBusy, "connection"),
        (requests.ReadTimeout("slow"), MoodleBusy, "timeout"),
        (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), MoodleRefused, "certificate"),
        (requests.exceptions.SSLError("EOF occurred"), MoodleBusy, "connection"),
        (requests.exceptions.ProxyError("no"), MoodleBusy, "proxy"),
        (requests.exceptions.InvalidURL("no"), MoodleRefused, "address"),
        (requests.exceptions.ChunkedEncodingError("cut"), MoodleBusy, "connection"),
    ],
)
def test_trouble_on_the_line_has_its_class(
    client: MoodleClient,
    site: responses.RequestsMock,
    problem: requests.RequestException,
    kind: type[MoodleError],
    code: str,
) -> None:
    """Network trouble passes, a certificate or an address does not."""
    answer(site, body=problem)
    with pytest.raises(kind) as caught:
        client.call(READ)
    assert caught.value.errorcode == code


def test_the_token_is_in_no_message_log_or_traceback(
    client: MoodleClient, site: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    """Even a server that repeats the token does not get it into our words."""
    caplog.set_level(logging.DEBUG)
    for how in (
        {"json": {"exception": "x", "errorcode": "novelty", "message": f"token {TOKEN} is odd"}},
        {"body": f"echo {TOKEN}", "content_type": "text/plain"},
        {"body": requests.ConnectionError(f"wstoken={TOKEN}")},
    ):
        site.reset()
        answer(site, **how)
        with pytest.raises(MoodleError) as caught:
            client.call(READ)
        told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        assert TOKEN not in told
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(client)


@pytest.mark.parametrize(
    "url",
    ["moodle.example.test", "ftp://moodle.example.test", "https://u:p@moodle.example.test", "https://", "https://a/?b"],
)
def test_an_impossible_address_is_refused_at_once(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match="address"):
        MoodleClient(url, TOKEN)


def test_a_closed_client_asks_nothing_more(client: MoodleClient, site: responses.RequestsMock) -> None:
    """After closing, a call is refused without a request, and closing again is harmless."""
    answer(site, json=[])
    client.close()
    client.close()
    with pytest.raises(MoodleBusy, match="closed"):
        client.call(READ)
    assert len(site.calls) == 0


@given(
    rate=st.floats(1, 50),
    gaps=st.lists(st.floats(0, 2), min_size=1, max_size=60),
)
def test_never_more_than_the_rate_and_one_burst(rate: float, gaps: list[float]) -> None:
    """In any stretch of time no more callers get through than rate x time plus one burst."""
    now = [0.0]
    bucket = Bucket(rate, clock=lambda: now[0], sleep=lambda s: now.__setitem__(0, now[0] + s))
    passed = []
    for gap in gaps:
        now[0] += gap
        bucket.take()
        passed.append(now[0])
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            assert last - first + 1 <= rate * (passed[last] - passed[first]) + max(1.0, rate) + 1 + 1e-6


def test_an_unpaced_bucket_never_waits() -> None:
    """Rate 0 is for tests and benchmarks; a negative rate is a mistake."""
    bucket = Bucket(0, sleep=lambda _: pytest.fail("waited"))
    assert [bucket.take() for _ in range(1000)] == [0.0] * 1000
    with pytest.raises(ValueError, match="negative"):
        Bucket(-1)
