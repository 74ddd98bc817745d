"""The composition root: the only place that constructs adapters and ties them to the runtime.

Decides the order of starting and stopping, and what makes the engine ready. Knows no protocol and no decision.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import SystemRandom
from secrets import token_bytes
from typing import TYPE_CHECKING, TypeAlias

import structlog
from aiohttp import web

from acd.dips.client import DataClient
from acd.domain.commands import SendHook
from acd.domain.errors import StoreError
from acd.domain.events import DrainRequested, PlanLoaded
from acd.domain.record import HookDone
from acd.engine.state import EngineState
from acd.observability import delays
from acd.observability.metrics import MetricsExporter, WriterHealth
from acd.observability.processor import CoreWanted
from acd.observability.start import StartSteps
from acd.pbxs import Around, Pbxs
from acd.runtime.clock import AnchoredClock
from acd.runtime.clock_keeper import PATIENCE_S, ClockKeeper, Sign
from acd.runtime.dispatcher import Codec, Dispatcher
from acd.runtime.gaps import GapLedger
from acd.runtime.pulse import Pulse
from acd.runtime.rehearsal import Rehearsal
from acd.runtime.reloading import Loading, Reloader
from acd.runtime.standby import HeldRecords, Standby
from acd.settings.expressions import evaluate_in_flow
from acd.settings.own_policies import policies_for
from acd.settings.values import Settings
from acd.store.codec import decode, encode_event
from acd.store.group_commit import GroupedJournal
from acd.store.heartbeat import Beat, Heartbeat
from acd.store.journal import SqliteJournal
from acd.store.lease import WITNESS_S, elapsed
from acd.store.pieces import StatePieces
from acd.store.recordings import RecordingFiles
from acd.store.records import SqlRecords, open_records
from acd.store.upkeep import Keeping
from acd.telephony.sounds import SoundMaker, Sounds
from acd.web.app import make_app
from acd.web.auth import api_tokens
from acd.web.deps import WebDeps, Words
from acd.web.media import MediaShelf
from acd.web.readiness import Readiness

if TYPE_CHECKING:
    from acd.store.succession import Succession

log = structlog.get_logger(__name__)
LoadSettings: TypeAlias = Callable[[], Settings]
FlowTests: TypeAlias = Callable[[Settings], tuple[str, ...]]
HOUSEKEEPING_S = 1.0
UPKEEP_S, UPKEEP_AGAIN_S = 3600.0, 60.0
"""How often the store is kept up; after a failure sooner."""
DURABLE_S = 1.0
"""How long an answer of the API waits at most for the journal. A commit takes some 20 ms."""
RETIRE_S = 5.0
"""How long the end waits at most for Asterisk's own queue to have all callers handed over."""
TAKEN_OVER = f"the next moment without calls takes it over, at the latest {PATIENCE_S / 60:.0f} minutes do"
ALIVE = "alive"
"""File beside the journal."""
MEDIA_KEY = "media.key"
"""File beside the journal."""
MEDIA_KEY_BYTES = 32
CODEC = Codec(StatePieces(), lambda data: decode(EngineState, data))


def _yes() -> bool:
    return True


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    """Have something done on a loop, unless it is over."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(what)


def _media_key(path: Path) -> bytes:
    """Read what the names of sound files are made with, so that they outlive this process in Asterisk's cache."""
    with suppress(OSError):
        if len(key := path.read_bytes()) == MEDIA_KEY_BYTES:
            return key
    key = token_bytes(MEDIA_KEY_BYTES)
    with suppress(OSError):
        path.touch(mode=0o600)
        path.write_bytes(key)
    return key


class App:
    """One engine beside one Asterisk, or several. ``start``, then ``close``; both once."""

    def __init__(
        self,
        settings: Settings,
        journal: GroupedJournal,
        records: SqlRecords,
        load: LoadSettings,
        test: FlowTests,
        maker: SoundMaker | None,
        succession: Succession | None = None,
        lost: asyncio.Event | None = None,
        steps: StartSteps | None = None,
    ) -> None:
        self._settings = settings
        self._steps = steps or StartSteps()
        self._clock = AnchoredClock()
        self._journal = journal
        self._records = records
        self._succession = succession
        self._active = False
        self.lost = lost or asyncio.Event()
        """Another engine has taken over: close this one."""
        self._files = RecordingFiles(
            settings.recordings.dir, elsewhere={pbx.id: pbx.recordings for pbx in settings.several}
        )
        self._held = HeldRecords(records)
        permitted, verified = (
            (lease.holds, lease.verified) if (lease := succession and succession.lease) else (_yes, _yes)
        )
        self.dispatcher = Dispatcher(
            self._clock, journal, self._held, self._files, CODEC, policies_for, evaluate_in_flow, permitted
        )
        self._offer_delays = delays.of_offers()
        self._loop_delays = delays.of_loop()
        self._loop_holds = delays.of_own_work()
        self._journal_delays = delays.of_journal()
        journal.on_durable = self._journal_delays.add
        self._loop_starved = delays.of_missing_cores()
        self._core_wanted = CoreWanted()
        self._pulse = Pulse(
            self._loop_delays.add, self._loop_holds.add, self._loop_starved.add, waited=self._core_wanted
        )
        self._shelf = MediaShelf(_media_key(settings.journal.file.with_name(MEDIA_KEY)))
        self._sounds = Sounds(lambda: self._settings.prompts, maker, self._address)
        self._gaps = GapLedger(self._clock, records.write)
        self._heartbeat = Heartbeat(settings.journal.file.with_name(ALIVE))
        self._unseen_since = self._clock.now()
        """Since when nobody looked, as far as this engine knows."""
        self._closing = False
        self._pbxs = Pbxs(settings, partial(self._around, permitted, verified), self._seen)
        self._clock_keeper = ClockKeeper(self._clock, self.dispatcher, self._gaps, elapsed, self._pbxs.moved)
        self._rehearsal = Rehearsal(encode_event, self._pbxs.first.control.rehearse)
        self._data = DataClient(settings.data, SystemRandom(), self._told)
        self.dispatcher.attach_data(self._data)
        self._words = Words()
        self._use(settings)
        self._reloader = Reloader(settings, self._clock, load, test, self._apply)
        self._store_failed = False
        self._web: web.AppRunner | None = None
        self._housekeeper: asyncio.Task[None] | None = None
        self._messenger: asyncio.Task[None] | None = None
        self._storekeeper: asyncio.Task[None] | None = None
        self._successor: asyncio.Task[None] | None = None
        self._standby: Standby | None = None
        self.port = 0
        """Where the API listens, once started."""

    @classmethod
    async def open(
        cls,
        settings: Settings,
        load: LoadSettings | None = None,
        test: FlowTests = lambda _settings: (),
        maker: SoundMaker | None = None,
        steps: StartSteps | None = None,
    ) -> App:
        """Open journal and store. Raises ``StoreError``.

        Args:
            settings: what to begin with.
            load: reads the configuration anew; raises ``ConfigError``.
            test: runs the tests of a configuration's flows and gives what failed.
            maker: makes sounds that are missing; without it they are only replaced.
            steps: of the start so far.
        """
        for file in (settings.journal.file, settings.store.spool):
            file.parent.mkdir(parents=True, exist_ok=True)

        def failing(why: str) -> None:
            log.error("journal_failing", why=why)

        lost = asyncio.Event()
        loop, own = asyncio.get_running_loop(), settings.journal
        succession: Succession | None = None
        journal: GroupedJournal
        if own.url is None:
            journal = SqliteJournal(own.file, keep_all=own.keep_all, on_error=failing)
        else:
            from acd.store.pg import database_of  # noqa: PLC0415 - loaded where two engines take turns
            from acd.store.succession import Succession  # noqa: PLC0415

            url = own.url.reveal()
            if database_of(url) != database_of(settings.store.url.reveal()):
                raise StoreError("the journal and the store must be in one database when two engines take turns")
            succession = Succession(
                url,
                keep_all=own.keep_all,
                on_error=failing,
                on_lost=lambda: _tell(loop, lost.set),
                on_trouble=lambda why: log.warning("lease_uncertain", why=why),
            )
            journal = succession.journal
        try:
            records = await open_records(
                settings.store.url.reveal(),
                on_error=lambda why: log.error("records_failing", why=why),
                spool=settings.store.spool,
                spool_size=settings.store.spool_bytes,
                shared=succession is not None,
            )
        except StoreError:
            await journal.close()
            raise
        return cls(settings, journal, records, load or (lambda: settings), test, maker, succession, lost, steps)

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        return self._settings

    async def start(self) -> None:
        """Recover, listen, connect. Returns when the API listens; Asterisk may come later. Raises ``OSError``.

        Of two engines the one that finds the other active returns as its standby and does the rest when its turn comes.
        """
        if self._succession is not None:
            await self._listen()
            self._successor = asyncio.create_task(self._succeed(self._succession), name="successor")
            return
        self._steps.did("opened")
        self._held.release()
        snapshot, events = await self._journal.load()
        self._steps.did("read")
        self.dispatcher.restore(snapshot)
        self._steps.did("restored")
        self.dispatcher.replay(events)
        self._steps.did("replayed")
        beat = self._heartbeat.last()
        self._resume_clock(beat)
        self.dispatcher.begin(self._settings.plan)
        log.info("recovered", events=len(events), plan=self._settings.plan.version)
        self._steps.did("begun")
        self._begin_ledger(beat.at if beat is not None else None)
        self._active = True
        await self._listen()
        self._steps.did("listening")
        await self._serve()

    async def _succeed(self, succession: Succession) -> None:
        """Be the standby until it is our turn; then go on where the one before was, as after a restart."""
        self._standby = Standby(succession.reader, succession.turn, self.dispatcher, self._held)
        log.info("standing_by")
        try:
            token = await self._standby.until_active()
        except Exception:
            log.exception("standby_failed")
            self.lost.set()
            return
        log.info("taking_over", turn=token, seized=succession.turn.seized)
        succession.begin(token)
        self._records.fence(token)
        self._held.release()
        self._resume_clock(None)
        self.dispatcher.begin(self._settings.plan)
        self._begin_ledger(None)
        self._active = True
        self._pbxs.settle(WITNESS_S if succession.turn.seized else 0.0)
        await self._serve()
        while True:
            if succession.lease.wants_witness():
                self._pbxs.probe(partial(succession.lease.witnessed, elapsed()))
            await asyncio.sleep(WITNESS_S / 5)

    def _resume_clock(self, beat: Beat | None) -> None:
        self._clock_keeper.resume(Sign(beat.at, beat.ahead, beat.shifted) if beat is not None else None)
        self._unseen_since = self._clock.now()

    def _beat(self) -> Beat:
        sign = self._clock_keeper.sign()
        return Beat(sign.at, sign.ahead, sign.shifted)

    def _begin_ledger(self, alive: float | None) -> None:
        """Nobody saw what happened since an engine was alive last; the first look at Asterisk ends that."""
        known = [at for at in (alive, self.dispatcher.replayed_until) if at is not None]
        if known:
            self._unseen_since = min(max(known), self._unseen_since)
            self._gaps.open("engine", self._unseen_since)

    async def _serve(self) -> None:
        """Begin to command."""
        prepare = self._pbxs.prepare if self._settings.pbx.phones_ahead_s else None
        self.dispatcher.attach(self._pbxs if len(self._pbxs.all) > 1 else self._pbxs.first.control, prepare)
        self._pulse.start()
        if self.dispatcher.draining:  # that was the life before
            self.drain(on=False)
        self._housekeeper = asyncio.create_task(self._keep_house(), name="housekeeper")
        self._messenger = asyncio.create_task(self._tell_what_was_left(), name="messenger")
        self._storekeeper = asyncio.create_task(self._keep_store(), name="storekeeper")
        await self._pbxs.start()

    async def reload(self) -> Loading:
        """Read the configuration anew and put it into force, unless it has mistakes or its flows' tests fail."""
        return await self._reloader.reload()

    def drain(self, *, on: bool) -> None:
        """Take no calls and hand who waits over to Asterisk's own queue, in order; or go back to normal."""
        log.info("draining" if on else "serving_again")
        self._pbxs.claim(on=not on)
        self.dispatcher.submit(DrainRequested(self._clock.now(), on=on))

    async def retire(self) -> None:
        """Take no more calls; where the configuration says so, hand over who waits, within ``RETIRE_S``.

        Otherwise they stay where they are: after a restart they go on waiting, and without one the dead man's timeout
        leads them to Asterisk's own queue.
        """
        self._pbxs.claim(on=False)
        if not self._active or not self._settings.pbx.hand_over_at_stop:
            return
        self.drain(on=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(RETIRE_S):
                while self.dispatcher.on_the_way():  # noqa: ASYNC110 - told by AMI, in events of the engine
                    await asyncio.sleep(0.02)

    def _apply(self, settings: Settings) -> tuple[str, ...]:
        """Use a new configuration. Gives the sections whose changes wait for the next start."""
        before = self._settings
        if settings.plan.pbxs != before.plan.pbxs:  # links are made at a start
            settings = replace(settings, plan=replace(settings.plan, pbxs=before.plan.pbxs))
        self._use(settings)
        if self._active and settings.plan.version != before.plan.version:
            self.dispatcher.submit(PlanLoaded(self._clock.now(), settings.plan))
        self._pbxs.refresh()
        if settings.data != before.data:
            self._data.use(settings.data)
        fixed = ("ari", "ami", "several", "store", "journal", "recordings", "pbx")
        later = [name for name in fixed if getattr(before, name) != getattr(settings, name)]
        if (before.api.bind, before.api.port) != (settings.api.bind, settings.api.port):
            later.append("api")
        return tuple(later)

    def _use(self, settings: Settings) -> None:
        self._settings = settings
        plan = settings.plan
        self._pbxs.use(plan)
        self._words = Words(
            plan.pause_reasons,
            tuple(settings.languages),
            frozenset(settings.prompts.texts),
            api_tokens((given.name, given.token.reveal()) for given in settings.api.tokens),
        )
        self._rehearsal.use(plan)
        for warning in settings.warnings:
            log.warning("configuration_warned", about=str(warning))

    async def close(self) -> None:
        """Let go of everything; conversations in Asterisk go on, callers' places are in the journal."""
        self._closing = True
        self._pulse.close()
        self._core_wanted.close()
        self._rehearsal.close()
        if self._web is not None:
            await self._web.cleanup()
        tasks = [
            task
            for task in (self._housekeeper, self._messenger, self._storekeeper, self._successor)
            if task is not None
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._pbxs.close()
        await self._sounds.close()
        if self._active:
            await self.dispatcher.close()
            await asyncio.to_thread(self._heartbeat.beat, self._beat())
        await self._data.close()
        await self._journal.close()
        if self._succession is not None:
            await self._succession.close()
        await self._records.close()

    # ------------------------------------------------------------ Asterisk

    def _around(
        self, permitted: Callable[[], bool], verified: Callable[[], bool], looked: Callable[[], None]
    ) -> Around:
        return Around(
            clock=self._clock,
            dispatcher=self.dispatcher,
            journal=self._journal,
            sounds=self._sounds,
            gaps=self._gaps,
            alone=self._succession is None,
            permitted=permitted,
            verified=verified,
            offered=self._offer_delays.add,
            delay_s=lambda: self._pulse.delay_s,
            called=self._called,
            looked=looked,
        )

    def _called(self) -> None:
        self._rehearsal.called()

    def _seen(self) -> None:
        """Belief was compared with what is; of what is away yet, nothing was seen since the beginning."""
        self._steps.done("compared")
        self._gaps.close("engine")
        for pbx in self._pbxs.unseen():
            self._gaps.open("ari", self._unseen_since, pbx=pbx.id)
        for pbx in self._pbxs.all:
            if not self.dispatcher.ami_up(pbx.id):
                self._gaps.open("ami", self._unseen_since, pbx=pbx.id)

    # ------------------------------------------------------------ HTTP

    async def _listen(self) -> None:
        api = self._settings.api
        self._metrics = MetricsExporter(
            self.dispatcher.view,
            self._writers,
            (self._offer_delays, self._loop_delays, self._loop_holds, self._loop_starved, self._journal_delays),
            self._data.figures,
            self._loads,
            self._fallbacks,
            self._serves if self._succession is not None else None,
            self._gaps,
        )
        application = make_app(
            WebDeps(
                view=self.dispatcher.view,
                records=self._records,
                request_agent=self.dispatcher.request_agent,
                request_callback=self.dispatcher.request_callback,
                cancel_callback=self.dispatcher.cancel_callback,
                order=self.dispatcher.order,
                mark_voicemail=self.dispatcher.mark_voicemail,
                serves=self.dispatcher.serves,
                recording_file=self._files.path,
                metrics=self._metrics.render,
                durable=self._durable,
                ready=self._ready,
                active=self._serves,
                words=lambda: self._words,
                loading=lambda: self._reloader.state,
                reload=self.reload,
                drain=self._drain_by_order,
                gaps=self._gaps.touching,
                media=self._shelf,
            )
        )
        self._web = web.AppRunner(application, access_log=None)
        await self._web.setup()
        site = web.TCPSite(self._web, api.bind, api.port)
        await site.start()
        self.port = self._web.addresses[0][1]
        log.info("listening", bind=api.bind, port=self.port)

    def _loads(self) -> Mapping[str, int]:
        return {str(outcome): count for outcome, count in self._reloader.state.attempts.items()}

    def _address(self, path: Path) -> str | None:
        """Give the URL under which Asterisk fetches a sound file."""
        name = self._shelf.name(path)
        bind = self._settings.api.bind
        base = self._settings.prompts.url or f"http://{f'[{bind}]' if ':' in bind else bind}:{self.port}"
        return f"{base}/prompts/{name}" if name is not None else None

    def _fallbacks(self) -> dict[tuple[str, str], int]:
        return {(prompt, how): count for (prompt, how), count in self._sounds.fallbacks.items()}

    def _drain_by_order(self, on: bool, by: str) -> None:  # noqa: FBT001 - its caller names it
        log.info("drain_ordered", by=by, on=on)
        self.drain(on=on)

    async def _durable(self) -> None:
        """Wait for the journal; not for a disk that refuses: calls and their agents are led on without it."""
        if not self._journal.health().failing:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._journal.flush(), DURABLE_S)

    def _writers(self) -> Sequence[WriterHealth]:
        journal, records = self._journal.health(), self._records.health()
        used = records.spool_used / records.spool_size if records.spool_size else 0.0
        failing = bool(records.failing)
        return (
            WriterHealth("journal", journal.backlog, journal.errors, journal.lost, bool(journal.failing)),
            WriterHealth("records", records.backlog, records.errors, records.lost, failing, records.spooled, used),
        )

    def _serves(self) -> bool:
        """Whether this engine is surely the active one."""
        return self._active and (self._succession is None or self._succession.lease.holds())

    def _ready(self) -> Readiness:
        if not self._active:
            failing = self._standby.failing if self._standby is not None else ""
            return Readiness((f"the journal cannot be followed: {failing}",) if failing else (), standby=True)
        reasons = []
        if not self._serves():
            reasons.append("it is not sure that no other engine is the active one")
        if self.dispatcher.draining:
            reasons.append("no calls are taken, by order")
        unseen = [pbx.ari_trouble for pbx in self._pbxs.unseen()]
        served = len(unseen) < len(self._pbxs.all)
        degraded = unseen if served else []
        reasons += [] if served else unseen
        if failing := self._journal.health().failing:
            # In a database it may fail for long, and calls are served without; on a disk, restarts lose what goes on.
            (degraded if self._succession is not None else reasons).append(f"the journal fails: {failing}")
        degraded += [pbx.ami_trouble for pbx in self._pbxs.all if pbx.ami_trouble]
        if self._reloader.state.outcome == "refused":
            degraded.append(f"a newer configuration is refused: {self._reloader.state.mistakes[0]}")
        if self._clock_keeper.stepped:
            degraded.append(f"the system's clock was set by {self._clock_keeper.ahead:+.0f} s; {TAKEN_OVER}")
        if failing := self._records.health().failing:
            degraded.append(f"the store fails: {failing}")
        return Readiness(tuple(reasons), tuple(degraded))

    def _told(self, event_id: str, delivered: bool) -> None:  # noqa: FBT001 - its caller names it
        self._records.write([HookDone(event_id, self._clock.now(), delivered)])

    async def _tell_what_was_left(self) -> None:
        """Webhooks are told what a former life left untold, once the store has what the journal brought again."""
        await self._records.stored()
        try:
            left = await self._records.pending_hooks()
            self._gaps.adopt(await self._records.gaps(), self._unseen_since)
        except StoreError as error:
            log.error("webhooks_not_resumed", why=str(error))  # noqa: TRY400 - the reason says it all
            return
        self._data.resume(SendHook(row.webhook, row.event_id, row.body, row.at) for row in left)

    async def _keep_store(self) -> None:
        """Make months ahead and remove what is too old, now and then."""
        while True:
            store = self._settings.store
            try:
                keeping = Keeping(store.keep_records, store.keep_decisions)
                removed = await self._records.keep_up(keeping, self._clock.now())
            except StoreError as error:
                log.warning("store_not_kept_up", why=str(error))
                await asyncio.sleep(UPKEEP_AGAIN_S)
            else:
                if removed:
                    log.info("old_records_removed", contacts=removed)
                await asyncio.sleep(UPKEEP_S)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            if self._journal.health().gap:
                self._gaps.open("journal", self._clock.now() - HOUSEKEEPING_S)
                self.dispatcher.snapshot()
            else:
                self._gaps.close("journal")
            self._clock_keeper.look()
            self._pbxs.tell_lost()
            # In a thread: a disk that stands still must not hold up calls.
            await asyncio.to_thread(self._heartbeat.beat, self._beat())
            failed, self._store_failed = self._store_failed, bool(self._records.health().failing)
            if failed and not self._store_failed:
                log.info("records_written_again", spooled=self._records.health().spooled)
