"""A contact's way, step by step, read off what an event changed in it; kept for people and written at its end.

Decides nothing and is made after the event's commands were sent. Knows no desk: whatever moves a contact, by flow,
overflow or a supervisor's hand, shows in the contact itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from acd.domain.commands import WriteRecord
from acd.domain.decision import AtNode, InLine, OfferMade, OfferOver, SentAway, Spoke, Step, Story
from acd.domain.events import DigitPressed, Event, SupervisorRequested
from acd.domain.flow_talk import CollectNode
from acd.domain.ids import AgentId, ContactId
from acd.domain.plan import Plan
from acd.engine.account import wish
from acd.engine.state import Contact, InIvr, Leaving, Waiting
from acd.engine.turn import Chosen, Turn

LONGEST = 200
"""Steps kept of one contact: who goes round in a menu for hours tells nothing new."""


def follow(turn: Turn, event: Event) -> list[Story]:
    """Add what the event did to the ways of its contacts. Returns the ways that are at their end."""
    stories = turn.state.stories
    was: dict[ContactId, Contact | None] = {}
    for contact_id, before in turn.contacts_were:
        was.setdefault(contact_id, before)
    offers = _offers(turn, was)
    for contact_id, before in was.items():
        told = stories.get(contact_id, ())
        room = LONGEST - len(told)
        changes = tuple(_changes(turn, event, before, turn.contact(contact_id)))
        steps = (*changes, *offers.get(contact_id, ()))
        if steps and room > 0:
            stories[contact_id] = (*told, *steps[:room])
    kept = {command.record.contact_id for command in turn.out if isinstance(command, WriteRecord)}
    over = [contact_id for contact_id in was if contact_id not in turn.state.contacts]
    ended = [Story(contact_id, stories.pop(contact_id, ())) for contact_id in over]
    return [story for story in ended if story.contact_id in kept and story.steps]


def _offers(turn: Turn, was: dict[ContactId, Contact | None]) -> dict[ContactId, list[Step]]:
    made: dict[ContactId, int] = {}
    steps: dict[ContactId, list[Step]] = {}
    for mark in turn.offers:
        before = was.get(mark.contact)
        mine = steps.setdefault(mark.contact, [])
        if isinstance(mark, Chosen):
            number = made.get(mark.contact, before.offers if before is not None else 0) + 1
            made[mark.contact] = number
            mine.append(OfferMade(turn.at, number, mark.agent))
        else:
            number = int(mark.offer.leg.rpartition("-")[2])
            mine.append(OfferOver(turn.at, number, AgentId(mark.offer.agent), mark.outcome))
    return steps


def _changes(turn: Turn, event: Event, before: Contact | None, now: Contact | None) -> Iterator[Step]:
    if now is None:
        return
    if now.language is not None and (before is None or before.language != now.language):
        yield Spoke(turn.at, now.language)
    was = before.phase if before is not None else None
    match now.phase:
        case InIvr(position=position):
            if not isinstance(was, InIvr) or was.position.node != position.node:
                yield AtNode(turn.at, position.flow, position.node, _key(turn.plan, event, was, now.phase))
        case Waiting() as waiting:
            if not isinstance(was, Waiting) or wish(was) != wish(waiting):
                yield InLine(
                    turn.at,
                    waiting.queue,
                    waiting.requires,
                    waiting.priority,
                    waiting.prefers,
                    waiting.tier,
                    waiting.helpers,
                    waiting.named,
                    _key(turn.plan, event, was, waiting),
                    _by(event, now.id),
                )
        case Leaving():
            if not isinstance(was, Leaving):
                yield SentAway(turn.at)
        case _:
            pass


def _key(plan: Plan, event: Event, was: object, now: InIvr | Waiting) -> str:
    """The key that led on, unless it may be part of a number the caller enters."""
    if not isinstance(event, DigitPressed) or not isinstance(was, InIvr):
        return ""
    for position in (was.position, now.position):
        flow = plan.flows.get(position.flow)
        node = flow.nodes.get(position.node) if flow is not None else None
        if node is None or isinstance(node, CollectNode):
            return ""
    return event.digit


def _by(event: Event, contact_id: ContactId) -> str:
    """The supervisor whose order about the contact this event is."""
    if not isinstance(event, SupervisorRequested) or getattr(event.order, "contact_id", None) != contact_id:
        return ""
    return event.by
