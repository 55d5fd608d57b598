"""An answer of the history again: what was stored of it is run anew, guarded as ever, and not recorded."""

from dataclasses import dataclass

from nlq import caveats
from nlq.answer import Answer, Method, Status, Timing
from nlq.cancellation import Cancellation
from nlq.errors import QueryFailed
from nlq.history_list import HistoryEntry
from nlq.pipeline import Pipeline, sentence_of
from nlq.plan.check import read
from nlq.plan.model import as_json
from nlq.question import Question
from nlq.trace import Statement
from nlq.verified import Fitted, runnable
from nlq.words import gettext, speaking


@dataclass(frozen=True)
class Replay:
    """Runs what the history keeps of a question; see `again`."""

    pipeline: Pipeline

    def again(
        self, entry: HistoryEntry, viewer: Question, cancellation: Cancellation | None = None
    ) -> Answer:
        """The answer to `entry` from the rows as they are now, and that `viewer` may see.

        It has the id of the question of the history, and the stored SQL's method, model and confidence.

        Raises:
            QueryFailed: nothing that can be run was stored, or it no longer runs.
            UnsafeSql: the guard refuses what was stored.
            DatabaseUnavailable: the database cannot be reached.
        """
        with speaking(viewer.language):
            return self._again(entry, viewer, cancellation or Cancellation())

    def _again(self, entry: HistoryEntry, viewer: Question, cancellation: Cancellation) -> Answer:
        pipeline = self.pipeline
        cancellation.within(pipeline.settings.question_timeout_s)
        known = pipeline.knowledge(pipeline.access.scope(viewer))
        method = Method(entry.method or Method.PLAN)
        found = runnable(_stored(entry, method), known.catalog, method is Method.SQL)
        statement = Statement(found.sql, method, found.interpretation, found.plan)
        table, sql_ms = pipeline.reader.run(found.sql, cancellation, scope=known.scope)
        text = sentence_of(statement, table, known.catalog)
        assert entry.conversation_id is not None  # noqa: S101 - what has a status has a conversation
        return Answer(
            id=entry.id,
            conversation_id=entry.conversation_id,
            status=Status.ANSWERED,
            question=entry.question,
            text=text,
            timing=Timing(entry.execution_time_ms or 0, (entry.stages or {}).get("llm", 0), sql_ms),
            table=table,
            sql=found.sql,
            interpretation=found.interpretation,
            chart=pipeline.chart(statement, table, known, text, cancellation),
            warnings=(*(entry.warnings or ()), *_narrowed(entry, caveats.narrowed(known.scope))),
            attempts=entry.attempts or 0,
            model=entry.model,
            method=method,
            plan=as_json(found.plan) if found.plan else None,
            confidence=entry.confidence,
        )


def _stored(entry: HistoryEntry, method: Method) -> Fitted:
    if entry.plan and method is not Method.SQL:
        try:
            return Fitted(read(entry.plan))
        except ValueError as error:
            raise QueryFailed(f"The plan of this answer cannot be read any more: {error}.") from error
    if not entry.sql:
        raise QueryFailed(gettext("This question has no answer that could be shown again."))
    return Fitted(sql=entry.sql)


def _narrowed(entry: HistoryEntry, sentences: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences if sentence not in (entry.warnings or ()))
