"""The agents' desk: what agents ask for, by API or by a code dialled from the phone, and what their phones tell."""

from __future__ import annotations

from acd.domain.commands import Answer, HangUp, Play, Reply
from acd.domain.copies import replace
from acd.domain.events import AgentDialled, AgentRequested, PhoneChanged
from acd.domain.ids import AgentId, ContactId, DispositionId, Language, LegId, PbxId, PlaybackId, PromptKey
from acd.domain.plan import FeatureCode
from acd.engine import agent as agents
from acd.engine import offers, supervising, wrapup
from acd.engine import queueing as queues
from acd.engine.state import Agent, FeatureCall, Free
from acd.engine.turn import Turn

CONFIRMATIONS: dict[str, PromptKey] = {
    "login": PromptKey("agent_logged_in"),
    "logout": PromptKey("agent_logged_out"),
    "ready": PromptKey("agent_ready"),
    "pause": PromptKey("agent_paused"),
    "end_wrap_up": PromptKey("wrap_up_ended"),
    "extend_wrap_up": PromptKey("wrap_up_extended"),
    "disposition": PromptKey("disposition_kept"),
}
REFUSED = PromptKey("refused")
PROMPTS = (*CONFIRMATIONS.values(), REFUSED)
"""Prompts the catalogue must have besides those the flows name."""


def load_agents(turn: Turn) -> None:
    """Bring the agents in line with the plan: new ones appear, missing ones go when free, others stay as they are."""
    for plan in turn.plan.agents.values():
        agent = turn.state.agents.get(plan.id)
        if agent is None:
            presence = "ready" if plan.login_at_start else "logged_out"
            agent = Agent(plan.id, Free(turn.at), presence, turn.at, logged_in_at=turn.at)  # type: ignore[arg-type]
        turn.put_agent(replace(agent, leaving=False))
    for agent_id in [a for a in turn.state.agents if a not in turn.plan.agents]:
        offers.unassign(turn, agent_id)
        agent = turn.state.agents[agent_id]
        if isinstance(agent.work, Free) and agent.leg is None:
            turn.drop_agent(agent_id)
        else:
            turn.put_agent(replace(agent, leaving=True))


def _request(turn: Turn, agent: Agent, wish: AgentRequested | FeatureCode) -> agents.Refused | None:
    """Carry out what an agent wants. Who pauses or logs out while the phone rings turns the caller down."""
    result: Agent | agents.Refused
    match wish.action:
        case "reject":
            return None if offers.turned_down(turn, agent, "rejected") else agents.Refused("no call is offered")
        case "extend_wrap_up":
            result = wrapup.extend(turn, agent, wish.seconds)
        case "disposition":
            result = wrapup.dispose(turn, agent, DispositionId(wish.disposition))
        case _:
            result = agents.request(agent, wish.action, wish.reason, turn.plan.pause_reasons, turn.at)
    if isinstance(result, agents.Refused):
        return result
    if not result.resting:
        turn.cancel_timer(f"rest:{agent.id}")
    if isinstance(result.work, Free):
        turn.cancel_timer(f"wrap:{agent.id}")
    queues.changed(turn, agent.id, lambda _: result)
    if wish.action in {"pause", "logout"}:
        offers.turned_down(turn, result, "rejected")
        offers.unassign(turn, agent.id)
    if wish.action == "logout":
        supervising.as_configured(turn, agent.id)
    return None


def requested(turn: Turn, event: AgentRequested) -> None:
    """Carry out a request of the API and reply."""
    agent = turn.state.agents.get(event.agent_id)
    if agent is None:
        turn.do(Reply(event.request_id, event.agent_id, ok=False, message="no such agent"))
        return
    refused = _request(turn, agent, event)
    turn.do(Reply(event.request_id, agent.id, ok=refused is None, message=refused.why if refused else ""))


def _agent_at(turn: Turn, channel_name: str) -> AgentId | None:
    device = channel_name.rsplit("-", 1)[0]
    return next((plan.id for plan in turn.plan.agents.values() if plan.device == device), None)


def dialled(turn: Turn, event: AgentDialled) -> None:
    """Carry out a feature code and say what became of it."""
    if event.leg_id in turn.state.feature_calls:
        return turn.ignore(event, "feature call is known")
    agent_id = _agent_at(turn, event.channel_name)
    agent = turn.state.agents.get(agent_id) if agent_id is not None else None
    code: FeatureCode | None = turn.plan.feature_codes.get(event.extension)
    if agent is not None:
        # Before what the code makes possible: nobody is rung who holds the phone in the hand.
        agent = turn.change_agent(agent.id, lambda a: replace(a, dialling=True))
    prompt = REFUSED
    if agent is not None and code is not None and _request(turn, agent, code) is None:
        prompt = CONFIRMATIONS[code.action]
    playback = PlaybackId(f"acd-p-{event.leg_id}")
    turn.state.feature_calls[event.leg_id] = FeatureCall(agent_id, playback, turn.at)
    call = ContactId(event.leg_id)
    language = next(iter(turn.plan.language_skills), Language("id"))
    turn.do(Answer(call, event.leg_id), Play(call, event.leg_id, playback, (prompt,), language))
    return None


def confirmation_ended(turn: Turn, playback: PlaybackId) -> bool:
    """Hang up a feature call when its confirmation was spoken. False when the playback is none of those."""
    for leg, call in turn.state.feature_calls.items():
        if call.playback == playback:
            turn.do(HangUp(ContactId(leg), leg))
            return True
    return False


def feature_call_gone(turn: Turn, leg: LegId) -> bool:
    """The phone is on the hook after a feature code, and may ring."""
    call = turn.state.feature_calls.pop(leg, None)
    if call is None:
        return False
    if call.agent is not None and all(other.agent != call.agent for other in turn.state.feature_calls.values()):
        queues.changed(turn, call.agent, lambda agent: replace(agent, dialling=False))
    return True


def phone_changed(turn: Turn, event: PhoneChanged) -> None:
    """Honour what AMI says of a phone."""
    for plan in turn.plan.agents.values():
        if plan.device == event.device:
            agent = queues.changed(turn, plan.id, lambda a: replace(a, reachable=event.reachable, busy=event.busy))
            if agent is not None and not event.reachable:
                # Nobody will answer there: the caller need not wait until it has rung long enough.
                offers.turned_down(turn, agent, "failed")
            return
    turn.ignore(event, "no agent has this phone")


def phones_unknown(turn: Turn, pbx: PbxId) -> None:
    """AMI is away: what it said last of busy phones may be long past, so they count as free until it is back."""
    for agent_id in [agent for agent in turn.state.agents if turn.plan.pbx_of_agent(agent) == pbx]:
        queues.changed(turn, agent_id, lambda a: replace(a, busy=False))
