"""Checks a queue's limits: what their destinations name, and that nothing is said twice.

Decides what limits must fulfil beyond their shape. Must not know how they are carried out.
"""

from __future__ import annotations

from acd.settings import media_checks
from acd.settings.limit_file import DestinationSection
from acd.settings.names import Names, check_spoken, refer
from acd.settings.queue_file import QueueSection
from acd.settings.sources import Sources
from acd.settings.yaml_marks import Document, Path_


def check(sources: Sources, names: Names, document: Document, path: Path_, queue: QueueSection) -> None:
    """Note every mistake in the limits of the queue at ``path``."""
    limits = queue.limits
    if limits is None:
        return
    below = (*path, "limits")
    if limits.length is not None and queue.max_length is not None:
        document.add((*below, "length"), "max_length says it already; keep one", at_key=True)
    if limits.wait is not None:
        if queue.overflow.after is not None or queue.overflow.after_by_language:
            document.add((*below, "wait"), "overflow says it already; keep one", at_key=True)
        for language in limits.wait.by_language:
            where = (*below, "wait", "by_language", language)
            refer(document, where, language, names.languages, "language", at_key=True)
        if limits.wait.at_most is None and not limits.wait.by_language:
            document.add((*below, "wait"), "needs at_most or by_language", at_key=True)
    for key, to in limits.destinations().items():
        _check_destination(sources, names, document, (*below, key, "to"), to, str(path[-1]))


def _check_destination(
    sources: Sources, names: Names, document: Document, path: Path_, to: DestinationSection, own: str
) -> None:
    node = to.node is not None or (to.flow is not None and to.voicemail is None)
    if (to.queue is not None) + node + to.callback + (to.voicemail is not None) > 1:
        document.add(path, "leads to one place only: a queue, a node, a callback or voicemail")
    if to.voicemail is not None:
        flows = {name: source.model for name, source in sources.flows.items() if source.model is not None}
        media_checks.check_destination(flows, names, document, path, to)
    if to.queue == own:
        document.add((*path, "queue"), "is the queue itself")
    elif to.queue is not None:
        refer(document, (*path, "queue"), to.queue, names.queues, "queue")
    elif to.drop_language or to.prompt is not None:
        document.add(path, "drop_language and prompt need a queue")
    if to.prompt is not None and refer(document, (*path, "prompt"), to.prompt, names.prompts, "prompt"):
        check_spoken(sources, document, (*path, "prompt"), to.prompt, sorted(names.languages or ()))
    if to.voicemail is not None:
        return
    if (to.flow is None) != (to.node is None):
        document.add(path, "flow and node belong together")
    elif to.flow is not None and to.node is not None and refer(document, (*path, "flow"), to.flow, names.flows, "flow"):
        flow = sources.flows[to.flow].model
        refer(document, (*path, "node"), to.node, frozenset(flow.nodes) if flow is not None else None, "node")
