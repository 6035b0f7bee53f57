"""``nvqsync doctor``: what is right is told, what is wrong is told with its remedy, and nothing is touched."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.moodle import functions as fn
from connectors.moodle.doctor import examine
from connectors.moodle.probes import NOT_PROBED
from connectors.moodle.role import CAPABILITIES
from connectors.moodle.simulator import Simulator, generate_college
from connectors.moodle.simulator.functions import FUNCTIONS
from nvqsync.bootstrap import bootstrap
from nvqsync.findings import Status, fail, ok, warn
from nvqsync.health import doctor
from nvqsync.health.doctor_backups import copies
from nvqsync.model import ItemKind
from nvqsync.service.locks import only_one
from nvqsync.store import Store
from tests.rehearsal import Answered, Rehearsal, rehearsing, small_college


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsing(tmp_path, small_college(now=int(time.time()))) as running:
        (tmp_path / "nvqsync.toml").chmod(0o600)
        running.add_settings('[alerts]\nwebhook_url = "https://chat.example.test/hook"\n')
        yield running


def lines(answered: Answered) -> dict[str, dict[str, Any]]:
    """Every line by its id; ids are distinct."""
    found = answered.json["findings"]
    assert len({line["id"] for line in found}) == len(found)
    return {line["id"]: line for line in found}


def unwell(answered: Answered) -> dict[str, str]:
    """The lines that are not ok, and how they stand."""
    return {id_: line["status"] for id_, line in lines(answered).items() if line["status"] != "ok"}


# ---------------------------------------------------------------- the whole


def test_a_healthy_centre_has_nothing_to_do(rehearsal: Rehearsal) -> None:
    """After a pass every line is ok, and the exit status is 0."""
    rehearsal.run("sync")
    told = rehearsal.run("doctor", "--json")
    assert (told.status, unwell(told)) == (0, {})
    assert told.json["counts"] == {"ok": len(told.json["findings"]), "warn": 0, "fail": 0}
    expected = {"settings", "export.folder", "plugins", "database", "audit", "clock", "backup", "passes", "mapping",
                "centre.OCR/03455", "portal.OCR", "moodle.site", "moodle.clock"}  # fmt: skip
    assert expected <= lines(told).keys()


def backdate(rehearsal: Rehearsal, seconds: int) -> None:
    """As if every pass had been so much earlier."""
    with Store(rehearsal.database()) as store:
        store.execute("UPDATE passes SET started_at = started_at - ?1, finished_at = finished_at - ?1", [seconds])


def test_a_college_without_a_backup_is_told_after_two_days(rehearsal: Rehearsal) -> None:
    """A new installation has time; then a missing backup is asked for, and an old one."""
    rehearsal.run("sync")
    assert lines(rehearsal.run("doctor", "--json"))["backup"]["status"] == "ok"
    backdate(rehearsal, 3 * 86400)
    rehearsal.run("sync")
    told = lines(rehearsal.run("doctor", "--json"))["backup"]
    assert (told["status"], "nvqsync backup" in told["next_step"]) == ("warn", True)
    rehearsal.run("backup")
    found = lines(rehearsal.run("doctor", "--json"))
    assert (found["backup"]["status"], found["backup.head"]["status"]) == ("ok", "ok")
    (made,) = (rehearsal.folder / "backups").glob("*.db")
    for path in (made, made.with_suffix(".json")):
        path.rename(path.with_name(f"nvqsync-20200101T000000Z{path.suffix}"))
    told = lines(rehearsal.run("doctor", "--json"))["backup"]
    assert (told["status"], "2020-01-01" in told["says"]) == ("warn", True)


def test_copies_that_outlive_their_use_are_told(rehearsal: Rehearsal) -> None:
    """What an upgrade put aside is needed for a while; later it only holds people who may have been erased."""
    copy = rehearsal.folder / "nvqsync.db.before-m004_centre"
    copy.touch()
    copy.with_name(f"{copy.name}-wal").touch()
    app = bootstrap(rehearsal.folder / "nvqsync.toml", lambda: int(copy.stat().st_mtime) + 80 * 86_400)
    assert list(copies(app)) == []
    (told,) = copies(replace(app, now=lambda: int(copy.stat().st_mtime) + 91 * 86_400))
    assert told.status is Status.WARN
    assert told.says.endswith(": nvqsync.db.before-m004_centre.")


def test_an_audit_log_that_was_cut_is_found_out_by_the_backup(rehearsal: Rehearsal) -> None:
    """Without its last entries the chain is whole in itself: the newest backup remembers the last of them."""
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    rehearsal.register(0)
    assert "its head is" in lines(rehearsal.run("doctor", "--json"))["audit"]["says"]
    rehearsal.run("backup")
    with Store(rehearsal.database()) as store:
        for trigger in store.rows("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit%'"):
            store.execute(f"DROP TRIGGER {trigger['name']}")
        store.execute("PRAGMA foreign_keys = OFF")
        store.execute("DELETE FROM audit WHERE id = (SELECT MAX(id) FROM audit)")
    found = lines(rehearsal.run("doctor", "--json"))
    assert (found["audit"]["status"], found["backup.head"]["status"]) == ("ok", "fail")
    assert "audit verify --head" in found["backup.head"]["next_step"]


def test_a_backup_without_its_document_is_told(rehearsal: Rehearsal) -> None:
    """Nothing can be compared then; a document that makes no sense is no reason to stop either."""
    rehearsal.run("sync")
    rehearsal.run("backup")
    (document,) = (rehearsal.folder / "backups").glob("*.json")
    document.write_text("{", "utf-8")
    assert lines(rehearsal.run("doctor", "--json"))["backup.head"]["status"] == "warn"
    document.unlink()
    told = lines(rehearsal.run("doctor", "--json"))["backup.head"]
    assert (told["status"], "no document" in told["says"]) == ("warn", True)


def test_a_clock_that_was_set_back_is_told(rehearsal: Rehearsal) -> None:
    """What was recorded cannot lie in the future: then the clock is wrong, or was."""
    rehearsal.run("sync")
    backdate(rehearsal, -7200)
    assert lines(rehearsal.run("doctor", "--json"))["clock"]["status"] == "warn"


def test_every_line_that_is_not_ok_has_a_next_step(rehearsal: Rehearsal) -> None:
    """Before the first pass, with a lost right and a lost function, each complaint says what to do."""
    rehearsal.forget()
    rehearsal.moodle.role.discard("mod/assign:grade")
    rehearsal.moodle.functions.remove(fn.FLAGS)
    told = rehearsal.run("doctor", "--json")
    assert told.status == 1
    bad = [line for line in told.json["findings"] if line["status"] != "ok"]
    assert {"database", f"moodle.function.{fn.FLAGS}"} <= {line["id"] for line in bad}
    assert all(line["next_step"] for line in bad)


def test_nothing_is_touched_and_a_running_daemon_is_no_hindrance(rehearsal: Rehearsal) -> None:
    """Beside a held daemon and pass lock it answers, and leaves every file as it was."""
    rehearsal.run("sync")
    state = lambda: {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in rehearsal.folder.rglob("*") if p.is_file()}  # noqa: E731
    database = rehearsal.database()
    with only_one(database, "daemon"), only_one(database, "pass"), Store(database) as store, store.writing():
        before = state()
        assert rehearsal.run("doctor").status == 0
        assert state() == before


def test_no_secret_and_no_person_is_told(rehearsal: Rehearsal) -> None:
    """Neither token nor credential, ULN, name or ID number of a learner stands in any line, whatever goes wrong."""
    rehearsal.run("sync")
    secrets = [rehearsal.moodle.token, rehearsal.portal.credential]
    for person in rehearsal.college.learners:
        secrets += [person.last_name, person.profile["uln"], person.profile["ocr_candidate_number"]]
    told = [rehearsal.run("doctor"), rehearsal.run("doctor", "--json")]
    for capability in CAPABILITIES:
        rehearsal.moodle.role.discard(capability.name)
        told.append(rehearsal.run("doctor"))
        rehearsal.moodle.role.add(capability.name)
    for answered in told:
        assert answered.out
        assert not [secret for secret in secrets if secret in answered.out + answered.err]


def test_a_secret_that_a_far_end_sends_back_is_hidden(rehearsal: Rehearsal) -> None:
    """Should a server print the token in its own words, the line shows that something was there, not what."""
    rehearsal.moodle.college.name = f"Site {rehearsal.moodle.token}"
    assert "Site [secret]" in rehearsal.run("doctor").out


def test_the_exit_status_is_1_only_where_a_line_fails() -> None:
    """A line that needs a look is no failure."""
    assert doctor.exit_status([ok("a", "fine"), warn("b", "hm", "look")]) == 0
    assert doctor.exit_status([ok("a", "fine"), fail("b", "no", "mend")]) == 1


# ---------------------------------------------------------------- each part


def test_settings_that_cannot_be_read_are_the_one_line(rehearsal: Rehearsal) -> None:
    """A misspelt key is a failed line with file, line and key; nothing else is asked."""
    rehearsal.add_settings("[modle]\nurl = 1\n")
    told = rehearsal.run("doctor", "--json")
    assert (told.status, unwell(told)) == (1, {"settings": "fail"})
    assert "modle" in lines(told)["settings"]["says"]


def test_secrets_in_a_file_that_others_read_are_told(rehearsal: Rehearsal) -> None:
    """The mode counts, of the settings and of a secret's own file; the line closes it and shuts out no service."""
    settings, token = rehearsal.folder / "nvqsync.toml", rehearsal.folder / "token"
    token.write_text("another-token\n", encoding="utf-8")
    settings.write_text(
        settings.read_text("utf-8").replace("[moodle]\n", f'[moodle]\ntoken_file = "{token}"\n'), "utf-8"
    )
    who = "go" if os.geteuid() else "o"  # root's settings are read by the service's group
    for path, id_ in ((settings, "settings.secrets"), (token, "settings.moodle.token_file")):
        for mode, open_ in ((0o644, True), (0o640, who == "go"), (0o600, False)):
            path.chmod(mode)
            told = lines(rehearsal.run("doctor", "--json"))
            assert (id_ in told) is open_, (path, mode)
            if open_:
                assert (told[id_]["status"], f"chmod {who}-rwx {path}" in told[id_]["next_step"]) == ("warn", True)


def test_an_export_folder_that_cannot_be_written_fails(rehearsal: Rehearsal) -> None:
    """A file where the folder should be is told before an export finds it."""
    (rehearsal.folder / "exports").write_text("in the way", "utf-8")
    assert unwell(rehearsal.run("doctor", "--json"))["export.folder"] == "fail"


def test_little_room_is_told(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits are on free bytes: a look below 1 GB, a failure below a tenth of it."""
    room = doctor.room("disk", rehearsal.folder)
    assert room.status is Status.OK
    monkeypatch.setattr(doctor, "LITTLE_SPACE", 2**62)
    assert doctor.room("disk", rehearsal.folder).status is Status.WARN
    monkeypatch.setattr(doctor, "NO_SPACE", 2**62)
    assert doctor.room("disk", rehearsal.folder).status is Status.FAIL


def test_a_damaged_database_is_a_line_and_the_rest_goes_on(rehearsal: Rehearsal) -> None:
    """A file overwritten in the middle fails its own line; the LMS is still asked."""
    rehearsal.run("sync")
    path = rehearsal.database()
    content = bytearray(path.read_bytes())
    content[4096 * 2 : 4096 * 6] = b"\xff" * 4096 * 4
    path.write_bytes(content)
    told = rehearsal.run("doctor", "--json")
    assert unwell(told) == {"database": "fail"}
    assert lines(told)["moodle.site"]["status"] == "ok"


def test_a_broken_audit_chain_is_told_by_its_entry(rehearsal: Rehearsal) -> None:
    """An entry changed behind the program's back is named."""
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    rehearsal.register(0)
    with Store(rehearsal.database()) as store:
        for trigger in store.rows("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"):
            store.execute(f"DROP TRIGGER {trigger['name']}")
        store.execute("UPDATE audit SET actor = 'nobody' WHERE id = 1")
    assert "entry 1" in lines(rehearsal.run("doctor", "--json"))["audit"]["says"]


def test_counts_of_the_queue_that_are_wrong_are_told_and_made_anew(rehearsal: Rehearsal) -> None:
    """Somebody with SQL changed what the pages count by: one line, and the command that it names."""
    rehearsal.college.finish(0)
    rehearsal.run("sync")
    with Store(rehearsal.database()) as store:
        store.execute("UPDATE claim_counts SET n = 7 WHERE gate = ''")
    told = rehearsal.run("doctor", "--json")
    assert (told.status, unwell(told)) == (1, {"claims.counts": "fail"})
    assert "claims recount" in lines(told)["claims.counts"]["next_step"]
    says = [rehearsal.run("claims", "recount", *dry).out for dry in (["--dry-run"], [], [])]
    assert ["wrong" in one for one in says] == [True, True, False]
    assert unwell(rehearsal.run("doctor", "--json")) == {}


def test_centre_facts_that_hold_up_every_claim_are_named(rehearsal: Rehearsal) -> None:
    """A followed qualification without centre number and end date is a warning, with the commands that enter them."""
    rehearsal.run("sync")
    rehearsal.run("centre", "remove", "number", "OCR", "--why", "Typed wrong.")
    rehearsal.run("centre", "remove", "qualification", "OCR/03455", "--why", "Typed wrong.")
    rehearsal.run("centre", "approve", "OCR/03455", "--on", "2020-09-01")
    told = lines(rehearsal.run("doctor", "--json"))["centre.OCR/03455"]
    assert told["status"] == "warn"
    for command in ("centre number OCR NUMBER", "centre end-date OCR/03455 certification"):
        assert command in told["next_step"]
    assert "centre approve" not in told["next_step"]


def test_mapping_problems_are_counted_and_a_broken_file_fails(rehearsal: Rehearsal) -> None:
    """The summary of ``mapping check`` is one line; a mapping file with a typo another."""
    rehearsal.college.moodle.set_id_number(rehearsal.college.assignments["A1"], "A99")
    rehearsal.run("sync")
    told = lines(rehearsal.run("doctor", "--json"))["mapping"]
    assert (told["status"], "1 things need a look" in told["says"]) == ("warn", True)
    (rehearsal.folder / "mapping.toml").write_text("[[corse]]\n", "utf-8")
    rehearsal.add_settings('[mapping]\nfile = "mapping.toml"\n')
    assert unwell(rehearsal.run("doctor", "--json"))["mapping.file"] == "fail"


def test_an_old_last_pass_is_told(rehearsal: Rehearsal) -> None:
    """A service that has stopped is noticed by the age of its last good pass."""
    rehearsal.run("sync")
    with Store(rehearsal.database()) as store:
        store.execute("UPDATE passes SET finished_at = finished_at - 3 * 86400")
    assert unwell(rehearsal.run("doctor", "--json")) == {"passes": "warn"}


def test_a_portal_that_refuses_or_is_gone_fails(rehearsal: Rehearsal) -> None:
    """A wrong credential and a stopped portal are told apart, and no claim is made by asking."""
    rehearsal.run("sync")
    path = rehearsal.folder / "nvqsync.toml"
    path.write_text(path.read_text("utf-8").replace(json.dumps(rehearsal.portal.credential), '"wrong-one"'), "utf-8")
    told = lines(rehearsal.run("doctor", "--json"))["portal.OCR"]
    assert (told["status"], "credential" in told["says"]) == ("fail", True)
    assert rehearsal.portal.books()["claims"] == []


def test_another_lms_brings_its_own_examination(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """Whatever connector the settings name is asked, by the module beside it."""
    path = rehearsal.folder / "nvqsync.toml"
    path.write_text('lms = "csv_folder"\n' + path.read_text("utf-8"), "utf-8")
    rehearsal.add_settings(f"[connectors.csv_folder]\nfolder = {json.dumps(str(tmp_path / 'none'))}\n")
    assert unwell(rehearsal.run("doctor", "--json"))["csv_folder.folder"] == "fail"


# ---------------------------------------------------------------- Moodle


@pytest.fixture(scope="module", params=["4.3.0", "4.5.6"])
def site(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with Simulator(generate_college(learners=30, seed=7, ticking=True), version=request.param) as moodle:
        yield moodle


def asked(site: Simulator, **settings: Any) -> dict[str, str]:
    """What the examination finds that is not ok."""
    found = list(examine({"url": site.url, "token": site.token, "requests_per_second": 0, **settings}))
    assert all(line.next_step for line in found if line.status is not Status.OK)
    return {line.id: line.status.value for line in found if line.status is not Status.OK}


PROBED = [one.name for one in CAPABILITIES if one.name not in NOT_PROBED]
SUFFICES_OTHERWISE = {"mod/assign:viewgrades", "moodle/course:viewhiddencourses", "moodle/site:accessallgroups"}
"""Nothing is lost without these in the generated college: see the tests below for when something is."""


def test_the_documented_role_is_enough(site: Simulator) -> None:
    """With exactly that role nothing is missing, and the examination costs a dozen calls."""
    site.calls.clear()
    assert asked(site) == {}
    assert site.calls.total() <= 12


@pytest.mark.parametrize("capability", sorted(set(PROBED) - SUFFICES_OTHERWISE - {"webservice/rest:use"}))
def test_each_missing_capability_is_found_by_reading(site: Simulator, capability: str) -> None:
    """Taken away alone, it is the one line that fails; what could not be tried for want of it says so."""
    site.role.discard(capability)
    try:
        found = asked(site)
    finally:
        site.role.add(capability)
    assert [id_ for id_, status in found.items() if status == "fail"] == [f"moodle.capability.{capability}"]


def test_a_hidden_course_and_separate_groups_show_the_other_two(site: Simulator) -> None:
    """They are only missed where a course is hidden or has separate groups, and then they are."""
    course = next(iter(site.college.courses.values()))
    course.visible = False
    site.role.discard("moodle/course:viewhiddencourses")
    assert asked(site) == {"moodle.capability.moodle/course:viewhiddencourses": "fail"}
    site.role.add("moodle/course:viewhiddencourses")
    course.visible = True
    for one in site.college.courses.values():
        one.separate_groups = True
    assert asked(site) == {}
    site.role.discard("moodle/site:accessallgroups")
    assert asked(site)["moodle.capability.moodle/site:accessallgroups"] == "fail"
    site.role.add("moodle/site:accessallgroups")
    for one in site.college.courses.values():
        one.separate_groups = False


def test_each_missing_function_is_named_with_what_is_lost(site: Simulator) -> None:
    """One that a pass needs fails, one that is only useful asks for a look; where to add it stands beside it."""
    for name in (*fn.NEEDED, *fn.USEFUL):
        if name == fn.SITE_INFO:
            continue
        site.functions.remove(name)
        found = {line.id: line for line in examine({"url": site.url, "token": site.token, "requests_per_second": 0})}
        site.functions.append(name)
        line = found[f"moodle.function.{name}"]
        assert line.status is (Status.FAIL if name in fn.NEEDED else Status.WARN)
        assert "External services" in line.next_step
        others = {id_ for id_, one in found.items() if one.status is Status.FAIL} - {line.id}
        assert not others, f"without {name}: {others}"


def test_clocks_that_differ_are_told(site: Simulator) -> None:
    """An hour's difference asks for a look, in the right direction."""
    site.college.clock.advance(3600)
    found = {line.id: line for line in examine({"url": site.url, "token": site.token, "requests_per_second": 0})}
    site.college.clock.advance(-3600)
    assert found["moodle.clock"].status is Status.WARN
    assert "ahead of" in found["moodle.clock"].says


def test_a_policy_not_agreed_is_not_mistaken_for_a_lost_right(site: Simulator) -> None:
    """Where the release tells, the policy is its own line, and the rights that look lost mention it."""
    site.locked_out = "You must agree to the site policy"
    found = asked(site)
    site.locked_out = ""
    if not site.version.startswith("4.3"):
        assert found["moodle.policy"] == "fail"
    assert found["moodle.capability.moodle/course:view"] == "fail"


@pytest.mark.parametrize(
    ("fault", "told"),
    [("invalid_token", "Manage tokens"), ("maintenance", "try again later"), ("html_page", "sign-in page"),
     ("webservices_disabled", "Enable web services"), ("database_down", "try again later")],
)  # fmt: skip
def test_a_site_that_does_not_answer_is_one_line_with_the_remedy(site: Simulator, fault: str, told: str) -> None:
    """Nothing more is asked of a site that cannot say who it is."""
    with site.faults.during(fault):
        (line,) = examine({"url": site.url, "token": site.token, "requests_per_second": 0, "longest_wait": 0.01})
    assert (line.id, line.status) == ("moodle.site", Status.FAIL)
    assert told in line.next_step


def test_a_call_that_breaks_off_is_a_line_and_the_others_go_on(site: Simulator) -> None:
    """One function that answers garbage fails its own line and leaves its capabilities untried, not refused."""
    with site.faults.during("truncated", function=fn.REPORT):
        found = asked(site, longest_wait=0.01)
    assert found.pop(f"moodle.answer.{fn.REPORT}") == "fail"
    assert set(found.values()) == {"warn"}


def test_pass_marks_that_can_be_read_tell_of_a_right_to_write(site: Simulator) -> None:
    """The capability that reads them could also change the course: it is told, not asked for."""
    site.role.add("moodle/course:manageactivities")
    found = asked(site)
    site.role.discard("moodle/course:manageactivities")
    assert found == {"moodle.capability.moodle/course:manageactivities": "warn"}


def test_an_empty_site_has_nothing_to_try_rights_on() -> None:
    """A college without courses is told to look whether that is so; nothing fails."""
    college = small_college().moodle
    college.courses.clear()
    college.assignments.clear()
    with Simulator(college) as moodle:
        found = asked(moodle)
    assert "fail" not in found.values()
    assert found["moodle.capability.moodle/course:view"] == "warn"


@pytest.mark.parametrize(
    "settings", [{}, {"url": "http://x"}, {"url": "nowhere", "token": "t"},
                 {"url": "http://127.0.0.1:9", "token": "t", "ca_bundle": "/no/such/file"}],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_a_line(settings: dict[str, Any]) -> None:
    """A missing address, token or CA file fails before anything is sent."""
    (line,) = examine(settings)
    assert (line.id, line.status) == ("moodle.settings", Status.FAIL)


# ---------------------------------------------------------------- competencies, where the mapping asks for them

MAY_READ = "moodle/competency:usercompetencyview"


def with_competencies() -> Simulator:
    """A small college with one competency."""
    college = small_college()
    college.moodle.add_competency(college.course, "Care", college.moodle.scales[1])
    return Simulator(college.moodle)


def test_competencies_are_looked_at_only_where_they_are_asked_for() -> None:
    """The right, then each function: named where it lacks, with where to grant it; all there, nothing to do."""
    with with_competencies() as moodle:
        settings = {"url": moodle.url, "token": moodle.token, "requests_per_second": 0}
        assert not any("ompetenc" in line.id.replace(fn.SCALE, "") for line in examine(settings))
        assert moodle.calls[fn.COMPETENCIES] == moodle.calls[fn.RATING] == 0
        for right, lacks, subject in (
            (False, "", f"moodle.capability.{MAY_READ}"),
            (True, fn.RATING, f"moodle.function.{fn.RATING}"),
            (True, fn.COMPETENCIES, f"moodle.function.{fn.COMPETENCIES}"),
            (True, "", ""),
        ):
            moodle.role = {*moodle.role, MAY_READ} if right else moodle.role - {MAY_READ}
            moodle.functions = [name for name in FUNCTIONS if name != lacks]
            found = {line.id: line for line in examine(settings, {ItemKind.COMPETENCY})}
            failed = [id_ for id_, line in found.items() if line.status is Status.FAIL]
            assert failed == ([subject] if subject else [])
            assert not subject or re.search("External services|Define roles", found[subject].next_step)


def test_doctor_looks_at_what_the_mapping_file_asks_for(rehearsal: Rehearsal) -> None:
    """A file with a competency rule brings its lines."""
    college = rehearsal.college
    college.moodle.add_competency(college.course, "Care", college.moodle.scales[1])
    (rehearsal.folder / "mapping.toml").write_text('[[competency]]\nname = "Care"\nunits = "A3"\n', encoding="utf-8")
    rehearsal.add_settings('[mapping]\nfile = "mapping.toml"\n')
    assert unwell(rehearsal.run("doctor", "--json"))[f"moodle.capability.{MAY_READ}"] == "fail"
