"""Call control over ARI: domain commands to requests, results and events back to domain events.

Knows Asterisk's names for things and nothing of why a command is given. No task per command or event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Any, Literal

import structlog

from acd.domain.commands import (
    AddToBridge,
    Answer,
    Command,
    ContinueInDialplan,
    CreateBridge,
    DestroyBridge,
    HandOver,
    HangUp,
    Originate,
    Play,
    Ring,
    StartMusic,
    StartRecording,
    StopMusic,
    StopPlay,
    StopRing,
    TakeBack,
    TelephonyCommand,
)
from acd.domain.errors import ChannelGone, CommandTimeout, PbxUnavailable, TelephonyError
from acd.domain.events import (
    AgentDialled,
    BridgeSeen,
    CallArrived,
    ChannelSeen,
    CommandFailed,
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LegLeft,
    PlaybackEnded,
    RecordingEnded,
    Resynced,
    TalkingStarted,
)
from acd.domain.ids import (
    OUR_LEG_PREFIX,
    BridgeId,
    ContactId,
    Language,
    LegId,
    PlaybackId,
    PromptKey,
    RecordingName,
    contact_of_leg,
    is_customer_leg,
)
from acd.domain.plan import PEER_PREFIX
from acd.domain.sound_commands import PlayTake, StartTake
from acd.engine.dead_man import Place
from acd.ports import Clock
from acd.telephony import ahead, caller_sound
from acd.telephony.ari import commands
from acd.telephony.ari.errors import AriConflict, AriRefused
from acd.telephony.ari.link import AriLink
from acd.telephony.ari.shapes import fault
from acd.telephony.ari.snapshots import ChannelSnapshot
from acd.telephony.ari.values import AriConfig, AriRequest, AriResult, AriState
from acd.telephony.ari.wire import encode_request
from acd.telephony.channel_variables import KNOWN, PHONE, PLACE, TIMEOUT, WAITING_QUEUE, WAITING_SINCE
from acd.telephony.control_values import Manner, Partners
from acd.telephony.occupied import Occupied
from acd.telephony.portions import in_portions
from acd.telephony.reflex import Reflex
from acd.telephony.sounds import Sounds
from acd.telephony.speaking import Speaker
from acd.telephony.threshold import Threshold

log = structlog.get_logger(__name__)

_NOBODY = Partners()
_CANCELLED = (127, 487)
"""What Asterisk makes of a CANCEL. In Q.850 a caller who gives up clears normally (RFC 3398)."""
_STASIS = frozenset({"Stasis", "StasisBroadcast"})
ELSEWHERE = "elsewhere"
"""In place of a channel's number: up to the last hyphen stands whose phone it is, as its own Asterisk would name it."""

ALIVE_WITHIN_S = 1.0
"""How long ARI may take to answer before callers' timeouts are left to run out."""
FIRST_HANDED_OVER = 1 << 29
"""Ranks in Asterisk's own queue, the highest first, of callers handed over; 0 is who came there alone."""
FOLLOW_S = 0.02
"""How long after a caller came in the channel is subscribed to."""
ENTER_S = 1.0
"""After a claim: how long until a caller who was not seen to enter is looked for."""
EXPECT_S = 1.0
"""How long an expected caller may take to come in: the dialplan does nothing before."""


class AriControl:
    """``ports.CallControl`` over one Asterisk.

    Args:
        config: where Asterisk's REST interface is.
        clock: the time events get.
        emit: takes domain events.
        on_state: takes the link's state and the reason of its change.
        sounds: where the sounds of prompts are.
        manner: what is configured.
        partners: whom it tells and asks besides.
    """

    def __init__(
        self,
        config: AriConfig,
        clock: Clock,
        emit: Callable[[Event], None],
        on_state: Callable[[AriState, str], None],
        sounds: Sounds,
        manner: Manner,
        partners: Partners = _NOBODY,
    ) -> None:
        self._clock = clock
        self._emit = emit
        self._phones: dict[LegId, str] = {}
        """Of legs to phones at other Asterisks."""
        self._sounds = sounds
        self._speaker = Speaker(sounds, self._say, self._hush)
        self._manner, self._partners = manner, partners
        self._occupied = Occupied(sounds, clock.now, manner.dead_man_s)
        self._to_write: list[tuple[ContactId, LegId, str, str]] = []
        """Variables that wait for ARI's sign of life."""
        self._asked_at = 0.0
        self._handed_over = 0
        self._manager_tells = False
        """AMI told of the last caller before ARI did: it lives, and is not only believed to."""
        self.claiming = True
        """Whether calls are taken; while not, the dialplan leads them to its own queue."""
        self.caused_at: float | None = None
        """When the bytes came that are the cause of what is ordered now, by ``perf_counter``; None: no bytes are."""
        self._threshold = Threshold()
        self._expected: dict[LegId, asyncio.TimerHandle] = {}
        """Callers announced before Asterisk offered them."""
        self._hung_up: dict[str, tuple[int, int | None]] = {}
        """Channels on their way out, with the cause and SIP code known so far."""
        self._to_follow: dict[LegId, asyncio.TimerHandle] = {}
        self._bridges_to_make: dict[ContactId, CreateBridge] = {}
        """Of callers who just came in and whom nobody answers yet."""
        self._reflex = Reflex()
        self._on_state = on_state
        self.link = AriLink(
            config,
            on_event=self._on_event,
            on_state=self._state,
            permitted=partners.permitted,
            may_connect=partners.may_connect,
        )
        self._ahead = ahead.Ahead(self.link, config.app, f"{int(clock.now() * 1000):x}", manner.ahead_s, clock.now)
        self._handlers: Mapping[str, Callable[[dict[str, Any]], Event | None]] = {
            "ChannelStateChange": self._state_changed,
            "StasisStart": self._stasis_start,
            "StasisEnd": self._stasis_end,
            "ChannelHangupRequest": self._hanging_up,
            "ChannelDestroyed": self._destroyed,
            "ChannelDtmfReceived": self._dtmf,
            "PlaybackFinished": self._playback_finished,
            "RecordingFinished": self._recording_ended,
            "RecordingFailed": self._recording_ended,
            "ChannelTalkingStarted": self._talking,
        }

    # ------------------------------------------------------------ Asterisk → engine

    def _on_event(self, event: dict[str, Any]) -> None:
        missing = fault(event)
        if missing is not None:
            log.warning("ari_event_not_understood", kind=str(event.get("type")), field=missing)
            return
        kind = event["type"]
        if kind == "CallBroadcast":
            if not self.claiming:
                return
            self.caused_at = self.link.heard_at
            self._broadcast(event["channel"])
            self.caused_at = None
            return
        handler = self._handlers.get(kind)
        if handler is not None:
            if "channel" in event and not self._named_by_us(kind, event["channel"]):
                return
            self.caused_at = self.link.heard_at
            translated = handler(event)
            if translated is not None:
                self._emit(translated)
            self.caused_at = None

    def _named_by_us(self, kind: str, channel: dict[str, Any]) -> bool:
        """Call a channel that was made ahead by the name of its leg; False when no leg has it."""
        name = channel["id"]
        if name.startswith(ahead.CHANNEL_PREFIX):
            leg = self._ahead.leg_of(name)
            if leg is None:
                self._ahead.happened(kind, name)
                return False
            channel["id"] = leg
        return True

    def _state(self, state: AriState, why: str) -> None:
        if state is not AriState.UP:
            self._ahead.lost()
            self._reflex.clear()
            self._forget_who_is_on_the_way()
        self._on_state(state, why)

    def _forget_who_is_on_the_way(self) -> None:
        """The link is down: what comes of them is found at the next look. Who comes once it is up waits it out."""
        self._occupied.clear()
        self._bridges_to_make.clear()
        self._hung_up.clear()
        self._threshold.clear()
        for timer in (*self._expected.values(), *self._to_follow.values()):
            timer.cancel()
        self._expected.clear()
        self._to_follow.clear()

    def prepare(self, devices: Collection[str]) -> None:
        """Have a channel ready to each of the phones that ring next."""
        if self.link.state is AriState.UP:
            self._ahead.want(devices)

    def expect(self, leg: LegId, channel_name: str, access_code: str, caller: str) -> None:
        """Tell the engine of a caller whose channel was made and whose dialplan has yet to bring it here.

        A phone that rings takes longer than that. Who does not come within ``EXPECT_S`` was somebody else's.
        """
        self._manager_tells = True
        if self.claiming and self.link.state is AriState.UP and not self._threshold.knows(leg):
            self.caused_at = perf_counter()  # the bytes came just now
            self._announce(leg, channel_name, access_code, caller)
            self.caused_at = None
            self._expected[leg] = asyncio.get_running_loop().call_later(EXPECT_S, self._did_not_come, leg)

    def _did_not_come(self, leg: LegId) -> None:
        self._expected.pop(leg, None)
        if self._threshold.enter(leg) is not None:
            self._emit(CommandFailed(self._clock.now(), "claim", leg, "refused", "the caller did not come in"))

    def _comes(self, channel: dict[str, Any]) -> None:
        """A caller is seen here for the first time; the engine may know already."""
        leg, dialplan = LegId(channel["id"]), channel["dialplan"]
        expected = self._expected.pop(leg, None)
        if expected is not None:
            expected.cancel()
        else:
            self._manager_tells = self._manager_tells and self._threshold.knows(leg)
            self._announce(leg, channel["name"], dialplan["exten"], channel["caller"]["number"])
        self._partners.taken(leg)

    def _announce(self, leg: LegId, channel_name: str, access_code: str, caller: str) -> None:
        self._threshold.announce(leg)
        self._emit(CallArrived(self._clock.now(), leg, channel_name, access_code, caller, self._partners.load()))

    def _broadcast(self, channel: dict[str, Any]) -> None:
        """Claim a call. The engine is told of a caller before: a phone that rings takes longer than any claim.

        A caller who was expected has a phone ringing already: there the claim goes first.
        """
        leg = LegId(channel["id"])
        caller = channel["dialplan"]["context"] != self._manner.agents_context

        def done(result: AriResult) -> None:
            if result.error is None:
                if caller:
                    asyncio.get_running_loop().call_later(ENTER_S, self._entered, leg)
            else:
                self._not_claimed(leg, result)

        known = leg in self._expected
        if known:
            self.link.claim(leg, done)
        if caller:
            self._comes(channel)
        if not known:
            self.link.claim(leg, done)

    def _not_claimed(self, leg: LegId, result: AriResult) -> None:
        """Somebody else has the caller, or nobody any more. What was ordered is void; who lives on is not ours."""
        if not isinstance(result.error, ChannelGone | AriConflict):
            log.warning("claim_failed", status=result.status, error=str(result.error))
        if self._threshold.enter(leg) is not None:
            self._follow(leg, partial(self._tell_unclaimed, leg, "refused"), partial(self._tell_unclaimed, leg, "gone"))

    def _entered(self, leg: LegId) -> None:
        """The caller is inside, or should be: carry out what waited for that."""
        held = self._threshold.enter(leg)
        if held is None:
            return
        # Somebody waits for what was ordered; only a hang-up must find the channel followed.
        ends = any(isinstance(command, HangUp) for command in held)
        if ends:
            self._follow(leg)
        # Asterisk takes requests one after the other, and the next one may be the answer somebody waits for: a bridge
        # is not needed before that.
        for command in held:
            if isinstance(command, CreateBridge) and not ends:
                self._bridges_to_make[command.contact_id] = command
        for command in held:
            if ends or not isinstance(command, CreateBridge):
                self.execute(command)
        if not ends:
            self._to_follow[leg] = asyncio.get_running_loop().call_later(FOLLOW_S, self._settle_in, leg)

    def _settle_in(self, leg: LegId) -> None:
        """A moment after a caller came in: do what nobody waits for."""
        self._follow(leg)
        self._make_bridge(ContactId(leg))

    def _make_bridge(self, contact: ContactId) -> None:
        command = self._bridges_to_make.pop(contact, None)
        if command is not None:
            self._send(command)

    def _state_changed(self, event: dict[str, Any]) -> Event | None:
        """Tell that a party picked up a moment before its channel comes in: the caller's answer need not wait."""
        channel = event["channel"]
        leg = LegId(channel["id"])
        if channel["state"] != "Up" or not leg.startswith(OUR_LEG_PREFIX):
            return None
        # One made ahead is inside all the time.
        if not self._ahead.has(leg) and not self._threshold.pick_up(leg):
            return None
        contact = contact_of_leg(leg)
        if contact is not None and not self._threshold.waits_for(LegId(contact)):
            caller = self._reflex.picked_up(leg)
            if caller is not None:
                self._send(Answer(contact, caller))
        return LegAnswered(self._clock.now(), leg)

    def _came_in(self, leg: LegId) -> bool:
        """A leg is inside, or gone: what waited for it is carried out, or fails. False when nobody picked it up."""
        held = self._threshold.come_in(leg)
        for command in held or ():
            self.execute(command)
        return held is not None

    def _stasis_start(self, event: dict[str, Any]) -> Event | None:
        channel = event["channel"]
        leg = LegId(channel["id"])
        if leg.startswith(OUR_LEG_PREFIX):
            return None if self._came_in(leg) else LegAnswered(self._clock.now(), leg)
        dialplan = channel["dialplan"]
        if dialplan["context"] == self._manner.agents_context:
            self._occupied.free(leg)
            self._emit(AgentDialled(self._clock.now(), leg, channel["name"], dialplan["exten"]))
            self._follow(leg)
            return None
        if leg in self._expected or not self._threshold.waits_for(leg):  # an Asterisk without StasisBroadcast
            self._comes(channel)
        self._entered(leg)
        return None

    def _tell_unclaimed(self, leg: LegId, reason: Literal["refused", "gone"]) -> None:
        self._emit(CommandFailed(self._clock.now(), "claim", leg, reason))

    def _follow(
        self, leg: LegId, lives: Callable[[], None] = lambda: None, gone: Callable[[], None] = lambda: None
    ) -> None:
        """Subscribe to a channel that came in: else its end, with the cause, is not told once it has left Stasis.

        ``lives`` is called when there is such a channel; ``gone`` before the end is told of one there is no more.
        """
        self._to_follow.pop(leg, None)

        def done(result: AriResult) -> None:
            if result.error is None:
                lives()
            elif isinstance(result.error, ChannelGone | AriRefused):
                gone()
                self._emit(LegEnded(self._clock.now(), leg))

        self.link.submit(commands.subscribe(self.link.config.app, leg), key=leg, on_result=done)

    def _hanging_up(self, event: dict[str, Any]) -> None:
        # With ``soft`` it is ours, and the cause is no Q.850; a BYE without a Reason header has none.
        cause = 0 if event.get("soft") else int(event.get("cause") or 0)
        sip_code = event.get("tech_cause") or None
        self._hung_up[event["channel"]["id"]] = (_plain(cause, sip_code) or 16, sip_code)

    def _stasis_end(self, event: dict[str, Any]) -> Event | None:
        leg = LegId(event["channel"]["id"])
        if leg.startswith(OUR_LEG_PREFIX):
            return None  # ChannelDestroyed follows
        if leg not in self._hung_up:
            return LegLeft(self._clock.now(), leg)
        if leg not in self._to_follow:
            return None  # likewise
        self._to_follow.pop(leg).cancel()
        cause, sip_code = self._hung_up.pop(leg)
        return LegEnded(self._clock.now(), leg, cause, sip_code)

    def _destroyed(self, event: dict[str, Any]) -> None:
        leg, sip_code = LegId(event["channel"]["id"]), event.get("tech_cause") or None
        cause = _plain(int(event["cause"]), sip_code)
        if self._hung_up.pop(leg, None) is not None:
            # A party that hangs up without a Reason header leaves Asterisk's cause at 0; that is normal clearing.
            cause = cause or 16
        self._reflex.over(leg)
        fell = _context(event["channel"]) == self._manner.fallback_context
        self._emit(LegEnded(self._clock.now(), leg, cause, sip_code, fell))
        self._came_in(leg)
        self._ahead.ended(leg)
        self._occupied.gone(leg)
        self._phones.pop(leg, None)

    def _dtmf(self, event: dict[str, Any]) -> Event | None:
        leg = LegId(event["channel"]["id"])
        if leg.startswith(OUR_LEG_PREFIX) and not is_customer_leg(leg):
            return None  # an agent's keys mean nothing
        return DigitPressed(self._clock.now(), leg, event["digit"])

    def _playback_finished(self, event: dict[str, Any]) -> Event | None:
        playback = event["playback"]
        ok = playback["state"] != "failed"
        # A play also fails when its caller hangs up; nobody is there to hear anything else. What the flow says next
        # must not happen any more: the caller would be recorded as having left from a node never heard.
        target = playback.get("target_uri", "")
        self._occupied.ended(playback["id"], target)
        gone = target.removeprefix("channel:") in self._hung_up
        over = self._speaker.ended(PlaybackId(playback["id"]), failed=not ok and not gone)
        return PlaybackEnded(self._clock.now(), over, ok=ok) if over is not None and not gone else None

    def _recording_ended(self, event: dict[str, Any]) -> Event:
        name = RecordingName(event["recording"]["name"])
        ok, duration_s = event["type"] == "RecordingFinished", float(event["recording"].get("duration") or 0)
        return RecordingEnded(self._clock.now(), name, ok, duration_s)

    def _talking(self, event: dict[str, Any]) -> Event:
        return TalkingStarted(self._clock.now(), LegId(event["channel"]["id"]))

    # ------------------------------------------------------------ engine → Asterisk

    def execute(self, command: TelephonyCommand) -> None:
        """Send a command; whatever keeps it from being done comes back as ``CommandFailed``."""
        if self._reflex.ordered(command) or self._threshold.holds(command):
            return
        if self._bridges_to_make and not isinstance(command, Answer):
            self._make_bridge(command.contact_id)
        if isinstance(command, TakeBack):
            if self._partners.permitted():
                self._partners.take_back(command.channel_name)
            return
        if not isinstance(command, Originate):
            self._send(command)
            return
        if command.phone:
            self._phones[command.leg_id] = command.phone
        if not self._dial(command):
            self._send(command)
        if self.caused_at is not None:
            self._partners.offered(perf_counter() - self.caused_at)

    def _dial(self, command: Originate) -> bool:
        """Ring a phone by a channel made ahead, for a caller who is here: the phone shows that channel's number."""
        if command.alone or not self._threshold.knows(LegId(command.contact_id)):
            return False
        return self._ahead.dial(command, self._send)

    def _send(self, command: TelephonyCommand) -> None:
        found = self._request(command)
        if found is None:
            return
        target, request = found

        def done(result: AriResult) -> None:
            if result.error is not None:
                self._failed(command.kind, target, result.error)

        if self._manner.talk_s and isinstance(command, AddToBridge):
            self._forget_renewals(command.leg_ids)
        if self._manner.talk_s and isinstance(command, ContinueInDialplan):
            self._forget_renewals([command.leg_id])
            self._write_last(command.contact_id, command.leg_id, TIMEOUT, "0")
        if isinstance(command, HandOver):  # they go at once; the queue sorts who comes a moment later by this
            self._forget_writes(command.contact_id)
            self._handed_over += 1
            rank = str(FIRST_HANDED_OVER - self._handed_over)
            self._write_last(command.contact_id, command.leg_id, PLACE, rank)
        self._before(command, target)
        self.link.submit(request, key=command.contact_id, on_result=done, then=self._with(command))

    def _before(self, command: TelephonyCommand, what: str) -> None:
        """See to it that no caller has to leave before the prompt is over, though ARI cannot tell the channel then.

        By AMI, if it lives: what ARI writes takes the dialplan's right away to write to Asterisk's database for the
        rest of the call, and so the note of how it ended, should no engine be there then.
        """
        outlast_s = self._occupied.begins(command, what)
        if outlast_s is None or not isinstance(command, Play | PlayTake | StartTake):
            return
        if self._manager_tells:
            self._write(command.contact_id, command.leg_id, {TIMEOUT: f"{outlast_s:.3f}"})
        else:
            self._write_in_turn(command.contact_id, command.leg_id, TIMEOUT, f"{outlast_s:.3f}")

    def without_manager(self) -> None:
        """AMI is away: what must not be lost goes over ARI."""
        self._manager_tells = False

    def _with(self, command: TelephonyCommand) -> list[AriRequest]:
        """What must not come a moment later: who talks is not to leave by the dead man's timeout."""
        if not self._manner.talk_s or not isinstance(command, AddToBridge):
            return []
        callers = [leg for leg in command.leg_ids if not leg.startswith(OUR_LEG_PREFIX)]
        return [commands.set_variable(leg, TIMEOUT, f"{self._manner.talk_s:.0f}") for leg in callers]

    def renew(self, contact_id: ContactId, leg_id: LegId, seconds: float) -> None:
        """Leave the caller in the application for so long, and not before a prompt that plays is over; 0: for ever."""
        self._write(contact_id, leg_id, {TIMEOUT: f"{self._occupied.outlasting(leg_id, seconds):.3f}"})

    def note(self, contact_id: ContactId, leg_id: LegId, place: Place | None, number: int) -> int:
        """Keep a caller's place with its channel; the highest number is served first. Gives what it cost, in writes."""
        since, queue, rank = (f"{place.since:.3f}", place.queue, str(number)) if place is not None else ("", "", "")
        return self._write(contact_id, leg_id, {WAITING_SINCE: since, WAITING_QUEUE: queue, PLACE: rank})

    def acknowledge(self, leg_id: LegId) -> None:
        """Note on a caller's channel that the call gets its record from here."""
        if self._partners.permitted() and not self._partners.set_at_once(leg_id, KNOWN, "1"):
            self._write_aside(ContactId(leg_id), leg_id, KNOWN, "1")

    def _write(self, contact: ContactId, leg: LegId, variables: Mapping[str, str]) -> int:
        """Write channel variables; what becomes of it is not told, for who is gone needs none.

        ARI hands them to the channel's own thread, which takes them only when the prompt it plays is over: by then a
        timeout may have run out, and until then ARI does nothing else on that connection. So while AMI is away they go
        over connections of their own. AMI writes them at once, but nobody is to be kept for an engine that ARI does not
        hear: so ARI is asked for a sign of life first. Of who is on the way in nothing is written: Asterisk's own
        queue may have the caller by now, and there a timeout would end the wait. Nor is anything while this engine may
        not command: what happened meanwhile is not decided yet.
        """
        if self._threshold.waits_for(leg) or not self._partners.permitted():
            self._partners.unwritten([contact])
            return 0
        now = self._clock.now()
        if now - self._asked_at > ALIVE_WITHIN_S:
            self._too_late()
        if not self._to_write:
            self._asked_at = now
            self.link.probe(self._alive)
        self._to_write += [(contact, leg, name, value) for name, value in variables.items()]
        return len(variables)

    def _alive(self) -> None:
        """Write what waited for ARI's sign of life, unless that took too long."""
        if self._clock.now() - self._asked_at > ALIVE_WITHIN_S:
            self._too_late()
            return
        to_write, self._to_write = self._to_write, []
        for contact, leg, name, value in to_write:
            if self._partners.permitted() and self._partners.set_at_once(leg, name, value):
                continue
            # Whose prompt plays on has time enough, and would keep a connection that others need.
            if self._occupied.provided_for(leg) or not self._write_aside(contact, leg, name, value):
                self._partners.unwritten([contact])

    def _too_late(self) -> None:
        self._partners.unwritten([contact for contact, *_ in self._to_write])
        self._to_write.clear()

    def _forget_writes(self, contact: ContactId) -> None:
        self._to_write = [write for write in self._to_write if write[0] != contact]

    def _forget_renewals(self, legs: Collection[LegId]) -> None:
        """A timeout is set otherwise now: a renewal that waits for ARI's sign of life would undo that, by AMI."""
        self._to_write = [write for write in self._to_write if write[1] not in legs or write[2] != TIMEOUT]

    def outside(self, leg: LegId) -> None:
        """A caller is in Asterisk's own queue: a renewal that was under way is not to end the wait there, or the talk.

        By AMI, so after what was written that way, and before the caller is taken back, who then has a timeout anew.
        """
        if self._manner.talk_s and self._partners.permitted():
            self._forget_writes(ContactId(leg))
            self._partners.set_at_once(leg, TIMEOUT, f"{self._manner.talk_s:.0f}")

    def _write_in_turn(self, contact: ContactId, leg: LegId, name: str, value: str) -> None:
        """Write a channel variable after what was ordered for the contact before."""
        self.link.submit(commands.set_variable(leg, name, value), key=contact, on_result=lambda _: None)

    def _write_aside(self, contact: ContactId, leg: LegId, name: str, value: str) -> bool:
        """Write a channel variable that nothing waits for; False when too much waits already."""
        return self.link.aside(commands.set_variable(leg, name, value), key=contact)

    def _write_last(self, contact: ContactId, leg: LegId, name: str, value: str) -> None:
        """Write what is to hold, both ways: by ARI before what follows, by AMI after what is under way there."""
        self._write_in_turn(contact, leg, name, value)
        self._partners.set_at_once(leg, name, value)

    def rehearse(self, command: Command) -> None:
        """Make the request of a command and forget it; see ``acd.runtime.rehearsal``."""
        if isinstance(command, Answer | AddToBridge | CreateBridge | HangUp | Originate):
            found = self._request(command)
            if found is not None:
                encode_request("0", *found[1])

    def _request(self, command: TelephonyCommand) -> tuple[str, AriRequest] | None:
        match command:
            case Answer(leg_id=leg):
                return leg, commands.answer(leg)
            case Ring(leg_id=leg):
                return leg, commands.ring(leg)
            case StopRing(leg_id=leg):
                return leg, commands.ring_stop(leg)
            case HangUp(leg_id=leg, cause=cause):
                self._ahead.unwanted(leg)
                return leg, commands.hangup(self._ahead.channel_of(leg), cause)
            case Play():
                return self._play(command)
            case StopPlay(playback_id=playback):
                return self._stop_play(playback)
            case StartMusic(leg_id=leg, music=music):
                return leg, commands.moh_start(leg, music)
            case StopMusic(leg_id=leg):
                return leg, commands.moh_stop(leg)
            case Originate(leg_id=leg):
                return leg, commands.originate(
                    leg,
                    command.device,
                    self.link.config.app,
                    caller_id=command.caller,
                    timeout_s=int(command.timeout_s),
                    originator="" if command.alone else command.contact_id,
                    variables={PHONE: command.phone} if command.phone else None,
                )
            case CreateBridge(bridge_id=bridge):
                return bridge, commands.create_bridge(bridge)
            case AddToBridge(bridge_id=bridge, leg_ids=legs):
                return bridge, commands.add_channels(bridge, [self._ahead.channel_of(leg) for leg in legs])
            case DestroyBridge(bridge_id=bridge):
                return bridge, commands.destroy_bridge(bridge)
            case StartRecording(bridge_id=bridge, name=name):
                return name, commands.record_bridge(bridge, name)
            case ContinueInDialplan(leg_id=leg):
                return leg, commands.continue_in_dialplan(leg, command.context, command.extension)
            case HandOver(leg_id=leg):
                return leg, commands.continue_in_dialplan(leg, self._manner.fallback_context, command.access_code)
            case TakeBack():
                return None  # not by ARI
            case _:
                return caller_sound.request_of(command, self._sound)

    def _play(self, command: Play) -> tuple[str, AriRequest] | None:
        media = self._speaker.play(command)
        if media is None:
            return None
        return command.playback_id, commands.play(command.leg_id, media, command.playback_id)

    def _stop_play(self, playback: PlaybackId) -> tuple[str, AriRequest] | None:
        known = self._speaker.stop(playback)
        if known is None:
            self._emit(PlaybackEnded(self._clock.now(), playback))
            return None
        return playback, commands.stop_playback(known)

    def _say(self, command: Play, playback: PlaybackId, media: list[str]) -> None:
        """Play what was not there when it was ordered."""

        def done(result: AriResult) -> None:
            if result.error is not None:
                self._failed(command.kind, command.playback_id, result.error)

        self._before(command, playback)
        self.link.submit(commands.play(command.leg_id, media, playback), key=command.contact_id, on_result=done)

    def _hush(self, command: Play, playback: PlaybackId) -> None:
        self.link.submit(commands.stop_playback(playback), key=command.contact_id, on_result=lambda _: None)

    async def close(self) -> None:
        """Let go of what waits for its sounds, and of Asterisk."""
        self._ahead.close()
        await self._speaker.close()
        await self.link.close()

    def _sound(self, key: PromptKey, language: Language, wording: str) -> str | None:
        """Find a sound, or what takes its place, that is there now."""
        return self._sounds.find(key, language, wording) or self._sounds.instead(key, language)

    def _failed(self, kind: str, target: str, error: TelephonyError) -> None:
        match error:
            case ChannelGone():
                failed = CommandFailed(self._clock.now(), kind, target, "gone")
            case CommandTimeout():
                failed = CommandFailed(self._clock.now(), kind, target, "timeout", str(error))
            case PbxUnavailable():
                failed = CommandFailed(self._clock.now(), kind, target, "unavailable", str(error))
            case _:
                failed = CommandFailed(self._clock.now(), kind, target, "refused", str(error))
        self._emit(failed)

    # ------------------------------------------------------------ what exists

    def _seen(self, channel: ChannelSnapshot) -> ChannelSeen:
        leg = self._ahead.leg_of(channel.id) or LegId(channel.id)
        phone = self._phones.get(leg)
        return _seen(channel, leg, channel.name if phone is None else f"{phone}-{ELSEWHERE}")

    async def _ask_for_phones(self, channels: Sequence[ChannelSnapshot]) -> None:
        """Learn whose phones the channels lead to that go to other Asterisks; another process may have dialled."""
        there = {LegId(channel.id) for channel in channels if channel.name.startswith(f"PJSIP/{PEER_PREFIX}")}
        self._phones = {leg: phone for leg, phone in self._phones.items() if leg in there}
        unknown = [leg for leg in there if leg.startswith(OUR_LEG_PREFIX) and leg not in self._phones]
        await asyncio.gather(*map(self._ask_for_phone, unknown))

    async def _ask_for_phone(self, leg: LegId) -> None:
        asked = commands.get_variable(leg, PHONE)
        with suppress(TelephonyError):  # it has just ended
            found = await self.link.request(asked.method, asked.path, params=asked.params, key=leg)
            self._phones[leg] = str(found["value"])

    async def resync(self, *, after_gap: bool) -> Resynced:
        """Look at all channels and bridges. Raises ``TelephonyError``."""
        elapsed = asyncio.get_running_loop().time
        asked = elapsed()
        found = await self.link.resync()
        await self._ahead.recognise(found.channels, after_gap=after_gap)
        if after_gap and self._manner.pbx:
            await self._ask_for_phones(found.channels)
        if after_gap:
            for channel in found.channels:
                if _inside(channel) and not channel.id.startswith(OUR_LEG_PREFIX):
                    self._follow(LegId(channel.id))
        shown = [channel for channel in found.channels if not self._ahead.waits(channel.id)]
        channels = await in_portions(self._seen, shown)
        now = self._clock.now()
        return Resynced(
            now,
            channels,
            tuple(
                BridgeSeen(
                    BridgeId(bridge.id), tuple(self._ahead.leg_of(name) or LegId(name) for name in bridge.channels)
                )
                for bridge in found.bridges
                if not self._ahead.waits(bridge.id)
            ),
            after_gap=after_gap,
            asked_at=now - (elapsed() - asked),  # the clock may have been set meanwhile
            asterisk_started=self.link.info.startup_time if self.link.info is not None else "",
            pbx=self._manner.pbx,
        )


def _inside(channel: ChannelSnapshot) -> bool:
    """Whether the application has the channel. ``GET /applications`` names also those followed out of it."""
    return channel.in_app and (channel.app_name in _STASIS or channel.id.startswith(OUR_LEG_PREFIX))


def _seen(channel: ChannelSnapshot, leg: LegId, name: str) -> ChannelSeen:
    return ChannelSeen(
        leg_id=leg,
        name=name,
        up=channel.state == "Up",
        in_app=_inside(channel),
        context=channel.context,
        extension=channel.exten,
        caller=channel.caller_number,
        created_at=datetime.fromisoformat(channel.creation_time).timestamp(),
    )


def _context(channel: Mapping[str, Any]) -> str:
    """Where in the dialplan a channel was last; empty when that is not told."""
    dialplan = channel.get("dialplan")
    return str(dialplan.get("context", "")) if isinstance(dialplan, dict) else ""


def _plain(cause: int, sip_code: int | None) -> int:
    """Call a caller's CANCEL normal clearing; Asterisk says interworking."""
    return 16 if (cause, sip_code) == _CANCELLED else cause
