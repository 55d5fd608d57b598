"""A statement read back in plain words, from its parse tree and never from what a model says about it."""

from collections import Counter
from dataclasses import dataclass

from nlq.sql.allowed import UNQUALIFIED
from nlq.sql.columns import RELATIONS
from nlq.sql.guard import CheckedSql
from nlq.sql.tree import Node, children, kind, strings, unwrap, unwrapped, walk
from nlq.sql.words import Words, enum_name, join

_SET_OPERATIONS = {
    "SETOP_UNION": "together with",
    "SETOP_INTERSECT": "as far as also in",
    "SETOP_EXCEPT": "without",
}


def describe(checked: CheckedSql) -> str:
    """What the statement reads: columns, grouping, tables, conditions, order and limit, as one sentence."""
    reading = _Reading(checked)
    said = reading.select(checked.statement)
    return f"{said[:1].upper()}{said[1:]}."


class _Reading:
    """Reads one statement and the statements inside it."""

    def __init__(self, checked: CheckedSql) -> None:
        tables = (node for node in walk(checked.statement) if kind(node) == "RangeVar")
        uses = Counter(UNQUALIFIED.get(node.relname, "") for node in tables)
        self.whole = checked.statement
        self.words = Words(checked.origins, self.select, uses)

    def select(self, statement: Node) -> str:
        """A SELECT in words, without a capital letter or a full stop."""
        first = [
            f"{cte.ctename} = [{self.select(unwrap(cte.ctequery))}]"
            for cte in unwrapped(statement.with_clause.ctes)
        ]
        lead = f"with {'; '.join(first)}: " if first else ""
        return lead + "; ".join([*self._body(statement), *self._tail(statement)])

    def _body(self, statement: Node) -> list[str]:
        if statement.values_lists:
            rows = [self.words.listed(unwrapped(row.items)) for row in unwrapped(statement.values_lists)]
            return [f"the fixed values {'; '.join(rows)}"]
        if statement.HasField("larg"):
            how = _SET_OPERATIONS[enum_name(statement, "op")]
            return [f"[{self.select(statement.larg)}] {how} [{self.select(statement.rarg)}]"]
        return _Plain(self.words, statement, self).clauses()

    def _tail(self, statement: Node) -> list[str]:
        parts = []
        if sorts := unwrapped(statement.sort_clause):
            parts.append(f"sorted by {self.words.sorting(sorts, _Targets(self.words, statement).of)}")
        if (offset := unwrap(statement.limit_offset)) is not None and statement.HasField("limit_offset"):
            parts.append(f"leaving out the first {self.words.of(offset)}")
        count = unwrap(statement.limit_count) if statement.HasField("limit_count") else None
        if count is not None and not (kind(count) == "A_Const" and count.isnull):
            parts.append(f"only the first {self.words.of(count)}")
        return parts


@dataclass(frozen=True)
class _Targets:
    """The selected columns, which GROUP BY and ORDER BY may refer to by name or number."""

    words: Words
    statement: Node

    def of(self, node: Node) -> str:
        """A key of GROUP BY or ORDER BY in words."""
        if kind(node) == "GroupingSet":
            return join([self.of(inner) for inner in unwrapped(node.content)], "and") + " (and totals)"
        target = self._meant(node)
        if target is None:
            return self.words.of(node)
        value = unwrap(target.val)
        return self.words.of(value) if _is_short(value) else target.name or self.words.of(value)

    def _meant(self, node: Node) -> Node | None:
        targets = unwrapped(self.statement.target_list)
        if kind(node) == "A_Const" and node.WhichOneof("val") == "ival":
            number = node.ival.ival
            return targets[number - 1] if 1 <= number <= len(targets) else None
        if kind(node) == "ColumnRef" and len(node.fields) == 1:
            name = strings(node.fields)[0]
            return next((target for target in targets if target.name == name), None)
        return None


@dataclass(frozen=True)
class _Plain:
    """One SELECT ... FROM ... without set operations."""

    words: Words
    statement: Node
    reading: _Reading

    def clauses(self) -> list[str]:
        """What is selected, from where, under which conditions."""
        statement = self.statement
        where = [unwrap(statement.where_clause)] if statement.HasField("where_clause") else []
        having = [unwrap(statement.having_clause)] if statement.HasField("having_clause") else []
        joined = self._join_conditions()
        conditions = {"joined where": joined, "where": where, "keeping only where": having}
        return [
            self._selected(),
            *self._from(),
            *(
                f"{lead} {' and '.join(map(self.words.of, nodes))}"
                for lead, nodes in conditions.items()
                if nodes
            ),
            *self._windows(),
        ]

    def _selected(self) -> str:
        keys = _Targets(self.words, self.statement)
        groups = [keys.of(group) for group in unwrapped(self.statement.group_clause)]
        targets = unwrapped(self.statement.target_list)
        values = [target for target in targets if self.words.of(unwrap(target.val)) not in groups]
        by_name = len(values) > 1 or self.statement is not self.reading.whole
        shown = [self._target(target, by_name) for target in values]
        what = join(shown, "and") or join(groups, "and") or "one row for each"
        if first_of := unwrapped(self.statement.distinct_clause):
            what = f"the first row for each {join(list(map(keys.of, first_of)), 'and')}: {what}"
        elif self.statement.distinct_clause:
            what = f"each different {what}"
        return f"{what} for each {join(groups, 'and')}" if groups and shown else what

    def _target(self, target: Node, by_name: bool) -> str:
        """A selected column in words, with the name it is given where that is needed to tell it apart."""
        value = unwrap(target.val)
        is_named = target.name and (by_name or not _is_short(value))
        said = self.words.of(value)
        return f"{target.name} = {said}" if is_named and not _is_plain(value) else said

    def _from(self) -> list[str]:
        sources = [said for item in unwrapped(self.statement.from_clause) for said in self._sources(item)]
        return [f"from {join(sources, 'and')}"] if sources else []

    def _sources(self, node: Node) -> list[str]:
        if kind(node) == "JoinExpr":
            return [*self._sources(unwrap(node.larg)), *self._sources(unwrap(node.rarg))]
        if kind(node) == "RangeSubselect":
            return [f"{node.alias.aliasname} = [{self.reading.select(unwrap(node.subquery))}]"]
        if kind(node) == "RangeFunction":
            call = unwrap(unwrap(node.functions[0]).items[0])
            ends = [self.words.of(argument) for argument in unwrapped(call.args)]
            return [f"every step from {ends[0]} to {ends[1]}"]
        relation = (
            f"{node.schemaname}.{node.relname}" if node.schemaname else UNQUALIFIED.get(node.relname, "")
        )
        name = RELATIONS.get(relation, node.relname)
        alone = self.words.uses[relation] < 2 or not node.alias.aliasname
        return [name if alone else f"{name} ({node.alias.aliasname})"]

    def _join_conditions(self) -> list[Node]:
        """What joins ask for beyond equal columns, which is a filter like any other."""
        found: list[Node] = []
        for item in unwrapped(self.statement.from_clause):
            for join_ in _joins(item):
                found += [node for node in _conjuncts(unwrap(join_.quals)) if not _links_columns(node)]
        return found

    def _windows(self) -> list[str]:
        windows = unwrapped(self.statement.window_clause)
        return [f"{window.name} ={self.words.window(window)}" for window in windows]


def _is_plain(value: Node) -> bool:
    return kind(value) in {"ColumnRef", "A_Const"}


def _is_short(value: Node) -> bool:
    """Whether an expression in words is short enough to be repeated where its name is used."""
    return _is_plain(value) or (kind(value) == "FuncCall" and all(map(_is_plain, unwrapped(value.args))))


def _joins(node: Node) -> list[Node]:
    if kind(node) != "JoinExpr":
        return []
    return [node, *_joins(unwrap(node.larg)), *_joins(unwrap(node.rarg))]


def _conjuncts(node: Node | None) -> list[Node]:
    if node is None:
        return []
    if kind(node) == "BoolExpr" and enum_name(node, "boolop") == "AND_EXPR":
        return [inner for part in unwrapped(node.args) for inner in _conjuncts(part)]
    return [node]


def _links_columns(node: Node) -> bool:
    is_equality = kind(node) == "A_Expr" and strings(node.name) == ["="]
    return is_equality and all(kind(side) == "ColumnRef" for side in children(node) if kind(side) != "String")
