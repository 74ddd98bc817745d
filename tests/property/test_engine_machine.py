"""The engine under everything that can happen, in any order, against a PBX that knows the truth.

``ACD_PROPERTY_EXAMPLES`` (default 150) sets how many random histories are tried; with it set they differ at each run.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from acd.domain.commands import Command, Originate, WriteDecision
from acd.domain.events import (
    AgentDialled,
    AgentRequested,
    CallArrived,
    CommandFailed,
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LinkChanged,
    PhoneChanged,
    PlanLoaded,
    PlaybackEnded,
    RecordingChecked,
    RecordingEnded,
    Resynced,
    SupervisorRequested,
    TimerFired,
)
from acd.domain.exits import Exit
from acd.domain.flow import ExitKey, QueueNode
from acd.domain.flow_talk import MenuNode
from acd.domain.ids import (
    AgentId,
    ContactId,
    FlowId,
    LegId,
    QueueId,
    RequestId,
    SkillId,
    TrunkId,
    is_customer_leg,
)
from acd.domain.limits import Limits, ToNode, ToQueue
from acd.domain.orders import AssignToAgent, MoveToQueue, Order, ResetSkills, SetPriority, SetSkills
from acd.domain.plan import DispositionPlan, Plan, RelaxationStep, Reservation, TreatmentPlan
from acd.engine import (
    estimate,
    kpi,
    matching,
    views,
)
from acd.engine.core import Engine
from acd.engine.state import (
    CallingBack,
    Contact,
    EngineState,
    Free,
    InCall,
    InIvr,
    Leaving,
    Offered,
    Position,
    Promised,
    Talking,
    Waiting,
    WrapUp,
)
from acd.store.codec import decode, encode
from acd.store.pieces import StatePieces
from tests.engine_kit import GW, Bench, direct_flow, levels, make_plan, n, prompts, with_node, with_queue
from tests.fakes.perfect_pbx import Channel, Failure
from tests.property.matching_oracle import Oracle

K = TypeVar("K")
V = TypeVar("V")
EXAMPLES = int(os.environ.get("ACD_PROPERTY_EXAMPLES", "0"))
REPEATABLE = (CallArrived, LegAnswered, LegEnded, PlaybackEnded, TimerFired, RecordingEnded, RecordingChecked)


def plans() -> list[Plan]:
    """What the operator switches between while calls go on."""
    plan = make_plan()
    small = {trunk.id: replace(trunk, capacity=min(trunk.capacity, 6)) for trunk in plan.trunks.values()}
    plan = with_queue(replace(plan, trunks=small), "tech", ring=2)
    ways = {"solved": DispositionPlan("solved", "Solved"), "spam": DispositionPlan("spam", "Spam", 2.0)}  # type: ignore[arg-type]
    told = TreatmentPlan(True, True, prompts("calm"), first_after_s=1.0, every_s=2.0, estimate_at_least_s=5.0)  # noqa: FBT003 - place and wait
    plan = with_queue(with_queue(plan, "billing", dispositions=ways, treatment=told), "general", treatment=told)
    plan = with_node(plan, QueueNode(n("q_bill"), QueueId("billing"), keys=(ExitKey("3", n("nib")),)))
    fewer = replace(plan, version="v2", agents={a.id: a for a in plan.agents.values() if a.id != "budi"})
    empty = Limits(join="ready", join_to=ToNode(FlowId("main"), n("sorry")))
    fewer = with_queue(fewer, "billing", limits=empty)
    fewer = with_queue(fewer, "tech", limits=Limits(leave="ready", leave_to=ToQueue(QueueId("general"))))
    fewer = with_queue(fewer, "billing", max_wait_s=None, requires=(), record=False, ring=3)
    flow = plan.flows[next(iter(plan.flows))]
    without_menu = replace(flow, nodes={k: v for k, v in flow.nodes.items() if k != "menu"})
    renamed = replace(plan, version="v3", flows={flow.id: without_menu, direct_flow().id: direct_flow()})
    renamed = with_node(renamed, MenuNode(n("lang"), prompts("lang"), (), failed=n("say_en"), retries=0))
    without_queue = replace(renamed, queues={k: v for k, v in plan.queues.items() if k != "general"})
    return [plan, fewer, without_queue, *ornate(plan)]


def ornate(plan: Plan) -> list[Plan]:
    """Plans that use what matching offers: levels, relaxation, one agent asked first, reservations, other policies."""
    billing = (
        RelaxationStep(2.0, lower=levels(billing=1), drop_preferred=True),
        RelaxationStep(5.0, tier=2, lower=levels(lang_id=0)),
        RelaxationStep(20.0, helpers=(QueueId("tech"),), lower=levels(billing=0)),
    )
    tiers = {AgentId("budi"): {QueueId("billing"): 2}, AgentId("dewi"): {QueueId("tech"): 2}}
    agents = {
        a.id: replace(a, queues=a.queues or tuple(plan.queues), tiers=tiers.get(a.id, {})) for a in plan.agents.values()
    }
    levelled = replace(plan, version="v4", agents=agents, contact_policy="weight")
    levelled = with_queue(
        levelled,
        "billing",
        requires=levels(billing=3),
        tier=1,
        relaxation=billing,
        prefers=levels(lang_en=1),
        policy="longest_idle",
    )
    levelled = with_queue(levelled, "tech", weight=3.0, policy="weighted_random")
    familiar = replace(plan, version="v5", reservations=(Reservation(SkillId("billing"), 1, 1, (QueueId("billing"),)),))
    familiar = with_node(
        familiar, QueueNode(n("q_bill"), QueueId("billing"), last_agent_within_s=600.0, agent_wait_s=6)
    )
    familiar = with_node(familiar, QueueNode(n("q_tech"), QueueId("tech"), agent=AgentId("dewi"), agent_wait_s=2.0))
    return [levelled, familiar]


def _usage(state: EngineState) -> dict[TrunkId, int]:
    held = list(state.leases.values())
    return {trunk: held.count(trunk) for trunk in set(held)}


def _undone(now: dict[K, V], were: list[tuple[K, V | None]]) -> dict[K, V]:
    """Take changes back."""
    before: dict[K, V | None] = {**now, **dict(reversed(were))}
    return {key: value for key, value in before.items() if value is not None}


class CallCentre(RuleBasedStateMachine):
    """Callers, agents, an operator and a PBX; the bench in the middle."""

    evening_s = 90.0
    """How long it takes at most until everything is over when everybody has hung up."""

    def __init__(self, choices: list[Plan] | None = None) -> None:
        super().__init__()
        self.plans = choices or plans()
        self.bench = Bench(self.plans[0])
        self.arrived: set[LegId] = set()
        """Callers the engine was told of."""
        self.synced = True
        self.smooth = True
        """Nothing went wrong so far between engine and PBX."""
        self.slow = False
        """Whether reports wait until they are asked for."""
        self.old_audit: Resynced | None = None
        self.requests = 0
        self.index: views.PlanIndex | None = None
        self.copies: list[tuple[EngineState, bytes]] = []
        """Copies of the state, and the bytes of the state when they were made."""
        self.bench.login("ana", "citra")

    # ------------------------------------------------------------ one step

    def step(self, event: Event) -> list[Command]:
        bench, state = self.bench, self.bench.state
        used = _usage(state)
        before, agents_before = dict(state.contacts), dict(state.agents)
        if isinstance(event, CallArrived):
            self.arrived.add(event.leg_id)
        legs = {agent.id: agent.leg for agent in state.agents.values()}
        busy = {c.agent_device for c in bench.pbx.channels.values() if c.agent_device}
        commands = bench.step(event)
        bench.out.clear()
        turn = bench.engine.turn
        assert turn is not None
        assert _undone(state.contacts, turn.contacts_were) == before, "a contact changed unnoticed"
        assert _undone(state.agents, turn.agents_were) == agents_before, "an agent changed unnoticed"
        self.arrived.update(LegId(contact) for contact in state.contacts)
        if isinstance(event, Resynced) and event.after_gap:
            self.synced = True
            self._check_ledger(event, commands)
        elif not isinstance(event, Resynced):
            for trunk, count in _usage(state).items():
                assert count <= max(bench.plan.trunks[trunk].capacity, used.get(trunk, 0)), f"{trunk} over capacity"
        self._check_accounts(commands)
        for command in commands:
            if isinstance(command, Originate):
                assert command.contact_id in state.contacts, "rung for a caller who is gone"
                if is_customer_leg(command.leg_id):
                    self.check_outbound(command, before)
                    continue
                self._check_offer(command, before, busy)
                agent = AgentId(command.device.removeprefix("PJSIP/"))
                over = isinstance(event, LegEnded | CommandFailed | Resynced)
                assert legs[agent] is None or over, f"{agent} is rung while a leg lingers"
        return commands

    def check_outbound(self, call: Originate, before: dict[ContactId, Contact]) -> None:
        """A customer is called back. Here nobody asked for that."""
        raise AssertionError(f"{call.contact_id} is called back; {len(before)} contacts before")

    def _check_accounts(self, commands: list[Command]) -> None:
        """Who looked at everybody plainly and afterwards comes to the same choice, and tells of each offer once."""
        told = [account.decision for account in self.bench.accounts if isinstance(account, WriteDecision)]
        rung = [c for c in commands if isinstance(c, Originate) and not is_customer_leg(c.leg_id)]
        assert [f"acd-l-{d.contact_id}-{d.offer}" for d in told] == [command.leg_id for command in rung]
        agents = len(self.bench.plan.agents)
        for decision, command in zip(told, rung, strict=True):
            assert decision.agent == command.device.removeprefix("PJSIP/")
            assert decision.best == decision.agent, f"{decision.best} would have been better: {decision}"
            assert decision.candidates_count + sum(passed.count for passed in decision.passed) == agents
            assert all(ahead.reason != "not_next" for ahead in decision.ahead), "overtook somebody the agent fits"

    def _check_ledger(self, event: Resynced, commands: list[Command]) -> None:
        state = self.bench.state
        refused = {c.leg for c in state.contacts.values() if isinstance(c.phase, Leaving)}
        there = {c.leg_id for c in event.channels if c.name.startswith((GW + "-", "DAHDI/i1/"))}
        ordered = {c.leg_id for c in commands if isinstance(c, Originate)}
        assert there - refused <= set(state.leases) <= there | ordered, "the ledger is what Asterisk has"

    def _check_offer(self, offer: Originate, before: dict[ContactId, Contact], busy: set[str]) -> None:
        state = self.bench.state
        assert state.ari_up, "an offer while the PBX is away"
        assert offer.device not in busy, f"{offer.device} is rung while it has a call of ours"
        contact = state.contacts[offer.contact_id]
        if not isinstance(contact.phase, Waiting) or not contact.phase.offers:
            return
        assert len(contact.phase.offers) <= max(q.ring for p in self.plans for q in p.queues.values()), (
            "too many phones"
        )
        self.check_place(contact, contact.phase, before)

    def check_place(self, contact: Contact, waiting: Waiting, before: dict[ContactId, Contact]) -> None:
        """Nobody is passed over who waits for the same in an earlier place."""
        place = (-waiting.priority, waiting.since, contact.id)
        need = matching.need_of(waiting)
        for other in self.bench.state.contacts.values():
            same = isinstance(other.phase, Waiting) and matching.need_of(other.phase) == need
            earlier = before.get(other.id)
            if same and isinstance(other.phase, Waiting) and not other.phase.offers and earlier is not None:
                was = earlier.phase
                if isinstance(was, Waiting) and not was.offers and matching.need_of(was) == need:
                    theirs = (-other.phase.priority, other.phase.since, other.id)
                    assert theirs > place, f"{contact.id} overtook {other.id}"

    # ------------------------------------------------------------ callers

    @rule(
        code=st.sampled_from(["169", "169", "169", "170", "999"]),
        endpoint=st.sampled_from([GW, GW, "DAHDI/i1/169", "PJSIP/odd"]),
    )
    def caller_arrives(self, code: str, endpoint: str) -> None:
        bench = self.bench
        bench.calls += 1
        leg = LegId(f"call{bench.calls}")
        bench.pbx.now = bench.at
        channel = bench.pbx.new_channel(leg, endpoint, extension=code, caller=self.number())
        if bench.pbx.connected:
            bench.pbx.reports.append(CallArrived(bench.at, leg, channel.name, code, channel.caller))
        else:
            channel.in_app = False  # the dialplan's fallback
        self.flow()

    def number(self) -> str:
        """Of the next caller."""
        return "0811"

    def _callers(self) -> list[Channel]:
        return [c for c in self.bench.pbx.channels.values() if c.id.startswith("call")]

    def _phones(self, *, up: bool) -> list[Channel]:
        ours = [c for c in self.bench.pbx.channels.values() if c.agent_device and c.up is up]
        return [c for c in ours if not is_customer_leg(c.id)]

    @precondition(lambda self: self._callers())
    @rule(data=st.data(), digit=st.sampled_from("111123349*#"))
    def caller_presses(self, data: st.DataObject, digit: str) -> None:
        channel = data.draw(st.sampled_from(self._callers()))
        if self.bench.pbx.connected and channel.in_app:
            self.bench.pbx.reports.append(DigitPressed(self.bench.at, channel.id, digit))
        self.flow()

    @precondition(lambda self: self._callers())
    @rule(data=st.data(), digits=st.sampled_from(["11", "12", "21", "22"]))
    def caller_chooses_queue(self, data: st.DataObject, digits: str) -> None:
        leg = data.draw(st.sampled_from(sorted(c.id for c in self._callers())))
        self.deliver_all()
        for digit in digits:
            channel = self.bench.pbx.channels.get(leg)
            if self.bench.pbx.connected and channel is not None and channel.in_app:
                self.bench.pbx.reports.append(DigitPressed(self.bench.at, leg, digit))
            self.deliver_all()

    @precondition(lambda self: self.bench.pbx.connected)
    @rule(
        digits=st.sampled_from(["11", "12", "22", "14", "13123#"]),
        seconds=st.sampled_from([0.0, 2.0, 30.0]),
        answer=st.booleans(),
    )
    def caller_comes_to_talk(self, digits: str, seconds: float, answer: bool) -> None:  # noqa: FBT001 - drawn
        """A whole call's beginning, so that conversations are not rare."""
        bench = self.bench
        self.caller_arrives("169", "DAHDI/i1/169")
        leg = LegId(f"call{bench.calls}")
        for digit in digits:
            bench.pbx.reports.append(DigitPressed(bench.at, leg, digit))
        self.deliver_all()
        self.time_passes(seconds, prompt=True)
        if answer:
            for channel in self._phones(up=False):
                bench.pbx.answer_phone(channel.id)
            self.flow()

    @precondition(lambda self: self._callers())
    @rule(data=st.data(), cause=st.sampled_from([16, 0, 127]), left=st.booleans())
    def caller_hangs_up(self, data: st.DataObject, cause: int, left: bool) -> None:  # noqa: FBT001 - drawn
        channel = data.draw(st.sampled_from(self._callers()))
        if left and channel.in_app:
            self.bench.pbx.leave_app(channel.id)
            channel.in_app = True  # its end is reported as well
        self.bench.pbx.now = self.bench.at
        self.bench.pbx.end(channel.id, cause)
        self.flow()

    @precondition(lambda self: self._callers())
    @rule(data=st.data())
    def caller_is_redirected(self, data: st.DataObject) -> None:
        channel = data.draw(st.sampled_from(self._callers()))
        if channel.in_app:
            self.bench.pbx.leave_app(channel.id)
        self.flow()

    @precondition(lambda self: self.bench.pbx.playbacks)
    @rule(data=st.data(), ok=st.booleans())
    def prompt_ends(self, data: st.DataObject, ok: bool) -> None:  # noqa: FBT001 - drawn
        playback = data.draw(st.sampled_from(sorted(self.bench.pbx.playbacks)))
        self.bench.pbx.now = self.bench.at
        self.bench.pbx.end_playback(playback, ok=ok)
        self.flow()

    # ------------------------------------------------------------ agents

    @precondition(lambda self: self._phones(up=False))
    @rule(data=st.data(), how=st.sampled_from([0, 0, 0, 17, 19, 21, 38]))
    def phone_reacts(self, data: st.DataObject, how: int) -> None:
        channel = data.draw(st.sampled_from(self._phones(up=False)))
        self.bench.pbx.now = self.bench.at
        if how:
            self.bench.pbx.end(channel.id, how)
        else:
            self.bench.pbx.answer_phone(channel.id)
        self.flow()

    @precondition(lambda self: self._phones(up=True))
    @rule(data=st.data())
    def agent_hangs_up(self, data: st.DataObject) -> None:
        channel = data.draw(st.sampled_from(self._phones(up=True)))
        self.bench.pbx.now = self.bench.at
        self.bench.pbx.end(channel.id, 16)
        self.flow()

    @rule(
        agent=st.sampled_from(["ana", "budi", "citra", "dewi", "nobody"]),
        action=st.sampled_from(
            [
                "login",
                "login",
                "login",
                "ready",
                "ready",
                "pause",
                "logout",
                "end_wrap_up",
                "end_wrap_up",
                "reject",
                "extend_wrap_up",
                "disposition",
            ]
        ),
        reason=st.sampled_from(["", "lunch", "nonsense"]),
        way=st.sampled_from(["solved", "spam", "nonsense"]),
    )
    def agent_asks(self, agent: str, action: str, reason: str, way: str) -> None:
        self.requests += 1
        replies = len(self.bench.replies)
        event = AgentRequested(self.bench.at, RequestId(f"r{self.requests}"), AgentId(agent), action, reason, 20.0, way)  # type: ignore[arg-type]
        self.step(event)
        assert len(self.bench.replies) == replies + 1
        self.flow()

    # ------------------------------------------------------------ supervisors

    @precondition(lambda self: self.bench.state.contacts)
    @rule(
        data=st.data(),
        priority=st.integers(0, 3),
        queue=st.sampled_from(["billing", "tech", "general", "nowhere"]),
        agent=st.sampled_from(["ana", "budi", "citra", "dewi", "nobody"]),
    )
    def supervisor_orders(self, data: st.DataObject, priority: int, queue: str, agent: str) -> None:
        contact = data.draw(st.sampled_from(sorted(self.bench.state.contacts)))
        orders: list[Order] = [
            SetPriority(contact, priority),
            MoveToQueue(contact, QueueId(queue)),
            AssignToAgent(contact, AgentId(agent)),
            SetSkills(AgentId(agent), levels(billing=1 + priority, lang_id=1)),
            SetSkills(AgentId(agent), levels(tech=1, lang_en=1, lang_id=1), (QueueId("tech"), QueueId("general"))),
            ResetSkills(AgentId(agent)),
        ]
        self._order(data.draw(st.sampled_from(orders)))

    def _order(self, order: Order) -> None:
        bench = self.bench
        self.requests += 1
        before = {c.id: c.phase.since for c in bench.state.contacts.values() if isinstance(c.phase, Waiting)}
        event = SupervisorRequested(bench.at, RequestId(f"r{self.requests}"), "supervisor/rudi", order)
        self.step(event)
        replied, kept = bench.replies[-1], dict(bench.state.contacts)
        for contact_id, since in before.items():
            phase = bench.state.contacts[contact_id].phase
            assert isinstance(phase, Waiting), "an order ends nobody's wait"
            assert phase.since == since, "an order takes no waited time away"
        self.step(replace(event, order=replace(order)))
        assert bench.replies[-1] == replied, "done once, answered alike"
        assert bench.state.contacts == kept
        self.flow()

    @rule(agent=st.sampled_from(["ana", "citra", "guest"]), code=st.sampled_from(["*0", "*1", "*2", "*9"]))
    def agent_dials(self, agent: str, code: str) -> None:
        bench = self.bench
        if not bench.pbx.connected:
            return
        bench.calls += 1
        bench.pbx.now = bench.at
        channel = bench.pbx.new_channel(LegId(f"dial{bench.calls}"), f"PJSIP/{agent}", extension=code)
        bench.pbx.reports.append(AgentDialled(bench.at, channel.id, channel.name, code))
        self.flow()

    @rule(agent=st.sampled_from(["ana", "budi", "citra", "guest"]), reachable=st.booleans(), busy=st.booleans())
    def phone_changes(self, agent: str, reachable: bool, busy: bool) -> None:  # noqa: FBT001 - drawn
        self.step(PhoneChanged(self.bench.at, f"PJSIP/{agent}", reachable, busy))
        self.flow()

    # ------------------------------------------------------------ reports, time and trouble

    def deliver_all(self) -> None:
        while self.deliver_one():
            pass

    def deliver_one(self) -> bool:
        pbx = self.bench.pbx
        reports = pbx.reports or pbx.manager_reports
        if not reports:
            return False
        self.step(reports.popleft())
        return True

    def flow(self) -> None:
        if not self.slow:
            self.deliver_all()

    @rule(slow=st.booleans())
    def reports_slow_down(self, slow: bool) -> None:  # noqa: FBT001 - drawn
        self.slow = slow
        self.flow()

    @precondition(lambda self: self.slow)
    @rule(count=st.integers(1, 6))
    def reports_come(self, count: int) -> None:
        for _ in range(count):
            self.deliver_one()

    @precondition(lambda self: self.bench.pbx.manager_reports)
    @rule()
    def manager_is_faster(self) -> None:
        self.step(self.bench.pbx.manager_reports.popleft())

    @rule(data=st.data())
    def something_is_told_again(self, data: st.DataObject) -> None:
        told = [e for e in self.bench.events[-60:] if isinstance(e, REPEATABLE)]
        if told:
            self.step(replace(data.draw(st.sampled_from(told)), at=self.bench.at))

    @rule(seconds=st.sampled_from([0.2, 1.0, 3.0, 6.0, 16.0, 45.0]), prompt=st.booleans())
    def time_passes(self, seconds: float, prompt: bool) -> None:  # noqa: FBT001 - drawn
        """Timers fire; reports come in time, or late."""
        bench = self.bench
        until = bench.at + seconds
        while (key := bench.next_timer()) is not None and bench.timers[key].due <= until:
            timer = bench.timers.pop(key)
            bench.at = max(bench.at, timer.due)
            self.step(TimerFired(bench.at, key, timer.generation))
            if prompt:
                self.deliver_all()
        bench.at = until
        self.flow()

    @precondition(lambda self: self.bench.pbx.connected)
    @rule(reason=st.sampled_from(["refused", "timeout"]), carried_out=st.booleans())
    def next_command_fails(self, reason: Failure, carried_out: bool) -> None:  # noqa: FBT001 - drawn
        self.smooth = False
        if not self.bench.pbx.mishaps:
            self.bench.pbx.mishaps.append((reason, carried_out and reason == "timeout"))

    @precondition(lambda self: self.bench.pbx.connected)
    @rule(silent=st.booleans(), early=st.booleans())
    def link_breaks(self, silent: bool, early: bool) -> None:  # noqa: FBT001 - drawn
        """Reports not yet delivered are lost; commands fail, or vanish when the engine does not know yet."""
        bench = self.bench
        self.smooth = False
        bench.pbx.connected = False
        bench.pbx.mishaps.clear()
        bench.pbx.reports.clear()
        bench.obeying = not silent
        self.synced = False
        if not early:
            self.step(LinkChanged(bench.at, "ari", up=False))

    @precondition(lambda self: not self.bench.pbx.connected)
    @rule()
    def link_returns(self) -> None:
        bench = self.bench
        self.step(LinkChanged(bench.at, "ari", up=False))
        bench.pbx.reports.clear()
        bench.pbx.connected = True
        bench.obeying = True
        bench.pbx.now = bench.at
        self.step(LinkChanged(bench.at, "ari", up=True))
        self.step(bench.pbx.resync(after_gap=True))
        self.flow()

    @rule(up=st.booleans())
    def manager_link_changes(self, up: bool) -> None:  # noqa: FBT001 - drawn
        self.step(LinkChanged(self.bench.at, "ami", up))

    @precondition(lambda self: self.bench.pbx.connected)
    @rule()
    def audit(self) -> None:
        self.bench.pbx.now = self.bench.at
        self.step(self.bench.pbx.resync(after_gap=False))
        self.flow()

    @precondition(lambda self: self.bench.pbx.connected)
    @rule()
    def audit_begins(self) -> None:
        self.bench.pbx.now = self.bench.at
        self.old_audit = self.bench.pbx.resync(after_gap=False)

    @precondition(lambda self: self.old_audit is not None)
    @rule()
    def audit_comes_late(self) -> None:
        audit, self.old_audit = self.old_audit, None
        assert audit is not None
        if self.bench.pbx.connected and self.synced and self.bench.at - audit.at < 4:
            self.step(replace(audit, at=self.bench.at))

    @precondition(lambda self: self.bench.checks)
    @rule(ok=st.booleans())
    def recording_is_looked_at(self, ok: bool) -> None:  # noqa: FBT001 - drawn
        order = self.bench.checks.pop(0)
        self.step(RecordingChecked(self.bench.at, order.name, 10, order.talk_s, ok, "" if ok else "short"))

    @rule(plan=st.integers(0, 4))
    def operator_reloads(self, plan: int) -> None:
        self.bench.plan = self.plans[plan % len(self.plans)]
        self.step(PlanLoaded(self.bench.at, self.bench.plan))

    @rule()
    def engine_restarts(self) -> None:
        """The state goes through its JSON and another engine goes on from there."""
        self.bench.engine = Engine(decode(EngineState, encode(self.bench.state)))

    @rule()
    def state_is_copied(self) -> None:
        """As for a snapshot, which is written down while other things happen; see the end of the day."""
        self.copies.append((self.bench.state.copy(), encode(self.bench.state)))

    # ------------------------------------------------------------ what always holds

    @invariant()
    def agents_and_contacts_agree(self) -> None:
        state = self.bench.state
        held: dict[AgentId, ContactId] = {}
        for contact in state.contacts.values():
            serving: list[tuple[AgentId, LegId | None, type[Offered | InCall]]] = []
            match contact.phase:
                case Waiting(offers=ringing):
                    serving = [(offer.agent, offer.leg, Offered) for offer in ringing]
                case Talking(agent=name, leg=joined):
                    serving = [(name, joined, InCall)]
                case CallingBack(agent=kept, agent_leg=joined) if kept is not None:
                    serving = [(kept, joined, Offered)]
            for agent, leg, work in serving:
                assert agent not in held, f"{agent} holds two contacts, or twice the same"
                held[agent] = contact.id
                known = state.agents[agent]
                assert isinstance(known.work, work), f"{agent}: {known.work} for {contact.phase}"
                assert known.work.contact == contact.id
                assert known.leg == leg, f"{agent} has another leg"
        for agent_now in state.agents.values():
            if isinstance(agent_now.work, Offered | InCall):
                assert held.get(agent_now.id) == agent_now.work.contact, f"{agent_now.id} serves nobody"

    @invariant()
    def every_contact_ends_once(self) -> None:
        ids = [record.contact_id for record in self.bench.records]
        assert len(ids) == len(set(ids)), "two records"
        assert not set(ids) & set(self.bench.state.contacts), "a record of a live contact"
        assert self.arrived <= {*map(LegId, ids), *map(LegId, self.bench.state.contacts)}, "a contact was lost"

    @invariant()
    def nobody_waits_in_vain(self) -> None:
        state = self.bench.state
        plan = state.plan
        if plan is None or not state.ari_up or not self.synced:
            return
        idle = [agent for agent in state.agents.values() if matching.available(agent)]
        oracle = Oracle(plan, {agent.id: matching.facts_of(agent) for agent in idle})
        for contact in state.contacts.values():
            if isinstance(contact.phase, Waiting) and not contact.phase.offers:
                need, priority = matching.need_of(contact.phase), contact.phase.priority
                free = next((a.id for a in idle if oracle.may(a.id, need, priority) is not None), None)
                assert free is None, f"{contact.id} waits though {free} is free"

    @invariant()
    def lines_are_counted_as_they_stand(self) -> None:
        state = self.bench.state
        standing = {name: len(contacts) for name, contacts in estimate.lines(state).items()}
        assert {name: pace.waiting for name, pace in state.paces.items() if pace.waiting} == standing
        for pace in state.paces.values():
            assert pace.departures >= 0
            assert min(pace.now.busy_s, pace.now.waited_s, pace.now.left) >= 0

    @invariant()
    def who_is_spoken_to_waits_and_every_announced_wait_is_scored_once(self) -> None:
        state = self.bench.state
        for contact in state.contacts.values():
            if f"tell:{contact.id}" in state.timers:
                assert isinstance(contact.phase, Waiting | InIvr)
                assert not contact.away
        for queue in state.figures.queues.values():
            score = queue.estimates
            if score.answered_total:
                assert score.within_ratio is not None
                assert 0 <= score.within_ratio <= 1

    @invariant()
    def the_matcher_is_what_one_made_of_the_state_would_be(self) -> None:
        assert self.bench.engine.matcher.snapshot() == matching.Matcher(self.bench.state).snapshot()

    @invariant()
    def agents_at_work_and_who_waits_are_counted_as_they_are(self) -> None:
        state, matcher = self.bench.state, self.bench.engine.matcher
        if state.plan is None:
            return
        for queue in state.plan.queues.values():
            need = matching.need_of(Waiting(0.0, queue.id, queue.requires, 0, Position(FlowId(""), n(""))))
            able = [
                agent
                for agent in state.agents.values()
                if agent.id in state.plan.agents
                and not isinstance(matching.fit(matching.group_of(state.plan.agents[agent.id]), need), str)
            ]
            assert matcher.at_work(need, "logged_in") == sum(a.presence != "logged_out" for a in able)
            assert matcher.at_work(need, "ready") == sum(a.presence == "ready" for a in able)
            assert matcher.at_work(need, "available") == sum(map(matching.available, able))
            waiting = [c for c in state.contacts.values() if isinstance(c.phase, Waiting) and not c.away]
            assert matcher.on_line(queue.id) == sum(
                isinstance(c.phase, Waiting) and c.phase.queue == queue.id for c in waiting
            )

    @invariant()
    def a_view_that_keeps_what_has_not_changed_is_as_one_made_anew(self) -> None:
        state, at = self.bench.state, self.bench.at
        if state.plan is not None:
            if self.index is None or self.index.plan is not state.plan:
                self.index = views.index_of(state.plan)
            assert views.view(state, at, self.index) == views.view(state, at)

    @invariant()
    def nothing_is_left_over_in_the_pbx(self) -> None:
        pbx, state = self.bench.pbx, self.bench.state
        if not self.smooth or pbx.reports:
            return
        assert set(pbx.bridges) == {c.bridge for c in state.contacts.values() if c.bridged}
        ours = {c.id for c in pbx.channels.values() if c.agent_device}
        to_agents = {a.leg for a in state.agents.values() if a.leg is not None}
        assert ours == to_agents | {c.line for c in state.contacts.values() if c.line is not None}

    @invariant()
    def nothing_hangs_without_a_timer(self) -> None:
        state = self.bench.state
        assert state.timers == self.bench.timers
        for contact in state.contacts.values():
            match contact.phase:
                case InIvr(position=position):
                    waits_for = "play" if position.playback is not None else "ivr"
                    assert f"{waits_for}:{contact.id}" in state.timers
                case Waiting(offers=ringing):
                    assert all(f"ring:{offer.leg}" in state.timers for offer in ringing)
                case Promised() | CallingBack():
                    assert f"back:{contact.id}" in state.timers
                case Leaving():
                    assert f"leave:{contact.id}" in state.timers or f"left:{contact.id}" in state.timers
                case _:
                    pass
        for agent in state.agents.values():
            assert not agent.resting or f"rest:{agent.id}" in state.timers, f"{agent.id} rests for ever"
            assert not isinstance(agent.work, WrapUp) or f"wrap:{agent.id}" in state.timers
        for name, work in state.recordings.items():
            over = work.ended_at is not None
            assert not over or work.checking or f"rec:{name}" in state.timers, f"{name} is never looked at"
            assert over or work.contact in state.contacts

    @invariant()
    def figures_are_sums_over_records(self) -> None:
        figures, records = self.bench.state.figures, self.bench.records
        assert figures.by_exit == {e: sum(r.exit is e for r in records) for e in Exit}
        for queue in {*figures.queues, *(r.queue for r in records if r.queue)}:
            of = figures.queues[QueueId(queue)]
            mine = [r for r in records if r.queue == queue]
            assert of.offered == sum(r.exit not in kpi.NOT_IN_QUEUE for r in mine)
            assert of.answered == sum(r.exit in kpi.TALKED for r in mine)
            assert of.abandoned == sum(r.exit is Exit.ABANDONED for r in mine)
            assert of.within_target == sum(r.exit in kpi.TALKED and bool(r.within_target) for r in mine)
            assert sum(of.buckets) == len(mine)
        pending = sum(len(c.phase.offers) for c in self.bench.state.contacts.values() if isinstance(c.phase, Waiting))
        made = sum(r.offers for r in records) + sum(c.offers for c in self.bench.state.contacts.values())
        assert sum(figures.offers.values()) + pending == made
        assert figures.recordings_ok + figures.recordings_bad == len(self.bench.rows)

    # ------------------------------------------------------------ the end of the day

    def teardown(self) -> None:
        bench = self.bench
        pieces = StatePieces()
        for copy, then in self.copies:
            assert b"".join(pieces(copy)) == then, "a copy of the state changed, or is cut up wrongly"
        if not bench.pbx.connected:
            self.link_returns()
        bench.pbx.mishaps.clear()
        for _ in range(3):
            self.deliver_all()
            for channel in list(bench.pbx.channels.values()):
                called_back = is_customer_leg(channel.id) and channel.up
                if not channel.agent_device or called_back:  # the engine lets go of the others it made
                    bench.pbx.end(channel.id)
            self.time_passes(self.evening_s, prompt=True)
            self.audit()
            while bench.checks:
                self.recording_is_looked_at(ok=True)
        self.deliver_all()
        state = bench.state
        assert not state.contacts
        assert not state.leases
        assert not state.feature_calls
        assert not state.recordings
        assert not state.callbacks
        assert not state.left_places
        assert not state.timers
        assert not bench.pbx.channels
        assert not bench.pbx.bridges
        assert all(isinstance(a.work, Free) and a.leg is None for a in state.agents.values())
        self.every_contact_ends_once()
        self.figures_are_sums_over_records()
        again = Engine()
        replayed = [[*again.handle(event), *(explain() for explain in again.account())] for event in bench.events]
        assert replayed == bench.history, "replayed otherwise"
        assert again.state == state


TestCallCentre = CallCentre.TestCase
TestCallCentre.settings = settings(
    max_examples=EXAMPLES or 150,
    stateful_step_count=150 if EXAMPLES else 80,
    deadline=None,
    derandomize=not EXAMPLES,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
