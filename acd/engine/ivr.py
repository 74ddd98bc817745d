"""The IVR interpreter: where a caller goes next in a flow, and what is said meanwhile.

``enter`` walks through nodes that need nothing from the caller until one that waits (for a prompt, keys, an agent) or
ends. ``digit``, ``playback_ended`` and ``timeout`` go on from there. Each returns the new position and the actions, in
order. Nothing here knows channels, queues' contents or clocks: the calendar is read at the time that comes in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias, assert_never
from zoneinfo import ZoneInfo

from acd.domain.copies import replace
from acd.domain.exits import Exit
from acd.domain.flow import (
    AnswerNode,
    CollectNode,
    HangUpNode,
    HoursNode,
    LanguageNode,
    MenuNode,
    Node,
    PlayNode,
    QueueNode,
    TransferNode,
)
from acd.domain.ids import ContactId, FlowId, Language, NodeId, PlaybackId, PromptKey
from acd.domain.plan import CalendarPlan, Plan
from acd.engine.state import Position

MAX_INSTANT_NODES = 100
"""Nodes walked through without waiting; the configuration check refuses such loops, this stops what slips by."""


@dataclass(frozen=True, slots=True)
class AnswerCall:
    """Answer the caller if that was not done."""


@dataclass(frozen=True, slots=True)
class Speak:
    """Say prompts under this playback id."""

    playback: PlaybackId
    prompts: tuple[PromptKey, ...]


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop this playback."""

    playback: PlaybackId


@dataclass(frozen=True, slots=True)
class Await:
    """Call ``timeout`` after so many seconds without a key; replaces the wait before."""

    seconds: float


@dataclass(frozen=True, slots=True)
class UseLanguage:
    """Speak this language from here on."""

    language: Language


@dataclass(frozen=True, slots=True)
class Keep:
    """Remember what the caller entered."""

    variable: str
    value: str


@dataclass(frozen=True, slots=True)
class ToQueue:
    """Wait for an agent by this node."""

    node: QueueNode


@dataclass(frozen=True, slots=True)
class ToDialplan:
    """Hand the caller over to the dialplan."""

    node: TransferNode


@dataclass(frozen=True, slots=True)
class Finish:
    """End the call."""

    exit: Exit
    cause: int


Action: TypeAlias = AnswerCall | Speak | Hush | Await | UseLanguage | Keep | ToQueue | ToDialplan | Finish
Outcome: TypeAlias = tuple[Position, list[Action]]
BROKEN = Finish(Exit.FAILED_TECHNICAL, 41)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def opening(calendar: CalendarPlan, at: float) -> Literal["open", "closed", "holiday"]:
    """Read a calendar at ``at`` (seconds since the epoch)."""
    local = datetime.fromtimestamp(at, _zone(calendar.time_zone))
    if local.date().isoformat() in calendar.holidays:
        return "holiday"
    since_midnight = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    minute = since_midnight / timedelta(minutes=1)
    weekday = local.isoweekday()
    if any(h.weekday == weekday and h.opens_min <= minute < h.closes_min for h in calendar.hours):
        return "open"
    return "closed"


def node_of(plan: Plan, flow: FlowId, node: NodeId) -> Node | None:
    """Look a node up; None when the plan no longer has it."""
    found = plan.flows.get(flow)
    return found.nodes.get(node) if found else None


def start(plan: Plan, contact: ContactId, flow: FlowId, at: float) -> Outcome:
    """Begin a flow in its first language."""
    found = plan.flows.get(flow)
    if found is None:
        return Position(flow, NodeId("")), [BROKEN]
    position, actions = enter(plan, contact, Position(flow, found.entry), found.entry, at)
    return position, [UseLanguage(found.languages[0]), *actions]


def _restart(plan: Plan, contact: ContactId, position: Position, at: float) -> Outcome:
    """Go to the flow's entry: a reload took the caller's node away. Language and playbacks' numbers go on."""
    found = plan.flows.get(position.flow)
    entry = found.entry if found else position.node
    return enter(plan, contact, replace(position, ahead=""), entry, at)


def enter(plan: Plan, contact: ContactId, position: Position, node_id: NodeId, at: float) -> Outcome:
    """Go to a node, through those that need nothing of the caller."""
    actions: list[Action] = []
    for _ in range(MAX_INSTANT_NODES):
        position = replace(position, node=node_id, playback=None, tries=0, digits="")
        node = node_of(plan, position.flow, node_id)
        match node:
            case None:
                return position, [*actions, BROKEN]
            case AnswerNode():
                actions.append(AnswerCall())
                node_id = node.next
            case LanguageNode():
                actions.append(UseLanguage(node.language))
                node_id = node.next
            case HoursNode():
                branches = {"open": node.open, "closed": node.closed, "holiday": node.holiday}
                calendar = plan.calendars.get(node.calendar)
                if calendar is None:
                    return position, [*actions, BROKEN]
                node_id = branches[opening(calendar, at)]
            case PlayNode():
                if node.barge_in and position.ahead:
                    node_id = node.next
                    continue
                position, spoken = _speak(contact, position, node.prompts)
                return position, [*actions, *spoken]
            case MenuNode() | CollectNode():
                key, position = position.ahead, replace(position, ahead="")
                if node.barge_in and key:
                    position, more = digit(plan, contact, position, key, at)
                else:
                    position, more = _speak(contact, position, node.prompts)
                return position, [*actions, *more]
            case QueueNode():
                return position, [*actions, ToQueue(node)]
            case TransferNode():
                return position, [*actions, ToDialplan(node)]
            case HangUpNode():
                return position, [*actions, Finish(node.exit, node.cause)]
            case _:
                assert_never(node)
    return position, [*actions, BROKEN]


def _speak(contact: ContactId, position: Position, prompts: tuple[PromptKey, ...]) -> Outcome:
    playback = PlaybackId(f"acd-p-{contact}-{position.plays + 1}")
    return replace(position, playback=playback, plays=position.plays + 1), [Speak(playback, prompts)]


def digit(plan: Plan, contact: ContactId, position: Position, key: str, at: float) -> Outcome:
    """A key was pressed. During a prompt that may not be interrupted it is lost, as the caller is told to listen."""
    node = node_of(plan, position.flow, position.node)
    match node:
        case PlayNode(barge_in=True):
            return _with_hush(position, enter(plan, contact, replace(position, ahead=key), node.next, at))
        case MenuNode() if node.barge_in or position.playback is None:
            chosen = next((choice.next for choice in node.choices if choice.digit == key), None)
            if chosen is not None:
                return _with_hush(position, enter(plan, contact, position, chosen, at))
            return _with_hush(position, _again(plan, contact, position, node, node.invalid_prompts, at))
        case CollectNode() if node.barge_in or position.playback is None:
            return _with_hush(position, _collect(plan, contact, position, node, key, at))
        case _:
            return position, []


def _with_hush(before: Position, outcome: Outcome) -> Outcome:
    position, actions = outcome
    if before.playback is None:
        return outcome
    if position.playback == before.playback:
        position = replace(position, playback=None)
    return position, [Hush(before.playback), *actions]


def _collect(plan: Plan, contact: ContactId, position: Position, node: CollectNode, key: str, at: float) -> Outcome:
    if key != node.terminator:
        position = replace(position, digits=position.digits + key)
        if len(position.digits) < node.max_digits:
            return position, [Await(node.inter_digit_s)]
    return _collected(plan, contact, position, node, at)


def _collected(plan: Plan, contact: ContactId, position: Position, node: CollectNode, at: float) -> Outcome:
    digits = position.digits
    if len(digits) < node.min_digits or not digits.isdecimal():
        return _again(plan, contact, position, node, node.invalid_prompts, at)
    position, actions = enter(plan, contact, position, node.next, at)
    return position, [Keep(node.variable, digits), *actions]


def _again(
    plan: Plan,
    contact: ContactId,
    position: Position,
    node: MenuNode | CollectNode,
    why: tuple[PromptKey, ...],
    at: float,
) -> Outcome:
    if position.tries >= node.retries:
        return enter(plan, contact, position, node.failed, at)
    position = replace(position, tries=position.tries + 1, digits="")
    return _speak(contact, position, (*why, *node.prompts))


def playback_ended(plan: Plan, contact: ContactId, position: Position, playback: PlaybackId, at: float) -> Outcome:
    """A prompt was spoken to its end, or failed. The end of any other playback changes nothing."""
    if playback != position.playback:
        return position, []
    node = node_of(plan, position.flow, position.node)
    position = replace(position, playback=None)
    match node:
        case None:
            return _restart(plan, contact, position, at)
        case PlayNode():
            return enter(plan, contact, position, node.next, at)
        case MenuNode() | CollectNode():
            return position, [Await(node.timeout_s)]
        case _:
            return enter(plan, contact, position, node.id, at)  # a reload made another node of it


def timeout(plan: Plan, contact: ContactId, position: Position, at: float) -> Outcome:
    """No key came in time."""
    node = node_of(plan, position.flow, position.node)
    match node:
        case None:
            return _restart(plan, contact, position, at)
        case CollectNode() if position.digits:
            return _collected(plan, contact, position, node, at)
        case MenuNode() | CollectNode():
            return _again(plan, contact, position, node, node.timeout_prompts, at)
        case _:
            return enter(plan, contact, position, node.id, at)  # a reload made another node of it


def resume(plan: Plan, contact: ContactId, position: Position, at: float) -> Outcome:
    """Begin the node again after an interval in which a prompt's end or a key may have been missed.

    Keys collected so far are kept when nothing was being said; a node the plan no longer has leads to the flow's entry.
    """
    node = node_of(plan, position.flow, position.node)
    match node:
        case None:
            return _with_hush(position, _restart(plan, contact, position, at))
        case CollectNode() if position.digits:
            return position, [Await(node.inter_digit_s)]
        case _:
            return _with_hush(position, enter(plan, contact, replace(position, ahead=""), position.node, at))
