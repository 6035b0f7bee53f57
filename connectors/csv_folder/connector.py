"""The CSV folder as a learning management system: for a college without web services that exports its grades as files.

Four files in one folder, described in ``docs/connector-csv-folder.md``. They are read when they are asked for and again
when they have changed; all four count as one, so a folder that is being written at that moment is tried again later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from connectors.csv_folder.reading import FILES, Folder, read
from nvqsync import hookimpl
from nvqsync.errors import LmsBusy, LmsError, LmsRefused, SettingsError
from nvqsync.hookspecs import LmsOffer
from nvqsync.model import Asked, CourseReading, LmsCourse, SiteFacts

NAME = "csv_folder"
T = TypeVar("T")
_Stamp = tuple[tuple[int, int, int], ...]


@hookimpl
def register_lms_connectors(register: Callable[[LmsOffer], None]) -> None:
    """Offer the connector under the name ``csv_folder``."""
    from connectors.csv_folder.doctor import examine  # noqa: PLC0415  (it opens the folder with what stands below)

    register(LmsOffer(name=NAME, open=open_folder, examine=examine))


def open_folder(settings: Mapping[str, Any]) -> CsvFolder:
    """A connector for ``[connectors.csv_folder]``, whose one key is ``folder``, a whole path. Nothing is read yet.

    Raises ``SettingsError`` for a key that is missing, unknown or no whole path.
    """
    table = f"[connectors.{NAME}]"
    if unknown := sorted(set(settings) - {"folder"}):
        raise SettingsError(f"{table} has no setting {unknown[0]!r}.", 'It has one: folder = "/srv/grades".')
    folder = settings.get("folder")
    if not isinstance(folder, str) or not Path(folder).is_absolute():
        raise SettingsError(f"{table} folder is not a whole path.", 'Write it from the root: folder = "/srv/grades".')
    return CsvFolder(Path(folder))


class CsvFolder:
    """``nvqsync.hookspecs.LmsConnector`` for a folder of CSV files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: tuple[_Stamp, Folder] | None = None

    def check(self) -> SiteFacts:
        """Who is there: the folder, as of the time its latest file was written. Reads all of it."""
        as_of = self._contents().as_of
        return SiteFacts("CSV folder", "1", self._folder.as_uri(), as_of)

    def courses(self, known: Mapping[str, str] | None = None, due: Collection[str] = ()) -> Sequence[LmsCourse]:
        """Every course, in the order of the file, always with its ID number."""
        return tuple(self._contents().courses.values())

    def read(self, asked: Iterable[Asked]) -> Iterator[tuple[LmsCourse, CourseReading | LmsError]]:
        """Each course in full, whatever was known: files do not tell what changed in them."""
        for one in asked:
            try:
                yield one.course, self.reading(one.course)
            except LmsError as error:
                yield one.course, error

    def reading(self, course: LmsCourse) -> CourseReading:
        """One course in full. Raises ``LmsRefused`` for one that the file does not have."""
        contents = self._contents()
        if course.lms_id not in contents.courses:
            says = f"courses.csv has no course {course.lms_id} any more."
            raise LmsRefused(says, "Put it back into the export, or leave it: what is known of it stays as it is.")
        return contents.reading(course)

    def close(self) -> None:
        """Forget what was read. Safe to call twice."""
        self._read = None

    def _contents(self) -> Folder:
        stamp = self._stamp()
        if self._read is None or self._read[0] != stamp:
            files = {columns.file: self._bytes(columns.file) for columns in FILES}
            if self._stamp() != stamp:
                says = f"The files in {self._folder} were being written while they were read."
                raise LmsBusy(says, "Nothing to change here: the next pass reads them again.")
            as_of = max(written for written, _, _ in stamp) // 1_000_000_000
            self._read = (stamp, read(files, as_of))
        return self._read[1]

    def _stamp(self) -> _Stamp:
        """When each file was written, its size and its inode: equal stamps, equal files."""
        found = [self._reached(columns.file, lambda path: path.stat()) for columns in FILES]
        return tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in found)

    def _bytes(self, name: str) -> bytes:
        return self._reached(name, lambda path: path.read_bytes())

    def _reached(self, name: str, ask: Callable[[Path], T]) -> T:
        path = self._folder / name
        try:
            return ask(path)
        except FileNotFoundError:
            step = f"Let the export write it there, or correct folder under [connectors.{NAME}] in the settings."
            raise LmsRefused(f"There is no {path}.", step) from None
        except OSError as error:
            says = f"{path} cannot be read: {error.strerror}."
            raise LmsRefused(says, "See that it is a file and that the service's user may read it.") from error
