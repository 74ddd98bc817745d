"""Decisions and stories."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "decisions",
        sa.Column("contact_id", sa.Text, primary_key=True),
        sa.Column("offer", sa.Integer, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("plan_version", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
    )
    op.create_index("ix_decisions_at", "decisions", ["at"])
    op.create_index("ix_decisions_agent_at", "decisions", ["agent", "at"])
    op.create_table(
        "stories",
        sa.Column("contact_id", sa.Text, primary_key=True),
        sa.Column("steps", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop both tables with all they hold."""
    op.drop_table("stories")
    op.drop_table("decisions")
