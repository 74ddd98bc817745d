from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from acd.domain.errors import ChannelGone, CommandTimeout, PbxUnavailable
from acd.telephony.ari import AriConflict, AriFailed, AriLink, AriRefused, AriState, commands

if TYPE_CHECKING:
    from tests.fakes.ari_server import FakeAri


async def test_events_are_delivered_in_arrival_order(server: FakeAri, connected: Any) -> None:
    async with connected() as client:
        for n in range(200):
            await server.emit({"type": "ChannelVarset", "n": n})
        await server.until(lambda: len(client.events) == 200)
        assert [event["n"] for event in client.events] == list(range(200))


async def test_a_raising_event_handler_does_not_stop_the_events_after_it(server: FakeAri, connected: Any) -> None:
    got: list[Any] = []

    def handle(event: dict[str, Any]) -> None:
        got.append(event["n"])
        if event["n"] == 0:
            raise ValueError("boom")

    async with connected(wait=False) as client:
        client.link._on_event = handle
        await client.until_up()
        await server.emit({"type": "A", "n": 0})
        await server._sockets["acd"].send_str("{not json")
        await server.emit({"type": "A", "n": 1})
        await server.until(lambda: len(got) == 2)
        assert client.link.generation == 1


async def test_a_raising_result_handler_does_not_stop_the_link(server: FakeAri, connected: Any) -> None:
    def fail(_: object) -> None:
        raise ValueError("boom")

    async with connected() as client:
        client.link.send("POST", "/channels/a/answer", key="a", on_result=fail)
        assert await client.link.request("POST", "/channels/b/answer", key="a") is None
        assert client.link.generation == 1


@pytest.mark.parametrize("version", ["22.10.1", "18.9.0"])
async def test_commands_of_one_key_are_executed_in_the_order_sent(
    server: FakeAri, connected: Any, version: str
) -> None:
    server.version = version
    async with connected() as client:
        for n in range(50):
            client.send(f"/channels/{n % 5}/{n}", key=str(n % 5))
        await server.until(lambda: len(client.results) == 50)
        for key in "01234":
            got = [path for path in server.paths() if path.startswith(f"/channels/{key}/")]
            assert got == [f"/channels/{key}/{n}" for n in range(int(key), 50, 5)]
        assert {one.via for one in server.seen} == {"http" if version.startswith("18") else "acd"}


async def test_over_http_a_slow_command_delays_its_own_key_only(server: FakeAri, connected: Any) -> None:
    server.version = "18.9.0"
    gate = asyncio.Event()
    server.answer("POST", "/slow/1", gate=gate)
    async with connected(http_lanes=2) as client:
        keys = [str(n) for n in range(50)]
        slow = next(key for key in keys if hash(key) % 2 == 0)
        quick = next(key for key in keys if hash(key) % 2 == 1)
        client.send("/slow/1", key=slow)
        client.send("/slow/2", key=slow)
        client.send("/quick", key=quick)
        await server.until(lambda: len(client.results) == 1)
        assert client.results[0][0] == "/quick"
        assert "/slow/2" not in server.paths()
        gate.set()
        await server.until(lambda: len(client.results) == 3)
        assert [path for path, _ in client.results] == ["/quick", "/slow/1", "/slow/2"]


@pytest.mark.parametrize("version", ["22.10.1", "18.9.0"])
async def test_query_and_body_arrive_as_given(server: FakeAri, connected: Any, version: str) -> None:
    server.version = version
    server.answer("POST", "/channels/l%2F1", 200, {"id": "l/1"})
    async with connected() as client:
        request = commands.originate(
            "l/1", "PJSIP/agent101", "acd", caller_id='"A & B=ü+" <0217001234>', variables={"X": "a,b;c=d"}
        )
        answer = await client.link.request(
            request.method, request.path, params=request.params, body=request.body, key="c"
        )
        assert answer == {"id": "l/1"}
        (seen,) = server.seen
        assert seen.params["callerId"] == '"A & B=ü+" <0217001234>'
        assert seen.body == {"variables": {"X": "a,b;c=d"}}


@pytest.mark.parametrize("version", ["22.10.1", "18.9.0"])
@pytest.mark.parametrize(
    ("status", "error"),
    [(404, ChannelGone), (409, AriConflict), (400, AriRefused), (422, AriRefused), (500, AriFailed), (503, AriFailed)],
)
async def test_refusals_become_the_houses_errors(
    server: FakeAri, connected: Any, version: str, status: int, error: type[Exception]
) -> None:
    server.version = version
    server.answer("POST", "/channels/a/answer", status, {"message": "no"})
    async with connected() as client:
        with pytest.raises(error) as caught:
            await client.link.request("POST", "/channels/a/answer", params={"callerId": "0217001234"})
        assert type(caught.value) is error
        assert getattr(caught.value, "status", status) == status
        assert "0217001234" not in str(caught.value)


async def test_a_claim_of_a_call_somebody_else_has_is_a_conflict(server: FakeAri, connected: Any) -> None:
    server.answer("POST", "/events/claim", 409, {"message": "taken"})
    async with connected() as client:
        client.link.claim("c1", lambda result: client.results.append(("claim", result)))
        await server.until(lambda: bool(client.results))
        assert client.errors() == [AriConflict]
        assert dict(server.seen[0].params) == {"channelId": "c1", "application": "acd"}


async def test_commands_without_a_link_fail_as_not_sent_and_later(server: FakeAri, connected: Any) -> None:
    await server.stop()
    async with connected(wait=False) as client:
        client.send("/channels/a/answer")
        assert client.results == []
        await server.until(lambda: bool(client.results))
        assert client.errors() == [PbxUnavailable]
        with pytest.raises(PbxUnavailable):
            await client.link.resync()


@pytest.mark.parametrize("version", ["22.10.1", "18.9.0"])
async def test_a_loss_fails_what_is_under_way_as_unknown_and_nothing_is_sent_again(
    server: FakeAri, connected: Any, version: str
) -> None:
    server.version = version
    server.answer("POST", "/channels/a/answer", gate=asyncio.Event())
    async with connected() as client:
        client.send("/channels/a/answer")
        await server.until(lambda: "/channels/a/answer" in server.paths())
        server.drop()
        await client.until_up(2)
        assert client.errors() == [CommandTimeout]
        await client.link.request("POST", "/channels/b/answer")
        assert server.paths().count("/channels/a/answer") == 1
        assert AriState.DOWN in [state for state, _ in client.states]


async def test_commands_not_yet_written_at_a_loss_fail_as_not_sent(server: FakeAri, connected: Any) -> None:
    server.version = "18.9.0"
    server.answer("POST", "/channels/.*", gate=asyncio.Event())
    async with connected() as client:
        client.send("/channels/a/answer")
        client.send("/channels/a/ring")
        await server.until(lambda: bool(server.paths()))
        server.drop()
        await client.until_up(2)
        assert client.errors() == [CommandTimeout, PbxUnavailable]
        assert server.paths() == ["/channels/a/answer"]


async def test_an_unanswered_command_times_out_alone(server: FakeAri, connected: Any) -> None:
    gate = asyncio.Event()
    server.answer("POST", "/channels/a/answer", gate=gate)
    async with connected(request_timeout_s=0.15) as client:
        client.send("/channels/a/answer")
        await server.until(lambda: bool(client.results))
        assert client.errors() == [CommandTimeout]
        gate.set()
        assert await client.link.request("POST", "/channels/b/answer") is None
        assert client.link.generation == 1
        assert len(client.results) == 1, "the late answer finds nobody"


async def test_a_command_is_given_up_after_its_time_and_not_before(server: FakeAri, connected: Any) -> None:
    server.answer("POST", "/channels/a/answer", gate=asyncio.Event())
    async with connected(request_timeout_s=3600) as client:

        def quarter_of_an_hour() -> None:
            client.link._tick.cancel()
            client.link._expire()

        for _ in range(7):
            quarter_of_an_hour()
        client.send("/channels/a/answer")
        for _ in range(4):
            quarter_of_an_hour()
        assert client.results == []
        quarter_of_an_hour()
        assert client.errors() == [CommandTimeout]


async def test_over_http_a_command_that_waited_too_long_is_never_sent(server: FakeAri, connected: Any) -> None:
    server.version = "18.9.0"
    gate = asyncio.Event()
    server.answer("POST", "/slow", gate=gate)
    async with connected(request_timeout_s=0.15) as client:
        client.send("/slow")
        client.send("/late")
        await server.until(lambda: len(client.results) == 2)
        assert client.errors() == [CommandTimeout, PbxUnavailable]
        gate.set()
        await client.link.request("POST", "/after", key="call")
        assert server.paths() == ["/slow", "/after"]


async def test_a_command_longer_than_asterisks_frames_is_refused_and_harms_nobody(
    server: FakeAri, connected: Any
) -> None:
    async with connected() as client:
        client.send("/channels/a", body={"variables": {"X": "x" * 70_000}})
        await server.until(lambda: bool(client.results))
        assert "too long" in str(client.results[0][1].error)
        assert await client.link.request("POST", "/channels/b/answer") is None


async def test_a_socket_that_answers_no_ping_is_given_up(server: FakeAri, connected: Any) -> None:
    async with connected(quiet_s=0.1, pong_limit_s=0.1) as client:
        server.thawed.clear()
        await server.until(lambda: any("no pong" in reason for _, reason in client.states))
        server.thawed.set()
        await client.until_up(2)


async def test_after_close_1011_the_tcp_connection_is_closed_at_once(server: FakeAri, connected: Any) -> None:
    async with connected() as client:
        request = server._requests["acd"]
        await server.close_as_zombie()
        await server.until(lambda: request.transport is None or request.transport.is_closing())
        await client.until_up(2)
        assert any("1011" in reason for _, reason in client.states)


async def test_a_replaced_link_waits_until_the_application_is_free(server: FakeAri, connected: Any) -> None:
    server.answer("GET", "/applications/acd", 200, {"name": "acd"})
    async with connected(replaced_probe_s=0.05) as client:
        await server.emit({"type": "ApplicationReplaced", "application": "acd"})
        await server.until(lambda: client.link.state is AriState.REPLACED)
        await server.until(lambda: len(server.paths("GET")) >= 3)
        assert server.connections == ["acd"], "it must not fight for the name"
        server.answer("GET", "/applications/acd", 404)
        await client.until_up(2)


async def test_a_restart_of_asterisk_shows_at_the_reconnect(server: FakeAri, connected: Any) -> None:
    async with connected() as client:
        before = client.link.info
        server.startup_time = "2026-01-02T00:00:00.000+0000"
        server.drop()
        await client.until_up(2)
        assert client.link.info != before
        assert client.states[-1] == (AriState.UP, "connected; Asterisk was restarted")


async def test_the_link_comes_back_when_asterisk_does(server: FakeAri, connected: Any) -> None:
    async with connected(backoff_max_s=0.1) as client:
        await server.stop()
        await server.until(lambda: client.link.state is not AriState.UP)
        await server.start()
        await client.until_up(2)


async def test_a_wrong_password_is_told_and_tried_again(server: FakeAri, connected: Any) -> None:
    async with connected(wait=False, password="wrong", backoff_max_s=0.05) as client:
        await server.until(lambda: any("401" in reason for _, reason in client.states))
        server.password = "wrong"
        await client.until_up()


async def test_no_password_is_shown(connected: Any) -> None:
    async with connected() as client:
        assert "secret" not in repr(client.config)


async def test_resync_reads_channels_and_bridges(server: FakeAri, connected: Any) -> None:
    server.answer("GET", "/channels", 200, [{"id": "1", "dialplan": {"app_name": "AppDial2"}}, {"id": "2"}])
    server.answer("GET", "/applications/acd", 200, {"name": "acd", "channel_ids": ["1"]})
    server.answer("GET", "/bridges", 200, [{"id": "b", "channels": ["1", "2"]}])
    async with connected() as client:
        found = await client.link.resync()
        assert [(channel.id, channel.in_app) for channel in found.channels] == [("1", True), ("2", False)]
        assert found.bridges[0].channels == ("1", "2")
        assert {one.via for one in server.seen} == {"http"}


async def test_closing_leaves_no_task_and_fails_what_is_under_way(server: FakeAri, connected: Any) -> None:
    server.answer("POST", "/channels/a/answer", gate=asyncio.Event())
    async with connected() as client:
        client.send("/channels/a/answer")
        await server.until(lambda: bool(server.paths()))
        link: AriLink = client.link
        await link.close()
        assert client.errors() == [CommandTimeout]
        assert link.state is AriState.DOWN
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert not {name for name in names if name.startswith("ari-")}


async def test_asterisk_is_told_which_events_not_to_send(server: FakeAri, connected: Any) -> None:
    async with connected(ignored_events=("ChannelVarset", "Dial")):
        (seen,) = (one for one in server.greetings if one.path == "/applications/acd/eventFilter")
        assert seen.body == {"disallowed": [{"type": "ChannelVarset"}, {"type": "Dial"}]}


async def test_an_asterisk_that_refuses_the_event_filter_is_used_all_the_same(server: FakeAri, connected: Any) -> None:
    server.answer("PUT", "/applications/acd/eventFilter", 404)
    async with connected() as client:
        assert client.link.generation == 1


async def test_an_answer_nobody_thought_of_is_told_and_tried_again(server: FakeAri, connected: Any) -> None:
    server.answer("GET", "/asterisk/info", 200, ["not", "an", "object"])
    async with connected(wait=False, backoff_max_s=0.05) as client:
        await server.until(lambda: any("AttributeError" in reason for _, reason in client.states))
        server.answer("GET", "/asterisk/info", 200, {})
        await client.until_up()


async def test_a_replaced_link_takes_the_application_back_when_its_patience_ends(
    server: FakeAri, connected: Any
) -> None:
    server.answer("GET", "/applications/acd", 200, {"name": "acd", "channel_ids": ["1"]})
    async with connected(replaced_probe_s=0.02, replaced_patience_s=0.1) as client:
        await server.emit({"type": "ApplicationReplaced", "application": "acd"})
        await client.until_up(2)
        assert AriState.REPLACED in [state for state, _ in client.states]


@pytest.mark.parametrize("version", ["22.10.1", "18.9.0"])
async def test_without_permission_no_command_is_sent_and_each_one_says_so(
    server: FakeAri, connected: Any, version: str
) -> None:
    server.version = version
    async with connected() as client:
        client.permitted = False
        for n in range(5):
            client.send(f"/channels/{n}/answer", key=str(n))
        await server.until(lambda: len(client.results) == 5)
        assert client.errors() == [PbxUnavailable] * 5
        assert "not surely, the active one" in str(client.results[0][1].error)
        assert server.seen == []
        client.permitted = True
        assert await client.link.request("POST", "/channels/b/answer") is None


async def test_nobodys_place_is_taken_before_it_may_be(server: FakeAri, connected: Any) -> None:
    async with connected() as client:
        client.may_connect = False
        server.drop()
        await server.until(lambda: client.link.state is AriState.CONNECTING)
        await asyncio.sleep(0.2)
        assert client.link.generation == 1
        client.may_connect = True
        await client.until_up(2)


async def test_a_probe_is_answered_behind_all_that_was_said_before(server: FakeAri, connected: Any) -> None:
    order: list[str] = []
    async with connected() as client:
        client.link._on_event = lambda event: order.append(event["type"])
        await server.emit({"type": "A"})
        client.link.probe(lambda: order.append("answer"))
        await server.until(lambda: "answer" in order)
        assert order == ["A", "answer"]
    client.link.probe(lambda: order.append("of nobody"))
    assert order == ["A", "answer"]
