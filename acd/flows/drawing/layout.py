"""Where boxes stand: layers from left to right by the longest way, ordered by barycentres, moved to their neighbours.

The method of Sugiyama, Tagawa and Toda (1981): layers, vertices in between on long lines, sweeps that order each layer
by the mean place of its neighbours, keeping the order with the fewest crossings. Heights are then the least squares of
the distances to neighbours under the order (pool adjacent violators). Deterministic. Must not know what boxes mean.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_SWEEPS = 24
_MOVES = 30
GAP = 18.0
"""Least distance between two boxes of a layer."""
_LINE = 10.0
"""Room for a line that passes through a layer."""
_LINE_WEIGHT = 3.0
"""Long lines are kept straighter than boxes are kept near."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The middle of each box from the top, its layer, and the heights at which each line passes through layers."""

    middle: dict[str, float]
    layer: dict[str, int]
    through: dict[tuple[str, str], tuple[float, ...]]
    height: float


def layout(heights: Mapping[str, float], lines: Iterable[tuple[str, str]]) -> Layout:
    """Place boxes of these heights; ``lines`` form no ring."""
    lines = list(dict.fromkeys(lines))
    layer = _layers(heights, lines)
    tall = dict(heights)
    chains: dict[tuple[str, str], list[str]] = {}
    pairs: list[tuple[str, str]] = []
    for start, end in lines:
        between = [f"{start}\0{end}\0{n}" for n in range(layer[start] + 1, layer[end])]
        for number, name in enumerate(between, layer[start] + 1):
            layer[name], tall[name] = number, _LINE
        chains[start, end] = between
        chain = [start, *between, end]
        pairs += itertools.pairwise(chain)
    before, after = _neighbours(layer, pairs)
    orders = _ordered(layer, pairs, before, after)
    middle = _moved(orders, tall, before, after)
    top = min((middle[name] - tall[name] / 2 for name in middle), default=0.0)
    middle = {name: y - top for name, y in middle.items()}
    return Layout(
        middle={name: middle[name] for name in heights},
        layer={name: layer[name] for name in heights},
        through={line: tuple(middle[name] for name in chain) for line, chain in chains.items()},
        height=max((middle[name] + tall[name] / 2 for name in middle), default=0.0),
    )


def _layers(names: Iterable[str], lines: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The longest way to each from a beginning."""
    layer = dict.fromkeys(names, 0)
    for _ in range(len(layer)):
        changed = False
        for start, end in lines:
            if layer[end] <= layer[start]:
                layer[end] = layer[start] + 1
                changed = True
        if not changed:
            break
    return layer


def _neighbours(
    names: Iterable[str], pairs: Iterable[tuple[str, str]]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    before: dict[str, list[str]] = {name: [] for name in names}
    after: dict[str, list[str]] = {name: [] for name in before}
    for start, end in pairs:
        after[start].append(end)
        before[end].append(start)
    return before, after


def _ordered(
    layer: Mapping[str, int],
    pairs: Sequence[tuple[str, str]],
    before: Mapping[str, list[str]],
    after: Mapping[str, list[str]],
) -> list[list[str]]:
    orders: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name in _first_order(layer, before, after):
        orders[layer[name]].append(name)
    best, fewest = [list(order) for order in orders], _crossings(orders, pairs, layer)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        numbers = range(1, len(orders)) if down else range(len(orders) - 2, -1, -1)
        neighbours = before if down else after
        for number in numbers:
            place = {name: n for n, name in enumerate(orders[number - 1 if down else number + 1])}
            old = {name: n for n, name in enumerate(orders[number])}
            orders[number].sort(key=lambda name: (_mean(neighbours[name], place, old[name]), old[name]))
        crossings = _crossings(orders, pairs, layer)
        if crossings < fewest:
            best, fewest = [list(order) for order in orders], crossings
    return best


def _first_order(
    layer: Mapping[str, int], before: Mapping[str, list[str]], after: Mapping[str, list[str]]
) -> Iterable[str]:
    """Depth first from the beginnings, so that what hangs together stands together."""
    seen: dict[str, None] = {}
    ahead = [name for name in reversed(list(layer)) if not before[name]]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen[name] = None
            ahead += reversed(after[name])
    return seen


def _mean(neighbours: Sequence[str], place: Mapping[str, int], alone: int) -> float:
    return sum(place[n] for n in neighbours) / len(neighbours) if neighbours else float(alone)


def _crossings(orders: Sequence[Sequence[str]], pairs: Iterable[tuple[str, str]], layer: Mapping[str, int]) -> int:
    place = {name: n for order in orders for n, name in enumerate(order)}
    by_layer: dict[int, list[tuple[int, int]]] = {}
    for start, end in pairs:
        by_layer.setdefault(layer[start], []).append((place[start], place[end]))
    return sum(
        (a - c) * (b - d) < 0
        for found in by_layer.values()
        for n, (a, b) in enumerate(found)
        for c, d in found[n + 1 :]
    )


def _moved(
    orders: Sequence[Sequence[str]],
    tall: Mapping[str, float],
    before: Mapping[str, list[str]],
    after: Mapping[str, list[str]],
) -> dict[str, float]:
    middle: dict[str, float] = {}
    for order in orders:
        y = 0.0
        for name in order:
            middle[name] = y + tall[name] / 2
            y += tall[name] + GAP
    for move in range(_MOVES):
        for order in orders if move % 2 == 0 else reversed(orders):
            wanted = []
            for name in order:
                near = before[name] + after[name] if move >= _MOVES // 2 else (before if move % 2 == 0 else after)[name]
                wanted.append(sum(middle[n] for n in near) / len(near) if near else middle[name])
            weights = [_LINE_WEIGHT if "\0" in name else 1.0 for name in order]
            middle.update(zip(order, _apart(order, wanted, weights, tall), strict=True))
    return middle


def _apart(order: Sequence[str], wanted: list[float], weights: list[float], tall: Mapping[str, float]) -> list[float]:
    """The places nearest to those wanted at which nothing overlaps, in this order."""
    offsets = [0.0]
    for one, next_ in itertools.pairwise(order):
        gap = GAP if "\0" not in one + next_ else GAP / 2
        offsets.append(offsets[-1] + (tall[one] + tall[next_]) / 2 + gap)
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for number in range(len(order)):
        mean, weight, count = wanted[number] - offsets[number], weights[number], 1
        while pools and pools[-1][0] >= mean:
            other, heavy, many = pools.pop()
            mean = (mean * weight + other * heavy) / (weight + heavy)
            weight, count = weight + heavy, count + many
        pools.append((mean, weight, count))
    found = [mean for mean, _, count in pools for _ in range(count)]
    return [y + offset for y, offset in zip(found, offsets, strict=True)]
