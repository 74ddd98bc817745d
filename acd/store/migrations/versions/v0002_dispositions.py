"""How the agent said a contact went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; older records have none."""
    op.add_column("call_records", sa.Column("disposition", sa.Text))


def downgrade() -> None:
    """Drop the column with what it holds."""
    op.drop_column("call_records", "disposition")
