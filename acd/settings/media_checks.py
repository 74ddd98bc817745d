"""Checks nodes that listen to the caller, and the voicemail nodes that queues' limits lead to.

Decides what they must fulfil beyond their shape. Must not know how a caller is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.settings import media_file
from acd.settings.flow_file import FlowFile
from acd.settings.limit_file import DestinationSection, voicemail_nodes
from acd.settings.media_file import LONGEST_S, MediaSection
from acd.settings.names import Names, refer
from acd.settings.structure import did_you_mean
from acd.settings.yaml_marks import Document, Path_


def check_node(document: Document, path: Path_, node: MediaSection, flow: FlowFile, names: Names) -> None:
    """Note the mistakes of one node."""
    if isinstance(node, media_file.SilenceCheck):
        return
    if node.at_most > LONGEST_S:
        document.add((*path, "at_most"), "is more than 10m")
    if node.at_least >= node.at_most:
        document.add((*path, "at_least"), "leaves no time: at_most is no longer than that")
    if isinstance(node, media_file.Voicemail):
        refer(document, (*path, "queue"), node.queue, names.queues, "queue")
    elif node.variable is not None and flow.types.get(node.variable) != "text":
        document.add((*path, "variable"), f"'{node.variable}' is to hold a name and must be of type text")


def check_destination(
    flows: Mapping[str, FlowFile], names: Names, document: Document, path: Path_, to: DestinationSection
) -> None:
    """Note the mistakes of a limit that leads to voicemail."""
    if to.voicemail is None:
        return
    if to.flow is not None and not refer(document, (*path, "flow"), to.flow, names.flows, "flow"):
        return
    found = voicemail_nodes(flows, to)
    if len(found) > 1:
        named = ", ".join(f"{flow}: {node}" for flow, node in found)
        document.add((*path, "voicemail"), f"several nodes are meant ({named}); name one, and its flow")
    elif not found:
        known = {name for flow, name, _ in _all(flows) if to.flow in {None, flow}}
        known |= {queue for flow, _, queue in _all(flows) if to.flow in {None, flow}}
        what = f"no voicemail node is called '{to.voicemail}' or is for that queue"
        document.add((*path, "voicemail"), what + did_you_mean(to.voicemail, sorted(known)))


def _all(flows: Mapping[str, FlowFile]) -> list[tuple[str, str, str]]:
    return [
        (name, node_name, node.queue)
        for name, flow in flows.items()
        for node_name, node in flow.nodes.items()
        if isinstance(node, media_file.Voicemail)
    ]
