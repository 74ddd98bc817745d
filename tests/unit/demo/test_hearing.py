"""A prompt is known by its waveform: by nothing of the same length, the same loudness or the same voice."""

from __future__ import annotations

import math
from random import Random

import pytest

from acd.demo.audio import ALAW, RATE, alaw_byte, tone
from acd.demo.hearing import Voice

SILENCE = b"\xd5"
STEP = RATE // 10
"""Samples of a tenth of a second, the grain of what is told."""


def speech(seed: int, seconds: float) -> list[int]:
    """Vowels of one voice with pauses between, as loud in every seed; ``seed`` decides which vowels."""
    chance = Random(seed)
    samples: list[int] = []
    phase = 0.0
    while len(samples) < seconds * RATE:
        pitch, tones = chance.uniform(100, 140), [chance.uniform(0.1, 1.0) for _ in range(12)]
        for n in range(1200):
            phase += 2 * math.pi * pitch / RATE
            loud = 2500 * math.sin(math.pi * n / 1200)
            samples.append(round(loud * sum(a * math.sin(k * phase) for k, a in enumerate(tones, 1)) / sum(tones)))
        samples += [0] * 400
    return samples[: int(seconds * RATE)]


def alaw(samples: list[int]) -> bytes:
    return bytes(alaw_byte(sample) for sample in samples)


def test_a_prompt_is_found_where_it_begins_to_its_end_however_loud() -> None:
    prompt = speech(1, 3.0)
    for gain in (1.0, 0.4):
        heard = SILENCE * 1234 + alaw([int(s * gain) for s in prompt]) + SILENCE * 500
        found = Voice(prompt).found_in(heard)
        assert found is not None
        assert (found.begin, found.whole, found.missed) == (1234, True, 0.0)
        assert len(prompt) + 1234 - found.end < STEP


def test_another_prompt_of_the_same_voice_length_and_loudness_is_not_taken_for_it() -> None:
    heard = alaw(speech(1, 3.0))
    for seed in range(2, 12):
        assert Voice(speech(seed, 3.0)).found_in(heard) is None


def test_nothing_is_found_in_silence_noise_and_a_tone() -> None:
    chance = Random(3)
    voice = Voice(speech(1, 2.0))
    for heard in (b"", SILENCE * 24000, bytes(chance.randrange(256) for _ in range(24000)), tone(550, 24000)):
        assert voice.found_in(heard) is None


def test_a_prompt_that_was_cut_is_found_to_where_it_was_cut_and_not_whole() -> None:
    prompt = speech(1, 4.0)
    found = Voice(prompt).found_in(alaw(prompt)[: 2 * RATE] + alaw(speech(2, 3.0)))
    assert found is not None
    assert not found.whole
    assert abs(found.end - 2 * RATE) <= STEP
    assert found.missed == pytest.approx(0.5, abs=0.05)


def test_of_two_prompts_with_the_same_beginning_only_the_one_said_is_whole() -> None:
    said, like = speech(1, 2.0) + speech(2, 2.0), speech(1, 2.0) + speech(3, 2.0)
    heard = alaw(said)
    of_said, of_like = Voice(said).found_in(heard), Voice(like).found_in(heard)
    assert of_said is not None
    assert of_said.whole
    assert of_like is not None
    assert not of_like.whole


def test_a_prompt_whose_first_moment_was_missed_is_still_heard() -> None:
    prompt = speech(1, 6.0)
    found = Voice(prompt).found_in(alaw(prompt)[1600:])
    assert found is not None
    assert (found.begin, found.whole) == (-1600, True)


def test_every_time_a_prompt_was_said_is_told_in_order() -> None:
    prompt = speech(1, 1.5)
    once = alaw(prompt)
    times = Voice(prompt).times_in(once + SILENCE * 700 + once[:8000] + SILENCE * 800 + once)
    assert [(found.begin, found.whole) for found in times] == [(0, True), (12700, False), (21500, True)]


def test_a_prompt_shorter_than_the_piece_looked_for_is_found() -> None:
    prompt = speech(1, 0.25)
    found = Voice(prompt).found_in(SILENCE * 300 + alaw(prompt) + SILENCE * 3000)
    assert found is not None
    assert (found.begin, found.whole) == (300, True)


def test_a_prompt_without_a_sound_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to hear"):
        Voice([ALAW[0xD5]] * 8000)
