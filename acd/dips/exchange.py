"""One request to one host, and its answer or what went wrong: the narrow passage to aiohttp.

Decides what of an answer is read and which redirects are followed, and maps the library's errors, here only. Every
connection's address is looked at when its socket is made, so no name and no redirect leads where none may go.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import aiohttp
from yarl import URL

from acd.dips.addresses import refused
from acd.dips.hosts import AllowList, Place, is_address
from acd.domain.data import HttpRequest
from acd.domain.errors import DataError
from acd.settings.values import DataHost, Secret

MOST_REDIRECTS = 3
RETIRE_S = 60.0
"""Longer than any question may take."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK = 16_384
_SENT = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # a small answer must not unfold to a large one
    "User-Agent": "acd",
}
Why: TypeAlias = Literal["unreachable", "redirect", "too_large", "encoded", "broken"]


class ExchangeFailed(DataError):  # noqa: N818 - the house's word for it
    """No answer that can be used. ``again``: the host may do better at another try."""

    def __init__(self, why: Why, status: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.status = status

    @property
    def again(self) -> bool:
        """Whether the host may do better at another try."""
        return self.why in {"unreachable", "broken"}


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and body, at most as long as allowed."""

    status: int
    body: bytes


class _AddressRefusedError(OSError):
    """The name led to an address that may not be reached."""


class Exchanges:
    """The deployment's HTTP sessions, one to a host, as each host has its own rule of addresses. Made once a loop."""

    def __init__(self, allowed: AllowList, secrets: Mapping[str, Secret], most_bytes: int) -> None:
        self._allowed = allowed
        self._secrets = secrets
        self._most = most_bytes
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._retiring: dict[asyncio.Task[None], list[aiohttp.ClientSession]] = {}

    async def ask(self, place: Place, request: HttpRequest, connect_s: float) -> Reply:
        """Send a request and read the answer. The whole time is the caller's to limit.

        Raises:
            ExchangeFailed: there is no answer that can be used.
        """
        method, body = request.method, request.body
        headers = self._headers(request)
        first = place.url.origin()
        for _ in range(MOST_REDIRECTS + 1):
            try:
                reply, location = await self._once(place, method, headers, body, connect_s)
            except (aiohttp.ClientError, OSError, ssl.SSLError, ValueError) as error:
                # ValueError: what a peer sent that the library cannot take, such as a malformed chunk or address.
                unreachable = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | OSError)
                raise ExchangeFailed("unreachable" if unreachable else "broken") from error
            if location is None:
                return reply
            to = self._redirected(place.url, location) if method == "GET" else None
            if to is None:
                raise ExchangeFailed("redirect", reply.status)
            place = to
            if place.url.origin() != first:
                headers = dict(_SENT)  # nothing meant for one host is shown to another
        raise ExchangeFailed("redirect")

    def use(self, secrets: Mapping[str, Secret], most_bytes: int) -> None:
        """Ask with these from now on, over new connections; what is under way ends over the old ones."""
        self._secrets, self._most = secrets, most_bytes
        if self._sessions:
            old = list(self._sessions.values())
            self._sessions.clear()
            task = asyncio.get_running_loop().create_task(_retire(old))
            self._retiring[task] = old
            task.add_done_callback(self._retired)

    async def close(self) -> None:
        """Let go of all connections."""
        retiring = dict(self._retiring)
        for task in retiring:
            task.cancel()
        await asyncio.gather(*retiring, return_exceptions=True)
        sessions = [*self._sessions.values(), *(one for old in retiring.values() for one in old)]
        await asyncio.gather(*(session.close() for session in sessions))
        self._sessions.clear()

    def _retired(self, task: asyncio.Task[None]) -> None:
        del self._retiring[task]

    def _headers(self, request: HttpRequest) -> dict[str, str]:
        headers = dict(_SENT)
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        for header in request.headers:
            secret = self._secrets[header.secret].reveal() if header.secret in self._secrets else ""
            headers[header.name] = header.text + secret
        return headers

    def _redirected(self, base: URL, location: str) -> Place | None:
        try:
            return self._allowed.find(base.join(URL(location)))
        except ValueError:
            return None

    async def _once(
        self, place: Place, method: str, headers: Mapping[str, str], body: str | None, connect_s: float
    ) -> tuple[Reply, str | None]:
        """One request without redirects: the answer, and where it sends us if it does."""
        async with self._session(place.host).request(
            method,
            place.url,
            headers=headers,
            data=None if body is None else body.encode(),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_s),
        ) as answer:
            if answer.status in _REDIRECTS and "Location" in answer.headers:
                return Reply(answer.status, b""), answer.headers["Location"]
            if answer.status // 100 != 2:  # noqa: PLR2004 - success
                return Reply(answer.status, b""), None
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise ExchangeFailed("encoded", answer.status)
            return Reply(answer.status, await self._body(answer)), None

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        if (answer.content_length or 0) > self._most:
            answer.close()
            raise ExchangeFailed("too_large", answer.status)
        body = bytearray()
        async for chunk in answer.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._most:
                answer.close()
                raise ExchangeFailed("too_large", answer.status)
        return bytes(body)

    def _session(self, host: DataHost) -> aiohttp.ClientSession:
        session = self._sessions.get(host.name)
        if session is None:
            connector = aiohttp.TCPConnector(limit=host.connections, socket_factory=_sockets(host), ttl_dns_cache=30)
            session = self._sessions[host.name] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=_CHUNK,
            )
        return session


async def _retire(sessions: list[aiohttp.ClientSession]) -> None:
    """Close sessions when nothing can be under way over them any more."""
    await asyncio.sleep(RETIRE_S)
    await asyncio.gather(*(session.close() for session in sessions))


def _sockets(host: DataHost) -> aiohttp.connector.SocketFactoryType:
    """Make sockets for a host's addresses, and none for those it may not have."""
    named = is_address(host.host)

    def make(info: aiohttp.connector.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        why = refused(str(address[0]), internal=host.internal, named=named)
        if why is not None:
            raise _AddressRefusedError(why)
        return socket.socket(family, kind, protocol)

    return make
