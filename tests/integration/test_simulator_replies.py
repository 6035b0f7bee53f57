"""The simulator's answers beside recorded ones, key by key and type by type, for both versions."""

import json
from pathlib import Path

import pytest

from connectors.moodle.simulator import College, Simulator
from connectors.moodle.simulator.probe import Probe

REPLIES = Path(__file__).parents[1] / "replies"
ALL_RECORDED = Path(__file__).parents[3] / "shared" / "moodle-replies"
NOW = 1_795_300_000
PAIRS = [{"name": "userfields", "value": "id,idnumber,username,fullname,email,customfields,roles,groups"}]


class Realbridge:
    """A college that holds one of each thing that stands in the recorded one."""

    def __init__(self) -> None:
        self.college = college = College(now=NOW)
        scale = college.add_scale("Competence", ("Not yet competent", "Competent"))
        self.tutor = college.add_user("Tina", "Adams", username="t.adams", id_number="STAFF-ADAMS")
        profile = {"uln": "1000000000", "ocr_candidate_number": "2000", "dob": "1167609600"}
        self.learners = [
            college.add_user(name, "Ahmed", username=name.lower(), id_number=str(310240 + place), profile=dict(profile))
            for place, name in enumerate(("Aisha", "Ben", "Chloe"))
        ]
        self.course = college.add_course("OCR-IT-26", "A course", "OCR-03455", start=NOW - 900, end=NOW + 900)
        self.group = college.add_group(self.course, "Group A", "OCR-03455-A")
        college.enrol(self.course, self.tutor, "editingteacher")
        for learner in self.learners:
            college.enrol(self.course, learner, groups=[self.group.id])
        self.scale, self.points = self.add("F1", -scale.id, pass_mark=2), self.add("U4", 60, pass_mark=24)
        self.rubric, self.guide = self.add("F2:1.1,1.2", 100), self.add("U3:3.1,3.2", 25)
        college.add_rubric(self.rubric, ["1.1 One", "1.2 Two"])
        college.add_guide(self.guide, [("3.1 Plan", 10), ("3.2 Review", 15)])
        self.workflow, self.multi = self.add("U5", -scale.id, workflow=True), self.add("U6", -scale.id, reopen="manual")
        self.team, self.blind = self.add("U7", 100, team=True), self.add("U10", 100, blind=True)
        self.hidden, self.none = self.add("U9", 100, visible=False), self.add("", 0)
        self.ungraded, self.scale_id = self.add("U11", 100), scale.id
        self.outcome = college.add_outcome(self.scale, "LO1", scale, "F1-LO1")
        self.competencies = [college.add_competency(self.course, f"1.{n} One", scale, f"F2-1.{n}") for n in (1, 2)]
        self.mark()

    def add(self, id_number, grade, **settings):
        return self.college.add_assignment(self.course, f"Task {id_number}", id_number, grade=grade, **settings)

    def mark(self) -> None:
        college, tutor = self.college, self.tutor
        for place, learner in enumerate(self.learners):
            if place < 2:
                for task in (self.scale, self.points, self.rubric, self.guide, self.workflow, self.multi, self.blind):
                    college.submit(task, learner)
                college.grade(self.scale, learner, 2 - place, grader=tutor)
                college.grade(self.points, learner, 30 - 20 * place, grader=tutor)
                college.grade_rows(self.rubric, learner, [1, place], grader=tutor)
                college.grade_rows(self.guide, learner, [5, 6], grader=tutor)
                college.grade(self.workflow, learner, 2, grader=tutor, state=("released", "inreview")[place])
                college.grade(self.multi, learner, 1, grader=tutor, feedback="Resubmit please")
                college.reopen_attempt(self.multi, learner)
                college.submit(self.multi, learner)
                college.grade(self.multi, learner, 2, grader=tutor)
                college.grade(self.blind, learner, 50, grader=tutor)
                college.grade(self.none, learner, None, grader=tutor, feedback="Thanks")
        college.grade_team(self.team, self.group.id, 64, grader=tutor)
        college.rate_outcome(self.outcome, self.learners[0], 1)
        college.rate_competency(self.course, self.competencies[0], self.learners[0], 1, by=tutor)

    @property
    def calls(self):
        """Recorded file -> function and parameters that ask our college the same question."""
        course, one = self.course.id, self.learners[0].id
        ids = lambda *tasks: {"assignmentids": [task.id for task in tasks]}  # noqa: E731
        status = lambda task, who=one: {"assignid": task.id, "userid": who}  # noqa: E731
        cmids = {"cmids": [self.rubric.cmid, self.guide.cmid], "areaname": "submissions", "activeonly": 1}
        return {
            "core_webservice_get_site_info": {},
            "core_course_get_courses__ids": {"options": {"ids": [course]}},
            "core_course_get_courses_by_field": {"field": "idnumber", "value": "OCR-03455"},
            "core_course_get_contents": {"courseid": course},
            "core_course_get_course_module": {"cmid": self.scale.cmid},
            "core_course_get_course_module_by_instance": {"module": "assign", "instance": self.points.id},
            "core_course_get_updates_since": {"courseid": course, "since": 1},
            "core_course_get_updates_since__future": {"courseid": course, "since": 4_000_000_000},
            "core_enrol_get_enrolled_users": {"courseid": course},
            "core_enrol_get_enrolled_users__options": {"courseid": course, "options": PAIRS},
            "core_enrol_get_enrolled_users__beyond_end": {
                "courseid": course,
                "options": [{"name": "limitfrom", "value": 1000}, {"name": "limitnumber", "value": 5}],
            },
            "core_user_get_users_by_field": {"field": "idnumber", "values": ["310240", "NOPE"]},
            "core_user_get_users_by_field__id": {"field": "id", "values": [one, self.tutor.id]},
            "core_competency_get_scale_values": {"scaleid": self.scale_id},
            "core_competency_list_course_competencies": {"id": course},
            "tool_lp_data_for_user_competency_summary_in_course": {
                "userid": one,
                "competencyid": self.competencies[0].id,
                "courseid": course,
            },
            "mod_assign_get_assignments": {"courseids": [course], "includenotenrolledcourses": 1},
            "mod_assign_get_assignments__no_params": {},
            "mod_assign_get_assignments__without_includenotenrolled": {"courseids": [course]},
            "mod_assign_get_grades__scale": ids(self.scale),
            "mod_assign_get_grades__points": ids(self.points),
            "mod_assign_get_grades__rubric": ids(self.rubric),
            "mod_assign_get_grades__guide": ids(self.guide),
            "mod_assign_get_grades__workflow": ids(self.workflow),
            "mod_assign_get_grades__multi": ids(self.multi),
            "mod_assign_get_grades__blind": ids(self.blind),
            "mod_assign_get_grades__team": ids(self.team),
            "mod_assign_get_grades__none": ids(self.none),
            "mod_assign_get_grades__hidden": ids(self.hidden),
            "mod_assign_get_grades__since_future": ids(self.scale) | {"since": 4_000_000_000},
            "mod_assign_get_user_flags": ids(self.workflow, self.scale),
            "mod_assign_get_submissions": ids(self.points, self.multi, self.team),
            "mod_assign_get_submission_status": status(self.scale),
            "mod_assign_get_submission_status__multi_3": status(self.multi),
            "mod_assign_get_submission_status__points_5": status(self.points, self.learners[2].id),
            "mod_assign_get_submission_status__workflow_3": status(self.workflow),
            "mod_assign_get_submission_status__workflow_unreleased": status(self.workflow, self.learners[1].id),
            "mod_assign_list_participants": {"assignid": self.scale.id, "groupid": 0, "filter": ""},
            "mod_assign_list_participants__onlyids": {
                "assignid": self.scale.id,
                "groupid": 0,
                "filter": "",
                "onlyids": 1,
            },
            "core_grading_get_definitions": cmids,
            "core_grading_get_gradingform_instances__rubric": {"definitionid": self.rubric.form.id},
            "core_grading_get_gradingform_instances__guide": {"definitionid": self.guide.form.id},
            "core_grading_get_gradingform_instances__rubric_since_future": {
                "definitionid": self.rubric.form.id,
                "since": 4_000_000_000,
            },
            "gradereport_user_get_grade_items": {"courseid": course, "userid": one},
        }

    @property
    def editor_calls(self):
        """The same with a role that may edit."""
        course = self.course.id
        return {
            "core_course_get_courses__with_course_update": {"options": {"ids": [course]}},
            "core_course_get_courses_by_field__with_course_update": {"field": "idnumber", "value": "OCR-03455"},
            "core_course_get_course_module__with_manageactivities_points": {"cmid": self.points.cmid},
            "core_course_get_course_module__with_manageactivities_rubric": {"cmid": self.rubric.cmid},
            "core_group_get_course_user_groups": {"courseid": course, "userid": self.learners[0].id},
        }


EDITOR = {"moodle/course:update", "moodle/course:manageactivities", "moodle/course:managegroups"}


def shape(value):
    """What a value looks like: keys and types, everything in a list laid over each other."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return type(value).__name__


def lay_over(shapes):
    """Dictionaries' keys with every shape seen under them; other shapes as they are."""
    keys = {}
    for each in shapes:
        if isinstance(each, dict):
            for key, inner in each.items():
                keys.setdefault(key, []).append(inner)
    return keys


def differences(ours, theirs, path=""):
    """Where shapes seen in our answers were not seen in recorded ones, and keys that one side lacks."""
    ours, theirs = list(ours), list(theirs)
    plain = {each for each in ours if isinstance(each, str)} - {each for each in theirs if isinstance(each, str)}
    if plain and theirs:
        yield f"{path}: we say {sorted(plain)}, recorded {sorted(map(str, theirs))[:3]}"
    our_lists = [inner for each in ours if isinstance(each, list) for inner in each]
    their_lists = [inner for each in theirs if isinstance(each, list) for inner in each]
    if our_lists and their_lists:
        yield from differences(our_lists, their_lists, f"{path}[]")
    our_keys, their_keys = lay_over(ours), lay_over(theirs)
    if not our_keys or not their_keys:
        return
    for key in our_keys.keys() ^ their_keys.keys():
        yield f"{path}.{key}: only {'ours' if key in our_keys else 'recorded'}"
    for key in our_keys.keys() & their_keys.keys():
        yield from differences(our_keys[key], their_keys[key], f"{path}.{key}")


def orders(value, path="", found=None):
    """The orders of keys seen at each path."""
    found = {} if found is None else found
    if isinstance(value, dict):
        found.setdefault(path, []).append(list(value))
        for key, each in value.items():
            orders(each, f"{path}.{key}", found)
    elif isinstance(value, list):
        for each in value:
            orders(each, f"{path}[]", found)
    return found


def out_of_order(ours, theirs):
    """Paths at which shared keys stand in another order."""
    recorded = orders(theirs)
    for path, lists in orders(ours).items():
        for keys in lists[:1]:
            for other in recorded.get(path, [])[:1]:
                shared = [key for key in keys if key in other]
                if shared != [key for key in other if key in keys]:
                    yield f"{path}: {shared}"


# What the recorded site shows by its own set-up, and ours does not have: outcomes in an activity's settings.
SITE_MATTERS = (".outcomes: only recorded",)


def compare(folder, name, answer):
    recorded = json.loads((folder / f"{name}.json").read_text())["response"]
    wrong = [*differences([shape(answer)], [shape(recorded)]), *out_of_order(answer, recorded)]
    return [each for each in wrong if not any(matter in each for matter in SITE_MATTERS)]


@pytest.fixture(scope="module", params=["4.5.6", "4.3.0"])
def site(request):
    realbridge = Realbridge()
    with Simulator(realbridge.college, version=request.param) as moodle, Probe(moodle) as probe:
        moodle.role.add("moodle/competency:usercompetencyview")
        yield realbridge, moodle, probe


NAMES = sorted(Realbridge().calls)
EDITOR_NAMES = sorted(Realbridge().editor_calls)


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_has_the_keys_types_and_order_of_the_recorded_one(site, name):
    """Each function answers in the shape that real Moodle of that version was seen to answer in."""
    realbridge, moodle, probe = site
    answer = probe.call(name.split("__")[0], **realbridge.calls[name])
    assert compare(REPLIES / moodle.version, name, answer) == []


@pytest.mark.parametrize("name", EDITOR_NAMES)
def test_an_editor_sees_what_the_recorded_administrator_saw(site, name):
    """With write capabilities the fuller shapes come."""
    realbridge, moodle, probe = site
    moodle.role |= EDITOR
    try:
        answer = probe.call(name.split("__")[0], **realbridge.editor_calls[name])
    finally:
        moodle.role -= EDITOR
    assert compare(REPLIES / moodle.version, name, answer) == []


def test_the_full_recordings_agree_too(site):
    """Where the untrimmed recordings are at hand, every answer is compared with those, else with the trimmed ones."""
    realbridge, moodle, probe = site
    folder = ALL_RECORDED if ALL_RECORDED.is_dir() else REPLIES
    wrong = {}
    for name, given in realbridge.calls.items():
        answer = probe.call(name.split("__")[0], **given)
        assert (folder / moodle.version / f"{name}.json").is_file()
        wrong[name] = compare(folder / moodle.version, name, answer)
    assert {name: rows for name, rows in wrong.items() if rows} == {}


def test_the_comparison_notices_a_wrong_type_a_missing_key_and_a_wrong_order():
    """The comparison itself can fail."""
    recorded = {"rows": [{"id": 1, "grade": "2.00000"}]}
    assert list(differences([shape({"rows": [{"id": 1, "grade": 2.0}]})], [shape(recorded)]))
    assert list(differences([shape({"rows": [{"id": 1}]})], [shape(recorded)]))
    assert list(out_of_order({"rows": [{"grade": "2.00000", "id": 1}]}, recorded))
    assert not list(differences([shape(recorded)], [shape(recorded)]))


def test_json_is_escaped_as_php_escapes_it(site):
    """Slashes and everything beyond ASCII are escaped, there are no blanks, and the type names no charset."""
    realbridge, _, probe = site
    realbridge.learners[2].last_name = "Müller 𠮷"
    reply = probe.reply("core_user_get_users_by_field", field="id", values=[realbridge.learners[2].id])
    assert b"M\\u00fcller \\ud842\\udfb7" in reply.body
    assert b"http:\\/\\/" in reply.body
    assert b'": ' not in reply.body
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Transfer-Encoding"] == "chunked"


def test_the_two_versions_differ_where_real_ones_do():
    """4.3 knows no first names on rosters, no policyagreed and another exception class."""
    realbridge = Realbridge()
    seen = {}
    for version in ("4.3.0", "4.5.6"):
        with Simulator(realbridge.college, version=version) as moodle, Probe(moodle) as probe:
            roster = probe.call("core_enrol_get_enrolled_users", courseid=realbridge.course.id)
            info = probe.call("core_webservice_get_site_info")
            error = probe.call("mod_assign_get_grades")
            seen[version] = ("firstname" in roster[0], "policyagreed" in info, error["exception"], info["release"])
    assert seen == {
        "4.3.0": (False, False, "invalid_parameter_exception", "4.3 (Build: 20231009)"),
        "4.5.6": (True, True, "core\\exception\\invalid_parameter_exception", "4.5.6 (Build: 20250811)"),
    }
