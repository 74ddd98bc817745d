"""What is wrong with a recording, before callers hear it.

Decides which faults are told: a form that loses quality, silence where somebody should speak, clipping, a loudness that
cannot be reached. Must not know which prompt it is.
"""

from __future__ import annotations

import sys
import wave
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAST_RATE = 8000
_FULL = 32700
"""A sample this high is at the end of the scale."""
_IN_A_ROW = 3
"""So many of them after each other are no single peak."""
_QUIET = 104
"""-50 dB below full scale."""
_BEFORE_S = 0.5
_AFTER_S = 1.0


def faults(path: Path) -> list[str]:
    """Tell a recording's faults in words; none: it can be played."""
    try:
        with wave.open(str(path), "rb") as sound:
            rate, channels, width = sound.getframerate(), sound.getnchannels(), sound.getsampwidth()
            content = sound.readframes(sound.getnframes()) if width == 2 else b""  # noqa: PLR2004 - bytes
    except (OSError, EOFError, wave.Error) as error:
        return [f"not a WAV file that can be read ({error})" if str(error) else "not a whole WAV file"]
    found = []
    if rate < _LEAST_RATE:
        found.append(f"sampled at {rate} Hz; a telephone carries {_LEAST_RATE}")
    if channels > 1:
        found.append(f"{channels} channels are mixed into one")
    if width != 2:  # noqa: PLR2004 - bytes
        return [*found, f"{8 * width} bits a sample; its level is not looked at, use 16"]
    samples = array("h", content[: len(content) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return found + _levels(samples, rate * channels)


def _levels(samples: Sequence[int], a_second: int) -> list[str]:
    first = next((n for n, sample in enumerate(samples) if abs(sample) > _QUIET), None)
    if first is None:
        return ["silent"]
    last = next(n for n in range(len(samples) - 1, -1, -1) if abs(samples[n]) > _QUIET)
    before, after = first / a_second, (len(samples) - 1 - last) / a_second
    found = []
    if before > _BEFORE_S:
        found.append(f"begins with {before:.1f} s of silence")
    if after > _AFTER_S:
        found.append(f"ends with {after:.1f} s of silence")
    if (times := _clipped(samples)) > 0:
        found.append(f"clipped {times} time{'s' if times > 1 else ''}: record it at a lower level")
    return found


def _clipped(samples: Sequence[int]) -> int:
    """Count stretches at the end of the scale."""
    times = row = 0
    for sample in samples:
        row = row + 1 if sample >= _FULL or sample <= -_FULL else 0
        times += row == _IN_A_ROW
    return times
