"""The dictation desk: what happens to callers' own recordings and voices, and where that leads the caller."""

from __future__ import annotations

from typing import TypeAlias, assert_never

from acd.domain.commands import MarkVoicemail, Reply
from acd.domain.copies import replace
from acd.domain.events import RecordingChecked, RecordingEnded, TalkingStarted, VoicemailMarked
from acd.domain.ids import ContactId, RecordingName
from acd.domain.voicemail import VoicemailMark
from acd.engine import arrival, ending, ivr, takes
from acd.engine.state import Contact, InIvr, Parting, RecordingWork
from acd.engine.take_state import Take
from acd.engine.turn import Turn

Heard: TypeAlias = RecordingEnded | RecordingChecked | TalkingStarted | VoicemailMarked


def heard(turn: Turn, event: Heard) -> None:
    """Something came of a recording, of a caller's voice, or of a message."""
    match event:
        case RecordingEnded(name=name):
            if not over(turn, name, event.duration_s) and not ending.check_recording(turn, name):
                turn.ignore(event, "recording is unknown, looked at, or its conversation goes on")
        case RecordingChecked():
            _checked(turn, event)
        case TalkingStarted():
            _talking(turn, event)
        case VoicemailMarked():
            _marked(turn, event)
        case _:
            assert_never(event)


def over(turn: Turn, name: RecordingName, said_s: float = 0.0) -> bool:
    """A caller's own recording has ended: have its file looked at. False for one that is unknown, or looked at."""
    work = turn.state.recordings.get(name)
    if work is None or work.at_least_s is None:
        return False
    takes.ends(turn, name, said_s)
    contact = turn.contact(work.contact)
    take = _made_by(contact, name)
    if contact is not None and isinstance(contact.phase, InIvr) and take is not None and take.stage == "recording":
        arrival.follow(turn, contact, ivr.recording_over(arrival.scene(turn, contact), contact.phase.position, take))
    return ending.check_recording(turn, name)


def _made_by(contact: Contact | None, name: RecordingName) -> Take | None:
    """The recording of this name that a caller makes at a node."""
    take = takes.pending(contact) if contact is not None else None
    return take if take is not None and take.name == name else None


def _checked(turn: Turn, event: RecordingChecked) -> None:
    """The file of a recording was looked at."""
    work = turn.state.recordings.get(event.name)
    if work is None or work.ended_at is None:
        return turn.ignore(event, "recording is unknown, was checked, or its conversation goes on")
    del turn.state.recordings[event.name]
    if work.at_least_s is None:
        return takes.keep_row(turn, takes.row_of(event, work))
    return _judge(turn, event, work)


def _judge(turn: Turn, event: RecordingChecked, work: RecordingWork) -> None:
    verdict, row = takes.judge(event, work), takes.row_of(event, work)
    contact = turn.contact(work.contact)
    take = _made_by(contact, event.name)
    if contact is not None and isinstance(contact.phase, InIvr) and take is not None:
        anew = verdict == "missing" and take.sought
        if verdict in {"bad", "missing"} and not anew:
            takes.keep_row(turn, row)
        scene = arrival.scene(turn, contact)
        return arrival.follow(turn, contact, ivr.recording_judged(scene, contact.phase.position, verdict, row))
    contact = takes.settle(turn, contact, verdict, row)
    if contact is not None and isinstance(contact.phase, Parting) and contact.phase.take.name == event.name:
        gone = contact.phase
        ending.finish(turn, contact, gone.exit, gone.cause, gone.sip_code)
    return None


def _talking(turn: Turn, event: TalkingStarted) -> None:
    """A caller is heard."""
    contact = turn.contact(ContactId(event.leg_id))
    if contact is not None and isinstance(contact.phase, InIvr):
        outcome = ivr.talking(arrival.scene(turn, contact), contact.phase.position)
        if outcome[1]:
            return arrival.follow(turn, contact, outcome)
    return turn.ignore(event, "nobody listens here")


def _marked(turn: Turn, event: VoicemailMarked) -> None:
    """Somebody heard a message or has done what it asks for. One we do not know may be known to the store."""
    known = turn.state.voicemails.open.get(event.voicemail_id)
    if known is not None and event.state == "done":
        del turn.state.voicemails.open[event.voicemail_id]
        done = turn.state.voicemails.done
        done[known.queue] = done.get(known.queue, 0) + 1
    elif known is not None:
        turn.state.voicemails.open[event.voicemail_id] = replace(known, state="heard")
    turn.do(MarkVoicemail(VoicemailMark(event.voicemail_id, event.state, event.by, event.at)))
    turn.do(Reply(event.request_id, None, ok=True))
