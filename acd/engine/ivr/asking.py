"""Nodes that ask for keys: a menu for one, a collection for several. Tries, silence and wrong keys alike.

Must not know what comes before or after them.
"""

from __future__ import annotations

from acd.domain.flow_path import KeyClass
from acd.domain.flow_talk import CollectNode, MenuNode
from acd.domain.ids import NodeId, PromptKey
from acd.engine.ivr.checks import checked
from acd.engine.ivr.walk import Walk

_CLASSES: dict[str, KeyClass] = {"*": "star", "#": "hash"}


def key_class(key: str) -> KeyClass:
    """What of a key may be kept: its kind."""
    return _CLASSES.get(key) or ("digit" if key.isdecimal() else "letter")


def begin(walk: Walk, node: MenuNode | CollectNode) -> NodeId | None:
    """Say what is asked for, unless the key was pressed ahead."""
    if isinstance(node, MenuNode):
        trail = walk.position.trail
        walk.move(trail=(*(trail[: trail.index(node.id)] if node.id in trail else trail), node.id))
    key = walk.position.ahead
    walk.move(ahead="")
    if node.barge_in and key:
        walk.key = key_class(key)
        return pressed(walk, node, key)
    walk.speak(node.prompts)
    return None


def listens(walk: Walk, node: MenuNode | CollectNode) -> bool:
    """Whether a key counts now: one pressed during a prompt that may not be interrupted is lost."""
    return node.barge_in or walk.position.playback is None


def pressed(walk: Walk, node: MenuNode | CollectNode, key: str) -> NodeId | None:
    """A key that counts."""
    if isinstance(node, CollectNode):
        return _collect(walk, node, key)
    chosen = next((choice.next for choice in node.choices if choice.digit == key), None)
    if chosen is None and key == node.repeat:
        chosen = node.id
    if chosen is None and key == node.back and len(walk.position.trail) > 1:
        chosen = walk.position.trail[-2]
    return chosen if chosen is not None else _again(walk, node, node.invalid_prompts, "invalid")


def silent(walk: Walk, node: MenuNode | CollectNode) -> NodeId | None:
    """No key came in time."""
    if isinstance(node, CollectNode) and walk.position.digits:
        return _collected(walk, node)
    return _again(walk, node, node.timeout_prompts, "timeout")


def _collect(walk: Walk, node: CollectNode, key: str) -> NodeId | None:
    if key != node.terminator:
        walk.move(digits=walk.position.digits + key)
        if len(walk.position.digits) < node.max_digits:
            walk.wait(node.inter_digit_s)
            return None
    return _collected(walk, node)


def _collected(walk: Walk, node: CollectNode) -> NodeId | None:
    digits = walk.position.digits
    right = len(digits) >= node.min_digits and digits.isdecimal() and digits.isascii()
    value = checked(digits, node.check) if right else None
    if value is None:
        return _again(walk, node, node.invalid_prompts, "invalid")
    number = walk.flow is not None and walk.flow.variables.get(node.variable) == "number"
    walk.keep(node.variable, int(value) if number else value)
    return node.next


def _again(walk: Walk, node: MenuNode | CollectNode, why: tuple[PromptKey, ...], key: KeyClass) -> NodeId | None:
    walk.in_vain(key)
    if walk.position.tries >= node.retries:
        return node.failed
    walk.move(tries=walk.position.tries + 1, digits="")
    walk.speak((*why, *node.prompts))
    return None
