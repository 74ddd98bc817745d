"""The router against somebody who looks at everybody, under every policy, with reservations, media and relaxation.

``ACD_PROPERTY_EXAMPLES`` sets how many random histories are tried; with it set they differ at each run.
"""

from __future__ import annotations

import os
from dataclasses import replace

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from acd.domain.ids import AgentId, ContactId, QueueId, SkillId
from acd.domain.plan import AgentPlan, Capacity, Plan, QueuePlan, Reservation
from acd.domain.skills import SkillLevel
from acd.engine.matching.facts import AgentFacts, Requirement
from acd.engine.matching.fit import VOICE_ONLY
from acd.engine.matching.policies import STANDARD
from acd.engine.matching.router import Router
from tests.property.matching_oracle import Oracle, Wish

EXAMPLES = int(os.environ.get("ACD_PROPERTY_EXAMPLES", "0"))
SKILLS = [SkillId(s) for s in ("a", "b", "c")]
QUEUES = [QueueId(q) for q in ("p", "q", "r")]
BLENDED = (Capacity("voice", 1, ("email",)), Capacity("email", 2), Capacity("whatsapp", 2, ("email",)))

levels = st.integers(1, 5)
some_skills = st.lists(st.tuples(st.sampled_from(SKILLS), levels), max_size=2, unique_by=lambda s: s[0]).map(
    lambda pairs: tuple(SkillLevel(skill, level) for skill, level in sorted(pairs))
)
low_skills = st.lists(st.tuples(st.sampled_from(SKILLS), st.integers(1, 3)), max_size=2, unique_by=lambda s: s[0]).map(
    lambda pairs: tuple(SkillLevel(skill, level) for skill, level in sorted(pairs))
)
some_queues = st.lists(st.sampled_from(QUEUES), max_size=2, unique=True).map(tuple)
times = st.integers(0, 20).map(lambda n: n / 2)


@st.composite
def agent_plans(draw: st.DrawFn, number: int) -> AgentPlan:
    name = AgentId(f"agent{number}")
    queues = draw(some_queues)
    return AgentPlan(
        name,
        name,
        f"PJSIP/{name}",
        draw(some_skills),
        queues,
        tiers={queue: draw(st.integers(1, 3)) for queue in queues},
        capacity=draw(st.sampled_from([(), (), BLENDED])),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    # Few kinds of agents, so that groups have more than one member.
    kinds = [draw(agent_plans(n)) for n in range(draw(st.integers(1, 7)))]
    agents = [replace(kind, id=AgentId(f"{kind.id}{copy}")) for copy in "xyz" for kind in kinds]
    queues = [
        QueuePlan(
            queue,
            queue,
            (),
            policy=draw(st.sampled_from(sorted(STANDARD.agent))),
            weight=draw(st.sampled_from([0.5, 1.0, 2.0])),
            service_time_s=draw(st.sampled_from([60.0, 180.0])),
            share=draw(st.integers(1, 3)),
        )
        for queue in QUEUES
    ]
    reservations = [
        Reservation(
            draw(st.sampled_from(SKILLS)),
            draw(levels),
            draw(st.integers(1, 3)),
            draw(some_queues),
            draw(st.sampled_from([None, 5])),
        )
        for _ in range(draw(st.integers(0, 2)))
    ]
    return Plan(
        "v",
        agents={agent.id: agent for agent in agents},
        queues={queue.id: queue for queue in queues},
        trunks={},
        access_codes={},
        calendars={},
        flows={},
        contact_policy=draw(st.sampled_from(sorted(STANDARD.contact))),
        reservations=tuple(reservations),
    )


@st.composite
def needs(draw: st.DrawFn, plan: Plan) -> Requirement:
    return Requirement(
        draw(st.sampled_from(QUEUES)),
        draw(low_skills),
        draw(st.sampled_from([(), (SkillLevel(SKILLS[0], 2),)])),
        draw(st.sampled_from([None, None, 1, 2])),
        draw(st.sampled_from([(), (), (QUEUES[0],)])),
        draw(st.sampled_from(["voice", "voice", "voice", "email", "whatsapp"])),
        draw(st.sampled_from([None] * 9 + [min(plan.agents)])),
    )


class Exchange(RuleBasedStateMachine):
    """Agents and contacts come, go and change; both ways to decide are asked all the time."""

    def __init__(self) -> None:
        super().__init__()
        self.contacts = 0
        self.offers = 0
        self.now = 10.0
        self.assigned: dict[ContactId, tuple[AgentId, str]] = {}

    @initialize(plan=plans())
    def opens(self, plan: Plan) -> None:
        self.plan = plan
        self.oracle = Oracle(plan)
        self.router = Router(plan)

    def _capacity(self, agent: AgentId) -> tuple[Capacity, ...]:
        return self.plan.agents[agent].capacity or VOICE_ONLY

    def _load(self, agent: AgentId) -> tuple[str, ...]:
        return tuple(sorted(medium for who, medium in self.assigned.values() if who == agent))

    # ------------------------------------------------------------ what happens

    @rule(data=st.data(), idle_since=times, contacts=st.integers(0, 3), last_offer=st.integers(0, 3))
    def agent_comes(self, data: st.DataObject, idle_since: float, contacts: int, last_offer: int) -> None:
        agent = data.draw(st.sampled_from(sorted(self.plan.agents)))
        self._available(
            AgentFacts(agent, idle_since, contacts, contacts / 4, last_offer, self._load(agent))  # type: ignore[arg-type]
        )

    @rule(idle_since=times)
    def everybody_comes(self, idle_since: float) -> None:
        for agent in self.plan.agents:
            self._available(AgentFacts(agent, idle_since, load=self._load(agent)))  # type: ignore[arg-type]

    def _available(self, facts: AgentFacts) -> None:
        self.router.agent_available(facts)
        self.oracle.available[facts.id] = facts

    @rule(data=st.data())
    def agent_goes(self, data: st.DataObject) -> None:
        agent = data.draw(st.sampled_from(sorted(self.plan.agents)))
        self.router.agent_unavailable(agent)
        self.oracle.available.pop(agent, None)

    @rule(data=st.data(), idle_since=times)
    def agent_learns(self, data: st.DataObject, idle_since: float) -> None:
        del idle_since
        before = self.plan.agents[data.draw(st.sampled_from(sorted(self.plan.agents)))]
        changed = replace(before, skills=data.draw(some_skills))
        self.plan.agents[before.id] = changed
        self.router.agent_changed(changed)

    @rule(data=st.data(), priority=st.sampled_from([0, 0, 0, 5, 9]), since=times)
    def contact_comes(self, data: st.DataObject, priority: int, since: float) -> None:
        self.contacts += 1
        contact = ContactId(f"c{self.contacts}")
        wish = Wish(data.draw(needs(self.plan)), priority, since)
        self.oracle.waiting[contact] = wish
        self.router.contact_waiting(contact, wish.need, wish.priority, wish.since)

    @precondition(lambda self: self.oracle.waiting)
    @rule(data=st.data(), priority=st.sampled_from([0, 5]))
    def contact_asks_for_something_else(self, data: st.DataObject, priority: int) -> None:
        contact = data.draw(st.sampled_from(sorted(self.oracle.waiting)))
        wish = Wish(data.draw(needs(self.plan)), priority, self.oracle.waiting[contact].since)
        self.oracle.waiting[contact] = wish
        self.router.contact_waiting(contact, wish.need, wish.priority, wish.since)

    @precondition(lambda self: self.oracle.waiting)
    @rule(data=st.data())
    def contact_goes(self, data: st.DataObject) -> None:
        self._gone(data.draw(st.sampled_from(sorted(self.oracle.waiting))))

    def _gone(self, contact: ContactId) -> None:
        del self.oracle.waiting[contact]
        self.router.contact_gone(contact)
        self.router.contact_gone(contact)

    @rule(seconds=st.sampled_from([0.5, 7.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    # ------------------------------------------------------------ what is decided

    @precondition(lambda self: self.oracle.waiting)
    @rule(data=st.data(), offers=st.integers(0, 3))
    def contact_looks_for_an_agent(self, data: st.DataObject, offers: int) -> None:
        contact = data.draw(st.sampled_from(sorted(self.oracle.waiting)))
        # Of those who could be chosen, so that it matters.
        some = sorted(self.oracle.available) or sorted(self.plan.agents)
        tried = tuple(data.draw(st.lists(st.sampled_from(some), max_size=3, unique=True)))
        wish = self.oracle.waiting[contact]
        expected = self.oracle.best_agent(contact, wish.need, wish.priority, offers, tried)
        chosen = self.router.best_agent(contact, wish.need, wish.priority, offers=offers, tried=tried)
        assert (chosen.rank if chosen is not None else None) == expected
        assert chosen is None or chosen.id == chosen.rank[-1]

    @precondition(lambda self: self.oracle.available)
    @rule(data=st.data(), take=st.booleans())
    def agent_looks_for_a_contact(self, data: st.DataObject, take: bool) -> None:  # noqa: FBT001 - drawn
        agent = data.draw(st.sampled_from(sorted(self.oracle.available)))
        expected = self.oracle.best_contact(agent, self.now)
        chosen = self.router.best_contact(agent, self.now)
        assert (chosen.rank if chosen is not None else None) == expected
        if chosen is not None and take:
            self._take(agent, ContactId(chosen.id))

    def _take(self, agent: AgentId, contact: ContactId) -> None:
        wish = self.oracle.waiting[contact]
        for other, theirs in self.oracle.waiting.items():
            alike = (theirs.need, theirs.priority) == (wish.need, wish.priority)
            assert not alike or (theirs.since, other) >= (wish.since, contact), f"{contact} overtook {other}"
        self._gone(contact)
        self.assigned[contact] = (agent, wish.need.medium)
        self._available(self.oracle.available[agent]._replace(load=self._load(agent)))  # type: ignore[arg-type]
        for capacity in self._capacity(agent):
            assert self._load(agent).count(capacity.medium) <= capacity.most, f"{agent} has too much"

    @precondition(lambda self: self.assigned)
    @rule(data=st.data())
    def conversation_ends(self, data: st.DataObject) -> None:
        agent, _ = self.assigned.pop(data.draw(st.sampled_from(sorted(self.assigned))))
        if agent in self.oracle.available:
            self._available(self.oracle.available[agent]._replace(load=self._load(agent)))  # type: ignore[arg-type]

    @precondition(lambda self: self.oracle.available)
    @rule()
    def everybody_is_served(self) -> None:
        """Match as the engine does until nothing more can be done; then nobody waits in vain."""
        for agent in sorted(self.oracle.available):
            while (chosen := self.router.best_contact(agent, self.now)) is not None:
                contact = ContactId(chosen.id)
                wish = self.oracle.waiting[contact]
                best = self.router.best_agent(contact, wish.need, wish.priority)
                assert best is not None, "a contact whom an agent may take has nobody"
                self._take(AgentId(best.id), contact)
        for contact, wish in self.oracle.waiting.items():
            able = [a for a in self.oracle.available if self.oracle.may(a, wish.need, wish.priority) is not None]
            assert not able, f"{contact} waits though {able} may take it"

    @precondition(lambda self: self.plan.reservations)
    @rule(data=st.data(), idle_since=times)
    def one_more_agent_loosens_what_was_kept(self, data: st.DataObject, idle_since: float) -> None:
        """After everybody was served, one agent more: only that one and those named may have become of use."""
        self.everybody_is_served()
        away = [agent for agent in sorted(self.plan.agents) if agent not in self.oracle.available]
        if not away:
            return
        agent = data.draw(st.sampled_from(away))
        self._available(AgentFacts(agent, idle_since, load=self._load(agent)))  # type: ignore[arg-type]
        if self.router.best_contact(agent, self.now) is not None:
            return
        others = self.router.freed_elsewhere(agent)
        lines = {self.plan.agents[o].skills for o in others}
        for other in self.oracle.available:
            if self.plan.agents[other].skills not in lines:
                assert self.router.best_contact(other, self.now) is None, f"{other} is of use and nobody says so"

    # ------------------------------------------------------------ what always holds

    @invariant()
    def the_first_few_are_decided_as_by_somebody_who_looks_at_everybody(self) -> None:
        if not hasattr(self, "router"):
            return
        for contact, wish in list(self.oracle.waiting.items())[-3:]:
            chosen = self.router.best_agent(contact, wish.need, wish.priority)
            expected = self.oracle.best_agent(contact, wish.need, wish.priority, 0, ())
            assert (chosen.rank if chosen is not None else None) == expected
            if chosen is not None:
                passed = (AgentId(chosen.id),)
                second = self.router.best_agent(contact, wish.need, wish.priority, tried=passed)
                assert second is not None
                assert second.rank == self.oracle.best_agent(contact, wish.need, wish.priority, 0, passed)
        for agent in list(self.oracle.available)[:3]:
            found = self.router.best_contact(agent, self.now)
            assert (found.rank if found is not None else None) == self.oracle.best_contact(agent, self.now)
            for wish in list(self.oracle.waiting.values())[-3:]:
                may = self.oracle.may(agent, wish.need, wish.priority) is not None
                assert self.router.may_take(agent, wish.need, wish.priority) is may

    @invariant()
    def the_index_is_what_one_made_anew_would_be(self) -> None:
        if not hasattr(self, "router"):
            return
        anew = Router(self.plan)
        for facts in self.oracle.available.values():
            anew.agent_available(facts)
        for contact, wish in self.oracle.waiting.items():
            anew.contact_waiting(contact, wish.need, wish.priority, wish.since)
        assert self.router.snapshot() == anew.snapshot()
        for queue in QUEUES:
            assert self.router.waiting(queue) == sum(w.need.queue == queue for w in self.oracle.waiting.values())


TestExchange = Exchange.TestCase
TestExchange.settings = settings(
    max_examples=EXAMPLES or 100,
    stateful_step_count=100 if EXAMPLES else 50,
    deadline=None,
    derandomize=not EXAMPLES,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
