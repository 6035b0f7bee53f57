"""EDI (Education Development International), the awarding body: its Level 2 customer service certificate."""

from collections.abc import Callable, Mapping
from importlib.resources import files

from nvqsync import hookimpl
from nvqsync.declaring import Declaration
from nvqsync.gates import Gate
from nvqsync.model import Qualification, Unit
from nvqsync.plugins.edi.declarations import DECLARATIONS
from nvqsync.plugins.edi.gates import GATES
from nvqsync.specification import qualifications_in

nvqsync_contract = 1


@hookimpl
def register_qualifications(register: Callable[[Qualification], None], units: Mapping[str, Unit]) -> None:
    """Offer every qualification of ``qualifications/*.toml``."""
    for qualification in qualifications_in(files(__name__) / "qualifications", units):
        register(qualification)


@hookimpl
def register_gates(register: Callable[[Gate], None]) -> None:
    """Offer what stops or cautions claims with this body alone."""
    for gate in GATES:
        register(gate)


@hookimpl
def register_declarations(register: Callable[[Declaration], None]) -> None:
    """Offer what the approver of a claim with this body declares."""
    for declaration in DECLARATIONS:
        register(declaration)
