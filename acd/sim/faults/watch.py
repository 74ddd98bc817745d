"""What must not happen: looked at whenever something is ordered, now and then, at each death and at the end.

Decides what counts as a violation, by what is true in Asterisk and on disk beside what the engine believes. Changes
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd.domain.commands import AddToBridge, DestroyBridge, HangUp, Originate, TelephonyCommand
from acd.domain.events import CallArrived
from acd.domain.exits import Exit
from acd.domain.ids import OUR_BRIDGE_PREFIX, BridgeId, ContactId, LegId, contact_of_leg, is_customer_leg
from acd.domain.plan import Plan
from acd.domain.record import CallRecord
from acd.engine import matching, trunks
from acd.engine.state import EngineState, Free, InCall, Leaving, Offered, Talking, Waiting
from acd.ports import Row
from acd.sim.faults.accounts import Accounts
from acd.sim.faults.asterisk import Asterisk
from acd.sim.faults.channels import CONTEXT, Channel
from acd.sim.faults.clock import Scheduler
from acd.sim.faults.disk import Database
from acd.sim.faults.engine import Codecs, Life
from acd.sim.faults.people import Crowd
from acd.sim.faults.replaying import Replay
from acd.sim.faults.standing import Standing
from acd.sim.faults.verdicts import Verdicts

ORPHAN_S = 25.0
"""The same of what serves nobody; with the time until the next look here that is the promised half a minute."""
ALONE_S = 12.0
"""How much longer than the dead man's time a caller may stay with a dead engine: what was under way, and the look."""
PARTED_S = 10.0
LEAVE_S = 10.0
"""Until when a dead engine's callers have left."""


class Watch:
    """Looks."""

    def __init__(
        self,
        scheduler: Scheduler,
        asterisk: Asterisk,
        crowd: Crowd,
        database: Database,
        codecs: Codecs,
        plan: Plan,
        troubled: Callable[[], bool],
    ) -> None:
        self._plan = plan
        self._scheduler = scheduler
        self._asterisk = asterisk
        self._crowd = crowd
        self.verdicts = Verdicts(scheduler, troubled)
        self.accounts = Accounts(scheduler, asterisk, crowd, database, self.verdicts)
        self._standing = Standing(scheduler, self.verdicts)
        self._replay = Replay(codecs.state.decode, codecs.event.decode)
        self._places: dict[ContactId, float] = {}
        """Since when callers waited at the last death, as far as that was durable."""
        self._waited: dict[LegId, float] = {}
        """The same of those who may come back from Asterisk's own queue."""
        self._died_at: float | None = None
        """When the last engine that served died."""
        self._engine_at = 0.0
        """When an engine served last."""
        self._admitted: tuple[float, float] = (0.0, 0.0)
        """How many newcomers were let in of late, as far as they count, and when that was so."""

    def clock_told(self, life: Life, by_s: float) -> None:
        """An engine goes by another time from now on, and what it remembers was moved ``by_s``; or it begins."""
        self.accounts.clock_told(life)
        self._places = {contact: since + by_s for contact, since in self._places.items()}
        self._waited = {leg: since + by_s for leg, since in self._waited.items()}

    # ------------------------------------------------------------ when something is ordered

    def ordered(self, life: Life, command: TelephonyCommand) -> None:
        """The engine orders something."""
        self.verdicts.holds("only the active engine commands", f"{life.token} does", true=life.active())
        self.accounts.ordered(life, command)
        if not isinstance(command, Originate) or is_customer_leg(command.leg_id):
            return
        state = life.state
        self.verdicts.holds("no offer before Asterisk was looked at", command.leg_id, true=life.auditor.synced)
        self.verdicts.holds("no offer while draining", command.leg_id, true=not state.draining)
        contact = state.contacts.get(command.contact_id)
        self.verdicts.holds("rung for somebody who is there", command.leg_id, true=contact is not None)
        if contact is None or not isinstance(contact.phase, Waiting):
            return
        mine, need = contact.phase, matching.need_of(contact.phase)
        for other in state.contacts.values():
            phase = other.phase
            if isinstance(phase, Waiting) and not phase.offers and not other.away and matching.need_of(phase) == need:
                ahead = (-phase.priority, phase.since, other.id) < (-mine.priority, mine.since, contact.id)
                self.verdicts.holds("order among equals", f"{contact.id} is served before {other.id}", true=not ahead)

    def requested(self, command: TelephonyCommand) -> None:
        """A request is about to be carried out in Asterisk."""
        match command:
            case Originate(leg_id=leg, device=device) if not is_customer_leg(leg):
                others = [c.id for c in self._asterisk.ours() if c.device == device and c.id != leg]
                self.verdicts.holds("one offer for an agent", f"{leg} rings {device} beside {others}", true=not others)
            case AddToBridge(bridge_id=bridge, leg_ids=legs):
                members = {*self._asterisk.bridges.get(bridge, ()), *legs}
                owner = bridge.removeprefix(OUR_BRIDGE_PREFIX)
                strange = sorted(leg for leg in members if (contact_of_leg(leg) or leg) != owner)
                self.verdicts.holds("one contact in a bridge", f"{strange} in {bridge}", true=not strange)
            case HangUp(leg_id=leg) if leg in self._asterisk.channels:
                self._not_cut(self._asterisk.channels[leg].bridge, f"{leg} is hung up")
            case DestroyBridge(bridge_id=bridge):
                self._not_cut(bridge, f"{bridge} is taken away")
            case _:
                pass

    def _not_cut(self, bridge: BridgeId | None, what: str) -> None:
        """Nobody is hung up on who talks with somebody."""
        members = self._asterisk.bridges.get(bridge, []) if bridge is not None else []
        self.verdicts.holds("no conversation ends because of us", f"{what}: {members}", true=len(members) < 2)  # noqa: PLR2004 - two talk

    def kept(self, life: Life, row: Row) -> None:
        """The engine gives a row to be kept."""
        if isinstance(row, CallRecord):
            again = row.contact_id in life.told_of and not self.accounts.blurred(self._came_at(row.contact_id))
            self.verdicts.holds("a record is made once", row.contact_id, true=not again)
            life.told_of[row.contact_id] = None
            self.accounts.kept(life, row)

    def _came_at(self, contact: ContactId) -> float:
        return self._crowd.called.get(LegId(contact), float("inf"))

    # ------------------------------------------------------------ Asterisk's own queue

    def timed_out(self, channel: Channel) -> None:
        """A caller's timeout has run out."""
        members = self._asterisk.bridges.get(channel.bridge, []) if channel.bridge is not None else []
        talks = len(members) > 1 or channel.served
        self.verdicts.holds("no timeout ends a conversation", channel.id, true=not talks)

    def served(self, channel: Channel) -> None:
        """An agent of Asterisk's own queue takes a caller: nobody may wait there who stood before."""
        self._standing.served(channel.id, self._asterisk.queue)

    def _line_up(self, life: Life) -> None:
        serving = self.accounts.latest(life)
        self._standing.leave(life.state, serving.since if serving is not None else None)

    def draining(self, life: Life, on: bool) -> None:  # noqa: FBT001 - as it is ordered
        """The engine is ordered to hand everybody over, or to serve again."""
        if on:
            self._line_up(life)

    def arrived(self, life: Life, event: CallArrived) -> None:
        """The engine has been told of a caller who comes in, for the first time or again."""
        contact = life.state.contacts.get(ContactId(event.leg_id))
        if contact is None:
            return
        waited = self._waited.pop(event.leg_id, None)
        if waited is not None and isinstance(contact.phase, Waiting):
            kept = contact.phase.since == waited
            self.verdicts.holds("who comes back goes on waiting", f"{contact.id} waits anew", true=kept)
        plan = self._plan.overload
        if plan is None or contact.arrived_at != event.at:
            return
        if isinstance(contact.phase, Leaving) and contact.phase.exit is Exit.OVERLOADED:
            return
        level, at = self._admitted
        level = max(0.0, level - (self._scheduler.time - at) * plan.calls_per_second) + 1.0
        self._admitted = (level, self._scheduler.time)
        self.verdicts.holds("no more callers than planned", f"{level:.1f} at once", true=level <= plan.burst + 0.01)

    # ------------------------------------------------------------ now and then

    def synced(self, life: Life) -> None:
        """An engine has compared its state with Asterisk."""
        if self._died_at is not None and life.dispatcher.replayed_until is not None:
            known = life.gaps.touching(*sorted((self._died_at, life.clock.now())))
            self.verdicts.holds(
                "the ledger tells when no engine served", f"{known}", true=any(g.kind == "engine" for g in known)
            )
        self._died_at = None
        self.accounts.synced(life)
        state, there = life.state, self._asterisk.channels
        for contact_id, since in self._places.items():
            channel = there.get(LegId(contact_id))
            if channel is None or not channel.in_app:
                continue
            contact = state.contacts.get(contact_id)
            self.verdicts.holds(
                "places are kept over a restart", f"{contact_id} is forgotten", true=contact is not None
            )
            if contact is not None and isinstance(contact.phase, Waiting):
                kept = contact.phase.since == since
                self.verdicts.holds("places are kept over a restart", f"{contact_id} waits anew", true=kept)
        self._places.clear()
        self._ledger(life, state)

    def unsynced(self, life: Life) -> None:
        """It serves no more."""
        if self.accounts.unsynced(life):
            self._engine_at = self._scheduler.time

    def _ledger(self, life: Life, state: EngineState) -> None:
        plan = state.plan
        if plan is None or life.wire.busy:
            return
        there = {c.id for c in self._asterisk.channels.values() if trunks.trunk_of(plan, c.name) is not None}
        refused = {c.leg for c in state.contacts.values() if isinstance(c.phase, Leaving)}
        unknown = sorted(there - refused - state.leases.keys() - state.ended.keys())
        gone = sorted(state.leases.keys() - there)
        name = "the ledger is what is on the trunks"
        self.verdicts.lasts(name, f"not counted {unknown}", wrong=bool(unknown), lasting=ORPHAN_S)
        self.verdicts.lasts(name, f"counted though gone {gone}", wrong=bool(gone), lasting=ORPHAN_S)

    def look(self, life: Life | None) -> None:
        """Look at everything."""
        self.verdicts.look()
        self._left_alone(life)
        if life is None or not life.serving or not life.manager.synced:
            self.verdicts.nothing_lasts()
            return
        state = life.state
        self._standing.look(state)
        self._agree(state)
        self._ledger(life, state)
        legs = {a.leg for a in state.agents.values() if isinstance(a.work, Offered | InCall)}
        legs |= {c.line for c in state.contacts.values()}
        bridges = {c.bridge for c in state.contacts.values() if c.bridged}
        for channel in self._asterisk.channels.values():
            if channel.id.startswith("acd-l-"):
                self.verdicts.lasts(
                    "no channel is left over", channel.id, wrong=channel.id not in legs, lasting=ORPHAN_S
                )
            elif channel.in_app:
                known = ContactId(channel.id) in state.contacts or channel.id in state.feature_calls
                self.verdicts.lasts("nobody is forgotten", channel.id, wrong=not known, lasting=ORPHAN_S)
                silent = not self._asterisk.hears_something(channel)
                self.verdicts.lasts(
                    "nobody hears nothing", f"{channel.id} since {channel.quiet_since:.1f}", wrong=silent
                )
        serves = state.ari_up and not state.draining
        for leg in self._asterisk.queue.line():
            self.verdicts.lasts("who waits elsewhere is taken back", leg, wrong=serves, lasting=ORPHAN_S)
        for bridge in self._asterisk.bridges:
            self.verdicts.lasts("no bridge is left over", bridge, wrong=bridge not in bridges, lasting=ORPHAN_S)
        for agent in state.agents.values():
            plan = state.plan.agents.get(agent.id) if state.plan is not None else None
            if plan is None or agent.presence != "ready" or not isinstance(agent.work, Free | Offered | InCall):
                continue
            idle = self._asterisk.reachable[plan.device] and not self._asterisk.busy(plan.device)
            believed = not matching.available(agent)
            self.verdicts.lasts("agents who can be rung are known to be", agent.id, wrong=idle and believed)

    def _left_alone(self, life: Life | None) -> None:
        """Callers do not stay with an engine that is dead, or cannot hear them."""
        now = self._scheduler.time
        if life is not None and life.serving:
            self._engine_at = now
        elif now - self._engine_at > LEAVE_S + ALONE_S:
            left = [
                c.id
                for c in self._asterisk.channels.values()
                if c.in_app
                and not c.device
                and c.context == CONTEXT
                and c.bridge is None
                # Who talked until just before has hours; that is taken back a moment later.
                and c.parted_at < self._engine_at - PARTED_S
            ]
            self.verdicts.holds("nobody is left with a dead engine", f"{left[:5]}", true=not left)

    def _agree(self, state: EngineState) -> None:
        held: dict[str, str] = {}
        for contact in state.contacts.values():
            serving = []
            match contact.phase:
                case Waiting(offers=offers):
                    serving = [offer.agent for offer in offers]
                case Talking(agent=agent):
                    serving = [agent]
                case _:
                    pass
            for agent in serving:
                self.verdicts.holds(
                    "an agent has one contact", f"{agent}: {held.get(agent)}, {contact.id}", true=agent not in held
                )
                held[agent] = contact.id

    # ------------------------------------------------------------ at a death

    def died(self, life: Life, *, inside: bool) -> None:
        """An engine is gone: what it has to be remembered for."""
        self.unsynced(life)
        if self.accounts.latest(life) is not None:
            self._died_at = life.clock.now()
        self.accounts.died(life)
        if not life.recovered or not life.active():
            return
        if not inside:
            self.replayed(life)
        self._line_up(life)
        self._admitted = (0.0, self._scheduler.time)
        waiting = life.journal.waiting
        fresh = self._scheduler.time - (0.2 if waiting else 0.0)
        if not life.journal.gap and len(waiting) < 20:  # noqa: PLR2004 - no more than one group
            self._places = {
                c.id: c.phase.since
                for c in life.state.contacts.values()
                if isinstance(c.phase, Waiting) and not c.away and c.phase.since < life.clock.now() - 1 and fresh
            }
        self._waited = {LegId(contact): since for contact, since in self._places.items()}

    def replayed(self, life: Life) -> None:
        """The journal makes the state that lives."""
        if life.journal.gap:
            return
        again, defects = self._replay.of(life.journal)
        self.verdicts.holds("no event makes the engine fail", "; ".join(defects[:3]), true=not defects)
        self.verdicts.holds("the journal makes the state", "replayed otherwise", true=again == life.state)

    # ------------------------------------------------------------ at the end

    def rested(self, life: Life) -> None:
        """Everybody has hung up, long ago."""
        asterisk, state = self._asterisk, life.state
        left: dict[str, list[Any]] = {
            "channels": list(asterisk.channels),
            "bridges": list(asterisk.bridges),
            "playbacks": list(asterisk.playbacks),
            "recordings": [*asterisk.recordings, *asterisk.takes],
            "contacts": [f"{c.id} {c.phase}" for c in state.contacts.values()],
            "leases": list(state.leases),
            "timers": list(state.timers),
            "feature calls": list(state.feature_calls),
            "files to be looked at": list(state.recordings),
            "agents": [a.id for a in state.agents.values() if not isinstance(a.work, Free) or a.leg is not None],
        }
        for name, things in left.items():
            self.verdicts.holds(f"no {name} left at the end", ", ".join(str(t) for t in things[:5]), true=not things)
