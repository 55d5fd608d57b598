"""Name linking: which words of a question are names of KPIs, teams, departments, regions, ..."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from nlq.catalog import Catalog, Kpi
from nlq.linking.hints import Hints
from nlq.linking.lexicon import LONGEST, Entry, Kind, Lexicon, build
from nlq.linking.thesaurus import Term
from nlq.linking.vocabulary import DIMENSION_WORDS, FUNCTION_WORDS, SEVERITY_WORDS
from nlq.linking.words import Token, akin, fold, stems

_DIVIDERS = {"per", "each", "every", "one", "single"}
"""Words before what something else is divided by."""
_FEWEST_ALIKE, _PART_ALIKE = 3, 0.3
"""Names, and the part of all, that share a word which then stands for what they are names of."""
_PEOPLE = {"team", "guys", "people", "folks", "crew", "colleagues", "lot", "squad", "bunch"}


@dataclass(frozen=True)
class Mention:
    """Words (from `start` to before `end`) and what they name; several values where that stays open."""

    start: int
    end: int
    kind: Kind
    values: tuple[str, ...]
    excluded: bool = False


@dataclass(frozen=True)
class Names:
    """What a catalogue's names look like in questions; build it once for each catalogue."""

    catalog: Catalog
    lexicon: Lexicon = field(init=False)
    hints: Hints = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lexicon", build(self.catalog))
        object.__setattr__(self, "hints", Hints(self.catalog))

    def whole(self, tokens: Sequence[Token], *, about_anomalies: bool = False) -> tuple[Mention, ...]:
        """The names that are written out in full (or as a synonym), longest first, each word used once."""
        found: list[tuple[int, int, tuple[Entry, ...]]] = []
        taken = [False] * len(tokens)
        for length in range(min(LONGEST, len(tokens)), 0, -1):
            for start in range(len(tokens) - length + 1):
                span = slice(start, start + length)
                entries = self._whole(tokens, start, length)
                if entries and not any(taken[span]):
                    taken[span] = [True] * length
                    found.append((start, start + length, entries))
        has_kpi = any(all(entry.kind is Kind.KPI for entry in entries) for _, _, entries in found)
        mentions = (
            _decided(tokens, start, end, entries, has_kpi, about_anomalies)
            for start, end, entries in sorted(found)
        )
        found_names = tuple(mention for mention in mentions if mention)
        taken_up = [any(m.start <= at < m.end for m in found_names) for at in range(len(tokens))]
        return tuple(sorted((*found_names, *self._coded(tokens, taken_up)), key=lambda m: m.start))

    def scattered(self, tokens: Sequence[Token], mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        """The mentions, without those of teams and the like whose word belongs to a KPI's name beside it.

        "visits to the bar" names the KPI `bar_visits` where there is a team Bar too: all words of its name
        are there.
        """
        free = [t.stem for i, t in enumerate(tokens) if not any(m.start <= i < m.end for m in mentions)]
        return tuple(m for m in mentions if m.kind is Kind.KPI or not self._in_kpi(tokens, m, free))

    def _in_kpi(self, tokens: Sequence[Token], mention: Mention, free: Sequence[str]) -> bool:
        own = [token.stem for token in tokens[mention.start : mention.end]]
        for kpi in self.catalog.kpis:
            name = [word for word in stems(kpi.label) if word not in FUNCTION_WORDS]
            rest = [word for word in name if word not in own]
            if len(rest) < len(name) and rest and all(_any_akin(word, free) for word in rest):
                return True
        return False

    def rather_kpis(self, tokens: Sequence[Token], mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        """The mentions, where a word that a KPI's name holds as it is written names that KPI.

        In the plural, or after "per", a word that a team is called by in the singular means what is counted.
        One word of several names nothing by itself.
        """
        read = (self._rather_kpi(tokens, mention) for mention in mentions)
        return self._absorbed(tokens, [mention for mention in read if mention])

    def _absorbed(self, tokens: Sequence[Token], mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        """The mentions, without those of a single word that belongs to the KPI named right beside it."""
        kpis = [m for m in mentions if m.kind is Kind.KPI and len(m.values) == 1]
        words = {m: stems(self.catalog.by_name[m.values[0]].label) for m in kpis}
        return tuple(
            m
            for m in mentions
            if m.kind is Kind.KPI
            or m.end - m.start > 1
            or not any(
                tokens[m.start].stem in words[kpi] and m.start in {kpi.end, kpi.start - 1} for kpi in kpis
            )
        )

    def _rather_kpi(self, tokens: Sequence[Token], mention: Mention) -> Mention | None:
        token = tokens[mention.start]
        if mention.kind is Kind.KPI or mention.end - mention.start > 1:
            return mention
        as_written = any(token.folded in fold(value).split() for value in mention.values)
        divides = mention.start > 0 and tokens[mention.start - 1].folded in _DIVIDERS
        names = [kpi for kpi in self.catalog.kpis if self._holds(kpi, token, exactly=not divides)]
        if len(names) != 1 or (as_written and not divides):
            return mention
        if not divides and len(stems(names[0].label)) > 1:
            return None
        return replace(mention, kind=Kind.KPI, values=(names[0].name,))

    @staticmethod
    def _holds(kpi: Kpi, token: Token, *, exactly: bool) -> bool:
        return token.folded in fold(kpi.label).split() if exactly else token.stem in stems(kpi.label)

    def _coded(self, tokens: Sequence[Token], taken: Sequence[bool]) -> tuple[Mention, ...]:
        """Countries by their two letters in capitals, in a question that is not all in capitals."""
        if all(token.written.isupper() for token in tokens):
            return ()
        return tuple(
            Mention(at, at + 1, entry.kind, (entry.value,))
            for at, token in enumerate(tokens)
            if not taken[at] and (entry := self.lexicon.codes.get(token.written))
        )

    def nicknamed(
        self, tokens: Sequence[Token], taken: Sequence[bool], common: Collection[str]
    ) -> tuple[Mention, ...]:
        """Teams and regions by a word of their names that nothing else has: "the kitchen"."""
        found: list[Mention] = []
        for at, token in enumerate(tokens):
            entry = self.lexicon.telling.get(token.stem)
            if entry and token.folded not in fold(entry.value).split() and token.stem + "s" != token.folded:
                entry = None
            known = token.stem in common or token.folded in common or token.folded in FUNCTION_WORDS
            if entry is None and tokens[at + 1 : at + 2] and tokens[at + 1].folded in _PEOPLE:
                entry = self.lexicon.teams.get(token.stem)
            named = entry and any(entry.value in mention.values for mention in found)
            if entry and not taken[at] and not known and not named:
                found.append(Mention(at, at + 1, entry.kind, (entry.value,)))
        return tuple(found)

    def in_kinds(self, tokens: Sequence[Token]) -> tuple[Token, ...]:
        """The words, with those that many teams or regions are named by as what these are: "which desk"."""
        taken = [False] * len(tokens)
        for mention in self.whole(tokens):
            taken[mention.start : mention.end] = [True] * (mention.end - mention.start)
        return tuple(
            replace(token, folded=kind + token.folded.removeprefix(token.stem), stem=kind)
            if not used and (kind := self._kinds.get(token.stem)) and token.folded.startswith(token.stem)
            else token
            for token, used in zip(tokens, taken, strict=True)
        )

    @cached_property
    def _kinds(self) -> Mapping[str, str]:
        """Words that many of the teams' or the regions' names hold, and no other name does."""
        known = {
            word
            for kpi in self.catalog.kpis
            for text in (kpi.name, kpi.label, *kpi.synonyms)
            for word in stems(text)
        }
        others = (*self.catalog.departments, *self.catalog.categories, *self.catalog.countries)
        known |= {word for name in others for word in stems(name)} | FUNCTION_WORDS | DIMENSION_WORDS.keys()
        found: dict[str, str] = {}
        for kind, names in (
            (Kind.REGION, [region.name for region in self.catalog.regions]),
            (Kind.TEAM, [team.name for team in self.catalog.teams]),
        ):
            counts = Counter(word for name in names for word in set(stems(name)) - known)
            least = max(_FEWEST_ALIKE, _PART_ALIKE * len(names))
            found |= {word: kind.value for word, count in counts.items() if count >= least}
        return found

    def partial(self, tokens: Sequence[Token], taken: Sequence[bool]) -> tuple[Mention, ...]:
        """KPIs that are named by two or more words in a row of their names."""
        used = list(taken)
        found: list[Mention] = []
        for length in range(min(LONGEST, len(tokens)), 1, -1):
            for start in range(len(tokens) - length + 1):
                if any(used[start : start + length]):
                    continue
                words = tuple(token.stem for token in tokens[start : start + length])
                entries = [entry for entry in self.lexicon.find(words) if entry.kind is Kind.KPI]
                if entries:
                    used[start : start + length] = [True] * length
                    values = tuple(entry.value for entry in entries)
                    found.append(Mention(start, start + length, Kind.KPI, values))
        return tuple(sorted(found, key=lambda mention: mention.start))

    def narrowed(self, mention: Mention, terms: Sequence[Term]) -> Mention:
        """A mention that could be several KPIs, with those alone that the other words speak for most."""
        if mention.kind is not Kind.KPI or len(mention.values) < 2:
            return mention
        scores = {name: self.hints.score(name, terms) for name in mention.values}
        most = max(scores.values())
        return replace(mention, values=tuple(n for n, score in scores.items() if score >= most - 1e-9))

    def _whole(self, tokens: Sequence[Token], start: int, length: int) -> tuple[Entry, ...]:
        words = tokens[start : start + length]
        entries = self.lexicon.find(token.stem for token in words)
        full = [entry for entry in entries if entry.coverage == 1.0]
        if words[0].folded in FUNCTION_WORDS and length > 1:
            full = [entry for entry in full if stems(entry.value)[:1] == (words[0].stem,)]
        if length == 1 and words[0].folded in FUNCTION_WORDS | DIMENSION_WORDS.keys():
            named = words[0].written
            full = (
                [entry for entry in full if named == entry.value or named.isupper()]
                if not named.islower()
                else []
            )
        return tuple(full)

    @cached_property
    def described(self) -> frozenset[str]:
        """The stems of the words that describe KPIs."""
        return frozenset(word for kpi in self.catalog.kpis for word in stems(kpi.description))


def _any_akin(word: str, others: Iterable[str]) -> bool:
    return any(akin(word, other) for other in others)


def _decided(
    tokens: Sequence[Token],
    start: int,
    end: int,
    entries: tuple[Entry, ...],
    has_kpi: bool,
    about_anomalies: bool,
) -> Mention | None:
    """What the words name, from the word beside them or the usual order of kinds; None for nothing."""
    beside = _kinds_beside(tokens, start, end)
    severities = all(entry.kind is Kind.SEVERITY for entry in entries)
    if severities and start and tokens[start - 1].folded == "how":
        return None
    if severities and not about_anomalies:
        near = tokens[max(0, start - 4) : end + 4]
        if not any(token.stem in SEVERITY_WORDS for token in near):
            return None
    kinds = [entry.kind for entry in entries]
    order = sorted(set(kinds), key=list(Kind).index)
    wanted = [kind for kind in order if kind in beside]
    if not wanted and Kind.KPI in kinds and not has_kpi:
        wanted = [Kind.KPI]
    kind = (wanted or order)[0]
    return Mention(start, end, kind, tuple(entry.value for entry in entries if entry.kind is kind))


def _kinds_beside(tokens: Sequence[Token], start: int, end: int) -> set[Kind]:
    """The kinds that the dimension words right before or after the span stand for ("team X", "X region")."""
    before = start - 1
    while before >= 0 and tokens[before].folded in {"of", "the", "in"}:
        before -= 1
    beside = [*tokens[max(before, 0) : max(before + 1, 0)], *tokens[end : end + 1]]
    words = (DIMENSION_WORDS.get(token.stem) for token in beside)
    kinds = {kind.value: kind for kind in Kind}
    found = {kinds[word] for word in words if word in kinds}
    return {Kind.CATEGORY if kind is Kind.KPI else kind for kind in found}
