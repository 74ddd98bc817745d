"""Binds a flow to the wordings of its prompts, so that a changed text is a new version of each flow that says it.

Decides which prompts a flow says. Must not know how a wording becomes a sound.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace

from acd.domain.flow import FlowPlan
from acd.domain.ids import Language, PromptKey
from acd.settings.values import PromptsSettings


def worded(flow: FlowPlan, prompts: PromptsSettings) -> FlowPlan:
    """Give the flow with its prompts' wordings, and a version that changes with them."""
    said = sorted({text for node in flow.nodes.values() for text in _texts(node) if text in prompts.texts})
    wordings: dict[PromptKey, dict[Language, str]] = {
        (key := PromptKey(text)): {language: prompts.wording(key, language) for language in prompts.texts[key]}
        for text in said
    }
    version = hashlib.sha256(repr((flow.version, wordings)).encode()).hexdigest()[:12]
    return replace(flow, version=version, wordings=wordings)


def _texts(value: object) -> Iterator[str]:
    """Every text in a node. One that only happens to be a prompt's name does no harm."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))
