"""A telephone whose every move a test decides: it rings, answers, refuses, calls, cancels, hangs up, hears and presses.

An agent's phone (it registers) or a caller on the trunk (it does not). RFC 3261; one UDP socket, and one for sound.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from acd.demo.audio import FRAME
from acd.demo.rtp import PCMA, Exchange, Line, Press
from tests.fakes.sip_phone import Address, SipMessage, SipPhone

_SILENCE = b"\xd5" * FRAME
_MEDIA = re.compile(rb"m=audio (\d+)")


class Ear(Line):
    """A line that keeps what it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.sound = bytearray()
        """A-law, as it came."""
        self.speaks = True
        """Whether the tone is sent, or silence."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        super().datagram_received(data, addr)
        self.sound += data[12:]

    def press(self, key: str) -> None:
        """Press a key now."""
        self._press(key)

    def _send(self, transport: asyncio.DatagramTransport, kind: int, timestamp: int, payload: bytes) -> None:
        voice = payload if self.speaks or kind != PCMA else _SILENCE
        super()._send(transport, kind, timestamp, voice)


@dataclass
class PhoneCall:
    """One call of a telephone, in either direction."""

    number: str
    """Dialled, or of the caller."""
    call_id: str
    invite: SipMessage | None = None
    """Of a call that came in."""
    peer: Address = ("", 0)
    media: Address = ("", 0)
    """Where sound goes."""
    uri: str = ""
    to: str = ""
    branch: str = ""
    cseq: int = 0
    status: int = 0
    """How it was answered or refused."""
    reason: str = ""
    """Its Reason header (RFC 3326)."""
    rings: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Answered or refused."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: bool = False
    """The caller gave up before the answer."""


@dataclass
class Telephone(SipPhone):
    """``manner`` is what it does with calls that come in: a SIP status to refuse with, 200 to answer, 180 to ring.

    183 is early media: it says where its sound is before anybody picks it up.
    """

    ear: Ear | None = None
    manner: int = 200
    calls: list[PhoneCall] = field(default_factory=list)
    """Every call so far, the last one last."""

    async def _ringing(self) -> PhoneCall:
        while not self.calls or self.calls[-1].over.is_set() or self.calls[-1].invite is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return self.calls[-1]

    async def ringing(self, patience_s: float = 45.0) -> PhoneCall:
        """Wait for a call that comes in and is not over."""
        return await asyncio.wait_for(self._ringing(), patience_s)

    def answer(self, call: PhoneCall, presses: Sequence[Press] = ()) -> None:
        """Pick up, and press keys."""
        assert call.invite is not None
        call.status = 200
        self._reply(call.invite, call.peer, "200 OK", self._sdp())
        if self.ear is not None:
            self.ear.answered(call.media, presses, asyncio.get_running_loop().time())

    def refuse(self, call: PhoneCall, status: int) -> None:
        """Turn a call away."""
        assert call.invite is not None
        call.status = status
        self._reply(call.invite, call.peer, f"{status} No")
        call.over.set()

    def dial(self, number: str) -> PhoneCall:
        """Begin a call."""
        uri = f"sip:{number}@{self.registrar[0]}:{self.registrar[1]}"
        call = PhoneCall(number, secrets.token_hex(8), peer=self.registrar, uri=uri, to=f"<{uri}>")
        self.calls.append(call)
        self._invite(call, [])
        return call

    async def answered(self, call: PhoneCall, presses: Sequence[Press] = ()) -> int:
        """Wait until a call made is answered or refused; its status. Keys are pressed after an answer."""
        await asyncio.wait_for(call.settled.wait(), 60)
        if call.status == 200 and self.ear is not None:
            self.ear.answered(call.media, presses, asyncio.get_running_loop().time())
        return call.status

    def press(self, key: str) -> None:
        """Press a key in the call that goes on."""
        assert self.ear is not None
        self.ear.press(key)

    def cancel(self, call: PhoneCall) -> None:
        """Give up a call that is not answered yet."""
        self._in_dialog(call, "CANCEL", call.branch)

    def end(self, call: PhoneCall) -> None:
        """Hang up a call that was answered."""
        if call.invite is None:
            call.cseq += 1
            self._in_dialog(call, "BYE", _branch())
        else:
            self._bye_back(call)
        self._is_over(call)

    def hang_up_all(self) -> None:
        """End whatever call is not over, in the way its state asks for."""
        for call in self.calls:
            if call.over.is_set():
                continue
            if call.status == 200:
                self.end(call)
            elif call.invite is None:
                self.cancel(call)
            else:
                self.refuse(call, 486)

    async def until_over(self, call: PhoneCall, patience_s: float = 60.0) -> None:
        """Wait until a call has ended, whoever ended it."""
        await asyncio.wait_for(call.over.wait(), patience_s)

    # ------------------------------------------------------------ what comes

    def datagram_received(self, data: bytes, addr: Address) -> None:
        message = SipMessage.parse(data)
        call = next((c for c in self.calls if message.lines("Call-ID")[0].endswith(c.call_id)), None)
        method = message.first.split(" ")[0]
        if call is None and (message.status or method != "INVITE"):
            super().datagram_received(data, addr)
        elif message.status:
            assert call is not None
            self._answer_came(call, message, data)
        else:
            self._asked(call, method, message, data, addr)

    def _asked(self, call: PhoneCall | None, method: str, message: SipMessage, data: bytes, addr: Address) -> None:
        if method == "INVITE" and call is None:
            self._called(message, data, addr)
        elif call is not None and method in ("BYE", "CANCEL"):
            self._reply(message, addr, "200 OK")
            if method == "CANCEL" and call.invite is not None:
                call.cancelled = True
                self._reply(call.invite, addr, "487 Request Terminated")
            call.reason = _reason(message)
            self._is_over(call)

    def _called(self, invite: SipMessage, data: bytes, addr: Address) -> None:
        number = re.search(r"sip:([^@>;]+)@", invite.lines("From")[0])
        call_id = invite.lines("Call-ID")[0].partition(":")[2].strip()
        call = PhoneCall(number.group(1) if number else "", call_id, invite)
        call.peer, call.media = addr, (addr[0], _media(data))
        self.calls.append(call)
        if self.manner == 183:
            self._reply(invite, addr, "183 Session Progress", self._sdp())
        elif self.manner < 300:
            self._reply(invite, addr, "180 Ringing")
        if self.manner < 300:
            call.rings.set()
        if self.manner == 200:
            self.answer(call)
        elif self.manner >= 300:
            self.refuse(call, self.manner)

    def _answer_came(self, call: PhoneCall, message: SipMessage, data: bytes) -> None:
        if not message.lines("CSeq")[0].endswith("INVITE"):
            return
        if message.status < 200:
            if message.status == 180:
                call.rings.set()
            elif _MEDIA.search(data):  # early media
                call.media = (self.registrar[0], _media(data))
            return
        call.to = message.lines("To")[0].partition(":")[2].strip()
        self._in_dialog(call, "ACK", _branch() if message.status < 300 else call.branch)
        if call.settled.is_set():
            return  # sent again, as the ACK was late
        if message.status == 401:
            call.to = f"<{call.uri}>"
            self._invite(call, [self._credentials(message, "INVITE", call.uri)])
            return
        call.status, call.reason = message.status, _reason(message)
        call.settled.set()
        if message.status >= 300:
            self._is_over(call)
        else:
            call.media = (self.registrar[0], _media(data))

    def _is_over(self, call: PhoneCall) -> None:
        call.over.set()
        if self.ear is not None:
            self.ear.over()

    # ------------------------------------------------------------ what is sent

    def _invite(self, call: PhoneCall, extra: list[str]) -> None:
        call.cseq += 1
        call.branch = _branch()
        if self.ear is not None:
            self.ear.place()
            self.ear.sound.clear()
        self._in_dialog(call, "INVITE", call.branch, [f"Contact: <sip:{self.contact}>", *extra], self._sdp())

    def _in_dialog(self, call: PhoneCall, method: str, branch: str, extra: Sequence[str] = (), body: str = "") -> None:
        lines = [
            f"{method} {call.uri} SIP/2.0",
            self._via(branch),
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@{self.registrar[0]}>;tag={self.user}",
            f"To: {call.to}",
            f"Call-ID: {call.call_id}",
            f"CSeq: {call.cseq} {method}",
            *extra,
        ]
        self._send(lines, body, self.registrar)

    def _bye_back(self, call: PhoneCall) -> None:
        """End a call that came in: the parties change places."""
        assert call.invite is not None
        contact = re.search(r"<([^>]+)>", call.invite.lines("Contact")[0])
        assert contact is not None
        me = call.invite.lines("To")[0].partition(":")[2].strip()
        them = call.invite.lines("From")[0].partition(":")[2].strip()
        lines = [
            f"BYE {contact.group(1)} SIP/2.0",
            self._via(_branch()),
            "Max-Forwards: 70",
            f"From: {me};tag={self.user}",
            f"To: {them}",
            f"Call-ID: {call.call_id}",
            "CSeq: 1 BYE",
        ]
        self._send(lines, "", self.registrar)

    def _via(self, branch: str) -> str:
        assert self.transport is not None
        host, port = self.transport.get_extra_info("sockname")
        return f"Via: SIP/2.0/UDP {host}:{port};branch={branch};rport"

    def _sdp(self) -> str:
        port = 9 if self.ear is None else self.ear.port
        media = f"m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        return super()._sdp().partition("m=audio")[0] + media


class Telephones:
    """Opens telephones and drives their sound."""

    def __init__(self, registrar: Address) -> None:
        self._registrar = registrar
        self.exchange = Exchange()
        self.all: list[Telephone] = []

    async def add(self, user: str, host: str, secret: str = "", *, sound: bool = True, port: int = 0) -> Telephone:
        """Open one; with a secret it registers."""
        ear = None
        if sound:
            loop = asyncio.get_running_loop()
            _, ear = await loop.create_datagram_endpoint(Ear, local_addr=(host, 0))
            self.exchange.lines.append(ear)
        phone = Telephone(user, secret, self._registrar, host, port=port, ear=ear)
        self.all.append(phone)
        await phone.open()
        if secret:
            await phone.register()
        return phone

    def close(self, phone: Telephone) -> None:
        """Give one's ports back."""
        self.all.remove(phone)
        if phone.transport is not None:
            phone.transport.close()
        if phone.ear is not None:
            self.exchange.lines.remove(phone.ear)
            phone.ear.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Telephones]:
        """Drive them; close what is left open."""
        await self.exchange.open(self._registrar[0], 0)
        try:
            yield self
        finally:
            for phone in list(self.all):
                self.close(phone)
            await self.exchange.close()


def _media(data: bytes) -> int:
    found = _MEDIA.search(data)
    assert found is not None
    return int(found.group(1))


def _branch() -> str:
    return f"z9hG4bK{secrets.token_hex(8)}"


def _reason(message: SipMessage) -> str:
    return "; ".join(line.partition(":")[2].strip() for line in message.lines("Reason"))
