"""The proof that a statement only reads, and only what questions may read. No I/O.

One parse with PostgreSQL's own grammar; every node, field, function, operator, type and relation must be on
the lists of `nlq.sql.allowed`, and every name must resolve (`nlq.sql.scope`). Unknown is refused.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from nlq.errors import UnsafeSql
from nlq.sql import allowed
from nlq.sql.scope import Origin, Resolver, Scope
from nlq.sql.tree import (
    Node,
    children,
    choice,
    concatenates,
    kind,
    locking,
    parse,
    place,
    refuse,
    strings,
    text,
    unwrap,
    unwrapped,
)


@dataclass(frozen=True)
class CheckedSql:
    """A statement that passed the guard. `text` is what may be run: one SELECT, no semicolon at its end."""

    text: str
    relations: tuple[str, ...]
    """The relations it reads, with their schema, in the order they stand."""
    functions: tuple[str, ...]
    """The functions it calls, in alphabetical order."""
    statement: Node = field(repr=False, compare=False)
    """The parsed `SelectStmt`."""
    origins: Mapping[int, Origin] = field(repr=False, compare=False)
    """The relation's column that the column reference at a location (of the tree) means."""


def check(sql: str) -> CheckedSql:
    """Prove that `sql` is one SELECT that is safe to run.

    Raises:
        UnsafeSql: it is not; the message names the rule, the thing that broke it and where it stands.
    """
    raw = parse(sql)
    statement = unwrap(raw.stmt)
    if kind(statement) != "SelectStmt":
        raise UnsafeSql(f"Only SELECT is allowed; this is {_called(kind(statement))}{place(sql, 0)}.")
    nodes = list(_checked_nodes(sql, statement, 1))
    _check_totals(nodes)
    resolver = Resolver(sql)
    resolver.select(statement, Scope((), {}))
    functions = {strings(node.funcname)[-1] for node in nodes if kind(node) == "FuncCall"}
    return CheckedSql(
        text=text(sql, raw),
        relations=tuple(resolver.relations),
        functions=tuple(sorted(functions)),
        statement=statement,
        origins=resolver.origins,
    )


def _checked_nodes(sql: str, node: Node, depth: int) -> Iterator[Node]:
    """`node` and all nodes below it, each one checked by itself."""
    if depth > allowed.MAX_DEPTH:
        raise UnsafeSql("The SQL nests expressions too deeply.")
    _check_kind(sql, node)
    if rule := _RULES.get(kind(node)):
        rule(sql, node)
    yield node
    for child in children(node):
        if kind(node) != "RangeFunction" or kind(child) == "Alias":  # its call is checked with its bounds
            yield from _checked_nodes(sql, child, depth + 1)


def _check_kind(sql: str, node: Node) -> None:
    fields = allowed.NODES.get(kind(node))
    if fields is None:
        raise refuse(sql, node, f"The SQL holds {_called(kind(node))}, which is not allowed")
    for descriptor, _ in node.ListFields():
        if descriptor.name not in fields and descriptor.name != "location":
            what = f"The SQL holds {_called(descriptor.name)}, which is not allowed"
            if descriptor.name == "locking_clause":
                raise UnsafeSql(f"{what}{place(sql, locking(sql))}.")
            raise refuse(sql, node, what)


def _called(name: str) -> str:
    return allowed.CONSTRUCTS.get(name, name.removesuffix("Stmt"))


def _check_totals(nodes: list[Node]) -> None:
    concatenations = sum(map(concatenates, nodes))
    if concatenations > allowed.MAX_CONCATENATIONS:
        raise UnsafeSql(f"The SQL joins texts more than {allowed.MAX_CONCATENATIONS} times.")
    if sum(kind(node) == "CommonTableExpr" for node in nodes) > allowed.MAX_CTES:
        raise UnsafeSql(f"The SQL has more than {allowed.MAX_CTES} WITH queries.")


def _check_function(sql: str, node: Node) -> None:
    *schema, name = strings(node.funcname)
    if schema not in ([], ["pg_catalog"]) or name not in allowed.FUNCTIONS:
        written = ".".join([*schema, name])
        raise refuse(sql, node, f'The function "{written}" is not one that questions may use')
    if name == "substring" and not all(map(_is_number, unwrapped(node.args)[1:])):
        raise refuse(sql, node, "substring takes numbers here, and no pattern")


def _is_number(node: Node) -> bool:
    """Whether `node` can be nothing but a number."""
    if kind(node) == "A_Const":
        return str(node.WhichOneof("val")) in {"ival", "fval"}
    if kind(node) == "A_Expr":
        sides = unwrapped([node.lexpr, node.rexpr])
        return strings(node.name)[-1] in {"+", "-", "*", "/"} and all(map(_is_number, sides))
    return kind(node) == "FuncCall" and strings(node.funcname)[-1] in allowed.LENGTHS


def _check_expression(sql: str, node: Node) -> None:
    kind_name = choice(node, "kind")
    if kind_name not in allowed.EXPRESSIONS:
        raise refuse(sql, node, f"The SQL holds {kind_name.removeprefix('AEXPR_')}, which is not allowed")
    _check_operator(sql, node, strings(node.name))


def _check_operator(sql: str, node: Node, name: list[str]) -> None:
    if len(name) != 1 or name[0] not in allowed.OPERATORS | allowed.BETWEEN:
        raise refuse(sql, node, f'The operator "{".".join(name)}" is not one that questions may use')


def _check_sublink(sql: str, node: Node) -> None:
    if node.oper_name:
        _check_operator(sql, node, strings(node.oper_name))


def _check_type(sql: str, node: Node) -> None:
    *schema, name = strings(node.names)
    if schema not in ([], ["pg_catalog"]) or name not in allowed.TYPES or len(node.array_bounds) > 1:
        written = ".".join([*schema, name]) + "[]" * len(node.array_bounds)
        raise refuse(sql, node, f'The type "{written}" is not one that questions may use')
    is_length = name != "interval"  # its modifier says which fields it has
    if is_length and not all(map(_small, unwrapped(node.typmods))):
        raise refuse(sql, node, f'The type "{name}" may not be longer than {allowed.MAX_TYPE_MODIFIER}')


def _small(modifier: Node) -> bool:
    is_number = kind(modifier) == "A_Const" and modifier.WhichOneof("val") == "ival"
    return is_number and modifier.ival.ival <= allowed.MAX_TYPE_MODIFIER


def _check_sql_value(sql: str, node: Node) -> None:
    name = choice(node, "op")
    if name not in allowed.SQL_VALUES:
        written = name.removeprefix("SVFOP_").lower()
        raise refuse(sql, node, f'The value "{written}" is not one that questions may use')


def _check_subscript(sql: str, node: Node) -> None:
    if any(kind(index) != "A_Indices" for index in unwrapped(node.indirection)):
        raise refuse(sql, node, "The SQL takes a field out of a value, which is not allowed")


_RULES: Mapping[str, Callable[[str, Node], None]] = {
    "FuncCall": _check_function,
    "A_Expr": _check_expression,
    "SubLink": _check_sublink,
    "TypeName": _check_type,
    "SQLValueFunction": _check_sql_value,
    "A_Indirection": _check_subscript,
}
