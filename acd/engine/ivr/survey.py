"""Questions after, or instead of, a conversation: whole numbers within a range, of one digit or several.

Decides when a number is complete: at once where no further digit could follow, else at the terminator or after a short
silence, so that "10" can be said where 0 to 10 is asked for. Must not know what the answers mean.
"""

from __future__ import annotations

from acd.domain.flow_path import KeyClass, SurveyAnswer
from acd.domain.flow_talk import SurveyNode, SurveyQuestion
from acd.domain.ids import NodeId, PromptKey
from acd.engine.ivr.actions import Answered
from acd.engine.ivr.walk import Walk


def begin(walk: Walk, node: SurveyNode) -> NodeId | None:
    """Ask the first question."""
    walk.move(ahead="")
    return _ask(walk, node, 0)


def pressed(walk: Walk, node: SurveyNode, key: str) -> NodeId | None:
    """A key, during a question or after it."""
    question = node.questions[walk.position.item]
    if key == node.terminator:
        return _complete(walk, node, question)
    walk.move(digits=walk.position.digits + key)
    digits = walk.position.digits
    if digits.isdecimal() and _may_go_on(int(digits), question) and len(digits) < len(str(question.most)):
        walk.wait(node.inter_digit_s)
        return None
    return _complete(walk, node, question)


def silent(walk: Walk, node: SurveyNode) -> NodeId | None:
    """No key came in time."""
    question = node.questions[walk.position.item]
    if walk.position.digits:
        return _complete(walk, node, question)
    if walk.position.tries >= node.retries:
        walk.in_vain("timeout")
        return node.silent
    _again(walk, question, node.timeout_prompts, "timeout")
    return None


def _may_go_on(number: int, question: SurveyQuestion) -> bool:
    """Whether a further digit could follow: not after 0, nor where the least such number is too large."""
    return number != 0 and number * 10 <= question.most


def _complete(walk: Walk, node: SurveyNode, question: SurveyQuestion) -> NodeId | None:
    digits, position = walk.position.digits, walk.position
    if not digits.isdecimal() or not question.least <= int(digits) <= question.most:
        if position.tries >= node.retries:
            walk.in_vain("invalid")
            return _ask(walk, node, position.item + 1)
        _again(walk, question, node.invalid_prompts, "invalid")
        return None
    answer = SurveyAnswer(walk.scene.at, position.flow, node.id, question.id, int(digits))
    walk.do(Answered(answer))
    if question.variable is not None:
        walk.keep(question.variable, answer.value)
    return _ask(walk, node, position.item + 1)


def _ask(walk: Walk, node: SurveyNode, item: int) -> NodeId | None:
    if item >= len(node.questions):
        return node.next
    walk.move(item=item, tries=0, digits="")
    walk.speak(node.questions[item].prompts)
    return None


def _again(walk: Walk, question: SurveyQuestion, why: tuple[PromptKey, ...], key: KeyClass) -> None:
    walk.in_vain(key)
    walk.move(tries=walk.position.tries + 1, digits="")
    walk.speak((*why, *question.prompts))
