"""Writes the generated documentation: ``make docs``, or ``python -m docs.generate``; with ``--check`` it only compares.

Names of pages limit it to these.

Made from the program alone: settings from their descriptions, commands from their help, a claim's life from its table
of transitions, gates from their records, the tour's table of modules from their first sentences. In the pages of
``PLAYED`` every ``console`` block is run again.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path

import click

from docs.told import played
from nvqsync.claims import ANSWERS, CLOSED, GONE, TRANSITIONS, WAITING, Event, Status, actions, command
from nvqsync.cli import program
from nvqsync.declaring import MOST, Declaration
from nvqsync.gates import Gate, Severity
from nvqsync.gating.core_declarations import CORE_DECLARATIONS
from nvqsync.gating.rules_kept import RULES_KEPT
from nvqsync.gating.shared_gates import SHARED_GATES
from nvqsync.holding import REASONS
from nvqsync.plugin_manager import load_plugins
from nvqsync.settings import CREDENTIALS
from nvqsync.settings_example import table

ROOT = Path(__file__).resolve().parents[1]
PLAYED = ("README.md", "docs/first-claim.md", "docs/json.md")
PACKAGES = ("nvqsync", "connectors")
MODULES_BEGIN = "<!-- modules: made by `make docs` from the modules' first sentences -->\n"
MODULES_END = "<!-- modules: end -->"
NEWLINE = "\n"
MADE = "<!-- Made by `make docs` from {source}. Change it there. -->\n"

STATUS_WORDS = {
    Status.PROPOSED: "A learner meets the rule of combination. The claim waits for a person.",
    Status.ON_HOLD: "Facts under it changed, or a person put it here. `hold_reason` says which.",
    Status.APPROVED: "A person approved it and declared what was due. It goes with the next export.",
    Status.EXPORTED: "It stands in a batch. The batch is on disk and may be on its way.",
    Status.SUBMITTED: "The portal was handed the batch and has said nothing yet of this claim.",
    Status.ACKNOWLEDGED: "The portal has taken it.",
    Status.AWAITING_AUTHORISATION: "It waits for the external quality assurer: no direct claim status.",
    Status.CERTIFICATED: "There is a certificate number.",
    Status.RETURNED: "The awarding body did not accept it. `portal_words` says why. A later claim is a new one.",
    Status.UNKNOWN: "No usable answer came. The portal is asked about its key before anything is sent again.",
    Status.WITHDRAWN: "A person withdrew it. It is not proposed again on the same facts.",
    Status.RECALLED: "The body was asked to stop it after it had gone. Withdraw it once the body has let it go.",
    Status.REVOKED: "Its certificate was taken back, with a reason. A later claim is a new one.",
}

EVENT_WORDS = {
    Event.APPROVE: "a person: `nvqsync claims approve`; refused while anything blocks, or is not declared or noted",
    Event.HOLD: "a person: `nvqsync claims hold`; a reason is due",
    Event.RELEASE: "a person: `nvqsync claims release`; the facts of now are taken",
    Event.WITHDRAW: "a person: `nvqsync claims withdraw`; a reason is due",
    Event.FACTS_CHANGED: "a pass, an import, an approval or an export: what the claim rests on has changed",
    Event.EXPORT: "`nvqsync export` put it into a batch",
    Event.SUBMIT: "the batch was handed over",
    Event.ACKNOWLEDGE: "the portal, or `claims record acknowledged`: received",
    Event.AWAIT_AUTHORISATION: "the portal, or `claims record awaiting`: waits for the external quality assurer",
    Event.CERTIFICATE: "the portal, or `claims record certificated`: a certificate number",
    Event.RETURN: "the portal, or `claims record returned`: not accepted, with its reasons",
    Event.NO_ANSWER: "the portal was silent, or its answer was lost",
    Event.NOT_FOUND: "the portal never saw the key: the claim goes again",
    Event.RECALL: "a person: `nvqsync claims record recalled`; the body was asked to stop it; a reason is due",
    Event.KEY: "a person: `nvqsync claims record keyed`; typed into a portal that takes no file",
    Event.AUTHORISE: "a person: `nvqsync claims record authorised`; the external quality assurer said yes",
    Event.REVOKE: "a person: `nvqsync claims record revoked`; a reason is due",
}


def settings_page() -> str:
    """docs/settings.md: every setting."""
    credentials = "\n".join(f"| `{name}` | `{'.'.join(place)}` |" for name, place in CREDENTIALS.items())
    return f"""{MADE.format(source="nvqsync/settings.py")}
# Settings

Settings come from a TOML file: `nvqsync --config FILE ...` or `$NVQSYNC_CONFIG`. `nvqsync settings example` prints one
with everything in it; `nvqsync settings show` prints what is in force, with secrets as stars. A misspelt key stops the
start, with file, line and the nearest key.

Which wins, first to last:

1. the environment. `[moodle] url` is `NVQSYNC_MOODLE__URL`; two underscores separate table and key. Lists are JSON:
   `NVQSYNC_MOODLE__COURSES='["42"]'`;
2. credentials that systemd hands over, as files in `$CREDENTIALS_DIRECTORY`;
3. the settings file. Paths in it are relative to the file;
4. the default.

| Credential file | Setting |
|---|---|
{credentials}

`moodle.token_file` and `portal.credential_file` name a file that holds the secret and nothing else. Where a secret
stands in the settings file itself, let only the service's user read it.

Centre numbers, approvals, end dates, staff and visits are no settings: `nvqsync centre` records them
([centre.md](centre.md)).

`[connectors.NAME]` holds the settings of a connector that an outside package brings.

## Every setting

{table()}
## Variables that are not settings

| Variable | What it does |
|---|---|
| `NVQSYNC_CONFIG` | the settings file, where `--config` names none |
| `NVQSYNC_ACTOR` | who is acting, for the audit log; else the system account |
| `NVQSYNC_TRACE_PLUGINS` | `1` prints every hook call and its answers on standard error |
"""


def _commands(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[tuple[click.Command, click.Context]]:
    """Every command with the context its help is written in, groups before what is in them."""
    context = click.Context(
        command, info_name=name, parent=parent, max_content_width=100, terminal_width=100,
        help_option_names=["-h", "--help"],
    )  # fmt: skip
    yield command, context
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                yield from _commands(found, inner, context)


def _section(command: click.Command, context: click.Context) -> str:
    """A command's heading and help."""
    names = [context.info_name or ""]
    above = context.parent
    while above:
        names.insert(0, above.info_name or "")
        above = above.parent
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"{'#' * (1 + len(names))} {' '.join(names)}\n\n```text\n{text}\n```\n"


def cli_page() -> str:
    """docs/cli.md: every command's help."""
    sections = [_section(command, context) for command, context in _commands(program, "nvqsync")]
    return f"""{MADE.format(source="the commands' own help")}
# Commands

`--config FILE` may stand before or after the command; `$NVQSYNC_CONFIG` does instead. `qualifications`, `units`,
`judge` and `plugins` need no settings. With `--json` standard output is JSON only; messages go to standard error. The
shapes are in [json.md](json.md).

| Exit status | Means |
|---|---|
| 0 | done |
| 1 | done, with problems reported |
| 2 | usage or settings |
| 3 | the LMS or the portal refused, or could not be reached |
| 130 | stopped by Ctrl-C; what was done so far is kept |

{NEWLINE.join(sections)}"""


def _diagram() -> str:
    lines = ["stateDiagram-v2", "    [*] --> proposed: rule met"]
    for status, moves in TRANSITIONS.items():
        for target in dict.fromkeys(moves.values()):
            events = ", ".join(event.value.replace("_", " ") for event in moves if moves[event] is target)
            lines.append(f"    {status.value} --> {target.value}: {events}")
        if not moves:
            lines.append(f"    {status.value} --> [*]")
    return "\n".join(lines)


def _names(statuses: Iterable[Status]) -> str:
    return ", ".join(f"`{status.value}`" for status in Status if status in statuses)


def claims_page() -> str:
    """docs/claims.md: a claim's life."""
    statuses = "\n".join(
        f"| `{status.value}` | {STATUS_WORDS[status]} | "
        f"{', '.join(f'`{command(e)}`' for e in sorted(actions(status))) or '-'} |"
        for status in Status
    )
    moves = "\n".join(
        f"| `{status.value}` | `{event.value}` | `{target.value}` |"
        for status, targets in TRANSITIONS.items()
        for event, target in targets.items()
    )
    events = "\n".join(f"| `{event.value}` | {EVENT_WORDS[event]} |" for event in Event)
    codes = "\n".join(
        f"| `{code.value}` | {reason.says} | {reason.regulator or '-'} | "
        f"{'people' if reason.by_person else 'nvqsync'} |"
        for code, reason in REASONS.items()
    )
    return f"""{MADE.format(source="nvqsync/claims.py")}
# A claim's life

```mermaid
{_diagram()}
```

## Statuses

| Status | Means | A person may |
|---|---|---|
{statuses}

- Still in our hands, and following the facts: {_names(WAITING)}.
- Gone out, no final answer yet; `nvqsync reconcile` asks about these: {_names(GONE)}.
- Closed; these leave room for a new claim: {_names(CLOSED)}.

At most one full-award claim of a learner and qualification is in any status but the closed ones, and at most one unit
claim of a learner, awarding body and unit. The database itself refuses a second. A closed claim is not proposed again
on the same facts unless a person asks for it: `nvqsync claims propose-again`.

A unit claim is made when a person asks for it (`nvqsync claims request-units LEARNER QUALIFICATION`). From then on it
lives as a full award does: it is gated, settled, approved, exported and answered.

## Events

| Event | What makes it happen |
|---|---|
{events}

The portal's answers ({", ".join(f"`{event.value}`" for event in ANSWERS)})
may come more than once. One that changes nothing is not recorded twice; one that does not fit the claim's status is a
problem in the report, never dropped.

## Every move there is

What is not in this table is refused, with what is possible instead.

| From | Event | To |
|---|---|---|
{moves}

A claim that has gone out is never edited: it is recalled, withdrawn once the body has let it go, and made anew. When
its evidence is lost after it has gone, or its registration is corrected before it is keyed or sent, a recall notice is
raised: the caution `CERT-1`, an entry in its history, and a line of `nvqsync claims list --recalls` that says what
changed and what to do.

## What people record

Where a portal takes no file, a person keys the batch from its keying sheet, and records that and what the body does:
`nvqsync claims record EVENT CLAIM...`, or a sheet of records with `--file`. `received` and `handed_over` are about the
paper: the claim stays certificated. So is `confirmed`: OCR certificates what was claimed under direct claim status
*provisionally*, until a verification visit confirms it (`CLM-4`). Such a certificate is marked, in lists and on the
claim's page, and nothing waits for it; `nvqsync claims list --provisional` lists them for the visit. A portal may say
whether a certificate is provisional, and so may whoever records it (`--provisional`, `--not-provisional`).

The same record again changes nothing; another one is refused unless it is given as
a correction, with a reason. Keying sheets are numbered through; `nvqsync batches sheet` prints one again, marked as a
duplicate.

## Approving what was seen

An approval looks at the facts once more. When the evidence changed in that moment, or a new caution stands on the
claim, it is refused: a person approves what they saw. `nvqsync claims approve 12@3` names the version that `claims
show` printed; then nothing at all may have changed since.

## Why a claim is on hold

| Code | Means | Ofqual's late-result code | Given by |
|---|---|---|---|
{codes}

Ofqual's codes stand in "VTQ late results", annex B, of 14 November 2023: N for results not issued, L for results issued
late. While a claim is on hold by a person's word, changed facts do not change its code.
"""


def _for(one: Gate | Declaration) -> str:
    return ", ".join([*one.bodies, *one.qualifications]) or "all"


def _gate_rows(gates: Iterable[Gate]) -> str:
    return "\n".join(f"| `{gate.id}` | {gate.says} | {_for(gate)} | {gate.source} |" for gate in gates)


def _declaration_rows(declarations: Iterable[Declaration]) -> str:
    return "\n".join(
        f"| `{one.id}` | {one.says} | {_for(one)} | {', '.join(one.rules)} | {one.source} |" for one in declarations
    )


def _rule_rows() -> str:
    return "\n".join(
        f"| {kept.id} | {kept.body} | {kept.qualification} "
        f"| {', '.join(kept.where)} | {', '.join(f'`{name}`' for name in kept.by) or '-'} | {kept.says} |"
        for kept in RULES_KEPT
    )


def gates_page() -> str:
    """docs/gates.md: what stops or cautions a claim, what its approver declares, and what keeps each published rule."""
    plugins = load_plugins(entry_points=False)
    gates = (*SHARED_GATES, *plugins.gates)
    tables = {severity: _gate_rows(gate for gate in gates if gate.severity is severity) for severity in Severity}
    head = "| Gate | Rule | For | Source |\n|---|---|---|---|"
    return f"""{MADE.format(source="the gates, the declarations and nvqsync/gating/rules_kept.py")}
# Gates: what stops or cautions a claim, and what is declared

A gate looks at one claim and says nothing, or says in a sentence what is wrong and what to do about it. Gates run when
a claim is proposed, after every pass, before an approval and before an export, on the facts of that moment: an approved
claim against which something new stands goes on hold. `nvqsync gates OCR/03455` lists what concerns one qualification;
a plugin adds its own ([hooks.md](hooks.md), `register_gates` and `register_declarations`).

## Blocks

A claim with one of these cannot be approved. Put right what it names; the claim follows with the next pass or import.

{head}
{tables[Severity.BLOCKS]}

## Cautions

A person looks into these before approving, and writes a note on what they found: `nvqsync claims approve 12 --note
"..."`. Without a note a claim with cautions is refused. The note is kept with the claim and in the audit log.

{head}
{tables[Severity.CAUTIONS]}

One more caution, `CERT-1`, stands on a claim that has gone out when a unit it rests on is no longer achieved: tell the
awarding body. On one that is exported and neither keyed nor sent it stands too when the registration was corrected.

## Declarations

What no data can decide, whoever approves answers for: `nvqsync claims approve 12 --declare ID`, or `--declare all` for
every one the claims ask for, printed first. What is not declared stops the approval. A claim asks for {MOST} at most.

| Declaration | The approver declares | For | Stands for | Source |
|---|---|---|---|---|
{_declaration_rows((*CORE_DECLARATIONS, *plugins.declarations))}

Declarations and notes are stored with who made them, when, in which words and on which facts (the claim's fingerprint).
They stand as long as those facts do: a claim that comes back from hold is asked only for what is new, and one whose
evidence or registration changed is asked for all of them again. The export looks once more, and puts a claim on hold
where something due was not said.

## Every published rule, and what keeps it

The rules were read in the qualifications' documents and the bodies' public pages. *Not ours* are rules of other
systems. Where a module keeps a rule, its tests show how.

| Rule | Body | Qualification | Kept by | Namely | How |
|---|---|---|---|---|---|
{_rule_rows()}
"""


def _first_sentence(path: Path) -> str:
    """What a module is for: its docstring's first paragraph up to the first full stop, on one line."""
    paragraph = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0]
    text = re.split(r"(?<=[^.][.?])\s", " ".join(paragraph.split()))[0]
    return text.replace("``", "`").replace("|", "\\|")


def module_table() -> str:
    """A table of modules for each folder of the packages; modules without a docstring are empty and left out."""
    folders = sorted({path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")})
    tables = []
    for folder in folders:
        told = {path.name: _first_sentence(path) for path in sorted(folder.glob("*.py"))}
        rows = "\n".join(f"| `{name}` | {says} |" for name, says in told.items() if says)
        if rows:
            tables.append(f"### {folder.relative_to(ROOT)}\n\n| Module | What it is for |\n|---|---|\n{rows}\n")
    return "\n".join(tables)


def tour_page() -> str:
    """docs/source-tour.md with its table of modules made anew."""
    text = (ROOT / "docs" / "source-tour.md").read_text(encoding="utf-8")
    before, begin, rest = text.partition(MODULES_BEGIN)
    _, end, after = rest.partition(MODULES_END)
    return f"{before}{begin}\n{module_table()}{end}{after}"


GENERATED: dict[str, Callable[[], str]] = {
    "docs/settings.md": settings_page,
    "docs/cli.md": cli_page,
    "docs/claims.md": claims_page,
    "docs/gates.md": gates_page,
    "docs/source-tour.md": tour_page,
}
"""What makes each page that comes from the program alone, by the page's path in the repository."""


def played_page(name: str) -> str:
    """A page of ``PLAYED`` with its console blocks as they come out today."""
    return played((ROOT / name).read_text(encoding="utf-8"))


def pages(names: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Every page with generated parts, or those of ``names``: its path and what it should say."""
    made = GENERATED | {name: partial(played_page, name) for name in PLAYED}
    for name in names or made:
        yield name, made[name]()


def main(arguments: list[str]) -> int:
    """Write what differs and name it. With ``--check`` write nothing and return 1 where anything differs."""
    differing = []
    for name, text in pages([argument for argument in arguments if argument != "--check"]):
        path = ROOT / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        differing.append(name)
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    print("\n".join(differing) or "Everything is current.")
    return int("--check" in arguments and bool(differing))


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
