"""How a call had been closed that went on, as its Asterisk was out of reach."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; older records were not corrected."""
    op.add_column("call_records", sa.Column("closed_as", sa.Text))
    op.add_column("call_records", sa.Column("closed_at", sa.Double))


def downgrade() -> None:
    """Drop the columns with what they hold."""
    for column in ("closed_at", "closed_as"):
        op.drop_column("call_records", column)
