"""One event's work: the state being changed, the time it happened and the commands so far.

Helpers that every desk needs (timers, agents, contacts) and nothing that decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from acd.domain.commands import CancelTimer, Command, Ignored, StartTimer, TelephonyCommand
from acd.domain.ids import AgentId, ContactId, TimerKey
from acd.domain.plan import Plan
from acd.engine.matching import Matcher
from acd.engine.state import Agent, Contact, EngineState, Phase, Timer


class Turn:
    """Made anew for each event; ``out`` holds the commands in the order to be carried out."""

    __slots__ = ("at", "matcher", "out", "plan", "state")

    def __init__(self, state: EngineState, plan: Plan, matcher: Matcher, at: float) -> None:
        self.state = state
        self.plan = plan
        self.matcher = matcher
        self.at = at
        self.out: list[Command] = []

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

    def put(self, contact: Contact) -> Contact:
        """Keep a changed contact."""
        self.state.contacts[contact.id] = contact
        return contact

    def to_phase(self, contact: Contact, phase: Phase) -> Contact:
        """Keep a contact in another phase."""
        return self.put(replace(contact, phase=phase))

    def contact(self, contact_id: ContactId) -> Contact | None:
        """Look up a live contact."""
        return self.state.contacts.get(contact_id)

    def change_agent(self, agent_id: AgentId, change: Callable[[Agent], Agent]) -> Agent | None:
        """Apply a transition to an agent that exists."""
        agent = self.state.agents.get(agent_id)
        if agent is None:
            return None
        changed = change(agent)
        self.state.agents[agent_id] = changed
        return changed
