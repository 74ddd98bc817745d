"""The least of a SIP user agent over UDP: it registers, is asked for signs of life, takes calls and makes them.

Silence instead of sound; for tests that are about signalling. RFC 3261, RFC 2617.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Self

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class SipMessage:
    """A request or a response."""

    first: str
    headers: list[str]

    @classmethod
    def parse(cls, data: bytes) -> SipMessage:
        first, *headers = data.decode().split("\r\n\r\n", 1)[0].split("\r\n")
        return cls(first, headers)

    @property
    def status(self) -> int:
        """The status of a response, 0 for a request."""
        word = self.first.split(" ")[1]
        return int(word) if self.first.startswith("SIP/2.0") else 0

    def lines(self, name: str) -> list[str]:
        return [line for line in self.headers if line.lower().startswith(f"{name.lower()}:")]


@dataclass
class SipPhone(asyncio.DatagramProtocol):
    """A phone at ``host``; ``user`` is its name at ``registrar``."""

    user: str
    secret: str
    registrar: Address
    host: str
    answers_options: bool = True
    port: int = 0
    """0: any free one."""
    transport: asyncio.DatagramTransport | None = None
    responses: asyncio.Queue[SipMessage] = field(default_factory=asyncio.Queue)
    talking: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _cseq: int = 0
    _dialog: tuple[str, str, str] = ("", "", "")
    """Request URI, Call-ID and To of the call made."""

    async def open(self) -> Self:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, self.port))
        return self

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        if self.transport is not None:
            self.transport.close()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    @property
    def contact(self) -> str:
        assert self.transport is not None
        host, port = self.transport.get_extra_info("sockname")
        return f"{self.user}@{host}:{port}"

    def datagram_received(self, data: bytes, addr: Address) -> None:
        message = SipMessage.parse(data)
        method = message.first.split(" ")[0]
        if message.status:
            self.responses.put_nowait(message)
        elif method == "OPTIONS" and self.answers_options:
            self._reply(message, addr, "200 OK")
        elif method == "INVITE":
            self._reply(message, addr, "180 Ringing")
            self._reply(message, addr, "200 OK", self._sdp())
        elif method == "ACK":
            self.talking.set()
        elif method in ("BYE", "CANCEL"):
            self._reply(message, addr, "200 OK")
            self.ended.set()

    async def register(self, expires_s: int = 300) -> None:
        """Register, or with 0 give the registration up."""
        call_id = secrets.token_hex(8)
        uri = f"sip:{self.registrar[0]}:{self.registrar[1]}"
        extra = [f"Contact: <sip:{self.contact}>", f"Expires: {expires_s}"]
        me = f"<sip:{self.user}@{self.registrar[0]}>"
        self._request("REGISTER", uri, call_id, me, extra)
        answer = await self.final()
        if answer.status == 401:
            extra.append(self._credentials(answer, "REGISTER", uri))
            self._request("REGISTER", uri, call_id, me, extra)
            answer = await self.final()
        assert answer.status == 200, answer.first

    async def call(self, number: str) -> int:
        """Call a number; the status it was answered or refused with."""
        call_id = secrets.token_hex(8)
        uri = f"sip:{number}@{self.registrar[0]}:{self.registrar[1]}"
        self._request("INVITE", uri, call_id, f"<{uri}>", [f"Contact: <sip:{self.contact}>"], self._sdp())
        answer = await self.final()
        (to,) = answer.lines("To")
        self._dialog = (uri, call_id, to.partition(":")[2].strip())
        self._request("ACK", *self._dialog, [], again=True)
        return answer.status

    async def hang_up(self) -> None:
        """End the call made."""
        self._request("BYE", *self._dialog, [])
        await self.final()

    async def final(self) -> SipMessage:
        """The next response that is not a provisional one."""
        async with asyncio.timeout(60):
            while (answer := await self.responses.get()).status < 200:
                pass
        return answer

    def _request(
        self, method: str, uri: str, call_id: str, to: str, extra: list[str], body: str = "", *, again: bool = False
    ) -> None:
        self._cseq += 0 if again else 1
        assert self.transport is not None
        host, port = self.transport.get_extra_info("sockname")
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{secrets.token_hex(8)};rport",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@{self.registrar[0]}>;tag={self.user}",
            f"To: {to}",
            f"Call-ID: {call_id}",
            f"CSeq: {self._cseq} {method}",
            *extra,
        ]
        self._send(lines, body, self.registrar)

    def _reply(self, request: SipMessage, addr: Address, status: str, body: str = "") -> None:
        (to,) = request.lines("To")
        kept = [line for name in ("Via", "From", "Call-ID", "CSeq") for line in request.lines(name)]
        tagged = to if ";tag=" in to else f"{to};tag={self.user}"
        self._send([f"SIP/2.0 {status}", *kept, tagged, f"Contact: <sip:{self.contact}>"], body, addr)

    def _send(self, lines: list[str], body: str, addr: Address) -> None:
        assert self.transport is not None
        kind = ["Content-Type: application/sdp"] if body else []
        text = "\r\n".join([*lines, *kind, f"Content-Length: {len(body)}", "", body])
        self.transport.sendto(text.encode(), addr)

    def _sdp(self) -> str:
        lines = ["v=0", f"o=- 1 1 IN IP4 {self.host}", "s=-", f"c=IN IP4 {self.host}", "t=0 0", "m=audio 9 RTP/AVP 8"]
        return "".join(f"{line}\r\n" for line in lines)

    def _credentials(self, challenge: SipMessage, method: str, uri: str) -> str:
        asked = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge.lines("WWW-Authenticate")[0]))
        realm, nonce = asked["realm"], asked["nonce"]

        def digest(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - what SIP's digest is made of

        start, count = digest(f"{self.user}:{realm}:{self.secret}"), "00000001"
        answer = digest(f"{start}:{nonce}:{count}:c:auth:{digest(f'{method}:{uri}')}")
        extra = f', opaque="{asked["opaque"]}"' if "opaque" in asked else ""
        return (
            f'Authorization: Digest username="{self.user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'response="{answer}", algorithm=MD5, qop=auth, nc={count}, cnonce="c"{extra}'
        )
