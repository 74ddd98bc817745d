"""The shape of a flow file in ``ivr_flows/``: nodes by name, told apart by ``kind``.

Decides what a flow consists of; what keys each kind of node has stands in the modules beside this one. Must not know
whether what is named exists; ``flow_checks`` does.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from acd.domain.flow_values import VariableType
from acd.settings.data_nodes import Event, Http
from acd.settings.fields import Name, Strict
from acd.settings.media_file import Record, SilenceCheck, Voicemail
from acd.settings.talk_nodes import Collect, TalkNode
from acd.settings.way_nodes import WayNode

NodeSection: TypeAlias = Annotated[
    TalkNode | WayNode | Http | Event | Record | Voicemail | SilenceCheck, Field(discriminator="kind")
]


class FlowFile(Strict):
    """A flow."""

    languages: tuple[Name, ...] = Field(min_length=1)
    """Languages it speaks; the first is the one it begins in."""
    entry: Name
    """Node where a call begins."""
    variables: dict[Name, VariableType] = Field(default_factory=dict)
    """What the flow remembers of a caller. A ``collect`` declares what it keeps, as digits, a ``record`` as text."""
    on_error: Name | None = None
    """Node to go to when an expression has no value and its node says nothing of that."""
    nodes: dict[Name, NodeSection]

    @property
    def types(self) -> dict[str, VariableType]:
        """The flow's variables, those that collections and recordings keep included."""
        kept: dict[str, VariableType] = {
            node.variable: "digits" if isinstance(node, Collect) else "text"
            for node in self.nodes.values()
            if isinstance(node, Collect | Record) and node.variable is not None
        }
        return {**kept, **self.variables}

    @property
    def known_variables(self) -> frozenset[str]:
        """Their names."""
        return frozenset(self.types)
