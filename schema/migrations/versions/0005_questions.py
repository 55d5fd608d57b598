"""`nlq.questions`: one narrow row for each question, with what the history is filtered and sorted by.

Triggers keep it in step with `query_history`, `nlq.query_details` and `nlq.feedback`, whoever writes there.
So the list needs neither indexes on `query_history` nor a join before it knows which rows to show. A part of
a text is found through its pieces in an ordinary GIN index: `pg_trgm` is not on every server.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

DETAILS = """
ALTER TABLE nlq.query_details ADD COLUMN messages jsonb;
COMMENT ON COLUMN nlq.query_details.messages IS 'What was said to the model and what it replied, cut to size'
"""

PIECES = """
CREATE FUNCTION nlq.pieces(folded text, shortest integer, longest integer) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(folded, n, size)), '{}')
    FROM generate_series(shortest, longest) size, generate_series(1, length(folded) + 1 - size) n
$$;
COMMENT ON FUNCTION nlq.pieces IS 'The pieces of a text that have shortest to longest letters'
"""

QUESTIONS = """
CREATE TABLE nlq.questions (
    id integer PRIMARY KEY REFERENCES public.query_history (id) ON DELETE CASCADE,
    asked_at timestamp NOT NULL,
    folded text NOT NULL,
    duration_ms integer,
    successful boolean,
    status text,
    channel text,
    user_name text,
    method text,
    confidence real,
    conversation_id uuid,
    kpis text[],
    slack_team text,
    verdict text
);
COMMENT ON TABLE nlq.questions IS 'What the history is filtered and sorted by; triggers keep it';
COMMENT ON COLUMN nlq.questions.asked_at IS 'query_history.timestamp; -infinity where that is not known';
COMMENT ON COLUMN nlq.questions.folded IS 'The text of the question in lower case';
COMMENT ON COLUMN nlq.questions.verdict IS 'That of the newest feedback'
"""

FILL = """
INSERT INTO nlq.questions
SELECT h.id, coalesce(h.timestamp, '-infinity'), lower(h.query_text), h.execution_time_ms, h.successful,
       d.status, d.channel, d.user_name, d.method, d.confidence, d.conversation_id, nlq.kpis(d.plan),
       d.slack_team,
       (SELECT verdict FROM nlq.feedback f WHERE f.query_id = h.id ORDER BY f.id DESC LIMIT 1)
FROM public.query_history h LEFT JOIN nlq.query_details d ON d.query_id = h.id
"""

KPIS = """
CREATE FUNCTION nlq.kpis(plan jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY(SELECT jsonb_array_elements_text(plan -> 'kpis'))
    WHERE jsonb_typeof(plan -> 'kpis') = 'array'
$$
"""

KEEPERS = """
CREATE FUNCTION nlq.keep_question() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO nlq.questions (id, asked_at, folded, duration_ms, successful)
    VALUES (NEW.id, coalesce(NEW.timestamp, '-infinity'), lower(NEW.query_text),
            NEW.execution_time_ms, NEW.successful)
    ON CONFLICT (id) DO UPDATE SET asked_at = excluded.asked_at, folded = excluded.folded,
        duration_ms = excluded.duration_ms, successful = excluded.successful;
    RETURN NULL;
END $$;

CREATE FUNCTION nlq.keep_question_details() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE nlq.questions SET status = NEW.status, channel = NEW.channel, user_name = NEW.user_name,
        method = NEW.method, confidence = NEW.confidence, conversation_id = NEW.conversation_id,
        kpis = nlq.kpis(NEW.plan), slack_team = NEW.slack_team
    WHERE id = NEW.query_id;
    RETURN NULL;
END $$;

CREATE FUNCTION nlq.keep_question_verdict() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE judged integer := coalesce(NEW.query_id, OLD.query_id);
BEGIN
    UPDATE nlq.questions SET verdict =
        (SELECT verdict FROM nlq.feedback f WHERE f.query_id = judged ORDER BY f.id DESC LIMIT 1)
    WHERE id = judged;
    RETURN NULL;
END $$;

CREATE TRIGGER nlq_keep_question AFTER INSERT OR UPDATE ON public.query_history
    FOR EACH ROW EXECUTE FUNCTION nlq.keep_question();
CREATE TRIGGER keep_question AFTER INSERT OR UPDATE ON nlq.query_details
    FOR EACH ROW EXECUTE FUNCTION nlq.keep_question_details();
CREATE TRIGGER keep_question AFTER INSERT OR UPDATE OR DELETE ON nlq.feedback
    FOR EACH ROW EXECUTE FUNCTION nlq.keep_question_verdict();
REVOKE ALL ON FUNCTION nlq.keep_question, nlq.keep_question_details, nlq.keep_question_verdict FROM PUBLIC
"""

INDEXES = """
CREATE INDEX questions_asked_at ON nlq.questions (asked_at, id);
CREATE INDEX questions_duration ON nlq.questions (duration_ms, id);
CREATE INDEX questions_confidence ON nlq.questions (confidence, id) WHERE confidence IS NOT NULL;
CREATE INDEX questions_status ON nlq.questions (status, asked_at, id);
CREATE INDEX questions_channel ON nlq.questions (channel, asked_at, id);
CREATE INDEX questions_user ON nlq.questions (user_name, asked_at, id);
CREATE INDEX questions_method ON nlq.questions (method, asked_at, id);
CREATE INDEX questions_conversation ON nlq.questions (conversation_id, asked_at, id);
CREATE INDEX questions_verdict ON nlq.questions (verdict, asked_at, id) WHERE verdict IS NOT NULL;
CREATE INDEX questions_user_duration ON nlq.questions (user_name, duration_ms, id);
CREATE INDEX questions_user_confidence ON nlq.questions (user_name, confidence, id)
    WHERE confidence IS NOT NULL;
CREATE INDEX questions_status_duration ON nlq.questions (status, duration_ms, id);
CREATE INDEX questions_status_confidence ON nlq.questions (status, confidence, id)
    WHERE confidence IS NOT NULL;
CREATE INDEX questions_pieces ON nlq.questions USING gin (nlq.pieces(folded, 1, 3)) WITH (fastupdate = off)
"""


def upgrade() -> None:
    """Make the table with the questions so far, and the triggers that keep it."""
    for statement in (DETAILS, PIECES, QUESTIONS, KPIS, FILL, KEEPERS, INDEXES):
        op.execute(statement)
    op.execute("ANALYZE nlq.questions")


def downgrade() -> None:
    """Drop the table and what keeps it; `messages` is lost."""
    op.execute("DROP TRIGGER nlq_keep_question ON public.query_history")
    op.execute("DROP TRIGGER keep_question ON nlq.query_details")
    op.execute("DROP TRIGGER keep_question ON nlq.feedback")
    op.execute("DROP FUNCTION nlq.keep_question, nlq.keep_question_details, nlq.keep_question_verdict")
    op.execute("DROP TABLE nlq.questions")
    op.execute("DROP FUNCTION nlq.pieces, nlq.kpis")
    op.execute("ALTER TABLE nlq.query_details DROP COLUMN messages")
