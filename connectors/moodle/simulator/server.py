"""The simulator as a running server on loopback: ``with Simulator(college) as moodle: ... moodle.url ...``.

One thread a connection, keep-alive, answers in one chunk without a length, as Moodle behind nginx sends them. The
``Date`` header tells the college's clock. The control page lives at ``/control``.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Any, Self

from connectors.moodle.simulator.access import MINIMAL_ROLE, MoodleError, View, missing_record
from connectors.moodle.simulator.faults import Fault, Faults, Page
from connectors.moodle.simulator.functions import FUNCTIONS
from connectors.moodle.simulator.handler import Handler, LoopbackServer
from connectors.moodle.simulator.parameters import bad_parameter, read_form, validate
from connectors.moodle.simulator.state import College
from connectors.moodle.simulator.xml_answer import render, render_error

TOKEN = "5ad1a7ed0c0ffee05ad1a7ed0c0ffee0"  # noqa: S105 - the simulator's own, good nowhere else
JSON = "application/json"
XML = "application/xml; charset=utf-8"


class Simulator:
    """A Moodle web service over a ``College``.

    ``role`` (a set of capabilities), ``functions`` (those in the external service), ``max_input_vars``, ``locked_out``,
    ``token`` and ``faults`` may be changed while it runs. ``calls`` counts by function; ``log`` keeps (function,
    parameters) of each call while ``keep_log`` is on.
    """

    def __init__(
        self,
        college: College,
        *,
        version: str = "4.5.6",
        token: str = TOKEN,
        port: int = 0,
        gzip: bool = False,
    ) -> None:
        self.college, self.version, self.token, self.gzip = college, version, token, gzip
        self.faults = Faults()
        self.role: set[str] = set(MINIMAL_ROLE)
        self.functions: list[str] = list(FUNCTIONS)
        self.max_input_vars = 5000
        self.locked_out = ""
        self.calls: Counter[str] = Counter()
        self.keep_log = False
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.stopping = threading.Event()
        self._port = port
        self._server: LoopbackServer | None = None
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------ life

    def start(self) -> Self:
        """Listen on a loopback port and serve in the background."""
        self.stopping.clear()
        self._server = LoopbackServer(("127.0.0.1", self._port), Handler, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="simulated-moodle")
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close every connection and wait for the threads. Safe to call twice."""
        if self._server is None or self._thread is None:
            return
        self.stopping.set()
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port listened on."""
        if self._server is None:
            return self._port
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The site's address, to be put in front of ``/webservice/rest/server.php``."""
        return f"http://127.0.0.1:{self.port}"

    # ------------------------------------------------------------ one call

    def answer(self, encoded: str) -> tuple[Page, Fault | None]:
        """Answer one web-service call, given its form; and name the fault that spoils the way back, if any."""
        form = read_form(encoded, self.max_input_vars)
        function = form.get("wsfunction")
        name = function if isinstance(function, str) else ""
        self._count(name, form)
        fault = self.faults.strike(name)
        if fault is not None and fault.kind.page is not None:
            return fault.kind.page, None
        as_json = form.get("moodlewsrestformat") == "json" and not (fault and fault.kind.spoil == "xml")
        return self._page(form, name, fault, as_json=as_json), fault

    def _count(self, name: str, form: dict[str, Any]) -> None:
        self.calls[name] += 1
        if self.keep_log:
            self.log.append((name, {key: value for key, value in form.items() if key != "wstoken"}))

    def _page(self, form: dict[str, Any], name: str, fault: Fault | None, *, as_json: bool) -> Page:
        try:
            self._admit(form, fault)
            answer = self._call(name, form)
        except MoodleError as error:
            if as_json:
                return Page(200, JSON, _json(error.payload(self.version)))
            return Page(200, XML, render_error(error, self.version))
        return Page(200, JSON, _json(answer)) if as_json else Page(200, XML, render(answer))

    def _admit(self, form: dict[str, Any], fault: Fault | None) -> None:
        if not self.token or form.get("wstoken") != self.token:
            raise MoodleError("moodle_exception", "invalidtoken", "Invalid token - token not found")
        if fault is not None and fault.kind.spoil == "forget token":
            self.token = ""
        if fault is not None and fault.kind.error is not None:
            raise fault.kind.error
        if "webservice/rest:use" not in self.role:
            raise _denied()

    def _call(self, name: str, form: dict[str, Any]) -> Any:
        if not name:
            raise bad_parameter()
        if name not in FUNCTIONS:
            raise (
                _denied()
                if name.startswith(("core_", "mod_")) and name in _OTHERS
                else missing_record("external_functions")
            )
        if name not in self.functions:
            raise _denied()
        function = FUNCTIONS[name]
        given = validate(form, function.spec)
        with self.college.lock:
            view = View(self.college, self.version, self.url, self.role, self.functions, self.locked_out)
            return function.answer(view, given)

    def http_date(self) -> str:
        """The server's clock as the ``Date`` header gives it."""
        return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(self.college.clock.now()))


_OTHERS = {"core_course_create_courses", "core_user_create_users", "mod_assign_save_grade", "mod_assign_set_user_flags"}


def _denied() -> MoodleError:
    return MoodleError("webservice_access_exception", "accessexception", "Access control exception")


def _json(answer: Any) -> str:
    """JSON as PHP writes it: no blanks, non-ASCII and slashes escaped."""
    return json.dumps(answer, separators=(",", ":")).replace("/", "\\/")
