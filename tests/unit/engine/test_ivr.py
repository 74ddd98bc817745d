"""The interpreter alone: positions in, positions and actions out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.exits import Exit
from acd.domain.flow import HoursNode, LanguageNode
from acd.domain.flow_talk import CollectNode, MenuNode, PlayNode
from acd.domain.flow_values import Value
from acd.domain.ids import CalendarId, ContactId, FlowId, PlaybackId
from acd.domain.plan import Plan
from acd.engine import ivr
from acd.engine.matching import Matcher
from acd.engine.state import Contact, EngineState, InIvr, Position
from tests.engine_kit import EN, ID, MONDAY_10, make_plan, n, prompts, with_node

PLAN = make_plan()
MAIN = FlowId("main")
CALL = ContactId("c")
NOW = MONDAY_10


def scene(plan: Plan = PLAN, variables: dict[str, Value] | None = None) -> ivr.Scene:
    contact = Contact(CALL, InIvr(NOW, Position(MAIN, n(""))), "169", None, "", NOW, variables=variables or {})
    return ivr.Scene(plan, contact, EngineState(plan), Matcher(EngineState(plan)), NOW)


def done(outcome: ivr.Outcome) -> ivr.Outcome:
    """What is wanted, without the notes of the way."""
    position, actions = outcome
    return position, [action for action in actions if not isinstance(action, ivr.Visit | ivr.InVain)]


def playback(number: int) -> PlaybackId:
    return PlaybackId(f"acd-p-c-{number}")


def at(node: str, *, heard: bool = False, **more: object) -> Position:
    """At a node, by default while its prompt (number 7) is spoken."""
    position = Position(MAIN, n(node), None if heard else playback(7), plays=7)
    return replace(position, **more)  # type: ignore[arg-type]


def press(position: Position, keys: str, plan: Plan = PLAN) -> tuple[Position, list[ivr.Action]]:
    actions: list[ivr.Action] = []
    for key in keys:
        position, more = done(ivr.digit(scene(plan), position, key))
        actions += more
    return position, actions


def spoken(number: int, *keys: str) -> ivr.Speak:
    return ivr.Speak(playback(number), prompts(*keys))


# ---------------------------------------------------------------- start and instant nodes


def test_a_flow_starts_in_its_first_language_and_walks_to_the_first_node_that_waits() -> None:
    position, actions = done(ivr.start(scene(PLAN), MAIN))
    assert position == Position(MAIN, n("lang"), playback(1), plays=1, trail=(n("lang"),))
    assert actions == [ivr.UseLanguage(ID), ivr.AnswerCall(), spoken(1, "lang")]


def test_a_flow_that_is_not_there_ends_as_a_technical_failure() -> None:
    assert done(ivr.start(scene(PLAN), FlowId("none")))[1] == [ivr.BROKEN]
    assert done(ivr.enter(scene(PLAN), at("lang"), n("nowhere")))[1] == [ivr.BROKEN]


def test_hours_that_name_no_calendar_end_as_a_technical_failure() -> None:
    plan = with_node(PLAN, HoursNode(n("hours"), CalendarId("none"), n("a"), n("b"), n("c")))
    assert done(ivr.enter(scene(plan), at("lang"), n("hours")))[1] == [ivr.BROKEN]


def test_a_circle_of_instant_nodes_is_cut() -> None:
    plan = with_node(PLAN, LanguageNode(n("hours"), EN, n("say_id")))
    assert done(ivr.enter(scene(plan), at("lang"), n("say_id")))[1][-1] == ivr.BROKEN


def test_nodes_that_leave_the_flow_say_so() -> None:
    for node, action in [("q_bill", ivr.ToQueue), ("xfer", ivr.ToDialplan), ("bye", ivr.Finish)]:
        position, actions = done(ivr.enter(scene(PLAN), at("menu"), n(node)))
        assert [type(a) for a in actions] == [action]
        assert position.node == node


# ---------------------------------------------------------------- keys


def test_a_key_during_a_menu_hushes_it_and_chooses() -> None:
    position, actions = press(at("lang"), "2")
    assert actions == [ivr.Hush(playback(7)), ivr.UseLanguage(EN), spoken(8, "notice")]
    assert position.node == "notice"


def test_a_key_after_the_prompt_needs_no_hush() -> None:
    assert press(at("menu", heard=True), "9")[1] == [ivr.Finish(Exit.IVR_EXIT, 16)]


def test_star_repeats_the_menu_to_itself_without_using_up_tries() -> None:
    position, actions = press(at("menu", tries=1), "*")
    assert actions == [ivr.Hush(playback(7)), spoken(8, "main")]
    assert (position.node, position.tries) == ("menu", 0)


def test_a_wrong_key_is_told_and_the_menu_repeated_until_retries_are_used_up() -> None:
    position, actions = press(at("lang"), "7")
    assert actions == [ivr.Hush(playback(7)), spoken(8, "invalid", "lang")]
    position, actions = press(position, "7")
    assert actions[0] == ivr.Hush(playback(8))
    assert position.node == "notice"


def test_a_key_ends_a_prompt_and_counts_in_the_menu_after_it() -> None:
    position, actions = press(at("notice"), "1")
    assert [type(a) for a in actions] == [ivr.Hush, ivr.ToQueue]
    assert position.node == "q_bill"


def test_a_wrong_key_ahead_is_told_by_the_menu() -> None:
    menu = PLAN.flows[MAIN].nodes[n("menu")]
    assert isinstance(menu, MenuNode)
    plan = with_node(PLAN, replace(menu, invalid_prompts=prompts("invalid")))
    assert press(at("notice"), "7", plan)[1] == [ivr.Hush(playback(7)), spoken(8, "invalid", "main")]


def test_a_key_ahead_begins_a_number() -> None:
    plan = with_node(PLAN, PlayNode(n("notice"), prompts("x"), n("nib")))
    position, actions = press(at("notice"), "1", plan)
    assert actions == [ivr.Hush(playback(7)), ivr.Await(4.0)]
    assert (position.node, position.digits, position.ahead) == ("nib", "1", "")


def test_a_key_ahead_skips_further_prompts_that_may_be_interrupted_only() -> None:
    plan = with_node(PLAN, PlayNode(n("hours"), prompts("more"), n("menu")))
    plan = with_node(plan, PlayNode(n("notice"), prompts("x"), n("hours")))
    assert press(at("notice"), "1", plan)[0].node == "q_bill"
    plan = with_node(plan, PlayNode(n("hours"), prompts("must"), n("menu"), barge_in=False))
    position, actions = press(at("notice"), "1", plan)
    assert actions == [ivr.Hush(playback(7)), spoken(8, "must")]
    assert done(ivr.playback_ended(scene(plan), position, playback(8)))[0].node == "q_bill"


def test_a_key_pressed_ahead_of_a_menu_that_must_be_heard_is_lost_not_kept_for_a_later_one() -> None:
    menu = PLAN.flows[MAIN].nodes[n("menu")]
    assert isinstance(menu, MenuNode)
    plan = with_node(PLAN, replace(menu, barge_in=False))
    position, actions = press(at("notice"), "1", plan)
    assert actions == [ivr.Hush(playback(7)), spoken(8, "main")]
    assert position.ahead == ""


@pytest.mark.parametrize("node", ["told", "shut"])
def test_a_key_during_a_prompt_that_must_be_heard_is_lost(node: str) -> None:
    assert press(at(node), "1") == (at(node), [])


def test_a_menu_without_barge_in_takes_keys_when_it_was_heard() -> None:
    menu = PLAN.flows[MAIN].nodes[n("menu")]
    assert isinstance(menu, MenuNode)
    plan = with_node(PLAN, replace(menu, barge_in=False))
    assert press(at("menu"), "1", plan) == (at("menu"), [])
    assert press(at("menu", heard=True), "1", plan)[0].node == "q_bill"


# ---------------------------------------------------------------- collecting


def test_digits_are_collected_until_the_terminator() -> None:
    position, actions = press(at("nib"), "123#")
    assert actions == [
        ivr.Hush(playback(7)),
        ivr.Await(4.0),
        ivr.Await(4.0),
        ivr.Await(4.0),
        ivr.Remember({"nib": "123"}),
        spoken(8, "nib_ok"),
    ]
    assert (position.node, position.digits) == ("told", "")


def test_the_last_possible_digit_ends_the_number() -> None:
    assert press(at("nib"), "12345")[1][-2:] == [ivr.Remember({"nib": "12345"}), spoken(8, "nib_ok")]


@pytest.mark.parametrize("keys", ["12#", "1*3#", "#"])
def test_too_few_digits_or_a_key_that_is_none_is_asked_again_then_fails(keys: str) -> None:
    position, actions = press(at("nib", heard=True), keys)
    assert actions[-1] == spoken(8, "nib_ask")
    assert (position.digits, position.tries) == ("", 1)
    position, actions = press(position, keys)
    assert actions[-1] == ivr.Finish(Exit.IVR_EXIT, 16)


def test_silence_after_enough_digits_accepts_them_and_after_too_few_asks_again() -> None:
    position, actions = done(ivr.timeout(scene(PLAN), at("nib", heard=True, digits="1234")))
    assert actions[0] == ivr.Remember({"nib": "1234"})
    position, actions = done(ivr.timeout(scene(PLAN), at("nib", heard=True, digits="12")))
    assert actions == [spoken(8, "nib_ask")]
    assert position.tries == 1


def test_a_collect_without_barge_in_takes_keys_when_it_was_heard() -> None:
    nib = PLAN.flows[MAIN].nodes[n("nib")]
    assert isinstance(nib, CollectNode)
    plan = with_node(PLAN, replace(nib, barge_in=False))
    assert press(at("nib"), "1", plan) == (at("nib"), [])
    assert press(at("nib", heard=True), "1", plan)[0].digits == "1"


# ---------------------------------------------------------------- prompts and silence


def test_after_a_prompt_the_flow_goes_on_and_after_a_menu_it_waits_for_a_key() -> None:
    assert done(ivr.playback_ended(scene(PLAN), at("notice"), playback(7)))[1] == [spoken(8, "main")]
    position, actions = done(ivr.playback_ended(scene(PLAN), at("menu"), playback(7)))
    assert actions == [ivr.Await(5.0)]
    assert position.playback is None
    assert done(ivr.playback_ended(scene(PLAN), at("nib"), playback(7)))[1] == [ivr.Await(8.0)]


def test_the_end_of_another_playback_changes_nothing() -> None:
    assert done(ivr.playback_ended(scene(PLAN), at("menu"), playback(6))) == (at("menu"), [])


def test_silence_is_told_and_the_menu_repeated_until_retries_are_used_up() -> None:
    position, actions = done(ivr.timeout(scene(PLAN), at("lang", heard=True)))
    assert actions == [spoken(8, "noinput", "lang")]
    assert done(ivr.timeout(scene(PLAN), replace(position, playback=None)))[0].node == "notice"


# ---------------------------------------------------------------- reloads and gaps


def test_a_caller_whose_node_a_reload_took_away_begins_the_flow_again() -> None:
    for position, actions in (
        done(ivr.playback_ended(scene(PLAN), at("gone"), playback(7))),
        done(ivr.timeout(scene(PLAN), at("gone", heard=True))),
        done(ivr.resume(scene(PLAN), at("gone", heard=True, ahead="1"))),
    ):
        assert actions == [ivr.AnswerCall(), spoken(8, "lang")]
        assert position.node == "lang"
    assert done(ivr.resume(scene(PLAN), replace(at("gone"), flow=FlowId("gone"))))[1][-1] == ivr.BROKEN
    assert press(at("gone"), "1") == (at("gone"), [])


def test_a_caller_whose_node_a_reload_changed_enters_it_as_it_is_now() -> None:
    plan = with_node(PLAN, PlayNode(n("menu"), prompts("new"), n("bye")))
    assert done(ivr.timeout(scene(plan), at("menu", heard=True)))[1] == [spoken(8, "new")]
    assert done(ivr.playback_ended(scene(PLAN), at("bye"), playback(7)))[1] == [ivr.Finish(Exit.IVR_EXIT, 16)]


def test_after_a_gap_the_node_begins_again_and_what_is_still_spoken_stops() -> None:
    assert done(ivr.resume(scene(PLAN), at("menu")))[1] == [ivr.Hush(playback(7)), spoken(8, "main")]
    assert done(ivr.resume(scene(PLAN), at("menu", heard=True)))[1] == [spoken(8, "main")]


def test_after_a_gap_digits_already_collected_are_kept() -> None:
    position = at("nib", heard=True, digits="12")
    assert done(ivr.resume(scene(PLAN), position)) == (position, [ivr.Await(4.0)])
