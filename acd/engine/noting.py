"""What the interpreter wants noted of a contact or counted: nothing of it is heard by the caller.

The contact is not kept here: who leads it on notes several things of it in a row and keeps it once. Must not know what
is done with the caller.
"""

from __future__ import annotations

from typing import assert_never

from acd.domain.copies import replace
from acd.domain.flow_path import PathStep
from acd.engine import gates, ivr
from acd.engine.state import Contact
from acd.engine.turn import Turn

LONGEST_PATH = 200
"""Nodes of a contact's path that are kept."""


def note(turn: Turn, contact: Contact, action: ivr.Note) -> Contact:
    """Note it. Gives the contact as it is then, to be kept by who asks."""
    figures = turn.state.ivr
    match action:
        case ivr.UseLanguage(language):
            return replace(contact, language=language)
        case ivr.Remember(variables):
            return replace(contact, variables=variables)
        case ivr.Visit(step):
            figures.visited(step)
            return _stepped(contact, step)
        case ivr.InVain(step):
            figures.tried(step)
            return _stepped(contact, step)
        case ivr.Agree(consent):
            figures.agreed(consent)
            recorded = contact.recorded and consent.given
            return replace(contact, consents=(*contact.consents, consent), recorded=recorded)
        case ivr.Answered(answer):
            figures.answered(answer)
            return replace(contact, answers=(*contact.answers, answer))
        case ivr.Miscarry(flow, node):
            figures.miscarried(flow, node)
        case ivr.TurnAway(flow, node, why):
            figures.turned_away(flow, node, why)
        case ivr.Pass(name, times):
            gates.passed(turn.state.gates, name, times)
        case _:
            assert_never(action)
    return contact


def _stepped(contact: Contact, step: PathStep) -> Contact:
    if len(contact.path) >= LONGEST_PATH:
        return contact
    return replace(contact, path=(*contact.path, step))
