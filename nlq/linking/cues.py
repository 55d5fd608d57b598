"""Cues: the English phrases of a question that say what to do with the numbers.

They are looked up in a question's skeleton: its folded words, where names have become `KPI`, `TEAM`, ... and
periods `PERIOD`, so that "revenue by team since May" reads `KPI by team PERIOD`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from nlq.linking import patterns as say
from nlq.linking.time_words import NUMBERS
from nlq.linking.vocabulary import DIMENSION_WORDS
from nlq.linking.words import stem
from nlq.plan.model import Calculation, Condition, Dimension, Measure, Order, Subject


@dataclass(frozen=True)
class Cues:
    """What the phrases of a question say; None or empty where they say nothing."""

    subject: Subject | None = None
    by: tuple[Dimension, ...] = ()
    """Dimensions that the question asks a row for each of."""
    ranked: tuple[Dimension, ...] = ()
    """Dimensions whose members the question picks from ("which team ...")."""
    single: bool = False
    """It asks for one member ("which team", not "which teams")."""
    calculation: Calculation | None = None
    measure: Measure | None = None
    several_measures: bool = False
    """It names more than one: "total sales and average price"."""
    order: Order | None = None
    top: int | None = None
    conditions: tuple[Condition, ...] = ()
    window: int | None = None
    window_unit: Dimension | None = None
    each: Dimension | None = None
    """The numbers of each such calendar unit are averaged: "on average per month"."""
    place: int | None = None
    """Which place is asked for: 2 for "the second highest"."""
    first: int | None = None
    """How many of what is listed are wanted: "only the first three"."""
    than_that: str | None = None
    """`>` or `<`: "and which had fewer than that?"."""
    single_out: bool = False
    """It ends with a single superlative: "and the worst?"."""
    by_value: bool = False
    """It asks for the value of what it lists: "the highest value of an anomaly"."""
    fell: bool = False
    """It speaks of a fall: what changed most is what fell most."""
    fiscal: bool = False
    """The years or quarters that it groups by are fiscal ones."""
    rose: bool = False
    better: bool = False
    worse: bool = False
    """It speaks of getting better or worse, which the KPI's good direction says more about."""
    judged: bool = False
    """What is above or below is better or worse than something."""
    yes_or_no: bool = False
    """It can be answered by yes or no: "did sales exceed 5000?"."""
    any_at_all: bool = False
    """It asks how many members have any number."""
    absolute: bool = False
    """It asks for the numbers themselves rather than for shares."""
    against: bool = False
    """The only period that it names is what something is held against: "higher than last year"."""
    moved_by: bool = False
    """The condition is on a change: "rose by more than 500"."""
    per: int | None = None
    """Units of what a ratio is given for: 1000 for "per 1,000 orders"."""
    inverted: bool = False
    """The KPI that is named first stands under the line."""
    denominator: bool = False
    """The only KPI that it names stands under the line: "... per order"."""
    excluded: tuple[tuple[int, int], ...] = ()
    """Spans of words in which names are meant to be left out."""
    counted: bool = False
    in_percent: bool = False
    """It asks for percent, without saying of what."""
    compared: bool = False
    trend: bool = False
    sorted: bool = False
    combined: bool = False
    year_over_year: bool = False
    definition: bool = False
    names: Dimension | None = None
    """It asks for names of this dimension: "list the teams"."""
    changes_data: bool = False
    beyond: bool = False
    """It asks for what no plan can say."""
    said: frozenset[int] = field(default_factory=frozenset)
    """Indexes of the words that were understood."""

    @property
    def moved(self) -> bool:
        """Whether it speaks of a rise, a fall, or of getting better or worse."""
        return self.rose or self.fell or self.better or self.worse


class Skeleton:
    """The words to look cues up in; remembers which of them were part of one."""

    def __init__(self, words: list[str]) -> None:
        self.text = " ".join(words)
        self._starts = [0]
        for word in words:
            self._starts.append(self._starts[-1] + len(word) + 1)
        self.said: set[int] = set()

    def find(self, pattern: str) -> re.Match[str] | None:
        """The first match of `pattern` at word boundaries; the words of all matches count as understood."""
        return next(iter(list(self.all(pattern))), None)

    def holds(self, pattern: str) -> bool:
        """Whether there is a match of `pattern`; its words do not count as understood."""
        return re.search(rf"(?<!\S)(?:{pattern})(?!\S)", self.text) is not None

    def all(self, pattern: str) -> Iterator[re.Match[str]]:
        """All matches, as `find`."""
        for match in re.finditer(rf"(?<!\S)(?:{pattern})(?!\S)", self.text):
            self.said.update(range(*self.span(match.start(), match.end())))
            yield match

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Indexes of the words (first, after last) that the characters from `start` to before `end` touch."""
        first = max(i for i, at in enumerate(self._starts) if at <= start)
        return first, next((i for i, at in enumerate(self._starts) if at >= end), len(self._starts) - 1)


def find(words: list[str]) -> Cues:
    """The cues of the skeleton `words`."""
    standing = _standing(words)
    skeleton = Skeleton(standing)
    skeleton.said |= {i for i, (was, now) in enumerate(zip(words, standing, strict=True)) if was != now}
    changes = bool(re.search(say.CHANGES_DATA, skeleton.text))
    conditions = _conditions(skeleton)
    excluded = tuple(
        skeleton.span(*match.span(match.lastindex or 0))
        for pattern in (say.EXCLUDED, say.EXCLUDED_AROUND, say.EXCLUDED_AFTER)
        for match in skeleton.all(pattern)
    )
    each = next((dim for m in skeleton.all(say.EACH) for dim in _units(*m.groups())), None)
    place = skeleton.find(
        rf"(second|third|fourth|2 nd|3 rd|4 th) (?:{say.RANK}|place|ranked)|"
        r"number (two|three|2|3)|"
        r"(?:who|which|what|and)(?: \S+){0,3} (second|third|fourth|2 nd|3 rd|4 th)(?: one)?(?= |$)"
        r"(?! quarter| half)"
    )
    first = skeleton.find(rf"first ({say.COUNT})(?! {say.DIM})|({say.COUNT}) first(?! {say.DIM})")
    one = skeleton.find(
        rf"(?:the|and|then|of|what|which|that|one) (?:{say.RANK})(?: one| of all| KPI)?$|^(?:{say.RANK})$"
    )
    calculation = next((calc for calc, pattern in say.CALCULATIONS if skeleton.find(pattern)), None)
    if moved_by := skeleton.find(say.MOVED_BY):
        relative = moved_by["percent"] or moved_by["percent_more"]
        calculation = Calculation.PERCENT_CHANGE if relative else Calculation.DIFFERENCE
    subject = next((subject for subject, pattern in say.SUBJECTS if skeleton.find(pattern)), None)
    by = tuple(
        dict.fromkeys(d for pattern in say.GROUPED for m in skeleton.all(pattern) for d in _dims(m[1]))
    )
    ranked, single = _ranked(skeleton, by)
    adverbs = tuple(
        dim
        for word, dim in say.ADVERBS.items()
        if skeleton.find(word) and not skeleton.holds(rf"{word} reading")
    )
    order, top = _order(skeleton)
    averaged = calculation in {
        Calculation.ABOVE_AVERAGE,
        Calculation.BELOW_AVERAGE,
        Calculation.MOVING_AVERAGE,
    }
    measures = [
        measure for measure, pattern in say.MEASURES if skeleton.find(rf"{say.NOT_REPLACED}(?:{pattern})")
    ]
    skeleton.find(say.REPLACED)
    measure = next((m for m in measures if not (averaged and m is Measure.AVERAGE)), None)
    if calculation is Calculation.RUNNING_TOTAL and measure is Measure.SUM:
        measure = None
    window, window_unit = _window(skeleton)
    over = skeleton.find(r"(week|month|quarter|year) (?:over|on|to|by) (?:week|month|quarter|year)")
    by += _dims(over[1]) if over and not skeleton.find(say.YEAR_OVER_YEAR) else ()
    before = skeleton.find(
        rf"(?:from|over|to|with|versus|vs|than|against) (?:the |its |each |respective )*"
        rf"(?:(?:previous|prior|preceding) ({say.DIM})|({say.DIM}) before)"
    )
    by += _dims(before[1] or before[2]) if before else ()
    grouped = tuple(dim for dim in dict.fromkeys((*by, *adverbs)) if dim not in ranked)
    return Cues(
        subject=subject,
        by=grouped,
        ranked=ranked,
        single=single,
        calculation=calculation,
        measure=measure,
        several_measures=len(measures) > 1,
        order=order,
        top=top,
        conditions=conditions,
        window=window,
        window_unit=window_unit,
        each=each,
        fell=bool(skeleton.find(say.FELL) or skeleton.holds(say.LOST)),
        fiscal=bool(skeleton.find(rf"fiscal (?:{say.DIM})")),
        rose=bool(skeleton.find(say.ROSE)),
        better=bool(skeleton.find(say.BETTER)),
        worse=bool(skeleton.find(say.WORSE)),
        judged=bool(skeleton.find(say.JUDGED)),
        yes_or_no=bool(re.search(say.YES_OR_NO, skeleton.text)),
        any_at_all=bool(skeleton.find(say.ANY_AT_ALL)),
        absolute=bool(skeleton.find(say.ABSOLUTE)),
        against=bool(skeleton.text.count("PERIOD") == 1 and skeleton.find(say.AGAINST)),
        moved_by=moved_by is not None,
        per=_per(skeleton),
        inverted=bool(re.search(say.INVERTED, skeleton.text)),
        denominator=bool(skeleton.find(rf"{say.PER} KPI|{say.COST_OF_ONE}"))
        and not re.search(rf"KPI.* {say.PER} KPI", skeleton.text),
        place=say.PLACES[place[1] or place[2] or place[3]] if place else None,
        first=_whole_number(first[1] or first[2]) if first else None,
        than_that=_than_that(skeleton),
        single_out=bool(one),
        by_value=bool(skeleton.find(say.BY_VALUE)),
        excluded=excluded,
        counted=bool(skeleton.find(say.COUNTED)),
        in_percent=bool(skeleton.find(say.IN_PERCENT)),
        compared=bool(skeleton.find(say.COMPARED)),
        trend=bool(skeleton.find(say.TREND)),
        sorted=bool(skeleton.find(say.SORTED)),
        combined=bool(skeleton.find(say.COMBINED)),
        year_over_year=bool(skeleton.find(say.YEAR_OVER_YEAR)),
        definition=bool(skeleton.find(say.DEFINITION)),
        names=_names(skeleton),
        changes_data=changes,
        beyond=bool(skeleton.find(say.BEYOND)),
        said=frozenset(skeleton.said),
    )


def words() -> frozenset[str]:
    """The English words that cues are made of, as far as the patterns write them out."""
    patterns = [
        *say.GROUPED,
        *say.RANKED,
        say.COUNTED,
        say.EXCLUDED,
        say.COMPARED,
        say.TREND,
        say.SORTED,
        say.COMBINED,
        say.BEYOND,
    ]
    patterns += [
        say.DEFINITION,
        say.CHANGES_DATA,
        *(p for table in (say.CALCULATIONS, say.MEASURES, say.SUBJECTS) for _, p in table),
    ]
    return frozenset(
        word for pattern in patterns for word in re.findall(r"(?<![\w\\])[a-z]{3,}(?![\w*+?(\[])", pattern)
    ) | frozenset(say.ADVERBS)


def _standing(words: list[str]) -> list[str]:
    """The words, where to rise above or fall below a number is to be there: that is no change to work out."""
    text = re.sub(say.MOVED_PAST, r"\1was\2", " ".join(words))
    return re.sub(say.PAST_MOVED, r"\1 was", text).split()


def _dims(text: str) -> tuple[Dimension, ...]:
    found = (DIMENSION_WORDS.get(stem(word)) for word in text.split())
    return tuple(Dimension(name) for name in found if name)


def _units(*words: str | None) -> tuple[Dimension, ...]:
    """The calendar units that words such as `monthly` or `month` name."""
    said = [word for word in words if word]
    return tuple(say.ADVERBS[word] if word in say.ADVERBS else Dimension(word) for word in said)


def _ranked(skeleton: Skeleton, by: tuple[Dimension, ...]) -> tuple[tuple[Dimension, ...], bool]:
    """The dimensions whose members are picked from, and whether one is; "who" and "where" may be in `by`."""
    named = tuple(dim for dim in by if not dim.is_time)
    for pattern in say.RANKED:
        for match in skeleton.all(pattern):
            dims = _dims(match[1])
            return dims, stem(match[1]) == match[1] and not skeleton.holds(rf"{say.RANK} {say.DIM} first")
    if skeleton.holds(say.CONDITION) or skeleton.holds(say.ABOVE_OR_BELOW):
        for match in skeleton.all(rf"({say.MEMBERS})(?! (?:{say.NAMED}))"):
            return _dims(match[1]), False
    if skeleton.find(r"who"):
        compares = skeleton.find(rf"({say.NAMED}) (?:or|and|versus) (?:\S+ )?\1")
        return () if compares else named or (Dimension.TEAM,), not compares
    asked = skeleton.find(r"^(?:\S+ ){0,2}where") and (
        skeleton.find(say.CONDITION) or skeleton.find(say.MOVED)
    )
    if skeleton.find(r"where") and (skeleton.find(say.RANK) or asked):
        return named or (Dimension.REGION,), bool(skeleton.find(say.RANK))
    if skeleton.find(r"when") and (skeleton.find(say.RANK) or skeleton.holds(say.CONDITION)):
        return (Dimension.MONTH,), bool(skeleton.find(say.RANK))
    return (), False


def _order(skeleton: Skeleton) -> tuple[Order | None, int | None]:
    count = rf"(?:({say.COUNT}) )?"
    skeleton.find(r"ascending|descending")
    ways: Mapping[Order, str] = {
        Order.BEST: say.BEST,
        Order.WORST: say.WORST,
        Order.LOW: say.LOW,
        Order.HIGH: say.HIGH,
    }
    for order, pattern in ways.items():
        matches = list(skeleton.all(rf"{count}{pattern}(?: ({say.COUNT}))?"))
        if match := next((m for m in matches if m[1] or m[2]), next(iter(matches), None)):
            number = match[1] or (match[2] if match[2] != "one" else None)
            if not number and (asked := skeleton.find(rf"({say.COUNT}) {say.DIM}")):
                number = asked[1]
            return order, _whole_number(number)
    for order, pattern in say.COMPARATIVES:
        if skeleton.find(rf"(?:which|what) {say.DIM}(?: \S+){{0,4}}? (?:{pattern})(?! than)(?!.* than )"):
            return order, None
    for order, pattern in (
        (Order.LOW, r"ascending|asc|lowest first|from low to high|smallest first"),
        (
            Order.HIGH,
            r"descending|desc|from high to low|highest to lowest|(?:sort\w*|order\w*|rank\w*)(?: by)?",
        ),
    ):
        if skeleton.find(pattern):
            return order, None
    return None, None


def _than_that(skeleton: Skeleton) -> str | None:
    for operator, words in (
        (">", "more|higher|larger|better|longer"),
        ("<", "less|fewer|lower|smaller|shorter"),
    ):
        if skeleton.find(rf"(?:{words})(?: \S+)? than (?:that|this|it)"):
            return operator
    return None


def _per(skeleton: Skeleton) -> int | None:
    match = skeleton.find(
        rf"(?:per|for each|for every|to each|to every) ({say.NUMBER}|hundred|thousand|million)(?= )"
    )
    if not match:
        return None
    number = say.PER_WORDS.get(match[1]) or _decimal(match[1])
    return int(number) if number == int(number) and number > 1 else None


def _whole_number(word: str | None) -> int | None:
    if not word:
        return None
    return NUMBERS.get(word) or int(word)


def _conditions(skeleton: Skeleton) -> tuple[Condition, ...]:
    found: list[tuple[int, Condition]] = []
    reading = skeleton.holds(say.ON_READINGS) and not skeleton.holds(say.IN_A_UNIT)
    verbs = r"(?:is |was |were |are |stay\w* |went |go |of |be |been )*"
    if between := skeleton.find(say.BETWEEN):
        low, high = _decimal(between[1]), _decimal(between[2])
        if low < high / 1000 and " " in between[2] and " " not in between[1]:
            low = _decimal(f"{between[1]} {between[2].partition(' ')[2]}")
        return (Condition(">=", low, reading), Condition("<=", high, reading))
    for operator, pattern in say.CONDITIONS:
        number = rf"{say.COMPARED_WITH}(?P<number>{say.NUMBER})"
        for match in skeleton.all(rf"{say.DENIED}{verbs}(?:{pattern}) {number}"):
            if operator == ">=" and match[0].startswith("from"):
                continue
            meant = say.NEGATED[operator] if match["not"] else operator
            found.append((match.start(), Condition(meant, _decimal(match["number"]), reading)))
    for operator, pattern in () if found else say.LATE_CONDITIONS:
        if not found and (late := skeleton.find(pattern)):
            found.append((late.start(), Condition(operator, _decimal(late[1]), reading)))
    return tuple(condition for _, condition in sorted(found, key=lambda pair: pair[0]))


def _decimal(written: str) -> Decimal:
    number, _, scale = written.partition(" ")
    number = str(NUMBERS.get(number, number))
    groups = number.split(",")
    if len(groups) > 1 and all(len(group.split(".")[0]) == 3 for group in groups[1:]):
        number = number.replace(",", "")
    if number.count(".") > 1:
        number = number.replace(".", "")
    return Decimal(number.replace(",", ".")) * say.SCALES.get(scale, 1)


def _window(skeleton: Skeleton) -> tuple[int | None, Dimension | None]:
    """How many of which calendar unit a moving average spans ("4 week moving average")."""
    skeleton.find(r"chang\w*")
    match = skeleton.find(rf"({say.COUNT}) ({say.DIM}) (?:moving|rolling|running)") or skeleton.find(
        rf"(?:moving|rolling|running) (?:average|mean)(?: \S+){{0,5}}? (?:over|across|of|with|in) "
        rf"(?:a |the )*({say.COUNT}) ({say.DIM})"
    )
    return (_whole_number(match[1]), _dims(match[2])[0]) if match else (None, None)


def _names(skeleton: Skeleton) -> Dimension | None:
    """The dimension whose names are asked for, without any number: "which teams do we have"."""
    ways = (
        rf"(?:which|what|list|show|name|how many|give me|tell me|are there|number of|count)(?: me)?"
        rf"(?: (?:are|of|all|the|our|different|available|{say.NAMED}))* ({say.DIM})",
        rf"(?:which|what) ({say.DIM}) (?:does|do|is|are)",
        rf"^({say.DIM}) (?:per|by|in|of|for)",
        rf"(?:part of|belongs? to|in) (?:which|what) ({say.DIM})",
        rf"({say.DIM}) (?:do we|are there|exist|can i|belong|are part|are in|is in)",
    )
    for way in ways:
        if match := re.search(rf"(?<!\S)(?:{way})(?!\S)", skeleton.text):
            dims = _dims(match[1])
            return dims[0] if dims else None
    return None
