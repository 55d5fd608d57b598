"""Which relation and column each name in a statement means, by PostgreSQL's own scoping rules.

Names must be resolved and not just listed: in `t.x` PostgreSQL calls the function `x` on the row when `t` has
no column `x`, and a CTE may carry the name of a table or the other way round.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from nlq.sql import series, size
from nlq.sql.allowed import RELATIONS, UNQUALIFIED
from nlq.sql.tree import Node, children, concatenates, kind, refuse, strings, unwrap, unwrapped, walk


class Origin(NamedTuple):
    """A column of an allowed relation, such as `nlq.kpi_values` and `kpi`."""

    relation: str
    column: str


class Output(NamedTuple):
    """A column that a relation or subquery offers; without a name it cannot be referred to."""

    name: str | None
    origin: Origin | None = None
    is_joined: bool = False
    """It is text put together from others."""


class Result(NamedTuple):
    """What a SELECT gives: its columns, and how many rows, as `nlq.sql.size` counts them."""

    columns: tuple[Output, ...]
    rows: float


@dataclass(frozen=True, eq=False)
class Source:
    """Something in FROM: the name it is referred to by, its columns, and how many rows it may have."""

    name: str
    columns: tuple[Output, ...]
    rows: float = 1.0
    relation: str | None = None
    """The relation, where it stands under its own name and can be referred to with its schema."""


@dataclass(frozen=True)
class Item:
    """An item of FROM with the sources inside it; `columns` is what `*` gives."""

    sources: tuple[Source, ...]
    columns: tuple[Output, ...]
    ties: tuple[tuple[Source, Source], ...] = ()
    """The pairs of sources that an equation ties together."""


Ctes = Mapping[str, Result]


@dataclass(frozen=True)
class Scope:
    """The sources that an expression sees, the CTEs, and the scope around it."""

    sources: tuple[Source, ...]
    ctes: Ctes
    parent: "Scope | None" = None

    def levels(self) -> Iterator[tuple[Source, ...]]:
        """The sources of this scope, then those of each scope around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope.sources
            scope = scope.parent


@dataclass
class Resolver:
    """Resolves one statement; afterwards `relations` and `origins` say what was found."""

    sql: str
    relations: dict[str, None] = field(default_factory=dict)
    """The allowed relations that are read, in the order they were met."""
    origins: dict[int, Origin] = field(default_factory=dict)
    """What the column reference at a location of the text means, where that is a relation's column."""
    homes: dict[int, Source] = field(default_factory=dict)
    """The source that the column reference at a location takes its column from."""
    grown: set[int] = field(default_factory=set)
    """The locations of column references that mean text put together from others."""

    def select(self, statement: Node, outer: Scope) -> Result:
        """Resolve a SELECT inside `outer` and return its columns and how many rows it may give.

        Raises:
            UnsafeSql: a relation is not allowed, a name means nothing, or a FROM is a cross join without end.
        """
        outer = Scope((), self._ctes(statement, outer), outer)
        if statement.values_lists:
            return self._values(statement, outer)
        if statement.HasField("larg"):
            return self._set_operation(statement, outer)
        return self._plain(statement, outer)

    def _ctes(self, statement: Node, outer: Scope) -> Ctes:
        ctes = dict(outer.ctes)
        for cte in unwrapped(statement.with_clause.ctes):
            columns, rows = self.select(unwrap(cte.ctequery), Scope((), ctes, outer))
            ctes[cte.ctename] = Result(self._renamed(cte, columns, strings(cte.aliascolnames)), rows)
        return ctes

    def _values(self, statement: Node, scope: Scope) -> Result:
        rows = unwrapped(statement.values_lists)
        self._expressions([*rows, *_tail(statement)], scope)
        numbers = range(1, len(rows[0].items) + 1)
        is_joined = any(map(self._is_joined, rows))
        return Result(
            tuple(Output(f"column{number}", is_joined=is_joined) for number in numbers), float(len(rows))
        )

    def _set_operation(self, statement: Node, outer: Scope) -> Result:
        (left, some), (right, more) = self.select(statement.larg, outer), self.select(statement.rarg, outer)
        columns = tuple(map(_either, left, right)) if len(left) == len(right) else left
        inner = Scope((Source("", columns),), outer.ctes, outer.parent)
        self._expressions(_tail(statement), inner)
        return Result(columns, size.limited(statement, some + more))

    def _plain(self, statement: Node, outer: Scope) -> Result:
        item = self._from(statement, outer)
        scope = Scope(item.sources, outer.ctes, outer.parent)
        columns = tuple(self._targets(unwrapped(statement.target_list), item, scope))
        names = {column.name for column in columns if column.name is not None}
        by_name = [*statement.group_clause, *statement.sort_clause, *statement.distinct_clause]
        self._by_name(unwrapped(by_name), names, scope)
        rest = [statement.where_clause, statement.having_clause, *statement.window_clause]
        self._expressions([*unwrapped(rest), *_limits(statement)], scope)
        return Result(columns, size.result(statement, self._rows(statement, item)))

    def _rows(self, statement: Node, item: Item) -> float:
        ties = [*item.ties, *self._tied(statement.where_clause, item.sources)]
        rows = size.product({source: source.rows for source in item.sources}, ties)
        if rows > size.MOST_ROWS:
            names = ", ".join(source.name for source in item.sources)
            raise refuse(self.sql, statement, f"No = in a condition ties the rows of {names} together")
        return rows

    def _tied(self, condition: Node, sources: Sequence[Source]) -> Iterator[tuple[Source, Source]]:
        """The pairs of `sources` that an equation in `condition` ties together."""
        for left, right in size.equations(unwrap(condition)):
            yield from size.ties((self._used(left, sources), self._used(right, sources)))

    def _used(self, expression: Node, sources: Sequence[Source]) -> list[Source]:
        """Those of `sources` that `expression` takes a column from."""
        used = {self.homes.get(node.location) for node in walk(expression) if kind(node) == "ColumnRef"}
        return [source for source in sources if source in used]

    def _from(self, statement: Node, outer: Scope) -> Item:
        whole = Item((), ())
        for node in unwrapped(statement.from_clause):
            whole = self._beside(node, whole, self._item(node, whole.sources, outer))
        return whole

    def _beside(self, node: Node, left: Item, right: Item) -> Item:
        names = {source.name for source in left.sources}
        for source in right.sources:
            if source.name in names:
                raise refuse(self.sql, node, f'"{source.name}" stands twice in FROM; give each its own alias')
        ties = left.ties + right.ties
        return Item(left.sources + right.sources, left.columns + right.columns, ties)

    def _item(self, node: Node, before: tuple[Source, ...], outer: Scope) -> Item:
        """Resolve an item of FROM; `before` is what a LATERAL in it may refer to."""
        if kind(node) == "JoinExpr":
            return self._join(node, before, outer)
        if kind(node) == "RangeVar":
            source = self._relation(node, outer.ctes)
        elif kind(node) == "RangeSubselect":
            source = self._subquery(node, before if node.lateral else (), outer)
            tied = self._used(node, before) if node.lateral else ()
            return Item((source,), source.columns, tuple((source, other) for other in tied))
        elif kind(node) == "RangeFunction":
            source = self._series(node)
        else:
            raise refuse(self.sql, node, f"{kind(node)} may not stand in FROM")
        return Item((source,), source.columns)

    def _relation(self, node: Node, ctes: Ctes) -> Source:
        alias, names = node.alias.aliasname, strings(node.alias.colnames)
        if not node.schemaname and node.relname in ctes:
            columns, rows = ctes[node.relname]
            return Source(alias or node.relname, self._renamed(node, columns, names), rows)
        relation = (
            f"{node.schemaname}.{node.relname}" if node.schemaname else UNQUALIFIED.get(node.relname, "")
        )
        if relation not in RELATIONS:
            written = f"{node.schemaname}.{node.relname}".lstrip(".")
            raise refuse(self.sql, node, f'The table "{written}" is not one that questions may read')
        self.relations[relation] = None
        columns = tuple(Output(name, Origin(relation, name)) for name in RELATIONS[relation])
        own_name = None if alias else relation
        rows = size.RELATIONS[relation]
        return Source(alias or node.relname, self._renamed(node, columns, names), rows, own_name)

    def _subquery(self, node: Node, lateral: tuple[Source, ...], outer: Scope) -> Source:
        columns, rows = self.select(unwrap(node.subquery), Scope(lateral, outer.ctes, outer.parent))
        return Source(node.alias.aliasname, self._renamed(node, columns, strings(node.alias.colnames)), rows)

    def _series(self, node: Node) -> Source:
        function, rows = series.check(self.sql, node)
        name = node.alias.aliasname or function
        return Source(name, self._renamed(node, (Output(name),), strings(node.alias.colnames)), rows)

    def _join(self, node: Node, before: tuple[Source, ...], outer: Scope) -> Item:
        left = self._item(unwrap(node.larg), before, outer)
        right = self._item(unwrap(node.rarg), before + left.sources, outer)
        both = self._beside(node, left, right)
        self._expressions(unwrapped([node.quals]), Scope(both.sources, outer.ctes, outer.parent))
        using = strings(node.using_clause)
        ties = (*both.ties, *self._tied(node.quals, both.sources))
        if not using:
            return replace(both, ties=ties)
        named = size.all_ties(left.sources, right.sources)
        return Item(both.sources, self._merged(node, left, right, using), (*ties, *named))

    def _merged(self, node: Node, left: Item, right: Item, using: Sequence[str]) -> tuple[Output, ...]:
        for name in using:
            if not (_find(name, left.columns) and _find(name, right.columns)):
                raise refuse(self.sql, node, f'USING needs a column "{name}" on both sides of the join')
        first = [column for name in using for column in left.columns if column.name == name]
        rest = [column for column in left.columns + right.columns if column.name not in using]
        return (*first, *rest)

    def _renamed(self, node: Node, columns: tuple[Output, ...], names: Sequence[str]) -> tuple[Output, ...]:
        if not names:
            return columns
        if len(names) != len(columns):
            raise refuse(self.sql, node, f"An alias names {len(names)} columns of {len(columns)}; name all")
        return tuple(column._replace(name=name) for name, column in zip(names, columns, strict=True))

    def _targets(self, targets: Iterable[Node], item: Item, scope: Scope) -> Iterator[Output]:
        for target in targets:
            value = unwrap(target.val)
            if _is_star(value):
                yield from self._star(value, item)
                continue
            self._expressions([value], scope)
            origin = self.origins.get(value.location) if kind(value) == "ColumnRef" else None
            yield Output(target.name or _implied_name(value), origin, self._is_joined(value))

    def _star(self, node: Node, item: Item) -> tuple[Output, ...]:
        qualifier = strings(node.fields)[:-1]
        if not qualifier:
            return item.columns
        return self._source(node, qualifier, [item.sources]).columns

    def _is_joined(self, expression: Node) -> bool:
        """Whether `expression` puts texts together, or takes a column that does.

        Raises:
            UnsafeSql: it does both; each step could double a text.
        """
        joins = [node for node in walk(expression) if concatenates(node)]
        for grown in (found for node in joins for found in self._grown(node)):
            raise refuse(self.sql, grown, "Text that was put together may not be put together again")
        return bool(joins) or any(self._grown(expression))

    def _grown(self, expression: Node) -> Iterator[Node]:
        """The column references in `expression` that mean text put together from others."""
        return (
            node for node in walk(expression) if kind(node) == "ColumnRef" and node.location in self.grown
        )

    def _expressions(self, nodes: Iterable[Node], scope: Scope) -> None:
        for node in nodes:
            if kind(node) == "ColumnRef":
                self._column(node, scope)
            elif kind(node) == "SelectStmt":
                self.select(node, scope)
            else:
                self._expressions(children(node), scope)

    def _by_name(self, nodes: Iterable[Node], names: Collection[str], scope: Scope) -> None:
        """Resolve what stands in GROUP BY, ORDER BY or DISTINCT ON, where `names` of the SELECT count too."""
        for node in nodes:
            if kind(node) == "GroupingSet":
                self._by_name(unwrapped(node.content), names, scope)
            elif (name := _bare_name(node)) is None or name not in names:
                self._expressions([node], scope)

    def _column(self, node: Node, scope: Scope) -> None:
        *qualifier, name = strings(node.fields)
        if _is_star(node):
            raise refuse(self.sql, node, "* may stand only in the list of selected columns and in count(*)")
        column = (
            self._qualified(node, qualifier, name, scope)
            if qualifier
            else self._unqualified(node, name, scope)
        )
        if column is None:
            raise refuse(self.sql, node, f'The column "{".".join([*qualifier, name])}" does not exist here')
        if column.origin:
            self.origins[node.location] = column.origin
        if column.is_joined:
            self.grown.add(node.location)

    def _qualified(self, node: Node, qualifier: list[str], name: str, scope: Scope) -> Output | None:
        self.homes[node.location] = source = self._source(node, qualifier, scope.levels())
        return _find(name, source.columns)

    def _unqualified(self, node: Node, name: str, scope: Scope) -> Output | None:
        for level in scope.levels():
            for source in level:
                if found := _find(name, source.columns):
                    self.homes[node.location] = source
                    return found
        return None

    def _source(self, node: Node, qualifier: list[str], levels: Iterable[tuple[Source, ...]]) -> Source:
        written = ".".join(qualifier)
        for source in (source for level in levels for source in level):
            if written == (source.relation if len(qualifier) > 1 else source.name):
                return source
        raise refuse(self.sql, node, f'"{written}" is no table or alias in this FROM')


def _tail(statement: Node) -> list[Node]:
    return [*unwrapped(statement.sort_clause), *_limits(statement)]


def _limits(statement: Node) -> list[Node]:
    return unwrapped([statement.limit_offset, statement.limit_count])


def _either(left: Output, right: Output) -> Output:
    """A column of a UNION: it has the left one's name, and an origin only where both have the same."""
    origin = left.origin if left.origin == right.origin else None
    return Output(left.name, origin, left.is_joined or right.is_joined)


def _find(name: str, columns: Iterable[Output]) -> Output | None:
    return next((column for column in columns if column.name == name), None)


def _bare_name(node: Node) -> str | None:
    """The name in `ORDER BY name` or `GROUP BY name`, which may be one that the SELECT gives."""
    node = unwrap(node.node) if kind(node) == "SortBy" else node
    if node is None or kind(node) != "ColumnRef" or len(node.fields) != 1 or _is_star(node):
        return None
    return strings(node.fields)[0]


def _is_star(node: Node) -> bool:
    return kind(node) == "ColumnRef" and kind(unwrap(node.fields[-1])) == "A_Star"


def _implied_name(node: Node) -> str | None:
    """The name that PostgreSQL gives an expression without AS, for the kinds people refer to."""
    if kind(node) == "ColumnRef":
        return strings(node.fields)[-1]
    if kind(node) == "FuncCall":
        return strings(node.funcname)[-1]
    if kind(node) == "CoalesceExpr":
        return "coalesce"
    if kind(node) == "TypeCast":
        return _implied_name(unwrap(node.arg))
    return None
