"""Everything the engine can want done. A command names ids chosen by us; what became of it comes back as an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from acd.domain.data import HttpRequest, Wanted
from acd.domain.decision import Decision, Story
from acd.domain.ids import (
    AgentId,
    BridgeId,
    ContactId,
    Language,
    LegId,
    PlaybackId,
    PromptKey,
    RecordingName,
    RequestId,
    TimerKey,
)
from acd.domain.record import (
    CallbackAttempt,
    CallRecord,
    DispositionRow,
    RecordingRow,
)
from acd.domain.sound_commands import SoundCommand
from acd.domain.voicemail import VoicemailMark, VoicemailRow


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the caller's channel (SIP 200 OK)."""

    contact_id: ContactId
    leg_id: LegId
    kind: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class Ring:
    """Tell an unanswered caller that it rings (SIP 180)."""

    contact_id: ContactId
    leg_id: LegId
    kind: Literal["ring"] = "ring"


@dataclass(frozen=True, slots=True)
class StopRing:
    """End the ringing tone of a leg that is answered."""

    contact_id: ContactId
    leg_id: LegId
    kind: Literal["stop_ring"] = "stop_ring"


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up a channel with a Q.850 cause (34 before answer becomes SIP 503)."""

    contact_id: ContactId
    leg_id: LegId
    cause: int = 16
    kind: Literal["hang_up"] = "hang_up"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text that a flow made, to be spoken by synthesis. It may tell of somebody: it stands in no log."""

    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class Play:
    """Play prompts and texts, in order, in a language, to a leg."""

    contact_id: ContactId
    leg_id: LegId
    playback_id: PlaybackId
    prompts: tuple[PromptKey | Spoken, ...]
    language: Language
    wordings: tuple[str, ...] = ()
    """Of the prompts, in order; empty where it is the one in force."""
    kind: Literal["play"] = "play"


@dataclass(frozen=True, slots=True)
class StopPlay:
    """Stop a playback."""

    contact_id: ContactId
    playback_id: PlaybackId
    kind: Literal["stop_play"] = "stop_play"


@dataclass(frozen=True, slots=True)
class StartMusic:
    """Music on hold to a waiting caller."""

    contact_id: ContactId
    leg_id: LegId
    music: str
    kind: Literal["start_music"] = "start_music"


@dataclass(frozen=True, slots=True)
class StopMusic:
    """End music on hold."""

    contact_id: ContactId
    leg_id: LegId
    kind: Literal["stop_music"] = "stop_music"


@dataclass(frozen=True, slots=True)
class Originate:
    """Ring a phone, an agent's or a customer's; the leg enters our application when it is answered."""

    contact_id: ContactId
    leg_id: LegId
    device: str
    caller: str
    timeout_s: float
    alone: bool = False
    """There is no caller's channel this leg would belong to."""
    answers: LegId | None = None
    """The caller to be answered (SIP 200 OK) the moment this phone is picked up, without asking again."""
    phone: str = ""
    """The device that rings, where ``device`` is only the way to another Asterisk, which has it."""
    kind: Literal["originate"] = "originate"


@dataclass(frozen=True, slots=True)
class CreateBridge:
    """Make the mixing bridge of a contact."""

    contact_id: ContactId
    bridge_id: BridgeId
    kind: Literal["create_bridge"] = "create_bridge"


@dataclass(frozen=True, slots=True)
class AddToBridge:
    """Put legs into a bridge."""

    contact_id: ContactId
    bridge_id: BridgeId
    leg_ids: tuple[LegId, ...]
    kind: Literal["add_to_bridge"] = "add_to_bridge"


@dataclass(frozen=True, slots=True)
class DestroyBridge:
    """Take a bridge away; its recording ends with it."""

    contact_id: ContactId
    bridge_id: BridgeId
    kind: Literal["destroy_bridge"] = "destroy_bridge"


@dataclass(frozen=True, slots=True)
class StartRecording:
    """Record a bridge into a file of this name."""

    contact_id: ContactId
    bridge_id: BridgeId
    name: RecordingName
    kind: Literal["start_recording"] = "start_recording"


@dataclass(frozen=True, slots=True)
class ContinueInDialplan:
    """Give a channel back to Asterisk's dialplan."""

    contact_id: ContactId
    leg_id: LegId
    context: str
    extension: str
    kind: Literal["continue_in_dialplan"] = "continue_in_dialplan"


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Have a caller back who waits in Asterisk's own queue; who talks with an agent there stays."""

    contact_id: ContactId
    leg_id: LegId
    channel_name: str
    kind: Literal["take_back"] = "take_back"


@dataclass(frozen=True, slots=True)
class HandOver:
    """Send a caller to Asterisk's own queue."""

    contact_id: ContactId
    leg_id: LegId
    access_code: str
    kind: Literal["hand_over"] = "hand_over"


TelephonyCommand: TypeAlias = (
    Answer
    | Ring
    | StopRing
    | HangUp
    | Play
    | StopPlay
    | StartMusic
    | StopMusic
    | Originate
    | CreateBridge
    | AddToBridge
    | DestroyBridge
    | StartRecording
    | ContinueInDialplan
    | TakeBack
    | HandOver
    | SoundCommand
)


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Fire ``TimerFired(key, generation)`` at ``due`` (seconds since the epoch); replaces that key's earlier timer."""

    key: TimerKey
    generation: int
    due: float
    kind: Literal["start_timer"] = "start_timer"


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget a timer."""

    key: TimerKey
    kind: Literal["cancel_timer"] = "cancel_timer"


@dataclass(frozen=True, slots=True)
class WriteRecord:
    """Keep a call record. Idempotent by ``contact_id``: the first one stays."""

    record: CallRecord
    kind: Literal["write_record"] = "write_record"


@dataclass(frozen=True, slots=True)
class CorrectRecord:
    """Keep how a call really ended whose record was made before, in that record's place. Idempotent."""

    record: CallRecord
    kind: Literal["correct_record"] = "correct_record"


@dataclass(frozen=True, slots=True)
class WriteRecording:
    """Keep the row of a recording that was checked. Idempotent by name."""

    row: RecordingRow
    kind: Literal["write_recording"] = "write_recording"


@dataclass(frozen=True, slots=True)
class WriteDisposition:
    """Keep how a contact went whose call record was made before. Idempotent: the last one stays."""

    row: DispositionRow
    kind: Literal["write_disposition"] = "write_disposition"


@dataclass(frozen=True, slots=True)
class WriteAttempt:
    """Keep the row of an outbound call. Idempotent by leg."""

    attempt: CallbackAttempt
    kind: Literal["write_attempt"] = "write_attempt"


@dataclass(frozen=True, slots=True)
class WriteVoicemail:
    """Keep a message that was left. Idempotent by id."""

    row: VoicemailRow
    kind: Literal["write_voicemail"] = "write_voicemail"


@dataclass(frozen=True, slots=True)
class MarkVoicemail:
    """Keep how far a message has come. Idempotent: its state only goes on."""

    mark: VoicemailMark
    kind: Literal["mark_voicemail"] = "mark_voicemail"


@dataclass(frozen=True, slots=True)
class WriteDecision:
    """Keep how an offer came about. Idempotent by contact and offer."""

    decision: Decision
    kind: Literal["write_decision"] = "write_decision"


@dataclass(frozen=True, slots=True)
class WriteStory:
    """Keep a contact's way, at its end. Idempotent by ``contact_id``."""

    story: Story
    kind: Literal["write_story"] = "write_story"


@dataclass(frozen=True, slots=True)
class CheckRecording:
    """Look at a recording's file: size and duration against the talk time. Answered by ``RecordingChecked``."""

    name: RecordingName
    talk_s: float
    kind: Literal["check_recording"] = "check_recording"


@dataclass(frozen=True, slots=True)
class FetchData:
    """Ask another system. Answered by ``DataFetched`` with the same ``request_id``, within ``timeout_s`` in all."""

    contact_id: ContactId
    request_id: RequestId
    node: str
    """``FLOW/NODE``, for figures and logs; nothing else of the question may go there."""
    request: HttpRequest
    wanted: tuple[Wanted, ...] = ()
    timeout_s: float = 3.0
    retries: int = 1
    """Further tries after the first, where the request is idempotent and time is left."""
    cache_s: float = 0.0
    """How long the same question is answered from memory; 0 always asks."""
    cache_not_found_s: float = 0.0
    kind: Literal["fetch_data"] = "fetch_data"


@dataclass(frozen=True, slots=True)
class SendHook:
    """Tell another system that something happened, at least once; nobody waits for it."""

    hook: str
    """Name of a webhook of the deployment."""
    event_id: str
    """The same however often it is sent."""
    body: str
    """JSON text."""
    at: float = 0.0
    """When it happened."""
    kind: Literal["send_hook"] = "send_hook"


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer to an ``AgentRequested`` or, without agent, to an order or a marking: done, or refused and why."""

    request_id: RequestId
    agent_id: AgentId | None
    ok: bool
    message: str = ""
    kind: Literal["reply"] = "reply"


@dataclass(frozen=True, slots=True)
class CallbackReply:
    """Answer to a ``CallbackRequested`` or ``CallbackCancelled``; a refusal has a reason fit for a person."""

    request_id: RequestId
    contact_id: ContactId | None
    ok: bool
    message: str = ""
    kind: Literal["callback_reply"] = "callback_reply"


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that changed nothing, and why: late, duplicate or about something unknown."""

    event: str
    reason: str
    kind: Literal["ignored"] = "ignored"


Account: TypeAlias = WriteDecision | WriteStory
"""What an event is explained with, after its other commands were carried out."""
RuntimeCommand: TypeAlias = (
    StartTimer
    | CancelTimer
    | WriteRecord
    | CorrectRecord
    | WriteRecording
    | WriteDisposition
    | WriteAttempt
    | WriteVoicemail
    | MarkVoicemail
    | WriteDecision
    | WriteStory
    | CheckRecording
    | FetchData
    | SendHook
    | Reply
    | CallbackReply
    | Ignored
)
Command: TypeAlias = TelephonyCommand | RuntimeCommand
