"""``python -m tests.zygote``: a process that has imported nvqsync and forks one command at a time, to be killed.

It has one thread, so that forking it is safe, and saves each command the start of an interpreter. One JSON line in
(``arguments``, ``environment``, ``moment``, ``pages``, ``file_bytes``); one out at the start (``pid``) and one at the
end (``status``: a return code, or minus the signal's number; ``said``). What is wrong with a command's surroundings is
arranged in the child: the power may go at the n-th lasting moment, the database or its files may find the disk full.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from connectors.csv_folder import connector as csv_folder
from connectors.interchange_mock import connector as interchange_mock
from nvqsync import cli
from nvqsync.commands import batches
from nvqsync.store import Store

BEFORE_THE_FIRST_FORK = (csv_folder, interchange_mock, batches)
"""All that a command would import."""


class Fuse:
    """Counts the moments at which something lasting happens, and kills the process at the one it is set to."""

    def __init__(self, blows_at: int) -> None:
        self._left = blows_at

    def moment(self) -> None:
        """Something lasting is about to happen, or just has."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Python's own audit hook: connections, and files that are opened for writing, renamed or removed."""
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_CREAT)
        if event in {"os.rename", "os.remove", "os.mkdir", "socket.connect"} or writes:
            self.moment()


def main() -> None:
    """Read a command, fork, tell the child's number, wait, tell how it ended; until there is nothing more to read."""
    for line in sys.stdin:
        told = json.loads(line)
        hears, says = os.pipe()  # not a file: the child may not be able to write one
        child = os.fork()
        if child == 0:
            _command(told, says)
        os.close(says)
        print(json.dumps({"pid": child}), flush=True)
        with os.fdopen(hears, encoding="utf-8", errors="replace") as said:
            words = said.read()
        _, status = os.waitpid(child, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(status), "said": words}), flush=True)


def _command(told: dict[str, Any], says: int) -> None:
    """Run one command and end the process, whatever happens."""
    code = 70
    try:
        os.environ.update(told["environment"])
        os.dup2(says, 1)
        os.dup2(says, 2)
        if told["file_bytes"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (told["file_bytes"], resource.RLIM_INFINITY))
        _arrange(told["moment"], told["pages"])
        code = cli.main(told["arguments"])
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # whatever it was: it must be seen, and the fork must end here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _arrange(moment: int, pages: int) -> None:
    """Light the fuse, and leave the database so many pages to grow (-1: no limit)."""
    fuse = Fuse(moment)
    sys.addaudithook(fuse.watch)
    usual, usual_start = Store.writing, Store.__init__

    @contextmanager
    def writing(self: Store, *, durable: bool = False) -> Iterator[Store]:
        outermost = not self.db.conn.in_transaction
        with usual(self, durable=durable):
            yield self
            if outermost:
                fuse.moment()
        if outermost:
            fuse.moment()

    def start(self: Store, *arguments: Any, **named: Any) -> None:
        usual_start(self, *arguments, **named)
        if pages >= 0:
            used = self.rows("PRAGMA page_count")[0]["page_count"]
            self.execute(f"PRAGMA max_page_count = {used + pages}")

    Store.writing, Store.__init__ = writing, start  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
