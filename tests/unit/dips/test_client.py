"""Questions over real sockets to a system that answers well, slowly, not at all, or lies."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from acd.demo.data_server import DataServer, Manner
from acd.dips import exchange
from acd.dips.client import DataClient
from acd.domain.commands import FetchData
from acd.domain.data import Header, HttpRequest, Wanted
from acd.domain.events import DataFetched
from acd.domain.ids import ContactId, RequestId
from acd.settings.values import DataHost, DataSettings, Secret

NIB = "8120001234567"
STAGE = (Wanted("code", "$.stage.code", "number"), Wanted("due", "$.date", "date"))


@pytest_asyncio.fixture
async def server() -> AsyncIterator[DataServer]:
    running = DataServer()
    await running.start()
    yield running
    await running.close()


def host_of(server: DataServer, name: str = "127.0.0.1", *, internal: bool = True, failures: int = 100) -> DataHost:
    return DataHost(f"{name}:{server.port}", "http", name, server.port, internal, failures, 0.2)


@asynccontextmanager
async def client_of(*hosts: DataHost, secrets: dict[str, Secret] | None = None) -> AsyncIterator[DataClient]:
    client = DataClient(DataSettings(hosts, secrets or {}), Random(7))
    try:
        yield client
    finally:
        await client.close()


def question(server: DataServer, nib: str = NIB, host: str = "127.0.0.1") -> FetchData:
    request = HttpRequest("GET", f"http://{host}:{server.port}/licences/{nib}")
    return FetchData(ContactId("c1"), RequestId("c1:1"), "169/cek", request, STAGE, timeout_s=0.5)


async def ask(client: DataClient, what: FetchData) -> DataFetched:
    return await client.fetch(what, lambda: 1000.0)


async def test_an_answer_comes_as_values_of_the_flows_variables(server: DataServer) -> None:
    async with client_of(host_of(server)) as client:
        answer = await ask(client, question(server))
    assert (answer.at, answer.contact_id, answer.request_id, answer.status) == (1000.0, "c1", "c1:1", 200)
    assert answer.outcome == "ok"
    assert answer.values == {"code": 5, "due": "2026-06-21"}


async def test_what_the_system_does_not_know_is_not_found(server: DataServer) -> None:
    async with client_of(host_of(server)) as client:
        answer = await ask(client, question(server, "9" * 13))
    assert (answer.outcome, answer.status, answer.values) == ("not_found", 404, {})


@pytest.mark.parametrize(
    ("manner", "outcome"),
    [
        ("slow", "timeout"),
        ("silent", "timeout"),
        ("drip", "timeout"),
        ("error", "failed"),
        ("cut", "failed"),
        ("not_json", "invalid"),
        ("wrong_type", "invalid"),
        ("huge", "invalid"),
        ("endless", "invalid"),
        ("null", "not_found"),
    ],
)
async def test_a_system_that_is_slow_down_or_lies_is_an_outcome_in_time(
    server: DataServer, manner: Manner, outcome: str
) -> None:
    server.manner = manner
    async with client_of(host_of(server)) as client, asyncio.timeout(10):
        answer = await ask(client, question(server))
    assert (answer.outcome, answer.values) == (outcome, {})
    # A slow machine is late by its own; the limit is the question's, not the ten seconds the server would take.
    assert answer.latency_s < 5


async def test_nobody_there_is_a_failure(server: DataServer) -> None:
    host, what = host_of(server), question(server)
    await server.close()
    async with client_of(host) as client:
        answer = await ask(client, what)
    assert (answer.outcome, answer.status) == ("failed", 0)


async def test_a_system_that_takes_no_connection_is_a_failure_in_time(server: DataServer) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)  # noqa: FBT003 - the library's own form
            filler.connect_ex(("127.0.0.1", port))
        try:
            async with client_of(DataHost("full", "http", "127.0.0.1", port, internal=True)) as client:
                what = question(server)
                url = f"http://127.0.0.1:{port}/"
                answer = await ask(client, replace(what, request=replace(what.request, url=url)))
        finally:
            for filler in fillers:
                filler.close()
    assert answer.outcome in {"failed", "timeout"}


async def half_open(client: DataClient) -> None:
    """Wait until the host may be tried again."""
    while client.figures().hosts[0].breaker == "open":  # noqa: ASYNC110 - its state follows from the clock
        await asyncio.sleep(0.02)


# ---------------------------------------------------------------- where no question may go


@pytest.mark.parametrize(
    "to", ["http://127.0.0.1:1/licences/1", "https://example.org/", "//127.0.0.1:1/", "file:///etc/passwd"]
)
async def test_a_redirect_to_another_host_is_not_followed(server: DataServer, to: str) -> None:
    server.manner, server.redirect_to = "redirect", to
    async with client_of(host_of(server)) as client:
        answer = await ask(client, question(server))
    assert (answer.outcome, answer.status, server.asked) == ("failed", 302, 1)


async def test_a_redirect_from_a_public_host_to_loopback_is_not_followed(server: DataServer) -> None:
    inner = DataServer("127.0.0.2")
    await inner.start()
    server.manner, server.redirect_to = "redirect", f"{inner.url}/licences/{NIB}"
    # Even where that host is on the list: it is not one of our own network.
    try:
        async with client_of(host_of(server), host_of(inner, "127.0.0.2", internal=False)) as client:
            answer = await ask(client, question(server))
    finally:
        await inner.close()
    assert (answer.outcome, inner.asked) == ("failed", 0)


async def test_a_redirect_to_an_allowed_host_is_followed_without_what_was_meant_for_the_first(
    server: DataServer,
) -> None:
    seen: dict[str, str] = {}

    async def inner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[1:-1]:
            name, _, value = line.partition(": ")
            seen[name] = value
        body = b'{"stage": {"code": 1}, "date": "2026-01-01"}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    other = await asyncio.start_server(inner, "127.0.0.2", 0)
    port = other.sockets[0].getsockname()[1]
    server.manner, server.redirect_to = "redirect", f"http://127.0.0.2:{port}/licences/{NIB}"
    hosts = (host_of(server), DataHost("other", "http", "127.0.0.2", port, internal=True))
    what = question(server)
    what = replace(what, request=replace(what.request, headers=(Header("X-Key", "Bearer ", "key"),)))
    async with other, client_of(*hosts, secrets={"key": Secret("s3cret")}) as client:
        answer = await ask(client, what)
    assert (answer.outcome, answer.values["code"]) == ("ok", 1)
    assert "X-Key" not in seen


async def test_redirects_round_in_a_circle_end(server: DataServer) -> None:
    server.manner, server.redirect_to = "redirect", f"{server.url}/licences/{NIB}"
    async with client_of(host_of(server)) as client:
        answer = await ask(client, question(server))
    assert (answer.outcome, server.asked) == ("failed", 4)


async def test_a_name_that_comes_to_mean_this_machine_is_not_connected_to(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lies(_host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", lies)
    async with client_of(host_of(server, "rebound.example.org", internal=False)) as client:
        answer = await ask(client, question(server, host="rebound.example.org"))
    assert (answer.outcome, server.asked) == ("failed", 0)
    async with client_of(host_of(server, "rebound.example.org", internal=True)) as client:
        assert (await ask(client, question(server, host="rebound.example.org"))).outcome == "ok"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0"])
async def test_loopback_in_any_dress_is_reached_only_when_it_is_named_as_internal(
    server: DataServer, host: str
) -> None:
    async with client_of(host_of(server, host, internal=False)) as client:
        answer = await ask(client, question(server, host=host))
    assert (answer.outcome, server.asked) == ("failed", 0)


async def test_a_host_that_is_not_on_the_list_is_not_asked(server: DataServer) -> None:
    async with client_of() as client:
        answer = await ask(client, question(server))
        assert [(a.node, a.host, a.outcome) for a in client.figures().asked] == [("169/cek", "(none)", "failed")]
    assert (answer.outcome, server.asked) == ("failed", 0)


# ---------------------------------------------------------------- again, or not at all


async def test_a_question_is_asked_again_after_a_failure_and_not_more_often_than_said(server: DataServer) -> None:
    server.manner = "error"
    async with client_of(host_of(server)) as client:
        await ask(client, replace(question(server), retries=2, timeout_s=5.0))
    assert server.asked == 3


async def test_what_must_not_be_done_twice_is_asked_once(server: DataServer) -> None:
    server.manner = "error"
    what = question(server)
    async with client_of(host_of(server)) as client:
        await ask(client, replace(what, request=replace(what.request, idempotent=False), retries=2))
    assert server.asked == 1


async def test_a_second_try_may_succeed(server: DataServer) -> None:
    server.manner = "cut"

    async def heal() -> None:
        while not server.asked:  # noqa: ASYNC110 - the server counts only
            await asyncio.sleep(0)
        server.manner = "well"

    async with client_of(host_of(server)) as client:
        answer, _ = await asyncio.gather(ask(client, replace(question(server), timeout_s=5.0)), heal())
    assert (answer.outcome, server.asked) == ("ok", 2)


async def test_a_host_that_fails_in_a_row_is_left_alone_then_tried_by_one(server: DataServer) -> None:
    server.manner = "error"
    what = replace(question(server), retries=0)
    async with client_of(host_of(server, failures=2)) as client:
        for _ in range(4):
            assert (await ask(client, what)).outcome == "failed"
        assert (server.asked, client.figures().hosts[0].breaker) == (2, "open")
        server.manner = "well"
        await half_open(client)
        outcomes = [answer.outcome for answer in await asyncio.gather(ask(client, what), ask(client, what))]
        assert sorted(outcomes) == ["failed", "ok"]
        assert client.figures().hosts[0].breaker == "closed"


async def test_an_unknown_number_or_a_wrong_answer_does_not_take_a_host_away_from_others(server: DataServer) -> None:
    async with client_of(host_of(server, failures=1)) as client:
        await ask(client, question(server, "9" * 13))
        await ask(client, question(server, "123"))
        server.manner = "not_json"
        await ask(client, question(server))
        assert client.figures().hosts[0].breaker == "closed"


async def test_who_stops_waiting_for_the_trying_question_leaves_its_place(server: DataServer) -> None:
    server.manner = "error"
    async with client_of(host_of(server, failures=1)) as client:
        await ask(client, replace(question(server), retries=0))
        server.manner = "silent"
        await half_open(client)
        asked = server.asked
        trying = asyncio.ensure_future(ask(client, replace(question(server), timeout_s=60.0)))
        while server.asked == asked:  # noqa: ASYNC110 - the server counts only
            await asyncio.sleep(0.01)
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)
        server.manner = "well"
        assert (await ask(client, question(server))).outcome == "ok"


async def test_the_same_question_is_answered_from_memory_for_a_while(server: DataServer) -> None:
    what = replace(question(server), cache_s=60.0, cache_not_found_s=60.0)
    async with client_of(host_of(server)) as client:
        first, second = await ask(client, what), await ask(client, replace(what, contact_id=ContactId("c2")))
        assert (first.values, second.contact_id, server.asked) == (second.values, "c2", 1)
        unknown = question(server, "9" * 13)
        unknown = replace(unknown, cache_s=60.0, cache_not_found_s=60.0)
        assert [(await ask(client, unknown)).outcome for _ in range(2)] == ["not_found"] * 2
        assert server.asked == 2
        counted = {(a.outcome, a.cached): a.count for a in client.figures().asked}
    assert counted == {("ok", False): 1, ("ok", True): 1, ("not_found", False): 1, ("not_found", True): 1}


async def test_a_failure_is_not_kept(server: DataServer) -> None:
    server.manner = "error"
    what = replace(question(server), cache_s=60.0, cache_not_found_s=60.0, retries=0)
    async with client_of(host_of(server)) as client:
        assert (await ask(client, what)).outcome == "failed"
        server.manner = "well"
        assert (await ask(client, what)).outcome == "ok"


# ---------------------------------------------------------------- what is sent and told


async def test_headers_carry_secrets_by_name_and_a_body_is_json() -> None:
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"}"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(hear, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    headers = (Header("X-Lang", "id"), Header("Authorization", "Bearer ", "token"))
    request = HttpRequest("POST", f"http://127.0.0.1:{port}/a%2Fb?c=%20", headers, '{"nib":"1"}')
    what = FetchData(ContactId("c"), RequestId("r"), "169/cek", request)
    host = DataHost("h", "http", "127.0.0.1", port, internal=True)
    async with listener, client_of(host, secrets={"token": Secret("t0ken")}) as client:
        assert (await ask(client, what)).outcome == "ok"
    text = heard[0].decode()
    assert text.startswith("POST /a%2Fb?c=%20 HTTP/1.1\r\n")
    for line in (
        "X-Lang: id",
        "Authorization: Bearer t0ken",
        "Content-Type: application/json",
        "Accept-Encoding: identity",
    ):
        assert f"\r\n{line}\r\n" in text
    assert text.endswith('\r\n\r\n{"nib":"1"}')


async def test_an_answer_that_would_unfold_is_invalid() -> None:
    async def zip_it(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(zip_it, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    what = FetchData(ContactId("c"), RequestId("r"), "n", HttpRequest("GET", f"http://127.0.0.1:{port}/"))
    async with listener, client_of(DataHost("h", "http", "127.0.0.1", port, internal=True)) as client:
        assert (await ask(client, what)).outcome == "invalid"


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n",
        b"A" * 100_000,
        b"",
    ],
)
async def test_what_is_no_http_is_a_failure(rubbish: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(rubbish)
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    request = HttpRequest("GET", f"http://127.0.0.1:{port}/")
    what = FetchData(ContactId("c"), RequestId("r"), "n", request, STAGE, timeout_s=2.0, retries=0)
    async with listener, client_of(DataHost("h", "http", "127.0.0.1", port, internal=True)) as client:
        assert (await ask(client, what)).outcome == "failed"


@pytest.mark.parametrize("manner", ["error", "silent", "not_json", "huge", "redirect", "cut", "wrong_type"])
async def test_nothing_of_a_question_or_an_answer_reaches_the_log(server: DataServer, manner: Manner) -> None:
    server.manner, server.redirect_to = manner, f"http://127.0.0.1:1/{NIB}"
    with capture_logs() as logged:
        async with client_of(host_of(server)) as client:
            await ask(client, question(server))
    assert [entry["event"] for entry in logged] == ["data_dip_failed"]
    assert NIB not in str(logged)
    assert "c1" not in str(logged)


async def test_figures_count_answers_by_node_host_and_time(server: DataServer) -> None:
    async with client_of(host_of(server)) as client:
        for _ in range(3):
            await ask(client, question(server))
        figures = client.figures()
    (asked,), (host,) = figures.asked, figures.hosts
    assert (asked.node, asked.host, asked.outcome, asked.cached, asked.count) == (
        "169/cek", f"127.0.0.1:{server.port}", "ok", False, 3,
    )  # fmt: skip
    assert (sum(host.buckets), len(host.buckets)) == (3, len(figures.bounds) + 1)
    assert host.seconds > 0


# ---------------------------------------------------------------- new settings


async def test_new_settings_are_in_force_at_once_and_questions_under_way_end_by_the_old(server: DataServer) -> None:
    async with client_of(host_of(server)) as client:
        await ask(client, question(server))
        server.manner, server.slow_s, before = "slow", 0.2, server.asked
        under_way = asyncio.ensure_future(ask(client, replace(question(server), timeout_s=20.0)))
        while server.asked == before:  # noqa: ASYNC110 - the server counts only
            await asyncio.sleep(0.01)
        client.use(DataSettings())
        assert (await ask(client, question(server))).outcome == "failed"
        assert (await under_way).outcome == "ok"
        client.use(DataSettings((host_of(server),)))
        server.manner = "well"
        assert (await ask(client, question(server))).outcome == "ok"


async def test_a_new_secret_is_sent_from_then_on_and_old_connections_are_let_go(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "RETIRE_S", 0.0)
    async with client_of(host_of(server)) as client:
        await ask(client, question(server))
        (old,) = client._exchanges._sessions.values()
        client.use(DataSettings((host_of(server),), {"key": Secret("new")}))
        while not old.closed:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        request = replace(question(server).request, headers=(Header("X", "", "key"),))
        assert client._exchanges._headers(request)["X"] == "new"
        assert (await ask(client, question(server))).outcome == "ok"
