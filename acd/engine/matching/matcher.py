"""The matcher: a router that follows the engine's state. Made of the state alone, so it needs no place in a snapshot.

``Turn`` tells it of every contact and agent that changed, and nobody else writes those; after a restart and with a new
plan it is made anew, which gives the same as having followed.
"""

from __future__ import annotations

from acd.domain.ids import AgentId, ContactId, QueueId
from acd.domain.plan import Plan
from acd.engine.matching.facts import AgentFacts, Choice, Requirement
from acd.engine.matching.guards import available
from acd.engine.matching.headcount import AtWork, Headcount
from acd.engine.matching.policies import STANDARD, Policies
from acd.engine.matching.requirement import needs_of
from acd.engine.matching.router import Router
from acd.engine.state import Agent, Contact, EngineState, Waiting


def need_of(waiting: Waiting) -> Requirement:
    """What a waiting contact asks for now."""
    return Requirement(
        waiting.queue,
        waiting.requires,
        waiting.prefers,
        waiting.tier,
        waiting.helpers,
        waiting.medium,
        waiting.named,
    )


def facts_of(agent: Agent) -> AgentFacts:
    """What a policy may know of an available agent."""
    since = agent.work.since
    logged_in = since - agent.logged_in_at
    occupancy = agent.worked_s / logged_in if logged_in > 0 else 0.0
    return AgentFacts(agent.id, since, agent.contacts, occupancy, agent.last_offer)


class Matcher:
    """The index of who is available and who waits."""

    def __init__(self, state: EngineState, policies: Policies = STANDARD) -> None:
        self._state = state
        self.policies = policies
        self._lengths: dict[QueueId, int] = {}
        self._away: dict[QueueId, int] = {}
        """Of these, who is not on the line."""
        self._queued: dict[ContactId, tuple[QueueId, bool]] = {}
        self._latest: tuple[Waiting, Requirement] | None = None
        """What the contact that changed last asks for: it is the one an agent is looked for next."""
        self.router = Router(state.plan or EMPTY, policies)
        self._headcount = Headcount(self.router.group_of)
        if state.plan is not None:
            for need in needs_of(state.plan):
                self.router.prepare(need)
        for agent in state.agents.values():
            self.agent_changed(agent)
        for contact in state.contacts.values():
            self.contact_changed(contact)

    # ------------------------------------------------------------ what changed

    def agent_changed(self, agent: Agent) -> None:
        """Follow an agent."""
        self._headcount.note(agent)
        if available(agent):
            self.router.agent_available(facts_of(agent))
        else:
            self.router.agent_unavailable(agent.id)

    def agent_dropped(self, agent: AgentId) -> None:
        """Forget an agent."""
        self._headcount.forget(agent)
        self.router.agent_unavailable(agent)

    def contact_changed(self, contact: Contact) -> None:
        """Follow a contact."""
        phase = contact.phase
        if type(phase) is not Waiting:
            if contact.id in self._queued:
                self.contact_dropped(contact.id)
            return
        before, now = self._queued.get(contact.id), (phase.queue, contact.away)
        if before != now:
            if before is not None:
                self._count(*before, -1)
            self._queued[contact.id] = now
            self._count(*now, 1)
        if not phase.offers and not contact.cut:
            need = need_of(phase)
            self._latest = (phase, need)
            self.router.contact_waiting(contact.id, need, phase.priority, phase.since)
        else:
            self.router.contact_gone(contact.id)

    def contact_dropped(self, contact: ContactId) -> None:
        """Forget a contact."""
        before = self._queued.pop(contact, None)
        if before is not None:
            self._count(*before, -1)
            self.router.contact_gone(contact)

    def _count(self, queue: QueueId, away: bool, by: int) -> None:  # noqa: FBT001 - of a pair
        self._lengths[queue] = self._lengths.get(queue, 0) + by
        if away:
            self._away[queue] = self._away.get(queue, 0) + by

    # ------------------------------------------------------------ decisions

    def on_line(self, queue: QueueId) -> int:
        """How many wait in a queue on the line, those being offered included; of others the place is kept."""
        return self._lengths.get(queue, 0) - self._away.get(queue, 0)

    def at_work(self, need: Requirement, who: AtWork) -> int:
        """How many agents could serve a requirement, were all of their contacts gone."""
        return self._headcount.count(need, who)

    def best_agent(self, contact: Contact) -> Choice | None:
        """Choose the agent for a waiting contact; None when nobody can take it now."""
        waiting = contact.phase
        if type(waiting) is not Waiting:
            return None
        latest = self._latest
        need = latest[1] if latest is not None and latest[0] is waiting else need_of(waiting)
        return self.router.best_agent(contact.id, need, waiting.priority, offers=contact.offers, tried=waiting.tried)

    def best_contact(self, agent: AgentId, at: float) -> Choice | None:
        """Choose the contact for an agent; None when the agent is not available or nobody waits for such an agent."""
        return self.router.best_contact(agent, at)

    def may_take(self, agent: AgentId, contact: Contact) -> bool:
        """Tell whether an agent, if available, may be offered a waiting contact now."""
        waiting = contact.phase
        return type(waiting) is Waiting and self.router.may_take(agent, need_of(waiting), waiting.priority)

    def freed_elsewhere(self, agent: AgentId) -> list[AgentId]:
        """Who else may be taken by more contacts now because this agent came free."""
        return self.router.freed_elsewhere(agent)

    def snapshot(self) -> object:
        """Everything that counts, to be compared with a matcher made anew."""
        counted = [{q: n for q, n in counts.items() if n} for counts in (self._lengths, self._away)]
        return *counted, self._headcount.snapshot(), self.router.snapshot()


EMPTY = Plan("", agents={}, queues={}, trunks={}, access_codes={}, calendars={}, flows={})
"""Before a plan is loaded there is nobody."""
