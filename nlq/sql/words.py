"""Expressions of a statement in plain words."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import postgast

from nlq.sql.columns import MOMENTS, common_name
from nlq.sql.frames import frame
from nlq.sql.scope import Origin
from nlq.sql.tree import Node, kind, strings, unwrap, unwrapped

_AGGREGATES = {
    "avg": "average of",
    "sum": "sum of",
    "min": "lowest",
    "max": "highest",
    "count": "number of",
    "stddev": "standard deviation of",
    "stddev_samp": "standard deviation of",
    "lag": "previous",
    "lead": "next",
    "first_value": "first",
    "last_value": "last",
    "string_agg": "list of",
    "array_agg": "list of",
    "round": "rounded",
    "abs": "size of",
    "lower": "lower-case",
    "upper": "upper-case",
}
"""What stands before the first argument of a function."""

_ALONE = {"row_number": "row number", "rank": "rank", "dense_rank": "rank", "now": "now"}

_COMPARISONS = {
    "=": "is",
    "<>": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
    "~~": "is like",
    "!~~": "is not like",
    "~~*": "is like",
    "!~~*": "is not like",
}
_MOMENT_COMPARISONS = {
    **_COMPARISONS,
    "<": "is before",
    "<=": "is up to",
    ">": "is after",
    ">=": "is on or after",
}
_ARITHMETIC = {
    "+": "+",
    "-": "-",
    "*": "x",
    "/": "/",
    "%": "modulo",
    "^": "to the power of",
    "||": "joined to",
}


@dataclass(frozen=True)
class Words:
    """Puts expressions into words. `subquery` does the same for a whole `SelectStmt`."""

    origins: Mapping[int, Origin]
    subquery: Callable[[Node], str]
    uses: Counter[str] = field(default_factory=Counter)
    """How often the statement reads each relation: where twice, columns are told apart by their alias."""

    def of(self, node: Node | None) -> str:
        """`node` in words; what has no words of its own as SQL."""
        if node is None:
            return ""
        say = _WORDS.get(kind(node))
        return say(self, node) if say else as_sql(node)

    def listed(self, nodes: list[Node], last: str = "and") -> str:
        """Several expressions as "a, b and c"."""
        return join([self.of(node) for node in nodes], last)

    def _column(self, node: Node) -> str:
        names = strings(node.fields)
        if not names[-1]:
            return "all columns" if len(names) == 1 else f"all columns of {names[-2]}"
        origin = self.origins.get(node.location)
        name = common_name(origin) if origin else names[-1]
        ambiguous = origin is None or self.uses[origin.relation] > 1
        return f"{name} of {names[-2]}" if len(names) > 1 and ambiguous else name

    def _constant(self, node: Node) -> str:
        if node.isnull:
            return "nothing"
        which = node.WhichOneof("val")
        if which == "sval":
            return f"'{node.sval.sval}'"
        if which == "boolval":
            return "true" if node.boolval.boolval else "false"
        return str(node.fval.fval if which == "fval" else node.ival.ival)

    def _function(self, node: Node) -> str:
        name = strings(node.funcname)[-1]
        said = self._call(name, node, unwrapped(node.args))
        if node.HasField("agg_filter"):
            said += f" (only where {self.of(unwrap(node.agg_filter))})"
        if not node.HasField("over"):
            return said
        return said + (f" (over {node.over.name})" if node.over.name else self.window(node.over))

    def _call(self, name: str, node: Node, arguments: list[Node]) -> str:
        if name == "count" and not arguments:
            return "number of rows"
        if name in _ALONE:
            return _ALONE[name]
        if node.agg_within_group:
            return self._percentile(name, node, arguments)
        if name in {"date_trunc", "date_part", "extract"} and kind(arguments[0]) == "A_Const":
            return f"{arguments[0].sval.sval} of {self.of(arguments[1])}"
        if name == "like_escape":
            return self.of(arguments[0])
        if name in {"round", "trunc"}:
            return f"{self.of(arguments[0])} (rounded)"
        if name in _AGGREGATES:
            different = "different " if node.agg_distinct else ""
            return f"{_AGGREGATES[name]} {different}{self.of(arguments[0])}"
        return f"{name}({', '.join(map(self.of, arguments))})"

    def _percentile(self, name: str, node: Node, arguments: list[Node]) -> str:
        ordered = self.listed([unwrap(sort.node) for sort in unwrapped(node.agg_order)])
        if name == "mode":
            return f"most frequent {ordered}"
        share = self.of(arguments[0])
        return f"median of {ordered}" if share == "0.5" else f"{share} quantile of {ordered}"

    def window(self, window: Node) -> str:
        """What a window function runs over, as " (for each kpi in order of month)"."""
        parts = []
        if groups := unwrapped(window.partition_clause):
            parts.append(f"for each {self.listed(groups)}")
        if order := unwrapped(window.order_clause):
            parts.append(f"in order of {self.sorting(order)}")
        if rows := frame(window, self.of):
            parts.append(rows)
        return f" ({', '.join(parts) or 'over all rows'})"

    def sorting(self, sorts: list[Node], say: Callable[[Node], str] | None = None) -> str:
        """ORDER BY in words, as "value, highest first"; `say` puts each key into words."""
        return join([self._sort(sort, say or self.of) for sort in sorts], "then")

    def _sort(self, node: Node, say: Callable[[Node], str]) -> str:
        key = unwrap(node.node)
        if enum_name(node, "sortby_dir") != "SORTBY_DESC":
            return say(key)
        return f"{say(key)}, {'latest' if self._is_moment(key) else 'highest'} first"

    def _expression(self, node: Node) -> str:
        how = enum_name(node, "kind").removeprefix("AEXPR_")
        left, right = unwrap(node.lexpr), unwrap(node.rexpr)
        operator = strings(node.name)[0]
        if how.startswith(("BETWEEN", "NOT_BETWEEN")):
            return self._between(how, left, unwrapped(right.items))
        if how == "IN":
            names = unwrapped(right.items)
            is_in = f"is {self.listed(names, 'or')}"
            return f"{self.of(left)} {is_in if operator == '=' else f'is not any of {self.listed(names)}'}"
        if how == "NULLIF":
            return f"{self.of(left)} (nothing where it is {self.of(right)})"
        if how in {"DISTINCT", "NOT_DISTINCT"}:
            return f"{self.of(left)} {'is not' if how == 'DISTINCT' else 'is'} {self.of(right)}"
        quantifier = {"OP_ANY": "any of ", "OP_ALL": "all of "}.get(how, "")
        return self._operation(operator, left, quantifier, right)

    def _operation(self, operator: str, left: Node, quantifier: str, right: Node) -> str:
        if left is None:
            return f"{operator}{self._inside(right)}"
        if operator in _ARITHMETIC:
            return f"{self._inside(left)} {_ARITHMETIC[operator]} {self._inside(right)}"
        verbs = _MOMENT_COMPARISONS if self._is_moment(left) else _COMPARISONS
        one, other = self.of(left), self.of(right)
        if one == other:  # the same column of two tables
            one, other = as_sql(left), as_sql(right)
        return f"{one} {verbs[operator]} {quantifier}{other}"

    def _is_moment(self, node: Node) -> bool:
        node = unwrap(node.arg) if kind(node) == "TypeCast" else node
        return kind(node) == "ColumnRef" and strings(node.fields)[-1] in MOMENTS

    def _inside(self, node: Node) -> str:
        """An operand, in brackets where it is an operation itself."""
        return f"({self.of(node)})" if kind(node) == "A_Expr" else self.of(node)

    def _between(self, how: str, left: Node, ends: list[Node]) -> str:
        verb = "is not" if how.startswith("NOT") else "is"
        return f"{self.of(left)} {verb} from {self.of(ends[0])} to {self.of(ends[1])}"

    def _boolean(self, node: Node) -> str:
        how, arguments = enum_name(node, "boolop"), unwrapped(node.args)
        if how == "NOT_EXPR":
            return f"not ({self.of(arguments[0])})"
        if how == "AND_EXPR":
            return " and ".join(map(self.of, arguments))
        return f"({' or '.join(map(self.of, arguments))})"

    def _null_test(self, node: Node) -> str:
        missing = enum_name(node, "nulltesttype") == "IS_NULL"
        return f"{self.of(unwrap(node.arg))} is {'missing' if missing else 'known'}"

    def _case(self, node: Node) -> str:
        subject = f"{self.of(unwrap(node.arg))} is " if node.HasField("arg") else ""
        whens = [
            f"{self.of(unwrap(when.result))} where {subject}{self.of(unwrap(when.expr))}"
            for when in unwrapped(node.args)
        ]
        default = [f"otherwise {self.of(unwrap(node.defresult))}"] if node.HasField("defresult") else []
        return f"({', '.join([*whens, *default])})"

    def _coalesce(self, node: Node) -> str:
        return " or else ".join(map(self.of, unwrapped(node.args)))

    def _min_max(self, node: Node) -> str:
        which = "greatest" if enum_name(node, "op") == "IS_GREATEST" else "least"
        return f"the {which} of {self.listed(unwrapped(node.args))}"

    def _cast(self, node: Node) -> str:
        value, type_ = unwrap(node.arg), strings(node.type_name.names)[-1]
        if type_ == "interval" and kind(value) == "A_Const":
            return as_sql(node) if node.type_name.typmods else str(value.sval.sval)
        is_day = type_ == "date" and kind(value) not in {"A_Const", "TypeCast"}
        return f"day of {self.of(value)}" if is_day else self.of(value)

    def _sublink(self, node: Node) -> str:
        how, inner = enum_name(node, "sub_link_type"), f"({self.subquery(unwrap(node.subselect))})"
        if how == "EXISTS_SUBLINK":
            return f"there is a row of {inner}"
        if how == "EXPR_SUBLINK":
            return inner
        if how == "ARRAY_SUBLINK":
            return f"list of {inner}"
        verb = _COMPARISONS.get(strings(node.oper_name)[0] if node.oper_name else "=", "is")
        which = "all" if how == "ALL_SUBLINK" else "one"
        return f"{self.of(unwrap(node.testexpr))} {verb} {which} of {inner}"

    def _now(self, node: Node) -> str:
        return "today" if enum_name(node, "op") == "SVFOP_CURRENT_DATE" else "now"

    def _array(self, node: Node) -> str:
        return self.listed(unwrapped(node.elements), "or")


_WORDS: Mapping[str, Callable[[Words, Node], str]] = {
    "ColumnRef": Words._column,
    "A_Const": Words._constant,
    "FuncCall": Words._function,
    "A_Expr": Words._expression,
    "BoolExpr": Words._boolean,
    "NullTest": Words._null_test,
    "CaseExpr": Words._case,
    "CoalesceExpr": Words._coalesce,
    "MinMaxExpr": Words._min_max,
    "TypeCast": Words._cast,
    "SubLink": Words._sublink,
    "SQLValueFunction": Words._now,
    "A_ArrayExpr": Words._array,
}


def join(parts: list[str], last: str) -> str:
    """`a, b and c`, with `last` before the last one."""
    return f" {last} ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def enum_name(node: Node, name: str) -> str:
    """The name of the value of an enumeration in the field `name` of `node`."""
    enumeration = node.DESCRIPTOR.fields_by_name[name].enum_type
    return str(enumeration.values_by_number[getattr(node, name)].name)


def as_sql(node: Node) -> str:
    """An expression as SQL, in PostgreSQL's own spelling."""
    tree = postgast.parse("SELECT 1")
    place = tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val
    for inner in place.DESCRIPTOR.fields:
        if inner.message_type is node.DESCRIPTOR:
            getattr(place, inner.name).CopyFrom(node)
    return str(postgast.deparse(tree)).removeprefix("SELECT ")
