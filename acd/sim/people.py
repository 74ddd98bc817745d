"""The people of one replication: crews, agents and contacts, as plain slotted objects that change.

Decides nothing; the loop changes them. Frozen values would cost more than everything else a simulated contact costs.
"""

from __future__ import annotations

from acd.domain.ids import AgentId, ContactId
from acd.engine.state import Waiting
from acd.sim.model import Crew, Kind
from acd.sim.tally import Cell


class Team:
    """A crew at work."""

    __slots__ = ("busy_s", "name", "staffed_s", "surplus", "workers", "working")

    def __init__(self, crew: Crew) -> None:
        self.name = crew.name
        self.workers = [Worker(agent, self) for agent in crew.members]
        self.working = 0
        """At work, those who leave when they finish included."""
        self.surplus = 0
        """How many of those who are busy leave when they finish."""
        self.busy_s = 0.0
        self.staffed_s = 0.0


class Worker:
    """An agent. ``contact`` is the one in hand, its wrap-up included."""

    __slots__ = ("busy", "busy_s", "contacts", "id", "last_offer", "present", "shift_since", "since", "team")

    def __init__(self, agent: AgentId, team: Team) -> None:
        self.id = agent
        self.team = team
        self.present = False
        self.busy = False
        self.since = 0.0
        """When the contact in hand began."""
        self.shift_since = 0.0
        self.busy_s = 0.0
        """Spent on contacts in this shift."""
        self.contacts = 0
        self.last_offer = 0


class Caller:
    """A contact in progress; ``cell`` is None for one that is not counted."""

    __slots__ = ("cell", "id", "kind", "patience", "places", "service", "since", "waiting", "wrap_up")

    def __init__(self, number: int, kind: Kind, cell: Cell | None, service: float, patience: float) -> None:
        self.id = ContactId(f"{number:08d}")
        self.kind = kind
        self.cell = cell
        self.service = service
        self.patience = patience
        self.since = 0.0
        """When it began to wait."""
        self.waiting: Waiting | None = None
        """As the live engine keeps it; only of a contact that comes to a deployment's queue."""
        self.places = 0
        """Queues it came into."""
        self.wrap_up = 0.0
