"""What must not happen: looked at whenever something is ordered, now and then, at each death and at the end.

Decides what counts as a violation, by what is true in Asterisk and on disk beside what the engine believes. Changes
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from acd.domain.commands import AddToBridge, DestroyBridge, HangUp, Originate, TelephonyCommand
from acd.domain.events import CallArrived, CommandFailed
from acd.domain.exits import Exit
from acd.domain.ids import OUR_BRIDGE_PREFIX, BridgeId, ContactId, LegId, contact_of_leg, is_customer_leg
from acd.domain.plan import Plan
from acd.domain.record import CallRecord
from acd.engine import dead_man, matching, trunks
from acd.engine.state import EngineState, Free, InCall, Leaving, Offered, Talking, Waiting
from acd.ports import Row
from acd.sim.faults.asterisk import CONTEXT, Asterisk, Channel
from acd.sim.faults.clock import EPOCH, Scheduler
from acd.sim.faults.disk import Database
from acd.sim.faults.engine import Codecs, Life
from acd.sim.faults.people import Crowd
from acd.sim.faults.replaying import Replay

LOOK_EVERY_S = 5.0
LASTING_S = 66.0
"""How long something wrong may last while an engine serves and is heard: two looks of AMI, which has one a minute."""
ORPHAN_S = 25.0
"""The same of what serves nobody; with the time until the next look here that is the promised half a minute."""
ALONE_S = 12.0
"""How much longer than the dead man's time a caller may stay with a dead engine: what was under way, and the look."""
PARTED_S = 10.0
SETTLED_S = 4.5
"""Who was seen waiting for so long while an engine served has a place that Asterisk knows, too."""
MOST_VIOLATIONS = 20
LEAVE_S = 10.0
"""Until when a dead engine's callers have left."""
TALKED = {Exit.ANSWERED}
SERVED_ELSEWHERE = {Exit.FALLBACK_ANSWERED, Exit.TRANSFERRED, Exit.ANSWERED}
"""Without AMI only that somebody left is known; and who was to be joined with an agent counts as answered."""
SEEN_S = 1.5
"""A caller who was there for so long while an engine served is known."""


@dataclass(frozen=True, slots=True)
class Violation:
    """What happened, and when, in seconds from the beginning."""

    at: float
    what: str


@dataclass
class Serving:
    """A time in which an engine served."""

    life: Life
    since: float
    until: float = float("inf")


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
        self._troubled = troubled
        self._scheduler = scheduler
        self._asterisk = asterisk
        self._crowd = crowd
        self._database = database
        self._replay = Replay(codecs.state.decode, codecs.event.decode)
        self.violations: list[Violation] = []
        self.checked: Counter[str] = Counter()
        self._wrong_since: dict[str, float] = {}
        self._known: dict[LegId, tuple[Life, int]] = {}
        """Callers an engine was told of: by which, and which event that was."""
        self.lasting: dict[LegId, None] = {}
        """Callers of whom a durable event or a state tells."""
        self._served: list[Serving] = []
        self._places: dict[ContactId, float] = {}
        """Since when callers waited at the last death, as far as that was durable."""
        self._waited: dict[LegId, float] = {}
        """The same of those who may come back from Asterisk's own queue."""
        self._lined_up: dict[LegId, tuple[float, int]] = {}
        """When callers were first seen in line, and where they stood at the last look."""
        self._order: dict[LegId, tuple[int, int]] = {}
        """How callers stood who were left to Asterisk's own queue, at the end and at the last look before."""
        self._died_at: float | None = None
        """When the last engine that served died."""
        self._slipped: dict[LegId, None] = {}
        """Who left while an engine served, as it was not heard for too long: it may think otherwise."""
        self._refused: dict[LegId, None] = {}
        """Callers whom the engine ordered to be hung up: what came in between is not of its doing."""
        self._engine_at = 0.0
        """When an engine served last."""
        self._admitted: tuple[float, float] = (0.0, 0.0)
        """How many newcomers were let in of late, as far as they count, and when that was so."""

    def violated(self, what: str) -> None:
        """Note a violation."""
        if len(self.violations) < MOST_VIOLATIONS:
            self.violations.append(Violation(self._scheduler.time, what))

    def holds(self, name: str, what: str, *, true: bool) -> None:
        """Check something."""
        self.checked[name] += 1
        if not true:
            self.violated(f"{name}: {what}")

    # ------------------------------------------------------------ when something is ordered

    def told(self, life: Life, event: object) -> None:
        """The engine is told something."""
        if isinstance(event, CallArrived) and event.leg_id not in self._asterisk.channels:
            self._slipped[event.leg_id] = None  # all of the call was over before the engine heard of it
        if isinstance(event, CallArrived) and event.leg_id not in self._known:
            self._known[event.leg_id] = (life, life.journal.place() + 1)
        elif isinstance(event, CommandFailed) and event.command == "claim":
            self._slipped[LegId(event.target)] = None
            self._known.pop(LegId(event.target), None)  # somebody else's: Asterisk's own queue has the caller

    def ordered(self, life: Life, command: TelephonyCommand) -> None:
        """The engine orders something."""
        self.holds("only the active engine commands", f"{life.token} does", true=life.active())
        if isinstance(command, HangUp):
            self._refused[command.leg_id] = None
        if not isinstance(command, Originate) or is_customer_leg(command.leg_id):
            return
        state = life.state
        self.holds("no offer before Asterisk was looked at", command.leg_id, true=life.auditor.synced)
        self.holds("no offer while draining", command.leg_id, true=not state.draining)
        contact = state.contacts.get(command.contact_id)
        self.holds("rung for somebody who is there", command.leg_id, true=contact is not None)
        if contact is None or not isinstance(contact.phase, Waiting):
            return
        mine, need = contact.phase, matching.need_of(contact.phase)
        for other in state.contacts.values():
            phase = other.phase
            if isinstance(phase, Waiting) and not phase.offers and not other.away and matching.need_of(phase) == need:
                ahead = (-phase.priority, phase.since, other.id) < (-mine.priority, mine.since, contact.id)
                self.holds("order among equals", f"{contact.id} is served before {other.id}", true=not ahead)

    def requested(self, command: TelephonyCommand) -> None:
        """A request is about to be carried out in Asterisk."""
        match command:
            case Originate(leg_id=leg, device=device) if not is_customer_leg(leg):
                others = [c.id for c in self._asterisk.ours() if c.device == device and c.id != leg]
                self.holds("one offer for an agent", f"{leg} rings {device} beside {others}", true=not others)
            case AddToBridge(bridge_id=bridge, leg_ids=legs):
                members = {*self._asterisk.bridges.get(bridge, ()), *legs}
                owner = bridge.removeprefix(OUR_BRIDGE_PREFIX)
                strange = sorted(leg for leg in members if (contact_of_leg(leg) or leg) != owner)
                self.holds("one contact in a bridge", f"{strange} in {bridge}", true=not strange)
            case HangUp(leg_id=leg) if leg in self._asterisk.channels:
                self._not_cut(self._asterisk.channels[leg].bridge, f"{leg} is hung up")
            case DestroyBridge(bridge_id=bridge):
                self._not_cut(bridge, f"{bridge} is taken away")
            case _:
                pass

    def _not_cut(self, bridge: BridgeId | None, what: str) -> None:
        """Nobody is hung up on who talks with somebody."""
        members = self._asterisk.bridges.get(bridge, []) if bridge is not None else []
        self.holds("no conversation ends because of us", f"{what}: {members}", true=len(members) < 2)  # noqa: PLR2004 - two talk

    def kept(self, life: Life, row: Row) -> None:
        """The engine gives a row to be kept."""
        if isinstance(row, CallRecord):
            self.holds("a record is made once", row.contact_id, true=row.contact_id not in life.told_of)
            life.told_of[row.contact_id] = None

    # ------------------------------------------------------------ Asterisk's own queue

    def timed_out(self, channel: Channel) -> None:
        """A caller's timeout has run out."""
        members = self._asterisk.bridges.get(channel.bridge, []) if channel.bridge is not None else []
        talks = len(members) > 1 or channel.served
        self.holds("no timeout ends a conversation", channel.id, true=not talks)
        if self._served and not self._served[-1].life.loop.dead:
            self._slipped[channel.id] = None

    def served(self, channel: Channel) -> None:
        """An agent of Asterisk's own queue takes a caller: nobody may wait there who stood before."""
        mine = self._order.get(channel.id)
        if mine is not None:
            others = [(leg, self._order[leg]) for leg in self._asterisk.queue.line() if leg in self._order]
            before = [leg for leg, place in others if place[0] < mine[0] and place[1] < mine[1]]
            self.holds("order in Asterisk's own queue", f"{channel.id} before {before}", true=not before)

    def _line_up(self, life: Life) -> None:
        """Remember how callers stood whom Asterisk's own queue may get now."""
        state, now = life.state, self._scheduler.time
        served = self._served[-1] if self._served and self._served[-1].life is life else None
        since = now - served.since if served is not None else 0.0
        line = [c for c in dead_man.callers(state) if now - self._lined_up.get(c.leg, (now, 0))[0] > SETTLED_S]
        settled = served is not None and since > SETTLED_S
        # What changed since the last look may not be known in Asterisk yet.
        order = {caller.leg: (place, self._lined_up[caller.leg][1]) for place, caller in enumerate(line)}
        self._order = order if settled else {}

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
            self.holds("who comes back goes on waiting", f"{contact.id} waits anew", true=kept)
        plan = self._plan.overload
        if plan is None or contact.arrived_at != event.at:
            return
        if isinstance(contact.phase, Leaving) and contact.phase.exit is Exit.OVERLOADED:
            return
        level, at = self._admitted
        level = max(0.0, level - (self._scheduler.time - at) * plan.calls_per_second) + 1.0
        self._admitted = (level, self._scheduler.time)
        self.holds("no more callers than planned", f"{level:.1f} at once", true=level <= plan.burst + 0.01)

    # ------------------------------------------------------------ now and then

    def synced(self, life: Life) -> None:
        """An engine has compared its state with Asterisk."""
        if self._died_at is not None and life.dispatcher.replayed_until is not None:
            known = life.gaps.touching(self._died_at, self._scheduler.now())
            self.holds(
                "the ledger tells when no engine served", f"{known}", true=any(g.kind == "engine" for g in known)
            )
        self._died_at = None
        self._served.append(Serving(life, self._scheduler.time))
        state, there = life.state, self._asterisk.channels
        for contact_id, since in self._places.items():
            channel = there.get(LegId(contact_id))
            if channel is None or not channel.in_app:
                continue
            contact = state.contacts.get(contact_id)
            self.holds("places are kept over a restart", f"{contact_id} is forgotten", true=contact is not None)
            if contact is not None and isinstance(contact.phase, Waiting):
                kept = contact.phase.since == since
                self.holds("places are kept over a restart", f"{contact_id} waits anew", true=kept)
        self._places.clear()
        self._ledger(life, state)

    def unsynced(self, life: Life) -> None:
        """It serves no more."""
        if self._served and self._served[-1].life is life and self._served[-1].until > self._scheduler.time:
            self._engine_at = self._served[-1].until = self._scheduler.time

    def _ledger(self, life: Life, state: EngineState) -> None:
        plan = state.plan
        if plan is None or life.wire.busy:
            return
        there = {c.id for c in self._asterisk.channels.values() if trunks.trunk_of(plan, c.name) is not None}
        refused = {c.leg for c in state.contacts.values() if isinstance(c.phase, Leaving)}
        unknown = sorted(there - refused - state.leases.keys() - state.ended.keys())
        gone = sorted(state.leases.keys() - there)
        name = "the ledger is what is on the trunks"
        self._lasts(name, f"not counted {unknown}", wrong=bool(unknown), lasting=ORPHAN_S)
        self._lasts(name, f"counted though gone {gone}", wrong=bool(gone), lasting=ORPHAN_S)

    def _lasts(self, name: str, what: str, *, wrong: bool, lasting: float = LASTING_S) -> None:
        """Something may be wrong for a moment."""
        self.checked[name] += 1
        key = f"{name}: {what}"
        if not wrong:
            return
        self._seen[key] = None
        since = self._wrong_since.setdefault(key, self._scheduler.time)
        if self._troubled():
            self._wrong_since[key] = since = since + LOOK_EVERY_S
        if self._scheduler.time - since > lasting:
            self.violated(key)
            self._wrong_since[key] = float("inf")

    _seen: dict[str, None] = {}  # noqa: RUF012 - made anew for each look

    def look(self, life: Life | None) -> None:
        """Look at everything."""
        self._seen = {}
        self._left_alone(life)
        if life is None or not life.serving or not life.manager.synced:
            self._wrong_since.clear()
            return
        state = life.state
        now = self._scheduler.time
        line = [caller.leg for caller in dead_man.callers(state) if caller.place is not None]
        self._lined_up = {leg: (self._lined_up.get(leg, (now, place))[0], place) for place, leg in enumerate(line)}
        self._agree(state)
        self._ledger(life, state)
        legs = {a.leg for a in state.agents.values() if isinstance(a.work, Offered | InCall)}
        legs |= {c.line for c in state.contacts.values()}
        bridges = {c.bridge for c in state.contacts.values() if c.bridged}
        for channel in self._asterisk.channels.values():
            if channel.id.startswith("acd-l-"):
                self._lasts("no channel is left over", channel.id, wrong=channel.id not in legs, lasting=ORPHAN_S)
            elif channel.in_app:
                known = ContactId(channel.id) in state.contacts or channel.id in state.feature_calls
                self._lasts("nobody is forgotten", channel.id, wrong=not known, lasting=ORPHAN_S)
                silent = not self._asterisk.hears_something(channel)
                self._lasts("nobody hears nothing", f"{channel.id} since {channel.quiet_since:.1f}", wrong=silent)
        serves = state.ari_up and not state.draining
        for leg in self._asterisk.queue.line():
            self._lasts("who waits elsewhere is taken back", leg, wrong=serves, lasting=ORPHAN_S)
        for bridge in self._asterisk.bridges:
            self._lasts("no bridge is left over", bridge, wrong=bridge not in bridges, lasting=ORPHAN_S)
        for agent in state.agents.values():
            plan = state.plan.agents.get(agent.id) if state.plan is not None else None
            if plan is None or agent.presence != "ready" or not isinstance(agent.work, Free | Offered | InCall):
                continue
            idle = self._asterisk.reachable[plan.device] and not self._asterisk.busy(plan.device)
            believed = not matching.available(agent)
            self._lasts("agents who can be rung are known to be", agent.id, wrong=idle and believed)
        for key in [key for key in self._wrong_since if key not in self._seen]:
            del self._wrong_since[key]

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
            self.holds("nobody is left with a dead engine", f"{left[:5]}", true=not left)

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
                self.holds(
                    "an agent has one contact", f"{agent}: {held.get(agent)}, {contact.id}", true=agent not in held
                )
                held[agent] = contact.id

    # ------------------------------------------------------------ at a death

    def died(self, life: Life, *, inside: bool) -> None:
        """An engine is gone: what it has to be remembered for."""
        self.unsynced(life)
        if self._served and self._served[-1].life is life:
            self._died_at = self._scheduler.now()
        since = life.journal.waiting_since
        if since is not None and self._served and self._served[-1].life is life:  # what was heard since then is lost
            self._served[-1].until = min(self._served[-1].until, since)
        durable = self._durable(life)
        for leg, (whose, number) in self._known.items():
            if whose is life and number <= durable:
                self.lasting[leg] = None
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
                if isinstance(c.phase, Waiting) and not c.away and c.phase.since < self._scheduler.now() - 1 and fresh
            }
        self._waited = {LegId(contact): since for contact, since in self._places.items()}

    def _durable(self, life: Life) -> int:
        return life.journal.committed

    def recovered(self, life: Life) -> None:
        """The next one has read what was left."""
        for contact in life.state.contacts.values():
            self.lasting[LegId(contact.id)] = None

    def replayed(self, life: Life) -> None:
        """The journal makes the state that lives."""
        if life.journal.gap:
            return
        again, defects = self._replay.of(life.journal)
        self.holds("no event makes the engine fail", "; ".join(defects[:3]), true=not defects)
        self.holds("the journal makes the state", "replayed otherwise", true=again == life.state)

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
            self.holds(f"no {name} left at the end", ", ".join(str(t) for t in things[:5]), true=not things)

    def accounted(self) -> dict[str, int]:
        """Each caller has one record. Returns how many there were, and how many nobody could know of."""
        records, unseen = self._database.records, 0
        for leg, began in self._crowd.called.items():
            if ContactId(leg) in records:
                self.checked["one record for each call"] += 1
                continue
            ended = self._crowd.ended.get(leg, self._scheduler.time)
            seen = leg not in self._asterisk.unwritten  # Asterisk wrote it down, or was told not to
            seen = seen or any(self._overlap(began, ended, one) > SEEN_S for one in self._served)
            known = leg in self.lasting or self._living(leg)
            what = f"{leg} of {began:.2f}-{ended:.2f} has none" + ", though known" * known + ", though seen" * seen
            self.holds("one record for each call", what, true=not known and not seen)
            self._in_a_gap(leg, began + EPOCH, ended + EPOCH)
            unseen += 1
        for contact_id, record in records.items():
            self._truth(LegId(contact_id), record)
        strange = sorted(i for i in records if LegId(i) not in self._crowd.called and not i.startswith("callback-"))
        self.holds("no record of nobody", str(strange[:5]), true=not strange)
        self.holds("no call has two records", str(self._database.doubled[:5]), true=not self._database.doubled)
        return {"records": len(records), "unseen": unseen}

    def _in_a_gap(self, leg: LegId, began: float, ended: float) -> None:
        """Who has no record was there in a time of which the ledger says that not everything was seen."""
        marked = any(gap.touches(began, ended) for gap in self._database.gaps.values())
        self.holds("who is not recorded came in a known gap", f"{leg} of {began - EPOCH:.2f}", true=marked)

    def _truth(self, leg: LegId, record: CallRecord) -> None:
        """The record tells what became of a caller, as far as an engine was there to see it."""
        if leg in self._slipped or leg in self._refused:
            return
        crowd, why = self._crowd, record.exit
        ended = crowd.ended.get(leg, self._scheduler.time)
        talked, served = crowd.talked.get(leg), crowd.served.get(leg)
        seen = talked is not None and any(self._overlap(talked, ended, one) > SEEN_S for one in self._served)
        if seen:
            self.holds("exits tell the truth", f"{leg} talked: {why}", true=why in TALKED)
        if served is not None and talked is None:
            self.holds("exits tell the truth", f"{leg} was served elsewhere: {why}", true=why in SERVED_ELSEWHERE)
        if served is None:
            true = why is not Exit.FALLBACK_ANSWERED
            self.holds("exits tell the truth", f"{leg} was not served elsewhere: {why}", true=true)

    def _living(self, leg: LegId) -> bool:
        whose = self._known.get(leg)
        return whose is not None and not whose[0].loop.dead

    @staticmethod
    def _overlap(began: float, ended: float, one: Serving) -> float:
        return max(0.0, min(ended, one.until) - max(began, one.since))
