"""Turns checked flow files into the engine's flows.

Decides nothing an operator could get wrong: it runs only on files without mistakes. Must not know where they stood.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.domain.flow import FlowPlan, Node
from acd.domain.flow_values import VariableType
from acd.domain.ids import FlowId, Language, NodeId
from acd.settings import build_talk_nodes, build_way_nodes, media_file
from acd.settings.build_http import event_node, http_node
from acd.settings.data_nodes import Event, Http
from acd.settings.expressions import Checker
from acd.settings.flow_file import FlowFile, NodeSection
from acd.settings.media_file import Record, SilenceCheck, Voicemail
from acd.settings.talk_nodes import TalkNode


def flow(
    name: str,
    section: FlowFile,
    version: str,
    flows: dict[str, FlowFile],
    names: Mapping[str, VariableType],
    versions: Mapping[str, int],
) -> FlowPlan:
    """The plan of a flow without mistakes.

    Args:
        name: the flow's.
        section: its file.
        version: a hash of that.
        flows: all there are.
        names: what expressions may read besides the flow's variables.
        versions: of the prompts.
    """
    checker = Checker({**section.types, **names})
    others = {other: file.types for other, file in flows.items()}

    def node(called: NodeId, node: NodeSection) -> Node:
        match node:
            case Http():
                return http_node(called, node, section.types, checker)
            case Event():
                return event_node(called, node, checker)
            case Record() | Voicemail() | SilenceCheck():
                return media_file.node(called, node)
        if isinstance(node, TalkNode):
            return build_talk_nodes.node(called, node, checker, versions)
        return build_way_nodes.node(called, node, section.types, others, checker)

    return FlowPlan(
        id=FlowId(name),
        entry=NodeId(section.entry),
        languages=tuple(Language(x) for x in section.languages),
        nodes={NodeId(k): node(NodeId(k), v) for k, v in section.nodes.items()},
        variables=section.types,
        on_error=NodeId(section.on_error) if section.on_error else None,
        version=version,
    )
