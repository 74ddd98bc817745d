"""The node that finds out whether anybody is there: prompts, then a while to say or press something.

A key counts at any time, a voice only after the prompts, whose echo might be taken for one. Must not know how a voice
is told from silence.
"""

from __future__ import annotations

from acd.domain.flow_media import SilenceCheckNode
from acd.domain.ids import NodeId
from acd.engine.ivr.actions import AnswerCall
from acd.engine.ivr.sound import Listen
from acd.engine.ivr.walk import Walk


def begin(walk: Walk, node: SilenceCheckNode) -> NodeId | None:
    """Speak, then listen; who pressed a key before is there, and means it for the next menu."""
    walk.do(AnswerCall())
    if walk.position.ahead:
        return node.next
    if node.prompts:
        walk.speak(node.prompts)
    else:
        listen(walk, node)
    return None


def listen(walk: Walk, node: SilenceCheckNode) -> None:
    """The prompts are over."""
    walk.move(listening=True)
    walk.do(Listen())
    walk.wait(node.timeout_s)


def silent(walk: Walk, node: SilenceCheckNode) -> NodeId:
    """Nothing was heard."""
    walk.key = "timeout"
    return node.silent
