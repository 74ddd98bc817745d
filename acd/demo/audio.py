"""Sound as numbers: A-law (ITU-T G.711) tones to send, and how much of a tone is in what was heard.

Decides the two tones by which the parties can be told apart in a recording. Must not know where sound comes from.
"""

from __future__ import annotations

import math
import struct
import wave
from collections.abc import Sequence
from pathlib import Path

RATE = 8000
FRAME = 160
"""Samples of a 20 ms packet."""
CALLER_HZ = 550
AGENT_HZ = 950
"""Multiples of 50 Hz: a 20 ms frame then holds whole periods and can be repeated without a click."""
AMPLITUDE = 8000
FULL_SCALE = 32768.0


def alaw_byte(sample: int) -> int:
    """Encode a 16-bit sample as A-law (G.711, table 1a): sign, segment, step; every other bit inverted."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(sample if sample >= 0 else -sample - 1, 32767) >> 3
    if magnitude < 32:  # noqa: PLR2004 - the two linear segments
        code = magnitude >> 1
    else:
        segment = magnitude.bit_length() - 5
        code = (segment << 4) | ((magnitude >> segment) & 0x0F)
    return (code | sign) ^ 0x55


def _decoded(byte: int) -> int:
    code = byte ^ 0x55
    segment, step = (code & 0x70) >> 4, code & 0x0F
    magnitude = (step << 4) + 8 if segment == 0 else ((step << 4) + 0x108) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


ALAW = tuple(_decoded(byte) for byte in range(256))
"""The 16-bit sample of each A-law byte."""


def tone(hertz: int, samples: int = FRAME) -> bytes:
    """Make a tone in A-law."""
    step = 2 * math.pi * hertz / RATE
    return bytes(alaw_byte(int(AMPLITUDE * math.sin(step * n))) for n in range(samples))


def power(samples: Sequence[int], hertz: int) -> float:
    """Mean power of one frequency by Goertzel's algorithm; 0 to 0.5, where a full-scale sine has 0.5."""
    if not samples:
        return 0.0
    factor = 2 * math.cos(2 * math.pi * hertz / RATE)
    before = last = 0.0
    for sample in samples:
        before, last = last, sample / FULL_SCALE + factor * last - before
    energy = before * before + last * last - factor * before * last
    return 2 * energy / len(samples) ** 2


def level(samples: Sequence[int]) -> float:
    """Mean power of everything; 0 to 1, where a full-scale sine has 0.5."""
    return sum((s / FULL_SCALE) ** 2 for s in samples) / len(samples) if samples else 0.0


AUDIBLE = 0.002
"""Power above which a tone of ours counts as heard: a tenth of what is sent (amplitude 8000 has 0.03)."""


def heard(samples: Sequence[int], hertz: int, share: float = 0.2) -> bool:
    """Whether a tone of ours is in a piece of sound and makes up ``share`` of it or more."""
    found = power(samples, hertz)
    return found > AUDIBLE and found >= level(samples) * share


def seconds_of_tone(samples: Sequence[int], hertz: int) -> float:
    """For how long a tone is heard in a recording, in steps of 100 ms."""
    step = RATE // 10
    return sum(heard(samples[at : at + step], hertz) for at in range(0, len(samples) - step + 1, step)) / 10


def read_wav(path: Path) -> tuple[int, ...]:
    """Read the samples of a WAV file, 16 bit mono 8 kHz as Asterisk's ``wav`` format writes it."""
    with wave.open(str(path), "rb") as sound:
        data = sound.readframes(sound.getnframes())
    return struct.unpack(f"<{len(data) // 2}h", data[: len(data) // 2 * 2])
