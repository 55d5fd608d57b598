"""Links a question: which of its words name what, and which say what to do; what stays open stays open."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from nlq.linking import cues as cue_words
from nlq.linking import gloss, off_limits
from nlq.linking import periods as period_words
from nlq.linking.cues import Cues
from nlq.linking.hints import SURE_ALONE, SURE_MARGIN, SURE_SCORE
from nlq.linking.lexicon import Kind
from nlq.linking.names import Mention, Names
from nlq.linking.periods import PeriodMention
from nlq.linking.points import Calendar
from nlq.linking.thesaurus import Term, thesaurus
from nlq.linking.time_words import NUMBERS, month_words
from nlq.linking.typos import correct, correct_spelling
from nlq.linking.vocabulary import DIMENSION_WORDS, FUNCTION_WORDS, INFLECTED
from nlq.linking.words import Token, stem, stems, tokenize
from nlq.period import Period
from nlq.plan.model import Calculation, Subject
from nlq.question import without_choices, written_as_choice

_SLASH = re.compile(r"(?<=\w)\s+/\s+(?=\w)")
_PLUS = re.compile(r"(?<=\w)\s+\+\s+(?=\w)")
_JOINING = {
    "and",
    "or",
    "versus",
    "but",
    "while",
    "whereas",
    "against",
    "plus",
    "per",
    "for",
    "with",
    "by",
    "to",
}
"""Words that part two things."""
_BESIDE = {"and", "versus", "but", "while", "whereas", "plus", "alongside"}
"""Words that put a second KPI beside the first."""
_PAIRED = {Calculation.RATIO, Calculation.PERCENT_RATIO, Calculation.CORRELATION}
_TOGETHER = re.compile(
    r"\b(?:go(?:es)?|moves?|comes?|rise|side|next|follow\w*)\b(?: \w+)?(?: \w+)? (?:with|along|by|to)\b"
)


@dataclass(frozen=True)
class Links:
    """A question with everything that linking found in it."""

    tokens: tuple[Token, ...]
    mentions: tuple[Mention, ...]
    periods: tuple[PeriodMention, ...]
    cues: Cues
    candidates: tuple[tuple[str, float], ...]
    """KPIs that loose words hint at, best first, where none is named."""
    further: tuple[tuple[str, float], ...]
    """KPIs that the words left over hint at beside the one that is named."""
    leftovers: tuple[str, ...]
    """Words, as written, that nothing was found for."""
    foreign: tuple[str, ...]
    """Those of them whose meaning is known, and is that of no word about any KPI."""
    off_limits: str | None
    """What it is about that is nobody's to ask here; see `nlq.linking.off_limits`."""
    corrections: tuple[tuple[str, str], ...]
    """(written, read): words that were taken for slips of the pen."""
    chosen: tuple[str, ...] = ()
    """KPIs that the question names nowhere, and that were chosen as what it means."""

    def of(self, kind: Kind, *, excluded: bool = False) -> tuple[Mention, ...]:
        """The mentions of one kind."""
        return tuple(m for m in self.mentions if m.kind is kind and m.excluded is excluded)

    @property
    def all_kpis(self) -> bool:
        """Whether the question speaks of KPIs as such: "how are our KPIs doing"."""
        said = (DIMENSION_WORDS.get(token.stem) for token in self.tokens)
        return "kpi" in said or "kpi" in self.cues.by

    @property
    def takes_two(self) -> bool:
        """Whether the question puts two KPIs beside each other, or works something out of two."""
        spans: list[Mention | PeriodMention] = [*self.mentions, *self.periods]
        said = [token.folded for at, token in enumerate(self.tokens) if not _inside(at, spans)]
        return (
            not _BESIDE.isdisjoint(said)
            or self.cues.calculation in _PAIRED
            or len(self.cues.conditions) > 1
            or bool(_TOGETHER.search(" ".join(said)))
        )


def link(
    text: str,
    names: Names,
    calendar: Calendar,
    base: Period | None = None,
    *,
    about_anomalies: bool = False,
) -> Links:
    """Link the question `text` against a catalogue's `names`.

    `base` is the period of the question before, which "the year before" is relative to; where that was
    `about_anomalies`, a bare "high" is a severity.
    """
    asked, chosen = _asked(text, names)
    tokens, corrections, language = _read(asked, names)
    terms = thesaurus().of_question(tokens, language)
    words = [token.folded for token in tokens]
    mentions = names.whole(tokens, about_anomalies=about_anomalies)
    mentions = names.rather_kpis(tokens, _as_chosen(mentions, chosen))
    if not any(mention.kind is Kind.KPI for mention in mentions):
        mentions = names.scattered(tokens, mentions)
    taken = _taken(len(words), mentions)
    periods = period_words.find(words, taken, calendar, base)
    taken = _taken(len(words), [*mentions, *periods])
    partial = _as_chosen(names.partial(tokens, taken), chosen)
    common = _common_words() | names.described
    short = names.nicknamed(tokens, _taken(len(words), [*mentions, *periods, *partial]), common)
    corrections += tuple((tokens[mention.start].written, mention.values[0]) for mention in short)
    mentions = (*mentions, *short, *(names.narrowed(m, terms) for m in partial))
    read = _Prepared(names, tokens, terms, periods, corrections, chosen, _off_limits(asked, names))
    links, free = _linked(read, mentions)
    loose = () if links.cues.changes_data or links.off_limits else _loosely_named(read, links, free)
    read = replace(read, corrections=(*corrections, *_other_words(read, loose)))
    return _linked(read, (*mentions, *loose), loose=bool(loose))[0] if loose else links


@dataclass(frozen=True)
class _Prepared:
    """A question before its cues are looked for."""

    names: Names
    tokens: tuple[Token, ...]
    terms: tuple[Term, ...]
    periods: tuple[PeriodMention, ...]
    corrections: tuple[tuple[str, str], ...]
    chosen: tuple[str, ...]
    off_limits: str | None


def _linked(read: _Prepared, mentions: Sequence[Mention], *, loose: bool = False) -> tuple[Links, list[int]]:
    """The links with these mentions, and where the words stand that are no part of anything found.

    Where KPIs are named by `loose` words, other words may speak for these too.
    """
    names, tokens, periods = read.names, read.tokens, read.periods
    mentions = sorted(mentions, key=lambda mention: mention.start)
    cues, spans = _cues([token.folded for token in tokens], mentions, periods)
    mentions = tuple(
        replace(m, excluded=any(start <= at < end for start, end in cues.excluded))
        for at, m in ((spans[mention.start], mention) for mention in mentions)
    )
    units = dict.fromkeys(word for kpi in names.catalog.kpis for word in stems(kpi.unit))
    free = _free(tokens, [*mentions, *periods], spans, cues.said)
    left = [
        index
        for index in free
        if tokens[index].folded not in FUNCTION_WORDS
        and tokens[index].stem not in DIMENSION_WORDS | units.keys()
        and tokens[index].folded != "%"
    ]
    spare = _within(read.terms, free)
    named = {value for mention in mentions if mention.kind is Kind.KPI for value in mention.values}
    hinted = names.hints.candidates(spare)
    anywhere = [at for at in range(len(tokens)) if not _inside(at, [*mentions, *periods])]
    candidates = names.hints.candidates(_within(read.terms, anywhere))
    agreed = bool(hinted and candidates) and hinted[0][0] == candidates[0][0]
    if cues.subject is Subject.ANOMALIES or (agreed and sure(hinted)):
        candidates = hinted
    candidates = () if named else candidates
    explained = _explained(names, read.terms) if candidates or loose else set()
    links = Links(
        tokens=tokens,
        mentions=mentions,
        periods=periods,
        cues=cues,
        candidates=candidates,
        further=tuple(
            pair
            for pair in names.hints.candidates([t for t in spare if not names.hints.takes_up(named, t)])
            if named and pair[0] not in named
        ),
        leftovers=tuple(tokens[index].written for index in left if index not in explained),
        foreign=tuple(tokens[term.start].written for term in names.hints.foreign(_within(read.terms, left))),
        off_limits=read.off_limits,
        corrections=read.corrections,
        chosen=tuple(kpi for kpi in read.chosen if kpi not in named),
    )
    return links, free


def _loosely_named(read: _Prepared, links: Links, free: Sequence[int]) -> tuple[Mention, ...]:
    """The KPIs that loose words decide on: one where none is named, a second where the question takes two."""
    hints, spare = read.names.hints, _within(read.terms, free)
    kpis = [mention.values for mention in links.mentions if mention.kind is Kind.KPI]
    first = None if kpis or links.leftovers or links.chosen else sure(links.candidates)
    known = {first} if first else {value for values in kpis for value in values}
    beside = [term for term in spare if not hints.takes_up(known, term)]
    further = tuple(pair for pair in hints.candidates(beside) if pair[0] not in known)
    second = sure(further) if len(kpis) + bool(first) == 1 and links.takes_two else None
    found = ((first, [term for term in spare if term not in beside]), (second, beside))
    return tuple(mention for kpi, terms in found if kpi and (mention := _span(read, free, kpi, terms)))


def _other_words(read: _Prepared, loose: Sequence[Mention]) -> tuple[tuple[str, str], ...]:
    """(written, KPI): words that name a KPI by their meaning alone."""
    hints, catalog = read.names.hints, read.names.catalog
    return tuple(
        (
            " ".join(dict.fromkeys(token.written for token in read.tokens[mention.start : mention.end])),
            catalog.by_name[mention.values[0]].label,
        )
        for mention in loose
        if not any(
            hints.spells(mention.values[0], term)
            for term in read.terms
            if mention.start <= term.start < mention.end
        )
    )


def _span(read: _Prepared, free: Sequence[int], kpi: str, terms: Sequence[Term]) -> Mention | None:
    """The longest run of `terms` that speak for `kpi`, with nothing but function words between them."""
    between = {at for at in free if read.tokens[at].folded in FUNCTION_WORDS - _JOINING}
    runs: list[list[Term]] = []
    for term in (term for term in terms if read.names.hints.hold(kpi, term)):
        if runs and between.issuperset(range(runs[-1][-1].end, term.start)):
            runs[-1].append(term)
        else:
            runs.append([term])
    best = max(runs, key=len, default=None)
    return Mention(best[0].start, best[-1].end, Kind.KPI, (kpi,)) if best else None


def _asked(text: str, names: Names) -> tuple[str, tuple[str, ...]]:
    """The question without the KPIs that were chosen as what it means, and these; see `with_choice`."""
    asked, labels = without_choices(text)
    kpis = {written_as_choice(kpi.label): kpi.name for kpi in names.catalog.kpis}
    if not asked or not all(label in kpis for label in labels):
        return text, ()
    return asked, tuple(kpis[label] for label in labels)


def _as_chosen(mentions: Sequence[Mention], chosen: Sequence[str]) -> tuple[Mention, ...]:
    """The mentions, those that could be several KPIs as the one of them that was chosen."""
    picked = ((mention, next((kpi for kpi in chosen if kpi in mention.values), None)) for mention in mentions)
    return tuple(
        replace(mention, values=(kpi,)) if kpi and mention.kind is Kind.KPI else mention
        for mention, kpi in picked
    )


def _off_limits(text: str, names: Names) -> str | None:
    tokens = tokenize(text)
    taken = _taken(len(tokens), names.whole(tokens))
    known = names.lexicon.vocabulary
    free = [not used and token.stem not in known for token, used in zip(tokens, taken, strict=True)]
    return off_limits.topic(tokens, free)


def _read(text: str, names: Names) -> tuple[tuple[Token, ...], tuple[tuple[str, str], ...], str | None]:
    """The words in English and without slips of the pen, the slips (written, read), the language's code."""
    tokens = tokenize(_PLUS.sub(" and ", _SLASH.sub(" per ", text)))
    taken = _taken(len(tokens), names.whole(tokens))
    language = gloss.spoken(tokens, taken, _common_words())
    slips: tuple[tuple[str, str], ...] = ()
    if language:
        tokens, slips = correct_spelling(tokens, names.lexicon.vocabulary, language.words)
        tokens = gloss.parted(tokens, names.lexicon.vocabulary, language)
    for phrases in (language, gloss.english_idioms()):
        if phrases:
            taken = _taken(len(tokens), names.whole(tokens))
            free = [token.written.islower() and phrases.has_short(token.folded) for token in tokens]
            kept = [used and not word for used, word in zip(taken, free, strict=True)]
            tokens = gloss.in_english(tokens, kept, phrases)
    named = _taken(len(tokens), names.whole(tokens))
    common = _common_words() | names.described
    read, more = correct(tokens, names.lexicon.vocabulary, common, named, english=language is None)
    return names.in_kinds(read), (*slips, *more), language.code if language else None


def sure(candidates: Sequence[tuple[str, float]]) -> str | None:
    """The candidate that loose words leave no doubt about, if any."""
    if not candidates:
        return None
    name, score = candidates[0]
    if len(candidates) == 1:
        return name if score >= SURE_ALONE else None
    return name if score >= SURE_SCORE and score >= SURE_MARGIN * candidates[1][1] else None


def tied(candidates: Sequence[tuple[str, float]]) -> tuple[str, ...]:
    """The candidates that loose words speak for about as much; empty if there is a single best one."""
    best = tuple(name for name, score in candidates if score * SURE_MARGIN > candidates[0][1])
    return best if len(best) > 1 else ()


def _free(
    tokens: Sequence[Token],
    taken: Sequence[Mention | PeriodMention],
    entries: Mapping[int, int],
    said: frozenset[int],
) -> list[int]:
    """Where the words stand that are part of no name, period or cue."""
    return [
        i for i in range(len(tokens)) if i in entries and entries[i] not in said and not _inside(i, taken)
    ]


def _within(terms: Sequence[Term], places: Sequence[int]) -> list[Term]:
    """The terms that consist of words at these places."""
    return [term for term in terms if all(at in places for at in range(term.start, term.end))]


def _explained(names: Names, terms: Sequence[Term]) -> set[int]:
    """Where words stand that say something about a KPI."""
    return {at for term in terms if names.hints.candidates([term]) for at in range(term.start, term.end)}


def _cues(
    words: Sequence[str], mentions: Sequence[Mention], periods: Sequence[PeriodMention]
) -> tuple[Cues, dict[int, int]]:
    """The cues, and for each word that begins an entry of the skeleton, the index of that entry."""
    starts = {m.start: (m.end, m.kind.name) for m in mentions}
    starts |= {p.start: (p.end, "PERIOD") for p in periods}
    skeleton: list[str] = []
    entries: dict[int, int] = {}
    at = 0
    while at < len(words):
        end, entry = starts.get(at, (at + 1, words[at]))
        entries[at] = len(skeleton)
        skeleton.append(entry)
        at = end
    return cue_words.find(skeleton), entries


def _inside(index: int, spans: Sequence[Mention | PeriodMention]) -> bool:
    return any(span.start <= index < span.end for span in spans)


def _taken(count: int, spans: Sequence[Mention | PeriodMention]) -> list[bool]:
    return [_inside(index, spans) for index in range(count)]


@cache
def _common_words() -> frozenset[str]:
    english = (
        FUNCTION_WORDS
        | INFLECTED
        | DIMENSION_WORDS.keys()
        | NUMBERS.keys()
        | cue_words.words()
        | month_words()
    )
    return frozenset(english | {stem(word) for word in english})
