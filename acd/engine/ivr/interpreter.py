"""The IVR interpreter: where a caller goes next in a flow, and what is said meanwhile.

``enter`` walks through nodes that need nothing from the caller until one that waits (for a prompt, keys, an agent) or
ends. ``digit``, ``playback_ended`` and ``timeout`` go on from there. Each returns the new position and the actions, in
order.
"""

from __future__ import annotations

from typing import assert_never

from acd.domain.copies import replace
from acd.domain.events import DataFetched
from acd.domain.flow import (
    AnswerNode,
    BranchNode,
    CallbackNode,
    GateNode,
    GotoNode,
    HangUpNode,
    HoursNode,
    LanguageNode,
    Node,
    QueueNode,
    ReturnNode,
    SetNode,
    SubflowNode,
    TransferNode,
    WaitNode,
)
from acd.domain.flow_data import EventNode, HttpNode, LookupNode
from acd.domain.flow_media import RecordNode, SilenceCheckNode, VoicemailNode
from acd.domain.flow_talk import CollectNode, ConsentNode, MenuNode, PlayNode, SayNode, SurveyNode
from acd.domain.ids import FlowId, NodeId, PlaybackId
from acd.domain.record import RecordingRow
from acd.engine import calendars
from acd.engine.ivr import asking, consent, control, fetch, gate, listening, recording, say, survey
from acd.engine.ivr.actions import BROKEN, AnswerCall, Finish, Music, Outcome, ToCallback, ToDialplan, ToQueue
from acd.engine.ivr.scene import Scene
from acd.engine.ivr.walk import Walk, flow_named, go, hushing
from acd.engine.state import Position
from acd.engine.take_state import Take


def start(scene: Scene, flow: FlowId) -> Outcome:
    """Begin a flow in its first language."""
    found = flow_named(scene, flow)
    if found is None:
        return Position(flow, NodeId("")), [BROKEN]
    walk = Walk(scene, Position(flow, found.entry))
    walk.begin(found)
    walk.use(found.languages[0])
    go(walk, found.entry, _step)
    return walk.outcome()


def enter(scene: Scene, position: Position, node: NodeId) -> Outcome:
    """Go to a node of the flow the position is in."""
    walk = Walk(scene, position)
    go(walk, node, _step)
    return walk.outcome()


def enter_flow(scene: Scene, position: Position, flow: FlowId, node: NodeId) -> Outcome:
    """Go to a node of another flow; nothing comes back from there."""
    walk = Walk(scene, replace(position, stack=()))
    found = flow_named(scene, flow)
    if found is None or flow == position.flow:
        walk.move(flow=flow)
    else:
        walk.begin(found)
    go(walk, node, _step)
    return walk.outcome()


def digit(scene: Scene, position: Position, key: str) -> Outcome:
    """A key was pressed. During a prompt that may not be interrupted it is lost, as the caller is told to listen."""
    walk = Walk(scene, position)
    walk.key = asking.key_class(key)
    node = scene.node(position)
    match node:
        case PlayNode(barge_in=True) | SayNode(barge_in=True):
            walk.move(ahead=key)
            go(walk, node.next, _step)
        case MenuNode() | CollectNode() if asking.listens(walk, node):
            go(walk, asking.pressed(walk, node, key), _step)
        case ConsentNode():
            go(walk, consent.pressed(walk, node, key), _step)
        case SurveyNode():
            go(walk, survey.pressed(walk, node, key), _step)
        case RecordNode() | VoicemailNode() if recording.listens(walk, node):
            go(walk, recording.pressed(walk, node, key), _step)
        case SilenceCheckNode():
            go(walk, node.next, _step)
        case _:
            return position, []
    return hushing(position, walk)


def playback_ended(scene: Scene, position: Position, playback: PlaybackId) -> Outcome:
    """A prompt was spoken to its end, or failed. The end of any other playback changes nothing."""
    if playback != position.playback:
        return position, []
    walk = Walk(scene, replace(position, playback=None))
    node = scene.node(position)
    match node:
        case None:
            _restart(walk)
        case PlayNode() | SayNode():
            go(walk, node.next, _step)
        case MenuNode() | CollectNode() | ConsentNode() | SurveyNode():
            walk.wait(node.timeout_s)
        case HttpNode():
            go(walk, fetch.heard(walk, node), _step)
        case RecordNode() | VoicemailNode():
            recording.spoken(walk, node)
        case SilenceCheckNode():
            listening.listen(walk, node)
        case _:
            go(walk, node.id, _step)  # a reload made another node of it
    return walk.outcome()


def timeout(scene: Scene, position: Position) -> Outcome:
    """No key came in time, or a wait is over."""
    walk = Walk(scene, position)
    node = scene.node(position)
    match node:
        case None:
            _restart(walk)
        case MenuNode() | CollectNode():
            go(walk, asking.silent(walk, node), _step)
        case ConsentNode():
            go(walk, consent.silent(walk, node), _step)
        case SurveyNode():
            go(walk, survey.silent(walk, node), _step)
        case WaitNode():
            go(walk, node.next, _step)
        case HttpNode():
            go(walk, fetch.onward(walk, node.timed_out, "timeout"), _step)
        case RecordNode() | VoicemailNode():
            go(walk, recording.time_up(walk, node), _step)
        case SilenceCheckNode():
            go(walk, listening.silent(walk, node), _step)
        case _:
            go(walk, node.id, _step)  # a reload made another node of it
    return walk.outcome()


def data_fetched(scene: Scene, position: Position, event: DataFetched) -> Outcome:
    """Another system answered the question at this position, or will not."""
    walk = Walk(scene, position)
    node = scene.node(position)
    match node:
        case None:
            _restart(walk)
        case HttpNode():
            go(walk, fetch.answered(walk, node, event), _step)
        case _:
            go(walk, node.id, _step)  # a reload made another node of it
    return walk.outcome()


def talking(scene: Scene, position: Position) -> Outcome:
    """The caller said something. Where nobody listens for that it changes nothing."""
    node = scene.node(position)
    if not position.listening or not isinstance(node, SilenceCheckNode):
        return position, []
    return enter(scene, position, node.next)


def recording_over(scene: Scene, position: Position, take: Take) -> Outcome:
    """The recording at this position has ended."""
    walk = Walk(scene, position)
    recording.over(walk, take)
    return walk.outcome()


def recording_judged(scene: Scene, position: Position, verdict: recording.Verdict, row: RecordingRow) -> Outcome:
    """The file of the recording at this position was looked at."""
    walk = Walk(scene, position)
    node = scene.node(position)
    match node:
        case RecordNode() | VoicemailNode() if position.take is not None:
            go(walk, recording.judged(walk, node, position.take, verdict, row), _step)
        case None:
            _restart(walk)
        case _:
            go(walk, node.id, _step)  # a reload made another node of it
    return walk.outcome()


def resume(scene: Scene, position: Position) -> Outcome:
    """Begin the node again after an interval in which a prompt's end or a key may have been missed.

    Keys collected so far are kept when nothing was being said; a node the plan no longer has leads to the flow's entry.
    """
    walk = Walk(scene, replace(position, ahead=""))
    node = scene.node(position)
    match node:
        case None:
            _restart(walk)
        case CollectNode() if position.digits:
            walk.wait(node.inter_digit_s)
            return walk.outcome()
        case RecordNode() | VoicemailNode() if position.take is not None:
            recording.resume(walk, node, position.take)
        case _:
            go(walk, position.node, _step)
    return hushing(position, walk)


def _restart(walk: Walk) -> None:
    """Go to the flow's entry: a reload took the caller's node away. Language and playbacks' numbers go on."""
    walk.move(ahead="")
    found = walk.flow
    go(walk, found.entry if found else walk.position.node, _step)


def _step(walk: Walk, node: Node) -> NodeId | None:
    """Enter a node: what it does, and where that leads; None when it waits or ends."""
    match node:
        case AnswerNode():
            walk.do(AnswerCall())
            return node.next
        case LanguageNode():
            walk.use(node.language)
            return node.next
        case HoursNode():
            return _by_hours(walk, node)
        case PlayNode():
            return _play(walk, node)
        case SayNode():
            return say.begin(walk, node)
        case MenuNode() | CollectNode():
            return asking.begin(walk, node)
        case SetNode():
            return control.assign(walk, node)
        case BranchNode():
            return control.branch(walk, node)
        case LookupNode():
            return control.look_up(walk, node)
        case GotoNode():
            return control.go_to(walk, node)
        case SubflowNode():
            return control.call(walk, node)
        case ReturnNode():
            return control.come_back(walk)
        case WaitNode():
            _wait(walk, node)
        case HttpNode():
            fetch.ask(walk, node)
        case EventNode():
            return fetch.tell(walk, node)
        case ConsentNode():
            consent.begin(walk, node)
        case SurveyNode():
            return survey.begin(walk, node)
        case GateNode():
            return gate.judge(walk, node)
        case CallbackNode():
            walk.do(ToCallback(node))
        case RecordNode() | VoicemailNode():
            return recording.begin(walk, node)
        case SilenceCheckNode():
            return listening.begin(walk, node)
        case QueueNode():
            walk.do(ToQueue(node))
        case TransferNode():
            walk.do(ToDialplan(node))
        case HangUpNode():
            walk.do(Finish(node.exit, node.cause))
        case _:
            assert_never(node)
    return None


def _by_hours(walk: Walk, node: HoursNode) -> NodeId | None:
    calendar = walk.scene.plan.calendars.get(node.calendar)
    if calendar is None:
        walk.do(BROKEN)
        return None
    branches = {"open": node.open, "closed": node.closed, "holiday": node.holiday}
    return branches[calendars.read(calendar, walk.scene.at).state]


def _play(walk: Walk, node: PlayNode) -> NodeId | None:
    if node.barge_in and walk.position.ahead:
        return node.next
    walk.speak(node.prompts)
    return None


def _wait(walk: Walk, node: WaitNode) -> None:
    if node.music is not None:
        walk.do(Music(node.music))
        walk.move(music=True)
    walk.wait(node.seconds)
