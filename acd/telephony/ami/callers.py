"""Callers who were not with the engine: from the channel's begin to its end, by way of the fallback or not.

Decides which channel is a caller's, who has it, and when one has to be told. Must not know the link. Time comes in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from acd.telephony.ami.facts import FallbackCaller, UnroutedCall
from acd.telephony.ami.messages import AmiEvent, whole_number

_ENGINES = frozenset({"Stasis", "StasisBroadcast"})
_DIALLED = "AppDial"
"""What the list says a channel does that ``Dial()`` made: a number outside to which a flow led a caller."""
_DOWN = "0"
"""Channel state of a channel Asterisk itself is dialling."""


def caller_events(entry: str, fallback: str) -> Mapping[str, bytes]:
    """The events wanted here, each with what must stand in the frame.

    Of a call the engine takes, that is its begin and its end. The class ``dialplan`` is not needed, which sends an
    event for each step of each call and each variable set.
    """
    callers = f"\r\nContext: {entry}\r\n".encode()
    fallen = f"\r\nContext: {fallback}\r\n".encode()
    return {
        "Newchannel": callers,
        "QueueCallerJoin": fallen,
        "AgentConnect": fallen,
        "Hangup": b"",
    }


@dataclass(slots=True)
class _Caller:
    """A caller's channel that is up."""

    uniqueid: str
    linkedid: str
    channel: str
    exten: str
    caller: str
    started_at: float
    claimed: bool = False
    left_engine: bool = False
    fallback_at: float | None = None
    queue: str = ""
    answered_at: float | None = None
    agent: str = ""


class Callers:
    """Follows callers' channels. An ended one is told by ``due`` after ``settle_s``, unless the engine claims it first.

    The wait is there because the engine learns of its calls over another connection: a caller who hangs up at once may
    be gone here before the engine has said that the call is its own.

    Args:
        entry: the dialplan context callers come in by.
        fallback: the context they fall to when no engine takes them.
        settle_s: seconds.
    """

    def __init__(self, entry: str, fallback: str, settle_s: float = 2.0) -> None:
        self._entry = entry
        self._fallback = fallback
        self._settle_s = settle_s
        self._live: dict[str, _Caller] = {}
        self._early: set[str] = set()
        """Claimed before their begin was seen here; also legs the engine dialled itself."""
        self._ended: dict[str, UnroutedCall] = {}
        self._moved: set[str] | None = None
        """Begun or ended since the list of channels was asked for."""

    def claim(self, uniqueid: str) -> None:
        """The engine has this channel and accounts for it. Does nothing when said again."""
        caller = self._live.get(uniqueid)
        ended = self._ended.get(uniqueid)
        self._touch(uniqueid)
        if caller is not None:
            caller.claimed = caller.claimed or caller.fallback_at is None
        elif ended is None:
            self._early.add(uniqueid)
        elif ended.fallback_at is None:
            del self._ended[uniqueid]

    def on_event(self, event: AmiEvent, now: float) -> FallbackCaller | None:
        """Take one of ``caller_events``. Gives the caller who has come to the fallback, or is answered there."""
        uniqueid = event.get("Uniqueid")
        match event.name:
            case "Newchannel":
                if event.get("ChannelState") != _DOWN and uniqueid not in self._live:  # the list may be told first
                    self._begin(event, now)
            case "Hangup":
                self._end(event, now)
            case _:
                caller = self._live.get(uniqueid) or self._begin(event, now)
                self._fall(caller, now)
                caller.queue = event.get("Queue")
                if event.name == "AgentConnect" and caller.answered_at is None:
                    caller.answered_at = now
                    caller.agent = event.get("Interface")
                return _fallen(caller)
        return None

    def begin_list(self) -> None:
        """The list of channels is being asked for: what moves from now on is newer than the list."""
        self._moved = set()

    def load(self, channels: Iterable[AmiEvent], now: float, *, after_gap: bool) -> list[FallbackCaller]:
        """Take the list of channels (CoreShowChannels): adopt callers unknown so far, end those no longer there.

        Gives those who are in the fallback, in the order they came.
        """
        moved = self._moved or set()
        self._moved = None
        listed = {channel.get("Uniqueid"): channel for channel in channels}
        fallen = []
        for uniqueid, channel in listed.items():
            if uniqueid not in moved:
                self._adopt(channel, now, after_gap=after_gap)
                if channel.get("Context") == self._fallback and uniqueid in self._live:
                    fallen.append(_fallen(self._live[uniqueid]))
        for uniqueid in self._live.keys() - listed.keys() - moved:
            self._tell_later(self._live.pop(uniqueid), now, 0, "", None)
        self._early &= listed.keys() | moved
        return sorted(fallen, key=lambda caller: (caller.started_at, caller.uniqueid))

    @property
    def waiting(self) -> bool:
        """Whether ended calls wait to be told."""
        return bool(self._ended)

    def due(self, now: float, *, all_of_them: bool = False) -> list[UnroutedCall]:
        """The calls to be told now, in the order of their ends."""
        # One that ended in the future did so before the clock was set back.
        ready = [
            call
            for call in self._ended.values()
            if all_of_them or not call.ended_at <= now < call.ended_at + self._settle_s
        ]
        for call in ready:
            del self._ended[call.uniqueid]
        return ready

    def moved(self, by_s: float) -> None:
        """The clock was set by so many seconds: what was seen is as long ago as before."""
        for caller in self._live.values():
            caller.started_at += by_s
            caller.fallback_at = _later(caller.fallback_at, by_s)
            caller.answered_at = _later(caller.answered_at, by_s)
        for uniqueid, call in self._ended.items():
            self._ended[uniqueid] = replace(
                call,
                started_at=call.started_at + by_s,
                ended_at=call.ended_at + by_s,
                fallback_at=_later(call.fallback_at, by_s),
                answered_at=_later(call.answered_at, by_s),
            )

    def _begin(self, event: AmiEvent, now: float) -> _Caller:
        uniqueid = event.get("Uniqueid")
        number = event.get("CallerIDNum")
        caller = _Caller(
            uniqueid=uniqueid,
            linkedid=event.get("Linkedid"),
            channel=event.get("Channel"),
            exten=event.get("Exten"),
            caller="" if number == "<unknown>" else number,
            started_at=now,
            claimed=uniqueid in self._early,
        )
        self._early.discard(uniqueid)
        self._live[uniqueid] = caller
        self._touch(uniqueid)
        return caller

    def _fall(self, caller: _Caller, now: float) -> None:
        if caller.fallback_at is None:
            caller.fallback_at = now
            caller.left_engine, caller.claimed = caller.claimed, False

    def _end(self, event: AmiEvent, now: float) -> None:
        uniqueid = event.get("Uniqueid")
        self._touch(uniqueid)
        cause = whole_number(event.get("Cause")) or 0
        sip_code = whole_number(event.get("TechCause"))
        fell = event.get("Context") == self._fallback
        missed = self._ended.get(uniqueid)
        caller = self._live.get(uniqueid)
        if caller is None and fell and missed is None:  # gone before the list of channels came
            caller = self._begin(event, now)
        if caller is not None:
            if fell:  # its queue may have refused it, which no event tells
                self._fall(caller, now)
            del self._live[uniqueid]
            self._tell_later(caller, now, cause, event.get("Cause-txt"), sip_code)
        elif missed is not None:  # a list without the channel was told before the event of its end
            self._ended[uniqueid] = replace(missed, cause=cause, cause_text=event.get("Cause-txt"), sip_code=sip_code)
        self._early.discard(uniqueid)

    def _tell_later(self, caller: _Caller, now: float, cause: int, text: str, sip_code: int | None) -> None:
        if caller.claimed:
            return
        self._ended[caller.uniqueid] = UnroutedCall(
            uniqueid=caller.uniqueid,
            linkedid=caller.linkedid,
            channel=caller.channel,
            exten=caller.exten,
            caller=caller.caller,
            started_at=caller.started_at,
            ended_at=now,
            cause=cause,
            cause_text=text,
            sip_code=sip_code,
            fallback_at=caller.fallback_at,
            queue=caller.queue,
            answered_at=caller.answered_at,
            agent=caller.agent,
            left_engine=caller.left_engine,
        )

    def _adopt(self, channel: AmiEvent, now: float, *, after_gap: bool) -> None:
        """A channel of the list. Where nobody saw how it came there, its application tells who has it."""
        context, with_engine = channel.get("Context"), channel.get("Application") in _ENGINES
        caller = self._live.get(channel.get("Uniqueid"))
        if caller is None:
            dialled = channel.get("ChannelState") == _DOWN or channel.get("Application") == _DIALLED
            if context not in (self._entry, self._fallback) or dialled:
                return
            caller = self._begin(channel, now - _seconds(channel.get("Duration")))
        if context == self._entry and with_engine and (after_gap or caller.fallback_at is not None):
            caller.claimed, caller.fallback_at, caller.queue = True, None, ""
        if context == self._fallback:
            self._fall(caller, now)
            if caller.answered_at is None and channel.get("BridgeId"):
                caller.answered_at = now

    def _touch(self, uniqueid: str) -> None:
        if self._moved is not None:
            self._moved.add(uniqueid)


def _fallen(caller: _Caller) -> FallbackCaller:
    return FallbackCaller(
        caller.uniqueid, caller.channel, caller.exten, caller.caller, caller.started_at, caller.answered_at
    )


def _later(at: float | None, by_s: float) -> float | None:
    return None if at is None else at + by_s


def _seconds(duration: str) -> float:
    """``hh:mm:ss`` as seconds."""
    seconds = 0
    for part in duration.split(":")[-3:]:
        seconds = seconds * 60 + (whole_number(part) or 0)
    return seconds
