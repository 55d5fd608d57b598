"""The KPI tables as a prompt shows them, in the form that LangChain's `SQLDatabase` gives them."""

from collections.abc import Sequence

from sqlalchemy import Engine, MetaData, Table, create_engine, select
from sqlalchemy.schema import CreateTable

from schema.migrate import sqlalchemy_url
from schema.roles import KPI_TABLES

_MOST_CHARS = 100
"""Of a cell of a sample row."""


class KpiTables:
    """The KPI tables of a database, with what LangChain asks of a `SQLDatabase`."""

    dialect = "postgresql"

    def __init__(self, url: str, sample_rows: int = 3) -> None:
        """Read the tables at `url`; `sample_rows` of each are shown.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database cannot be reached or lacks the tables.
        """
        engine = create_engine(sqlalchemy_url(url))
        metadata = MetaData()
        metadata.reflect(engine, only=[name.removeprefix("public.") for name in KPI_TABLES])
        self._shown = {table.name: _shown(engine, table, sample_rows) for table in metadata.sorted_tables}
        engine.dispose()

    def get_table_info(self, table_names: Sequence[str] | None = None) -> str:
        """`CREATE TABLE` statements and sample rows, of all tables or those named."""
        return "\n\n".join(self._shown[name] for name in table_names or self._shown)


def _shown(engine: Engine, table: Table, sample_rows: int) -> str:
    statement = str(CreateTable(table).compile(engine)).rstrip()
    if not sample_rows:
        return statement
    with engine.connect() as connection:
        rows = connection.execute(select(table).limit(sample_rows)).fetchall()
    heads = "\t".join(column.name for column in table.columns)
    lines = "\n".join("\t".join(str(cell)[:_MOST_CHARS] for cell in row) for row in rows)
    return f"{statement}\n\n/*\n{sample_rows} rows from {table.name} table:\n{heads}\n{lines}\n*/"
