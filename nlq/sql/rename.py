"""Names in a statement, replaced by others: in its parse tree, where a text is nothing but the name."""

from collections.abc import Mapping

import postgast
from google.protobuf.message import DecodeError
from postgast import PgQueryError

from nlq.linking.words import tokenize
from nlq.sql.tree import Node, kind, walk


def rename(sql: str, names: Mapping[str, str]) -> str | None:
    """The statement with each text literal that equals a key of `names` replaced by its value.

    Returns:
        The new statement; None if `sql` cannot be parsed, a name is nowhere such a literal, or one is left
        in another place - a pattern, another spelling, the name of a column - that would then say what
        is not so.
    """
    try:
        tree = postgast.parse(sql)
        found = {name for statement in tree.stmts for name in _replaced(statement, names)}
        renamed = str(postgast.deparse(tree))
    except (PgQueryError, DecodeError):
        return None
    if found != set(names):
        return None
    left = names.keys() - set(names.values())
    return None if any(_says(renamed, name) for name in left) else renamed


def _replaced(statement: Node, names: Mapping[str, str]) -> list[str]:
    """The names that were literals of `statement`, which changes."""
    found = []
    for node in walk(statement):
        if kind(node) == "A_Const" and node.WhichOneof("val") == "sval" and node.sval.sval in names:
            found.append(node.sval.sval)
            node.sval.sval = names[node.sval.sval]
    return found


def _says(sql: str, name: str) -> bool:
    words, wanted = ([token.folded for token in tokenize(text)] for text in (sql, name))
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words)))
