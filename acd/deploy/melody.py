"""A quiet melody for waiting callers, made here so that no sound package or licence is needed.

Decides the notes. Gives a WAV file's bytes (8 kHz, mono, 16 bit); the same bytes on every machine.
"""

from __future__ import annotations

import array
import io
import math
import sys
import wave

RATE = 8000
_BEAT_S = 0.4
_LOUDNESS = 0.12
# Broken chords in semitones above A3 (220 Hz): Am, F, C, G, twice with another ending.
_BARS = (
    (0, 3, 7, 12, 7, 3),
    (-4, 0, 5, 8, 5, 0),
    (3, 7, 10, 15, 10, 7),
    (-2, 2, 5, 10, 5, 2),
    (0, 3, 7, 12, 15, 12),
    (-4, 0, 5, 12, 8, 5),
    (-2, 2, 7, 10, 7, 2),
    (0, 3, 7, 0, -5, 0),
)


def melody() -> bytes:
    """Render the melody; it ends so that it can begin again."""
    notes = [semitones for bar in _BARS for semitones in bar]
    length = int(RATE * _BEAT_S)
    ring = 2 * length
    samples = [0.0] * (length * len(notes))
    envelope = [math.exp(-3.5 * i / ring) * min(1.0, i / 80) * min(1.0, (ring - i) / 400) for i in range(ring)]
    for index, semitones in enumerate(notes):
        step = 2 * math.pi * 220 * 2 ** (semitones / 12) / RATE
        start = index * length
        for i, level in enumerate(envelope):
            tone = math.sin(step * i) + 0.3 * math.sin(2 * step * i)
            # The last note rings on into the first: players begin the file again.
            samples[(start + i) % len(samples)] += level * tone
    pcm = array.array("h", (round(32767 * _LOUDNESS * sample) for sample in samples))
    if sys.byteorder == "big":
        pcm.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(pcm.tobytes())
    return file.getvalue()
