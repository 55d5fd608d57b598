"""The schema `nlq`: reporting views for the reader, and what is recorded beyond `query_history`."""

from alembic import op

revision = "0002"
down_revision = "0001"

KPI_VALUES = """
CREATE VIEW nlq.kpi_values WITH (security_invoker = true) AS
SELECT d.id AS kpi_data_id, k.name AS kpi, k.description, k.unit, k.category,
       t.name AS team, t.department, r.name AS region, r.country,
       d.value, d.timestamp, d.year, d.quarter, d.month, d.week
FROM public.kpi_data d
JOIN public.kpi_definitions k ON k.id = d.kpi_id
LEFT JOIN public.teams t ON t.id = d.team_id
LEFT JOIN public.regions r ON r.id = d.region_id
"""

KPI_ANOMALIES = """
CREATE VIEW nlq.kpi_anomalies WITH (security_invoker = true) AS
SELECT a.id AS anomaly_id, a.description, a.severity, a.detected_at, a.kpi_data_id,
       v.kpi, v.unit, v.category, v.team, v.department, v.region, v.country,
       v.value, v.timestamp, v.year, v.quarter, v.month, v.week
FROM public.anomalies a
LEFT JOIN nlq.kpi_values v ON v.kpi_data_id = a.kpi_data_id
"""

CONVERSATIONS = """
CREATE TABLE nlq.conversations (
    id uuid PRIMARY KEY,
    channel text NOT NULL,
    user_name text,
    created_at timestamptz NOT NULL DEFAULT now()
)
"""

QUERY_DETAILS = """
CREATE TABLE nlq.query_details (
    query_id integer PRIMARY KEY REFERENCES public.query_history (id) ON DELETE CASCADE,
    conversation_id uuid REFERENCES nlq.conversations (id),
    channel text NOT NULL,
    user_name text,
    status text NOT NULL DEFAULT 'running'
        CHECK (status IN ('running', 'answered', 'clarify', 'refused', 'failed')),
    method text,
    reason text,
    error text,
    sql text,
    plan jsonb,
    interpretation text,
    answer_text text,
    warnings jsonb,
    attempts integer,
    model text,
    prompt_tokens integer,
    completion_tokens integer,
    row_count integer,
    truncated boolean,
    stages jsonb,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX query_details_conversation_id ON nlq.query_details (conversation_id);
CREATE INDEX query_details_status ON nlq.query_details (status);
COMMENT ON COLUMN nlq.query_details.stages IS 'Stage of the pipeline -> milliseconds it took';
"""

FEEDBACK = """
CREATE TABLE nlq.feedback (
    id serial PRIMARY KEY,
    query_id integer NOT NULL REFERENCES public.query_history (id) ON DELETE CASCADE,
    verdict text NOT NULL CHECK (verdict IN ('right', 'wrong')),
    comment text,
    correct_sql text,
    user_name text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX feedback_query_id ON nlq.feedback (query_id);
"""


def upgrade() -> None:
    """Make the views and tables of the schema `nlq`."""
    for statement in (KPI_VALUES, KPI_ANOMALIES, CONVERSATIONS, QUERY_DETAILS, FEEDBACK):
        op.execute(statement)


def downgrade() -> None:
    """Drop the views and tables of the schema `nlq` with what they recorded; `query_history` stays."""
    op.execute("DROP TABLE nlq.feedback, nlq.query_details, nlq.conversations")
    op.execute("DROP VIEW nlq.kpi_anomalies, nlq.kpi_values")
