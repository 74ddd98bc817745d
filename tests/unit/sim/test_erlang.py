"""Erlang B, C and A against exact recursion, and against waiting times found another way."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest

from acd.sim.erlang import ErlangError, System, counts, erlang_b, erlang_c, figures, waits_longer, within
from tests.unit.sim.exact import integrate, loss, loss_long, served_between, states, wait_chance

EXACT = 1e-9


def close(found: float, exact: float | Fraction | Decimal, least: float = 1e-300) -> bool:
    """Tell whether the relative error is within 1e-9; both may be less than any float can say."""
    return abs(found - float(exact)) <= EXACT * max(abs(float(exact)), least)


@pytest.mark.parametrize("servers", [0, 1, 2, 7, 30, 120])
@pytest.mark.parametrize("traffic", [Fraction(1, 1000), Fraction(1, 2), Fraction(5), Fraction(203, 10), Fraction(400)])
def test_erlang_b_is_that_of_fractions(traffic: Fraction, servers: int) -> None:
    assert close(erlang_b(float(traffic), servers), loss(traffic, servers))


@pytest.mark.parametrize("traffic", [1.0, 100.0, 9_000.0, 9_990.0, 10_000.0, 10_010.0, 12_000.0, 1e6, 1e12])
def test_erlang_b_of_ten_thousand_lines_neither_overflows_nor_loses_digits(traffic: float) -> None:
    exact = loss_long(Decimal(traffic), 10_000)
    assert close(erlang_b(traffic, 10_000), exact, 1e-290)


@pytest.mark.parametrize(("lines", "traffic", "lost"), [(30, 20.34, 0.01), (50, 37.90, 0.01), (100, 84.06, 0.01)])
def test_erlang_b_is_that_of_the_printed_tables(lines: int, traffic: float, lost: float) -> None:
    assert round(erlang_b(traffic, lines), 4) == lost


def test_no_traffic_is_lost_only_where_there_is_no_line() -> None:
    assert (erlang_b(0.0, 3), erlang_b(0.0, 0), erlang_c(0.0, 3)) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize("servers", [1, 2, 14, 60, 200])
@pytest.mark.parametrize("load", [Fraction(1, 100), Fraction(1, 2), Fraction(9, 10), Fraction(999, 1000)])
def test_erlang_c_is_that_of_fractions(servers: int, load: Fraction) -> None:
    traffic = servers * load
    exact = wait_chance(traffic, servers)
    assert close(erlang_c(float(traffic), servers), exact)
    found = figures(System(float(traffic) * 3600 / 300, 300.0, servers))
    assert close(found.waits, exact)
    assert found.wait_all_mean is not None
    assert close(found.wait_all_mean, exact * 300 / (servers - traffic))
    in_time, _ = within(System(float(traffic) * 3600 / 300, 300.0, servers), 20.0)
    assert close(in_time, 1 - float(exact) * math.exp(-20.0 * float(servers - traffic) / 300))


def test_traffic_no_less_than_the_agents_makes_everybody_wait() -> None:
    assert erlang_c(5.0, 5) == 1.0


SYSTEMS = [
    System(calls, aht, agents, patience, lines)
    for agents in (1, 3, 14)
    for load in (0.05, 0.7, 1.0, 1.6, 6.0)
    for aht in (60.0, 492.0)
    for calls in (load * agents * 3600 / aht,)
    for patience in (None, 5.0, 120.0, 5000.0)
    for lines in (agents, agents + 1, agents + 25, None)
    if patience is not None or lines is not None
]


@pytest.mark.parametrize("system", SYSTEMS, ids=str)
def test_every_figure_is_that_of_the_whole_chain_to_fifty_digits(system: System) -> None:
    arrivals, service = Decimal(system.calls_per_hour) / 3600, 1 / Decimal(system.aht)
    leaving = Decimal(0) if system.patience is None else 1 / Decimal(system.patience)
    lines = system.lines or system.agents + 9000
    chain = states(arrivals, service, leaving, system.agents, lines)
    found = figures(system)
    queue = sum((n - system.agents) * p for n, p in enumerate(chain) if n > system.agents)
    busy = sum(min(n, system.agents) * p for n, p in enumerate(chain))
    blocked = chain[lines] if system.lines else Decimal(0)
    waits = sum(chain[system.agents : system.lines])
    assert close(found.blocked, blocked)
    assert close(found.waits, waits)
    assert close(found.abandoned, leaving * queue / arrivals)
    assert close(found.answered, busy * service / arrivals)
    assert close(found.occupancy, busy / system.agents)
    assert close(found.queue_mean, queue)
    assert close(found.lines_mean, queue + busy)
    assert found.wait_all_mean is not None
    assert close(found.wait_all_mean, queue / arrivals / (1 - blocked))
    assert close(found.blocked + found.answered + found.abandoned, 1.0)


@pytest.mark.parametrize("system", SYSTEMS, ids=str)
def test_who_is_served_in_time_is_what_the_density_of_the_wait_gives(system: System) -> None:
    arrivals, service = system.calls_per_hour / 3600, 1 / system.aht
    leaving = 0.0 if system.patience is None else 1 / system.patience
    lines = system.lines or system.agents + 9000
    chain = states(Decimal(arrivals), Decimal(service), Decimal(leaving), system.agents, lines)
    free = float(sum(chain[: system.agents]))
    last = float(chain[system.agents - 1])
    rates = (arrivals, system.agents * service, leaving)
    for target in (0.0, 5.0, 20.0, 90.0):
        waited = served_between(last, rates, lines - system.agents, 0.0, target)
        assert close(within(system, target)[0], free + waited)


def test_waits_add_up() -> None:
    """Everybody let in is served in time, gone in time, or still waiting."""
    for system in SYSTEMS:
        for target in (0.0, 5.0, 20.0, 90.0):
            found = figures(system)
            answered, gone = within(system, target)
            assert close(answered + gone + waits_longer(system, target), 1.0 - found.blocked)
            assert answered <= found.answered * (1 + EXACT)
            assert gone <= found.abandoned * (1 + EXACT) + 1e-15


def test_the_mean_wait_of_the_served_is_the_integral_of_their_tail() -> None:
    system = System(100.0, 492.0, 12, 120.0, 40)
    chain = states(Decimal(100) / 3600, 1 / Decimal(492), 1 / Decimal(120), 12, 40)
    rates = (100 / 3600, 12 / 492, 1 / 120)
    # E[W; served] = integral of P(served, W > t): by Simpson on the same density, fine enough for seven digits
    step = 1.0
    points = [served_between(float(chain[11]), rates, 28, n * step, 2000.0) for n in range(601)]
    integral = step / 3 * (points[0] + points[-1] + 4 * sum(points[1:-1:2]) + 2 * sum(points[2:-1:2]))
    found = figures(system)
    assert found.wait_served_mean is not None
    assert found.wait_served_mean * found.answered == pytest.approx(integral, rel=1e-6)


@pytest.mark.parametrize(
    ("load", "patience", "lines"),
    [
        (0.01, 60.0, None),
        (1.0, 60.0, None),
        (1.0, 3600.0, 10_100),
        (1.3, 20.0, 20_000),
        (9.0, 300.0, None),
        (0.999, None, 12_000),
    ],
)
def test_ten_thousand_agents_are_worked_out_without_overflow(
    load: float, patience: float | None, lines: int | None
) -> None:
    system = System(load * 10_000 * 12, 300.0, 10_000, patience, lines)
    found = figures(system)
    leaving = Decimal(0) if patience is None else 1 / Decimal(patience)
    top = lines or 10_000 + int(9 * 10_000 / 300 * (patience or 0)) + 20_000
    chain = states(Decimal(system.calls_per_hour) / 3600, 1 / Decimal(300), leaving, 10_000, top)
    queue = sum((n - 10_000) * p for n, p in enumerate(chain) if n > 10_000)
    assert close(found.queue_mean, queue)
    assert close(found.blocked, chain[top] if lines else 0)
    assert close(found.blocked + found.answered + found.abandoned, 1.0)
    shares = counts(system, 20.0)
    assert 0.0 <= shares.answered_in <= shares.answered * (1 + EXACT)


@pytest.mark.parametrize(("load", "patience"), [(0.99, 60.0), (1.0, 60.0), (1.02, 1200.0), (1.3, 300.0)])
def test_waits_among_ten_thousand_agents_are_those_of_their_density(load: float, patience: float) -> None:
    """The first weight of the departures within 90 s is exp(-3000) there, and less than any float."""
    system = System(load * 10_000 * 12, 300.0, 10_000, patience)
    arrivals, service, leaving = load * 10_000 / 300, 10_000 / 300, 1 / patience
    top = 10_000 + int((arrivals - 0.9 * service) * patience) + 3000
    chain = states(Decimal(arrivals), 1 / Decimal(300), Decimal(leaving), 10_000, top)
    free, last = float(sum(chain[:10_000])), float(chain[9_999])

    def served(wait: float) -> float:
        exponent = arrivals * -math.expm1(-leaving * wait) / leaving - service * wait - leaving * wait
        return arrivals * last * math.exp(exponent)

    for target in (0.5, 5.0, 20.0, 78.0, 90.0):
        assert close(within(system, target)[0], free + integrate(served, 0.0, target, 400))


def test_more_agents_than_channels_are_as_many_as_channels() -> None:
    many, few = figures(System(300.0, 300.0, 40, None, 20)), figures(System(300.0, 300.0, 20, None, 20))
    assert many.blocked == few.blocked == erlang_b(25.0, 20)
    assert many.occupancy == few.occupancy / 2


def test_an_endless_patience_becomes_erlang_c() -> None:
    patient, endless = System(58.0, 600.0, 14, 1e9), System(58.0, 600.0, 14)
    assert figures(patient).waits == pytest.approx(figures(endless).waits, rel=1e-5)
    assert within(patient, 20.0)[0] == pytest.approx(within(endless, 20.0)[0], rel=1e-5)


@pytest.mark.parametrize(
    ("system", "message"),
    [
        (System(60.0, 600.0, 9), "9 agents cannot carry 10 erlang: .* 11 agents are the least"),
        (System(0.0, 600.0, 9), "The calls per hour must be more than 0, not 0"),
        (System(60.0, math.inf, 9), "The handling time must be more than 0, not inf"),
        (System(60.0, 600.0, 0), "There must be at least one agent, not 0"),
        (System(60.0, 600.0, 9, None, 0), "A trunk has at least one channel, not 0"),
        (System(60.0, 600.0, 9, 0.0), "The patience must be more than 0 s, not 0"),
        (System(1e7, 600.0, 9, 10.0), "1.66667e.06 erlang is more than the 100000"),
        (System(1e8, 1.0, 1, 86400.0), "About 2.4e.09 callers would be waiting"),
    ],
)
def test_what_cannot_be_is_said_in_words(system: System, message: str) -> None:
    with pytest.raises(ErlangError, match=message):
        figures(system)
