"""What ``nvqsync doctor`` finds in the folder: is it read, what is in it, and how old is it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from typing import Any

from connectors.csv_folder.connector import NAME, open_folder
from connectors.csv_folder.tables import LONDON
from nvqsync.errors import NvqsyncError
from nvqsync.findings import Finding, fail, ok, warn
from nvqsync.model import ItemKind

PLURALS = {ItemKind.OUTCOME: "outcomes", ItemKind.COMPETENCY: "competencies"}
OLD = 2 * 24 * 3600
"""Seconds after which an export looks forgotten."""


def examine(settings: Mapping[str, Any], also: Collection[ItemKind] = ()) -> Iterator[Finding]:
    """Every finding about the folder of ``[connectors.csv_folder]``. Raises nothing."""
    for kind in sorted(PLURALS.keys() & set(also)):
        says = f"The mapping file asks for {PLURALS[kind]}, which no file of the folder holds."
        yield warn(f"{NAME}.{kind.value}", says, f"Take [[{kind.value}]] out of it, or export grades as assignments.")
    try:
        with closing(open_folder(settings)) as folder:
            as_of = folder.check().server_time
            readings = [folder.reading(course) for course in folder.courses()]
    except NvqsyncError as error:
        yield fail(f"{NAME}.folder", error.says, error.next_step)
        return
    learners = {member.lms_id for reading in readings for member in reading.members}
    grades = sum(len(reading.observations) for reading in readings)
    says = f"The folder is read: {len(readings)} courses, {len(learners)} people, {grades} grades."
    yield ok(f"{NAME}.folder", says) if readings else warn(f"{NAME}.folder", says, "Is the export empty on purpose?")
    written = dt.datetime.fromtimestamp(as_of, LONDON)
    age = f"The latest file was written on {written:%Y-%m-%d at %H:%M}."
    if time.time() - as_of > OLD:
        yield warn(f"{NAME}.age", age, "Does the college's system still export? Grades given since are not seen.")
    else:
        yield ok(f"{NAME}.age", age)
    for notice in (notice for reading in readings for notice in reading.notices):
        yield warn(f"{NAME}.{notice.code}.{notice.course_id}", notice.says, "If they are learners, add their lines.")
