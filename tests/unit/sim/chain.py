"""Small multi-skill centres as Markov chains, solved exactly: what the simulator is held against beside the formulas.

Written from the models' definitions alone; nothing of the engine or of the simulator is used.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

State = TypeVar("State", bound=Hashable)


def stationary(
    start: State, moves: Callable[[State], Iterable[tuple[float, State]]], digits: float = 1e-13
) -> dict[State, float]:
    """Find the stationary distribution of all states reached from ``start`` by Gauss and Seidel's iteration.

    ``moves`` gives (rate, next state); rates of 0 are left out.
    """
    found: dict[State, int] = {start: 0}
    leaving: list[float] = []
    entering: list[dict[int, float]] = [{}]
    states = [start]
    for number, state in enumerate(states):
        total = 0.0
        for rate, after in moves(state):
            if not rate or after == state:
                continue
            if after not in found:
                found[after] = len(states)
                states.append(after)
                entering.append({})
            place = entering[found[after]]
            place[number] = place.get(number, 0.0) + rate
            total += rate
        leaving.append(total)
    share = [1.0 / len(states)] * len(states)
    sources = [tuple(place.items()) for place in entering]
    changed = 1.0
    while changed > digits:
        changed = 0.0
        for number, ways in enumerate(sources):
            new = sum(share[other] * rate for other, rate in ways) / leaving[number]
            changed = max(changed, abs(new - share[number]))
            share[number] = new
        total = sum(share)
        share = [value / total for value in share]
    return dict(zip(states, share, strict=True))


def mean(chances: Mapping[State, float], of: Callable[[State], float]) -> float:
    """The mean of a figure of a state."""
    return sum(chance * of(state) for state, chance in chances.items())


NState = tuple[int, int, int, str]
"""Busy with a in the first group; with a and with b in the second; who waits, in the order they came."""


def n_design(
    arrivals: tuple[float, float],
    service: tuple[float, float],
    leaving: tuple[float, float],
    agents: tuple[int, int],
    lines: int,
) -> dict[NState, float]:
    """N-design: the second group takes b and a, the first only a; a goes to the first while that has anybody free.

    First come first served: a freed agent takes the first who waits and whom it can take. All rates are per second, of
    a and b; ``leaving`` is each waiting caller's. A call that finds ``lines`` calls is blocked.
    """

    def moves(state: NState) -> Iterable[tuple[float, NState]]:
        first, second_a, second_b, queue = state
        second = second_a + second_b
        if first + second + len(queue) < lines:
            if first < agents[0]:
                yield arrivals[0], (first + 1, second_a, second_b, queue)
            elif second < agents[1]:
                yield arrivals[0], (first, second_a + 1, second_b, queue)
            else:
                yield arrivals[0], (first, second_a, second_b, queue + "a")
            if second < agents[1]:
                yield arrivals[1], (first, second_a, second_b + 1, queue)
            else:
                yield arrivals[1], (first, second_a, second_b, queue + "b")
        if first:
            next_a = queue.find("a")
            after = (first - 1, second_a, second_b, queue)
            if next_a >= 0:
                after = (first, second_a, second_b, queue[:next_a] + queue[next_a + 1 :])
            yield first * service[0], after
        for busy, rate, left in ((second_a, service[0], (1, 0)), (second_b, service[1], (0, 1))):
            if busy:
                taken = (int(queue[:1] == "a"), int(queue[:1] == "b"))
                yield (
                    busy * rate,
                    (first, second_a - left[0] + taken[0], second_b - left[1] + taken[1], queue[1:]),
                )
        for place, who in enumerate(queue):
            yield leaving[who == "b"], (first, second_a, second_b, queue[:place] + queue[place + 1 :])

    return stationary((0, 0, 0, ""), moves)


VState = tuple[int, int, int, int]
"""Busy with urgent, busy with other calls; waiting urgent, waiting others."""


def priorities(
    arrivals: tuple[float, float],
    service: tuple[float, float],
    leaving: tuple[float, float],
    agents: int,
    lines: int,
) -> dict[VState, float]:
    """One group, two kinds: a freed agent takes an urgent call if one waits; no call is interrupted."""

    def moves(state: VState) -> Iterable[tuple[float, VState]]:
        busy_u, busy_o, wait_u, wait_o = state
        if busy_u + busy_o + wait_u + wait_o < lines:
            free = busy_u + busy_o < agents
            yield arrivals[0], (busy_u + free, busy_o, wait_u + (not free), wait_o)
            yield arrivals[1], (busy_u, busy_o + free, wait_u, wait_o + (not free))
        for busy, rate, left in ((busy_u, service[0], (1, 0)), (busy_o, service[1], (0, 1))):
            take_u = wait_u > 0
            take_o = not take_u and wait_o > 0
            yield (
                busy * rate,
                (busy_u - left[0] + take_u, busy_o - left[1] + take_o, wait_u - take_u, wait_o - take_o),
            )
        yield wait_u * leaving[0], (busy_u, busy_o, wait_u - 1, wait_o)
        yield wait_o * leaving[1], (busy_u, busy_o, wait_u, wait_o - 1)

    return stationary((0, 0, 0, 0), moves)


AState = tuple[tuple[int, ...], str]
"""Agents who are idle, the longest idle first; who waits, in the order they came."""


def alis(
    arrivals: Mapping[str, float], can: Mapping[str, frozenset[int]], service: tuple[float, ...], room: int
) -> dict[AState, float]:
    """First come first served, assigned to the longest idle agent who can; at most ``room`` callers wait.

    ``can`` says which agents, by number, take a kind; ``service`` is each agent's rate for every kind.
    """
    kinds = sorted(arrivals)

    def moves(state: AState) -> Iterable[tuple[float, AState]]:
        idle, queue = state
        for kind in kinds:
            ready = [agent for agent in idle if agent in can[kind]]
            if ready:
                yield arrivals[kind], (tuple(agent for agent in idle if agent != ready[0]), queue)
            elif len(queue) < room:
                yield arrivals[kind], (idle, queue + kind)
        for agent, rate in enumerate(service):
            if agent in idle:
                continue
            place = next((n for n, kind in enumerate(queue) if agent in can[kind]), None)
            if place is None:
                yield rate, ((*idle, agent), queue)
            else:
                yield rate, (idle, queue[:place] + queue[place + 1 :])

    return stationary((tuple(range(len(service))), ""), moves)
