"""The English words that periods are written with, and what a word at a place in a question says. Pure."""

import calendar
from collections.abc import Sequence

from nlq.period import Grain

NUMBERS = {
    word: number
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve".split(), start=1
    )
}
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
MONTHS = {
    name.lower(): number
    for names in (calendar.month_name, calendar.month_abbr, (*[""] * 9, "sept"))
    for number, name in enumerate(names)
    if name
}
UNITS = {
    **{grain.value: grain for grain in Grain},
    **{f"{grain.value}s": grain for grain in Grain},
    "yr": Grain.YEAR,
    "yrs": Grain.YEAR,
}
TO_DATE = {"ytd": Grain.YEAR, "qtd": Grain.QUARTER, "mtd": Grain.MONTH, "wtd": Grain.WEEK}
LAST = {"last", "past", "previous", "prior", "preceding", "trailing"}
NEARBY = {"this": 0, "current": 0, "last": -1, "previous": -1, "past": -1, "next": 1}
"""Words before "year" that say which one, and how many years from this one."""
BEFORE = {"before", "earlier", "ago", "prior", "previously"}
LONGEST_CUT = 4
RECENT_YEARS = 3
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
BEFORE_A_MONTH = {
    *("in", "since", "of", "from", "to", "until", "till", "through", "and", "between", "by", "last", "this"),
    *("for", "during", "before", "after", "or", "vs", "versus", "than", "with", "april", "june", "early"),
}


BEFORE_AN_AMOUNT = {"least", "most", "above", "below", "under", "exceed", "exceeds", "exceeded"}
TO_A_DAY = {"to", "until", "till", "through", "and"}
COMPARING = {"from", "to", "with", "versus", "vs", "than", "over", "against"}


def month_names() -> frozenset[str]:
    """English names of months, long and short."""
    return frozenset(MONTHS)


def ordinals() -> frozenset[str]:
    """English ordinals that quarters and halves are counted with."""
    return frozenset(ORDINALS)


def month_words() -> frozenset[str]:
    """Names of months and words for periods, long and short."""
    relative = {"yesterday", "today", "fiscal", "financial", "calendar", "half", *ORDINALS, *LAST, *BEFORE}
    return frozenset({*MONTHS, *UNITS, *TO_DATE, *relative, "same", "date", "between"})


def names_later(words: Sequence[str], at: int, noun: str) -> bool:
    """Whether an ordinal leaves its noun to a later one: "from the second to the third quarter"."""
    rest = [
        word for word in words[at : at + 5] if word not in {"to", "and", "the", "or", "versus", "with", "in"}
    ]
    return len(rest) > 1 and rest[0] in ORDINALS and rest[1] == noun and words[at] not in ORDINALS


def compares_with(words: Sequence[str], at: int) -> bool:
    """Whether "previous ..." is what each unit is compared with: "change from the previous month"."""
    return words[at] in {"previous", "prior", "preceding"} and compared_with(words, at)


def compared_with(words: Sequence[str], at: int) -> bool:
    """Whether what begins at `at` is what something is compared with."""
    before = at - 1
    while word_at(words, before) in {"the", "each", "its", "respective"}:
        before -= 1
    return word_at(words, before) in COMPARING


def is_amount(words: Sequence[str], at: int) -> bool:
    """Whether what could be a year is what something is compared with: "more than 2000 orders"."""
    before, word = word_at(words, at - 2), word_at(words, at - 1)
    if word == "than":
        return before in {"more", "less", "fewer"}
    return word in BEFORE_AN_AMOUNT


def word_at(words: Sequence[str], at: int) -> str:
    """The word at the index `at`; empty where there is none."""
    return words[at] if 0 <= at < len(words) else ""


def number_of(word: str) -> int | None:
    """A number from 1 to 999, in digits or up to twelve in words; None for anything else."""
    return NUMBERS.get(word) or (int(word) if word.isdigit() and 0 < int(word) < 1000 else None)


def year_of(word: str) -> int | None:
    """A year of four digits; None for anything else."""
    return int(word) if len(word) == 4 and word.isdigit() and _FIRST_YEAR <= int(word) < _LAST_YEAR else None


def year_at(words: Sequence[str], at: int) -> tuple[int | None, int]:
    """The year at `at`, after "of" or "in" too, and the index after it; `at` itself without a year."""
    at_year = at + (word_at(words, at) in {"of", "in"})
    year = year_of(word_at(words, at_year))
    following = word_at(words, at_year + 1)
    if year and len(following) == 2 and following.startswith("0") and following.isdigit():
        return None, at
    return (year, at_year + 1) if year else (None, at)


def fiscal_year_at(words: Sequence[str], at: int) -> tuple[int | None, int]:
    """The fiscal year at `at` (`FY26`, `fiscal year 2026`, `fiscal 2026`) and the index after it."""
    at_word = at + (word_at(words, at) == "of")
    word = word_at(words, at_word)
    number = at_word + 1
    if word in {"fiscal", "financial"}:
        number += word_at(words, number) == "year"
    elif word != "fy":
        return None, at
    written = word_at(words, number)
    if year := year_of(written):
        return year, number + 1
    if len(written) == 2 and written.isdigit() and word == "fy":
        return 2000 + int(written), number + 1
    return None, at
