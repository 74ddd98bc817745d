"""One replication: the live engine's router and trunk, a heap of what happens next, and a virtual clock.

Decides only what time brings: who arrives, gives up, finishes, comes to work and goes. Who takes whom, and whether a
line is free, the engine's own functions decide. Plain slotted objects stand for contacts and agents, because a day has
thousands of each; nothing here outlives its replication.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf
from typing import Any, TypeAlias

from acd.domain.ids import AgentId, ContactId
from acd.domain.plan import Plan
from acd.engine import trunks
from acd.engine.matching.facts import AgentFacts, Requirement
from acd.engine.matching.requirement import relaxed
from acd.engine.matching.router import Router
from acd.sim.arrivals import Arrival, arrivals
from acd.sim.model import Crew, Kind, Model
from acd.sim.tally import Cell, Tally

_STAFF, _LINE, _QUEUE, _RELAX, _ABANDON, _TALKED, _FREE = range(7)
"""What happens. At the same moment in this order: people come to work before callers come to the queue."""


class _Team:
    """A crew at work."""

    __slots__ = ("busy_s", "name", "staffed_s", "surplus", "workers", "working")

    def __init__(self, crew: Crew) -> None:
        self.name = crew.name
        self.workers = [_Worker(agent, self) for agent in crew.members]
        self.working = 0
        """At work, those who leave when they finish included."""
        self.surplus = 0
        """How many of those who are busy leave when they finish."""
        self.busy_s = 0.0
        self.staffed_s = 0.0


class _Worker:
    """An agent. ``contact`` is the one in hand, its wrap-up included."""

    __slots__ = ("busy", "busy_s", "contacts", "id", "last_offer", "present", "shift_since", "since", "team")

    def __init__(self, agent: AgentId, team: _Team) -> None:
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


class _Contact:
    """A contact in progress; ``cell`` is None for one that is not counted."""

    __slots__ = ("cell", "id", "kind", "patience", "service", "since")

    def __init__(self, number: int, kind: Kind, cell: Cell | None, service: float, patience: float) -> None:
        self.id = ContactId(f"{number:08d}")
        self.kind = kind
        self.cell = cell
        self.service = service
        self.patience = patience
        self.since = 0.0
        """When it began to wait."""


_Happening: TypeAlias = tuple[float, int, int, Any, Any]
"""When, what, a number that keeps the order of planning, and who."""


class Replication:
    """One run, from the first arrival to the end of the last contact."""

    def __init__(self, model: Model, seed: int, number: int) -> None:
        self._model = model
        self._arrivals = arrivals(model, seed, number)
        self._tally = Tally(model)
        self._router = Router(model.plan)
        self._counted_from = model.start_s + model.warm_up_s
        self._capacity = inf if model.capacity is None else model.capacity
        self._now = model.start_s
        self._lines = 0
        """Channels of the trunk in use."""
        self._open = 0
        """Contacts on the line, and those that have left an agent with work to finish."""
        self._planned = 0
        self._contacts = 0
        self._offers = 0
        self._waiting: dict[str, _Contact] = {}
        self._teams = [_Team(crew) for crew in model.crews]
        self._workers: dict[str, _Worker] = {worker.id: worker for team in self._teams for worker in team.workers}
        self._relaxed = {kind.name: _relaxations(model.plan, kind) for kind in model.kinds}
        self._heap: list[_Happening] = []
        for team, crew in zip(self._teams, model.crews, strict=True):
            for at, count in crew.staffing:
                self._at(at, _STAFF, team, count)
        for at, seconds in model.lines:
            self._at(at, _LINE, None, seconds)

    def run(self) -> Tally:
        """Run until nobody is on the line and nobody is busy."""
        heap, happen = self._heap, self._happen
        for arrival in self._arrivals:
            at = arrival[0]
            while heap and heap[0][0] <= at:
                happen(heappop(heap))
            self._now = at
            self._arrive(arrival)
        while heap and self._open:
            happen(heappop(heap))
        self._close()
        return self._tally

    # ------------------------------------------------------------ the clock

    def _at(self, time: float, what: int, who: _Team | _Contact | None, detail: float | _Worker | None = None) -> None:
        self._planned += 1
        heappush(self._heap, (time, what, self._planned, who, detail))

    def _happen(self, event: _Happening) -> None:
        time, what, _, who, detail = event
        if what == _FREE:
            self._now = time
            self._free(who, detail)
        elif what == _ABANDON:
            # Most who might have given up were answered meanwhile; the clock must not stand where nothing happened.
            if who.id in self._waiting:
                self._now = time
                self._abandon(who)
        elif what == _TALKED:
            self._now = time
            self._lines -= 1
        elif what == _QUEUE:
            self._now = time
            self._seek(who)
        elif what == _STAFF:
            self._now = time
            self._staff(who, detail)
        elif what == _RELAX:
            if who.id in self._waiting:
                self._now = time
                self._relax(who, detail)
        elif trunks.fits(self._lines, self._capacity):
            self._now = time
            self._lines += 1
            self._at(time + detail, _TALKED, None)

    # ------------------------------------------------------------ contacts

    def _arrive(self, arrival: Arrival) -> None:
        at, number, period, service, patience, ivr = arrival
        cell = self._tally.cells[number][period] if at >= self._counted_from else None
        if cell is not None:
            cell.offered += 1
        if not trunks.fits(self._lines, self._capacity):
            if cell is not None:
                cell.blocked += 1
            return
        self._lines += 1
        self._open += 1
        self._contacts += 1
        contact = _Contact(self._contacts, self._model.kinds[number], cell, service, patience)
        if ivr:
            self._at(at + ivr, _QUEUE, contact)
        else:
            self._seek(contact)

    def _seek(self, contact: _Contact) -> None:
        """Find an agent, or wait."""
        kind, now = contact.kind, self._now
        contact.since = now
        chosen = self._router.best_agent(contact.id, kind.need, kind.priority)
        if chosen is not None:
            self._connect(self._workers[chosen.id], contact)
            return
        self._waiting[contact.id] = contact
        self._router.contact_waiting(contact.id, kind.need, kind.priority, now)
        if contact.patience < inf:
            self._at(now + contact.patience, _ABANDON, contact)
        for number, (after_s, _) in enumerate(self._relaxed[kind.name]):
            self._at(now + after_s, _RELAX, contact, number)

    def _relax(self, contact: _Contact, number: int) -> None:
        """Ask for less after a while, as the live queue does."""
        kind, router = contact.kind, self._router
        _, need = self._relaxed[kind.name][number]
        chosen = router.best_agent(contact.id, need, kind.priority)
        if chosen is None:
            router.contact_waiting(contact.id, need, kind.priority, contact.since)
            return
        router.contact_gone(contact.id)
        del self._waiting[contact.id]
        self._connect(self._workers[chosen.id], contact)

    def _abandon(self, contact: _Contact) -> None:
        del self._waiting[contact.id]
        self._router.contact_gone(contact.id)
        self._lines -= 1
        self._open -= 1
        if contact.cell is not None:
            contact.cell.left.append(self._now - contact.since)

    def _connect(self, worker: _Worker, contact: _Contact) -> None:
        now, wrap_up = self._now, contact.kind.wrap_up_s
        self._router.agent_unavailable(worker.id)
        self._offers += 1
        worker.last_offer = self._offers
        worker.busy = True
        worker.since = now
        if contact.cell is not None:
            contact.cell.served.append(now - contact.since)
        if wrap_up:
            self._at(now + contact.service, _TALKED, contact)
        self._at(now + contact.service + wrap_up, _FREE, contact, worker)

    def _free(self, contact: _Contact, worker: _Worker) -> None:
        """The contact and its wrap-up are over."""
        now, team = self._now, worker.team
        if not contact.kind.wrap_up_s:
            self._lines -= 1
        self._open -= 1
        worker.busy = False
        worker.contacts += 1
        worker.busy_s += now - worker.since
        team.busy_s += self._counted(worker.since, now)
        if team.surplus:
            team.surplus -= 1
            self._leave(worker)
        else:
            self._available(worker)

    # ------------------------------------------------------------ agents

    def _available(self, worker: _Worker) -> None:
        """Take the contact the router chooses, or be idle."""
        now, router = self._now, self._router
        here = now - worker.shift_since
        occupancy = worker.busy_s / here if here > 0.0 else 0.0
        router.agent_available(AgentFacts(worker.id, now, worker.contacts, occupancy, worker.last_offer))
        chosen = router.best_contact(worker.id, now)
        if chosen is not None:
            router.contact_gone(ContactId(chosen.id))
            self._connect(worker, self._waiting.pop(chosen.id))

    def _staff(self, team: _Team, count: int) -> None:
        """Have so many at work. Who is idle goes first; who is busy finishes before."""
        missing = count - (team.working - team.surplus)
        stay = min(max(missing, 0), team.surplus)
        team.surplus -= stay
        missing -= stay
        for worker in team.workers:
            if missing <= 0:
                break
            if not worker.present:
                missing -= 1
                team.working += 1
                worker.present = True
                worker.shift_since = self._now
                worker.busy_s = 0.0
                self._available(worker)
        for worker in reversed(team.workers):
            if missing >= 0:
                break
            if worker.present and not worker.busy:
                missing += 1
                self._leave(worker)
        team.surplus -= min(missing, 0)

    def _leave(self, worker: _Worker) -> None:
        worker.present = False
        worker.team.working -= 1
        self._router.agent_unavailable(worker.id)
        worker.team.staffed_s += self._counted(worker.shift_since, self._now)

    def _counted(self, since: float, until: float) -> float:
        """Seconds of a time that count for the occupancy: those after the warm-up, the drain included."""
        since = max(since, self._counted_from)
        return until - since if until > since else 0.0

    def _close(self) -> None:
        """Staffing stays until the last contact is served, or the last period is over."""
        until = max(self._now, self._model.end_s)
        for team in self._teams:
            for worker in team.workers:
                if worker.present:
                    team.staffed_s += self._counted(worker.shift_since, until)
        self._tally.teams = [(team.busy_s, team.staffed_s) for team in self._teams]


def _relaxations(plan: Plan, kind: Kind) -> tuple[tuple[float, Requirement], ...]:
    """What a kind asks for after each step of its queue's relaxation, and when."""
    queue = plan.queues.get(kind.need.queue)
    need, steps = kind.need, []
    for step in queue.relaxation if queue is not None else ():
        need = relaxed(need, step)
        steps.append((step.after_s, need))
    return tuple(steps)
