"""Loudness by ITU-R BS.1770, on sounds whose loudness is known."""

from __future__ import annotations

import math

import pytest

from acd.deploy.levels import PEAK_DB, TARGET_LUFS, Level, _loudness

RATE = 8000


def sine(seconds: float, amplitude: float, hertz: float = 1000.0) -> list[float]:
    return [amplitude * math.sin(2 * math.pi * hertz * n / RATE) for n in range(int(seconds * RATE))]


def test_a_full_sine_without_weighting_has_its_mean_power() -> None:
    assert _loudness(sine(1, 1.0)) == pytest.approx(-0.691 - 3.01, abs=0.01)
    assert _loudness(sine(0.1, 0.1)) == pytest.approx(-0.691 - 23.01, abs=0.01)


def test_pauses_and_what_is_far_quieter_do_not_count() -> None:
    speech = sine(1, 0.1)
    loudness = _loudness(speech)
    assert _loudness(speech + [0.0] * RATE * 5) == pytest.approx(loudness, abs=0.8)
    assert _loudness(speech + sine(5, 0.005)) == pytest.approx(loudness, abs=0.8)


def test_silence_has_no_loudness_and_is_left_alone() -> None:
    assert _loudness([]) == _loudness([0.0] * RATE) == -math.inf
    assert Level(-math.inf, -math.inf).gain() == 0.0


def test_a_sound_is_raised_to_the_target_unless_its_peaks_would_clip() -> None:
    assert Level(-30.0, -20.0).gain() == TARGET_LUFS + 30.0
    assert Level(-10.0, -0.1).gain() == TARGET_LUFS + 10.0
    assert Level(-30.0, -3.0).gain() == PEAK_DB + 3.0
