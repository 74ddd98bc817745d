"""The resources of voicemail: list messages, hear one, mark it done.

Numbers are for supervisors, and for the agents of the queue a message was left for; only they hear it and are done
with it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, fields
from http import HTTPStatus

from acd.domain.errors import StoreError
from acd.domain.ids import ContactId, Language, QueueId, VoicemailId
from acd.domain.voicemail import Marking, VoicemailRow, VoicemailState
from acd.engine.views import masked
from acd.ports import VoicemailFilter
from acd.web.inputs import NoBody, VoicemailsQuery
from acd.web.problems import Problem, bad_field
from acd.web.routes import Call, Raw, Route

_STATES: tuple[VoicemailState, ...] = ("new", "heard", "done")


@dataclass(frozen=True, slots=True)
class VoicemailAnswer:
    """A message; ``caller`` is masked to the last three digits for who may not hear it."""

    id: VoicemailId
    contact_id: ContactId
    queue: QueueId
    language: Language | None
    caller: str
    left_at: float
    duration_s: float
    state: VoicemailState
    by: str
    changed_at: float | None

    @classmethod
    def of(cls, row: VoicemailRow, *, full_numbers: bool) -> VoicemailAnswer:
        """Make the answer from a row."""
        values = {field.name: getattr(row, field.name) for field in fields(cls)}
        values["caller"] = row.caller if full_numbers else masked(row.caller)
        return cls(**values)


@dataclass(frozen=True, slots=True)
class VoicemailsAnswer:
    """A page of messages, the oldest first; ``next`` is the cursor of the following page, null at the end."""

    voicemails: tuple[VoicemailAnswer, ...]
    next: str | None


def _may(call: Call, queue: QueueId) -> bool:
    """Whether who asks may hear the messages of a queue."""
    token = call.token
    if token is None or token.role == "viewer":
        return False
    return token.role == "supervisor" or (token.agent_id is not None and call.deps.serves(token.agent_id, queue))


def _unreadable(error: StoreError) -> Problem:
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), kind="store-unavailable")


async def _list(call: Call) -> VoicemailsAnswer:
    query: VoicemailsQuery = call.query
    wanted = VoicemailFilter(
        queues=(QueueId(query.queue),) if query.queue is not None else None,
        states=(query.state,) if query.state is not None else _STATES,
        since=query.since,
        until=query.until,
        limit=query.limit,
        after=query.cursor,
    )
    try:
        page = await call.deps.records.voicemails(wanted)
    except StoreError as error:
        raise _unreadable(error) from error
    except ValueError as error:
        raise bad_field("cursor", "is no cursor of ours") from error
    shown = tuple(VoicemailAnswer.of(row, full_numbers=_may(call, row.queue)) for row in page.voicemails)
    return VoicemailsAnswer(shown, page.next)


async def _known(call: Call) -> VoicemailRow:
    """The message that is asked for, for who may have it. Raises ``Problem`` 403, 404, 503."""
    try:
        row = await call.deps.records.voicemail(VoicemailId(call.path["voicemail_id"]))
    except StoreError as error:
        raise _unreadable(error) from error
    if row is None:
        raise Problem(HTTPStatus.NOT_FOUND, "There is no such message.", kind="unknown-voicemail")
    if not _may(call, row.queue):
        raise Problem(HTTPStatus.FORBIDDEN, "Messages are for supervisors and the queue's own agents.")
    return row


async def _mark(call: Call, row: VoicemailRow, state: Marking) -> None:
    by = call.token.name if call.token is not None else ""
    if not await call.deps.mark_voicemail(row.id, row.queue, state, by):
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "No configuration is loaded yet.", kind="not-ready")


async def _audio(call: Call) -> Raw:
    row = await _known(call)
    path = call.deps.recording_file(row.recording)
    try:
        sound = await asyncio.to_thread(path.read_bytes) if path is not None else None
    except OSError:
        sound = None
    if sound is None:
        raise Problem(HTTPStatus.NOT_FOUND, "The message's file is not there.", kind="no-file")
    if row.state == "new":
        await _mark(call, row, "heard")
    return Raw(sound, "audio/wav")


async def _done(call: Call) -> VoicemailAnswer:
    row = await _known(call)
    if row.state != "done":
        await _mark(call, row, "done")
        row = await _known(call)
    return VoicemailAnswer.of(row, full_numbers=True)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/v1/voicemails", _list, "Messages callers left", "voicemails", VoicemailsAnswer,
          query=VoicemailsQuery, errors=(503,)),
    Route("GET", "/api/v1/voicemails/{voicemail_id}/audio", _audio, "Hear a message", "voicemails", bytes,
          errors=(404, 503), media_type="audio/wav"),
    Route("POST", "/api/v1/voicemails/{voicemail_id}/done", _done, "Nothing is left to do about a message",
          "voicemails", VoicemailAnswer, body=NoBody, errors=(404, 503)),
)  # fmt: skip
