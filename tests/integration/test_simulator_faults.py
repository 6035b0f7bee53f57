"""Every row of the failure table, and what a role that lacks something gets to see."""

import http.client
import json
import socket
import threading
import time
from pathlib import Path

import pytest

from connectors.moodle.simulator import Simulator, generate_college
from connectors.moodle.simulator.faults import FAULTS
from connectors.moodle.simulator.probe import ENDPOINT, FORM, Probe

REPLIES = Path(__file__).parents[1] / "replies" / "4.5.6" / "failures"
NOW = 1_795_300_000
INFO = "core_webservice_get_site_info"


def recorded(name):
    return json.loads((REPLIES / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def college():
    return generate_college(learners=24, now=NOW)


@pytest.fixture
def moodle(college):
    with Simulator(college) as simulator:
        yield simulator


@pytest.fixture
def probe(moodle):
    with Probe(moodle) as caller:
        yield caller


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("invalid_token", "bad_token"),
        ("token_expired", "token_expired"),
        ("access_denied", "token_ip_restricted"),
        ("unknown_function", "unknown_function"),
        ("invalid_parameter", "invalid_param_unknown_extra"),
        ("login_required", "weak_token__grade_items"),
        ("maintenance", "maintenance_setting"),
        ("upgrade_running", "upgrade_running"),
        ("database_down", "db_stopped"),
        ("table_missing", "db_table_missing__get_grades"),
        ("webservices_disabled", "webservices_disabled"),
        ("php_fatal", "php_parse_error_in_config"),
        ("php_down", "php_fpm_down_502"),
    ],
)
def test_a_fault_answers_exactly_as_recorded(moodle, probe, fault, name):
    """Status, type and body of each failure are those a real site gave."""
    moodle.faults.add(fault)
    reply, was = probe.reply(INFO), recorded(name)
    assert (reply.status, reply.headers["Content-Type"]) == (was["status"], was["headers"]["Content-Type"])
    assert (reply.json if was["is_json"] else reply.body.decode()) == was["response"]


def test_command_line_maintenance_says_when_to_come_back(moodle, probe):
    """CLI maintenance is a page with status 503 and Retry-After."""
    moodle.faults.add("cli_maintenance")
    reply = probe.reply(INFO)
    assert (reply.status, reply.headers["Retry-After"]) == (503, recorded("maintenance_cli")["headers"]["Retry-After"])
    assert b"undergoing maintenance" in reply.body


def test_an_expired_token_is_gone_at_the_second_call(moodle, probe):
    """The first call says accessexception and deletes the token, the next says invalidtoken."""
    moodle.faults.add("token_expired", times=1)
    assert [probe.call(INFO)["errorcode"] for _ in range(2)] == ["accessexception", "invalidtoken"]


def test_stray_output_stands_in_front_of_the_json(moodle, probe):
    """A plugin's warning makes the body undecodable, with status 200 and the JSON type."""
    moodle.faults.add("stray_output")
    reply = probe.reply(INFO)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.body.startswith(b"\nWarning: stray output\n{")
    with pytest.raises(json.JSONDecodeError):
        _ = reply.json


def test_a_truncated_answer_arrives_whole_but_broken(moodle, probe):
    """The JSON stops in the middle though HTTP is content."""
    moodle.faults.add("truncated")
    with pytest.raises(json.JSONDecodeError):
        _ = probe.reply(INFO).json


@pytest.mark.parametrize("fault", ["cut", "reset"])
def test_a_broken_connection_is_broken_and_the_next_is_not(moodle, probe, fault):
    """Cut or reset once, then all is well again."""
    moodle.faults.add(fault, times=1)
    with pytest.raises((OSError, http.client.HTTPException)):
        probe.reply(INFO)
    assert probe.call(INFO)["sitename"] == "Realbridge College"


def test_a_slow_answer_takes_its_time(moodle, probe):
    """Slow means so many seconds."""
    moodle.faults.add("slow", seconds=0.2)
    begun = time.monotonic()
    probe.call(INFO)
    assert time.monotonic() - begun >= 0.2


def test_a_hung_server_outlasts_the_client_and_still_stops(college):
    """The client times out; stopping the simulator does not wait for the hung answer."""
    with Simulator(college) as moodle, Probe(moodle, timeout=0.2) as probe:
        moodle.faults.add("hung")
        with pytest.raises(TimeoutError):
            probe.reply(INFO)
        begun = time.monotonic()
        moodle.stop()
        assert time.monotonic() - begun < 5


def test_a_fault_can_hit_one_function_so_many_times(moodle, probe):
    """``function``, ``times`` and ``after`` aim a fault."""
    moodle.faults.add("database_down", function="core_course_get_courses", times=2, after=1)
    answers = [probe.call("core_course_get_courses") for _ in range(4)]
    assert ["errorcode" in answer for answer in answers] == [False, True, True, False]
    assert "sitename" in probe.call(INFO)


def test_a_fault_ends_with_its_block(moodle, probe):
    """``during`` switches off what it switched on, and an unknown name is refused."""
    with moodle.faults.during("maintenance"):
        assert probe.call(INFO)["errorcode"] == "sitemaintenance"
    assert "sitename" in probe.call(INFO)
    with pytest.raises(ValueError, match="no such fault: earthquake"):
        moodle.faults.add("earthquake")


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_spoils_a_call_and_clearing_heals(college, name):
    """No switch on the board is a dummy."""
    with Simulator(college) as moodle, Probe(moodle, timeout=0.3) as probe:
        good = probe.reply(INFO)
        moodle.faults.add(name, seconds=0.1)
        begun = time.monotonic()
        try:
            reply = probe.reply(INFO)
            assert (reply.status, reply.body) != (200, good.body) or time.monotonic() - begun >= 0.1
        except (OSError, http.client.HTTPException):
            assert name in ("cut", "reset", "hung")
        moodle.faults.clear()
        moodle.token = probe.token
        assert probe.reply(INFO).body == good.body


# ---------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    "form",
    [
        "",
        "assignmentids=1,4",
        "assignmentids=5",
        "assignmentids[0]=abc",
        "assignmentids[0]=1&bogus=1",
        "assignmentids[0]=1&since=1795307586.5",
        "assignmentids[0]=1&since=",
    ],
)
def test_a_bad_parameter_is_refused_without_naming_it(moodle, probe, form):
    """Missing, unknown, scalar for a list, text or a fraction for a number: always the same words."""
    control = f"wstoken={moodle.token}&wsfunction=mod_assign_get_grades&moodlewsrestformat=json"
    answer = probe.post(ENDPOINT, f"{control}&{form}").json
    assert answer == recorded("invalid_param_unknown_extra")["response"]


def test_empty_brackets_and_get_work(moodle, probe):
    """``assignmentids[]=`` twice is a list; a GET is as good as a POST until the address is too long."""
    control = f"wstoken={moodle.token}&wsfunction=mod_assign_get_grades&moodlewsrestformat=json"
    posted = probe.post(ENDPOINT, f"{control}&assignmentids[]=1&assignmentids[]=2").json
    assert posted == probe.get(f"{ENDPOINT}?{control}&assignmentids[0]=1&assignmentids[1]=2").json
    many = "&".join(f"assignmentids[{place}]=1" for place in range(600))
    assert probe.get(f"{ENDPOINT}?{control}&{many}").status == 414


def test_a_json_body_and_a_bearer_header_are_not_seen(moodle, probe):
    """Only form fields count: without them there is no token, and no format either."""
    body = json.dumps({"wstoken": moodle.token, "wsfunction": INFO, "moodlewsrestformat": "json"})
    reply = probe.post(ENDPOINT, body, {"Content-Type": "application/json", "Authorization": f"Bearer {moodle.token}"})
    was = recorded("json_body_is_ignored")
    assert (reply.headers["Content-Type"], reply.body.decode()) == (was["headers"]["Content-Type"], was["response"])


def test_past_max_input_vars_the_rest_is_cut_without_a_word(moodle, probe):
    """6000 ids with a limit of 5000: the first 4998 are answered for; with the token last there is no token."""
    answer = probe.call("mod_assign_get_grades", assignmentids=list(range(1, 6001)))
    told = {each["assignmentid"] for each in answer["assignments"]} | {each["itemid"] for each in answer["warnings"]}
    assert told == set(range(1, 4999))
    ids = "&".join(f"assignmentids[{place}]=1" for place in range(6000))
    last = probe.post(ENDPOINT, f"{ids}&wsfunction=mod_assign_get_grades&wstoken={moodle.token}")
    assert b"<ERRORCODE>invalidtoken</ERRORCODE>" in last.body


def test_without_the_format_the_answer_is_xml(moodle, probe):
    """Missing, unknown or upper-case format: XML with status 200, errors as well."""
    for spelling in ("", "JSON", "yaml"):
        reply = probe.reply(INFO, moodlewsrestformat=spelling)
        assert (reply.status, reply.headers["Content-Type"]) == (200, "application/xml; charset=utf-8")
        assert b'<KEY name="sitename"><VALUE>Realbridge College</VALUE>\n</KEY>' in reply.body
    probe.token = "wrong"
    assert probe.reply(INFO, moodlewsrestformat="").body.decode() == recorded("bad_token_xml")["response"]


@pytest.mark.parametrize(
    ("path", "status"), [("/webservice/rest/", 403), ("/webservice/rest/server.php/", 404), ("/", 404)]
)
def test_a_wrong_path_meets_the_web_server(probe, path, status):
    """Beside the endpoint there are only nginx's own pages."""
    reply = probe.post(path, "", FORM)
    assert (reply.status, reply.headers["Content-Type"]) == (status, "text/html")


# ---------------------------------------------------------------- rights


NO_ACCESS = "No access rights in module context"


def codes(answer):
    return [(each["warningcode"], each["message"]) for each in answer["warnings"]]


def test_a_missing_capability_is_silent_in_mod_assign(moodle, probe, college):
    """Without mod/assign:view every listing is empty with warning 1, which alone tells it from nothing found."""
    task = next(iter(college.assignments))
    moodle.role.discard("mod/assign:view")
    for function in ("mod_assign_get_grades", "mod_assign_get_user_flags", "mod_assign_get_submissions"):
        answer = probe.call(function, assignmentids=[task])
        assert (answer["assignments"], codes(answer)) == ([], [("1", NO_ACCESS)])
    report = probe.call("gradereport_user_get_grade_items", courseid=2)
    assert [item["itemtype"] for item in report["usergrades"][0]["gradeitems"]] == ["course"]


def test_viewgrades_alone_reads_grades_but_no_flags(moodle, probe, college):
    """The flags need mod/assign:grade."""
    task = next(each.id for each in college.assignments.values() if each.workflow)
    moodle.role.discard("mod/assign:grade")
    assert probe.call("mod_assign_get_grades", assignmentids=[task])["assignments"]
    assert codes(probe.call("mod_assign_get_user_flags", assignmentids=[task])) == [("1", NO_ACCESS)]


def test_hidden_things_need_their_capabilities(moodle, probe, college):
    """Hidden activities answer warning 1, a hidden course fails the whole list of courses."""
    hidden = next(each for each in college.assignments.values() if not each.visible)
    moodle.role.discard("moodle/course:viewhiddenactivities")
    assert codes(probe.call("mod_assign_get_grades", assignmentids=[hidden.id])) == [("1", NO_ACCESS)]
    listed = probe.call("core_course_get_contents", courseid=hidden.course_id)
    assert hidden.cmid not in [module["id"] for section in listed for module in section["modules"]]
    course = college.courses[hidden.course_id]
    moodle.role.discard("moodle/course:viewhiddencourses")
    course.visible = False
    try:
        assert probe.call("core_course_get_courses")["errorcode"] == "errorcoursecontextnotvalid"
        named = probe.call("core_course_get_courses_by_field", field="idnumber", value=course.id_number)
        assert named["courses"] == []
    finally:
        course.visible = True


def test_a_weak_token_is_told_what_a_real_one_was_told(moodle, probe):
    """Without moodle/course:view the functions refuse, warn or fall silent as recorded."""
    moodle.role.discard("moodle/course:view")
    calls = {
        "weak_token__get_assignments": (
            "mod_assign_get_assignments",
            {"courseids": [2], "includenotenrolledcourses": 1},
        ),
        "weak_token__enrolled_users": ("core_enrol_get_enrolled_users", {"courseid": 2}),
        "weak_token__get_contents": ("core_course_get_contents", {"courseid": 2}),
        "weak_token__get_grades": ("mod_assign_get_grades", {"assignmentids": [1]}),
        "weak_token__get_submissions": ("mod_assign_get_submissions", {"assignmentids": [1]}),
        "weak_token__grade_items": ("gradereport_user_get_grade_items", {"courseid": 2}),
        "weak_token__submission_status": ("mod_assign_get_submission_status", {"assignid": 1, "userid": 3}),
        "weak_token__list_participants": ("mod_assign_list_participants", {"assignid": 1, "groupid": 0, "filter": ""}),
    }
    for name, (function, given) in calls.items():
        assert probe.call(function, **given) == recorded(name)["response"], name


@pytest.mark.parametrize(
    ("name", "function", "given"),
    [
        ("nonexistent_course__get_contents", "core_course_get_contents", {"courseid": 99999}),
        ("nonexistent_course__enrolled_users", "core_enrol_get_enrolled_users", {"courseid": 99999}),
        ("nonexistent_course__grade_items", "gradereport_user_get_grade_items", {"courseid": 99999}),
        ("nonexistent_course__get_courses", "core_course_get_courses", {"options": {"ids": [99999]}}),
        (
            "nonexistent_course__courses_by_field",
            "core_course_get_courses_by_field",
            {"field": "idnumber", "value": "X"},
        ),
        ("nonexistent_user__by_field", "core_user_get_users_by_field", {"field": "idnumber", "values": ["NOPE"]}),
        ("nonexistent_user__grade_items", "gradereport_user_get_grade_items", {"courseid": 2, "userid": 99999}),
        ("nonexistent_scale", "core_competency_get_scale_values", {"scaleid": 9999}),
        ("grading_instances_bad_definition", "core_grading_get_gradingform_instances", {"definitionid": 99999}),
        ("bad_field__by_field", "core_user_get_users_by_field", {"field": "profile_field_uln", "values": ["1"]}),
        ("function_not_in_service", "core_course_create_courses", {}),
        ("unknown_function", "core_no_such_function", {}),
        ("missing_wsfunction", "", {}),
        ("deleted_assignment__core_course_get_course_module", "core_course_get_course_module", {"cmid": 33}),
        (
            "deleted_assignment__core_grading_get_definitions",
            "core_grading_get_definitions",
            {"cmids": [33], "areaname": "submissions"},
        ),
        (
            "deleted_assignment__mod_assign_get_submission_status",
            "mod_assign_get_submission_status",
            {"assignid": 9999, "userid": 3},
        ),
        ("deleted_assignment__mod_assign_get_submissions", "mod_assign_get_submissions", {"assignmentids": [9999]}),
    ],
)
def test_things_that_are_not_there_answer_as_recorded(probe, name, function, given):
    """Unknown courses, users, scales, forms, functions: the recorded words."""
    assert probe.call(function, **given) == recorded(name)["response"]


def test_an_unknown_course_and_assignment_only_warn(probe):
    """get_assignments says warning 1 for an unknown course, get_grades warning 3 for an unknown assignment."""
    given = {"courseids": [99999], "includenotenrolledcourses": 1}
    assert (
        probe.call("mod_assign_get_assignments", **given) == recorded("nonexistent_course__get_assignments")["response"]
    )
    answer = probe.call("mod_assign_get_grades", assignmentids=[99999])
    assert codes(answer) == [("3", "No grades found")]


def test_separate_groups_hide_people_in_three_ways(moodle, probe, college):
    """Without accessallgroups: an empty roster, no warning, warning 1 for grades, notingroup, flags unaffected."""
    task = next(each for each in college.assignments.values() if each.workflow)
    course = college.courses[task.course_id]
    moodle.role.discard("moodle/site:accessallgroups")
    course.separate_groups = True
    try:
        assert probe.call("core_enrol_get_enrolled_users", courseid=course.id) == []
        assert codes(probe.call("mod_assign_get_grades", assignmentids=[task.id])) == [("1", NO_ACCESS)]
        assert probe.call("gradereport_user_get_grade_items", courseid=course.id)["errorcode"] == "notingroup"
        assert probe.call("mod_assign_get_user_flags", assignmentids=[task.id])["assignments"]
    finally:
        course.separate_groups = False


def test_a_policy_not_agreed_looks_like_no_access(moodle, probe):
    """The token works for site_info and nothing else."""
    moodle.locked_out = "error/forcepasswordchangenotice"
    assert "sitename" in probe.call(INFO)
    contents = probe.call("core_course_get_contents", courseid=2)
    assert contents == recorded("service_user_must_change_password__get_contents")["response"]
    grades = probe.call("mod_assign_get_grades", assignmentids=[1])
    assert grades == recorded("service_user_must_change_password__get_grades")["response"]


def test_a_roster_shrinks_without_an_error(moodle, probe):
    """Without viewdetails the course contacts are left; without viewalldetails nobody has an ID number."""
    roster = probe.call("core_enrol_get_enrolled_users", courseid=2)
    moodle.role.discard("moodle/user:viewalldetails")
    bare = probe.call("core_enrol_get_enrolled_users", courseid=2)
    moodle.role.discard("moodle/user:viewdetails")
    contacts = probe.call("core_enrol_get_enrolled_users", courseid=2)
    assert (len(bare), len(contacts)) == (len(roster), 1)
    assert not any("idnumber" in user or "customfields" in user for user in bare)
    assert probe.call("core_user_get_users_by_field", field="id", values=[3]) == []


@pytest.mark.parametrize(
    ("capability", "function", "given", "errorcode"),
    [
        ("webservice/rest:use", INFO, {}, "accessexception"),
        ("gradereport/user:view", "gradereport_user_get_grade_items", {"courseid": 2}, "nopermissions"),
        ("moodle/grade:viewall", "gradereport_user_get_grade_items", {"courseid": 2}, "nopermissions"),
        (
            "moodle/course:enrolreview",
            "core_enrol_get_enrolled_users",
            {"courseid": 2, "options": [{"name": "onlyactive", "value": 1}]},
            "nopermissions",
        ),
        (
            "moodle/grade:managegradingforms",
            "core_grading_get_gradingform_instances",
            {"definitionid": 1},
            "nopermissions",
        ),
    ],
)
def test_some_capabilities_are_missed_aloud(moodle, probe, capability, function, given, errorcode):
    """These lacks raise."""
    moodle.role.discard(capability)
    assert probe.call(function, **given)["errorcode"] == errorcode


def test_a_function_taken_out_of_the_service_is_named_by_its_absence(moodle, probe):
    """site_info lists what is left, and the function itself is an access exception."""
    moodle.functions.remove("mod_assign_get_user_flags")
    assert "mod_assign_get_user_flags" not in [each["name"] for each in probe.call(INFO)["functions"]]
    assert probe.call("mod_assign_get_user_flags", assignmentids=[1])["errorcode"] == "accessexception"


# ---------------------------------------------------------------- the server itself


def test_the_date_header_tells_the_driven_clock(moodle, probe, college):
    """``since`` cursors come from the server, so its clock can be driven."""
    before = probe.reply(INFO).headers["Date"]
    college.clock.advance(3600)
    try:
        assert before == "Sat, 21 Nov 2026 22:26:40 GMT"
        assert probe.reply(INFO).headers["Date"] == "Sat, 21 Nov 2026 23:26:40 GMT"
    finally:
        college.clock.set(NOW)


def test_calls_are_counted_by_function_without_the_token(moodle, probe):
    """Counts always, parameters on request, the token never."""
    moodle.keep_log = True
    probe.call("mod_assign_get_grades", assignmentids=[1])
    probe.call(INFO)
    assert moodle.calls == {"mod_assign_get_grades": 1, INFO: 1}
    assert moodle.token not in repr(moodle.log)


def test_stopping_leaves_no_thread_and_no_open_port(college):
    """Even with an idle keep-alive connection."""
    before = threading.active_count()
    simulator = Simulator(college).start()
    with Probe(simulator) as probe:
        probe.call(INFO)
        port = simulator.port
        simulator.stop()
        simulator.stop()
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_four_connections_are_served_at_once(moodle):
    """Threads do not get in each other's way."""
    answers = []

    def work():
        with Probe(moodle) as probe:
            answers.extend(len(probe.call("core_enrol_get_enrolled_users", courseid=2)) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20 and len(set(answers)) == 1


def test_answers_can_be_compressed(college):
    """With gzip switched on a client that accepts it gets it."""
    with Simulator(college, gzip=True) as moodle:
        connection = http.client.HTTPConnection("127.0.0.1", moodle.port, timeout=5)
        form = f"wstoken={moodle.token}&wsfunction={INFO}&moodlewsrestformat=json"
        connection.request("POST", ENDPOINT, form, {**FORM, "Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        assert (answer.headers["Content-Encoding"], answer.read()[:2]) == ("gzip", b"\x1f\x8b")
        connection.close()
