"""How many rows a FROM may give, roughly: enough to tell a question from a cross join that never ends. Pure.

The tables' real sizes are not known here; the database compares PostgreSQL's own estimate of the cost with a
limit before it runs a statement. This is for what no size of the tables makes sensible.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from nlq.sql.allowed import AGGREGATES
from nlq.sql.tree import Node, children, choice, kind, strings, unwrap, unwrapped

Part = TypeVar("Part")

MOST_ROWS = 1e9
"""Most rows that a FROM may give, were the tables as large as `RELATIONS` says."""

RELATIONS: Mapping[str, float] = {
    "nlq.kpi_values": 1e6,
    "public.kpi_data": 1e6,
    "nlq.kpi_anomalies": 1e5,
    "public.anomalies": 1e5,
    "public.teams": 100.0,
    "public.regions": 100.0,
    "public.kpi_definitions": 100.0,
}
"""The rows that each relation of a large company has."""

_GROUPS = 1000.0
"""Most rows that a GROUP BY is taken to give."""


def product(rows: Mapping[Part, float], ties: Iterable[tuple[Part, Part]]) -> float:
    """The rows of a FROM: parts that are tied together give as many as the largest, others multiply."""
    group = {part: part for part in rows}
    for one, other in ties:
        kept, gone = group[one], group[other]
        group = {part: kept if of is gone else of for part, of in group.items()}
    largest: dict[Part, float] = {}
    for part, of in group.items():
        largest[of] = max(largest.get(of, 1.0), rows[part])
    total = 1.0
    for count in largest.values():
        total *= count
    return total


def result(statement: Node, given: float) -> float:
    """The rows that a SELECT makes of the `given` rows of its FROM."""
    rows = given
    if statement.group_clause:
        rows = min(rows, _GROUPS)
    elif any(map(_aggregates, unwrapped(statement.target_list))):
        rows = 1.0
    return limited(statement, rows)


def limited(statement: Node, rows: float) -> float:
    """The rows that the LIMIT of a statement leaves."""
    limit = unwrap(statement.limit_count)
    if limit is not None and kind(limit) == "A_Const" and limit.WhichOneof("val") == "ival":
        return min(rows, float(max(limit.ival.ival, 1)))
    return rows


def equations(condition: Node | None) -> Iterator[tuple[Node, Node]]:
    """Both sides of each `=` that must hold for `condition` to hold."""
    if condition is None:
        return
    if kind(condition) == "BoolExpr" and choice(condition, "boolop") == "AND_EXPR":
        for part in unwrapped(condition.args):
            yield from equations(part)
    elif (
        kind(condition) == "A_Expr"
        and strings(condition.name) == ["="]
        and choice(condition, "kind") == "AEXPR_OP"
    ):
        yield unwrap(condition.lexpr), unwrap(condition.rexpr)


def ties(sides: tuple[Collection[Part], Collection[Part]]) -> Iterator[tuple[Part, Part]]:
    """What an equation with these parts on its two sides ties together."""
    return ((one, other) for one in sides[0] for other in sides[1] if one is not other)


def all_ties(left: Sequence[Part], right: Sequence[Part]) -> Iterator[tuple[Part, Part]]:
    """What USING ties together."""
    return ((one, other) for one in left for other in right)


def _aggregates(node: Node) -> bool:
    if kind(node) == "SelectStmt":
        return False
    if kind(node) == "FuncCall" and not node.HasField("over") and strings(node.funcname)[-1] in AGGREGATES:
        return True
    return any(map(_aggregates, children(node)))
