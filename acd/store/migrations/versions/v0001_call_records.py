"""Call records and recordings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "call_records",
        sa.Column("contact_id", sa.Text, primary_key=True),
        sa.Column("exit", sa.Text, nullable=False),
        sa.Column("access_code", sa.Text, nullable=False),
        sa.Column("trunk", sa.Text),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("arrived_at", sa.Double, nullable=False),
        sa.Column("answered_at", sa.Double),
        sa.Column("queued_at", sa.Double),
        sa.Column("connected_at", sa.Double),
        sa.Column("ended_at", sa.Double, nullable=False),
        sa.Column("queue", sa.Text),
        sa.Column("agent", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("flow", sa.Text),
        sa.Column("last_node", sa.Text),
        sa.Column("cause", sa.Integer, nullable=False),
        sa.Column("sip_code", sa.Integer),
        sa.Column("recording", sa.Text),
        sa.Column("offers", sa.Integer, nullable=False),
        sa.Column("within_target", sa.Boolean),
        sa.Column("plan_version", sa.Text, nullable=False),
    )
    op.create_index("ix_call_records_ended", "call_records", ["ended_at", "contact_id"])
    op.create_index("ix_call_records_queue_ended", "call_records", ["queue", "ended_at"])
    op.create_index("ix_call_records_exit_ended", "call_records", ["exit", "ended_at"])
    op.create_table(
        "recordings",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("contact_id", sa.Text, nullable=False),
        sa.Column("agent", sa.Text),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("talk_s", sa.Double, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("duration_s", sa.Double, nullable=False),
        sa.Column("ok", sa.Boolean, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
    )
    op.create_index("ix_recordings_contact", "recordings", ["contact_id"])


def downgrade() -> None:
    """Drop both tables with all they hold."""
    op.drop_table("recordings")
    op.drop_table("call_records")
