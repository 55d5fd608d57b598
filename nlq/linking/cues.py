"""Cues: the English phrases of a question that say what to do with the numbers.

They are looked up in a question's skeleton: its folded words, where names have become `KPI`, `TEAM`, ... and
periods `PERIOD`, so that "revenue by team since May" reads `KPI by team PERIOD`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from nlq.linking.points import NUMBERS
from nlq.linking.vocabulary import DIMENSION_WORDS
from nlq.linking.words import stem
from nlq.plan.model import Calculation, Condition, Dimension, Measure, Order, Subject

_DIM = (
    r"(?:teams?|squads?|departments?|depts?|divisions?|regions?|territor(?:y|ies)|countr(?:y|ies)|"
    r"categor(?:y|ies)|severit(?:y|ies)|kpis?|metrics?|indicators?|years?|quarters?|months?|weeks?|days?)"
)
_NAMED = r"(?:TEAM|DEPARTMENT|REGION|COUNTRY|CATEGORY|SEVERITY|KPI)"
_NUMBER = r"\d+(?:[.,]\d+)*(?: (?:k|m|bn|thousand|million|billion)\b)?"
_COUNT = rf"(?:\d+|{'|'.join(NUMBERS)})"
_HIGH = r"(?:highest|most expensive|most|largest|biggest|greatest|longest|priciest|costliest|top|maximum|max|peak|peaked|record high|heaviest)"
_LOW = r"(?:lowest|least expensive|least|fewest|smallest|shortest|cheapest|bottom|minimum|min|record low)"
_BEST = r"(?:best|leading|leads?|led|strongest|fastest|quickest|fastest performing|winner|winning|wins|won|healthiest|safest|most improved)"
_WORST = r"(?:worst|weakest|poorest|slowest|struggling the most|struggles the most|lagging)"
_RANK = rf"(?:{_HIGH}|{_LOW}|{_BEST}|{_WORST}|highest|lowest)"
_ADVERBS = {
    "daily": Dimension.DAY,
    "weekly": Dimension.WEEK,
    "monthly": Dimension.MONTH,
    "quarterly": Dimension.QUARTER,
    "yearly": Dimension.YEAR,
    "annual": Dimension.YEAR,
    "annually": Dimension.YEAR,
}
_SCALES = {"k": 1000, "thousand": 1000, "m": 10**6, "million": 10**6, "bn": 10**9, "billion": 10**9}

_GROUPED = [
    rf"(?:by|per) (?!{_DIM}|{_NAMED}|PERIOD|the|all|our|each|every|single)[a-z]+ ({_DIM})(?! \d)",
    rf"(?:by|per|(?:for|in|of|across)? ?(?:each|every)(?: of)?|across(?: all)?|broken down by|split by|for all|"
    rf"grouped by|by each|compare|between) (?:the |all |our )*(?:different |individual |various |fiscal |single )*"
    rf"({_DIM}(?: (?:and |then )?(?:by |per |the )*{_DIM})*)(?! \d)",
    r"(?:over|through|across|between) (?:the |all |our )*(?:individual |single |different )?"
    r"(years|quarters|months|weeks|days|teams|departments|regions|countries|categories|kpis)(?! \d| TEAM| REGION| DEPARTMENT| COUNTRY)",
    r"(?:in|among|for|of|at) (?:the|our|all|all the|all our|individual|the individual|different|the different) "
    r"(teams|departments|regions|countries|categories)(?! TEAM| REGION| DEPARTMENT| COUNTRY| with| where| that| in| of)",
    rf"(?:individual|single) ({_DIM})",
    rf"({_DIM}) wise",
    rf"({_DIM} and {_DIM}) combinations?",
    rf"all (?:the |our )?({_DIM})",
    rf"\b({_DIM}) (?:comparison|ranking|breakdown|split)",
]
_RANKED = [
    rf"(?:which|what)(?: (?:are|is|was|were))?(?: the)?(?: {_COUNT})?(?: (?:{_RANK}))?(?: {_COUNT})? ({_DIM}(?: and {_DIM})?)"
    r"(?! (?:does|do|is|are) (?:TEAM|REGION|DEPARTMENT)\b)",
    rf"{_RANK}(?: {_COUNT})?(?: (?:performing|KPI|scoring|ranking|ranked|anomal\w+))?(?: {_COUNT})? ({_DIM})",
    rf"{_COUNT} {_RANK}(?: (?:performing|KPI))? ({_DIM})",
    rf"^(?:(?:list|show|give|me|all|the|our|please|name|find|and|those) )*({_DIM})(?: \S+){{0,6}} (?:above|below|over|under|better than|worse than|more than|less than|fewer than|at least|at most|exceeded|exceeding|higher than|lower than)",
    rf"\b({_DIM})(?: (?:in|of|since))?(?: PERIOD)? (?:with|where|that|whose|having|had|has|have|above|below|over|under|exceed\w*|is|was|were|are)(?! {_DIM})",
    rf"({_DIM}) (?:by|according to|sorted by|ordered by|ranked by|in order of|in terms of) (?:the |their |its )?KPI",
    rf"rank(?:ed|ing)?(?: of| all| the| our)* ({_DIM})",
    rf"how many (?:of (?:the|our) )?({_DIM})(?: (?:of|in|since|during))?(?: PERIOD)? (?:do|does|was|were|KPI|we|with|(?:\S+ ){{0,6}}(?:more|less|fewer|above|below|over|under|exceed\w*|at least|at most))(?! have\b|there\b|exist)",
    rf"how many (?:of (?:the|our) )?({_DIM}) (?:had|have|has|were|was|with|exceed\w*|did|are|is)\b",
    rf"number of ({_DIM})(?: (?:in|of|since))?(?: PERIOD)? (?:with|where|that|whose|having|had|above|below)\b",
]
_FELL = r"(?:drop\w*|decreas\w*|fell|fall\w*|declin\w*|reduc\w*|losses|loss|cut)"
_ROSE = r"(?:increas\w*|ris\w+|rose|gr[eo]w\w*|gain\w*)"
_BETTER, _WORSE = r"(?:improv\w*)", r"(?:worsen\w*|deteriorat\w*)"
_MOVED = rf"(?:{_FELL}|{_BETTER}|{_WORSE}|increas\w*|ris\w+|rose|gain\w*|jump\w*|chang\w*)"
_STRONGEST = (
    r"(?:(?:the )?(?:most|least|strongest|fastest|biggest|largest|highest|steepest|sharpest|strongly))"
)
_PER = r"(?:per|for each|divided by|for every|relative to)(?: (?:single|each|one|unit of|the|a|an|every|\w{1,12} of))*"
_CALCULATIONS: list[tuple[Calculation, str]] = [
    (
        Calculation.CONTRIBUTION,
        r"why|(?:what|which (?:teams?|regions?)(?: and (?:teams?|regions?))?) (?:is|are|was|were)? ?(?:behind|responsible for|driving|drove|causing|caused)|drivers? (?:of|behind)|(?:biggest|main|largest) (?:contribut\w+|drivers?|causes?)",
    ),
    (Calculation.CORRELATION, r"correlat\w*"),
    (
        Calculation.PERCENT_RATIO,
        r"KPI (?:as|in) (?:a )?(?:percent(?:age)?|%) of (?:the )?KPI|(?:percent(?:age)?|%) (?:of )?KPI (?:of|to|in) (?:the )?KPI",
    ),
    (
        Calculation.RATIO,
        rf"ratio(?:s)?(?: (?:of|between))?|KPI (?:{_PER}|by) (?:\S+ of )?(?:the )?KPI|per (?=(?!{_DIM}|{_NAMED}|PERIOD|head|average|each|every|the|our|single|all|day)[a-z])|how (?:many|much) KPI {_PER} KPI|"
        rf"KPI(?: \S+){{0,6}} {_PER} KPI|{_PER} KPI",
    ),
    (Calculation.MOVING_AVERAGE, r"(?:(?:moving|rolling|running) (?:average|mean))"),
    (Calculation.RUNNING_TOTAL, r"(?:running (?:total|sum)|cumulative(?:ly)?|accumulated|cumulated)"),
    (
        Calculation.ABOVE_AVERAGE,
        r"(?:above|over|better than|higher than|more than|exceed\w*|greater than|more KPI than|(?:more|higher|greater) \S+ than|longer than|higher KPI than|outperform\w*) "
        r"(?:in |on |for )?(?:the |an |their |our )?(?:overall |company |general |total |team s? ?|region s? ?|teams |regions |group )?(?:average|mean)",
    ),
    (
        Calculation.BELOW_AVERAGE,
        r"(?:below|under|lower than|less than|fewer than|worse than|beneath|less KPI than|fewer KPI than|lower KPI than|(?:less|fewer|lower) \S+ than|shorter than|underperform\w*) "
        r"(?:in |on |for )?(?:the |an |their |our )?(?:overall |company |general |total |team |region |teams |regions |group )?(?:average|mean)",
    ),
    (
        Calculation.PERCENT_FROM_PREVIOUS,
        r"(?:(?:percent(?:age)?|%) (?:change|growth) (?:from|over|versus|vs|compared (?:to|with)) "
        rf"(?:the )?(?:previous|prior|last|preceding) {_DIM}|"
        rf"(?:percent(?:age)?|%|relative) (?:change|growth)(?: rates?)? (?=(?:by|per|each|every) {_DIM})|"
        r"(?:monthly|quarterly|yearly|annual|weekly) (?:growth|percent(?:age)? change)(?: rates?)?|"
        rf"(?:percent(?:age)?|%|relative) chang\w*(?: of KPI)?(?: in| of)?(?: PERIOD)? (?:compared )?(?:from|to|versus|over|against) (?:the |its |each )?(?:previous|prior|preceding|respective) (?:one|{_DIM})|"
        r"growth(?: rates?)? (?=(?:by|per|each|every) (?:month|quarter|year|week))|"
        r"(?:month|quarter|week) (?:over|on|by) (?:month|quarter|week) (?:growth|percent(?:age)?(?: change)?)|"
        r"\b(?:mom|qoq|wow)\b(?: growth)?)",
    ),
    (
        Calculation.CHANGE,
        rf"(?:chang\w*|differences?|deltas?) (?:from|to|versus|vs|against|compared (?:to|with)) (?:the |one |its |each )*"
        rf"(?:(?:previous|prior|preceding) (?:one|{_DIM})|{_DIM} before)|chang\w* (?=(?:by|per|each|every|from) {_DIM})|"
        r"chang\w* from {_DIM} to {_DIM}|"
        r"(?:month|quarter|week) (?:over|on|to|by) (?:month|quarter|week)(?: changes?| differences?)?|"
        r"(?:monthly|quarterly|yearly|annual|weekly) (?:changes?|differences?)|"
        rf"(?:compared (?:to|with)|versus|vs|from|over|against) (?:the |its |each )*(?:(?:previous|prior|preceding) (?:one|{_DIM})|{_DIM} before)|"
        rf"(?:by how much|how much|how) .{{0,60}}chang\w* (?:each|every|per|by) {_DIM}|"
        rf"(?:increas\w*|decreas\w*|drop\w*|ris\w+|f[ae]ll\w*) (?:each|every|from) {_DIM}(?: to {_DIM})?",
    ),
    (
        Calculation.PERCENT_CHANGE,
        rf"(?:grew|grown?|growth|growing)(?: \S+){{0,8}} {_STRONGEST}|{_STRONGEST}(?: \S+){{0,2}} (?:growth|grown?|grew|growing)|"
        r"(?:(?:percent(?:age)?|%|relative)(?: wise)? (?:changes?|growth|increase|decrease|difference|drop|rise|improvement|decline)|"
        r"(?:change[sd]?|growth|increase[sd]?|decrease[sd]?|difference|drop(?:ped)?|improvement|decline[sd]?|grew|fell|rose|grow)(?: \S+){0,12} in (?:percent|%)|"
        r"(?:year over year|year on year|yoy|y o y)(?: (?:growth|change))?|growth(?: rate)?|"
        r"by (?:how (?:many|much)|what) (?:percent(?:age)?|%)|how much (?:percent|%)|"
        r"(?:how much|how|did|has|have|by how much).{0,60}\b(?:grow|grown|grew)\b)",
    ),
    (
        Calculation.DIFFERENCE,
        rf"{_MOVED}(?: \S+){{0,8}} {_STRONGEST}|{_STRONGEST} (?:\S+ )?{_MOVED}|"
        r"(?:(?:left|remain\w*)(?: \S+)* KPI(?: \S+)* KPI(?: \S+)* minus|KPI minus (?:the )?KPI|minus (?:the )?KPI|(?:left|remains?|remaining) (?:of|from|over)(?: \S+)* (?:after|minus)|differences?|differ(?:ed|s)?|gap|delta|(?:how much|how many) (?:more|less|fewer)|how much (?:more|less|higher|lower|better|worse|faster|slower|bigger)|"
        r"(?:how much|by how much|how|did|has|have)\b.{0,60}\b(?:chang\w*|increas\w*|decreas\w*|ris\w+|rose|"
        r"fall\w*|fell|drop\w*|improv\w*|declin\w*)|change (?:from|between|in|of)|increase (?:from|between|in)|"
        r"decrease (?:from|between|in)|drop (?:from|between|in))",
    ),
    (
        Calculation.SHARE,
        r"(?:shares?|how (?:much|many) of (?:\S+ ){1,12}(?:in|as a) percent\w*|(?:in|as a) (?:relation|proportion|percent(?:age)?) (?:to|of) (?:the )?(?:total|whole|all)|(?:percent(?:age)?|%|fraction|portion|part) of|proportion\w*|contribut\w+|in relation to all|"
        r"(?:what|which) (?:percent(?:age)?|%|part|portion|fraction))",
    ),
    (Calculation.PERCENT_CHANGE, r"(?:by|in) (?:percent|%)"),
]
_MEASURES: list[tuple[Measure, str]] = [
    (Measure.MEDIAN, r"median|50th percentile"),
    (
        Measure.SUM,
        r"total(?:s|ed|led)?|sum(?:med)?|altogether|in total|add(?:ed)? up|overall total|aggregate",
    ),
    (Measure.AVERAGE, r"averages?|mean|avg|on average|typical(?:ly)?"),
    (
        Measure.MAX,
        r"(?:highest|largest|biggest|maximum|max|top) (?:single|individual|anomalies)(?: readings?| values?| measurements?)?|record (?:value|reading)|maximum",
    ),
    (
        Measure.MIN,
        r"(?:lowest|smallest|minimum|min) (?:single|individual|anomalies)(?: readings?| values?| measurements?)?",
    ),
    (Measure.LAST, r"latest|most recent|newest|last (?:known|recorded|reading|value)|current(?:ly)? value"),
]
_SUBJECTS: list[tuple[Subject, str]] = [
    (Subject.ANOMALIES, r"anomal\w*|outliers?|abnormal\w*|irregularit\w*|alerts?"),
    (
        Subject.READINGS,
        r"readings?|data ?points?|measurements?|records?\b|entries|observations?|(?:single|individual|raw) values?|"
        r"rows of data|data rows|rows",
    ),
]
_COUNTED = r"how many|number of|count(?: of)?|how often|how many times"
_EXCLUDED = (
    r"(?:except(?: for)?|excluding|exclude[sd]?|without|other than|apart from|aside from|but not|not including|"
    r"ignor\w+|leaving (?:out|aside)|forget\w*(?: about)?|disregard\w*|not in|outside(?: of)?|besides|minus(?! (?:the )?KPI)|leave out|not counting)"
    rf"((?: (?:for|the|and|or|in|of|all|our|region|team|country|department|kpi)| {_NAMED})+)"
)
_EXCLUDED_AROUND = rf"(?:leaving|leave|setting|putting|taking) ((?:the |team |region )*{_NAMED}(?: (?:and|or) {_NAMED})*) (?:out|aside|away)"
_EXCLUDED_AFTER = rf"({_NAMED}(?: (?:and|or) {_NAMED})*)(?: \w+){{0,2}} (?:excluded|left out|leave out|aside|excluding)(?! {_NAMED}| the)"
_EACH = (
    r"(?:average|mean|avg) (?:number of )?(daily|weekly|monthly|quarterly|yearly|annual)|"
    r"(daily|weekly|monthly|quarterly|yearly|annual) (?:average|mean)|"
    r"(?:average|mean|avg)(?: (?:number of|the|of|total))* (?:KPI|anomal\w+)(?: \S+){0,5}? (?:per|a) (day|week|month|quarter|year)|"
    r"(?:per|a|each|every) (day|week|month|quarter|year)(?:,? PERIOD)? on average|"
    r"on average(?:,? \S+){0,6}? (?:per|a|each|every) (day|week|month|quarter|year)|"
    r"(?<!than )(?:in|during) an? (?:average|typical) (day|week|month|quarter|year)|"
    r"(?<!than the )(?<!than an )average (day|week|month|quarter|year)(?! over)"
)
_YEAR_OVER_YEAR = r"year over year|year on year|yoy|y o y"
_COMPARED = r"compar\w*|versus|vs|against|relative to|side by side"
_TREND = (
    r"trends?(?:ing)?|develop\w*|evol\w+|over time|history of|trajectory|timeline|time series|progress\w*|"
    r"over the course of"
)
_BY_VALUE = r"values?|how (?:high|low|large|big)|levels?|measured|readings? (?:behind|of|with|that)"
_PLACES = {"second": 2, "2 nd": 2, "third": 3, "3 rd": 3, "fourth": 4, "4 th": 4}
_COMPARATIVES = (
    (Order.HIGH, r"more|higher|bigger|larger|greater|longer"),
    (Order.LOW, r"less|fewer|lower|smaller|shorter|cheaper"),
    (Order.BEST, r"better|stronger|faster"),
    (Order.WORST, r"worse|weaker|slower"),
)
_SORTED = r"(?:sort\w*|order\w*|rank\w*)(?: (?:from|by))?"
_COMBINED = r"combined|together|in total for|altogether|summed|taken together"
_DEFINITION = (
    r"(?:meant by|what (?:\w+ )?(?:does|do|is).{0,40}\b(?:mean|measure|stand for|say|about)|defin\w+|meaning of|explain\w*|"
    r"descri(?:be|ption)\w*|(?:which|what) units?|units? of|unit is|measured in|how (?:is|are) (?:KPI|it|the KPI) "
    r"(?:defined|calculated|computed|measured)|what (?:is|are) (?:a |an |the )?KPI(?: and)?$)"
)
_CHANGES_DATA = (
    r"^(?:please |can you |could you |would you |will you |pls |kindly |now |i want to |i need to |i d like to |"
    r"i want you to |i need you to |i d like you to |we need to |let s |go ahead and |go and |just |hey |hi |ok |quickly )*"
    rf"(?:delete|remove|erase|drop|insert|add(?! {_NAMED})|update|modify|alter|truncate|create|overwrite|reset|edit|rename|"
    r"set|correct|fix|wipe|purge|increase|decrease|store|save|change|grant|revoke|replace)\b(?! (?:from|in|of) )(?!.{0,40}\bdid\b)|"
    r"\b(?:and|then|after that|afterwards|also|but|danach) (?:\S+ ){0,2}(?:set|delete|remove|erase|update|change|insert|overwrite|"
    r"truncate|correct|wipe|purge|rename|replace|add|lower|raise|double|reset) (?:it|them|that|those|the|all|every|this|its|their|to|a|an|any|ihn|sie|our)\b|"
    rf"\b(?:deleting|delete|erasing|erase|truncating|truncate|wiping|wipe|purging|purge|overwriting|overwrite)\b(?: \S+){{0,4}} "
    rf"(?:{_DIM}|anomal\w+|readings?|rows?|records?|tables?|data|history|entries|everything|TEAM|REGION|KPI|values?)\b|"
    r"\bget rid of\b|\b(?:correct|change|set|update|fix|adjust|put|bring|close|mark) (?:it|them|that|this|those|these|everything)"
    r"(?: then| all| everywhere)* (?:to|in|as|on|up|down)\b|"
    r"\b(?:drop|delete|remove|erase|take|strip)\b.{0,60}\b(?:from|out of) (?:the |our )?(?:database|tables?|db|system|records?)\b|"
    r"\bwrite access\b|\b(?:insert|update|delete) (?:into|from|set)\b"
)
_BEYOND = (
    r"standard deviations?|variance|volatil\w+|percentiles?|forecast\w*|predict\w*|project(?:ed|ion)\w*|"
    r"consecutive\w*|in a row|streak|distribution|histogram|regression|times as|"
    r"multiplied|weighted|twice|double|per cent of target"
)


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
    denominator: bool = False
    """The only KPI that it names stands under the line: "... per order"."""
    excluded: tuple[tuple[int, int], ...] = ()
    """Spans of words in which names are meant to be left out."""
    counted: bool = False
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
    skeleton = Skeleton(words)
    changes = bool(re.search(_CHANGES_DATA, skeleton.text))
    conditions = _conditions(skeleton)
    excluded = tuple(
        skeleton.span(*match.span(1))
        for pattern in (_EXCLUDED, _EXCLUDED_AROUND, _EXCLUDED_AFTER)
        for match in skeleton.all(pattern)
    )
    each = next((dim for m in skeleton.all(_EACH) for dim in _units(*m.groups())), None)
    place = skeleton.find(
        rf"(second|third|fourth|2 nd|3 rd|4 th) (?:{_RANK}|place|ranked)|"
        r"(?:who|which|what|and)(?: \S+){0,3} (second|third|fourth|2 nd|3 rd|4 th)(?: one)?(?= |$)(?! quarter| half)"
    )
    first = skeleton.find(rf"first ({_COUNT})(?! {_DIM})|({_COUNT}) first(?! {_DIM})")
    one = skeleton.find(
        rf"(?:the|and|then|of|what|which|that|one) (?:{_RANK})(?: one| of all)?$|^(?:{_RANK})$"
    )
    calculation = next((calc for calc, pattern in _CALCULATIONS if skeleton.find(pattern)), None)
    subject = next((subject for subject, pattern in _SUBJECTS if skeleton.find(pattern)), None)
    ranked, single = _ranked(skeleton)
    by = tuple(dict.fromkeys(d for pattern in _GROUPED for m in skeleton.all(pattern) for d in _dims(m[1])))
    adverbs = tuple(dim for word, dim in _ADVERBS.items() if skeleton.find(word))
    order, top = _order(skeleton)
    averaged = calculation in {
        Calculation.ABOVE_AVERAGE,
        Calculation.BELOW_AVERAGE,
        Calculation.MOVING_AVERAGE,
    }
    measures = [measure for measure, pattern in _MEASURES if skeleton.find(pattern)]
    measure = next((m for m in measures if not (averaged and m is Measure.AVERAGE)), None)
    if calculation is Calculation.RUNNING_TOTAL and measure is Measure.SUM:
        measure = None
    window, window_unit = _window(skeleton)
    over = skeleton.find(r"(week|month|quarter|year) (?:over|on|to|by) (?:week|month|quarter|year)")
    by += _dims(over[1]) if over and not skeleton.find(_YEAR_OVER_YEAR) else ()
    before = skeleton.find(
        rf"(?:from|over|to|with|versus|vs|than|against) (?:the |its |each |respective )*"
        rf"(?:(?:previous|prior|preceding) ({_DIM})|({_DIM}) before)"
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
        order=order,
        top=top,
        conditions=conditions,
        window=window,
        window_unit=window_unit,
        each=each,
        fell=bool(skeleton.find(_FELL)),
        fiscal=bool(skeleton.find(rf"fiscal (?:{_DIM})")),
        rose=bool(skeleton.find(_ROSE)),
        better=bool(skeleton.find(_BETTER)),
        worse=bool(skeleton.find(_WORSE)),
        denominator=bool(skeleton.find(rf"{_PER} KPI"))
        and not re.search(rf"KPI.* {_PER} KPI", skeleton.text),
        place=_PLACES[place[1] or place[2]] if place else None,
        first=_whole_number(first[1] or first[2]) if first else None,
        than_that=_than_that(skeleton),
        single_out=bool(one),
        by_value=bool(skeleton.find(_BY_VALUE)),
        excluded=excluded,
        counted=bool(skeleton.find(_COUNTED)),
        compared=bool(skeleton.find(_COMPARED)),
        trend=bool(skeleton.find(_TREND)),
        sorted=bool(skeleton.find(_SORTED)),
        combined=bool(skeleton.find(_COMBINED)),
        year_over_year=bool(skeleton.find(_YEAR_OVER_YEAR)),
        definition=bool(skeleton.find(_DEFINITION)),
        names=_names(skeleton),
        changes_data=changes,
        beyond=bool(skeleton.find(_BEYOND)),
        said=frozenset(skeleton.said),
    )


def words() -> frozenset[str]:
    """The English words that cues are made of, as far as the patterns write them out."""
    patterns = [*_GROUPED, *_RANKED, _COUNTED, _EXCLUDED, _COMPARED, _TREND, _SORTED, _COMBINED, _BEYOND]
    patterns += [
        _DEFINITION,
        _CHANGES_DATA,
        *(p for table in (_CALCULATIONS, _MEASURES, _SUBJECTS) for _, p in table),
    ]
    return frozenset(
        word for pattern in patterns for word in re.findall(r"(?<![\w\\])[a-z]{3,}(?![\w*+?(\[])", pattern)
    ) | frozenset(_ADVERBS)


def _dims(text: str) -> tuple[Dimension, ...]:
    found = (DIMENSION_WORDS.get(stem(word)) for word in text.split())
    return tuple(Dimension(name) for name in found if name)


def _units(*words: str | None) -> tuple[Dimension, ...]:
    """The calendar units that words such as `monthly` or `month` name."""
    said = [word for word in words if word]
    return tuple(_ADVERBS[word] if word in _ADVERBS else Dimension(word) for word in said)


def _ranked(skeleton: Skeleton) -> tuple[tuple[Dimension, ...], bool]:
    for pattern in _RANKED:
        for match in skeleton.all(pattern):
            dims = _dims(match[1])
            return dims, stem(match[1]) == match[1]
    if skeleton.find(r"who"):
        return (Dimension.TEAM,), True
    if skeleton.find(r"where") and skeleton.find(_RANK):
        return (Dimension.REGION,), True
    if skeleton.find(r"when") and skeleton.find(_RANK):
        return (Dimension.MONTH,), True
    return (), False


def _order(skeleton: Skeleton) -> tuple[Order | None, int | None]:
    count = rf"(?:({_COUNT}) )?"
    ways: Mapping[Order, str] = {Order.BEST: _BEST, Order.WORST: _WORST, Order.LOW: _LOW, Order.HIGH: _HIGH}
    for order, pattern in ways.items():
        if match := skeleton.find(rf"{count}{pattern}(?: ({_COUNT}))?"):
            number = match[1] or (match[2] if match[2] != "one" else None)
            if not number and (asked := skeleton.find(rf"({_COUNT}) {_DIM}")):
                number = asked[1]
            return order, _whole_number(number)
    for order, pattern in _COMPARATIVES:
        if skeleton.find(rf"(?:which|what) {_DIM}(?: \S+){{0,4}}? (?:{pattern})(?! than)(?!.* than )"):
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


def _whole_number(word: str | None) -> int | None:
    if not word:
        return None
    return NUMBERS.get(word) or int(word)


def _conditions(skeleton: Skeleton) -> tuple[Condition, ...]:
    found: list[Condition] = []
    reading = bool(
        re.search(
            r"\b(?:readings?|measurements?|values|data ?points?|how often|times|ever|records|entries|observations?)\b",
            skeleton.text,
        )
    )
    verbs = r"(?:is |was |were |are |stay\w* |went |go |of |be |been )*"
    ways = (
        (">=", r"at least|no less than|not less than|>=|from|minimum of|or more"),
        ("<=", r"at most|no more than|not more than|<=|maximum of|up to|or less"),
        (
            ">",
            r"above|over|more than|greater than|higher than|bigger than|exceed\w*|>|larger than|longer than|"
            r"beyond|better than|in excess of",
        ),
        ("<", r"below|under|less than|lower than|smaller than|fewer than|<|shorter than|beneath|worse than"),
        ("=", r"exactly|equal to|equals|="),
    )
    if between := skeleton.find(rf"between ({_NUMBER})(?: %)? and ({_NUMBER})"):
        low, high = _decimal(between[1]), _decimal(between[2])
        return (Condition(">=", low, reading), Condition("<=", high, reading))
    for operator, pattern in ways:
        for match in skeleton.all(rf"{verbs}(?:{pattern}) (?:the |a |an )?(?:[a-z]{{2,4}} )?({_NUMBER})"):
            if operator == ">=" and match[0].startswith("from"):
                continue
            found.append(Condition(operator, _decimal(match[1]), reading))
    return tuple(found)


def _decimal(written: str) -> Decimal:
    number, _, scale = written.partition(" ")
    groups = number.split(",")
    if len(groups) > 1 and all(len(group.split(".")[0]) == 3 for group in groups[1:]):
        number = number.replace(",", "")
    if number.count(".") > 1:
        number = number.replace(".", "")
    return Decimal(number.replace(",", ".")) * _SCALES.get(scale, 1)


def _window(skeleton: Skeleton) -> tuple[int | None, Dimension | None]:
    """How many of which calendar unit a moving average spans ("4 week moving average")."""
    match = skeleton.find(rf"({_COUNT}) ({_DIM}) (?:moving|rolling|running)")
    return (_whole_number(match[1]), _dims(match[2])[0]) if match else (None, None)


def _names(skeleton: Skeleton) -> Dimension | None:
    """The dimension whose names are asked for, without any number: "which teams do we have"."""
    ways = (
        rf"(?:which|what|list|show|name|how many|give me|tell me|are there|number of|count)(?: me)?"
        rf"(?: (?:are|of|all|the|our|different|available|{_NAMED}))* ({_DIM})",
        rf"(?:which|what) ({_DIM}) (?:does|do|is|are)",
        rf"^({_DIM}) (?:per|by|in|of|for)",
        rf"({_DIM}) (?:do we|are there|exist|can i|belong|are part|are in|is in)",
    )
    for way in ways:
        if match := re.search(rf"(?<!\S)(?:{way})(?!\S)", skeleton.text):
            dims = _dims(match[1])
            return dims[0] if dims else None
    return None
