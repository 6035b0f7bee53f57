"""The history of the tables, oldest first. A released migration is never edited; the next change is a new one.

Plain SQL, because ``transform()`` would silently drop the triggers that keep the audit log append-only.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from nvqsync.storage.claim_counts import COUNT_TABLES, MIX_TABLES

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
    workflow_state TEXT NOT NULL DEFAULT '', row_scores TEXT NOT NULL DEFAULT '', gradebook TEXT NOT NULL DEFAULT '',
    resubmitting INTEGER NOT NULL DEFAULT 0,
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
    name TEXT NOT NULL, date_of_birth TEXT, uln TEXT NOT NULL, start TEXT, "end" TEXT, site TEXT NOT NULL,
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
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, version INTEGER NOT NULL DEFAULT 1,
    blocked INTEGER NOT NULL GENERATED ALWAYS AS (status IN ('approved', 'on_hold', 'proposed') AND blockers <> '[]')
        STORED
) STRICT;
CREATE UNIQUE INDEX one_full_award ON claims (learner_id, qualification_id)
    WHERE kind = 'full_award' AND status NOT IN ('withdrawn', 'returned', 'revoked');
CREATE INDEX learners_by_name ON learners (name COLLATE NOCASE);
CREATE INDEX claims_by_status ON claims (status, awarding_body, qualification_id, blocked, created_at, learner_id);
CREATE INDEX claims_in_order ON claims (status, blocked);
CREATE INDEX claims_by_number ON claims (id, status, awarding_body, qualification_id, blocked, created_at, learner_id);
CREATE INDEX claims_blocked ON claims (status, awarding_body, qualification_id, blocked, created_at, learner_id)
    WHERE blocked = 1;
CREATE INDEX claims_by_learner ON claims (learner_id, status, awarding_body, qualification_id, blocked, created_at);
CREATE INDEX claims_to_recall ON claims (status, awarding_body, qualification_id, blocked, created_at)
    WHERE instr(cautions, '["CERT-1"') > 0;
CREATE INDEX claims_by_batch ON claims (batch_id, status) WHERE batch_id IS NOT NULL;
CREATE INDEX claims_by_certificate ON claims (awarding_body, certificate_number) WHERE certificate_number <> '';
CREATE INDEX claims_for_iqa ON claims (status, learner_id)
    WHERE (instr(blockers, '"IQA-') > 0 OR instr(blockers, '"SIM-') > 0 OR instr(blockers, '"STAFF-2"') > 0)
"""

AUDIT_TABLES = """
CREATE TABLE audit (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, subject TEXT NOT NULL, action TEXT NOT NULL,
    from_status TEXT NOT NULL, to_status TEXT NOT NULL, commitment TEXT NOT NULL, previous TEXT NOT NULL,
    digest TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject);
CREATE TABLE audit_texts (
    audit_id INTEGER PRIMARY KEY REFERENCES audit (id), salt TEXT NOT NULL, text TEXT NOT NULL,
    fingerprint TEXT NOT NULL, facts TEXT NOT NULL, record TEXT NOT NULL
) STRICT;
CREATE INDEX audit_texts_by_facts ON audit_texts (facts) WHERE facts <> '';
CREATE TABLE audit_facts (digest TEXT PRIMARY KEY, facts TEXT NOT NULL) STRICT;
CREATE TABLE audit_erased (
    audit_id INTEGER PRIMARY KEY REFERENCES audit (id), erased_by INTEGER NOT NULL REFERENCES audit (id)
) STRICT;
CREATE TRIGGER audit_only_grows_at_its_end BEFORE INSERT ON audit
    WHEN NEW.id IS NOT (SELECT COALESCE(MAX(id), 0) + 1 FROM audit)
    BEGIN SELECT RAISE (ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_never_edited BEFORE UPDATE ON audit
    BEGIN SELECT RAISE (ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_never_cut BEFORE DELETE ON audit
    BEGIN SELECT RAISE (ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_texts_come_with_their_entry BEFORE INSERT ON audit_texts
    WHEN NEW.audit_id IS NOT (SELECT MAX(id) FROM audit)
    BEGIN SELECT RAISE (ABORT, 'words are written with their entry'); END;
CREATE TRIGGER audit_texts_are_never_edited BEFORE UPDATE ON audit_texts
    BEGIN SELECT RAISE (ABORT, 'the words of the audit log are never edited'); END;
CREATE TRIGGER audit_texts_are_only_erased BEFORE DELETE ON audit_texts
    WHEN NOT EXISTS (SELECT 1 FROM audit_erased WHERE audit_id = OLD.audit_id)
    BEGIN SELECT RAISE (ABORT, 'words are erased with an entry that names the rule'); END;
CREATE TRIGGER audit_facts_are_never_edited BEFORE UPDATE ON audit_facts
    BEGIN SELECT RAISE (ABORT, 'the facts of the audit log are never edited'); END;
CREATE TRIGGER audit_facts_outlive_their_entries BEFORE DELETE ON audit_facts
    WHEN EXISTS (SELECT 1 FROM audit_texts WHERE facts = OLD.digest)
    BEGIN SELECT RAISE (ABORT, 'an entry of the audit log rests on these facts'); END;
CREATE TRIGGER audit_erased_is_never_edited BEFORE UPDATE ON audit_erased
    BEGIN SELECT RAISE (ABORT, 'what was erased stays on record'); END;
CREATE TRIGGER audit_erased_is_never_cut BEFORE DELETE ON audit_erased
    BEGIN SELECT RAISE (ABORT, 'what was erased stays on record'); END
"""
"""``audit`` holds no personal data. What stands beside an entry is in ``audit_texts``: its words, the fingerprint, the
digest of the facts (in ``audit_facts``, each kept once) and the record as it then was. ``audit_erased`` says by which
entry the words of another were erased."""

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
        if "BEGIN " in statement and not statement.rstrip("; \n").endswith("END"):
            continue
        if statement.strip(" ;\n"):
            db.execute(statement)
        statement = ""


@migrations()
def m001_first_tables(db: Database) -> None:
    """What the LMS told us, the claims made of it, and the audit log."""
    run_statements(db, LMS_TABLES)
    run_statements(db, CLAIM_TABLES)
    run_statements(db, COUNT_TABLES)
    run_statements(db, MIX_TABLES)
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
CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE unjudged (learner_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID
"""


@migrations()
def m003_bookmarks_and_confirmations(db: Database) -> None:
    """Where each course's reading goes on from, what stands still until a person says so, and what people said."""
    run_statements(db, READING_TABLES)
    db.execute("ALTER TABLE items ADD COLUMN unread INTEGER NOT NULL DEFAULT 0")


CENTRE_TABLES = """
CREATE TABLE centre_numbers (
    awarding_body TEXT NOT NULL, site TEXT NOT NULL, number TEXT NOT NULL, PRIMARY KEY (awarding_body, site)
) STRICT;
CREATE TABLE centre_approvals (
    qualification_id TEXT PRIMARY KEY, approved_on TEXT, direct_claim_from TEXT, direct_claim_to TEXT,
    registration_end TEXT, registration_end_checked_on TEXT,
    certification_end TEXT, certification_end_checked_on TEXT, iqa_by_cohort INTEGER NOT NULL
) STRICT;
CREATE TABLE centre_staff (
    id INTEGER PRIMARY KEY, lms_id TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, from_on TEXT NOT NULL,
    to_on TEXT, qualification_id TEXT NOT NULL, qualified_on TEXT, countersigner TEXT NOT NULL, signature_on TEXT,
    UNIQUE (lms_id, role, qualification_id, from_on)
) STRICT;
CREATE TABLE centre_sanctions (
    id INTEGER PRIMARY KEY, qualification_id TEXT NOT NULL, level TEXT NOT NULL, actions TEXT NOT NULL,
    from_on TEXT NOT NULL, lifted_on TEXT, stops_direct_claims INTEGER NOT NULL, stops_claims INTEGER NOT NULL,
    UNIQUE (qualification_id, level, from_on)
) STRICT;
CREATE TABLE centre_visits (
    id INTEGER PRIMARY KEY, qualification_id TEXT NOT NULL, "on" TEXT NOT NULL, visitor TEXT NOT NULL,
    done INTEGER NOT NULL, final INTEGER NOT NULL, learners TEXT NOT NULL, everyone_up_to TEXT, note TEXT NOT NULL,
    UNIQUE (qualification_id, "on", visitor)
) STRICT;
CREATE TABLE centre_accounts (name TEXT PRIMARY KEY, lms_id TEXT NOT NULL, no_lms_user INTEGER NOT NULL) STRICT
"""
"""An end date is a day, ``none`` where a person found that there is none, or null where nobody has looked."""


@migrations()
def m004_centre(db: Database) -> None:
    """What the centre records about itself: numbers, approvals, staff, sanctions, visits, accounts."""
    run_statements(db, CENTRE_TABLES)


DECLARATION_TABLES = """
CREATE TABLE declarations_made (
    id INTEGER PRIMARY KEY, claim_id INTEGER NOT NULL REFERENCES claims (id), declaration TEXT NOT NULL,
    says TEXT NOT NULL, fingerprint TEXT NOT NULL, said_by TEXT NOT NULL, said_at INTEGER NOT NULL
) STRICT;
CREATE INDEX declarations_by_claim ON declarations_made (claim_id);
CREATE TABLE claim_notes (
    id INTEGER PRIMARY KEY, claim_id INTEGER NOT NULL REFERENCES claims (id), note TEXT NOT NULL, about TEXT NOT NULL,
    fingerprint TEXT NOT NULL, said_by TEXT NOT NULL, said_at INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_by_claim ON claim_notes (claim_id);
CREATE TRIGGER declarations_are_never_edited BEFORE UPDATE ON declarations_made
    BEGIN SELECT RAISE (ABORT, 'declarations are append-only: they stand as they were made'); END
"""
"""Rows are only added: what was declared or written on facts that have changed since stays on record."""


@migrations()
def m006_declarations(db: Database) -> None:
    """What each claim asks its approver to declare, what was declared, and the notes on its cautions."""
    run_statements(db, DECLARATION_TABLES)
    db.execute("ALTER TABLE claims ADD COLUMN declarations TEXT NOT NULL DEFAULT '[]'")


QUALITY_TABLES = """
CREATE TABLE releases (
    id INTEGER PRIMARY KEY, qualification_id TEXT NOT NULL, learner_id TEXT REFERENCES learners (lms_id),
    course_id TEXT REFERENCES courses (lms_id), iqa_id TEXT NOT NULL, released_on TEXT NOT NULL, outcome TEXT NOT NULL,
    units TEXT NOT NULL, action TEXT NOT NULL, why TEXT NOT NULL, recorded_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL, CHECK ((learner_id IS NULL) <> (course_id IS NULL))
) STRICT;
CREATE INDEX releases_by_learner ON releases (qualification_id, learner_id);
CREATE TABLE simulations (
    id INTEGER PRIMARY KEY, qualification_id TEXT NOT NULL, learner_id TEXT NOT NULL REFERENCES learners (lms_id),
    unit_reference TEXT NOT NULL, agreed_by TEXT NOT NULL, agreed_on TEXT NOT NULL, activity_on TEXT NOT NULL,
    reason TEXT NOT NULL, recorded_by TEXT NOT NULL, recorded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX simulations_by_learner ON simulations (qualification_id, learner_id);
CREATE TABLE follow_ups (
    id INTEGER PRIMARY KEY, release_id INTEGER REFERENCES releases (id),
    simulation_id INTEGER REFERENCES simulations (id), what TEXT NOT NULL, iqa_id TEXT NOT NULL, on_day TEXT NOT NULL,
    why TEXT NOT NULL, recorded_by TEXT NOT NULL, recorded_at INTEGER NOT NULL,
    CHECK ((release_id IS NULL) <> (simulation_id IS NULL)), UNIQUE (release_id, what), UNIQUE (simulation_id, what)
) STRICT;
CREATE TRIGGER releases_are_never_edited BEFORE UPDATE ON releases
    BEGIN SELECT RAISE (ABORT, 'releases are append-only: take it back'); END;
CREATE TRIGGER simulations_are_never_edited BEFORE UPDATE ON simulations
    BEGIN SELECT RAISE (ABORT, 'simulation records are append-only: take it back'); END;
CREATE TRIGGER follow_ups_are_never_edited BEFORE UPDATE ON follow_ups
    BEGIN SELECT RAISE (ABORT, 'what was done about a record is append-only'); END
"""
"""What is done later about a release or a simulation (action done, sampled, taken back) is a row that names it."""


@migrations()
def m007_quality(db: Database) -> None:
    """The IQAs' releases, agreed and sampled simulations, and what was done about them since."""
    run_statements(db, QUALITY_TABLES)


CLAIM_LIFE_COLUMNS = (
    "hold_code TEXT NOT NULL DEFAULT ''",
    "keyed_on TEXT NOT NULL DEFAULT ''",
    "keyed_by TEXT NOT NULL DEFAULT ''",
    "authorised_on TEXT NOT NULL DEFAULT ''",
    "returned_on TEXT NOT NULL DEFAULT ''",
    "recalled_on TEXT NOT NULL DEFAULT ''",
    "revoked_on TEXT NOT NULL DEFAULT ''",
    "received_on TEXT NOT NULL DEFAULT ''",
    "received_by TEXT NOT NULL DEFAULT ''",
    "handed_over_on TEXT NOT NULL DEFAULT ''",
    "handed_over_by TEXT NOT NULL DEFAULT ''",
    "provisional INTEGER NOT NULL DEFAULT 0",
    "confirmed_on TEXT NOT NULL DEFAULT ''",
)
CLAIM_UNIT_TABLES = """
CREATE TABLE claim_units (
    claim_id INTEGER NOT NULL REFERENCES claims (id), awarding_body TEXT NOT NULL, learner_id TEXT NOT NULL,
    candidate_number TEXT NOT NULL, unit_reference TEXT NOT NULL, standing INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (claim_id, unit_reference)
) STRICT;
CREATE UNIQUE INDEX one_unit_claim ON claim_units (awarding_body, learner_id, unit_reference) WHERE standing;
CREATE UNIQUE INDEX one_unit_claim_a_candidate ON claim_units (awarding_body, candidate_number, unit_reference)
    WHERE standing AND candidate_number <> '';
CREATE INDEX registrations_by_candidate ON registrations (awarding_body, candidate_number);
CREATE TRIGGER unit_claims_close AFTER UPDATE OF status ON claims WHEN NEW.kind = 'units'
    BEGIN UPDATE claim_units SET standing = NEW.status NOT IN ('withdrawn', 'returned', 'revoked')
        WHERE claim_id = NEW.id; END
"""
"""A unit claim stands for its units until it is closed; two that stand never share one, whatever the code does.

``candidate_number`` is the candidate's when the claim was made, or empty: two accounts may be one candidate."""


@migrations()
def m008_claims_life(db: Database) -> None:
    """Unit claims, hold codes, what people record by hand, and numbered keying sheets."""
    for column in CLAIM_LIFE_COLUMNS:
        db.execute(f"ALTER TABLE claims ADD COLUMN {column}")
    run_statements(db, CLAIM_UNIT_TABLES)
    db.execute("ALTER TABLE batches ADD COLUMN sheet INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE batches ADD COLUMN sheets_printed INTEGER NOT NULL DEFAULT 0")


RETENTION_TABLES = """
CREATE TABLE portfolio_requests (
    id INTEGER PRIMARY KEY, learner_id TEXT NOT NULL REFERENCES learners (lms_id), asked_on TEXT NOT NULL,
    recorded_by TEXT NOT NULL, recorded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX portfolio_requests_by_learner ON portfolio_requests (learner_id);
CREATE TABLE anonymised (
    learner_id TEXT PRIMARY KEY REFERENCES learners (lms_id), at INTEGER NOT NULL, rule TEXT NOT NULL
) STRICT;
ALTER TABLE memberships ADD COLUMN left_at INTEGER;
DROP TRIGGER adjustments_are_never_edited;
CREATE TRIGGER adjustments_are_never_edited BEFORE UPDATE ON adjustments
    WHEN NOT (NEW.why = '' AND NEW.paper = '' AND NEW.awarded_by = '' AND NEW.achieved_on IS NULL
        AND (NEW.id, NEW.learner_id, NEW.qualification_id, NEW.kind, NEW.unit_reference, NEW.instead_of,
            NEW.requirement_id, NEW.recorded_by, NEW.recorded_at, NEW.removes)
        IS (OLD.id, OLD.learner_id, OLD.qualification_id, OLD.kind, OLD.unit_reference, OLD.instead_of,
            OLD.requirement_id, OLD.recorded_by, OLD.recorded_at, OLD.removes))
    BEGIN SELECT RAISE (ABORT, 'adjustments are append-only: record a removal'); END
"""
"""An adjustment's words may be blanked once its learner is anonymised; nothing else of it ever changes."""


@migrations()
def m009_retention(db: Database) -> None:
    """Who was asked to keep their portfolio, and who was anonymised."""
    run_statements(db, RETENTION_TABLES)


SIGN_IN_TABLES = """
CREATE TABLE sign_ins (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE REFERENCES centre_accounts (name) DEFERRABLE INITIALLY DEFERRED,
    role TEXT NOT NULL, courses TEXT NOT NULL, password TEXT NOT NULL, disabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL, sso TEXT NOT NULL COLLATE NOCASE, subject TEXT NOT NULL, signed_in_at INTEGER
) STRICT;
CREATE UNIQUE INDEX sign_ins_by_sso ON sign_ins (sso) WHERE sso <> '';
CREATE UNIQUE INDEX sign_ins_by_subject ON sign_ins (subject) WHERE subject <> '';
CREATE TABLE web_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL UNIQUE, name TEXT NOT NULL REFERENCES sign_ins (name),
    began_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, by_sso INTEGER NOT NULL
) STRICT
"""
"""A sign-in always belongs to an account of the centre's record, which is rewritten as one: hence the deferred check.
A session is known by the SHA-256 of a token that only its browser holds."""


@migrations()
def m010_sign_ins(db: Database) -> None:
    """Who may open the pages with which role, and who is signed in."""
    run_statements(db, SIGN_IN_TABLES)
