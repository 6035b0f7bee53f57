"""The history of the tables, oldest first. A released migration is never edited; the next change is a new one.

Plain SQL, because ``transform()`` would silently drop the triggers that keep the audit log append-only.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("nvqsync")

LMS_TABLES = """
CREATE TABLE passes (
    id INTEGER PRIMARY KEY, started_at INTEGER NOT NULL, finished_at INTEGER, outcome TEXT NOT NULL DEFAULT 'running',
    report TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE TABLE courses (
    lms_id TEXT PRIMARY KEY, short_name TEXT NOT NULL, full_name TEXT NOT NULL, id_number TEXT NOT NULL,
    read_at INTEGER, read_pass INTEGER
) STRICT;
CREATE TABLE items (
    lms_id TEXT PRIMARY KEY, course_id TEXT NOT NULL REFERENCES courses (lms_id), name TEXT NOT NULL,
    id_number TEXT NOT NULL, facts TEXT NOT NULL, gone INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX items_by_course ON items (course_id);
CREATE TABLE learners (
    lms_id TEXT PRIMARY KEY, name TEXT NOT NULL, id_number TEXT NOT NULL, uln TEXT NOT NULL,
    candidate_number TEXT NOT NULL, date_of_birth TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE memberships (
    course_id TEXT NOT NULL, learner_id TEXT NOT NULL,
    roles TEXT NOT NULL, active INTEGER NOT NULL, gone INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (course_id, learner_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE grades (
    item_id TEXT NOT NULL, learner_id TEXT NOT NULL,
    grade_id TEXT NOT NULL, attempt INTEGER NOT NULL, grade TEXT, graded_at INTEGER NOT NULL, grader_id TEXT NOT NULL,
    workflow_state TEXT NOT NULL, row_scores TEXT NOT NULL, gradebook TEXT NOT NULL, resubmitting INTEGER NOT NULL,
    assessor_id TEXT, graders_seen TEXT, decided_at INTEGER, gone INTEGER NOT NULL DEFAULT 0, appeared_in INTEGER,
    PRIMARY KEY (item_id, learner_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE grade_changes (
    id INTEGER PRIMARY KEY, pass_id INTEGER NOT NULL REFERENCES passes (id), item_id TEXT NOT NULL,
    learner_id TEXT NOT NULL, change TEXT NOT NULL, before TEXT, after TEXT
) STRICT;
CREATE INDEX grade_changes_by_grade ON grade_changes (item_id, learner_id)
"""
"""Grades are by far the most rows, so they are kept narrow: ``''`` stands for no scores and no gradebook entry, and
``NULL`` for an assessor, graders and moment that are the grader and moment of the grade itself. That their item and
learner exist is made sure of before they are written (``planning.plan``) and looked after by ``nvqsync doctor``."""

CLAIM_TABLES = """
CREATE TABLE sign_offs (
    learner_id TEXT NOT NULL, qualification_id TEXT NOT NULL, unit_reference TEXT NOT NULL,
    assessor_id TEXT NOT NULL, signed_at INTEGER NOT NULL, recorded_by TEXT NOT NULL,
    PRIMARY KEY (learner_id, qualification_id, unit_reference)
) STRICT;
CREATE TABLE registrations (
    id INTEGER PRIMARY KEY, learner_id TEXT NOT NULL REFERENCES learners (lms_id), qualification_id TEXT NOT NULL,
    awarding_body TEXT NOT NULL, candidate_number TEXT NOT NULL, registered_on TEXT NOT NULL, entry TEXT NOT NULL,
    name TEXT NOT NULL, date_of_birth TEXT, uln TEXT NOT NULL,
    UNIQUE (learner_id, qualification_id, entry)
) STRICT;
CREATE TABLE batches (
    id TEXT PRIMARY KEY, awarding_body TEXT NOT NULL, centre_number TEXT NOT NULL, qualification_id TEXT NOT NULL,
    route TEXT NOT NULL, created_at INTEGER NOT NULL, digest TEXT NOT NULL, document BLOB NOT NULL,
    state TEXT NOT NULL, files TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE TABLE claims (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, learner_id TEXT NOT NULL REFERENCES learners (lms_id),
    qualification_id TEXT NOT NULL, awarding_body TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL,
    fingerprint TEXT NOT NULL, facts TEXT NOT NULL, blockers TEXT NOT NULL, cautions TEXT NOT NULL,
    hold_reason TEXT NOT NULL DEFAULT '', batch_id TEXT REFERENCES batches (id), reference TEXT NOT NULL DEFAULT '',
    portal_words TEXT NOT NULL DEFAULT '', certificate_number TEXT NOT NULL DEFAULT '', certificated_on TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX one_full_award ON claims (learner_id, qualification_id)
    WHERE kind = 'full_award' AND status NOT IN ('withdrawn', 'returned');
CREATE INDEX claims_by_status ON claims (status, awarding_body, qualification_id);
CREATE INDEX claims_blocked ON claims (status, awarding_body, qualification_id) WHERE blockers <> '[]';
CREATE INDEX claims_by_learner ON claims (learner_id, status, awarding_body, qualification_id)
"""

AUDIT_TABLES = """
CREATE TABLE audit (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, subject TEXT NOT NULL, action TEXT NOT NULL,
    from_status TEXT NOT NULL, to_status TEXT NOT NULL, fingerprint TEXT NOT NULL, commitment TEXT NOT NULL,
    previous TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject);
CREATE TABLE audit_texts (audit_id INTEGER PRIMARY KEY REFERENCES audit (id), salt TEXT NOT NULL, text TEXT NOT NULL)
    STRICT;
CREATE TRIGGER audit_is_never_edited BEFORE UPDATE ON audit
    BEGIN SELECT RAISE (ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_never_cut BEFORE DELETE ON audit
    BEGIN SELECT RAISE (ABORT, 'the audit log is append-only'); END
"""

ADJUSTMENT_TABLES = """
CREATE TABLE adjustments (
    id INTEGER PRIMARY KEY, learner_id TEXT NOT NULL REFERENCES learners (lms_id), qualification_id TEXT NOT NULL,
    kind TEXT NOT NULL, unit_reference TEXT NOT NULL, instead_of TEXT NOT NULL, requirement_id TEXT NOT NULL,
    awarded_by TEXT NOT NULL, achieved_on TEXT, why TEXT NOT NULL, paper TEXT NOT NULL, recorded_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL, removes INTEGER UNIQUE REFERENCES adjustments (id)
) STRICT;
CREATE INDEX adjustments_by_learner ON adjustments (qualification_id, learner_id);
CREATE TRIGGER adjustments_are_never_edited BEFORE UPDATE ON adjustments
    BEGIN SELECT RAISE (ABORT, 'adjustments are append-only: record a removal'); END
"""
"""A removal is a row as well, which names in ``removes`` the row it takes back."""


def run_statements(db: Database, script: str) -> None:
    """Run the statements of ``script`` one by one, inside the transaction that is open.

    ``executescript`` would commit that transaction first, so it is never used here.
    """
    statement = ""
    for piece in script.split(";"):
        statement += piece + ";"
        if "BEGIN SELECT" in statement and not statement.rstrip("; \n").endswith("END"):
            continue
        if statement.strip(" ;\n"):
            db.execute(statement)
        statement = ""


@migrations()
def m001_first_tables(db: Database) -> None:
    """What the LMS told us, the claims made of it, and the audit log."""
    run_statements(db, LMS_TABLES)
    run_statements(db, CLAIM_TABLES)
    run_statements(db, AUDIT_TABLES)


@migrations()
def m002_adjustments(db: Database) -> None:
    """Credit transfers, recognition of prior learning and the bodies' written exceptions."""
    run_statements(db, ADJUSTMENT_TABLES)


READING_TABLES = """
CREATE TABLE bookmarks (
    course_id TEXT NOT NULL, what TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (course_id, what)
) STRICT;
CREATE TABLE course_numbers (
    course_id TEXT PRIMARY KEY, id_number TEXT NOT NULL, read_at INTEGER NOT NULL
) STRICT;
CREATE TABLE alarms (
    course_id TEXT NOT NULL, what TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (course_id, what)
) STRICT;
CREATE TABLE confirmations (
    what TEXT NOT NULL, learner_id TEXT NOT NULL, item_id TEXT NOT NULL, says TEXT NOT NULL, facts TEXT NOT NULL,
    said_by TEXT NOT NULL, said_at INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY (what, learner_id, item_id)
) STRICT;
CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT
"""


@migrations()
def m003_bookmarks_and_confirmations(db: Database) -> None:
    """Where each course's reading goes on from, what stands still until a person says so, and what people said."""
    run_statements(db, READING_TABLES)
    db.execute("ALTER TABLE items ADD COLUMN unread INTEGER NOT NULL DEFAULT 0")
