"""Every gate of the core in one tuple. Each group stands in a module of its own; a plugin's come after these."""

from __future__ import annotations

from nvqsync.gates import Gate
from nvqsync.gating.candidate_gates import CANDIDATE_GATES
from nvqsync.gating.centre_gates import CENTRE_GATES
from nvqsync.gating.core_gates import CORE_GATES
from nvqsync.gating.quality_gates import QUALITY_GATES

SHARED_GATES: tuple[Gate, ...] = (*CORE_GATES, *CANDIDATE_GATES, *CENTRE_GATES, *QUALITY_GATES)
"""The gates that claims for every awarding body go through."""
