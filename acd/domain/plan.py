"""The plan: everything an operator configured, as frozen values the engine decides from.

Built by ``acd.settings`` from YAML; carried by ``PlanLoaded`` so that a journal replays with the plan it ran on.
Every member of a union has a ``kind``, which makes its JSON form self-describing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from acd.domain.calendar_plan import CalendarPlan
from acd.domain.callback_plan import CallbackOffer, CallbackPlan, NumberPlan
from acd.domain.flow import FlowPlan
from acd.domain.flow_data import TablePlan
from acd.domain.ids import (
    ONLY_PBX,
    AgentId,
    CalendarId,
    DispositionId,
    FlowId,
    Language,
    LegId,
    PbxId,
    PromptKey,
    QueueId,
    SkillId,
    TrunkId,
    contact_of_leg,
)
from acd.domain.limits import Limits
from acd.domain.overload import OverloadPlan
from acd.domain.skills import SkillLevel

PEER_PREFIX = "acd-peer-"
"""What each of several Asterisks calls the others: this, and their name."""
AgentAction: TypeAlias = Literal[
    "login", "logout", "ready", "pause", "reject", "extend_wrap_up", "disposition", "end_wrap_up"
]
"""What can be asked of the engine for an agent."""


Medium: TypeAlias = Literal["voice", "whatsapp", "email", "chat"]


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many contacts of a medium an agent may have at once, and which others may be in progress when one is added.

    ``Capacity("voice", 1, ("email",))``: a call may come while e-mails are being written; whether an e-mail may be
    added during a call is for the e-mail's own ``beside`` to say.
    """

    medium: Medium
    most: int
    beside: tuple[Medium, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """An agent as configured; ``device`` is the Asterisk endpoint, e.g. ``PJSIP/agent101``."""

    id: AgentId
    name: str
    device: str
    skills: tuple[SkillLevel, ...]
    queues: tuple[QueueId, ...] = ()
    """Queues served; empty means every queue whose skills the agent has."""
    login_at_start: bool = False
    """Logged in and ready as soon as the plan is loaded: for demonstrations and permanently staffed desks."""
    wrap_up_s: float | None = None
    """This agent's own wrap-up, instead of the queues'."""
    tiers: dict[QueueId, int] = field(default_factory=dict)
    """Level at which a queue is served, 1 the first to be asked; 1 for a queue not named."""
    capacity: tuple[Capacity, ...] = ()
    """By medium; empty means one call and nothing else."""
    pbx: PbxId = ONLY_PBX
    """The Asterisk at which the phone is registered."""

    @property
    def from_elsewhere(self) -> str:
        """How another Asterisk dials the phone."""
        return f"PJSIP/{self.id}@{PEER_PREFIX}{self.pbx}"


@dataclass(frozen=True, slots=True)
class DispositionPlan:
    """A way a conversation can have gone; ``wrap_up_s`` is its own wrap-up, instead of the agent's and the queue's."""

    id: DispositionId
    name: str
    wrap_up_s: float | None = None


@dataclass(frozen=True, slots=True)
class TreatmentPlan:
    """What an answered caller hears in a queue besides music; times in seconds. Nothing unless it is configured."""

    position: bool = False
    """Announce the place in the queue."""
    estimate: bool = False
    """Announce the estimated wait."""
    comfort: tuple[PromptKey, ...] = ()
    """Said in turn when there is nothing new to announce."""
    first_after_s: float = 15.0
    """From entering the queue to the first announcement."""
    every_s: float = 45.0
    at_most_positions: int = 999
    """A place beyond this is not announced."""
    estimate_at_least_s: float = 60.0
    """A shorter wait is announced as less than this."""
    estimate_at_most_s: float = 1800.0
    """A longer wait is announced as more than this."""
    estimate_step_s: float = 60.0
    """Waits are announced rounded up to a multiple of this."""
    lunch: CalendarId | None = None
    """Whose lunch prompt is said once to those who begin to wait during its lunch."""

    @property
    def speaks(self) -> bool:
        """Whether there is anything to say."""
        return self.position or self.estimate or bool(self.comfort) or self.lunch is not None


@dataclass(frozen=True, slots=True)
class RelaxationStep:
    """What is asked no longer of agents once a contact has waited ``after_s``, whatever the queues it waited in."""

    after_s: float
    lower: tuple[SkillLevel, ...] = ()
    """New, lower minimums; at 0 the skill is not asked at all."""
    drop_preferred: bool = False
    tier: int | None = None
    """From now on agents up to this level."""
    helpers: tuple[QueueId, ...] = ()
    """Queues whose agents may now help out, if they have the skills that are still asked."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Keep the last ``keep`` available agents who have a skill at a level for some queues, or for high priorities."""

    skill: SkillId
    level: int
    keep: int
    queues: tuple[QueueId, ...] = ()
    priority: int | None = None
    """Contacts of this priority and above may have them, whatever their queue."""


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """A queue; times in seconds."""

    id: QueueId
    name: str
    requires: tuple[SkillLevel, ...]
    ring: int = 1
    """Phones that ring at once for one contact; the first agent to answer gets it."""
    ring_timeout_s: float = 15.0
    wrap_up_s: float = 10.0
    max_wrap_up_s: float = 600.0
    """Longest wrap-up, whoever asks for more."""
    dispositions: dict[DispositionId, DispositionPlan] = field(default_factory=dict)
    max_wait_s: float | None = None
    """Longest wait before overflow; None waits for ever."""
    max_wait_by_language: dict[Language, float] = field(default_factory=dict)
    """The longest wait of those who speak a language, where it is another."""
    overflow_queue: QueueId | None = None
    """Where a contact goes after ``max_wait_s``; without it, to ``overflow`` of the flow's node, else the call ends."""
    overflow_drops_language: bool = False
    """The overflow queue serves the contact without its language skill (announced by ``overflow_prompt``)."""
    overflow_prompt: PromptKey | None = None
    max_length: int | None = None
    """Contacts that may wait at once; one more overflows at once."""
    max_no_answer: int = 3
    """Unanswered offers in a row before the agent is paused, with the plan's ``no_answer_reason``."""
    music: str = "default"
    limits: Limits | None = None
    """What the queue refuses beyond ``max_length`` and ``max_wait_s``, and where to then."""
    treatment: TreatmentPlan = TreatmentPlan()
    priority: int = 0
    record: bool = True
    service_level_s: float = 20.0
    short_abandon_s: float = 5.0
    policy: str = "best_proficiency"
    """How one of the available agents is chosen: a policy's name, or ``module:Class`` of an operator's own."""
    prefers: tuple[SkillLevel, ...] = ()
    """Skills that make an agent come first, though nobody waits for them."""
    tier: int | None = None
    """Highest level of agents asked at first; None asks all, lower levels first."""
    relaxation: tuple[RelaxationStep, ...] = ()
    """By ``after_s``, ascending."""
    weight: float = 1.0
    """What a second of waiting costs, for the contact policies ``weight`` and ``generalised_cmu``."""
    service_time_s: float = 180.0
    """Expected conversation and wrap-up, for ``generalised_cmu``."""
    share: int = 1
    """Share of all who wait, for the contact policy ``fixed_queue_ratio``."""
    callback: CallbackOffer | None = None
    """Offered to those who wait; None: not in this queue."""
    redial_s: float = 0.0
    """Who left the queue and calls again within this time gets the place back; 0: nobody does."""


@dataclass(frozen=True, slots=True)
class TrunkPlan:
    """A trunk: ``channel_prefixes`` such as ``PJSIP/gw1`` tell its channels, ``capacity`` counts SST (channels)."""

    id: TrunkId
    channel_prefixes: tuple[str, ...]
    capacity: int
    pbx: PbxId = ONLY_PBX
    """The Asterisk it comes to."""


@dataclass(frozen=True, slots=True)
class AccessCodePlan:
    """The number dialled (DNIS) and the flow that answers it."""

    code: str
    flow: FlowId


@dataclass(frozen=True, slots=True)
class FeatureCode:
    """What an agent dials on the phone and what it does; ``reason`` is the pause's."""

    code: str
    action: AgentAction
    reason: str = ""
    seconds: float = 30.0
    """How much longer wrap-up shall be."""
    disposition: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole deployment. Mappings keep the order of the files."""

    version: str
    """Hash of the files the plan was made from."""
    agents: dict[AgentId, AgentPlan]
    queues: dict[QueueId, QueuePlan]
    trunks: dict[TrunkId, TrunkPlan]
    access_codes: dict[str, AccessCodePlan]
    calendars: dict[CalendarId, CalendarPlan]
    flows: dict[FlowId, FlowPlan]
    language_skills: dict[Language, SkillId] = field(default_factory=dict)
    """Skill an agent needs to speak a language; a language without an entry needs none."""
    feature_codes: dict[str, FeatureCode] = field(default_factory=dict)
    pause_reasons: tuple[str, ...] = ()
    no_answer_reason: str = "no_answer"
    """Why an agent is paused who let too many offers ring out."""
    contact_policy: str = "longest_wait"
    """How a free agent's next contact is chosen, across queues; a name as ``QueuePlan.policy``."""
    reservations: tuple[Reservation, ...] = ()
    recording_prefix: str = ""
    """Put before a recording's name, e.g. a folder below Asterisk's recording folder."""
    callbacks: CallbackPlan | None = None
    """How customers are called back; None: nobody is."""
    tables: dict[str, TablePlan] = field(default_factory=dict)
    """What flows look up."""
    time_zone: str = "Asia/Jakarta"
    """Of the date and time that flows read (IANA name)."""
    remember_callers_s: float = 0.0
    """How long a caller's contact is remembered for flows that ask for earlier ones; 0 when none does."""
    overload: OverloadPlan | None = None
    """When new calls are refused; None lets all in."""
    pbxs: tuple[PbxId, ...] = ()
    """Where there are several Asterisks: all of them."""
    lost_after_s: float = 60.0
    """One of them that has not been reached for so long counts as lost, and its calls as ended."""

    def pbx_of(self, name: str) -> PbxId:
        """Tell at which Asterisk a contact or a leg is, by its id; what begins with no name belongs to the first."""
        if not self.pbxs:
            return ONLY_PBX
        begin = PbxId((contact_of_leg(LegId(name)) or name).partition("-")[0])
        return begin if begin in self.pbxs else self.pbxs[0]

    def pbx_of_agent(self, agent: AgentId) -> PbxId:
        """Tell where an agent's phone is; of one who is not in the plan, nowhere."""
        plan = self.agents.get(agent)
        return plan.pbx if plan is not None else ONLY_PBX

    @property
    def numbers(self) -> NumberPlan:
        """How telephone numbers are understood."""
        return self.callbacks.numbers if self.callbacks is not None else NumberPlan()
