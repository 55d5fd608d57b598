"""What there was to pick from where the service asked back, so that it is there when people come back."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column; the roles' rights on the table hold for it too."""
    op.execute("ALTER TABLE nlq.query_details ADD COLUMN choices jsonb")
    op.execute(
        "COMMENT ON COLUMN nlq.query_details.choices IS"
        " 'Asked back: what to pick from, each with its label and the question that asks for it'"
    )


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE nlq.query_details DROP COLUMN choices")
