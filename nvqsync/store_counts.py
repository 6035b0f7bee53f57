"""Whether the counts that triggers keep of the queue are those of its claims, and counting them anew.

``COUNT_TABLES`` in ``migrations`` says what is kept. Nothing but a person with SQL, or a damaged file, can bring the
two apart; then the pages show and find the wrong claims.
"""

from __future__ import annotations

from nvqsync.store import Store

_FRESH = """WITH stopped AS MATERIALIZED (
        SELECT DISTINCT substr(finding.id, 1, instr(finding.id || '/', '/') - 1) AS gate, claim_id, status,
            awarding_body, qualification_id, blocked
        FROM (SELECT json_extract(value, '$[0]') AS id, claims.id AS claim_id, status, awarding_body, qualification_id,
            blocked FROM claims, json_each(claims.blockers) WHERE blocked = 1) AS finding),
    counted AS (
        SELECT '' AS gate, status, awarding_body, qualification_id, blocked, COUNT(*) AS n FROM claims
            GROUP BY status, awarding_body, qualification_id, blocked
        UNION ALL SELECT gate, status, awarding_body, qualification_id, blocked, COUNT(*) FROM stopped
            GROUP BY gate, status, awarding_body, qualification_id, blocked)"""
_COUNTED = "SELECT gate, status, awarding_body, qualification_id, blocked, n FROM counted"
_KEPT = "SELECT gate, status, awarding_body, qualification_id, blocked, n FROM claim_counts WHERE n > 0"
_STOPPED, _GATES = "SELECT gate, claim_id FROM stopped", "SELECT gate, claim_id FROM claim_gates"


def differing(store: Store) -> int:
    """How many of the kept counts, and of the notes on which rule stops which claim, are not as the claims say."""
    sql = f"""{_FRESH} SELECT COUNT(*) AS n FROM (
        SELECT * FROM (SELECT gate, status, awarding_body, qualification_id, blocked FROM
            (SELECT * FROM ({_COUNTED} EXCEPT {_KEPT}) UNION ALL SELECT * FROM ({_KEPT} EXCEPT {_COUNTED}))
            GROUP BY gate, status, awarding_body, qualification_id, blocked)
        UNION ALL SELECT gate, claim_id, '', '', '' FROM ({_STOPPED} EXCEPT {_GATES})
        UNION ALL SELECT gate, claim_id, '', '', '' FROM ({_GATES} EXCEPT {_STOPPED}))"""
    return int(store.rows(sql)[0]["n"])


def count_anew(store: Store) -> int:
    """Count the queue from its claims; returns how much was not as they say."""
    with store.writing():
        wrong = differing(store)
        store.execute("DELETE FROM claim_counts")
        store.execute("DELETE FROM claim_gates")
        store.execute(f"{_FRESH} INSERT INTO claim_counts {_COUNTED}")
        store.execute(f"{_FRESH} INSERT INTO claim_gates {_STOPPED}")
    return wrong
