"""``python -m connectors.moodle.simulator``: a simulated Moodle by itself, until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import threading

from connectors.moodle.simulator.access import RELEASES
from connectors.moodle.simulator.generator import generate_college
from connectors.moodle.simulator.server import TOKEN, Simulator


def main(arguments: list[str] | None = None) -> int:
    """Parse, generate, serve."""
    parser = argparse.ArgumentParser(prog="python -m connectors.moodle.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8045, help="loopback port, 0 for any free one (default 8045)")
    parser.add_argument("--learners", type=int, default=240, help="size of the college (default 240)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another college (default 1)")
    parser.add_argument("--version", choices=sorted(RELEASES), default="4.5.6", help="the Moodle to behave like")
    parser.add_argument("--token", default=TOKEN, help="the token to accept")
    chosen = parser.parse_args(arguments)
    college = generate_college(chosen.seed, chosen.learners)
    with (
        contextlib.suppress(KeyboardInterrupt),
        Simulator(college, version=chosen.version, token=chosen.token, port=chosen.port) as simulator,
    ):
        print(f"Simulated Moodle {chosen.version}, {chosen.learners} invented learners: {simulator.url}")
        print(f"Token (good only here): {simulator.token}")
        print(f"Grade by hand: {simulator.url}/control    Stop: Ctrl-C", flush=True)
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
