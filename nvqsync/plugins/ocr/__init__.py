"""OCR (Oxford Cambridge and RSA): its customer service qualifications."""

from collections.abc import Callable, Mapping
from importlib.resources import files

from nvqsync import hookimpl
from nvqsync.model import Qualification, Unit
from nvqsync.specification import qualifications_in

nvqsync_contract = 1


@hookimpl
def register_qualifications(register: Callable[[Qualification], None], units: Mapping[str, Unit]) -> None:
    """Offer every qualification of ``qualifications/*.toml``."""
    for qualification in qualifications_in(files(__name__) / "qualifications", units):
        register(qualification)
