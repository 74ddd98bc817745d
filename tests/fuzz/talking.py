"""Whatever Asterisk sends over ARI and AMI: it is understood or passed over, no call stands still, nobody is cut off.

Messages are those of a call, spoilt, in any order, cut anywhere; what they lead to goes through the real dispatcher and
the real codec of the journal. What nobody thought of is caught and logged as an exception: here that does not hold.
"""

from __future__ import annotations

import asyncio
import copy
import gc
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import structlog
from structlog.processors import format_exc_info
from structlog.testing import LogCapture

from acd.app import CODEC
from acd.domain.errors import StoreError
from acd.domain.events import CallArrived, Event
from acd.domain.plan import Plan
from acd.runtime.dispatcher import Dispatcher
from acd.settings.expressions import evaluate_in_flow
from acd.settings.own_policies import policies_for
from acd.settings.values import PromptsSettings
from acd.store.codec import encode_event
from acd.telephony.ami.messages import AmiConfig
from acd.telephony.ami.newcomers import glance
from acd.telephony.ami.session import Session, WholeFrameProtocol
from acd.telephony.ami.watch import PbxWatch
from acd.telephony.ari.connection import Connection
from acd.telephony.ari.values import AriConfig, AsteriskInfo
from acd.telephony.ari.websocket import WebSocket
from acd.telephony.control import AriControl
from acd.telephony.control_values import Manner
from acd.telephony.manager import to_event
from acd.telephony.sounds import Sounds
from tests.fakes.ports import FakeJournal, FakeRecordings, FakeRecords
from tests.fakes.virtual_time import VirtualClock
from tests.fuzz.mutate import ODD, TOKENS

STALL_S = 0.1
"""Of processor time that one packet may take."""
ENTRY, FALLBACK = "acd-from-trunk", "acd-fallback"
_CHANNEL = {
    "id": "1763826000.1", "name": "PJSIP/gw1-00000001", "state": "Ring",
    "caller": {"name": "", "number": "0811222333"}, "connected": {"name": "", "number": ""}, "accountcode": "",
    "dialplan": {"context": ENTRY, "exten": "169", "priority": 2, "app_name": "Stasis", "app_data": "acd"},
    "creationtime": "2026-11-30T10:00:00.000+0700", "language": "en", "protocol_id": "x",
}  # fmt: skip
_LEG = {**_CHANNEL, "id": "acd-l-1763826000.1-1", "name": "PJSIP/agent101-00000002", "state": "Up"}
_DIALLED = {"context": "acd-agents", "exten": "*1"}
EVENTS: list[dict[str, Any]] = [
    {"type": "CallBroadcast", "channel": _CHANNEL, "application": "acd"},
    {"type": "StasisStart", "channel": _CHANNEL, "args": [], "application": "acd"},
    {"type": "StasisStart", "channel": _LEG, "args": []},
    {"type": "StasisStart", "channel": {**_CHANNEL, "id": "17638.9", "dialplan": _DIALLED}},
    {"type": "ChannelStateChange", "channel": {**_CHANNEL, "state": "Up"}},
    {"type": "ChannelStateChange", "channel": _LEG},
    {"type": "ChannelDtmfReceived", "channel": _CHANNEL, "digit": "1", "duration_ms": 100},
    {"type": "PlaybackFinished", "playback": {"id": "acd-p-1763826000.1-1", "state": "done", "target_uri": "x"}},
    {"type": "RecordingFinished", "recording": {"name": "2026/x", "format": "wav", "duration": 3, "state": "done"}},
    {"type": "RecordingFailed", "recording": {"name": "2026/x", "state": "failed"}},
    {"type": "ChannelTalkingStarted", "channel": _CHANNEL},
    {"type": "ChannelHangupRequest", "channel": _CHANNEL, "cause": 16, "soft": False, "tech_cause": 487},
    {"type": "StasisEnd", "channel": _CHANNEL},
    {"type": "ChannelDestroyed", "channel": _CHANNEL, "cause": 16, "cause_txt": "Normal Clearing"},
    {"type": "ChannelDestroyed", "channel": _LEG, "cause": 17, "tech_cause": 486},
    {"type": "ApplicationReplaced", "application": "acd"},
    *({"type": "RESTResponse", "request_id": str(n), "status_code": status, "reason_phrase": "x", "message_body": "{}"}
      for n, status in enumerate((200, 204, 404, 409, 500), 1)),
]  # fmt: skip


def _frame(*headers: str) -> str:
    return "\r\n".join(headers)


_CALLER = (f"Context: {ENTRY}", "Exten: 169", "Uniqueid: 1763826000.2", "CallerIDNum: 0811222333")
_FALLEN = (f"Context: {FALLBACK}", "Exten: 169", "Uniqueid: 1763826000.2", "Queue: acd-fallback")
FRAMES: list[str] = [
    _frame("Event: FullyBooted", "Status: Fully Booted"),
    _frame("Event: Newchannel", "Privilege: call,all", "Channel: PJSIP/gw1-1", "ChannelState: 4", *_CALLER),
    _frame("Event: QueueCallerJoin", "Channel: PJSIP/gw1-1", "CallerIDNum: 0811222333", *_FALLEN),
    _frame("Event: AgentConnect", "Interface: PJSIP/agent101", *_FALLEN),
    _frame("Event: Hangup", *_CALLER, "Cause: 16", "Cause-txt: Normal Clearing", "TechCause: 487"),
    _frame("Event: DeviceStateChange", "Privilege: call,all", "Device: PJSIP/agent101", "State: NOT_INUSE"),
    _frame("Event: ContactStatus", "URI: sip:a@127.0.0.1", "ContactStatus: Reachable", "EndpointName: agent101"),
    _frame("Event: Registry", "ChannelType: PJSIP", "Username: sip:x@y", "Domain: sip:y", "Status: Registered"),
    _frame("Event: Alarm", "Alarm: Red Alarm", "Channel: 1"),
    _frame("Event: SpanAlarm", "Span: 1", "Alarm: Red Alarm"),
    _frame("Event: Reload", "Module: All", "Status: 0"),
    _frame("Response: Success", "Ping: Pong", "Timestamp: 1763826000.1"),
    _frame("Response: Error", "ActionID: x", "Message: No such thing"),
    "Asterisk Call Manager/11.0.0",
]


class NoTransport(asyncio.Transport):
    """A connection that swallows what is written."""

    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None: ...

    def close(self) -> None: ...

    def is_closing(self) -> bool:
        return False


class Desk:
    """The real telephony and dispatcher, with the bytes coming from a test."""

    def __init__(self, plan: Plan) -> None:
        self.clock, self.plan = VirtualClock(), plan
        self.journal = FakeJournal()
        self.dispatcher = Dispatcher(
            self.clock, self.journal, FakeRecords(), FakeRecordings(), CODEC, policies_for, evaluate_in_flow
        )
        self.unkept: list[str] = []

    async def start(self) -> None:
        await self.dispatcher.recover(self.plan)
        sounds = Sounds(lambda: PromptsSettings(Path("/nowhere"), None, "acd", {}, {}), None, lambda _path: None)
        config = AriConfig("http://127.0.0.1:1/ari", "acd", "")
        self.control = AriControl(config, self.clock, self.submit, lambda *_: None, sounds, Manner("acd-agents"))
        self.socket = WebSocket(b"", b"", 1 << 20)
        self.socket._transport = NoTransport()
        self.socket.opened.set_result(None)
        connection = Connection(AsteriskInfo("22.10.1", ""), self.socket, [], lambda: True, [])
        connection._deliver = self.control.link._deliver
        self.control.link._connection = connection
        self.socket.start(connection._take)
        self.dispatcher.attach(self.control)

    def submit(self, event: Event) -> None:
        """Take an event as the engine does; it must be one that the journal can keep."""
        try:
            encode_event(event)
        except StoreError as error:
            self.unkept.append(f"{event.kind}: {error}")
        self.dispatcher.submit(event)

    def watch(self) -> WholeFrameProtocol:
        """An AMI connection that was just made."""
        ami = AmiConfig("127.0.0.1", 1, "acd", "")
        self.pbx = PbxWatch(
            ami, phones={"PJSIP/agent101"}, trunks={"PJSIP/gw1", "DAHDI/i1"}, clock=self.clock,
            on_fact=lambda fact: self.submit(to_event(fact, self.clock.now())),
        )  # fmt: skip
        self.session = Session(ami, self.pbx.link._wanted, self.pbx._on_event, glance(ENTRY, lambda _newcomer: None))
        protocol = WholeFrameProtocol(self.session, self.session._wanted, self.session._glance)
        protocol.connection_made(NoTransport())
        protocol.factory = self.session
        self.session.protocol = protocol
        return protocol

    async def close(self) -> None:
        await self.control.close()
        await self.dispatcher.close()


def frame(payload: bytes, first: int = 0x81) -> bytes:
    """A server's WebSocket frame: text, in one piece."""
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    return bytes([first]) + length + payload


# ---------------------------------------------------------------- ARI


def hold_ari(plan: Plan, seed: int) -> str:
    """Let Asterisk send messages over ARI. Tells whether the connection lived on."""
    chance = Random(seed)
    messages = [spoilt_json(chance) for _ in range(chance.randrange(1, 40))]
    return asyncio.run(over_ari(plan, messages, chance))


async def over_ari(plan: Plan, messages: Sequence[bytes], chance: Random) -> str:
    """Hand messages over, cut into packets anywhere; whatever they are, the next call comes in."""
    desk = Desk(plan)
    with logged() as logs:
        await desk.start()
        for message in messages:
            for piece in _pieces(chance, frame(message[:65000])):
                within(desk.socket.data_received, piece)
            await asyncio.sleep(0)
        closed = desk.socket._transport is None
        if not closed:
            before = len(desk.journal.events)
            good = json.dumps({"type": "StasisStart", "channel": {**_CHANNEL, "id": "1763826999.7"}, "args": []})
            desk.socket.data_received(frame(good.encode()))
            assert any(isinstance(e, CallArrived) for e in desk.journal.events[before:]), "a call does not come in"
        await desk.close()
    _hold(desk, logs)
    return "closed by the other side" if closed else "lived on"


def spoilt_json(chance: Random) -> bytes:
    """A message of Asterisk's, perhaps with one to three things wrong."""
    event = copy.deepcopy(chance.choice(EVENTS))
    kind = chance.random()
    if kind < 0.3:
        return json.dumps(event).encode()
    for _ in range(chance.choice((1, 1, 2, 3))):
        _spoil(chance, event)
    raw = json.dumps(event).encode("utf-8", "surrogatepass")
    if kind > 0.9:
        at = chance.randrange(len(raw))
        raw = raw[:at] + chance.choice((b"", bytes([chance.randrange(256)]), b'"', b"{", b"\\ud800")) + raw[at + 1 :]
    return raw


def _spoil(chance: Random, value: dict[str, Any]) -> None:
    key = chance.choice(list(value) or ["x"])
    if isinstance(value.get(key), dict) and chance.random() < 0.7:
        _spoil(chance, value[key])
    elif chance.random() < 0.25:
        value.pop(key, None)
    else:
        value[key] = copy.deepcopy(chance.choice(_VALUES)) if chance.random() < 0.6 else chance.choice(TOKENS)


_VALUES: list[Any] = [
    None, True, 0, -1, 1 << 40, 1 << 70, 1e308, float("nan"), "", "x" * 5000, [], [[]], {}, {"id": None}, {"id": 5},
    ["x"], "1763826000.1", "acd-l-1763826000.1-1", "acd-l-", "acd-a-x", "Up", "\x00", *ODD,
]  # fmt: skip


# ---------------------------------------------------------------- AMI


def hold_ami(plan: Plan, seed: int) -> str:
    """Let Asterisk send frames over AMI. Tells whether the connection lived on."""
    chance = Random(seed)
    data = b"".join(spoilt_frame(chance) for _ in range(chance.randrange(1, 40)))
    return asyncio.run(over_ami(plan, data, chance))


async def over_ami(plan: Plan, data: bytes, chance: Random) -> str:
    """Hand frames over, cut into packets anywhere; whatever they are, the next state of a phone comes in."""
    desk = Desk(plan)
    with logged() as logs:
        await desk.start()
        protocol = desk.watch()
        for piece in _pieces(chance, data):
            within(protocol.data_received, piece)
            if protocol._cutting is not None:
                protocol._cutting.cancel()
                within(protocol._cut)
            await asyncio.sleep(0)
        over = desk.session.lost.done()
        if not over:
            before = len(desk.journal.events)
            for state in ("INUSE", "NOT_INUSE"):
                good = f"\r\n\r\nEvent: DeviceStateChange\r\nDevice: PJSIP/agent101\r\nState: {state}\r\n\r\n"
                protocol.data_received(good.encode())
                protocol._cut()
            desk.pbx._lines._synced = True
            desk.pbx._lines._check("PJSIP/agent101")
            assert len(desk.journal.events) > before, "a phone's state does not come in"
        desk.session.drop("the end")
        await desk.pbx.close()
        await desk.close()
    _hold(desk, logs)
    return "said good-bye" if over else "lived on"


def spoilt_frame(chance: Random) -> bytes:
    """A frame of Asterisk's, perhaps with one to three things wrong."""
    text = chance.choice(FRAMES)
    if chance.random() < 0.6:
        for _ in range(chance.choice((1, 1, 2, 3))):
            text = chance.choice(_WAYS)(chance, text)
    end = "\r\n\r\n" if chance.random() < 0.95 else chance.choice(("\r\n", "\n\n", "\r\n\r\n\r\n\r\n"))
    raw = (text + end).encode("utf-8", "surrogatepass")
    if chance.random() < 0.1:
        at = chance.randrange(len(raw))
        raw = raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :]
    return raw


def _line_of(chance: Random, text: str) -> str:
    """Lose a header, say it twice, put it elsewhere."""
    lines = text.split("\r\n")
    at = chance.randrange(len(lines))
    match chance.randrange(3):
        case 0:
            del lines[at]
        case 1:
            lines.insert(chance.randrange(len(lines)), lines[at])
        case _:
            lines.insert(chance.randrange(len(lines)), lines.pop(at))
    return "\r\n".join(lines)


def _value_of(chance: Random, text: str) -> str:
    """Give a header another value, or another name."""
    lines = text.split("\r\n")
    at = chance.randrange(len(lines))
    name, _, value = lines[at].partition(": ")
    odd = chance.choice(ODD) if chance.random() < 0.5 else chance.choice(TOKENS)
    lines[at] = f"{name}: {odd}" if chance.random() < 0.8 else f"{odd}: {value}"
    return "\r\n".join(lines)


def _letters_of(chance: Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(ODD) + text[at + chance.choice((0, 1, 3)) :]


_WAYS = (_line_of, _value_of, _value_of, _letters_of)


# ---------------------------------------------------------------- both


def within(work: Any, *arguments: Any) -> None:
    """Do something that must not hold the event loop; what other cases left to collect does not count."""
    gc.disable()
    began = process_time()
    work(*arguments)
    took = process_time() - began
    gc.enable()
    assert took < STALL_S, f"the event loop stood still for {took:.3f} s"


def _pieces(chance: Random, data: bytes) -> list[bytes]:
    if chance.random() < 0.7:
        return [data]
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(1, 6)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@contextmanager
def logged() -> Iterator[LogCapture]:
    """Keep what is logged, with the traces of exceptions."""
    capture, before = LogCapture(), structlog.get_config()
    structlog.configure(processors=[format_exc_info, capture])
    try:
        yield capture
    finally:
        structlog.configure(**before)


def _hold(desk: Desk, logs: LogCapture) -> None:
    broke = next((line for line in logs.entries if line.get("exception")), None)
    assert broke is None, f"nobody thought of this, {broke}:\n{(broke or {}).get('exception')}"
    assert not desk.unkept, desk.unkept
