"""What a monitor is told of a state: the line, its figures, the exit status; and the same as Prometheus' text."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.health import metrics
from nvqsync.health.monitoring import Limits, State, Thresholds, Verdict, parse_limits, verdict
from nvqsync.health.watching import Backups, PassSeen, Watched
from nvqsync.service.schedule import Quiet

NOW = 1_794_214_800
HOUR = 3600
GOOD = PassSeen(7, "done", "changes", NOW - 300, NOW - 240, calls=58, retries=2, failures=1, problems=3)
WELL = Watched(
    now=NOW,
    passes=(GOOD,),
    last_good=GOOD,
    claims={"proposed": 4, "on_hold": 1, "unknown": 0},
    oldest_roster_at=NOW - 3 * HOUR,
    courses=2,
    alarms={"unmapped": 0, "vanished": 0},
    audit_entries=40,
    database_bytes=2_000_000,
    disk_free_bytes=9_000_000_000,
    backups=Backups(3, NOW - 5 * HOUR, 1_900_000),
)
LINE = re.compile(r"NVQSYNC (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+( \| '\w+'=\d+(s|B|);[\d:]*;[\d:]*;0( '\w+'=\d+(s|B|);[\d:]*;[\d:]*;0)*)?")  # fmt: skip  # noqa: E501
SAMPLE = re.compile(r'nvqsync_[a-z_]+(\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"\})? -?[0-9.e+]+')


def told(watched: Watched) -> Verdict:
    """The verdict under the usual limits, its line well formed."""
    found = verdict(watched)
    assert LINE.fullmatch(found.line()), found.line()
    return found


def test_all_well_is_one_line_with_figures() -> None:
    """State 0, the age of the last good pass, how many claims wait, and each figure with its limits."""
    line = told(WELL).line()
    assert line.startswith("NVQSYNC OK - last good pass 4 minutes ago, 5 claims wait for a person | ")
    for figure in ("'pass_age'=240s;3600;14400;0", "'calls'=58;;;0", "'retries'=2;;;0", "'failures'=1;;;0",
                   "'roster_age'=10800s;50400;129600;0", "'alarms'=0;1;;0", "'backup_age'=18000s;93600;259200;0",
                   "'disk_free'=9000000000B;1000000000:;100000000:;0", "'claims_proposed'=4;;;0"):  # fmt: skip
        assert figure in line


FAILED = replace(GOOD, outcome="failed", pass_id=8)


@pytest.mark.parametrize(
    ("change", "state", "says"),
    [
        ({"last_good": replace(GOOD, finished_at=NOW - 3 * HOUR)}, State.WARNING, "last good pass ended 3 hours ago"),
        ({"last_good": replace(GOOD, finished_at=NOW - 9 * HOUR)}, State.CRITICAL, "9 hours ago"),
        ({"last_good": None}, State.CRITICAL, "no pass has come to a good end yet"),
        ({"passes": (FAILED, FAILED, GOOD)}, State.WARNING, "2 passes in a row failed"),
        ({"oldest_unknown_at": NOW - 5 * HOUR}, State.WARNING, "without an answer for 5 hours: nvqsync reconcile"),
        ({"oldest_unknown_at": NOW - 25 * HOUR}, State.CRITICAL, "without an answer"),
        ({"oldest_roster_at": NOW - 15 * HOUR}, State.WARNING, "the oldest roster is 15 hours old"),
        ({"alarms": {"unmapped": 1, "vanished": 2}}, State.WARNING, "(1 unmapped, 2 vanished): nvqsync status"),
        ({"backups": Backups(1, NOW - 27 * HOUR, 5)}, State.WARNING, "the newest backup is 27 hours old"),
        ({"disk_free_bytes": 900_000_000}, State.WARNING, "900 MB are free"),
        ({"disk_free_bytes": 0}, State.CRITICAL, "0 MB are free"),
        ({"trouble": "The database | is\nlocked."}, State.CRITICAL, "The database / is locked."),
    ],
)
def test_each_trouble_is_told(change: dict[str, object], state: State, says: str) -> None:
    """Each figure beyond a limit changes the state and is named, with what to type where that helps."""
    found = told(replace(WELL, **change))  # type: ignore[arg-type]
    assert (found.state, says in found.says) == (state, True), found.says


@pytest.mark.parametrize(("hours", "state"), [(8.5, State.OK), (9.5, State.WARNING), (12.5, State.CRITICAL)])
def test_quiet_hours_make_nothing_late(hours: float, state: State) -> None:
    """After eight quiet hours the usual hour and four hours begin to count; the age is told as it is."""
    quiet = Quiet(dt.time(1), dt.time(9))  # NOW is 09:00 in London
    last = replace(GOOD, finished_at=NOW - int(hours * HOUR))
    found = told(replace(WELL, quiet=quiet, last_good=last, oldest_roster_at=NOW - 20 * HOUR))
    assert found.state is state
    assert f"'pass_age'={hours * HOUR:.0f}s;{9 * HOUR};{12 * HOUR};0" in found.line()
    assert told(replace(WELL, last_good=last)).state is State.CRITICAL


def test_the_worst_comes_first() -> None:
    """A critical figure is named before a warning, and decides the state."""
    found = told(replace(WELL, backups=Backups(1, NOW - 30 * HOUR, 5), disk_free_bytes=1))
    assert found.state is State.CRITICAL
    assert found.says.index("MB are free") < found.says.index("backup")


def test_a_college_without_backups_is_warned_after_a_day() -> None:
    """A new installation is left alone; one that has run for 26 hours is not."""
    assert told(replace(WELL, backups=Backups())).state is State.OK
    first = replace(GOOD, started_at=NOW - 27 * HOUR)
    found = told(replace(WELL, backups=Backups(), passes=(GOOD, first)))
    assert (found.state, found.says) == (State.WARNING, "there is no backup: nvqsync backup")


def test_a_pass_over_a_few_learners_is_no_good_pass() -> None:
    """Reading one learner again before an export says nothing about the rest of the college."""
    assert GOOD.good
    assert not replace(GOOD, reads="some").good


@given(st.integers(-(10**6), 10**9), st.integers(0, 10**6), st.integers(0, 10**6))
def test_older_is_never_better(age: int, more: int, limit: int) -> None:
    """Whatever the limits, a greater age never lowers the state; a clock that was set back is age 0."""
    limits = Thresholds(pass_age=Limits(limit / HOUR, (limit + more) / HOUR))
    states = [verdict(replace(WELL, last_good=replace(GOOD, finished_at=NOW - a)), limits).state for a in
              (age, age + more)]  # fmt: skip
    assert states[0] <= states[1]
    assert replace(WELL, now=NOW - 10**7).last_good_age == 0


@pytest.mark.parametrize(
    ("text", "low", "high"), [("1,4", 1, 4), ("1", 1, None), (",4", None, 4), (",", None, None), (" 2 , 2 ", 2, 2)]
)
def test_limits_are_read(text: str, low: float | None, high: float | None) -> None:
    """Either limit may be left out."""
    assert parse_limits(text) == Limits(low, high)


@pytest.mark.parametrize("text", ["4,1", "x", "1,2,3", "-1", "nan", "inf"])
def test_limits_that_make_no_sense_are_refused(text: str) -> None:
    """With words, not with a verdict that nobody meant."""
    with pytest.raises(ValueError, match=r"limit|WARN,CRIT"):
        parse_limits(text)


def test_room_gets_worse_as_it_gets_less() -> None:
    """For free room the warning is the greater number."""
    assert parse_limits("1000,100", least=True).state(99) is State.CRITICAL
    with pytest.raises(ValueError, match="before"):
        parse_limits("100,1000", least=True)


# ---------------------------------------------------------------- Prometheus


def samples(watched: Watched) -> dict[str, float]:
    """Every sample by its name and labels; the format is kept line by line, each family declared once and before."""
    text = metrics.exposition(watched, '0.1"\\\n')
    assert text.endswith("\n")
    found: dict[str, float] = {}
    declared: list[str] = []
    for line in text[:-1].split("\n"):
        if line.startswith("# TYPE "):
            declared.append(line.split()[2])
        if not line.startswith("#"):
            assert SAMPLE.fullmatch(line), line
            name, _, value = line.rpartition(" ")
            assert name not in found
            assert re.split("[{]", name)[0] == declared[-1]
            found[name] = float(value)
    assert len(set(declared)) == len(declared)
    return found


def test_every_figure_has_its_sample() -> None:
    """Ages as moments, the queue by status, the pass's calls, retries and failures, alarms, sizes, backups."""
    found = samples(replace(WELL, oldest_unknown_at=NOW - 60, passes=(FAILED, GOOD), oldest_alarm_at=NOW - 5))
    expected = {
        "nvqsync_database_readable": 1, "nvqsync_last_good_pass_timestamp_seconds": NOW - 240,
        "nvqsync_last_pass_duration_seconds": 60, "nvqsync_last_pass_calls": 58, "nvqsync_last_pass_retries": 2,
        "nvqsync_last_pass_failures": 1, "nvqsync_failing_passes": 1, 'nvqsync_recent_passes{outcome="failed"}': 1,
        "nvqsync_recent_calls": 116, 'nvqsync_claims{status="proposed"}': 4,
        "nvqsync_oldest_unknown_claim_timestamp_seconds": NOW - 60, 'nvqsync_alarms{what="vanished"}': 0,
        "nvqsync_oldest_roster_timestamp_seconds": NOW - 3 * HOUR, "nvqsync_database_bytes": 2_000_000,
        "nvqsync_backup_timestamp_seconds": NOW - 5 * HOUR, "nvqsync_audit_entries": 40,
    }  # fmt: skip
    assert expected.items() <= found.items()


def test_what_is_not_known_has_no_sample() -> None:
    """Where the database cannot be read, a scrape says so and invents no zero."""
    found = samples(Watched(NOW, "locked", disk_free_bytes=5))
    assert found["nvqsync_database_readable"] == 0
    assert not [name for name in found if "pass" in name or "claims" in name]
    assert "nvqsync_oldest_unknown_claim_timestamp_seconds" not in samples(WELL)


def test_labels_are_quoted() -> None:
    """A quotation mark, a backslash or a line break in a label does not break the line."""
    assert metrics.exposition(WELL, 'a"b\\c\nd').split("\n")[2] == r'nvqsync_info{version="a\"b\\c\nd"} 1'
