"""Invented claims and batches for the tests of exports and of the mock portal."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st

from nvqsync.model import Batch, BatchClaim, BatchUnit, ClaimKind

NOW = 1_793_000_000
"""26 October 2026, a little after midday in London."""

CENTRE = "12345"

F1 = BatchUnit("F1", "F/601/1609", "Communicate using customer service language", 2, 4, dt.date(2026, 3, 5))
F2 = BatchUnit("F2", "L/601/1614", "Follow the rules to deliver customer service", 1, 4, dt.date(2026, 3, 29))
A3 = BatchUnit(
    "A3", "M/601/1511", "Communicate effectively with customers", 2, 5, dt.date(2026, 2, 1), transferred=True
)


def a_claim(key: str = "claim-1", number: str = "10000001", units: tuple[BatchUnit, ...] = (F1, F2)) -> BatchClaim:
    """A full-award claim for an invented candidate."""
    credits = sum(unit.credit_value for unit in units)
    born = dt.date(2007, 8, 31)
    return BatchClaim(key, 17, ClaimKind.FULL_AWARD, number, f"Ada {number}", born, "9276308686", units, credits)


def for_units(claim: BatchClaim) -> BatchClaim:
    """The same claim, for units only."""
    return replace(claim, kind=ClaimKind.UNITS)


def a_batch(*claims: BatchClaim, body: str = "OCR", id: str = "batch-1") -> Batch:
    """A batch of these claims, or of one."""
    if body == "NCFE":
        claims = tuple(_by_reference(claim) for claim in claims)
    return Batch(
        id=id,
        awarding_body=body,
        centre_number=CENTRE,
        qualification_id=f"{body}/03455",
        qualification_number="500/8625/X",
        qualification_code="03455",
        qualification_title="Level 2 NVQ Certificate in Customer Service",
        route="direct",
        created_at=NOW,
        claims=claims or (a_claim(),),
    )


def _by_reference(claim: BatchClaim) -> BatchClaim:
    return replace(claim, units=tuple(replace(unit, code=unit.unit_reference) for unit in claim.units))


few = settings(max_examples=40, deadline=None)
"""For tests that draw whole batches: enough to find trouble, no clock on a shared machine."""

# ---------------------------------------------------------------- any batch at all, hostile texts included

hostile = st.sampled_from(
    [
        *(
            "=1+1",
            "+44",
            "-2",
            "@SUM(A1)",
            "\t=1",
            "  =1",
            "＝1",
            "'",
            "'=",
            "O'Neill",
            '"',
            "a,b;c",
            "\u200b=1",
            "-",
            "=",
        ),
        *(
            "<script>",
            "]]>",
            "&amp;",
            "</style>",
            "{{x}}",
            "a\r\nb",
            "Zoë",
            "محمد",
            "\u202egnp",
            "\ud800",
            "\x00",
            "𝒜da",
        ),
    ]
)
texts = st.one_of(hostile, st.text(max_size=12), st.builds(lambda one, other: one + other, hostile, hostile))
some_text = texts.map(lambda text: text or "x")
tokens = st.text(alphabet=[chr(code) for code in range(0x21, 0x7F)], min_size=1, max_size=20)
days = st.dates(dt.date(1990, 1, 1), dt.date(2026, 10, 1))
counts = st.integers(0, 60)

units = st.builds(BatchUnit, some_text, some_text, texts, counts, counts, days, st.booleans())
ulns = st.one_of(st.none(), st.sampled_from(["9276308686", "9999999999", " 9999999999 "]))


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Any batch: hostile texts, missing numbers, placeholder ULNs, all bodies and one nobody knows."""
    keys = draw(st.lists(tokens, min_size=1, max_size=3, unique=True))
    claim = st.builds(
        BatchClaim, st.just(""), st.integers(0, 10**9), st.sampled_from(ClaimKind), texts, some_text,
        st.none() | days, ulns, st.lists(units, min_size=1, max_size=3).map(tuple), counts,
    )  # fmt: skip
    return Batch(
        id=draw(tokens),
        awarding_body=draw(st.sampled_from(["OCR", "EDI", "NCFE", "VTCT"])),
        centre_number=draw(some_text),
        qualification_id=draw(some_text),
        qualification_number=draw(st.none() | st.just("500/8625/X")),
        qualification_code=draw(some_text),
        qualification_title=draw(texts),
        route=draw(texts),
        created_at=draw(st.integers(0, 4_000_000_000)),
        claims=tuple(replace(draw(claim), key=key) for key in keys),
    )
