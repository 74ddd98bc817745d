"""A caller in a flow, for tests on a real Asterisk: hears prompts in order, presses keys when they were heard.

What is waited for is heard sound, never a time: a slow machine only makes a test slower.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from itertools import count

import yaml

from acd.demo.api import Json
from acd.demo.audio import ALAW, CALLER_HZ, heard
from acd.demo.hearing import Found
from acd.demo.puppet import WAYS, Puppet, Way
from tests.call_centre import Centre, Yaml

TEXTS = {
    "uji_menu": ("Menu utama uji coba. Tekan satu atau dua.", "Main menu of the test. Press one or two."),
    "uji_sub": ("Ini menu kedua, tekan bintang atau pagar.", "This is the second menu, press star or hash."),
    "uji_satu": ("Anda berdiri di pintu pertama.", "You are standing at the first door."),
    "uji_dua": ("Jalan kedua sudah dipilih.", "The second road was chosen."),
    "uji_salah": ("Tombol itu tidak ada.", "There is no such key."),
    "uji_diam": ("Kami tidak mendengar apa-apa.", "We did not hear anything."),
    "uji_kumpul": ("Masukkan empat angka lalu pagar.", "Enter four digits and then hash."),
    "uji_ulang": ("Angkanya kurang lengkap.", "Some digits are missing."),
    "uji_terima": ("Nomor diterima dengan baik.", "We have received your number."),
    "uji_gagal": ("Kesempatan sudah habis.", "There are no more tries."),
    "uji_akhir": ("Sampai jumpa lagi lain waktu.", "Until we meet another time."),
}
"""Short prompts by which tests know where a caller is: Indonesian and English."""
_FRAMES_OF_TALK = 10
_PURE = 0.9
"""Share of the tone in what is heard when an agent talks; every telephone of the tests sends it."""
_POLL_S = 0.1
_PATIENCE_S = 30.0
_PIECE = 3200
_NUMBERS = count(1)


def with_texts(content: Yaml) -> None:
    """Add the texts to prompts.yaml."""
    content["prompts"].update({key: {"id": own, "en": english} for key, (own, english) in TEXTS.items()})


@dataclass
class IvrCaller:
    """A puppet that knows how far it has listened."""

    centre: Centre
    puppet: Puppet
    since: int = 0
    """Samples of what it hears that were accounted for."""

    @property
    def way(self) -> Way:
        """How its keys go."""
        return self.puppet.way

    async def hears(self, *prompts: str, language: str = "id") -> None:
        """Wait until the prompts were said whole, one after the other; the first may come late, none may be cut."""
        for prompt in prompts:
            found = await self._said(prompt, language, whole=True)
            self.since = found.end

    async def begins(self, prompt: str, language: str = "id") -> None:
        """Wait until a prompt has begun; what follows is listened to from there."""
        self.since = (await self._said(prompt, language, whole=False)).begin

    async def _said(self, prompt: str, language: str, *, whole: bool) -> Found:
        voice = self.centre.voice(prompt, language)
        start, times = self.since, list[Found]()
        for _ in range(int(_PATIENCE_S / _POLL_S)):
            sound = self.puppet.ear.sound
            times = await asyncio.to_thread(voice.times_in, sound, start)
            for found in times:
                if found.whole or not whole:
                    return found
            start = max(start, times[-1].begin if times else len(sound) - _PIECE)
            await asyncio.sleep(_POLL_S)
        rest = self.puppet.ear.sound[self.since :]
        heard_instead = [key for key in TEXTS if self.centre.voice(key, language).found_in(rest)]
        raise AssertionError(f"by {self.way}: {prompt} was not heard: {times}; but {heard_instead}")

    def cut(self, prompt: str, language: str = "id") -> bool:
        """Whether a prompt was begun and never said to its end, in all that was heard."""
        times = self.centre.voice(prompt, language).times_in(self.puppet.ear.sound)
        return bool(times) and not any(found.whole for found in times)

    def ever(self, prompt: str, language: str = "id") -> bool:
        """Whether even a piece of a prompt was heard at any time."""
        return self.centre.voice(prompt, language).found_in(self.puppet.ear.sound) is not None

    async def hears_the_other_side(self) -> None:
        """Wait until an agent, or whoever was called, talks."""

        async def so() -> bool:
            frames = self.puppet.ear.packets[-_FRAMES_OF_TALK:]
            return all(heard([ALAW[byte] for byte in frame.sound], CALLER_HZ, _PURE) for frame in frames)

        await self.centre.eventually(so, lambda: f"by {self.way}: nobody was heard")

    def presses(self, *keys: str) -> None:
        """Press keys."""
        self.puppet.press(*keys)

    async def record(self, ended: str = "released") -> Json:
        """Wait for the end of the call, by the other side unless told otherwise, and for its one record."""
        assert await self.puppet.over() == ended, f"by {self.way}"
        return await self.centre.record_of(self.puppet.number)

    async def leaves(self) -> Json:
        """Hang up; the record of the call."""
        self.puppet.hang_up()
        return await self.record("hung_up")


async def caller(centre: Centre, dialled: str, way: Way) -> IvrCaller:
    """A new caller with a number of its own, answered."""
    return IvrCaller(centre, await centre.puppet(f"0812{next(_NUMBERS):07}", dialled, way))


async def both_ways(
    centre: Centre, dialled: str, lives: Callable[[IvrCaller], Awaitable[None]], *, through: Collection[str] = ()
) -> None:
    """Let two callers live through the same at the same time: keys by RFC 4733 and keys by SIP INFO.

    ``through`` names the kinds of nodes that this exercises: the records of both callers must tell of them. Which kinds
    are named anywhere is looked at by ``tests/unit/test_ivr_kinds.py``.
    """
    callers = [await caller(centre, dialled, way) for way in WAYS]
    async with asyncio.TaskGroup() as group:
        for one in callers:
            group.create_task(_as_coroutine(lives(one)))
    for one in callers:
        missed = set(through) - await kinds_met(centre, one.puppet.number) if through else set()
        assert not missed, f"by {one.way}: came to no node of {missed}"


async def kinds_met(centre: Centre, number: str) -> set[str]:
    """The kinds of all nodes that the calls of a number came to, by their records."""
    found: set[str] = set()
    for record in await centre.site.api.records():
        if record["caller"] == number:
            async with centre.http.get(f"/api/v1/records/{record['contact_id']}") as answer:
                found |= {kind_of(centre, step["flow"], step["node"]) for step in (await answer.json())["path"]}
    return found


def kind_of(centre: Centre, flow: str, node: str) -> str:
    """A node's kind, as its flow's file says."""
    text = (centre.site.deployment.flows / f"{flow}.yaml").read_text(encoding="utf-8")
    return str(yaml.load(text, yaml.BaseLoader)["nodes"][node]["kind"])  # noqa: S506 - gives text only


async def _as_coroutine(work: Awaitable[None]) -> None:
    await work
