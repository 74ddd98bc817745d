"""Callbacks: their outbound calls, and what a call record says of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of outbound calls and the columns that count and link them."""
    op.add_column("call_records", sa.Column("attempts", sa.Integer, nullable=False, server_default="0"))
    op.add_column("call_records", sa.Column("follows", sa.Text))
    op.create_table(
        "callback_attempts",
        sa.Column("leg", sa.Text, primary_key=True),
        sa.Column("contact_id", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("trunk", sa.Text, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("answered_at", sa.Double),
        sa.Column("ended_at", sa.Double, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("cause", sa.Integer, nullable=False),
        sa.Column("sip_code", sa.Integer),
    )
    op.create_index("ix_callback_attempts_contact", "callback_attempts", ["contact_id"])


def downgrade() -> None:
    """Take them away with all they hold."""
    op.drop_table("callback_attempts")
    op.drop_column("call_records", "follows")
    op.drop_column("call_records", "attempts")
