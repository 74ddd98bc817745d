"""Whether a prompt was said: the waveform of its file is looked for in the sound that came over the line.

Decides what counts as having heard a prompt, from where and how much of it. Must not know calls or packets.

Two steps. A short piece of the prompt is laid at every place of what was heard, only the signs of both compared: by
chance half of them agree, where the piece was said nearly all (polarity coincidence). From there the prompt is followed
tenth of a second by tenth of a second by the correlation of the waveforms, to the end or until it was cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from operator import mul

from acd.demo.audio import ALAW, alaw_byte, level

_PIECE = 3200
"""Samples looked for: 0.4 s. Voices differ within that, and a caller may cut a prompt soon after."""
_STEP = 800
_AGREE = 0.93
"""Share of the signs; where the piece was said it is 0.98 to 1, speech laid on other speech stays under 0.8."""
_ALIKE = 0.9
"""Correlation of a tenth of a second of both; what a codec changes leaves 0.99."""
_AUDIBLE = 1e-5
_MAY_MISS = 0.07
"""Share of a prompt's tenths of a second that may be missing: what was said before the line was open."""
_CHUNK = 2000
_GLANCE = 400
"""Samples of the piece compared first, at every place."""
_GLANCE_AGREE = 0.87
_SIGNS = bytes(ord("1") if byte & 0x80 else ord("0") for byte in range(256))
"""The sign of each A-law byte, as a binary digit."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a prompt was heard, in samples (8 kHz)."""

    begin: int
    """Of the prompt in what was heard; below 0 where its beginning was missed."""
    end: int
    """Of the last tenth of a second that was like the prompt."""
    missed: float
    """Share of the prompt's audible tenths of a second that were not heard."""

    @property
    def whole(self) -> bool:
        """Whether the prompt was said to its end."""
        return self.missed <= _MAY_MISS


class Voice:
    """A prompt's waveform, ready to be looked for."""

    def __init__(self, samples: Sequence[int]) -> None:
        """Take 8 kHz samples of 16 bit. Raises ``ValueError`` when nothing is audible in them."""
        self._samples = samples
        self.length = len(samples)
        steps = range(0, len(samples) - _STEP + 1, _STEP)
        self._audible = [at for at in steps if level(samples[at : at + _STEP]) > _AUDIBLE]
        if not self._audible:
            raise ValueError("there is nothing to hear in this prompt")
        first = self._audible[0]
        later = [at for at in self._audible if at >= first + _PIECE]
        self._pieces = [self._piece(at) for at in (first, *later[:1])]

    def _piece(self, at: int) -> tuple[int, int, int]:
        piece = self._samples[at : at + _PIECE]
        return at, len(piece), int(bytes(map(alaw_byte, piece)).translate(_SIGNS), 2)

    def found_in(self, heard: bytes | bytearray, start: int = 0) -> Found | None:
        """Look for the prompt in A-law, from a sample on; None when not even a piece of it was said."""
        for at, length, signs in self._pieces:
            place = _coincidence(heard, start, length, signs)
            if place is not None:
                return self._followed(heard, place - at)
        return None

    def _followed(self, heard: bytes | bytearray, begin: int) -> Found:
        end, alike = max(begin, 0), 0
        for at in self._audible:
            came = [ALAW[byte] for byte in heard[max(0, begin + at) : max(0, begin + at + _STEP)]]
            if len(came) == _STEP and _correlation(came, self._samples[at : at + _STEP]) > _ALIKE:
                end, alike = begin + at + _STEP, alike + 1
        return Found(begin, end, 1 - alike / len(self._audible))

    def times_in(self, heard: bytes | bytearray, start: int = 0) -> list[Found]:
        """Give every time the prompt was said from a sample on, whole or not, in order."""
        times: list[Found] = []
        while (found := self.found_in(heard, start)) is not None:
            times.append(found)
            start = max(found.end, start + _PIECE)
        return times


def _coincidence(heard: bytes | bytearray, start: int, length: int, signs: int) -> int | None:
    """Give the first place where the signs of a piece agree with what was heard."""
    glance = min(_GLANCE, length)
    first = signs >> length - glance  # the first sample is the highest binary digit
    mask, limit = (1 << glance) - 1, int((1 - _GLANCE_AGREE) * glance)
    for chunk in range(start, len(heard) - length + 1, _CHUNK):
        part = heard[chunk : chunk + _CHUNK + glance - 1]
        bits = int(part.translate(_SIGNS), 2)
        for place in range(min(_CHUNK, len(heard) - length + 1 - chunk)):
            if ((bits >> (len(part) - glance - place) & mask) ^ first).bit_count() <= limit:
                whole = int(heard[chunk + place : chunk + place + length].translate(_SIGNS), 2)
                if (whole ^ signs).bit_count() <= (1 - _AGREE) * length:
                    return chunk + place
    return None


def _correlation(one: Sequence[int], other: Sequence[int]) -> float:
    energy = sum(map(mul, one, one)) * sum(map(mul, other, other))
    return sum(map(mul, one, other)) / sqrt(energy) if energy else 0.0
