"""Whether the counts that triggers keep of the queue are those of its claims, and counting them anew.

``nvqsync.storage.claim_counts`` says what is kept. Nothing but a person with SQL, or a damaged file, can bring the
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
_HAVE = """WITH have AS MATERIALIZED (
        SELECT learner_id, json_group_array(json_array(status, awarding_body, qualification_id, blocked, n)) AS kinds
        FROM (SELECT learner_id, status, awarding_body, qualification_id, blocked, COUNT(*) AS n FROM claims
            INDEXED BY claims_by_learner GROUP BY learner_id, status, awarding_body, qualification_id, blocked)
        GROUP BY learner_id),
    told AS MATERIALIZED (SELECT learner_id, kinds FROM learner_mixes JOIN claim_mixes USING (mix))"""
_STOPPED, _GATES = "SELECT gate, claim_id FROM stopped", "SELECT gate, claim_id FROM claim_gates"


def differing(store: Store) -> int:
    """How many counts, notes on which rule stops which claim, and learners' mixes are not as the claims say."""
    counts = f"""{_FRESH} SELECT COUNT(*) AS n FROM (
        SELECT * FROM (SELECT gate, status, awarding_body, qualification_id, blocked FROM
            (SELECT * FROM ({_COUNTED} EXCEPT {_KEPT}) UNION ALL SELECT * FROM ({_KEPT} EXCEPT {_COUNTED}))
            GROUP BY gate, status, awarding_body, qualification_id, blocked)
        UNION ALL SELECT gate, claim_id, '', '', '' FROM ({_STOPPED} EXCEPT {_GATES})
        UNION ALL SELECT gate, claim_id, '', '', '' FROM ({_GATES} EXCEPT {_STOPPED}))"""
    mixes = f"""{_HAVE} SELECT COUNT(DISTINCT learner_id) AS n FROM (
        SELECT * FROM (SELECT * FROM have EXCEPT SELECT * FROM told)
        UNION ALL SELECT * FROM (SELECT * FROM told EXCEPT SELECT * FROM have))"""
    return sum(int(store.rows(sql)[0]["n"]) for sql in (counts, mixes))


def count_anew(store: Store) -> int:
    """Count the queue from its claims; returns how much was not as they say."""
    with store.writing():
        wrong = differing(store)
        for table in ("claim_counts", "claim_gates", "learner_mixes", "claim_mixes"):
            store.execute(f"DELETE FROM {table}")
        store.execute(f"{_FRESH} INSERT INTO claim_counts {_COUNTED}")
        store.execute(f"{_FRESH} INSERT INTO claim_gates {_STOPPED}")
        store.execute(f"{_HAVE} INSERT INTO claim_mixes (kinds) SELECT DISTINCT kinds FROM have")
        store.execute(
            f"{_HAVE} INSERT INTO learner_mixes SELECT learner_id, mix FROM have JOIN claim_mixes USING (kinds)"
        )
    return wrong
