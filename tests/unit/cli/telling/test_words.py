"""Every language says the same things, and there is a sentence for everything a decision can hold."""

from __future__ import annotations

from string import Formatter
from typing import get_args

import pytest

from acd.cli.telling.words import MONTHS, SENTENCES, UNITS, Tongue
from acd.domain.decision import AheadReason, Outcome, Reason, Trigger
from acd.domain.exits import Exit
from acd.engine.matching import STANDARD, agent_parts

TONGUES: tuple[Tongue, ...] = get_args(Tongue)


def holes(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_each_language_has_the_same_sentences_with_the_same_values() -> None:
    english = {name: holes(text) for name, text in SENTENCES["en"].items()}
    for tongue in TONGUES:
        assert {name: holes(text) for name, text in SENTENCES[tongue].items()} == english
        assert len(MONTHS[tongue]) == 12
        assert len(UNITS[tongue]) == 3


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("why", get_args(Reason)),
        ("why_ahead", get_args(AheadReason)),
        ("because", get_args(Trigger)),
        ("over", get_args(Outcome)),
        ("ended", tuple(exit_.value for exit_ in Exit)),
        ("by", tuple(part for policy in STANDARD.agent.values() for part in agent_parts(policy))),
        ("policy", tuple(STANDARD.agent)),
        ("contact_policy", tuple(STANDARD.contact)),
    ],
)
def test_there_is_a_sentence_for_each(kind: str, values: tuple[str, ...]) -> None:
    assert {f"{kind}.{value}" for value in values} <= set(SENTENCES["en"])
