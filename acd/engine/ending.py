"""The ending desk: how a contact leaves, and the one record made of it."""

from __future__ import annotations

from itertools import takewhile
from typing import assert_never

from acd.domain.commands import CheckRecording, DestroyBridge, HangUp, WriteRecord
from acd.domain.copies import replace
from acd.domain.exits import Exit
from acd.domain.ids import LegId, PbxId, RecordingName
from acd.domain.record import CallRecord
from acd.engine import (
    correcting,
    earlier,
    kpi,
    left_places,
    numbers,
    offers,
    outbound,
    takes,
    wrapup,
)
from acd.engine import queueing as queues
from acd.engine.state import CallingBack, Contact, Gone, InFallback, InIvr, Leaving, Parting, Promised, Talking, Waiting
from acd.engine.turn import Turn

LEAVE_GUARD_S = 10.0
"""After a hang-up was ordered: how long to wait for its end before it is ordered again."""
ENDED_KEPT_S = 3600.0
"""How long an ended leg is remembered, so that a late report of it makes no second record."""
FALLBACK_GUARD_S = 10.0
"""After a call ended in Asterisk's own queue: how long AMI may take to tell what became of it there. More than a dead
link takes to be noticed, and what AMI tells to settle: by then it has told, or is known to be down."""
AMI_GUARD_S = 30.0
"""The same while AMI is down."""
RECORDING_GUARD_S = 10.0
"""After a conversation: how long to wait for Asterisk to say that its recording is closed."""
NOTHING_ELSE = (Exit.IVR_EXIT, Exit.OVERFLOWED)
"""Exits in whose place a message counts that was left before."""
TIMERS = (
    "ivr", "play", "wait", "tone", "tell", "relax", "named", "leave", "left", "ask", "offer", "back", "expire",
    "declined", "fallback",
)  # fmt: skip


def leave(turn: Turn, contact: Contact, why: Exit, cause: int) -> None:
    """Hang the caller up; the record is made when the channel's end is seen."""
    contact = let_go(turn, contact)
    turn.do(HangUp(contact.id, contact.leg, cause))
    turn.to_phase(contact, Leaving(turn.at, why, cause))
    turn.start_timer(f"leave:{contact.id}", LEAVE_GUARD_S)


def stay(turn: Turn, contact: Contact) -> Contact:
    """The agent hung up and the caller goes on in the flow: end the conversation, keep the contact."""
    return turn.put(replace(let_go(turn, contact), talk_ended_at=turn.at))


def leave_again(turn: Turn, contact: Contact, leaving: Leaving) -> None:
    """The end was not seen in time. A hand-over counts as done: to hang up would cut who may be talking elsewhere."""
    if leaving.exit is Exit.TRANSFERRED:
        return finish(turn, contact, leaving.exit, leaving.cause, None)
    return leave(turn, contact, leaving.exit, leaving.cause)


def hand_over(turn: Turn, contact: Contact) -> None:
    """The caller goes back to the dialplan; the record is made when the channel has left."""
    turn.to_phase(let_go(turn, contact), Leaving(turn.at, Exit.TRANSFERRED, 16))
    turn.start_timer(f"leave:{contact.id}", LEAVE_GUARD_S)


def finish(turn: Turn, contact: Contact, why: Exit, cause: int, sip_code: int | None) -> None:
    """The caller is gone for good: make the record, count it, forget the contact.

    Who was closed before, with an Asterisk that came back, has a record, which is put right.
    """
    contact = let_go(turn, contact)
    leg = LegId(contact.id)
    record = _account(turn, contact, why, cause, sip_code)
    if turn.state.links(turn.plan.pbx_of(leg)).lost:
        turn.state.lost[leg] = turn.at
        turn.state.closed.setdefault(leg, record)
    else:
        turn.state.closed.pop(leg, None)
        if turn.state.lost.pop(leg, None) is not None:
            turn.state.ended[leg] = turn.at
    outbound.unlist(turn, contact)
    for name in TIMERS:
        turn.cancel_timer(f"{name}:{contact.id}")
    turn.drop(contact.id)


def _account(turn: Turn, contact: Contact, why: Exit, cause: int, sip_code: int | None) -> CallRecord:
    """Make and count the one record of a contact, or put it right."""
    if contact.talk_ended_at is not None:
        why = Exit.ANSWERED  # whatever came of the questions after the conversation
    if contact.callback is not None and why is Exit.ANSWERED:
        why = Exit.CALLBACK_SERVED
    if contact.message is not None and why in NOTHING_ELSE:
        why = contact.message
    ended_at = contact.phase.since if isinstance(contact.phase, Parting) else turn.at
    target = queues.queue_plan(turn, contact).service_level_s
    within = None
    if contact.queued_at is not None:
        within = contact.connected_at is not None and contact.connected_at - contact.queued_at <= target
    record = CallRecord(
        contact_id=contact.id,
        exit=why,
        access_code=contact.access_code,
        trunk=contact.trunk,
        caller=contact.caller,
        arrived_at=contact.arrived_at,
        answered_at=contact.answered_at,
        queued_at=contact.queued_at,
        connected_at=contact.connected_at,
        ended_at=ended_at,
        queue=contact.queue,
        agent=contact.agent,
        language=contact.language,
        flow=contact.flow,
        last_node=contact.last_node,
        cause=cause,
        sip_code=sip_code,
        recording=contact.recording,
        offers=contact.offers,
        within_target=within,
        plan_version=turn.plan.version,
        disposition=contact.disposition,
        attempts=0 if contact.callback is None else contact.callback.attempts,
        follows=contact.follows,
        path=contact.path,
        talk_ended_at=contact.talk_ended_at,
        consents=contact.consents,
        answers=contact.answers,
    )
    if LegId(contact.id) not in turn.state.lost:
        turn.state.ivr.left(contact.path, why)
        keep(turn, record, target)
    else:
        correcting.correct(turn, record, target)
    return record


def forget(turn: Turn, contact: Contact) -> None:
    """Let go of a caller who turned out to be somebody else's, without a record: theirs to make."""
    contact = let_go(turn, contact)
    turn.drop(contact.id)


def keep(turn: Turn, record: CallRecord, target_s: float) -> None:
    """Write and count one record, and remember that its leg has one."""
    turn.do(WriteRecord(record))
    turn.state.figures = kpi.count(turn.state.figures, record, target_s)
    number = numbers.of_caller(record.caller, turn.plan.numbers) if turn.plan.remember_callers_s else ""
    earlier.remember(turn.state.earlier, number, record.exit, record.queue, turn.at, turn.plan.remember_callers_s)
    # Oldest first, so that the look ends at the first young one, however many there are.
    for leg, _ in list(takewhile(lambda kept: turn.at - kept[1] > ENDED_KEPT_S, turn.state.ended.items())):
        if leg not in turn.state.leases:
            del turn.state.ended[leg]
            turn.state.closed.pop(leg, None)
    turn.state.ended[LegId(record.contact_id)] = turn.at


def let_go(turn: Turn, contact: Contact) -> Contact:
    """End what the contact holds besides its caller: an offer, a conversation, a bridge, a recording."""
    match contact.phase:
        case Waiting() as waiting:
            contact = offers.withdraw_all(turn, contact, waiting)
        case Talking(agent=agent_id):
            agent = turn.state.agents.get(agent_id)
            if agent is not None and agent.leg is not None:
                turn.do(HangUp(contact.id, agent.leg))
            wrapup.release(turn, contact, agent_id)
            queues.changed(turn, agent_id)
        case CallingBack() as calling:
            outbound.let_agent_go(turn, contact, calling)
        case InIvr(position=position):
            contact = contact if position.take is None else takes.abandon(turn, contact, position.take)
        case Promised() | Leaving() | Parting() | InFallback():
            pass
        case _:
            assert_never(contact.phase)
    for name in TIMERS:
        turn.cancel_timer(f"{name}:{contact.id}")
    if contact.bridged:
        turn.do(DestroyBridge(contact.id, contact.bridge))
    work = turn.state.recordings.get(contact.recording) if contact.recording is not None else None
    if work is not None and contact.recording is not None and work.ended_at is None:
        turn.state.recordings[contact.recording] = replace(work, ended_at=turn.at)
        turn.start_timer(f"rec:{contact.recording}", RECORDING_GUARD_S)
    return turn.put(replace(contact, bridged=False))


def caller_gone(turn: Turn, contact: Contact, cause: int, sip_code: int | None, *, torn: bool = False) -> None:
    """Tell the exit reason from where the caller was. Who was ``torn`` out of it did not leave: we failed it."""
    match contact.phase:
        case InIvr() | Waiting() as phase if torn:
            if isinstance(phase, Waiting):
                left_places.remember(turn, contact, phase)
            _gone_in_flow(turn, contact, Exit.FAILED_TECHNICAL, cause, sip_code)
        case Leaving(exit=why):
            finish(turn, contact, why, cause, sip_code)
        case Talking():
            finish(turn, contact, Exit.ANSWERED, cause, sip_code)
        case InIvr():
            _gone_in_flow(turn, contact, Exit.IVR_EXIT, cause, sip_code)
        case Parting():
            pass  # the look at the file tells how it ended
        case InFallback() as fallen:  # what became of it there is told by AMI
            if fallen.gone is None:
                turn.to_phase(contact, replace(fallen, gone=Gone(turn.at, cause, sip_code)))
                wait_for_ami(turn, contact)
        case Promised() | CallingBack():  # a promise that can be kept is the callback desk's matter
            finish(turn, contact, Exit.CALLBACK_CANCELLED, cause, sip_code)
        case Waiting(since=since) as waiting:
            left_places.remember(turn, contact, waiting)
            # Who came here through another queue and the flow has waited since then.
            waited = turn.at - (since if contact.queued_at is None else contact.queued_at)
            short = waited <= queues.queue_plan(turn, contact).short_abandon_s
            finish(turn, contact, Exit.SHORT_ABANDONED if short else Exit.ABANDONED, cause, sip_code)
        case _:
            assert_never(contact.phase)


def wait_for_ami(turn: Turn, contact: Contact) -> None:
    """Give AMI its time to tell how a call ended in Asterisk's own queue."""
    ami_up = turn.state.links(turn.plan.pbx_of(contact.id)).ami
    turn.start_timer(f"fallback:{contact.id}", FALLBACK_GUARD_S if ami_up else AMI_GUARD_S)


def _gone_in_flow(turn: Turn, contact: Contact, why: Exit, cause: int, sip_code: int | None) -> None:
    """The caller is gone out of a flow; in the middle of a recording the record waits for what is in the file."""
    take = takes.pending(contact)
    if take is None:
        return finish(turn, contact, why, cause, sip_code)
    for name in TIMERS:
        turn.cancel_timer(f"{name}:{contact.id}")
    takes.ends(turn, take.name)
    turn.to_phase(contact, Parting(turn.at, take, why, cause, sip_code))
    return None


def caller_left(turn: Turn, contact: Contact) -> None:
    """The caller's channel lives on outside our application: by our order, or by somebody else's."""
    match contact.phase:
        case Leaving(exit=why, cause=cause):
            finish(turn, contact, why, cause, None)
        case Talking():
            finish(turn, contact, Exit.ANSWERED, 0, None)
        case InIvr():
            _gone_in_flow(turn, contact, Exit.TRANSFERRED, 0, None)
        case Waiting() | Promised() | CallingBack():
            finish(turn, contact, Exit.TRANSFERRED, 0, None)
        case Parting() | InFallback():
            pass
        case _:
            assert_never(contact.phase)


def check_recording(turn: Turn, name: RecordingName) -> bool:
    """Have a recording's file looked at, once, when the conversation is over. False when there is nothing to look at.

    A recording that broke off while the parties talk on is judged at their end, against the whole talk time.
    """
    work = turn.state.recordings.get(name)
    if work is None or work.ended_at is None or work.checking:
        return False
    turn.cancel_timer(f"rec:{name}")
    turn.state.recordings[name] = replace(work, checking=True)
    turn.do(CheckRecording(name, work.expected_s(turn.at)))
    return True


def check_recordings_again(turn: Turn, pbx: PbxId) -> None:
    """After a gap: the end of a recording, or the result of its check, may have been missed."""
    there = [(name, work) for name, work in turn.state.recordings.items() if turn.plan.pbx_of(work.contact) == pbx]
    for name, work in there:
        turn.state.recordings[name] = replace(work, checking=False)
        check_recording(turn, name)
