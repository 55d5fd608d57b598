"""What the same model does without this service: it writes SQL from a prompt with the tables' definitions."""

import re
import time
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from typing import Any, Literal, cast
from uuid import UUID

from jinja2 import Template
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

import prompts
from nlq.answer import Status
from nlq.database import Limits, Reader
from nlq.errors import NlqError, SettingsError
from nlq.evaluation.compare import Result
from nlq.evaluation.judge import Ask, Reply
from nlq.evaluation.tables import KpiTables
from nlq.settings import Settings

Write = Callable[[str, RunnableConfig], str]
"""Asks the model for the SQL of a question; returns its reply as it is."""

_MOST_TOKENS = 400
_MOST_ROWS = 1000
_STATEMENT_MS = 5_000
_MODEL_S = 300.0
"""Long enough that a busy machine makes no answer wrong."""
_FIRST = "How many teams are there?"
"""Asked before anything is measured, so that the model has read the prompt."""
_BLOCK = re.compile(r"```(?:\w*\n)?(.*?)(?:```|$)", re.DOTALL)
_NOW = re.compile(r"\b(?:current_timestamp|localtimestamp|now\s*\(\s*\))", re.IGNORECASE)
_TODAY = re.compile(r"\bcurrent_date\b", re.IGNORECASE)


def baseline(name: Literal["ddl", "langchain"], settings: Settings, today: date) -> Ask:
    """The baseline `name` as a system to be examined.

    Args:
        name: `ddl`: one prompt with the tables; `langchain`: LangChain's `create_sql_query_chain`.
        settings: the running model, and the reader of the database that is asked about.
        today: what the statements take for the present date.

    Raises:
        SettingsError: the model has no OpenAI-compatible address, or LangChain's package is missing.
        NlqError: the model does not answer.
    """
    assert settings.reader_url is not None  # noqa: S101 - a world's database has all its URLs
    chat = _chat(settings)
    write = {"ddl": _ddl, "langchain": _langchain}[name](chat, settings.reader_url, today)
    _written(write, _FIRST, UsageMetadataCallbackHandler())
    reader = Reader(settings.reader_url, Limits(max_rows=_MOST_ROWS, statement_timeout_ms=_STATEMENT_MS))
    return lambda question, _conversation: _answered(write, reader, today, question, _conversation)


def _chat(settings: Settings) -> ChatOpenAI:
    if settings.model and ":" in settings.model and not settings.openai_base_url:
        raise SettingsError("The baselines need a model with an OpenAI-compatible address.")
    return ChatOpenAI(
        model=settings.model or "",
        base_url=settings.openai_base_url,
        api_key=SecretStr(settings.openai_api_key or "none"),
        timeout=_MODEL_S,
        max_retries=0,
        temperature=0,
        max_completion_tokens=_MOST_TOKENS,
        extra_body={"cache_prompt": True} if settings.embedded_weights else None,
    )


def _ddl(chat: ChatOpenAI, url: str, today: date) -> Write:
    template = Template((files(prompts) / "baseline_ddl.txt").read_text(encoding="utf-8"))
    system = template.render(today=today.isoformat(), tables=KpiTables(url, sample_rows=0).get_table_info())

    def write(question: str, config: RunnableConfig) -> str:
        return str(chat.invoke([SystemMessage(system), HumanMessage(question)], config).text)

    return write


def _langchain(chat: ChatOpenAI, url: str, today: date) -> Write:
    try:
        from langchain_classic.chains import create_sql_query_chain
    except ImportError:
        raise SettingsError(
            "The baseline langchain needs LangChain's chains: install the package langchain-classic."
        ) from None
    chain = create_sql_query_chain(chat, cast(Any, KpiTables(url)), k=_MOST_ROWS)
    return lambda question, config: str(chain.invoke({"question": question}, config))


def _answered(write: Write, reader: Reader, today: date, question: str, conversation: UUID | None) -> Reply:
    """Ask for SQL and run it; an error of the model or of PostgreSQL is a failed reply."""
    usage = UsageMetadataCallbackHandler()
    began = time.monotonic()
    written, result, error = "", None, None
    llm_ms = 0
    try:
        written = _written(write, question, usage)
        llm_ms = _ms_since(began)
        table, _ = reader.run(_at(today, statement(written)))
        result = Result(tuple(column.name for column in table.columns), table.rows)
    except NlqError as failure:
        error = str(failure)
    return Reply(
        status=Status.FAILED if error else Status.ANSWERED,
        text=error or "",
        total_ms=_ms_since(began),
        llm_ms=llm_ms or _ms_since(began),
        attempts=1,
        result=result,
        conversation_id=conversation,
        sql=statement(written) or None,
        method="sql" if written else None,
        prompt_tokens=sum(used["input_tokens"] for used in usage.usage_metadata.values()),
        completion_tokens=sum(used["output_tokens"] for used in usage.usage_metadata.values()),
        error=error,
    )


def _written(write: Write, question: str, usage: UsageMetadataCallbackHandler) -> str:
    try:
        return write(question, {"callbacks": [usage]})
    except Exception as error:  # every provider's package has errors of its own
        raise NlqError(f"The model did not answer: {type(error).__name__}") from error


def statement(reply: str) -> str:
    """The SQL in a model's reply: in a code block, after `SQLQuery:`, or all of it; the first statement."""
    block = _BLOCK.search(reply)
    text = block.group(1) if block else reply
    text = text.rpartition("SQLQuery:")[2].partition("SQLResult:")[0]
    return text.partition(";")[0].strip()


def _at(today: date, sql: str) -> str:
    """`sql` with the present moment of the world in place of the machine's."""
    dated = _TODAY.sub(f"DATE '{today.isoformat()}'", sql)
    return _NOW.sub(f"TIMESTAMP '{today.isoformat()} 12:00:00'", dated)


def _ms_since(began: float) -> int:
    return round(1000 * (time.monotonic() - began))
