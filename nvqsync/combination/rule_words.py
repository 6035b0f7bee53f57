"""What the rules engine says to people: short, in an exams officer's words."""

from __future__ import annotations

from collections.abc import Sequence

UNDECIDED = (
    "Undecided: the search budget ran out before the verdict was certain. It counts as not met until it is decided."
)
ROUTE_UNDECIDED = (
    "Not met by what is held. Undecided: the search budget ran out before the cheapest finish was certain."
)
NO_ROUTE_ASKED = "The way to finish was not asked for."
UNREACHABLE = "Nothing on offer finishes this."
LEVEL_READING_UNDECIDED = "Whether credits at a higher level would have met the rule could not be decided."


def counted(amount: int, *, units: bool) -> str:
    """``5 credits``, ``1 unit``."""
    thing = "unit" if units else "credit"
    return f"{amount} {thing}" if amount == 1 else f"{amount} {thing}s"


def listed(names: Sequence[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _clause(says: str) -> str:
    return says.rstrip(" .")


def all_of(says: str, missing: Sequence[str]) -> str:
    """A mandatory requirement: what is still missing."""
    return f"{_clause(says)}: {listed(missing)} missing." if missing else f"{_clause(says)}: all counted."


def minimum(says: str, have: int, short: int, *, counts_units: bool) -> str:
    """A minimum: what counts towards it, and what it is short of."""
    gap = f", {counted(short, units=counts_units)} short" if short else ""
    return f"{_clause(says)}: {counted(have, units=counts_units)} counted{gap}."


def maximum(says: str, have: int, *, counts_units: bool) -> str:
    """A maximum or bar: how much of it is used."""
    return f"{_clause(says)}: {counted(have, units=counts_units)} counted."


def met(credits: int) -> str:
    """The one sentence of a met verdict."""
    return f"Met: {counted(credits, units=False)} count towards the certificate."


def finish(credits: int, units: Sequence[str], glh: int) -> str:
    """The cheapest way to finish."""
    return f"Cheapest finish: {listed(units)} ({counted(credits, units=False)}, {glh} GLH)."


def unmet(reasons: Sequence[str], ending: str) -> str:
    """The one sentence of an unmet verdict, and how to go on."""
    why = "; ".join(reason.rstrip(".") for reason in reasons) or "no one selection meets every requirement at once"
    return f"Not met: {why}. {ending}"


def not_offered(says: str, names: Sequence[str]) -> str:
    """A mandatory unit that is neither held nor on offer."""
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'} neither held nor on offer ({_clause(says)})"


def out_of_reach(says: str, most: int, counts_units: bool) -> str:
    """A minimum that everything together cannot reach."""
    return f"no more than {counted(most, units=counts_units)} can be reached ({_clause(says)})"


def unreachable(lacking: Sequence[str]) -> str:
    """Why no route exists."""
    why = "; ".join(lacking) or "each requirement can be met by itself, but no one selection meets them all at once"
    return f"{UNREACHABLE[:-1]}: {why}."


def level_reading(requirement: str, level: int, units: Sequence[tuple[str, int, int]]) -> str:
    """A verdict that fails only because credits count exactly at the level."""
    named = listed([f"{code} ({counted(credits, units=False)} at Level {at})" for code, credits, at in units])
    return (
        f"{requirement}: met if credits above Level {level} counted as well: {named}. "
        f"They are read as counting exactly at Level {level}."
    )


def left_out(requirement: str, says: str, codes: Sequence[str]) -> str:
    """A verdict that rests on leaving out what is over a maximum."""
    verb = "is" if len(codes) == 1 else "are"
    return (
        f"{requirement}: {listed(codes)} {verb} left out ({_clause(says)}). "
        "The verdict rests on reading what is over the limit as not counted, not as fatal."
    )
