"""Call records by month on PostgreSQL; the times of stories.

A unique key over partitions must hold the time they are parted by, so it cannot say that a contact has one record: the
table ``call_record_ids`` does. The table there was becomes the partition of everything that has no month of its own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_call_records_ended": "ended_at, contact_id",
    "ix_call_records_queue_ended": "queue, ended_at",
    "ix_call_records_exit_ended": "exit, ended_at",
}


def upgrade() -> None:
    """Add the column and, on PostgreSQL, the partitions."""
    op.add_column("stories", sa.Column("at", sa.Double, nullable=False, server_default="0"))
    op.execute(
        "UPDATE stories SET at = coalesce("
        "(SELECT ended_at FROM call_records r WHERE r.contact_id = stories.contact_id), 0)"
    )
    op.create_index("ix_stories_at", "stories", ["at"])
    if op.get_context().dialect.name != "postgresql":
        return
    op.create_table(
        "call_record_ids",
        sa.Column("contact_id", sa.Text, primary_key=True),
        sa.Column("ended_at", sa.Double, nullable=False),
    )
    op.create_index("ix_call_record_ids_ended", "call_record_ids", ["ended_at"])
    op.execute("INSERT INTO call_record_ids SELECT contact_id, ended_at FROM call_records")
    for name in _INDEXES:
        op.drop_index(name, "call_records")
    op.execute("ALTER TABLE call_records RENAME TO call_records_rest")
    op.execute("ALTER TABLE call_records_rest DROP CONSTRAINT call_records_pkey")
    op.execute("CREATE TABLE call_records (LIKE call_records_rest INCLUDING DEFAULTS) PARTITION BY RANGE (ended_at)")
    op.execute("ALTER TABLE call_records ADD CONSTRAINT call_records_pkey PRIMARY KEY (contact_id, ended_at)")
    op.execute("ALTER TABLE call_records ATTACH PARTITION call_records_rest DEFAULT")
    for name, columns in _INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON call_records ({columns})")


def downgrade() -> None:
    """Make one table of all partitions again."""
    if op.get_context().dialect.name == "postgresql":
        op.execute("CREATE TABLE call_records_whole (LIKE call_records INCLUDING DEFAULTS)")
        op.execute("INSERT INTO call_records_whole SELECT * FROM call_records")
        op.drop_table("call_records")
        op.execute("ALTER TABLE call_records_whole RENAME TO call_records")
        op.execute("ALTER TABLE call_records ADD CONSTRAINT call_records_pkey PRIMARY KEY (contact_id)")
        for name, columns in _INDEXES.items():
            op.execute(f"CREATE INDEX {name} ON call_records ({columns})")
        op.drop_table("call_record_ids")
    op.drop_index("ix_stories_at", "stories")
    op.drop_column("stories", "at")
