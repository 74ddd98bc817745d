"""One caller's way through a flow within one event: from node to node, up to one that waits or ends.

``Walk`` gathers what is to be done. ``go`` walks; what a single kind of node does stands in the modules beside this
one. Nothing here knows channels, queues' contents or clocks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from acd.domain.commands import Spoken
from acd.domain.copies import replace
from acd.domain.errors import ExpressionError
from acd.domain.flow import FlowPlan, Node
from acd.domain.flow_path import KeyClass, PathStep
from acd.domain.flow_values import Expression, Value, VariableType
from acd.domain.ids import FlowId, Language, NodeId, PlaybackId, PromptKey
from acd.engine.ivr.actions import (
    BROKEN,
    Action,
    Await,
    Hush,
    InVain,
    Miscarry,
    Outcome,
    Remember,
    Silence,
    Speak,
    UseLanguage,
    Visit,
)
from acd.engine.ivr.scene import Scene
from acd.engine.ivr.sound import Abandon, StopListening
from acd.engine.state import Position

MAX_INSTANT_NODES = 100
"""Nodes walked through without waiting; the configuration check refuses such loops, this stops what slips by."""
_EMPTY: dict[VariableType, Value] = {"text": "", "digits": "", "number": 0, "boolean": False, "date": "", "time": ""}

PLAIN_WAYS = ("otherwise", "missing", "failed", "next")
"""Fields of nodes with expressions that name where a caller goes for whom there is nothing better; the first it has."""
Step: TypeAlias = Callable[["Walk", Node], NodeId | None]
"""What a kind of node does on being entered. Gives the node to go on at, None when the walk ends or waits here."""


class Walk:
    """The walk of one event. ``position``, ``variables`` and ``language`` are as of now, not as of its beginning."""

    __slots__ = ("_changed", "actions", "key", "language", "position", "scene", "variables")

    def __init__(self, scene: Scene, position: Position) -> None:
        self.scene = scene
        self.position = position
        self.actions: list[Action] = []
        self.variables: dict[str, Value] = scene.contact.variables
        self.language: Language | None = scene.contact.language
        self.key: KeyClass = "none"
        """How the caller comes to the next node."""
        self._changed = False

    @property
    def flow(self) -> FlowPlan | None:
        """The flow the caller is in, in the caller's version."""
        return self.scene.flow(self.position.flow, self.position.version)

    def do(self, *actions: Action) -> None:
        """Want something done."""
        self.actions.extend(actions)

    def move(self, **changes: Any) -> None:
        """Change the position."""
        self.position = replace(self.position, **changes)

    def visit(self) -> None:
        """Note that the caller came to this node."""
        self.do(Visit(self._here()))
        self.key = "none"

    def in_vain(self, why: KeyClass) -> None:
        """Note that the caller's try at this node came to nothing; the next step is taken because of that."""
        self.key = why
        self.do(InVain(self._here()))

    def _here(self) -> PathStep:
        return PathStep(self.scene.at, self.position.flow, self.position.node, self.key)

    def keep(self, variable: str, value: Value) -> None:
        """Set a variable."""
        self.variables = {**self.variables, variable: value}
        self._changed = True

    def begin(self, flow: FlowPlan, variables: dict[str, Value] | None = None) -> None:
        """Be in a flow, with its own variables, empty but for those given."""
        self.move(flow=flow.id, version=flow.version, trail=())
        if self.variables or flow.variables:
            self.variables = {name: _EMPTY[type_] for name, type_ in flow.variables.items()} | (variables or {})
            self._changed = True

    def come_back(self, variables: dict[str, Value]) -> None:
        """Have these variables again."""
        self.variables = variables
        self._changed = True

    def use(self, language: Language) -> None:
        """Speak a language from here on."""
        self.language = language
        self.do(UseLanguage(language))

    def value(self, expression: Expression) -> Value:
        """Evaluate. Raises ``ExpressionError``, which ``go`` turns into the node's error branch."""
        return self.scene.evaluate(expression, self)

    def speak(self, prompts: tuple[PromptKey | Spoken, ...]) -> None:
        """Say prompts; their end comes back as ``playback_ended``."""
        number = self.position.plays + 1
        playback = PlaybackId(f"acd-p-{self.scene.contact.id}-{number}")
        self.move(playback=playback, plays=number)
        self.do(Speak(playback, prompts, self.wordings(prompts)))

    def wordings(self, prompts: tuple[PromptKey | Spoken, ...]) -> tuple[str, ...]:
        """Give the wording that each prompt has in the caller's version of the flow."""
        flow, language = self.flow, self.language
        if flow is None or not flow.wordings or language is None:
            return ()
        known = flow.wordings
        return tuple(known.get(said, {}).get(language, "") if not isinstance(said, Spoken) else "" for said in prompts)

    def wait(self, seconds: float) -> None:
        """Have ``timeout`` called later."""
        self.do(Await(seconds))

    def outcome(self) -> Outcome:
        """The walk's end: the position, and what is to be done."""
        if self._changed:
            return self.position, [Remember(self.variables), *self.actions]
        return self.position, self.actions


def go(walk: Walk, node_id: NodeId | None, step: Step) -> None:
    """Go to a node, through those that need nothing of the caller."""
    for _ in range(MAX_INSTANT_NODES):
        if node_id is None:
            return
        if walk.position.music:
            walk.do(Silence())
        if walk.position.listening:
            walk.do(StopListening())
        if walk.position.take is not None:
            walk.do(Abandon(walk.position.take))
        walk.move(
            node=node_id,
            playback=None,
            tries=0,
            digits="",
            item=0,
            music=False,
            question=None,
            take=None,
            listening=False,
        )
        walk.visit()
        node = walk.scene.node(walk.position)
        if node is None:
            break
        try:
            node_id = step(walk, node)
        except ExpressionError:
            walk.do(Miscarry(walk.position.flow, node.id))
            node_id = error_way(walk, node)
            if node_id is None:
                break
    walk.do(BROKEN)


def error_way(walk: Walk, node: Node) -> NodeId | None:
    """Where a node leads whose expression has no value: its own branch, else the flow's; never to itself.

    Without either the caller is led on as one for whom nothing was found: an expression ends no call.
    """
    flow = walk.flow
    ways = (
        getattr(node, "error", None),
        flow.on_error if flow is not None else None,
        *(getattr(node, name, None) for name in PLAIN_WAYS),
    )
    return next((way for way in ways if way and way != node.id), None)


def hushing(before: Position, walk: Walk) -> Outcome:
    """End the walk of a key that was pressed while something was said: that is cut first."""
    if before.playback is None:
        return walk.outcome()
    if walk.position.playback == before.playback:
        walk.move(playback=None)
    position, actions = walk.outcome()
    return position, [Hush(before.playback), *actions]


def flow_named(scene: Scene, flow: FlowId) -> FlowPlan | None:
    """A flow in its current version."""
    return scene.plan.flows.get(flow)
