"""Every exception nvqsync raises on purpose, grouped by what the operator does next.

::

    NvqsyncError
    ├── SettingsError        fix the settings or the file it names          exit 2
    │   └── MappingFileError fix the mapping file (file, line, key)         exit 2
    ├── CatalogueError       fix a qualification, unit or rule file         exit 2
    ├── PluginError          tell the plugin's author                       exit 2
    ├── UnknownName          choose one of the nearest names                exit 2
    ├── InputError           fix the file that was given                    exit 2
    ├── StoreError           fix the database file or its folder            exit 2
    │   └── AlreadyRunning   wait for the other one, or stop it             exit 2
    ├── LmsError
    │   ├── LmsRefused       fix the token, the role or the service         exit 3
    │   ├── LmsBusy          nothing to fix: try again later                exit 3
    │   └── LmsUnreadable    a reply made no sense: report it               exit 3
    ├── PortalError
    │   ├── PortalRefused    fix the credential or the batch                exit 3
    │   └── PortalBusy       nothing to fix: try again, or reconcile        exit 3
    ├── SignOnError          fix the college's sign-on or [oidc], try again exit 3
    ├── TellingError         fix the mail server's or web hook's settings   exit 3
    ├── TooMuchVanished      look at the course, then accept or wait        exit 1
    └── NotAllowed           the claim's state or a gate forbids it         exit 1

Each is raised with what happened and what to do next. A bug is never one of these: it keeps its traceback.
"""

from __future__ import annotations


class NvqsyncError(Exception):
    """The root of the family. ``says`` tells what happened, ``next_step`` what the reader can do about it."""

    exit_status = 2

    def __init__(self, says: str, next_step: str = "") -> None:
        super().__init__(says)
        self.says = says
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.says}\n{self.next_step}" if self.next_step else self.says


class SettingsError(NvqsyncError):
    """A setting is missing, misspelt or impossible."""


class MappingFileError(SettingsError):
    """The centre's mapping file cannot be read; the message gives file, line and key."""


class CatalogueError(NvqsyncError):
    """A qualification, unit or rule file breaks its schema or contradicts another."""


class PluginError(NvqsyncError):
    """A plugin breaks the hook contract or clashes with another."""


class UnknownName(NvqsyncError):
    """A qualification, unit, learner or claim that does not exist was asked for."""


class InputError(NvqsyncError):
    """A file or argument that a person gave cannot be used."""


class StoreError(NvqsyncError):
    """The database cannot be opened, written or understood."""


class AlreadyRunning(StoreError):
    """Something that must not run twice on a database runs there already; the message names its process."""


class LmsError(NvqsyncError):
    """The LMS did not give us what we asked for."""

    exit_status = 3


class LmsRefused(LmsError):
    """The LMS said no, and will until someone changes the token, the role or the service."""


class LmsBusy(LmsError):
    """The LMS cannot answer just now: maintenance, upgrade, database down, no connection."""


class LmsUnreadable(LmsError):
    """The LMS answered with something that is not a reply we know."""


class PortalError(NvqsyncError):
    """An awarding body's portal did not do what we asked."""

    exit_status = 3


class PortalRefused(PortalError):
    """The portal said no to the whole request; nothing was accepted."""


class PortalBusy(PortalError):
    """The portal gave no usable answer: whether it accepted anything is unknown."""


class TellingError(NvqsyncError):
    """An alert could not be told by mail or web hook."""

    exit_status = 3


class SignOnError(NvqsyncError):
    """The college's single sign-on cannot be asked, or what it answered is not to be believed."""

    exit_status = 3


class TooMuchVanished(NvqsyncError):
    """So much disappeared at once from a course that it is safer to ask a person first."""

    exit_status = 1


class NotAllowed(NvqsyncError):
    """A claim's state, a gate or a four-eyes rule forbids the action."""

    exit_status = 1
