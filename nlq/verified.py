"""Verified answers: what reviewers approved for one question answers every question of the same shape. Pure.

A shape is what a question says besides its names and periods: "Sales in EMEA last month, please" has that of
"sales in APAC in May". The approved plan or SQL is fitted to the new question by putting its names and
periods in the place of the old ones; where that is not certain, there is no verified answer.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from nlq.catalog import Catalog
from nlq.errors import QueryFailed, UnsafeSql
from nlq.fitting import fitted_plan, fitted_sql
from nlq.linking import Links, link
from nlq.linking.names import Names
from nlq.linking.points import Calendar
from nlq.linking.words import stems
from nlq.plan.check import unknown_names
from nlq.plan.compiler import compile_plan
from nlq.plan.describe import describe_plan
from nlq.plan.follow_up import is_follow_up
from nlq.plan.model import Plan
from nlq.sql import describe as sql_words
from nlq.sql import guard, literals

_EMPTY_WORDS = frozenset(
    """
    a an the our we us i me my you your please kindly thanks thank hi hello hey ok okay show give tell see
    want know need like can could would do does did is was are were be been have has had what whats
    there it its in on at for of s
    """.split()
)
"""Words that two questions can differ in and still ask the same; unlike `by`, `not`, `most` or `since`."""
_LEAST_OVERLAP = 0.2
"""Least part of the stems of two questions that are shared, at which one is an example for the other."""
_LONGEST_EXAMPLE = 800


@dataclass(frozen=True)
class Verified:
    """A question with what reviewers approved for it: a plan, or SQL.

    With neither, the answer was approved to be wrong: such a question is answered in the usual way.
    """

    id: int
    question: str
    asked_on: date
    """The day that its periods are relative to."""
    plan: Plan | None = None
    sql: str | None = None
    is_correction: bool = False
    continues: bool = False
    """It was not the first question of its conversation."""


@dataclass(frozen=True)
class Known:
    """A verified question, linked as of the day when it was asked."""

    verified: Verified
    links: Links
    shape: tuple[str, ...]


@dataclass(frozen=True)
class Fitted:
    """A verified plan or SQL for a new question; `changed` if names or periods were replaced."""

    plan: Plan | None = None
    sql: str | None = None
    changed: bool = False


@dataclass(frozen=True)
class Runnable:
    """SQL that passed the guard, with how it reads the question, and its plan if it was compiled from one."""

    sql: str
    interpretation: str
    plan: Plan | None = None


def linked(verified: Sequence[Verified], names: Names, fiscal_start: int = 1) -> tuple[Known, ...]:
    """The verified questions, linked; without those that only say something after another question."""
    found = []
    for one in verified:
        links = link(one.question, names, Calendar(one.asked_on, fiscal_start))
        if not (one.continues and is_follow_up(links, Plan())):
            found.append(Known(one, links, shape(links)))
    return tuple(found)


def shape(links: Links) -> tuple[str, ...]:
    """The folded words of a question, each name as its kind, each period as PERIOD, without empty words.

    KPIs that were chosen as what the words mean are part of it: they are named by no word.
    """
    return (*_shape(links), *links.chosen)


def find(links: Links, known: Sequence[Known], catalog: Catalog) -> Fitted | None:
    """What the newest approved answer to a question of this shape says for this one; None to go on as usual.

    Args:
        links: the linked question.
        known: verified questions, newest first.
        catalog: what both are linked to.

    A correction that cannot be fitted also keeps older answers from being carried over from other names or
    periods: it says that they were not right everywhere.
    """
    wanted, corrected = shape(links), False
    for one in (one for one in known if wanted and one.shape == wanted):
        is_same = _names_and_periods(one.links) == _names_and_periods(links)
        if is_same:
            return Fitted(one.verified.plan, one.verified.sql) if _has_answer(one.verified) else None
        if not corrected and (found := _fitted(one, links, catalog)):
            return found
        corrected = corrected or one.verified.is_correction
    return None


def runnable(fitted: Fitted, catalog: Catalog, only_known_names: bool = False) -> Runnable:
    """The SQL of a verified answer, proved like any other.

    With `only_known_names` it must not name what is not in `catalog`, even where it was approved so.

    Raises:
        UnsafeSql: the guard refuses it.
        QueryFailed: it names what is not in the catalogue, or its plan cannot be compiled.
    """
    if fitted.plan:
        return _compiled(fitted.plan, catalog)
    checked = guard.check(fitted.sql or "")
    if (fitted.changed or only_known_names) and (unknown := literals.check_literals(checked, catalog.held)):
        raise QueryFailed(" ".join(unknown))
    return Runnable(checked.text, sql_words.describe(checked))


def nearest(
    question: str, known: Sequence[Known], catalog: Catalog, most: int = 2
) -> tuple[tuple[str, str], ...]:
    """Up to `most` verified questions that share most words with `question`, each with its SQL."""
    words = set(stems(question)) - _EMPTY_WORDS
    scored = [(_overlap(words, set(stems(one.verified.question)) - _EMPTY_WORDS), one) for one in known]
    likely = sorted((pair for pair in scored if pair[0] >= _LEAST_OVERLAP), key=lambda pair: -pair[0])
    return tuple(_examples([one.verified for _, one in likely], catalog))[:most]


def _shape(links: Links) -> Iterator[str]:
    entries = {m.start: (m.end, f"{'not ' if m.excluded else ''}{m.kind.name}") for m in links.mentions}
    entries |= {p.start: (p.end, "PERIOD") for p in links.periods}
    at = 0
    while at < len(links.tokens):
        word = links.tokens[at].folded
        end, entry = entries.get(at, (at + 1, "" if word in _EMPTY_WORDS else word))
        if entry:
            yield entry
        at = end


def _names_and_periods(links: Links) -> tuple[object, ...]:
    periods = tuple((found.period.start, found.period.end) for found in links.periods)
    return tuple(mention.values for mention in links.mentions), periods


def _has_answer(verified: Verified) -> bool:
    return bool(verified.plan or verified.sql)


def _fitted(one: Known, links: Links, catalog: Catalog) -> Fitted | None:
    verified = one.verified
    if verified.plan:
        plan = fitted_plan(verified.plan, one.links, links, catalog)
        return Fitted(plan, changed=True) if plan else None
    sql = fitted_sql(verified.sql, one.links, links, catalog) if verified.sql else None
    return Fitted(sql=sql, changed=True) if sql else None


def _compiled(plan: Plan, catalog: Catalog) -> Runnable:
    if unknown := unknown_names(plan, catalog):
        raise QueryFailed(" ".join(unknown))
    try:
        sql, interpretation = compile_plan(plan, catalog), describe_plan(plan, catalog)
    except (LookupError, TypeError, ValueError) as error:
        raise QueryFailed("The parts of this plan do not fit together.") from error
    return Runnable(guard.check(sql).text, interpretation, plan)


def _overlap(one: Collection[str], other: Collection[str]) -> float:
    """The Jaccard index of two sets of words."""
    return len({*one} & {*other}) / (len({*one} | {*other}) or 1)


def _examples(verified: Sequence[Verified], catalog: Catalog) -> Iterator[tuple[str, str]]:
    for one in verified:
        if _has_answer(one):
            try:
                sql = runnable(Fitted(one.plan, one.sql), catalog).sql
            except (QueryFailed, UnsafeSql):
                continue
            if len(sql) <= _LONGEST_EXAMPLE:
                yield one.question, " ".join(sql.split())
