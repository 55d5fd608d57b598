"""English words that mean something in every question, whatever the company."""

from collections.abc import Mapping

DIMENSION_WORDS: Mapping[str, str] = {
    "team": "team",
    "squad": "team",
    "department": "department",
    "dept": "department",
    "division": "department",
    "region": "region",
    "territory": "region",
    "country": "country",
    "category": "category",
    "severity": "severity",
    "kpi": "kpi",
    "metric": "kpi",
    "indicator": "kpi",
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "week",
    "day": "day",
}
"""Stem of a word -> the dimension that it stands for."""

SEVERITY_WORDS = {"severity", "severe", "anomaly", "outlier"}

INFLECTED = frozenset(
    """
    detect detected detection happened recorded reported rated rating ratings produced produce anomaly
    anomalies outlier outliers abnormal abnormality alerts reading readings record records entry entries
    observation observations measurement measurements change changed changes changing increase increased
    increases decrease decreased decreases rise rises risen rising rose fall falls fallen fell falling
    drop drops dropped improve improved improvement improves decline declined declines develop developed
    development evolve evolved evolution trend trends progress progressed compare compared comparison
    comparing ignore ignoring ignored exceed exceeds exceeded exceeding grow grows grew grown growth
    contribute contributed contribution contributions proportion proportional share shares severe
    correlate correlated correlation explain explained define defined definition describe description
    rank ranked ranking sort sorted order ordered orders performing scoring typical typically cumulative
    exclude excluding excluded forecast predict prediction percentage percentages average averages total
    totals team teams weather store stores please hello failed found issued collected spending counted
    stored added built bought called caught closed cost covered dealt done driven earned entered felt
    filled finished fixed followed forgot given gone handed handled heard helped kept known landed
    learned left lent lived looked lost loved missed moved needed opened paid passed placed planned
    played pushed reached received refused rented repaired returned saved seen sent served shipped shown
    signed solved spent
    started stopped taken thought tried used waited walked wanted washed watched worked written
    buyers cleaning collecting delivering driving holding issuing missing paying planting renting repairing
    sending serving shipping staying training travelling turning walking working answer answers
    """.split()
)
"""Inflected forms of words that cues are made of; they are no slips of the pen."""

FUNCTION_WORDS = frozenset(
    """
    a an the this that these those there here it its they them their we us our i me my you your he she
    his her is are was were be been being am do does did done have has had having can could would should
    will shall may might must get got gets give gives gave given show shows showed shown tell list
    display see know want need like please thanks thank hi hello hey ok okay kindly just only also too
    even so well right now then of in on at for to from by with within during about into over under
    between among across through per as than and or but not no nor if whether while when where who whom
    whose what which why how much many any some all both each every either most more less least few
    other another such same own very really quite look looks looking looked find out let make made come
    came go goes going went gone take took say said value values number numbers figure figures result
    results level levels data amount amounts kind sort current currently actual recently recorded
    reported measured registered seen observed achieved reached reach happen happened perform performed
    performing performance company companywide business overall question answer table report overview
    summary detail details breakdown available whats hows wheres one ones s t re ve ll d doing belong
    belongs belonged part end start beginning begin began write times percent rather everything hm hmm
    oh ah great sec moment quickly gimme counting whole entire full case cases instead split break group
    put use compare it's rest add plus include remaining combination combinations single individual saw
    different exactly first nothing else anything together stand stood far till until since ago up down
    off again ever always keep keeps kept remain remains remained stayed hold held rack
    racked rake raked pull pulled bring brings cough coughed what's fewer lower higher
    longer shorter bigger smaller better worse big euro euros dollar dollars name state completed stands
    concerned id everywhere brought getting
    """.split()
)
"""Words that a question can hold without saying anything more."""
