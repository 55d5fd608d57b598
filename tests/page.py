"""The schema page as statements that PostgreSQL runs, and a database's catalogue to compare with it."""

import re
from pathlib import Path

import psycopg

PAGE = Path(__file__).parent / "data" / "kpi-schema.md"
TABLES = ("teams", "regions", "kpi_definitions", "kpi_data", "anomalies", "query_history")

_BLOCK = re.compile(r"```sql\n(.*?)```", re.DOTALL)
_TABLE = re.compile(r"CREATE TABLE (\w+)")
_INDEX_LINE = re.compile(r",?\s*^\s*INDEX (\w+) (\(.*?\)),?$", re.MULTILINE)
_COMMENT = re.compile(r"--.*$", re.MULTILINE)

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
"""
_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""
_INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"


def table_statements() -> list[str]:
    """The page's CREATE TABLE statements without their inline INDEX lines."""
    return [_INDEX_LINE.sub("", block) for block in _blocks() if _TABLE.search(block)]


def index_statements() -> list[str]:
    """One CREATE INDEX for each inline INDEX line of the page."""
    statements = []
    for block in _blocks():
        if table := _TABLE.search(block):
            statements += [
                f"CREATE INDEX {name} ON {table[1]} {columns}" for name, columns in _INDEX_LINE.findall(block)
            ]
    return statements


def sample_statements() -> list[str]:
    """The page's INSERT statements."""
    return [block for block in _blocks() if "INSERT INTO" in block]


def catalogue(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Columns, constraints and indexes of the schema `public`."""
    queries = {"columns": _COLUMNS, "constraints": _CONSTRAINTS, "indexes": _INDEXES}
    with psycopg.connect(url) as connection:
        return {
            what: sorted(connection.execute(query.encode()).fetchall(), key=str)
            for what, query in queries.items()
        }


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the six tables, with its physical place: a rewritten row has another one."""
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(
                f"SELECT ctid::text, xmin::text, * FROM {table} ORDER BY id".encode()
            ).fetchall()
            for table in TABLES
        }


def _blocks() -> list[str]:
    return [_COMMENT.sub("", block) for block in _BLOCK.findall(PAGE.read_text())]
