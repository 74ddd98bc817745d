"""The account of an event's offers: who was asked, who was not and why, made after the offers were sent.

Decides nothing. Looks at every agent and every contact in line anew and plainly, without what the matcher keeps to be
fast, so that it also tells whether the matcher chose rightly. Each offer is explained as of its own moment: changes
since then are taken back from what the turn noted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from heapq import nsmallest
from itertools import islice
from typing import TypeAlias, TypeVar

from acd.domain.commands import Account, WriteDecision
from acd.domain.decision import Ahead, AheadReason, Candidate, Decision, Trigger
from acd.domain.ids import AgentId, ContactId, QueueId
from acd.domain.plan import Plan
from acd.engine.matching import Policies
from acd.engine.rating import CANDIDATES_KEPT, rate
from acd.engine.roster import Lack, Roster, kept_for_others
from acd.engine.state import Agent, Contact, Waiting
from acd.engine.turn import Chosen, Turn

FIRST_IN_LINE = 5
LINE_LOOKED_AT = 2_000
"""Contacts looked at, oldest first: a longer line is not gone through while callers wait for the engine."""
_EVENTS: Mapping[str, Trigger] = {"resynced": "resync", "link_changed": "resync", "plan_loaded": "reload"}

K = TypeVar("K")
V = TypeVar("V")


Explanation: TypeAlias = Callable[[], Account]
"""An explanation that is worked out when asked for, once, however late."""


class Accountant:
    """Explains offers; keeps the roster of the newest plan."""

    def __init__(self, policies: Callable[[Plan], Policies]) -> None:
        self._policies = policies
        self._roster: Roster | None = None

    def prepare(self, plan: Plan) -> Roster:
        """Get to know a plan's agents, before the first offer has to be explained."""
        if self._roster is None or self._roster.plan is not plan:
            self._roster = Roster(plan)
        return self._roster

    def explain(self, turn: Turn, event_kind: str) -> list[Explanation]:
        """Give an explanation for each offer of a turn, in order."""
        chosen = [mark for mark in turn.offers if isinstance(mark, Chosen)]
        if not chosen:
            return []
        # Other events may pass before it is worked out. Of a very long line not everybody is looked at.
        agents, contacts = dict(turn.state.agents), dict(islice(turn.state.contacts.items(), LINE_LOOKED_AT))
        return [partial(self._write, turn, mark, agents, contacts, event_kind) for mark in chosen]

    def _write(
        self,
        turn: Turn,
        mark: Chosen,
        agents: Mapping[AgentId, Agent],
        contacts: Mapping[ContactId, Contact],
        event_kind: str,
    ) -> WriteDecision:
        return WriteDecision(self._decision(_Moment(turn, mark, agents, contacts, event_kind)))

    def _decision(self, moment: _Moment) -> Decision:
        waiting, roster = moment.waiting, self.prepare(moment.plan)
        rating = rate(roster, self._policies(moment.plan), moment.contact, waiting, moment.agents, moment.agent)
        ahead, before, behind = _line(roster, moment)
        return Decision(
            contact_id=moment.contact.id,
            offer=moment.contact.offers + 1,
            at=moment.at,
            plan_version=moment.plan.version,
            trigger=moment.trigger,
            agent=moment.agent,
            queue=waiting.queue,
            requires=waiting.requires,
            prefers=waiting.prefers,
            tier=waiting.tier,
            helpers=waiting.helpers,
            named=waiting.named,
            priority=waiting.priority,
            waiting_since=waiting.since,
            policy=rating.policy,
            contact_policy=moment.plan.contact_policy,
            rank_names=rating.parts,
            candidates=tuple(
                Candidate(AgentId(str(rank[-1])), rank) for rank in nsmallest(CANDIDATES_KEPT, rating.ranks)
            ),
            candidates_count=rating.able,
            passed=rating.passed,
            ahead=ahead,
            ahead_count=before,
            behind_count=behind,
        )


class _Moment:
    """The state as it was when an agent was chosen."""

    def __init__(
        self,
        turn: Turn,
        chosen: Chosen,
        agents: Mapping[AgentId, Agent],
        contacts: Mapping[ContactId, Contact],
        event_kind: str,
    ) -> None:
        self.at = turn.at
        self.plan = chosen.plan
        self.agent = chosen.agent
        self.agents = _before(agents, turn.agents_were[chosen.agents :])
        self.contacts = _before(contacts, turn.contacts_were[chosen.contacts :])
        contact = self.contacts[chosen.contact]
        assert contact is not None  # noqa: S101 - chosen for somebody who waits
        assert isinstance(contact.phase, Waiting)  # noqa: S101
        self.contact, self.waiting = contact, contact.phase
        self.trigger = _trigger(turn, self.contact.id, self.waiting, event_kind)


def _before(now: Mapping[K, V], were: list[tuple[K, V | None]]) -> Mapping[K, V | None]:
    """Take changes back, without touching ``now``. Who did not exist then is None."""
    return {**now, **dict(reversed(were))}


def _trigger(turn: Turn, contact_id: ContactId, waiting: Waiting, event_kind: str) -> Trigger:
    if event_kind in _EVENTS:
        return _EVENTS[event_kind]
    first = next((was for known, was in turn.contacts_were if known == contact_id), None)
    if first is None or not isinstance(first.phase, Waiting):
        return "arrived"
    was = first.phase
    if set(was.offers) - set(waiting.offers):
        return "offer_ended"
    return "changed" if wish(was) != wish(waiting) else "agent_free"


def wish(waiting: Waiting) -> tuple[object, ...]:
    """What a contact waits for."""
    named = (waiting.named, waiting.named_until)
    return waiting.queue, waiting.requires, waiting.prefers, waiting.tier, waiting.helpers, named, waiting.priority


# ---------------------------------------------------------------- the line

_Why = tuple[AheadReason, Lack]
_NOTHING = Lack("lacks_skill")


def _line(roster: Roster, moment: _Moment) -> tuple[tuple[Ahead, ...], int, int]:
    """Look at who else waits: those ahead and why the chosen agent did not get them, and how many are behind."""
    mine = _place(moment.contact, moment.waiting)
    places: dict[tuple[QueueId, _Why], list[tuple[int, float, ContactId]]] = {}
    ahead = behind = 0
    for contact_id, contact in moment.contacts.items():
        if contact is None or not isinstance(contact.phase, Waiting) or contact_id == moment.contact.id:
            continue
        place = _place(contact, contact.phase)
        if place > mine:
            behind += 1
            continue
        ahead += 1
        why: _Why = ("cut_off", _NOTHING) if contact.cut else _why_ahead(roster, moment, contact.phase)
        places.setdefault((contact.phase.queue, why), []).append(place)
    told = (
        Ahead(
            reason,
            len(found),
            queue,
            min(place[1] for place in found),
            tuple(place[-1] for place in nsmallest(FIRST_IN_LINE, found)),
            lack.skill,
            lack.has,
            lack.needs,
        )
        for (queue, (reason, lack)), found in places.items()
    )
    return tuple(told), ahead, behind


def _why_ahead(roster: Roster, moment: _Moment, other: Waiting) -> _Why:
    squad = roster.squad_of[moment.agent]
    if other.named is not None:
        reason: AheadReason = "named_other" if other.named != moment.agent else "being_offered"
        return (reason if other.offers or reason == "named_other" else "not_next"), _NOTHING
    lack = squad.lack(moment.plan, other)
    if lack is not None:
        return lack.reason, lack._replace(later_s=None)
    if other.offers:
        return "being_offered", _NOTHING
    kept = any(kept_for_others(r, other) and squad.counts_for(r, other.medium) for r in moment.plan.reservations)
    return ("reserved" if kept else "not_next"), _NOTHING


def _place(contact: Contact, waiting: Waiting) -> tuple[int, float, ContactId]:
    return (-waiting.priority, waiting.since, contact.id)
