"""``python -m connectors.interchange_mock``: the portal on its own, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from connectors.interchange_mock.portal import CREDENTIAL, Portal


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the portal. Returns 0 after a polite stop, 2 when it cannot start."""
    told = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        portal = _portal(told)
        portal.start()
    except (OSError, ValueError) as problem:
        print(f"interchange_mock cannot start: {problem}", file=sys.stderr)
        return 2
    print(_greeting(portal, told), flush=True)
    stop.wait()
    portal.stop()
    return 0


def _portal(told: argparse.Namespace) -> Portal:
    return Portal(
        port=told.port,
        control_port=told.control_port,
        seed=told.seed,
        return_rate=told.return_rate,
        credential=told.credential,
        issue_after_polls=told.issue_after_polls,
        issue_after_seconds=told.issue_after_seconds,
        remember=told.keep,
        drop=told.drop,
        log=(lambda line: None) if told.quiet else (lambda line: print(line, file=sys.stderr, flush=True)),
    )


def _greeting(portal: Portal, told: argparse.Namespace) -> str:
    memory = f"keeps its books in {told.keep}" if told.keep else "forgets everything when it stops"
    drop = f"\ndrop folder {told.drop} (batches as CSV)" if told.drop else ""
    return (
        "interchange_mock: a MOCK of awarding bodies' portals. Nothing sent here reaches an awarding body.\n"
        f"portal      {portal.url}\n"
        f"control     {portal.control_url}\n"
        f"credential  {portal.credential}\n"
        f"seed        {told.seed} (returns {told.return_rate:.0%} of good claims on purpose)\n"
        f"memory      {memory}{drop}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m connectors.interchange_mock",
        description=_SAYS,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="port for centres (a free one)")
    parser.add_argument("--control-port", type=int, default=0, help="port for faults and the clock (a free one)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="chooses the claims to return (any)")
    parser.add_argument("--return-rate", type=_share, default=0.05, help="share returned on purpose (0.05)")
    parser.add_argument("--credential", default=CREDENTIAL, help=f"what centres must show ({CREDENTIAL})")
    parser.add_argument("--issue-after-polls", type=int, default=1, help="questions until a certificate is issued (1)")
    parser.add_argument("--issue-after-seconds", type=int, default=0, help="seconds until it is issued (0)")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="remember the books in this file")
    parser.add_argument("--drop", type=Path, metavar="FOLDER", help="also take CSV batches from this folder")
    parser.add_argument("--quiet", action="store_true", help="no line for each request")
    return parser


_SAYS = """A mock of three awarding bodies' portals, on this machine only, until Ctrl-C.

It forgets everything when it stops, returns some good claims on purpose, and fails in the ways you order on its
control port. Defaults stand in brackets; README.md beside this program tells the rest."""

_EXAMPLES = """examples, with --port 8471 --control-port 8472:
  curl localhost:8472/                                           what can be ordered
  curl localhost:8472/faults -d '{"kind": "lost_answer", "on": "batches"}'
  curl -X DELETE localhost:8472/faults                           take every order back
  curl localhost:8472/clock -d '{"advance": 86400}'              a day goes by
  curl localhost:8472/books                                      everything it knows
"""


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError("must be 0 to 1")
    return share


if __name__ == "__main__":
    sys.exit(main())
