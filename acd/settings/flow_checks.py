"""Checks the flows: what nodes refer to, and where a call can go.

Decides what a flow must fulfil beyond its shape: every node is reached, no caller goes round for ever, every prompt has
a text in each of the flow's languages. Must not know how a flow is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import assert_never

from acd.domain.exits import Exit
from acd.domain.ids import Language
from acd.engine import saying
from acd.engine.ivr.cells import value_in
from acd.settings import (
    asking_checks,
    data_nodes,
    expression_checks,
    http_checks,
    matching_checks,
    media_checks,
    media_file,
    subflow_checks,
    talk_nodes,
    transfer_checks,
    way_nodes,
)
from acd.settings.flow_file import FlowFile, NodeSection
from acd.settings.limit_file import voicemail_nodes
from acd.settings.names import Names, check_fulfilled, check_spoken, refer, refer_all
from acd.settings.sources import FLOW_TEST_SUFFIX, Source, Sources
from acd.settings.yaml_marks import Document, Path_, printable

FLOW_EXITS = frozenset(
    {
        Exit.IVR_EXIT,
        Exit.SELF_SERVICE,
        Exit.OVERFLOWED,
        Exit.CLOSED,
        Exit.REFUSED,
        Exit.NO_RESPONSE,
        Exit.FAILED_TECHNICAL,
    }
)
"""What a flow may say of a call; the other exits are the engine's to find out."""
_ASKING = talk_nodes.Menu | talk_nodes.Collect | talk_nodes.Consent | talk_nodes.Survey
Edge = tuple[Path_, str]
"""Where a reference to a node stands below its own node, and the node's name."""


def check(sources: Sources, names: Names) -> None:
    """Note every mistake of every flow."""
    for name, source in sources.flows.items():
        if source.model is not None:
            _check_flow(sources, source, source.model, names, _entered(sources, name))


def warn(sources: Sources) -> None:
    """Note which flows nothing walks through before they come into force."""
    for name, source in sources.flows.items():
        if name not in sources.tested:
            source.document.warn((), f"no test walks through this flow: there is no {name}{FLOW_TEST_SUFFIX} beside it")


def _entered(sources: Sources, flow: str) -> list[str]:
    """Nodes that queues' limits lead to."""
    queues = sources.queues.model.queues.values() if sources.queues.model else ()
    places = [to for queue in queues if queue.limits for to in queue.limits.destinations().values()]
    flows = {name: source.model for name, source in sources.flows.items() if source.model is not None}
    voicemail = (place for to in places if to.voicemail for place in voicemail_nodes(flows, to))
    named = [to.node for to in places if to.flow == flow and to.node is not None]
    return [*named, *(node for other, node in voicemail if other == flow)]


def _check_flow(sources: Sources, source: Source[FlowFile], flow: FlowFile, names: Names, entered: list[str]) -> None:
    document = source.document
    raw = document.value["nodes"] if isinstance(document.value, dict) else None
    nodes = frozenset(raw) if isinstance(raw, dict) else None
    refer_all(document, ("languages",), flow.languages, names.languages, "language")
    refer(document, ("entry",), flow.entry, nodes, "node")
    spoken: set[str] = set()
    for name, node in flow.nodes.items():
        path: Path_ = ("nodes", name)
        for below, target in edges(node):
            refer(document, (*path, *below), target, nodes, "node")
        for below, prompt in _prompts(node):
            if refer(document, (*path, *below), prompt, names.prompts, "prompt") and prompt not in spoken:
                check_spoken(sources, document, (*path, *below), prompt, flow.languages)
            spoken.add(prompt)
        _check_node(sources, document, path, node, flow, names)
    others = {name: other.model for name, other in sources.flows.items() if other.model is not None}
    expression_checks.check(document, flow, names, others)
    if source.whole:
        if flow.on_error is not None:
            refer(document, ("on_error",), flow.on_error, nodes, "node")
        _check_reached(document, flow, entered)
        _check_rounds(document, flow)


def edges(node: NodeSection) -> Iterator[Edge]:
    """Every way out of a node."""
    match node:
        case talk_nodes.Answer() | talk_nodes.Play() | talk_nodes.Say() | talk_nodes.SetLanguage():
            yield ("next",), node.next
        case talk_nodes.Menu():
            yield from ((("choices", key), target) for key, target in node.choices.items())
            yield ("failed",), node.failed
        case talk_nodes.Collect():
            yield from ((("next",), node.next), (("failed",), node.failed))
        case way_nodes.Hours():
            yield from ((("open",), node.open), (("closed",), node.closed), (("holiday",), node.holiday))
        case way_nodes.Queue():
            if node.overflow is not None:
                yield ("overflow",), node.overflow
            yield from ((("keys", key), target) for key, target in node.keys.items())
            if node.after is not None:
                yield ("after",), node.after
        case talk_nodes.Consent() | way_nodes.Gate():
            yield from ((("next",), node.next), (("refused",), node.refused))
        case talk_nodes.Survey():
            yield ("next",), node.next
            if node.silent is not None:
                yield ("silent",), node.silent
        case way_nodes.CallbackNodeSection():
            yield ("failed",), node.failed
        case way_nodes.Branch():
            yield from ((("cases", number, "next"), case.next) for number, case in enumerate(node.cases))
            yield ("otherwise",), node.otherwise
        case way_nodes.Set() | way_nodes.Wait() | way_nodes.Subflow() | data_nodes.Event():
            yield ("next",), node.next
        case way_nodes.Goto():
            if node.next is not None:
                yield ("next",), node.next
        case way_nodes.Lookup():
            yield from ((("next",), node.next), (("missing",), node.missing))
        case data_nodes.Http():
            yield ("next",), node.next
            for key in ("failed", "not_found", "invalid", "timed_out"):
                if (target := getattr(node, key)) is not None:
                    yield (key,), target
        case media_file.Record() | media_file.Voicemail():
            yield from ((("next",), node.next), (("empty",), node.empty), (("failed",), node.failed))
        case media_file.SilenceCheck():
            yield from ((("next",), node.next), (("silent",), node.silent))
        case way_nodes.Transfer() | way_nodes.HangUp() | way_nodes.Return():
            pass
        case _:
            assert_never(node)
    error = getattr(node, "error", None)
    if error is not None:
        yield ("error",), error


def _prompts(node: NodeSection) -> Iterator[Edge]:
    for key in ("prompts", "invalid_prompts", "timeout_prompts", "review"):
        for number, prompt in enumerate(getattr(node, key, ())):
            yield (key, number), prompt
    if isinstance(node, talk_nodes.Say):
        for number, item in enumerate(node.items):
            if isinstance(item, str):
                yield ("items", number), item
            elif isinstance(item, talk_nodes.SayChosen):
                yield from ((("items", number, "of", n), prompt) for n, prompt in enumerate(item.of))
    if isinstance(node, talk_nodes.Survey):
        for name, question in node.questions.items():
            yield from ((("questions", name, "prompts", n), prompt) for n, prompt in enumerate(question.prompts))


def _check_node(
    sources: Sources, document: Document, path: Path_, node: NodeSection, flow: FlowFile, names: Names
) -> None:
    match node:
        case way_nodes.Hours():
            refer(document, (*path, "calendar"), node.calendar, names.calendars, "calendar")
        case talk_nodes.Say():
            for mute in (one for one in flow.languages if not saying.speaks(Language(one))):
                for number, item in enumerate(node.items):
                    if isinstance(item, talk_nodes.SayValue):
                        document.add((*path, "items", number, "say"), f"values cannot be said in {mute}")
        case talk_nodes.SetLanguage():
            if node.language not in flow.languages:
                document.add(
                    (*path, "language"),
                    f"'{node.language}' is none of the flow's languages: {', '.join(flow.languages)}",
                )
        case talk_nodes.Menu():
            asking_checks.check_menu(document, path, node)
        case talk_nodes.Collect():
            asking_checks.check_collect(document, path, node, flow)
        case talk_nodes.Consent():
            asking_checks.check_consent(document, path, node)
        case talk_nodes.Survey():
            asking_checks.check_survey(document, path, node, flow)
        case way_nodes.Gate():
            asking_checks.check_gate(sources, document, path, node)
        case way_nodes.CallbackNodeSection():
            refer(document, (*path, "queue"), node.queue, names.queues, "queue")
            if isinstance(sources.acd.document.value, dict) and "callbacks" not in sources.acd.document.value:
                document.add(path, "needs 'callbacks' in acd.yaml", at_key=True)
        case way_nodes.Queue():
            _check_queue_node(sources, document, path, node, flow, names)
        case way_nodes.HangUp() if node.exit not in FLOW_EXITS:
            allowed = ", ".join(sorted(FLOW_EXITS))
            document.add((*path, "exit"), f"'{node.exit}' is the engine's to find out; a flow may say {allowed}")
        case way_nodes.Goto() if (node.next is None) == (node.flow is None):
            document.add(path, "needs either 'next' or 'flow'", at_key=True)
        case way_nodes.Goto() if node.flow is not None:
            refer(document, (*path, "flow"), node.flow, names.flows, "flow")
        case way_nodes.Subflow():
            subflow_checks.check(sources, document, path, node, flow, names)
        case way_nodes.Lookup():
            _check_lookup(sources, document, path, node, flow)
        case data_nodes.Http() if sources.acd.model:
            http_checks.check_http(document, path, node, flow.known_variables, sources.acd.model.data)
        case data_nodes.Event() if sources.acd.model:
            http_checks.check_event(document, path, node, sources.acd.model.data)
        case way_nodes.Set():
            for variable in node.set:
                refer(document, (*path, "set", variable), variable, flow.known_variables, "variable", at_key=True)
        case media_file.Record() | media_file.Voicemail() | media_file.SilenceCheck():
            media_checks.check_node(document, path, node, flow, names)
        case way_nodes.Transfer():
            transfer_checks.check(sources, document, path, node)
        case _:
            pass


def _check_queue_node(
    sources: Sources, document: Document, path: Path_, node: way_nodes.Queue, flow: FlowFile, names: Names
) -> None:
    refer(document, (*path, "queue"), node.queue, names.queues, "queue")
    known = [
        refer(document, (*path, "requires", skill), skill, names.skills, "skill", at_key=True)
        for skill in node.requires
    ]
    if known and all(known):
        check_fulfilled(sources, document, (*path, "requires"), node.queue, node.requires)
    queue = sources.queues.model.queues.get(node.queue) if sources.queues.model else None
    if queue is not None and queue.callback is not None and queue.callback.key in node.keys:
        taken = f"asks to be called back in queue '{node.queue}'"
        document.add((*path, "keys", queue.callback.key), taken, at_key=True)
    matching_checks.check_node(document, path, node, names)
    if node.after is not None:
        asking_checks.check_after(document, path, node.after, flow, edges)


def _check_lookup(sources: Sources, document: Document, path: Path_, node: way_nodes.Lookup, flow: FlowFile) -> None:
    known = refer(document, (*path, "table"), node.table, frozenset(sources.tables), "table")
    columns = sources.tables[node.table].columns if known else None
    for variable, column in node.results.items():
        refer(document, (*path, "results", variable), variable, flow.known_variables, "variable", at_key=True)
        if not columns or not refer(document, (*path, "results", variable), column, frozenset(columns), "column"):
            continue
        place, type_ = columns.index(column), flow.types.get(variable, "text")
        wrong = (
            key for key, row in sources.tables[node.table].rows.items() if value_in(str(row[place]), type_) is None
        )
        if (key := next(wrong, None)) is not None:
            told = f"column '{column}' of table '{node.table}' holds no {type_} in row '{printable(key)}'"
            document.add((*path, "results", variable), told)


# --- where a call can go


def _check_reached(document: Document, flow: FlowFile, entered: list[str]) -> None:
    reached: set[str] = set()
    ahead = [flow.entry, *([flow.on_error] if flow.on_error else []), *(node for node in entered if node in flow.nodes)]
    while ahead:
        name = ahead.pop()
        if name not in flow.nodes:
            # Told already. Follow what was meant, so that one slip does not make a tree of nodes unreached.
            meant = get_close_matches(name, flow.nodes, 1)
            if not meant:
                return
            name = meant[0]
        if name not in reached:
            reached.add(name)
            ahead += [target for _, target in edges(flow.nodes[name])]
    for name in flow.nodes:
        if name not in reached:
            document.add(("nodes", name), "no call reaches this node", at_key=True)


def _unpressed(node: NodeSection) -> Iterator[str]:
    """Where a caller goes who presses no key. Waiting in a queue ends a round: there an agent may answer."""
    match node:
        case talk_nodes.Menu() | talk_nodes.Collect():
            yield node.failed
        case way_nodes.Queue():
            pass
        case way_nodes.CallbackNodeSection():
            yield node.failed  # at once, for a number that cannot be called back
        case talk_nodes.Consent():
            yield node.next if node.silence == "accepted" else node.refused
        case talk_nodes.Survey():
            yield node.silent or node.next
        case _:
            yield from (target for _, target in edges(node))


def _check_rounds(document: Document, flow: FlowFile) -> None:
    """Find rounds without a key or a queue: they would hold the caller, and a channel of the trunk, for ever."""
    done: set[str] = set()
    for start in flow.nodes:
        way: list[str] = []
        ahead = [(start, 0)]
        while ahead:
            name, depth = ahead.pop()
            del way[depth:]
            if name in way:
                _report_round(document, flow, way[way.index(name) :])
            elif name in flow.nodes and name not in done:
                way.append(name)
                done.add(name)
                ahead += [(target, depth + 1) for target in _unpressed(flow.nodes[name])]


def _report_round(document: Document, flow: FlowFile, ring: list[str]) -> None:
    first = min(range(len(ring)), key=lambda n: document.position(("nodes", ring[n]), at_key=True))
    ring = [*ring[first:], *ring[:first]]
    asks = any(isinstance(flow.nodes[n], _ASKING) for n in ring)
    who = "a caller who presses nothing goes round for ever" if asks else "goes round without ever waiting"
    document.add(("nodes", ring[0]), f"{who}: {' > '.join([*ring, ring[0]])}", at_key=True)
