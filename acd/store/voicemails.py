"""The statements about messages: a page of them, and the marks that bring one from new to heard to done."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, Update, select, tuple_, update

from acd.domain.voicemail import VoicemailMark
from acd.ports import VoicemailFilter
from acd.store import tables
from acd.store.cursor import decode_cursor

_BEFORE = {"heard": ("new",), "done": ("new", "heard")}
"""From which states a mark leads on."""


def page_query(wanted: VoicemailFilter) -> Select[Any]:
    """The page, and one row more that tells whether there is another. Raises ``ValueError`` for a foreign cursor."""
    table = tables.voicemails
    query = select(table).order_by(table.c.left_at, table.c.id).limit(wanted.limit + 1)
    query = query.where(table.c.state.in_(wanted.states))
    if wanted.queues is not None:
        query = query.where(table.c.queue.in_(wanted.queues))
    if wanted.since is not None:
        query = query.where(table.c.left_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(table.c.left_at < wanted.until)
    if wanted.after is not None:
        left_at, voicemail_id = decode_cursor(wanted.after)
        query = query.where(tuple_(table.c.left_at, table.c.id) > tuple_(left_at, voicemail_id))
    return query


def mark(marked: VoicemailMark) -> Update:
    """Bring a message on; what has come further stays."""
    table = tables.voicemails
    here = update(table).where(table.c.id == marked.id, table.c.state.in_(_BEFORE[marked.state]))
    return here.values(state=marked.state, by=marked.by, changed_at=marked.at)
