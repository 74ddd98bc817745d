"""What differs between two versions of flows: nodes, ways, prompts' texts, and the test cases that come out otherwise.

Decides what counts as a difference. Must not know where versions are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from acd.domain.flow import FlowPlan, Node
from acd.domain.flow_values import Expression, Template
from acd.flows.cases import Cases
from acd.flows.drawing.graph import Texts, prompts_of
from acd.flows.running import Result, run
from acd.flows.ways import marked, ways
from acd.settings.values import Settings

_FLOW_KEYS = ("entry", "languages", "variables", "on_error")


def differences(old: Settings, new: Settings, names: Iterable[str] = ()) -> list[str]:
    """Tell what differs in some flows, by default in all, and in what they say."""
    wanted = list(names) or list(dict.fromkeys((*old.plan.flows, *new.plan.flows)))
    was, now = ({str(k): v for k, v in one.plan.flows.items()} for one in (old, new))
    told: list[str] = []
    for name in wanted:
        before, after = was.get(name), now.get(name)
        if before is None or after is None:
            told += [f"{name}: added"] if after is not None else [f"{name}: removed"] if before is not None else []
            continue
        told += [f"{name}: {line}" for line in _flow(before, after)]
    flows = [flows[name] for flows in (was, now) for name in wanted if name in flows]
    return [*told, *_texts(old.prompts.texts, new.prompts.texts, flows)]


def outcomes(old: Settings, new: Settings, suite: Iterable[Cases]) -> list[str]:
    """Tell which test cases come out otherwise, or take another way."""
    before, after = marked(old.plan), marked(new.plan)
    told: list[str] = []
    for cases in suite:
        if cases.flow not in before.flows or cases.flow not in after.flows:
            continue
        for case in cases.cases:
            first, then = run(case, before), run(case, after)
            if (said := _outcome(first, then)) is not None:
                told.append(f"{cases.flow}: case '{case.name}' {said}")
    return told


def _outcome(old: Result, new: Result) -> str | None:
    was, now = (result.failure.message if result.failure is not None else None for result in (old, new))
    if was is None and now is None:
        return None if old.way == new.way else f"takes another way\n    was: {old.way}\n    now: {new.way}"
    if was is None:
        return f"fails now: {now}"
    if now is None:
        return f"passes now; it failed: {was}"
    return None if was == now else f"fails otherwise: {now}"


def _flow(old: FlowPlan, new: FlowPlan) -> Iterator[str]:
    for key in _FLOW_KEYS:
        was, now = getattr(old, key), getattr(new, key)
        if was != now:
            yield f"{key} {_shown(was)} -> {_shown(now)}"
    for name in new.nodes:
        if name not in old.nodes:
            yield f"node {name} added ({new.nodes[name].kind})"
    for name, node in old.nodes.items():
        if name not in new.nodes:
            yield f"node {name} removed ({node.kind})"
        elif new.nodes[name] != node:
            yield from (f"node {name}: {line}" for line in _node(node, new.nodes[name]))


def _node(old: Node, new: Node) -> Iterator[str]:
    if old.kind != new.kind:
        yield f"kind {old.kind} -> {new.kind}"
    was, now = ({way.name: way for way in ways(node) if way.target != node.id} for node in (old, new))
    for name in dict.fromkeys((*was, *now)):
        before, after = was.get(name), now.get(name)
        if before is None and after is not None:
            yield f"way [{name}] added, to {after.target}"
        elif after is None and before is not None:
            yield f"way [{name}] removed, it led to {before.target}"
        elif before is not None and after is not None and before.target != after.target:
            yield f"way [{name}] leads to {after.target}, not {before.target}"
        elif before is not None and after is not None and before.says != after.says:
            yield f"way [{name}] when {after.says}, not {before.says}"
    led = {way.target for node in (old, new) for way in ways(node)}
    for key in dict.fromkeys(field.name for node in (old, new) for field in fields(node)):
        before_value, after_value = getattr(old, key, None), getattr(new, key, None)
        if before_value != after_value and not _is_way(before_value, after_value, led) and key != "kind":
            yield f"{key} {_shown(before_value)} -> {_shown(after_value)}"


def _is_way(old: Any, new: Any, targets: set[Any]) -> bool:
    """Whether a field only names nodes, which was told already."""
    held = [value for value in (old, new) if value]
    return all(
        (isinstance(value, str) and value in targets)
        or (isinstance(value, tuple) and all(is_dataclass(part) and _targets(part) & targets for part in value))
        for value in held
    )


def _targets(part: Any) -> set[str]:
    found = (getattr(part, field.name) for field in fields(part))
    return {value for value in found if isinstance(value, str)}


def _shown(value: Any) -> str:
    match value:
        case None | "":
            return "none"
        case Expression():
            return value.source
        case Template():
            return "".join(p if isinstance(p, str) else "{{ " + p.source.strip() + " }}" for p in value.parts)
        case tuple() | list():
            return "[" + ", ".join(map(_shown, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{k}: {_shown(v)}" for k, v in value.items()) + "}"
        case _ if is_dataclass(value) and not isinstance(value, type):
            return "(" + ", ".join(f"{f.name} {_shown(getattr(value, f.name))}" for f in fields(value)) + ")"
        case _:
            return str(value)


def _texts(old: Texts, new: Texts, flows: Iterable[FlowPlan]) -> Iterator[str]:
    used = dict.fromkeys(prompt for flow in flows for node in flow.nodes.values() for prompt in prompts_of(node))
    for prompt in used:
        was, now = old.get(prompt, {}), new.get(prompt, {})
        for language in dict.fromkeys((*was, *now)):
            if was.get(language) != now.get(language):
                before, after = was.get(language, "nothing"), now.get(language, "nothing")
                yield f"prompt {prompt} [{language}]\n    was: {before}\n    now: {after}"
