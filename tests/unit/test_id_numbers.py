"""The ID number notation: forgiving in form, strict in meaning, and always with the nearest valid text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvqsync.matching.id_numbers import IdNumber, Notation, NotUnderstood, Target, parse, parse_course
from tests.unit import made_up

QUALIFICATION = made_up.qualification()
NOTATION = Notation(QUALIFICATION)
IDS = ("OCR/03454", "OCR/03455", "OCR/03456", "OCR/10378", "EDI/L2-CS", "NCFE/50102874")
A3, F1, D4 = "A/100/0003", "F/100/0001", "D/100/0044"


def refusal(text: str) -> NotUnderstood:
    with pytest.raises(NotUnderstood) as caught:
        parse(text, QUALIFICATION)
    return caught.value


def test_a_unit_alone_stands_for_the_whole_unit():
    """`A3` is the whole unit, with no method and no tail."""
    assert parse("A3", QUALIFICATION) == IdNumber((Target(A3),))


def test_criteria_and_ranges_are_spelt_out_in_order():
    """Ranges open up, repeats fall together and numbers sort as a specification prints them."""
    found = parse("A3:3.10,2.1,1.1-1.4,3.9,2.1", QUALIFICATION)
    assert found.targets[0].criteria == ("1.1", "1.2", "1.3", "1.4", "2.1", "3.9", "3.10")


def test_several_units_share_the_method_at_the_end():
    """A method after the last target stands for every target without one of its own."""
    found = parse("A3:1.1;F1:3.2@O", QUALIFICATION)
    assert found.targets == (Target(A3, ("1.1",), "O"), Target(F1, ("3.2",), "O"))
    assert found.method == "O"


def test_each_target_may_have_a_method_of_its_own():
    """Methods differ by target where each says so, and then no single one is shared."""
    found = parse("A3:1.1@O;F1:3.2@QW", QUALIFICATION)
    assert [target.method for target in found.targets] == ["O", "QW"]
    assert found.method == ""


def test_what_follows_a_hash_is_the_colleges_own():
    """Anything after the first hash is kept and means nothing."""
    assert parse("A3:1.1@O # evening; Z9:9.9 #2", QUALIFICATION) == IdNumber(
        (Target(A3, ("1.1",), "O"),), "evening; Z9:9.9 #2"
    )


@pytest.mark.parametrize(
    "name", ["A3", "a 3", "CU003", "cu 003", "A/100/0003", "a1000003", "Ａ３", "A\u00a03", "\u200bA3"]
)
def test_a_unit_goes_by_code_other_code_or_reference(name):
    """All of a unit's names, in any case and with stray blanks, name the same unit."""
    assert parse(f"{name}:1.1", QUALIFICATION).targets == (Target(A3, ("1.1",)),)


@pytest.mark.parametrize("dash", ["-", "–", "—", "−", "‑", "－", " – "])
def test_any_dash_makes_a_range(dash):
    """An en dash that a word processor put in is a dash."""
    assert parse(f"A3:1.1{dash}1.3", QUALIFICATION).targets[0].criteria == ("1.1", "1.2", "1.3")


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("A9", "A3"),
        ("A3:1.7", "A3:1.4"),
        ("A3:4.1", "A3:3.1"),
        ("A3:1.1-1.9", "A3:1.1-1.4"),
        ("A3:1.3-2.2", "A3:1.3-1.4,2.1-2.2"),
        ("A3:1.4-1.1", "A3:1.1-1.4"),
        ("A3:1.1-4", "A3:1.1-1.4"),
        ("A3:1.1 1.2", "A3:1.1-1.2"),
        ("A3:1.01", "A3:1.1"),
        ("A3:1.1,", "A3:1.1"),
        ("A3;;F1", "A3;F1"),
        ("A3 1.1", "A3:1.1"),
        ("A3@O:1.1", "A3:1.1@O"),
        ("A3:1.1@QV", "A3:1.1@QW"),
        ("A3:1.1@Obs", "A3:1.1@O"),
        ("A3:1.1@O@S", "A3:1.1@O"),
        ("A3:1.7;F1#evening", "A3:1.4;F1#evening"),
    ],
)
def test_a_mistake_refuses_the_whole_id_number_with_the_nearest_valid_text(text, nearest):
    """One wrong unit, criterion or method refuses everything; the nearest text is itself valid."""
    fault = refusal(text)
    assert fault.nearest == nearest
    assert parse(fault.nearest, QUALIFICATION)


@pytest.mark.parametrize(
    "text", ["A3:", "A3:x", "A3;A3:1.1", "A3:1.1@O;A3:1.1@S", "ZZZ", ":1.1", "", "#own", "2024-TASK-7"]
)
def test_where_nothing_is_near_no_text_is_made_up(text):
    """A suggestion never widens what was written, and never guesses from nothing."""
    assert refusal(text).nearest == ""


def test_every_fault_is_told_at_once():
    """A person need not correct one mistake to hear of the next."""
    says = str(refusal("A9:1.1;F1:7.7@Z"))
    assert "A9 is no unit" in says
    assert "F1 has no criterion 7.7" in says
    assert "Z is no method code" in says


def test_unknown_units_are_named_for_whoever_looks_elsewhere():
    """The names that are no unit here come with the refusal."""
    assert refusal("A3;E5;Q7:1.1").unknown_units == ("E5", "Q7")


def test_criteria_of_a_unit_with_unknown_criteria_are_kept_as_given():
    """Where nobody knows the criteria, any well-formed number is kept."""
    assert parse("D4:1.1-1.3,9.12", QUALIFICATION).targets == (Target(D4, ("1.1", "1.2", "1.3", "9.12")),)


def test_an_enormous_range_is_no_criterion_number():
    """Numbers stay below 100, so that nobody's typing error fills the memory."""
    refusal("D4:1.1-1.999999999")


def test_a_body_that_lists_no_methods_takes_any():
    """Then the code is only put in capitals."""
    free = made_up.qualification(methods=())
    assert parse("A3@ Obs 1", free).method == "OBS1"
    with pytest.raises(NotUnderstood):
        parse("A3@a-b", free)


def test_method_codes_come_back_in_the_bodys_spelling():
    """Case aside, a code is found in the body's list."""
    assert parse("a3@qw", QUALIFICATION).method == "QW"


def test_a_blank_between_two_digits_is_never_dropped():
    """`A3:1 1.2` could mean anything, so it means nothing."""
    refusal("D4:1 1.2")
    refusal("A/100 0003")


targets_in_one_go = st.lists(
    st.sampled_from(["A3", "F1", "C1", "D4"]).flatmap(
        lambda code: st.tuples(
            st.just(code),
            st.none()
            | st.sets(st.sampled_from(NOTATION.unit(code).unit.criteria or ("1.1", "1.2", "2.1", "11.12")), min_size=1),
            st.sampled_from(["", "@O", "@QW"]),
        )
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda target: target[0],
).map(lambda found: ";".join(f"{code}{':' + ','.join(sorted(some)) if some else ''}{way}" for code, some, way in found))
tails = st.sampled_from(["", "#", "#evening", "#2026 #B"])


@given(targets_in_one_go, tails)
def test_what_was_read_writes_back_to_the_same(text, tail):
    """parse(format(x)) == x for everything that can be read."""
    found = NOTATION.parse(text + tail)
    assert NOTATION.parse(NOTATION.format(found)) == found
    assert NOTATION.format(NOTATION.parse(NOTATION.format(found))) == NOTATION.format(found)


@given(targets_in_one_go, st.randoms(use_true_random=False))
def test_noise_in_form_does_not_change_the_meaning(text, random):
    """Case, blanks around signs, long dashes, full-width signs and invisible characters make no difference."""

    def noisy(sign: str) -> str:
        blank = random.choice(["", "", " ", "\u00a0", "\u200b"])
        if sign == "-":
            sign = random.choice("-–—")
        elif random.random() < 0.3:
            sign = chr(ord(sign) + 0xFEE0)
        return f"{blank}{sign}{blank}" if sign in ":;,@" else sign

    changed = "".join(noisy(random.choice([sign.upper(), sign.lower()])) for sign in text)
    assert NOTATION.parse(changed) == NOTATION.parse(text)


@given(st.text(alphabet="A3F1CD49:;,.-@OSQ #zZ0", max_size=25))
def test_any_text_is_read_or_refused_with_a_text_that_can_be_read(text):
    """Nothing else ever happens, and a suggestion can always be typed in as it stands."""
    try:
        NOTATION.parse(text)
    except NotUnderstood as fault:
        assert NOTATION.read(text) is None
        assert not fault.nearest or NOTATION.parse(fault.nearest)


@pytest.mark.parametrize(
    "text", ["OCR/03455", "ocr / 03455", "OCR/03455#evening", "OCR-03455", "ＯＣＲ／03455", "OCR/03455 # a#b"]
)
def test_a_course_names_its_qualification(text):
    """Case, blanks and the college's own part aside."""
    assert parse_course(text, IDS) == "OCR/03455"


@pytest.mark.parametrize("text", ["", "#own", "CS101", "English 2", "2024/25", "Induction"])
def test_a_colleges_own_course_number_is_nobodys_mistake(text):
    """What does not look like a qualification at all is left alone."""
    assert parse_course(text, IDS) is None


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("OCR/3455", "OCR/03455"), ("03455", "OCR/03455"), ("EDI/L2", "EDI/L2-CS"), ("ORC/10378#b", "OCR/10378#b")],
)
def test_a_misspelt_qualification_is_refused_with_the_nearest(text, nearest):
    """What looks like one but is none is a mistake, never a guess."""
    with pytest.raises(NotUnderstood) as caught:
        parse_course(text, IDS)
    assert caught.value.nearest == nearest
