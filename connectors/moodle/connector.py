"""The Moodle connector: what the host asks of a learning management system, answered from Moodle's web services."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from connectors.moodle import functions as fn
from connectors.moodle import replies
from connectors.moodle.advice import as_lms_error, missing_functions
from connectors.moodle.batch_reader import BatchReader
from connectors.moodle.course_reader import CourseReader
from connectors.moodle.doctor import examine
from connectors.moodle.errors import MoodleBusy, MoodleError, MoodleRefused
from connectors.moodle.memory import Memory
from connectors.moodle.options import Options
from connectors.moodle.replies import Site
from nvqsync import hookimpl
from nvqsync.errors import LmsError
from nvqsync.hookspecs import LmsOffer
from nvqsync.model import Asked, CourseReading, LmsCourse, Notice, SiteFacts

log = logging.getLogger(__name__)

OLDEST_RELEASE = (4, 0)
NOTHING: Mapping[str, str] = MappingProxyType({})


@hookimpl
def register_lms_connectors(register: Any) -> None:
    """Offer the connector under the name ``moodle``."""
    register(LmsOffer(name="moodle", open=open_connector, examine=examine))


def open_connector(settings: Mapping[str, Any]) -> MoodleConnector:
    """A connector for the ``[moodle]`` section of the settings. Nothing is sent yet.

    ``settings`` keys are those of ``options.Options``. Raises ``SettingsError`` for one that cannot be used.
    """
    return MoodleConnector(Options.from_settings(settings))


class MoodleConnector:
    """``nvqsync.hookspecs.LmsConnector`` for a Moodle site, release 4.0 or later."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._client = options.client()
        self._executor = ThreadPoolExecutor(options.connections, thread_name_prefix="moodle")
        self._memory = Memory()
        self._site: Site | None = None

    def __repr__(self) -> str:
        return f"MoodleConnector({self._client.url!r})"

    @property
    def calls(self) -> int:
        """How many requests have been sent so far, repeats included."""
        return self._client.calls

    def check(self) -> SiteFacts:
        """Who answers, after making sure that the service has every function needed."""
        with self._translated():
            reply = self._client.ask(fn.SITE_INFO)
        site = replies.site(reply.payload)
        missing = set(fn.NEEDED) - site.functions
        if missing:
            raise missing_functions(missing)
        self._site = site
        return SiteFacts(
            site_name=site.name,
            release=site.release,
            url=site.url if site.url.startswith(("https://", "http://")) else self._client.url,
            server_time=reply.clock(),
            notices=tuple(_site_notices(site, self._options.url)),
        )

    def courses(self, known: Mapping[str, str] = NOTHING, due: Collection[str] = ()) -> Sequence[LmsCourse]:
        """Every course the account can see (or those the settings name), each with its ID number.

        ``known`` are ID numbers by course id, which are asked for again only where the course is ``due``.
        """
        site = self._known_site()
        with self._translated():
            listed = [pair for pair in self._listed(site) if self._wanted(pair[0])]
            self._name_unmatched([course for course, _ in listed])
            return self._with_id_numbers(site, [_told(*pair, known, due) for pair in listed])

    def read(self, asked: Iterable[Asked]) -> Iterator[tuple[LmsCourse, CourseReading | LmsError]]:
        """Each course asked for: what changed since its bookmarks, or all of it, or why it cannot be read."""
        site = self._known_site()
        batches = BatchReader(self._client, self._executor, site, self._reader(site), self._options.roles)
        for course, found in batches.read(asked):
            yield course, self._as_ours(found, course) if isinstance(found, MoodleError) else found

    def _as_ours(self, problem: MoodleError, course: LmsCourse) -> LmsError:
        policy_open = self._site is not None and self._site.policy_agreed is False
        return as_lms_error(problem, f"course {course.short_name}", policy_open=policy_open)

    def close(self) -> None:
        """Give back connections; calls that have not begun are called off."""
        self._client.close()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _reader(self, site: Site) -> CourseReader:
        return CourseReader(self._client, site, self._options.fields, self._memory)

    def _known_site(self) -> Site:
        if self._site is None:
            self.check()
        assert self._site is not None  # noqa: S101 - check() has just set it, or raised
        return self._site

    @contextmanager
    def _translated(self, subject: str = "") -> Iterator[None]:
        """Hand on the client's errors as the host's."""
        try:
            yield
        except MoodleError as problem:
            policy_open = self._site is not None and self._site.policy_agreed is False
            raise as_lms_error(problem, subject, policy_open=policy_open) from None

    # ------------------------------------------------------------ courses

    def _listed(self, site: Site) -> list[tuple[LmsCourse, bool]]:
        """The courses, with whether their ID numbers were told. One closed course fails the first way of asking."""
        try:
            return replies.courses(self._client.call(fn.COURSES, **self._course_ids()))
        except MoodleRefused as refusal:
            if refusal.errorcode != "errorcoursecontextnotvalid" or fn.COURSES_BY_FIELD not in site.functions:
                raise
            log.warning("a course is closed to the service account; listing the visible ones instead")
            return replies.courses(self._client.call(fn.COURSES_BY_FIELD), by_field=True)

    def _course_ids(self) -> dict[str, Any]:
        """Ask by ids where the settings name nothing but ids."""
        wanted = self._options.courses
        only_ids = bool(wanted) and all(name.isdecimal() for name in wanted)
        return {"options": {"ids": [int(name) for name in wanted]}} if only_ids else {}

    def _wanted(self, course: LmsCourse) -> bool:
        wanted = self._options.courses
        return not wanted or course.lms_id in wanted or course.short_name in wanted

    def _name_unmatched(self, found: Sequence[LmsCourse]) -> None:
        known = {course.lms_id for course in found} | {course.short_name for course in found}
        for name in self._options.courses:
            if name not in known:
                log.warning("[moodle] courses names %r, which is no course that the service account can see", name)

    def _with_id_numbers(self, site: Site, listed: Sequence[tuple[LmsCourse, bool]]) -> list[LmsCourse]:
        """Fill in the ID numbers that the list did not tell; a problem only if that fails for every course."""
        reader = self._reader(site)
        futures = [None if told else self._executor.submit(reader.id_number, course) for course, told in listed]
        found: list[LmsCourse] = []
        refusals: list[MoodleError | LmsError] = []
        try:
            for (course, _), future in zip(listed, futures, strict=True):
                try:
                    found.append(course if future is None else replace(course, id_number=future.result()))
                except MoodleBusy:
                    raise
                except (MoodleError, LmsError) as problem:
                    refusals.append(problem)
                    log.warning("the ID number of course %s cannot be read: %s", course.lms_id, type(problem).__name__)
                    found.append(replace(course, number_told=False))
        finally:
            for future in filter(None, futures):
                future.cancel()
        if refusals and len(refusals) == len(found):
            raise refusals[0]
        return found


def _told(course: LmsCourse, told: bool, known: Mapping[str, str], due: Collection[str]) -> tuple[LmsCourse, bool]:
    """A course whose ID number the list did not tell, with the one that is known; and whether that will do."""
    if told or course.lms_id not in known:
        return course, told
    return replace(course, id_number=known[course.lms_id]), course.lms_id not in due


def _site_notices(site: Site, url: str) -> Iterator[Notice]:
    release = re.match(r"(\d+)\.(\d+)", site.release)
    if release and (int(release[1]), int(release[2])) < OLDEST_RELEASE:
        says = f"Moodle {site.release} is older than 4.0: it does not tell the ID numbers of activities."
        yield Notice("moodle-old-release", says)
    if site.is_admin:
        says = "The token is a site administrator's. A service account with the documented role is enough, and safer."
        yield Notice("moodle-admin-token", says, severity="note")
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        says = "The token travels unencrypted: put the https:// address of the Moodle site into the settings."
        yield Notice("moodle-plain-http", says)
