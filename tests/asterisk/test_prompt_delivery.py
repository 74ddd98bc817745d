"""Prompts reach callers of a real Asterisk: from a folder, over HTTP, made during the call, or a tone instead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from acd.demo.audio import ALAW, power
from acd.demo.deployment import Wishes
from tests.call_centre import Centre, Yaml, call_centre
from tests.ivr_caller import IvrCaller, caller, with_texts

pytestmark = [pytest.mark.asterisk]

CODE = "711"
TONE_HZ = 880


SAYING = "712"
SAYS: Yaml = {
    "languages": ["id"],
    "entry": "jawab",
    "variables": {"sisa": "number"},
    "nodes": {
        "jawab": {"kind": "answer", "next": "hitung"},
        "hitung": {"kind": "set", "set": {"sisa": "900 + 70"}, "next": "baca"},
        "baca": {
            "kind": "say",
            "items": [
                "uji_satu",
                {"say": "number", "value": "sisa"},
                {"text": "Masih ada {{ sisa }} berkas yang harus diperiksa."},
                {"prompt": "sisa > 1 ? 'uji_dua' : 'uji_akhir'", "of": ["uji_dua", "uji_akhir"]},
            ],
            "next": "tutup",
            "barge_in": "false",
        },
        "tutup": {"kind": "hang_up", "exit": "self_service"},
    },
}


def flow() -> Yaml:
    said = {"satu": "uji_satu", "dua": "uji_dua", "akhir": "uji_akhir"}
    after = ["dua", "akhir", "tutup"]
    nodes: Yaml = {
        name: {"kind": "play", "prompts": [prompt], "next": following, "barge_in": "false"}
        for (name, prompt), following in zip(said.items(), after, strict=True)
    }
    nodes |= {"jawab": {"kind": "answer", "next": "satu"}, "tutup": {"kind": "hang_up", "exit": "self_service"}}
    return {"languages": ["id"], "entry": "jawab", "nodes": nodes}


def centre_with(folder: Path, **prompts: str) -> AbstractAsyncContextManager[Centre]:
    """A centre whose acd.yaml says more of prompts."""

    def edit(content: Yaml) -> None:
        content["prompts"].update(prompts)

    codes = {CODE: {"flow": "uji"}, SAYING: {"flow": "baca"}}
    wishes = Wishes(wrap_up_s=0.2, flows={"uji": flow(), "baca": SAYS}, access_codes=codes)
    before: dict[str, Callable[[Yaml], None]] = {"../ivr_flows/prompts.yaml": with_texts}
    return call_centre(folder, wishes=wishes, before=before, after={"acd.yaml": edit})


@pytest.fixture
async def folder_centre(tmp_path: Path) -> AsyncIterator[Centre]:
    async with centre_with(tmp_path) as running:
        yield running
        await running.everybody_home()


@pytest.fixture
async def http_centre(tmp_path: Path) -> AsyncIterator[Centre]:
    """Asterisk is told nothing of the folder."""
    async with centre_with(tmp_path, delivery="http", sound_prefix="/nowhere") as running:
        yield running
        await running.everybody_home()


@pytest.fixture
async def deaf_centre(tmp_path: Path) -> AsyncIterator[Centre]:
    """Asterisk looks where no sound is."""
    async with centre_with(tmp_path, sound_prefix="/nowhere") as running:
        yield running
        await running.everybody_home()


async def listens(centre: Centre) -> IvrCaller:
    """A caller who hears all three prompts whole, and is let go."""
    one = await caller(centre, CODE, "rfc4733")
    await one.hears("uji_satu", "uji_dua", "uji_akhir")
    assert (await one.record())["exit"] == "self_service"
    return one


async def fetched(centre: Centre) -> list[str]:
    """What Asterisk keeps of what it fetched."""
    shown = await asyncio.to_thread(centre.site.asterisk.rx, "media cache show all")
    return sorted(line.strip() for line in shown.splitlines() if "/prompts/" in line)


def tone_seconds(sound: bytes | bytearray) -> float:
    """How long the tone was heard."""
    frames = ([ALAW[byte] for byte in sound[at : at + 400]] for at in range(0, len(sound) - 400, 400))
    return sum(power(frame, TONE_HZ) > 1e-4 for frame in frames) / 20


async def test_a_missing_file_is_made_again_while_its_caller_waits(folder_centre: Centre) -> None:
    centre = folder_centre
    centre.voice("uji_dua")  # what is to be heard, before it is gone
    for path in (centre.site.deployment.folder / "sounds/id").rglob("uji_dua/*.*"):
        path.unlink()
    await listens(centre)
    assert await centre.metric("acd_prompt_fallbacks_total", prompt="uji_dua", how="cache") == 1
    await listens(centre)
    assert await centre.metric("acd_prompt_fallbacks_total", prompt="uji_dua", how="cache") == 1


async def test_values_and_texts_that_a_flow_makes_are_heard_in_order(folder_centre: Centre) -> None:
    centre = folder_centre
    one = await caller(centre, SAYING, "rfc4733")
    await one.hears("uji_satu", "say_900", "say_70")
    (text,) = (centre.site.deployment.folder / "sounds/spoken").glob("*.wav")
    await one.hears(text.stem, language="spoken")
    await one.hears("uji_dua")
    assert (await one.record())["exit"] == "self_service"


async def test_asterisk_fetches_each_sound_once_over_http_in_the_trunks_own_codec(http_centre: Centre) -> None:
    centre = http_centre
    await listens(centre)
    kept = await fetched(centre)
    assert len(kept) == 3
    assert all(line.startswith(centre.site.deployment.url) and line.endswith(".alaw") for line in kept)
    await listens(centre)
    assert await fetched(centre) == kept
    one = await caller(centre, SAYING, "rfc4733")
    await one.hears("uji_satu", "say_900", "say_70")
    (text,) = (centre.site.deployment.folder / "sounds/spoken").glob("*.wav")
    await one.hears(text.stem, language="spoken")


async def test_what_asterisk_cannot_play_is_a_tone_and_the_call_goes_on(deaf_centre: Centre) -> None:
    one = await caller(deaf_centre, CODE, "rfc4733")
    assert (await one.record())["exit"] == "self_service"
    assert tone_seconds(one.puppet.ear.sound) > 1.2  # half a second for each
    for prompt in ("uji_satu", "uji_dua", "uji_akhir"):
        assert await deaf_centre.metric("acd_prompt_fallbacks_total", prompt=prompt, how="tone") == 1
