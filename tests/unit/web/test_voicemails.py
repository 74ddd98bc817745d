"""Messages by the API: listed, heard by who may, done; numbers for those alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from acd.domain.ids import ContactId, Language, QueueId, RecordingName, VoicemailId
from acd.domain.voicemail import VoicemailRow
from acd.ports import VoicemailFilter
from tests.unit.web.world import AGENT, SUPERVISOR, VIEWER, World, bearer

Client: TypeAlias = TestClient[web.Request, web.Application]
SALES = VoicemailRow(
    id=VoicemailId("c1-r1"),
    contact_id=ContactId("c1"),
    queue=QueueId("sales"),
    language=Language("id"),
    caller="0811222333",
    left_at=1500.0,
    duration_s=7.5,
    recording=RecordingName("acd/c1-r1"),
)
OTHER = replace(SALES, id=VoicemailId("c2-r1"), queue=QueueId("lkpm"), recording=RecordingName("acd/c2-r1"))
LIST = "/api/v1/voicemails"


@pytest.fixture
def full(world: World, tmp_path: Path) -> World:
    """A world with a message for each of two queues; agent102 serves the one."""
    world.records.messages = {row.id: row for row in (SALES, OTHER)}
    world.folder = tmp_path
    (tmp_path / "acd").mkdir()
    (tmp_path / "acd/c1-r1.wav").write_bytes(b"RIFF sound")
    return world


async def get(client: Client, path: str, token: str = SUPERVISOR, status: int = 200) -> Any:
    response = await client.get(path, headers=bearer(token))
    assert response.status == status, await response.text()
    return await response.json(content_type=None)


async def post(client: Client, path: str, token: str = SUPERVISOR, status: int = 200) -> Any:
    response = await client.post(path, headers=bearer(token))
    assert response.status == status, await response.text()
    return await response.json(content_type=None)


async def test_numbers_of_messages_are_for_supervisors_and_the_queues_own_agents(client: Client, full: World) -> None:
    shown = {
        token: [message["caller"] for message in (await get(client, LIST, token))["voicemails"]]
        for token in (VIEWER, AGENT, SUPERVISOR)
    }
    masked, whole = "•••••••333", "0811222333"
    assert shown == {VIEWER: [masked, masked], AGENT: [whole, masked], SUPERVISOR: [whole, whole]}
    assert full.records.asked_voicemails[0] == VoicemailFilter()


async def test_messages_are_listed_by_queue_state_and_time(client: Client, full: World) -> None:
    await get(client, LIST + "?queue=sales&state=new&since=100&until=200&limit=5")
    assert full.records.asked_voicemails == [
        VoicemailFilter((QueueId("sales"),), ("new",), since=100.0, until=200.0, limit=5)
    ]
    assert (await get(client, LIST + "?state=old", status=400))["errors"][0]["field"] == "state"
    assert (await get(client, LIST + "?cursor=no", status=400))["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(("token", "by"), [(AGENT, "agent/agent102"), (SUPERVISOR, "supervisor/rudi")])
async def test_hearing_a_message_marks_it_heard_once(client: Client, full: World, token: str, by: str) -> None:
    for _ in range(2):
        response = await client.get(f"{LIST}/c1-r1/audio", headers=bearer(token))
        assert (response.status, response.content_type) == (200, "audio/wav")
        assert await response.read() == b"RIFF sound"
    assert full.marks == [("c1-r1", "sales", "heard", by)]


async def test_a_message_is_done_once(client: Client, full: World) -> None:
    for _ in range(2):
        answer = await post(client, f"{LIST}/c1-r1/done", AGENT)
        assert (answer["state"], answer["by"], answer["caller"]) == ("done", "agent/agent102", "0811222333")
    assert full.marks == [("c1-r1", "sales", "done", "agent/agent102")]


async def test_others_neither_hear_a_message_nor_are_done_with_it(client: Client, full: World) -> None:
    for token, message in ((VIEWER, "c1-r1"), (AGENT, "c2-r1")):
        await get(client, f"{LIST}/{message}/audio", token, status=403)
        await post(client, f"{LIST}/{message}/done", token, status=403)
    assert not full.marks


async def test_what_is_not_there_is_not_found(client: Client, full: World) -> None:
    assert (await get(client, f"{LIST}/c9-r1/audio", status=404))["type"].endswith("unknown-voicemail")
    assert (await post(client, f"{LIST}/c9-r1/done", status=404))["type"].endswith("unknown-voicemail")
    assert (await get(client, f"{LIST}/c2-r1/audio", status=404))["type"].endswith("no-file")
    assert not full.marks


async def test_a_store_or_an_engine_that_does_not_answer_is_told(client: Client, full: World) -> None:
    full.reply = (False, "")
    await post(client, f"{LIST}/c1-r1/done", status=503)
    full.records.broken = True
    await get(client, LIST, status=503)
    await get(client, f"{LIST}/c1-r1/audio", status=503)
