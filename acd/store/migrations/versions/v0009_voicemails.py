"""Messages that callers left."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "voicemails",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("contact_id", sa.Text, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("left_at", sa.Double, nullable=False),
        sa.Column("duration_s", sa.Double, nullable=False),
        sa.Column("recording", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Double),
    )
    op.create_index("ix_voicemails_left", "voicemails", ["left_at", "id"])
    op.create_index("ix_voicemails_state_left", "voicemails", ["state", "left_at"])


def downgrade() -> None:
    """Drop the table with all it holds."""
    op.drop_table("voicemails")
