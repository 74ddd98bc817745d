"""The node that says values, texts and prompts chosen by expressions."""

from __future__ import annotations

import pytest

from acd.domain.commands import Spoken
from acd.domain.errors import ExpressionError
from acd.domain.flow_talk import ChosenItem, SayingItem, SayItem, SayKind, SayNode, TextItem
from acd.domain.flow_values import Expression, Template, Value
from acd.domain.ids import ContactId, FlowId, Language, PlaybackId, PromptKey
from acd.engine import ivr, saying
from acd.engine.ivr.say import LONGEST_TEXT
from acd.engine.ivr.scene import Scene
from acd.engine.ivr.walk import Walk
from acd.engine.matching import Matcher
from acd.engine.state import Contact, EngineState, InIvr, Position
from acd.store.codec import decode, encode
from tests.engine_kit import MONDAY_10, n
from tests.unit.engine.ivr.test_control import END, OOPS, flow, plan

ID, MAIN, A = Language("id"), FlowId("main"), n("a")
VALUES: dict[str, Value] = {"count": 12, "nib": "9120001", "due": "2026-11-22", "yes": True, "empty": "", "key": "bye"}


def evaluate(expression: Expression, walk: Walk) -> Value:
    if expression.source not in VALUES:
        raise ExpressionError("no value")
    return VALUES[expression.source]


def at(*items: SayingItem, barge_in: bool = True) -> Scene:
    made = plan(flow(MAIN, SayNode(A, items, END.id, barge_in, OOPS.id), END, OOPS))
    contact = Contact(ContactId("c"), InIvr(MONDAY_10, Position(MAIN, A)), "169", None, "", MONDAY_10)
    return Scene(made, contact, EngineState(made), Matcher(EngineState(made)), MONDAY_10, evaluate)


def named(source: str) -> Expression:
    return Expression(source, "text")


def said(*items: SayingItem) -> tuple[PromptKey | Spoken, ...]:
    _, actions = ivr.start(at(*items), MAIN)
    found = [action.prompts for action in actions if isinstance(action, ivr.Speak)]
    return found[0] if found else ()


@pytest.mark.parametrize(("kind", "source"), [("number", "count"), ("digits", "nib"), ("date", "due")])
def test_a_value_is_said_as_its_kind_in_the_callers_language(kind: SayKind, source: str) -> None:
    assert said(SayItem(kind, named(source))) == saying.say(kind, VALUES[source], ID)


def test_a_text_is_spoken_with_its_values_and_a_prompt_may_be_chosen() -> None:
    text = TextItem(Template(("Nomor ", named("nib"), "  ada: ", named("yes"))))
    chosen = ChosenItem(named("key"), (PromptKey("hello"), PromptKey("bye")))
    assert said(PromptKey("intro"), text, chosen) == (
        PromptKey("intro"),
        Spoken("Nomor 9120001 ada: true", ID),
        PromptKey("bye"),
    )


@pytest.mark.parametrize(
    "item",
    [
        SayItem("number", named("unknown")),
        SayItem("date", named("nib")),
        ChosenItem(named("key"), (PromptKey("hello"),)),
        TextItem(Template(("a" * (LONGEST_TEXT + 1),))),
    ],
)
def test_what_cannot_be_said_takes_the_error_branch_and_nothing_is_said(item: SayingItem) -> None:
    position, actions = ivr.start(at(PromptKey("intro"), item), MAIN)
    assert position.node == OOPS.id
    assert not any(isinstance(action, ivr.Speak) for action in actions)


def test_nothing_to_say_leads_on_at_once() -> None:
    position, _ = ivr.start(at(TextItem(Template((" ", named("empty"))))), MAIN)
    assert position.node == END.id


def test_it_leads_on_at_its_end_and_at_a_key_that_may_cut_it() -> None:
    here = at(PromptKey("intro"))
    begun, actions = ivr.start(here, MAIN)
    (speak,) = [action for action in actions if isinstance(action, ivr.Speak)]
    assert ivr.playback_ended(here, begun, PlaybackId("other"))[0].node == A
    assert ivr.playback_ended(here, begun, speak.playback)[0].node == END.id
    cut, actions = ivr.digit(here, begun, "5")
    assert (cut.node, actions[0]) == (END.id, ivr.Hush(speak.playback))
    assert ivr.digit(at(PromptKey("intro"), barge_in=False), begun, "5") == (begun, [])


def test_a_key_pressed_ahead_skips_what_it_may_cut() -> None:
    ahead = Position(MAIN, A, ahead="1")
    assert ivr.enter(at(PromptKey("intro")), ahead, A)[0].node == END.id


def test_a_journal_holds_every_kind_of_item() -> None:
    items: tuple[SayingItem, ...] = (
        PromptKey("intro"),
        SayItem("money", named("count")),
        TextItem(Template(("a", named("nib")))),
        ChosenItem(named("key"), (PromptKey("bye"),)),
    )
    node = SayNode(A, items, END.id)
    assert decode(SayNode, encode(node)) == node
