"""Asks other systems for callers: within a time, again where that can help, not at all where it cannot.

Decides the outcome of a question. Must not know what it is about: only the node's and the host's names are logged or
counted, as everything else may be somebody's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random

import structlog

from acd.dips.breaker import Breaker
from acd.dips.cache import Answer, AnswerCache, key_of
from acd.dips.exchange import ExchangeFailed, Exchanges, Reply
from acd.dips.figures import BOUNDS_S, Latency, Tally
from acd.dips.hooks import Done, Hooks
from acd.dips.hosts import AllowList, Place
from acd.dips.mapping import read
from acd.domain.commands import FetchData, SendHook
from acd.domain.data import DataOutcome
from acd.domain.events import DataFetched
from acd.ports import DataFigures, HostFigures
from acd.settings.values import DataSettings

log = structlog.get_logger(__name__)
NO_HOST = "(none)"
"""Label of questions to a host that is not on the list."""
PAUSE_S = 0.1
"""Before the second try, doubled before each further one; drawn between 0 and that, so that callers do not march."""
_MISSING = frozenset({404, 410})
_TROUBLED = frozenset({408, 425, 429, 500, 502, 503, 504})
"""The host says that it cannot now (RFC 9110, RFC 6585)."""
_CONNECT_SHARE = 0.5
"""Of the time: a connection not made by then is tried anew."""


@dataclass(slots=True)
class _Host:
    """What is known of a host."""

    breaker: Breaker
    latency: Latency = field(default_factory=Latency)


class DataClient:
    """Asks and tells. Not thread-safe; made for one event loop.

    Args:
        settings: hosts, secrets and webhooks.
        chance: draws the pauses between tries.
        done: told the id of each event that needs no telling any more, and whether it was told.
    """

    def __init__(self, settings: DataSettings, chance: Random, done: Done = lambda _event_id, _delivered: None) -> None:
        self._allowed = AllowList(settings.hosts)
        self._exchanges = Exchanges(self._allowed, settings.secrets, settings.most_bytes)
        self._hosts = _hosts(settings)
        self._cache = AnswerCache()
        self._tally = Tally()
        self._chance = chance
        self._hooks = Hooks(settings.webhooks.values(), self._allowed, self._exchanges, chance, done)

    def use(self, settings: DataSettings) -> None:
        """Ask and tell by these settings from now on; questions under way end by the old ones."""
        self._allowed.use(settings.hosts)
        self._exchanges.use(settings.secrets, settings.most_bytes)
        self._hooks.use(settings.webhooks.values())
        known = self._hosts
        self._hosts = _hosts(settings)
        for name, host in self._hosts.items():
            host.latency = known[name].latency if name in known else host.latency

    async def fetch(self, question: FetchData, now: Callable[[], float]) -> DataFetched:
        """Ask, within the question's time; whatever goes wrong is an outcome, never an error."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = await self._answer(question, began)
        return DataFetched(
            at=now(),
            contact_id=question.contact_id,
            request_id=question.request_id,
            outcome=answer.outcome,
            values=dict(answer.values),
            status=answer.status,
            latency_s=round(loop.time() - began, 4),
        )

    def send(self, hook: SendHook) -> None:
        """Tell an event without waiting."""
        self._hooks.send(hook)

    def resume(self, hooks: Iterable[SendHook]) -> None:
        """Tell events that a former life of the process left untold."""
        self._hooks.resume(hooks)

    async def close(self) -> None:
        """Stop telling, and let go of all connections."""
        await self._hooks.close()
        await self._exchanges.close()

    def figures(self) -> DataFigures:
        """Everything counted, and how hosts and webhooks do now."""
        at = asyncio.get_running_loop().time()
        hosts = (
            HostFigures(name, host.breaker.state(at), host.latency.buckets, host.latency.seconds)
            for name, host in self._hosts.items()
        )
        return DataFigures(BOUNDS_S, self._tally.all(), tuple(hosts), self._hooks.figures())

    async def _answer(self, question: FetchData, began: float) -> Answer:
        place = self._allowed.read(question.request.url)
        if place is None:
            self._note(question, NO_HOST, Answer("failed"), "host_not_allowed")
            return Answer("failed")
        key = key_of(question)
        if question.cache_s or question.cache_not_found_s:
            kept = self._cache.get(key, began)
            if kept is not None:
                self._tally.add(question.node, place.host.name, kept.outcome, cached=True)
                return kept
        answer, why = await self._asked(place, question, began)
        self._note(question, place.host.name, answer, why)
        keep_s = {"ok": question.cache_s, "not_found": question.cache_not_found_s}.get(answer.outcome, 0.0)
        if keep_s:
            self._cache.put(key, answer, asyncio.get_running_loop().time() + keep_s)
        return answer

    async def _asked(self, place: Place, question: FetchData, began: float) -> tuple[Answer, str]:
        """Ask the host; give the answer and, where there is none, why."""
        host, loop = self._hosts[place.host.name], asyncio.get_running_loop()
        if not host.breaker.may(began):
            return Answer("failed"), "breaker_open"
        tries = _Tries(self._exchanges, self._chance, began + question.timeout_s)
        try:
            async with asyncio.timeout_at(tries.deadline):
                reply = await tries(place, question)
        except TimeoutError:
            answer, why, troubled = Answer("timeout"), "timeout", True
        except ExchangeFailed as failure:
            answer, why, troubled = _without(failure)
        except asyncio.CancelledError:
            host.breaker.released()
            raise
        else:
            answer, why = _judge(reply, question)
            troubled = reply.status in _TROUBLED
        if troubled:
            host.breaker.failed(loop.time())
        else:
            host.breaker.succeeded()
        host.latency.add(loop.time() - began)
        return answer, why

    def _note(self, question: FetchData, host: str, answer: Answer, why: str) -> None:
        self._tally.add(question.node, host, answer.outcome, cached=False)
        if why:
            log.warning(
                "data_dip_failed", node=question.node, host=host, outcome=answer.outcome, why=why, status=answer.status
            )


def _hosts(settings: DataSettings) -> dict[str, _Host]:
    return {host.name: _Host(Breaker(host.failures, host.pause_s)) for host in settings.hosts}


class _Tries:
    """The tries of one question, until ``deadline`` (the loop's time)."""

    def __init__(self, exchanges: Exchanges, chance: Random, deadline: float) -> None:
        self._exchanges, self._chance = exchanges, chance
        self.deadline = deadline

    async def __call__(self, place: Place, question: FetchData) -> Reply:
        """Ask until there is an answer, the tries are used up or the next would come too late."""
        left = question.retries if question.request.idempotent else 0
        pause = PAUSE_S
        while True:
            try:
                reply = await self._exchanges.ask(place, question.request, question.timeout_s * _CONNECT_SHARE)
            except ExchangeFailed as failure:
                wait = self._chance.uniform(0.0, pause)
                if not (failure.again and self._may(left, wait)):
                    raise
            else:
                wait = self._chance.uniform(0.0, pause)
                if reply.status not in _TROUBLED or not self._may(left, wait):
                    return reply
            await asyncio.sleep(wait)
            left -= 1
            pause *= 2

    def _may(self, left: int, wait: float) -> bool:
        return left > 0 and asyncio.get_running_loop().time() + wait < self.deadline


def _without(failure: ExchangeFailed) -> tuple[Answer, str, bool]:
    """What a question without a usable answer came to, why, and whether the host is to be spared."""
    lying = failure.why in {"too_large", "encoded"}
    outcome: DataOutcome = "invalid" if lying else "failed"
    return Answer(outcome, failure.status), failure.why, not lying


def _judge(reply: Reply, question: FetchData) -> tuple[Answer, str]:
    """What an answer came to, and what is wrong with it, if anything."""
    if reply.status in _MISSING:
        return Answer("not_found", reply.status), ""
    if reply.status // 100 != 2:  # noqa: PLR2004 - success
        return Answer("failed", reply.status), "refused"
    answer = read(reply.body, question.wanted, reply.status)
    return answer, "wrong_answer" if answer.outcome == "invalid" else ""
