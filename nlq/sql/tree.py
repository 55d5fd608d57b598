"""PostgreSQL's own parse tree: made once, walked with a few small helpers."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import postgast
from google.protobuf.message import DecodeError
from postgast import PgQueryError

from nlq.errors import UnsafeSql

Node = Any
"""A protobuf message of libpg_query's `pg_query.proto`, such as a `SelectStmt`."""

MAX_CHARS = 20_000
"""Longest statement that is parsed."""


def parse(sql: str) -> Node:
    """The one statement in `sql`, as its `RawStmt`.

    Raises:
        UnsafeSql: the text is too long, is not SQL, nests too deeply or does not hold exactly one statement.
    """
    _check_text(sql)
    try:
        statements = postgast.parse(sql).stmts
    except PgQueryError as error:
        where = place(sql, error.cursorpos - 1)
        raise UnsafeSql(f"The SQL cannot be parsed: {error.message}{where}.") from None
    except DecodeError:
        raise UnsafeSql("The SQL nests expressions too deeply.") from None
    if len(statements) != 1:
        second = place(sql, statements[1].stmt_location) if statements else ""
        raise UnsafeSql(f"Exactly one statement is allowed; the SQL holds {len(statements)}{second}.")
    return statements[0]


def text(sql: str, statement: Node) -> str:
    """The part of `sql` that `statement` was parsed from, without what separates it from others."""
    start, length = statement.stmt_location, statement.stmt_len
    encoded = sql.encode()
    return encoded[start : start + length if length else None].decode().strip()


def kind(node: Node) -> str:
    """The type name of a node, such as `ColumnRef`."""
    return str(node.DESCRIPTOR.name)


def unwrap(node: Node) -> Node:
    """The message inside a `Node` wrapper; None for an empty one; other messages as they are."""
    if kind(node) != "Node":
        return node
    which = node.WhichOneof("node")
    return getattr(node, which) if which else None


def unwrapped(nodes: Any) -> list[Node]:
    """The messages of a repeated field, without the empty ones."""
    return [inner for node in nodes if (inner := unwrap(node)) is not None]


def children(node: Node) -> Iterator[Node]:
    """The messages directly inside `node`, in the order of its fields."""
    for field, value in node.ListFields():
        if field.message_type is None:
            continue
        inside = [value] if hasattr(value, "DESCRIPTOR") else value
        yield from unwrapped(inside)


def walk(node: Node) -> Iterator[Node]:
    """`node` and every message below it, outermost first."""
    yield node
    for child in children(node):
        yield from walk(child)


def choice(node: Node, field: str) -> str:
    """The name of the value of an enumeration, such as `AEXPR_OP` for the field `kind` of an `A_Expr`."""
    values = node.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return str(values[getattr(node, field)].name)


def strings(nodes: Any) -> list[str]:
    """The values of a list of `String` nodes, such as the parts of a name; empty text for other nodes."""
    return [getattr(node, "sval", "") for node in unwrapped(nodes)]


def concatenates(node: Node) -> bool:
    """Whether `node` itself puts texts together."""
    if kind(node) == "FuncCall":
        return strings(node.funcname)[-1] in {"concat", "concat_ws", "string_agg"}
    return kind(node) == "A_Expr" and strings(node.name) == ["||"]


def refuse(sql: str, node: Node, sentence: str) -> UnsafeSql:
    """The error that refuses `node`: `sentence` (without its full stop) and where the node stands."""
    return UnsafeSql(f"{sentence}{place(sql, _location(node))}.")


def _location(node: Node) -> int:
    """Where `node` begins, in bytes; of one that does not know, where the first node inside it does."""
    if (own := getattr(node, "location", -1)) >= 0:
        return int(own)
    inside = (location for child in children(node) if (location := _location(child)) >= 0)
    return min(inside, default=-1)


def place(sql: str, location: int) -> str:
    """` (at character n)` for a byte offset into `sql`, nothing for an unknown one."""
    if location < 0:
        return ""
    return f" (at character {len(sql.encode()[:location].decode(errors='ignore')) + 1})"


def locking(sql: str) -> int:
    """Where the first locking clause of `sql` begins, in bytes: no node of the tree knows."""
    names = postgast.pg_query_pb2.Token.Name
    tokens = [(names(token.token), token.start) for token in postgast.scan(sql).tokens]
    strengths = {"UPDATE", "SHARE", "NO", "KEY"}
    follows = pairwise(tokens)
    return next((at for (word, at), (after, _) in follows if word == "FOR" and after in strengths), -1)


def _check_text(sql: str) -> None:
    if len(sql) > MAX_CHARS:
        raise UnsafeSql(f"The SQL has {len(sql)} characters; at most {MAX_CHARS} are allowed.")
    if "\0" in sql or any("\ud800" <= character <= "\udfff" for character in sql):
        raise UnsafeSql("The SQL holds characters that PostgreSQL cannot store.")
