"""A key for each question, so that it is written down once, and how long its process lives for sure."""

from alembic import op

revision = "0007"
down_revision = "0006"

QUERY_DETAILS = """
ALTER TABLE nlq.query_details
    ADD COLUMN key uuid,
    ADD COLUMN alive_until timestamptz;
CREATE UNIQUE INDEX query_details_key ON nlq.query_details (key);
COMMENT ON COLUMN nlq.query_details.key IS 'Made by the process that asks; known before the id is';
COMMENT ON COLUMN nlq.query_details.alive_until IS 'Its process renews this, or has died'
"""


def upgrade() -> None:
    """Add the columns; the roles' rights on the table hold for them too."""
    op.execute(QUERY_DETAILS)


def downgrade() -> None:
    """Drop the columns."""
    op.execute("ALTER TABLE nlq.query_details DROP COLUMN key, DROP COLUMN alive_until")
