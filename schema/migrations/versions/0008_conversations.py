"""Conversations that people come back to: a name, when they were last asked in, whether they were deleted."""

from alembic import op

revision = "0008"
down_revision = "0007"

CONVERSATIONS = """
ALTER TABLE nlq.conversations
    ADD COLUMN name text,
    ADD COLUMN last_asked_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN deleted_at timestamptz;
COMMENT ON COLUMN nlq.conversations.name IS 'What a person called it; else its first question is its name';
COMMENT ON COLUMN nlq.conversations.deleted_at IS 'Not shown any more; its questions stay in the history';
UPDATE nlq.conversations c SET last_asked_at = coalesce(
    (SELECT max(started_at) FROM nlq.query_details d WHERE d.conversation_id = c.id), c.created_at);
CREATE INDEX conversations_listed ON nlq.conversations (user_name, last_asked_at DESC, id DESC)
    WHERE deleted_at IS NULL AND channel = 'web';
"""


def upgrade() -> None:
    """Add the columns; the roles' rights on the table hold for them too."""
    op.execute(CONVERSATIONS)


def downgrade() -> None:
    """Drop the columns; deleted conversations are there again."""
    op.execute("DROP INDEX nlq.conversations_listed")
    op.execute(
        "ALTER TABLE nlq.conversations DROP COLUMN name, DROP COLUMN last_asked_at, DROP COLUMN deleted_at"
    )
