"""One event's work: the state being changed, the time it happened and the commands so far.

Helpers that every desk needs (timers, agents, contacts) and nothing that decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from acd.domain.commands import CancelTimer, Command, Ignored, StartTimer, TelephonyCommand
from acd.domain.copies import replace
from acd.domain.decision import Outcome
from acd.domain.ids import AgentId, ContactId, TimerKey
from acd.domain.plan import Plan
from acd.engine import kpi
from acd.engine.ivr.scene import Evaluator, no_evaluator
from acd.engine.matching import Matcher
from acd.engine.state import Agent, Contact, EngineState, Offer, Phase, Timer


class Chosen(NamedTuple):
    """An agent was chosen for a contact, before anything was changed for it."""

    contact: ContactId
    agent: AgentId
    plan: Plan
    agents: int
    """Changes of agents before it, see ``Turn.agents_were``."""
    contacts: int


class Over(NamedTuple):
    """An offer ended."""

    contact: ContactId
    offer: Offer
    outcome: Outcome


class Turn:
    """Made anew for each event; ``out`` holds the commands in the order to be carried out.

    What was before each change is kept, in order, so that a choice can be explained afterwards as of its own moment:
    every change of an agent or a contact has to pass here.
    """

    __slots__ = (
        "agents_were",
        "at",
        "contacts_were",
        "evaluate",
        "hops",
        "matcher",
        "offers",
        "out",
        "plan",
        "plan_changed",
        "state",
    )

    def __init__(
        self, state: EngineState, plan: Plan, matcher: Matcher, at: float, evaluate: Evaluator = no_evaluator
    ) -> None:
        self.state = state
        self.plan = plan
        self.matcher = matcher
        self.at = at
        self.evaluate = evaluate
        self.hops = 0
        """How often limits sent contacts on within this event."""
        self.plan_changed = False
        self.out: list[Command] = []
        self.agents_were: list[tuple[AgentId, Agent | None]] = []
        self.contacts_were: list[tuple[ContactId, Contact | None]] = []
        self.offers: list[Chosen | Over] = []

    def do(self, *commands: TelephonyCommand | Command) -> None:
        """Order commands."""
        self.out.extend(commands)

    def ignore(self, event: object, reason: str) -> None:
        """Note that an event changed nothing."""
        self.out.append(Ignored(getattr(event, "kind", type(event).__name__), reason))

    def start_timer(self, key: str, seconds: float) -> None:
        """Start a timer, in place of any earlier one of that key."""
        self.state.generation += 1
        timer = Timer(self.state.generation, self.at + seconds)
        self.state.timers[TimerKey(key)] = timer
        self.out.append(StartTimer(TimerKey(key), timer.generation, timer.due))

    def cancel_timer(self, key: str) -> None:
        """Forget a timer if it runs."""
        if self.state.timers.pop(TimerKey(key), None) is not None:
            self.out.append(CancelTimer(TimerKey(key)))

    # Only what follows writes contacts and agents: the matcher hears of every change.

    def put(self, contact: Contact) -> Contact:
        """Keep a changed contact."""
        if self.plan.pbxs and contact.cut is self.state.links(self.plan.pbx_of(contact.id)).ari:
            contact = replace(contact, cut=not contact.cut)
        contacts = self.state.contacts
        self.contacts_were.append((contact.id, contacts.get(contact.id)))
        contacts[contact.id] = contact
        self.matcher.contact_changed(contact)
        return contact

    def to_phase(self, contact: Contact, phase: Phase) -> Contact:
        """Keep a contact in another phase."""
        return self.put(replace(contact, phase=phase))

    def drop(self, contact_id: ContactId) -> None:
        """Forget a contact."""
        self.contacts_were.append((contact_id, self.state.contacts.pop(contact_id)))
        self.matcher.contact_dropped(contact_id)

    def use(self, plan: Plan) -> None:
        """Go on with another plan."""
        self.plan = self.state.plan = plan
        self.plan_changed = True
        self.matcher = Matcher(self.state, self.matcher.policies)

    def contact(self, contact_id: ContactId) -> Contact | None:
        """Look up a live contact."""
        return self.state.contacts.get(contact_id)

    def put_agent(self, agent: Agent) -> Agent:
        """Keep a changed agent."""
        if self.plan.pbxs:
            links = self.state.links(self.plan.pbx_of_agent(agent.id))
            if agent.cut is links.ari or agent.lost is not links.lost:
                agent = replace(agent, cut=not links.ari, lost=links.lost)
        agents = self.state.agents
        self.agents_were.append((agent.id, agents.get(agent.id)))
        agents[agent.id] = agent
        self.matcher.agent_changed(agent)
        return agent

    def change_agent(self, agent_id: AgentId, change: Callable[[Agent], Agent]) -> Agent | None:
        """Apply a transition to an agent that exists."""
        agent = self.state.agents.get(agent_id)
        return None if agent is None else self.put_agent(change(agent))

    def drop_agent(self, agent_id: AgentId) -> None:
        """Forget an agent."""
        self.agents_were.append((agent_id, self.state.agents.pop(agent_id)))
        self.matcher.agent_dropped(agent_id)

    def chosen(self, contact_id: ContactId, agent_id: AgentId) -> None:
        """Note a choice; to be called before the first change it makes."""
        self.offers.append(Chosen(contact_id, agent_id, self.plan, len(self.agents_were), len(self.contacts_were)))

    def offer_over(self, contact_id: ContactId, offer: Offer, outcome: Outcome) -> None:
        """Count and note how an offer ended."""
        self.state.figures = kpi.count_offer(self.state.figures, outcome)
        self.offers.append(Over(contact_id, offer, outcome))
