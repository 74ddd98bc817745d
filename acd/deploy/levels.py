"""How loud a sound is, and the sox effects that bring it to the one loudness all prompts have.

Decides the loudness and how it is measured: ITU-R BS.1770-4 (K-weighting, blocks of 400 ms, gates at -70 LUFS and 10 LU
below the mean of what passes), on one channel at a telephone's 8 kHz. Must not know where a sound comes from.
"""

from __future__ import annotations

import math
import re
import subprocess
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from acd.domain.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acd.deploy.toolchain import ToolSet

RATE = 8000
TARGET_LUFS = -23.0
"""EBU R 128. Every prompt has it, so that none is louder than others."""
PEAK_DB = -1.0
"""No sample goes above; a sound with higher peaks stays below the target."""
TOLERANCE_LU = 0.5
"""A recording so near the target is taken as it is."""
SILENT = -70.0
"""LUFS; nothing below counts as sound (BS.1770-4, the absolute gate)."""

_HEADROOM_DB = 6.0
"""Made before weighting, which lifts high tones by 4 dB and must not clip."""
_OFFSET = -0.691
_RELATIVE_GATE = -10.0
_HOP = RATE // 10
"""Samples of a step of 100 ms; four make a block."""
_STEPS = 4
_TIMEOUT_S = 120
_PEAK = re.compile(rb"^Pk lev dB +(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Level:
    """Loudness in LUFS and the highest peak in dB below full scale; minus infinity for silence."""

    lufs: float
    peak: float

    def gain(self) -> float:
        """Tell by how many dB to raise a sound for the target, as far as its peaks allow."""
        return min(TARGET_LUFS - self.lufs, PEAK_DB - self.peak) if self.lufs > SILENT else 0.0


def measure(path: Path, tools: ToolSet) -> Level:
    """Measure a sound of whatever rate and channels.

    Raises:
        DeployError: sox cannot read it.
    """
    effects = ["channels", "1", "rate", str(RATE), "stats", "gain", f"-{_HEADROOM_DB:g}", *_weighting(RATE)]
    argv = [*tools.argv("sox"), str(path), "-t", "raw", "-e", "floating-point", "-b", "32", "-", *effects]
    try:
        done = subprocess.run(argv, env=tools.env(), capture_output=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeployError(f"{path} cannot be measured: {error}") from error
    peak = _PEAK.search(done.stderr)
    if done.returncode or peak is None:
        raise DeployError(f"{path} cannot be measured: {done.stderr.decode(errors='replace').strip()[-300:]}")
    samples = array("f")
    samples.frombytes(done.stdout)
    return Level(_loudness(samples) + _HEADROOM_DB, float(peak[1]))


def _loudness(weighted: Sequence[float]) -> float:
    """Gate and average K-weighted samples; one shorter than a block is a block."""
    hops = [weighted[start : start + _HOP] for start in range(0, len(weighted), _HOP)]
    powers = [math.fsum(map(_square, hop)) / max(len(hop), 1) for hop in hops]
    count = max(len(powers) - _STEPS + 1, 1)
    blocks = [math.fsum(part := powers[n : n + _STEPS]) / max(len(part), 1) for n in range(count)]
    loud = [power for power in blocks if _lufs(power) > SILENT]
    if not loud:
        return -math.inf
    gate = _lufs(math.fsum(loud) / len(loud)) + _RELATIVE_GATE
    loud = [power for power in loud if _lufs(power) > gate]
    return _lufs(math.fsum(loud) / len(loud))


def _square(sample: float) -> float:
    return sample * sample


def _lufs(power: float) -> float:
    return _OFFSET + 10 * math.log10(power) if power else -math.inf


def _weighting(rate: int) -> list[str]:
    """K-weighting as two biquads for a sample rate: the filters BS.1770-4 tabulates for 48 kHz, from their corners."""
    k = math.tan(math.pi * 1681.974450955533 / rate)
    high, q = 10 ** (3.999843853973347 / 20), 0.7071752369554196
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k]
    first = ["biquad", *(f"{b / a0:.12f}" for b in shelf), "1"]
    first += [f"{2 * (k * k - 1) / a0:.12f}", f"{(1 - k / q + k * k) / a0:.12f}"]
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    a0 = 1 + k / q + k * k
    second = ["biquad", "1", "-2", "1", "1", f"{2 * (k * k - 1) / a0:.12f}", f"{(1 - k / q + k * k) / a0:.12f}"]
    return [*first, *second]
