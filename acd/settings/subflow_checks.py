"""Checks what a flow says of another flow that it calls.

Decides that a called flow exists, comes back, speaks the caller's languages, and never calls itself. Must not know how
a flow is run.
"""

from __future__ import annotations

from acd.domain.flow_values import VariableType
from acd.settings import way_nodes
from acd.settings.flow_file import FlowFile
from acd.settings.names import Names, refer
from acd.settings.sources import Sources
from acd.settings.yaml_marks import Document, Path_


def check(
    sources: Sources, document: Document, path: Path_, node: way_nodes.Subflow, flow: FlowFile, names: Names
) -> None:
    """Note the mistakes of one ``subflow`` node."""
    for variable in node.returns:
        refer(document, (*path, "returns", variable), variable, flow.known_variables, "variable", at_key=True)
    known = refer(document, (*path, "flow"), node.flow, names.flows, "flow")
    other = sources.flows[node.flow].model if known else None
    if other is None:
        return
    for variable in node.arguments:
        what = f"variable of flow '{node.flow}'"
        refer(document, (*path, "arguments", variable), variable, other.known_variables, what, at_key=True)
    for ours, variable in node.returns.items():
        where = (*path, "returns", ours)
        known = refer(document, where, variable, other.known_variables, f"variable of flow '{node.flow}'")
        if known and ours in flow.types and _held(flow.types[ours]) != _held(other.types[variable]):
            document.add(where, f"'{variable}' is {other.types[variable]} there, '{ours}' is {flow.types[ours]} here")
    if not any(isinstance(one, way_nodes.Return) for one in other.nodes.values()):
        document.add((*path, "flow"), f"flow '{node.flow}' has no return node: nobody would come back from it")
    for language in flow.languages:
        if language not in other.languages:
            document.add((*path, "flow"), f"flow '{node.flow}' does not speak {language}")
    if _calls_itself(sources, node.flow):
        document.add((*path, "flow"), f"flow '{node.flow}' calls itself, directly or through others")


def _held(kind: VariableType) -> str:
    """What a variable holds: a number, true or false, or text of any kind."""
    return kind if kind in {"number", "boolean"} else "text"


def _calls_itself(sources: Sources, flow: str) -> bool:
    seen: set[str] = set()
    ahead = [flow]
    while ahead:
        source = sources.flows.get(ahead.pop())
        nodes = source.model.nodes.values() if source is not None and source.model is not None else ()
        called = {node.flow for node in nodes if isinstance(node, way_nodes.Subflow)}
        if flow in called:
            return True
        ahead += called - seen
        seen |= called
    return False
