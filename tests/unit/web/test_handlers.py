"""Each resource tells what the view, the figures and the records say, no more to each than it may know."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from acd.domain.exits import Exit
from acd.domain.ids import ContactId
from acd.engine.kpi import Figures
from acd.ports import Explanation, RecordFilter
from acd.web import handlers
from acd.web.app import make_app
from acd.web.readiness import Readiness
from tests.engine_kit import Bench
from tests.unit.observability.sample import a_view
from tests.unit.web.world import AGENT, SUPERVISOR, VIEWER, World, bearer

Client: TypeAlias = TestClient[web.Request, web.Application]


async def get(client: Client, path: str, token: str = VIEWER, status: int = 200) -> Any:
    response = await client.get(path, headers=bearer(token))
    assert response.status == status, await response.text()
    return await response.json(content_type=None)


async def test_the_view_is_given_whole_and_in_parts(client: Client) -> None:
    status = await get(client, "/api/v1/status")
    assert status["plan_version"] == "abc123"
    assert (await get(client, "/api/v1/agents"))["agents"] == status["agents"]
    assert (await get(client, "/api/v1/queues"))["queues"] == status["queues"]
    assert (await get(client, "/api/v1/trunks"))["trunks"][0]["capacity"] == 30
    assert (await get(client, "/api/v1/contacts"))["contacts"] == status["contacts"]
    agent = await get(client, "/api/v1/agents/agent101")
    assert agent == status["agents"][0]
    assert agent["activity"] == "talking"
    assert agent["skills"] == [["sales", 3]]


async def test_before_a_plan_is_loaded_the_view_is_a_503(client: Client, world: World) -> None:
    world.view = None
    for path in ("status", "agents", "agents/agent101", "queues", "trunks", "contacts", "figures"):
        assert (await get(client, f"/api/v1/{path}", status=503))["type"] == "urn:acd:problem:not-ready"


async def test_an_agent_nobody_knows_is_a_404_and_the_engine_is_not_asked(client: Client, world: World) -> None:
    for name in ("nobody", "AGENT101", "agent101%20", "..%2F", "%00"):
        assert (await get(client, f"/api/v1/agents/{name}", status=404))["status"] == 404
        response = await client.post(f"/api/v1/agents/{name}/login", headers=bearer(SUPERVISOR))
        assert response.status == 404
    assert world.requests == []


@pytest.mark.parametrize(
    ("name", "action", "body"),
    [
        ("login", "login", None),
        ("logout", "logout", None),
        ("ready", "ready", None),
        ("end-wrap-up", "end_wrap_up", None),
        ("pause", "pause", {"reason": "makan siang"}),
        ("reject", "reject", None),
        ("extend-wrap-up", "extend_wrap_up", {"seconds": 30}),
        ("disposition", "disposition", {"disposition": "selesai"}),
    ],
)
async def test_each_action_reaches_the_engine_and_gives_the_agent_as_it_is_then(
    client: Client, world: World, name: str, action: str, body: dict[str, object] | None
) -> None:
    response = await client.post(f"/api/v1/agents/agent102/{name}", json=body, headers=bearer(AGENT))
    assert response.status == 200
    assert (await response.json())["id"] == "agent102"
    assert world.requests == [("agent102", action, str(next(iter(body.values()))) if body else "")]


async def test_a_refusal_is_a_409_in_the_engines_words(client: Client, world: World) -> None:
    world.reply = (False, "not logged in")
    response = await client.post("/api/v1/agents/agent101/ready", headers=bearer(SUPERVISOR))
    assert response.status == 409
    assert (await response.json(content_type=None))["detail"] == "not logged in"


async def test_a_pause_reason_nobody_knows_is_a_400_that_names_the_known_ones(client: Client, world: World) -> None:
    response = await client.post("/api/v1/agents/agent101/pause", json={"reason": "x"}, headers=bearer(SUPERVISOR))
    assert response.status == 400
    problem = await response.json(content_type=None)
    assert problem["errors"] == [{"field": "reason", "message": "must be one of makan siang, rapat"}]
    assert world.requests == []


async def test_an_engine_that_does_not_answer_is_a_504(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "AGENT_ANSWER_S", 0.01)

    async def never(*_args: object, **_more: object) -> tuple[bool, str]:
        await asyncio.Event().wait()
        return True, ""

    async with TestClient(TestServer(make_app(world.deps(request_agent=never)))) as client:
        response = await client.post("/api/v1/agents/agent101/ready", headers=bearer(SUPERVISOR))
        assert response.status == 504


async def test_only_a_supervisor_sees_whole_callers_numbers(client: Client) -> None:
    for token in (VIEWER, AGENT):
        for path in ("/api/v1/records", "/api/v1/records/1763826000.1", "/api/v1/status", "/api/v1/contacts"):
            response = await client.get(path, headers=bearer(token))
            text = await response.text()
            assert response.status == 200
            assert "21700" not in text
    page = await get(client, "/api/v1/records", SUPERVISOR)
    assert page["records"][0]["caller"] == "0217001234"
    assert (await get(client, "/api/v1/records"))["records"][0]["caller"] == "•••••••234"


async def test_records_are_filtered_as_asked_and_paged(client: Client, world: World) -> None:
    page = await get(
        client,
        "/api/v1/records?since=1970-01-01T07:16:40%2B07:00&until=1500.5&exit=answered&queue=sales&limit=2&cursor=good",
    )
    assert world.records.asked == [
        RecordFilter(since=1000.0, until=1500.5, exit=Exit.ANSWERED, queue="sales", limit=2, after="good")  # type: ignore[arg-type]
    ]
    assert [r["contact_id"] for r in page["records"]] == ["1763826000.0", "1763826000.1"]
    assert page["next"] == "good"
    first = page["records"][0]
    assert (first["wait_s"], first["talk_s"], first["exit"]) == (4.0, 994.0, "answered")
    await get(client, "/api/v1/records")
    assert world.records.asked[-1] == RecordFilter()


async def test_one_record_comes_with_its_recordings(client: Client) -> None:
    found = await get(client, "/api/v1/records/1763826000.1")
    assert found["record"]["contact_id"] == "1763826000.1"
    assert [r["name"] for r in found["recordings"]] == ["rec-1"]
    assert (await get(client, "/api/v1/records/1763826000.2"))["recordings"] == []
    assert (await get(client, "/api/v1/records/none", status=404))["type"] == "urn:acd:problem:unknown-contact"


async def test_a_broken_store_is_a_503(client: Client, world: World) -> None:
    world.records.broken = True
    for path in ("/api/v1/records", "/api/v1/records/1763826000.1"):
        assert (await get(client, path, status=503))["type"] == "urn:acd:problem:store-unavailable"


async def test_figures_show_their_form_and_parts(client: Client) -> None:
    figures = await get(client, "/api/v1/figures")
    scr = figures["success_call_ratio"]
    assert (scr["form"], scr["numerator"], scr["denominator"]) == ("scr-1", 3, 5)
    assert scr["value"] == pytest.approx(0.6)
    assert scr["excluded"] == {
        "short_abandoned": 1,
        "closed": 1,
        "refused": 0,
        "unknown_number": 0,
        "callback_cancelled": 0,
    }
    level = figures["service_level"]
    assert (level["form"], level["numerator"], level["denominator"]) == ("sl-1", 1, 3)
    assert level["excluded"] == {"short_abandoned": 1}
    [queue] = figures["queues"]
    assert (queue["queue"], queue["target_s"], queue["answered"]) == ("sales", 25.0, 2)
    assert queue["mean_wait_s"] == pytest.approx(81 / 4)
    assert queue["service_level"]["value"] == pytest.approx(1 / 3)
    assert set(figures["by_exit"]) == {e.value for e in Exit}
    assert figures["contacts"] == 7


async def test_figures_without_traffic_are_null_not_0(client: Client, world: World) -> None:
    world.view = a_view(Figures())
    figures = await get(client, "/api/v1/figures")
    assert figures["success_call_ratio"]["value"] is None
    assert figures["service_level"]["value"] is None


@pytest.mark.parametrize(
    ("readiness", "status", "word"),
    [
        (Readiness(), 200, "ready"),
        (Readiness(degraded=("AMI is down",)), 200, "degraded"),
        (Readiness(problems=("ARI is down",)), 503, "not_ready"),
        (Readiness(problems=("ARI is down",), degraded=("AMI is down",)), 503, "not_ready"),
    ],
)
async def test_readiness_tells_what_stands_in_the_way(
    client: Client, world: World, readiness: Readiness, status: int, word: str
) -> None:
    world.readiness = readiness
    response = await client.get("/readyz")
    assert response.status == status
    assert await response.json() == {"status": word, "reasons": [*readiness.problems, *readiness.degraded]}


async def test_health_does_not_depend_on_anything(client: Client, world: World) -> None:
    world.view = None
    world.readiness = Readiness(problems=("everything",))
    assert (await (await client.get("/healthz")).json()) == {"status": "alive"}


async def test_metrics_pass_the_accept_header_and_the_content_type_through(client: Client) -> None:
    response = await client.get("/metrics", headers={"Accept": "abcde"})
    assert await response.read() == b"acd_up 1\n"
    assert response.headers["Content-Type"] == "text/plain; accepted=5"


async def test_an_agents_name_may_hold_anything_json_can(client: Client, world: World) -> None:
    assert world.view is not None
    odd = replace(world.view.agents[0], name='Ibu "Sri" \\ 🙂')
    world.view = replace(world.view, agents=(odd,))
    assert (await get(client, "/api/v1/agents"))["agents"][0]["name"] == 'Ibu "Sri" \\ 🙂'


async def test_every_offer_of_a_contact_is_explained(client: Client, world: World) -> None:
    bench = Bench()
    leg = bench.talking("ana")
    bench.hang_up(leg)
    world.records.explained[ContactId("served")] = Explanation(tuple(bench.decisions), bench.stories[0].steps)
    told = await get(client, "/api/v1/contacts/served/decisions")
    assert told["contact_id"] == "served"
    assert [decision["agent"] for decision in told["decisions"]] == ["ana"]
    assert told["decisions"][0]["passed"][0]["reason"] == "other_queues"
    assert told["steps"][-1]["outcome"] == "accepted"


async def test_a_contact_without_offers_has_none_and_an_unknown_one_is_a_404(client: Client, world: World) -> None:
    assert (await get(client, "/api/v1/contacts/1763826000.1/decisions"))["decisions"] == []
    unknown = await get(client, "/api/v1/contacts/nobody/decisions", status=404)
    assert unknown["type"] == "urn:acd:problem:unknown-contact"
    world.records.broken = True
    broken = await get(client, "/api/v1/contacts/nobody/decisions", status=503)
    assert broken["type"] == "urn:acd:problem:store-unavailable"
