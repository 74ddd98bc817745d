"""The engine's HTTP API, as anybody may use it.

Decides nothing. Must not know the engine from inside: what comes is JSON.
"""

from __future__ import annotations

from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import aiohttp

from acd.domain.errors import DeployError

Json = dict[str, Any]
_TIMEOUT = aiohttp.ClientTimeout(total=15)
_PAGE = "500"


class Api:
    """A client with a supervisor's token."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._session = aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {token}"}, timeout=_TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def ready(self) -> Json | None:
        """What ``/readyz`` says: status and reasons; None while nobody listens."""
        try:
            async with self._session.get("/readyz") as answer:
                return dict(await answer.json())
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def status(self) -> Json:
        """Everything now."""
        return await self._get("/api/v1/status")

    async def figures(self) -> Json:
        """The figures and what they are made of."""
        return await self._get("/api/v1/figures")

    async def log_in(self, agent: str) -> None:
        """Log an agent in, ready for contacts."""
        async with self._session.post(f"/api/v1/agents/{agent}/login") as answer:
            if answer.status != HTTPStatus.OK:
                raise DeployError(f"{agent} cannot log in: {answer.status} {(await answer.text())[:300]}")

    async def drain(self, *, on: bool) -> None:
        """Have no more calls taken, and who waits handed over; or calls taken again."""
        await self._ask("POST", "/api/v1/drain" if on else "/api/v1/resume")

    async def records(self) -> list[Json]:
        """Every call record, oldest end first."""
        found: list[Json] = []
        query = {"limit": _PAGE}
        while True:
            page = await self._get("/api/v1/records", query)
            found += page["records"]
            if page["next"] is None:
                return found
            query["cursor"] = page["next"]

    async def recordings(self, contact_id: str) -> list[Json]:
        """The recordings of a contact."""
        return list((await self._get(f"/api/v1/records/{contact_id}"))["recordings"])

    async def decisions(self, contact_id: str) -> list[Json]:
        """The offers of a contact and how they came about."""
        return list((await self._get(f"/api/v1/contacts/{contact_id}/decisions"))["decisions"])

    async def metrics(self) -> str:
        """The figures as Prometheus gets them."""
        async with self._session.get("/metrics") as answer:
            return await answer.text()

    async def _get(self, path: str, query: dict[str, str] | None = None) -> Json:
        return await self._ask("GET", path, query)

    async def _ask(self, method: str, path: str, query: dict[str, str] | None = None) -> Json:
        try:
            async with self._session.request(method, path, params=query) as answer:
                if answer.status != HTTPStatus.OK:
                    raise DeployError(f"{path}: {answer.status} {(await answer.text())[:300]}")
                return dict(await answer.json())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DeployError(f"{path}: the engine does not answer ({error!r})") from error
