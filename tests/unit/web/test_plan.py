"""The configuration in force, and loading a new one."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.web.test_app import Client
from tests.unit.web.world import SUPERVISOR, VIEWER, World, bearer


async def test_everybody_may_see_which_version_is_in_force(client: Client) -> None:
    answer = await (await client.get("/api/v1/plan", headers=bearer(VIEWER))).json()
    assert (answer["version"], answer["outcome"], answer["mistakes"]) == ("abc123", "loaded", [])


async def test_only_a_supervisor_may_load(client: Client) -> None:
    assert (await client.post("/api/v1/plan/reload", headers=bearer(VIEWER))).status == 403
    assert (await client.post("/api/v1/plan/reload", headers=bearer(SUPERVISOR))).status == 200


async def test_a_refusal_names_every_mistake_and_what_stays(client: Client, world: World) -> None:
    world.loading = replace(world.loading, outcome="refused", mistakes=("169.yaml:3:1: entry: unknown node",))
    response = await client.post("/api/v1/plan/reload", headers=bearer(SUPERVISOR))
    problem = await response.json(content_type=None)
    assert response.status == 422
    assert problem["type"].endswith("refused-configuration")
    assert "abc123" in problem["detail"]
    assert problem["errors"] == [{"field": "configuration", "message": "169.yaml:3:1: entry: unknown node"}]
