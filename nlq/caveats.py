"""What the reader of an answer should know of it: how the question was read, and what is left out. Pure."""

from nlq.access import EVERYTHING, Grant, Scope
from nlq.answer import Table
from nlq.linking import Links
from nlq.numbers import decimal_words
from nlq.plan.draft import Draft
from nlq.words import N_, all_of, gettext, one_of


def of(links: Links, read: Draft, chosen: str | None) -> tuple[str, ...]:
    """On words that were corrected, not read, or read as a KPI: `chosen` by the model, or by a person."""
    said = [
        gettext('I read "%(written)s" as "%(word)s".', written=written, word=word)
        for written, word in links.corrections
    ]
    words = ", ".join(gettext('"%(word)s"', word=word) for word in read.unread)
    if words and chosen:
        by_model = N_(
            "The language model took %(words)s to mean %(kpi)s; nothing else in them narrows the answer."
        )
        said.append(gettext(by_model, words=words, kpi=chosen))
    elif words and links.chosen:
        by_choice = N_("I took %(words)s to mean what you chose; nothing else in them narrows the answer.")
        said.append(gettext(by_choice, words=words))
    elif words and not read.beyond:
        nothing = N_("I found nothing in the data for %(words)s, so it does not narrow the answer.")
        said.append(gettext(nothing, words=words))
    return tuple(said)


def cut_off(table: Table) -> tuple[str, ...]:
    """The sentence on rows that a limit cut off; none where all are there."""
    if not table.truncated:
        return ()
    rows = decimal_words(f"{len(table.rows):,}")
    return (gettext("Only the first %(rows)s rows are shown; there are more.", rows=rows),)


def narrowed(scope: Scope) -> tuple[str, ...]:
    """The sentence on the rows that the person may see; none where that is all of them."""
    if scope == EVERYTHING:
        return ()
    allowed = one_of(sorted(map(_granted, scope.grants))) or gettext("nothing")
    return (gettext("This is made from what you may see: %(allowed)s.", allowed=allowed),)


def _granted(grant: Grant) -> str:
    return all_of(f"{gettext(kind)} {', '.join(names)}" for kind, names in grant.as_json().items())
