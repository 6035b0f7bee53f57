"""Which alerts stand, and that each channel hears of each once when it begins and once when it is over."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.health import alerts
from nvqsync.health.alerts import Alert, Closing, Failing, Known, Limits, Records, Situation, Waiting
from nvqsync.health.messages import Digest, alert_message, digest_message, test_message

NOW, TODAY, DAY, HOUR = 1_794_312_000, dt.date(2026, 11, 10), 86_400, 3600
WELL = Situation(NOW, TODAY, None, {"database": 50_000}, Records(backup_at=NOW - HOUR, first_pass_at=NOW - 90 * DAY))


def ids(situation: Situation, limits: Limits | None = None) -> list[str]:
    """The ids of what stands."""
    return [alert.id for alert in alerts.standing(situation, limits or Limits())]


def recorded(**changes: object) -> Situation:
    """A college where all is well but for this."""
    assert WELL.records
    return replace(WELL, records=replace(WELL.records, **changes))


def test_a_college_where_all_is_well_has_no_alert() -> None:
    """Nothing stands, so nobody is disturbed."""
    assert ids(WELL) == []


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (replace(WELL, failing=Failing(2, NOW, "Moodle is busy.")), []),
        (replace(WELL, failing=Failing(3, NOW, "Moodle is busy.")), ["passes-failing"]),
        (replace(WELL, free_mb={"database": 1024}), []),
        (replace(WELL, free_mb={"database": 1023, "backups": 90_000}), ["disk:database"]),
        (recorded(unread=("42",)), ["course-unread:42"]),
        (recorded(unread=("42",), alarms={"42": {"vanished"}}), ["course-emptied:42"]),
        (recorded(alarms={"7": {"unmapped", "vanished"}}), ["course-emptied:7", "course-unmapped:7"]),
        (recorded(unknown=Waiting(3, NOW - 23 * HOUR)), []),
        (recorded(unknown=Waiting(3, NOW - 24 * HOUR)), ["claims-unknown"]),
        (recorded(recalls=(17, 21)), ["claim-recall:17", "claim-recall:21"]),
        (recorded(unregistered=Waiting(1, NOW - 13 * DAY)), []),
        (recorded(unregistered=Waiting(1, NOW - 14 * DAY)), ["registrations-waiting"]),
        (recorded(unreleased=Waiting(5, NOW - 15 * DAY)), ["iqa-waiting"]),
        (recorded(closing=(Closing("OCR/03455", TODAY + dt.timedelta(31), 4),)), []),
        (recorded(closing=(Closing("OCR/03455", TODAY + dt.timedelta(30), 4),)), ["certification-end:OCR/03455"]),
        (recorded(closing=(Closing("OCR/03455", TODAY, 4),)), ["certification-end:OCR/03455"]),
        (recorded(closing=(Closing("OCR/03455", TODAY - dt.timedelta(1), 4),)), []),
        (recorded(closing=(Closing("OCR/03455", TODAY, 0),)), []),
        (recorded(backup_at=NOW - 2 * DAY), []),
        (recorded(backup_at=NOW - 2 * DAY - 1), ["backup-old"]),
        (recorded(backup_at=None), ["backup-old"]),
        (recorded(backup_at=None, first_pass_at=NOW - DAY), []),
        (recorded(backup_at=None, first_pass_at=None), []),
    ],
)
def test_each_condition_stands_from_its_limit_on(situation: Situation, expected: list[str]) -> None:
    """Just before the limit nothing is said, at it the alert stands."""
    assert ids(situation) == expected


def test_every_alert_says_what_to_do() -> None:
    """Each alert is two sentences: what is so, and the next step; counts read as people write them."""
    everything = replace(
        recorded(unread=("1",), alarms={"2": {"vanished", "unmapped"}}, unknown=Waiting(1, NOW - DAY), recalls=(3,),
                 unregistered=Waiting(2, NOW - 15 * DAY), unreleased=Waiting(1, NOW - 15 * DAY), backup_at=None,
                 closing=(Closing("OCR/03455", TODAY, 1),)),
        failing=Failing(3, NOW, "Moodle is busy."), free_mb={"database": 3},
    )  # fmt: skip
    standing = alerts.standing(everything, Limits())
    assert {alert.kind for alert in standing} >= alerts.OF_RECORDS
    assert all(not alert.says[0].islower() and alert.says.endswith(".") and alert.next_step for alert in standing)
    words = {alert.id: alert.says for alert in standing}
    assert words["claims-unknown"] == "1 claim waits, the oldest for a day, for a usable answer of a portal."
    assert words["registrations-waiting"] == "2 claims wait, the oldest for 15 days, for a registration."


def test_a_database_that_cannot_be_read_ends_no_alert() -> None:
    """What only the database can tell neither begins nor ends while it is shut; what the disk tells does."""
    low = replace(recorded(recalls=(17,)), free_mb={"database": 3})
    memory = alerts.delivered(alerts.remember({}, alerts.standing(low, Limits()), low), "mail")
    shut = replace(WELL, records=None)
    after = alerts.remember(memory, alerts.standing(shut, Limits()), shut)
    assert after["claim-recall:17"].over_at is None
    assert after["disk:database"].over_at == NOW
    blind = replace(WELL, free_mb={})
    assert alerts.remember(memory, (), blind)["disk:database"].over_at is None


KINDS = ("passes-failing", "disk:database", "claim-recall:1")
looks = st.frozensets(st.sampled_from(KINDS))
deliveries = st.frozensets(st.sampled_from(("mail", "webhook")))


@given(st.lists(st.tuples(looks, deliveries), max_size=25))
def test_each_channel_hears_of_a_beginning_once_and_of_its_end_once(days: list[tuple[frozenset, frozenset]]) -> None:
    """Whatever begins and ends, and whichever channel fails when: begin, end, begin, end; and at peace all is told."""
    heard: dict[tuple[str, str], list[str]] = {}
    memory: dict[str, Known] = {}
    quiet = frozenset(("mail", "webhook"))
    for number, (standing, working) in enumerate([*days, (frozenset(), quiet), (frozenset(), quiet)]):
        now = replace(WELL, now=NOW + number)
        memory = alerts.remember(memory, [Alert(id_, "It is so.", "Act.") for id_ in sorted(standing)], now)
        for channel in sorted(working):
            raised, over = alerts.due(memory, channel)
            for one in raised:
                assert one.alert.id in standing
                heard.setdefault((channel, one.alert.id), []).append("begins")
            for one in over:
                assert one.alert.id not in standing
                heard.setdefault((channel, one.alert.id), []).append("ends")
            memory = alerts.delivered(memory, channel)
            assert alerts.due(memory, channel) == ([], [])
        memory = alerts.memory_from(json.loads(json.dumps(alerts.memory_json(memory))))
    for story in heard.values():
        assert story == ["begins", "ends"] * (len(story) // 2)
    assert memory == {}


def test_a_channel_that_is_taken_out_of_the_settings_is_waited_for_no_longer() -> None:
    """The end of an alert that only the web hook was told of is dropped once there is no web hook."""
    memory = alerts.delivered(alerts.remember({}, [Alert("disk:database", "Low.", "Act.")], WELL), "webhook")
    over = alerts.remember(memory, (), WELL)
    assert list(over) == ["disk:database"]
    assert alerts.for_channels(over, ["mail"]) == {}


def test_a_memory_that_makes_no_sense_is_forgotten() -> None:
    """Whatever stands in the store: what can be read is, the rest is told anew."""
    good = alerts.memory_json({"a": Known(Alert("a", "b", "c"), NOW)})
    assert list(alerts.memory_from([{"id": "x"}, *good, 3, None])) == ["a"]
    assert alerts.memory_from({"not": "a list"}) == {}


def test_one_message_tells_everything_that_is_new() -> None:
    """However many courses fail at once, it is one mail, with the first of them listed and the rest counted."""
    many = [Known(Alert(f"course-unread:{n}", f"Course {n} could not be read.", "Look."), NOW) for n in range(400)]
    over = [Known(Alert("disk:database", "The disk has 3 MB left.", "Make room."), NOW, NOW)]
    told = alert_message("Exampleton\nCollege", NOW, many, over)
    assert told.subject == "nvqsync at Exampleton College: 400 alerts, 1 over"
    assert "and 370 more" in told.text
    assert "No longer so:\n- The disk has 3 MB left." in told.text
    assert len(told.document["raised"]) == 400
    assert told.document["over"][0]["over_at"] == "2026-11-10T12:00:00+00:00"


def test_the_digest_tells_the_queue_what_needs_a_person_and_what_is_due() -> None:
    """One mail a day in place of one a learner: counts, dates and alerts."""
    figures = Digest({"proposed": 4, "on_hold": 2, "returned": 1}, 3, 96, 1, 9, (("OCR/03455", "2026-12-01", 4),))
    standing = [Known(Alert("backup-old", "The newest backup is 3 days old.", "Make one."), NOW)]
    told = digest_message("", WELL, figures, standing)
    assert told.subject == "nvqsync: 4 to approve, 3 need a person"
    for words in ("- proposed: 4", "claims on hold, returned, recalled or unknown: 3", "the oldest for 9 days",
                  "OCR/03455 closes on 2026-12-01: 4 open", "Passes since yesterday: 96, 1 of them failed.",
                  "The newest backup is 3 days old."):  # fmt: skip
        assert words in told.text
    quiet = digest_message("", WELL, Digest({}, 0, 0, 0, None, ()), [])
    assert "Needs a person:\n- nothing" in quiet.text
    assert "No alert stands." in quiet.text


def test_a_test_says_that_nothing_is_wrong() -> None:
    """Whoever gets the test message need not wonder."""
    assert "Nothing is wrong" in test_message("", NOW).text


test_message.__test__ = False
