"""The journal in the database, and the seat of the one engine that writes it; used on PostgreSQL only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and the one row of the seat, which nobody has yet."""
    op.create_table(
        "engine_lease",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="ck_engine_lease_one"), primary_key=True),
        sa.Column("token", sa.BigInteger, nullable=False, unique=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "journal_events",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "journal_snapshots",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("lost", sa.BigInteger, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("INSERT INTO engine_lease (id, token, holder, expires) VALUES (1, 0, '', '-infinity')")
        op.execute("ALTER TABLE journal_snapshots ALTER COLUMN state SET STORAGE EXTERNAL")  # no time for compression


def downgrade() -> None:
    """Drop the tables with all they hold."""
    for table in ("journal_snapshots", "journal_events", "engine_lease"):
        op.drop_table(table)
