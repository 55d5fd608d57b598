"""The phrases that say what to do with the numbers, as patterns over a question's skeleton; see `nlq.linking.cues`."""

from nlq.linking.time_words import NUMBERS
from nlq.plan.model import Calculation, Dimension, Measure, Order, Subject

DIM = (
    r"(?:teams?|squads?|departments?|depts?|divisions?|regions?|territor(?:y|ies)|countr(?:y|ies)|"
    r"categor(?:y|ies)|severit(?:y|ies)|kpis?|metrics?|indicators?|years?|quarters?|months?|weeks?|days?)"
)
NAMED = r"(?:TEAM|DEPARTMENT|REGION|COUNTRY|CATEGORY|SEVERITY|KPI)"
COUNT = rf"(?:\d+|{'|'.join(NUMBERS)})"
NUMBER = rf"(?:\d+(?:[.,]\d+)*|{'|'.join(NUMBERS)}\b)(?: (?:k|m|bn|thousand|million|billion)\b)?"
HIGH = r"(?:highest|most expensive|(?<!at )most|largest|biggest|greatest|longest|priciest|costliest|top|maximum|max|peak|peaked|record high|heaviest|busiest|fattest|richest|hungriest|commonest)"
LOW = r"(?:lowest|least expensive|(?<!at )least|fewest|smallest|shortest|cheapest|quietest|rarest|bottom|minimum|min|record low)"
BEST = r"(?:best|leading|leads?|led|strongest|fastest|quickest|fastest performing|winner|winning|wins|won|healthiest|safest|happiest|cleanest|most improved)"
WORST = r"(?:worst|weakest|poorest|slowest|struggling the most|struggles the most|lagging|dirtiest|unhappiest|saddest)"
RANK = rf"(?:{HIGH}|{LOW}|{BEST}|{WORST}|highest|lowest)"
BETTER_THAN, WORSE_THAN = "better", "worse"
"""Comparisons whose sign follows from which way is good for the KPI."""
NEGATED = {
    ">": "<=",
    "<": ">=",
    ">=": "<",
    "<=": ">",
    "=": "=",
    BETTER_THAN: WORSE_THAN,
    WORSE_THAN: BETTER_THAN,
}
"""What a comparison means after "not"."""
DENIED = r"(?P<not>(?:not|no) (?:\S+ ){0,2}?)?"
COMPARED_WITH = r"(?:KPI )?(?:the |a |an )?(?:[a-z]{2,4} )?"
"""Words between a comparison and its number."""
CONDITIONS = (
    (">=", r"at least|>=|from|minimum of|or more|hit|hits|hitting|reach\w*"),
    ("<=", r"at most|<=|maximum of|up to|or less"),
    (
        ">",
        r"above|over|more than|greater than|higher than|bigger than|exceed\w*|>|larger than|longer than|"
        r"beyond|in excess of|past|passed|top(?:s|ped)?(?= \d+[.,]?\d{3})",
    ),
    ("<", r"below|under|less than|lower than|smaller than|fewer than|<|shorter than|beneath"),
    (BETTER_THAN, r"better than"),
    (WORSE_THAN, r"worse than"),
    ("=", r"exactly|equal to|equals|="),
)
COMPARISON = rf"(?:{'|'.join(words for sign, words in CONDITIONS if sign != '=')})"
PER_WORDS = {"hundred": 100, "thousand": 1000, "million": 10**6}
ADVERBS = {
    "daily": Dimension.DAY,
    "weekly": Dimension.WEEK,
    "monthly": Dimension.MONTH,
    "quarterly": Dimension.QUARTER,
    "yearly": Dimension.YEAR,
    "annual": Dimension.YEAR,
    "annually": Dimension.YEAR,
}
SCALES = {"k": 1000, "thousand": 1000, "m": 10**6, "million": 10**6, "bn": 10**9, "billion": 10**9}

MEMBERS = r"(?:teams|departments|regions|territories|countries|quarters|months|weeks)"
ABOVE_OR_BELOW = r"(?:above|below|than|over|under|exceed\w*)(?: \S+){0,3} (?:average|mean)"
CONDITION = rf"{COMPARISON} (?:the |a )?{NUMBER}"
LATE_CONDITIONS = (
    ("<", rf"({NUMBER})(?: (?!\d)\S+){{0,4}}? not (?:reach\w*|hit|achiev\w*)"),
    ("<=", rf"({NUMBER})(?: (?!\d)\S+){{0,4}}? not exceed\w*"),
    (">", rf"({NUMBER})(?: (?!\d)\S+){{0,2}}? (?:exceed\w*|above)(?! \S*\d)"),
    ("<", rf"({NUMBER})(?: (?!\d)\S+){{0,2}}? below(?! \S*\d)"),
    (">=", rf"({NUMBER})(?: (?!\d)\S+){{0,2}}? (?:or|and) (?:more|above|higher|over|upwards|better)"),
    ("<=", rf"({NUMBER})(?: (?!\d)\S+){{0,2}}? (?:or|and) (?:less|fewer|below|lower|under)"),
)
"""Comparisons behind their number, as verb-final languages put it: "which regions the 500 exceeded"."""
BETWEEN = (
    rf"(?:between|from|in the range(?: of| between| from)?|rang(?:e|es|ing) (?:from|between)) "
    rf"({NUMBER})(?: %| percent)? (?:and|to|until) ({NUMBER})"
)

GROUPED = [
    rf"(?:by|per) (?!{DIM}|{NAMED}|PERIOD|the|all|our|each|every|single)[a-z]+ ({DIM})(?! \d)",
    rf"(?:by|per|(?:for|in|of|across)? ?(?:each|every)(?: of)?|across(?: all)?|broken down by|split by|for all|"
    rf"grouped by|by each|compare|between) (?:the |all |our )*(?:different |individual |various |fiscal |single )*"
    rf"({DIM}(?: (?:and |then )?(?:by |per |the )*{DIM})*)(?! \d)",
    r"(?:over|through|across|between) (?:the |all |our )*(?:individual |single |different )?"
    r"(years|quarters|months|weeks|days|teams|departments|regions|countries|categories|kpis)(?! \d| TEAM| REGION| DEPARTMENT| COUNTRY)",
    r"(?:in|among|for|of|at) (?:the|our|all|all the|all our|individual|the individual|different|the different) "
    r"(teams|departments|regions|countries|categories)(?! TEAM| REGION| DEPARTMENT| COUNTRY| with| where| that| in(?! percent| %)| of)",
    rf"{COMPARISON} (?:the |a )?{NUMBER}(?: \S+){{0,3}} (?:in|within|during|per) (?:a|any|one)(?: single| given)? ({DIM})",
    rf"(?:individual|single) ({DIM})",
    r"among (teams|departments|regions|countries)",
    rf"({DIM}) wise",
    r"(teams|regions|departments|countries) (?:contribut\w+|shares?|portions?|proportions?)",
    r"KPI(?: of)? the (teams|departments|regions|countries)(?! TEAM| REGION| DEPARTMENT| COUNTRY| with| where| that)",
    rf"({DIM} and {DIM}) (?:combinations?|pairs?)",
    rf"(?:combinations?|pairs?) of ({DIM} and {DIM})",
    rf"({DIM}) level",
    rf"^(?:by )?({DIM}) (?:rather than|instead of|not) (?:by )?{DIM}",
    rf"(?:for |in |of )?(?:each|every|all|per|by)(?: of the)? (?:COUNTRY|DEPARTMENT|REGION|CATEGORY) ({DIM})",
    rf"({DIM} x {DIM})",
    rf"all (?:the |our )?(?:{COUNT} )?({DIM})(?! years)",
    rf"\b({DIM}) (?:comparison|ranking|breakdown|split)",
]
RANKED = [
    rf"any (?:of the |of our |single )?({DIM})",
    rf"(?:above|below|under|over|than) (?:the |an? )?(?:average|mean) ({DIM})",
    rf"(?:most|least) (?!KPI)\w+ (?!severit)({DIM})",
    rf"by how many ({DIM})",
    rf"(?:sort|order|rank|list|name|show)\w* (?:all |the |our )*({DIM}) (?:by|according to)",
    rf"(?:just|only) (?:the )?(?:1|one|number 1|number one|top|best) ({DIM})",
    rf"(?:which|what)(?: (?:are|is|was|were))?(?: the)?(?: {COUNT})?(?: (?:{RANK}))?(?: {COUNT})? ({DIM}(?: and {DIM})?)"
    r"(?! (?:does|do|is|are) (?:TEAM|REGION|DEPARTMENT)\b)",
    rf"{RANK}(?: {COUNT})?(?: (?:performing|KPI|scoring|ranking|ranked|growing|rising|improving|falling|shrinking|declining|anomal\w+))?(?: {COUNT})? ({DIM})",
    rf"{COUNT} {RANK}(?: (?:performing|KPI))? ({DIM})",
    rf"^(?:\S+ ){{0,4}}?({DIM})(?: \S+){{0,8}}? (?!from ){COMPARISON} (?:the |a )?\d",
    rf"\b({DIM})(?: (?:in|of|since))?(?: PERIOD)? (?:with|where|when|in which|that|whose|having|had|has|have|above|below|over|under|exceed\w*|is|was|were|are)(?! {DIM})",
    rf"({DIM}) (?:by|according to|sorted by|ordered by|ranked by|in order of|in terms of) (?:the |their |its )?KPI",
    rf"rank(?:ed|ing)?(?: of| all| the| our)* ({DIM})",
    rf"{COUNT} ({DIM})(?: \S+){{0,4}}? (?:the )?{RANK} (?:\S+ of )?(?:the )?KPI",
    rf"how many (?:of (?:the|our) )?({DIM})(?: (?:of|in|since|during))?(?: PERIOD)? (?:do|does|was|were|KPI|we|with|(?:\S+ ){{0,6}}(?!from )(?:more|less|fewer|{COMPARISON}))(?! have\b|there\b|exist)",
    rf"how many (?:of (?:the|our) )?({DIM}) (?:had|have|has|were|was|with|exceed\w*|did|are|is|reported|recorded)\b",
    rf"number of ({DIM})(?: (?:in|of|since))?(?: PERIOD)? (?:with|where|that|whose|having|had|above|below)\b",
]
FELL = r"(?:drop\w*|decreas\w*|fell|fall|falls|fallen|falling|declin\w*|reduc\w*|cut)"
ROSE = r"(?:increas\w*|ris\w+|rose|gr[eo]w\w*|gain\w*)"
LOST = r"lose|loses|lost"
BETTER, WORSE = r"(?:improv\w*)", r"(?:worsen\w*|deteriorat\w*)"
MOVED = rf"(?:{FELL}|{BETTER}|{WORSE}|increas\w*|ris\w+|rose|gain\w*|jump\w*|chang\w*|mov(?:e|ed|es))"
STRONGEST = (
    r"(?:(?:the )?(?:most|least|strongest|fastest|biggest|largest|highest|steepest|sharpest|strongly))"
)
PER = r"(?:per|for each|divided by|for every|relative to)(?: (?:single|each|one|unit of|the|a|an|every|\d[\d.,]*|hundred|thousand|million|\w{1,12} of))*"
MOVED_PAST = rf"(?<!\S)(){MOVED}( (?!from ){CONDITION})(?!\S)"
PAST_MOVED = rf"(?<!\S)({CONDITION}(?: (?!PERIOD)\S+)?) {MOVED}(?!\S)"
CALCULATIONS: list[tuple[Calculation, str]] = [
    (
        Calculation.CONTRIBUTION,
        r"why(?: (?:did|has|have|is|was|does|do))?(?: (?:it|this|that|they|so))*(?: chang\w*| happen\w*)?|explain(?: \S+){0,3} (?:drop\w*|decreas\w*|fall\w*|declin\w*|ris\w+|increas\w*|jump\w*|chang\w*|growth|improv\w*)|(?:what|which (?:teams?|regions?)(?: and (?:teams?|regions?))?) (?:is|are|was|were)? ?(?:behind|responsible for|driving|drove|causing|caused)|drivers? (?:of|behind)|(?:biggest|main|largest) (?:contribut\w+|drivers?|causes?)",
    ),
    (
        Calculation.CORRELATION,
        r"correlat\w*|KPI(?: \S+)*? (?:tied|coupled|connected|linked|related|associated|depend\w*|influenc\w*|affect\w*|impact\w*|driven)(?: (?:to|with|on|by))?(?: the)? KPI|"
        r"(?:relation\w*|connection|interplay|association|link|dependenc\w+)(?: \S+)*? KPI(?: \S+)*? KPI|"
        r"KPI(?: \S+)*? KPI(?: \S+)*? (?:each other|in step|hand in hand|in tandem)|"
        rf"(?:when|if|whenever|as)(?: \S+)*? KPI(?: \S+)*? {MOVED}(?: \S+)*? KPI(?: \S+)*? {MOVED}|"
        r"(?:more|higher|less|lower|fewer|better|worse|longer|shorter) KPI(?: \S+)*? (?:more|higher|less|lower|fewer|better|worse|longer|shorter) KPI|"
        r"KPI (?:\S+ ){0,3}(?:move|moves|moved|goes?|track|tracks|follows?)(?: \S+){0,2} (?:along )?(?:with|by)(?: \S+)*? KPI|KPI(?: \S+)*? KPI (?:is|are) (?:there )?(?:\S+ ){0,3}(?:link|relationship|connection)\b|how (?:strongly|closely)(?: \S+)*? KPI (?:track|follow)s?(?: \S+)*? KPI|"
        rf"KPI {MOVED}(?: \S+)*? (?:when|if|whenever|as)(?: \S+)*? KPI(?: \S+)*? {MOVED}|"
        r"(?:does|do|did) (?:\S+ ){0,3}KPI (?:mean|lead to|cause|bring|come with|go with|drive|imply)(?: \S+)*? KPI",
    ),
    (
        Calculation.PERCENT_RATIO,
        r"how (?:much|many) of (?:\S+ ){0,4}?KPI (?:is|was|are|were|does|do|did)(?: \S+){0,4}? KPI|"
        rf"KPI(?: \S+){{0,4}}? {COMPARISON} {NUMBER} (?:percent|%) of (?:the |all )*KPI|"
        r"(?:percent(?:age)?|%|share|fraction|proportion) of (?:the |all |our )*KPI (?:does|do|did|is|are|was|were)(?: the)? KPI|(?:weight|proportion|share|percent(?:age)?|%) of (?:the )?KPI (?:in|relative to|over|against|compared to) (?:the |all )*KPI|KPI (?:as|in) (?:a )?(?:percent(?:age)?|%) of (?:the )?KPI|(?:percent(?:age)?|%) (?:of )?KPI (?:of|to|in) (?:the )?KPI",
    ),
    (
        Calculation.RATIO,
        rf"ratio(?:s)?(?: (?:of|between))?|KPI (?:{PER}|by) (?:\S+ of )?(?:the )?KPI|"
        rf"(?:per|for (?:each|every|one)|to (?:each|every))(?= (?:\d\S* )?(?!\w+ {DIM}\b|\d|{DIM}|{NAMED}|PERIOD|head|average|each|every|the|our|single|all|day|of)[a-z])|"
        rf"how (?:many|much) KPI {PER} KPI|divid\w*(?: \S+)*? KPI(?: \S+)*? by (?:\S+ ){{0,3}}?KPI|"
        r"(?:what|how much) (?:does|do|did) (?:\w+ing )?(?:a|an|one|each|every) (?:\S+ of )?KPI cost|"
        rf"(?:how (?:much|many)|what) KPI (?:does|do|did) (?:one|a|an|each|every|a single|one single) KPI(?: \w+)?|"
        rf"KPI(?: \S+){{0,6}} {PER} KPI|{PER} KPI",
    ),
    (Calculation.MOVING_AVERAGE, r"(?:(?:moving|rolling|running) (?:average|mean))"),
    (Calculation.RUNNING_TOTAL, r"(?:running (?:total|sum)|cumulative(?:ly)?|accumulated|cumulated)"),
    (
        Calculation.ABOVE_AVERAGE,
        r"(?:above|over|better than|higher than|more than|exceed\w*|greater than|more KPI than|(?:more|most|higher|greater) \S+ than|longer than|higher KPI than|outperform\w*|(?!lower|fewer|smaller|shorter|cheaper|weaker|poorer|quieter|slower|lesser|rather|other)\w{3,}er than) "
        rf"(?:in |on |for |what )?(?:the |an |their |our )?(?:overall |company |general |total |group |daily |weekly |monthly |quarterly |yearly |annual |{DIM} (?:s )?)?(?:average|mean)",
    ),
    (
        Calculation.BELOW_AVERAGE,
        r"(?:below|under|lower than|less than|fewer than|worse than|beneath|less KPI than|fewer KPI than|lower KPI than|(?:less|fewer|lower) \S+ than|shorter than|underperform\w*) "
        rf"(?:in |on |for |what )?(?:the |an |their |our )?(?:overall |company |general |total |group |daily |weekly |monthly |quarterly |yearly |annual |{DIM} (?:s )?)?(?:average|mean)",
    ),
    (
        Calculation.PERCENT_FROM_PREVIOUS,
        r"(?:(?:percent(?:age)?|%) (?:change|growth) (?:from|over|versus|vs|compared (?:to|with)) "
        rf"(?:the )?(?:previous|prior|last|preceding) {DIM}|"
        rf"(?:percent(?:age)?|%|relative) (?:change|growth)(?: rates?)? (?=(?:by|per|each|every) {DIM})|"
        r"(?:monthly|quarterly|yearly|annual|weekly) (?:growth|percent(?:age)? change)(?: rates?)?|"
        rf"(?:percent(?:age)?|%|relative) chang\w*(?: of KPI)?(?: in| of)?(?: PERIOD)? (?:compared )?(?:from|to|versus|over|against) (?:the |its |each )?(?:previous|prior|preceding|respective) (?:one|{DIM})|"
        rf"growth(?: \S+){{0,6}} (?:compared (?:to|with)|versus|over|from) (?:the |its )*(?:previous|prior|preceding) (?:one|{DIM})|"
        r"growth(?: rates?)? (?=(?:by|per|each|every) (?:month|quarter|year|week))|"
        r"(?:month|quarter|week) (?:over|on|by) (?:month|quarter|week) (?:growth|percent(?:age)?(?: change)?)|"
        r"\b(?:mom|qoq|wow)\b(?: growth)?)",
    ),
    (
        Calculation.CHANGE,
        rf"(?:chang\w*|differences?|deltas?) (?:from|to|versus|vs|against|compared (?:to|with)) (?:the |one |its |each )*"
        rf"(?:(?:previous|prior|preceding) (?:one|{DIM})|{DIM} before)|chang\w* (?=(?:by|per|each|every|from) {DIM})|"
        r"chang\w* from {DIM} to {DIM}|"
        r"(?:month|quarter|week) (?:over|on|to|by) (?:month|quarter|week)(?: changes?| differences?)?|"
        r"(?:monthly|quarterly|yearly|annual|weekly) (?:changes?|differences?)|"
        rf"(?:compared (?:to|with)|versus|vs|from|over|against) (?:the |its |each )*(?:(?:previous|prior|preceding) (?:one|{DIM})|{DIM} before)|"
        rf"(?:by how much|how much|how) .{{0,60}}chang\w* (?:each|every|per|by) {DIM}|"
        rf"(?:increas\w*|decreas\w*|drop\w*|ris\w+|f[ae]ll\w*) (?:each|every|from) {DIM}(?: to {DIM})?",
    ),
    (
        Calculation.PERCENT_CHANGE,
        rf"(?:grew|grown?|growth|growing)(?: \S+){{0,8}} {STRONGEST}|{STRONGEST}(?: \S+){{0,2}} (?:growth|grown?|grew|growing)|"
        r"(?:how many (?:percent|%)|(?:percent(?:age)?|%|relative)(?: wise)? (?:changes?|growth|increase|decrease|difference|drop|rise|improvement|decline)|"
        r"(?:change[sd]?|growth|increase[sd]?|decrease[sd]?|difference|drop(?:ped)?|improvement|decline[sd]?|grew|fell|rose|grow)(?: \S+){0,12} in (?:percent|%)|"
        r"(?:year over year|year on year|yoy|y o y)(?: (?:growth|change))?|growth(?: rate)?|"
        r"by (?:how (?:many|much)|what) (?:percent(?:age)?|%)|how much (?:percent|%)|"
        r"(?:how much|how|did|has|have|by how much).{0,60}\b(?:grow|grown|grew)\b)",
    ),
    (
        Calculation.DIFFERENCE,
        rf"{MOVED}(?: \S+){{0,8}} {STRONGEST}|{STRONGEST} (?:\S+ )?{MOVED}|"
        r"(?:(?:left|remain\w*)(?: \S+)* KPI(?: \S+)* KPI(?: \S+)* minus|KPI minus (?:the )?KPI|(?:TEAM minus TEAM|REGION minus REGION|COUNTRY minus COUNTRY|DEPARTMENT minus DEPARTMENT)|minus (?:the )?KPI|(?:left|remains?|remaining) (?:of|from|over)(?: \S+)* (?:after|minus)|differences?|differ(?:ed|s)?|gap|delta|(?:how much|how many) (?:more|less|fewer)|how much (?:more|less|higher|lower|better|worse|faster|slower|bigger)|"
        r"(?:how much|by how much|how|where|did|has|have)\b.{0,60}\b(?:chang\w*|mov(?:e|ed|es)|increas\w*|decreas\w*|ris\w+|rose|"
        r"fall\w*|fell|drop\w*|improv\w*|declin\w*|worsen\w*|deteriorat\w*)|change (?:from|between|in|of)|(?:chang\w*|increase|decrease|drop|rise|decline) PERIOD|increase (?:from|between|in)|"
        r"decrease (?:from|between|in)|drop (?:from|between|in))",
    ),
    (
        Calculation.SHARE,
        r"(?:(?:percent|%) (?:of )?KPI(?: \S+)*? contribut\w+|shares?|how (?:much|many) of (?:\S+ ){1,12}(?:in|as a) percent\w*|(?:in|as a) (?:relation|proportion|percent(?:age)?) (?:to|of) (?:the )?(?:total|whole|all)|(?:percent(?:age)?|%|fraction|portion|part) of|proportion\w*|contribut\w+|in relation to all|"
        r"(?:what|which) (?:percent(?:age)?|%|part|portion|fraction))",
    ),
]
NOT_REPLACED = r"(?<!instead of )(?<!instead of the )(?<!rather than )(?<!rather than the )"
REPLACED = r"(?:instead of|rather than)(?: the)? \S+"
MEASURES: list[tuple[Measure, str]] = [
    (Measure.MEDIAN, r"median|50th percentile"),
    (
        Measure.SUM,
        r"total(?:s|ed|led)?|sum(?:med|ming)?|altogether|in total|add(?:ed)? up|overall total|aggregate",
    ),
    (Measure.AVERAGE, r"averages?|mean|avg|on average|typical(?:ly)?"),
    (
        Measure.MAX,
        r"(?:highest|largest|biggest|maximum|max|top)(?: KPI)? (?:single|individual|anomal\w+)(?: readings?| values?| measurements?)?|record (?:value|reading)|maximum",
    ),
    (
        Measure.MIN,
        r"(?:lowest|smallest|minimum|min)(?: KPI)? (?:single|individual|anomal\w+)(?: readings?| values?| measurements?)?",
    ),
    (Measure.LAST, r"latest|most recent|newest|last (?:known|recorded|reading|value)|current(?:ly)? value"),
]
SUBJECTS: list[tuple[Subject, str]] = [
    (Subject.ANOMALIES, r"anomal\w*|outliers?|abnormal\w*|irregularit\w*|alerts?"),
    (
        Subject.READINGS,
        r"readings?|data ?points?|measurements?|records?\b|entries|observations?|(?:single|individual|raw) values?|"
        r"rows of data|data rows|rows",
    ),
]
COUNTED = r"(?:just|only) the number|how many|(?<!average )(?<!avg )(?<!mean )number of|count(?: of)?|counted|how often|how many times"
_FILL = r"(?:for|the|in|of|all|our|region|team|country|department|kpi)"
EXCLUDED = (
    r"(?:except(?: for)?|excluding|exclude[sd]?|without|other than|apart from|aside from|but not|not including|"
    r"ignor\w+|leaving (?:out|aside)|left out|skip\w*|omit\w*|not(?: the)?(?= (?!KPI){NAMED})|forget\w*(?: about)?|disregard\w*|not in|outside(?: of)?|besides|save(?: for)?|barring|(?<!TEAM )(?<!REGION )(?<!COUNTRY )(?<!DEPARTMENT )minus(?! (?:the )?KPI)|leave out|not counting)"
    rf"((?: {_FILL})* {NAMED}(?:(?: (?:and|or|nor)(?: {_FILL})*)? (?!KPI){NAMED}| (?:and|or|nor)(?: {_FILL})* KPI)*)|"
    rf"(?:drop|remove|take out|strike)((?: the| team| region| country)* {NAMED}) from (?:that|this|it|there|the list|the table|the results?)"
)
EXCLUDED_AROUND = rf"(?:leaving|leave|setting|putting|taking|take|keep|set|put) ((?:the |team |region )*{NAMED}(?: (?:and|or) {NAMED})*) (?:out|aside|away)"
EXCLUDED_AFTER = rf"((?!KPI){NAMED}(?: (?:and|or) {NAMED})*)(?: (?!leav|set|put|tak)\w+){{0,2}} (?:excluded|left out|leave out|aside|excluding|taken out|removed|omitted|excepted|not (?:included|counted))(?! {NAMED}| the)"
EACH = (
    r"(?:average|mean|avg|typical|usual) (?:number of )?(daily|weekly|monthly|quarterly|yearly|annual)|"
    r"(?<!below the )(?<!above the )(?<!than the )(?<!under the )(?<!over the )(?<!below )(?<!above )(?<!than )"
    r"(daily|weekly|monthly|quarterly|yearly|annual) (?:average|mean)|"
    r"(?:average|mean|avg) per (day|week|month|quarter|year)|"
    r"(?:average|mean|avg)(?: (?:number of|the|of|total))* (?:KPI|anomal\w+)(?: \S+){0,5}? (?:per|a) (day|week|month|quarter|year)|"
    r"(?:per|a|each|every) (day|week|month|quarter|year)(?:,? PERIOD)? on average|"
    r"on average(?:,? \S+){0,12}? (?:per|a|each|every) (day|week|month|quarter|year)|"
    r"(?<!than )(?:in|during) an? (?:average|typical) (day|week|month|quarter|year)|"
    r"(?<!than the )(?<!than an )average (day|week|month|quarter|year)(?! over)"
)
YEAR_OVER_YEAR = r"year over year|year on year|yoy|y o y"
ABSOLUTE = r"(?:as |in )?(?:absolute (?:numbers|terms|values|figures)|absolutes?)|not (?:as|in) (?:a |an )?(?:shares?|percent\w*)"
IN_PERCENT = r"(?:by|in|into|as) (?:percent|%)|percentages?|percent of"
COMPARED = r"compar\w*|versus|vs|against|relative to|side by side"
TREND = (
    r"trends?(?:ing)?|develop\w*|evol\w+|over time|history of|trajectory|timeline|time series|progress\w*|"
    r"over the course of"
)
BY_VALUE = (
    r"values?|sum|readings?|how (?:high|low|large|big)|levels?|measured|readings? (?:behind|of|with|that)"
)
COST_OF_ONE = r"(?:does|do|did) (?:\w+ing )?(?:a|an|one|each|every) (?:\S+ of )?KPI cost"
PLACES = {
    "two": 2,
    "2": 2,
    "three": 3,
    "3": 3,
    "second": 2,
    "2 nd": 2,
    "third": 3,
    "3 rd": 3,
    "fourth": 4,
    "4 th": 4,
}
COMPARATIVES = (
    (Order.HIGH, r"more|higher|bigger|larger|greater|longer"),
    (Order.LOW, r"less|fewer|lower|smaller|shorter|cheaper"),
    (Order.BEST, r"better|stronger|faster"),
    (Order.WORST, r"worse|weaker|slower"),
)
SORTED = r"(?:sort\w*|order\w*|rank\w*)(?: (?:from|by))?"
COMBINED = r"combined|together|in total for|altogether|summed|taken together"
DEFINITION = (
    r"(?:meant by|what (?:\w+ )?(?:does|do|is).{0,40}\b(?:mean|measure|stand for|say|about)|defin\w+|meaning of|explain\w*|"
    r"descri(?:be|ption)\w*|(?:which|what) units?|units? of|unit is|(?:its|the) units?|measured in(?! (?:TEAM|REGION|DEPARTMENT|COUNTRY|PERIOD|the)\b)|how (?:is|are) (?:KPI|it|the KPI) "
    r"(?:defined|calculated|computed|measured)|what (?:is|are) (?:a |an |the )?KPI(?: and)?$)"
)
CHANGES_DATA = (
    r"^(?:please |can you |could you |would you |will you |pls |kindly |now |i want to |i need to |i d like to |"
    r"i want you to |i need you to |i d like you to |we need to |let s |go ahead and |go and |just |hey |hi |ok |quickly )*"
    rf"(?:(?:delete|remove|erase|drop)(?!(?: the| team| region| country)* {NAMED} from (?:that|this|it|there|the (?:list|table|results?)$))|insert|add(?! up\b| {NAMED}| it up| them up| that up| together|.* to (?:it|that|this|them)$)|update|modify|alter|truncate|create|overwrite|reset|edit|rename|"
    r"set|correct|fix|wipe|purge|increase|decrease|store|save|change|grant|revoke|replace|(?:mark|flag|label|classify|reclassify)(?=.* as\b))\b(?! (?:from|in|of) )(?!.{0,40}\bdid\b)|"
    r"\b(?:and|then|after that|afterwards|also|but|danach) (?:\S+ ){0,2}(?:set|delete|remove|erase|update|change|insert|overwrite|drop|"
    r"truncate|correct|wipe|purge|rename|replace|add|lower|raise|double|reset) (?:it|them|that|those|the|all|every|this|its|their|to|a|an|any|ihn|sie|our)\b|"
    rf"\b(?:deleting|delete|erasing|erase|truncating|truncate|wiping|wipe|purging|purge|overwriting|overwrite)\b(?: \S+){{0,4}} "
    rf"(?:{DIM}|anomal\w+|readings?|rows?|records?|tables?|data|history|entries|everything|TEAM|REGION|KPI|values?)\b|"
    r"\b(?:should|must|has to|ought to) (?:be|read|say) \d\S*,? not\b|\bfix (?:it|that|this)\b|"
    rf"^(?:please |can you |could you )?(?:bump|raise|lower|push|pull)\b.* to \d|\btake (?:the )?{NAMED} off\b|"
    r"\b(?:and|then|afterwards) (?:empty|clear|flush) (?:the|all|every|our)\b|^(?:please )?write .* into\b|"
    rf"^(?:please )?(?:close|resolve|dismiss|acknowledge) (?:\S+ ){{0,4}}?anomal|"
    r"\boverwrite (?:it|them|that)\b|\bget rid of\b|\b(?:correct|change|set|update|fix|adjust|put|bring|close|mark) (?:it|them|that|this|those|these|everything)"
    r"(?: then| all| everywhere)* (?:to|in|as|on|up|down)\b|"
    r"\b(?:drop|delete|remove|erase|take|strip|strike)\b.{0,60}\b(?:from|out of) (?:the |our )?(?:database|tables?|db|system|records?)\b|"
    r"\bwrite access\b|\b(?:insert|update|delete) (?:into|from|set)\b"
)
YES_OR_NO = r"^(?:\S+ ){0,6}?(?:whether|if)\b|^(?:did|does|do|was|were|is|are|has|have|had)\b"
MOVED_BY = rf"(?:{MOVED}|gr[eo]w\w*|lose|loses|lost|gain\w*)(?: \S+){{0,3}}? (?:by )?{COMPARISON} {NUMBER}(?: (?P<percent>percent|%))?|{COMPARISON} {NUMBER}(?: (?P<percent_more>percent|%)) (?:more|less|fewer|higher|lower|increase|decrease|growth|drop)"
"""A condition on a change: "rose by more than 5 %"."""
ANY_AT_ALL = rf"KPI (?:is |are |was |were )?(?:reported|tracked|measured|recorded|sent) by how many {DIM}|how many (?:of (?:the|our) )?(?:different )?{DIM} (?:reported?|recorded?|measured?|report|tracked?|have|had|has|send(?: in)?|sent|submit\w*|provide\w*)(?: any)?(?: data| readings| numbers)?(?: (?:for|on|of))?(?: any)? KPI"
AGAINST = r"(?:compared (?:to|with)|versus|vs|than|against|relative to) (?:in )?(?:the )?PERIOD"
ON_READINGS = (
    r"(?:readings?|measurements?|values|data ?points?|how often|times|ever|records|entries|observations?)"
)
IN_A_UNIT = rf"(?:in|within|during) (?:a|any|one)(?: single| given)? {DIM}"
JUDGED = r"(?:better|worse) than|outperform\w*|underperform\w*"
INVERTED = (
    r"how (?:much|many) of (?:\S+ ){0,4}?KPI (?:is|was|are|were|does|do|did)(?: \S+){0,4}? KPI|"
    r"^(?:\S+ )?(?:for (?:each|every|one|a|an)|per|to (?:each|every))(?: \S+){0,3}? KPI(?: \S+){0,4}? (?:how|what) (?:much|many)?(?: \S+)* KPI|"
    r"(?:percent(?:age)?|%|share|fraction|proportion) of (?:the |all |our )*KPI (?:does|do|did|is|are|was|were)(?: the)? KPI"
)
"""What the first KPI is divided into: "for every order, how much revenue?"."""
BEYOND = (
    r"(?:except(?: for)?|excluding|without|leav\w+ out|leaving aside|ignoring|skip\w*|apart from|other than) (?:the )?PERIOD|"
    r"PERIOD (?:excluded|left out|aside)|"
    r"standard deviations?|variance|volatil\w+|percentiles?|forecast\w*|predict\w*|project(?:ed|ion)\w*|"
    r"consecutive\w*|in a row|streak|distribution|histogram|regression|times as|"
    r"multiplied|weighted|twice|double|per cent of target"
)
