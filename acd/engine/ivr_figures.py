"""What is counted of flows: visits of nodes and expressions without a value.

Must not know what the figures are shown as.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from acd.domain.flow import PathStep
from acd.domain.ids import FlowId, NodeId


@dataclass(slots=True)
class IvrFigures:
    """Totals since the first plan was loaded. Keys are words with a space between, so that they are JSON's too."""

    visits: dict[str, int] = field(default_factory=dict)
    """By flow, node and key class. A try in vain at a node counts again there, as ``invalid`` or ``timeout``."""
    errors: dict[str, int] = field(default_factory=dict)
    """Expressions that had no value, by flow and node."""

    def visited(self, step: PathStep) -> None:
        """Count a step."""
        name = f"{step.flow} {step.node} {step.key}"
        self.visits[name] = self.visits.get(name, 0) + 1

    def miscarried(self, flow: FlowId, node: NodeId) -> None:
        """Count an expression's error."""
        name = f"{flow} {node}"
        self.errors[name] = self.errors.get(name, 0) + 1
