"""The notice a caller agrees to or not, and what is kept of that.

Decides what a key and silence mean. Must not know what is recorded.
"""

from __future__ import annotations

from acd.domain.flow_path import Consent
from acd.domain.flow_talk import ConsentNode
from acd.domain.ids import NodeId
from acd.engine.ivr.actions import Agree
from acd.engine.ivr.walk import Walk


def begin(walk: Walk, node: ConsentNode) -> None:
    """Say the notice. A key pressed ahead is no answer to what was not heard; it waits for the next menu."""
    walk.speak(node.prompts)


def pressed(walk: Walk, node: ConsentNode, key: str) -> NodeId:
    """A key, during the notice or after it."""
    if key == node.refuse:
        return _said(walk, node, key, given=False)
    if key != node.accept:
        walk.move(ahead=key)
        key = ""
    return _said(walk, node, key, given=bool(key) or node.silence)


def silent(walk: Walk, node: ConsentNode) -> NodeId:
    """No key came in time."""
    return _said(walk, node, "", given=node.silence)


def _said(walk: Walk, node: ConsentNode, key: str, *, given: bool) -> NodeId:
    at, position = walk.scene.at, walk.position
    walk.do(Agree(Consent(at, position.flow, node.id, node.version, walk.language, key, given)))
    return node.next if given else node.refused
