"""A new version of a flow under thirty calls, on a real Asterisk: nobody hears the wrong one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from acd.demo.api import Json
from acd.demo.deployment import Wishes
from tests.call_centre import Centre, Yaml, call_centre
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

NUMBER = "708"
CALLERS = 30
OLD, NEW = "l2c", "l2a"
"""What the menu says in the old and in the new version; neither is in the other."""


def _menu(prompt: str) -> Yaml:
    return {
        "languages": ["id"],
        "entry": "jawab",
        "nodes": {
            "jawab": {"kind": "answer", "next": "pilih"},
            "pilih": {
                "kind": "menu",
                "prompts": [prompt],
                "choices": {"1": "pilih", "9": "selesai"},
                "timeout": "60s",
                "failed": "selesai",
            },
            "selesai": {"kind": "hang_up", "exit": "self_service"},
        },
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(flows={"pilihan": _menu(OLD)}, access_codes={NUMBER: {"flow": "pilihan"}})
    folder: Path = tmp_path_factory.mktemp("reload")
    async with call_centre(folder, wishes=wishes) as running:
        yield running


async def loaded(centre: Centre) -> tuple[int, Json]:
    """Load what stands in the files."""
    async with centre.http.post("/api/v1/plan/reload") as answer:
        return answer.status, await answer.json(content_type=None)


async def enters(centre: Centre, number: str) -> tuple[Telephone, PhoneCall]:
    """A caller who is in the menu."""
    caller = await centre.caller(number)
    call = caller.dial(NUMBER)
    assert await caller.answered(call) == 200
    return caller, call


async def hears(centre: Centre, caller: Telephone, prompt: str, other: str) -> None:
    """Wait until a caller heard a prompt, and not the other one."""

    async def so() -> bool:
        assert caller.ear is not None
        return prompt in centre.said(caller.ear.sound, (prompt,))

    await centre.eventually(so, lambda: f"{caller.user} does not hear {prompt}", 40)
    assert caller.ear is not None
    assert centre.said(caller.ear.sound, (prompt, other)) == [prompt]


async def test_callers_finish_on_their_version_new_ones_get_the_new_and_a_broken_one_is_refused(centre: Centre) -> None:
    flow = centre.site.deployment.folder / "ivr_flows" / "pilihan.yaml"
    text = flow.read_text(encoding="utf-8")
    before = [await enters(centre, f"0813666{number:04}") for number in range(CALLERS - 1)]
    flow.write_text(text.replace(OLD, NEW), encoding="utf-8")
    tests = flow.with_suffix(".test.yaml")
    case = f"cases: {{a: {{steps: [hear: [{OLD}], hang_up]}}}}"
    tests.write_text(f"coverage: 0%\ngiven: {{time: 2026-06-08 10:00}}\n{case}\n", encoding="utf-8")
    status, refused = await loaded(centre)
    assert status == 422
    assert "pilihan.test.yaml" in refused["errors"][0]["message"]
    tests.write_text(tests.read_text(encoding="utf-8").replace(OLD, NEW), encoding="utf-8")
    status, answer = await loaded(centre)
    assert (status, answer.get("outcome")) == (200, "loaded"), answer.get("errors")
    newcomer, call = await enters(centre, "08136669999")
    for caller, _ in before:
        assert caller.ear is not None
        caller.ear.sound.clear()
    for caller, _ in before:
        caller.press("1")  # the menu again: what does it say now?
    listened = [before[0], before[-1]]
    await asyncio.gather(hears(centre, newcomer, NEW, OLD), *(hears(centre, one, OLD, NEW) for one, _ in listened))
    version = answer["version"]
    flow.write_text(text.replace("jawab", "jawb", 1), encoding="utf-8")
    status, problem = await loaded(centre)
    assert status == 422
    assert "pilihan.yaml" in problem["errors"][0]["message"]
    async with centre.http.get("/api/v1/plan") as shown:
        assert (await shown.json())["version"] == version
    assert await centre.metric("acd_plan_loads_total", outcome="refused") == 2
    for caller, _ in [*before, (newcomer, call)]:
        caller.press("9")
    await centre.at_rest()
    records = await centre.site.api.records()
    assert [r["exit"] for r in records] == ["self_service"] * CALLERS
