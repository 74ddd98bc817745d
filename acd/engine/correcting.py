"""What becomes of the record of a call that was closed as its Asterisk was out of reach, and that went on.

There is one record for each call, and figures are sums over records: so the record is put right when the call ends, and
what it was counted as is counted no more. What it had been closed with stays on it. Decides what of both is kept.
"""

from __future__ import annotations

from acd.domain.commands import CorrectRecord
from acd.domain.copies import replace
from acd.domain.ids import LegId
from acd.domain.record import CallRecord
from acd.engine import kpi
from acd.engine.turn import Turn


def correct(turn: Turn, made: CallRecord, target_s: float) -> None:
    """Put a call's record right by one that was ``made`` of how it went on.

    ``target_s`` is the service-level time of its last queue. A record is not remembered that an earlier version made.
    """
    first = turn.state.closed.get(LegId(made.contact_id))
    if first is None:
        return
    record = _together(first, made, target_s)
    turn.do(CorrectRecord(record))
    figures = kpi.count(turn.state.figures, first, target_s, by=-1)
    turn.state.figures = kpi.count(figures, record, target_s)
    turn.state.closed[LegId(made.contact_id)] = record


def _together(first: CallRecord, made: CallRecord, target_s: float) -> CallRecord:
    """Tell of the whole call: how it began says the ``first`` record, how it ended the one ``made`` afterwards.

    Who had talked was served, whatever came afterwards; the talk went on where ``made`` knows of one.
    """
    talked = first.connected_at is not None
    connected_at = first.connected_at if talked else made.connected_at
    talk_ended_at = made.talk_ended_at
    if talked and made.connected_at is None:
        talk_ended_at = first.ended_at if first.talk_ended_at is None else first.talk_ended_at
    queued_at = made.queued_at if first.queued_at is None else first.queued_at
    within = None
    if queued_at is not None:
        within = connected_at is not None and connected_at - queued_at <= target_s
    return replace(
        first,
        exit=first.exit if talked else made.exit,
        answered_at=made.answered_at if first.answered_at is None else first.answered_at,
        queued_at=queued_at,
        connected_at=connected_at,
        ended_at=made.ended_at,
        queue=made.queue or first.queue,
        agent=first.agent if talked else made.agent,
        language=made.language or first.language,
        last_node=made.last_node or first.last_node,
        cause=made.cause,
        sip_code=made.sip_code,
        recording=first.recording or made.recording,
        offers=first.offers + made.offers,
        within_target=within,
        disposition=made.disposition,
        path=first.path + made.path,
        talk_ended_at=talk_ended_at,
        consents=first.consents + made.consents,
        answers=first.answers + made.answers,
        closed_as=first.exit if first.closed_as is None else first.closed_as,
        closed_at=first.ended_at if first.closed_at is None else first.closed_at,
    )
