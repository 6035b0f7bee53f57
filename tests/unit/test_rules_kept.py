"""Every published rule is kept somewhere, and what is said to keep it exists."""

from __future__ import annotations

import pytest

from nvqsync.gating.core_declarations import CORE_DECLARATIONS
from nvqsync.gating.rules_kept import RULES_KEPT, Kept, Where
from nvqsync.gating.shared_gates import SHARED_GATES
from nvqsync.plugin_manager import load_plugins
from tests.meta.repository import ROOT

PLUGINS = load_plugins(entry_points=False)
GATES = {gate.id: gate for gate in (*SHARED_GATES, *PLUGINS.gates)}
DECLARATIONS = {one.id: one for one in (*CORE_DECLARATIONS, *PLUGINS.declarations)}
IDS = """
ID-01 ID-02 ID-03 ID-04 ID-05 ID-06 ID-07 ID-08 ID-09 ID-10 ID-11 ID-12 ROC-L1-1 ROC-L1-2 ROC-L1-3 ROC-L1-4 ROC-L1-5
ROC-L2-1 ROC-L2-2 ROC-L2-3 ROC-L2-4 ROC-L3-1 ROC-L3-2 ROC-L3-3 ROC-C1-1 ROC-C1-2 ROC-0 ROC-X ROC-R UNIT-1 UNIT-2 UNIT-3
UNIT-4 UNIT-5 UNIT-6 UNIT-7 EV-1 EV-2 EV-3 EV-4 EV-5 EV-6 EV-7 EV-8 EV-9 SIM-1 SIM-2 SIM-3 SIM-4 SIM-5 SIM-6 STAFF-1
STAFF-2 STAFF-3 STAFF-4 STAFF-5 STAFF-6 IQA-1 IQA-2 CAR-1 CAR-2 ENT-1 ENT-2 ENT-3 ENT-4 ENT-5 ENT-6 ENT-7 ENT-8 CLM-1
CLM-2 CLM-3 CLM-4 CLM-5 CLM-6 CLM-7 CLM-8 CLM-9 RET-1 RET-2 RET-3 VIS-1 VIS-2 VIS-3 CERT-1 GDPR-1
""".split()
"""The ids of the table of rules that the documents were read into."""


def test_every_rule_is_kept_somewhere() -> None:
    """No id of the table is missing, none is made up, none stands twice."""
    assert [kept.id for kept in RULES_KEPT] == IDS


@pytest.mark.parametrize("kept", RULES_KEPT, ids=lambda kept: kept.id)
def test_what_keeps_a_rule_exists(kept: Kept) -> None:
    """Each gate, declaration, qualification and module named is there; what is not ours or not built names none."""
    assert kept.where
    assert kept.says
    assert bool(kept.by) == (not set(kept.where) & {Where.NOT_OURS, Where.VISIT})
    known = GATES.keys() | DECLARATIONS.keys() | PLUGINS.catalogue.qualifications.keys()
    assert not [name for name in kept.by if name not in known and not (ROOT / name).is_file()]


@pytest.mark.parametrize("kept", RULES_KEPT, ids=lambda kept: kept.id)
def test_a_rule_is_kept_by_what_it_says(kept: Kept) -> None:
    """Kept by a gate names a gate; by a declaration, one that lists the rule; by a rule, its requirements."""
    gates = [name for name in kept.by if name in GATES and not name.endswith(".py")]
    declared = [DECLARATIONS[name] for name in kept.by if name in DECLARATIONS]
    assert bool(gates) == (Where.GATE in kept.where)
    assert bool(declared) == (Where.DECLARATION in kept.where)
    assert all(kept.id in one.rules for one in declared)
    if kept.id.startswith("ROC-") and kept.id[4] in "LC" and kept.id != "ROC-C1-2":
        (name,) = kept.by
        asked = [one.id for one in PLUGINS.catalogue.qualifications[name].rule.requirements]
        assert [one for one in asked if one.startswith(f"{kept.id}/")]


def test_no_gate_or_declaration_is_left_out() -> None:
    """Whatever bears the id of a published rule, and every declaration, is named by the rules it stands for."""
    by = {kept.id: kept.by for kept in RULES_KEPT}
    assert not [name for name in GATES if name.split("/")[0] in by and not any(name in names for names in by.values())]
    stray = [(name, rule) for name, one in DECLARATIONS.items() for rule in one.rules if name not in by.get(rule, ())]
    assert not stray


def test_a_gate_looks_at_the_claims_of_its_rule() -> None:
    """A gate that keeps a rule of one body is not narrowed to another."""
    for kept in RULES_KEPT:
        for gate in (GATES[name] for name in kept.by if name in GATES):
            bodies = {*gate.bodies, *(name.partition("/")[0] for name in gate.qualifications)}
            theirs = {"all", *kept.body.split("/")}
            assert not bodies or "all" in kept.body or bodies & theirs, (kept.id, gate.id)
