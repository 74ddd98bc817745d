"""Consents, answers to surveys, and the end of a conversation after which the caller stayed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; older records have none of it."""
    op.add_column("call_records", sa.Column("talk_ended_at", sa.Double))
    op.add_column("call_records", sa.Column("consents", sa.Text, nullable=False, server_default="[]"))
    op.add_column("call_records", sa.Column("answers", sa.Text, nullable=False, server_default="[]"))


def downgrade() -> None:
    """Drop the columns with what they hold."""
    for column in ("answers", "consents", "talk_ended_at"):
        op.drop_column("call_records", column)
