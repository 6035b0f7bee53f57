"""Invented people: names from many places, check digits that hold, birthdays at Europe/London midnight."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
PLACEHOLDER_ULN = "9999999999"

FIRST_NAMES = (
    "Aisha", "Ben", "Chloe", "Dylan", "Ewa", "Farah", "George", "Hannah", "Imran", "Jade", "Kieran", "Leila",
    "Mohammed", "Niamh", "Oliver", "Priya", "Quinn", "Rhys", "Siobhán", "Tomasz", "Uzma", "Victor", "Wren",
    "Xiu Ying", "Yusuf", "Zoë", "Adaeze", "Bronwen", "Callum", "Deepa", "Éloïse", "Fiona", "Gethin", "Hamza",
    "Ieuan", "Jürgen", "Kwame", "Łucja", "Marek", "Nkechi", "Owen", "Petra", "Renée", "Søren", "Thandiwe",
    "Ümit", "Vikram", "Winnie", "Yetunde",
)  # fmt: skip
LAST_NAMES = (
    "Ahmed", "Brown", "Clarke", "Davies", "Evans", "Fletcher", "Griffiths", "Hussain", "Iqbal", "Jones", "Kowalska",
    "Lewis", "Murphy", "Nowak", "O'Neill", "Patel", "Quigley", "Roberts", "Smith", "Taylor", "Uddin", "Vaughan",
    "Williams", "Xiong", "Young", "Zając", "Adeyemi", "Bashir", "Chen", "Doherty", "Ekwueme", "Ferrari", "García",
    "Hughes", "Ivanova", "Jenkins", "Khan", "Llewellyn", "MacLeod", "Nguyễn", "Okafor", "Price", "Rees-Mogford",
    "Singh", "Thomas", "Ünal", "van den Berg", "Walker", "Yıldız", "Žukauskas",
)  # fmt: skip
RARE_NAMES = (
    ("ليلى", "الحسن"),
    ("𠮷子", "𠮷田"),
    ("דניאל", "כהן"),
    ("Muhammad", "عبد الرحمن"),
    ("Björk", "Þórsdóttir"),
    ("Siân", "ap Rhys 🌿"),
)
STAFF = (
    ("Tina", "Adams"), ("Martin", "Cole"), ("Sunita", "Rao"), ("Paul", "Whitaker"), ("Mairi", "Stewart"),
    ("Denise", "Osei"), ("Alun", "Pritchard"), ("Karen", "Holt"), ("Femi", "Balogun"), ("Rosa", "Marino"),
    ("Ian", "Fairhurst"), ("Jo", "Sandhu"),
)  # fmt: skip
IQAS = (("Gwen", "Price"), ("Harold", "Nkemelu"))


def uln_check_digit(nine: str) -> int:
    """The tenth digit for nine, 10 where there is none: weights 10 to 2, modulo 11, taken from 10."""
    return 10 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11


def ulns(rng: random.Random) -> Iterator[str]:
    """Valid, distinct unique learner numbers, without end."""
    seen: set[str] = set()
    while True:
        nine = str(rng.randrange(100_000_000, 1_000_000_000))
        check = uln_check_digit(nine)
        if check < 10 and nine not in seen:
            seen.add(nine)
            yield f"{nine}{check}"


def is_uln(text: str) -> bool:
    """Whether a text is such a number."""
    return len(text) == 10 and text != PLACEHOLDER_ULN and str(uln_check_digit(text[:9])) == text[9]


def spoilt(uln: str) -> str:
    """The same number with its last digit wrong."""
    return f"{uln[:-1]}{(int(uln[-1]) + 1) % 10}"


def names(rng: random.Random) -> Iterator[tuple[str, str]]:
    """First and last names; now and then one that needs right-to-left text or four bytes a character."""
    count = 0
    while True:
        count += 1
        if count % 37 == 5:
            yield RARE_NAMES[count // 37 % len(RARE_NAMES)]
        else:
            yield rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)


def birthday(rng: random.Random, today: dt.date) -> dt.date:
    """A date of birth for somebody between 16 and 60, most of them young."""
    age = 16 + int(44 * rng.random() ** 3)
    return today - dt.timedelta(days=365 * age + rng.randrange(1, 365) + age // 4)


def london_midnight(day: dt.date) -> str:
    """How a Moodle profile keeps a date: seconds since 1970 of that midnight, as text."""
    return str(int(dt.datetime(day.year, day.month, day.day, tzinfo=LONDON).timestamp()))


def london_day(moment: int) -> dt.date:
    """The day in Europe/London at a moment."""
    return dt.datetime.fromtimestamp(moment, LONDON).date()
