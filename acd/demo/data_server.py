"""A small system for flows to ask, for the demonstration and for tests: how far a business licence is, by its NIB.

Decides what it answers, and how badly when it is told to: a flow must cope with a system that is slow, down or lying.
Nothing in it is real: a stage and a date follow from the number's digits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, Literal, TypeAlias

import orjson
from aiohttp import web

STAGES = ("received", "verified", "approved", "issued", "returned")
"""Code 1 to 5, in this order."""
UNKNOWN = "9"
"""Numbers that begin with this one are known to nobody."""
DIGITS = 13
Manner: TypeAlias = Literal[
    "well", "slow", "drip", "silent", "error", "not_json", "wrong_type", "null", "huge", "endless", "redirect", "cut"
]
"""How it answers. ``drip``: a byte now and then; ``silent``: never; ``cut``: the connection ends within the answer."""
_FIRST_DAY = date(2026, 1, 5)
_HUGE = 10_000_000
_KEPT = 1_000
_CUT_AT = 100


class DataServer:
    """Serves ``GET /licences/{nib}`` and takes events at ``POST /events``, on loopback."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host, self.port = host, port
        self.manner: Manner = "well"
        self.slow_s = 10.0
        self.redirect_to = ""
        self.asked = 0
        self.told: deque[Any] = deque(maxlen=_KEPT)
        """Events that were taken, the latest ones."""
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen. Raises ``OSError``."""
        application = web.Application()
        application.router.add_get("/licences/{nib}", self._badly(self._licence))
        application.router.add_post("/events", self._badly(self._event))
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Listen no more; connections end."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _licence(self, request: web.Request) -> web.Response:
        nib = request.match_info["nib"]
        if not (nib.isascii() and nib.isdigit() and len(nib) == DIGITS):
            return web.json_response({"message": f"a NIB has {DIGITS} digits"}, status=400)
        if nib.startswith(UNKNOWN):
            return web.json_response({"message": "no licence has this NIB"}, status=404)
        return web.json_response(licence(nib))

    async def _event(self, request: web.Request) -> web.Response:
        self.told.append(orjson.loads(await request.read()))
        return web.json_response({"taken": True})

    def _badly(
        self, well: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Answer in the manner of the moment."""

        async def answer(request: web.Request) -> web.StreamResponse:
            self.asked += 1
            match self.manner:
                case "well":
                    return await well(request)
                case "slow" | "silent":
                    await asyncio.sleep(self.slow_s if self.manner == "slow" else 3600)
                    return await well(request)
                case "error":
                    return web.json_response({"message": "out of order"}, status=503)
                case "not_json":
                    return web.Response(text="<html>Maintenance</html>", content_type="text/html")
                case "wrong_type":
                    return web.json_response({"nib": request.path, "stage": {"code": True}, "date": "soon"})
                case "null":
                    return web.json_response({"nib": None, "stage": None, "date": None})
                case "huge":
                    return web.Response(body=b'"' + b"x" * _HUGE + b'"', content_type="application/json")
                case "redirect":
                    return web.Response(status=302, headers={"Location": self.redirect_to})
                case "drip" | "endless" | "cut":
                    return await self._bytes(request)

        return answer

    async def _bytes(self, request: web.Request) -> web.StreamResponse:
        """An answer that comes slowly, without end, or not whole."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if self.manner == "cut":
            response.content_length = _CUT_AT
        await response.prepare(request)
        await response.write(b"[")
        if self.manner == "cut":
            if request.transport is not None:
                request.transport.abort()
            return response
        while True:
            if self.manner == "drip":
                await asyncio.sleep(0.05)
            await response.write(b"1," if self.manner == "drip" else b"1," * 20_000)


def licence(nib: str) -> dict[str, Any]:
    """What is known of a licence: its stage with code and name, and the date of it."""
    code = sum(map(int, nib)) % len(STAGES) + 1
    day = _FIRST_DAY + timedelta(days=int(nib[-3:]) % 200)
    return {"nib": nib, "stage": {"code": code, "name": STAGES[code - 1]}, "date": day.isoformat()}
