"""New versions of a flow and of its words under thirty calls, on a real Asterisk: nobody hears the wrong one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from acd.demo.api import Json
from acd.demo.audio import read_wav
from acd.demo.deployment import Wishes
from acd.demo.hearing import Voice
from acd.deploy.cache import cache_root
from acd.deploy.prompts import build_prompts, prompts_of, speech_of
from acd.domain.ids import Language, PromptKey
from acd.settings import load
from tests.call_centre import Centre, Yaml, call_centre, change
from tests.fakes.telephone import PhoneCall, Telephone
from tests.ivr_caller import with_texts

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

NUMBER = "708"
FIRST, SECOND, THIRD = 14, 10, 5
"""Callers who come in each version; one more comes between the first two."""
_END = 800
"""Samples of silence at a prompt's end."""
SAME, NEW = "uji_menu", "uji_sub"
"""What the menu says in the first two versions, and in the third; neither is in the other."""
NEW_WORDS = "Sekarang pilihannya lain sama sekali, dengarkan baik-baik."
"""What the same prompt says in the second version."""


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
                "timeout": "20m",
                "failed": "selesai",
            },
            "selesai": {"kind": "hang_up", "exit": "self_service"},
        },
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(flows={"pilihan": _menu(SAME)}, access_codes={NUMBER: {"flow": "pilihan"}})
    folder: Path = tmp_path_factory.mktemp("reload")
    async with call_centre(folder, wishes=wishes, before={"../ivr_flows/prompts.yaml": with_texts}) as running:
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
    await centre.phase(caller, "ivr")  # not in Asterisk's own queue, for an engine that is too slow
    return caller, call


async def all_hear(
    centre: Centre, voices: dict[str, Voice], callers: dict[str, list[tuple[Telephone, PhoneCall]]]
) -> None:
    """Wait until everybody has heard a whole prompt: the one of their version, and nothing of the others."""
    everybody = [(wanted, caller) for wanted, some in callers.items() for caller, _ in some]
    short: list[str] = []

    async def so() -> bool:
        short[:] = [
            f"{caller.user} heard {len(caller.ear.sound)} samples of {wanted}"
            for wanted, caller in everybody
            if caller.ear is not None and len(caller.ear.sound) < voices[wanted].length - _END
        ]
        return not short

    try:
        await centre.eventually(so, lambda: "; ".join(short), 60)
    except AssertionError as error:
        raise AssertionError(f"{error}: {await centre.contacts()}") from error
    for wanted, caller in everybody:
        assert caller.ear is not None
        sound = bytes(caller.ear.sound[: 2 * voices[wanted].length])
        times = {name: await asyncio.to_thread(voice.found_in, sound) for name, voice in voices.items()}
        heard = {name: found for name, found in times.items() if found is not None}
        assert [*heard] == [wanted], f"{caller.user}: {heard}"
        assert heard[wanted].whole, f"{caller.user}: {heard}"


async def spoken_anew(centre: Centre) -> Voice:
    """Change the prompt's text, and have it spoken as ``acd prompts build`` does; the voice of the new text."""
    deployment, tools = centre.site.deployment, centre.site.tools
    change(deployment.flows / "prompts.yaml", lambda content: content["prompts"][SAME].update({"id": NEW_WORDS}))
    wanted = load(deployment.config, deployment.flows, {}, secrets=False).prompts
    prompts = [prompt for prompt in prompts_of(wanted) if prompt.key == SAME]
    cache = cache_root() / "prompts"
    made = await asyncio.to_thread(build_prompts, prompts, wanted.dir, cache, speech_of(wanted, tools))
    return Voice(read_wav(made[PromptKey(SAME), Language("id")].with_suffix(".wav")))


async def test_callers_finish_on_their_version_new_ones_get_the_new_and_a_broken_one_is_refused(centre: Centre) -> None:
    flow = centre.site.deployment.flows / "pilihan.yaml"
    text = flow.read_text(encoding="utf-8")
    tests = flow.with_suffix(".test.yaml")
    voices = {"the old words": centre.voice(SAME), "the other prompt": centre.voice(NEW)}
    callers = {"the old words": [await enters(centre, f"0813666{number:04}") for number in range(FIRST)]}

    # The words of a prompt change under its name: first in the files, then in force.
    voices["the new words"] = await spoken_anew(centre)
    callers["the old words"].append(await enters(centre, "08136660099"))  # made, but not in force
    assert (await loaded(centre))[0] == 200
    callers["the new words"] = [await enters(centre, f"0813666{100 + number:04}") for number in range(SECOND)]

    # The flow says another prompt; what its tests do not bear out is refused.
    flow.write_text(text.replace(SAME, NEW), encoding="utf-8")
    case = f"cases: {{a: {{steps: [hear: [{SAME}], hang_up]}}}}"
    tests.write_text(f"coverage: 0%\ngiven: {{time: 2026-06-08 10:00}}\n{case}\n", encoding="utf-8")
    status, refused = await loaded(centre)
    assert status == 422
    assert "pilihan.test.yaml" in refused["errors"][0]["message"]
    tests.write_text(tests.read_text(encoding="utf-8").replace(SAME, NEW), encoding="utf-8")
    status, answer = await loaded(centre)
    assert (status, answer.get("outcome")) == (200, "loaded"), answer.get("errors")
    callers["the other prompt"] = [await enters(centre, f"0813666{200 + number:04}") for number in range(THIRD)]
    everybody = [caller for some in callers.values() for caller, _ in some]
    assert len(everybody) == 30

    await all_hear(centre, voices, callers)
    for caller in everybody:
        assert caller.ear is not None
        caller.ear.sound.clear()
        caller.press("1")  # the menu again: what does it say now?
    await all_hear(centre, voices, callers)

    version = answer["version"]
    flow.write_text(text.replace("jawab", "jawb", 1), encoding="utf-8")
    status, problem = await loaded(centre)
    assert status == 422
    assert "pilihan.yaml" in problem["errors"][0]["message"]
    async with centre.http.get("/api/v1/plan") as shown:
        assert (await shown.json())["version"] == version
    assert await centre.metric("acd_plan_loads_total", outcome="refused") == 2
    for caller in everybody:
        caller.press("9")
    await centre.at_rest()
    records = await centre.site.api.records()
    assert [r["exit"] for r in records] == ["self_service"] * len(everybody)
