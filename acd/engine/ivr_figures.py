"""What is counted of flows: visits of nodes, tries in vain, expressions without a value, and where contacts ended.

Must not know what the figures are shown as.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from acd.domain.exits import Exit
from acd.domain.flow_path import Consent, PathStep, SurveyAnswer
from acd.domain.ids import FlowId, NodeId


@dataclass(slots=True)
class IvrFigures:
    """Totals since the first plan was loaded. Keys are words with a space between, so that they are JSON's too."""

    visits: dict[str, int] = field(default_factory=dict)
    """By flow and node."""
    tries: dict[str, int] = field(default_factory=dict)
    """Tries in vain, by flow, node and why: ``invalid`` or ``timeout``. The last of them is followed by no retry."""
    errors: dict[str, int] = field(default_factory=dict)
    """Expressions that had no value, by flow and node."""
    exits: dict[str, int] = field(default_factory=dict)
    """Contacts by the flow and node they came to last and how they ended."""

    refused: dict[str, int] = field(default_factory=dict)
    """Callers a gate did not let in, by flow, node and why: ``blocked``, ``anonymous`` or ``rate``."""
    answers: dict[str, int] = field(default_factory=dict)
    """Answers to surveys, by flow, node, question and value."""
    consents: dict[str, int] = field(default_factory=dict)
    """Consents, by flow, node, and ``given`` or ``refused``."""

    def turned_away(self, flow: FlowId, node: NodeId, why: str) -> None:
        """Count a caller not let in."""
        _count(self.refused, f"{flow} {node} {why}")

    def answered(self, answer: SurveyAnswer) -> None:
        """Count an answer."""
        _count(self.answers, f"{answer.flow} {answer.node} {answer.question} {answer.value}")

    def agreed(self, consent: Consent) -> None:
        """Count a consent, or its refusal."""
        _count(self.consents, f"{consent.flow} {consent.node} {'given' if consent.given else 'refused'}")

    def visited(self, step: PathStep) -> None:
        """Count a node."""
        _count(self.visits, f"{step.flow} {step.node}")

    def tried(self, step: PathStep) -> None:
        """Count a try in vain."""
        _count(self.tries, f"{step.flow} {step.node} {step.key}")

    def miscarried(self, flow: FlowId, node: NodeId) -> None:
        """Count an expression's error."""
        _count(self.errors, f"{flow} {node}")

    def left(self, path: tuple[PathStep, ...], why: Exit) -> None:
        """Count where a contact's path ended."""
        if path:
            _count(self.exits, f"{path[-1].flow} {path[-1].node} {why}")


def _count(totals: dict[str, int], name: str) -> None:
    totals[name] = totals.get(name, 0) + 1
