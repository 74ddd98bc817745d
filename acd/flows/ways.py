"""Every way out of every kind of node, found in the nodes' own fields, and plans in which ways can be told apart.

A way is a field of a node, or of a part of it (a choice, a case), that names a node. New kinds of nodes need nothing
here. Two ways may lead to the same node, and what the engine tells of a caller's path is only the nodes. So ``marked``
makes a plan whose node names know the way they stand for: the engine carries them along like any other name. Decides
nothing about a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import Any, Self, TypeVar, Union, get_args, get_origin, get_type_hints

from acd.domain.flow import FlowPlan, Node
from acd.domain.flow_path import PathStep
from acd.domain.flow_values import Expression
from acd.domain.ids import FlowId, NodeId
from acd.domain.plan import Plan

T = TypeVar("T")
IN_VAIN = ("invalid", "timeout")
"""Ways that lead back to a node that asks: a wrong key, or none."""
_LABELS = ("digit", "key", "name", "outcome")
"""Fields by which a part of a node is called; in this order."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a node. ``name`` is unique in the node; ``says`` is the condition, where it has one.

    ``target`` is empty where callers go back to where they came from.
    """

    name: str
    target: NodeId
    says: str = ""


class Mark(str):
    """A node's name that knows the way by which it was reached."""

    __slots__ = ("origin", "way")
    origin: NodeId
    way: str

    def __new__(cls, target: str, origin: NodeId, way: str) -> Self:
        """Mark a name."""
        made = super().__new__(cls, target)
        made.origin, made.way = origin, way
        return made


@dataclass(frozen=True, slots=True)
class Step:
    """A way a caller took. ``name`` is empty where a caller came from outside the flow, or by a queue's limit."""

    flow: FlowId
    origin: NodeId
    name: str
    target: NodeId


def ways(node: Node) -> list[Way]:
    """Every way out of a node, those of a further try included."""
    found: list[Way] = []

    def note(name: str, target: NodeId, says: str) -> NodeId:
        found.append(Way(name, target, says))
        return target

    _mapped(node, note)
    if getattr(node, "repeat", ""):
        found.append(Way("repeat", node.id))
    if getattr(node, "back", ""):
        found.append(Way("back", NodeId("")))
    if hasattr(node, "timeout_prompts") and getattr(node, "retries", 0) > 0:
        found += [Way(why, node.id) for why in IN_VAIN]
    return found


def other_flow(node: Node) -> FlowId | None:
    """Give the flow that a node leads into."""
    return getattr(node, "flow", None)


def marked(plan: Plan) -> Plan:
    """Make a plan in which every name of a node, as the engine comes to it, knows its way."""
    return replace(plan, flows={name: _marked(flow) for name, flow in plan.flows.items()})


def steps(path: Iterable[PathStep]) -> Iterator[Step]:
    """Read the ways out of a path that was walked on a ``marked`` plan, further tries included.

    A name without a mark is one that the caller went back to, or hears again.
    """
    before: PathStep | None = None
    for step, after in pairwise([*path, None]):
        assert step is not None  # noqa: S101 - only the last one is
        node = step.node
        tried = before is not None and before.node is node and step.key in IN_VAIN
        was, before = before, step
        if not tried:
            yield _step(step, was)
        elif after is None or after.node is node or after.key not in IN_VAIN:  # else it was the last try
            yield Step(step.flow, node, step.key, node)


def _step(step: PathStep, before: PathStep | None) -> Step:
    node = step.node
    if isinstance(node, Mark):
        return Step(step.flow, node.origin, node.way, node)
    if before is None or before.flow != step.flow:
        return Step(step.flow, NodeId(""), "", node)
    return Step(step.flow, before.node, "repeat" if before.node == node else "back", node)


def _marked(flow: FlowPlan) -> FlowPlan:
    nodes = {}
    for name, node in flow.nodes.items():

        def mark(way: str, target: NodeId, _says: str, origin: NodeId = name) -> NodeId:
            return NodeId(Mark(target, origin, way))

        nodes[name] = _mapped(node, mark)
    entry = NodeId(Mark(flow.entry, NodeId(""), ""))
    on_error = NodeId(Mark(flow.on_error, NodeId(""), "")) if flow.on_error is not None else None
    return replace(flow, nodes=nodes, entry=entry, on_error=on_error)


# ---------------------------------------------------------------- fields

_Visit = Callable[[str, NodeId, str], NodeId]
_IS_NODE, _ARE_PARTS, _IS_MAPPING, _IS_PART = range(4)


def _mapped(value: T, visit: _Visit, prefix: str = "", says: str = "") -> T:
    """Give a copy in which each name of a node is what ``visit`` makes of it; in the order of the fields."""
    changes: dict[str, Any] = {}
    for name, kind in _naming(type(value)):  # type: ignore[arg-type] # every type is hashable
        held = getattr(value, name)
        if held is None:
            continue
        if kind == _IS_NODE:
            # A part that leads to one node is called by what it is, not by its field.
            own = name if not prefix else prefix if name == "next" else f"{prefix} {name}"
            changes[name] = visit(own, held, says)
        elif kind == _IS_MAPPING:
            changes[name] = {key: visit(str(key), target, "") for key, target in held.items()}
        elif kind == _IS_PART:
            changes[name] = _mapped(held, visit, name)
        else:
            changes[name] = tuple(
                _mapped(part, visit, *_called(name, number, part)) for number, part in enumerate(held, 1)
            )
    return replace(value, **changes) if changes else value  # type: ignore[type-var] # only dataclasses have any


def _called(name: str, number: int, part: object) -> tuple[str, str]:
    for field in _LABELS:
        if isinstance(label := getattr(part, field, None), str):
            return label, ""
    says = next((e.source for e in (getattr(part, f.name) for f in fields(part)) if isinstance(e, Expression)), "")  # type: ignore[arg-type] # a dataclass
    return f"{name.removesuffix('s')} {number}", says


@cache
def _naming(kind: type) -> tuple[tuple[str, int], ...]:
    """The fields of a dataclass that name nodes, and how."""
    hints = get_type_hints(kind)
    found = ((field.name, _kind(hints[field.name])) for field in fields(kind) if field.name != "id")
    return tuple((name, how) for name, how in found if how is not None)


def _kind(hint: Any) -> int | None:
    members = [m for m in _members(hint) if m is not NoneType]
    if NodeId in members:
        return _IS_NODE
    origin, arguments = get_origin(members[0]), get_args(members[0])
    if origin is dict and NodeId in arguments:
        return _IS_MAPPING
    if origin is tuple and any(map(_leads, _members(arguments[0]))):
        return _ARE_PARTS
    return _IS_PART if any(map(_leads, members)) else None


def _leads(kind: Any) -> bool:
    return isinstance(kind, type) and is_dataclass(kind) and bool(_naming(kind))


def _members(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
