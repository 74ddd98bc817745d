"""The shape of a queue's limits in queues.yaml, and the values made of it.

Decides which keys there are. Must not know whether what they name exists; ``limit_checks`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from acd.domain.ids import FlowId, NodeId, PromptKey, QueueId
from acd.domain.limits import BRANCH, Destination, Limits, ToCallback, ToNode, ToQueue
from acd.settings.fields import Count, Flag, Name, PositiveDuration, Strict
from acd.settings.media_file import Voicemail

if TYPE_CHECKING:
    from acd.settings.flow_file import FlowFile


class DestinationSection(Strict):
    """Where a caller goes: a queue, a node of a flow, or a callback; without any, the flow's own overflow branch."""

    queue: Name | None = None
    drop_language: Flag = False
    """In that queue an agent need not speak the caller's language."""
    prompt: Name | None = None
    """Said on the way to that queue."""
    flow: Name | None = None
    node: Name | None = None
    """Node of ``flow``, such as one that plays a message."""
    callback: Flag = False
    """A callback is offered that keeps the place."""
    voicemail: Name | None = None
    """A voicemail node by its name, or by the queue it is for; ``flow`` says which one where several are meant."""


class LengthSection(Strict):
    """Callers that may wait at once."""

    at_most: Count
    to: DestinationSection = DestinationSection()


class WaitSection(Strict):
    """Longest wait."""

    at_most: PositiveDuration | None = None
    by_language: dict[Name, PositiveDuration] = Field(default_factory=dict)
    """Of those who speak a language, where it is another."""
    to: DestinationSection = DestinationSection()


class EstimateSection(Strict):
    """Longest estimated wait with which a caller is let in while no agent is free."""

    at_most: PositiveDuration
    to: DestinationSection = DestinationSection()


class StaffSection(Strict):
    """Which agents count as there, of those who could serve the caller."""

    needs: Literal["logged_in", "ready"] = "logged_in"
    """``logged_in``: paused ones count too; ``ready``: they do not."""
    to: DestinationSection = DestinationSection()


class LimitsSection(Strict):
    """What a queue refuses, and where to then."""

    length: LengthSection | None = None
    wait: WaitSection | None = None
    estimate: EstimateSection | None = None
    join: StaffSection | None = None
    """Let nobody in for whom no agent is there."""
    leave: StaffSection | None = None
    """Let nobody wait on for whom no agent is left."""

    def destinations(self) -> dict[str, DestinationSection]:
        """Where each limit leads, by the limit's key."""
        given = {
            "length": self.length,
            "wait": self.wait,
            "estimate": self.estimate,
            "join": self.join,
            "leave": self.leave,
        }
        return {key: limit.to for key, limit in given.items() if limit is not None}


def voicemail_nodes(flows: Mapping[str, FlowFile], to: DestinationSection) -> list[tuple[str, str]]:
    """Which voicemail nodes a destination can mean, as (flow, node): those of that name, else those for that queue."""
    found = [
        (name, node_name, node.queue)
        for name, flow in flows.items()
        for node_name, node in flow.nodes.items()
        if isinstance(node, Voicemail) and to.flow in {None, name}
    ]
    named = [(flow, node) for flow, node, _ in found if node == to.voicemail]
    return named or [(flow, node) for flow, node, queue in found if queue == to.voicemail]


def _destination(section: DestinationSection, flows: Mapping[str, FlowFile]) -> Destination:
    if section.voicemail is not None:
        ((flow, node),) = voicemail_nodes(flows, section)
        return ToNode(FlowId(flow), NodeId(node))
    if section.queue is not None:
        prompt = PromptKey(section.prompt) if section.prompt else None
        return ToQueue(QueueId(section.queue), section.drop_language, prompt)
    if section.flow is not None and section.node is not None:
        return ToNode(FlowId(section.flow), NodeId(section.node))
    return ToCallback() if section.callback else BRANCH


def limits(section: LimitsSection | None, flows: Mapping[str, FlowFile]) -> Limits | None:
    """The limits of a queue; None where it has none. ``flows`` are those a limit may lead into."""
    if section is None:
        return None
    to = {key: _destination(place, flows) for key, place in section.destinations().items()}
    return Limits(
        length=section.length.at_most if section.length else None,
        length_to=to.get("length", BRANCH),
        wait_to=to.get("wait"),
        estimate_s=section.estimate.at_most if section.estimate else None,
        estimate_to=to.get("estimate", BRANCH),
        join=section.join.needs if section.join else None,
        join_to=to.get("join", BRANCH),
        leave=section.leave.needs if section.leave else None,
        leave_to=to.get("leave", BRANCH),
    )
