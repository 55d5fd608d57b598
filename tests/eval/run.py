"""Asks a running service the questions of a file, and compares each answer with SQL written by hand.

python -m tests.eval.run tests/eval/demo.yml http://127.0.0.1:8000 DATABASE_URL
"""

import statistics
import sys
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import httpx
import psycopg
import yaml

_VIEWS = {"v": "nlq.kpi_values", "a": "nlq.kpi_anomalies"}
_TIME_COLUMNS = {"year", "quarter", "month", "week", "timestamp", "detected_at"}


def matches(gold: list[list[Any]], columns: list[str], rows: list[list[Any]]) -> bool:
    """Whether `rows` hold the columns of `gold` in some order, more columns aside, row order aside.

    Numbers agree as far as they are shown, and without regard to their sign: a difference has two directions.
    """
    if len(gold) != len(rows):
        return False
    width = len(gold[0]) if gold else 0
    for chosen in permutations(range(len(columns)), width):
        picked = [tuple(_cell(row[i]) for i in chosen) for row in rows]
        if Counter(picked) == Counter(tuple(_cell(value) for value in row) for row in gold):
            return True
    return not gold


def _cell(value: Any) -> Any:
    """A value as it is compared: numbers with two decimals or five digits, texts without case."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        size = abs(float(value))
        return f"{size:.2f}" if size < 1000 else f"{size:.4e}"
    return str(value).casefold()


def gold_rows(connection: psycopg.Connection, sql: str) -> list[list[Any]]:
    """What the SQL by hand gives, without its calendar columns, which answers write in their own way."""
    cursor = connection.execute(sql.format(**_VIEWS).encode())
    names = [column.name for column in cursor.description or ()]
    kept = [i for i, name in enumerate(names) if name not in _TIME_COLUMNS]
    return [[row[i] for i in kept] for row in cursor.fetchall()]


def main(file: str, url: str, database: str) -> None:
    """Ask, compare, print a line for each question and the figures."""
    questions = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    times, right = [], 0
    with psycopg.connect(database) as connection, httpx.Client(base_url=url, timeout=120) as client:
        for question, gold in questions:
            answer = client.post("/api/v1/ask", json={"question": question}).json()
            times.append(answer["timing"]["total_ms"])
            names = [column["name"] for column in answer["columns"]]
            if gold in {"refused", "clarify"}:
                ok, expected = answer["status"] == gold, gold
            else:
                expected = gold_rows(connection, gold)
                ok = answer["status"] == "answered" and matches(expected, names, answer["rows"])
            right += ok
            print(f"{'ok   ' if ok else 'WRONG'} {times[-1]:6d} ms {answer['attempts']} {question}")
            if not ok:
                print(f"        {answer['status']}: {answer['text']} | {answer['interpretation']}")
                print(f"        expected {expected[:3]}, got {answer['rows'][:3]}")
    print(f"{right} of {len(questions)} right, median {statistics.median(times)} ms")


if __name__ == "__main__":
    main(*sys.argv[1:4])
