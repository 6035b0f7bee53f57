"""``gates``: what can stop or caution a claim, and what its approver has to declare."""

from __future__ import annotations

from typing import Any

import click

from nvqsync.commands.common import app_of, json_option, print_json
from nvqsync.commands.tables import table
from nvqsync.declaring import Declaration
from nvqsync.gates import Gate


@click.command("gates")
@click.argument("qualification", required=False)
@json_option
@click.pass_context
def gates_command(ctx: click.Context, qualification: str | None, as_json: bool) -> None:
    """List what can stop or caution a claim, and what its approver declares, for QUALIFICATION or for all.

    Each has its source. A gate that blocks is put right first; a caution needs a note when the claim is approved; a
    declaration answers for what no data can decide.
    """
    app = app_of(ctx)
    found = app.plugins.catalogue.find_qualification(qualification) if qualification else None
    gates = [gate for gate in app.gates if found is None or gate.applies(found)]
    declarations = [one for one in app.declarations if found is None or one.applies(found)]
    if as_json:
        print_json(
            {"gates": [_gate_json(one) for one in gates], "declarations": [_declaration_json(d) for d in declarations]}
        )
        return
    rows = [(g.id, g.severity.value, g.says, g.source, _for(g)) for g in gates]
    click.echo(table(("Gate", "Does", "Says", "Source", "For"), rows))
    click.echo("\nDeclared by whoever approves:")
    for one in declarations:
        click.echo(f"\n{one.id} (for {_for(one)}; {one.source}; {', '.join(one.rules)})\n  {one.says}")


def _for(one: Gate | Declaration) -> str:
    return ", ".join([*one.bodies, *one.qualifications]) or "all"


def _gate_json(gate: Gate) -> dict[str, Any]:
    return {
        "id": gate.id, "severity": gate.severity.value, "says": gate.says, "source": gate.source,
        "bodies": list(gate.bodies), "qualifications": list(gate.qualifications),
    }  # fmt: skip


def _declaration_json(one: Declaration) -> dict[str, Any]:
    return {
        "id": one.id, "says": one.says, "source": one.source, "rules": list(one.rules),
        "bodies": list(one.bodies), "qualifications": list(one.qualifications),
    }  # fmt: skip
