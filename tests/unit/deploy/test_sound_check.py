"""Faults of recordings, told before callers hear them."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import pytest

from acd.deploy.sound_check import faults


def wav(path: Path, samples: list[int], rate: int = 8000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setparams((channels, 2, rate, 0, "NONE", ""))
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path


SPEECH = [5000, -5000] * 2000


@pytest.mark.parametrize(
    ("samples", "rate", "channels", "told"),
    [
        (SPEECH, 8000, 1, []),
        (SPEECH, 44100, 1, []),
        ([0] * 2000 + SPEECH + [0] * 4000, 8000, 1, []),
        ([0] * 8000, 8000, 1, ["silent"]),
        ([], 8000, 1, ["silent"]),
        ([20] * 8000 + SPEECH, 8000, 1, ["begins with 1.0 s of silence"]),
        (SPEECH + [0] * 16000, 8000, 1, ["ends with 2.0 s of silence"]),
        (SPEECH, 6000, 1, ["sampled at 6000 Hz; a telephone carries 8000"]),
        (SPEECH, 8000, 2, ["2 channels are mixed into one"]),
        ([*SPEECH, 32767, 32767, 1], 8000, 1, []),
        ([*SPEECH, *[32767] * 9, 1], 8000, 1, ["clipped 1 time: record it at a lower level"]),
        ([*[32767, 32767, -32768, 0] * 2], 8000, 1, ["clipped 2 times: record it at a lower level"]),
    ],
)
def test_faults_are_told(tmp_path: Path, samples: list[int], rate: int, channels: int, told: list[str]) -> None:
    assert faults(wav(tmp_path / "a.wav", samples, rate, channels)) == told


def test_what_is_no_wav_or_of_another_width_is_said_so(tmp_path: Path) -> None:
    text, empty, narrow = tmp_path / "text.wav", tmp_path / "empty.wav", tmp_path / "narrow.wav"
    text.write_text("this is no sound at all")
    empty.touch()
    with wave.open(str(narrow), "wb") as out:
        out.setparams((1, 1, 8000, 0, "NONE", ""))
        out.writeframes(b"abc")
    assert faults(text) == ["not a WAV file that can be read (file does not start with RIFF id)"]
    assert faults(empty) == ["not a whole WAV file"]
    assert faults(narrow) == ["8 bits a sample; its level is not looked at, use 16"]
