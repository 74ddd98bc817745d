"""Events to be told to webhooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "webhook_events",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("webhook", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("done_at", sa.Double),
        sa.Column("delivered", sa.Boolean),
    )
    op.create_index("ix_webhook_events_done", "webhook_events", ["done_at"])


def downgrade() -> None:
    """Drop the table with what was not told yet."""
    op.drop_table("webhook_events")
