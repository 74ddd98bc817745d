"""What callers made of a flow: how many took each way, and where they left, from call records.

A record's path tells nodes, not ways: two ways between the same nodes are counted together, as they are drawn. Decides
nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from acd.domain.exits import Exit
from acd.domain.ids import FlowId
from acd.domain.record import CallRecord

LEFT = frozenset({Exit.IVR_EXIT, Exit.ABANDONED, Exit.SHORT_ABANDONED})
"""Exits of callers who left, where the flow did not end the call."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counts of one flow, by the names of its nodes."""

    calls: int = 0
    visits: Counter[str] = field(default_factory=Counter)
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    ended: dict[str, Counter[Exit]] = field(default_factory=dict)

    def left(self, node: str, kind: str) -> int:
        """How many hung up at a node."""
        if kind == "hang_up":
            return 0
        return sum(count for exit_, count in self.ended.get(node, {}).items() if exit_ in LEFT)


def traffic_of(records: Iterable[CallRecord], flow: FlowId) -> Traffic:
    """Count the records that came through a flow."""
    visits: Counter[str] = Counter()
    taken: Counter[tuple[str, str]] = Counter()
    ended: dict[str, Counter[Exit]] = {}
    calls = 0
    for record in records:
        path = [step for step in record.path if step.flow == flow]
        if not path:
            continue
        calls += 1
        came = [step for n, step in enumerate(path) if n == 0 or not _tried(path[n - 1].node, step.node, step.key)]
        visits.update(step.node for step in came)
        taken.update((one.node, other.node) for one, other in pairwise(came))
        if record.path[-1].flow == flow:
            ended.setdefault(path[-1].node, Counter())[record.exit] += 1
    return Traffic(calls, visits, taken, ended)


def _tried(before: str, node: str, key: str) -> bool:
    """Whether a step is a try in vain where the caller is already."""
    return before == node and key in {"invalid", "timeout"}
