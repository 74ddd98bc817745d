"""Repeat and back in menus, checks of digits, consent, surveys and gates, with the interpreter alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from acd.domain.exits import Exit
from acd.domain.flow import CallbackNode, GateNode, HangUpNode
from acd.domain.flow_data import TablePlan
from acd.domain.flow_path import Consent, SurveyAnswer
from acd.domain.flow_talk import CollectNode, ConsentNode, DigitCheck, MenuChoice, MenuNode, SurveyNode, SurveyQuestion
from acd.domain.ids import Language, PlaybackId, QueueId
from acd.domain.plan import Plan
from acd.engine import ivr
from acd.engine.gates import MOST, passed
from acd.engine.ivr.checks import checked, luhn
from acd.engine.state import Position
from tests.engine_kit import MONDAY_10, n, prompts
from tests.unit.engine.ivr.test_control import END, OOPS, A, B, flow, plan, scene

SCENE: Callable[[Plan], ivr.Scene] = scene


def walk(made: Plan, *keys: str) -> tuple[Position, list[ivr.Action]]:
    """From the flow's beginning, pressing keys; ``.`` is silence, ``!`` the end of the prompt."""
    look = SCENE(made)
    position, actions = ivr.start(look, A)
    every = list(actions)
    for key in keys:
        if key == "!":
            position, actions = ivr.playback_ended(look, position, position.playback or PlaybackId("none"))
        elif key == ".":
            position, actions = ivr.timeout(look, replace(position, playback=None))
        else:
            position, actions = ivr.digit(look, position, key)
        every += actions
        kept = next((a.variables for a in actions if isinstance(a, ivr.Remember)), None)
        if kept is not None:
            look = replace(look, contact=replace(look.contact, variables=kept))
    return position, every


def said(actions: list[ivr.Action]) -> list[str]:
    return [str(prompt) for action in actions if isinstance(action, ivr.Speak) for prompt in action.prompts]


# ---------------------------------------------------------------- menus


def menus() -> Plan:
    def menu(name: str, to: str) -> MenuNode:
        choices = (MenuChoice("1", n(to)),)
        return MenuNode(n(name), prompts(name), choices, failed=n("end"), retries=1, repeat="*", back="#")

    return plan(flow(A, menu("one", "two"), menu("two", "three"), menu("three", "one"), END))


def test_star_says_the_menu_again_and_uses_up_no_try() -> None:
    assert said(walk(menus(), "*", "*", "*")[1]) == ["one"] * 4


def test_hash_leads_back_menu_by_menu_and_is_wrong_in_the_first() -> None:
    position, actions = walk(menus(), "1", "1", "#", "#")
    assert said(actions) == ["one", "two", "three", "two", "one"]
    assert walk(menus(), "#")[0].tries == 1
    assert position.trail == ("one",)


def test_a_menu_come_to_again_forgets_what_came_after_it() -> None:
    assert walk(menus(), "1", "1", "1")[0].trail == ("one",)


# ---------------------------------------------------------------- checks


@pytest.mark.parametrize(("digits", "check", "kept"), [
    ("1234567890123", DigitCheck(pattern="[0-9]{13}"), "1234567890123"), ("12", DigitCheck(pattern="[0-9]{13}"), None),
    ("4539578763621486", DigitCheck(luhn=True), "4539578763621486"), ("4539578763621487", DigitCheck(luhn=True), None),
    ("10", DigitCheck(least=0, most=10), "10"), ("11", DigitCheck(most=10), None), ("0", DigitCheck(least=1), None),
    ("22112026", DigitCheck(date="DDMMYYYY"), "2026-11-22"), ("20261122", DigitCheck(date="YYYYMMDD"), "2026-11-22"),
    ("221126", DigitCheck(date="DDMMYY"), "2026-11-22"), ("31022026", DigitCheck(date="DDMMYYYY"), None),
    ("2211", DigitCheck(date="DDMMYYYY"), None),
])  # fmt: skip
def test_digits_are_kept_when_they_are_what_was_asked_for(digits: str, check: DigitCheck, kept: str | None) -> None:
    assert checked(digits, check) == kept


def test_luhn_finds_every_single_wrong_digit() -> None:
    right = "79927398713"
    wrong = [right[:i] + d + right[i + 1 :] for i in range(len(right)) for d in "0123456789" if d != right[i]]
    assert luhn(right)
    assert not any(map(luhn, wrong))


def test_what_fails_the_check_is_told_as_wrong_and_a_number_is_kept_as_one() -> None:
    ask = CollectNode(
        n("ask"), prompts("ask"), "n", n("end"), n("oops"), max_digits=2, invalid_prompts=prompts("bad"),
        check=DigitCheck(most=20),
    )  # fmt: skip
    made = plan(flow(A, ask, END, OOPS, variables={"n": "number"}))
    position, actions = walk(made, "9", "9")
    assert said(actions) == ["ask", "bad", "ask"]
    assert ivr.Remember({"n": 17}) in walk(made, "1", "7")[1]
    assert position.tries == 1


# ---------------------------------------------------------------- consent


def notice(**more: object) -> Plan:
    node = ConsentNode(n("notice"), prompts("notice"), "notice@2", n("menu"), n("oops"), **more)  # type: ignore[arg-type]
    menu = MenuNode(n("menu"), prompts("menu"), (MenuChoice("1", n("end")),), failed=n("oops"))
    return plan(flow(A, node, menu, END, OOPS))


@pytest.mark.parametrize(("keys", "more", "given", "key", "at"), [
    (("9",), {}, False, "9", "oops"), (("!", "."), {}, True, "", "menu"), (("5",), {"accept": "5"}, True, "5", "menu"),
    (("!", "."), {"silence": False}, False, "", "oops"), (("1",), {}, True, "", "end"),
    (("1",), {"silence": False}, False, "", "oops"),
])  # fmt: skip
def test_what_was_said_to_a_notice_is_kept_with_its_words_language_key_and_time(
    keys: tuple[str, ...],
    more: dict[str, object],
    given: bool,  # noqa: FBT001 - a case
    key: str,
    at: str,
) -> None:
    position, actions = walk(notice(**more), *keys)
    (agreed,) = [action.consent for action in actions if isinstance(action, ivr.Agree)]
    assert agreed == Consent(MONDAY_10, A, n("notice"), "notice@2", None, key, given)
    assert position.node == at


def test_the_notice_is_said_in_the_language_chosen() -> None:
    look = SCENE(notice())
    look = replace(look, contact=replace(look.contact, language=Language("en")))
    _, actions = ivr.digit(look, Position(A, n("notice"), PlaybackId("p")), "9")
    (agreed,) = [action.consent for action in actions if isinstance(action, ivr.Agree)]
    assert agreed.language == "en"


# ---------------------------------------------------------------- surveys


def survey(**more: object) -> Plan:
    questions = (
        SurveyQuestion("csat", prompts("csat"), 1, 5, "csat"),
        SurveyQuestion("solved", prompts("solved"), 1, 2),
        SurveyQuestion("nps", prompts("nps"), 0, 10),
    )
    wrong, none = prompts("bad"), prompts("none")
    node = SurveyNode(n("ask"), questions, n("end"), n("quiet"), invalid_prompts=wrong, timeout_prompts=none, **more)  # type: ignore[arg-type]
    quiet = HangUpNode(n("quiet"), Exit.IVR_EXIT)
    return plan(flow(A, node, END, quiet, variables={"csat": "number"}))


def answers(actions: list[ivr.Action]) -> list[tuple[str, int]]:
    return [(a.answer.question, a.answer.value) for a in actions if isinstance(a, ivr.Answered)]


@pytest.mark.parametrize(("keys", "nps"), [
    (("1", "0"), 10), (("1", "#"), 1), (("1", "!", "."), 1), (("0",), 0), (("9",), 9), (("2",), 2),
])  # fmt: skip
def test_a_number_is_complete_when_no_digit_could_follow_at_the_terminator_or_after_a_silence(
    keys: tuple[str, ...], nps: int
) -> None:
    position, actions = walk(survey(), "4", "1", *keys)
    assert answers(actions) == [("csat", 4), ("solved", 1), ("nps", nps)]
    assert position.node == "end"
    assert ivr.Remember({"csat": 4}) in actions


def test_a_wrong_answer_is_asked_again_and_then_passed_over() -> None:
    position, actions = walk(survey(), "7", "*", "2")
    assert said(actions) == ["csat", "bad", "csat", "solved", "nps"]
    assert answers(actions) == [("solved", 2)]
    assert (position.item, position.tries) == (2, 0)
    assert answers(walk(survey(), "#", "3")[1]) == [("csat", 3)]


def test_who_stays_silent_is_asked_no_further() -> None:
    position, actions = walk(survey(), "5", "!", ".", "!", ".")
    assert said(actions) == ["csat", "solved", "none", "solved"]
    assert (position.node, answers(actions)) == ("quiet", [("csat", 5)])


def test_an_answer_is_kept_with_where_and_when() -> None:
    (answered,) = [a.answer for a in walk(survey(), "5")[1] if isinstance(a, ivr.Answered)]
    assert answered == SurveyAnswer(MONDAY_10, A, n("ask"), "csat", 5)


def test_a_further_digit_is_waited_for_briefly() -> None:
    assert walk(survey(), "1", "1", "1")[1][-1] == ivr.Await(2.0)


# ---------------------------------------------------------------- gates


def gate(**more: object) -> Plan:
    node = GateNode(n("gate"), n("end"), n("oops"), **more)  # type: ignore[arg-type]
    tables = {
        "vip": TablePlan(("why",), {"0811222333": ("owner",)}),
        "bad": TablePlan(("why",), {"+65123456": ("spam",), "0811222333": ("x",)}),
    }
    return plan(flow(A, node, END, OOPS), tables=tables)


@pytest.mark.parametrize(("caller", "more", "why"), [
    ("0811222333", {"block": "bad"}, "blocked"), ("+62811222333", {"block": "bad"}, "blocked"),
    ("+65123456", {"block": "bad"}, "blocked"), ("0811222333", {"block": "bad", "allow": "vip"}, None),
    ("0812333444", {"block": "bad"}, None), ("", {"anonymous": False}, "anonymous"), ("", {}, None),
    ("", {"calls": 1}, None), ("0812333444", {"block": "none"}, None), ("abc", {"block": "bad"}, None),
])  # fmt: skip
def test_a_gate_lets_in_by_lists_and_numbers(caller: str, more: dict[str, object], why: str | None) -> None:
    look = SCENE(gate(**more))
    look = replace(look, contact=replace(look.contact, caller=caller))
    position, actions = ivr.start(look, A)
    assert [a.why for a in actions if isinstance(a, ivr.TurnAway)] == ([why] if why else [])
    assert position.node == ("oops" if why else "end")


def test_too_many_calls_of_a_number_are_turned_away_until_it_pauses() -> None:
    look = SCENE(gate(calls=2, per_s=60.0))
    look = replace(look, contact=replace(look.contact, caller="0812333444"))
    went = []
    for at in (0, 10, 20, 50, 85, 200):
        position, actions = ivr.start(replace(look, at=MONDAY_10 + at), A)
        went.append(position.node)
        (times,) = [a for a in actions if isinstance(a, ivr.Pass)]
        passed(look.state.gates, times.name, times.times)
    assert went == ["end", "end", "oops", "oops", "end", "end"]
    assert all(len(times) <= 3 for times in look.state.gates.values())


def test_a_gate_remembers_no_more_than_it_may() -> None:
    known: dict[str, tuple[float, ...]] = {}
    for number in range(MOST + 2):
        passed(known, str(number), (1.0,))
    passed(known, "2", (2.0,))
    assert (len(known), next(iter(known)), list(known)[-1]) == (MOST, "3", "2")


def test_a_callback_node_leaves_the_flow() -> None:
    node = CallbackNode(n("back"), QueueId("tech"), n("end"))
    assert walk(plan(flow(A, node, END)))[1][-1] == ivr.ToCallback(node)
    assert B != A
