"""A small plan and a bench for tests of the engine: a clock that runs when told, timers, a perfect PBX, collections."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, get_args

from acd.domain.calendar_plan import CalendarPlan, OpeningHours
from acd.domain.commands import (
    Account,
    CallbackReply,
    CancelTimer,
    CheckRecording,
    Command,
    CorrectRecord,
    FetchData,
    Ignored,
    MarkVoicemail,
    Reply,
    SendHook,
    StartTimer,
    TelephonyCommand,
    WriteAttempt,
    WriteDecision,
    WriteDisposition,
    WriteRecord,
    WriteRecording,
    WriteStory,
    WriteVoicemail,
)
from acd.domain.decision import Decision, Story
from acd.domain.events import (
    AgentDialled,
    AgentRequested,
    CallArrived,
    DigitPressed,
    Event,
    LinkChanged,
    PlanLoaded,
    RecordingChecked,
    SupervisorRequested,
    TimerFired,
)
from acd.domain.exits import Exit
from acd.domain.flow import AnswerNode, FlowPlan, HangUpNode, HoursNode, LanguageNode, Node, QueueNode, TransferNode
from acd.domain.flow_talk import CollectNode, MenuChoice, MenuNode, PlayNode
from acd.domain.ids import (
    AgentId,
    CalendarId,
    ContactId,
    FlowId,
    Language,
    LegId,
    NodeId,
    PromptKey,
    QueueId,
    RequestId,
    SkillId,
    TimerKey,
    TrunkId,
)
from acd.domain.orders import Order
from acd.domain.plan import (
    AccessCodePlan,
    AgentAction,
    AgentPlan,
    FeatureCode,
    Plan,
    QueuePlan,
    TrunkPlan,
)
from acd.domain.record import (
    CallbackAttempt,
    CallRecord,
    DispositionRow,
    RecordingRow,
)
from acd.domain.skills import SkillLevel
from acd.domain.voicemail import VoicemailMark, VoicemailRow
from acd.engine.core import Engine
from acd.engine.state import Agent, Contact, EngineState, Timer
from tests.fakes.perfect_pbx import PerfectPbx

MONDAY_10 = 1717383600.0
"""Monday 2024-06-03, 10:00 in Jakarta."""
GW = "PJSIP/gw"
ID, EN = Language("id"), Language("en")

C = TypeVar("C")


def n(node: str) -> NodeId:
    return NodeId(node)


def prompts(*keys: str) -> tuple[PromptKey, ...]:
    return tuple(PromptKey(key) for key in keys)


def levels(**skills: int) -> tuple[SkillLevel, ...]:
    return tuple(SkillLevel(SkillId(skill), level) for skill, level in skills.items())


def agent_plan(name: str, *queues: str, login: bool = False, **skills: int) -> AgentPlan:
    return AgentPlan(AgentId(name), name.title(), f"PJSIP/{name}", levels(**skills), tuple(map(QueueId, queues)), login)


def _choices(**digits: str) -> tuple[MenuChoice, ...]:
    keys = {"star": "*", "hash": "#"}
    return tuple(MenuChoice(keys.get(key, key.removeprefix("d")), n(node)) for key, node in digits.items())


def main_flow() -> FlowPlan:
    """Answer, language, hours, notice, menu; then queues, digits, transfer or the end."""
    nodes: tuple[Node, ...] = (
        AnswerNode(n("pick_up"), n("lang")),
        MenuNode(
            n("lang"),
            prompts("lang"),
            _choices(d1="say_id", d2="say_en", star="lang"),
            failed=n("say_id"),
            retries=1,
            invalid_prompts=prompts("invalid"),
            timeout_prompts=prompts("noinput"),
        ),
        LanguageNode(n("say_id"), ID, n("hours")),
        LanguageNode(n("say_en"), EN, n("hours")),
        HoursNode(n("hours"), CalendarId("office"), n("notice"), n("shut"), n("shut")),
        PlayNode(n("notice"), prompts("notice"), n("menu")),
        MenuNode(
            n("menu"),
            prompts("main"),
            _choices(d1="q_bill", d2="q_tech", d3="nib", d4="xfer", d9="bye", star="menu", hash="lang"),
            failed=n("bye"),
            retries=1,
        ),
        CollectNode(n("nib"), prompts("nib_ask"), "nib", n("told"), n("bye"), min_digits=3, max_digits=5, retries=1),
        PlayNode(n("told"), prompts("nib_ok"), n("done"), barge_in=False),
        HangUpNode(n("done"), Exit.SELF_SERVICE),
        QueueNode(n("q_bill"), QueueId("billing")),
        QueueNode(n("q_tech"), QueueId("tech"), overflow=n("sorry")),
        PlayNode(n("sorry"), prompts("sorry"), n("q_gen")),
        QueueNode(n("q_gen"), QueueId("general")),
        TransferNode(n("xfer"), "elsewhere", "200"),
        PlayNode(n("shut"), prompts("closed"), n("shut_end"), barge_in=False),
        HangUpNode(n("shut_end"), Exit.CLOSED),
        HangUpNode(n("bye")),
    )
    return FlowPlan(FlowId("main"), n("pick_up"), (ID, EN), {node.id: node for node in nodes})


def direct_flow() -> FlowPlan:
    """Straight into a queue, unanswered: the caller hears ringing until an agent is there."""
    nodes: tuple[Node, ...] = (QueueNode(n("q_direct"), QueueId("tech")),)
    return FlowPlan(FlowId("direct"), n("q_direct"), (ID,), {node.id: node for node in nodes})


def make_plan(**changes: Any) -> Plan:
    """Two trunks (3 and 30 SST), three queues, four agents, two access codes."""
    queues = (
        QueuePlan(
            QueueId("billing"),
            "Billing",
            levels(billing=1),
            max_wait_s=30.0,
            overflow_queue=QueueId("general"),
            overflow_drops_language=True,
            overflow_prompt=PromptKey("en_overflow"),
            max_length=3,
        ),
        QueuePlan(
            QueueId("tech"),
            "Tech",
            levels(tech=1),
            wrap_up_s=0.0,
            max_wait_s=40.0,
            max_no_answer=2,
            priority=1,
            record=False,
        ),
        QueuePlan(QueueId("general"), "General", (), max_wait_s=60.0, max_length=4),
    )
    agents = (
        agent_plan("ana", billing=3, lang_id=5),
        agent_plan("budi", billing=5, lang_id=5, lang_en=2),
        agent_plan("citra", tech=4, lang_id=5),
        agent_plan("dewi", "tech", "general", billing=1, tech=1, lang_id=5, lang_en=5),
    )
    plan = Plan(
        version="v1",
        agents={agent.id: agent for agent in agents},
        queues={queue.id: queue for queue in queues},
        trunks={
            TrunkId("gw"): TrunkPlan(TrunkId("gw"), (GW,), 3),
            TrunkId("e1"): TrunkPlan(TrunkId("e1"), ("DAHDI/i1",), 30),
        },
        access_codes={
            "169": AccessCodePlan("169", FlowId("main")),
            "170": AccessCodePlan("170", FlowId("direct")),
        },
        calendars={
            CalendarId("office"): CalendarPlan(
                CalendarId("office"),
                "Asia/Jakarta",
                tuple(OpeningHours(day, 8 * 60, 17 * 60) for day in range(1, 6)),
                ("2024-06-17",),
            )
        },
        flows={FlowId("main"): main_flow(), FlowId("direct"): direct_flow()},
        language_skills={ID: SkillId("lang_id"), EN: SkillId("lang_en")},
        feature_codes={
            "*1": FeatureCode("*1", "ready"),
            "*2": FeatureCode("*2", "pause", "lunch"),
            "*0": FeatureCode("*0", "login"),
        },
        pause_reasons=("lunch", "prayer"),
    )
    return replace(plan, **changes)


def with_queue(plan: Plan, queue: str, **changes: Any) -> Plan:
    """The plan with another setting of one queue."""
    changed: QueuePlan = replace(plan.queues[QueueId(queue)], **changes)
    return replace(plan, queues={**plan.queues, changed.id: changed})


def with_node(plan: Plan, node: Node, flow: str = "main") -> Plan:
    """The plan with one node of a flow replaced or added."""
    old = plan.flows[FlowId(flow)]
    return replace(plan, flows={**plan.flows, old.id: replace(old, nodes={**old.nodes, node.id: node})})


@dataclass
class Bench:
    """An engine with a clock, timers and a PBX around it."""

    plan: Plan = field(default_factory=make_plan)
    at: float = MONDAY_10
    engine: Engine = field(default_factory=Engine)
    pbx: PerfectPbx = field(default_factory=PerfectPbx)
    events: list[Event] = field(default_factory=list)
    out: list[Command] = field(default_factory=list)
    """Commands of the latest event given by a test, its consequences included."""
    history: list[list[Command]] = field(default_factory=list)
    timers: dict[TimerKey, Timer] = field(default_factory=dict)
    records: list[CallRecord] = field(default_factory=list)
    corrections: list[CallRecord] = field(default_factory=list)
    rows: list[RecordingRow] = field(default_factory=list)
    dispositions: list[DispositionRow] = field(default_factory=list)
    voicemails: list[VoicemailRow] = field(default_factory=list)
    marks: list[VoicemailMark] = field(default_factory=list)
    checks: list[CheckRecording] = field(default_factory=list)
    asked: list[FetchData] = field(default_factory=list)
    told: list[SendHook] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    callback_replies: list[CallbackReply] = field(default_factory=list)
    attempts: list[CallbackAttempt] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    """The latest event's explanations."""
    decisions: list[Decision] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)
    obeying: bool = True
    """Whether the PBX gets the commands."""
    calls: int = 0

    def __post_init__(self) -> None:
        self.feed(PlanLoaded(self.at, self.plan))
        self.feed(LinkChanged(self.at, "ami", up=True))
        self.feed(LinkChanged(self.at, "ari", up=True))

    @property
    def state(self) -> EngineState:
        return self.engine.state

    # ------------------------------------------------------------ time and events

    def step(self, event: Event) -> list[Command]:
        """One event, its commands carried out; the reports that causes stay undelivered."""
        self.pbx.now = self.at
        self.events.append(event)
        commands = self.engine.handle(event)
        self.accounts = [explain() for explain in self.engine.account()]
        self.decisions += [account.decision for account in self.accounts if isinstance(account, WriteDecision)]
        self.stories += [account.story for account in self.accounts if isinstance(account, WriteStory)]
        self.history.append([*commands, *self.accounts])
        self.out.extend(commands)
        for command in commands:
            self._do(command)
        return commands

    def _do(self, command: Command) -> None:
        match command:
            case StartTimer(key, generation, due):
                self.timers[key] = Timer(generation, due)
            case CancelTimer(key):
                self.timers.pop(key, None)
            case WriteRecord(record):
                self.records.append(record)
            case CorrectRecord(record):
                self.corrections.append(record)
            case WriteRecording(row):
                self.rows.append(row)
            case CheckRecording():
                self.checks.append(command)
            case WriteDisposition(row):
                self.dispositions.append(row)
            case Reply():
                self.replies.append(command)
            case CallbackReply():
                self.callback_replies.append(command)
            case FetchData():
                self.asked.append(command)
            case SendHook():
                self.told.append(command)
            case WriteAttempt():
                self.attempts.append(command.attempt)
            case WriteVoicemail(row):
                self.voicemails.append(row)
            case MarkVoicemail(mark):
                self.marks.append(mark)
            case Ignored() | WriteDecision() | WriteStory():
                pass
            case _ if self.obeying:
                self.pbx.execute(command)

    def deliver(self) -> bool:
        """Deliver the PBX's oldest report; False when there is none."""
        reports = self.pbx.reports or self.pbx.manager_reports
        if not reports:
            return False
        self.step(reports.popleft())
        return True

    def feed(self, event: Event) -> list[Command]:
        """One event and everything the PBX reports because of it. Returns all commands."""
        self.out = []
        self.step(event)
        while self.deliver():
            pass
        return self.out

    def settle(self) -> list[Command]:
        """Deliver what the PBX has to report."""
        self.out = []
        while self.deliver():
            pass
        return self.out

    def next_timer(self) -> TimerKey | None:
        return min(self.timers, key=lambda key: (self.timers[key].due, self.timers[key].generation), default=None)

    def fire(self, key: TimerKey) -> None:
        timer = self.timers.pop(key)
        self.at = max(self.at, timer.due)
        self.step(TimerFired(self.at, key, timer.generation))

    def sleep(self, seconds: float) -> list[Command]:
        """Let time pass; timers fire when due."""
        self.out = []
        until = self.at + seconds
        while (key := self.next_timer()) is not None and self.timers[key].due <= until:
            self.fire(key)
            while self.deliver():
                pass
        self.at = until
        return self.out

    # ------------------------------------------------------------ callers

    def call(self, code: str = "169", endpoint: str = GW, caller: str = "0811222333") -> LegId:
        """A caller's channel arrives."""
        self.calls += 1
        leg = LegId(f"call{self.calls}")
        self.pbx.now = self.at
        channel = self.pbx.new_channel(leg, endpoint, extension=code, caller=caller)
        self.feed(CallArrived(self.at, leg, channel.name, code, caller))
        return leg

    def press(self, leg: LegId, digits: str) -> list[Command]:
        out: list[Command] = []
        for digit in digits:
            out += self.feed(DigitPressed(self.at, leg, digit))
        return out

    def spoken(self, leg: LegId) -> list[Command]:
        """The prompt a caller hears comes to its end."""
        self.pbx.now = self.at
        for playback in [p for p, where in self.pbx.playbacks.items() if where == leg]:
            self.pbx.end_playback(playback)
        return self.settle()

    def dial(self, agent: str, code: str) -> LegId:
        """An agent's phone dials."""
        self.calls += 1
        self.pbx.now = self.at
        channel = self.pbx.new_channel(LegId(f"dial{self.calls}"), f"PJSIP/{agent}", extension=code)
        self.feed(AgentDialled(self.at, channel.id, channel.name, code))
        return channel.id

    def hang_up(self, leg: LegId, cause: int = 16) -> list[Command]:
        self.pbx.now = self.at
        self.pbx.end(leg, cause)
        return self.settle()

    def queued(self, digit: str = "1", language: str = "1", **call: str) -> LegId:
        """A caller who waits in a queue: by default billing, in Indonesian."""
        leg = self.call(**call)
        self.press(leg, language + digit)  # the second key ends the notice and chooses
        return leg

    # ------------------------------------------------------------ agents

    def request(
        self,
        agent: str,
        action: AgentAction,
        reason: str = "",
        *,
        seconds: float = 0.0,
        disposition: str = "",
    ) -> Reply:
        request = RequestId(f"r{len(self.replies)}")
        self.feed(AgentRequested(self.at, request, AgentId(agent), action, reason, seconds, disposition))
        return self.replies[-1]

    def order(self, order: Order, by: str = "supervisor/rudi", request_id: str = "") -> Reply:
        known = RequestId(request_id or f"o{len(self.replies)}")
        self.feed(SupervisorRequested(self.at, known, by, order))
        return self.replies[-1]

    def login(self, *agents: str) -> None:
        for agent in agents:
            assert self.request(agent, "login").ok

    def agent(self, name: str) -> Agent:
        return self.state.agents[AgentId(name)]

    def contact(self, leg: LegId) -> Contact:
        return self.state.contacts[ContactId(leg)]

    def contact_id(self, leg: LegId) -> ContactId:
        """The contact of a caller's channel."""
        return ContactId(leg)

    def leg_of(self, agent: str) -> LegId:
        leg = self.agent(agent).leg
        assert leg is not None
        return leg

    def pick_up(self, agent: str) -> list[Command]:
        self.pbx.now = self.at
        self.pbx.answer_phone(self.leg_of(agent))
        return self.settle()

    def talking(self, agent: str = "ana", **call: str) -> LegId:
        """A caller who talks with an agent."""
        self.login(agent)
        leg = self.queued(**call)
        self.pick_up(agent)
        return leg

    def check(self, *, ok: bool = True) -> None:
        """Answer the oldest order to look at a recording."""
        order = self.checks.pop(0)
        problem = "" if ok else "no file"
        self.feed(RecordingChecked(self.at, order.name, 1000, order.talk_s, ok, problem))

    # ------------------------------------------------------------ outcomes

    def got(self, kind: type[C]) -> list[C]:
        """Commands of one kind among the latest."""
        return [command for command in self.out if isinstance(command, kind)]

    def one(self, kind: type[C]) -> C:
        (command,) = self.got(kind)
        return command

    @property
    def ordered(self) -> list[Command]:
        """The latest commands to the PBX."""
        return [command for command in self.out if isinstance(command, get_args(TelephonyCommand))]
