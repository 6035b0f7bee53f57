"""The unit bank of the former Qualifications and Credit Framework: each unit once, by the regulator's reference."""

from collections.abc import Callable
from importlib.resources import files

from nvqsync import hookimpl
from nvqsync.model import Unit
from nvqsync.specification import units_in

nvqsync_contract = 1


@hookimpl
def register_units(register: Callable[[Unit], None]) -> None:
    """Offer every unit of ``units/*.toml``."""
    for unit in units_in(files(__name__) / "units"):
        register(unit)
