"""Checks nodes that ask other systems, and those that tell them.

Decides that the address is at a host of acd.yaml, that what is wanted goes to variables of the flow from places that
can be read, and that nothing is said that has no effect. Expressions are checked elsewhere.
"""

from __future__ import annotations

import re

from acd.settings.data_checks import check_headers, check_url
from acd.settings.data_file import DataSection
from acd.settings.data_nodes import Event, Http
from acd.settings.fields import quoted
from acd.settings.json_paths import mistake_in
from acd.settings.names import refer
from acd.settings.yaml_marks import Document, Path_

_HOLE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_ODD = re.compile(r"[^!-~]|[\"<>\\^`{|}]")


def check_http(document: Document, path: Path_, node: Http, variables: frozenset[str], data: DataSection) -> None:
    """Note the mistakes of a node that asks."""
    check_url(document, (*path, "url"), node.url, data)
    if (odd := _ODD.search(_HOLE.sub("", node.url).partition("{{")[0])) is not None:
        document.add((*path, "url"), f"{quoted(odd[0])} has to be written in %XX form in an address")
    check_headers(document, path, node.headers, node.secret_headers, data)
    for key, places in (("results", node.results), ("optional", node.optional)):
        for variable, place in places.items():
            where = (*path, key, variable)
            refer(document, where, variable, variables, "variable", at_key=True)
            if (why := mistake_in(place)) is not None:
                document.add(where, why)
    for variable in node.optional:
        if variable in node.results:
            document.add((*path, "optional", variable), "is one of the results already", at_key=True)
    if node.body is not None and node.method == "GET":
        document.add((*path, "body"), "a GET has no body", at_key=True)
    if not is_idempotent(node) and node.retries and "retries" in node.model_fields_set:
        why = f"a {node.method} is asked once, unless `idempotent: true` says that asking twice does no harm"
        document.add((*path, "retries"), why, at_key=True)


def check_event(document: Document, path: Path_, node: Event, data: DataSection) -> None:
    """Note the mistakes of a node that tells."""
    refer(document, (*path, "webhook"), node.webhook, frozenset(data.webhooks), "webhook")


def is_idempotent(node: Http) -> bool:
    """Whether asking twice does no harm."""
    return node.method != "POST" if node.idempotent is None else node.idempotent
