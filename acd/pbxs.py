"""What the engine has of each Asterisk: the way of commands there, of events back, and who keeps both in step.

Decides which Asterisk a command is for, and when the engine goes on after not having seen for a time. Must not know
HTTP or the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

import structlog

from acd.domain.commands import TelephonyCommand
from acd.domain.events import ENDED, CallArrived, Event, Resynced
from acd.domain.ids import ContactId, LegId, PbxId
from acd.domain.overload import Load
from acd.domain.plan import PEER_PREFIX, Plan
from acd.ports import Clock, Journal
from acd.runtime.audit import Auditor
from acd.runtime.dead_man import TALK_S, DeadMan
from acd.runtime.dispatcher import Dispatcher
from acd.runtime.gaps import GapLedger
from acd.runtime.receipts import Receipts
from acd.settings.values import AriSettings, OnePbx, PbxSettings, Settings
from acd.telephony.ami.facts import Fact, FallbackCaller, WatchState
from acd.telephony.ami.messages import AmiConfig
from acd.telephony.ami.newcomers import Newcomer
from acd.telephony.ami.watch import PbxWatch, WatchConfig
from acd.telephony.ari.values import AriConfig, AriState
from acd.telephony.control import AriControl
from acd.telephony.control_values import Manner, Partners
from acd.telephony.manager import to_event
from acd.telephony.partings import part
from acd.telephony.sounds import Sounds

log = structlog.get_logger(__name__)

RIGHTFUL_S = 1.0
"""With two engines: how long another may have our place in Asterisk before it is taken back by who has the lease."""
ALL_SEEN_S = 5.0
"""How long the first of several Asterisks seen waits for the others."""


@dataclass(frozen=True, slots=True)
class Around:
    """What they have in common."""

    clock: Clock
    dispatcher: Dispatcher
    journal: Journal
    sounds: Sounds
    gaps: GapLedger
    alone: bool
    """There is no second engine."""
    permitted: Callable[[], bool]
    """Whether this engine may command in this instant."""
    verified: Callable[[], bool]
    """Whether it may take the place of another one."""
    offered: Callable[[float], None]
    """Told how many seconds an offer took."""
    delay_s: Callable[[], float]
    """How late the event loop is."""
    called: Callable[[], None]
    """Told of each caller."""
    looked: Callable[[], None]
    """Told when an Asterisk was compared with what the engine believes, after each connection."""


class Pbx:
    """One Asterisk. ``start``, then ``close``; both once."""

    def __init__(self, one: OnePbx, pbx: PbxSettings, around: Around, died: Callable[[Pbx], None]) -> None:
        """``died`` is told when nothing listens there any more."""
        self.id = one.id
        self._died = died
        self._around = around
        self._closing = False
        self._over = False
        """It was told that Asterisk has ended, or counts as lost."""
        self.replaced = False
        """Another engine took our place there."""
        self._codes: Collection[str] = ()
        self.phones: set[str] = set()
        self._trunks: set[str] = set()
        clock, dispatcher = around.clock, around.dispatcher
        self.control = AriControl(
            _ari_config(one.ari, one.id, alone=around.alone),
            clock,
            self._from_ari,
            self._ari_state,
            around.sounds,
            Manner(
                pbx.context_from_agents,
                pbx.context_fallback,
                talk_s=TALK_S if pbx.dead_man_s else 0.0,
                dead_man_s=pbx.dead_man_s,
                ahead_s=pbx.phones_ahead_s,
                pbx=one.id,
            ),
            Partners(
                taken=self._taken,
                offered=around.offered,
                unwritten=self._unwritten,
                permitted=around.permitted,
                may_connect=around.verified,
                load=self._load,
                take_back=self._take_back,
                set_at_once=self._set_at_once,
            ),
        )
        self.dead_man = DeadMan(lambda: dispatcher.callers(one.id), dispatcher.caller, self.control, pbx.dead_man_s)
        self._receipts = Receipts(
            around.journal, lambda leg: dispatcher.caller(ContactId(leg)) is not None, self.control.acknowledge
        )
        self.auditor = Auditor(clock, dispatcher, self.control, on_synced=self._synced, pbx=one.id)
        ami = one.ami
        self._ami = AmiConfig(ami.host, ami.port, ami.user, ami.password.reveal(), system_name=one.id)
        self.watch = PbxWatch(
            self._ami,
            phones=self.phones,
            trunks=self._trunks,
            clock=clock,
            on_fact=self._from_ami,
            config=WatchConfig(pbx.context_from_trunk, pbx.context_fallback),
            on_newcomer=self._expect,
            permitted=around.permitted,
        )

    @property
    def refused(self) -> bool:
        """Whether the machine says that nothing listens there, of both links."""
        return self.control.link.refused and self.watch.link.refused

    @property
    def ari_trouble(self) -> str:
        """Why its calls are not served; empty when they are."""
        if self.auditor.synced:
            return ""
        state = self.control.link.state
        if state is AriState.UP:
            return self._named("the calls in Asterisk are being listed")
        lost = "; it counts as lost, its calls are closed" if self._around.dispatcher.lost(self.id) else ""
        return self._named(f"ARI is {state}{lost}")

    @property
    def ami_trouble(self) -> str:
        """Why its phones and trunks are not seen; empty when they are."""
        return "" if self._around.dispatcher.ami_up(self.id) else self._named(f"AMI is {self.watch.link.state}")

    def _named(self, text: str) -> str:
        return f"{self.id}: {text}" if self.id else text

    def use(self, plan: Plan) -> None:
        """Know the phones, trunks and numbers of a plan."""
        self._codes = plan.access_codes
        self.phones.clear()
        self.phones.update(agent.device for agent in plan.agents.values() if agent.pbx == self.id)
        self._trunks.clear()
        here = [trunk for trunk in plan.trunks.values() if trunk.pbx == self.id]
        self._trunks.update(prefix for trunk in here for prefix in trunk.channel_prefixes)

    async def start(self) -> None:
        """Begin to connect."""
        await self.control.link.start()
        # Calls can be served without AMI; /readyz and acd_link_up say that something is missing.
        await self.watch.start()

    async def close(self) -> None:
        """Let go of it; what goes on there goes on."""
        self._closing = True
        await self.watch.close()
        await self.auditor.close()
        await self.dead_man.close()
        await self._receipts.close()
        await self.control.close()

    # ------------------------------------------------------------ what comes in

    def _from_ari(self, event: Event) -> None:
        self._around.dispatcher.submit(event)
        if isinstance(event, CallArrived):
            self._around.called()

    def _taken(self, leg: LegId) -> None:
        self.watch.claim(leg)
        self._receipts.due(leg)

    def _take_back(self, channel: str) -> None:
        self.watch.take_back(channel)

    def _set_at_once(self, leg: LegId, name: str, value: str) -> bool:
        return self.watch.set_variable(leg, name, value)

    def _unwritten(self, contacts: Iterable[ContactId]) -> None:
        self.dead_man.forget(contacts)

    def _load(self) -> Load:
        return Load(round(self._around.delay_s(), 4), self.control.link.unanswered)

    def _expect(self, newcomer: Newcomer) -> None:
        if newcomer.exten in self._codes:
            self.control.expect(LegId(newcomer.uniqueid), newcomer.channel, newcomer.exten, newcomer.caller)

    def _from_ami(self, fact: Fact) -> None:
        if isinstance(fact, FallbackCaller):
            self.control.outside(LegId(fact.uniqueid))
        self.control.caused_at = self.watch.heard_at
        self._around.dispatcher.submit(to_event(fact, self._around.clock.now(), self.id))
        self.control.caused_at = None
        if isinstance(fact, WatchState):
            if fact.synced:
                self._around.gaps.close("ami", pbx=self.id)
                self.dead_man.forget()  # what went by the connection that broke may not have arrived
            elif not self._closing:
                self._around.gaps.open("ami", self._around.clock.now() - self._ami.unseen_s, pbx=self.id)
                self.control.without_manager()
                self.dead_man.again()

    def _synced(self) -> None:
        """Belief was compared with Asterisk after a gap."""
        self._around.gaps.close("ari", pbx=self.id)
        self._around.looked()
        self.dead_man.start()

    def _ari_state(self, state: AriState, _reason: str) -> None:
        self.replaced = state is AriState.REPLACED or (self.replaced and state is not AriState.UP)
        if state is AriState.UP:
            self._over = False
            self.auditor.connected()
            return
        if self.auditor.synced and not self._closing:
            self._around.gaps.open("ari", self._around.clock.now() - self.control.link.config.unseen_s, pbx=self.id)
        self.auditor.disconnected()
        self.dead_man.stop()
        if self.id and not self._over and self.refused:
            self._over = True
            self._ended()
            self._died(self)

    def tell_lost(self) -> None:
        """Say in the log, once, that it counts as lost: the engine decided that."""
        if not self._over and self._around.dispatcher.lost(self.id):
            self._over = True
            log.warning("pbx_lost", pbx=self.id)

    def _ended(self) -> None:
        """Nothing listens where one of several Asterisks was: its calls have ended, and it may not be back for long."""
        log.warning("pbx_ended", pbx=self.id)
        now = self._around.clock.now()
        self._around.dispatcher.submit(Resynced(now, (), (), after_gap=True, asterisk_started=ENDED, pbx=self.id))


class Pbxs:
    """All of them: ``acd.runtime.dispatcher``'s way to Asterisk."""

    def __init__(
        self, settings: Settings, around: Callable[[Callable[[], None]], Around], seen: Callable[[], None]
    ) -> None:
        """``around`` is given what is to be told of each look; ``seen`` is called when the engine may go on by it."""
        self._around = around(self._looked)
        self._seen = seen
        self._waiting: asyncio.TimerHandle | None = None
        self._complete = False
        self._plan = settings.plan
        self._partings: set[asyncio.Task[None]] = set()
        self.all = tuple(Pbx(one, settings.pbx, self._around, self._died) for one in settings.pbxs)
        self._by_id = {pbx.id: pbx for pbx in self.all}

    @property
    def first(self) -> Pbx:
        """The only one, mostly."""
        return self.all[0]

    def use(self, plan: Plan) -> None:
        """Know the phones, trunks and numbers of a plan."""
        self._plan = plan
        for pbx in self.all:
            pbx.use(plan)

    async def start(self) -> None:
        """Begin to connect to each."""
        await asyncio.gather(*(pbx.start() for pbx in self.all))

    async def close(self) -> None:
        """Let go of all."""
        if self._waiting is not None:
            self._waiting.cancel()
        for task in self._partings:
            task.cancel()
        await asyncio.gather(*self._partings, return_exceptions=True)
        await asyncio.gather(*(pbx.close() for pbx in self.all))

    def settle(self, seconds: float) -> None:
        """Before the first look: how long to wait, so that who was here before has surely stopped."""
        for pbx in self.all:
            pbx.auditor.settle_s = seconds

    def claim(self, *, on: bool) -> None:
        """Take calls, or leave them to Asterisk's own queue."""
        for pbx in self.all:
            pbx.control.claiming = on

    def tell_lost(self) -> None:
        """Say in the log which of them count as lost."""
        for pbx in self.all:
            pbx.tell_lost()

    def moved(self, by_s: float) -> None:
        """The clock was set by so many seconds."""
        for pbx in self.all:
            pbx.watch.moved(by_s)

    def refresh(self) -> None:
        """Look at phones and trunks anew."""
        for pbx in self.all:
            pbx.watch.refresh()

    def _died(self, dead: Pbx) -> None:
        """One seems to have died: end the calls between it and the others on which nothing is heard."""
        for pbx in self.all:
            if pbx is not dead and pbx.control.link.state is AriState.UP:
                parting = part(pbx.control.link, f"{PEER_PREFIX}{dead.id}", lambda: dead.refused)
                task = asyncio.create_task(parting, name="parting")
                self._partings.add(task)
                task.add_done_callback(self._partings.discard)

    # ------------------------------------------------------------ commands

    def execute(self, command: TelephonyCommand) -> None:
        """Send a command to the Asterisk where its contact is."""
        self._by_id[self._plan.pbx_of(command.contact_id)].control.execute(command)

    def prepare(self, devices: Collection[str]) -> None:
        """Have a channel ready to each of the phones that ring next, for callers at the same Asterisk."""
        for pbx in self.all:
            pbx.control.prepare([device for device in devices if device in pbx.phones])

    # ------------------------------------------------------------ what is seen

    def unseen(self) -> Iterable[Pbx]:
        """Those whose calls are not known."""
        return [pbx for pbx in self.all if not pbx.auditor.synced]

    def _looked(self) -> None:
        """One was looked at. With the first look at each, or when one stays away, the engine goes on."""
        if not any(self.unseen()):
            self._go_on()
        elif not self._complete and self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(ALL_SEEN_S, self._go_on)

    def _go_on(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._complete = True
        self._around.dispatcher.release_timers()
        self._seen()

    def probe(self, on_answer: Callable[[], None]) -> None:
        """Ask each Asterisk that is connected for a sign of life, on the connection of the events.

        ``on_answer`` is called when all have given one. Where another engine has our place, there is none.
        """
        if any(pbx.replaced for pbx in self.all):
            return
        up = [pbx.control.link for pbx in self.all if pbx.control.link.state is AriState.UP]
        missing = len(up)

        def one() -> None:
            nonlocal missing
            missing -= 1
            if not missing:
                on_answer()

        for link in up:
            link.probe(one)


def _ari_config(ari: AriSettings, pbx: PbxId, *, alone: bool) -> AriConfig:
    config = AriConfig(f"{ari.url}/ari", ari.user, ari.password.reveal(), ari.application, system_name=pbx)
    if alone:
        return config
    return replace(config, replaced_patience_s=RIGHTFUL_S, replaced_probe_s=RIGHTFUL_S / 2)
