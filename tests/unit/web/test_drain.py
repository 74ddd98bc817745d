"""Draining by order, and its end."""

from __future__ import annotations

from tests.unit.web.test_app import Client
from tests.unit.web.world import SUPERVISOR, VIEWER, World, bearer


async def test_a_supervisor_drains_and_resumes(client: Client, world: World) -> None:
    answers = [
        await (await client.post(f"/api/v1/{order}", headers=bearer(SUPERVISOR))).json()
        for order in ("drain", "resume")
    ]
    assert answers == [{"draining": True}, {"draining": False}]
    assert [on for on, _ in world.drains] == [True, False]
    assert all(by.startswith("supervisor") for _, by in world.drains)


async def test_nobody_else_does(client: Client, world: World) -> None:
    assert (await client.post("/api/v1/drain", headers=bearer(VIEWER))).status == 403
    assert world.drains == []
