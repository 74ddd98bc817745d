"""What must not happen: looked at whenever something is ordered, now and then, at each death and at the end.

Decides what counts as a violation, by what is true in Asterisk and on disk beside what the engine believes. Changes
nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from acd.domain.commands import AddToBridge, DestroyBridge, HangUp, Originate, TelephonyCommand
from acd.domain.events import CallArrived, CommandFailed
from acd.domain.ids import OUR_BRIDGE_PREFIX, BridgeId, ContactId, LegId, contact_of_leg, is_customer_leg
from acd.domain.record import CallRecord
from acd.engine import matching, trunks
from acd.engine.core import Engine
from acd.engine.state import EngineState, Free, InCall, Leaving, Offered, Talking, Waiting
from acd.ports import Row
from acd.settings.expressions import evaluate_in_flow
from acd.settings.own_policies import policies_for
from acd.sim.faults.asterisk import Asterisk
from acd.sim.faults.clock import Scheduler
from acd.sim.faults.disk import Database
from acd.sim.faults.engine import Codecs, Life
from acd.sim.faults.people import Crowd

LOOK_EVERY_S = 5.0
LASTING_S = 66.0
"""How long something wrong may last while an engine serves: two audits, as the first may leave alone what is young."""
MOST_VIOLATIONS = 20
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
        self, scheduler: Scheduler, asterisk: Asterisk, crowd: Crowd, database: Database, codecs: Codecs
    ) -> None:
        self._scheduler = scheduler
        self._asterisk = asterisk
        self._crowd = crowd
        self._database = database
        self._codecs = codecs
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
        if isinstance(event, CallArrived) and event.leg_id not in self._known:
            self._known[event.leg_id] = (life, life.journal.place() + 1)
        elif isinstance(event, CommandFailed) and event.command == "claim":
            self._known.pop(LegId(event.target), None)  # somebody else's: Asterisk's own queue has the caller

    def ordered(self, life: Life, command: TelephonyCommand) -> None:
        """The engine orders something."""
        if not isinstance(command, Originate) or is_customer_leg(command.leg_id):
            return
        state = life.state
        self.holds("no offer before Asterisk was looked at", command.leg_id, true=life.auditor.synced)
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

    # ------------------------------------------------------------ now and then

    def synced(self, life: Life) -> None:
        """An engine has compared its state with Asterisk."""
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
        if self._served and self._served[-1].life is life:
            self._served[-1].until = min(self._served[-1].until, self._scheduler.time)

    def _ledger(self, life: Life, state: EngineState) -> None:
        plan = state.plan
        if plan is None or life.wire.busy:
            return
        there = {c.id for c in self._asterisk.channels.values() if trunks.trunk_of(plan, c.name) is not None}
        refused = {c.leg for c in state.contacts.values() if isinstance(c.phase, Leaving)}
        unknown = sorted(there - refused - state.leases.keys() - state.ended.keys())
        gone = sorted(state.leases.keys() - there)
        self._lasts("the ledger is what is on the trunks", f"not counted {unknown}", wrong=bool(unknown))
        self._lasts("the ledger is what is on the trunks", f"counted though gone {gone}", wrong=bool(gone))

    def _lasts(self, name: str, what: str, *, wrong: bool) -> None:
        """Something may be wrong for a moment."""
        self.checked[name] += 1
        key = f"{name}: {what}"
        if not wrong:
            return
        self._seen[key] = None
        since = self._wrong_since.setdefault(key, self._scheduler.time)
        if self._scheduler.time - since > LASTING_S:
            self.violated(key)
            self._wrong_since[key] = float("inf")

    _seen: dict[str, None] = {}  # noqa: RUF012 - made anew for each look

    def look(self, life: Life | None) -> None:
        """Look at everything."""
        self._seen = {}
        if life is None or not life.serving or not life.manager.synced:
            self._wrong_since.clear()
            return
        state = life.state
        self._agree(state)
        self._ledger(life, state)
        legs = {a.leg for a in state.agents.values() if isinstance(a.work, Offered | InCall)}
        legs |= {c.line for c in state.contacts.values()}
        bridges = {c.bridge for c in state.contacts.values() if c.bridged}
        for channel in self._asterisk.channels.values():
            if channel.id.startswith("acd-l-"):
                self._lasts("no channel is left over", channel.id, wrong=channel.id not in legs)
            elif channel.in_app:
                known = ContactId(channel.id) in state.contacts or channel.id in state.feature_calls
                self._lasts("nobody is forgotten", channel.id, wrong=not known)
                silent = not self._asterisk.hears_something(channel)
                self._lasts("nobody hears nothing", f"{channel.id} since {channel.quiet_since:.1f}", wrong=silent)
        for bridge in self._asterisk.bridges:
            self._lasts("no bridge is left over", bridge, wrong=bridge not in bridges)
        for agent in state.agents.values():
            plan = state.plan.agents.get(agent.id) if state.plan is not None else None
            if plan is None or agent.presence != "ready" or not isinstance(agent.work, Free | Offered | InCall):
                continue
            idle = self._asterisk.reachable[plan.device] and not self._asterisk.busy(plan.device)
            believed = not matching.available(agent)
            self._lasts("agents who can be rung are known to be", agent.id, wrong=idle and believed)
        for key in [key for key in self._wrong_since if key not in self._seen]:
            del self._wrong_since[key]

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
        since = life.journal.waiting_since
        if since is not None and self._served and self._served[-1].life is life:  # what was heard since then is lost
            self._served[-1].until = min(self._served[-1].until, since)
        durable = self._durable(life)
        for leg, (whose, number) in self._known.items():
            if whose is life and number <= durable:
                self.lasting[leg] = None
        if not life.recovered:
            return
        if not inside:
            self.replayed(life)
        waiting = life.journal.waiting
        fresh = self._scheduler.time - (0.2 if waiting else 0.0)
        if not life.journal.gap and len(waiting) < 20:  # noqa: PLR2004 - no more than one group
            self._places = {
                c.id: c.phase.since
                for c in life.state.contacts.values()
                if isinstance(c.phase, Waiting) and not c.away and c.phase.since < self._scheduler.now() - 1 and fresh
            }

    def _durable(self, life: Life) -> int:
        return life.outside.disk.last

    def recovered(self, life: Life) -> None:
        """The next one has read what was left."""
        for contact in life.state.contacts.values():
            self.lasting[LegId(contact.id)] = None

    def replayed(self, life: Life) -> None:
        """The journal makes the state that lives."""
        if life.journal.gap:
            return
        snapshot, payloads = life.journal.all_events()
        state = None if snapshot is None else self._codecs.state.decode(snapshot)
        again = Engine(state, policies_for, evaluate_in_flow)
        defects = []
        for payload in payloads:
            try:
                again.handle(self._codecs.event.decode(payload))
                again.account()
            except Exception as error:  # noqa: BLE001 - as when it ran: the dispatcher goes on with the next event
                defects.append(f"{type(error).__name__}: {error}")
        self.holds("no event makes the engine fail", "; ".join(defects[:3]), true=not defects)
        self.holds("the journal makes the state", "replayed otherwise", true=again.state == life.state)

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
            unseen += 1
        strange = sorted(str(i) for i in records if LegId(i) not in self._crowd.called)
        self.holds("no record of nobody", str(strange[:5]), true=not strange)
        self.holds("no call has two records", str(self._database.doubled[:5]), true=not self._database.doubled)
        return {"records": len(records), "unseen": unseen}

    def _living(self, leg: LegId) -> bool:
        whose = self._known.get(leg)
        return whose is not None and not whose[0].loop.dead

    @staticmethod
    def _overlap(began: float, ended: float, one: Serving) -> float:
        return max(0.0, min(ended, one.until) - max(began, one.since))
