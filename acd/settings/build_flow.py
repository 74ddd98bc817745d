"""Turns checked flow files into the engine's flows.

Decides nothing an operator could get wrong: it runs only on files without mistakes. Must not know where they stood.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.domain.flow import (
    AnswerNode,
    Assignment,
    BranchNode,
    CallbackNode,
    Case,
    ChosenItem,
    CollectNode,
    ConsentNode,
    DigitCheck,
    ExitKey,
    FlowPlan,
    GateNode,
    GotoNode,
    HangUpNode,
    HoursNode,
    LanguageNode,
    LookupNode,
    MenuChoice,
    MenuNode,
    Node,
    PlayNode,
    QueueNode,
    Result,
    Returned,
    ReturnNode,
    SayingItem,
    SayItem,
    SayNode,
    SetNode,
    SubflowNode,
    SurveyNode,
    SurveyQuestion,
    TextItem,
    TransferNode,
    VariableType,
    WaitNode,
)
from acd.domain.ids import AgentId, CalendarId, FlowId, Language, NodeId, PromptKey, QueueId, SkillId
from acd.domain.skills import SkillLevel
from acd.settings import data_nodes, flow_file, media_file
from acd.settings.build_http import event_node, http_node
from acd.settings.expression_checks import SAID_TYPES
from acd.settings.expressions import Checker
from acd.settings.values import way_out


def levels(requires: dict[str, int]) -> tuple[SkillLevel, ...]:
    """Skills at levels."""
    return tuple(SkillLevel(SkillId(skill), level) for skill, level in requires.items())


def _assignments(values: dict[str, str], section: flow_file.FlowFile, checker: Checker) -> tuple[Assignment, ...]:
    types = section.types
    return tuple(Assignment(name, checker.made(source, types[name])) for name, source in values.items())


def _way(node: str | None) -> NodeId | None:
    return NodeId(node) if node else None


def flow(
    name: str,
    section: flow_file.FlowFile,
    version: str,
    flows: dict[str, flow_file.FlowFile],
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
    return FlowPlan(
        id=FlowId(name),
        entry=NodeId(section.entry),
        languages=tuple(Language(x) for x in section.languages),
        nodes={NodeId(k): _node(NodeId(k), v, section, flows, checker, versions) for k, v in section.nodes.items()},
        variables=section.types,
        on_error=_way(section.on_error),
        version=version,
    )


def keys(prompts: tuple[str, ...]) -> tuple[PromptKey, ...]:
    """Prompts by name."""
    return tuple(PromptKey(p) for p in prompts)


def _item(item: flow_file.SayItem, checker: Checker) -> SayingItem:
    match item:
        case flow_file.SayValue():
            return SayItem(item.say, checker.made(item.value, SAID_TYPES[item.say]))
        case flow_file.SayText():
            return TextItem(checker.made_template(item.text))
        case flow_file.SayChosen():
            return ChosenItem(checker.made(item.prompt, "text"), keys(item.of))
        case _:
            return PromptKey(item)


def _node(
    name: NodeId,
    node: flow_file.NodeSection,
    section: flow_file.FlowFile,
    flows: dict[str, flow_file.FlowFile],
    checker: Checker,
    versions: Mapping[str, int],
) -> Node:
    match node:
        case flow_file.Answer():
            return AnswerNode(name, NodeId(node.next))
        case flow_file.Play():
            return PlayNode(name, keys(node.prompts), NodeId(node.next), node.barge_in)
        case flow_file.Say():
            items = tuple(_item(item, checker) for item in node.items)
            return SayNode(name, items, NodeId(node.next), node.barge_in, _way(node.error))
        case flow_file.Menu():
            return _menu(name, node)
        case flow_file.Collect():
            return _collect(name, node)
        case flow_file.Hours():
            return HoursNode(
                name, CalendarId(node.calendar), NodeId(node.open), NodeId(node.closed), NodeId(node.holiday)
            )
        case flow_file.SetLanguage():
            return LanguageNode(name, Language(node.language), NodeId(node.next))
        case flow_file.Queue():
            overflow = NodeId(node.overflow) if node.overflow else None
            exits = tuple(ExitKey(key, NodeId(to)) for key, to in node.keys.items())
            return QueueNode(
                name,
                QueueId(node.queue),
                overflow,
                levels(node.requires),
                node.priority,
                exits,
                prefers=levels(node.prefers),
                agent=AgentId(node.agent) if node.agent else None,
                last_agent_within_s=node.last_agent,
                agent_wait_s=node.agent_wait,
                after=_way(node.after),
            )
        case flow_file.Transfer():
            return _transfer(name, node)
        case flow_file.Consent():
            return ConsentNode(
                name,
                keys(node.prompts),
                " ".join(f"{prompt}@{versions.get(prompt, 1)}" for prompt in node.prompts),
                NodeId(node.next),
                NodeId(node.refused),
                node.refuse,
                node.accept or "",
                node.silence == "accepted",
                node.timeout,
            )
        case flow_file.Survey():
            return _survey(name, node)
        case flow_file.Gate():
            return GateNode(
                name,
                NodeId(node.next),
                NodeId(node.refused),
                node.allow,
                node.block,
                node.anonymous == "allow",
                node.rate.calls if node.rate else None,
                node.rate.per if node.rate else 60.0,
            )
        case flow_file.CallbackNodeSection():
            return CallbackNode(name, QueueId(node.queue), NodeId(node.failed))
        case flow_file.HangUp():
            return HangUpNode(name, node.exit, node.cause)
        case flow_file.Set():
            return SetNode(name, _assignments(node.set, section, checker), NodeId(node.next), _way(node.error))
        case flow_file.Branch():
            cases = tuple(Case(checker.made(case.when, "boolean"), NodeId(case.next)) for case in node.cases)
            return BranchNode(name, cases, NodeId(node.otherwise), _way(node.error))
        case flow_file.Goto():
            return GotoNode(name, _way(node.next), FlowId(node.flow) if node.flow else None)
        case flow_file.Wait():
            return WaitNode(name, node.seconds, NodeId(node.next), node.music)
        case flow_file.Subflow():
            returns = tuple(Returned(ours, theirs) for ours, theirs in node.returns.items())
            arguments = _assignments(node.arguments, flows[node.flow], checker)
            return SubflowNode(name, FlowId(node.flow), NodeId(node.next), arguments, returns, _way(node.error))
        case flow_file.Return():
            return ReturnNode(name)
        case data_nodes.Http():
            return http_node(name, node, section.types, checker)
        case data_nodes.Event():
            return event_node(name, node, checker)
        case flow_file.Lookup():
            results = tuple(Result(variable, column) for variable, column in node.results.items())
            key = checker.made(node.key, "text")
            return LookupNode(name, node.table, key, results, NodeId(node.next), NodeId(node.missing), _way(node.error))
        case media_file.Record() | media_file.Voicemail() | media_file.SilenceCheck():
            return media_file.node(name, node)


def _transfer(name: NodeId, node: flow_file.Transfer) -> TransferNode:
    if node.number and node.gateway:
        return TransferNode(name, way_out(node.gateway), node.number)
    return TransferNode(name, node.context or "", node.extension or "")


def _survey(name: NodeId, node: flow_file.Survey) -> SurveyNode:
    questions = tuple(
        SurveyQuestion(key, keys(question.prompts), question.least, question.most, question.variable)
        for key, question in node.questions.items()
    )
    return SurveyNode(
        id=name,
        questions=questions,
        next=NodeId(node.next),
        silent=NodeId(node.silent or node.next),
        timeout_s=node.timeout,
        inter_digit_s=node.inter_digit,
        terminator=node.terminator,
        retries=node.retries,
        invalid_prompts=keys(node.invalid_prompts),
        timeout_prompts=keys(node.timeout_prompts),
    )


def _menu(name: NodeId, node: flow_file.Menu) -> MenuNode:
    return MenuNode(
        id=name,
        prompts=keys(node.prompts),
        choices=tuple(MenuChoice(key, NodeId(to)) for key, to in node.choices.items()),
        failed=NodeId(node.failed),
        timeout_s=node.timeout,
        retries=node.retries,
        invalid_prompts=keys(node.invalid_prompts),
        timeout_prompts=keys(node.timeout_prompts),
        barge_in=node.barge_in,
        repeat=node.repeat or "",
        back=node.back or "",
    )


def _collect(name: NodeId, node: flow_file.Collect) -> CollectNode:
    return CollectNode(
        id=name,
        prompts=keys(node.prompts),
        variable=node.variable,
        next=NodeId(node.next),
        failed=NodeId(node.failed),
        min_digits=node.min_digits,
        max_digits=node.max_digits,
        terminator="" if node.terminator == "none" else node.terminator,
        timeout_s=node.timeout,
        inter_digit_s=node.inter_digit,
        retries=node.retries,
        invalid_prompts=keys(node.invalid_prompts),
        timeout_prompts=keys(node.timeout_prompts),
        barge_in=node.barge_in,
        check=DigitCheck(
            node.check.pattern or "", node.check.luhn, node.check.least, node.check.most, node.check.date or ""
        ),
    )
