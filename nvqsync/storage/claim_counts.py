"""What the database counts of its claims by itself, so that the queue never looks at all of them: tables and triggers.

A claim's kind is its status, awarding body, qualification and whether anything blocks it. Only the triggers here write
into these tables. They insert and delete under conditions of their own (no ``OR IGNORE``, no ``ON CONFLICT``), because
in a trigger the ``OR`` of the statement outside takes the place of the one inside.
"""

from __future__ import annotations

_GATES = """(
    SELECT substr(finding.id, 1, instr(finding.id || '/', '/') - 1) AS gate
    FROM (SELECT json_extract(value, '$[0]') AS id FROM json_each({row}.blockers) WHERE {row}.blocked) AS finding
    UNION SELECT '')"""
_KIND = """(status, awarding_body, qualification_id, blocked)
    = ({row}.status, {row}.awarding_body, {row}.qualification_id, {row}.blocked)"""
_UNCOUNT = f"""
    UPDATE claim_counts SET n = n - 1
        WHERE gate IN {_GATES.format(row="OLD")} AND {_KIND.format(row="OLD")};
    DELETE FROM claim_gates WHERE claim_id = OLD.id AND gate IN {_GATES.format(row="OLD")};"""
_COUNT = f"""
    INSERT INTO claim_gates SELECT gate, NEW.id FROM {_GATES.format(row="NEW")} WHERE gate <> '';
    INSERT INTO claim_counts SELECT gate, NEW.status, NEW.awarding_body, NEW.qualification_id, NEW.blocked, 0
        FROM {_GATES.format(row="NEW")} AS mine WHERE NOT EXISTS (
            SELECT 1 FROM claim_counts AS known WHERE known.gate = mine.gate AND {_KIND.format(row="NEW")});
    UPDATE claim_counts SET n = n + 1
        WHERE gate IN {_GATES.format(row="NEW")} AND {_KIND.format(row="NEW")};"""
COUNT_TABLES = f"""
CREATE TABLE claim_gates (
    gate TEXT NOT NULL, claim_id INTEGER NOT NULL, PRIMARY KEY (gate, claim_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE claim_counts (
    gate TEXT NOT NULL, status TEXT NOT NULL, awarding_body TEXT NOT NULL, qualification_id TEXT NOT NULL,
    blocked INTEGER NOT NULL, n INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (gate, status, awarding_body, qualification_id, blocked)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER claims_are_counted AFTER INSERT ON claims
    BEGIN {_COUNT} END;
CREATE TRIGGER claims_are_uncounted AFTER DELETE ON claims
    BEGIN {_UNCOUNT} END;
CREATE TRIGGER claims_are_counted_anew AFTER UPDATE OF id, status, awarding_body, qualification_id, blockers ON claims
    WHEN (NEW.id, NEW.status, NEW.awarding_body, NEW.qualification_id, NEW.blocked)
            IS NOT (OLD.id, OLD.status, OLD.awarding_body, OLD.qualification_id, OLD.blocked)
        OR (NEW.blocked AND NEW.blockers <> OLD.blockers)
    BEGIN {_UNCOUNT} {_COUNT} END
"""
"""Which rule stops which claim, and how many claims there are of each kind: by the rule that stops them (``ENT-2`` for
``ENT-2/approval`` too), and all of them under the rule ``''``."""

_MIX = """(
    SELECT json_group_array(json_array(status, awarding_body, qualification_id, blocked, n)) FROM (
        SELECT status, awarding_body, qualification_id, blocked, COUNT(*) AS n FROM claims INDEXED BY claims_by_learner
        WHERE learner_id = {row}.learner_id GROUP BY status, awarding_body, qualification_id, blocked))"""
_REMIX = """
    DELETE FROM learner_mixes WHERE learner_id = {row}.learner_id;
    INSERT INTO claim_mixes (kinds) SELECT kinds FROM (SELECT {mix} AS kinds) AS mine
        WHERE kinds <> '[]' AND NOT EXISTS (SELECT 1 FROM claim_mixes AS known WHERE known.kinds = mine.kinds);
    INSERT INTO learner_mixes SELECT {row}.learner_id, mix FROM claim_mixes WHERE kinds = {mix};"""
_NEW, _OLD = (_REMIX.format(row=row, mix=_MIX.format(row=row)) for row in ("NEW", "OLD"))
MIX_TABLES = f"""
CREATE TABLE claim_mixes (
    mix INTEGER PRIMARY KEY, kinds TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE learner_mixes (
    learner_id TEXT PRIMARY KEY, mix INTEGER NOT NULL REFERENCES claim_mixes (mix)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER claims_are_mixed AFTER INSERT ON claims
    BEGIN {_NEW} END;
CREATE TRIGGER claims_are_unmixed AFTER DELETE ON claims
    BEGIN {_OLD} END;
CREATE TRIGGER claims_are_mixed_anew
    AFTER UPDATE OF learner_id, status, awarding_body, qualification_id, blockers ON claims
    WHEN (NEW.learner_id, NEW.status, NEW.awarding_body, NEW.qualification_id, NEW.blocked)
        IS NOT (OLD.learner_id, OLD.status, OLD.awarding_body, OLD.qualification_id, OLD.blocked)
    BEGIN {_NEW} END;
CREATE TRIGGER claims_change_hands AFTER UPDATE OF learner_id ON claims WHEN NEW.learner_id <> OLD.learner_id
    BEGIN {_OLD} END
"""
"""Each mix of kinds that some learner has or had, as a JSON list of kinds with the number of claims, and who has which.
Learners are many and mixes few, so the claims of any set of learners are counted without looking at a claim."""
