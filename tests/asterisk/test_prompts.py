"""Prompts as real sounds: their loudness by an independent measure, and their forms."""

from __future__ import annotations

import math
import subprocess
import wave
from array import array
from pathlib import Path

import pytest

from acd.demo.audio import ALAW
from acd.deploy.levels import TARGET_LUFS, measure
from acd.deploy.speech import Said, Speech, made
from acd.deploy.toolchain import ToolSet, fetch_tools

WELCOME = Said("Selamat datang di layanan 169, Pusat Kontak Kementerian Investasi.", "id", "id")
SAID = (
    WELCOME,
    Said("We are open Monday to Friday, 8 a.m. to 5 p.m. Please call again then.", "en", "en-us"),
    Said("Mohon tetap menunggu. Petugas kami akan segera membantu Anda.", "id", "id+f3"),
)
# ITU-R BS.1770-4, tables 1 and 2: the two filters at 48 kHz.
SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (-1.69065929318241, 0.73248077421585))
HIGH_PASS = ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621))


def filtered(samples: list[float], forward: tuple[float, ...], back: tuple[float, ...]) -> list[float]:
    out, x1, x2, y1, y2 = [], 0.0, 0.0, 0.0, 0.0
    for x in samples:
        y = forward[0] * x + forward[1] * x1 + forward[2] * x2 - back[0] * y1 - back[1] * y2
        x1, x2, y1, y2 = x, x1, y, y1
        out.append(y)
    return out


def loudness(path: Path, tools: ToolSet) -> float:
    """Measure as BS.1770-4 says it, at 48 kHz and with the tables' own filters."""
    argv = [*tools.argv("sox"), str(path), "-t", "raw", "-r", "48000", "-b", "16", "-e", "signed-integer", "-"]
    raw = array("h", subprocess.run(argv, env=tools.env(), capture_output=True, check=True).stdout)
    weighted = filtered(filtered([sample / 32768 for sample in raw], *SHELF), *HIGH_PASS)
    powers = [sum(x * x for x in weighted[n : n + 19200]) / 19200 for n in range(0, len(weighted) - 19199, 4800)]
    heard = [power for power in powers if power and -0.691 + 10 * math.log10(power) > -70]
    gate = sum(heard) / len(heard) / 10
    heard = [power for power in heard if power > gate]
    return -0.691 + 10 * math.log10(sum(heard) / len(heard))


def pcm(path: Path) -> array[int]:
    with wave.open(str(path), "rb") as sound:
        return array("h", sound.readframes(sound.getnframes()))


@pytest.fixture(scope="module")
def tools() -> ToolSet:
    return fetch_tools()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


def test_every_prompt_has_the_same_loudness_by_an_independent_measure(tools: ToolSet, cache: Path) -> None:
    for said in SAID:
        found = loudness(made(said, cache, Speech(tools))["wav"], tools)
        assert found == pytest.approx(TARGET_LUFS, abs=1.0), said.text


def test_a_loud_and_a_quiet_recording_come_out_alike_and_without_clipping(
    tools: ToolSet, cache: Path, tmp_path: Path
) -> None:
    speech = Speech(tools)
    spoken = made(WELCOME, cache, speech)["wav"]
    for decibels in (-20, 12):
        recording = tmp_path / f"{decibels}.wav"
        effects = ["gain", str(decibels)]
        subprocess.run([*tools.argv("sox"), str(spoken), str(recording), *effects], env=tools.env(), check=True)
        levelled = made(Said("", "id", "", recorded=recording), cache, speech)["wav"]
        assert measure(levelled, tools).lufs == pytest.approx(TARGET_LUFS, abs=0.3)
        assert measure(levelled, tools).peak <= -0.9


def test_a_recording_of_the_right_form_and_level_keeps_every_sample(tools: ToolSet, cache: Path) -> None:
    spoken = made(WELCOME, cache, Speech(tools))["wav"]
    assert pcm(made(Said("", "id", "", recorded=spoken), cache, Speech(tools))["wav"]) == pcm(spoken)


def test_each_form_is_the_same_sound(tools: ToolSet, cache: Path) -> None:
    """A-law of the tables in G.711 is within its steps of the 16-bit samples; 16 kHz is as long."""
    files = made(WELCOME, cache, Speech(tools, forms=("alaw", "ulaw", "sln16")))
    linear, alaw = pcm(files["wav"]), files["alaw"].read_bytes()
    assert len(alaw) == files["ulaw"].stat().st_size == len(linear)
    assert all(abs(ALAW[byte] - sample) <= max(16, abs(sample) / 16) for byte, sample in zip(alaw, linear, strict=True))
    assert files["sln16"].stat().st_size / 4 == pytest.approx(len(linear), rel=0.01)


def test_words_have_no_silence_around_them_that_would_tear_a_number_apart(tools: ToolSet, cache: Path) -> None:
    samples = pcm(made(Said("tujuh", "id", "id"), cache, Speech(tools))["wav"])
    loud = [n for n, sample in enumerate(samples) if abs(sample) > 200]
    assert loud[0] < 800
    assert len(samples) - loud[-1] < 2000


def test_the_same_text_gives_the_same_bytes(tools: ToolSet, tmp_path: Path) -> None:
    folders = tmp_path / "a", tmp_path / "b"
    for folder in folders:
        folder.mkdir()
    first, second = (made(WELCOME, folder, Speech(tools, forms=("alaw", "sln16"))) for folder in folders)
    assert all(first[ending].read_bytes() == second[ending].read_bytes() for ending in first)
