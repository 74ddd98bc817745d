"""Nodes that ask and tell other systems, as the engine walks them.

Decides nothing an operator could get wrong: it runs only on files without mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.domain.data import Wanted
from acd.domain.flow_data import EventNode, HeaderTemplate, HttpNode
from acd.domain.flow_values import Assignment, Template, VariableType
from acd.domain.ids import NodeId, PromptKey
from acd.settings import json_bodies
from acd.settings.data_nodes import Event, Http
from acd.settings.expressions import Checker
from acd.settings.http_checks import is_idempotent


def http_node(name: NodeId, node: Http, types: Mapping[str, VariableType], checker: Checker) -> HttpNode:
    """A node that asks; ``types`` are the flow's variables."""
    failed = NodeId(node.failed)
    plain = (HeaderTemplate(header, checker.made_template(text)) for header, text in node.headers.items())
    secret = (
        HeaderTemplate(header, Template((section.prefix,) if section.prefix else ()), section.secret)
        for header, section in node.secret_headers.items()
    )
    return HttpNode(
        id=name,
        method=node.method,
        url=checker.made_template(node.url),
        next=NodeId(node.next),
        not_found=NodeId(node.not_found) if node.not_found else failed,
        invalid=NodeId(node.invalid) if node.invalid else failed,
        timed_out=NodeId(node.timed_out) if node.timed_out else failed,
        failed=failed,
        headers=(*plain, *secret),
        body=json_bodies.parts(node.body, checker.made_template) if node.body is not None else None,
        idempotent=is_idempotent(node),
        results=(
            *(Wanted(variable, place, types[variable]) for variable, place in node.results.items()),
            *(Wanted(variable, place, types[variable], required=False) for variable, place in node.optional.items()),
        ),
        timeout_s=node.timeout,
        retries=node.retries,
        cache_s=node.cache,
        cache_not_found_s=node.cache_not_found,
        prompts=tuple(PromptKey(prompt) for prompt in node.prompts),
        music=node.music,
        error=NodeId(node.error) if node.error else None,
    )


def event_node(name: NodeId, node: Event, checker: Checker) -> EventNode:
    """A node that tells."""
    values = tuple(Assignment(value, checker.made(source)) for value, source in node.values.items())
    error = NodeId(node.error) if node.error else None
    return EventNode(name, node.webhook, node.event, NodeId(node.next), values, error)
