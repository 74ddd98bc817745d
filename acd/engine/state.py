"""The engine's state: frozen values in dictionaries keyed by id, nothing that cannot be written down as JSON.

A contact is in exactly one phase, and each phase holds only what is valid in it. An agent's work likewise.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Literal, TypeAlias, TypeVar

from acd.domain.calendar_plan import Closure
from acd.domain.callback_plan import AttemptOutcome
from acd.domain.decision import Step
from acd.domain.exits import Exit
from acd.domain.flow import FlowPlan
from acd.domain.flow_path import Consent, PathStep, SurveyAnswer
from acd.domain.flow_values import Value
from acd.domain.ids import (
    OUR_BRIDGE_PREFIX,
    AgentId,
    BridgeId,
    CalendarId,
    ContactId,
    DispositionId,
    FlowId,
    Language,
    LegId,
    NodeId,
    PbxId,
    PlaybackId,
    PromptKey,
    QueueId,
    RecordingName,
    RequestId,
    TimerKey,
    TrunkId,
)
from acd.domain.plan import AgentPlan, Medium, Plan
from acd.domain.record import CallRecord
from acd.domain.skills import SkillLevel
from acd.engine.callback_state import (
    Asking,
    Callback,
    LeftPlace,
)
from acd.engine.earlier import Earlier
from acd.engine.ivr_figures import IvrFigures
from acd.engine.kpi import Figures
from acd.engine.pace import Pace
from acd.engine.take_state import Take, Voicemails

# ---------------------------------------------------------------- IVR


@dataclass(frozen=True, slots=True)
class Frame:
    """The flow that called the one a caller is in, the node that did, and its variables."""

    flow: FlowId
    version: str
    node: NodeId
    variables: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Question:
    """What another system was asked at the caller's node. ``onward``: its answer is known, a prompt is still heard."""

    request: RequestId
    answer_by: float
    onward: NodeId | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a caller is in a flow. ``playback`` is the prompt being spoken; None while waiting for keys."""

    flow: FlowId
    node: NodeId
    playback: PlaybackId | None = None
    tries: int = 0
    """Failed attempts at this node."""
    digits: str = ""
    """Collected so far at this node."""
    ahead: str = ""
    """The key pressed before the node that wants it."""
    plays: int = 0
    """Playbacks started in this contact; numbers the playback ids."""
    version: str = ""
    """Of the flow."""
    stack: tuple[Frame, ...] = ()
    """The flows that wait for this one's return, the outermost first."""
    music: bool = False
    """The node plays music while the caller waits."""
    trail: tuple[NodeId, ...] = ()
    """The menus of this flow that led here, the first one first."""
    item: int = 0
    """Of a survey, which question is being asked."""
    question: Question | None = None
    messages: int = 0
    """Questions and events sent to other systems in this contact; numbers their ids."""
    take: Take | None = None
    """The recording the caller makes at this node."""
    takes: int = 0
    """Recordings begun in this contact; numbers their names."""
    listening: bool = False
    """The node waits for the caller's voice."""


# ---------------------------------------------------------------- contact


@dataclass(frozen=True, slots=True)
class InIvr:
    """Led by a flow."""

    since: float
    position: Position
    kind: Literal["ivr"] = "ivr"


@dataclass(frozen=True, slots=True)
class Offer:
    """One reservation of one agent for this contact."""

    agent: AgentId
    leg: LegId
    since: float


@dataclass(frozen=True, slots=True)
class Announced:
    """An estimated wait that was announced, to be scored against what the caller really waits."""

    at: float
    queue: QueueId
    wait_s: float


@dataclass(frozen=True, slots=True)
class Told:
    """What a waiting caller was told; the same is not said twice."""

    position: int | None = None
    estimate: tuple[PromptKey, ...] = ()
    """The wait as it was spoken last."""
    comfort: int = 0
    """Comfort messages heard."""
    estimates: tuple[Announced, ...] = ()
    lunch: bool = False
    """That agents are on their breaks in turn."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """In a queue, perhaps with agents' phones ringing. ``since`` is when waiting began, across overflows."""

    since: float
    queue: QueueId
    requires: tuple[SkillLevel, ...]
    priority: int
    position: Position
    """The queue node, for its overflow branch."""
    offers: tuple[Offer, ...] = ()
    """The phones that ring for this contact; more than one only where the queue rings several at once."""
    tried: tuple[AgentId, ...] = ()
    """Agents who did not take this contact; they are asked again last."""
    overflows: int = 0
    playback: PlaybackId | None = None
    """An announcement instead of the music."""
    told: Told = Told()
    prefers: tuple[SkillLevel, ...] = ()
    """Skills that make an agent come first."""
    tier: int | None = None
    """Highest level of agents asked; None asks all."""
    helpers: tuple[QueueId, ...] = ()
    """Queues whose agents may help out."""
    medium: Medium = "voice"
    named: AgentId | None = None
    """The one agent who is asked, until ``named_until``; with None there, for as long as it takes."""
    named_until: float | None = None
    assigned: bool = False
    """A supervisor named the agent: all are asked again when that one turns the contact down, pauses or logs out."""
    step: int = 0
    """Relaxation steps of the queue already taken."""
    asked: tuple[SkillLevel, ...] = ()
    """What was required on entering the queue, before any relaxation: contacts alike in that stand in one line."""
    kind: Literal["waiting"] = "waiting"


@dataclass(frozen=True, slots=True)
class Talking:
    """Joined with an agent."""

    since: float
    agent: AgentId
    leg: LegId
    after: Position | None = None
    """Where the caller goes on when the agent hangs up first; its node is the one to go to."""
    kind: Literal["talking"] = "talking"


@dataclass(frozen=True, slots=True)
class Leaving:
    """On the way out: the hang-up or hand-over was ordered, its end not yet seen."""

    since: float
    exit: Exit
    cause: int
    kind: Literal["leaving"] = "leaving"


@dataclass(frozen=True, slots=True)
class Parting:
    """The caller is gone in the middle of a recording; what is in the file tells how the contact ended."""

    since: float
    take: Take
    exit: Exit
    cause: int
    sip_code: int | None
    kind: Literal["parting"] = "parting"


@dataclass(frozen=True, slots=True)
class Gone:
    """How a caller's channel ended whose fate in Asterisk's own queue is not told yet."""

    at: float
    cause: int
    sip_code: int | None
    inside: bool = False
    """As far as is known, the caller was with us until then."""


@dataclass(frozen=True, slots=True)
class InFallback:
    """Outside the engine: in Asterisk's own queue, or on the way there or back."""

    since: float
    was: Waiting | InIvr | None = None
    """To go on with when the engine has the caller back; None: it never had."""
    channel: str = ""
    """The channel's name, once the caller was seen there."""
    connected_at: float | None = None
    """An agent of that queue answered."""
    gone: Gone | None = None
    asked: bool = False
    """The caller was wanted back, and did not come: no more than once between two looks at all channels."""
    kind: Literal["in_fallback"] = "in_fallback"


Held = Literal["goodbye", "scheduled", "closed", "trunk", "retry"]
"""Why a callback waits aside. ``goodbye``: the caller still hears that it was noted; ``trunk``: too few free SST;
``retry``: the pause after an outbound call that came to nothing."""


@dataclass(frozen=True, slots=True)
class Promised:
    """A callback that cannot be made now; it keeps its place in the queue."""

    since: float
    place: Waiting
    why: Held
    playback: PlaybackId | None = None
    outside_since: float | None = None
    """Since when Asterisk's own queue has the caller, who did not hear the goodbye out."""
    kind: Literal["promised"] = "promised"


@dataclass(frozen=True, slots=True)
class CallingBack:
    """The customer is being called, with an agent reserved or on the line."""

    since: float
    place: Waiting
    """To go back to."""
    trunk: TrunkId
    agent: AgentId | None
    """None: the agent went away meanwhile."""
    agent_leg: LegId | None = None
    """The agent's, when the agent was called first."""
    stage: Literal["ringing", "asking", "closing"] = "ringing"
    answered_at: float | None = None
    playback: PlaybackId | None = None
    tries: int = 0
    """How often the customer was asked for the key."""
    outcome: AttemptOutcome | None = None
    """Known before the call's end: why we end it."""
    kind: Literal["calling_back"] = "calling_back"


Phase: TypeAlias = InIvr | Waiting | Promised | CallingBack | Talking | Leaving | Parting | InFallback


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact in progress. The leg it came in by has the same id."""

    id: ContactId
    phase: Phase
    access_code: str
    trunk: TrunkId | None
    caller: str
    arrived_at: float
    language: Language | None = None
    flow: FlowId | None = None
    last_node: NodeId | None = None
    answered_at: float | None = None
    queued_at: float | None = None
    queue: QueueId | None = None
    connected_at: float | None = None
    agent: AgentId | None = None
    recording: RecordingName | None = None
    bridged: bool = False
    """The contact's bridge was made."""
    offers: int = 0
    disposition: DispositionId | None = None
    variables: dict[str, Value] = field(default_factory=dict)
    recorded: bool = True
    """False: the caller does not agree to be recorded."""
    talk_ended_at: float | None = None
    """The agent hung up, the caller stayed."""
    consents: tuple[Consent, ...] = ()
    answers: tuple[SurveyAnswer, ...] = ()
    path: tuple[PathStep, ...] = ()
    """The nodes it came to, oldest first."""
    callback: Callback | None = None
    """The promise to call back."""
    asking: Asking | None = None
    """While waiting: the dialogue about it."""
    line: LegId | None = None
    """The leg by which the customer was called back."""
    away: bool = False
    """There is no channel to the customer: the place in the queue is kept without one."""
    regained: float | None = None
    """Since when this place had been waited in by the contact it ``follows``."""
    follows: ContactId | None = None
    fallen: bool = False
    """Was in Asterisk's own queue for a time."""
    message: Exit | None = None
    """A message was left: how the contact counts if nothing else comes of it."""
    cut: bool = False
    """Its Asterisk, one of several, is away: nothing can be done for it, its place is kept. Set by ``Turn.put``."""

    @property
    def leg(self) -> LegId:
        """The caller's leg now; of one who is ``away``, the last one."""
        return self.line if self.line is not None else LegId(self.id)

    @property
    def bridge(self) -> BridgeId:
        """The bridge of this contact, made or not."""
        return BridgeId(OUR_BRIDGE_PREFIX + self.id)


# ---------------------------------------------------------------- agent


@dataclass(frozen=True, slots=True)
class Free:
    """No contact."""

    since: float
    kind: Literal["free"] = "free"


@dataclass(frozen=True, slots=True)
class Offered:
    """The phone rings for a contact."""

    since: float
    contact: ContactId
    idle_since: float
    """When the idle time began that goes on if this offer is taken back."""
    kind: Literal["offered"] = "offered"


@dataclass(frozen=True, slots=True)
class InCall:
    """Talking with a contact."""

    since: float
    contact: ContactId
    kind: Literal["in_call"] = "in_call"


@dataclass(frozen=True, slots=True)
class WrapUp:
    """Finishing the work after a contact."""

    since: float
    contact: ContactId
    until: float
    queue: QueueId | None = None
    kind: Literal["wrap_up"] = "wrap_up"


Work: TypeAlias = Free | Offered | InCall | WrapUp
Presence = Literal["logged_out", "ready", "paused"]


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent now. Presence is what the agent chose, work what the engine gave; both change independently."""

    id: AgentId
    work: Work
    presence: Presence = "logged_out"
    presence_since: float = 0.0
    pause_reason: str = ""
    leg: LegId | None = None
    """The leg to the agent's phone; outlives offer and conversation until its end was seen."""
    reachable: bool = True
    busy: bool = False
    """The phone is in use by a call that is not ours, as far as AMI knows."""
    dialling: bool = False
    """The phone is in a feature call: known at once, while AMI tells later that it is in use."""
    resting: bool = False
    """Left alone for a moment after an offer that came to nothing."""
    missed: int = 0
    contacts: int = 0
    leaving: bool = False
    """No longer in the plan; goes when free."""
    logged_in_at: float = 0.0
    worked_s: float = 0.0
    """Seconds in conversations and wrap-up since the login."""
    last_offer: int = 0
    """Number of the latest offer, out of a count that grows with everybody's offers."""
    cut: bool = False
    """The phone's Asterisk, one of several, is away. Set by ``Turn.put_agent``."""
    lost: bool = False
    """It was away for so long that it counts as lost, and the agent as nobody who could serve. Likewise."""


# ---------------------------------------------------------------- the rest


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that is running."""

    generation: int
    due: float


@dataclass(frozen=True, slots=True)
class Links:
    """The links to one Asterisk."""

    ari: bool = False
    ami: bool = False
    ari_lost_at: float = 0.0
    started: str = ""
    """The life of Asterisk that was seen last."""
    lost: bool = False
    """It counts as lost: its calls are closed, though they may live on there until it was looked at again."""


NO_LINKS = Links()


@dataclass(frozen=True, slots=True)
class FeatureCall:
    """An agent's phone dialled a feature code and hears what became of it."""

    agent: AgentId | None
    playback: PlaybackId
    since: float


@dataclass(frozen=True, slots=True)
class LastAgent:
    """Who talked with a caller last, and when the conversation ended."""

    agent: AgentId
    at: float


@dataclass(frozen=True, slots=True)
class RecordingWork:
    """A recording whose file was not yet checked."""

    contact: ContactId
    agent: AgentId | None
    started_at: float
    ended_at: float | None = None
    checking: bool = False
    at_least_s: float | None = None
    """Of a caller's own recording: one that is shorter counts as nothing said. None: a conversation."""
    said_s: float = 0.0
    """Of a caller's own recording: how long it is by Asterisk, which counts begun seconds."""

    def expected_s(self, now: float) -> float:
        """Sound the file must hold. Of a caller's own: silence at the end, keys and pauses in RTP are not in it."""
        if self.at_least_s is not None:
            return max(0.0, self.said_s - 1.0)
        return (now if self.ended_at is None else self.ended_at) - self.started_at


@dataclass(frozen=True, slots=True)
class TrunkState:
    """What is counted of a trunk besides its leases."""

    peak: int = 0
    blocked: int = 0
    up: bool = True


@dataclass(frozen=True, slots=True)
class Bucket:
    """Calls let in that have not yet run off, as of a moment; see ``acd.engine.admission``."""

    level: float = 0.0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class SkillChange:
    """What a supervisor made of an agent's skills and queues for this shift, and what the configuration says."""

    at: float
    by: str
    skills: tuple[SkillLevel, ...]
    queues: tuple[QueueId, ...]
    configured: AgentPlan


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """How a supervisor's order was answered."""

    at: float
    ok: bool
    message: str


@dataclass(slots=True)
class EngineState:
    """Everything the engine knows. Changed only by ``Engine.handle``."""

    plan: Plan | None = None
    contacts: dict[ContactId, Contact] = field(default_factory=dict)
    agents: dict[AgentId, Agent] = field(default_factory=dict)
    leases: dict[LegId, TrunkId] = field(default_factory=dict)
    trunks: dict[TrunkId, TrunkState] = field(default_factory=dict)
    timers: dict[TimerKey, Timer] = field(default_factory=dict)
    generation: int = 0
    feature_calls: dict[LegId, FeatureCall] = field(default_factory=dict)
    recordings: dict[RecordingName, RecordingWork] = field(default_factory=dict)
    ended: dict[LegId, float] = field(default_factory=dict)
    """Callers' legs whose record is made though the channel may live on or be reported again, and since when."""
    lost: dict[LegId, float] = field(default_factory=dict)
    """Callers' legs whose record was made, and when, as their Asterisk was lost: one that lives on is served again, and
    gets no second record."""
    closed: dict[LegId, CallRecord] = field(default_factory=dict)
    """The records that were made then, until they are corrected or too old for that."""
    last_agents: dict[str, LastAgent] = field(default_factory=dict)
    """By calling number, longest ago first; kept only as long as a flow of the plan asks for it."""
    earlier: dict[str, Earlier] = field(default_factory=dict)
    """Contacts that ended, by calling number (E.164), longest ago first."""
    callbacks: dict[str, ContactId] = field(default_factory=dict)
    """Promises not yet kept, by queue and number: there is one at most."""
    left_places: dict[str, LeftPlace] = field(default_factory=dict)
    """Places of callers who abandoned, by queue and calling number, oldest first."""
    skill_changes: dict[AgentId, SkillChange] = field(default_factory=dict)
    closures: dict[CalendarId, Closure] = field(default_factory=dict)
    """Calendars closed by order; laid over the plan's by ``acd.engine.calendars``."""
    orders: dict[RequestId, OrderAnswer] = field(default_factory=dict)
    """Supervisors' orders of the last hour, longest ago first."""
    gates: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """When a number last came to a gate that counts, by flow, node and number; the longest ago first."""
    old_flows: dict[str, FlowPlan] = field(default_factory=dict)
    """Versions of flows that callers are still in though the plan has newer ones, by ``flow@version``."""
    figures: Figures = field(default_factory=Figures)
    ivr: IvrFigures = field(default_factory=IvrFigures)
    paces: dict[str, Pace] = field(default_factory=dict)
    """How fast each line of waiting contacts moves; the line touched last stands last."""
    stories: dict[ContactId, tuple[Step, ...]] = field(default_factory=dict)
    """The ways of contacts in progress, for people; see ``acd.engine.story``."""
    voicemails: Voicemails = field(default_factory=Voicemails)
    admitted: Bucket = Bucket()
    ari_up: bool = False
    ami_up: bool = False
    ari_lost_at: float = 0.0
    """When the link to ARI broke last."""
    clock_shifted: float = 0.0
    """Seconds by which the clock was set in all; see ``acd.engine.clock_shift``."""
    asterisk_started: str = ""
    """The life of Asterisk that was seen last."""
    draining: bool = False
    """No calls are taken; see ``acd.engine.fallback``."""
    pbxs: dict[PbxId, Links] = field(default_factory=dict)
    """Of several Asterisks; those of a single one are the four fields above."""

    @property
    def serving(self) -> bool:
        """Whether callers can be had and connected, at one Asterisk at least; see ``Contact.cut``."""
        return (self.ari_up or any(links.ari for links in self.pbxs.values())) and not self.draining

    def links(self, pbx: PbxId) -> Links:
        """Give the links to an Asterisk."""
        if pbx:
            return self.pbxs.get(pbx, NO_LINKS)
        return Links(self.ari_up, self.ami_up, self.ari_lost_at, self.asterisk_started)

    def put_links(self, pbx: PbxId, links: Links) -> None:
        """Keep changed links."""
        if pbx:
            self.pbxs[pbx] = links
        else:
            self.ari_up, self.ami_up = links.ari, links.ami
            self.ari_lost_at, self.asterisk_started = links.ari_lost_at, links.started

    def is_over(self, leg: LegId) -> bool:
        """Whether a caller's leg has its record, and is served no more if it is told of again."""
        return leg in self.ended and leg not in self.lost

    def copy(self) -> EngineState:
        """Give this moment's state, which stays as it is: all values in it are frozen, and the rest is copied."""
        return _apart(self)


_Open = TypeVar("_Open", bound="EngineState | IvrFigures | Voicemails")


def _apart(value: _Open) -> _Open:
    """Copy a value that changes, and its dictionaries."""
    made = type(value)()
    for field_ in fields(value):
        now = getattr(value, field_.name)
        if isinstance(now, dict):
            now = dict(now)
        elif isinstance(now, IvrFigures | Voicemails):
            now = _apart(now)
        setattr(made, field_.name, now)
    return made
