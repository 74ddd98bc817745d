"""Who may be offered a contact at all, whatever it asks for: the guards that stand before every policy."""

from __future__ import annotations

from typing import assert_never

from acd.engine.state import Agent, Free, InCall, Offered, WrapUp


def available(agent: Agent) -> bool:
    """Tell whether an agent can be offered a contact now."""
    return (
        agent.presence == "ready"
        and type(agent.work) is Free
        and agent.leg is None
        and agent.reachable
        and not agent.cut
        and not agent.busy
        and not agent.dialling
        and not agent.resting
        and not agent.leaving
    )


def guard(agent: Agent) -> str | None:
    """Say in words for a person why an agent cannot be offered a contact now; None for one who can."""
    if agent.presence != "ready":
        return f"paused ({agent.pause_reason})" if agent.presence == "paused" else "logged out"
    match agent.work:
        case Offered():
            return "the phone rings for another contact"
        case InCall():
            return "in a conversation"
        case WrapUp():
            return "in wrap-up"
        case Free():
            return _phone_guard(agent)
        case _:
            assert_never(agent.work)


def _phone_guard(agent: Agent) -> str | None:
    if agent.leg is not None:
        return "the phone is not on the hook yet"
    if not agent.reachable:
        return "the phone is unreachable"
    if agent.cut:
        return "the phone's Asterisk is away"
    if agent.busy:
        return "the phone is in use"
    if agent.dialling:
        return "dialling a feature code"
    if agent.resting:
        return "left alone for a moment after an offer that came to nothing"
    return "no longer in the plan" if agent.leaving else None
