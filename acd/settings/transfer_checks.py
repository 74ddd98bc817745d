"""Checks the nodes that hand a caller to Asterisk's dialplan, and by it to a number outside.

Decides where a caller may be handed to. Must not know how Asterisk's files are written.
"""

from __future__ import annotations

from acd.settings.files import TrunksFile
from acd.settings.names import refer
from acd.settings.sources import Sources
from acd.settings.way_nodes import Transfer
from acd.settings.yaml_marks import Document, Path_

_PJSIP = "PJSIP/"


def check(sources: Sources, document: Document, path: Path_, node: Transfer) -> None:
    """Note every mistake of a transfer."""
    place = {"context": node.context, "extension": node.extension}
    outside = {"number": node.number, "gateway": node.gateway}
    if any(place.values()) and any(outside.values()):
        document.add(path, "leads to one place: 'context' and 'extension', or 'number' and 'gateway'", at_key=True)
        return
    wanted = outside if any(outside.values()) else place
    for key, value in wanted.items():
        if value is None and (*path, key) not in document.keys:  # else what is wrong with it was told
            document.add((*path, key), "is missing", at_key=True)
    ours = sources.acd.model.dialplan if sources.acd.model else None
    if ours and node.context in {ours.from_trunk, ours.from_agents}:
        document.add((*path, "context"), f"'{node.context}' would bring the caller back to this engine")
    if node.gateway is not None and sources.trunks.model is not None and sources.trunks.whole:
        _check_gateway(document, (*path, "gateway"), node.gateway, sources.trunks.model)


def _check_gateway(document: Document, path: Path_, name: str, trunks: TrunksFile) -> None:
    """By channels that belong to no trunk nobody's calls are counted."""
    prefixes = (prefix for trunk in trunks.trunks.values() for prefix in trunk.channel_prefixes)
    own = {prefix.removeprefix(_PJSIP) for prefix in prefixes if prefix.startswith(_PJSIP)}
    gateway = trunks.gateways.get(name)
    known = refer(document, path, name, frozenset({*trunks.gateways, *own}), "gateway")
    if known and gateway is not None and gateway.contact is None:
        document.add(path, "this gateway has no `contact` in trunks.yaml: Asterisk would not know where to call")
