"""Callers' own recordings, from the order to begin one to the row that is kept of it; messages for queues among them.

Decides what a file says of its recording and what is kept. Must not know flows: ``dictation`` leads the caller on.
"""

from __future__ import annotations

from typing import assert_never

from acd.domain.commands import WriteRecording, WriteVoicemail
from acd.domain.copies import replace
from acd.domain.events import RecordingChecked
from acd.domain.ids import RecordingName, VoicemailId
from acd.domain.record import RecordingRow
from acd.domain.sound_commands import (
    Beep,
    DiscardTake,
    PlayTake,
    SeekTake,
    StartListening,
    StartTake,
    StopListening,
    StopTake,
)
from acd.domain.voicemail import VoicemailRow
from acd.engine import ivr, kpi, treatment
from acd.engine.ivr import sound
from acd.engine.state import Contact, InIvr, Parting, RecordingWork
from acd.engine.take_state import OpenVoicemail, Take
from acd.engine.turn import Turn

END_GUARD_S = 10.0
"""After a caller is gone: how long to wait for Asterisk to say that the recording is closed."""
PLAY_GUARD_S = 120.0
"""Longer than any prompt."""
WORDLESS_S = 0.5
"""Within less nobody has said a word: a conversation's file without sound is as it should be."""


def act(turn: Turn, contact: Contact, action: sound.SoundAction) -> Contact:
    """Do what the interpreter wants done with the caller's sound."""
    match action:
        case sound.SoundTone(playback):
            turn.do(Beep(contact.id, contact.leg, playback))
        case sound.Record(name, limits):
            turn.state.recordings[name] = RecordingWork(contact.id, None, turn.at, at_least_s=limits.at_least_s)
            turn.do(StartTake(contact.id, contact.leg, name, limits.most_s, limits.silence_s, limits.terminator))
        case sound.StopRecording(name):
            turn.do(StopTake(contact.id, name))
        case sound.SeekRecording(name):
            turn.do(SeekTake(contact.id, name))
        case sound.PlayBack(playback, name, prompts, duration_s, wordings):
            turn.start_timer(f"play:{contact.id}", duration_s + PLAY_GUARD_S * len(prompts))
            language = contact.language or treatment.NO_LANGUAGE
            turn.do(PlayTake(contact.id, contact.leg, playback, name, prompts, language, wordings))
        case sound.Keep(take):
            return keep(turn, contact, take)
        case sound.Discard(name):
            turn.do(DiscardTake(contact.id, name))
        case sound.Abandon(take):
            return abandon(turn, contact, take)
        case sound.Listen():
            turn.do(StartListening(contact.id, contact.leg))
        case sound.StopListening():
            turn.do(StopListening(contact.id, contact.leg))
        case _:
            assert_never(action)
    return contact


def keep(turn: Turn, contact: Contact, take: Take) -> Contact:
    """Keep a recording that was found good, and leave the message."""
    assert take.row is not None  # noqa: S101 - only what was looked at is kept
    keep_row(turn, take.row)
    if take.queue is None:
        return contact
    row = VoicemailRow(
        id=VoicemailId(take.name.removeprefix(turn.plan.recording_prefix)),
        contact_id=contact.id,
        queue=take.queue,
        language=contact.language,
        caller=contact.caller,
        left_at=take.row.started_at + take.row.talk_s,
        duration_s=take.row.duration_s,
        recording=take.name,
    )
    turn.do(WriteVoicemail(row))
    turn.state.voicemails.open[row.id] = OpenVoicemail(row.queue)
    return turn.put(replace(contact, message=take.exit))


def keep_row(turn: Turn, row: RecordingRow) -> None:
    """Count and write a recording that was looked at."""
    turn.state.figures = kpi.count_recording(turn.state.figures, ok=row.ok)
    turn.do(WriteRecording(row))


def abandon(turn: Turn, contact: Contact, take: Take) -> Contact:
    """The caller goes elsewhere in the middle of a recording; its file is looked at all the same."""
    if take.stage == "review":
        return keep(turn, contact, take)
    if take.stage == "recording":
        turn.do(StopTake(contact.id, take.name))
    ends(turn, take.name)
    return contact


def ends(turn: Turn, name: RecordingName, said_s: float = 0.0) -> None:
    """A recording has ended, or will have soon."""
    work = turn.state.recordings.get(name)
    if work is not None and work.ended_at is None:
        turn.state.recordings[name] = replace(work, ended_at=turn.at, said_s=said_s)
        turn.start_timer(f"rec:{name}", END_GUARD_S)


def pending(contact: Contact) -> Take | None:
    """The recording of a caller that was not looked at yet; one in review has been."""
    take = contact.phase.position.take if isinstance(contact.phase, InIvr) else None
    return take if take is not None and take.stage in {"recording", "checking"} else None


def judge(event: RecordingChecked, work: RecordingWork) -> ivr.Verdict:
    """Tell what a file says of its recording."""
    if event.bytes == 0:
        return "missing"
    if event.silent or (event.ok and event.duration_s < (work.at_least_s or 0.0)):
        return "empty"
    return "good" if event.ok else "bad"


def row_of(event: RecordingChecked, work: RecordingWork) -> RecordingRow:
    """Make the row of a recording whose file was looked at."""
    ended_at = event.at if work.ended_at is None else work.ended_at
    talk_s = ended_at - work.started_at
    wordless = work.at_least_s is None and event.silent and talk_s < WORDLESS_S
    return RecordingRow(
        name=event.name,
        contact_id=work.contact,
        agent=work.agent,
        started_at=work.started_at,
        talk_s=talk_s,
        bytes=event.bytes,
        duration_s=event.duration_s,
        ok=event.ok or wordless,
        problem="" if wordless else event.problem,
    )


def settle(turn: Turn, contact: Contact | None, verdict: ivr.Verdict, row: RecordingRow) -> Contact | None:
    """Keep or throw away the recording of a caller who is not led by its node any more."""
    take = Take(row.name, "review")
    if contact is not None and isinstance(contact.phase, Parting):
        take = contact.phase.take
    if verdict == "empty":
        turn.do(DiscardTake(row.contact_id, row.name))
    elif verdict != "good" or contact is None:
        keep_row(turn, row)
    else:
        return keep(turn, contact, replace(take, row=row))
    return contact
