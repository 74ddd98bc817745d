"""What is drawn of a flow: boxes with a row for each way out, and lines between them.

Decides what a box says. A way back to a node further left is told in its row instead of drawn: menus lead back so often
that the lines would hide what matters. Must not know where anything stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from acd.domain.flow import FlowPlan, Node
from acd.domain.ids import NodeId, PromptKey
from acd.flows.ways import Way, ways

Texts = Mapping[PromptKey, Mapping[Any, str]]
_TOLD = ("queue", "calendar", "language", "variable", "table", "flow", "exit", "context", "webhook", "event", "seconds")
"""Fields of a node that its box names."""
_MOST_SAID = 60
_SAID = {"items", "review", "of"}
"""Fields that hold prompts, beside those with prompts in their name."""


@dataclass(frozen=True, slots=True)
class Row:
    """A way out of a box, or several that lead to the same place. ``back`` is told, not drawn."""

    label: str
    target: NodeId
    names: tuple[str, ...]
    back: bool


@dataclass(frozen=True, slots=True)
class Box:
    """A node. ``about`` are lines below its name, ``prompts`` everything it may say."""

    id: NodeId
    kind: str
    about: tuple[str, ...]
    prompts: tuple[PromptKey, ...]
    rows: tuple[Row, ...]
    again: tuple[str, ...]
    """Ways that lead to the node itself."""


def boxes(flow: FlowPlan) -> dict[NodeId, Box]:
    """Give the boxes of a flow, in the order of its file."""
    back = _backward(flow)
    return {name: _box(name, node, back) for name, node in flow.nodes.items()}


def prompts_of(node: Node) -> tuple[PromptKey, ...]:
    """Every prompt a node names, once each, in the order of its fields."""
    return tuple(dict.fromkeys(_prompts(node)))


def _prompts(value: Any) -> Iterable[PromptKey]:
    for field in fields(value):
        held = getattr(value, field.name)
        if ("prompts" in field.name or field.name in _SAID) and isinstance(held, tuple):
            yield from (one for one in held if isinstance(one, str))  # type: ignore[misc] # of such a field, a prompt
        if isinstance(held, tuple):
            for part in held:
                if is_dataclass(part):
                    yield from _prompts(part)


def _box(name: NodeId, node: Node, back: set[tuple[NodeId, NodeId]]) -> Box:
    found = ways(node)
    rows: dict[NodeId, list[Way]] = {}
    for way in found:
        if way.target not in {name, ""}:
            rows.setdefault(way.target, []).append(way)
    about = [f"{key} {value}" for key in _TOLD if (value := getattr(node, key, None)) is not None]
    return Box(
        id=name,
        kind=node.kind,
        about=tuple(about),
        prompts=prompts_of(node),
        rows=tuple(
            Row(_label(led), target, tuple(way.name for way in led), (name, target) in back)
            for target, led in rows.items()
        ),
        again=tuple(way.name for way in found if way.target in {name, ""}),
    )


def _label(led: list[Way]) -> str:
    said = ", ".join(way.says or way.name for way in led)
    return "" if said == "next" else said if len(said) <= _MOST_SAID else said[:_MOST_SAID] + "…"


def _backward(flow: FlowPlan) -> set[tuple[NodeId, NodeId]]:
    """Lines that close a ring, when the flow is walked from its entry, ways in their order."""
    back: set[tuple[NodeId, NodeId]] = set()
    done: set[NodeId] = set()
    for start in (flow.entry, *flow.nodes):
        way: list[NodeId] = []
        ahead = [(start, False)]
        while ahead:
            name, leave = ahead.pop()
            if leave:
                way.pop()
                continue
            if name in done or name not in flow.nodes:
                continue
            done.add(name)
            way.append(name)
            ahead.append((name, True))
            for target in dict.fromkeys(w.target for w in reversed(ways(flow.nodes[name])) if w.target):
                if target in way:
                    back.add((name, target))
                elif target not in done:
                    ahead.append((target, False))
    return back
