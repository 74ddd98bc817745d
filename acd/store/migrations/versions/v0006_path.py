"""The way of a contact through the flows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; older records have none."""
    op.add_column("call_records", sa.Column("path", sa.Text, nullable=False, server_default="[]"))


def downgrade() -> None:
    """Drop the column with what it holds."""
    op.drop_column("call_records", "path")
