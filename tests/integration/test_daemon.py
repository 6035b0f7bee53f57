"""The daemon as a real process: what it tells systemd, how it stops, how it waits, what it does after failures."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from nvqsync.clock import LONDON
from nvqsync.service.schedule import JITTER
from nvqsync.store import Store
from tests.rehearsal import Rehearsal, rehearsing
from tests.service import ROOT, Service, serving

STOPS_WITHIN = 5.0


@pytest.fixture
def rehearsal(tmp_path: Path):
    with rehearsing(tmp_path) as running:
        running.college.finish(0)
        yield running


def config(rehearsal: Rehearsal) -> Path:
    return rehearsal.folder / "nvqsync.toml"


def outcomes(rehearsal: Rehearsal) -> list[str]:
    with Store(rehearsal.database(), read_only=True) as store:
        return [row["outcome"] for row in store.rows("SELECT outcome FROM passes ORDER BY id")]


def is_whole(rehearsal: Rehearsal) -> bool:
    with Store(rehearsal.database(), read_only=True) as store:
        whole = store.rows("PRAGMA integrity_check")[0]["integrity_check"] == "ok"
        return whole and not store.rows("PRAGMA foreign_key_check")


def test_systemd_hears_that_it_is_ready_what_it_does_and_that_it_stops(rehearsal: Rehearsal) -> None:
    """READY once, a status before and after the pass, STOPPING at the end; and the claim is there."""
    with serving(config(rehearsal)) as service:
        service.until_heard("STATUS=pass 1: done")
        took = service.stop()
    assert [text for _, text in service.said if "WATCHDOG" not in text][:3] == [
        "READY=1", "STATUS=reading the LMS", "STATUS=pass 1: done"
    ]  # fmt: skip
    assert service.heard("STOPPING=1")
    assert took < STOPS_WITHIN
    assert len(rehearsal.claims()) == 1


def test_ctrl_c_stops_it_as_politely(rehearsal: Rehearsal) -> None:
    """A person who started it by hand gets the same end."""
    with serving(config(rehearsal)) as service:
        service.until_heard("STATUS=pass 1")
        assert service.stop(signal.SIGINT) < STOPS_WITHIN
    assert service.logged("stopped")


def test_a_second_daemon_names_the_first_and_ends(rehearsal: Rehearsal) -> None:
    """One daemon a database: the second ends with 2, which systemd does not try again; the first goes on."""
    with serving(config(rehearsal)) as service:
        service.until_heard("STATUS=pass 1")
        environment = {**os.environ, "NVQSYNC_CONFIG": str(config(rehearsal)), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "nvqsync", "run"]
        second = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        assert second.returncode == 2
        assert f"Another daemon is already running on {rehearsal.database()} (process {service.process.pid})" in (
            second.stderr
        )
        assert service.stop() < STOPS_WITHIN


def reloaded(rehearsal: Rehearsal, written: str) -> Service:
    """A daemon, stopped again, that was told to reload after its first pass, with this in its settings besides."""
    with serving(config(rehearsal)) as service:
        service.until_heard("STATUS=pass 1")
        rehearsal.add_settings(written)
        service.send(signal.SIGHUP)
        service.until_heard("STATUS=pass 2")
        service.stop()
    return service


def test_a_reload_reads_the_settings_and_makes_a_pass_at_once(rehearsal: Rehearsal) -> None:
    """SIGHUP: RELOADING with its moment, READY, and a pass without waiting for the next quarter of an hour."""
    service = reloaded(rehearsal, "[daemon]\nevery_minutes = 20\n")
    reload = next(text for _, text in service.said if "RELOADING=1" in text)
    monotonic = int(reload.partition("MONOTONIC_USEC=")[2])
    assert abs(monotonic / 1e6 - service.heard("RELOADING=1")[0]) < 10
    assert len(service.heard("READY=1")) == 2
    assert service.logged("the settings were read anew") == 1


def test_a_reload_with_a_slip_in_the_settings_keeps_the_old_ones(rehearsal: Rehearsal) -> None:
    """A running daemon is not lost to a typing error: it says which line, and makes its pass."""
    service = reloaded(rehearsal, "[daemon]\nevery_minute = 20\n")
    assert service.logged("the settings stay as they were") == 1
    assert service.logged("every_minutes") == 1


def test_the_watchdog_hears_of_waiting_and_of_work(rehearsal: Rehearsal) -> None:
    """A daemon that waits for its next pass is well, and says so as often as it is to."""
    with serving(config(rehearsal), WATCHDOG_USEC="400000") as service:
        service.until_heard("STATUS=pass 1")
        since = time.monotonic()
        service.until(lambda: len(service.heard("WATCHDOG=1", since)) >= 5, 10)
        pings = service.heard("WATCHDOG=1", since)
        service.stop()
    assert max(after - before for before, after in pairwise(pings)) < 0.4


def test_the_watchdog_hears_nothing_of_a_pass_that_hangs(rehearsal: Rehearsal) -> None:
    """Nobody pings on behalf of a pass that gets nowhere, so systemd ends it."""
    rehearsal.moodle.faults.add("hung")
    with serving(config(rehearsal), WATCHDOG_USEC="400000") as service:
        service.until(lambda: rehearsal.moodle.calls.total() >= 1)
        time.sleep(0.4)
        since = time.monotonic()
        time.sleep(1.5)
        assert service.heard("WATCHDOG=1", since) == []
        assert service.stop() < STOPS_WITHIN


def test_a_watchdog_meant_for_another_process_is_left_alone(rehearsal: Rehearsal) -> None:
    """WATCHDOG_PID names whom systemd watches."""
    with serving(config(rehearsal), WATCHDOG_USEC="100000", WATCHDOG_PID="1") as service:
        service.until_heard("STATUS=pass 1")
        time.sleep(0.3)
        service.stop()
    assert service.heard("WATCHDOG=1") == []


# ---------------------------------------------------------------- stopping


@pytest.mark.parametrize("function", ["core_webservice_get_site_info", "mod_assign_get_grades"])
def test_it_stops_in_the_middle_of_a_reply(rehearsal: Rehearsal, function: str) -> None:
    """Moodle has a minute for each reply; a stop does not wait for it, in the main thread or in another."""
    rehearsal.moodle.faults.add("slow", seconds=60, function=function)
    with serving(config(rehearsal)) as service:
        service.until(lambda: rehearsal.moodle.calls[function])
        assert service.stop() < STOPS_WITHIN
    assert is_whole(rehearsal)
    assert outcomes(rehearsal) in (["failed"], ["interrupted"])


def test_it_stops_while_it_waits_for_somebody_elses_write(rehearsal: Rehearsal) -> None:
    """Inside SQLite, where no signal is heard, it ends all the same, and the pass was never begun."""
    with serving(config(rehearsal)) as service:
        service.until_heard("STATUS=pass 1")
        with Store(rehearsal.database()) as holder, holder.writing():
            service.send(signal.SIGHUP)
            service.until(lambda: len(service.heard("STATUS=reading the LMS")) == 2)
            time.sleep(0.5)
            took = service.stop()
    assert took < STOPS_WITHIN
    assert service.heard("STOPPING=1")
    assert outcomes(rehearsal) == ["done"]
    assert is_whole(rehearsal)


def test_it_stops_at_any_moment_and_nothing_is_lost(rehearsal: Rehearsal) -> None:
    """Six random moments over six lives: each stop in time, the database whole, and the next pass goes well."""
    dice = random.Random(20261122)
    rehearsal.add_settings("[daemon]\nevery_minutes = 0.0005\n")  # one pass after the other
    for _ in range(6):
        rehearsal.college.pass_unit(1, dice.choice(("F1", "F2", "A3")))
        with serving(config(rehearsal)) as service:
            service.until_heard("READY=1")
            time.sleep(dice.uniform(0, 0.4))
            assert service.stop() < STOPS_WITHIN
        assert is_whole(rehearsal)
    assert rehearsal.run("sync").status == 0
    assert len(rehearsal.claims()) == 1
    assert rehearsal.run("audit", "verify").status == 0


def test_a_pass_that_was_killed_is_closed_by_the_next_daemon(rehearsal: Rehearsal) -> None:
    """After SIGKILL in the middle of a pass its row says interrupted, not running for ever."""
    slow = rehearsal.moodle.faults.during("slow", seconds=60, function="mod_assign_get_grades")
    with slow, serving(config(rehearsal)) as service:
        service.until(lambda: rehearsal.moodle.calls["mod_assign_get_grades"])
        service.process.kill()
        service.end()
    assert outcomes(rehearsal) == ["running"]
    with serving(config(rehearsal)) as service:
        service.until_heard("STATUS=pass 2")
        service.stop()
    assert outcomes(rehearsal) == ["interrupted", "done"]


# ---------------------------------------------------------------- waiting and failing


def test_no_pass_begins_in_quiet_hours_but_the_one_that_is_asked_for(rehearsal: Rehearsal) -> None:
    """It says that it keeps quiet; a SIGHUP makes the one pass, and then it is quiet again."""
    now = dt.datetime.now(LONDON)
    start, end = now - dt.timedelta(hours=1), now + dt.timedelta(hours=2)
    rehearsal.add_settings(f'[daemon]\nevery_minutes = 0.001\nquiet_from = "{start:%H:%M}"\nquiet_to = "{end:%H:%M}"\n')
    with serving(config(rehearsal)) as service:
        service.until_heard("STATUS=quiet hours")
        time.sleep(0.3)
        assert rehearsal.moodle.calls.total() == 0
        service.send(signal.SIGHUP)
        service.until_heard("STATUS=pass 1")
        service.until(lambda: len(service.heard("STATUS=quiet hours")) == 2 or not time.sleep(0.3))
        service.stop()
    assert outcomes(rehearsal) == ["done"]


def gaps(service: Service, words: str) -> list[float]:
    """The seconds between one saying of these words and the next."""
    moments = service.heard(words)
    return [after - before for before, after in pairwise(moments)]


def test_failures_in_a_row_are_alerted_once_and_their_end_once(rehearsal: Rehearsal) -> None:
    """Each failure doubles the pause, the third raises the alert, more add nothing, and the first good pass ends it."""
    rehearsal.add_settings("[daemon]\nevery_minutes = 0.001\n[alerts]\ndisk_mb = 0\n")
    rehearsal.moodle.faults.add("access_denied")
    with serving(config(rehearsal)) as service:
        service.until(lambda: service.logged("pass failed") >= 5)
        rehearsal.moodle.faults.clear()
        service.until(lambda: service.logged("over passes-failing"))
        service.until(lambda: len(service.heard("STATUS=pass")) >= 3)
        service.stop()
    assert service.logged("alert passes-failing: Passes fail, 3 in a row.") == 1
    assert service.logged("over passes-failing") == 1
    usual, fifth = 0.001 * 60, gaps(service, "STATUS=last pass failed")[3]
    assert fifth >= usual * 2**4 * (1 - JITTER)


def test_failures_are_counted_on_over_a_restart(rehearsal: Rehearsal) -> None:
    """A daemon that is restarted while Moodle is away does not begin to count, or to tell, anew."""
    rehearsal.add_settings("[daemon]\nevery_minutes = 0.001\n[alerts]\ndisk_mb = 0\n")
    rehearsal.moodle.faults.add("access_denied")
    with serving(config(rehearsal)) as service:
        service.until(lambda: service.logged("alert passes-failing"))
        told = service.logged("pass failed")
        service.until(lambda: service.logged("pass failed") > told)  # what was told is written down by now
        service.stop()
    with serving(config(rehearsal)) as second:
        second.until_heard("STATUS=last pass failed, ")
        second.stop()
    assert int(next(t for _, t in second.said if "in a row" in t).partition("failed, ")[2].split()[0]) >= 4
    assert second.logged("alert passes-failing") == 0


def test_settings_without_an_lms_end_it_with_status_2(rehearsal: Rehearsal) -> None:
    """Waiting would not help, and systemd does not start it again on that status."""
    answer = rehearsal.run("run", "--help")
    assert answer.status == 0
    text = config(rehearsal).read_text(encoding="utf-8")
    config(rehearsal).write_text(text.replace("[moodle]\nurl = ", '[moodle]\nproxy = ""\n#'), encoding="utf-8")
    assert rehearsal.run("run").status == 2
