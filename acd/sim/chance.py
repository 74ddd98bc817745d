"""Chance that is the same on every machine: streams of random numbers, and what is drawn from them.

Decides how a seed becomes a stream and a stream becomes times. Only operations that IEEE 754 fixes to the last bit are
used (``+ - * /``, square root, ``frexp``, ``ldexp``) on Python's Mersenne Twister; the C library's ``log`` and ``exp``
differ between machines in the last bit, so both are worked out here, to about 1e-14.
Must not know what is drawn for whom.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, frexp, fsum, ldexp, sqrt
from random import Random
from typing import TypeAlias

Draw: TypeAlias = Callable[[], float]
"""Gives the next value."""

LN2 = 0.6931471805599453
_SQRT_HALF = 0.7071067811865476
_A1, _A2, _A3, _A4, _A5, _A6, _A7, _A8, _A9 = (1 / k for k in range(3, 21, 2))
"""The series of the inverse hyperbolic tangent; at the edge of its range the first term left out is below 1e-16."""
_FACTORIALS = (1.0, 1.0, 2.0, 6.0, 24.0, 120.0, 720.0, 5040.0, 40320.0, 362880.0, 3628800.0, 39916800.0, 479001600.0)
_EXP = tuple(1 / f for f in reversed(_FACTORIALS))


def stream(*names: object) -> Random:
    """Make the stream of a seed and of what it is for; streams of other names are independent of it."""
    return Random("/".join(map(str, names)))  # noqa: S311 - a simulation guards no secret


def log(x: float) -> float:
    """Natural logarithm of a positive number."""
    m, e = frexp(x)
    if m < _SQRT_HALF:
        m += m
        e -= 1
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    tail = _A1 + z * (_A2 + z * (_A3 + z * (_A4 + z * (_A5 + z * (_A6 + z * (_A7 + z * (_A8 + z * _A9)))))))
    return e * LN2 + (s + s) * (1.0 + z * tail)


def exp(x: float) -> float:
    """The exponential function, for results that are ordinary numbers."""
    k = floor(x / LN2 + 0.5)
    r = x - k * LN2
    total = 0.0
    for factor in _EXP:
        total = total * r + factor
    return ldexp(total, k)


def exponential(random: Random) -> Draw:
    """Exponential with mean 1."""
    uniform = random.random

    # ``log`` once more, in place: this is drawn for every arrival, service and patience.
    def draw() -> float:
        m, e = frexp(1.0 - uniform())
        if m < _SQRT_HALF:
            m += m
            e -= 1
        s = (m - 1.0) / (m + 1.0)
        z = s * s
        tail = _A1 + z * (_A2 + z * (_A3 + z * (_A4 + z * (_A5 + z * (_A6 + z * (_A7 + z * (_A8 + z * _A9)))))))
        return -(e * LN2 + (s + s) * (1.0 + z * tail))

    return draw


def normal(random: Random) -> Draw:
    """Normal with mean 0 and variance 1, by the polar method of Marsaglia and Bray."""
    uniform = random.random
    spare: list[float] = []

    def draw() -> float:
        if spare:
            return spare.pop()
        while True:
            x, y = 2.0 * uniform() - 1.0, 2.0 * uniform() - 1.0
            square = x * x + y * y
            if 0.0 < square < 1.0:
                break
        factor = sqrt(-2.0 * log(square) / square)
        spare.append(y * factor)
        return x * factor

    return draw


def gamma(random: Random, shape: float) -> Draw:
    """Gamma with mean ``shape`` and scale 1 (Marsaglia and Tsang, 2000; below shape 1 with their boost)."""
    d = (shape if shape >= 1.0 else shape + 1.0) - 1.0 / 3.0
    c = 1.0 / sqrt(9.0 * d)
    uniform, standard = random.random, normal(random)

    def at_least_one() -> float:
        while True:
            x = standard()
            v = 1.0 + c * x
            if v <= 0.0:
                continue
            v = v * v * v
            if log(1.0 - uniform()) < 0.5 * x * x + d - d * v + d * log(v):
                return d * v

    if shape >= 1.0:
        return at_least_one
    return lambda: at_least_one() * exp(log(1.0 - uniform()) / shape)


# ---------------------------------------------------------------- distributions


@dataclass(frozen=True, slots=True)
class Exponential:
    """Exponential; one mean, or one per period."""

    means: tuple[float, ...]

    def draws(self, random: Random) -> tuple[Draw, ...]:
        """One way to draw per mean, all from the same stream."""
        unit = exponential(random)
        return tuple(_scaled(unit, mean) for mean in self.means)


@dataclass(frozen=True, slots=True)
class Gamma:
    """Gamma of a shape; one mean, or one per period."""

    shape: float
    means: tuple[float, ...]

    def draws(self, random: Random) -> tuple[Draw, ...]:
        """One way to draw per mean, all from the same stream."""
        unit = gamma(random, self.shape)
        return tuple(_scaled(unit, mean / self.shape) for mean in self.means)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """Lognormal; ``cv`` is standard deviation by mean of the value itself, not of its logarithm."""

    cv: float
    means: tuple[float, ...]

    def draws(self, random: Random) -> tuple[Draw, ...]:
        """One way to draw per mean, all from the same stream."""
        variance = log(1.0 + self.cv * self.cv)
        sigma, standard = sqrt(variance), normal(random)
        return tuple(_scaled(lambda: exp(sigma * standard() - 0.5 * variance), mean) for mean in self.means)


@dataclass(frozen=True, slots=True)
class Deterministic:
    """Always the mean; one, or one per period."""

    means: tuple[float, ...]

    def draws(self, random: Random) -> tuple[Draw, ...]:  # noqa: ARG002 - as the others
        """One way to draw per mean; nothing is taken from the stream."""
        return tuple(_scaled(lambda: 1.0, mean) for mean in self.means)


@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniform between ``low`` and ``high``."""

    low: float
    high: float

    def draws(self, random: Random) -> tuple[Draw, ...]:
        """The one way to draw."""
        low, width, uniform = self.low, self.high - self.low, random.random
        return (lambda: low + width * uniform(),)


@dataclass(frozen=True, slots=True)
class Empirical:
    """Values that were seen, each as likely as the others."""

    values: tuple[float, ...]

    def draws(self, random: Random) -> tuple[Draw, ...]:
        """The one way to draw."""
        values, count, uniform = self.values, len(self.values), random.random
        return (lambda: values[int(uniform() * count)],)


def mean_of(distribution: Distribution) -> float:
    """The mean; over the periods where each has its own."""
    match distribution:
        case Uniform(low=low, high=high):
            return (low + high) / 2
        case Empirical(values=values):
            return fsum(values) / len(values)
        case _:
            return fsum(distribution.means) / len(distribution.means)


Distribution: TypeAlias = Exponential | Gamma | LogNormal | Deterministic | Uniform | Empirical
"""What times are drawn from; ``draws`` gives one way to draw, or one per period."""


def _scaled(unit: Draw, scale: float) -> Draw:
    return lambda: scale * unit()
