"""The check that names written into a statement exist: a misspelt team gives no rows, and no error either."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.utils import default_process

from nlq.sql.columns import common_name
from nlq.sql.guard import CheckedSql
from nlq.sql.scope import Origin
from nlq.sql.tree import Node, choice, kind, strings, unwrap, unwrapped, walk

NEAR_ENOUGH = 60.0
"""Least similarity, of 100, at which an existing name is suggested."""

_EQUALITIES = {"AEXPR_OP", "AEXPR_OP_ANY", "AEXPR_OP_ALL", "AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT", "AEXPR_IN"}
_PATTERNS = {"AEXPR_LIKE", "AEXPR_ILIKE"}
_FOLDS: Mapping[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper, "btrim": str.strip}


class _Comparison(NamedTuple):
    """A column, after `fold`, against texts; with `pattern` they are those of LIKE or ILIKE."""

    column: Node
    fold: Callable[[str], str]
    texts: tuple[str, ...]
    pattern: str | None = None


@dataclass(frozen=True)
class _Column:
    node: Node
    fold: Callable[[str], str]


def check_literals(checked: CheckedSql, known: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """A sentence for each text that a column is compared with although the column never holds it.

    Args:
        checked: the statement.
        known: what the columns hold, by their common names: `kpi`, `team`, `department`, `region`, `country`,
            `category`, `unit`, `severity`. Columns that are not in it are not checked. The name columns of
            teams, regions and KPI definitions count as `team`, `region` and `kpi`.
    """
    found: dict[str, None] = {}
    for comparison in _comparisons(checked.statement):
        origin = checked.origins.get(comparison.column.location)
        name = common_name(origin) if isinstance(origin, Origin) else ""
        if name in known:
            unknown = (text for text in comparison.texts if not _exists(comparison, text, known[name]))
            found.update(dict.fromkeys(_sentence(name, text, known[name]) for text in unknown))
    return tuple(found)


def _comparisons(statement: Node) -> Iterator[_Comparison]:
    for node in walk(statement):
        if kind(node) == "A_Expr":
            yield from _in_expression(node)
        elif kind(node) == "CaseExpr" and (column := _column(unwrap(node.arg))):
            whens = [unwrap(when.expr) for when in unwrapped(node.args)]
            yield _Comparison(column.node, column.fold, _texts(whens))


def _in_expression(node: Node) -> Iterator[_Comparison]:
    how = choice(node, "kind")
    is_equality = how in _EQUALITIES and strings(node.name)[0] in {"=", "<>"}
    if not is_equality and how not in _PATTERNS:
        return
    left, right = unwrap(node.lexpr), unwrap(node.rexpr)
    for one, other in ((left, right), (right, left)):
        if (column := _column(one)) and (texts := _texts(_listed(other))):
            yield _Comparison(column.node, column.fold, texts, how if how in _PATTERNS else None)


def _column(node: Node | None) -> _Column | None:
    """The column that `node` is, perhaps inside `lower`, `upper`, `trim` or a cast."""
    if node is None:
        return None
    if kind(node) == "ColumnRef":
        return _Column(node, str)
    if kind(node) == "TypeCast":
        return _column(unwrap(node.arg))
    fold = _FOLDS.get(strings(node.funcname)[-1]) if kind(node) == "FuncCall" else None
    inner = _column(unwrap(node.args[0])) if fold and len(node.args) == 1 else None
    if fold is None or inner is None:
        return None
    outer, within = fold, inner.fold
    return _Column(inner.node, lambda text: outer(within(text)))


def _listed(node: Node | None) -> list[Node]:
    """The nodes of an IN list or an array; a single node as a list of one."""
    if node is None:
        return []
    if kind(node) == "List":
        return unwrapped(node.items)
    if kind(node) == "A_ArrayExpr":
        return unwrapped(node.elements)
    return [node]


def _texts(nodes: list[Node]) -> tuple[str, ...]:
    return tuple(text for node in nodes if (text := _text(node)) is not None)


def _text(node: Node | None) -> str | None:
    """The text that a constant is, perhaps inside a cast, `lower` or `upper`."""
    if node is None:
        return None
    if kind(node) == "TypeCast":
        return _text(unwrap(node.arg))
    if kind(node) == "FuncCall" and len(node.args) == 1 and (fold := _FOLDS.get(strings(node.funcname)[-1])):
        inner = _text(unwrap(node.args[0]))
        return None if inner is None else fold(inner)
    is_text = kind(node) == "A_Const" and node.WhichOneof("val") == "sval"
    return str(node.sval.sval) if is_text else None


def _exists(comparison: _Comparison, text: str, known: Collection[str]) -> bool:
    held = map(comparison.fold, known)
    if comparison.pattern is None:
        return text in held
    flags = re.DOTALL | (re.IGNORECASE if comparison.pattern == "AEXPR_ILIKE" else 0)
    return any(re.fullmatch(_regex(text), value, flags) for value in held)


def _regex(pattern: str) -> str:
    """The regular expression of a LIKE pattern."""
    wildcards = {"%": ".*", "_": "."}
    parts = re.findall(r"\\.|[^\\]", pattern, re.DOTALL)
    return "".join(wildcards.get(part) or re.escape(part[-1]) for part in parts)


def _sentence(name: str, text: str, known: Collection[str]) -> str:
    label = "KPI" if name == "kpi" else name
    wanted = text.replace("%", "")
    nearest = process.extractOne(wanted, known, processor=default_process, score_cutoff=NEAR_ENOUGH)
    suggestion = f'; the nearest is "{nearest[0]}"' if nearest else ""
    return f'There is no {label} "{text}"{suggestion}.'
