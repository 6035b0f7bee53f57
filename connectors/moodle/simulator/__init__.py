"""A simulated Moodle for demonstrations, tests and plugin authors: ``Simulator`` serves a ``College`` on loopback.

Nothing here shares a line with the client it is read by, and nothing of it belongs in production.
"""

from connectors.moodle.simulator.generator import generate_college
from connectors.moodle.simulator.load import generate_load
from connectors.moodle.simulator.server import TOKEN, Simulator
from connectors.moodle.simulator.state import College

__all__ = ["TOKEN", "College", "Simulator", "generate_college", "generate_load"]
