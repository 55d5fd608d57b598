"""The six KPI tables: made where they are missing, adopted with every row where they exist.

`nlq.installed` remembers what was made here, so that a downgrade takes back that and nothing else.
"""

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, InternalError

from nlq.errors import NlqError

revision = "0001"
down_revision = None

TABLES = {
    "teams": {
        "id": "SERIAL PRIMARY KEY",
        "name": "VARCHAR(100) NOT NULL",
        "department": "VARCHAR(100)",
        "created_at": "TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
    },
    "regions": {
        "id": "SERIAL PRIMARY KEY",
        "name": "VARCHAR(100) NOT NULL",
        "country": "VARCHAR(100)",
        "created_at": "TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
    },
    "kpi_definitions": {
        "id": "SERIAL PRIMARY KEY",
        "name": "VARCHAR(100) NOT NULL",
        "description": "TEXT",
        "unit": "VARCHAR(50)",
        "category": "VARCHAR(100)",
        "created_at": "TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
    },
    "kpi_data": {
        "id": "SERIAL PRIMARY KEY",
        "kpi_id": "INTEGER REFERENCES public.kpi_definitions(id)",
        "team_id": "INTEGER REFERENCES public.teams(id)",
        "region_id": "INTEGER REFERENCES public.regions(id)",
        "value": "NUMERIC NOT NULL",
        "timestamp": "TIMESTAMP NOT NULL",
        "year": "INTEGER NOT NULL",
        "quarter": "INTEGER NOT NULL",
        "month": "INTEGER NOT NULL",
        "week": "INTEGER",
        "created_at": "TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
    },
    "anomalies": {
        "id": "SERIAL PRIMARY KEY",
        "kpi_data_id": "INTEGER REFERENCES public.kpi_data(id)",
        "description": "TEXT",
        "severity": "VARCHAR(20)",
        "detected_at": "TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
    },
    "query_history": {
        "id": "SERIAL PRIMARY KEY",
        "query_text": "TEXT NOT NULL",
        "timestamp": "TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
        "execution_time_ms": "INTEGER",
        "successful": "BOOLEAN DEFAULT TRUE",
    },
}
"""Table -> column -> definition, in the order in which the references need them."""

INDEXES = {
    "idx_kpi_data_kpi_id": "kpi_data (kpi_id)",
    "idx_kpi_data_team_id": "kpi_data (team_id)",
    "idx_kpi_data_region_id": "kpi_data (region_id)",
    "idx_kpi_data_time": "kpi_data (year, quarter, month)",
}


def upgrade() -> None:
    """Make or adopt the six tables and add the indexes that are missing."""
    op.execute("CREATE TABLE nlq.installed (kind text, name text, PRIMARY KEY (kind, name))")
    for table, columns in TABLES.items():
        if _exists(table):
            _add_missing_columns(table, columns)
        else:
            definitions = ", ".join(f"{name} {definition}" for name, definition in columns.items())
            op.execute(f"CREATE TABLE public.{table} ({definitions})")
            _remember("table", table)
    for index, target in INDEXES.items():
        if not _exists(index):
            op.execute(f"CREATE INDEX {index} ON public.{target}")
            _remember("index", index)


def downgrade() -> None:
    """Drop what `upgrade` made. A table with rows stays, and so does one that something else needs."""
    for index in _installed("index"):
        op.execute(f"DROP INDEX IF EXISTS public.{index}")
    made = _installed("table")
    for table in reversed(TABLES):
        if table in made and _exists(table) and _is_empty(table):
            _drop_unless_needed(table)
    op.execute("DROP TABLE nlq.installed")


def _exists(relation: str) -> bool:
    found = op.get_bind().execute(text("SELECT to_regclass(:name)"), {"name": f"public.{relation}"})
    return found.scalar() is not None


def _add_missing_columns(table: str, columns: dict[str, str]) -> None:
    query = "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND NOT attisdropped"
    present = set(op.get_bind().execute(text(query), {"table": f"public.{table}"}).scalars())
    for name, definition in columns.items():
        if name not in present:
            _add_column(table, name, definition)


def _add_column(table: str, name: str, definition: str) -> None:
    """Add one column; a column that each row must fill cannot be added to a table that has rows."""
    try:
        op.execute(f"ALTER TABLE public.{table} ADD COLUMN {name} {definition}")
    except IntegrityError:
        raise NlqError(
            f"The table public.{table} has rows but no column {name}. "
            f"Please add it ({name} {definition}), fill it, and upgrade again."
        ) from None


def _remember(kind: str, name: str) -> None:
    op.get_bind().execute(
        text("INSERT INTO nlq.installed VALUES (:kind, :name)"), {"kind": kind, "name": name}
    )


def _installed(kind: str) -> set[str]:
    query = text("SELECT name FROM nlq.installed WHERE kind = :kind")
    return set(op.get_bind().execute(query, {"kind": kind}).scalars())


def _is_empty(table: str) -> bool:
    return not op.get_bind().execute(text(f"SELECT EXISTS (SELECT FROM public.{table})")).scalar()  # noqa: S608


def _drop_unless_needed(table: str) -> None:
    try:
        with op.get_bind().begin_nested():
            op.execute(f"DROP TABLE public.{table}")
    except InternalError:  # a view or a foreign key of someone else's depends on it
        return
