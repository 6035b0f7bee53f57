"""What a reconcile learns long after a claim went out: certificates revoked, certificates the portal has lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nvqsync import store_audit
from nvqsync.claims import Status
from nvqsync.reconciling import ExportReport, reconcile
from tests.workshop import NOON, Workshop, ready_to_export, workshop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    """Two claims, certificated."""
    with workshop(tmp_path, 2) as found:
        ready_to_export(found, (1, 2))
        found.finish()
        yield found


def ask(shop: Workshop, *, certificates: bool) -> ExportReport:
    """``nvqsync reconcile``, with or without ``--certificates``."""
    connector = shop.connector
    try:
        with shop.open_store() as store:
            return reconcile(shop.app, store, connector, by="officer", certificates=certificates)
    finally:
        connector.close()


def test_a_revoked_certificate_is_recorded_with_its_reason(shop: Workshop) -> None:
    """Only where it is asked about; the other certificate stands."""
    first, second = shop.claims()
    with shop.portal.open_books() as books:
        books.revoke("OCR", first.key, "Granted in error.", NOON)
    assert ask(shop, certificates=False).answers == {}
    assert ask(shop, certificates=True).answers == {"revoked": 1}
    now, other = shop.claims()
    assert (now.status, now.portal_words, now.certificate_number) == (
        Status.REVOKED, "Granted in error.", first.certificate_number,
    )  # fmt: skip
    assert now.revoked_on
    assert other.status is second.status is Status.CERTIFICATED
    with shop.open_store() as store:
        assert store_audit.audit_story(store, f"claim:{now.id}")[-1]["to_status"] == "revoked"
    assert shop.faults() == []
    assert ask(shop, certificates=True).answers == {}


def test_a_provisional_certificate_is_confirmed_when_the_portal_says_so(shop: Workshop) -> None:
    """Claimed under direct claim status both are provisional; a visit confirms the first, and asking again tells."""
    first, second = shop.claims()
    assert (first.provisional, second.provisional) == (True, True)
    with shop.portal.open_books() as books:
        books.confirm("OCR", first.key, NOON)
    assert ask(shop, certificates=True).answers == {"confirmed": 1}
    now, other = shop.claims()
    assert (now.status, now.provisional, now.confirmed_on) == (Status.CERTIFICATED, False, shop.app.today.isoformat())
    assert other == second
    assert ask(shop, certificates=True).answers == {}
    assert shop.faults() == []


def test_a_certificate_the_portal_does_not_know_is_a_problem_and_is_not_sent_again(shop: Workshop) -> None:
    """It forgot everything: a person is told, no batch is opened again, nothing goes twice."""
    shop.portal.forget()
    report = ask(shop, certificates=True)
    assert len(report.problems) == 2
    assert {claim.status for claim in shop.claims()} == {Status.CERTIFICATED}
    shop.finish()
    assert shop.books() == {}
