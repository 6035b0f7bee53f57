"""Names, passwords and roles; and how attempts to sign in are counted, against a simple model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.errors import InputError
from nvqsync.sign_in import passwords
from nvqsync.sign_in.accounts import Right, Role, SignedIn, SignIn, check_name, check_password, signed_in
from nvqsync.sign_in.throttle import ADDRESS, NAME, NAME_AND_ADDRESS, WINDOW, Throttle


@pytest.mark.parametrize("name", ["a.kaur", "j-smith_2", "t.lead@exampleton.ac.uk", "x", "a" * 64])
def test_good_names(name: str) -> None:
    """Letters, digits and what college accounts hold besides."""
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "a b", "a:b", "nvqsync", "a" * 65, "é", "a\n", "../x"])
def test_names_that_will_not_do(name: str) -> None:
    """Nothing that could be mistaken in a log or a list, and not the name under which nvqsync acts."""
    with pytest.raises(InputError, match="cannot be an account's name"):
        check_name(name)


@pytest.mark.parametrize(
    "password", ["", "eleven char", "a" * 257, "aaaaaaaaaaaaaaaa", "my-A.KAUR-word", "nvqsync-nvqsync"]
)
def test_weak_passwords(password: str) -> None:
    """Too short, too long, few characters, the name itself."""
    with pytest.raises(InputError):
        check_password(password, "a.kaur")


def test_a_password_just_long_enough() -> None:
    """Twelve characters will do, blanks and other alphabets among them."""
    check_password("żółw na płoc", "a.kaur")


def test_a_made_up_password_is_good_and_another_each_time() -> None:
    """It passes the check, and no two are alike."""
    made = {passwords.generated() for _ in range(50)}
    assert len(made) == 50
    for one in made:
        check_password(one, "a.kaur")


def test_hashes() -> None:
    """The password fits its own hash alone; nothing fits an empty or a broken one; cost is today's."""
    stored = passwords.hashed("correct horse battery")
    assert passwords.fits("correct horse battery", stored) and not passwords.fits("Correct horse battery", stored)
    assert stored.startswith("$argon2id$") and not passwords.outdated(stored)
    assert not passwords.fits("", "") and not passwords.fits("x", "") and not passwords.fits("x", "broken")
    assert passwords.outdated(stored.replace("t=2", "t=1"))


def test_courses_narrow_viewers_alone() -> None:
    """A viewer without courses sees none; everybody else sees all."""
    assert signed_in(SignIn("v", Role.VIEWER)).courses == frozenset()
    assert signed_in(SignIn("i", Role.IQA)).courses is None


def test_rights_go_by_their_word_too() -> None:
    """Templates ask by word."""
    who = SignedIn("exams", Role.APPROVER)
    assert who.may(Right.CLAIMS) and who.may("claims") and not who.may("accounts") and not who.may("nonsense")


# ---------------------------------------------------------------- throttling


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 1_000_000

    def __call__(self) -> int:
        return self.at


def test_limits_by_name_and_address() -> None:
    """A name from one address stops after five, an address after twenty, a name from everywhere after fifty."""
    for most, attempt in (
        (NAME_AND_ADDRESS, lambda n: ("a", "1")),
        (ADDRESS, lambda n: (f"name {n}", "1")),
        (NAME, lambda n: ("a", f"{n}")),
    ):
        throttle = Throttle(Clock())
        assert [throttle.attempt(*attempt(n)) for n in range(most)] == [0] * most
        assert throttle.attempt(*attempt(most)) == WINDOW


def test_a_name_in_other_letters_is_the_same_name() -> None:
    """Capital letters are no way round."""
    throttle = Throttle(Clock())
    for name in ("a.kaur", "A.Kaur", "A.KAUR", "a.KAUR", "a.kAUR"):
        assert throttle.attempt(name, "1") == 0
    assert throttle.attempt("a.kaUR", "1") > 0


@given(st.lists(st.tuples(st.sampled_from(["wrong", "right"]), st.integers(0, WINDOW)), max_size=30))
def test_one_person_at_one_place_against_a_model(story: list[tuple[str, int]]) -> None:
    """Five failures within the window stop the next attempt, until the first of them is as old as the window."""
    clock = Clock()
    throttle = Throttle(clock)
    failures: list[int] = []
    for outcome, passes in story:
        clock.at += passes
        failures = [at for at in failures if at > clock.at - WINDOW]
        wait = throttle.attempt("a", "1")
        assert wait == (failures[0] + WINDOW - clock.at if len(failures) >= NAME_AND_ADDRESS else 0)
        if wait:
            continue
        if outcome == "right":
            throttle.succeeded("a", "1")
            failures = []
        else:
            failures.append(clock.at)


def test_memory_does_not_grow_without_end() -> None:
    """A flood of names from everywhere is forgotten as it is pushed out."""
    throttle = Throttle(Clock())
    for n in range(30_000):
        throttle.attempt(f"name {n}", f"address {n}")
    assert len(throttle._failures) <= 20_010
