"""The shape of a queue's limits in queues.yaml, and the values made of it.

Decides which keys there are. Must not know whether what they name exists; ``limit_checks`` does.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from acd.domain.ids import FlowId, NodeId, PromptKey, QueueId
from acd.domain.limits import BRANCH, Destination, Limits, ToCallback, ToNode, ToQueue
from acd.settings.fields import Count, Flag, Name, PositiveDuration, Strict


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


def _destination(section: DestinationSection) -> Destination:
    if section.queue is not None:
        prompt = PromptKey(section.prompt) if section.prompt else None
        return ToQueue(QueueId(section.queue), section.drop_language, prompt)
    if section.flow is not None and section.node is not None:
        return ToNode(FlowId(section.flow), NodeId(section.node))
    return ToCallback() if section.callback else BRANCH


def limits(section: LimitsSection | None) -> Limits | None:
    """The limits of a queue; None where it has none."""
    if section is None:
        return None
    to = {key: _destination(place) for key, place in section.destinations().items()}
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
