"""``nvqsync centre`` from its command line: entering, correcting, showing, and what it does to claims that wait."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from nvqsync.storage import store_audit, store_centre, store_claims
from nvqsync.store import Store
from tests.rehearsal import CENTRE_FACTS, Answered, Rehearsal, rehearsing

STAFF = ("centre", "staff", "add")


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Rehearsal]:
    """A centre of which nothing is on record, before its first pass."""
    with rehearsing(tmp_path, centre="") as running:
        yield running


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """A learner whose claim waits, ready to be approved."""
    with rehearsing(tmp_path) as running:
        running.college.finish(0)
        running.run("sync")
        running.register(0)
        yield running


def done(answer: Answered) -> str:
    assert answer.status == 0, answer.err
    return answer.out


def blockers(rehearsal: Rehearsal) -> list[str]:
    (claim,) = rehearsal.claims()
    return [finding["id"] for finding in claim["blockers"]]


def history(rehearsal: Rehearsal, subject: str) -> list[tuple[str, str]]:
    with Store(rehearsal.database()) as store:
        return [(entry["action"], entry["text"]) for entry in store_audit.audit_story(store, subject)]


def missing(rehearsal: Rehearsal, qualification: str = "OCR/03455") -> dict[str, str]:
    (shown,) = rehearsal.run("centre", "show", qualification, "--json").json["qualifications"]
    return {one["name"]: one["command"] for one in shown["missing"]}


def typed(command: str, **values: str) -> list[str]:
    """A command that was printed, with the words in capitals filled in."""
    words = command.removeprefix("nvqsync ").replace("DATE|none", "none").split()
    return [values.get(word, word) for word in words]


# ---------------------------------------------------------------- what is missing


def test_entering_what_is_missing_with_the_commands_that_are_printed_leaves_nothing_missing(bare: Rehearsal) -> None:
    """Each fact is named with its command; typed as printed, with day and number, it is missing no more."""
    for learner in (0, 1):
        bare.college.finish(learner)
    bare.run("sync")
    bare.register(0, released=False)
    assert {"ENT-2/approval", "ENT-2/centre", "ENT-6", "ENT-6/entry"} <= set(blockers_of(bare, 1))
    wanted = missing(bare)
    assert list(wanted) == ["number", "approval", "certification_end", "registration_end", "assessor", "iqa"]
    told = {one["id"]: one for one in bare.run("doctor", "--json").json["findings"]}["centre.OCR/03455"]
    assert told["status"] == "warn"
    for name, command in wanted.items():
        assert command in told["next_step"]
        answer = bare.run(*typed(command, NUMBER="12345", DATE="2020-09-01", MOODLE_ID="STAFF-1"))
        assert "recorded" in done(answer) or "changed" in done(answer)
        assert name not in missing(bare)
    bare.release(0)
    bare.run("sync")
    assert blockers_of(bare, 1) == []
    assert blockers_of(bare, 2) == ["ENT-2", "IQA-1"]
    assert "Nothing is missing." in bare.run("centre", "show").out


def blockers_of(rehearsal: Rehearsal, number: int) -> list[str]:
    return [finding["id"] for finding in next(c for c in rehearsal.claims() if c["id"] == number)["blockers"]]


def test_show_before_anything_is_known(bare: Rehearsal) -> None:
    """Without a course that is followed it says how to go on; a qualification that is named is shown."""
    assert "nvqsync centre show OCR/03455" in done(bare.run("centre", "show"))
    assert "nvqsync centre approve EDI/L2-CS --on DATE" in done(bare.run("centre", "show", "EDI/L2-CS"))
    assert bare.run("centre", "show", "OCR/99999").status == 2


def test_show_tells_what_is_on_record(rehearsal: Rehearsal) -> None:
    """Everything that was entered stands on the screen, and in the JSON document."""
    for command in (
        ("number", "OCR", "54321", "--site", "North"),
        ("sanction", "OCR/03455", "--level", "level 1", "--actions", "Sample more.", "--from", "2026-01-01"),
        ("visit", "OCR/03455", "2026-03-02", "--visitor", "O Brandt", "--authorises", "S0", "--note", "Report 7"),
        ("iqa-by", "OCR/03455", "cohort"),
        ("account", "ann", "--moodle", "STAFF-1"),
        ("account", "ben", "--no-moodle"),
    ):
        done(rehearsal.run("centre", *command))
    screen = done(rehearsal.run("centre", "show", "OCR/03455")) + done(rehearsal.run("centre", "show"))
    for words in ("54321", "North", "level 1", "Sample more.", "O Brandt", "1 learner", "a whole cohort", "Report 7",
                  "none (checked 2020-09-01)", "from 2021-09-01", "nobody there"):  # fmt: skip
        assert words in screen
    shown = rehearsal.run("centre", "show", "--json").json
    assert shown["name"] == "Exampleton College"
    (one,) = shown["qualifications"]
    assert (one["direct_claims"], one["iqa_by_cohort"], one["centre_number"]) == (True, True, "12345")
    assert one["visits"][0]["learners"] == [str(rehearsal.college.learners[0].id)]
    entered = [account for account in shown["accounts"] if account["name"] in ("ann", "ben")]
    assert [account["no_moodle"] for account in entered] == [False, True]


# ---------------------------------------------------------------- entering and correcting


def test_the_same_again_changes_nothing_and_another_day_says_what_it_was(rehearsal: Rehearsal) -> None:
    """A correction is told with what stood there before, here and in the audit log, with the reason."""
    assert "nothing changed" in done(rehearsal.run("centre", "approve", "OCR/03455", "--on", "2020-09-01"))
    out = done(rehearsal.run("centre", "approve", "03455", "--on", "01/10/2020", "--why", "The letter of October."))
    words = "What is known of OCR/03455 changed: approved on 2020-10-01 (was 2020-09-01)."
    assert out.strip() == words
    assert history(rehearsal, "centre:OCR/03455")[-1] == (
        "centre-approval-changed", f"{words} The letter of October.",
    )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        ("number", "OCR", "54321"),
        ("approve", "OCR/03455", "--on", "2020-10-01"),
        ("direct-claims", "OCR/03455", "--from", "2022-09-01"),
        ("end-date", "OCR/03455", "certification", "2029-08-31", "--checked-on", "2026-01-01"),
        ("iqa-by", "OCR/03455", "cohort"),
        ("sanction", "OCR/03455", "--level", "1", "--actions", "More.", "--from", "2026-01-01", "--stops-claims"),
        ("visit", "OCR/03455", "2026-03-02", "--visitor", "O Brandt"),
        ("staff", "add", "STAFF-1", "--role", "assessor", "--from", "2024-09-01"),
        ("account", "ann", "--no-moodle"),
        ("remove", "number", "OCR", "--why", "Typed wrong."),
    ],
)
def test_a_dry_run_tells_and_writes_nothing(rehearsal: Rehearsal, command: tuple[str, ...]) -> None:
    """On every command that writes: the change is told, record, audit log and claims stay as they were."""
    with Store(rehearsal.database()) as store:
        before = store_centre.read(store), store_audit.audit_entries(store), store_claims.claims(store)
    out = done(rehearsal.run("centre", *command, "--dry-run"))
    assert out.endswith("Nothing was written (dry run).\n")
    assert len(out.splitlines()) == 2
    with Store(rehearsal.database()) as store:
        assert before == (store_centre.read(store), store_audit.audit_entries(store), store_claims.claims(store))
    done(rehearsal.run("centre", *command))
    with Store(rehearsal.database()) as store:
        assert store_centre.read(store) != before[0]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("number", "ORC", "12345"), "Known: EDI, NCFE, OCR."),
        (("approve", "OCR/3455", "--on", "2020-09-01"), "03455"),
        (("approve", "OCR/03455", "--on", "yesterday"), "2026-09-14"),
        (("end-date", "OCR/03454", "certification", "2030-01-01", "--checked-on", "2026-01-01"), "2018-08-31 (OCR"),
        (("end-date", "OCR/03455", "certification", "none", "--checked-on", "2999-01-01"), "a day to come"),
        (("end-date", "OCR/03455", "certification", "none"), "--checked-on"),
        (("sanction", "OCR/03455", "--level", "1", "--actions", " ", "--from", "2026-01-01"), "VIS-3"),
        (("visit", "OCR/03455", "2999-01-01", "--visitor", "O Brandt"), "--planned"),
        (("visit", "OCR/03455", "2026-03-02", "--visitor", "O Brandt", "--authorises", "S99"), "S99"),
        (
            ("visit", "OCR/03455", "2999-01-01", "--visitor", "O", "--planned", "--authorises", "S0"),
            "authorises nothing",
        ),
        (("account", "ann"), "--no-moodle"),
        (("account", "ann", "--moodle", "STAFF-1", "--no-moodle"), "--moodle"),
        (("lift", "7", "--on", "2026-01-01"), "no sanction 7"),
        (("staff", "end", "7", "--on", "2026-01-01"), "no staff entry 7"),
        (("staff", "add", "900", "--role", "iqa", "--from", "2020-09-01"), "--name"),
        (("remove", "visit", "7", "--why", "x"), "no visit '7'"),
        (("remove", "number", "OCR", "--why", " "), "--why"),
        (("import", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_on(rehearsal: Rehearsal, command: tuple[str, ...], says: str) -> None:
    """Exit status 2, the reason and the remedy; nothing is written."""
    with Store(rehearsal.database()) as store:
        before = store_audit.audit_entries(store)
    answer = rehearsal.run("centre", *command)
    assert (answer.status, says in answer.err) == (2, True), answer.err
    with Store(rehearsal.database()) as store:
        assert store_audit.audit_entries(store) == before


def test_staff_are_found_in_moodle_and_end_on_a_day(rehearsal: Rehearsal) -> None:
    """By ID number, with their name from there; a unit gained since is added, and the last day ends the entry."""
    who = rehearsal.college.assessor
    done(rehearsal.run(*STAFF, "STAFF-1", "--role", "assessor", "--from", "2020-09-01", "-q", "OCR/03455"))
    done(rehearsal.run(*STAFF, str(who.id), "--role", "assessor", "--from", "2020-09-01", "-q", "OCR/03455",
                       "--qualified-on", "2021-05-01", "--signature-on", "2020-09-02"))  # fmt: skip
    done(rehearsal.run("centre", "staff", "end", "3", "--on", "2026-07-31"))
    stranger = rehearsal.run(*STAFF, "900", "--role", "iqa", "--from", "2020-09-01", "--name", "Piotr Lind",
                             "--countersigner", "STAFF-1")  # fmt: skip
    assert "900" in stranger.err
    first, second = rehearsal.run("centre", "staff", "list", "--json").json[2:]
    assert first == {
        "id": 3, "moodle_id": str(who.id), "name": who.full_name, "role": "assessor", "qualification": "OCR/03455",
        "from": "2020-09-01", "to": "2026-07-31", "qualified_on": "2021-05-01", "countersigner_moodle_id": None,
        "signature_on": "2020-09-02",
    }  # fmt: skip
    assert (second["moodle_id"], second["countersigner_moodle_id"], second["qualification"]) == (
        "900",
        str(who.id),
        None,
    )
    listed = done(rehearsal.run("centre", "staff", "list", "-q", "OCR/10378"))
    assert "Piotr Lind" in listed
    assert "OCR/03455" not in listed


def test_a_planned_visit_becomes_a_done_one_and_learners_join(rehearsal: Rehearsal) -> None:
    """One record throughout; August's second half is cautioned for OCR."""
    visit = ("centre", "visit", "OCR/03455")
    assert "VIS-2" in rehearsal.run(*visit, "2999-08-20", "--visitor", "O Brandt", "--planned").err
    done(rehearsal.run(*visit, "2026-03-02", "--visitor", "O Brandt", "--planned", "--final"))
    out = done(rehearsal.run(*visit, "2026-03-02", "--visitor", "O Brandt", "--authorises", "S0"))
    assert "done yes (was no)" in out
    done(rehearsal.run(*visit, "2026-03-02", "--visitor", "O Brandt", "--authorises", "S1"))
    with Store(rehearsal.database()) as store:
        (_, one) = store_centre.read(store).visits
    assert (one.done, one.final, len(one.learners)) == (True, True, 2)
    assert [action for action, _ in history(rehearsal, f"learner:{one.learners[0]}")][-1] == "claims-authorised"
    done(rehearsal.run("centre", "remove", "visit", str(one.id), "--why", "It was another centre's."))
    assert history(rehearsal, "centre:OCR/03455")[-1][1].endswith("It was another centre's.")


# ---------------------------------------------------------------- what it does to claims


def test_claims_that_wait_follow_what_is_entered_at_once(rehearsal: Rehearsal) -> None:
    """A sanction that stops claims puts an approved one on hold; lifted, it may be approved again."""
    done(rehearsal.approve("1"))
    done(rehearsal.run("centre", "sanction", "OCR/03455", "--level", "level 3", "--actions", "Retrain.",
                       "--from", "2026-01-01", "--stops-claims"))  # fmt: skip
    assert blockers(rehearsal) == ["VIS-3"]
    assert rehearsal.claims()[0]["status"] == "on_hold"
    done(rehearsal.run("centre", "lift", "1", "--on", "2026-02-01"))
    assert blockers(rehearsal) == []


def test_a_sanction_on_direct_claims_sends_claims_the_other_way(rehearsal: Rehearsal) -> None:
    """The batch's route is for authorisation, and the body's answer is that it waits."""
    done(rehearsal.run("centre", "sanction", "OCR/03455", "--level", "level 2", "--actions", "Sample more.",
                       "--from", "2026-01-01", "--stops-direct-claims"))  # fmt: skip
    with rehearsal.portal.open_books() as books:
        books.set_direct_claim_status("OCR", "12345", "OCR/03455", held=False)
    done(rehearsal.approve("1"))
    (batch,) = rehearsal.run("export", "--json").json["batches"]
    assert batch["route"] == "authorisation"
    rehearsal.run("reconcile")
    assert rehearsal.claims()[0]["status"] == "awaiting_authorisation"


def test_another_centre_number_reaches_the_batch(rehearsal: Rehearsal) -> None:
    """What goes out carries the number that is on record when it goes."""
    done(rehearsal.run("centre", "number", "OCR", "54321"))
    done(rehearsal.approve("1"))
    rehearsal.run("export")
    with Store(rehearsal.database()) as store:
        assert [row["centre_number"] for row in store_claims.batches(store)] == ["54321"]


# ---------------------------------------------------------------- all of it in one file


def test_what_is_exported_is_imported_into_another_centre(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """The document holds all of it; imported where nothing is, it makes the same record; again, nothing changes."""
    done(rehearsal.run("centre", "visit", "OCR/03455", "2026-03-02", "--visitor", "O Brandt", "--authorises", "S0"))
    done(rehearsal.run(*STAFF, "STAFF-1", "--role", "assessor", "--from", "2020-09-01"))
    done(rehearsal.run("centre", "account", "ann", "--moodle", "STAFF-1"))
    text = done(rehearsal.run("centre", "export"))
    assert set(tomllib.loads(text)) == {"number", "qualification", "staff", "visit", "account"}
    folder = tmp_path / "other"
    folder.mkdir()
    with rehearsing(folder, centre=text) as other:
        assert done(other.run("centre", "export")) == text
        assert other.run("centre", "import", str(folder / "centre.toml"), "--json").json == {
            "changes": [], "written": False,
        }  # fmt: skip


def test_an_import_shows_the_difference_and_is_all_or_nothing(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """With --dry-run only shown; a file with one impossible fact enters none of the others."""
    path = tmp_path / "new.toml"
    path.write_text(CENTRE_FACTS.replace("2021-09-01", "2022-09-01").replace("12345", "54321"), encoding="utf-8")
    told = rehearsal.run("centre", "import", str(path), "--dry-run", "--json").json
    assert [(one["kind"], one["action"]) for one in told["changes"]] == [
        ("number", "changed"), ("qualification", "changed"),
    ]  # fmt: skip
    assert (told["written"], "(was 12345)" in told["changes"][0]["says"]) == (False, True)
    late = '[[visit]]\nqualification = "OCR/03455"\non = 2999-01-01\nvisitor = "O"\n'
    path.write_text(path.read_text("utf-8") + late, encoding="utf-8")
    assert rehearsal.run("centre", "import", str(path)).status == 2
    with Store(rehearsal.database()) as store:
        assert store_centre.read(store).number("OCR") == "12345"


def test_an_import_before_the_first_pass_settles_nothing_and_works(bare: Rehearsal) -> None:
    """A new centre enters its facts first, whoever is not known yet; ids that Moodle never shows are told later."""
    staff = '[[staff]]\nmoodle_id = "900"\nname = "Gwen Price"\nrole = "iqa"\nfrom = 2020-09-01\n'
    bare.know(CENTRE_FACTS + staff)
    bare.run("sync")
    answer = bare.run("centre", "import", str(bare.folder / "centre.toml"))
    assert "nothing changed" in done(answer)
    assert "900" in answer.err
