"""The node that says values: what its items are, in the caller's language, as prompts and texts.

Decides nothing about how a value is said (``acd.engine.saying``), nor by whom a text is spoken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from acd.domain.commands import Spoken
from acd.domain.errors import ExpressionError
from acd.domain.flow_talk import ChosenItem, SayingItem, SayItem, SayNode, TextItem
from acd.domain.flow_values import Expression, Template, Value
from acd.domain.ids import Language, NodeId, PromptKey
from acd.engine import saying
from acd.engine.ivr.walk import Walk

LONGEST_TEXT = 600
"""Characters of a text; about a minute of speech."""


def begin(walk: Walk, node: SayNode) -> NodeId | None:
    """Say it, unless a key was pressed ahead, or there is nothing to say. Raises ``ExpressionError``."""
    if node.barge_in and walk.position.ahead:
        return node.next
    language = walk.language or Language("")
    said = tuple(part for item in node.items for part in _said(walk, item, language))
    if not said:
        return node.next
    walk.speak(said)
    return None


def _said(walk: Walk, item: SayingItem, language: Language) -> Iterator[PromptKey | Spoken]:
    match item:
        case SayItem():
            try:
                yield from saying.say(item.say, walk.value(item.value), language)
            except ValueError as error:
                raise ExpressionError(str(error)) from error
        case TextItem():
            text = " ".join(_text(walk, item.text).split())
            if len(text) > LONGEST_TEXT:
                raise ExpressionError(f"a text of {len(text)} characters is too long to be said")
            if text:
                yield Spoken(text, language)
        case ChosenItem():
            chosen = walk.value(item.prompt)
            if chosen not in item.of:
                raise ExpressionError("a prompt that is none of those to choose from")
            yield PromptKey(str(chosen))
        case str():
            yield PromptKey(item)
        case _:
            assert_never(item)


def _text(walk: Walk, template: Template) -> str:
    return "".join(part if isinstance(part, str) else _written(walk, part) for part in template.parts)


def _written(walk: Walk, part: Expression) -> str:
    value: Value = walk.value(part)
    return str(value).lower() if isinstance(value, bool) else str(value)
