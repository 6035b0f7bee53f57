"""What ``nvqsync doctor`` asks a Moodle site: who is there, its clock, each function and capability (``probes.py``).

Moodle tells no token which capabilities it has, so those are tried by reading. Nothing is written.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from connectors.moodle import functions as fn
from connectors.moodle import replies
from connectors.moodle.advice import SERVICE_PAGE, as_lms_error
from connectors.moodle.client import MoodleClient, Reply
from connectors.moodle.errors import MoodleError
from connectors.moodle.options import Options
from connectors.moodle.probes import Probes
from connectors.moodle.replies import Site
from nvqsync.errors import LmsError, SettingsError
from nvqsync.findings import Finding, fail, ok, warn
from nvqsync.model import ItemKind

SKEW = 60
"""Seconds the two clocks may differ before it is told."""
FUNCTION_LOST = {
    fn.SITE_INFO: "nobody knows who answers",
    fn.COURSES: "the courses cannot be listed",
    fn.CONTENTS: "hidden assignments cannot be told from shown ones",
    fn.ROSTER: "learners cannot be read",
    fn.ASSIGNMENTS: "assignments cannot be read",
    fn.GRADES: "grades cannot be read",
    fn.FLAGS: "released grades cannot be told from unreleased ones",
    fn.SCALE: "grades on scales cannot be understood",
    fn.DEFINITIONS: "rubrics and marking guides cannot be read",
    fn.INSTANCES: "what rubric and guide rows were given cannot be read",
    fn.REPORT: "ID numbers, hidden and overridden grades cannot be read",
    fn.COMPETENCIES: "competencies, which the mapping file asks for, cannot be listed",
    fn.RATING: "who is proficient in a competency, which the mapping file asks for, cannot be read",
}
"""What is lost without each function that a pass needs."""


def examine(settings: Mapping[str, Any], also: Collection[ItemKind] = ()) -> Iterator[Finding]:
    """Every finding about the Moodle site of the ``[moodle]`` settings. Raises nothing; asks at most twice each.

    ``also`` are the kinds of items that the mapping asks for: what only competencies take is looked at for them alone.
    """
    try:
        options = Options.from_settings(settings)
        if options.ca_bundle and not Path(options.ca_bundle).is_file():
            yield fail("moodle.settings", "[moodle] ca_bundle names no file.", "Correct it, or leave it out.")
            return
        client = replace(options, attempts=2, longest_wait=min(options.longest_wait, 3.0)).client()
    except SettingsError as error:
        yield fail("moodle.settings", error.says, error.next_step)
        return
    try:
        yield from _examine(client, options, competencies=ItemKind.COMPETENCY in also)
    finally:
        client.close()


def _examine(client: MoodleClient, options: Options, *, competencies: bool) -> Iterator[Finding]:
    asked = time.time()
    try:
        reply = client.ask(fn.SITE_INFO)
        site = replies.site(reply.payload)
    except (MoodleError, LmsError) as problem:
        error = as_lms_error(problem) if isinstance(problem, MoodleError) else problem
        yield fail("moodle.site", error.says, error.next_step)
        return
    yield from _site(site, options)
    yield _clock(reply, (asked + time.time()) / 2)
    yield from _functions(site, (*fn.NEEDED, *(fn.FOR_COMPETENCIES if competencies else ())))
    yield from Probes(client, site, options.fields).findings(competencies=competencies)


# ---------------------------------------------------------------- the site, its clock, its service


def _site(site: Site, options: Options) -> Iterator[Finding]:
    release = re.match(r"(\d+)\.(\d+)", site.release)
    if release and (int(release[1]), int(release[2])) < (4, 0):
        says = f"Moodle {site.release} is older than 4.0: it does not tell the ID numbers of activities."
        yield fail("moodle.site", says, "Upgrade Moodle, or map by name in a mapping file.")
    else:
        yield ok("moodle.site", f"{site.name} answers, Moodle {site.release}. The token is valid.")
    if site.is_admin:
        says = "The token is a site administrator's: it can do far more than it needs to."
        yield warn(
            "moodle.token", says, "Make a service account with the role of 'nvqsync moodle role', and its token."
        )
    if site.policy_agreed is False:
        step = "Sign in once as the service account and accept it."
        yield fail("moodle.policy", "The service account has not accepted the site policy: courses stay closed.", step)
    if options.url.startswith("http://") and not re.match(
        r"http://(localhost|127\.0\.0\.1|\[::1\])([:/]|$)", options.url
    ):
        yield warn("moodle.address", "The token travels unencrypted.", "Put the https:// address into the settings.")


def _clock(reply: Reply, now: float) -> Finding:
    if reply.server_time is None:
        says, step = "The server does not tell its clock (no Date header).", "Have a proxy in front of it pass it on."
        return warn("moodle.clock", says, step)
    skew = round(reply.server_time - now)
    if abs(skew) <= SKEW:
        return ok("moodle.clock", f"The clocks differ by {abs(skew)} seconds.")
    says = f"Moodle's clock is {abs(skew)} seconds {'ahead of' if skew > 0 else 'behind'} this machine's."
    return warn("moodle.clock", says, "Set both by a time service (NTP): days of decisions are told by these clocks.")


def _functions(site: Site, needed: Iterable[str]) -> Iterator[Finding]:
    step = f"Add it: {SERVICE_PAGE} > Functions > Add functions."
    for name in needed:
        if name in site.functions:
            yield ok(f"moodle.function.{name}", f"The service has {name}.")
        else:
            yield fail(
                f"moodle.function.{name}",
                f"The service lacks {name}: {FUNCTION_LOST.get(name, 'a part of each course cannot be read')}.",
                step,
            )
    for name, what in fn.USEFUL.items():
        if name in site.functions:
            yield ok(f"moodle.function.{name}", f"The service has {name}.")
        else:
            yield warn(
                f"moodle.function.{name}", f"The service lacks {name}: {what} cannot be had.", f"{step} Optional."
            )
