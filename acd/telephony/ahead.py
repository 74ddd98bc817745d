"""Channels to agents' phones made before the calls they are for: when a caller comes, only the dialling is left.

Making a channel (its SIP session, RTP ports and thread) takes Asterisk longer than sending the INVITE. So one is kept
for each phone that would ring next: not dialled, and in a bridge of its own, where Asterisk dials without moving it
first. The phone hears nothing of it. The engine neither: an offer's leg gets such a channel, whose name is translated
here and noted in a variable of the channel, so that an engine that comes back knows whose conversation it is.

Decides when such a channel is made, given up and dialled. Must not know who rings next, nor why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from acd.domain.commands import Originate
from acd.domain.errors import ChannelGone, TelephonyError
from acd.domain.ids import OUR_BRIDGE_PREFIX, OUR_LEG_PREFIX, LegId
from acd.telephony.ari import commands
from acd.telephony.ari.errors import AriRefused
from acd.telephony.ari.snapshots import ChannelSnapshot
from acd.telephony.ari.values import AriRequest, AriResult

CHANNEL_PREFIX = f"{OUR_LEG_PREFIX}ahead."
"""Ours, and of no contact: whoever finds one that serves nobody hangs it up."""
BRIDGE_PREFIX = f"{OUR_BRIDGE_PREFIX}ahead."
VARIABLE = "ACD_LEG"
NOTE_S = 0.02
"""How long after the dialling the leg's name is noted: Asterisk takes one request after the other."""
_STEPS = 3
"""Requests until a channel can be dialled: the channel, its bridge, the one put into the other."""


class Link(Protocol):
    """What is needed of ``AriLink``."""

    def submit(self, request: AriRequest, *, key: str, on_result: Callable[[AriResult], None]) -> None:
        """Send a request; ``on_result`` is called later, once."""

    async def request(self, method: str, path: str, *, params: dict[str, str], key: str) -> object:
        """Send a request and wait for its answer. Raises ``TelephonyError``."""


@dataclass(slots=True)
class _Made:
    """A channel, and the bridge it waits in."""

    channel: str
    bridge: str
    device: str
    made_at: float
    done: int = 0
    """Steps carried out."""


class Ahead:
    """The channels made ahead on one Asterisk.

    Args:
        link: the way there.
        app: our application.
        era: tells this process's channels from those an earlier one left.
        keep_s: how long a channel waits at most; where the phone is was looked up when it was made. 0: none are made.
        now: seconds, of a clock that only goes forward.
    """

    def __init__(self, link: Link, app: str, era: str, keep_s: float, now: Callable[[], float]) -> None:
        self._link = link
        self._app = app
        self._era = era
        self._keep_s = keep_s
        self._now = now
        self._count = 0
        self._ready: dict[str, _Made] = {}
        """By device: nobody has dialled these."""
        self._taken: dict[LegId, _Made] = {}
        self._legs: dict[str, LegId] = {}
        """By channel: those that were dialled."""
        self._dialling: set[LegId] = set()
        """Asterisk has not answered yet whether it dials."""
        self._barred: dict[str, float] = {}
        """Devices no channel could be made to, until when that is not tried again."""

    # ------------------------------------------------------------ made and given up

    def want(self, devices: Collection[str]) -> None:
        """Have a channel ready to each of these phones and to no other; one that waits for long is made anew."""
        if not self._keep_s:
            return
        now = self._now()
        for device, made in list(self._ready.items()):
            if device not in devices or now - made.made_at > self._keep_s / 2:
                self._give_up(made)
        for device in devices:
            if device not in self._ready and now >= self._barred.get(device, now):
                self._make(device, now)

    def _make(self, device: str, now: float) -> None:
        self._count += 1
        name = f"{self._era}-{self._count}"
        made = self._ready[device] = _Made(CHANNEL_PREFIX + name, BRIDGE_PREFIX + name, device, now)
        self._barred.pop(device, None)
        self._step(made, commands.create_channel(made.channel, device, self._app))

    def _step(self, made: _Made, request: AriRequest) -> None:
        def done(result: AriResult) -> None:
            if result.error is None:
                made.done += 1
            elif self._ready.get(made.device) is made:
                self._barred[made.device] = self._now() + self._keep_s
                self._give_up(made)

        self._link.submit(request, key=made.channel, on_result=done)

    def happened(self, kind: str, channel: str) -> None:
        """Take an event about a channel that no leg has."""
        made = next((made for made in self._ready.values() if made.channel == channel), None)
        if made is None:
            return
        if kind == "StasisStart":  # only now can it be put into a bridge
            self._step(made, commands.create_bridge(made.bridge))
            self._step(made, commands.add_channels(made.bridge, (channel,)))
        elif kind == "ChannelDestroyed":
            self._give_up(made)

    def _give_up(self, made: _Made) -> None:
        del self._ready[made.device]
        self._link.submit(commands.hangup(made.channel), key=made.channel, on_result=_whatever)
        self._link.submit(commands.destroy_bridge(made.bridge), key=made.channel, on_result=_whatever)

    def close(self) -> None:
        """Leave nothing behind that waits."""
        for made in list(self._ready.values()):
            self._give_up(made)

    def lost(self) -> None:
        """The link is down: what waits is found after it and hung up like all that serves nobody."""
        self._ready.clear()
        self._barred.clear()
        self._dialling.clear()

    # ------------------------------------------------------------ dialled

    def dial(self, command: Originate, refused: Callable[[Originate], None]) -> bool:
        """Ring the phone by the channel made for it; False when there is none. ``refused``: it could not be dialled."""
        made = self._ready.get(command.device)
        if made is None or made.done < _STEPS or self._now() - made.made_at > self._keep_s:
            return False
        del self._ready[command.device]
        leg = command.leg_id
        self._taken[leg] = made
        self._legs[made.channel] = leg
        self._dialling.add(leg)

        def done(result: AriResult) -> None:
            if leg not in self._dialling:
                return
            self._dialling.discard(leg)
            # Of any other error nobody knows what came of it: the ring timeout or the audit settles that.
            if isinstance(result.error, ChannelGone | AriRefused):
                self.ended(leg)
                refused(command)

        key, caller = command.contact_id, command.contact_id
        request = commands.dial(made.channel, caller_channel_id=caller, timeout_s=int(command.timeout_s))
        self._link.submit(request, key=key, on_result=done)
        asyncio.get_running_loop().call_later(NOTE_S, self._note, leg)
        return True

    def _note(self, leg: LegId) -> None:
        made = self._taken.get(leg)
        if made is not None:
            request = commands.set_variable(made.channel, VARIABLE, leg)
            self._link.submit(request, key=made.channel, on_result=_whatever)

    def has(self, leg: LegId) -> bool:
        """Whether this leg is a channel made ahead."""
        return leg in self._taken

    def channel_of(self, leg: LegId) -> LegId:
        """The name of a leg's channel in Asterisk."""
        made = self._taken.get(leg)
        return leg if made is None else LegId(made.channel)

    def leg_of(self, channel: str) -> LegId | None:
        """The leg a channel was dialled for."""
        return self._legs.get(channel)

    def unwanted(self, leg: LegId) -> None:
        """A leg is being hung up: its phone shall not ring in any other way either."""
        self._dialling.discard(leg)

    def ended(self, leg: LegId) -> None:
        """A leg's channel is gone."""
        made = self._taken.pop(leg, None)
        if made is not None:
            self._dialling.discard(leg)
            del self._legs[made.channel]
            self._link.submit(commands.destroy_bridge(made.bridge), key=made.channel, on_result=_whatever)

    # ------------------------------------------------------------ what exists

    async def recognise(self, channels: Iterable[ChannelSnapshot], *, after_gap: bool) -> None:
        """Learn after a gap which legs exist, and whose: an earlier process may have dialled them."""
        there = {channel.id: channel for channel in channels if channel.id.startswith(CHANNEL_PREFIX)}
        if not after_gap:
            return
        for leg, made in list(self._taken.items()):
            if made.channel not in there:
                del self._taken[leg], self._legs[made.channel]
        unknown = [name for name, found in there.items() if name not in self._legs and found.state != "Down"]
        await asyncio.gather(*map(self._ask, unknown))

    async def _ask(self, channel: str) -> None:
        request = commands.get_variable(channel, VARIABLE)
        try:
            answer = await self._link.request(
                request.method, request.path, params=dict(request.params or {}), key=channel
            )
        except TelephonyError:
            return  # never noted, or gone
        leg = answer.get("value") if isinstance(answer, dict) else None
        if isinstance(leg, str) and leg.startswith(OUR_LEG_PREFIX):
            bridge = BRIDGE_PREFIX + channel.removeprefix(CHANNEL_PREFIX)
            self._taken[LegId(leg)] = _Made(channel, bridge, "", self._now(), _STEPS)
            self._legs[channel] = LegId(leg)

    def waits(self, name: str) -> bool:
        """Whether a channel or bridge is one of those kept ready, or the bridge such a channel came from."""
        if any(name in (made.channel, made.bridge) for made in self._ready.values()):
            return True
        came_from = CHANNEL_PREFIX + name.removeprefix(BRIDGE_PREFIX)
        return name.startswith(BRIDGE_PREFIX) and came_from in self._legs


def _whatever(_: AriResult) -> None:
    """The audit finds what was not done."""
