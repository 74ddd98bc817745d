"""Turns checked nodes that speak and ask into the engine's.

Decides nothing an operator could get wrong: it runs only on files without mistakes. Must not know where they stood.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.domain.flow import AnswerNode, LanguageNode, Node
from acd.domain.flow_talk import (
    ChosenItem,
    CollectNode,
    ConsentNode,
    DigitCheck,
    MenuChoice,
    MenuNode,
    PlayNode,
    SayingItem,
    SayItem,
    SayNode,
    SurveyNode,
    SurveyQuestion,
    TextItem,
)
from acd.domain.ids import Language, NodeId, PromptKey
from acd.settings import talk_nodes
from acd.settings.expression_checks import SAID_TYPES
from acd.settings.expressions import Checker
from acd.settings.talk_nodes import Answer, Collect, Consent, Menu, Play, Say, SetLanguage, Survey, TalkNode


def keys(prompts: tuple[str, ...]) -> tuple[PromptKey, ...]:
    """Prompts by name."""
    return tuple(PromptKey(p) for p in prompts)


def node(name: NodeId, node: TalkNode, checker: Checker, versions: Mapping[str, int]) -> Node:
    """The node; ``versions`` are those of the prompts."""
    match node:
        case Answer():
            return AnswerNode(name, NodeId(node.next))
        case Play():
            return PlayNode(name, keys(node.prompts), NodeId(node.next), node.barge_in)
        case Say():
            items = tuple(_item(item, checker) for item in node.items)
            return SayNode(name, items, NodeId(node.next), node.barge_in, NodeId(node.error) if node.error else None)
        case Menu():
            return _menu(name, node)
        case Collect():
            return _collect(name, node)
        case SetLanguage():
            return LanguageNode(name, Language(node.language), NodeId(node.next))
        case Consent():
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
        case Survey():
            return _survey(name, node)


def _item(item: talk_nodes.SayItem, checker: Checker) -> SayingItem:
    match item:
        case talk_nodes.SayValue():
            return SayItem(item.say, checker.made(item.value, SAID_TYPES[item.say]))
        case talk_nodes.SayText():
            return TextItem(checker.made_template(item.text))
        case talk_nodes.SayChosen():
            return ChosenItem(checker.made(item.prompt, "text"), keys(item.of))
        case _:
            return PromptKey(item)


def _menu(name: NodeId, node: Menu) -> MenuNode:
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


def _collect(name: NodeId, node: Collect) -> CollectNode:
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


def _survey(name: NodeId, node: Survey) -> SurveyNode:
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
