"""One replication: the live engine's router and trunk, a heap of what happens next, and a virtual clock.

Decides only what time brings: who arrives, gives up, finishes, comes to work and goes. Who takes whom, and whether a
line is free, the engine's own functions decide.
"""

from __future__ import annotations

from dataclasses import replace
from heapq import heappop, heappush
from math import inf
from typing import Any, TypeAlias

from acd.domain.flow import QueueNode
from acd.domain.ids import ContactId, FlowId, NodeId
from acd.domain.limits import ToQueue
from acd.domain.plan import QueuePlan
from acd.engine import limits, places, relaxing, trunks, wrapup
from acd.engine.arrival import MOST_HOPS
from acd.engine.matching.facts import AgentFacts, Requirement
from acd.engine.matching.matcher import need_of
from acd.engine.matching.router import Router
from acd.engine.state import Position, Waiting
from acd.settings.own_policies import policies_for
from acd.sim.arrivals import Arrival, arrivals
from acd.sim.model import Model
from acd.sim.people import Caller, Team, Worker
from acd.sim.tally import Tally

_STAFF, _LINE, _QUEUE, _RELAX, _MOVE, _ABANDON, _TALKED, _FREE = range(8)
"""What happens. At the same moment in this order: people come to work before callers come to the queue."""


_NOWHERE = Position(FlowId(""), NodeId(""))
"""No flow led a simulated contact to its queue."""
_Happening: TypeAlias = tuple[float, int, int, Any, Any]
"""When, what, a number that keeps the order of planning, and who."""


class Replication:
    """One run, from the first arrival to the end of the last contact."""

    def __init__(self, model: Model, seed: int, number: int) -> None:
        self._model = model
        self._arrivals = arrivals(model, seed, number)
        self._tally = Tally(model)
        self._router = Router(model.plan, policies_for(model.plan))
        self._counted_from = model.start_s + model.warm_up_s
        self._centre = limits.Centre(self._router.waiting, self._served, lambda _queue, _requires: None)
        self._reserved = bool(model.plan.reservations)
        self._capacity = inf if model.capacity is None else model.capacity
        self._now = model.start_s
        self._lines = 0
        """Channels of the trunk in use."""
        self._open = 0
        """Contacts on the line, and those that have left an agent with work to finish."""
        self._planned = 0
        self._contacts = 0
        self._offers = 0
        self._waiting: dict[str, Caller] = {}
        self._teams = [Team(crew) for crew in model.crews]
        self._workers: dict[str, Worker] = {worker.id: worker for team in self._teams for worker in team.workers}
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

    def _at(self, time: float, what: int, who: Team | Caller | None, detail: float | Worker | None = None) -> None:
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
        elif what in {_MOVE, _RELAX}:
            # Another queue has timers of its own.
            if who.id in self._waiting and who.places == detail:
                self._now = time
                (self._move if what == _MOVE else self._relax)(who)
        elif what == _STAFF:
            self._now = time
            self._staff(who, detail)
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
        contact = Caller(self._contacts, self._model.kinds[number], cell, service, patience)
        if ivr:
            self._at(at + ivr, _QUEUE, contact)
        else:
            self._seek(contact)

    def _seek(self, contact: Caller) -> None:
        """Find an agent, or wait."""
        kind, now = contact.kind, self._now
        contact.since = now
        if kind.node is not None:
            self._enter(contact, kind.node)
            return
        chosen = self._router.best_agent(contact.id, kind.need, kind.priority)
        if chosen is not None:
            self._connect(self._workers[chosen.id], contact)
            return
        self._router.contact_waiting(contact.id, kind.need, kind.priority, now)
        self._wait(contact)

    def _wait(self, contact: Caller) -> None:
        self._waiting[contact.id] = contact
        if contact.patience < inf:
            self._at(contact.since + contact.patience, _ABANDON, contact)

    def _abandon(self, contact: Caller) -> None:
        self._leave_queue(contact)
        if contact.cell is not None:
            contact.cell.left.append(self._now - contact.since)

    def _leave_queue(self, contact: Caller) -> None:
        """Go without an agent."""
        if self._waiting.pop(contact.id, None) is not None:
            self._router.contact_gone(contact.id)
        self._lines -= 1
        self._open -= 1

    # ------------------------------------------------------------ queues of a deployment

    def _enter(self, contact: Caller, node: QueueNode) -> None:
        """Come into a queue, or where its limits lead, or into the one behind it; without a place the contact goes."""
        plan, language = self._model.plan, contact.kind.language
        asked, to = node, None
        for _ in range(MOST_HOPS):
            turned = limits.door(plan, language, asked, self._centre)
            if turned is None:
                found = places.enter(plan, node, language, self._now, _NOWHERE, self._router.waiting, to)
                if found is not None and not self._settle(contact, found[0], found[1].queue):
                    self._wait(contact)
                if found is not None:
                    return
                break
            if not isinstance(turned.to, ToQueue):
                break
            to = turned.to
            asked = replace(node, queue=to.queue, requires=())
        self._divert(contact)

    def _served(self, need: Requirement, who: limits.Who) -> bool:
        """Tell whether somebody is at work who could serve this, and free if that is asked."""
        for team in self._teams:
            for worker in team.workers:
                if worker.present and not (who == "available" and worker.busy):
                    if not isinstance(self._router.fit_of(worker.id, need), str):
                        return True
                    break
        return False

    def _move(self, contact: Caller) -> None:
        """The contact has waited in its queue as long as anybody may."""
        plan, language, waiting = self._model.plan, contact.kind.language, contact.waiting
        assert waiting is not None  # noqa: S101 - only such a contact has this timer
        queue = plan.queues[waiting.queue]
        to = queue.limits.wait_to if queue.limits is not None else None
        found: tuple[Waiting, places.Place] | None = None
        if isinstance(to, ToQueue) and to.queue in plan.queues:
            found = places.into(plan, language, waiting, plan.queues[to.queue], to)
        elif to is None:
            found = places.onward(plan, language, waiting, self._router.waiting)
        if found is None:
            self._divert(contact)
            return
        moved, place = found
        self._settle(contact, moved, place.queue)

    def _settle(self, contact: Caller, waiting: Waiting, queue: QueuePlan) -> bool:
        """Seek an agent in a queue the contact came into; tell whether there was one."""
        contact.places += 1
        if self._seek_as(contact, *relaxing.due(waiting, queue, self._now)):
            return True
        longest = places.longest_wait(queue, contact.kind.language)
        if longest is not None:
            self._at(self._now + longest, _MOVE, contact, contact.places)
        return False

    def _relax(self, contact: Caller) -> None:
        """Ask for less: a step's time has come."""
        assert contact.waiting is not None  # noqa: S101 - only such a contact has this timer
        queue = self._model.plan.queues[contact.waiting.queue]
        self._seek_as(contact, *relaxing.due(contact.waiting, queue, self._now, 1))

    def _seek_as(self, contact: Caller, waiting: Waiting, next_s: float | None) -> bool:
        """Seek an agent for a contact that asks for this now, and for less in so many seconds."""
        contact.waiting = waiting
        need = need_of(waiting)
        chosen = self._router.best_agent(contact.id, need, waiting.priority)
        if chosen is not None:
            if self._waiting.pop(contact.id, None) is not None:
                self._router.contact_gone(contact.id)
            self._connect(self._workers[chosen.id], contact)
            return True
        self._router.contact_waiting(contact.id, need, waiting.priority, waiting.since)
        if next_s is not None:
            self._at(self._now + next_s, _RELAX, contact, contact.places)
        return False

    def _divert(self, contact: Caller) -> None:
        self._leave_queue(contact)
        if contact.cell is not None:
            contact.cell.diverted.append(self._now - contact.since)

    # ------------------------------------------------------------ conversations

    def _connect(self, worker: Worker, contact: Caller) -> None:
        now, plan, waiting = self._now, self._model.plan, contact.waiting
        wrap_up = wrapup.length(plan, plan.queues[waiting.queue], worker.id) if waiting is not None else 0.0
        contact.wrap_up = wrap_up
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

    def _free(self, contact: Caller, worker: Worker) -> None:
        """The contact and its wrap-up are over."""
        now, team = self._now, worker.team
        if not contact.wrap_up:
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

    def _available(self, worker: Worker) -> None:
        """Take the contact the router chooses, or be idle."""
        now, router = self._now, self._router
        here = now - worker.shift_since
        occupancy = worker.busy_s / here if here > 0.0 else 0.0
        router.agent_available(AgentFacts(worker.id, now, worker.contacts, occupancy, worker.last_offer))
        if self._reserved:
            self._serve(worker)
            return
        chosen = router.best_contact(worker.id, now)
        if chosen is not None:
            router.contact_gone(ContactId(chosen.id))
            self._connect(worker, self._waiting.pop(chosen.id))

    def _serve(self, worker: Worker) -> None:
        """Where agents are kept in reserve, one who comes free may make others available, and better ones."""
        for agent in (worker.id, *self._router.freed_elsewhere(worker.id)):
            while (chosen := self._router.best_contact(agent, self._now)) is not None:
                contact = self._waiting[chosen.id]
                waiting, kind = contact.waiting, contact.kind
                need, priority = (need_of(waiting), waiting.priority) if waiting else (kind.need, kind.priority)
                best = self._router.best_agent(contact.id, need, priority)
                if best is None:
                    break
                del self._waiting[contact.id]
                self._router.contact_gone(contact.id)
                self._connect(self._workers[best.id], contact)

    def _staff(self, team: Team, count: int) -> None:
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

    def _leave(self, worker: Worker) -> None:
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
