"""What reviewers teach: corrections as plans, approvals; cached tokens and confidence of a question."""

from alembic import op

revision = "0003"
down_revision = "0002"

FEEDBACK = """
ALTER TABLE nlq.feedback
    ADD COLUMN correct_plan jsonb,
    ADD COLUMN approved boolean NOT NULL DEFAULT false;
CREATE INDEX feedback_approved ON nlq.feedback (id) WHERE approved;
COMMENT ON COLUMN nlq.feedback.approved IS 'Only what is approved changes later answers'
"""

QUERY_DETAILS = """
ALTER TABLE nlq.query_details
    ADD COLUMN cached_tokens integer,
    ADD COLUMN confidence real;
COMMENT ON COLUMN nlq.query_details.cached_tokens IS 'Of prompt_tokens, those found in the model''s cache';
COMMENT ON COLUMN nlq.query_details.confidence IS 'From 0 to 1'
"""


def upgrade() -> None:
    """Add the columns; the roles' rights on the tables hold for them too."""
    op.execute(FEEDBACK)
    op.execute(QUERY_DETAILS)


def downgrade() -> None:
    """Drop the columns with what they hold: approvals and corrections that are plans are lost."""
    op.execute("ALTER TABLE nlq.query_details DROP COLUMN cached_tokens, DROP COLUMN confidence")
    op.execute("ALTER TABLE nlq.feedback DROP COLUMN correct_plan, DROP COLUMN approved")
