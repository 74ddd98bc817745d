"""Several Asterisks under one engine: what follows when one of them is away, for those at the others.

A contact's channels are all at the Asterisk its caller came to, the one to an agent's phone elsewhere too. So nothing
is told of that leg while this Asterisk is away; that the phone is on the hook again is told by its own. Decides when
such a leg is over, and when an Asterisk that neither link reaches counts as lost. Must not know how one is reached.

Lost is not dead: perhaps only the network between was cut, and who talked there talks on. So its calls are closed and
their agents elsewhere are free, but nobody at another Asterisk is hung up for it: silence on the wire does that, or the
sure sign that it died, another life of it. When it is back and lived all the time, those still there are served again.
"""

from __future__ import annotations

from acd.domain.events import ENDED, LegEnded, PhoneChanged, Resynced
from acd.domain.ids import AgentId, PbxId
from acd.engine import legs, resync
from acd.engine.turn import Turn

CAUSE_TEMPORARY = 41
"""Q.850, temporary failure."""
SETTLED_S = 5.0
"""After an Asterisk went away: when what is told of the others' phones is of a time after that."""


def changed(turn: Turn, pbx: PbxId, *, up: bool) -> None:
    """ARI of one of several Asterisks came or went: its contacts and agents are cut off, or no longer."""
    if pbx not in turn.plan.pbxs:
        return
    for contact in [c for c in turn.state.contacts.values() if turn.plan.pbx_of(c.id) == pbx]:
        turn.put(contact)
    for agent in [a for a in turn.state.agents.values() if turn.plan.pbx_of_agent(a.id) == pbx]:
        turn.put_agent(agent)
    if up:
        turn.cancel_timer(f"apart:{pbx}")
    else:
        turn.start_timer(f"apart:{pbx}", SETTLED_S)
    watch(turn, pbx)


def watch(turn: Turn, pbx: PbxId) -> None:
    """A link came or went: with both away, the time runs until the Asterisk counts as lost.

    Told anew that they are away, as an engine is that begins, it runs anew: nobody has tried in between.
    """
    if pbx not in turn.plan.pbxs:
        return
    links = turn.state.links(pbx)
    if links.ari or links.ami:
        turn.cancel_timer(f"lost:{pbx}")
    elif not links.lost:
        turn.start_timer(f"lost:{pbx}", turn.plan.lost_after_s)


def lost(turn: Turn, pbx: PbxId) -> None:
    """An Asterisk was out of reach for too long: close its calls as of when it was last seen."""
    resync.resynced(turn, Resynced(turn.at, (), (), after_gap=True, asterisk_started=ENDED, pbx=pbx))


def loaded(turn: Turn) -> None:
    """A plan may name Asterisks that were not named before."""
    for contact in list(turn.state.contacts.values()) if turn.plan.pbxs else ():
        turn.put(contact)


def looked_at(turn: Turn, pbx: PbxId) -> None:
    """An Asterisk is away for a time: whose phone elsewhere is on the hook does not talk with its callers."""
    for agent in list(turn.state.agents.values()):
        if agent.leg is not None and turn.plan.pbx_of(agent.leg) == pbx:
            _phone_is_free(turn, agent.id)


def phone_changed(turn: Turn, event: PhoneChanged) -> None:
    """A phone may be on the hook that talked with a caller at an Asterisk which is away."""
    for plan in turn.plan.agents.values() if turn.plan.pbxs else ():
        if plan.device == event.device:
            _phone_is_free(turn, plan.id)


def _phone_is_free(turn: Turn, agent_id: AgentId) -> None:
    """End the leg to a phone that is on the hook, as far as its Asterisk tells, while that of the leg is away."""
    agent = turn.state.agents.get(agent_id)
    if agent is None or agent.leg is None or agent.busy:
        return
    here, there = turn.plan.pbx_of_agent(agent_id), turn.plan.pbx_of(agent.leg)
    if here != there and turn.state.links(here).ami and not turn.state.links(there).ari:
        legs.ended(turn, LegEnded(turn.at, agent.leg, CAUSE_TEMPORARY))
