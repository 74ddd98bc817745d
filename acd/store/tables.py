"""The tables of call records and recordings, as ``migrations/`` leaves them; columns are the dataclasses' fields."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

call_records = Table(
    "call_records",
    metadata,
    Column("contact_id", Text, primary_key=True),
    Column("exit", Text, nullable=False),
    Column("access_code", Text, nullable=False),
    Column("trunk", Text),
    Column("caller", Text, nullable=False),
    Column("arrived_at", Double, nullable=False),
    Column("answered_at", Double),
    Column("queued_at", Double),
    Column("connected_at", Double),
    Column("ended_at", Double, nullable=False),
    Column("queue", Text),
    Column("agent", Text),
    Column("language", Text),
    Column("flow", Text),
    Column("last_node", Text),
    Column("cause", Integer, nullable=False),
    Column("sip_code", Integer),
    Column("recording", Text),
    Column("offers", Integer, nullable=False),
    Column("within_target", Boolean),
    Column("plan_version", Text, nullable=False),
    Column("disposition", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("follows", Text),
    Column("path", Text, nullable=False, server_default="[]"),
    Column("talk_ended_at", Double),
    Column("consents", Text, nullable=False, server_default="[]"),
    Column("answers", Text, nullable=False, server_default="[]"),
    Column("closed_as", Text),
    Column("closed_at", Double),
    Index("ix_call_records_ended", "ended_at", "contact_id"),
    Index("ix_call_records_queue_ended", "queue", "ended_at"),
    Index("ix_call_records_exit_ended", "exit", "ended_at"),
)
"""One row per contact; times are seconds since the epoch, UTC. ``path``, ``consents`` and ``answers`` are JSON.

On PostgreSQL there is a partition for each month of ``ended_at``, and the primary key holds that too."""

call_record_ids = Table(
    "call_record_ids",
    MetaData(),
    Column("contact_id", Text, primary_key=True),
    Column("ended_at", Double, nullable=False),
    Index("ix_call_record_ids_ended", "ended_at"),
)
"""PostgreSQL only: which contacts have a record in any of the partitions."""

recordings = Table(
    "recordings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("contact_id", Text, nullable=False),
    Column("agent", Text),
    Column("started_at", Double, nullable=False),
    Column("talk_s", Double, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("problem", Text, nullable=False),
    Index("ix_recordings_contact", "contact_id"),
)
"""One row per file. No foreign key: a recording may be checked before its call's record is made."""

callback_attempts = Table(
    "callback_attempts",
    metadata,
    Column("leg", Text, primary_key=True),
    Column("contact_id", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("trunk", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("answered_at", Double),
    Column("ended_at", Double, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("cause", Integer, nullable=False),
    Column("sip_code", Integer),
    Index("ix_callback_attempts_contact", "contact_id"),
)
"""One row per outbound call of a callback."""

voicemails = Table(
    "voicemails",
    metadata,
    Column("id", Text, primary_key=True),
    Column("contact_id", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("language", Text),
    Column("caller", Text, nullable=False),
    Column("left_at", Double, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("recording", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("changed_at", Double),
    Index("ix_voicemails_left", "left_at", "id"),
    Index("ix_voicemails_state_left", "state", "left_at"),
)
"""One row per message that a caller left."""

decisions = Table(
    "decisions",
    metadata,
    Column("contact_id", Text, primary_key=True),
    Column("offer", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("queue", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("plan_version", Text, nullable=False),
    Column("account", Text, nullable=False),
    Index("ix_decisions_at", "at"),
    Index("ix_decisions_agent_at", "agent", "at"),
)
"""One row per offer; ``account`` is the whole decision as JSON."""

stories = Table(
    "stories",
    metadata,
    Column("contact_id", Text, primary_key=True),
    Column("steps", Text, nullable=False),
    Column("at", Double, nullable=False, server_default="0"),
    Index("ix_stories_at", "at"),
)
"""One row per contact that ended; ``steps`` is its way as JSON, ``at`` the time of the last one."""

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("webhook", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("body", Text, nullable=False),
    Column("done_at", Double),
    Column("delivered", Boolean),
    Index("ix_webhook_events_done", "done_at"),
)
"""One row per event told to a webhook; ``body`` is JSON, and empty once the event was told or given up."""

engine_lease = Table(
    "engine_lease",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="ck_engine_lease_one"), primary_key=True),
    Column("token", BigInteger, nullable=False, unique=True),
    Column("holder", Text, nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False),
)
"""The one row of ``acd.store.seat``."""

journal_events = Table(
    "journal_events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("token", BigInteger, nullable=False),
)
"""As ``acd.store.journal_file``'s, with the token of the engine that wrote it; used on PostgreSQL only."""

journal_snapshots = Table(
    "journal_snapshots",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("token", BigInteger, nullable=False),
)

gaps = Table(
    "gaps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("began_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("missing", Text, nullable=False),
    Index("ix_gaps_began", "began_at"),
)
"""One row per interval in which not everything was seen; ``ended_at`` is null while it lasts."""
