"""Intervals in which the engine could not see everything."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "gaps",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("began_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("missing", sa.Text, nullable=False),
    )
    op.create_index("ix_gaps_began", "gaps", ["began_at"])


def downgrade() -> None:
    """Drop the table with all it holds."""
    op.drop_table("gaps")
