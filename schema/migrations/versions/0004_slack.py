"""Slack: where a question came from, which thread is which conversation, what is still to be answered."""

from alembic import op

revision = "0004"
down_revision = "0003"

QUERY_DETAILS = """
ALTER TABLE nlq.query_details
    ADD COLUMN slack_team text,
    ADD COLUMN slack_channel text,
    ADD COLUMN slack_thread text,
    ADD COLUMN permalink text;
CREATE INDEX query_details_slack ON nlq.query_details (slack_team, user_name, query_id)
    WHERE slack_team IS NOT NULL;
COMMENT ON COLUMN nlq.query_details.permalink IS 'Address of the message that asked'
"""

THREADS = """
CREATE TABLE nlq.slack_threads (
    team text NOT NULL,
    channel text NOT NULL,
    thread text NOT NULL,
    conversation_id uuid NOT NULL REFERENCES nlq.conversations (id),
    PRIMARY KEY (team, channel, thread)
)
"""

JOBS = """
CREATE TABLE nlq.slack_jobs (
    key text PRIMARY KEY,
    team text NOT NULL,
    channel text,
    thread text,
    message text,
    asker text,
    status text NOT NULL DEFAULT 'waiting'
        CHECK (status IN ('waiting', 'working', 'done', 'given_up', 'withdrawn')),
    request jsonb,
    attempts integer NOT NULL DEFAULT 0,
    lease_until timestamptz,
    accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    query_id integer REFERENCES public.query_history (id) ON DELETE SET NULL,
    replies jsonb
);
CREATE INDEX slack_jobs_open ON nlq.slack_jobs (accepted_at) WHERE status IN ('waiting', 'working');
CREATE INDEX slack_jobs_message ON nlq.slack_jobs (team, channel, message);
CREATE INDEX slack_jobs_thread ON nlq.slack_jobs (team, channel, thread);
COMMENT ON TABLE nlq.slack_jobs IS 'What Slack sent and was acknowledged, until it is answered';
COMMENT ON COLUMN nlq.slack_jobs.key IS 'What Slack sends again when it tries again';
COMMENT ON COLUMN nlq.slack_jobs.request IS 'Emptied once it is answered';
COMMENT ON COLUMN nlq.slack_jobs.replies IS 'Messages and files that answered'
"""

INSTALLATIONS = """
CREATE TABLE nlq.slack_installations (
    enterprise text NOT NULL,
    team text NOT NULL,
    secret text,
    installed_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    PRIMARY KEY (enterprise, team)
);
COMMENT ON COLUMN nlq.slack_installations.secret IS 'The tokens, encrypted; none once removed'
"""


def upgrade() -> None:
    """Add the columns and make the tables; the roles get their rights with the upgrade."""
    for statement in (QUERY_DETAILS, THREADS, JOBS, INSTALLATIONS):
        op.execute(statement)


def downgrade() -> None:
    """Drop them with what they hold: workspaces have to install the app again."""
    op.execute("DROP TABLE nlq.slack_installations, nlq.slack_jobs, nlq.slack_threads")
    op.execute(
        "ALTER TABLE nlq.query_details DROP COLUMN slack_team, DROP COLUMN slack_channel,"
        " DROP COLUMN slack_thread, DROP COLUMN permalink"
    )
