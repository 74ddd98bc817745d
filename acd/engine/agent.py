"""The agent's state machine: presence (chosen by the agent) and work (given by the engine).

Each function is one transition: it takes a frozen agent and gives the next one. What an agent asks for and cannot have
is a value (``Refused``), because a person will read why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from acd.domain.copies import replace
from acd.domain.ids import ContactId, LegId, QueueId
from acd.engine.state import Agent, Free, InCall, Offered, WrapUp

Action: TypeAlias = Literal["login", "logout", "ready", "pause", "end_wrap_up"]


@dataclass(frozen=True, slots=True)
class Refused:
    """Not done, and why, in words for a person."""

    why: str


def request(agent: Agent, action: Action, reason: str, reasons: tuple[str, ...], at: float) -> Agent | Refused:
    """Change presence. A change asked for during a conversation holds from its end on; asking twice is no error."""
    match action:
        case "login":
            if agent.presence != "logged_out":
                return agent
            return replace(_present(agent, "ready", at), logged_in_at=at, worked_s=0.0)
        case "logout":
            return agent if agent.presence == "logged_out" else _present(agent, "logged_out", at)
        case "ready":
            if agent.presence == "logged_out":
                return Refused("not logged in")
            return agent if agent.presence == "ready" else _present(agent, "ready", at)
        case "pause":
            if agent.presence == "logged_out":
                return Refused("not logged in")
            if not reason and reasons:
                reason = reasons[0]
            if reason not in reasons:
                return Refused(f"unknown pause reason {reason!r}; known: {', '.join(reasons) or 'none'}")
            if agent.presence == "paused" and agent.pause_reason == reason:
                return agent
            return replace(_present(agent, "paused", at), pause_reason=reason)
        case "end_wrap_up":
            if not isinstance(agent.work, WrapUp):
                return Refused("not in wrap-up")
            return wrapped_up(agent, at)
    assert_never(action)


def _present(agent: Agent, presence: Literal["logged_out", "ready", "paused"], at: float) -> Agent:
    work = Free(at) if isinstance(agent.work, Free) else agent.work
    return replace(agent, presence=presence, presence_since=at, pause_reason="", missed=0, resting=False, work=work)


def offered(agent: Agent, contact: ContactId, leg: LegId | None, at: float, number: int) -> Agent:
    """The phone begins to ring; ``number`` counts all agents' offers. Without a ``leg`` the agent is only kept free."""
    return replace(agent, work=Offered(at, contact, agent.work.since), leg=leg, last_offer=number)


def connected(agent: Agent, at: float) -> Agent:
    """The agent answered and is joined with the contact."""
    match agent.work:
        case Offered(contact=contact):
            return replace(agent, work=InCall(at, contact), missed=0, contacts=agent.contacts + 1)
        case Free() | InCall() | WrapUp():
            return agent
    assert_never(agent.work)


def unoffered(agent: Agent, at: float, *, missed: bool, rest: bool) -> Agent:
    """The offer ended without a conversation. Idle time goes on from before when the agent is not to blame."""
    match agent.work:
        case Offered(idle_since=idle_since):
            free = Free(at if missed or rest else idle_since)
            return replace(agent, work=free, missed=agent.missed + missed, resting=rest)
        case Free() | InCall() | WrapUp():
            return agent
    assert_never(agent.work)


def released(agent: Agent, wrap_up_s: float, at: float, queue: QueueId | None = None) -> Agent:
    """The conversation ended; wrap-up begins unless there is none."""
    match agent.work:
        case InCall(since=since, contact=contact):
            work = WrapUp(at, contact, at + wrap_up_s, queue) if wrap_up_s > 0 else Free(at)
            return replace(agent, work=work, worked_s=agent.worked_s + at - since)
        case Free() | Offered() | WrapUp():
            return agent
    assert_never(agent.work)


def wrapped_up(agent: Agent, at: float) -> Agent:
    """Wrap-up is over."""
    if not isinstance(agent.work, WrapUp):
        return agent
    return replace(agent, work=Free(at), worked_s=agent.worked_s + at - agent.work.since)


def missed_too_often(agent: Agent, limit: int, at: float, reason: str = "no_answer") -> Agent:
    """Pause an agent who let ``limit`` offers in a row ring out."""
    if agent.presence == "ready" and agent.missed >= limit > 0:
        return replace(_present(agent, "paused", at), pause_reason=reason)
    return agent
