"""What a caller did in a flow, as the call record keeps it: the nodes passed, consent, answers to a survey.

Never a key itself, only its kind, but for consent, where it is the proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from acd.domain.ids import FlowId, Language, NodeId

KeyClass: TypeAlias = Literal["none", "digit", "star", "hash", "letter", "timeout", "invalid"]
"""How a caller came to a node: the kind of the key, never the key itself."""


@dataclass(frozen=True, slots=True)
class PathStep:
    """A node that a contact came to; ``at`` in seconds since the epoch, UTC."""

    at: float
    flow: FlowId
    node: NodeId
    key: KeyClass = "none"


@dataclass(frozen=True, slots=True)
class Consent:
    """What a caller said to a notice: by which words, in which language, by which key (empty: none), and when."""

    at: float
    flow: FlowId
    node: NodeId
    version: str
    """The prompts with their versions, e.g. ``notice@2``."""
    language: Language | None
    key: str
    given: bool


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """A caller's answer to a question of a survey."""

    at: float
    flow: FlowId
    node: NodeId
    question: str
    value: int
