"""Chance: the same everywhere, and of the distributions it says."""

from __future__ import annotations

import math
from random import Random

import pytest

from acd.sim import chance
from acd.sim.chance import Deterministic, Distribution, Empirical, Exponential, Gamma, LogNormal, Uniform, stream

MANY = 40_000
BITS = ["0x1.5985e9f1f746ep+8", "0x1.24dcdebfd8b8ep+0", "0x1.8be9887e1e074p+4", "0x1.a9945a01aff4bp+9"]


def test_log_and_exp_are_those_of_mathematics() -> None:
    random = Random(1)
    for _ in range(20_000):
        x = random.random() * 10.0 ** random.randint(-12, 12)
        assert chance.log(x) == pytest.approx(math.log(x), rel=1e-14, abs=1e-15)
        y = random.uniform(-40, 40)
        assert chance.exp(y) == pytest.approx(math.exp(y), rel=1e-13)
    assert chance.log(1.0) == 0.0
    assert chance.exp(0.0) == 1.0


def test_draws_are_the_same_bits_on_every_machine() -> None:
    """Written down once; a platform or a Python that gives others would give other figures."""
    drawn = [
        distribution.draws(stream("seed", 7, "what"))[0]().hex()
        for distribution in (Exponential((180.0,)), Gamma(40.0, (1.0,)), Gamma(0.5, (60.0,)), LogNormal(0.8, (570.0,)))
    ]
    assert drawn == BITS


def test_streams_of_other_names_differ_and_of_the_same_agree() -> None:
    assert stream(1, "a").random() == stream(1, "a").random()
    assert len({stream(1, "a").random(), stream(1, "b").random(), stream(2, "a").random(), stream("1/a").random()}) == 3


@pytest.mark.parametrize(
    ("distribution", "mean", "cv"),
    [
        (Exponential((180.0,)), 180.0, 1.0),
        (Gamma(4.0, (60.0,)), 60.0, 0.5),
        (Gamma(0.25, (60.0,)), 60.0, 2.0),
        (LogNormal(0.7, (300.0,)), 300.0, 0.7),
        (Deterministic((45.0,)), 45.0, 0.0),
        (Uniform(10.0, 30.0), 20.0, 1 / math.sqrt(12)),
        (Empirical((1.0, 2.0, 3.0, 10.0)), 4.0, math.sqrt(12.5) / 4),
    ],
    ids=lambda value: type(value).__name__,
)
def test_mean_and_spread_are_those_asked_for(distribution: Distribution, mean: float, cv: float) -> None:
    draw = distribution.draws(stream("moments"))[0]
    values = [draw() for _ in range(MANY)]
    found = math.fsum(values) / MANY
    spread = math.sqrt(math.fsum((v - found) ** 2 for v in values) / MANY) / found
    assert found == pytest.approx(mean, rel=0.04)
    assert spread == pytest.approx(cv, rel=0.05, abs=1e-9)
    assert chance.mean_of(distribution) == mean


def test_a_mean_for_each_period_scales_the_same_chance() -> None:
    first, second = Exponential((60.0, 120.0)).draws(stream("x"))
    assert first() != second()
    assert 2 * Exponential((60.0,)).draws(stream("x"))[0]() == Exponential((60.0, 120.0)).draws(stream("x"))[1]()
