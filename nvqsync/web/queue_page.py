"""The queue page: what a person is shown of the claims that answer a question. Reads; never writes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nvqsync.bootstrap import App
from nvqsync.claims import Status
from nvqsync.clock import iso
from nvqsync.gates import Gate, Severity
from nvqsync.model import Qualification
from nvqsync.proposing import RECALL_NOTICE
from nvqsync.storage import store_lms
from nvqsync.store import Store
from nvqsync.web import counting, queries
from nvqsync.web.counting import Group
from nvqsync.web.filters import AGES, SORT_WORDS, Filters
from nvqsync.web.lists import cut_pages
from nvqsync.web.scope import WHOLE, Scope
from nvqsync.web.words import age, counted, sentence_case


@dataclass(frozen=True, slots=True)
class Count:
    """A number of claims, what they are, and the question that lists them."""

    name: str
    says: str
    claims: int
    filters: Filters
    chosen: bool = False


def queue_page(
    app: App, store: Store, asked: Filters, left_out: Sequence[str], within: Scope = WHOLE
) -> dict[str, Any]:
    """Everything ``queue.html`` prints of the claims in sight. A page beyond the last one shows the last one."""
    narrow = counting.narrow(store, asked, app.today, within)
    groups = counting.groups(store, narrow)
    cut = cut_pages(sum(group.claims for group in groups if group.answers(asked)), asked.page)
    filters = asked.but(page=cut.page)
    ids = queries.claim_ids(store, filters, narrow, groups) if cut.total else []
    return {
        "filters": filters,
        "left_out": left_out,
        "cut": cut,
        "rows": _rows(app, store, ids),
        "ready": _total(groups, filters.but(status=Status.PROPOSED, blocked=False)) if _may_be_ready(filters) else 0,
        "today": (*needs_a_person(groups, filters), *to_recall(store, filters, within)),
        "by_status": by_status(groups, filters),
        "by_body": by_body(groups, filters),
        "choices": choices(app.plugins.catalogue.qualifications.values(), app.gates),
        "any_claims": bool(groups) or filters.narrows,
        "last_pass": next(iter(store_lms.latest_passes(store)), None),
    }


def _may_be_ready(filters: Filters) -> bool:
    """Whether claims that are ready to approve can be among those asked for."""
    return filters.status in (None, Status.PROPOSED) and filters.blocked in (None, False)


def blockers(gates: Iterable[Gate]) -> dict[str, str]:
    """The rules that claims can be asked for by, and their words: those that block, and the recall notice."""
    found = {gate.id.partition("/")[0]: gate.says for gate in gates if gate.severity is Severity.BLOCKS}
    return dict(sorted({**found, RECALL_NOTICE: "Sent, and its grounds have gone since"}.items()))


def choices(qualifications: Iterable[Qualification], gates: Iterable[Gate]) -> dict[str, list[tuple[str, str]]]:
    """What each filter offers: the value in the address, and the words a person reads."""
    known = sorted(qualifications, key=lambda one: one.id)
    return {
        "bodies": [(body, body) for body in sorted({one.awarding_body for one in known})],
        "qualifications": [(one.id, f"{one.id} {one.title}") for one in known],
        "statuses": [(status.value, sentence_case(status.value)) for status in Status],
        "blocked": [("yes", "Blocked"), ("no", "Nothing blocks it")],
        "blockers": [(id_, f"{id_} {says}") for id_, says in blockers(gates).items()],
        "ages": [(str(days), f"{counted(days, 'day')} or more") for days in AGES],
        "sorts": [(sort.value, words) for sort, words in SORT_WORDS.items()],
    }


# ---------------------------------------------------------------- counts


def needs_a_person(groups: Sequence[Group], filters: Filters) -> tuple[Count, ...]:
    """What waits for a person, soonest first, among what the text, the blocker and the age leave."""
    kinds = (
        ("Ready to approve", "proposed, and nothing blocks them", Status.PROPOSED, False),
        ("Blocked", "proposed, and something has to be put right first", Status.PROPOSED, True),
        ("On hold", "stopped until somebody releases them", Status.ON_HOLD, None),
        ("Unknown", "sent, and no answer came: reconcile them", Status.UNKNOWN, None),
    )
    counts = []
    for name, says, status, blocked in kinds:
        narrowed = Filters(filters.text, "", "", status, blocked, filters.blocker, filters.age)
        chosen = (filters.status, filters.blocked) == (status, blocked)
        counts.append(Count(name, says, _total(groups, narrowed), narrowed, chosen))
    return tuple(counts)


def to_recall(store: Store, filters: Filters, within: Scope) -> tuple[Count, ...]:
    """The claims that were sent and have lost their grounds since; nothing where there is none."""
    found = counting.to_recall(store, within)
    if not found:
        return ()
    says = "sent, and their grounds have gone since: have the body stop them"
    return (Count("To recall", says, found, Filters(blocker=RECALL_NOTICE), filters.blocker == RECALL_NOTICE),)


def by_status(groups: Sequence[Group], filters: Filters) -> tuple[Count, ...]:
    """The claims of each status under the other filters, in the order of a claim's life."""
    found = _count(groups, filters.but(status=None), lambda group: group.status.value)
    chosen = filters.status.value if filters.status else ""
    return tuple(
        Count(status.value, "", found[status.value], filters.but(status=status), status.value == chosen)
        for status in Status
        if found[status.value] or status.value == chosen
    )


def by_body(groups: Sequence[Group], filters: Filters) -> tuple[Count, ...]:
    """The claims of each awarding body under the other filters; another body drops the qualification."""
    open_to_all = filters.but(awarding_body="", qualification="")
    found = _count(groups, open_to_all, lambda group: group.awarding_body)
    chosen = filters.awarding_body
    return tuple(
        Count(body, "", found[body], open_to_all.but(awarding_body=body), body == chosen)
        for body in sorted({*found, *([chosen] if chosen else [])})
    )


def _total(groups: Sequence[Group], filters: Filters) -> int:
    return sum(group.claims for group in groups if group.answers(filters))


def _count(groups: Sequence[Group], filters: Filters, kind: Callable[[Group], str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for group in groups:
        if group.answers(filters):
            found[kind(group)] += group.claims
    return found


# ---------------------------------------------------------------- rows


def _rows(app: App, store: Store, ids: Sequence[int]) -> list[dict[str, Any]]:
    claims = {claim["id"]: claim for claim in queries.listed(store, ids)}
    people = queries.people(store, (claim["learner_id"] for claim in claims.values()))
    gates = {gate.id: gate.says for gate in app.gates}
    titles = {one.id: one.title for one in app.plugins.catalogue.qualifications.values()}
    now = app.now()
    return [
        {
            **claim,
            "learner": people[claim["learner_id"]],
            "title": titles.get(claim["qualification_id"], "").removeprefix(f"{claim['awarding_body']} "),
            "created_at": iso(claim["created_at"]),
            "age": age(claim["created_at"], now),
            "stops": _stops(claim["blockers"], gates),
        }
        for claim in (claims[number] for number in ids if number in claims)
    ]


def _stops(blockers: str, gates: dict[str, str]) -> list[tuple[str, str]]:
    """Each blocker's id with the rule it keeps, in few words; the claim's own page has them all."""
    return [(id_, gates.get(id_, says)) for id_, says, *_ in json.loads(blockers)]
