"""Tones can be made, told apart, and found in a recording."""

from __future__ import annotations

import wave
from pathlib import Path
from random import Random

import pytest

from acd.demo.audio import (
    AGENT_HZ,
    ALAW,
    CALLER_HZ,
    FRAME,
    alaw_byte,
    heard,
    level,
    power,
    read_wav,
    seconds_of_tone,
    tone,
)


def samples(hertz: int, seconds: float = 0.1) -> list[int]:
    return [ALAW[byte] for byte in tone(hertz, int(8000 * seconds))]


def test_alaw_loses_no_more_than_its_step_and_every_code_comes_back() -> None:
    for sample in range(-32768, 32768, 7):
        assert abs(ALAW[alaw_byte(sample)] - sample) <= max(16, abs(sample) / 16)
    assert sorted(alaw_byte(sample) for sample in ALAW) == list(range(256))


def test_alaw_agrees_with_values_of_the_recommendation() -> None:
    """G.711: silence is D5 (just above zero) or 55 (just below); the largest values are AA and 2A."""
    assert (alaw_byte(0), alaw_byte(-1), alaw_byte(32767), alaw_byte(-32768)) == (0xD5, 0x55, 0xAA, 0x2A)


def test_a_frame_of_a_tone_can_be_repeated_without_a_click() -> None:
    for hertz in (CALLER_HZ, AGENT_HZ):
        assert tone(hertz, 3 * FRAME)[FRAME:] == tone(hertz) * 2


def test_the_power_of_a_tone_is_found_at_its_frequency_only() -> None:
    found = samples(CALLER_HZ)
    assert power(found, CALLER_HZ) == pytest.approx(level(found), rel=0.01)
    assert power(found, AGENT_HZ) < 0.001 * level(found)
    assert power([], CALLER_HZ) == level([]) == 0.0


def test_both_tones_are_heard_in_their_mixture_and_neither_in_silence_or_noise() -> None:
    mixed = [(a + b) // 2 for a, b in zip(samples(CALLER_HZ), samples(AGENT_HZ), strict=True)]
    noise = [Random(1).randint(-8000, 8000) for _ in range(800)]
    assert heard(mixed, CALLER_HZ)
    assert heard(mixed, AGENT_HZ)
    assert not heard([0] * 800, CALLER_HZ)
    assert not heard(noise, CALLER_HZ)
    assert not heard(mixed, AGENT_HZ, share=0.9)


def test_a_tone_is_timed_in_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    sound = [0] * 8000 + samples(AGENT_HZ, 1.5) + [0] * 4000
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"".join(value.to_bytes(2, "little", signed=True) for value in sound))
    found = read_wav(path)
    assert list(found) == sound
    assert seconds_of_tone(found, AGENT_HZ) == pytest.approx(1.5)
    assert seconds_of_tone(found, CALLER_HZ) == 0
