"""Everything that can happen to the engine. Each event carries its time (seconds since the epoch) and is journaled.

Late and duplicate events are normal: Asterisk orders events per channel only, and a resync repeats what is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from acd.domain.data import DataOutcome, Scalar
from acd.domain.ids import (
    ONLY_PBX,
    AgentId,
    BridgeId,
    ContactId,
    Language,
    LegId,
    PbxId,
    PlaybackId,
    QueueId,
    RecordingName,
    RequestId,
    TimerKey,
    VoicemailId,
)
from acd.domain.orders import Order
from acd.domain.overload import Load
from acd.domain.plan import (
    AgentAction,
    Plan,
)
from acd.domain.voicemail import Marking


@dataclass(frozen=True, slots=True)
class PlanLoaded:
    """A checked configuration became current (at start and at each reload)."""

    at: float
    plan: Plan
    kind: Literal["plan_loaded"] = "plan_loaded"


@dataclass(frozen=True, slots=True)
class CallArrived:
    """A caller's channel entered our application (ARI StasisStart in the callers' context)."""

    at: float
    leg_id: LegId
    channel_name: str
    access_code: str
    caller: str
    load: Load | None = None
    """How the engine's process did then; None: nobody measured."""
    kind: Literal["call_arrived"] = "call_arrived"


@dataclass(frozen=True, slots=True)
class AgentDialled:
    """An agent's phone dialled ``extension`` (a feature code, or something we do not offer)."""

    at: float
    leg_id: LegId
    channel_name: str
    extension: str
    kind: Literal["agent_dialled"] = "agent_dialled"


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """The party of a leg we originated answered (ARI StasisStart of our own channel id)."""

    at: float
    leg_id: LegId
    kind: Literal["leg_answered"] = "leg_answered"


@dataclass(frozen=True, slots=True)
class LegEnded:
    """A channel is gone (ARI ChannelDestroyed). ``cause`` is Q.850 (0 unknown); ``sip_code`` if there was one."""

    at: float
    leg_id: LegId
    cause: int = 0
    sip_code: int | None = None
    fell: bool = False
    """A caller's ended in the fallback."""
    kind: Literal["leg_ended"] = "leg_ended"


@dataclass(frozen=True, slots=True)
class LegLeft:
    """A channel went back to the dialplan and lives on (ARI StasisEnd without a hang-up)."""

    at: float
    leg_id: LegId
    kind: Literal["leg_left"] = "leg_left"


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """A key (0-9, A-D, ``*``, ``#``) was received on a leg."""

    at: float
    leg_id: LegId
    digit: str
    kind: Literal["digit_pressed"] = "digit_pressed"


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """A playback finished, was stopped or failed."""

    at: float
    playback_id: PlaybackId
    ok: bool = True
    kind: Literal["playback_ended"] = "playback_ended"


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """Asterisk closed a recording (``ok``) or could not make it. It says ok with a full disk too: check the file."""

    at: float
    name: RecordingName
    ok: bool
    duration_s: float = 0.0
    """As Asterisk says, in seconds begun; 0 unknown."""
    kind: Literal["recording_ended"] = "recording_ended"


@dataclass(frozen=True, slots=True)
class RecordingChecked:
    """The file of a recording was looked at."""

    at: float
    name: RecordingName
    bytes: int
    duration_s: float
    ok: bool
    problem: str
    silent: bool = False
    """There is a file as there should be, and nothing to be heard in it."""
    kind: Literal["recording_checked"] = "recording_checked"


@dataclass(frozen=True, slots=True)
class TalkingStarted:
    """A caller is heard to say something; told only where that was asked for."""

    at: float
    leg_id: LegId
    kind: Literal["talking_started"] = "talking_started"


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """Asterisk refused a command, did not answer, or could not be reached. ``command`` is the command's kind."""

    at: float
    command: str
    target: str
    """Leg, bridge, playback or recording the command was about."""
    reason: Literal["gone", "refused", "timeout", "unavailable"]
    detail: str = ""
    kind: Literal["command_failed"] = "command_failed"


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer ran out; a stale ``generation`` is ignored."""

    at: float
    key: TimerKey
    generation: int
    kind: Literal["timer_fired"] = "timer_fired"


@dataclass(frozen=True, slots=True)
class PhoneChanged:
    """What AMI says of an agent's phone. ``busy``: in use, ringing or on hold."""

    at: float
    device: str
    reachable: bool
    busy: bool
    kind: Literal["phone_changed"] = "phone_changed"


@dataclass(frozen=True, slots=True)
class TrunkChanged:
    """Registration or alarm state of a trunk, in AMI's own words (``Registered``, ``Unreachable``, ``Red Alarm`` …)."""

    at: float
    endpoint: str
    up: bool
    detail: str = ""
    pbx: PbxId = ONLY_PBX
    kind: Literal["trunk_changed"] = "trunk_changed"


@dataclass(frozen=True, slots=True)
class AgentRequested:
    """An agent, or somebody for the agent, asks for something. The answer is a ``Reply``."""

    at: float
    request_id: RequestId
    agent_id: AgentId
    action: AgentAction
    reason: str = ""
    """Of a pause."""
    seconds: float = 0.0
    """How much longer wrap-up shall be."""
    disposition: str = ""
    kind: Literal["agent_requested"] = "agent_requested"


@dataclass(frozen=True, slots=True)
class CallbackRequested:
    """Somebody wants a customer called: as soon as an agent is at hand, or within a window. Answered by a reply."""

    at: float
    request_id: RequestId
    number: str
    """As the person wrote it."""
    queue: QueueId
    language: Language | None = None
    not_before: float | None = None
    """Beginning of the window, seconds since the epoch; None: now."""
    not_after: float | None = None
    """Its end; None: by the deployment's own time."""
    kind: Literal["callback_requested"] = "callback_requested"


@dataclass(frozen=True, slots=True)
class CallbackCancelled:
    """Somebody takes a callback back. Answered by a reply."""

    at: float
    request_id: RequestId
    contact_id: ContactId
    kind: Literal["callback_cancelled"] = "callback_cancelled"


@dataclass(frozen=True, slots=True)
class SupervisorRequested:
    """A supervisor, by the name of the token, orders something. The answer is a ``Reply``; the same id is done once."""

    at: float
    request_id: RequestId
    by: str
    order: Order
    kind: Literal["supervisor_requested"] = "supervisor_requested"


@dataclass(frozen=True, slots=True)
class VoicemailMarked:
    """Somebody, by the name of the token, heard a message or has done what it asks for. The answer is a ``Reply``."""

    at: float
    request_id: RequestId
    voicemail_id: VoicemailId
    queue: QueueId
    state: Marking
    by: str
    kind: Literal["voicemail_marked"] = "voicemail_marked"


@dataclass(frozen=True, slots=True)
class DataFetched:
    """What became of a ``FetchData``. ``values`` by variable, only with ``ok``; ``status`` is HTTP's, 0 without one."""

    at: float
    contact_id: ContactId
    request_id: RequestId
    outcome: DataOutcome
    values: dict[str, Scalar] = field(default_factory=dict)
    status: int = 0
    latency_s: float = 0.0
    kind: Literal["data_fetched"] = "data_fetched"


@dataclass(frozen=True, slots=True)
class UnroutedEnded:
    """A caller's call ended that never entered, or had left, our application, or that no engine may know of (AMI)."""

    at: float
    leg_id: LegId
    channel_name: str
    access_code: str
    caller: str
    arrived_at: float
    connected_at: float | None
    """A fallback agent answered."""
    cause: int
    sip_code: int | None = None
    fell: bool = True
    """It had come to the fallback, or was on the way there; False: it ended before, or inside our application."""
    kind: Literal["unrouted_ended"] = "unrouted_ended"


@dataclass(frozen=True, slots=True)
class FallbackSeen:
    """A caller is in Asterisk's own queue (AMI): no engine took the call, or the one that had it was away."""

    at: float
    leg_id: LegId
    channel_name: str
    access_code: str
    caller: str
    arrived_at: float
    connected_at: float | None = None
    """An agent of that queue answered."""
    kind: Literal["fallback_seen"] = "fallback_seen"


@dataclass(frozen=True, slots=True)
class DrainRequested:
    """No more calls are to be taken, and who waits goes to Asterisk's own queue; ``on`` False: back to normal."""

    at: float
    on: bool
    kind: Literal["drain_requested"] = "drain_requested"


@dataclass(frozen=True, slots=True)
class ClockShifted:
    """The engine's clock was set by ``by_s`` seconds; ``at`` and all that follows is told by the new time."""

    at: float
    by_s: float
    kind: Literal["clock_shifted"] = "clock_shifted"


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """A link to Asterisk came up or went down."""

    at: float
    link: Literal["ari", "ami"]
    up: bool
    pbx: PbxId = ONLY_PBX
    kind: Literal["link_changed"] = "link_changed"


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """One channel that exists (ARI GET /channels)."""

    leg_id: LegId
    name: str
    up: bool
    in_app: bool
    context: str
    extension: str
    caller: str
    created_at: float


@dataclass(frozen=True, slots=True)
class BridgeSeen:
    """One bridge that exists (ARI GET /bridges)."""

    bridge_id: BridgeId
    members: tuple[LegId, ...]


ENDED = "ended"
"""In place of when an Asterisk was started: as far as can be told, it is not there."""


@dataclass(frozen=True, slots=True)
class Resynced:
    """What really exists in Asterisk now: after a (re)connect, and as an audit (``after_gap`` False)."""

    at: float
    channels: tuple[ChannelSeen, ...]
    bridges: tuple[BridgeSeen, ...]
    after_gap: bool
    asked_at: float | None = None
    """When Asterisk was asked; what happened between then and ``at`` may be missing from the lists. None: at ``at``."""
    asterisk_started: str = ""
    """Which life of Asterisk this is, in its own words; another one than before means that all its calls ended.

    ``ENDED``: nothing listens there any more, so there is none; whether it died is not sure until it is back."""
    pbx: PbxId = ONLY_PBX
    """Whose channels and bridges these are."""
    kind: Literal["resynced"] = "resynced"


Event: TypeAlias = (
    PlanLoaded
    | CallArrived
    | AgentDialled
    | LegAnswered
    | LegEnded
    | LegLeft
    | DigitPressed
    | PlaybackEnded
    | RecordingEnded
    | RecordingChecked
    | TalkingStarted
    | CommandFailed
    | TimerFired
    | PhoneChanged
    | TrunkChanged
    | AgentRequested
    | CallbackRequested
    | CallbackCancelled
    | SupervisorRequested
    | VoicemailMarked
    | DataFetched
    | UnroutedEnded
    | FallbackSeen
    | DrainRequested
    | ClockShifted
    | LinkChanged
    | Resynced
)
