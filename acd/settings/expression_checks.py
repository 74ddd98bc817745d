"""Which expressions a flow has, what each shall give, and what they may read; notes every mistake in them.

Decides the type that is wanted where an expression stands. Must not know the language; ``expressions`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from acd.domain.flow_talk import SayKind
from acd.domain.flow_values import VariableType
from acd.engine.ivr import names as flow_names
from acd.settings import data_nodes, json_bodies, media_file, talk_nodes, way_nodes
from acd.settings.expressions import NAME, RESERVED, Checker, note
from acd.settings.flow_file import FlowFile, NodeSection
from acd.settings.names import Names
from acd.settings.yaml_marks import Document, Path_

SAID_TYPES: dict[SayKind, VariableType | None] = {
    "number": "number",
    "ordinal": "number",
    "money": None,
    "digits": None,
    "date": "date",
    "time": "time",
}
"""What is said as what; money and digits may be numbers or texts."""


class Written(NamedTuple):
    """An expression or a template of a node: where it stands below the node, and what it shall give."""

    below: Path_
    source: str
    wanted: VariableType | None
    """None: any value."""
    template: bool = False


def readable(queues: Iterable[str], calendars: Iterable[str], flow: FlowFile) -> dict[str, VariableType]:
    """What expressions of a flow may read."""
    return {**flow.types, **flow_names.types(queues, calendars)}


def check(document: Document, flow: FlowFile, names: Names, flows: Mapping[str, FlowFile]) -> None:
    """Note every mistake in the flow's expressions, and in the names of variables they would read."""
    for path, variable in _declared(flow):
        if variable in flow_names.TAKEN:
            document.add(path, f"'{variable}' is what expressions call something else", at_key=True)
        elif variable in RESERVED or NAME.fullmatch(variable) is None:
            what = (
                "a word expressions keep for themselves" if variable in RESERVED else "no name of letters, digits and _"
            )
            document.add(path, f"'{variable}' is {what}", at_key=True)
    if names.queues is None or names.calendars is None:
        return
    checker = Checker(readable(names.queues, names.calendars, flow))
    for name, node in flow.nodes.items():
        for written in of_node(node, flow, flows):
            source, wanted = written.source, written.wanted
            found = checker.template(source) if written.template else checker.expression(source, wanted)
            if isinstance(found, list):
                note(document, ("nodes", name, *written.below), written.source, found)


def _declared(flow: FlowFile) -> Iterator[tuple[Path_, str]]:
    yield from ((("variables", variable), variable) for variable in flow.variables)
    for name, node in flow.nodes.items():
        if not isinstance(node, talk_nodes.Collect | media_file.Record) or node.variable is None:
            continue
        if node.variable not in flow.variables:
            yield ("nodes", name, "variable"), node.variable


def of_node(node: NodeSection, flow: FlowFile, flows: Mapping[str, FlowFile]) -> Iterator[Written]:
    """Every expression of a node; those that set a variable nobody declared are left out."""
    match node:
        case way_nodes.Set():
            yield from _assignments("set", node.set, flow.types)
        case way_nodes.Branch():
            yield from (Written(("cases", n, "when"), case.when, "boolean") for n, case in enumerate(node.cases))
        case way_nodes.Subflow() if node.flow in flows:
            yield from _assignments("arguments", node.arguments, flows[node.flow].types)
        case talk_nodes.Say():
            yield from _items(node)
        case way_nodes.Lookup():
            yield Written(("key",), node.key, "text")
        case data_nodes.Event():
            yield from (Written(("values", name), source, None) for name, source in node.values.items())
        case data_nodes.Http():
            yield Written(("url",), node.url, None, template=True)
            for name, text in node.headers.items():
                yield Written(("headers", name), text, None, template=True)
            for below, text in json_bodies.texts(node.body, ("body",)):
                yield Written(below, text, None, template=True)
        case _:
            pass


def _items(node: talk_nodes.Say) -> Iterator[Written]:
    for number, item in enumerate(node.items):
        match item:
            case talk_nodes.SayValue():
                yield Written(("items", number, "value"), item.value, SAID_TYPES[item.say])
            case talk_nodes.SayText():
                yield Written(("items", number, "text"), item.text, None, template=True)
            case talk_nodes.SayChosen():
                yield Written(("items", number, "prompt"), item.prompt, "text")
            case _:
                pass


def _assignments(key: str, values: Mapping[str, str], types: Mapping[str, VariableType]) -> Iterator[Written]:
    return (Written((key, name), source, types[name]) for name, source in values.items() if name in types)


def reads_earlier(flows: Mapping[str, FlowFile]) -> bool:
    """Whether any flow asks for a caller's earlier contacts; else none are remembered."""
    every = (
        written for flow in flows.values() for node in flow.nodes.values() for written in of_node(node, flow, flows)
    )
    return any("earlier" in written.source for written in every)
