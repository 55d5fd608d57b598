"""What the reader of an answer should know of it: how the question was read, and what is left out. Pure."""

from nlq.access import EVERYTHING, Grant, Scope
from nlq.answer import Table
from nlq.linking import Links
from nlq.plan.draft import Draft


def of(links: Links, read: Draft, chosen: str | None) -> tuple[str, ...]:
    """On words that were corrected, not read, or read as a KPI: `chosen` by the model, or by a person."""
    said = [f'I read "{written}" as "{word}".' for written, word in links.corrections]
    words = ", ".join(f'"{word}"' for word in read.unread)
    if words and chosen:
        said.append(
            f"The language model took {words} to mean {chosen}; nothing else in them narrows the answer."
        )
    elif words and links.chosen:
        said.append(f"I took {words} to mean what you chose; nothing else in them narrows the answer.")
    elif words and not read.beyond:
        said.append(f"I found nothing in the data for {words}, so it does not narrow the answer.")
    return tuple(said)


def cut_off(table: Table) -> tuple[str, ...]:
    """The sentence on rows that a limit cut off; none where all are there."""
    return (f"Only the first {len(table.rows):,} rows are shown; there are more.",) if table.truncated else ()


def narrowed(scope: Scope) -> tuple[str, ...]:
    """The sentence on the rows that the person may see; none where that is all of them."""
    if scope == EVERYTHING:
        return ()
    allowed = " or ".join(sorted(map(_granted, scope.grants))) or "nothing"
    return (f"This is made from what you may see: {allowed}.",)


def _granted(grant: Grant) -> str:
    parts = (f"{dimension} {', '.join(names)}" for dimension, names in grant.as_json().items())
    return " and ".join(parts)
