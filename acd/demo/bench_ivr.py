"""How soon a caller hears what a key did: the engine's menus beside Asterisk's ``Background()``, on one Asterisk.

Two menus lead to one another by a key, each with a tone for a prompt, so that every packet tells whose it is. In the
dialplan they are ``Background()`` and ``WaitExten()`` with the same files. Callers by SIPp press while the prompt is
said; what they hear is kept with the time each packet came. Timed are the last packet of the prompt and the first of
the next, from the moment the key is let go (RFC 4733) or the INFO left: earlier Asterisk tells nobody of a key. For the
cut of a prompt the time from the key's beginning is told, too. Must not know how the interpreter works.
"""

from __future__ import annotations

import asyncio
import struct
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from acd.demo.audio import ALAW, RATE, heard, tone
from acd.demo.bench_sides import ENGINE, including
from acd.demo.bench_sides import WISHES as DIRECT
from acd.demo.bench_table import Row, percentile
from acd.demo.deployment import Deployment, Yaml
from acd.demo.puppet import WAYS, Packet, Puppet, Way
from acd.demo.rtp import Exchange
from acd.demo.site import Site
from acd.domain.errors import DeployError

BACKGROUND = "Background()"
CODES = {BACKGROUND: "8000", ENGINE: "8001"}
PROMPTS = ("bench_one", "bench_two")
"""The tones take their places in the run's folder."""
TONES = (450, 1150)
CUT_MS, NEXT_MS = 200.0, 60.0
_TONE_S = 10
_PURE = 0.8


def _menu(prompt: str, following: str) -> Yaml:
    return {"kind": "menu", "prompts": [prompt], "choices": {"1": following}, "failed": "tutup"}


MENUS: Yaml = {
    "languages": ["id"],
    "entry": "jawab",
    "nodes": {
        "jawab": {"kind": "answer", "next": "satu"},
        "satu": _menu(PROMPTS[0], "dua"),
        "dua": _menu(PROMPTS[1], "satu"),
        "tutup": {"kind": "hang_up"},
    },
}
STEPS: Yaml = {
    "languages": ["id", "en"],
    "entry": "jawab",
    "variables": {"putaran": "number"},
    "nodes": {
        "jawab": {"kind": "answer", "next": "utama"},
        "utama": {
            "kind": "menu",
            "prompts": [PROMPTS[0]],
            "choices": {"1": "nomor", "2": "kedua", "3": "hitung", "*": "utama"},
            "timeout": "2s",
            "retries": "10",
            "invalid_prompts": [PROMPTS[1]],
            "timeout_prompts": [PROMPTS[1]],
            "failed": "tutup",
        },
        "nomor": {
            "kind": "collect",
            "prompts": [PROMPTS[1]],
            "variable": "nomor",
            "min_digits": "4",
            "max_digits": "4",
            "next": "kedua",
            "failed": "kedua",
        },
        "kedua": {
            "kind": "menu",
            "prompts": [PROMPTS[1]],
            "choices": {"*": "kedua", "#": "utama", "0": "tutup"},
            "failed": "tutup",
        },
        "hitung": {"kind": "set", "set": {"putaran": "putaran + 1"}, "next": "cabang"},
        "cabang": {
            "kind": "branch",
            "cases": [{"when": "putaran > 3 && caller.number == ''", "next": "ulang"}],
            "otherwise": "utama",
        },
        "ulang": {"kind": "set", "set": {"putaran": "0"}, "next": "utama"},
        "tutup": {"kind": "hang_up"},
    },
}
"""For the interpreter alone; see ``bench_menus``."""
STEPS_CODE = "8002"
WISHES = replace(
    DIRECT,
    more_agents=0,
    access_codes={CODES[ENGINE]: {"flow": "menus"}, STEPS_CODE: {"flow": "steps"}},
    flows={"menus": MENUS, "steps": STEPS},
    prompts={prompt: {"id": prompt, "en": prompt} for prompt in PROMPTS},
)


@dataclass(frozen=True, slots=True)
class Presses:
    """How many callers of each way call a side at a time, how often each presses, in how many blocks."""

    callers: int = 2
    keys: int = 30
    blocks: int = 2
    every_s: float = 0.45


@dataclass(frozen=True, slots=True)
class Reaction:
    """What followed a key, in milliseconds after it was let go; ``held`` is how long it was down."""

    cut: float
    following: float
    held: float


def with_background(deployment: Deployment) -> Deployment:
    """Add the same two menus to the dialplan, reached by a number of their own on the same trunk."""
    plan = deployment.plan
    lines = [f"[{plan.contexts.from_trunk}](+)", f"exten => {CODES[BACKGROUND]},1,Answer()"]
    lines += [" same => n,Goto(bench-menu-0,s,1)"]
    for here, prompt in enumerate(PROMPTS):
        lines += [
            f"[bench-menu-{here}]",
            f"exten => s,1,Background({deployment.folder}/sounds/id/{prompt})",
            " same => n,WaitExten(10)",
            f"exten => 1,1,Goto(bench-menu-{1 - here},s,1)",
            "exten => t,1,Hangup()",
        ]
    return including(deployment, {"extensions.conf": "\n".join((*lines, ""))})


def put_tones(sounds: Path) -> None:
    """Write the tones over the prompts and their wordings, in the forms they have that can be written here."""
    for prompt, hertz in zip(PROMPTS, TONES, strict=True):
        sound = tone(hertz, _TONE_S * RATE)
        for path in (*sounds.glob(f"{prompt}.*"), *sounds.glob(f"{prompt}/*.*")):
            path.unlink()
            if path.suffix == ".alaw":
                path.write_bytes(sound)
            elif path.suffix == ".wav":
                with wave.open(str(path), "wb") as file:
                    file.setparams((1, 2, RATE, 0, "NONE", ""))
                    file.writeframes(struct.pack(f"<{len(sound)}h", *(ALAW[byte] for byte in sound)))


def reactions(down: Sequence[float], up: Sequence[float], packets: Sequence[Packet]) -> list[Reaction]:
    """Find what followed each key. The first is pressed during the first tone, each leads to the other one.

    Raises:
        DeployError: the next prompt was not heard after a key.
    """
    tones = [(packet.at, _tone(packet)) for packet in packets]
    found = []
    for number, (began, let_go) in enumerate(zip(down, up, strict=True)):
        old, new = TONES[number % 2], TONES[1 - number % 2]
        until = down[number + 1] if number + 1 < len(down) else float("inf")
        first = next((at for at, hertz in tones if began <= at < until and hertz == new), None)
        if first is None:
            raise DeployError(f"After key {number + 1} of {len(down)} the next prompt was not heard")
        last = max((at for at, hertz in tones if at < first and hertz == old), default=let_go)
        found.append(Reaction(max(0.0, last - let_go) * 1000, (first - let_go) * 1000, (let_go - began) * 1000))
    return found


def _tone(packet: Packet) -> int | None:
    samples = [ALAW[byte] for byte in packet.sound]
    return next((hertz for hertz in TONES if heard(samples, hertz, _PURE)), None)


async def measure(site: Site, presses: Presses, progress: Callable[[str], None]) -> list[Row]:
    """Let callers press keys on both sides, in turn.

    Raises:
        DeployError: a call was not answered, or a key led nowhere.
    """
    await asyncio.to_thread(put_tones, site.deployment.folder / "sounds" / "id")
    found: dict[tuple[str, Way], list[Reaction]] = {(side, way): [] for side in CODES for way in WAYS}
    exchange = Exchange()
    await exchange.open(site.deployment.sip[0], 0)
    try:
        for block in range(presses.blocks):
            for side in (BACKGROUND, ENGINE) if block % 2 == 0 else (ENGINE, BACKGROUND):
                progress(f"menus, block {block + 1} of {presses.blocks}, {side} ...")
                await _block(site, exchange, side, presses, block, found)
    finally:
        await exchange.close()
    return [row for way in WAYS for row in _rows(way, found[ENGINE, way], found[BACKGROUND, way])]


async def _block(
    site: Site,
    exchange: Exchange,
    side: str,
    presses: Presses,
    block: int,
    found: dict[tuple[str, Way], list[Reaction]],
) -> None:
    folder = site.deployment.folder / "bench" / f"menus-{block}-{'engine' if side == ENGINE else 'background'}"
    work = [
        _calls(site, exchange, side, way, presses, folder / f"{way}-{number}")
        for way in WAYS
        for number in range(presses.callers)
    ]
    for way, came in await asyncio.gather(*work):
        found[side, way] += came


async def _calls(
    site: Site, exchange: Exchange, side: str, way: Way, presses: Presses, folder: Path
) -> tuple[Way, list[Reaction]]:
    number = f"0813{abs(hash(folder.name)) % 10**6:06}"
    puppet = await Puppet.call(site.tools, folder, site.deployment.sip, exchange, number, CODES[side], way)
    try:
        for key in range(presses.keys):
            # Not in step with the packets, nor with the other callers.
            await asyncio.sleep(presses.every_s + 0.013 * (key % 8))
            puppet.press("1")
        await asyncio.sleep(presses.every_s)
        puppet.hang_up()
        await puppet.over()
        down, up = puppet.keys_down_at, puppet.keys_at
        if len(up) != presses.keys:
            raise DeployError(f"{len(up)} of {presses.keys} keys left the caller, see {folder}")
        return way, await asyncio.to_thread(reactions, down, up, puppet.ear.packets)
    finally:
        await puppet.close()


def _rows(way: Way, mine: Sequence[Reaction], theirs: Sequence[Reaction]) -> list[Row]:
    name = {"rfc4733": "RFC 4733", "info": "SIP INFO"}[way]

    def both(what: str, of: Callable[[Reaction], float], share: float, bar: float | None = None) -> Row:
        one, other = (percentile(map(of, side), share) for side in (mine, theirs))
        return Row(f"{what} ({name}), p{share * 100:g}", "ms", one, other, at_most=bar, bar_on_value=True)

    rows = [
        both("key to last packet of the prompt", lambda r: r.cut, 0.5),
        both("key to last packet of the prompt", lambda r: r.cut, 0.99, CUT_MS),
        both("key to first packet of the next", lambda r: r.following, 0.5),
        both("key to first packet of the next", lambda r: r.following, 0.99, NEXT_MS),
    ]
    if way == "rfc4733":
        rows.insert(2, both("key's beginning to last packet of the prompt", lambda r: r.held + r.cut, 0.99, CUT_MS))
    return rows
