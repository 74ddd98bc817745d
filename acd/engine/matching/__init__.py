"""Matching: which agent takes which contact.

``fit`` says whether an agent may take a contact at all, ``guards`` who is available, ``policies`` who is chosen, and
the ``router`` finds that one quickly. Of all agents who may, those who let this contact pass come last; then lower
levels come first, then more preferred skills, then the queue's policy decides, then the lower id. A free agent takes
the contact of highest priority, then the contact policy decides, then who waited longest, then the lower id. Ranks are
tuples that end in an id, so the same input gives the same choice.

Must not know how a contact came to wait or what an offer does.
"""

from __future__ import annotations

from acd.domain.ids import ContactId
from acd.engine.matching.fit import fit, group_of
from acd.engine.matching.guards import available, guard
from acd.engine.matching.matcher import Matcher, facts_of, need_of
from acd.engine.matching.policies import STANDARD, Policies, agent_parts, contact_parts, standard
from acd.engine.matching.requirement import preferences, requirement
from acd.engine.matching.router import Router
from acd.engine.state import Contact, Waiting

__all__ = [
    "STANDARD",
    "Matcher",
    "Policies",
    "Router",
    "agent_parts",
    "available",
    "contact_parts",
    "contact_rank",
    "facts_of",
    "fit",
    "group_of",
    "guard",
    "need_of",
    "preferences",
    "requirement",
    "standard",
]


def contact_rank(contact: Contact, waiting: Waiting) -> tuple[int, float, ContactId]:
    """Order callers in a queue, and contacts for one agent under ``longest_wait``; the lowest is next."""
    return (-waiting.priority, waiting.since, contact.id)
