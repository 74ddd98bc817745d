"""Nodes that record the caller: prompts, a tone, the recording, perhaps its review.

Asterisk ends a recording by itself: at the terminator, after silence, at the longest time. What became of it is told by
its file, whatever Asterisk says. Must not know how a file is looked at or where a message goes.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from acd.domain.copies import replace
from acd.domain.flow_media import TakeNode, VoicemailNode
from acd.domain.ids import NodeId, PlaybackId, RecordingName
from acd.domain.record import RecordingRow
from acd.engine.ivr.actions import AnswerCall, Hush
from acd.engine.ivr.sound import Discard, Keep, PlayBack, Record, SeekRecording, SoundTone, StopRecording
from acd.engine.ivr.walk import Walk
from acd.engine.take_state import Take

Verdict: TypeAlias = Literal["good", "empty", "bad", "missing"]
"""What a file says: somebody spoke; nobody did, or not long enough; it cannot be kept; there is none."""
BEEP_S = 0.4
GUARD_S = 15.0
"""Longer than the news of a recording's end, or of its file, can take."""
DECIDE_S = 8.0
"""How long a caller has to decide about a recording; it is kept then."""
KEEP, AGAIN = "1", "2"


def begin(walk: Walk, node: TakeNode) -> NodeId | None:
    """Say what is to be recorded. A key pressed before means nothing here."""
    walk.do(AnswerCall())
    walk.move(ahead="")
    if node.prompts:
        walk.speak(node.prompts)
    else:
        _tone(walk, node)
    return None


def _tone(walk: Walk, node: TakeNode) -> None:
    number = walk.position.takes + 1
    name = RecordingName(f"{walk.scene.plan.recording_prefix}{walk.scene.contact.id}-r{number}")
    take = Take(name, "beep")
    if isinstance(node, VoicemailNode):
        take = replace(take, queue=node.queue, exit=node.exit)
    walk.move(playback=None, take=take, takes=number)
    if not node.limits.beep:
        return _record(walk, node, take)
    playback = _next_playback(walk)
    walk.move(take=replace(take, beep=playback))
    walk.do(SoundTone(playback))
    walk.wait(BEEP_S)
    return None


def _next_playback(walk: Walk) -> PlaybackId:
    number = walk.position.plays + 1
    walk.move(plays=number)
    return PlaybackId(f"acd-p-{walk.scene.contact.id}-{number}")


def _record(walk: Walk, node: TakeNode, take: Take) -> None:
    walk.move(take=replace(take, stage="recording", beep=None))
    walk.do(Record(take.name, node.limits))
    walk.wait(node.limits.most_s + GUARD_S)


def listens(walk: Walk, node: TakeNode) -> bool:
    """Whether a key counts now: during the prompts, or while the caller decides. Asterisk knows the terminator."""
    take = walk.position.take
    return node.barge_in if take is None else take.stage == "review"


def pressed(walk: Walk, node: TakeNode, key: str) -> NodeId | None:
    """A key that counts."""
    take = walk.position.take
    if take is None:
        _tone(walk, node)
        return None
    if key == KEEP:
        return _keep(walk, node, take)
    if key == AGAIN:
        walk.do(Discard(take.name))
        _tone(walk, node)
    else:
        _review(walk, node, take)
    return None


def spoken(walk: Walk, node: TakeNode) -> None:
    """What was said is said: the prompts, or the recording with the question about it."""
    if walk.position.take is None:
        _tone(walk, node)
    else:
        walk.wait(DECIDE_S)


def time_up(walk: Walk, node: TakeNode) -> NodeId | None:
    """The tone was long enough, a recording's end or the look at its file was never told, or nobody decides."""
    match walk.position.take:
        case Take(stage="beep", beep=str(tone)) as take:
            walk.do(Hush(PlaybackId(tone)))
            _record(walk, node, take)
        case Take(stage="recording") as take:
            walk.do(StopRecording(take.name))
            _to_check(walk, take)
        case Take(stage="review") as take:
            return _keep(walk, node, take)
        case _:
            walk.move(take=None)
            return node.failed
    return None


def _to_check(walk: Walk, take: Take) -> None:
    walk.move(take=replace(take, stage="checking"))
    walk.wait(GUARD_S)


def over(walk: Walk, take: Take) -> None:
    """The recording has ended; its file is being looked at."""
    _to_check(walk, take)


def judged(walk: Walk, node: TakeNode, take: Take, verdict: Verdict, row: RecordingRow) -> NodeId | None:
    """The file was looked at."""
    take = replace(take, row=row)
    if verdict == "good":
        if not node.review:
            return _keep(walk, node, take)
        _review(walk, node, take)
        return None
    walk.move(take=None)
    if verdict == "missing" and take.sought:
        return node.id
    if verdict == "empty":
        walk.do(Discard(take.name))
        return node.empty
    return node.failed


def _review(walk: Walk, node: TakeNode, take: Take) -> None:
    playback = _next_playback(walk)
    walk.move(playback=playback, take=replace(take, stage="review"))
    lasted = take.row.duration_s if take.row is not None else 0.0
    walk.do(PlayBack(playback, take.name, node.review, lasted, walk.wordings(node.review)))


def _keep(walk: Walk, node: TakeNode, take: Take) -> NodeId:
    walk.do(Keep(take))
    walk.move(take=None)
    variable = getattr(node, "variable", None)
    if variable is not None:
        walk.keep(variable, take.name)
    return node.next


def resume(walk: Walk, node: TakeNode, take: Take) -> None:
    """Go on after an interval in which the end of the recording may have been missed."""
    match take.stage:
        case "beep":
            time_up(walk, node)
        case "recording":
            walk.move(take=replace(take, sought=True))
            walk.do(SeekRecording(take.name))
            walk.wait(node.limits.most_s + GUARD_S)
        case "checking":
            walk.wait(GUARD_S)
        case _:
            _review(walk, node, take)
